// Support for the opening's tests: random stacks with true claims, and a map of where each message
// lies in a proof.

import ProofCore

/// Reproducible random elements (splitmix64).
struct RandomElements {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func word() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
    mutating func index(below bound: Int) -> Int { Int(word() % UInt64(bound)) }
    mutating func field() -> Field { Field(word()) }
    mutating func extensionElement() -> Extension {
        Extension(field(), field(), field(), field(), field())
    }
}

/// Two random stacks, columns in them, and the true values of those.
struct OpeningInstance: Sendable {
    let opening: Opening
    let witness: StackCommitment
    let preprocessed: StackCommitment
    var witnessClaims: [ColumnClaim]
    var preprocessedClaims: [ColumnClaim]
    let point: [Extension]

    var parameters: OpeningParameters { opening.parameters }

    /// - Parameter columns: (height, how many), heights descending, as tables are stacked.
    init(
        n: Int, m: Int, rateBits: Int = 2, witnessColumns: [(Int, Int)],
        preprocessedColumns: [(Int, Int)],
        pool: Pool
    ) throws {
        let parameters = try OpeningParameters(
            witnessVariables: n, preprocessedVariables: m, targetBits: 104, rateBits: rateBits)
        var random = RandomElements(seed: UInt64(1000 * n + m))
        let height = (witnessColumns + preprocessedColumns).map(\.0).max()!
        let point = (0..<height).map { _ in random.extensionElement() }
        func stack(_ variables: Int, _ columns: [(Int, Int)]) -> (StackCommitment, [ColumnClaim]) {
            let cells = BaseVector(count: 1 << variables)
            var claims: [ColumnClaim] = []
            var offset = 0
            for (h, count) in columns {
                for _ in 0..<count {
                    let column = BaseVector(count: 1 << h)
                    for i in 0..<column.count {
                        column[i] = random.field()
                        cells[offset + i] = column[i]
                    }
                    claims.append(
                        ColumnClaim(
                            offset: offset, height: h,
                            value: column.evaluate(at: Array(point.suffix(h)))))
                    offset += column.count
                }
            }
            return (
                StackCommitment(
                    cells: cells, rowVariables: parameters.rowVariables, rateBits: rateBits,
                    pool: pool),
                claims
            )
        }
        opening = Opening(parameters: parameters)
        self.point = point
        (witness, witnessClaims) = stack(n, witnessColumns)
        (preprocessed, preprocessedClaims) = stack(m, preprocessedColumns)
    }

    /// n = 14: two committed rounds.
    static let two = Result {
        try OpeningInstance(
            n: 14, m: 12, witnessColumns: [(9, 11), (8, 17), (6, 20), (4, 5)],
            preprocessedColumns: [(9, 3), (8, 2), (4, 7)], pool: Pool(threads: 1))
    }
    static let proofOfTwo = Result { try two.get().prove(threads: 1) }

    func prove(threads: Int) -> [UInt8] {
        let pool = Pool(threads: threads)
        var transcript = ProverTranscript()
        transcript.absorb(preprocessed.root)
        transcript.send(.witnessRoot, witness.root.limbs)
        let alpha = transcript.sample()
        let value = opening.outOfDomainValue(
            witness: witness, preprocessed: preprocessed, point: alpha, pool: pool)
        transcript.send(.outOfDomain, [value])
        opening.prove(
            transcript: &transcript, witness: witness, preprocessed: preprocessed,
            witnessClaims: witnessClaims,
            preprocessedClaims: preprocessedClaims, point: point, outOfDomainPoint: alpha,
            outOfDomainValue: value,
            pool: pool)
        return transcript.proof
    }

