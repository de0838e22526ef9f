import NIOCore
import NIOPosix
import Wire

/// Opens connections that carry frames.
package struct Dialer: Sendable {
    private let group: any EventLoopGroup
    private let limits: ConnectionLimits

    package init(group: any EventLoopGroup, limits: ConnectionLimits = .init()) {
        self.group = group
        self.limits = limits
    }

    /// Dials on the process's shared event loops.
    package init(limits: ConnectionLimits = .init()) {
        self.init(group: MultiThreadedEventLoopGroup.singleton, limits: limits)
    }

    private func channel(
        _ endpoint: Endpoint, timeout: Span, id: ConnectionID, delegate: any ConnectionDelegate
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: group)
            .connectTimeout(.nanoseconds(Int64(timeout.nanoseconds)))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // The peer's address is not known yet; the endpoint names it well enough.
                    let connection = Connection(id: id, channel: channel)
                    try channel.pipeline.syncOperations.addHandler(
                        FrameHandler(
                            connection: connection, delegate: delegate, limits: limits,
                            isServer: false))
                }
            }
            .connect(host: endpoint.host, port: endpoint.port)
            // One turn of the loop later `delegate.opened` has been called.
            .flatMap { channel in channel.eventLoop.submit { channel } }
    }

    /// Connects without waiting: `delegate.opened` says so, or `failed` is called with the reason.
    package func connect(
        to endpoint: Endpoint, timeout: Span, id: ConnectionID, delegate: any ConnectionDelegate,
        failed: @escaping @Sendable (TransportError) -> Void
    ) {
        channel(endpoint, timeout: timeout, id: id, delegate: delegate).whenFailure { error in
            failed(.cannotConnect(endpoint, reason: Self.reason(error)))
        }
    }

    /// Connects; `delegate.opened` has been called on return. Throws `TransportError`.
    /// (Not `throws(TransportError)`: a `catch` with a pattern over an `async` typed throw
    /// crashes the Swift 6.3.1 compiler.)
    package func connect(
        to endpoint: Endpoint, timeout: Span, id: ConnectionID, delegate: any ConnectionDelegate
    ) async throws {
        do {
            _ = try await channel(endpoint, timeout: timeout, id: id, delegate: delegate).get()
        } catch {
            throw TransportError.cannotConnect(endpoint, reason: Self.reason(error))
        }
    }

    /// NIO wraps one error per tried address; the last one is what a person needs.
    private static func reason(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            if let last = error.connectionErrors.last { return "\(last.error)" }
            if let cause = error.dnsAError ?? error.dnsAAAAError { return "\(cause)" }
        }
        if case ChannelError.connectTimeout(let after) = error {
            return "no answer in \(Double(after.nanoseconds) / 1e9) seconds"
        }
        return "\(error)"
    }
}
