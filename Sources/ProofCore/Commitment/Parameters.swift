// The parameters of an opening, computed from the sizes of the two stacks, the security target and
// the first rate. PROTOCOL.md section 6, Parameters, states the search; the verifier of a proof
// repeats it, and so does the oracle.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why there are no parameters for these sizes: what, expected, got.
public struct ParameterError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = "opening parameters: " + description }
}

/// One committed round: f_j is a matrix of rows on a domain, opened at `queries` positions, then
/// folded over its rows.
public struct OpeningRound: Sendable, Equatable {
    /// Variables of what is committed; n + 1 in round 0, where both stacks are one polynomial.
    public let variables: Int
    /// r_j
    public let rateBits: Int
    /// Sum-check steps that fold the rows: k_j, in round 0 k_0 + 1.
    public let steps: Int
    /// Variables of a row: what remains after the steps.
    public let rowVariables: Int
    /// h_j = rowVariables + rateBits: 2^h_j leaves in the tree.
    public let height: Int
    /// t_j
    public let queries: Int
    let bound: JohnsonBound

    /// m_j, the distance parameter: 1 − δ = √ρ(1 + 1/m).
    public var distance: Int { bound.m }

    var everything: (Int, Int, Int, Int, Int, Int, JohnsonBound) {
        (variables, rateBits, steps, rowVariables, height, queries, bound)
    }
}

/// Everything that prover and verifier of an opening must agree on.
public struct OpeningParameters: Sendable, Equatable {
    /// k_0: the witness stack is a matrix of 2^6 rows.
    public static let firstFolding = 6
    static let foldings = 3...6
    static let finalSizes = 3...6
    static let workBits = 16
    static let largestDistance = 399

    /// n
    public let witnessVariables: Int
    /// m
    public let preprocessedVariables: Int
    /// Every soundness term is at least this.
    public let targetBits: Int
    /// r_0
    public let rateBits: Int
    /// w = n − k_0
    public let rowVariables: Int
    /// Rounds 0 … J.
    public let rounds: [OpeningRound]
    /// Variables of f_{J+1}, which is sent in clear.
    public let finalVariables: Int
    public let grindingBits: Int

    var everything: (Int, Int, Int, Int, Int, [OpeningRound], Int, Int) {
        (
            witnessVariables, preprocessedVariables, targetBits, rateBits, rowVariables, rounds,
            finalVariables, grindingBits
        )
    }

    /// Whether a second stack is opened with the first: m > 0.
    public var hasPreprocessed: Bool { preprocessedVariables > 0 }

    /// Rows of the preprocessed stack's matrix, and of the witness stack's.
    public var preprocessedRows: Int {
        hasPreprocessed ? 1 << (preprocessedVariables - rowVariables) : 0
    }
    public var witnessRows: Int { 1 << OpeningParameters.firstFolding }

    /// - Parameters:
    ///   - witnessVariables: n, at least 12.
    ///   - preprocessedVariables: m, in n − 2 … n is usual; n − k_0 + 4 ≤ m ≤ n is required.
    ///   - targetBits: 40 … 128. - rateBits: 1 … 10.
    /// - Throws: `ParameterError` when these are out of range or no schedule reaches the target.
    public init(
        witnessVariables n: Int, preprocessedVariables m: Int, targetBits: Int, rateBits: Int
    ) throws(ParameterError) {
        let w = n - OpeningParameters.firstFolding
        guard (12...24).contains(n) else {
            throw .init("expected 12...24 witness variables, got \(n)")
        }
        guard m == 0 || (w + 4...n).contains(m) else {
            throw .init("expected \(w + 4)...\(n) preprocessed variables, got \(m)")
        }
        guard (40...128).contains(targetBits) else {
            throw .init("expected a target of 40...128 bits, got \(targetBits)")
        }
        guard (1...10).contains(rateBits), w + rateBits <= Field.twoAdicity else {
            throw .init(
                "expected a rate of 1...\(min(10, Field.twoAdicity - w)) bits, got \(rateBits)")
        }
        var search = ScheduleSearch(n: n, m: m, target: targetBits, rate: rateBits)
        guard let rounds = search.best() else {
            throw .init(
                "no schedule for n = \(n), m = \(m), rate 2^-\(rateBits) reaches \(targetBits) bits"
            )
        }
        witnessVariables = n
        preprocessedVariables = m
        self.targetBits = targetBits
        self.rateBits = rateBits
        rowVariables = w
        self.rounds = rounds
        finalVariables = rounds[rounds.count - 1].rowVariables
        grindingBits = OpeningParameters.workBits
    }
}

/// The search over fold schedules. Pure; the order of candidates decides ties.
private struct ScheduleSearch {
    let n: Int
    let m: Int
    let target: Int
    let rate: Int
    /// Schedules share their first rounds: their bounds are found once.
    private var known: [BoundKey: JohnsonBound?] = [:]

    init(n: Int, m: Int, target: Int, rate: Int) {
        self.n = n
        self.m = m
        self.target = target
        self.rate = rate
    }

    private var w: Int { n - OpeningParameters.firstFolding }

