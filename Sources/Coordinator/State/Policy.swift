import Wire

/// The times and counts that the state machine decides by.
package struct CoordinatorPolicy: Sendable {
    /// Shown to peers.
    package var name = "coordinator"
    package var heartbeat = Span.milliseconds(250)
    /// A worker silent for this long is lost.
    package var lostAfter = Span.milliseconds(1500)
    /// A lease that no heartbeat names for this long is void.
    package var leaseDuration = Span.seconds(10)
    /// No heartbeat renews a lease beyond this: a hung prover gives the node back.
    package var longestLease = Span.seconds(600)
    /// Failures of one node before its round fails. Lost workers and invalid results are not
    /// failures of the node: nobody outside can end a round by leaving or lying.
    package var failureBudget = 5
    /// How long a node waits for a worker that has not failed it, when only others are idle.
    package var preferenceWait = Span.seconds(2)
    /// How long a worker that returned an invalid proof is refused.
    package var quarantine = Span.seconds(600)
    /// Seals the open round by itself at this many users; `nil` waits for `SealRound`.
    package var sealAtUsers: Int?

    package init() {}
}
