// Proofs that leave a claim on their circuit's preprocessed columns (PROTOCOL.md section 9.1): every message, who settles the claim
// and with what, a prover with another circuit's columns, and the recursive verifier of such proofs.

import ProofCore
import Testing

/// The strongest prover of a false statement: all steps with another circuit's preprocessed columns, under the fingerprint of `victim`.
struct Impostor {
    let verifier: Verifier
    let statement: Digest
    let proof: Proof

    init(_ victim: TestProof, with other: TestProof) throws {
        let key = try ProvingKey(nineChips(deferred: victim.circuit.shape.deferred))
        precondition(
            key.fingerprint == victim.key.fingerprint && key.circuit.shape == other.circuit.shape)
        // The commitment stays, the cells do not.
        for (i, word) in other.circuit.preprocessed.enumerated() {
            key.preprocessed.cells[i] = Field(montgomery: word)
        }
        var timer = PhaseTimer()
        verifier = victim.verifier
        statement = other.statement
        proof = Prover(key: key).prove(
            try other.circuit.witness(input: other.input), statement: statement, timer: &timer)
    }

    static let deferred = Result {
        try Impostor(TestProof.deferred.get(), with: TestProof.deferredVariant.get())
    }
}

@Suite struct DeferralTests {
    private let test: TestProof
    private let variant: TestProof
    private let layout: ProofLayout
    private var bytes: [UInt8] { test.proof.bytes }

    init() throws {
        test = try TestProof.deferred.get()
        variant = try TestProof.deferredVariant.get()
        layout = try ProofLayout.deferred.get()
    }

    private func refusal(_ verifier: Verifier) -> VerificationError? {
        ProofCoreTests.refusal(verifier, test.proof, test.statement)
    }

    private func isUnsettled(_ error: VerificationError?) -> Bool {
        if case .deferredClaim = error { return true }
        return false
    }

    // MARK: completeness

    @Test func accepts_and_leaves_a_true_claim() throws {
        let replay = try test.verifier.verify(test.proof, statement: test.statement)
        let claim = try #require(replay.deferred)
        #expect(claim.point.count == test.circuit.shape.preprocessedStackVariables)
        // The value by its definition.
        let cells = BaseVector(test.circuit.preprocessed.map { Field(montgomery: $0) })
        #expect(cells.evaluate(at: claim.point) == claim.value)
        #expect(ClaimedPolynomial([test.key]).satisfies(claim))
        #expect(!ClaimedPolynomial([variant.key]).satisfies(claim))
    }

    @Test func proof_that_opens_both_stacks_leaves_none() throws {
        let nine = try TestProof.nine.get()
        #expect(try nine.verifier.verify(nine.proof, statement: nine.statement).deferred == nil)
    }

    @Test func proof_does_not_depend_on_threads() throws {
        let again = try Prover(key: test.key, threads: 3).prove(
            input: test.input, statement: test.statement)
        #expect(again == test.proof)
    }

    @Test func messages_are_all_and_in_order() {
        #expect(Set(layout.parts.map(\.message)) == Set(Message.deferred))
        #expect(layout.parts.last?.bytes.upperBound == bytes.count)
        #expect(layout.parts(.deferralRound).count == test.circuit.shape.preprocessedStackVariables)
    }

