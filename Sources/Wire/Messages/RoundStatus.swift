/// `open → sealed → proving → done`, or `failed` from any of them. Never backwards.
package enum RoundPhase: UInt8, CaseIterable, Sendable {
    /// Takes end caps.
    case open = 1
    /// Takes no more; the last ones are verified and the tree is planned.
    case sealed = 2
    case proving = 3
    case done = 4
    case failed = 5
}

/// `planned → ready → leased → submitted → accepted`; back to `ready` when an attempt is lost,
/// fails or is rejected. Only an accepted node is visible to its parent.
package enum NodePhase: UInt8, CaseIterable, Sendable {
    case planned = 1
    case ready = 2
    case leased = 3
    /// A result arrived and is being verified.
    case submitted = 4
    case accepted = 5
}

/// Where the time of a round went, in microseconds. The parts follow each other on the
/// round's critical path, so they add up to the latency.
package struct RoundTimings: Equatable, Sendable {
    /// From the seal to the block proof's acceptance; so far, while the round runs.
    package var latency: UInt64 = 0
    /// From the seal until the last end cap was verified.
    package var admission: UInt64 = 0
    package var planning: UInt64 = 0
    /// On the critical path: ready but not leased, lost attempts included.
    package var queue: UInt64 = 0
    /// On the critical path: lease and result on the wire.
    package var transfer: UInt64 = 0
    package var prove: UInt64 = 0
    package var verify: UInt64 = 0
    /// Making the accepted block proof final.
    package var commit: UInt64 = 0

    package init() {}

    static let fieldOrder: [WritableKeyPath<RoundTimings, UInt64> & Sendable] = [
        \.latency, \.admission, \.planning, \.queue, \.transfer, \.prove, \.verify, \.commit,
    ]
}

/// A child in a plan or a status: an end cap by its place among the round's users in ascending
/// order, or an earlier node.
package enum ChildReference: Hashable, Sendable {
    case endCap(Int)
    case node(NodeID)

    private static let endCapBit: UInt32 = 1 << 31

    func encode(into writer: inout ByteWriter) {
        switch self {
        case .endCap(let index): writer.integer(UInt32(index) | Self.endCapBit)
        case .node(let node): writer.integer(node.rawValue)
        }
    }

    init(from reader: inout ByteReader, _ place: String) throws(WireError) {
        let value: UInt32 = try reader.integer(place)
        self =
            value & Self.endCapBit != 0
            ? .endCap(Int(value & ~Self.endCapBit)) : .node(NodeID(value))
    }
}

/// One node of the tree as it stands.
package struct NodeStatus: Equatable, Sendable {
    package var node: NodeID
    package var kind: TaskKind
    package var level: UInt8
    package var index: UInt64
    package var children: [ChildReference]
    package var phase: NodePhase
    /// Leases granted so far.
    package var attempts: UInt32
    /// Name of the worker that holds the node, or made its proof; empty before.
    package var worker: String
    /// 0…1000, as the worker's last heartbeat said.
    package var progress: UInt16
    /// Microseconds: first ready → lease of the accepted attempt.
    package var queue: UInt64
    /// Microseconds: lease → result, less the time in the prover.
    package var transfer: UInt64
    package var prove: UInt64
    /// Microseconds: result → verdict.
    package var verify: UInt64
    package var proofBytes: UInt32

    static let minimumBytes = 63

    package init(
        node: NodeID, kind: TaskKind, level: UInt8, index: UInt64, children: [ChildReference],
        phase: NodePhase, attempts: UInt32 = 0, worker: String = "", progress: UInt16 = 0,
        queue: UInt64 = 0, transfer: UInt64 = 0, prove: UInt64 = 0, verify: UInt64 = 0,
        proofBytes: UInt32 = 0
    ) {
        self.node = node
        self.kind = kind
        self.level = level
        self.index = index
        self.children = children
        self.phase = phase
        self.attempts = attempts
        self.worker = worker
        self.progress = progress
        self.queue = queue
        self.transfer = transfer
        self.prove = prove
        self.verify = verify
        self.proofBytes = proofBytes
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(node.rawValue)
        writer.choice(kind)
        writer.integer(level)
        writer.integer(index)
        writer.list(children, limit: WireLimits.childrenPerTask) { $1.encode(into: &$0) }
        writer.choice(phase)
        writer.integer(attempts)
        writer.text(worker, limit: WireLimits.nameBytes)
        writer.integer(progress)
        writer.integer(queue)
        writer.integer(transfer)
        writer.integer(prove)
        writer.integer(verify)
        writer.integer(proofBytes)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let place = "RoundStatus.nodes"
        node = NodeID(try reader.integer(place))
        kind = try reader.choice(place)
        level = try reader.integer(place)
        index = try reader.integer(place)
        children = try reader.list(
            limit: WireLimits.childrenPerTask, elementBytes: 4, "\(place).children"
        ) { reader throws(WireError) in
            try ChildReference(from: &reader, "RoundStatus.nodes.children")
        }
        phase = try reader.choice("\(place).phase")
        attempts = try reader.integer(place)
        worker = try reader.text(limit: WireLimits.nameBytes, "\(place).worker")
        progress = try reader.integer(place)
        queue = try reader.integer(place)
        transfer = try reader.integer(place)
        prove = try reader.integer(place)
        verify = try reader.integer(place)
        proofBytes = try reader.integer(place)
    }
}

