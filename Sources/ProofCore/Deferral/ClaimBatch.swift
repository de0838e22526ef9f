// Several claims about one polynomial become one (PROTOCOL.md section 9.2): Σ_i δ^i·Q(z_i) = Σ_b Q(b)·Σ_i δ^i·eq(z_i, b), by sum-check.

import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Claims about one polynomial, to be joined.
public struct ClaimBatch: Sendable {
    public let claims: [DeferredClaim]

    /// - Precondition: at least one claim, all with as many coordinates.
    public init(_ claims: [DeferredClaim]) {
        precondition(
            !claims.isEmpty && claims.allSatisfy { $0.point.count == claims[0].point.count })
        self.claims = claims
    }

    private var variables: Int { claims[0].point.count }

    /// What joining `claims` claims costs: δ, and a round of degree two (P16). No list: the
    /// polynomial is fixed before any proof.
    public static func soundnessTerms(claims: Int) -> [SoundnessTerm] {
        [
            SoundnessTerm(
                name: "claims joined (δ)", bits: extensionBits - log2(Double(claims))),
            SoundnessTerm(name: "claims, rounds (P16)", bits: extensionBits - 1),
        ]
    }

    private func joined(_ delta: Extension) -> Extension {
        claims.reversed().reduce(.zero) { $0 * delta + $1.value }
    }

    /// The claim that is left, and the messages P16, P17 as limbs: the input of `CircuitBuilder.joinClaims`.
    public func prove(_ polynomial: ClaimedPolynomial, threads: Int = 1) -> (
        claim: DeferredClaim, messages: [Field]
    ) {
        prove(polynomial, pool: Pool(threads: threads))
    }

    package func prove(_ polynomial: ClaimedPolynomial, pool: Pool) -> (
        claim: DeferredClaim, messages: [Field]
    ) {
        var transcript = ProverTranscript()
        transcript.sponge.absorb(claims.flatMap(\.elements).flatMap(\.limbs))
        let delta = transcript.sample()
        let weights = joinedWeights(delta, pool)
        let claim = proveProduct(
            polynomial.cells, weights, &transcript, pool: pool, round: .batchRound,
            value: .batchedValue)
        return (claim, transcript.sentLimbs)
    }

    /// Σ_i δ^i·eq(z_i, ·), row by row: eq of the last coordinates is one table in cache, eq of the first ones a factor of the row. Rows whose factor
    /// is zero (claims that name one circuit, or none) are passed over.
    private func joinedWeights(_ delta: Extension, _ pool: Pool) -> ExtensionVector {
        let low = min(variables, 12)
        let weights = ExtensionVector(count: 1 << variables)
        var power = Extension.one
        let parts = claims.map { claim in
            defer { power *= delta }
            return (
                factors: EqTables.table(Array(claim.point.dropLast(low))).elements.map {
                    $0 * power
                },
                table: EqTables.table(Array(claim.point.suffix(low)))
            )
        }
        pool.forEach(1 << (variables - low)) { row in
            for (factors, table) in parts where factors[row] != .zero {
                factors[row].withWords {
                    kb_ext_scale_add(
                        $0, table.words, table.stride, weights.words + (row << low), weights.stride,
                        1 << low)
                }
            }
        }
        return weights
    }

    /// Follows P16, P17; returns the claim that is left.
    /// - Throws: `VerificationError`, `.batchedValue` when the messages do not join these claims.
    public func verify(messages: [Field]) throws(VerificationError) -> DeferredClaim {
        var transcript = VerifierTranscript(
            proof: messages.flatMap { $0.canonical.littleEndianBytes })
        transcript.sponge.absorb(claims.flatMap(\.elements).flatMap(\.limbs))
        let delta = transcript.sample()
        let (expected, point) = try receiveProduct(
            claim: joined(delta), variables: variables, &transcript, round: .batchRound)
        let value = try transcript.receive(.batchedValue, elements: 1)[0]
        try transcript.finish()
        let weight = claims.reversed().reduce(Extension.zero) { $0 * delta + eq($1.point, point) }
        guard expected == weight * value else { throw .batchedValue }
        return DeferredClaim(point: point, value: value)
    }
}
