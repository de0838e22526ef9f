// The fractional GKR prover (eprint 2023/1284): the sum of all fractions of the bus, layer by layer, from the root to a claim on
// the leaves (PROTOCOL.md section 5 steps 2, 3).

import CKernels

/// The leaves of the fraction tree and the layers above.
struct FractionTree {
    /// Numerators of the leaves are base elements: the multiplicities.
    let leafNumerators: BaseVector
    /// Denominators of layer i at index i; index 0 is unused. The last is the leaves.
    let denominators: [ExtensionVector]
    /// Numerators of the layers above the leaves.
    let numerators: [ExtensionVector]

    init(key: ProvingKey, witness: BaseVector, bus: BusChallenges, pool: Pool) {
        let variables = key.circuit.shape.leafVariables
        let leaves = LeafBuilder(key: key, witness: witness, bus: bus)
        leafNumerators = leaves.numerators()
        var denominators = [leaves.denominators(pool)]
        var numerators: [ExtensionVector] = []
        let base = leafNumerators
        for layer in stride(from: variables - 1, through: 1, by: -1) {
            let n = 1 << layer
            let den = denominators[0]
            let num = numerators.first
            let (numOut, denOut) = (
                ExtensionVector(count: n, zeroed: false), ExtensionVector(count: n, zeroed: false)
            )
            // A kernel call takes the halves n apart, so ranges of a layer are called limb by limb where they are parallel; the
            // whole layer at once is memory-bound and short.
            if let num {
                kb_gkr_layer(
                    nil, num.words, num.stride, den.words, den.stride, n, numOut.words,
                    numOut.stride, denOut.words, denOut.stride)
            } else {
                kb_gkr_layer(
                    base.words, nil, 0, den.words, den.stride, n, numOut.words, numOut.stride,
                    denOut.words, denOut.stride)
            }
            denominators.insert(denOut, at: 0)
            numerators.insert(numOut, at: 0)
        }
        self.denominators = [ExtensionVector(count: 1)] + denominators
        self.numerators = [ExtensionVector(count: 1)] + numerators
    }

    /// Sends P3 … P5 and returns the claim on the leaves.
    func prove(_ transcript: inout ProverTranscript, pool: Pool) -> LeafClaim {
        let layers = denominators.count - 1
        let (n1, d1) = (numerators[1], denominators[1])
        let top = [n1[0], n1[1], d1[0], d1[1]]
        transcript.send(.fractionTop, top)
        var claim = LeafClaim(top, at: [], next: transcript.sample())
        for layer in 1..<layers {
            let lambda = transcript.sample()
            var state = FractionLayerProver(
                tree: self, layer: layer + 1, claim: claim, lambda: lambda)
            var point: [Extension] = []
            for _ in 0..<layer {
                let round = state.round(pool)
                transcript.send(.fractionRound, [round.c1, round.c2])
                let r = transcript.sample()
                state.bind(r, round, pool)
                point.append(r)
            }
            let values = state.finalValues
            transcript.send(.fractionClaims, values)
            claim = LeafClaim(values, at: point, next: transcript.sample())
        }
        return claim
    }
}

/// The sum-check of one layer: four multilinears, left and right halves of numerators and denominators.
private struct FractionLayerProver {
    /// Numerators as base elements, before the first binding of the leaves' layer.
    private var baseNumerators:
        (left: UnsafeMutablePointer<UInt32>, right: UnsafeMutablePointer<UInt32>)?
    private var numerators: (left: ExtensionVector, right: ExtensionVector)?
    private var denominators: (left: ExtensionVector, right: ExtensionVector)?
    private let tree: FractionTree
    private let layer: Int
    private var half: Int
    private var bound = 0
    private var expected: Extension
    private let point: [Extension]
    private let eq: EqTables
    private let lambda: Extension

    init(tree: FractionTree, layer: Int, claim: LeafClaim, lambda: Extension) {
        self.tree = tree
        self.layer = layer
        self.lambda = lambda
        point = claim.point
        eq = EqTables(claim.point)
        expected = claim.numerator + lambda * claim.denominator
        half = 1 << (layer - 1)
    }

    private var isLeafLayer: Bool { layer == tree.denominators.count - 1 }

    /// Coefficients of h; m is the number of entries left in each half of the bound variable.
    mutating func round(_ pool: Pool) -> (c0: Extension, c1: Extension, c2: Extension) {
        let m = half >> (1 + bound)
        let e = eq.after(bound + 1)
        let (h0, h2) = sums(m, e, pool)
        // claim = (1 − z)·h(0) + z·h(1) = h0 + z·(c1 + c2)
        let c1: Extension = (expected - h0) * point[bound].inverse - h2
        return (h0, c1, h2)
    }