/// A round as it stands: enough to draw its tree while it fills.
package struct RoundStatus: MessageBody {
    package var round: RoundID
    package var phase: RoundPhase
    /// Why the round failed; empty otherwise.
    package var failure: String
    /// Admitted end caps, and end caps whose verification is not finished.
    package var userCount: UInt32
    package var pendingCount: UInt32
    package var nodeCount: UInt32
    package var acceptedCount: UInt32
    package var timings: RoundTimings
    /// Digest of the block proof once the round is done, else zero.
    package var blockProof: ArtifactDigest
    /// Ascending; empty unless asked for in detail.
    package var users: [UInt64]
    /// In dependency order, the block last; empty unless asked for in detail.
    package var nodes: [NodeStatus]

    package init(round: RoundID, phase: RoundPhase) {
        self.round = round
        self.phase = phase
        failure = ""
        userCount = 0
        pendingCount = 0
        nodeCount = 0
        acceptedCount = 0
        timings = RoundTimings()
        blockProof = .zero
        users = []
        nodes = []
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(round.rawValue)
        writer.choice(phase)
        writer.text(failure, limit: WireLimits.reasonBytes)
        writer.integer(userCount)
        writer.integer(pendingCount)
        writer.integer(nodeCount)
        writer.integer(acceptedCount)
        for field in RoundTimings.fieldOrder { writer.integer(timings[keyPath: field]) }
        writer.bytes32(blockProof)
        writer.list(users, limit: WireLimits.usersPerRound) { $0.integer($1) }
        writer.list(nodes, limit: WireLimits.nodesPerStatus) { $1.encode(into: &$0) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        round = RoundID(try reader.integer("RoundStatus.round"))
        phase = try reader.choice("RoundStatus.phase")
        failure = try reader.text(limit: WireLimits.reasonBytes, "RoundStatus.failure")
        userCount = try reader.integer("RoundStatus.userCount")
        pendingCount = try reader.integer("RoundStatus.pendingCount")
        nodeCount = try reader.integer("RoundStatus.nodeCount")
        acceptedCount = try reader.integer("RoundStatus.acceptedCount")
        timings = RoundTimings()
        for field in RoundTimings.fieldOrder {
            timings[keyPath: field] = try reader.integer("RoundStatus.timings")
        }
        blockProof = try reader.bytes32("RoundStatus.blockProof")
        users = try reader.list(
            limit: WireLimits.usersPerRound, elementBytes: 8, "RoundStatus.users"
        ) { reader throws(WireError) in try reader.integer("RoundStatus.users") }
        nodes = try reader.list(
            limit: WireLimits.nodesPerStatus, elementBytes: NodeStatus.minimumBytes,
            "RoundStatus.nodes"
        ) { reader throws(WireError) in try NodeStatus(from: &reader) }
    }
}
