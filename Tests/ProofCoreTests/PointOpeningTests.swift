// The opening of a committed polynomial at one point (PROTOCOL.md section 9.3), native and in a circuit.

import ProofCore
import Testing

/// A random polynomial, committed, and a true claim with its proof.
struct OpenedPoint: Sendable {
    let settings: PointOpening
    let parameters: OpeningParameters
    let polynomial: ClaimedPolynomial
    let commitment: StackCommitment
    let claim: DeferredClaim
    let proof: Proof

    init(variables: Int, rateBits: Int, seed: UInt64 = 1) throws {
        settings = try PointOpening(variables: variables, rateBits: rateBits)
        parameters = try OpeningParameters(
            witnessVariables: variables, preprocessedVariables: 0, targetBits: 104,
            rateBits: rateBits)
        var random = RandomElements(seed: seed)
        polynomial = ClaimedPolynomial(
            cells: BaseVector((0..<(1 << variables)).map { _ in random.field() }))
        commitment = settings.commit(polynomial, threads: 1)
        let point = (0..<variables).map { _ in random.extensionElement() }
        claim = DeferredClaim(point: point, value: polynomial.value(at: point))
        proof = settings.prove(claim, commitment)
    }

    static let twelve = Result { try OpenedPoint(variables: 12, rateBits: 2) }
    static let thirteen = Result { try OpenedPoint(variables: 13, rateBits: 2) }

    var otherValue: DeferredClaim {
        DeferredClaim(point: claim.point, value: claim.value + Extension.x)
    }
    /// One coordinate is another.
    func otherPoint(_ i: Int) -> DeferredClaim {
        var point = claim.point
        point[i] = point[i] + Extension.one
        return DeferredClaim(point: point, value: claim.value)
    }

    func refusal(_ proof: Proof? = nil, _ claim: DeferredClaim? = nil, root: Digest? = nil)
        -> VerificationError?
    {
        do throws(VerificationError) {
            _ = try settings.replay(
                proof ?? self.proof, claim ?? self.claim, root: root ?? commitment.root)
            return nil
        } catch {
            return error
        }
    }

    func layout(_ proof: Proof? = nil, _ claim: DeferredClaim? = nil) throws -> ProofLayout {
        try ProofLayout(
            proof ?? self.proof, of: claim ?? self.claim, root: commitment.root, parameters)
    }

    /// What a verifier says when one limb of a part is another.
    func expects(_ error: VerificationError?, tampering part: ProofLayout.Part) -> Bool {
        switch part.message {
        case .opening: return error == .merkleRoot(round: part.round, tree: 0)
        case .openingRound where part.round == parameters.rounds.count: return error == .finalClaim
        default: return isProofOfWork(error)
        }
    }
}

private func isProofOfWork(_ error: VerificationError?) -> Bool {
    if case .proofOfWork = error { return true }
    return false
}

@Suite struct PointOpeningTests {
    private static let sizes = [12, 13]

    private func opened(_ variables: Int) throws -> OpenedPoint {
        try (variables == 12 ? OpenedPoint.twelve : OpenedPoint.thirteen).get()
    }

    @Test(arguments: [(12, 2), (13, 2), (12, 4), (14, 1), (16, 3)]) func accepts_a_true_claim(
        variables: Int, rateBits: Int
    ) throws {
        let opened = try OpenedPoint(variables: variables, rateBits: rateBits, seed: 3)
        #expect(opened.refusal() == nil)
        #expect(
            try opened.settings.replay(opened.proof, opened.claim, root: opened.commitment.root)
                == opened.layout().record)
        #expect(opened.settings.prove(opened.claim, opened.commitment, threads: 3) == opened.proof)
        for term in opened.settings.soundnessTerms() { #expect(term.bits >= 104, "\(term.name)") }
    }

    @Test(arguments: sizes) func rejects_a_wrong_value(_ variables: Int) throws {
        let opened = try opened(variables)
        #expect(isProofOfWork(opened.refusal(nil, opened.otherValue)))
        // The prover who follows the protocol on the lie.
        let lie = opened.settings.prove(opened.otherValue, opened.commitment)
        #expect(opened.refusal(lie, opened.otherValue) == .finalClaim)
    }

