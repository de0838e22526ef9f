import NIOCore
import NIOPosix
import Synchronization
import Transport
import Wire

/// Records what happens on one connection, and optionally sends every message back.
final class Recorder: ConnectionDelegate {
    private let echoes: Bool
    private let admitsOnOpen: Bool
    private let (opens, open) = AsyncStream.makeStream(of: Connection.self)
    private let (frames, frame) = AsyncStream.makeStream(of: Frame.self)
    private let (closes, close) = AsyncStream.makeStream(of: CloseReason.self)

    init(echoes: Bool = false, admitsOnOpen: Bool = false) {
        self.echoes = echoes
        self.admitsOnOpen = admitsOnOpen
    }

    func opened(_ connection: Connection) {
        if admitsOnOpen { connection.admit() }
        open.yield(connection)
    }

    func received(_ received: Frame, on connection: Connection) {
        if echoes, case .message(let message) = received.content {
            connection.send(message, epoch: received.epoch, correlation: received.correlation)
        }
        frame.yield(received)
    }

    func closed(_ connection: Connection, reason: CloseReason) {
        close.yield(reason)
        frame.finish()
    }

    func waitForOpen() async -> Connection? { await opens.first { _ in true } }
    func next() async -> Frame? { await frames.first { _ in true } }
    func waitForClose() async -> CloseReason? { await closes.first { _ in true } }
}

func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 88_172_645_463_325_252
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state)
    }
}

func withServer(
    _ recorder: Recorder, _ limits: ConnectionLimits = .init(),
    _ body: (Endpoint) async throws -> Void
) async throws {
    let server = try await FrameServer.listen(
        on: Endpoint(host: "127.0.0.1", port: 0), insecure: false, limits: limits,
        group: MultiThreadedEventLoopGroup.singleton, delegate: recorder)
    do { try await body(server.endpoint) } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}

func withEcho(
    admit: Bool = true,
    _ body: (Endpoint, (Recorder, Endpoint) async throws -> Void) async throws -> Void
) async throws {
    try await withServer(Recorder(echoes: true, admitsOnOpen: admit)) { endpoint in
        try await body(endpoint) { recorder, endpoint in
            try await Dialer(group: MultiThreadedEventLoopGroup.singleton).connect(
                to: endpoint, timeout: .seconds(5), id: ConnectionID(1), delegate: recorder)
        }
    }
}

/// Sends raw bytes and returns what comes back until the server closes, or `count` bytes.
func raw(_ endpoint: Endpoint, _ bytes: [UInt8], until count: Int = .max) async throws -> [UInt8] {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: endpoint.host, port: endpoint.port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        // The server may be quicker to close than we are to write.
        if !bytes.isEmpty { try? await outbound.write(ByteBuffer(bytes: bytes)) }
        var answer: [UInt8] = []
        do {
            for try await buffer in inbound {
                answer += buffer.readableBytesView
                if answer.count >= count { break }
            }
        } catch {
            // A reset is one way to close.
        }
        return answer
    }
}
