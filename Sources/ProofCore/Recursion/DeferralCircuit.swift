// Deferred claims inside a circuit (PROTOCOL.md section 9): the twins of `ClaimBatch` and `PointOpening`.

/// "The polynomial has this value at this point", as targets.
public struct DeferredClaimTarget {
    public let point: [ExtTarget]
    public let value: ExtTarget

    public init(point: [ExtTarget], value: ExtTarget) {
        self.point = point
        self.value = value
    }

    /// Coordinates, then the value.
    public var elements: [ExtTarget] { point + [value] }
}

extension CircuitBuilder {
    /// Joins claims about one polynomial to one; the messages (`ClaimBatch.prove`) are the next inputs.
    /// - Precondition: at least one claim, all with as many coordinates.
    public func joinClaims(_ claims: [DeferredClaimTarget]) -> DeferredClaimTarget {
        precondition(
            !claims.isEmpty && claims.allSatisfy { $0.point.count == claims[0].point.count })
        var transcript = CircuitTranscript(self)
        transcript.absorb(blocks(of: claims.flatMap(\.elements)))
        let delta = transcript.sample()
        var claim = horner(claims.map(\.value), delta)
        let point = transcript.sumcheck(steps: claims[0].point.count, &claim)
        let value = transcript.receive(elements: 1)[0]
        let weight = horner(claims.map { eq($0.point, point) }, delta)
        assertMulAdd(weight, value, zero, equals: claim)
        return DeferredClaimTarget(point: point, value: value)
    }

    /// The claim holds for the polynomial under `root`; the opening's limbs (`PointOpening.replay`) are the next inputs.
    /// - Precondition: the claim has the polynomial's number of coordinates.
    public func verifyPointOpening(
        _ settings: PointOpening, root: DigestTarget, _ claim: DeferredClaimTarget
    ) throws {
        precondition(claim.point.count == settings.parameters.witnessVariables)
        try checkCodes(settings.parameters)
        var transcript = CircuitTranscript(self)
        transcript.absorb([root])
        transcript.absorb(blocks(of: claim.elements))
        let alpha = transcript.sample()
        let value = transcript.receive(elements: 1)[0]
        OpeningCircuit(builder: self, parameters: settings.parameters).verify(
            &transcript, roots: [root], values: [claim.value], outOfDomainPoint: alpha,
            outOfDomainValue: value
        ) { rho, gamma, last in mulAdd(gamma, last, eq(claim.point, rho)) }
    }
}