    private func sums(_ m: Int, _ e: ExtensionVector, _ pool: Pool) -> (Extension, Extension) {
        if let numerators, let denominators {
            return lambda.withWords { l in
                Extension.pair { h0, h2 in
                    kb_gkr_round(
                        numerators.left.words, numerators.right.words, numerators.left.stride, 0,
                        denominators.left.words,
                        denominators.right.words, denominators.left.stride, e.words, e.stride, m, l,
                        h0, h2)
                }
            }
        }
        let den = tree.denominators[layer]
        return lambda.withWords { l in
            Extension.pair { h0, h2 in
                if isLeafLayer {
                    let num = tree.leafNumerators
                    kb_gkr_round(
                        num.words, num.words + half, 0, 1, den.words, den.words + half, den.stride,
                        e.words, e.stride, m, l, h0, h2)
                } else {
                    let num = tree.numerators[layer]
                    kb_gkr_round(
                        num.words, num.words + half, num.stride, 0, den.words, den.words + half,
                        den.stride, e.words, e.stride, m,
                        l, h0, h2)
                }
            }
        }
    }

    mutating func bind(
        _ r: Extension, _ round: (c0: Extension, c1: Extension, c2: Extension), _ pool: Pool
    ) {
        let m = half >> (1 + bound)
        expected = (round.c2 * r + round.c1) * r + round.c0
        if let n = numerators, let d = denominators {
            numerators = (n.left.folded(at: r), n.right.folded(at: r))
            denominators = (d.left.folded(at: r), d.right.folded(at: r))
        } else {
            let den = tree.denominators[layer]
            func fold(_ words: UnsafeMutablePointer<UInt32>, _ stride: Int) -> ExtensionVector {
                let out = ExtensionVector(count: m, zeroed: false)
                r.withWords { kb_fold_ext(words, stride, m, $0, out.words, out.stride) }
                return out
            }
            denominators = (fold(den.words, den.stride), fold(den.words + half, den.stride))
            if isLeafLayer {
                func foldBase(_ words: UnsafeMutablePointer<UInt32>) -> ExtensionVector {
                    let out = ExtensionVector(count: m, zeroed: false)
                    r.withWords { kb_fold_base(words, m, $0, out.words, out.stride) }
                    return out
                }
                let num = tree.leafNumerators
                numerators = (foldBase(num.words), foldBase(num.words + half))
            } else {
                let num = tree.numerators[layer]
                numerators = (fold(num.words, num.stride), fold(num.words + half, num.stride))
            }
        }
        bound += 1
    }

    /// (nl, nr, dl, dr) when all variables are bound.
    var finalValues: [Extension] {
        guard let n = numerators, let d = denominators else {
            preconditionFailure("a layer has at least one variable")
        }
        return [n.left[0], n.right[0], d.left[0], d.right[0]]
    }
}

/// Numerators and denominators of the leaves, from the columns.
private struct LeafBuilder: @unchecked Sendable {
    let key: ProvingKey
    let witness: BaseVector
    let bus: BusChallenges

    private var shape: Shape { key.circuit.shape }

    private func preprocessedColumn(_ kind: ChipKind, _ column: Int) -> UnsafeMutablePointer<UInt32>
    {
        key.preprocessed.cells.words
            + shape.preprocessedLayout.offset(kind, column: column, shape: shape)
    }

    func numerators() -> BaseVector {
        let result = BaseVector(count: 1 << shape.leafVariables)
        for kind in ChipKind.allCases {
            for k in Chip[kind].ports.indices {
                let to = result.words + shape.leafLayout.offset(kind, column: k, shape: shape)
                to.update(
                    from: preprocessedColumn(kind, Chip[kind].multiplicityColumn(port: k)),
                    count: shape.rows(kind))
            }
        }
        return result
    }

    func denominators(_ pool: Pool) -> ExtensionVector {
        let result = ExtensionVector(count: 1 << shape.leafVariables)
        // Padding denominators are one.
        let used = ChipKind.allCases.reduce(0) { $0 + Chip[$1].ports.count << shape.height($1) }
        for i in used..<result.count { result.words[i] = Field.one.montgomery }
        let ports = ChipKind.allCases.flatMap { kind in Chip[kind].ports.indices.map { (kind, $0) }
        }
        let grain = 2048
        var tasks: [(kind: ChipKind, port: Int, range: Range<Int>)] = []
        for (kind, port) in ports {
            for start in stride(from: 0, to: shape.rows(kind), by: grain) {
                tasks.append((kind, port, start..<min(start + grain, shape.rows(kind))))
            }
        }
        let all = tasks
        pool.forEach(all.count) { fill(result, all[$0].kind, all[$0].port, all[$0].range) }
        return result
    }

