// What no combine can be made of: with honest proofs as children, and past the witness check.

import Parth
import ProofCore
import Testing

@Suite struct CombineTests {
    private let chain: Chain
    private let network: Network
    private let round: Round
    private let circuit: Circuit

    init() throws {
        chain = try Chain.shared.get()
        network = chain.network
        round = try Round.all.get()
        circuit = network.combine.circuit
    }

    /// The input of a combine of the round, with parts exchanged.
    private func input(
        level: Int, first: UInt32, left: TransitionArtifact? = nil,
        right: TransitionArtifact? = nil, claimed: Int? = nil,
        blockRoot: Digest? = nil, aggregator: Digest? = nil
    ) throws -> [Field] {
        let node = round.plan.nodes.first { $0.level == level && $0.first == first }!
        let context = round.context(level: level, first: first)
        return try network.combineInput(
            blockRoot: blockRoot ?? chain.state.digest,
            aggregator: aggregator ?? network.combine.fingerprint, level: claimed ?? level,
            left: try chain.input(
                left ?? round.artifact(node.left), siblings: context.leftSiblings),
            right: try chain.input(
                right ?? round.artifact(node.right), siblings: context.rightSiblings))
    }

    /// The combine of users 5 and {6, 7}: an end cap and a combine.
    private func honest() throws -> [Field] { try input(level: 2, first: 4) }
    private var artifact: TransitionArtifact { round.node(level: 2, first: 4) }
    private var leftRecord: Int { CombineOffset.left + ChildOffset.record }
    private func right(_ input: [Field]) -> Int { CombineOffset.right(input) }

    @Test func honest_input_has_a_witness() throws {
        let witness = try circuit.witness(input: honest())
        #expect(circuit.statement(of: witness) == artifact.header.digest)
    }

    // MARK: children

    @Test func rejects_tampered_child_proof_natively() throws {
        let (left, right) = (round.node(level: 2, first: 0), artifact)
        var random = Random(seed: 21)
        for side in 0..<2 {
            for _ in 0..<8 {
                var bytes = (side == 0 ? left : right).proof.bytes
                bytes[random.index(below: bytes.count)] ^= UInt8(1 << random.index(below: 8))
                let honest = side == 0 ? left : right
                let forged = TransitionArtifact(
                    kind: .combine, header: honest.header, claim: honest.claim,
                    proof: Proof(bytes: bytes))
                let error = failure(VerificationError.self) {
                    try network.proveCombine(
                        side == 0 ? forged : left, side == 0 ? right : forged,
                        round.context(level: 3, first: 0))
                }
                #expect(error != nil)
            }
        }
    }

    @Test func rejects_tampered_child_proof_in_the_circuit() throws {
        let input = try honest()
        let length = right(input) - CombineOffset.left - ChildOffset.record
        for start in [leftRecord, right(input) + ChildOffset.record] {
            for limb in [0, 8, 13, 40, length / 3, length / 2, length - 1] {
                expectNoWitness(circuit, input.changing(start + limb), "limb \(limb)")
            }
        }
    }

    @Test func rejects_wrong_verifier_data() throws {
        let input = try honest()
        for start in [CombineOffset.left, right(input)] {
            for limb in 0..<8 {
                expectNoWitness(
                    circuit, input.changing(start + ChildOffset.preprocessedRoot + limb))
            }
        }
        // The end cap's proof under the combine's root, and the other way round.
        let (endCap, combine) = (
            network.endCap.verifierData.preprocessedRoot.limbs,
            network.combine.verifierData.preprocessedRoot.limbs
        )
        expectNoWitness(
            circuit, input.setting(CombineOffset.left + ChildOffset.preprocessedRoot, combine))
        expectNoWitness(circuit, input.setting(right(input) + ChildOffset.preprocessedRoot, endCap))
    }

    @Test func rejects_child_of_the_wrong_kind() throws {
        let input = try honest()
        expectNoWitness(
            circuit, input.setting(CombineOffset.left, [.one]), "an end cap as a combine")
        expectNoWitness(circuit, input.setting(right(input), [.zero]), "a combine as an end cap")
    }

    /// The flag that chooses between the two allowed fingerprints, set to two.
    @Test func rejects_kind_that_is_no_bit() throws {
        let input = try honest()
        expectNoWitness(circuit, input.setting(right(input), [2]))
    }

