// The gadgets: each computes its formula, and what it forbids has no witness or no proof.

import ProofCore
import Testing

@Suite struct GadgetTests {
    private func circuit(_ build: (CircuitBuilder) -> DigestTarget) throws -> Circuit {
        let b = CircuitBuilder(name: "gadget")
        b.setStatement(build(b))
        return try b.build()
    }

    private func statement(_ input: [Field], _ build: (CircuitBuilder) -> DigestTarget) throws
        -> Digest
    {
        let circuit = try circuit(build)
        let witness = try circuit.witness(input: input)
        #expect(circuit.brokenCopies(of: witness) == [])
        return circuit.statement(of: witness)
    }

    /// The values as one digest: their limbs hashed.
    private func pack(_ b: CircuitBuilder, _ values: [ExtTarget]) -> DigestTarget {
        let blocks = b.blocks(of: values)
        return b.hash(tag: 4, blocks: blocks, count: 8 * blocks.count)
    }

    private func packed(_ values: [Extension]) -> Digest {
        let limbs = values.flatMap(\.limbs)
        return Poseidon2.hash(
            tag: 4, limbs + [Field](repeating: .zero, count: (8 - limbs.count % 8) % 8))
    }

    private func contradicts(_ circuit: Circuit, _ input: [Field]) -> Bool {
        do {
            _ = try circuit.witness(input: input)
            return false
        } catch WitnessError.contradiction {
            return true
        } catch {
            return false
        }
    }

    /// What the verifier says to the proof of an honest witness in which an attacker then wrote other cells.
    private func refusalOfProof(
        _ circuit: Circuit, _ input: [Field],
        writing cells: [(kind: ChipKind, column: Int, row: Int, value: Field)] = []
    ) throws -> VerificationError? {
        try TestProof(circuit, input: input).refusal { witness in
            for cell in cells {
                witness.cells[circuit.cell(cell.kind, cell.column, cell.row)] = cell.value
            }
        }
    }

    // MARK: arithmetic

