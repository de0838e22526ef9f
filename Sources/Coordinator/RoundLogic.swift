import Wire

/// What a round proves: injected, so that the coordinator knows nothing of proofs.
///
/// Every method is called on the coordinator's own verification threads, never on an event loop
/// or the cooperative pool, and may be called on several at once. A thrown error's description
/// is the reason that the submitter, the worker or the operator reads.
package protocol RoundLogic: Sendable {
    /// The circuits a worker must prove to be taken; empty takes any worker.
    var fingerprints: [CircuitFingerprint] { get }

    /// Checks one end cap: its proof, and that it stands on this round's previous block.
    func admit(endCap: [UInt8], in round: RoundContext) throws -> AdmittedEndCap

    /// The task graph over the end caps, which come in ascending order of user id, each id once,
    /// and at least one.
    func plan(endCaps: [PlannedEndCap], in round: RoundContext) throws -> RoundPlan

    /// Checks the proof of `node`, given its children's accepted artifacts in the node's order.
    func verify(
        _ node: PlannedNode, artifact: [UInt8], children: [[UInt8]], in round: RoundContext
    ) throws

    /// The block proof is accepted: makes it final (state advances, files are written). The next
    /// round opens after it.
    func finish(blockProof: [UInt8], in round: RoundContext) throws
}

extension RoundLogic {
    package func finish(blockProof: [UInt8], in round: RoundContext) throws {}
}

package struct RoundContext: Hashable, Sendable {
    package let round: RoundID
    package init(round: RoundID) { self.round = round }
}

package struct AdmittedEndCap: Equatable, Sendable {
    package let userID: UInt64
    package init(userID: UInt64) { self.userID = userID }
}

package struct PlannedEndCap: Equatable, Sendable {
    package let userID: UInt64
    package let artifact: [UInt8]

    package init(userID: UInt64, artifact: [UInt8]) {
        self.userID = userID
        self.artifact = artifact
    }
}

/// One task of a round.
package struct PlannedNode: Equatable, Sendable {
    /// The node's place in `RoundPlan.nodes`.
    package let id: NodeID
    package let kind: TaskKind
    /// Where the node sits in the global user tree; for people and the picture.
    package let level: UInt8
    package let index: UInt64
    package let children: [ChildReference]
    /// What the prover needs beside the children (Merkle siblings and the like); opaque here.
    package let context: [UInt8]

    package init(
        id: NodeID, kind: TaskKind, level: UInt8, index: UInt64, children: [ChildReference],
        context: [UInt8]
    ) {
        self.id = id
        self.kind = kind
        self.level = level
        self.index = index
        self.children = children
        self.context = context
    }
}

/// The task graph of a round: `u − 1` combines in dependency order, then the block.
package struct RoundPlan: Equatable, Sendable {
    package let nodes: [PlannedNode]
    package init(nodes: [PlannedNode]) { self.nodes = nodes }
}

/// Why a plan is not a tree over the end caps. The plan comes from injected logic, so this fails
/// the round and not the process.
package enum PlanError: Error, Equatable, Sendable {
    case nodeCount(expected: Int, got: Int)
    case identifier(place: Int, got: NodeID)
    case childCount(NodeID, expected: Int, got: Int)
    case child(NodeID, ChildReference)
    /// An end cap or node is the child of none, or of more than one.
    case usedTimes(ChildReference, got: Int)
    case blockPlace(expected: Int, got: Int)
    case contextBytes(NodeID, limit: Int, got: Int)
}

extension PlanError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .nodeCount(let expected, let got): "plan: expected \(expected) nodes, got \(got)"
        case .identifier(let place, let got): "plan: expected node \(place), got \(got)"
        case .childCount(let node, let expected, let got):
            "plan node \(node): expected \(expected) children, got \(got)"
        case .child(let node, let child):
            "plan node \(node): expected an end cap or an earlier node as child, got \(child)"
        case .usedTimes(let child, let got): "plan: expected \(child) in one parent, got \(got)"
        case .blockPlace(let expected, let got):
            "plan: expected the only block at \(expected), got one at \(got)"
        case .contextBytes(let node, let limit, let got):
            "plan node \(node): expected a context of at most \(limit) bytes, got \(got)"
        }
    }
}

extension RoundPlan {
    /// Checks that this is a tree with every end cap as a leaf, two children a combine, and one
    /// block at its end.
    func validate(endCaps: Int) throws(PlanError) {
        guard nodes.count == endCaps else {
            throw .nodeCount(expected: endCaps, got: nodes.count)
        }
        var endCapUses = [Int](repeating: 0, count: endCaps)
        var nodeUses = [Int](repeating: 0, count: nodes.count)
        for (place, node) in nodes.enumerated() {
            guard node.id.rawValue == place else {
                throw .identifier(place: place, got: node.id)
            }
            let isLast = place == nodes.count - 1
            guard (node.kind == .block) == isLast else {
                throw .blockPlace(expected: nodes.count - 1, got: place)
            }
            let arity = isLast ? 1 : 2
            guard node.children.count == arity else {
                throw .childCount(node.id, expected: arity, got: node.children.count)
            }
            guard node.context.count <= WireLimits.contextBytes else {
                throw .contextBytes(
                    node.id, limit: WireLimits.contextBytes, got: node.context.count)
            }
            for child in node.children {
                switch child {
                case .endCap(let index) where endCapUses.indices.contains(index):
                    endCapUses[index] += 1
                case .node(let id) where id.rawValue < place:
                    nodeUses[Int(id.rawValue)] += 1
                default: throw .child(node.id, child)
                }
            }
        }
        for (index, uses) in endCapUses.enumerated() where uses != 1 {
            throw .usedTimes(.endCap(index), got: uses)
        }
        for (index, uses) in nodeUses.dropLast().enumerated() where uses != 1 {
            throw .usedTimes(.node(NodeID(UInt32(index))), got: uses)
        }
    }
}
