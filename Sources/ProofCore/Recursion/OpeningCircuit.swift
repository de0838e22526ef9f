// The opening's verifier as a gadget (PROTOCOL.md section 6).

struct OpeningCircuit {
    let builder: CircuitBuilder
    let shape: Shape
    let parameters: OpeningParameters

    /// A term of the weight polynomial that a round adds: evaluated at the end, when all coordinates are known.
    private struct RoundTerms {
        let gamma: ExtTarget
        /// α_j, absent in the last round.
        let outOfDomainPoint: ExtTarget?
        let points: [PowerTarget]
        /// How many variables were bound when the terms were added.
        let bound: Int
    }

    func verify(
        _ transcript: inout CircuitTranscript, witnessRoot: DigestTarget, preprocessedRoot: DigestTarget, values: [ExtTarget],
        point: [ExtTarget], outOfDomainPoint: ExtTarget, outOfDomainValue: ExtTarget
    ) {
        let b = builder
        let gamma = transcript.sample()
        var claim = b.horner(values + [outOfDomainValue], gamma)
        var rho: [ExtTarget] = []
        var terms: [RoundTerms] = []
        var roots = [witnessRoot, preprocessedRoot]
        for (j, round) in parameters.rounds.enumerated() {
            let folded = sumcheck(&transcript, steps: round.steps, &claim)
            rho += folded
            let isLast = j == parameters.rounds.count - 1
            var nextRoots: [DigestTarget] = []
            var alpha: ExtTarget?
            var finalPolynomial: [ExtTarget] = []
            var addedClaims: [ExtTarget] = []
            if isLast {
                finalPolynomial = transcript.receive(elements: 1 << parameters.finalVariables)
            } else {
                nextRoots = [transcript.receiveDigest()]
                alpha = transcript.sample()
                addedClaims = [transcript.receive(elements: 1)[0]]
            }
            transcript.checkWork(bits: parameters.grindingBits)
            let queries = transcript.indices(count: round.queries, bits: round.height)
            addedClaims += b.count("openings of round \(j)") {
                openings(j, round, roots, queries.map(\.index), folded)
            }
            let roundGamma = transcript.sample()
            claim = b.horner([claim] + addedClaims, roundGamma)
            terms.append(RoundTerms(gamma: roundGamma, outOfDomainPoint: alpha, points: queries.map(\.point), bound: rho.count))
            roots = nextRoots
            if isLast {
                let last = sumcheck(&transcript, steps: parameters.finalVariables, &claim)
                rho += last
                b.count("final claim") {
                    let weight = finalWeight(rho, values, point, gamma, outOfDomainPoint, terms)
                    b.connect(claim, b.multiply(weight, multilinear(finalPolynomial, last)))
                }
            }
        }
    }

    /// P8: s = c_0 + c_1 X + c_2 X², c_1 = claim − 2c_0 − c_2.
    private func sumcheck(_ transcript: inout CircuitTranscript, steps: Int, _ claim: inout ExtTarget) -> [ExtTarget] {
        let b = builder
        let two = b.constant(Field(2))
        return (0..<steps).map { _ in
            let c = transcript.receive(elements: 2)
            let r = transcript.sample()
            let c1 = b.subtract(b.mulSubtract(from: claim, two, c[0]), c[1])
            claim = b.mulAdd(b.mulAdd(c[1], r, c1), r, c[0])
            return r
        }
    }

    /// The values of f on {0,1}^k as its multilinear at a point, most significant variable first.
    private func multilinear(_ values: [ExtTarget], _ point: [ExtTarget]) -> ExtTarget {
        var current = values
        for z in point {
            let half = current.count / 2
            current = (0..<half).map { builder.interpolate(current[$0], current[half + $0], z) }
        }
        return current[0]
    }

    // MARK: Openings (P12)

