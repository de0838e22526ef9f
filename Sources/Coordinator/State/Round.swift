import Transport
import Wire

/// An admitted end cap.
package struct AdmittedUser: Sendable {
    package let userID: UInt64
    package let artifact: ArtifactReference
}

/// The accepted attempt of a node.
package struct Acceptance: Sendable {
    package let artifact: ArtifactReference
    package let workerName: String
    package let at: Instant
    package let queue: Span
    package let transfer: Span
    package let prove: Span
    package let verify: Span
}

/// One node of a round in progress. Its phase follows from what it holds, so the two cannot
/// disagree.
package struct Node: Sendable {
    package let plan: PlannedNode
    package let parent: NodeID?
    /// Nodes from here to the block, both counted: the priority.
    package let remainingPath: Int
    /// Children that are nodes and not yet accepted.
    package var missingChildren: Int
    /// Leases that run now. More than one when a worker came back to a node given to another.
    package var activeLeases: [LeaseID] = []
    /// Every lease that was granted.
    package var grantedLeases: [LeaseID] = []
    /// Results in verification.
    package var verifications: [VerificationID] = []
    package var failures = 0
    /// Workers that failed this node, to be asked last.
    package var avoid: [WorkerIdentity] = []
    package var firstReadyAt: Instant?
    package var readyAt: Instant?
    package var acceptance: Acceptance?

    package var phase: NodePhase {
        if acceptance != nil { return .accepted }
        if !verifications.isEmpty { return .submitted }
        if !activeLeases.isEmpty { return .leased }
        return missingChildren == 0 ? .ready : .planned
    }
}

/// One round and its instants.
package struct Round: Sendable {
    package let id: RoundID
    package var phase: RoundPhase = .open
    package var failure = ""
    /// In the order of admission while open; ascending by user id from the plan on.
    package var users: [AdmittedUser] = []
    /// Looked up only, never iterated.
    package var userIDs: Set<UInt64> = []
    package var pendingAdmissions = 0
    package var nodes: [Node] = []
    package var acceptedCount = 0

    package var sealedAt: Instant?
    package var admissionEndedAt: Instant?
    package var plannedAt: Instant?
    package var doneAt: Instant?

    package var blockProof: ArtifactReference? { nodes.last?.acceptance?.artifact }

    init(id: RoundID) { self.id = id }

    subscript(node: NodeID) -> Node {
        get { nodes[Int(node.rawValue)] }
        set { nodes[Int(node.rawValue)] = newValue }
    }

    package func contains(_ node: NodeID) -> Bool { Int(node.rawValue) < nodes.count }

    /// The artifact of a child, `nil` while it is not accepted.
    package func artifact(of child: ChildReference) -> ArtifactReference? {
        switch child {
        case .endCap(let index): users[index].artifact
        case .node(let id): self[id].acceptance?.artifact
        }
    }

    /// Turns a valid plan into nodes.
    package mutating func adopt(_ plan: RoundPlan) {
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
