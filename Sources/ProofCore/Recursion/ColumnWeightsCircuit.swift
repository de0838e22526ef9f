// The weights of a stack's column claims at a point, as a gadget: the twin of `columnWeights`.

extension CircuitBuilder {
    /// pow_a(x) for an extension element a.
    func power(_ a: ExtTarget, _ x: [ExtTarget]) -> ExtTarget {
        var square = a
        var product = one
        for (i, coordinate) in x.reversed().enumerated() {
            if i > 0 { square = multiply(square, square) }
            let factor = mulAdd(coordinate, subtract(square, one), one)
            product = i == 0 ? factor : multiply(product, factor)
        }
        return product
    }

    /// eq(x, y)
    /// - Precondition: as many coordinates.
    func eq(_ x: [ExtTarget], _ y: [ExtTarget]) -> ExtTarget {
        precondition(x.count == y.count)
        let two = constant(Field(2))
        var product = one
        for (i, (a, b)) in zip(x, y).enumerated() {
            let factor = subtract(mulAdd(multiply(a, b), two, one), add(a, b))
            product = i == 0 ? factor : multiply(product, factor)
        }
        return product
    }
}

/// Σ γ^i·eq(block of column i, high coordinates)·eq(low coordinates of the point, …) for all columns of one stack or both.
/// Columns of a table are consecutive blocks; a run of 2^k of them whose number is aligned sums to a product over its k free bits, so
/// a table costs a few runs instead of its columns.
struct ColumnWeightsCircuit {
    enum Stacks { case witness, preprocessed, both }

    let builder: CircuitBuilder
    let shape: Shape
    let point: [ExtTarget]

    /// At ρ, plus γ^(number of columns)·last. Both stacks together have one coordinate more, the first.
    func sum(at rho: [ExtTarget], gamma: ExtTarget, stacks: Stacks, last: ExtTarget) -> ExtTarget {
        let b = builder
        var eqHigh = EqBits(b, rho)
        var gammaPowers = [gamma]  // γ^(2^k)
        func gammaPower(_ k: Int) -> ExtTarget {
            while gammaPowers.count <= k {
                gammaPowers.append(b.multiply(gammaPowers.last!, gammaPowers.last!))
            }
            return gammaPowers[k]
        }
        // eq of the last h coordinates of the zerocheck's point and of ρ.
        var low: [ExtTarget] = [b.one]
        for i in 1...shape.maximalTableHeight {
            let (x, y) = (point[point.count - i], rho[rho.count - i])
            let both = b.multiply(x, y)
            let factor = b.subtract(b.mulAdd(both, b.constant(Field(2)), b.one), b.add(x, y))
            low.append(b.multiply(low[i - 1], factor))
        }
        var freeProducts: [Int: [ExtTarget]] = [:]  // by height: Π over the first k free bits
        func free(_ height: Int, _ k: Int) -> ExtTarget {
            var products = freeProducts[height] ?? [b.one]
            while products.count <= k {
                let i = products.count - 1
                let coordinate = rho[rho.count - 1 - height - i]
                let factor = b.mulAdd(coordinate, b.subtract(gammaPower(i), b.one), b.one)
                products.append(i == 0 ? factor : b.multiply(products[i], factor))
            }
            freeProducts[height] = products
            return products[k]
        }
        var runs: [(term: ExtTarget, log: Int)] = []
        let witness = (
            start: 0, layout: shape.witnessLayout, columns: { (c: Chip) in c.witnessCount }
        )
        let second = stacks == .both ? 1 << shape.witnessVariables : 0
        let preprocessed = (
            start: second, layout: shape.preprocessedLayout,
            columns: { (c: Chip) in c.preprocessedCount }
        )
        let chosen =
            stacks == .witness
            ? [witness] : stacks == .preprocessed ? [preprocessed] : [witness, preprocessed]
        for (half, layout, columns) in chosen {
            for kind in shape.order where columns(Chip[kind]) > 0 {
                let h = shape.height(kind)
                let first = (half + layout.offsets[kind.rawValue]) >> h
                for run in alignedRuns(first, columns(Chip[kind])) {
                    let prefix = eqHigh.value(run.start >> run.log, rho.count - h - run.log)
                    runs.append((b.multiply(b.multiply(prefix, free(h, run.log)), low[h]), run.log))
                }
            }
        }
        // Claims are consecutive, so the exponent grows by each run's length.
        return runs.reversed().reduce(last) { acc, run in
            b.mulAdd(acc, gammaPower(run.log), run.term)
        }
    }
}

/// [first, first + count) as aligned runs of powers of two, in order.
func alignedRuns(_ first: Int, _ count: Int) -> [(start: Int, log: Int)] {
    var runs: [(start: Int, log: Int)] = []
    var start = first
    while start < first + count {
        var log = start == 0 ? Int.bitWidth - 2 : start.trailingZeroBitCount
        while start + 1 << log > first + count { log -= 1 }
        runs.append((start, log))
        start += 1 << log
    }
    return runs
}
