import Transport
import Wire

/// An admitted end cap.
struct AdmittedUser: Sendable {
    let userID: UInt64
    let artifact: ArtifactReference
}

/// The accepted attempt of a node.
struct Acceptance: Sendable {
    let artifact: ArtifactReference
    let workerName: String
    let at: Instant
    let queue: Span
    let transfer: Span
    let prove: Span
    let verify: Span
}

/// One node of a round in progress. Its phase follows from what it holds, so the two cannot
/// disagree.
struct Node: Sendable {
    let plan: PlannedNode
    let parent: NodeID?
    /// Nodes from here to the block, both counted: the priority.
    let remainingPath: Int
    /// Children that are nodes and not yet accepted.
    var missingChildren: Int
    /// Leases that run now. More than one when a worker came back to a node given to another.
    var activeLeases: [LeaseID] = []
    /// Every lease that was granted.
    var grantedLeases: [LeaseID] = []
    /// Results in verification.
    var verifications: [VerificationID] = []
    var failures = 0
    /// Workers that failed this node, to be asked last.
    var avoid: [WorkerIdentity] = []
    var firstReadyAt: Instant?
    var readyAt: Instant?
    var acceptance: Acceptance?

    var phase: NodePhase {
        if acceptance != nil { return .accepted }
        if !verifications.isEmpty { return .submitted }
        if !activeLeases.isEmpty { return .leased }
        return missingChildren == 0 ? .ready : .planned
    }
}

/// One round and its instants.
struct Round: Sendable {
    let id: RoundID
    var phase: RoundPhase = .open
    var failure = ""
    /// In the order of admission while open; ascending by user id from the plan on.
    var users: [AdmittedUser] = []
    /// Looked up only, never iterated.
    var userIDs: Set<UInt64> = []
    var pendingAdmissions = 0
    var nodes: [Node] = []
    var acceptedCount = 0

    var sealedAt: Instant?
    var admissionEndedAt: Instant?
    var plannedAt: Instant?
    var doneAt: Instant?

    var blockProof: ArtifactReference? { nodes.last?.acceptance?.artifact }

    init(id: RoundID) { self.id = id }

    subscript(node: NodeID) -> Node {
        get { nodes[Int(node.rawValue)] }
        set { nodes[Int(node.rawValue)] = newValue }
    }

    func contains(_ node: NodeID) -> Bool { Int(node.rawValue) < nodes.count }

    /// The artifact of a child, `nil` while it is not accepted.
    func artifact(of child: ChildReference) -> ArtifactReference? {
        switch child {
        case .endCap(let index): users[index].artifact
        case .node(let id): self[id].acceptance?.artifact
        }
    }

    /// Turns a valid plan into nodes.
    mutating func adopt(_ plan: RoundPlan) {
        let count = plan.nodes.count
        var parents = [NodeID?](repeating: nil, count: count)
        var paths = [Int](repeating: 1, count: count)
        for node in plan.nodes.reversed() {
            for case .node(let child) in node.children {
                parents[Int(child.rawValue)] = node.id
                paths[Int(child.rawValue)] = paths[Int(node.id.rawValue)] + 1
            }
        }
        nodes = plan.nodes.enumerated().map { place, node in
            let missing = node.children.count { if case .node = $0 { true } else { false } }
            return Node(
                plan: node, parent: parents[place], remainingPath: paths[place],
                missingChildren: missing)
        }
    }
}
