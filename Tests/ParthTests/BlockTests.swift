// What no block can be made of.

import Parth
import ProofCore
import Testing

@Suite struct BlockTests {
    private let chain: Chain
    private let network: Network
    private let round: Round
    private let circuit: Circuit
    private let child: TransitionArtifact
    private let context: BlockContext

    init() throws {
        chain = try Chain.shared.get()
        network = chain.network
        round = try Round.all.get()
        circuit = network.block.circuit
        // A combine below the root, so that siblings matter.
        child = round.node(level: 3, first: 0)
        context = BlockContext(state: chain.state, siblings: chain.tree.siblings(level: 3, 0))
    }

    /// Limbs of the block's own input before the child's: contract root, previous, height, block root.
    private static let childOffset = 8 + 8 + 1 + 8

    private func input(state: BlockState? = nil, siblings: [Digest]? = nil) throws -> [Field] {
        try network.blockInput(
            state: state ?? chain.state,
            child: try chain.input(child, siblings: siblings ?? context.siblings))
    }

    @Test func honest_input_has_a_witness() throws {
        let witness = try circuit.witness(input: input())
        #expect(
            circuit.statement(of: witness)
                == (try network.blockStatement(child.header, context)).digest)
    }

    // MARK: the state

    @Test(arguments: ["contract root", "previous", "height"]) func rejects_wrong_state(
        _ field: String
    ) throws {
        var state = chain.state
        switch field {
        case "contract root": state.contractRoot = state.contractRoot.changed(2)
        case "previous": state.previous = state.previous.changed(5)
        default: state.height += 1
        }
        // The child is under another block root …
        let forged = try input(state: state)
        expectNoWitness(circuit, forged)
        // … and the state does not hash to the child's.
        expectNoWitness(circuit, forged.setting(Self.childOffset - 8, chain.state.digest.limbs))
        let error = failure(StatementError.self) {
            try network.proveBlock(child, BlockContext(state: state, siblings: context.siblings))
        }
        #expect(
            error?.description
                == "block root: expected \(state.digest.hex), got \(chain.state.digest.hex)")
    }

    @Test func rejects_wrong_user_root() throws {
        var state = chain.state
        state.userRoot = state.userRoot.changed()
        expectNoWitness(circuit, try input(state: state))
        #expect(throws: StatementError.self) {
            try network.proveBlock(child, BlockContext(state: state, siblings: context.siblings))
        }
    }

    @Test(arguments: [0, 13, 26]) func rejects_wrong_sibling(_ level: Int) throws {
        var siblings = context.siblings
        siblings[level] = siblings[level].changed(level % 8)
        expectNoWitness(circuit, try input(siblings: siblings))
        let error = failure(StatementError.self) {
            try network.proveBlock(child, BlockContext(state: chain.state, siblings: siblings))
        }
        #expect(error?.description.hasPrefix("block root") == true)
    }

    @Test func refuses_wrong_number_of_siblings() throws {
        for siblings in [Array(context.siblings.dropLast()), context.siblings + [.zero], []] {
            let error = failure(StatementError.self) {
                try network.proveBlock(child, BlockContext(state: chain.state, siblings: siblings))
            }
            #expect(
                error?.description == "siblings of the block: expected 27, got \(siblings.count)")
        }
    }

    // MARK: the child

    @Test func rejects_tampered_child_proof() throws {
        var bytes = child.proof.bytes
        bytes[bytes.count / 2] ^= 1
        let forged = TransitionArtifact(
            kind: .combine, header: child.header, claim: child.claim, proof: Proof(bytes: bytes))
        let error = failure(VerificationError.self) { try network.proveBlock(forged, context) }
        #expect(error != nil)
        let input = try input()
        let record = Self.childOffset + ChildOffset.record
        let count = try chain.input(child, siblings: []).record.count
        for limb in [record, record + count / 2, record + count - 1, input.count - 1] {
            expectNoWitness(circuit, input.changing(limb), "limb \(limb)")
        }
    }

    @Test(arguments: [
        ChildOffset.first, ChildOffset.old, ChildOffset.new, ChildOffset.users,
        ChildOffset.transactions, ChildOffset.slots,
    ])
    func rejects_changed_header_of_the_child(_ offset: Int) throws {
        expectNoWitness(circuit, try input().changing(Self.childOffset + offset))
    }

    @Test func rejects_child_of_the_wrong_kind() throws {
        expectNoWitness(circuit, try input().setting(Self.childOffset, [.zero]))
        let endCap = try network.blockInput(
            state: chain.state,
            child: try chain.input(chain.endCaps[3], siblings: chain.tree.siblings(5)))
        expectWitness(circuit, endCap)
        expectNoWitness(circuit, endCap.setting(Self.childOffset, [.one]))
    }

    @Test func rejects_level_of_the_child() throws {
        let below = Self.childOffset + ChildOffset.below
        expectNoWitness(circuit, try input().setting(below, [1, 1, 0]))
        expectNoWitness(circuit, try input().setting(below, [1, 1, 1, 1]))
        expectNoWitness(circuit, try input().setting(below, [1, 0, 1, 1]))
    }

    @Test func rejects_child_by_another_circuit() throws {
        let rogue = try Rogue.shared.get()
        for kind in [ArtifactKind.endCap, .combine] {
            var header = child.header
            header.aggregator = kind == .combine ? network.combine.fingerprint : .zero
            let forged = try rogue.child(header, siblings: context.siblings, as: kind)
            expectNoWitness(
                circuit, try network.blockInput(state: chain.state, child: forged), kind.name)
            #expect(throws: VerificationError.busImbalance) {
                try network.proveBlock(forged.artifact, context)
            }
        }
    }

    /// The witness of a block that takes the rogue for the end cap, proved under the real block's key.
    @Test func rejects_witness_of_a_block_with_another_whitelist() throws {
        let rogue = try Rogue.shared.get()
        let other = OtherPolynomial([rogue.key, network.combine], network)
        let lax = try other.block(endCap: rogue.key.fingerprint)
        #expect(lax.rowCounts == circuit.rowCounts && lax.shape == circuit.shape)
        var header = chain.endCaps[3].header
        header.new = header.new.changed()
        let siblings = chain.tree.siblings(5)
        let forged = try rogue.child(header, siblings: siblings, as: .endCap)
        let input = try other.blockInput(state: chain.state, child: forged)
        expectNoWitness(circuit, input)
        let witness = try lax.witness(input: input)
        let statement = try network.blockStatement(
            header, BlockContext(state: chain.state, siblings: siblings))
        #expect(lax.statement(of: witness) == statement.digest)
        let broken = circuit.broken(witness)
        // The whitelist, and the root of the circuits' stacks.
        #expect(broken.rows.isEmpty && broken.copies.count == 2)
        #expect(try refusal(network.block, witness, statement.digest) == .busImbalance)
    }

    // MARK: the statement

    @Test func rejects_forged_statement() throws {
        let honest = round.block.statement
        var variants: [BlockStatement] = []
        func change(_ body: (inout BlockStatement) -> Void) {
            var copy = honest
            body(&copy)
            variants.append(copy)
        }
        change { $0.previous = honest.previous.changed() }
        change { $0.new = honest.new.changed(7) }
        change { swap(&$0.previous, &$0.new) }
        change { $0.height += 1 }
        change { $0.users += 1 }
        change { $0.transactions += 1 }
        change { $0.slots -= 1 }
        change { swap(&$0.transactions, &$0.slots) }
        for statement in variants {
            let forged = BlockArtifact(statement: statement, proof: round.block.proof)
            #expect(throws: VerificationError.busImbalance) { try network.verify(forged) }
        }
    }

    /// The prover goes on with a true witness and a false statement.
    @Test func rejects_proof_made_for_a_forged_statement() throws {
        var statement = try network.blockStatement(child.header, context)
        statement.new = chain.state.digest
        #expect(
            try refusal(network.block, circuit.witness(input: input()), statement.digest)
                == .busImbalance)
    }

    @Test func rejects_block_of_another_round() throws {
        let other = try Round.single.get().block
        #expect(throws: VerificationError.busImbalance) {
            try network.verify(BlockArtifact(statement: round.block.statement, proof: other.proof))
        }
    }

    @Test func rejects_block_under_other_verifier_data() throws {
        let (proof, statement) = (round.block.proof, round.block.statement.digest)
        #expect(refusal(network.blockVerifier, proof, statement) == nil)
        for verifier in [
            network.combineVerifier, network.endCapVerifier,
            try Verifier(network.signature.verifierData),
        ] {
            #expect(refusal(verifier, proof, statement) != nil)
        }
        let data = network.block.verifierData
        for limb in 0..<8 {
            let other = VerifierData(
                preprocessedRoot: data.preprocessedRoot.changed(limb), shape: data.shape)
            #expect(refusal(try Verifier(other), proof, statement) == .busImbalance)
        }
    }

    @Test func rejects_tampered_block_artifact() throws {
        let bytes = round.block.bytes
        var random = Random(seed: 41)
        for i in 0..<60 {
            // Every part of the statement, then anywhere.
            let at = i < 20 ? 6 + 4 * i : random.index(below: bytes.count)
            var forged = bytes
            forged[at] ^= UInt8(1 << random.index(below: 8))
            do {
                try network.verify(BlockArtifact(bytes: forged))
                Issue.record("byte \(at) changed, and it verifies")
            } catch is ArtifactError {
            } catch is VerificationError {
            } catch {
                Issue.record("byte \(at): \(error)")
            }
        }
    }
}
