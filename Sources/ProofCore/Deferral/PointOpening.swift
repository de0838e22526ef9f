// The opening of one committed polynomial at one point: how deferred claims are settled by somebody who holds only a root (PROTOCOL.md section 9.3).

/// Parameters of the opening of a polynomial over F at one point.
public struct PointOpening: Sendable {
    let opening: Opening
    private var variables: Int { opening.parameters.witnessVariables }

    /// - Throws: `ParameterError`.
    public init(variables: Int, targetBits: Int = 104, rateBits: Int) throws {
        opening = Opening(
            parameters: try OpeningParameters(
                witnessVariables: variables, preprocessedVariables: 0, targetBits: targetBits,
                rateBits: rateBits))
    }

    var parameters: OpeningParameters { opening.parameters }

    public func soundnessTerms() -> [SoundnessTerm] { parameters.soundnessTerms(claims: 1) }

    public func commit(_ polynomial: ClaimedPolynomial, threads: Int) -> StackCommitment {
        StackCommitment(
            cells: polynomial.cells, rowVariables: parameters.rowVariables,
            rateBits: parameters.rateBits, pool: Pool(threads: threads))
    }

    /// What both sides absorb first.
    static func start(_ sponge: inout Sponge, _ root: Digest, _ claim: DeferredClaim) {
        sponge.absorb(root.limbs)
        sponge.absorb(claim.elements.flatMap(\.limbs))
    }

    private func columnClaim(_ claim: DeferredClaim) -> ColumnClaim {
        ColumnClaim(offset: 0, height: variables, value: claim.value)
    }

    public func prove(_ claim: DeferredClaim, _ commitment: StackCommitment, threads: Int = 1)
        -> Proof
    {
        prove(claim, commitment, pool: Pool(threads: threads))
    }

    package func prove(_ claim: DeferredClaim, _ commitment: StackCommitment, pool: Pool) -> Proof {
        var transcript = ProverTranscript()
        Self.start(&transcript.sponge, commitment.root, claim)
        let alpha = transcript.sample()
        let value = opening.outOfDomainValue(
            witness: commitment, preprocessed: nil, point: alpha, pool: pool)
        transcript.send(.outOfDomain, [value])
        opening.prove(
            transcript: &transcript, witness: commitment, preprocessed: nil,
            witnessClaims: [columnClaim(claim)],
            preprocessedClaims: [], point: claim.point, outOfDomainPoint: alpha,
            outOfDomainValue: value, pool: pool)
        return Proof(bytes: transcript.proof)
    }

    /// Verifies, and returns the limbs received, as `Verifier.replay`.
    public func replay(_ proof: Proof, _ claim: DeferredClaim, root: Digest)
        throws(VerificationError) -> [Field]
    {
        guard claim.point.count == variables else {
            throw .shape("expected a claim at \(variables) coordinates, got \(claim.point.count)")
        }
        var transcript = VerifierTranscript(proof: proof.bytes)
        Self.start(&transcript.sponge, root, claim)
        let alpha = transcript.sample()
        let value = try transcript.receive(.outOfDomain, elements: 1)[0]
        try opening.verify(
            transcript: &transcript, witnessRoot: root, preprocessedRoot: nil,
            witnessClaims: [columnClaim(claim)],
            preprocessedClaims: [], point: claim.point, outOfDomainPoint: alpha,
            outOfDomainValue: value)
        try transcript.finish()
        return transcript.record
    }
}
