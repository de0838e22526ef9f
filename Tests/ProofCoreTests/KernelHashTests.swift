// Poseidon2, transform and program kernels against their definitions, on every instruction set.

import CKernels
import ProofCore
import Testing

extension KernelSuites {
    @Suite(.serialized) struct HashKernelTests {
        init() { _ = Poseidon2.permuted([Field](repeating: .zero, count: 16)) }  // gives the kernels their constants

        @Test(arguments: InstructionSet.available) func permutations_are_the_reference(_ set: Int) {
            InstructionSet.with(set) {
                for count in [1, 2, 7, 8, 15, 16, 17, 33] {
                    var random = RandomElements(seed: UInt64(count))
                    let states = (0..<count).map { _ in random.fields(16) }
                    var words = states.flatMap(\.words)
                    kb_poseidon2_permute_many(&words, count)
                    #expect(words == states.flatMap { Poseidon2.referencePermuted($0).words })
                    var single = states[0].words
                    kb_poseidon2_permute(&single)
                    #expect(single == Poseidon2.referencePermuted(states[0]).words)
                }
            }
        }

        private func compressed(_ l: [Field], _ r: [Field]) -> [Field] {
            zip(Poseidon2.referencePermuted(l + r), l).map { $0 + $1 }
        }

        @Test(arguments: InstructionSet.available) func compression_layers_are_their_definition(
            _ set: Int
        ) {
            InstructionSet.with(set) {
                for count in [1, 2, 5, 8, 15, 16, 17, 40] {
                    var random = RandomElements(seed: UInt64(count))
                    let children = (0..<(2 * count)).map { _ in random.fields(8) }
                    var parents = [UInt32](repeating: 0, count: 8 * count)
                    kb_compress_layer(children.flatMap(\.words), &parents, count)
                    #expect(
                        parents
                            == (0..<count).flatMap {
                                compressed(children[2 * $0], children[2 * $0 + 1]).words
                            })
                }
            }
        }

