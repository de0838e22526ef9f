// What each message of the argument costs in soundness (PROTOCOL.md section 5), round by round. Before the opening the prover is bound
// only to a list of polynomials, so every term loses the bits of the first commitment's list.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Shape {
    /// Every soundness term of a proof of this shape, in bits; none is left out, the least is what is proven.
    /// - Throws: when there are no parameters for the shape.
    public func soundnessTerms() throws -> [SoundnessTerm] {
        let parameters = try OpeningParameters(shape: self)
        let list = parameters.firstListBits
        func term(_ name: String, _ count: Double) -> SoundnessTerm {
            SoundnessTerm(name: name, bits: extensionBits - log2(count) - list)
        }
        let constraints = ChipKind.allCases.reduce(0) { $0 + Chip[$1].constraints.count }
        let claims = ChipKind.allCases.reduce(0) {
            $0 + Chip[$1].witnessCount + Chip[$1].preprocessedCount
        }
        // Two different buses agree at (β, c) with at most (leaves + 1)·(longest tuple + 1) roots.
        let buses = (exp2(Double(leafVariables)) + 1) * Double(Chip.longestTuple + 1)
        let own = [
            term("bus (β, c)", buses),
            // One variable of degree three, after the λ that joins two claims, and the line between two halves.
            term("fractions, λ", 1),
            term("fractions, rounds (P4)", 3),
            term("fractions, line (P5)", 1),
            term("zerocheck, point ζ", Double(maximalTableHeight)),
            term("zerocheck, α", Double(constraints + 2)),
            term("zerocheck, rounds (P6)", Double(Chip.maximalDegree + 1)),
            // Collisions of eight-element digests, and of the sponge's capacity.
            SoundnessTerm(name: "hash collisions", bits: 8 * log2(Double(Field.modulus)) / 2),
        ]
        let preprocessedClaims = ChipKind.allCases.reduce(0) { $0 + Chip[$1].preprocessedCount }
        guard deferred else { return own + parameters.soundnessTerms(claims: claims) }
        // The preprocessed stack is fixed beforehand: no list is lost on it.
        let reduction = [
            SoundnessTerm(
                name: "deferral, claims joined (μ)",
                bits: extensionBits - log2(Double(preprocessedClaims))),
            SoundnessTerm(name: "deferral, rounds (P14)", bits: extensionBits - 1),
        ]
        return own + reduction + parameters.soundnessTerms(claims: claims - preprocessedClaims)
    }

    /// The least of `soundnessTerms`.
    public func provenBits() throws -> Double { try soundnessTerms().map(\.bits).min()! }
}
