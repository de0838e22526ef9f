// What each message of the opening costs in soundness (PROTOCOL.md section 6, Parameters): the
// Johnson-bound terms of WHIR (eprint 2024/1586), with proximity gaps as in eprint 2025/2055 in
// their conservative reading. Bits are −log2 of an error.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One term of the round-by-round soundness error.
public struct SoundnessTerm: Sendable, Equatable {
    public let name: String
    public let bits: Double

    public init(name: String, bits: Double) {
        self.name = name
        self.bits = bits
    }
}

/// log2 |E|
let extensionBits = 5 * log2(Double(Field.modulus))

/// A code of rate 2^−rateBits with the distance parameter m: words are taken to be within δ of it,
/// 1−δ = √ρ(1 + 1/m).
struct JohnsonBound: Equatable {
    let rateBits: Int
    let m: Int

    private var rate: Double { exp2(-Double(rateBits)) }
    private var root: Double { rate.squareRoot() }

    /// 1 − δ: the share of positions at which a word that is further off may still agree.
    var agreement: Double { root * (1 + 1 / Double(m)) }

    /// log2 of how many codewords may lie within δ of a word: m / (2ρ).
    var listBits: Double { log2(Double(m) / (2 * rate)) }

    /// A fold by a random element makes a far word close, or loses a codeword: the first, and
    /// worst, of a round's folds, which halves `variables`: all 2^(variables + rateBits) symbols of
    /// the interleaved word count.
    func foldProximity(variables: Int) -> Double {
        let h = Double(m) + 0.5
        let gamma = 1 - agreement
        let length = exp2(Double(variables + rateBits - 1))
        let numerator: Double = 2 * (h * h * h * h * h) + 3 * h * gamma * rate
        let count = numerator / (3 * rate * root) * length + h / root
        return extensionBits - log2(count)
    }

    /// A sum-check round polynomial of degree two agrees by chance for some codeword of the list.
    var foldSumcheck: Double { extensionBits - (listBits + 1) }

    /// Two codewords of the list, of 2^variables coefficients, agree at the out-of-domain point.
    func outOfDomain(variables: Int) -> Double {
        extensionBits + 1 - (2 * listBits + Double(variables))
    }

    /// Claims joined by powers of a challenge agree by chance for some codeword of the list.
    func combination(claims: Int) -> Double {
        extensionBits - (log2(Double(claims)) + listBits + 1)
    }

    /// Bits of one query.
    var queryBits: Double { -log2(agreement) }
}

extension OpeningParameters {
    /// List size of the first commitment: every term of the argument before the opening loses this
    /// many bits.
    public var firstListBits: Double { rounds[0].bound.listBits }

    /// Every term of the opening.
    /// - Parameter claims: how many values of P7 are opened; P2 is counted besides.
    public func soundnessTerms(claims: Int) -> [SoundnessTerm] {
        // Destructured, so that a new parameter does not compile until it is accounted for here.
        let (_, _, target, rateBits, rowVariables, rounds, finalVariables, grindingBits) =
            everything
        precondition(rounds[0].rateBits == rateBits && target > grindingBits && rowVariables > 0)
        var terms: [SoundnessTerm] = []
        var queriesBefore = 0
        for (j, round) in rounds.enumerated() {
            let (variables, _, foldRows, _, height, queries, bound) = round.everything
            precondition(bound.rateBits == round.rateBits && height > 0 && foldRows > 0)
            func add(_ name: String, _ bits: Double) {
                terms.append(SoundnessTerm(name: "opening round \(j): \(name)", bits: bits))
            }
            add(
                j == 0 ? "out of domain (P2)" : "out of domain (P10)",
                bound.outOfDomain(variables: variables))
            if j == 0 {
                add("claims joined", bound.combination(claims: claims + 1))
            } else {
                add("folds joined", bound.combination(claims: queriesBefore + 1))
            }
            add("fold proximity (P8)", bound.foldProximity(variables: variables))
            add("fold sum-check (P8)", bound.foldSumcheck)
            add(
                "queries and work (P11, P12)",
                Double(queries) * bound.queryBits + Double(grindingBits))
            queriesBefore = queries
        }
        // The final polynomial (P13) is in clear: one word, no list.
        terms.append(
            SoundnessTerm(
                name: "opening, last: folds joined",
                bits: extensionBits - log2(Double(queriesBefore))))
        if finalVariables > 0 {
            terms.append(
                SoundnessTerm(name: "opening, last: sum-check (P8)", bits: extensionBits - 1))
        }
        return terms
    }
}
