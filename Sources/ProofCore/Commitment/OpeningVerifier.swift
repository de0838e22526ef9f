// The verifier of the opening (PROTOCOL.md section 6), in three stages: shapes, replay of the
// transcript, equations.

extension Opening {
    /// Reads P8 … P13 and checks them.
    ///
    /// To `transcript.record` it adds, in order: each message's limbs as received (P8: c_0, c_2;
    /// P9; P10; P11: the nonce; P13), and at each P12, for each drawn index in draw order, repeated
    /// ones too, for each tree (round 0: witness, then preprocessed): the limbs of the leaf, then
    /// its whole path, eight limbs a sibling, from the leaf's level up.
    ///
    /// - Parameters:
    ///   - witnessRoot: P1. - preprocessedRoot: of the verifier data.
    ///   - point, outOfDomainPoint, outOfDomainValue: as `prove`; the value is P2.
    /// - Throws: `.shape` for claims that do not fit the parameters; `.truncated` and
    ///   `.nonCanonical` for P8 … P13; `.proofOfWork` (P11), which is also where a change of P8,
    ///   P9, P10 or P13 shows; `.merkleRoot` (P12); `.finalClaim`.
    package func verify(
        transcript: inout VerifierTranscript, witnessRoot: Digest, preprocessedRoot: Digest?,
        witnessClaims: [ColumnClaim], preprocessedClaims: [ColumnClaim], point: [Extension],
        outOfDomainPoint: Extension, outOfDomainValue: Extension
    ) throws(VerificationError) {
        guard (preprocessedRoot != nil) == parameters.hasPreprocessed,
            parameters.hasPreprocessed || preprocessedClaims.isEmpty
        else {
            throw .shape(
                "expected \(parameters.hasPreprocessed ? "two stacks" : "one stack") to open")
        }
        let roots = [witnessRoot] + (preprocessedRoot.map { [$0] } ?? [])
        let claims = Array([witnessClaims, preprocessedClaims].prefix(roots.count))
        try validateShape(claims, point: point)
        let replay = try replayTranscript(&transcript, roots: roots)
        try checkEquations(
            replay, claims: claims, point: point, outOfDomainPoint: outOfDomainPoint,
            outOfDomainValue: outOfDomainValue)
    }

    private func validateShape(_ claims: [[ColumnClaim]], point: [Extension])
        throws(VerificationError)
    {
        let sizes = [parameters.witnessVariables, parameters.preprocessedVariables]
        for ((claims, variables), stack) in zip(zip(claims, sizes), ["witness", "preprocessed"]) {
            for (i, claim) in claims.enumerated()
            where !claim.fits(variables: variables, pointCount: point.count) {
                throw .shape(
                    "\(stack) claim \(i): expected a column inside 2^\(variables) cells, "
                        + "got offset \(claim.offset), height \(claim.height)")
            }
        }
    }

    // MARK: replay

    /// Everything the transcript gave, openings authenticated.
    private struct Replay {
        /// γ of the claims.
        var gamma = Extension.zero
        /// P8 of round 0, 1, …, J, and of the end, with the challenge that followed each.
        var steps: [[(round: QuadraticRound, challenge: Extension)]] = []
        var openings: [OpenedRound] = []
        var final: [Extension] = []
    }

    /// What happened between the steps of one round and those of the next.
    private struct OpenedRound {
        /// α_j and P10; none at the end.
        let outOfDomain: (point: Extension, value: Extension)?
        /// z_i, in draw order.
        let points: [Field]
        /// The leaf of each, of all trees: elements of E (or F) in row order.
        let leaves: [[Extension]]
        let gamma: Extension
    }

    private func replayTranscript(
        _ transcript: inout VerifierTranscript, roots: [Digest]
    ) throws(VerificationError) -> Replay {
        var replay = Replay()
        replay.gamma = transcript.sample()
        replay.steps.append(try receiveSteps(&transcript, parameters.rounds[0].steps))
        var roots = roots
        for (j, round) in parameters.rounds.enumerated().dropFirst() {
            let root = try transcript.receiveDigest(.foldedRoot)
            let alpha = transcript.sample()
            let value = try transcript.receive(.foldedOutOfDomain, elements: 1)[0]
            replay.openings.append(
                try receiveOpening(
                    &transcript, round: j - 1, roots: roots, outOfDomain: (alpha, value)))
            replay.steps.append(try receiveSteps(&transcript, round.steps))
            roots = [root]
        }
        replay.final = try transcript.receive(
            .finalPolynomial, elements: 1 << parameters.finalVariables)
        replay.openings.append(
            try receiveOpening(
                &transcript, round: parameters.rounds.count - 1, roots: roots, outOfDomain: nil))
        replay.steps.append(try receiveSteps(&transcript, parameters.finalVariables))
        return replay
    }