    @Test(arguments: [
        ChildOffset.first, ChildOffset.old, ChildOffset.new, ChildOffset.users,
        ChildOffset.transactions, ChildOffset.slots,
    ])
    func rejects_changed_header_of_a_child(_ offset: Int) throws {
        let input = try honest()
        expectNoWitness(circuit, input.changing(CombineOffset.left + offset))
        expectNoWitness(circuit, input.changing(right(input) + offset))
    }

    @Test func rejects_children_under_another_block_root() throws {
        expectNoWitness(
            circuit, try input(level: 2, first: 4, blockRoot: chain.state.digest.changed()))
        // One child from another chain state: natively, then in the circuit under either root.
        let other = try network.proveEndCap(EndCapCase().witness)
        let context = CombineContext(
            level: 4, leftSiblings: [.zero, .zero, .zero], rightSiblings: [.zero, .zero, .zero])
        let error = failure(StatementError.self) {
            try network.proveCombine(chain.endCaps[3], other, context)
        }
        #expect(
            error?.description.hasPrefix(
                "block root of the right child: expected \(chain.state.digest.hex)") == true)
        let siblings = [Digest](repeating: .zero, count: 3)
        for root in [chain.state.digest, other.header.blockRoot] {
            let input = try network.combineInput(
                blockRoot: root, aggregator: network.combine.fingerprint, level: 4,
                left: try chain.input(chain.endCaps[3], siblings: siblings),
                right: try chain.input(other, siblings: siblings))
            expectNoWitness(circuit, input)
        }
    }

    @Test func rejects_another_aggregator() throws {
        // A combine among the children carries the combine's fingerprint.
        expectNoWitness(circuit, try input(level: 2, first: 4, aggregator: .zero))
        expectNoWitness(
            circuit, try input(level: 2, first: 4, aggregator: network.endCap.fingerprint))
        expectNoWitness(
            circuit,
            try input(level: 2, first: 4, aggregator: network.combine.fingerprint.changed()))
    }

    /// Over two end caps any aggregator has a proof; it is worth nothing.
    @Test func rejects_combine_of_end_caps_that_carries_another_aggregator() throws {
        let rogue = try Rogue.shared.get().key.fingerprint
        var header = round.node(level: 1, first: 6).header
        header.aggregator = rogue
        let proof = try Prover(key: network.combine).prove(
            input: input(level: 1, first: 6, aggregator: rogue), statement: header.digest)
        #expect(refusal(try Verifier(network.combine), proof, header.digest) == nil)
        let forged = TransitionArtifact(
            kind: .combine, header: header, claim: round.node(level: 1, first: 6).claim,
            proof: proof)
        let expected =
            "combine aggregator: expected \(network.combine.fingerprint.hex), got \(rogue.hex)"
        #expect(
            failure(StatementError.self) { try network.verify(forged) }?.description == expected)
        #expect(
            failure(StatementError.self) {
                try network.proveCombine(
                    chain.endCaps[3], forged, round.context(level: 2, first: 4))
            }?.description == expected)
        // Nor as a child in the circuit, whichever aggregator the parent carries.
        let siblings = round.context(level: 2, first: 4)
        for aggregator in [network.combine.fingerprint, rogue] {
            let child = ChildInput(
                artifact: forged, verifierData: network.combine.verifierData,
                record: try network.combineVerifier.replay(proof, statement: header.digest).record,
                siblings: siblings.rightSiblings)
            expectNoWitness(
                circuit,
                try network.combineInput(
                    blockRoot: chain.state.digest, aggregator: aggregator, level: 2,
                    left: try chain.input(chain.endCaps[3], siblings: siblings.leftSiblings),
                    right: child))
        }
    }

    // MARK: positions

    @Test func rejects_swapped_children() throws {
        let (left, right) = (chain.endCaps[3], round.node(level: 1, first: 6))
        expectNoWitness(circuit, try input(level: 2, first: 4, left: right, right: left))
        let context = round.context(level: 2, first: 4)
        let swapped = CombineContext(
            level: 2, leftSiblings: context.rightSiblings, rightSiblings: context.leftSiblings)
        let error = failure(StatementError.self) { try network.proveCombine(right, left, swapped) }
        #expect(
            error?.description
                == "combine at level 2: expected a left and a right descendant, got (1, 6) and (0, 5)"
        )
    }

    @Test func rejects_the_same_child_twice() throws {
        for child in [chain.endCaps[3], round.node(level: 1, first: 6)] {
            for level in [1, 2, 30] {
                expectNoWitness(
                    circuit,
                    try input(level: 2, first: 4, left: child, right: child, claimed: level),
                    "level \(level)")
                let siblings = [Digest](
                    repeating: .zero, count: max(0, level - 1 - Int(child.header.level)))
                let context = CombineContext(
                    level: level, leftSiblings: siblings, rightSiblings: siblings)
                #expect(throws: StatementError.self) {
                    try network.proveCombine(child, child, context)
                }
            }
        }
    }

    /// User 6 beside the combine of 6 and 7.
    @Test func rejects_child_inside_the_others_subtree() throws {
        let (endCap, combine) = (chain.endCaps[4], round.node(level: 1, first: 6))
        for (left, right) in [(endCap, combine), (combine, endCap)] {
            for level in 1...30 {
                expectNoWitness(
                    circuit,
                    try input(level: 2, first: 4, left: left, right: right, claimed: level),
                    "level \(level)")
            }
            let context = CombineContext(level: 2, leftSiblings: [], rightSiblings: [.zero])
            #expect(throws: StatementError.self) { try network.proveCombine(left, right, context) }
        }
    }

    @Test func rejects_every_other_level() throws {
        for level in 1...30 where level != 2 {
            expectNoWitness(
                circuit, try input(level: 2, first: 4, claimed: level), "level \(level)")
        }
    }

    @Test func refuses_wrong_number_of_siblings() throws {
        let context = round.context(level: 2, first: 4)
        for siblings in [[], context.leftSiblings + [.zero]] {
            let wrong = CombineContext(
                level: 2, leftSiblings: siblings, rightSiblings: context.rightSiblings)
            let error = failure(StatementError.self) {
                try network.proveCombine(chain.endCaps[3], artifact, wrong)
            }
            #expect(error != nil)
            let sibling = failure(StatementError.self) {
                try network.proveCombine(chain.endCaps[3], round.node(level: 1, first: 6), wrong)
            }
            #expect(sibling?.description == "siblings of (0, 5): expected 1, got \(siblings.count)")
        }
    }

    // MARK: the statement

    @Test func rejects_proof_of_another_header() throws {
        for (field, header) in artifact.header.variants {
            #expect(
                refusal(network.combineVerifier, artifact.proof, header.digest) == .busImbalance,
                "\(field)")
            let error = failure(StatementError.self) {
                try network.verify(
                    TransitionArtifact(
                        kind: .combine, header: header, claim: artifact.claim, proof: artifact.proof
                    ))
            }
            #expect((error != nil) == ["aggregator", "deferred"].contains(field))
        }
    }

    @Test func rejects_artifact_of_the_other_kind() throws {
        let combine = TransitionArtifact(
            kind: .endCap, header: artifact.header, proof: artifact.proof)
        #expect(throws: StatementError.self) { try network.verify(combine) }
        let endCap = TransitionArtifact(
            kind: .combine, header: chain.endCaps[0].header, claim: artifact.claim,
            proof: chain.endCaps[0].proof)
        #expect(throws: StatementError.self) { try network.verify(endCap) }
    }

    /// The prover goes on with a true witness and a false header.
    @Test(arguments: ["users", "new", "first", "level"]) func rejects_forged_header(_ field: String)
        throws
    {
        let header = artifact.header.variants.first { $0.field == field }!.header
        #expect(
            try refusal(network.combine, circuit.witness(input: honest()), header.digest)
                == .busImbalance)
    }

    // MARK: siblings

    /// A combine does not know the tree: any siblings lead to some header. Under the block root, none but the tree's do.
    @Test func combine_over_wrong_siblings_fits_no_block() throws {
        var context = round.context(level: 2, first: 4)
        context = CombineContext(
            level: 2, leftSiblings: context.leftSiblings.map { $0.changed() }, rightSiblings: [])
        let forged = try network.proveCombine(
            chain.endCaps[3], round.node(level: 1, first: 6), context)
        try network.verify(forged)
        let blockContext = BlockContext(
            state: chain.state, siblings: chain.tree.siblings(level: 2, 1))
        let error = failure(StatementError.self) { try network.proveBlock(forged, blockContext) }
        #expect(
            error?.description.hasPrefix("block root: expected \(chain.state.digest.hex)") == true)
        expectNoWitness(
            network.block.circuit,
            try network.blockInput(
                state: chain.state, child: try chain.input(forged, siblings: blockContext.siblings))
        )
    }

    /// Another sibling on the new path than on the old one, as well as it can be forged: the rows of the new path come from a second
    /// true witness, the rows of the header's hash from a third, so that every row is valid and every copy holds but the siblings'.
    @Test func rejects_sibling_changed_between_old_and_new_path() throws {
        let first = try honest()
        var context = round.context(level: 2, first: 4)
        context = CombineContext(
            level: 2, leftSiblings: context.leftSiblings.map { $0.changed() }, rightSiblings: [])
        let (left, right) = (chain.endCaps[3], round.node(level: 1, first: 6))
        let second = try network.combineInput(
            blockRoot: chain.state.digest, aggregator: network.combine.fingerprint, level: 2,
            left: try chain.input(left, siblings: context.leftSiblings),
            right: try chain.input(right, siblings: []))
        let other = try network.combinedHeader(left.header, right.header, context)
        var forged = artifact.header
        forged.new = other.new
        #expect(forged.old != other.old && artifact.header.new != other.new)

        let (a, b) = (try circuit.witness(input: first), try circuit.witness(input: second))
        let (lift, header) = (LiftRows(circuit), try HeaderHash(forged))
        for row in lift.newSelects {
            circuit.copyRow(.select, row, from: b, row: row, of: circuit, to: a)
        }
        for row in lift.newHashes {
            circuit.copyRow(.poseidon, row, from: b, row: row, of: circuit, to: a)
        }
        for i in 0..<HeaderHash.rows {
            circuit.copyRow(
                .poseidon, lift.header + i, from: header.witness, row: i, of: header.circuit, to: a)
        }
        for (i, limb) in forged.digest.limbs.enumerated() {
            a.cells[circuit.cell(.limbs, i, circuit.rowCounts[ChipKind.limbs.rawValue] - 1)] = limb
        }
        #expect(circuit.statement(of: a) == forged.digest)
        let broken = circuit.broken(a)
        #expect(broken.rows.isEmpty && broken.copies.count == 1)
        #expect(try refusal(network.combine, a, forged.digest) == .busImbalance)
    }

    // MARK: the whitelist

    /// A proof by another circuit of the same shape, said to be an end cap's or a combine's.
    @Test func rejects_child_by_another_circuit() throws {
        let rogue = try Rogue.shared.get()
        let node = round.context(level: 2, first: 4)
        let right = try chain.input(round.node(level: 1, first: 6), siblings: [])
        for kind in [ArtifactKind.endCap, .combine] {
            var header = chain.endCaps[3].header
            header.aggregator = kind == .combine ? network.combine.fingerprint : .zero
            let child = try rogue.child(header, siblings: node.leftSiblings, as: kind)
            let input = try network.combineInput(
                blockRoot: chain.state.digest, aggregator: network.combine.fingerprint, level: 2,
                left: child, right: right)
            expectNoWitness(circuit, input, kind.name)
            #expect(throws: VerificationError.busImbalance) {
                try network.proveCombine(child.artifact, round.node(level: 1, first: 6), node)
            }
        }
    }

    /// The witness of a combine that allows the rogue as an end cap, proved under the real combine's key: the whitelist is a constant
    /// of the key, so all rows are valid and one copy is broken.
    @Test func rejects_witness_of_a_combine_with_another_whitelist() throws {
        let rogue = try Rogue.shared.get()
        let lax = try CombineCircuit.build(shape: Network.shape, endCap: rogue.key.fingerprint)
        #expect(lax.rowCounts == circuit.rowCounts)
        var forged = chain.endCaps[3].header
        forged.new = forged.new.changed()
        let node = round.context(level: 2, first: 4)
        // Two rogue end caps: under the real combine's key only the whitelist is wrong.
        var second = chain.endCaps[4].header
        second.slots = 1 << 20
        let context = CombineContext(
            level: 2, leftSiblings: node.leftSiblings, rightSiblings: [chain.tree[7]])
        let (l, r) = (
            try rogue.child(forged, siblings: context.leftSiblings, as: .endCap),
            try rogue.child(second, siblings: context.rightSiblings, as: .endCap)
        )
        let input = try network.combineInput(
            blockRoot: chain.state.digest, aggregator: network.combine.fingerprint, level: 2,
            left: l, right: r)
        expectNoWitness(circuit, input)
        let witness = try lax.witness(input: input)
        var header = try network.combinedHeader(forged, second, context)
        header.deferred = claimDigest(try network.joined(l, r).claim)
        #expect(lax.statement(of: witness) == header.digest)
        let broken = circuit.broken(witness)
        #expect(broken.rows.isEmpty && broken.copies.count == 1)
        #expect(try refusal(network.combine, witness, header.digest) == .busImbalance)
    }

    /// A combine whose children are combines by the rogue carries the rogue as its aggregator and has a proof, since it cannot contain
    /// its own fingerprint. Whoever looks at the aggregator refuses it, and so does every parent and the block.
    @Test func rejects_combine_over_rogue_combines() throws {
        let rogue = try Rogue.shared.get()
        var (left, right) = (chain.endCaps[3].header, round.node(level: 1, first: 6).header)
        left.aggregator = rogue.key.fingerprint
        right.aggregator = rogue.key.fingerprint
        left.new = left.new.changed()
        let context = round.context(level: 2, first: 4)
        let (l, r) = (try rogue.child(left, siblings: context.leftSiblings), try rogue.child(right))
        let input = try network.combineInput(
            blockRoot: chain.state.digest, aggregator: rogue.key.fingerprint, level: 2, left: l,
            right: r)
        var header = try network.combinedHeader(left, right, context)
        let claim = try network.joined(l, r).claim
        header.deferred = claimDigest(claim)
        let honestAggregator = header
        header.aggregator = rogue.key.fingerprint
        let witness = try circuit.witness(input: input)
        let proof = try Prover(key: network.combine).prove(input: input, statement: header.digest)
        #expect(refusal(try Verifier(network.combine), proof, header.digest) == nil)
        let forged = TransitionArtifact(kind: .combine, header: header, claim: claim, proof: proof)
        #expect(throws: StatementError.self) { try network.verify(forged) }
        // The same witness under a header with the right aggregator.
        #expect(try refusal(network.combine, witness, honestAggregator.digest) == .busImbalance)
        // As the child of a parent and of a block.
        let record = try network.combineVerifier.replay(proof, statement: header.digest).record
        let up = round.context(level: 3, first: 0)
        let child = ChildInput(
            artifact: forged, verifierData: network.combine.verifierData, record: record,
            siblings: up.rightSiblings)
        let sibling = try chain.input(round.node(level: 2, first: 0), siblings: up.leftSiblings)
        for aggregator in [network.combine.fingerprint, rogue.key.fingerprint] {
            expectNoWitness(
                circuit,
                try network.combineInput(
                    blockRoot: chain.state.digest, aggregator: aggregator, level: 3, left: sibling,
                    right: child))
        }
        let blockChild = ChildInput(
            artifact: forged, verifierData: network.combine.verifierData, record: record,
            siblings: chain.tree.siblings(level: 2, 1))
        expectNoWitness(
            network.block.circuit, try network.blockInput(state: chain.state, child: blockChild))
    }
}

