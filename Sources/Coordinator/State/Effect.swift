import Transport
import Wire

/// A lease whose artifacts the shell puts in.
package struct LeaseOrder: Equatable, Sendable {
    package let lease: LeaseID
    package let task: TaskID
    package let attempt: UInt32
    package let duration: Span
    package let node: PlannedNode
    package let children: [ArtifactDigest]
}

/// A user's place in a plan.
package struct UserEndCap: Equatable, Sendable {
    package let userID: UInt64
    package let digest: ArtifactDigest
}

/// A line for the operator.
package struct LogRecord: Equatable, Sendable {
    package enum Level: Sendable { case debug, info, warning }

    package let level: Level
    package let message: String
    package let metadata: [(key: String, value: String)]

    package static func == (a: Self, b: Self) -> Bool {
        a.level == b.level && a.message == b.message
            && a.metadata.elementsEqual(b.metadata, by: ==)
    }
}

/// Everything that a coordinator does.
package enum CoordinatorEffect: Equatable, Sendable {
    case send(ConnectionID, Message, correlation: UInt64)
    /// The peer is known: frames of full size may come.
    case admitPeer(ConnectionID)
    case close(ConnectionID)
    case sendLease(ConnectionID, LeaseOrder)
    case sendBlockProof(ConnectionID, correlation: UInt64, RoundID, ArtifactDigest)

    /// Answered by `CoordinatorEvent.admitted`.
    case checkEndCap(AdmissionID, RoundID, ArtifactDigest)
    /// Answered by `.planned`.
    case plan(RoundID, [UserEndCap])
    /// Answered by `.verified`.
    case verify(
        VerificationID, RoundID, PlannedNode, artifact: ArtifactDigest,
        children: [ArtifactDigest])
    /// Answered by `.finished`.
    case finish(RoundID, ArtifactDigest)

    case release(ArtifactDigest)
    case log(LogRecord)
}