        @Test(arguments: InstructionSet.available) func column_hashes_are_leaves(_ set: Int) {
            InstructionSet.with(set) {
                for (rows, leaves, first) in [
                    (16, 1, 0), (16, 17, 2), (40, 16, 1), (24, 33, 5), (64, 7, 3),
                ] {
                    var random = RandomElements(seed: UInt64(rows + leaves))
                    let stride = first + leaves + 3
                    let matrix = (0..<rows).map { _ in random.fields(stride) }
                    var digests = [UInt32](repeating: 0, count: 8 * leaves)
                    kb_hash_columns(matrix.flatMap(\.words), stride, rows, first, leaves, &digests)
                    for leaf in 0..<leaves {
                        let column = matrix.map { $0[first + leaf] }
                        let blocks = Swift.stride(from: 0, to: rows, by: 8).map {
                            Array(column[$0..<($0 + 8)])
                        }
                        let expected = blocks.dropFirst().reduce(blocks[0]) { compressed($0, $1) }
                        #expect(
                            digests[(8 * leaf)..<(8 * leaf + 8)].map { Field(montgomery: $0) }
                                == expected)
                    }
                }
            }
        }

        @Test(arguments: InstructionSet.available) func grinding_finds_the_first_nonce_of_the_range(
            _ set: Int
        ) {
            InstructionSet.with(set) {
                var random = RandomElements(seed: 9)
                var state = random.fields(16)
                func works(_ nonce: UInt64) -> Bool {
                    state[0] = Field(nonce)
                    return Poseidon2.referencePermuted(state)[0].canonical % 64 == 0
                }
                let last = UInt64(Field.modulus) - 1
                for (start, count) in [(0, 300), (5, 1), (7, 0), (1001, 37), (last - 50, 51)]
                    as [(UInt64, UInt64)]
                {
                    let expected = (start..<(start + count)).first(where: works) ?? UInt64.max
                    #expect(kb_grind(state.words, 6, start, count) == expected)
                }
            }
        }
    }

    @Suite(.serialized) struct TransformKernelTests {
        private func reversed(_ i: Int, _ bits: Int) -> Int {
            (0..<bits).reduce(0) { $0 | ((i >> $1) & 1) << (bits - 1 - $1) }
        }

        @Test(arguments: InstructionSet.available) func extension_is_evaluation_of_the_polynomial(
            _ set: Int
        ) {
            InstructionSet.with(set) {
                for log in 0...7 {
                    for rate in 0...3 where log + rate >= 1 {
                        var random = RandomElements(seed: UInt64(8 * log + rate))
                        let coefficients = random.fields(1 << log)
                        let h = log + rate
                        let root = Field.rootOfUnity(h)
                        let twiddles = (0..<(1 << (h - 1))).map { root.power(UInt64($0)) }
                        var out = [UInt32](repeating: 0, count: 1 << h)
                        kb_lde(coefficients.words, UInt32(log), UInt32(rate), twiddles.words, &out)
                        let expected = (0..<(1 << h)).map { i -> Field in
                            let z = root.power(UInt64(reversed(i, h)))
                            return coefficients.reversed().reduce(Field.zero) { $0 * z + $1 }
                        }
                        #expect(out == expected.words, "2^\(log) coefficients, rate 2^-\(rate)")
                    }
                }
            }
        }

        /// Sizes whose inner loops are the long ones, on a few positions.
        @Test(arguments: InstructionSet.available) func long_extensions_are_evaluations(_ set: Int)
        {
            InstructionSet.with(set) {
                let (log, rate) = (12, 2)
                let h = log + rate
                var random = RandomElements(seed: 77)
                let coefficients = random.fields(1 << log)
                let root = Field.rootOfUnity(h)
                var twiddles = [Field.one]
                while twiddles.count < 1 << (h - 1) { twiddles.append(twiddles.last! * root) }
                var out = [UInt32](repeating: 0, count: 1 << h)
                kb_lde(coefficients.words, UInt32(log), UInt32(rate), twiddles.words, &out)
                for _ in 0..<40 {
                    let i = random.index(below: 1 << h)
                    let z = root.power(UInt64(reversed(i, h)))
                    #expect(
                        Field(montgomery: out[i])
                            == coefficients.reversed().reduce(Field.zero) { $0 * z + $1 })
                }
            }
        }
    }

    /// The compiled program of each chip against its expressions.
    @Suite(.serialized) struct ProgramKernelTests {
        static let outputs: [(chip: Chip, nodes: [Int])] = Chip.all.compactMap { chip in
            let all = Set(chip.ports.joined()).union(chip.constraints).sorted().filter {
                switch chip.nodes[$0] {
                case .witness, .preprocessed, .constant: false
                case .add, .subtract, .multiply: true
                }
            }
            return all.isEmpty ? nil : (chip, all)
        }

        private func columns(_ program: ChipProgram) -> [(isWitness: Bool, column: Int)] {
            program.inputs.map {
                switch $0 {
                case .witness(let c): (true, c)
                case .preprocessed(let c): (false, c)
                }
            }
        }

        @Test(arguments: InstructionSet.available) func base_programs_are_the_chips(_ set: Int) {
            InstructionSet.with(set) {
                for (chip, nodes) in Self.outputs {
                    for width in [16, 64] {
                        var random = RandomElements(seed: UInt64(chip.kind.rawValue + width))
                        let program = ChipProgram(chip: chip, outputs: nodes)
                        let witness = (0..<width).map { _ in random.fields(chip.witnessCount) }
                        let named = (0..<width).map { _ in random.fields(chip.namedCount) }
                        let weights = random.elements(nodes.count)
                        var registers = [UInt32](repeating: 7, count: program.registerCount * width)
                        for (i, input) in columns(program).enumerated() {
                            for row in 0..<width {
                                let value =
                                    input.isWitness
                                    ? witness[row][input.column] : named[row][input.column]
                                registers[i * width + row] = value.montgomery
                            }
                        }
                        var out = [UInt32](repeating: 7, count: 5 * width)
                        kb_program_run_base(
                            program.instructions, program.instructions.count, program.constants,
                            weights.flatMap { $0.limbs.words }, &registers, width, &out)
                        for row in 0..<width {
                            var arithmetic = FieldArithmetic()
                            let values = chip.evaluate(
                                &arithmetic, witness: witness[row][...],
                                preprocessed: named[row][...])
                            let expected = zip(nodes, weights).reduce(Extension.zero) {
                                $0 + $1.1 * values[$1.0]
                            }
                            #expect(
                                Extension(
                                    limbs: (0..<5).map { Field(montgomery: out[$0 * width + row]) })
                                    == expected)
                        }
                    }
                }
            }
        }

        @Test(arguments: InstructionSet.available) func extension_programs_are_the_chips(_ set: Int)
        {
            InstructionSet.with(set) {
                for (chip, nodes) in Self.outputs {
                    let width = 16
                    var random = RandomElements(seed: UInt64(chip.kind.rawValue))
                    let program = ChipProgram(chip: chip, outputs: nodes)
                    let witness = (0..<width).map { _ in random.elements(chip.witnessCount) }
                    let named = (0..<width).map { _ in random.elements(chip.namedCount) }
                    let weights = random.elements(nodes.count)
                    var registers = [UInt32](repeating: 7, count: program.registerCount * 5 * width)
                    for (i, input) in columns(program).enumerated() {
                        for row in 0..<width {
                            let value =
                                input.isWitness
                                ? witness[row][input.column] : named[row][input.column]
                            for l in 0..<5 {
                                registers[(5 * i + l) * width + row] = value[l].montgomery
                            }
                        }
                    }
                    var out = [UInt32](repeating: 7, count: 5 * width)
                    kb_program_run_ext(
                        program.instructions, program.instructions.count, program.constants,
                        weights.flatMap { $0.limbs.words }, &registers, width, &out)
                    for row in 0..<width {
                        var arithmetic = ExtensionArithmetic()
                        let values = chip.evaluate(
                            &arithmetic, witness: witness[row][...], preprocessed: named[row][...])
                        let expected = zip(nodes, weights).reduce(Extension.zero) {
                            $0 + $1.1 * values[$1.0]
                        }
                        #expect(
                            Extension(
                                limbs: (0..<5).map { Field(montgomery: out[$0 * width + row]) })
                                == expected)
                    }
                }
            }
        }
    }
}
