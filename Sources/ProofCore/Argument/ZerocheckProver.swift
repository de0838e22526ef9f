// The batched zerocheck: one sum-check over all tables for constraints and bus expressions together (PROTOCOL.md section 5 step 4).
// A table's part is Σ_x eq(ζ, x)·f_t(x); its round polynomial leaves the eq factor of the bound variable out (Gruen), so that its
// degree is the degree of f_t. A table shorter than the longest waits: eq sums to one over the variables that it does not have.

import CKernels

/// One table's state in the sum-check.
private final class TableProver: @unchecked Sendable {
    let height: Int
    let plan: ChipPlan
    private let nodeWeights: [UInt32]
    /// Columns that the program reads; base words before the first binding, vectors after it.
    private let baseColumns: [UnsafePointer<UInt32>]
    private var columns: [ExtensionVector] = []
    /// The part of f_t that is linear in the columns.
    private var linear: ExtensionVector
    /// Σ_x eq·f_t over what is left.
    private(set) var claim: Extension
    private var variables: Int

    init(
        height: Int, plan: ChipPlan, nodeWeights: [Extension], baseColumns: [UnsafePointer<UInt32>],
        linear: ExtensionVector, claim: Extension
    ) {
        self.height = height
        self.plan = plan
        self.nodeWeights = nodeWeights.flatMap { $0.limbs.map(\.montgomery) }
        self.baseColumns = baseColumns
        self.linear = linear
        self.claim = claim
        variables = height
    }

    /// Coefficients of h_t. `e`: eq of the variables after the one being bound; `coordinate`: ζ at it.
    func round(_ e: ExtensionVector, coordinate: Extension, _ pool: Pool) -> [Extension] {
        let half = 1 << (variables - 1)
        let degree = max(1, plan.program.degree)
        var values = [Extension](repeating: .zero, count: degree + 1)
        if !plan.program.accumulated.isEmpty { values = programSums(half, degree, e, pool) }
        let low = Extension {
            kb_ext_ext_dot(linear.words, linear.stride, e.words, e.stride, half, $0)
        }
        let high = Extension {
            kb_ext_ext_dot(linear.words + half, linear.stride, e.words, e.stride, half, $0)
        }
        var line = low
        for x in values.indices {
            values[x] += line
            line += high - low
        }
        // (1 − z)·h(0) + z·h(1) = claim: h(1) need not be summed.
        values[1] = (claim - (Extension.one - coordinate) * values[0]) * coordinate.inverse
        return interpolate(values)
    }

    func bind(_ r: Extension, _ h: [Extension], _ pool: Pool) {
        let half = 1 << (variables - 1)
        claim = h.dropLast().reversed().reduce(h.last!) { $0 * r + $1 }
        linear = linear.folded(at: r)
        if columns.isEmpty {
            let made = baseColumns.map { _ in ExtensionVector(count: half, zeroed: false) }
            pool.forEach(made.count) { i in
                r.withWords {
                    kb_fold_base(self.baseColumns[i], half, $0, made[i].words, made[i].stride)
                }
            }
            columns = made
        } else {
            let old = columns
            pool.forEach(old.count) { i in
                r.withWords {
                    kb_fold_ext(old[i].words, old[i].stride, half, $0, old[i].words, old[i].stride)
                }
            }
        }
        variables -= 1
    }

    /// Σ_x eq(x)·program(x) at 0, 2, 3, …, degree (entry 1 is left zero).
    private func programSums(_ half: Int, _ degree: Int, _ e: ExtensionVector, _ pool: Pool)
        -> [Extension]
    {
        let isBase = columns.isEmpty
        let width = isBase ? 64 : 16
        let blocks = (half + width - 1) / width
        let tasks = min(blocks, pool.threads == 1 ? 1 : 8 * pool.threads)
        let partial = ExtensionVector(count: tasks * (degree + 1))
        pool.forEach(tasks) { task in
            let range = (blocks * task / tasks)..<(blocks * (task + 1) / tasks)
            let sums =
                isBase
                ? self.runBlocks(range, half, degree, e, planes: 1, width: width)
                : self.runBlocks(range, half, degree, e, planes: 5, width: width)
            for (x, sum) in sums.enumerated() { partial[task * (degree + 1) + x] = sum }
        }
        var total = [Extension](repeating: .zero, count: degree + 1)
        for task in 0..<tasks {
            for x in 0...degree { total[x] += partial[task * (degree + 1) + x] }
        }
        return total
    }

