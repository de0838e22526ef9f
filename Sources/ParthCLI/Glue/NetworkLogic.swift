// The coordinator's seam: what a round means. Admission, planning and verification over Parth's artifacts.

import Coordinator
import Foundation
import Parth
import ProofCore
import Synchronization
import Wire

/// Why an end cap is not admitted though its proof may be valid.
struct AdmissionError: Error, CustomStringConvertible {
    let description: String
}

final class NetworkLogic: RoundLogic {
    private let network: Network
    private let directory: String?
    private let state: Mutex<ChainState>
    /// Headers of the round that is being proved, by user, to apply when its block is final.
    private let planned = Mutex<[Header]>([])

    /// - Parameter directory: where block proofs are written; nil for nowhere.
    init(network: Network, state: ChainState, directory: String?) {
        self.network = network
        self.directory = directory
        self.state = Mutex(state)
    }

    var fingerprints: [CircuitFingerprint] { Self.fingerprints(network) }

    /// What workers must be able to prove.
    static func fingerprints(_ network: Network) -> [CircuitFingerprint] {
        [network.combine, network.block].map { CircuitFingerprint(exactly: $0.fingerprint.bytes)! }
    }

    func admit(endCap: [UInt8], in round: RoundContext) throws -> AdmittedEndCap {
        let artifact = try TransitionArtifact(bytes: endCap)
        guard artifact.kind == .endCap else {
            throw AdmissionError(
                description: "artifact: expected an end cap, got a \(artifact.kind.name)")
        }
        let header = artifact.header
        let (root, leaf) = state.withLock { ($0.block.digest, $0.users[UInt64(header.first)]) }
        guard header.blockRoot == root else {
            throw AdmissionError(
                description:
                    "end cap of user \(header.first): block root: expected the last block's \(root.hex), got \(header.blockRoot.hex)"
            )
        }
        guard header.level == 0, header.users == 1 else {
            throw AdmissionError(
                description:
                    "end cap of user \(header.first): expected level 0 and one user, got \(header.level) and \(header.users)"
            )
        }
        guard header.old == leaf else {
            throw AdmissionError(
                description:
                    "end cap of user \(header.first): old leaf: expected \(leaf.hex), got \(header.old.hex)"
            )
        }
        try network.verify(artifact)
        return AdmittedEndCap(userID: UInt64(header.first))
    }

    func plan(endCaps: [PlannedEndCap], in round: RoundContext) throws -> RoundPlan {
        let (block, tree) = state.withLock { ($0.block, $0.users) }
        let headers = try endCaps.map { try TransitionArtifact(bytes: $0.artifact).header }
        let plan = AggregationPlan(users: headers.map(\.first))
        func reference(_ child: PlanNode.Child) -> ChildReference {
            switch child {
            case .endCap(let i): .endCap(i)
            case .node(let i): .node(NodeID(UInt32(i)))
            }
        }
        var nodes = plan.nodes.enumerated().map { i, node in
            PlannedNode(
                id: NodeID(UInt32(i)), kind: .combine, level: UInt8(node.level),
                index: UInt64(node.first >> UInt32(node.level)),
                children: [reference(node.left), reference(node.right)],
                context: CombineContext(plan, node, tree: tree).bytes)
        }
        nodes.append(
            PlannedNode(
                id: NodeID(UInt32(nodes.count)), kind: .block, level: UInt8(Network.userTreeHeight),
                index: 0,
                children: [reference(plan.root)],
                context: BlockContext(plan, state: block, tree: tree).bytes))
        planned.withLock { $0 = headers }
        return RoundPlan(nodes: nodes)
    }

    func verify(_ node: PlannedNode, artifact: [UInt8], children: [[UInt8]], in round: RoundContext)
        throws
    {
        let headers = try children.map { try TransitionArtifact(bytes: $0).header }
        switch node.kind {
        case .combine:
            let result = try TransitionArtifact(bytes: artifact)
            var expected = try network.combinedHeader(
                headers[0], headers[1], CombineContext(bytes: node.context))
            // Which claim is left depends on the children's proofs; `verify` settles it.
            expected.deferred = result.header.deferred
            guard result.kind == .combine, result.header == expected else {
                throw AdmissionError(
                    description:
                        "combine \(node.id): expected the header of its children, got another")
            }
            try network.verify(result)
        case .block:
            let result = try BlockArtifact(bytes: artifact)
            guard
                try result.statement
                    == network.blockStatement(headers[0], BlockContext(bytes: node.context))
            else {
                throw AdmissionError(
                    description: "block: expected the statement over its child, got another")
            }
            try network.verify(result)
        }
    }

    func finish(blockProof: [UInt8], in round: RoundContext) throws {
        let artifact = try BlockArtifact(bytes: blockProof)
        let headers = planned.withLock { $0 }
        let next = state.withLock { $0.applying(headers) }
        guard next.block.digest == artifact.statement.new else {
            throw AdmissionError(
                description:
                    "block: expected the natively computed root \(next.block.digest.hex), got \(artifact.statement.new.hex)"
            )
        }
        if let directory {
            try writeFile(blockProof, to: "\(directory)/block-\(artifact.statement.height).proof")
        }
        state.withLock { $0 = next }
    }
}