    private struct BoundKey: Hashable {
        let rateBits: Int
        let variables: Int
        let claims: Int
    }

    struct Candidate {
        let rounds: [OpeningRound]
        /// Permutations of a verifier.
        let cost: Int
        /// Words encoded by a prover.
        let proxy: Int
    }

    /// The first domain reduction v_0 for which there is any schedule, and the best schedule with
    /// it: the least cost among those whose proxy is at most twice the first commitment, or where
    /// there are none, the least proxy.
    mutating func best() -> [OpeningRound]? {
        for reduction in [3, 4, 5] {
            var all: [Candidate] = []
            for foldings in schedules(w) {
                if let candidate = candidate(foldings, reduction: reduction) {
                    all.append(candidate)
                }
            }
            let limit = 2 << (n + rate)
            let cheap = all.filter { $0.proxy <= limit }
            if let best = OpeningParameters.first(of: cheap, by: { ($0.cost, $0.proxy) })
                ?? OpeningParameters.first(of: all, by: { ($0.proxy, $0.cost) })
            {
                return best.rounds
            }
        }
        return nil
    }

    /// All (k_1 … k_J) that leave 3 … 6 variables of `variables`, fewer rounds first, then in
    /// lexicographic order.
    private func schedules(_ variables: Int) -> [[Int]] {
        var complete: [[Int]] = []
        var open: [[Int]] = [[]]
        while !open.isEmpty {
            complete += open.filter {
                OpeningParameters.finalSizes.contains(variables - $0.reduce(0, +))
            }
            open = open.flatMap { start in OpeningParameters.foldings.map { start + [$0] } }
                .filter { variables - $0.reduce(0, +) >= OpeningParameters.finalSizes.lowerBound }
        }
        return complete
    }

    private mutating func candidate(_ foldings: [Int], reduction: Int) -> Candidate? {
        var rounds: [OpeningRound] = []
        let folded = m > 0 ? 1 : 0  // both stacks are one polynomial
        var variables = n + folded
        var rateBits = rate
        var proxy = 1 << (n + rate)
        for (j, k) in ([OpeningParameters.firstFolding] + foldings).enumerated() {
            let steps = j == 0 ? k + folded : k
            let key = BoundKey(
                rateBits: rateBits, variables: variables, claims: (rounds.last?.queries ?? 0) + 1)
            guard let bound = cachedBound(key) else { return nil }
            let row = variables - steps
            guard row + rateBits <= Field.twoAdicity else { return nil }
            if j > 0 { proxy += 5 << (variables + rateBits) }
            rounds.append(
                OpeningRound(
                    variables: variables, rateBits: rateBits, steps: steps, rowVariables: row,
                    height: row + rateBits,
                    queries: queries(bound), bound: bound))
            variables = row
            rateBits += k - (j == 0 ? reduction : 1)
        }
        return Candidate(rounds: rounds, cost: cost(rounds), proxy: proxy)
    }

    private func queries(_ bound: JohnsonBound) -> Int {
        Int((Double(target - OpeningParameters.workBits) / bound.queryBits).rounded(.up))
    }

    private mutating func cachedBound(_ key: BoundKey) -> JohnsonBound? {
        if let bound = known[key] { return bound }
        let bound = bound(key)
        known[key] = .some(bound)
        return bound
    }

    /// The least m ≥ 3 with the fewest queries such that every other term of the round reaches the
    /// target.
    private func bound(_ key: BoundKey) -> JohnsonBound? {
        var best: JohnsonBound?
        for m in 3...OpeningParameters.largestDistance {
            let bound = JohnsonBound(rateBits: key.rateBits, m: m)
            if bound.agreement >= 1 { continue }
            let terms = [
                bound.foldProximity(variables: key.variables), bound.foldSumcheck,
                bound.outOfDomain(variables: key.variables), bound.combination(claims: key.claims),
            ]
            if terms.contains(where: { $0 < Double(target) }) { break }
            if best.map({ queries(bound) < queries($0) }) ?? true { best = bound }
        }
        return best
    }

    /// Merkle and transcript permutations of one verification, leaves at eight limbs a block.
    private func cost(_ rounds: [OpeningRound]) -> Int {
        var total = 2 * rounds[0].variables  // P8
        for (j, round) in rounds.enumerated() {
            let blocks = j == 0 ? 8 : (5 << round.steps) / 8
            total += round.queries * (blocks - 1 + round.height)
            if j == 0 && m > 0 { total += round.queries * ((1 << (m - w - 3)) - 1 + round.height) }
            total += (round.queries + 7) / 8 + 2  // indices, P11, γ
            if j > 0 { total += 2 }  // P9, P10
        }
        let final = rounds[rounds.count - 1].rowVariables
        return total + ((5 << final) + 7) / 8  // P13
    }
}

extension OpeningParameters {
    /// The first of the candidates with the least key.
    fileprivate static func first<T>(of candidates: [T], by key: (T) -> (Int, Int)) -> T? {
        var best: T?
        for candidate in candidates where best.map({ key(candidate) < key($0) }) ?? true {
            best = candidate
        }
        return best
    }
}