    /// den = c − address − Σ β^(i+1) v_i
    private func fill(_ result: ExtensionVector, _ kind: ChipKind, _ port: Int, _ range: Range<Int>)
    {
        let chip = Chip[kind]
        let out =
            result.words + shape.leafLayout.offset(kind, column: port, shape: shape)
            + range.lowerBound
        for limb in 0..<5 {
            (out + limb * result.stride).update(
                repeating: bus.c[limb].montgomery, count: range.count)
        }
        kb_sub(
            out, preprocessedColumn(kind, chip.addressColumn(port: port)) + range.lowerBound, out,
            range.count)
        let plan = PortPlan.all[kind.rawValue][port]
        for (i, column) in plan.columns {
            let from: UnsafeMutablePointer<UInt32>
            switch column {
            case .witness(let c):
                from = witness.words + shape.witnessLayout.offset(kind, column: c, shape: shape)
            case .preprocessed(let c): from = preprocessedColumn(kind, c)
            }
            (-bus.betaPowers[i]).withWords {
                kb_base_scale_add($0, from + range.lowerBound, out, result.stride, range.count)
            }
        }
        guard let program = plan.program else { return }
        var weights = [Extension](repeating: .zero, count: program.accumulated.count)
        for (i, slot) in plan.slots { weights[slot] -= bus.betaPowers[i] }
        program.accumulateBase(weights: weights, rows: range, out: out, stride: result.stride) {
            column in
            switch column {
            case .witness(let c):
                UnsafePointer(
                    witness.words + shape.witnessLayout.offset(kind, column: c, shape: shape))
            case .preprocessed(let c): UnsafePointer(preprocessedColumn(kind, c))
            }
        }
    }
}

/// A port's tuple, split into plain columns and what a program computes.
private struct PortPlan: Sendable {
    let columns: [(Int, ColumnReference)]
    let program: ChipProgram?
    /// (tuple entry, weight slot)
    let slots: [(Int, Int)]

    init(_ chip: Chip, port: Int) {
        var columns: [(Int, ColumnReference)] = []
        var computed: [(Int, Int)] = []
        for (i, node) in chip.ports[port].enumerated() {
            switch chip.nodes[node] {
            case .witness(let c): columns.append((i, .witness(c)))
            case .preprocessed(let c): columns.append((i, .preprocessed(c)))
            default: computed.append((i, node))
            }
        }
        self.columns = columns
        let nodes = Array(Set(computed.map(\.1))).sorted()
        program = nodes.isEmpty ? nil : ChipProgram(chip: chip, outputs: nodes)
        slots = computed.map { ($0.0, nodes.firstIndex(of: $0.1)!) }
    }

    static let all: [[PortPlan]] = Chip.all.map { chip in
        chip.ports.indices.map { PortPlan(chip, port: $0) }
    }
}

extension ChipProgram {
    /// out[row] += Σ weights·nodes over base columns, for the rows of a range.
    func accumulateBase(
        weights: [Extension], rows: Range<Int>, out: UnsafeMutablePointer<UInt32>, stride: Int,
        column: (ColumnReference) -> UnsafePointer<UInt32>
    ) {
        let width = 64
        let words = weights.flatMap { $0.limbs.map(\.montgomery) }
        let columns = inputs.map(column)
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: (registerCount + 5) * width) {
            scratch in
            scratch.initialize(repeating: 0)
            let registers = scratch.baseAddress!
            let accumulator = registers + registerCount * width
            var start = rows.lowerBound
            while start < rows.upperBound {
                let n = min(width, rows.upperBound - start)
                for (i, from) in columns.enumerated() {
                    (registers + i * width).update(from: from + start, count: n)
                }
                accumulator.update(repeating: 0, count: 5 * width)
                kb_program_run_base(
                    instructions, instructions.count, constants, words, registers, width,
                    accumulator)
                for limb in 0..<5 {
                    let to = out + limb * stride + (start - rows.lowerBound)
                    kb_add(to, accumulator + limb * width, to, n)
                }
                start += n
            }
        }
    }
}
