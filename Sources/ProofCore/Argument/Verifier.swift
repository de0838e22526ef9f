// The verifier: validate the shape, replay the transcript, check the equations (PROTOCOL.md section 5).

/// A proof: its bytes are the messages of PROTOCOL.md in order and nothing else.
public struct Proof: Sendable, Hashable {
    public let bytes: [UInt8]
    public init(bytes: [UInt8]) { self.bytes = bytes }
}

/// Checks proofs of one circuit.
public struct Verifier: Sendable {
    public let verifierData: VerifierData
    public let fingerprint: Digest
    let parameters: OpeningParameters
    /// The preprocessed stack, to settle deferred claims on it.
    private let polynomial: ClaimedPolynomial?

    /// - Parameter polynomial: for a deferred shape, the preprocessed stack, which the caller answers for; without it only `replay` can be
    ///   used, and whoever calls it settles the claim.
    /// - Throws: `VerificationError.shape` when no parameters reach the target for this shape.
    public init(_ verifierData: VerifierData, polynomial: ClaimedPolynomial? = nil)
        throws(VerificationError)
    {
        self.verifierData = verifierData
        self.polynomial = polynomial
        fingerprint = verifierData.fingerprint
        do {
            parameters = try OpeningParameters(shape: verifierData.shape)
        } catch {
            throw .shape("\(error)")
        }
    }

    /// Verifies proofs of a key's circuit; settles their deferred claims.
    public init(_ key: ProvingKey) throws(VerificationError) {
        try self.init(
            key.verifierData,
            polynomial: key.circuit.shape.deferred ? ClaimedPolynomial([key]) : nil)
    }

    /// Returns when `proof` proves `statement` under this circuit.
    @discardableResult
    public func verify(_ proof: Proof, statement: Digest) throws(VerificationError) -> Replay {
        let replay = try replay(proof, statement: statement)
        if let claim = replay.deferred {
            guard let polynomial else {
                throw .deferredClaim("expected the preprocessed stack to settle it with, got none")
            }
            guard polynomial.satisfies(claim) else {
                throw .deferredClaim("the stack has another value at the point")
            }
        }
        return replay
    }

    /// What a verified proof leaves.
    public struct Replay: Sendable {
        /// The limbs received, openings un-pruned: what a recursive verifier takes as input.
        public let record: [Field]
        /// For a deferred shape: the claim on the preprocessed stack that is still to be settled.
        public let deferred: DeferredClaim?
    }

    /// Verifies all but the deferred claim, if the shape has one.
    public func replay(_ proof: Proof, statement: Digest) throws(VerificationError) -> Replay {
        let shape = verifierData.shape
        var transcript = VerifierTranscript(proof: proof.bytes)
        transcript.absorb(fingerprint)
        transcript.absorb(statement)
        let witnessRoot = try transcript.receiveDigest(.witnessRoot)
        let outOfDomainPoint = transcript.sample()
        let outOfDomainValue = try transcript.receive(.outOfDomain, elements: 1)[0]
        let beta = transcript.sample()
        let bus = BusChallenges(beta: beta, c: transcript.sample())
        let leaves = try verifyFractions(&transcript, bus.statementDenominator(statement))
        let alpha = transcript.sample()
        let weights = ZerocheckWeights(shape: shape, point: leaves.point, alpha: alpha, bus: bus)
        let claims = try verifyZerocheck(&transcript, leaves, alpha, weights)
        var deferred: DeferredClaim?
        if shape.deferred {
            let reduction = StackReduction(
                claims: claims.preprocessed, point: claims.point, mu: transcript.sample())
            deferred = try reduction.verify(variables: shape.preprocessedVariables, &transcript)
        }
        try Opening(parameters: parameters).verify(
            transcript: &transcript, witnessRoot: witnessRoot,
            preprocessedRoot: shape.deferred ? nil : verifierData.preprocessedRoot,
            witnessClaims: claims.witness,
            preprocessedClaims: shape.deferred ? [] : claims.preprocessed, point: claims.point,
            outOfDomainPoint: outOfDomainPoint, outOfDomainValue: outOfDomainValue)
        try transcript.finish()
        return Replay(record: transcript.record, deferred: deferred)
    }

