// Witness generation: run the operations in order over a flat pool of words, then fill the rows of each table from it.

/// The operations and rows of a circuit, flat.
struct WitnessProgram: Sendable {
    let codes: [Operation.Code]
    let operandStart: [Int32]
    let operands: [Int32]
    let auxiliary: [Int32]
    let offset: [Int32]
    let pool: [UInt32]
    /// Pairs of wires that must be equal: (a wire, the root it was merged into), with the words to compare.
    let copies: [(wire: Int32, root: Int32, words: Int32)]
    let rows: [RowList]
    let shape: Shape
    let inputLimbs: Int
    let name: String

    init(_ builder: CircuitBuilder, shape: Shape) {
        codes = builder.operations.map(\.code)
        var starts: [Int32] = []
        var flat: [Int32] = []
        for operation in builder.operations {
            starts.append(Int32(flat.count))
            flat += operation.operands
        }
        starts.append(Int32(flat.count))
        operandStart = starts
        operands = flat
        auxiliary = builder.operations.map(\.auxiliary)
        offset = builder.wireOffset
        pool = builder.pool
        copies = (0..<Int32(builder.wireOffset.count)).compactMap { w in
            let r = builder.root(w)
            guard r != w else { return nil }
            return (w, r, min(builder.wireSize[Int(w)], builder.wireSize[Int(r)]))
        }
        rows = builder.rows
        self.shape = shape
        inputLimbs = builder.inputLimbs
        name = builder.name
    }
}

/// Why there is no witness for an input.
public enum WitnessError: Error, Equatable, CustomStringConvertible {
    case inputCount(circuit: String, expected: Int, got: Int)
    /// Two values that the circuit makes equal are not.
    case contradiction(circuit: String, wire: Int, left: String, right: String)

    public var description: String {
        switch self {
        case .inputCount(let circuit, let expected, let got):
            "circuit \(circuit): expected \(expected) input limbs, got \(got)"
        case .contradiction(let circuit, let wire, let left, let right):
            "circuit \(circuit): the inputs contradict a constraint at wire \(wire): \(left) is not \(right)"
        }
    }
}

extension WitnessProgram {
    /// All wires' values.
    /// - Throws: `WitnessError` when the input has the wrong length or contradicts a copy constraint.
    func values(input: [Field]) throws -> [UInt32] {
        guard input.count == inputLimbs else {
            throw WitnessError.inputCount(circuit: name, expected: inputLimbs, got: input.count)
        }
        var values = pool
        var contradiction: (Int32, Int32)?
        values.withUnsafeMutableBufferPointer { buffer in
            var machine = WitnessMachine(pool: buffer.baseAddress!, offset: offset, input: input)
            for i in 0..<codes.count {
                let range = Int(operandStart[i])..<Int(operandStart[i + 1])
                operands[range].withUnsafeBufferPointer {
                    machine.run(codes[i], $0, Int(auxiliary[i]))
                }
            }
            contradiction = machine.contradiction
            for copy in copies {
                let (a, b) = (Int(offset[Int(copy.wire)]), Int(offset[Int(copy.root)]))
                for k in 0..<Int(copy.words) where buffer[a + k] != buffer[b + k] {
                    contradiction = contradiction ?? (copy.wire, copy.root)
                }
            }
        }
        if let (wire, root) = contradiction {
            func text(_ w: Int32) -> String {
                "("
                    + (0..<5).map { "\(Field(montgomery: values[Int(offset[Int(w)]) + $0]))" }
                    .joined(separator: ", ") + ")"
            }
            throw WitnessError.contradiction(
                circuit: name, wire: Int(wire), left: text(wire), right: text(root))
        }
        return values
    }
}

/// Runs operations over a pool of words.
private struct WitnessMachine {
    let pool: UnsafeMutablePointer<UInt32>
    let offset: [Int32]
    let input: [Field]
    var next = 0
    /// The first wires that contradict a row which computes nothing.
    var contradiction: (Int32, Int32)?

    private mutating func check(_ holds: Bool, _ a: Int32, _ b: Int32) {
        if !holds && contradiction == nil { contradiction = (a, b) }
    }

    private func at(_ wire: Int32) -> UnsafeMutablePointer<UInt32> { pool + Int(offset[Int(wire)]) }

    private func element(_ wire: Int32) -> Extension {
        let p = at(wire)
        return Extension(
            Field(montgomery: p[0]), Field(montgomery: p[1]), Field(montgomery: p[2]),
            Field(montgomery: p[3]),
            Field(montgomery: p[4]))
    }

    private func set(_ wire: Int32, _ value: Extension) {
        let p = at(wire)
        p[0] = value.a0.montgomery
        p[1] = value.a1.montgomery
        p[2] = value.a2.montgomery
        p[3] = value.a3.montgomery
        p[4] = value.a4.montgomery
    }

    private func permuted(
        _ left: UnsafeMutablePointer<UInt32>, _ right: UnsafeMutablePointer<UInt32>,
        _ use: (UnsafeMutablePointer<UInt32>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 16) { state in
            let s = state.baseAddress!
            for i in 0..<8 {
                s[i] = left[i]
                s[8 + i] = right[i]
            }
            Poseidon2.permute(s)
            use(s)
        }
    }

    private func compress(
        _ left: UnsafeMutablePointer<UInt32>, _ right: UnsafeMutablePointer<UInt32>,
        into out: UnsafeMutablePointer<UInt32>
    ) {
        permuted(left, right) { s in
            for i in 0..<8 {
                out[i] = (Field(montgomery: s[i]) + Field(montgomery: left[i])).montgomery
            }
        }
    }

