// Proofs from users to blocks: that they verify, and that what they state is what a native computation says.

import Parth
import ProofCore
import Testing

@Suite struct PipelineTests {
    private let chain: Chain
    private let network: Network

    init() throws {
        chain = try Chain.shared.get()
        network = chain.network
    }

    @Test func end_caps_verify() throws {
        for (i, endCap) in chain.endCaps.enumerated() {
            #expect(endCap.kind == .endCap)
            #expect(
                endCap.header.first == Chain.ids[i] && endCap.header.level == 0
                    && endCap.header.users == 1)
            #expect(endCap.header.old == chain.tree[UInt64(Chain.ids[i])])
            try network.verify(endCap)
        }
    }

    /// The statement that the circuit computes is the native digest of the header.
    @Test func end_cap_circuit_states_the_native_header() throws {
        let circuit = network.endCap.circuit
        let witness = try circuit.witness(input: chain.witnesses[1].input())
        #expect(circuit.statement(of: witness) == chain.witnesses[1].header.digest)
    }

    @Test func all_kinds_of_children_and_levels_occur() throws {
        let nodes = try Round.all.get().plan.nodes + Round.extremes.get().plan.nodes
        func isEndCap(_ child: PlanNode.Child) -> Bool {
            if case .endCap = child { return true }
            return false
        }
        #expect(Set(nodes.map { [isEndCap($0.left), isEndCap($0.right)] }).count == 4)
        #expect(Set(nodes.map(\.level)) == [1, 2, 3, 30])
    }

    @Test func combines_verify_and_state_the_native_subtrees() throws {
        for round in [try Round.all.get(), try Round.extremes.get()] {
            let after = chain.tree(after: round.plan.users)
            for (node, artifact) in zip(round.plan.nodes, round.nodes) {
                let index = UInt64(node.first >> UInt32(node.level))
                #expect(artifact.kind == .combine)
                #expect(artifact.header.level == node.level && artifact.header.first == node.first)
                #expect(artifact.header.old == chain.tree.node(level: node.level, index))
                #expect(artifact.header.new == after.node(level: node.level, index))
                try network.verify(artifact)
            }
        }
    }

    /// A block over an end cap alone, over one combine, over a tree of combines.
    @Test(arguments: [[5], [0, (1 << 30) - 1], Chain.ids] as [[UInt32]])
    func block_verifies_and_states_the_native_root(_ ids: [UInt32])
        throws
    {
        let round = try
            (ids.count == 1 ? Round.single : ids.count == 2 ? Round.extremes : Round.all).get()
        let members = chain.witnesses.filter { ids.contains($0.userID) }
        let statement = round.block.statement
        #expect(statement.previous == chain.state.digest)
        #expect(statement.new == chain.state.next(userRoot: chain.tree(after: ids).root).digest)
        #expect(statement.height == 42)
        #expect(statement.users == ids.count)
        #expect(statement.transactions == members.map(\.transactions).reduce(0, +))
        #expect(statement.slots == members.map(\.slots).reduce(0, +))
        try network.verify(round.block)
    }

    /// A fleet's proofs do not depend on who makes them.
    @Test func proofs_are_the_same_with_more_threads() throws {
        let round = try Round.all.get()
        let again = try network.proveCombine(
            chain.endCaps[0], chain.endCaps[1], round.context(level: 1, first: 0), threads: 2)
        #expect(again == round.node(level: 1, first: 0))
    }

    /// Account abstraction: another circuit of the shape signs for whoever's public key names it.
    @Test func signature_by_another_circuit_that_the_public_key_names() throws {
        let other = try AnySignature.shared.get()
        let key = chain.keys[2]
        var leaf = chain.leaves[2]
        leaf.publicKey = publicKey(parameters: key.parameters, fingerprint: other.key.fingerprint)
        var tree = chain.tree
        tree.set(UInt64(Chain.ids[2]), leaf.digest)
        var witness = chain.witnesses[2].with(
            block: BlockState(userRoot: tree.root), siblings: tree.siblings(UInt64(Chain.ids[2])),
            leaf: leaf,
            signatureVerifierData: other.key.verifierData)
        witness = witness.with(
            signature: try other.sign(
                signatureStatement(parameters: key.parameters, payload: witness.payload)))
        try network.verify(network.proveEndCap(witness))
    }

    /// The greatest numbers that the circuit allows.
    @Test func end_cap_at_the_limits_has_a_witness() throws {
        let witness = try EndCapCase(nonce: (1 << 30) - 1, lastBlock: Field.modulus - 1).witness
            .with(transactions: 65535, slots: 65535)
        expectWitness(network.endCap.circuit, try witness.input())
    }

    @Test func shapes_of_children_are_equal() {
        #expect(network.endCap.circuit.shape == Network.shape)
        #expect(network.combine.circuit.shape == Network.shape)
        #expect(network.signature.circuit.shape == SignatureCircuit.shape)
        #expect(Set(network.keys.map(\.fingerprint)).count == 4)
    }

    @Test func child_input_is_laid_out_as_the_tests_assume() throws {
        let round = try Round.all.get()
        let artifact = round.node(level: 2, first: 4)
        let input = try chain.input(artifact, siblings: [])
        #expect(input.limbs.count == ChildOffset.record + input.record.count)
        #expect(input.limbs[ChildOffset.first] == 4 && input.limbs[ChildOffset.isCombine] == 1)
        #expect(input.limbs[ChildOffset.users] == 3)
        #expect(
            Array(input.limbs[ChildOffset.new..<ChildOffset.users]) == artifact.header.new.limbs)
        #expect(Array(input.limbs[ChildOffset.below..<(ChildOffset.below + 3)]) == [1, 1, 0])
        #expect(
            Array(input.limbs[ChildOffset.claim..<ChildOffset.below])
                == artifact.claim!.elements.flatMap(\.limbs))
        #expect(
            network.combine.circuit.inputLimbs == CombineOffset.left + 2 * input.limbs.count
                + CombineOffset.batchLimbs)
    }

    /// Every term a block rests on, those of joining and settling deferred claims included.
    @Test func every_soundness_term_reaches_the_target() throws {
        let terms = try Chain.shared.get().network.soundnessTerms()
        for term in terms { #expect(term.bits >= 104, "\(term.name): \(term.bits)") }
        for part in ["signature.preimage", "end_cap", "combine", "block", "joining", "settlement"] {
            #expect(terms.contains { $0.name.hasPrefix(part + ": ") }, "\(part)")
        }
        #expect(Set(terms.map(\.name)).count == terms.count)
    }
}