/// Where the rows of a combine's lifts are: its last ones. A child and level takes a compression and three selects on the old path, then
/// the same on the new one; after both children the ancestor's two compressions, then the claims joined and their digest, then the
/// header's hash.
private struct LiftRows {
    let newSelects: [Int]
    let newHashes: [Int]
    let header: Int

    init(_ circuit: Circuit) {
        let steps = 2 * Network.userTreeHeight
        let selects = circuit.rowCounts[ChipKind.select.rawValue] - 6 * steps
        newSelects = (0..<(6 * steps)).filter { $0 % 6 >= 3 }.map { selects + $0 }
        header = circuit.rowCounts[ChipKind.poseidon.rawValue] - HeaderHash.rows
        let claims = circuit.counts.first { $0.scope == "claims" }!.rows[ChipKind.poseidon.rawValue]
        let hashes = header - ClaimHash.rows - claims - 2 * (steps + 1)
        newHashes = (0...steps).map { hashes + 2 * $0 + 1 }
    }
}

private enum ClaimHash {
    static let rows = (5 * (Network.polynomialVariables + 1) + 7) / 8
}

/// The permutations of a header's hash, from a circuit that does nothing else.
private struct HeaderHash {
    static let rows = 6
    let circuit: Circuit
    let witness: Witness

    init(_ header: Header) throws {
        let b = CircuitBuilder(name: "header hash")
        let digests = (0..<5).map { _ in b.inputDigest() }
        let scalars = (0..<5).map { _ in b.inputBase() }
        b.setStatement(b.hash(.header, digests, scalars))
        circuit = try b.build()
        let numbers = [header.level, header.first, header.users, header.transactions, header.slots]
        witness = try circuit.witness(
            input: [header.blockRoot, header.old, header.new, header.aggregator, header.deferred]
                .flatMap(\.limbs)
                + numbers.map { Field($0) })
        precondition(circuit.statement(of: witness) == header.digest)
    }
}
