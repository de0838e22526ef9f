import Transport
import Wire

/// An artifact that the shell holds for the state machine. Every reference in an event is one
/// hold; `CoordinatorEffect.release` gives back exactly one.
package struct ArtifactReference: Hashable, Sendable {
    package let digest: ArtifactDigest
    package let byteCount: Int

    package init(digest: ArtifactDigest, byteCount: Int) {
        self.digest = digest
        self.byteCount = byteCount
    }
}

/// `TaskResult` without the bytes. `artifact` is `nil` when they were not those of their digest.
package struct ReceivedResult: Sendable {
    package let lease: LeaseID
    package let task: TaskID
    package let attempt: UInt32
    package let prove: Span
    package let artifact: ArtifactReference?

    package init(
        lease: LeaseID, task: TaskID, attempt: UInt32, prove: Span, artifact: ArtifactReference?
    ) {
        self.lease = lease
        self.task = task
        self.attempt = attempt
        self.prove = prove
        self.artifact = artifact
    }
}

/// One end cap in verification.
package struct AdmissionID: Hashable, Sendable {
    package let rawValue: UInt64
}

/// One result in verification.
package struct VerificationID: Hashable, Sendable {
    package let rawValue: UInt64
}

/// A reason from the injected logic.
package struct LogicFailure: Error, Equatable, Sendable {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
}

/// Everything that can happen to a coordinator.
package enum CoordinatorEvent: Sendable {
    case connected(ConnectionID, address: String)
    case disconnected(ConnectionID)
    case hello(ConnectionID, Hello, correlation: UInt64 = 0)
    case heartbeat(ConnectionID, Heartbeat)
    case result(ConnectionID, ReceivedResult)
    case taskFailed(ConnectionID, TaskFailed)
    case goodbye(ConnectionID)
    /// `nil` stands for an end cap whose bytes were not those of their digest.
    case submit(ConnectionID, correlation: UInt64, RoundID, [ArtifactReference?])
    case seal(ConnectionID, correlation: UInt64, RoundID)
    case roundStatusQuery(ConnectionID, correlation: UInt64, RoundStatusQuery)
    case blockProofQuery(ConnectionID, correlation: UInt64, RoundID)
    case fleetStatusQuery(ConnectionID, correlation: UInt64)
    /// A message that only a coordinator sends.
    case misdirected(ConnectionID, correlation: UInt64, MessageType)
    /// A frame of another coordinator incarnation.
    case foreignEpoch(ConnectionID, correlation: UInt64, got: UInt64)

    case admitted(AdmissionID, Result<AdmittedEndCap, LogicFailure>)
    case planned(RoundID, Result<RoundPlan, LogicFailure>)
    case verified(VerificationID, LogicFailure?)
    case finished(RoundID, LogicFailure?)

    case tick
}
