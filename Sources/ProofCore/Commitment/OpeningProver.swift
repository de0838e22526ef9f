// The prover of the opening (PROTOCOL.md section 6): P2, P8 … P13.

import CKernels

/// One opening of a witness stack and a preprocessed stack: WHIR with the parameters of the
/// circuit.
package struct Opening: Sendable {
    package let parameters: OpeningParameters

    package init(parameters: OpeningParameters) { self.parameters = parameters }

    /// y_0 (P2): Σ_b F(b)·point^b over both stacks, the preprocessed one from index 2^n on.
    package func outOfDomainValue(
        witness: StackCommitment, preprocessed: StackCommitment?, point: Extension, pool: Pool
    ) -> Extension {
        let w = parameters.rowVariables
        let powers = ExtensionVector.powers(of: point, count: 1 << w)
        let rows = witness.rows + (preprocessed?.rows ?? 0)
        let sums = ExtensionVector(count: rows)
        pool.forEach(rows) { i in
            let row = i < witness.rows ? witness.row(i)! : preprocessed!.row(i - witness.rows)!
            sums[i] = Extension {
                kb_base_ext_dot(row, powers.words, powers.stride, powers.count, $0)
            }
        }
        // The witness has 2^k_0 rows, so row i of the sums is row i of F.
        let rowPowers = powersList(of: point.squared(times: w), count: rows)
        return zip(sums.elements, rowPowers).reduce(Extension.zero) { $0 + $1.0 * $1.1 }
    }

    /// Writes P8 … P13. γ is sampled first: everything claimed must have been sent or absorbed.
    /// - Parameters:
    ///   - witness, preprocessed: 2^n and 2^m cells in rows of the parameters' length and first
    ///   rate.
    ///   - witnessClaims, preprocessedClaims: in the order of P7; their values are not used here.
    ///   - point: a column of height h is claimed at its last h coordinates.
    ///   - outOfDomainPoint: α_0, of which P2 was sent. - outOfDomainValue: P2; not used here, as the
    ///     values of claims: round polynomials follow from the cells.
    package func prove(
        transcript: inout ProverTranscript, witness: StackCommitment,
        preprocessed: StackCommitment?,
        witnessClaims: [ColumnClaim], preprocessedClaims: [ColumnClaim], point: [Extension],
        outOfDomainPoint: Extension, outOfDomainValue: Extension, pool: Pool
    ) {
        let stacks = [witness] + (preprocessed.map { [$0] } ?? [])
        let claims = [witnessClaims, preprocessedClaims].prefix(stacks.count)
        precondition(preprocessed != nil || preprocessedClaims.isEmpty)
        for (stack, claims) in zip(stacks, claims) {
            precondition(
                claims.allSatisfy { $0.fits(variables: stack.variables, pointCount: point.count) },
                "a claimed column does not lie in its stack")
        }
        checkStacks(stacks)
        let gamma = transcript.sample()
        let reduction = RowReduction(
            witness: witness, preprocessed: preprocessed,
            weights: RowWeights(
                claims: Array(claims), rows: stacks.map(\.rows),
                rowVariables: parameters.rowVariables,
                point: point, gamma: gamma, pool: pool),
            outOfDomainPoint: outOfDomainPoint,
            outOfDomainWeight: gamma.power(witnessClaims.count + preprocessedClaims.count),
            pool: pool)
        var state = ProverState(
            reduction: reduction, steps: parameters.rounds[0].steps, transcript: &transcript)
        var previous = stacks.map(\.codeword)
        for (j, round) in parameters.rounds.enumerated().dropFirst() {
            let codeword = Codeword(
                state.f, rowVariables: round.rowVariables, rateBits: round.rateBits, pool: pool)
            transcript.send(.foldedRoot, codeword.tree.root.limbs)
            let alpha = transcript.sample()
            transcript.send(.foldedOutOfDomain, [state.outOfDomainValue(alpha)])
            let points = open(previous, parameters.rounds[j - 1], &transcript, pool)
            state.addWeights(gamma: transcript.sample(), outOfDomainPoint: alpha, points: points)
            state.sumcheck(steps: round.steps, transcript: &transcript)
            previous = [codeword]
        }
        transcript.send(.finalPolynomial, state.f.elements)
        let points = open(
            previous, parameters.rounds[parameters.rounds.count - 1], &transcript, pool)
        state.addWeights(gamma: transcript.sample(), outOfDomainPoint: nil, points: points)
        state.sumcheck(steps: parameters.finalVariables, transcript: &transcript)
    }

    private func checkStacks(_ stacks: [StackCommitment]) {
        let sizes = [parameters.witnessVariables, parameters.preprocessedVariables]
        precondition(stacks.count == (parameters.hasPreprocessed ? 2 : 1))
        for (stack, variables) in zip(stacks, sizes) {
            precondition(
                stack.variables == variables && stack.rowVariables == parameters.rowVariables
                    && stack.rateBits == parameters.rateBits,
                "a stack does not have the parameters' shape")
        }
    }

    /// P11 and P12 for a round's trees; the domain points that were opened, in draw order.
    private func open(
        _ codewords: [Codeword], _ round: OpeningRound, _ transcript: inout ProverTranscript,
        _ pool: Pool
    ) -> [Field] {
        transcript.grind(bits: parameters.grindingBits, pool: pool)
        let indices = transcript.indices(round)
        for codeword in codewords { codeword.writeOpening(indices, to: &transcript) }
        return indices.map { round.domainPoint($0) }
    }
}

