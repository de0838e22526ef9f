// From many column values of a preprocessed stack to one value of it: a sum-check over its variables (PROTOCOL.md section 9.1).

import CKernels

/// Weights of columns: Σ μ^i·eq(block of column i, ·)·eq(last coordinates of the point, ·).
struct StackReduction {
    let claims: [ColumnClaim]
    let point: [Extension]
    let mu: Extension

    /// Σ μ^i·value_i
    var claim: Extension { claims.reversed().reduce(.zero) { $0 * mu + $1.value } }

    /// The weights at `z`.
    func weight(at z: [Extension]) -> Extension {
        columnWeights([claims], point: point, gamma: mu, at: z)
    }

    /// Sends P14 and P15; the claim that is left.
    func prove(_ cells: BaseVector, _ transcript: inout ProverTranscript, pool: Pool)
        -> DeferredClaim
    {
        let weights = ExtensionVector(count: cells.count)
        let tables = EqTables(point, pool: pool)
        var power = Extension.one
        for claim in claims {
            let table = tables.last(claim.height)
            power.withWords {
                kb_ext_scale(
                    $0, table.words, table.stride, weights.words + claim.offset, weights.stride,
                    table.count)
            }
            power *= mu
        }
        return proveProduct(
            cells, weights, &transcript, pool: pool, round: .deferralRound, value: .deferredValue)
    }

    /// Receives P14 and P15.
    func verify(variables: Int, _ transcript: inout VerifierTranscript) throws(VerificationError)
        -> DeferredClaim
    {
        let (expected, z) = try receiveProduct(
            claim: claim, variables: variables, &transcript, round: .deferralRound)
        let value = try transcript.receive(.deferredValue, elements: 1)[0]
        guard expected == weight(at: z) * value else { throw .deferredValue }
        return DeferredClaim(point: z, value: value)
    }
}

/// The sum-check of Σ_b f(b)·w(b), f over F, to one value of f, which is sent.
func proveProduct(
    _ f: BaseVector, _ w: ExtensionVector, _ transcript: inout ProverTranscript, pool: Pool,
    round: Message, value: Message
) -> DeferredClaim {
    precondition(f.count == w.count && f.count >= 2)
    var point: [Extension] = []
    let half = f.count / 2
    let (c0, c2) = Extension.pair {
        kb_product_round_base(f.words, w.words, w.stride, half, $0, $1)
    }
    transcript.send(round, [c0, c2])
    point.append(transcript.sample())
    var values = f.folded(at: point[0], pool: pool)
    var weights = w.folded(at: point[0], pool: pool)
    while values.count > 1 {
        let next = productRound(values, weights, pool: pool)
        transcript.send(round, [next.c0, next.c2])
        let r = transcript.sample()
        values = values.folded(at: r, pool: pool)
        weights = weights.folded(at: r, pool: pool)
        point.append(r)
    }
    transcript.send(value, [values[0]])
    return DeferredClaim(point: point, value: values[0])
}

/// The verifier's side up to the value: the last claim and the point.
func receiveProduct(
    claim: Extension, variables: Int, _ transcript: inout VerifierTranscript, round: Message
) throws(VerificationError) -> (claim: Extension, point: [Extension]) {
    var claim = claim
    var point: [Extension] = []
    for _ in 0..<variables {
        let c = try transcript.receive(round, elements: 2)
        let r = transcript.sample()
        claim = QuadraticRound(c0: c[0], c2: c[1]).evaluate(at: r, claim: claim)
        point.append(r)
    }
    return (claim, point)
}
