// Joining claims about one polynomial (PROTOCOL.md section 9.2), native and in a circuit: what is left is true when all are, and
// whoever joins a false one leaves a false one.

import ProofCore
import Testing

/// A random polynomial and true claims about it, joined.
struct JoinedClaims {
    let polynomial: ClaimedPolynomial
    let cells: BaseVector
    let claims: [DeferredClaim]
    let left: DeferredClaim
    let messages: [Field]

    init(variables: Int, count: Int) {
        var random = RandomElements(seed: UInt64(100 * variables + count))
        cells = BaseVector((0..<(1 << variables)).map { _ in random.field() })
        polynomial = ClaimedPolynomial(cells: cells)
        let points = (0..<count).map { _ in (0..<variables).map { _ in random.extensionElement() } }
        claims = points.map { [cells] in DeferredClaim(point: $0, value: cells.evaluate(at: $0)) }
        (left, messages) = ClaimBatch(claims).prove(polynomial)
    }

    /// Claim i with another value.
    func lying(_ i: Int) -> [DeferredClaim] {
        var claims = claims
        claims[i] = DeferredClaim(point: claims[i].point, value: claims[i].value + Extension.x)
        return claims
    }

    /// The prover who joins false claims with the rounds of the true polynomial, and sends the value that makes the last equation hold.
    func forged(_ claims: [DeferredClaim]) throws -> [Field] {
        let rounds = Array(ClaimBatch(claims).prove(polynomial).messages.dropLast(5))
        var transcript = VerifierTranscript(
            proof: rounds.flatMap { $0.canonical.littleEndianBytes })
        transcript.absorb(claims.flatMap(\.elements))
        let delta = transcript.sample()
        var claim = Extension.zero
        for i in claims.indices { claim += delta.power(i) * claims[i].value }
        var z: [Extension] = []
        for _ in 0..<polynomial.variables {
            let c = try transcript.receive(.batchRound, elements: 2)
            let r = transcript.sample()
            let c1: Extension = claim - c[0] - c[0] - c[1]
            claim = c[0] + c1 * r + c[1] * r * r
            z.append(r)
        }
        var weight = Extension.zero
        for i in claims.indices { weight += delta.power(i) * eq(claims[i].point, z) }
        return rounds + (claim * weight.inverse).limbs
    }
}

@Suite struct ClaimBatchTests {
    private static let sizes = [
        (5, 1), (5, 2), (6, 4), (7, 2), (8, 4), (9, 1), (10, 2), (10, 4), (1, 2),
    ]

    private func refusal(_ claims: [DeferredClaim], _ messages: [Field]) -> VerificationError? {
        do throws(VerificationError) {
            _ = try ClaimBatch(claims).verify(messages: messages)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: sizes) func true_claims_leave_a_true_one(variables: Int, count: Int) throws {
        let joined = JoinedClaims(variables: variables, count: count)
        #expect(try ClaimBatch(joined.claims).verify(messages: joined.messages) == joined.left)
        #expect(joined.messages.count == 10 * variables + 5)
        #expect(joined.cells.evaluate(at: joined.left.point) == joined.left.value)
        #expect((joined.claims + [joined.left]).allSatisfy { joined.polynomial.satisfies($0) })
        let again = ClaimBatch(joined.claims).prove(joined.polynomial, threads: 3)
        #expect(again.claim == joined.left && again.messages == joined.messages)
        // The honest prover who lies about nothing is what the forger does without a lie.
        #expect(try joined.forged(joined.claims) == joined.messages)
    }

    /// Beyond a kernel's block and the pool's grain, and where a point is a corner of the cube.
    @Test func long_polynomials_and_corners() throws {
        var joined = JoinedClaims(variables: 14, count: 2)
        #expect(try ClaimBatch(joined.claims).verify(messages: joined.messages) == joined.left)
        #expect(
            ClaimBatch(joined.claims).prove(joined.polynomial, threads: 3).messages
                == joined.messages)
        joined = JoinedClaims(variables: 6, count: 1)
        for corner in [0, 1, 37, 63] {
            let point = (0..<6).map { Extension(Field((corner >> (5 - $0)) & 1)) }
            let claim = DeferredClaim(point: point, value: Extension(joined.cells[corner]))
            #expect(joined.polynomial.satisfies(claim))
            let (left, messages) = ClaimBatch([claim] + joined.claims).prove(joined.polynomial)
            #expect(try ClaimBatch([claim] + joined.claims).verify(messages: messages) == left)
            #expect(joined.polynomial.satisfies(left))
        }
    }

