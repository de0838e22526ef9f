import NIOCore
import NIOPosix
import Synchronization
import Wire

/// Accepts connections that carry frames.
package final class FrameServer: Sendable {
    /// Where the server listens, with the port that the kernel chose when 0 was asked for.
    package let endpoint: Endpoint
    private let channel: any Channel

    private init(endpoint: Endpoint, channel: any Channel) {
        self.endpoint = endpoint
        self.channel = channel
    }

    /// Throws `TransportError`.
    /// - Parameter insecure: allows an address that other machines can reach.
    package static func listen(
        on endpoint: Endpoint, insecure: Bool, limits: ConnectionLimits = .init(),
        group: any EventLoopGroup, delegate: any ConnectionDelegate
    ) async throws -> FrameServer {
        guard endpoint.isLoopback || insecure else { throw TransportError.notLoopback(endpoint) }
        let counting = CountingDelegate(delegate)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: TransportLimits.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let id = counting.nextConnection() else {
                        throw ChannelError.connectPending  // Full: the channel is closed.
                    }
                    let handler = FrameHandler(
                        connection: Connection(id: id, channel: channel), delegate: counting,
                        limits: limits, isServer: true)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        do {
            let channel = try await bootstrap.bind(host: endpoint.host, port: endpoint.port).get()
            return FrameServer(
                endpoint: Endpoint(channel.localAddress) ?? endpoint, channel: channel)
        } catch {
            throw TransportError.cannotListen(endpoint, reason: "\(error)")
        }
    }

    /// Takes no new connections; the accepted ones stay.
    package func stop() async { try? await channel.close() }
}

/// Numbers and counts the connections, and passes everything on.
private final class CountingDelegate: ConnectionDelegate {
    private let next: any ConnectionDelegate
    private let state = Mutex((last: UInt64(0), open: 0))

    init(_ next: any ConnectionDelegate) { self.next = next }

    /// `nil` when the server is full.
    func nextConnection() -> ConnectionID? {
        state.withLock { state in
            guard state.open < TransportLimits.connections else { return nil }
            state.last += 1
            return ConnectionID(state.last)
        }
    }

    func opened(_ connection: Connection) {
        state.withLock { $0.open += 1 }
        next.opened(connection)
    }

    func received(_ frame: Frame, on connection: Connection) {
        next.received(frame, on: connection)
    }

    func closed(_ connection: Connection, reason: CloseReason) {
        state.withLock { $0.open -= 1 }
        next.closed(connection, reason: reason)
    }
}
