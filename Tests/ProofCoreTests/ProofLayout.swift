// Where each message of a whole proof lies, in its bytes and in what `Verifier.replay` records for a circuit.

import ProofCore

struct ProofLayout {
    struct Part: Sendable {
        let message: Message
        /// P4, P5: the layer. P6: the round. P8 … P13: the round of the opening; its end counts as one more.
        let round: Int
        /// P4, P8, P14: the step within the round. P12: the tree.
        var step = 0
        /// P12: siblings, not leaves.
        var siblings = false
        let bytes: Range<Int>
        /// Limbs of the record; the openings of a round are one range, said of its first part.
        var record = 0..<0

        var name: String {
            "\(message.name) round \(round) step \(step)\(siblings ? " siblings" : "")"
        }
        var limbs: Int { bytes.count / 4 }
    }

    private(set) var parts: [Part] = []
    private var transcript: VerifierTranscript
    private var at = 0
    private var recorded = 0

    /// What `Verifier.replay` would record, if it accepted.
    var record: [Field] { transcript.record }

    /// Walks a proof of `test`'s circuit. Work and Merkle paths are checked on the way, no equation is: an attacker's proof
    /// of a false statement has a layout too.
    init(_ test: TestProof, proof: Proof? = nil, statement: Digest? = nil) throws {
        transcript = VerifierTranscript(proof: (proof ?? test.proof).bytes)
        let shape = test.circuit.shape
        transcript.absorb(test.key.fingerprint)
        transcript.absorb(statement ?? test.statement)
        let root = Digest(try receive(.witnessRoot, 0, limbs: 8))
        _ = transcript.sample()
        try receive(.outOfDomain, 0, limbs: 5)
        for _ in 0..<2 { _ = transcript.sample() }
        try receive(.fractionTop, 0, limbs: 20)
        _ = transcript.sample()
        for layer in 1..<shape.leafVariables {
            _ = transcript.sample()
            for step in 0..<layer {
                try receive(.fractionRound, layer, step: step, limbs: 10)
                _ = transcript.sample()
            }
            try receive(.fractionClaims, layer, limbs: 20)
            _ = transcript.sample()
        }
        _ = transcript.sample()
        for i in 0..<shape.maximalTableHeight {
            try receive(.zerocheckRound, i, limbs: 45)
            _ = transcript.sample()
        }
        let columns = ChipKind.allCases.reduce(0) {
            $0 + Chip[$1].witnessCount + Chip[$1].preprocessedCount
        }
        try receive(.evaluations, 0, limbs: 5 * columns)
        if shape.deferred {
            _ = transcript.sample()
            for step in 0..<shape.preprocessedVariables {
                try receive(.deferralRound, 0, step: step, limbs: 10)
                _ = transcript.sample()
            }
            try receive(.deferredValue, 0, limbs: 5)
        }
        try opening(
            try .of(shape),
            roots: shape.deferred ? [root] : [root, test.key.verifierData.preprocessedRoot])
        try transcript.finish()
    }

    private mutating func opening(_ p: OpeningParameters, roots: [Digest]) throws {
        var roots = roots
        _ = transcript.sample()
        try steps(p.rounds[0].steps, 0)
        var rows = Array([p.witnessRows, p.preprocessedRows].prefix(roots.count))
        for (j, round) in p.rounds.enumerated().dropFirst() {
            let root = Digest(try receive(.foldedRoot, j, limbs: 8))
            _ = transcript.sample()
            try receive(.foldedOutOfDomain, j, limbs: 5)
            try leaves(p, j - 1, rows, roots)
            try steps(round.steps, j)
            (rows, roots) = ([5 << round.steps], [root])
        }
        try receive(.finalPolynomial, p.rounds.count - 1, limbs: 5 << p.finalVariables)
        try leaves(p, p.rounds.count - 1, rows, roots)
        try steps(p.finalVariables, p.rounds.count)
    }

    private mutating func steps(_ count: Int, _ round: Int) throws {
        for step in 0..<count {
            try receive(.openingRound, round, step: step, limbs: 10)
            _ = transcript.sample()
        }
    }