    private func runBlocks(
        _ blocks: Range<Int>, _ half: Int, _ degree: Int, _ e: ExtensionVector, planes: Int,
        width: Int
    ) -> [Extension] {
        let program = plan.program
        let inputs = program.inputs.count
        let register = planes * width
        var sums = [Extension](repeating: .zero, count: degree + 1)
        let capacity = (program.registerCount + inputs) * register + 5 * width
        withUnsafeTemporaryAllocation(byteCount: capacity * 4, alignment: 64) { raw in
            let scratch = raw.baseAddress!.assumingMemoryBound(to: UInt32.self)
            scratch.initialize(repeating: 0, count: capacity)
            let differences = scratch + program.registerCount * register
            let accumulator = differences + inputs * register
            for block in blocks {
                let start = block * width
                let n = min(width, half - start)
                load(scratch, differences, start, n, half, planes: planes, width: width)
                for x in 0...degree {
                    if x > 0 { kb_add(scratch, differences, scratch, inputs * register) }
                    if x == 1 { continue }
                    accumulator.update(repeating: 0, count: 5 * width)
                    if planes == 1 {
                        kb_program_run_base(
                            program.instructions, program.instructions.count, program.constants,
                            nodeWeights, scratch, width, accumulator)
                    } else {
                        kb_program_run_ext(
                            program.instructions, program.instructions.count, program.constants,
                            nodeWeights, scratch, width, accumulator)
                    }
                    sums[x] += Extension {
                        kb_ext_ext_dot(accumulator, width, e.words + start, e.stride, n, $0)
                    }
                }
            }
        }
        return sums
    }

    /// Registers := the columns at 0, differences := columns at 1 − columns at 0, for n rows from `start`.
    private func load(
        _ registers: UnsafeMutablePointer<UInt32>, _ differences: UnsafeMutablePointer<UInt32>,
        _ start: Int, _ n: Int,
        _ half: Int, planes: Int, width: Int
    ) {
        for i in plan.program.inputs.indices {
            for l in 0..<planes {
                let from: UnsafePointer<UInt32>
                if planes == 1 {
                    from = baseColumns[i] + start
                } else {
                    from = UnsafePointer(columns[i].words + l * columns[i].stride + start)
                }
                let at = (i * planes + l) * width
                (registers + at).update(from: from, count: n)
                kb_sub(from + half, from, differences + at, n)
            }
        }
    }
}

/// Coefficients of the polynomial of degree < values.count with these values at 0, 1, 2, …
func interpolate(_ values: [Extension]) -> [Extension] {
    // Newton: f = Σ_k Δ_k·C(X, k), Δ_k the k-th forward difference at 0 and C(X, k) = C(X, k−1)·(X − k + 1)/k.
    var differences = values
    var basis: [Field] = [.one]
    var result = [Extension](repeating: .zero, count: values.count)
    for k in values.indices {
        for (i, b) in basis.enumerated() { result[i] += differences[0] * b }
        differences = zip(differences.dropFirst(), differences).map { $0 - $1 }
        guard k + 1 < values.count else { break }
        let inverse = Field(k + 1).inverse
        var next = [Field](repeating: .zero, count: basis.count + 1)
        for (i, b) in basis.enumerated() {
            next[i + 1] += b * inverse
            next[i] -= b * inverse * Field(k)
        }
        basis = next
    }
    return result
}

/// The prover's side of P6 and P7.
struct ZerocheckProver {
    let key: ProvingKey
    let witness: BaseVector
    let pool: Pool

    private var shape: Shape { key.circuit.shape }

    private func column(_ kind: ChipKind, _ reference: ColumnReference) -> UnsafePointer<UInt32> {
        switch reference {
        case .witness(let c):
            UnsafePointer(witness.words + shape.witnessLayout.offset(kind, column: c, shape: shape))
        case .preprocessed(let c):
            UnsafePointer(
                key.preprocessed.cells.words
                    + shape.preprocessedLayout.offset(kind, column: c, shape: shape))
        }
    }