    mutating func run(_ code: Operation.Code, _ o: UnsafeBufferPointer<Int32>, _ auxiliary: Int) {
        switch code {
        case .input:
            let p = at(o[0])
            for i in 0..<auxiliary { p[i] = input[next + i].montgomery }
            next += auxiliary
        case .mulAdd: set(o[3], element(o[0]) * element(o[1]) + element(o[2]))
        case .solve: set(o[3], element(o[2]) - element(o[0]) * element(o[1]))
        case .inverse:
            check(element(o[0]) != .zero, o[0], o[1])
            set(o[1], element(o[0]).inverse)
        case .checkMulAdd:
            check(element(o[0]) * element(o[1]) + element(o[2]) == element(o[3]), o[0], o[3])
        case .checkBit:
            let s = element(o[0])
            check(s == .zero || s == .one, o[0], o[0])
        case .permute:
            permuted(at(o[0]), at(o[1])) { s in
                let (l, r) = (at(o[2]), at(o[3]))
                for i in 0..<8 {
                    l[i] = s[i]
                    r[i] = s[8 + i]
                }
            }
        case .compress: compress(at(o[0]), at(o[1]), into: at(o[2]))
        case .pathStep: pathStep(o, level: auxiliary)
        case .dot: dot(o)
        case .power: power(o, keep: auxiliary == 1)
        case .index: index(o, bits: auxiliary)
        case .packElements: packElements(o)
        case .unpackBlocks: unpack(o, size: auxiliary)
        case .splitDigest:
            let (from, to) = (at(o[0]), at(o[1]))
            for i in 0..<8 { to[i] = from[i] }
            check(element(o[2]) == Extension(Field(montgomery: from[8])), o[0], o[2])
        case .joinDigest:
            let out = at(o[8])
            for i in 0..<8 { out[i] = at(o[i])[0] }
        case .select:
            let chosen = at(at(o[0])[0] == 0 ? o[1] : o[2])
            let out = at(o[3])
            for i in 0..<8 { out[i] = chosen[i] }
        case .bit:
            let value = Field(montgomery: at(o[0])[0]).canonical
            at(o[1])[0] = Field(value >> UInt32(auxiliary) & 1).montgomery
        }
    }

    private func pathStep(_ o: UnsafeBufferPointer<Int32>, level: Int) {
        let bit = Field(montgomery: at(o[2])[0]).canonical >> UInt32(level) & 1
        let (current, sibling, out) = (at(o[0]), at(o[1]), at(o[3]))
        if bit == 0 {
            compress(current, sibling, into: out)
        } else {
            compress(sibling, current, into: out)
        }
        out[8] = (Field(montgomery: current[8]) + Field(UInt64(bit) << UInt64(level))).montgomery
    }

    private func dot(_ o: UnsafeBufferPointer<Int32>) {
        let w = at(o[0])
        for lane in 0..<4 where o[9 + lane] >= 0 {
            let v = at(o[1 + lane])
            var acc = element(o[5 + lane])
            for j in 0..<8 {
                let weight = Extension(
                    Field(montgomery: w[5 * j]), Field(montgomery: w[5 * j + 1]),
                    Field(montgomery: w[5 * j + 2]),
                    Field(montgomery: w[5 * j + 3]), Field(montgomery: w[5 * j + 4]))
                acc += weight * Field(montgomery: v[j])
            }
            set(o[9 + lane], acc)
        }
    }

    private func power(_ o: UnsafeBufferPointer<Int32>, keep: Bool) {
        let r = at(o[1])
        var acc = element(o[0])
        var z = Field(montgomery: at(o[0])[5])
        for j in 0..<8 {
            let coordinate = Extension(
                Field(montgomery: r[5 * j]), Field(montgomery: r[5 * j + 1]),
                Field(montgomery: r[5 * j + 2]),
                Field(montgomery: r[5 * j + 3]), Field(montgomery: r[5 * j + 4]))
            acc += acc * coordinate * (z - .one)
            z *= z
        }
        set(o[2], acc)
        if keep { at(o[2])[5] = z.montgomery }
    }

    private func index(_ o: UnsafeBufferPointer<Int32>, bits: Int) {
        let value = Field(montgomery: at(o[0])[0]).canonical & ((1 << UInt32(bits)) - 1)
        var z = Field.one
        for j in 0..<bits where value >> UInt32(j) & 1 == 1 {
            z *= Field.rootOfUnity(24 - (23 - j))
        }
        let point = at(o[1])
        point[0] = Field.one.montgomery
        point[5] = z.montgomery
        at(o[2])[0] = Field(value).montgomery
    }

    /// Ports of a Pack row: 8 elements, 5 blocks, 1 block of forty; the elements are known.
    private func packElements(_ o: UnsafeBufferPointer<Int32>) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 40) { l in
            l.initialize(repeating: 0)
            for j in 0..<8 where o[j] >= 0 {
                let e = at(o[j])
                for i in 0..<5 { l[5 * j + i] = e[i] }
            }
            for j in 0..<5 where o[8 + j] >= 0 {
                let b = at(o[8 + j])
                for i in 0..<8 { b[i] = l[8 * j + i] }
            }
            if o[13] >= 0 {
                let b = at(o[13])
                for i in 0..<40 { b[i] = l[i] }
            }
        }
    }

    /// Consecutive groups of `size` elements of a digest.
    private func unpack(_ o: UnsafeBufferPointer<Int32>, size: Int) {
        let from = at(o[0])
        for j in 1..<o.count {
            let to = at(o[j])
            for i in 0..<size { to[i] = from[size * (j - 1) + i] }
        }
    }
}