    private mutating func leaves(_ p: OpeningParameters, _ j: Int, _ rows: [Int], _ roots: [Digest])
        throws
    {
        try transcript.checkWork(bits: p.grindingBits)
        add(Part(message: .nonce, round: j, bytes: at..<(at + 4)), recordLimbs: 1)
        let drawn = transcript.indices(p.rounds[j])
        let height = p.rounds[j].height
        let plan = MultiProofPlan(indices: drawn, height: height)
        var trees: [TreeOpening] = []
        for (tree, rows) in rows.enumerated() {
            trees.append(
                try TreeOpening(
                    from: &transcript, indices: drawn, height: height, rows: rows,
                    root: roots[tree], round: j, tree: tree))
            for (limbs, siblings) in [
                (rows * plan.leaves.count, false), (8 * plan.siblingCount, true),
            ] {
                add(
                    Part(
                        message: .opening, round: j, step: tree, siblings: siblings,
                        bytes: at..<(at + 4 * limbs)),
                    recordLimbs: tree == 0 && !siblings ? recordLimbs(p, j) * drawn.count : 0)
            }
        }
        for index in drawn {
            for tree in trees {
                transcript.record += tree.leaf(index) + tree.path(index).flatMap(\.limbs)
            }
        }
        _ = transcript.sample()
    }

    /// Limbs that one drawn index adds to the record: leaves and whole paths of all trees.
    private func recordLimbs(_ p: OpeningParameters, _ j: Int) -> Int {
        let path = 8 * p.rounds[j].height
        if j == 0 { return p.witnessRows + p.preprocessedRows + (p.hasPreprocessed ? 2 : 1) * path }
        return (5 << p.rounds[j].steps) + path
    }

    @discardableResult
    private mutating func receive(_ message: Message, _ round: Int, step: Int = 0, limbs: Int)
        throws -> [Field]
    {
        let received = try transcript.receive(message, limbs: limbs)
        add(
            Part(message: message, round: round, step: step, bytes: at..<(at + 4 * limbs)),
            recordLimbs: limbs)
        return received
    }

    private mutating func add(_ part: Part, recordLimbs: Int) {
        var part = part
        part.record = recorded..<(recorded + recordLimbs)
        recorded += recordLimbs
        at = part.bytes.upperBound
        parts.append(part)
    }

    func parts(_ message: Message) -> [Part] { parts.filter { $0.message == message } }

    static let nine = Result { try ProofLayout(TestProof.nine.get()) }
    static let deferred = Result { try ProofLayout(TestProof.deferred.get()) }

    /// Walks the opening of a claim.
    init(_ proof: Proof, of claim: DeferredClaim, root: Digest, _ parameters: OpeningParameters)
        throws
    {
        transcript = VerifierTranscript(proof: proof.bytes)
        transcript.absorb(root)
        transcript.absorb(claim.elements)
        _ = transcript.sample()
        try receive(.outOfDomain, 0, limbs: 5)
        try opening(parameters, roots: [root])
        try transcript.finish()
    }
}

extension VerifierTranscript {
    /// Elements as one message.
    mutating func absorb(_ elements: [Extension]) {
        let limbs = elements.flatMap(\.limbs)
        let padded = limbs + [Field](repeating: .zero, count: (8 - limbs.count % 8) % 8)
        for start in stride(from: 0, to: padded.count, by: 8) {
            absorb(Digest(padded[start..<(start + 8)]))
        }
    }
}

extension OpeningParameters {
    /// Of a proof of the shape: a deferred one opens one stack.
    static func of(_ shape: Shape) throws -> OpeningParameters {
        try OpeningParameters(
            witnessVariables: shape.witnessVariables,
            preprocessedVariables: shape.deferred ? 0 : shape.preprocessedVariables,
            targetBits: shape.targetBits, rateBits: shape.rateBits)
    }
}

extension Message {
    /// P1 … P13: the messages of a proof that opens both stacks.
    static let argument = allCases.filter { $0.rawValue <= 13 }
    /// P1 … P15: of a proof that leaves a claim.
    static let deferred = allCases.filter { $0.rawValue <= 15 }
}

extension TestProof {
    /// What a verifier must say when one limb of a part is another canonical one.
    func expects(_ error: VerificationError?, tampering part: ProofLayout.Part) -> Bool {
        let rounds = (try? OpeningParameters.of(circuit.shape).rounds.count) ?? 0
        switch part.message {
        // Challenges that the bus's balance depends on.
        case .witnessRoot, .outOfDomain, .fractionTop: return error == .busImbalance
        case .fractionRound, .fractionClaims: return error == .fractionLayer(part.round)
        case .zerocheckRound, .evaluations: return error == .zerocheck
        case .deferralRound, .deferredValue: return error == .deferredValue
        case .batchRound, .batchedValue: return false  // of no proof
        // The last steps come after all work and openings.
        case .openingRound where part.round == rounds: return error == .finalClaim
        case .openingRound, .foldedRoot, .foldedOutOfDomain, .nonce, .finalPolynomial:
            if case .proofOfWork(bits: 16, nonce: _) = error { return true }
            return false
        case .opening: return error == .merkleRoot(round: part.round, tree: part.step)
        }
    }
}
