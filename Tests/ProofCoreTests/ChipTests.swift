// The nine chips against PROTOCOL.md section 4: their columns, what their ports say, every constraint broken alone.

import ProofCore
import Testing

@Suite struct ChipTests {
    /// (witness columns, named columns, ports, constraints) of section 4's table.
    private static let table: [(ChipKind, Int, Int, Int, Int)] = [
        (.poseidon, 86, 3, 4, 70), (.mulAdd, 15, 0, 4, 0), (.dot, 92, 0, 13, 0),
        (.power, 58, 1, 3, 12),
        (.index, 34, 12, 3, 35), (.pack, 40, 0, 14, 0), (.limbs, 9, 0, 12, 0),
        (.select, 17, 0, 4, 1),
        (.constant, 0, 8, 1, 0),
    ]

    @Test(arguments: table) func columns_are_those_of_the_protocol(
        _ kind: ChipKind, _ witness: Int, _ named: Int, _ ports: Int, _ constraints: Int
    ) {
        let chip = Chip[kind]
        #expect(chip.kind == kind && chip.witnessCount == witness && chip.namedCount == named)
        #expect(chip.ports.count == ports && chip.constraints.count == constraints)
        #expect(chip.preprocessedCount == named + 2 * ports)
        for k in chip.ports.indices {
            #expect(
                chip.addressColumn(port: k) == named + 2 * k
                    && chip.multiplicityColumn(port: k) == named + 2 * k + 1)
        }
    }

    @Test(arguments: ChipKind.allCases) func degrees_are_at_most_nine(_ kind: ChipKind) {
        let chip = Chip[kind]
        let degrees = chip.degrees
        for node in chip.ports.joined() + chip.constraints {
            #expect(degrees[node] <= Chip.maximalDegree)
        }
        #expect(chip.ports.allSatisfy { $0.count <= Chip.longestTuple })
        #expect(Chip.maximalDegree == 9 && Chip.longestTuple == 40)
    }

    private func named(_ kind: ChipKind, _ random: inout RandomElements) -> [Field] {
        switch kind {
        case .poseidon: [[0, 0, 0], [0, 0, 1], [1, 64, 1]][random.index(below: 3)]
        case .power: [Field(random.index(below: 2))]
        case .index: (0..<12).map { $0 < 5 ? 1 : 0 }
        case .constant: (0..<8).map { _ in random.field() }
        default: []
        }
    }

    @Test(arguments: ChipKind.allCases) func constraints_vanish_on_valid_rows(_ kind: ChipKind) {
        var random = RandomElements(seed: 41)
        for _ in 0..<20 {
            let named = named(kind, &random)
            #expect(ChipRow.valid(kind, named: named, random: &random).broken == [])
        }
    }

    @Test func constraints_vanish_on_all_rows_of_a_witness() throws {
        let test = try TestProof.nine.get()
        let witness = try test.circuit.witness(input: test.input)
        for kind in ChipKind.allCases {
            for row in 0..<test.circuit.shape.rows(kind) {
                #expect(
                    test.circuit.row(kind, row, of: witness).broken == [],
                    "\(kind.name), row \(row)")
            }
        }
    }

    @Test(arguments: ChipRow.allConstraints) func constraint_is_broken_alone(
        _ kind: ChipKind, _ j: Int
    ) {
        var random = RandomElements(seed: UInt64(j))
        let named = ChipRow.namedToBreak(kind, j)
        #expect(ChipRow.breaking(kind, j, named: named, random: &random).broken == [j])
    }

    /// Changing any one witness column alone changes some port's tuple or breaks a constraint.
    @Test(arguments: ChipKind.allCases) func no_witness_column_is_unbound(_ kind: ChipKind) {
        var random = RandomElements(seed: 42)
        let row = ChipRow.valid(kind, named: named(kind, &random), random: &random)
        for c in row.witness.indices {
            var changed = row
            changed.witness[c] += .one
            #expect(
                changed.broken != [] || changed.ports != row.ports, "column \(c) of \(kind.name)")
        }
    }

    /// Two rows with the same inputs have the same outputs: what is no input follows from the constraints.
    @Test func poseidon_row_is_the_permutation() {
        var random = RandomElements(seed: 43)
        for (path, weight, feed) in [(0, 0, 0), (0, 0, 1), (1, 16, 1)] as [(Field, Field, Field)] {
            for _ in 0..<4 {
                let row = ChipRow.valid(.poseidon, named: [path, weight, feed], random: &random)
                let input = Array(row.witness[0..<16])
                let bit = row.witness[PoseidonColumns.bit] == .one
                let out = Poseidon2.referencePermuted(input)
                let halves = [Array(input[0..<8]), Array(input[8..<16])]
                let index = row.witness[PoseidonColumns.index]
                #expect(row.ports[0] == halves[bit ? 1 : 0] + [index])
                #expect(row.ports[1] == halves[bit ? 0 : 1])
                let last = path * index + (bit ? weight : .zero)
                #expect(row.ports[2] == (0..<8).map { out[$0] + feed * input[$0] } + [last])
                #expect(row.ports[3] == Array(out[8...]))
            }
        }
    }

    private func element(_ limbs: ArraySlice<Field>) -> Extension { Extension(limbs: limbs) }

    @Test func mul_add_row_is_its_sum() {
        var random = RandomElements(seed: 44)
        let row = ChipRow.valid(.mulAdd, named: [], random: &random)
        let w = row.witness
        #expect(row.ports[0] + row.ports[1] + row.ports[2] == w)
        #expect(
            row.ports[3] == (element(w[0..<5]) * element(w[5..<10]) + element(w[10..<15])).limbs)
    }

    @Test func dot_row_is_four_inner_products() {
        var random = RandomElements(seed: 45)
        let row = ChipRow.valid(.dot, named: [], random: &random)
        #expect(row.ports[0] == Array(row.witness[0..<40]))
        for lane in 0..<4 {
            let v = Array(row.witness[(40 + 13 * lane)..<(48 + 13 * lane)])
            let acc = row.witness[(48 + 13 * lane)..<(53 + 13 * lane)]
            let sum = (0..<8).reduce(element(acc)) {
                $0 + element(row.witness[(5 * $1)..<(5 * $1 + 5)]) * v[$1]
            }
            #expect(
                row.ports[1 + lane] == v && row.ports[5 + lane] == Array(acc)
                    && row.ports[9 + lane] == sum.limbs)
        }
    }

    @Test func power_row_is_eight_factors() {
        var random = RandomElements(seed: 46)
        for keep in [Field.zero, .one] {
            let row = ChipRow.valid(.power, named: [keep], random: &random)
            let z = row.witness[40]
            var product = element(row.witness[48..<53])
            for j in 0..<8 {
                let r = element(row.witness[(5 * j)..<(5 * j + 5)])
                product *= Extension.one + r * (z.power(1 << UInt64(j)) - .one)
            }
            #expect(row.ports[0] == Array(row.witness[48..<53]) + [z])
            #expect(row.ports[1] == Array(row.witness[0..<40]))
            #expect(row.ports[2] == product.limbs + [keep * z.power(256)])
        }
    }

    @Test(arguments: 8...20) func index_row_is_the_domain_point(_ h: Int) {
        var random = RandomElements(seed: UInt64(h))
        let masks = (8..<20).map { Field($0 < h ? 1 : 0) }
        for _ in 0..<4 {
            let row = ChipRow.valid(.index, named: masks, random: &random)
            let word = (0..<31).reduce(0) { $0 + Int(row.witness[$1].canonical) << $1 }
            let index = word & ((1 << h) - 1)
            let reversed = (0..<h).reduce(0) { $0 | ((index >> $1) & 1) << (h - 1 - $1) }
            let z = Field.rootOfUnity(h).power(UInt64(reversed))
            #expect(row.ports == [[Field(word)], [1, 0, 0, 0, 0, z], [Field(index)]])
        }
    }

    /// Of the two ways to write a word below 2^31 − p as 31 bits, only the canonical one is a valid row.
    @Test func index_row_takes_only_the_canonical_bits() {
        var row = ChipRow(
            chip: Chip[.index], witness: [Field](repeating: 0, count: 34),
            named: [Field](repeating: 0, count: 12))
        let p = Int(Field.modulus)
        for (word, valid) in [
            (0, true), (5, true), (p - 1, true), (p, false), (p + 5, false), ((1 << 31) - 1, false),
        ] {
            for j in 0..<31 { row.witness[j] = Field((word >> j) & 1) }
            row.repair()
            #expect(row.broken == (valid ? [] : [31]), "\(word)")
        }
    }

    @Test func pack_limbs_select_and_constant_rows_are_their_tuples() {
        var random = RandomElements(seed: 47)
        let pack = ChipRow.valid(.pack, named: [], random: &random)
        for j in 0..<8 { #expect(pack.ports[j] == Array(pack.witness[(5 * j)..<(5 * j + 5)])) }
        for j in 0..<5 { #expect(pack.ports[8 + j] == Array(pack.witness[(8 * j)..<(8 * j + 8)])) }
        #expect(pack.ports[13] == pack.witness)
        let limbs = ChipRow.valid(.limbs, named: [], random: &random)
        let d = Array(limbs.witness[0..<8])
        #expect(
            limbs.ports == [limbs.witness, d, [limbs.witness[8]], Array(d[0..<5])] + d.map { [$0] })
        for _ in 0..<4 {
            let select = ChipRow.valid(.select, named: [], random: &random)
            let (x, y) = (Array(select.witness[1..<9]), Array(select.witness[9..<17]))
            #expect(select.ports == [[select.witness[0]], x, y, select.witness[0] == .one ? y : x])
        }
        let constant = ChipRow.valid(.constant, named: named(.constant, &random), random: &random)
        #expect(constant.ports == [constant.named])
    }
}