extension OpeningRound {
    /// z_i = ω_h^(bitreverse_h(i)), where codeword position i was evaluated.
    func domainPoint(_ index: Int) -> Field {
        var reversed = 0
        for bit in 0..<height where (index >> bit) & 1 == 1 { reversed |= 1 << (height - 1 - bit) }
        return Field.rootOfUnity(height).power(UInt64(reversed))
    }
}

/// f and W between two rounds: what is left of the polynomial and of the weights, over the same
/// variables.
private struct ProverState {
    private(set) var f: ExtensionVector
    private var weights: ExtensionVector
    private let pool: Pool

    /// Round 0.
    init(reduction: RowReduction, steps: Int, transcript: inout ProverTranscript) {
        var matrix = reduction.products()
        var challenges: [Extension] = []
        for _ in 0..<RowReduction.steps {
            let r = transcript.sendRound(RowReduction.round(matrix))
            matrix = RowReduction.bound(matrix, at: r)
            challenges.append(r)
        }
        (f, weights) = reduction.reduced(at: challenges)
        pool = reduction.pool
        sumcheck(steps: steps - RowReduction.steps, transcript: &transcript)
    }

    /// P8, `steps` times.
    mutating func sumcheck(steps: Int, transcript: inout ProverTranscript) {
        for _ in 0..<steps {
            let r = transcript.sendRound(productRound(f, weights, pool: pool))
            f = f.folded(at: r, pool: pool)
            weights = weights.folded(at: r, pool: pool)
        }
    }

    /// Σ_b f(b)·alpha^b
    func outOfDomainValue(_ alpha: Extension) -> Extension {
        let f = self.f
        let length = min(f.count, 1 << 10)
        let blocks = f.count / length
        let powers = ExtensionVector.powers(of: alpha, count: length)
        let sums = ExtensionVector(count: blocks)
        pool.forEach(blocks) { i in
            sums[i] = Extension {
                kb_ext_ext_dot(
                    f.words + i * length, f.stride, powers.words, powers.stride, length, $0)
            }
        }
        let blockPower = alpha.squared(times: length.trailingZeroBitCount)
        return sums.elements.reversed().reduce(.zero) { $0 * blockPower + $1 }
    }

    /// W += Σ_i gamma^(i+1)·pow of: the out-of-domain point, if there is one, then the domain
    /// points.
    mutating func addWeights(gamma: Extension, outOfDomainPoint: Extension?, points: [Field]) {
        let weights = self.weights
        let first = outOfDomainPoint == nil ? 1 : 2
        let coefficients = Array(
            powersList(of: gamma, count: first + points.count).dropFirst(first))
        pool.forEachRange(weights.count, grain: 1 << 10) { range in
            let out = weights.words + range.lowerBound
            if let alpha = outOfDomainPoint {
                (gamma * alpha.power(range.lowerBound)).withWords { scale in
                    alpha.withWords {
                        kb_powers_add_ext(scale, $0, out, weights.stride, range.count)
                    }
                }
            }
            for (z, coefficient) in zip(points, coefficients) {
                (coefficient * z.power(UInt64(range.lowerBound))).withWords {
                    kb_powers_add_base($0, z.montgomery, out, weights.stride, range.count)
                }
            }
        }
    }
}

extension ProverTranscript {
    /// The positions at which a round is opened, in draw order.
    package mutating func indices(_ round: OpeningRound) -> [Int] {
        sponge.indices(count: round.queries, bits: round.height)
    }

    /// P8
    fileprivate mutating func sendRound(_ round: QuadraticRound) -> Extension {
        send(.openingRound, [round.c0, round.c2])
        return sample()
    }

    /// P11: the smallest nonce that does the work, searched by all threads.
    fileprivate mutating func grind(bits: Int, pool: Pool) {
        guard pool.threads > 1 else { return grind(bits: bits) }
        var block = sponge.state
        for i in 0..<8 { block[i] = 0 }
        let nonce = smallestNonce(block, bits: bits, pool: pool)
        write(.nonce, [nonce])
        let works = sponge.absorbNonce(nonce, bits: bits)
        precondition(works, "the grinder returned a nonce that does no work")
    }
}

/// Batches of ranges, one a thread, until one of them holds a nonce: the least of a batch is the
/// least of all.
private func smallestNonce(_ state: [UInt32], bits: Int, pool: Pool) -> Field {
    let length = 1 << 12
    let found = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: pool.threads)
    defer { found.deallocate() }
    // SAFETY: each index of a region writes its own element, and the region ends before they are
    // read.
    nonisolated(unsafe) let results = found
    var start = 0
    while start < Int(Field.modulus) {
        let first = start
        pool.forEach(pool.threads) { i in
            let from = first + i * length
            let count = min(length, Int(Field.modulus) - from)
            results[i] =
                count > 0 ? kb_grind(state, UInt32(bits), UInt64(from), UInt64(count)) : UInt64.max
        }
        if let nonce = found.min(), nonce != UInt64.max { return Field(nonce) }
        start += pool.threads * length
    }
    preconditionFailure("no nonce below p does \(bits) bits of work")
}
