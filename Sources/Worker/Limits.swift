import Wire

package enum WorkerLimits {
    /// How often time passes for the state machine when nothing else happens: well below the
    /// heartbeat, which is sent on it.
    package static let tick = Span.milliseconds(25)
    /// The coordinator must answer `Hello` within this.
    package static let greeting = Span.seconds(5)
    /// Silences of the coordinator, in its own `lost` times, before the worker looks for it anew.
    package static let silence: UInt64 = 2
    /// Wait after "quarantined" or "full": asking sooner changes nothing.
    package static let refusedWait = Span.seconds(10)
}
