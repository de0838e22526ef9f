// The opening's verifier as a gadget (PROTOCOL.md section 6).

struct OpeningCircuit {
    let builder: CircuitBuilder
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

    /// - Parameters:
    ///   - roots: of the one or two stacks. - values: of the claims, in order.
    ///   - claimWeights: Σ γ^i·(weight of claim i) at ρ, plus γ^(number of claims)·last, from (ρ, γ, last).
    func verify(
        _ transcript: inout CircuitTranscript, roots: [DigestTarget], values: [ExtTarget],
        outOfDomainPoint: ExtTarget,
        outOfDomainValue: ExtTarget, claimWeights: ([ExtTarget], ExtTarget, ExtTarget) -> ExtTarget
    ) {
        let b = builder
        let gamma = transcript.sample()
        var claim = b.horner(values + [outOfDomainValue], gamma)
        var rho: [ExtTarget] = []
        var terms: [RoundTerms] = []
        var roots = roots
        for (j, round) in parameters.rounds.enumerated() {
            let folded = transcript.sumcheck(steps: round.steps, &claim)
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
            terms.append(
                RoundTerms(
                    gamma: roundGamma, outOfDomainPoint: alpha, points: queries.map(\.point),
                    bound: rho.count))
            roots = nextRoots
            if isLast {
                let last = transcript.sumcheck(steps: parameters.finalVariables, &claim)
                rho += last
                b.count("final claim") {
                    let start = claimWeights(rho, gamma, b.power(outOfDomainPoint, rho))
                    let weight = addTerms(start, rho, terms)
                    b.connect(claim, b.multiply(weight, multilinear(finalPolynomial, last)))
                }
            }
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
        _ j: Int, _ round: OpeningRound, _ roots: [DigestTarget], _ indices: [ExtTarget],
        _ folded: [ExtTarget]
    ) -> [ExtTarget] {
        let b = builder
        var eq = EqBits(b, folded)
        let weights: [BlockTarget]
        let blocksPerTree: [Int]
        if j == 0 {
            let rows = [parameters.witnessRows, parameters.preprocessedRows].prefix(roots.count)
            blocksPerTree = rows.map { $0 / 8 }
            let half = 1 << (round.steps - 1)
            let table = rows.enumerated().flatMap { tree, count in
                (0..<count).map { eq.value(tree * half + $0, round.steps) }
            }
            weights = stride(from: 0, to: table.count, by: 8).map {
                b.block(of: Array(table[$0..<($0 + 8)]))
            }
        } else {
            // A leaf is elements limb by limb: limb l of element u has weight eq(u)·X^l.
            let x = b.constant(Extension.x)
            let table = eq.table(round.steps).flatMap { w in
                (1..<5).reduce(into: [w]) { powers, _ in powers.append(b.multiply(powers.last!, x))
                }
            }
            blocksPerTree = [table.count / 8]
            weights = stride(from: 0, to: table.count, by: 8).map {
                b.block(of: Array(table[$0..<($0 + 8)]))
            }
        }
        let leaves = indices.map { index in
            zip(roots, blocksPerTree).flatMap { root, blocks in
                opening(root, blocks, index, round.height)
            }
        }
        return stride(from: 0, to: leaves.count, by: 4).flatMap { start in
            b.dot(weights, Array(leaves[start..<min(start + 4, leaves.count)]))
        }
    }

    /// One leaf: its blocks, hashed and led to the root at `index`.
    private func opening(_ root: DigestTarget, _ blocks: Int, _ index: ExtTarget, _ height: Int)
        -> [DigestTarget]
    {
        let b = builder
        let leaf = (0..<blocks).map { _ in b.inputDigest() }
        let siblings = (0..<height).map { _ in b.inputDigest() }
        b.connect(b.merkleRoot(leaf: b.leafHash(leaf), index: index, siblings: siblings), root)
        return leaf
    }

    // MARK: The weight polynomial at the end

    private func addTerms(_ start: ExtTarget, _ rho: [ExtTarget], _ terms: [RoundTerms])
        -> ExtTarget
    {
        let b = builder
        var weight = start
        // pow_z at the coordinates that were not bound yet, the last coordinate first, in blocks of eight.
        for term in terms {
            let rest = Array(rho[term.bound...])
            let blocks = stride(from: 0, to: rest.count, by: 8).map { start in
                b.block(of: Array(rest.reversed()[start..<min(start + 8, rest.count)]))
            }
            var powers: [ExtTarget] = []
            if let alpha = term.outOfDomainPoint { powers.append(b.power(alpha, rest)) }
            powers += term.points.map { b.power($0, blocks) }
            weight = b.horner([weight] + powers, term.gamma)
        }
        return weight
    }
}