    /// Unequal heights, other rates and targets, a longest table that has no witness.
    @Test(arguments: [
        ([5, 4, 6, 4, 7, 4, 5, 4, 8], 104, 2), ([4, 9, 4, 4, 4, 4, 4, 4, 4], 100, 1),
        ([4, 4, 4, 4, 4, 4, 4, 4, 4], 60, 3),
        ([6, 4, 4, 8, 4, 5, 4, 9, 4], 120, 4), ([4, 4, 4, 4, 4, 4, 4, 4, 9], 104, 2),
    ])
    func accepts_in_a_larger_shape(heights: [Int], target: Int, rate: Int) throws {
        let b = CircuitBuilder(name: "shape")
        let (x, d) = (b.inputElement(), b.inputDigest())
        b.setStatement(
            b.hash(tag: 7, blocks: [d] + b.blocks(of: [b.multiply(x, x), x]), count: 24))
        let shape = try Shape(heights: heights, targetBits: target, rateBits: rate, deferred: true)
        let test = try TestProof(b.build(shape: shape), input: (1...13).map { Field($0) })
        try test.verifier.verify(test.proof, statement: test.statement)
        #expect(ProofCoreTests.refusal(test.verifier, test.proof, .zero) == .busImbalance)
        for term in try shape.soundnessTerms() {
            #expect(term.bits >= Double(target), "\(term.name)")
        }
    }

    // MARK: settling

    @Test func nobody_to_settle_it_is_a_refusal() throws {
        #expect(isUnsettled(refusal(try Verifier(test.key.verifierData))))
    }

