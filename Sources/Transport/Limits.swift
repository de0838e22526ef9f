import Wire

/// Bounds of one connection. The defaults suit a LAN; tests lower them.
package struct ConnectionLimits: Sendable {
    /// The first frame of an accepted connection must be complete within this.
    package var greeting: Span = .seconds(5)
    /// A frame that has begun must be complete within this: 16 MiB at 0.5 MiB/s.
    package var frame: Span = .seconds(32)
    /// A connection without a byte for this long is closed.
    package var idle: Span = .seconds(600)
    /// Bytes waiting to be read by a slow peer before it is dropped.
    package var unsentBytes: Int = 64 << 20
    /// How often the three times above are looked at.
    package var check: Span = .seconds(1)
    /// A connection that was told to close is cut after this, whatever is still unsent.
    package var farewell: Span = .seconds(2)

    package init() {}
}

package enum TransportLimits {
    /// Connections that one server holds at once.
    package static let connections = 10_000
    /// Waiting to be accepted by the server, in the kernel.
    package static let backlog: Int32 = 1024
    /// Reconnect delays: doubling from the first to the last.
    package static let firstBackoff = Span.milliseconds(100)
    package static let lastBackoff = Span.seconds(5)
    /// Bytes of end caps put in one frame by a client; leaves room below `WireLimits.framePayload`.
    package static let batchBytes = 8 << 20
}
