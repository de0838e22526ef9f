// One network and one chain state that all tests share, with the proofs of three rounds over it. Everything is made when first needed.

import Parth
import ProofCore
import Testing

/// A deterministic source (SplitMix64).
struct Random {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func word() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
    mutating func index(below bound: Int) -> Int { Int(word() % UInt64(bound)) }
    mutating func digest() -> Digest { Digest((0..<8).map { _ in Field(word()) }) }
    mutating func digests(_ count: Int) -> [Digest] { (0..<count).map { _ in digest() } }
}

/// The state before the block, and what its users do in it.
struct Chain: Sendable {
    /// Combines of these users meet at levels 1, 2, 3 and 30.
    static let ids: [UInt32] = [0, 1, 2, 5, 6, 7, (1 << 30) - 1]

    let network: Network
    let keys: [PreimageKey]
    let leaves: [UserLeaf]
    let tree: SparseMerkleTree
    let state: BlockState
    let witnesses: [EndCapWitness]
    let endCaps: [TransitionArtifact]

    static let shared = Result { try Chain() }

    init() throws {
        network = try Network()
        var random = Random(seed: 1)
        keys = Self.ids.map { _ in PreimageKey(secret: random.digest()) }
        var tree = SparseMerkleTree(height: Network.userTreeHeight)
        var leaves: [UserLeaf] = []
        for (i, key) in keys.enumerated() {
            leaves.append(
                UserLeaf(
                    publicKey: publicKey(
                        parameters: key.parameters, fingerprint: network.signature.fingerprint),
                    contractRoot: random.digest(), nonce: UInt32(3 * i), lastBlock: UInt32(i)))
            tree.set(UInt64(Self.ids[i]), leaves[i].digest)
        }
        // Users who rest in this block.
        for id in [3, 4, 100, 1 << 29] as [UInt64] { tree.set(id, random.digest()) }
        self.tree = tree
        self.leaves = leaves
        state = BlockState(
            userRoot: tree.root, contractRoot: random.digest(), previous: random.digest(),
            height: 41)
        var witnesses: [EndCapWitness] = []
        for (i, key) in keys.enumerated() {
            let unsigned = EndCapWitness(
                block: state, userID: Self.ids[i], siblings: tree.siblings(UInt64(Self.ids[i])),
                leaf: leaves[i],
                newContractRoot: random.digest(), transactions: UInt32(i + 1),
                slots: UInt32(10 * i + 2),
                keyParameters: key.parameters, signature: Proof(bytes: []),
                signatureVerifierData: network.signature.verifierData)
            witnesses.append(try unsigned.signed(by: key, network))
        }
        self.witnesses = witnesses
        endCaps = try witnesses.map { [network] in try network.proveEndCap($0) }
    }

    func index(_ id: UInt32) -> Int { Self.ids.firstIndex(of: id)! }

    /// The user tree after these users' transitions.
    func tree(after ids: [UInt32]) -> SparseMerkleTree {
        var after = tree
        for id in ids { after.set(UInt64(id), witnesses[index(id)].newLeaf.digest) }
        return after
    }
}

/// The proofs of a round of some of the chain's users.
struct Round: Sendable {
    let chain: Chain
    let plan: AggregationPlan
    let nodes: [TransitionArtifact]
    let block: BlockArtifact

    /// Every kind of pair of children, levels 1, 2, 3, 30.
    static let all = Result { try Round(Chain.ids) }
    /// The first and the last user there can be.
    static let extremes = Result { try Round([0, (1 << 30) - 1]) }
    static let single = Result { try Round([5]) }

    init(_ ids: [UInt32]) throws {
        chain = try Chain.shared.get()
        plan = AggregationPlan(users: ids)
        var nodes: [TransitionArtifact] = []
        for node in plan.nodes {
            let (left, right) = (
                chain.artifact(node.left, plan, nodes), chain.artifact(node.right, plan, nodes)
            )
            nodes.append(
                try chain.network.proveCombine(
                    left, right, CombineContext(plan, node, tree: chain.tree)))
        }
        self.nodes = nodes
        block = try chain.network.proveBlock(
            chain.artifact(plan.root, plan, nodes),
            BlockContext(plan, state: chain.state, tree: chain.tree))
    }

    func artifact(_ child: PlanNode.Child) -> TransitionArtifact {
        chain.artifact(child, plan, nodes)
    }

    /// The combine whose subtree is this.
    func node(level: Int, first: UInt32) -> TransitionArtifact {
        nodes[plan.nodes.firstIndex { $0.level == level && $0.first == first }!]
    }

    func context(level: Int, first: UInt32) -> CombineContext {
        CombineContext(
            plan, plan.nodes.first { $0.level == level && $0.first == first }!, tree: chain.tree)
    }
}

extension Chain {
    func artifact(_ child: PlanNode.Child, _ plan: AggregationPlan, _ nodes: [TransitionArtifact])
        -> TransitionArtifact
    {
        switch child {
        case .endCap(let i): endCaps[index(plan.users[i])]
        case .node(let i): nodes[i]
        }
    }

    /// The circuit's input for a child that is an honest proof.
    func input(_ artifact: TransitionArtifact, siblings: [Digest]) throws -> ChildInput {
        network.child(artifact, try network.verify(artifact), siblings: siblings)
    }
}

extension EndCapWitness {
    /// The same with some parts exchanged.
    func with(
        block: BlockState? = nil, userID: UInt32? = nil, siblings: [Digest]? = nil,
        leaf: UserLeaf? = nil,
        newContractRoot: Digest? = nil, transactions: UInt32? = nil, slots: UInt32? = nil,
        keyParameters: Digest? = nil,
        signature: Proof? = nil, signatureVerifierData: VerifierData? = nil
    ) -> EndCapWitness {
        EndCapWitness(
            block: block ?? self.block, userID: userID ?? self.userID,
            siblings: siblings ?? self.siblings,
            leaf: leaf ?? self.leaf, newContractRoot: newContractRoot ?? self.newContractRoot,
            transactions: transactions ?? self.transactions, slots: slots ?? self.slots,
            keyParameters: keyParameters ?? self.keyParameters,
            signature: signature ?? self.signature,
            signatureVerifierData: signatureVerifierData ?? self.signatureVerifierData)
    }

    func signed(by key: PreimageKey, _ network: Network) throws -> EndCapWitness {
        with(signature: try network.sign(payload, with: key))
    }
}
