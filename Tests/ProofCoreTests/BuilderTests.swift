// The builder: what it refuses to build, what inputs it refuses, and its counter.

import ProofCore
import Testing

@Suite struct BuilderTests {
    /// Adds more than sixteen rows to one table.
    private func crowd(_ kind: ChipKind, _ b: CircuitBuilder) {
        let d = b.inputDigest()
        let e = b.inputElement()
        let (_, point) = b.index(of: b.inputBase(), bits: 8)
        let block = b.block(of: [e])
        for i in 0..<20 {
            switch kind {
            case .poseidon: _ = b.compress(d, d)
            case .mulAdd: _ = b.multiply(e, e)
            case .dot: _ = b.dot([block], [[d]])
            case .power: _ = b.power(point, [block])
            case .index: _ = b.index(of: e, bits: 9)
            case .pack: _ = b.blocks(of: [e])
            case .limbs: _ = b.limbs(of: d)
            case .select: b.assertBit(e)
            case .constant: _ = b.constant(Field(100 + i))
            }
        }
        b.setStatement(d)
    }

    @Test(arguments: ChipKind.allCases) func table_beyond_the_shape_is_named(_ kind: ChipKind)
        throws
    {
        var heights = [Int](repeating: 6, count: 9)
        heights[kind.rawValue] = 4
        let b = CircuitBuilder(name: "crowded")
        crowd(kind, b)
        let error = #expect(throws: CircuitError.self) {
            _ = try b.build(shape: Shape(heights: heights))
        }
        let text = try #require(error).description
        #expect(
            text.contains("crowded") && text.contains("table \(kind.name) needs")
                && text.contains("allows 16"))
    }

    @Test(arguments: ChipKind.allCases) func minimal_shape_holds_the_rows(_ kind: ChipKind) throws {
        let b = CircuitBuilder(name: "crowded")
        crowd(kind, b)
        let circuit = try b.build()
        #expect(circuit.shape.heights[kind.rawValue] == 5)
        for (rows, height) in zip(circuit.rowCounts, circuit.shape.heights) {
            #expect(rows <= 1 << height)
        }
    }

    @Test func missing_statement_is_refused() throws {
        let b = CircuitBuilder(name: "silent")
        _ = b.inputDigest()
        let error = #expect(throws: CircuitError.self) { _ = try b.build() }
        #expect(try #require(error).description.contains("circuit silent: expected a statement"))
    }

    @Test(arguments: [0, 7, 9, 16]) func input_of_wrong_length_is_refused(_ count: Int) throws {
        let b = CircuitBuilder(name: "eight")
        b.setStatement(b.inputDigest())
        let circuit = try b.build()
        #expect(throws: WitnessError.inputCount(circuit: "eight", expected: 8, got: count)) {
            try circuit.witness(input: [Field](repeating: .one, count: count))
        }
    }

    @Test func heights_out_of_range_are_refused() {
        for (table, height) in [(0, 3), (4, 21), (8, -1)] {
            var heights = [Int](repeating: 4, count: 9)
            heights[table] = height
            let error = #expect(throws: ShapeError.self) { try Shape(heights: heights) }
            #expect(error?.description.contains("table \(ChipKind.allCases[table].name)") == true)
        }
        #expect(throws: ShapeError.self) { try Shape(heights: [4, 4]) }
        for (target, rate) in [(39, 2), (129, 2), (104, 0), (104, 11)] {
            #expect(throws: ShapeError.self) {
                try Shape(
                    heights: [Int](repeating: 4, count: 9), targetBits: target, rateBits: rate)
            }
        }
        #expect(throws: ShapeError.self) { try Shape(heights: [20, 4, 4, 4, 4, 4, 4, 4, 4]) }
    }

    @Test func equal_constants_are_one() {
        let b = CircuitBuilder(name: "constants")
        #expect(b.constant(Field(5)) == b.constant(Extension(Field(5))))
        #expect(b.constant(Digest.zero) == b.constant(Digest.zero))
        #expect(b.zero != b.one)
        #expect(b.rowCounts[ChipKind.constant.rawValue] == 4)
    }

    @Test func counter_gives_the_rows_of_each_scope() {
        let b = CircuitBuilder(name: "counted")
        b.count("outer") {
            let d = b.inputDigest()
            _ = b.count("inner") { b.compress(d, b.compress(d, d)) }
            _ = b.limbs(of: d)
        }
        #expect(b.counts.map(\.scope) == ["inner", "outer"])
        #expect(b.counts[0].rows[ChipKind.poseidon.rawValue] == 2)
        #expect(
            b.counts[1].rows[ChipKind.poseidon.rawValue] == 2
                && b.counts[1].rows[ChipKind.limbs.rawValue] == 1)
    }

    @Test func recursive_verifier_of_a_shape_without_parameters_is_refused() throws {
        let b = CircuitBuilder(name: "no parameters")
        let shape = try Shape(heights: [Int](repeating: 4, count: 9), targetBits: 128, rateBits: 6)
        #expect(throws: ParameterError.self) {
            try b.verifyProof(
                shape: shape, preprocessedRoot: b.inputDigest(), statement: b.inputDigest())
        }
    }

    /// A circuit may be built again, as after a shape that was too small.
    @Test func building_again_gives_the_same_circuit() throws {
        let b = CircuitBuilder(name: "twice")
        crowd(.poseidon, b)
        #expect(throws: CircuitError.self) {
            _ = try b.build(shape: Shape(heights: [Int](repeating: 4, count: 9)))
        }
        let once = CircuitBuilder(name: "twice")
        crowd(.poseidon, once)
        let preprocessed = try once.build().preprocessed
        let isSame = try b.build().preprocessed == preprocessed
        #expect(isSame)
    }
}