    @Test(arguments: sizes) func rejects_a_wrong_point(_ variables: Int) throws {
        let opened = try opened(variables)
        for i in [0, 5, 6, variables - 1] {
            let other = opened.otherPoint(i)
            #expect(isProofOfWork(opened.refusal(nil, other)))
            #expect(
                opened.refusal(opened.settings.prove(other, opened.commitment), other)
                    == .finalClaim)
        }
    }

    @Test(arguments: sizes) func rejects_a_wrong_root(_ variables: Int) throws {
        let opened = try opened(variables)
        var root = opened.commitment.root
        root[7] += .one
        #expect(isProofOfWork(opened.refusal(root: root)))
        // Another polynomial under this root, and the claim true of the other: the leaves are the root's, what is said of them is not.
        let other = try OpenedPoint(variables: variables, rateBits: 2, seed: 9)
        let commitment = opened.settings.commit(
            ClaimedPolynomial(cells: BaseVector(opened.commitment.cells.elements)), threads: 1)
        for i in 0..<commitment.cells.count { commitment.cells[i] = other.commitment.cells[i] }
        #expect(commitment.root == opened.commitment.root)
        #expect(
            opened.refusal(opened.settings.prove(other.claim, commitment), other.claim)
                == .finalClaim)
    }

    @Test func rejects_claims_of_other_sizes() throws {
        let opened = try opened(12)
        for point in [Array(opened.claim.point.dropLast()), opened.claim.point + [.zero], []] {
            guard
                case .shape = opened.refusal(
                    nil, DeferredClaim(point: point, value: opened.claim.value))
            else {
                Issue.record("\(point.count) coordinates")
                continue
            }
        }
    }

    @Test(arguments: sizes) func rejects_every_tampered_message(_ variables: Int) throws {
        let opened = try opened(variables)
        var random = RandomElements(seed: 5)
        let bytes = opened.proof.bytes
        for part in try opened.layout().parts where part.limbs > 0 {
            for limb in Set([0, part.limbs - 1, random.index(below: part.limbs)]) {
                let error = opened.refusal(
                    Proof(bytes: bytes.tampered(at: part.bytes.lowerBound + 4 * limb)))
                #expect(
                    opened.expects(error, tampering: part),
                    "\(part.name), limb \(limb): \(error as Any)")
            }
            guard
                case .truncated(part.message, at: _, needed: _, left: _) = opened.refusal(
                    Proof(bytes: Array(bytes[..<part.bytes.lowerBound])))
            else {
                Issue.record("\(part.name), cut")
                continue
            }
        }
        #expect(opened.refusal(Proof(bytes: bytes + [0, 0, 0, 0])) == .trailingBytes(count: 4))
    }

    @Test func refuses_sizes_without_parameters() {
        for (variables, rate) in [(11, 2), (25, 2), (12, 0), (12, 11)] {
            #expect(throws: ParameterError.self) {
                try PointOpening(variables: variables, rateBits: rate)
            }
        }
    }

    // MARK: in a circuit

    /// Root, claim and limbs are inputs; the statement is the hash of root and claim.
    private func circuit(_ opened: OpenedPoint) throws -> Circuit {
        let b = CircuitBuilder(name: "settle")
        let root = b.inputDigest()
        let claim = DeferredClaimTarget(
            point: opened.claim.point.map { _ in b.inputElement() }, value: b.inputElement())
        try b.verifyPointOpening(opened.settings, root: root, claim)
        b.setStatement(
            b.hash(
                tag: 5, blocks: [root] + b.blocks(of: claim.elements),
                count: 8 + 5 * claim.elements.count))
        return try b.build()
    }

    private func input(
        _ opened: OpenedPoint, root: Digest? = nil, claim: DeferredClaim? = nil, record: [Field]
    ) -> [Field] {
        (root ?? opened.commitment.root).limbs + (claim ?? opened.claim).elements.flatMap(\.limbs)
            + record
    }

    private func hasWitness(_ circuit: Circuit, _ input: [Field]) throws -> Bool {
        do {
            _ = try circuit.witness(input: input)
            return true
        } catch WitnessError.contradiction {
            return false
        }
    }

    @Test(arguments: sizes) func circuit_accepts_and_refuses_as_the_native_verifier(
        _ variables: Int
    ) throws {
        let opened = try opened(variables)
        let circuit = try circuit(opened)
        let layout = try opened.layout()
        let record = layout.record
        #expect(circuit.inputLimbs == input(opened, record: record).count)
        let witness = try circuit.witness(input: input(opened, record: record))
        #expect(
            circuit.statement(of: witness)
                == Poseidon2.hash(
                    tag: 5, opened.commitment.root.limbs + opened.claim.elements.flatMap(\.limbs)))
        #expect(circuit.brokenCopies(of: witness) == [])

        var random = RandomElements(seed: 6)
        for part in layout.parts where !part.record.isEmpty {
            let more = part.message == .opening ? 8 : 1
            for limb in Set(
                [part.record.lowerBound, part.record.upperBound - 1]
                    + (0..<more).map { _ in
                        part.record.lowerBound + random.index(below: part.record.count)
                    })
            {
                var changed = record
                changed[limb] += .one
                #expect(
                    try !hasWitness(circuit, input(opened, record: changed)),
                    "\(part.name), limb \(limb)")
            }
        }
        for limb in [0, 7] {
            var root = opened.commitment.root
            root[limb] += .one
            #expect(try !hasWitness(circuit, input(opened, root: root, record: record)))
        }
        // The prover of a lie: all messages are as they must be, but the last equation.
        for lie in [opened.otherValue, opened.otherPoint(0), opened.otherPoint(variables - 1)] {
            #expect(try !hasWitness(circuit, input(opened, claim: lie, record: record)))
            let proof = opened.settings.prove(lie, opened.commitment)
            #expect(
                try !hasWitness(
                    circuit, input(opened, claim: lie, record: opened.layout(proof, lie).record)))
        }
    }

    @Test func circuit_refuses_codes_beyond_its_chip() throws {
        // 2^7 positions.
        let settings = try PointOpening(variables: 12, targetBits: 60, rateBits: 1)
        let b = CircuitBuilder(name: "small")
        let claim = DeferredClaimTarget(
            point: (0..<12).map { _ in b.inputElement() }, value: b.inputElement())
        #expect(throws: CircuitError.self) {
            try b.verifyPointOpening(settings, root: b.inputDigest(), claim)
        }
    }
}
