import Wire

/// Bounds of the coordinator's memory, beside those of the messages (`WireLimits`).
package enum CoordinatorLimits {
    /// Workers connected at once.
    package static let workers = WireLimits.workersPerStatus
    /// End caps whose verification has not finished; more are refused as "full".
    package static let pendingAdmissions = 8192
    /// Rounds that are remembered, with their block proofs.
    package static let retainedRounds = 64
    /// Identities remembered as quarantined; the oldest are forgotten first.
    package static let quarantinedIdentities = 1024
    /// Ready nodes put aside in one dispatch because the idle workers are to be avoided for them.
    package static let setAsidePerDispatch = 64
    /// How often time passes for the state machine when nothing else happens.
    package static let tick = Span.milliseconds(50)
    /// Time that open connections get to take the last frames when the service stops.
    package static let farewell = Span.milliseconds(300)
}
