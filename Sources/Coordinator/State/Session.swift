import Transport
import Wire

/// What a connection is.
package enum Peer: Sendable {
    /// Has not said hello.
    case unknown(address: String)
    case client
    case worker(WorkerID)
}

/// One connected worker.
package struct WorkerSession: Sendable {
    package let id: WorkerID
    package let connection: ConnectionID
    package let identity: WorkerIdentity
    package let name: String
    package let address: String
    package let instructionSet: String
    package let cores: UInt16
    package let slots: Int
    package let connectedAt: Instant
    package var lastHeardAt: Instant
    package var leases: [LeaseID] = []
    package var draining = false
    /// Whether the worker stands in `CoordinatorState.idle`.
    package var isQueued = false
    package var accepted: UInt64 = 0
    package var failed: UInt64 = 0
    package var prove = Span.zero

    package var hasFreeSlot: Bool { !draining && leases.count < slots }
}

/// A lease, kept until its round ends so that every result can be matched with it.
package struct LeaseRecord: Sendable {
    package enum Phase: Sendable {
        case active
        /// Ended without a result: the worker was lost, or the lease expired, or it failed.
        case ended
        case submitted(VerificationID, receivedAt: Instant, prove: Span)
        case decided(ResultAck)
    }

    package let task: TaskID
    package let attempt: UInt32
    package let identity: WorkerIdentity
    package let workerName: String
    package let grantedAt: Instant
    /// The session that holds the lease, and where its acknowledgement goes.
    package var worker: WorkerID
    package var connection: ConnectionID
    package var deadline: Instant
    package var progress: UInt16 = 0
    package var phase: Phase = .active

    package var isActive: Bool { if case .active = phase { true } else { false } }
}

/// An end cap in verification, and who waits for the verdict.
package struct Admission: Sendable {
    package let submission: UInt64
    /// Place in the batch.
    package let place: Int
    package let round: RoundID
    package let artifact: ArtifactReference
}

/// A batch whose verdicts are not complete.
package struct Submission: Sendable {
    package let connection: ConnectionID
    package let correlation: UInt64
    package let round: RoundID
    package var verdicts: [SubmitReply.Verdict?]
    package var missing: Int
}

/// A result in verification.
package struct Verification: Sendable {
    package let lease: LeaseID
    package let task: TaskID
    package let artifact: ArtifactReference
}

/// A node that waits for a worker: the longest remaining path first, then the oldest round, then
/// the order of the plan.
package struct ReadyEntry: Comparable, Sendable {
    package let task: TaskID
    package let remainingPath: Int

    package static func < (a: Self, b: Self) -> Bool {
        if a.remainingPath != b.remainingPath { return a.remainingPath < b.remainingPath }
        if a.task.round != b.task.round { return a.task.round > b.task.round }
        return a.task.node > b.task.node
    }
}