    /// The fractional GKR: from the root to a claim on the leaves.
    private func verifyFractions(
        _ transcript: inout VerifierTranscript, _ statementDenominator: Extension
    ) throws(VerificationError) -> LeafClaim {
        let top = try transcript.receive(.fractionTop, elements: 4)
        let numerator: Extension = top[0] * top[3] + top[1] * top[2]
        let denominator: Extension = top[2] * top[3]
        guard denominator != .zero, statementDenominator != .zero else { throw .zeroDenominator }
        guard numerator * statementDenominator + denominator == .zero else { throw .busImbalance }
        var claim = LeafClaim(top, at: [], next: transcript.sample())
        for layer in 1..<verifierData.shape.leafVariables {
            let lambda = transcript.sample()
            var expected: Extension = claim.numerator + lambda * claim.denominator
            var point: [Extension] = []
            for j in 0..<layer {
                let c = try transcript.receive(.fractionRound, elements: 2)
                let r = transcript.sample()
                let c0: Extension = expected - claim.point[j] * (c[0] + c[1])
                expected = (c[1] * r + c[0]) * r + c0
                point.append(r)
            }
            let values = try transcript.receive(.fractionClaims, elements: 4)
            let sum: Extension = values[0] * values[3] + values[1] * values[2]
            guard expected == sum + lambda * values[2] * values[3] else {
                throw .fractionLayer(layer)
            }
            claim = LeafClaim(values, at: point, next: transcript.sample())
        }
        return claim
    }

    private func verifyZerocheck(
        _ transcript: inout VerifierTranscript, _ leaves: LeafClaim, _ alpha: Extension,
        _ weights: ZerocheckWeights
    ) throws(VerificationError) -> ColumnClaims {
        let shape = verifierData.shape
        let rounds = shape.maximalTableHeight
        let point = leaves.point.suffix(rounds)
        var claim: Extension = leaves.numerator + alpha * (leaves.denominator - weights.padding)
        var r: [Extension] = []
        for z in point {
            let c = try transcript.receive(.zerocheckRound, elements: Chip.maximalDegree)
            let x = transcript.sample()
            claim = zerocheckRound(c, claim: claim, coordinate: z, at: x)
            r.append(x)
        }
        let counts = ChipKind.allCases.map { (Chip[$0].witnessCount, Chip[$0].preprocessedCount) }
        let total = counts.reduce(0) { $0 + $1.0 + $1.1 }
        let values = try transcript.receive(.evaluations, elements: total)
        let claims = ColumnClaims(shape: shape, values: values, point: r)
        guard claim == claims.tableSum(shape: shape, weights: weights) else { throw .zerocheck }
        return claims
    }
}

/// h(r) for h = Σ c_j X^j of which c_1 … c_9 were sent; (1−z)·h(0) + z·h(1) = claim fixes c_0.
func zerocheckRound(_ c: [Extension], claim: Extension, coordinate z: Extension, at x: Extension)
    -> Extension
{
    let sum = c.dropFirst().reduce(c[0]) { $0 + $1 }
    let c0: Extension = claim - z * sum
    return c.dropLast().reversed().reduce(c[c.count - 1]) { $0 * x + $1 } * x + c0
}

/// Claims about the numerators and denominators of one layer of the fraction tree.
struct LeafClaim {
    let point: [Extension]
    let numerator: Extension
    let denominator: Extension

    /// From (nl, nr, dl, dr) at `point` to one layer below, at (next, point).
    init(_ values: [Extension], at point: [Extension], next: Extension) {
        self.point = [next] + point
        numerator = values[0] + next * (values[1] - values[0])
        denominator = values[2] + next * (values[3] - values[2])
    }
}

/// The columns' values at the zerocheck's point, as claims for the opening.
struct ColumnClaims {
    let point: [Extension]
    let witness: [ColumnClaim]
    let preprocessed: [ColumnClaim]

    /// - Parameter values: P7: witness columns in stack order, then preprocessed columns in stack order.
    init(shape: Shape, values: [Extension], point: [Extension]) {
        self.point = point
        var next = values.startIndex
        func claims(_ layout: StackLayout, _ count: (Chip) -> Int) -> [ColumnClaim] {
            shape.order.flatMap { kind in
                (0..<count(Chip[kind])).map { column in
                    defer { next += 1 }
                    return ColumnClaim(
                        offset: layout.offset(kind, column: column, shape: shape),
                        height: shape.height(kind),
                        value: values[next])
                }
            }
        }
        witness = claims(shape.witnessLayout) { $0.witnessCount }
        preprocessed = claims(shape.preprocessedLayout) { $0.preprocessedCount }
    }

    /// Σ_t f_t
    func tableSum(shape: Shape, weights: ZerocheckWeights) -> Extension {
        var sum = Extension.zero
        var w = witness.map(\.value)[...]
        var p = preprocessed.map(\.value)[...]
        for kind in shape.order {
            let chip = Chip[kind]
            let chipWeights = weights.chips[kind.rawValue]
            var arithmetic = ExtensionArithmetic()
            let nodes = chip.evaluate(
                &arithmetic, witness: w.prefix(chip.witnessCount),
                preprocessed: p.prefix(chip.preprocessedCount))
            sum += chipWeights.constant
            for (value, weight) in zip(nodes, chipWeights.nodes) where weight != .zero {
                sum += value * weight
            }
            for (value, weight) in zip(p, chipWeights.preprocessed) where weight != .zero {
                sum += value * weight
            }
            w = w.dropFirst(chip.witnessCount)
            p = p.dropFirst(chip.preprocessedCount)
        }
        return sum
    }
}
