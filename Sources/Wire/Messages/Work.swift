/// What a task proves. The coordinator and the wire know no more of it than this.
package enum TaskKind: UInt8, CaseIterable, Sendable {
    /// Joins two headers at their nearest common ancestor; two children.
    case combine = 1
    /// Lifts the last header to the root of the tree: the block proof; one child.
    case block = 2
}

/// The right to run one task, with all that it needs.
package struct Lease: MessageBody {
    package var lease: LeaseID
    package var task: TaskID
    /// 1 for the first run of this task in its round.
    package var attempt: UInt32
    /// Time to live unless a heartbeat renews it.
    package var durationMilliseconds: UInt32
    package var kind: TaskKind
    package var level: UInt8
    package var index: UInt64
    package var context: [UInt8]
    package var children: [Artifact]

    package init(
        lease: LeaseID, task: TaskID, attempt: UInt32, durationMilliseconds: UInt32,
        kind: TaskKind, level: UInt8, index: UInt64, context: [UInt8], children: [Artifact]
    ) {
        self.lease = lease
        self.task = task
        self.attempt = attempt
        self.durationMilliseconds = durationMilliseconds
        self.kind = kind
        self.level = level
        self.index = index
        self.context = context
        self.children = children
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(lease.rawValue)
        task.encode(into: &writer)
        writer.integer(attempt)
        writer.integer(durationMilliseconds)
        writer.choice(kind)
        writer.integer(level)
        writer.integer(index)
        writer.byteString(context, limit: WireLimits.contextBytes)
        writer.list(children, limit: WireLimits.childrenPerTask) { $1.encode(into: &$0) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        lease = LeaseID(try reader.integer("Lease.lease"))
        task = try TaskID(from: &reader, "Lease.task")
        attempt = try reader.integer("Lease.attempt")
        durationMilliseconds = try reader.integer("Lease.duration")
        kind = try reader.choice("Lease.kind")
        level = try reader.integer("Lease.level")
        index = try reader.integer("Lease.index")
        context = try reader.byteString(limit: WireLimits.contextBytes, "Lease.context")
        children = try reader.list(
            limit: WireLimits.childrenPerTask, elementBytes: Artifact.minimumBytes,
            "Lease.children"
        ) { reader throws(WireError) in try Artifact(from: &reader, "Lease.children") }
    }
}

/// A worker lives, and so do these leases.
package struct Heartbeat: MessageBody {
    package struct Progress: Equatable, Sendable {
        package var lease: LeaseID
        /// 0…1000.
        package var permille: UInt16

        package init(lease: LeaseID, permille: UInt16) {
            self.lease = lease
            self.permille = permille
        }
    }

    package var sequence: UInt64
    package var leases: [Progress]

    package init(sequence: UInt64, leases: [Progress]) {
        self.sequence = sequence
        self.leases = leases
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(sequence)
        writer.list(leases, limit: WireLimits.leasesPerWorker) {
            $0.integer($1.lease.rawValue)
            $0.integer($1.permille)
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        sequence = try reader.integer("Heartbeat.sequence")
        leases = try reader.list(
            limit: WireLimits.leasesPerWorker, elementBytes: 10, "Heartbeat.leases"
        ) { reader throws(WireError) in
            let lease = LeaseID(try reader.integer("Heartbeat.leases.lease"))
            let permille: UInt16 = try reader.integer("Heartbeat.leases.permille")
            guard permille <= 1000 else {
                throw .limit(
                    place: "Heartbeat.leases.permille", limit: 1000, got: Int(permille))
            }
            return Progress(lease: lease, permille: permille)
        }
    }
}

/// The coordinator heard the heartbeat: a worker without it for long looks for another connection.
package struct HeartbeatReply: MessageBody {
    package var sequence: UInt64

    package init(sequence: UInt64) { self.sequence = sequence }

    func encode(into writer: inout ByteWriter) { writer.integer(sequence) }

    init(from reader: inout ByteReader) throws(WireError) {
        sequence = try reader.integer("HeartbeatReply.sequence")
    }
}

/// The proof of a task.
package struct TaskResult: MessageBody {
    package var lease: LeaseID
    package var task: TaskID
    package var attempt: UInt32
    /// Time in the prover, by the worker's clock.
    package var proveMicroseconds: UInt64
    package var artifact: Artifact

    package init(
        lease: LeaseID, task: TaskID, attempt: UInt32, proveMicroseconds: UInt64,
        artifact: Artifact
    ) {
        self.lease = lease
        self.task = task
        self.attempt = attempt
        self.proveMicroseconds = proveMicroseconds
        self.artifact = artifact
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(lease.rawValue)
        task.encode(into: &writer)
        writer.integer(attempt)
        writer.integer(proveMicroseconds)
        artifact.encode(into: &writer)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        lease = LeaseID(try reader.integer("Result.lease"))
        task = try TaskID(from: &reader, "Result.task")
        attempt = try reader.integer("Result.attempt")
        proveMicroseconds = try reader.integer("Result.prove")
        artifact = try Artifact(from: &reader, "Result.artifact")
    }
}

/// What became of a result. A worker keeps the result until this arrives.
package struct ResultAck: MessageBody {
    package enum Verdict: UInt8, CaseIterable, Sendable {
        /// Verified, and the node's proof from now on.
        case accepted = 1
        /// Not valid, or not the result of this lease; `reason` says which.
        case rejected = 2
        /// The node had its proof already; no fault of the worker.
        case late = 3
    }

    package var lease: LeaseID
    package var verdict: Verdict
    /// Empty unless rejected.
    package var reason: String

    package init(lease: LeaseID, verdict: Verdict, reason: String = "") {
        self.lease = lease
        self.verdict = verdict
        self.reason = reason.fitting(utf8Bytes: WireLimits.reasonBytes)
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(lease.rawValue)
        writer.choice(verdict)
        writer.text(reason, limit: WireLimits.reasonBytes)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        lease = LeaseID(try reader.integer("ResultAck.lease"))
        verdict = try reader.choice("ResultAck.verdict")
        reason = try reader.text(limit: WireLimits.reasonBytes, "ResultAck.reason")
    }
}

/// A lease that ends without a proof.
package struct TaskFailed: MessageBody {
    package enum Cause: UInt8, CaseIterable, Sendable {
        /// The prover threw: counts against the node's budget.
        case prover = 1
        /// A child's bytes do not have the digest that the lease states.
        case badInput = 2
        /// The worker had no free slot.
        case noSlot = 3
        /// Cancelled on the coordinator's word.
        case cancelled = 4
        /// The worker stops.
        case stopping = 5
    }

    package var lease: LeaseID
    package var task: TaskID
    package var attempt: UInt32
    package var cause: Cause
    package var reason: String

    package init(lease: LeaseID, task: TaskID, attempt: UInt32, cause: Cause, reason: String) {
        self.lease = lease
        self.task = task
        self.attempt = attempt
        self.cause = cause
        self.reason = reason.fitting(utf8Bytes: WireLimits.reasonBytes)
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(lease.rawValue)
        task.encode(into: &writer)
        writer.integer(attempt)
        writer.choice(cause)
        writer.text(reason, limit: WireLimits.reasonBytes)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        lease = LeaseID(try reader.integer("TaskFailed.lease"))
        task = try TaskID(from: &reader, "TaskFailed.task")
        attempt = try reader.integer("TaskFailed.attempt")
        cause = try reader.choice("TaskFailed.cause")
        reason = try reader.text(limit: WireLimits.reasonBytes, "TaskFailed.reason")
    }
}

/// The lease's proof is not needed any more.
package struct Cancel: MessageBody {
    package enum Cause: UInt8, CaseIterable, Sendable {
        /// Another worker's proof of the node was accepted.
        case superseded = 1
        /// The lease ran out.
        case expired = 2
        /// The round failed.
        case roundFailed = 3
    }

    package var lease: LeaseID
    package var cause: Cause

    package init(lease: LeaseID, cause: Cause) {
        self.lease = lease
        self.cause = cause
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(lease.rawValue)
        writer.choice(cause)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        lease = LeaseID(try reader.integer("Cancel.lease"))
        cause = try reader.choice("Cancel.cause")
    }
}