    /// fold_i of every query: reads leaves and paths, checks the roots.
    private func openings(
        _ j: Int, _ round: OpeningRound, _ roots: [DigestTarget], _ indices: [ExtTarget], _ folded: [ExtTarget]
    ) -> [ExtTarget] {
        let b = builder
        var eq = EqBits(b, folded)
        let weights: [BlockTarget]
        let blocksPerTree: [Int]
        if j == 0 {
            let rows = [parameters.witnessRows, parameters.preprocessedRows]
            blocksPerTree = rows.map { $0 / 8 }
            let half = 1 << (round.steps - 1)
            let table = (0..<rows[0]).map { eq.value($0, round.steps) } + (0..<rows[1]).map { eq.value(half + $0, round.steps) }
            weights = stride(from: 0, to: table.count, by: 8).map { b.block(of: Array(table[$0..<($0 + 8)])) }
        } else {
            // A leaf is elements limb by limb: limb l of element u has weight eq(u)·X^l.
            let x = b.constant(Extension.x)
            let table = eq.table(round.steps).flatMap { w in
                (1..<5).reduce(into: [w]) { powers, _ in powers.append(b.multiply(powers.last!, x)) }
            }
            blocksPerTree = [table.count / 8]
            weights = stride(from: 0, to: table.count, by: 8).map { b.block(of: Array(table[$0..<($0 + 8)])) }
        }
        let leaves = indices.map { index in
            zip(roots, blocksPerTree).flatMap { root, blocks in opening(root, blocks, index, round.height) }
        }
        return stride(from: 0, to: leaves.count, by: 4).flatMap { start in
            b.dot(weights, Array(leaves[start..<min(start + 4, leaves.count)]))
        }
    }

    /// One leaf: its blocks, hashed and led to the root at `index`.
    private func opening(_ root: DigestTarget, _ blocks: Int, _ index: ExtTarget, _ height: Int) -> [DigestTarget] {
        let b = builder
        let leaf = (0..<blocks).map { _ in b.inputDigest() }
        let siblings = (0..<height).map { _ in b.inputDigest() }
        b.connect(b.merkleRoot(leaf: b.leafHash(leaf), index: index, siblings: siblings), root)
        return leaf
    }

    // MARK: The weight polynomial at the end

    private func finalWeight(
        _ rho: [ExtTarget], _ values: [ExtTarget], _ point: [ExtTarget], _ gamma: ExtTarget, _ outOfDomainPoint: ExtTarget,
        _ terms: [RoundTerms]
    ) -> ExtTarget {
        let b = builder
        var weight = columnWeights(rho, point, gamma, count: values.count, outOfDomainPoint)
        // pow_z at the coordinates that were not bound yet, the last coordinate first, in blocks of eight.
        for term in terms {
            let rest = Array(rho[term.bound...])
            let blocks = stride(from: 0, to: rest.count, by: 8).map { start in
                b.block(of: Array(rest.reversed()[start..<min(start + 8, rest.count)]))
            }
            var powers: [ExtTarget] = []
            if let alpha = term.outOfDomainPoint { powers.append(power(alpha, rest)) }
            powers += term.points.map { b.power($0, blocks) }
            weight = b.horner([weight] + powers, term.gamma)
        }
        return weight
    }

    /// pow_a(x) for an extension element a.
    private func power(_ a: ExtTarget, _ x: [ExtTarget]) -> ExtTarget {
        let b = builder
        var square = a
        var product = b.one
        for (i, coordinate) in x.reversed().enumerated() {
            if i > 0 { square = b.multiply(square, square) }
            let factor = b.mulAdd(coordinate, b.subtract(square, b.one), b.one)
            product = i == 0 ? factor : b.multiply(product, factor)
        }
        return product
    }

    /// Σ γ^i·(weight of claim i) + γ^count·pow_{α_0}, at ρ. Columns of a table are consecutive blocks; a run of 2^k of them whose number
    /// is aligned sums to a product over its k free bits, so a table costs a few runs instead of its columns.
    private func columnWeights(
        _ rho: [ExtTarget], _ point: [ExtTarget], _ gamma: ExtTarget, count: Int, _ outOfDomainPoint: ExtTarget
    ) -> ExtTarget {
        let b = builder
        let n = shape.witnessVariables
        var eqHigh = EqBits(b, rho)
        var gammaPowers = [gamma]  // γ^(2^k)
        func gammaPower(_ k: Int) -> ExtTarget {
            while gammaPowers.count <= k { gammaPowers.append(b.multiply(gammaPowers.last!, gammaPowers.last!)) }
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
        for (half, layout, columns) in [
            (0, shape.witnessLayout, { (c: Chip) in c.witnessCount }),
            (1 << n, shape.preprocessedLayout, { (c: Chip) in c.preprocessedCount }),
        ] {
            for kind in shape.order where columns(Chip[kind]) > 0 {
                let h = shape.height(kind)
                let first = (half + layout.offsets[kind.rawValue]) >> h
                for run in alignedRuns(first, columns(Chip[kind])) {
                    let prefix = eqHigh.value(run.start >> run.log, n + 1 - h - run.log)
                    runs.append((b.multiply(b.multiply(prefix, free(h, run.log)), low[h]), run.log))
                }
            }
        }
        // Claims are consecutive, so the exponent grows by each run's length.
        return runs.reversed().reduce(power(outOfDomainPoint, rho)) { acc, run in
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