    @Test func another_circuits_columns_do_not_settle_it() throws {
        let data = test.key.verifierData
        #expect(
            isUnsettled(refusal(try Verifier(data, polynomial: ClaimedPolynomial([variant.key])))))
        #expect(
            isUnsettled(
                refusal(try Verifier(data, polynomial: ClaimedPolynomial([test.key, test.key])))))
        for cell in [0, 1, test.circuit.preprocessed.count - 1] {
            let cells = BaseVector(test.circuit.preprocessed.map { Field(montgomery: $0) })
            cells[cell] += .one
            #expect(
                isUnsettled(
                    refusal(try Verifier(data, polynomial: ClaimedPolynomial(cells: cells)))))
        }
    }

    @Test func several_circuits_are_one_polynomial() throws {
        let claims = try [test, variant].map {
            try #require(try $0.verifier.replay($0.proof, statement: $0.statement).deferred)
        }
        let both = ClaimedPolynomial([test.key, variant.key])
        for (i, claim) in claims.enumerated() {
            for selector in [0, 1] {
                let moved = DeferredClaim(
                    point: [Extension(Field(selector))] + claim.point, value: claim.value)
                #expect(both.satisfies(moved) == (selector == i))
            }
        }
        #expect(both.satisfies(.trivial(variables: both.variables)) == (both.firstCell == .zero))
    }

    /// Nothing but the claim tells that the columns are another circuit's.
    @Test func prover_with_another_circuits_columns_is_caught_by_settling_alone() throws {
        let impostor = try Impostor.deferred.get()
        let replay = try impostor.verifier.replay(impostor.proof, statement: impostor.statement)
        let claim = try #require(replay.deferred)
        #expect(ClaimedPolynomial([variant.key]).satisfies(claim))
        #expect(
            isUnsettled(
                ProofCoreTests.refusal(impostor.verifier, impostor.proof, impostor.statement)))
        // Where both stacks are opened, the opening tells.
        let opened = try Impostor(TestProof.nine.get(), with: TestProof.nineVariant.get())
        #expect(
            ProofCoreTests.refusal(opened.verifier, opened.proof, opened.statement) == .finalClaim)
    }

    // MARK: tampering

    /// The first, the last and two other limbs of every part of every message.
    @Test(arguments: Message.deferred) func rejects_tampered_message(_ message: Message) throws {
        var random = RandomElements(seed: UInt64(message.rawValue))
        let parts = layout.parts(message)
        try #require(!parts.isEmpty)
        for part in parts where part.limbs > 0 {
            let some = parts.count > 12 ? 0 : 2
            for limb in Set(
                [0, part.limbs - 1] + (0..<some).map { _ in random.index(below: part.limbs) })
            {
                let error = test.refusal(bytes.tampered(at: part.bytes.lowerBound + 4 * limb))
                #expect(
                    test.expects(error, tampering: part),
                    "\(part.name), limb \(limb): \(error as Any)")
            }
        }
    }

    @Test(arguments: [Message.deferralRound, .deferredValue]) func rejects_every_tampered_limb(
        _ message: Message
    ) {
        for part in layout.parts(message) {
            for position in stride(from: part.bytes.lowerBound, to: part.bytes.upperBound, by: 4) {
                #expect(test.refusal(bytes.tampered(at: position)) == .deferredValue)
            }
        }
    }

    /// P7 is checked before the deferral.
    @Test func rejects_tampered_preprocessed_values() throws {
        let part = try #require(layout.parts(.evaluations).first)
        let columns = ChipKind.allCases.reduce(0) { $0 + Chip[$1].preprocessedCount }
        for i in 0..<columns {
            #expect(
                test.refusal(bytes.tampered(at: part.bytes.upperBound - 20 * (i + 1))) == .zerocheck
            )
        }
    }

    @Test(arguments: Message.deferred) func rejects_truncated_and_non_canonical_message(
        _ message: Message
    ) {
        for part in layout.parts(message) where part.limbs > 0 {
            for end in [part.bytes.lowerBound, part.bytes.upperBound - 1] {
                guard
                    case .truncated(message, at: _, needed: _, left: _) = test.refusal(
                        Array(bytes[..<end]))
                else {
                    Issue.record("\(part.name), cut at \(end)")
                    continue
                }
            }
            var changed = bytes
            let at = part.bytes.upperBound - 4
            changed.replaceSubrange(at..<(at + 4), with: Field.modulus.littleEndianBytes)
            #expect(test.refusal(changed) == .nonCanonical(message, at: at, word: Field.modulus))
        }
        #expect(test.refusal(bytes + [0, 0, 0, 0]) == .trailingBytes(count: 4))
    }

    @Test(arguments: [Message.deferralRound, .deferredValue]) func rejects_message_of_another_proof(
        _ message: Message
    ) throws {
        let other = try TestProof.deferredOther.get()
        let theirs = try ProofLayout(other)
        for (mine, their) in zip(layout.parts(message), theirs.parts(message)) {
            var changed = bytes
            changed.replaceSubrange(mine.bytes, with: other.proof.bytes[their.bytes])
            #expect(test.refusal(changed) == .deferredValue)
        }
    }

    // MARK: shapes

    @Test func deferred_and_opened_proofs_are_not_interchangeable() throws {
        let nine = try TestProof.nine.get()
        #expect(
            nine.circuit.preprocessed == test.circuit.preprocessed
                && nine.statement == test.statement)
        #expect(nine.key.verifierData.preprocessedRoot == test.key.verifierData.preprocessedRoot)
        #expect(nine.key.fingerprint != test.key.fingerprint)
        #expect(ProofCoreTests.refusal(test.verifier, nine.proof, nine.statement) == .busImbalance)
        #expect(ProofCoreTests.refusal(nine.verifier, test.proof, test.statement) == .busImbalance)
    }

    @Test func proof_of_another_circuit_of_the_shape_is_refused() {
        #expect(
            ProofCoreTests.refusal(test.verifier, variant.proof, variant.statement) == .busImbalance
        )
    }

    /// The network's shape, and others: every term reaches the target, and all of them are there.
    @Test(arguments: [
        [14, 14, 10, 10, 9, 10, 11, 10, 9], [4, 4, 4, 4, 4, 4, 4, 4, 4],
        [13, 13, 9, 9, 8, 9, 10, 9, 9], [15, 15, 11, 11, 9, 10, 11, 11, 9],
    ])
    func every_soundness_term_reaches_the_target(_ heights: [Int]) throws {
        let deferred = try Shape(heights: heights, deferred: true).soundnessTerms()
        let opened = try Shape(heights: heights).soundnessTerms()
        for term in deferred { #expect(term.bits >= 104, "\(term.name)") }
        let (names, others) = (Set(deferred.map(\.name)), Set(opened.map(\.name)))
        #expect(
            names.subtracting(others) == ["deferral, claims joined (μ)", "deferral, rounds (P14)"])
        #expect(others.filter { !$0.hasPrefix("opening") }.isSubset(of: names))
    }
}

