// The prover: commit, fractions, zerocheck, opening (PROTOCOL.md section 5), the same steps in the same order as the verifier.

/// Seconds by phase of one proof, in order.
public struct PhaseTimer: Sendable {
    public private(set) var phases: [(name: String, seconds: Double)] = []
    private var last = ContinuousClock.now
    /// Called with the number of phases that have ended.
    public var onMark: (@Sendable (Int) -> Void)?

    public init() {}

    /// Ends the phase that ran since the last mark.
    public mutating func mark(_ name: String) {
        let now = ContinuousClock.now
        let d = (now - last).components
        phases.append((name, Double(d.seconds) + Double(d.attoseconds) * 1e-18))
        last = now
        onMark?(phases.count)
    }

    public var total: Double { phases.reduce(0) { $0 + $1.seconds } }
}

/// Makes proofs of one circuit.
public struct Prover: Sendable {
    public let key: ProvingKey
    let pool: Pool
    public var threads: Int { pool.threads }

    public init(key: ProvingKey, threads: Int = 1) {
        self.init(key: key, pool: Pool(threads: threads))
    }
    package init(key: ProvingKey, pool: Pool) {
        self.key = key
        self.pool = pool
    }

    /// A proof that the circuit has a witness for `input` whose statement is `statement`.
    /// - Throws: `WitnessError` when the input has no witness. A wrong statement makes a proof that does not verify.
    public func prove(input: [Field], statement: Digest) throws -> Proof {
        var timer = PhaseTimer()
        return try prove(input: input, statement: statement, timer: &timer)
    }

    public func prove(input: [Field], statement: Digest, timer: inout PhaseTimer) throws -> Proof {
        let witness = try key.circuit.witness(input: input, pool: pool)
        timer.mark("witness")
        return prove(witness, statement: statement, timer: &timer)
    }

    package func prove(_ witness: Witness, statement: Digest, timer: inout PhaseTimer) -> Proof {
        var transcript = ProverTranscript()
        transcript.absorb(key.fingerprint)
        transcript.absorb(statement)
        let commitment = StackCommitment(
            cells: witness.cells, rowVariables: key.parameters.rowVariables,
            rateBits: key.parameters.rateBits, pool: pool)
        transcript.send(.witnessRoot, commitment.root.limbs)
        timer.mark("commit")
        let openedPreprocessed = key.circuit.shape.deferred ? nil : key.preprocessed
        let opening = Opening(parameters: key.parameters)
        let outOfDomainPoint = transcript.sample()
        let outOfDomainValue = opening.outOfDomainValue(
            witness: commitment, preprocessed: openedPreprocessed, point: outOfDomainPoint,
            pool: pool)
        transcript.send(.outOfDomain, [outOfDomainValue])
        timer.mark("out_of_domain")
        let beta = transcript.sample()
        let bus = BusChallenges(beta: beta, c: transcript.sample())
        let tree = FractionTree(key: key, witness: witness.cells, bus: bus, pool: pool)
        timer.mark("fraction_leaves")
        let leaves = tree.prove(&transcript, pool: pool)
        timer.mark("fractions")
        let alpha = transcript.sample()
        let weights = ZerocheckWeights(
            shape: key.circuit.shape, point: leaves.point, alpha: alpha, bus: bus)
        let claims = ZerocheckProver(key: key, witness: witness.cells, pool: pool).prove(
            &transcript, leaves: leaves, tree: tree, alpha: alpha, weights: weights, timer: &timer)
        if key.circuit.shape.deferred {
            let reduction = StackReduction(
                claims: claims.preprocessed, point: claims.point, mu: transcript.sample())
            _ = reduction.prove(key.preprocessed.cells, &transcript, pool: pool)
            timer.mark("deferral")
        }
        opening.prove(
            transcript: &transcript, witness: commitment, preprocessed: openedPreprocessed,
            witnessClaims: claims.witness,
            preprocessedClaims: openedPreprocessed == nil ? [] : claims.preprocessed,
            point: claims.point, outOfDomainPoint: outOfDomainPoint,
            outOfDomainValue: outOfDomainValue, pool: pool)
        timer.mark("opening")
        return Proof(bytes: transcript.proof)
    }
}