    /// - Parameters: what the verifier is told in place of the true roots.
    @discardableResult
    func verify(
        _ proof: [UInt8], witnessRoot: Digest? = nil, preprocessedRoot: Digest? = nil
    ) throws(VerificationError) -> VerifierTranscript {
        var transcript = VerifierTranscript(proof: proof)
        transcript.absorb(preprocessed.root)
        let root = try transcript.receiveDigest(.witnessRoot)
        let alpha = transcript.sample()
        let value = try transcript.receive(.outOfDomain, elements: 1)[0]
        try opening.verify(
            transcript: &transcript, witnessRoot: witnessRoot ?? root,
            preprocessedRoot: preprocessedRoot ?? preprocessed.root, witnessClaims: witnessClaims,
            preprocessedClaims: preprocessedClaims, point: point, outOfDomainPoint: alpha,
            outOfDomainValue: value)
        try transcript.finish()
        return transcript
    }
}

/// Where the messages of a valid proof lie, in order.
struct ProofMap {
    struct Part {
        let message: Message
        /// Of the committed codes; the end counts as the last round.
        let round: Int
        /// For P12: which tree, and whether these are the siblings.
        var tree = 0
        var siblings = false
        let bytes: Range<Int>
    }
    private(set) var parts: [Part] = []
    /// Indices drawn in each round.
    private(set) var indices: [[Int]] = []

    init(_ proof: [UInt8], of instance: OpeningInstance) throws {
        let p = instance.parameters
        var transcript = VerifierTranscript(proof: proof)
        var at = 0
        func add(
            _ message: Message, _ round: Int, limbs: Int, tree: Int = 0, siblings: Bool = false
        ) {
            parts.append(
                Part(
                    message: message, round: round, tree: tree, siblings: siblings,
                    bytes: at..<(at + 4 * limbs)))
            at += 4 * limbs
        }
        func receive(_ message: Message, _ round: Int, limbs: Int) throws {
            _ = try transcript.receive(message, limbs: limbs)
            add(message, round, limbs: limbs)
        }
        func steps(_ count: Int, _ round: Int) throws {
            for _ in 0..<count {
                try receive(.openingRound, round, limbs: 10)
                _ = transcript.sample()
            }
        }
        func opening(_ round: Int, rows: [Int]) throws {
            try transcript.checkWork(bits: p.grindingBits)
            add(.nonce, round, limbs: 1)
            let drawn = transcript.indices(p.rounds[round])
            let plan = MultiProofPlan(indices: drawn, height: p.rounds[round].height)
            indices.append(drawn)
            for (tree, rows) in rows.enumerated() {
                _ = try transcript.read(.opening, rows * plan.leaves.count + 8 * plan.siblingCount)
                add(.opening, round, limbs: rows * plan.leaves.count, tree: tree)
                add(.opening, round, limbs: 8 * plan.siblingCount, tree: tree, siblings: true)
            }
            _ = transcript.sample()
        }
        transcript.absorb(instance.preprocessed.root)
        try receive(.witnessRoot, 0, limbs: 8)
        _ = transcript.sample()
        try receive(.outOfDomain, 0, limbs: 5)
        _ = transcript.sample()
        try steps(p.rounds[0].steps, 0)
        var rows = [p.witnessRows, p.preprocessedRows]
        for (j, round) in p.rounds.enumerated().dropFirst() {
            try receive(.foldedRoot, j, limbs: 8)
            _ = transcript.sample()
            try receive(.foldedOutOfDomain, j, limbs: 5)
            try opening(j - 1, rows: rows)
            try steps(round.steps, j)
            rows = [5 << round.steps]
        }
        try receive(.finalPolynomial, p.rounds.count - 1, limbs: 5 << p.finalVariables)
        try opening(p.rounds.count - 1, rows: rows)
        try steps(p.finalVariables, p.rounds.count)
        try transcript.finish()
    }

    func first(_ message: Message, round: Int, tree: Int = 0, siblings: Bool = false) -> Part {
        parts.first {
            $0.message == message && $0.round == round && $0.tree == tree && $0.siblings == siblings
        }!
    }
}

extension [UInt8] {
    /// The limb at a byte position plus one, still canonical: a change that only the protocol can
    /// notice.
    func tampered(at position: Int) -> [UInt8] {
        var result = self
        let word = UInt32(littleEndianBytes: self[position..<(position + 4)])
        let other = word == Field.modulus - 1 ? 0 : word + 1
        result.replaceSubrange(position..<(position + 4), with: other.littleEndianBytes)
        return result
    }
}
