import NIOCore
import Wire

/// Numbers the connections of one process.
package struct ConnectionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "\(rawValue)" }
}

/// Hears of a connection, on its event loop: must not block.
package protocol ConnectionDelegate: AnyObject, Sendable {
    func opened(_ connection: Connection)
    func received(_ frame: Frame, on connection: Connection)
    /// The last call for this connection, exactly one after `opened`.
    func closed(_ connection: Connection, reason: CloseReason)
}

/// One TCP connection that carries frames. Every method may be called from any thread and
/// returns at once; frames go out in the order of the calls.
package final class Connection: Sendable {
    package let id: ConnectionID
    package let peer: String
    private let channel: any Channel

    init(id: ConnectionID, channel: any Channel) {
        self.id = id
        self.channel = channel
        peer = Endpoint(channel.remoteAddress).map { "\($0)" } ?? "unknown"
    }

    /// What the rest of the program asks of `FrameHandler`.
    enum Command: Sendable {
        case send(Message, epoch: UInt64, correlation: UInt64)
        case admit
        case finish
    }

    package func send(_ message: Message, epoch: UInt64, correlation: UInt64 = 0) {
        channel.writeAndFlush(
            Command.send(message, epoch: epoch, correlation: correlation), promise: nil)
    }

    /// The peer has introduced itself: frames of full size are taken from now on.
    package func admit() { channel.writeAndFlush(Command.admit, promise: nil) }

    /// Closes after everything sent so far is out, or after `ConnectionLimits.farewell`.
    package func finish() { channel.writeAndFlush(Command.finish, promise: nil) }
}