/// The recursive verifier of proofs that leave a claim.
@Suite struct DeferredRecursionTests {
    private let child: WrappedChild
    private let wrapped: TestProof
    private let layout: ProofLayout

    init() throws {
        child = try WrappedChild.deferred.get()
        wrapped = try WrappedChild.wrappedDeferred.get()
        layout = try ProofLayout.deferred.get()
    }

    private func hasWitness(_ circuit: Circuit, _ input: [Field]) throws -> Bool {
        do {
            _ = try circuit.witness(input: input)
            return true
        } catch WitnessError.contradiction {
            return false
        }
    }

    @Test func wrapper_exposes_the_childs_claim() throws {
        #expect(child.claim != nil && wrapped.statement == child.statement)
        try wrapped.verifier.verify(wrapped.proof, statement: child.statement)
        #expect(
            layout.record == child.record && wrapped.circuit.inputLimbs == 16 + child.record.count)
    }

    @Test func variant_exposes_its_own_claim() throws {
        let variant = try WrappedChild(TestProof.deferredVariant.get())
        #expect(
            wrapped.circuit.statement(of: try wrapped.circuit.witness(input: variant.input()))
                == variant.statement)
        #expect(try !hasWitness(wrapped.circuit, variant.input(root: child.root)))
    }

    @Test(arguments: Message.deferred) func tampered_child_has_no_witness(_ message: Message) throws
    {
        let all = message == .deferralRound || message == .deferredValue
        for part in layout.parts(message) where !part.record.isEmpty {
            for limb in all
                ? Array(part.record) : [part.record.lowerBound, part.record.upperBound - 1]
            {
                var record = child.record
                record[limb] += .one
                #expect(
                    try !hasWitness(wrapped.circuit, child.input(record: record)),
                    "\(part.name), limb \(limb)")
            }
        }
    }

    /// A false proof whose every equation holds: the wrapper takes it, and its statement carries the false claim on. Settling refuses.
    @Test func false_claim_is_carried_on_and_refused_where_it_is_settled() throws {
        let impostor = try Impostor.deferred.get()
        let replay = try impostor.verifier.replay(impostor.proof, statement: impostor.statement)
        let claim = try #require(replay.deferred)
        let input = child.input(statement: impostor.statement, record: replay.record)
        let statement = wrapped.circuit.statement(of: try wrapped.circuit.witness(input: input))
        let fingerprint = child.child.key.fingerprint
        #expect(
            statement
                == Poseidon2.hash(
                    tag: 9,
                    fingerprint.limbs + impostor.statement.limbs + claim.elements.flatMap(\.limbs)))

        let polynomial = ClaimedPolynomial([child.child.key])
        let settings = try PointOpening(variables: polynomial.variables, rateBits: 2)
        let commitment = settings.commit(polynomial, threads: 1)
        let b = CircuitBuilder(name: "settling wrapper")
        let (root, childStatement) = (b.inputDigest(), b.inputDigest())
        let verified = try b.verifyProof(
            shape: child.child.circuit.shape, preprocessedRoot: root, statement: childStatement)
        let joined = b.joinClaims([try #require(verified.deferred)])
        try b.verifyPointOpening(settings, root: b.constant(commitment.root), joined)
        b.setStatement(b.compress(verified.fingerprint, childStatement))
        let circuit = try b.build()
        func settled(_ claim: DeferredClaim, _ input: [Field]) throws -> [Field] {
            let (left, messages) = ClaimBatch([claim]).prove(polynomial)
            let proof = settings.prove(left, commitment)
            return input + messages + (try settings.replay(proof, left, root: commitment.root))
        }
        let honest = try circuit.witness(input: settled(try #require(child.claim), child.input()))
        #expect(
            circuit.statement(of: honest) == Poseidon2.compress(fingerprint, child.child.statement))
        #expect(try !hasWitness(circuit, settled(claim, input)))
    }
}