    @Test(arguments: sizes) func one_false_claim_leaves_a_false_one_or_is_refused(
        variables: Int, count: Int
    ) throws {
        let joined = JoinedClaims(variables: variables, count: count)
        for i in 0..<count {
            let claims = joined.lying(i)
            #expect(!joined.polynomial.satisfies(claims[i]))
            #expect(
                refusal(claims, ClaimBatch(claims).prove(joined.polynomial).messages)
                    == .batchedValue)
            #expect(refusal(claims, joined.messages) == .batchedValue)
            let left = try ClaimBatch(claims).verify(messages: joined.forged(claims))
            #expect(!joined.polynomial.satisfies(left))
        }
    }

    /// Two lies that cancel in the plain sum.
    @Test func lies_do_not_cancel() throws {
        let joined = JoinedClaims(variables: 8, count: 2)
        var claims = joined.claims
        claims[0] = DeferredClaim(point: claims[0].point, value: claims[0].value + Extension.one)
        claims[1] = DeferredClaim(point: claims[1].point, value: claims[1].value - Extension.one)
        #expect(
            refusal(claims, ClaimBatch(claims).prove(joined.polynomial).messages) == .batchedValue)
        #expect(
            !joined.polynomial.satisfies(
                try ClaimBatch(claims).verify(messages: joined.forged(claims))))
    }

    /// The joined claim of one polynomial is false for another that only one claim tells apart.
    @Test func another_polynomial() throws {
        let joined = JoinedClaims(variables: 7, count: 2)
        let other = BaseVector(joined.cells.elements)
        other[77] += .one
        let (left, messages) = ClaimBatch(joined.claims).prove(ClaimedPolynomial(cells: other))
        #expect(ClaimedPolynomial(cells: other).satisfies(left))
        #expect(refusal(joined.claims, messages) == .batchedValue)
    }

    @Test(arguments: [1, 2, 4]) func rejects_every_tampered_limb(_ count: Int) {
        let joined = JoinedClaims(variables: 6, count: count)
        for i in joined.messages.indices {
            var messages = joined.messages
            messages[i] += .one
            #expect(refusal(joined.claims, messages) == .batchedValue, "limb \(i)")
        }
    }

    @Test func rejects_changed_claims() {
        let joined = JoinedClaims(variables: 6, count: 2)
        #expect(refusal(joined.claims.reversed(), joined.messages) == .batchedValue)
        #expect(refusal([joined.claims[0], joined.claims[0]], joined.messages) == .batchedValue)
        #expect(refusal([joined.claims[0]], joined.messages) == .batchedValue)
        #expect(refusal(joined.claims + [joined.claims[0]], joined.messages) == .batchedValue)
        for i in 0..<14 {
            var elements = joined.claims.flatMap(\.elements)
            elements[i] = elements[i] + Extension.one
            let claims = [
                DeferredClaim(elements: Array(elements[..<7])),
                DeferredClaim(elements: Array(elements[7...])),
            ]
            #expect(refusal(claims, joined.messages) == .batchedValue)
        }
    }

    @Test func rejects_truncated_and_extended_messages() {
        let joined = JoinedClaims(variables: 5, count: 2)
        for length in 0..<joined.messages.count {
            guard
                case .truncated(let message, at: _, needed: _, left: _) = refusal(
                    joined.claims, Array(joined.messages[..<length]))
            else {
                Issue.record("\(length) limbs")
                continue
            }
            #expect(message == (length < 50 ? .batchRound : .batchedValue))
        }
        #expect(refusal(joined.claims, joined.messages + [0]) == .trailingBytes(count: 4))
    }

    // MARK: in a circuit

    /// Claims, then messages, are inputs; the statement is the hash of the claim that is left.
    private func circuit(variables: Int, count: Int) throws -> Circuit {
        let b = CircuitBuilder(name: "join")
        let claims = (0..<count).map { _ in
            DeferredClaimTarget(
                point: (0..<variables).map { _ in b.inputElement() }, value: b.inputElement())
        }
        let left = b.joinClaims(claims)
        b.setStatement(
            b.hash(tag: 5, blocks: b.blocks(of: left.elements), count: 5 * left.elements.count))
        return try b.build()
    }

    private func statement(_ left: DeferredClaim) -> Digest {
        Poseidon2.hash(tag: 5, left.elements.flatMap(\.limbs))
    }

    private func input(_ claims: [DeferredClaim], _ messages: [Field]) -> [Field] {
        claims.flatMap(\.elements).flatMap(\.limbs) + messages
    }

    private func hasWitness(_ circuit: Circuit, _ input: [Field]) throws -> Bool {
        do {
            _ = try circuit.witness(input: input)
            return true
        } catch WitnessError.contradiction {
            return false
        }
    }

    @Test(arguments: [(5, 1), (6, 2), (7, 4), (10, 2)]) func circuit_joins_as_the_native_verifier(
        variables: Int, count: Int
    ) throws {
        let joined = JoinedClaims(variables: variables, count: count)
        let circuit = try circuit(variables: variables, count: count)
        let test = try TestProof(circuit, input: input(joined.claims, joined.messages))
        #expect(test.statement == statement(joined.left))
        try test.verifier.verify(test.proof, statement: test.statement)
        // A forger's false claim is carried on in the circuit, too.
        let lying = joined.lying(count - 1)
        let forged = try joined.forged(lying)
        let witness = try circuit.witness(input: input(lying, forged))
        #expect(
            circuit.statement(of: witness)
                == statement(try ClaimBatch(lying).verify(messages: forged)))
        #expect(try !hasWitness(circuit, input(lying, joined.messages)))
    }

    @Test(arguments: [1, 2]) func circuit_has_no_witness_for_tampered_limbs(_ count: Int) throws {
        let joined = JoinedClaims(variables: 5, count: count)
        let circuit = try circuit(variables: 5, count: count)
        let honest = input(joined.claims, joined.messages)
        for i in honest.indices {
            var changed = honest
            changed[i] += .one
            #expect(try !hasWitness(circuit, changed), "limb \(i)")
        }
    }
}