    @Test func arithmetic_is_that_of_the_extension() throws {
        var random = RandomElements(seed: 81)
        let (x, y, z) = (
            random.extensionElement(), random.extensionElement(), random.extensionElement()
        )
        let got = try statement([x, y, z].flatMap(\.limbs)) { b in
            let (x, y, z) = (b.inputElement(), b.inputElement(), b.inputElement())
            return pack(
                b,
                [
                    b.mulAdd(x, y, z), b.mulSubtract(from: z, x, y), b.add(x, y), b.subtract(x, y),
                    b.multiply(x, y),
                    b.inverse(x), b.interpolate(x, y, z), b.horner([x, y, z], x), b.sum([x, y, z]),
                    b.sum([]),
                    b.constant(Field(7)), b.constant(Extension.x),
                ])
        }
        let product: Extension = x * y
        let quadratic: Extension = x + x * y + x * x * z
        #expect(
            got
                == packed([
                    product + z, z - product, x + y, x - y, product, x.inverse, x + z * (y - x),
                    quadratic, x + y + z, .zero,
                    Extension(Field(7)), .x,
                ]))
    }

    @Test func inverse_of_zero_has_no_proof() throws {
        let circuit = try circuit { b in
            let x = b.inputElement()
            b.assertNonZero(x)
            _ = b.blocks(of: [x])
            return pack(b, [b.one])
        }
        #expect(try refusalOfProof(circuit, [0, 0, 0, 0, 1]) == nil)
        #expect(contradicts(circuit, [0, 0, 0, 0, 0]))
        // Zero wherever the element stands.
        #expect(
            try refusalOfProof(
                circuit, [0, 0, 0, 0, 1], writing: [(.mulAdd, 4, 0, 0), (.pack, 4, 0, 0)])
                == .busImbalance)
    }

    @Test func asserted_zero_sum_and_copy_hold_or_have_no_witness() throws {
        let zero = try circuit { b in
            let x = b.inputElement()
            b.assertZero(x)
            return pack(b, [x])
        }
        #expect(!contradicts(zero, [0, 0, 0, 0, 0]) && contradicts(zero, [0, 0, 1, 0, 0]))
        let sum = try circuit { b in
            let x = (0..<4).map { _ in b.inputElement() }
            b.assertMulAdd(x[0], x[1], x[2], equals: x[3])
            _ = b.blocks(of: x)
            return pack(b, [b.one])
        }
        func input(_ values: Int...) -> [Field] { values.flatMap { [Field($0), 0, 0, 0, 0] } }
        #expect(try refusalOfProof(sum, input(3, 5, 7, 22)) == nil)
        #expect(contradicts(sum, input(3, 5, 7, 23)))
        #expect(
            try refusalOfProof(sum, input(3, 5, 7, 22), writing: [(.pack, 15, 0, 23)])
                == .busImbalance)
        let digests = try circuit { b in
            let (x, y) = (b.inputDigest(), b.inputDigest())
            b.connect(x, y)
            return b.compress(x, y)
        }
        let eight = (1...8).map { Field($0) }
        #expect(!contradicts(digests, eight + eight))
        for i in 0..<8 {
            var other = eight
            other[i] += .one
            #expect(contradicts(digests, eight + other))
        }
    }

    // MARK: hashing

    @Test(arguments: [1, 2, 3, 5]) func hashes_are_the_native_ones(_ blocks: Int) throws {
        var random = RandomElements(seed: 82)
        let limbs = (0..<(8 * blocks)).map { _ in random.field() }
        let digests = (0..<blocks).map { Digest(limbs[(8 * $0)..<(8 * $0 + 8)]) }
        #expect(
            try statement(limbs) { b in
                b.hash(tag: 6, blocks: (0..<blocks).map { _ in b.inputDigest() }, count: 8 * blocks)
            } == Poseidon2.hash(tag: 6, limbs))
        guard blocks > 1 else { return }
        #expect(
            try statement(limbs) { b in b.leafHash((0..<blocks).map { _ in b.inputDigest() }) }
                == Poseidon2.leaf(limbs))
        #expect(
            try statement(limbs) { b in
                let d = (0..<blocks).map { _ in b.inputDigest() }
                return b.compress(d[0], d[1])
            } == Poseidon2.compress(digests[0], digests[1]))
    }

    @Test func permutation_gives_both_halves() throws {
        let input = (1...16).map { Field($0) }
        let out = Poseidon2.permuted(input)
        for half in 0..<2 {
            let got = try statement(input) { b in
                let p = b.permute(b.inputDigest(), b.inputDigest())
                return half == 0 ? p.left : p.right
            }
            #expect(got == Digest(out[(8 * half)..<(8 * half + 8)]))
        }
    }

    // MARK: conversions

    @Test(arguments: 1...17) func blocks_are_limbs_in_order(_ count: Int) throws {
        var random = RandomElements(seed: UInt64(count))
        let values = (0..<count).map { _ in random.extensionElement() }
        let got = try statement(values.flatMap(\.limbs)) { b in
            pack(b, (0..<count).map { _ in b.inputElement() })
        }
        #expect(got == packed(values))
    }

    @Test func limbs_elements_and_digests_convert() throws {
        let input = (11...18).map { Field($0) }
        let got = try statement(input) { b in
            let d = b.inputDigest()
            let limbs = b.limbs(of: d)
            b.connect(b.digest(ofBase: limbs), d)
            return pack(
                b,
                [b.element(of: d)] + limbs
                    + b.limbs(of: b.digest(ofBase: Array(limbs[0..<2])), count: 3))
        }
        let base = (input + [11, 12, 0]).map { Extension($0) }
        #expect(got == packed([Extension(limbs: input[0..<5])] + base))
    }

    // MARK: bits

    @Test(arguments: [1, 2, 8, 30]) func bits_are_the_binary_digits_and_bound_the_range(
        _ count: Int
    ) throws {
        let circuit = try circuit { b in
            let x = b.inputElement()
            return pack(b, [x] + b.bits(of: x, count: count))
        }
        let top = 1 << count
        for value in [0, 1, top - 1, top / 3] {
            let witness = try circuit.witness(input: [Field(value), 0, 0, 0, 0])
            let bits = (0..<count).map { Extension(Field((value >> $0) & 1)) }
            #expect(circuit.statement(of: witness) == packed([Extension(Field(value))] + bits))
        }
        for value in [top, top + 1, Int(Field.modulus) - 1] {
            #expect(contradicts(circuit, [Field(value), 0, 0, 0, 0]))
        }
        for limb in 1..<5 {  // no base element
            var input: [Field] = [1, 0, 0, 0, 0]
            input[limb] = .one
            #expect(contradicts(circuit, input))
        }
    }

    @Test(arguments: [0, 1]) func select_chooses(_ bit: Int) throws {
        let (x, y) = ((1...8).map { Field($0) }, (21...28).map { Field($0) })
        let got = try statement([Field(bit)] + x + y) { b in
            let s = b.inputBase()
            return b.select(s, b.inputDigest(), b.inputDigest())
        }
        #expect(got == Digest(bit == 0 ? x : y))
    }

    @Test(arguments: [2, 3, Int(Field.modulus) - 1]) func bit_that_is_none_has_no_proof(
        _ value: Int
    ) throws {
        let circuit = try circuit { b in
            let s = b.inputBase()
            b.assertBit(s)
            _ = b.blocks(of: [s])
            return pack(b, [b.one])
        }
        #expect(try refusalOfProof(circuit, [1]) == nil)
        #expect(contradicts(circuit, [Field(value)]))
        let value = Field(value)
        #expect(
            try refusalOfProof(
                circuit, [1], writing: [(.select, 0, 0, value), (.pack, 0, 0, value)]) == .zerocheck
        )
    }

    /// A port of one entry forces a base element.
    @Test(arguments: 1..<5) func element_with_upper_limbs_has_no_proof_where_a_base_is_taken(
        _ limb: Int
    ) throws {
        let uses: [(CircuitBuilder, ExtTarget) -> DigestTarget] = [
            { b, x in b.digest(ofBase: [x]) },
            { b, x in b.select(x, b.constant(Digest.zero), b.constant(Digest.zero)) },
            { b, x in pack(b, [b.index(of: x, bits: 8).index]) },
        ]
        for use in uses {
            let circuit = try circuit { b in
                let x = b.inputElement()
                _ = b.blocks(of: [x])
                return b.hash(tag: 2, blocks: [use(b, x)], count: 8)
            }
            #expect(try refusalOfProof(circuit, [1, 0, 0, 0, 0]) == nil)
            var input: [Field] = [1, 0, 0, 0, 0]
            input[limb] = .one
            if !contradicts(circuit, input) {
                #expect(try refusalOfProof(circuit, input) == .busImbalance)
            }
            #expect(
                try refusalOfProof(circuit, [1, 0, 0, 0, 0], writing: [(.pack, limb, 0, .one)])
                    == .busImbalance)
        }
    }
}
