import Transport
import Wire

/// What a connection is.
enum Peer: Sendable {
    /// Has not said hello.
    case unknown(address: String)
    case client
    case worker(WorkerID)
}

/// One connected worker.
struct WorkerSession: Sendable {
    let id: WorkerID
    let connection: ConnectionID
    let identity: WorkerIdentity
    let name: String
    let address: String
    let instructionSet: String
    let cores: UInt16
    let slots: Int
    let connectedAt: Instant
    var lastHeardAt: Instant
    var leases: [LeaseID] = []
    var draining = false
    /// Whether the worker stands in `CoordinatorState.idle`.
    var isQueued = false
    var accepted: UInt64 = 0
    var failed: UInt64 = 0
    var prove = Span.zero

    var hasFreeSlot: Bool { !draining && leases.count < slots }
}

/// A lease, kept until its round ends so that every result can be matched with it.
struct LeaseRecord: Sendable {
    enum Phase: Sendable {
        case active
        /// Ended without a result: the worker was lost, or the lease expired, or it failed.
        case ended
        case submitted(VerificationID, receivedAt: Instant, prove: Span)
        case decided(ResultAck)
    }

    let task: TaskID
    let attempt: UInt32
    let identity: WorkerIdentity
    let workerName: String
    let grantedAt: Instant
    /// The session that holds the lease, and where its acknowledgement goes.
    var worker: WorkerID
    var connection: ConnectionID
    var deadline: Instant
    var progress: UInt16 = 0
    var phase: Phase = .active

    var isActive: Bool { if case .active = phase { true } else { false } }
}

/// An end cap in verification, and who waits for the verdict.
struct Admission: Sendable {
    let submission: UInt64
    /// Place in the batch.
    let place: Int
    let round: RoundID
    let artifact: ArtifactReference
}

/// A batch whose verdicts are not complete.
struct Submission: Sendable {
    let connection: ConnectionID
    let correlation: UInt64
    let round: RoundID
    var verdicts: [SubmitReply.Verdict?]
    var missing: Int
}

/// A result in verification.
struct Verification: Sendable {
    let lease: LeaseID
    let task: TaskID
    let artifact: ArtifactReference
}

/// A node that waits for a worker: the longest remaining path first, then the oldest round, then
/// the order of the plan.
struct ReadyEntry: Comparable, Sendable {
    let task: TaskID
    let remainingPath: Int

    static func < (a: Self, b: Self) -> Bool {
        if a.remainingPath != b.remainingPath { return a.remainingPath < b.remainingPath }
        if a.task.round != b.task.round { return a.task.round > b.task.round }
        return a.task.node > b.task.node
    }
}