    /// Sends P6 and P7; returns the columns' claims.
    func prove(
        _ transcript: inout ProverTranscript, leaves: LeafClaim, tree: FractionTree,
        alpha: Extension, weights: ZerocheckWeights,
        timer: inout PhaseTimer
    ) -> ColumnClaims {
        let rounds = shape.maximalTableHeight
        let point = Array(leaves.point.suffix(rounds))
        let eq = EqTables(point, pool: pool)
        let tables = shape.order.map { table($0, alpha, weights, eq, tree) }
        timer.mark("zerocheck_setup")
        var r: [Extension] = []
        for i in 0..<rounds {
            let left = rounds - i
            var total = [Extension](repeating: .zero, count: Chip.maximalDegree + 1)
            var own: [[Extension]] = []
            for t in tables {
                guard t.height >= left else {
                    total[0] += t.claim
                    own.append([])
                    continue
                }
                let h = t.round(eq.after(i + 1), coordinate: point[i], pool)
                for (k, c) in h.enumerated() { total[k] += c }
                own.append(h)
            }
            transcript.send(.zerocheckRound, Array(total.dropFirst()))
            let x = transcript.sample()
            for (t, h) in zip(tables, own) where t.height >= left { t.bind(x, h, pool) }
            r.append(x)
        }
        timer.mark("zerocheck_rounds")
        let values = evaluations(at: r)
        transcript.send(.evaluations, values)
        timer.mark("evaluations")
        return ColumnClaims(shape: shape, values: values, point: r)
    }

    private func table(
        _ kind: ChipKind, _ alpha: Extension, _ weights: ZerocheckWeights, _ eq: EqTables,
        _ tree: FractionTree
    ) -> TableProver {
        let plan = ChipPlan.all[kind.rawValue]
        let rows = shape.rows(kind)
        let parts = plan.distribute(weights.chips[kind.rawValue])
        let linear = ExtensionVector(count: rows, zeroed: false)
        for limb in 0..<5 {
            (linear.words + limb * linear.stride).update(
                repeating: parts.constant[limb].montgomery, count: rows)
        }
        let references: [(ColumnReference, Extension)] =
            parts.witness.enumerated().map { (.witness($0.offset), $0.element) }
            + parts.preprocessed.enumerated().map { (.preprocessed($0.offset), $0.element) }
        let columns = references.filter { $0.1 != .zero }.map { (column(kind, $0.0), $0.1) }
        nonisolated(unsafe) let sources = columns
        pool.forEachRange(rows, grain: 1024) { range in
            for (from, weight) in sources {
                weight.withWords {
                    kb_base_scale_add(
                        $0, from + range.lowerBound, linear.words + range.lowerBound, linear.stride,
                        range.count)
                }
            }
        }
        // Constraints vanish on the rows, so the table's claim is that of its ports' leaves.
        let table = eq.last(shape.height(kind))
        var claim = Extension.zero
        for (k, e) in weights.ports[kind.rawValue].enumerated() {
            let at = shape.leafLayout.offset(kind, column: k, shape: shape)
            let den = tree.denominators.last!
            let numerator = Extension {
                kb_base_ext_dot(tree.leafNumerators.words + at, table.words, table.stride, rows, $0)
            }
            let denominator = Extension {
                kb_ext_ext_dot(den.words + at, den.stride, table.words, table.stride, rows, $0)
            }
            claim += e * (numerator + alpha * denominator)
        }
        return TableProver(
            height: shape.height(kind), plan: plan, nodeWeights: parts.nodes,
            baseColumns: plan.program.inputs.map { column(kind, $0) }, linear: linear, claim: claim)
    }

    /// P7: all columns at the last coordinates of r.
    private func evaluations(at r: [Extension]) -> [Extension] {
        let eq = EqTables(r, pool: pool)
        var sources: [(UnsafePointer<UInt32>, Int)] = []
        for kind in shape.order {
            sources += (0..<Chip[kind].witnessCount).map {
                (column(kind, .witness($0)), shape.height(kind))
            }
        }
        for kind in shape.order {
            sources += (0..<Chip[kind].preprocessedCount).map {
                (column(kind, .preprocessed($0)), shape.height(kind))
            }
        }
        nonisolated(unsafe) let all = sources
        let values = ExtensionVector(count: all.count)
        pool.forEach(all.count) { i in
            let (from, height) = all[i]
            let table = eq.last(height)
            values[i] = Extension {
                kb_base_ext_dot(from, table.words, table.stride, 1 << height, $0)
            }
        }
        return values.elements
    }
}