    /// P8
    private func receiveSteps(
        _ transcript: inout VerifierTranscript, _ count: Int
    ) throws(VerificationError) -> [(round: QuadraticRound, challenge: Extension)] {
        var steps: [(round: QuadraticRound, challenge: Extension)] = []
        for _ in 0..<count {
            let c = try transcript.receive(.openingRound, elements: 2)
            steps.append((QuadraticRound(c0: c[0], c2: c[1]), transcript.sample()))
        }
        return steps
    }

    /// P11, P12 and the γ that joins the folds.
    private func receiveOpening(
        _ transcript: inout VerifierTranscript, round j: Int, roots: [Digest],
        outOfDomain: (point: Extension, value: Extension)?
    ) throws(VerificationError) -> OpenedRound {
        let round = parameters.rounds[j]
        try transcript.checkWork(bits: parameters.grindingBits)
        let indices = transcript.indices(round)
        var trees: [TreeOpening] = []
        for (tree, root) in roots.enumerated() {
            trees.append(
                try TreeOpening(
                    from: &transcript, indices: indices, height: round.height,
                    rows: leafLimbs(round: j, tree: tree),
                    root: root, round: j, tree: tree))
        }
        var leaves: [[Extension]] = []
        for index in indices {
            var elements: [Extension] = []
            for tree in trees {
                let limbs = tree.leaf(index)
                transcript.record += limbs
                for digest in tree.path(index) { transcript.record += digest.limbs }
                elements += j == 0 ? limbs.map { Extension($0) } : joined(limbs)
            }
            leaves.append(elements)
        }
        return OpenedRound(
            outOfDomain: outOfDomain, points: indices.map { round.domainPoint($0) }, leaves: leaves,
            gamma: transcript.sample())
    }

    private func leafLimbs(round j: Int, tree: Int) -> Int {
        if j > 0 { return 5 << parameters.rounds[j].steps }
        return tree == 0 ? parameters.witnessRows : parameters.preprocessedRows
    }

    private func joined(_ limbs: [Field]) -> [Extension] {
        Swift.stride(from: 0, to: limbs.count, by: 5).map { Extension(limbs: limbs[$0..<($0 + 5)]) }
    }

    // MARK: equations

    /// Follows the claim through all rounds and compares it with the final polynomial.
    private func checkEquations(
        _ replay: Replay, claims: [[ColumnClaim]], point: [Extension],
        outOfDomainPoint: Extension, outOfDomainValue: Extension
    ) throws(VerificationError) {
        var power = Extension.one
        var claim = Extension.zero
        for value in claims.joined().map(\.value) + [outOfDomainValue] {
            claim += power * value
            power *= replay.gamma
        }
        var bound: [Extension] = []
        for (j, steps) in replay.steps.enumerated() {
            if j > 0 {
                let opening = replay.openings[j - 1]
                let folds = folded(opening.leaves, at: bound.suffix(parameters.rounds[j - 1].steps))
                claim += joined(opening, folds)
            }
            for step in steps {
                claim = step.round.evaluate(at: step.challenge, claim: claim)
                bound.append(step.challenge)
            }
        }
        let outOfDomainWeight = replay.gamma.power(claims.joined().count)
        var weight = columnWeights(claims, point: point, gamma: replay.gamma, at: bound)
        weight += outOfDomainWeight * powersPolynomial(outOfDomainPoint, at: bound)
        for (j, opening) in replay.openings.enumerated() {
            weight += addedWeight(opening, at: bound.suffix(parameters.rounds[j].rowVariables))
        }
        let final = ExtensionVector(replay.final).evaluate(
            at: Array(bound.suffix(parameters.finalVariables)))
        guard claim == weight * final else { throw .finalClaim }
    }

    /// fold_i = Σ_u eq(ρ's, u)·(element u of leaf i). Leaves shorter than 2^steps are zero beyond
    /// their end.
    private func folded(_ leaves: [[Extension]], at challenges: ArraySlice<Extension>)
        -> [Extension]
    {
        let coefficients = EqTables.table(Array(challenges)).elements
        return leaves.map { leaf in
            zip(leaf, coefficients).reduce(Extension.zero) { $0 + $1.1 * $1.0 }
        }
    }

    /// γ·y + Σ_i γ^(2+i)·fold_i, or Σ_i γ^(1+i)·fold_i without a y.
    private func joined(_ opening: OpenedRound, _ folds: [Extension]) -> Extension {
        let values = (opening.outOfDomain.map { [$0.value] } ?? []) + folds
        return values.reversed().reduce(Extension.zero) { ($0 + $1) * opening.gamma }
    }

    /// The weights that go with `joined`, at a point.
    private func addedWeight(_ opening: OpenedRound, at point: ArraySlice<Extension>) -> Extension {
        var values = opening.outOfDomain.map { [powersPolynomial($0.point, at: point)] } ?? []
        values += opening.points.map { powersPolynomial($0, at: point) }
        return values.reversed().reduce(Extension.zero) { ($0 + $1) * opening.gamma }
    }
}

extension VerifierTranscript {
    /// The positions at which a round is opened, in draw order.
    package mutating func indices(_ round: OpeningRound) -> [Int] {
        sponge.indices(count: round.queries, bits: round.height)
    }
}
