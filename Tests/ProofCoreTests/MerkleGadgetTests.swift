// The Merkle path gadget: the root of the leaf at the index, and of no other.

import ProofCore
import Testing

@Suite struct MerkleGadgetTests {
    private static let depth = 3

    /// Statement: hash(5, root ‖ index). The leaf is an input: nothing but the gadget makes it plain.
    private static let circuit = Result {
        let b = CircuitBuilder(name: "path")
        let (leaf, index) = (b.inputDigest(), b.inputBase())
        let root = b.merkleRoot(
            leaf: leaf, index: index, siblings: (0..<depth).map { _ in b.inputDigest() })
        b.setStatement(b.hash(tag: 5, blocks: [root, b.digest(ofBase: [index])], count: 16))
        return try b.build()
    }

    private func input(_ index: Int) -> (leaf: Digest, siblings: [Digest], input: [Field]) {
        var random = RandomElements(seed: 91)
        let d = (0..<(1 + Self.depth)).map { _ in Digest((0..<8).map { _ in random.field() }) }
        return (d[0], Array(d[1...]), d[0].limbs + [Field(index)] + d[1...].flatMap(\.limbs))
    }

    private func root(_ leaf: Digest, _ siblings: [Digest], bits: Int) -> Digest {
        siblings.enumerated().reduce(leaf) { current, level in
            (bits >> level.offset) & 1 == 1
                ? Poseidon2.compress(level.element, current)
                : Poseidon2.compress(current, level.element)
        }
    }

    @Test(arguments: 0..<8) func root_is_that_of_the_leaf_at_the_index(_ index: Int) throws {
        let circuit = try Self.circuit.get()
        let (leaf, siblings, input) = input(index)
        let test = try TestProof(circuit, input: input)
        let root = root(leaf, siblings, bits: index)
        #expect(
            test.statement
                == Poseidon2.hash(
                    tag: 5, root.limbs + [Field(index)] + [Field](repeating: 0, count: 7)))
        try test.verifier.verify(test.proof, statement: test.statement)
    }

    /// An index of more bits than the path has: no witness, and no proof of the walk to its low bits.
    @Test(arguments: [8, 9, 1 << 20]) func index_beyond_the_path_has_no_proof(_ index: Int) throws {
        #expect(throws: WitnessError.self) {
            try Self.circuit.get().witness(input: input(index).input)
        }
        let b = CircuitBuilder(name: "path")
        let (leaf, position) = (b.inputDigest(), b.inputBase())
        b.setStatement(
            b.merkleRoot(
                leaf: leaf, index: position, siblings: (0..<Self.depth).map { _ in b.inputDigest() }
            ))
        _ = b.digest(ofBase: [position])
        let circuit = try b.build()
        let test = try TestProof(circuit, input: input(index & 7).input)
        let rows = circuit.rowCounts[ChipKind.limbs.rawValue]
        // The last three rows: the top of the path, the digest of the index, the statement.
        func claiming(_ index: Int) throws -> VerificationError? {
            try test.refusal { witness in
                witness.cells[circuit.cell(.limbs, 8, rows - 3)] = Field(index)
                witness.cells[circuit.cell(.limbs, 0, rows - 2)] = Field(index)
            }
        }
        #expect(try claiming(index & 7) == nil)
        #expect(try claiming(index) == .busImbalance)
    }

    /// Walks another way than the index says, every row consistent with its neighbours, and proves.
    private func forge(
        claimed: Int, walked: Int, offset: Field, bitColumn: (Int) -> Field
    ) throws -> (error: VerificationError?, broken: Int, rowsBroken: Int) {
        // Here the root itself is the statement, and the index a constant.
        let b = CircuitBuilder(name: "forged path")
        let leafTarget = b.inputDigest()
        let siblingTargets = (0..<Self.depth).map { _ in b.inputDigest() }
        b.setStatement(
            b.merkleRoot(
                leaf: leafTarget, index: b.constant(Field(claimed)), siblings: siblingTargets))
        let circuit = try b.build()
        let (leaf, siblings, _) = input(0)
        let test = try TestProof(circuit, input: leaf.limbs + siblings.flatMap(\.limbs))
        let witness = try circuit.witness(input: test.input)
        var current = leaf
        var index = offset
        var rowsBroken = 0
        for level in 0..<Self.depth {
            let right = (walked >> level) & 1 == 1
            let pair = right ? [siblings[level], current] : [current, siblings[level]]
            var row = circuit.row(.poseidon, level, of: witness)
            row.witness.replaceSubrange(0..<16, with: pair.flatMap(\.limbs))
            row.witness[PoseidonColumns.index] = index
            row.witness[PoseidonColumns.bit] = right ? bitColumn(level) : .zero
            row.repair()
            rowsBroken += row.broken.count
            circuit.write(row, level, to: witness)
            current = Poseidon2.compress(pair[0], pair[1])
            index += row.witness[PoseidonColumns.bit] * Field(1 << level)
        }
        // The top's row and the statement's row are the last of their table.
        let last = circuit.rowCounts[ChipKind.limbs.rawValue] - 1
        for r in [last - 1, last] {
            var row = circuit.row(.limbs, r, of: witness)
            row.witness.replaceSubrange(0..<8, with: current.limbs)
            if r == last - 1 { row.witness[8] = index }
            circuit.write(row, r, to: witness)
        }
        let proof = test.prove(witness, statement: current)
        return (
            refusal(test.verifier, proof, current), circuit.brokenCopies(of: witness).count,
            rowsBroken
        )
    }

    /// The control: the forger's way of writing rows is right when it does not lie.
    @Test(arguments: 0..<8) func accepts_honest_walk(_ index: Int) throws {
        let result = try forge(claimed: index, walked: index, offset: .zero) { _ in .one }
        #expect(result.error == nil && result.broken == 0 && result.rowsBroken == 0)
    }

    @Test func rejects_walk_to_another_index() throws {
        let result = try forge(claimed: 5, walked: 4, offset: .zero) { _ in .one }
        #expect(result.error == .busImbalance && result.broken == 1)
    }

    /// The leaf's ninth element would shift the index: it is zero for every leaf, also one that is a bare input.
    @Test func rejects_leaf_whose_ninth_element_shifts_the_index() throws {
        for (claimed, walked) in [(5, 4), (4, 5), (0, 7)] {
            let offset = Field(claimed) - Field(walked)
            let result = try forge(claimed: claimed, walked: walked, offset: offset) { _ in .one }
            // Everything holds but the leaf's own ninth element.
            #expect(result.error == .busImbalance && result.broken == 1 && result.rowsBroken == 0)
        }
    }

    /// A step that is swapped is a step whose bit is one.
    @Test func rejects_swap_without_its_bit() throws {
        let result = try forge(claimed: 0, walked: 2, offset: .zero) { _ in .zero }
        #expect(result.error == .busImbalance && result.broken >= 1)
    }
}
