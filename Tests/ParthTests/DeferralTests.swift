// Claims about the network's circuits: none is lost, exchanged or false in what a block rests on.

import Parth
import ProofCore
import Testing

/// A key of `victim`'s name with the preprocessed stack of another circuit: what a malicious worker proves with. Nothing opens the stack
/// of a deferred shape, so only the claim on it gives such a proof away.
private func impostor(_ circuit: Circuit, as victim: ProvingKey) throws -> ProvingKey {
    let key = try ProvingKey(victim.circuit)
    let cells = key.preprocessed.cells
    precondition(circuit.shape == victim.circuit.shape && circuit.preprocessed.count == cells.count)
    for (i, word) in circuit.preprocessed.enumerated() { cells.words[i] = word }
    return key
}

/// User 5's leaf becomes whatever its thief likes, without a signature: an end cap by the circuit that states what it is told, under the
/// end cap's fingerprint; and the combine of it with the honest combine of 6 and 7.
private struct Theft: Sendable {
    let endCap: TransitionArtifact
    let combine: TransitionArtifact
    /// The end cap's and the combine's claims are true of it.
    let other: OtherPolynomial
    let key: ProvingKey

    static let shared = Result { try Theft() }

    init() throws {
        let chain = try Chain.shared.get()
        let network = chain.network
        let round = try Round.all.get()
        key = try impostor(Rogue.shared.get().key.circuit, as: network.endCap)
        other = OtherPolynomial([key, network.combine], network)
        var header = chain.endCaps[3].header
        header.new = header.new.changed()
        var timer = PhaseTimer()
        let witness = try Rogue.shared.get().key.circuit.witness(input: header.digest.limbs)
        let proof = Prover(key: key).prove(witness, statement: header.digest, timer: &timer)
        endCap = TransitionArtifact(kind: .endCap, header: header, proof: proof)

        let context = round.context(level: 2, first: 4)
        let right = round.node(level: 1, first: 6)
        let (l, r) = (
            try Self.child(endCap, network, siblings: context.leftSiblings),
            try Self.child(right, network, siblings: context.rightSiblings)
        )
        var combined = try network.combinedHeader(header, right.header, context)
        let joined = Joined(forging: try l.claims + r.claims)
        combined.deferred = claimDigest(joined.claim)
        let input = CombineCircuit.input(
            blockRoot: chain.state.digest, aggregator: network.combine.fingerprint, level: 2,
            left: l, right: r, batch: joined.messages)
        combine = TransitionArtifact(
            kind: .combine, header: combined, claim: joined.claim,
            proof: try Prover(key: network.combine).prove(input: input, statement: combined.digest))
    }

    /// A child of which nobody settles the claims.
    static func child(_ artifact: TransitionArtifact, _ network: Network, siblings: [Digest]) throws
        -> ChildInput
    {
        let verifier = artifact.kind == .combine ? network.combineVerifier : network.endCapVerifier
        return ChildInput(
            artifact: artifact, verifierData: verifier.verifierData,
            record: try verifier.replay(artifact.proof, statement: artifact.header.digest).record,
            siblings: siblings)
    }
}

@Suite struct DeferralTests {
    private let chain: Chain
    private let network: Network
    private let round: Round
    private let circuit: Circuit
    /// Of users 5 and {6, 7}: an end cap and a combine.
    private let combine: TransitionArtifact
    private let left: ChildInput
    private let right: ChildInput

    init() throws {
        chain = try Chain.shared.get()
        network = chain.network
        round = try Round.all.get()
        circuit = network.combine.circuit
        combine = round.node(level: 2, first: 4)
        let context = round.context(level: 2, first: 4)
        left = try chain.input(chain.endCaps[3], siblings: context.leftSiblings)
        right = try chain.input(round.node(level: 1, first: 6), siblings: context.rightSiblings)
    }

    private func input(batch: [Field], left: ChildInput? = nil, right: ChildInput? = nil) -> [Field]
    {
        CombineCircuit.input(
            blockRoot: chain.state.digest, aggregator: network.combine.fingerprint, level: 2,
            left: left ?? self.left,
            right: right ?? self.right, batch: batch)
    }

    private func changed(_ claim: DeferredClaim, element: Int, limb: Int = 0) -> DeferredClaim {
        var elements = claim.elements
        var limbs = elements[element].limbs
        limbs[limb] += .one
        elements[element] = Extension(limbs: limbs)
        return DeferredClaim(elements: elements)
    }

    private func artifact(_ claim: DeferredClaim, deferred: Digest? = nil) -> TransitionArtifact {
        var header = combine.header
        header.deferred = deferred ?? header.deferred
        return TransitionArtifact(
            kind: .combine, header: header, claim: claim, proof: combine.proof)
    }

    /// Nobody takes it: a verifier, a worker of the parent, a worker of the block.
    private func expectRefusedNatively<E: Error & Equatable>(
        _ artifact: TransitionArtifact, _ error: E, _ location: SourceLocation = #_sourceLocation
    ) {
        let endCap = artifact.kind == .endCap
        let siblings = chain.tree.siblings(level: endCap ? 0 : 2, endCap ? 5 : 1)
        let block = BlockContext(state: chain.state, siblings: siblings)
        let context = round.context(level: endCap ? 2 : 3, first: endCap ? 4 : 0)
        #expect(failure(E.self) { try network.verify(artifact) } == error, sourceLocation: location)
        #expect(
            failure(E.self) { try network.proveBlock(artifact, block) } == error,
            sourceLocation: location)
        #expect(
            failure(E.self) {
                endCap
                    ? try network.proveCombine(artifact, round.node(level: 1, first: 6), context)
                    : try network.proveCombine(round.node(level: 2, first: 0), artifact, context)
            } == error, sourceLocation: location)
    }

    // MARK: the polynomial

    @Test func polynomial_is_both_stacks_and_its_first_cell_is_zero() {
        let (e, c) = (
            network.endCap.preprocessed.cells.elements, network.combine.preprocessed.cells.elements
        )
        #expect(network.polynomial.cells.elements == e + c)
        #expect(
            e.count == 1 << Network.shape.preprocessedStackVariables
                && network.polynomial.variables == Network.polynomialVariables)
        #expect(network.polynomial.firstCell == .zero)
        let trivial = DeferredClaim.trivial(variables: Network.polynomialVariables)
        #expect(network.polynomial.satisfies(trivial))
        for element in [0, 1, 19] {
            #expect(!network.polynomial.satisfies(changed(trivial, element: 20, limb: element % 5)))
        }
        // A claim at fewer coordinates is about another polynomial.
        #expect(!network.polynomial.satisfies(.trivial(variables: Network.polynomialVariables - 1)))
    }

    @Test func root_is_of_the_stacks_that_the_fingerprints_are_of() throws {
        let rogue = try Rogue.shared.get()
        #expect(
            OtherPolynomial([network.endCap, network.combine], network).commitment.root
                == network.polynomialCommitment.root)
        for keys in [
            [network.combine, network.endCap], [network.endCap, network.endCap],
            [rogue.key, rogue.key],
        ] {
            #expect(
                OtherPolynomial(keys, network).commitment.root != network.polynomialCommitment.root)
        }
    }

    @Test func the_selector_is_the_kind() throws {
        for (artifact, selector) in [(chain.endCaps[0], Extension.zero), (combine, .one)] {
            let claims = try network.verify(artifact).claims
            #expect(
                claims[0].point[0] == selector && claims.allSatisfy(network.polynomial.satisfies))
            let other = DeferredClaim(
                point: [.one - selector] + claims[0].point.dropFirst(), value: claims[0].value)
            #expect(!network.polynomial.satisfies(other))
            #expect(claims[1] == artifact.claim ?? .trivial(variables: Network.polynomialVariables))
        }
    }

    // MARK: artifacts

    @Test(arguments: [0, 1, 11, 19, 20]) func rejects_changed_claim(_ element: Int) throws {
        for limb in 0..<5 {
            let claim = changed(combine.claim!, element: element, limb: limb)
            let error = failure(StatementError.self) { try network.verify(artifact(claim)) }
            #expect(
                error?.description
                    == "combine claim: expected \(combine.header.deferred.hex), got \(claimDigest(claim).hex)"
            )
            // Bound in the header, as in every artifact that was read: the proof states another.
            let bound = artifact(claim, deferred: claimDigest(claim))
            #expect(throws: VerificationError.busImbalance) { try network.verify(bound) }
            #expect(throws: VerificationError.busImbalance) {
                try network.verify(TransitionArtifact(bytes: artifact(claim).bytes))
            }
        }
        let claim = changed(combine.claim!, element: element)
        expectRefusedNatively(
            artifact(claim),
            try #require(failure(StatementError.self) { try network.verify(artifact(claim)) }))
        expectRefusedNatively(
            artifact(claim, deferred: claimDigest(claim)), VerificationError.busImbalance)
    }

    /// A true claim, but another combine's.
    @Test func rejects_claim_of_another_combine() throws {
        let other = round.node(level: 2, first: 0)
        #expect(throws: StatementError.self) {
            try network.verify(artifact(combine.claim!, deferred: other.header.deferred))
        }
        #expect(throws: StatementError.self) { try network.verify(artifact(other.claim!)) }
        let bound = artifact(other.claim!, deferred: other.header.deferred)
        #expect(throws: VerificationError.busImbalance) { try network.verify(bound) }
        #expect(throws: VerificationError.busImbalance) {
            let trivial = DeferredClaim.trivial(variables: Network.polynomialVariables)
            try network.verify(artifact(trivial, deferred: claimDigest(trivial)))
        }
    }

    @Test(arguments: [0, 19, 21]) func rejects_claim_at_another_number_of_coordinates(_ count: Int)
    {
        let claim = DeferredClaim.trivial(variables: count)
        #expect(throws: StatementError.self) { try network.verify(artifact(claim)) }
        #expect(throws: VerificationError.busImbalance) {
            try network.verify(artifact(claim, deferred: claimDigest(claim)))
        }
    }

    @Test func rejects_end_cap_that_says_it_carries_a_claim() throws {
        var header = chain.endCaps[3].header
        header.deferred = combine.header.deferred
        let forged = TransitionArtifact(
            kind: .endCap, header: header, proof: chain.endCaps[3].proof)
        #expect(throws: StatementError.self) { try network.verify(forged) }
    }

    // MARK: joining

    @Test func honest_batch_has_a_witness() throws {
        let joined = try network.joined(left, right)
        #expect(joined.claim == combine.claim)
        let witness = try circuit.witness(input: input(batch: joined.messages))
        #expect(circuit.statement(of: witness) == combine.header.digest)
    }

    @Test func rejects_altered_batch() throws {
        let messages = try network.joined(left, right).messages
        for limb in [0, 4, 5, 9, 10, 57, 199, 200, 204] {
            expectNoWitness(circuit, input(batch: messages.changing(limb)), "limb \(limb)")
        }
        expectNoWitness(circuit, input(batch: [Field](repeating: .zero, count: messages.count)))
    }

    /// Messages that join other claims than the children's.
    @Test func rejects_batch_of_other_claims() throws {
        let (l, r) = (try left.claims, try right.claims)
        let trivial = DeferredClaim.trivial(variables: Network.polynomialVariables)
        for claims in [
            r + l, [l[1], l[0]] + r, l + [r[1], r[0]], [trivial, trivial] + r, l + [trivial, r[1]],
            l + [r[0], trivial],
            [trivial, trivial, trivial, trivial],
        ] {
            let joined = Joined(claims, network)
            #expect(network.polynomial.satisfies(joined.claim))
            expectNoWitness(circuit, input(batch: joined.messages))
        }
    }

    /// The kind bit chooses the circuit that a child's claim is about: neither can be said without the other.
    @Test func rejects_claim_about_the_other_circuit() throws {
        let (l, r) = (try left.claims, try right.claims)
        func other(_ claim: DeferredClaim) -> DeferredClaim {
            DeferredClaim(
                point: [.one - claim.point[0]] + claim.point.dropFirst(), value: claim.value)
        }
        for claims in [[other(l[0]), l[1]] + r, l + [other(r[0]), r[1]]] {
            expectNoWitness(circuit, input(batch: Joined(forging: claims).messages))
        }
        let leftLies = input(batch: Joined(forging: [other(l[0]), l[1]] + r).messages)
        expectNoWitness(circuit, leftLies.setting(CombineOffset.left, [.one]))
        let trivial = DeferredClaim.trivial(variables: Network.polynomialVariables)
        let rightLies = input(batch: Joined(forging: l + [other(r[0]), trivial]).messages)
        expectNoWitness(circuit, rightLies.setting(CombineOffset.right(rightLies), [.zero]))
    }

    /// What an end cap's input says that it carries counts for nothing.
    @Test func claim_carried_by_an_end_cap_is_ignored() throws {
        var random = Random(seed: 71)
        let messages = try network.joined(left, right).messages
        let noise = (0..<(5 * (Network.polynomialVariables + 1))).map { _ in Field(random.word()) }
        for claim in [noise, combine.claim!.elements.flatMap(\.limbs)] {
            let forged = input(batch: messages).setting(
                CombineOffset.left + ChildOffset.claim, claim)
            expectWitness(circuit, forged)
            #expect(
                circuit.statement(of: try circuit.witness(input: forged)) == combine.header.digest)
            // Nor can it be joined.
            let claims = try [left.claims[0], DeferredClaim(limbs: claim)] + right.claims
            expectNoWitness(
                circuit, forged.dropLast(messages.count) + Joined(forging: claims).messages)
        }
    }

    @Test(arguments: [0, 5, 99, 100, 104]) func rejects_changed_claim_of_a_child(_ limb: Int) throws
    {
        let honest = input(batch: try network.joined(left, right).messages)
        let at = CombineOffset.right(honest) + ChildOffset.claim + limb
        expectNoWitness(circuit, honest.changing(at))
        // With messages that join it.
        var elements = right.artifact.claim!.elements.flatMap(\.limbs)
        elements[limb] += .one
        let claims = try left.claims + [right.claims[0], DeferredClaim(limbs: elements)]
        expectNoWitness(
            circuit,
            honest.changing(at).dropLast(CombineOffset.batchLimbs)
                + Joined(forging: claims).messages)
    }

    // MARK: a combine that joins other claims, past the witness check

    @Test(arguments: 0..<4) func rejects_combine_that_drops_a_claim(_ dropped: Int) throws {
        // The left child's carried claim is the trivial one.
        let kept = [0, 1, 2, 3].map { $0 == dropped ? (dropped == 1 ? 0 : 1) : $0 }
        let lax = try buildLaxCombine { l, r in kept.map { (l.claims + r.claims)[$0] } }
        #expect(lax.rowCounts == circuit.rowCounts)
        let claims = try left.claims + right.claims
        let joined = Joined(kept.map { claims[$0] }, network)
        let input = input(batch: joined.messages)
        expectNoWitness(circuit, input)
        var header = combine.header
        header.deferred = claimDigest(joined.claim)
        let witness = try lax.witness(input: input)
        #expect(lax.statement(of: witness) == header.digest)
        let broken = circuit.broken(witness)
        #expect(broken.rows.isEmpty && !broken.copies.isEmpty)
        #expect(try refusal(network.combine, witness, header.digest) == .busImbalance)
        // The lax circuit under the combine's fingerprint: what it carries is true, what it is is not.
        let key = try impostor(lax, as: network.combine)
        #expect(try refusal(key, witness, header.digest) == nil)
        var timer = PhaseTimer()
        let proof = Prover(key: key).prove(witness, statement: header.digest, timer: &timer)
        let forged = TransitionArtifact(
            kind: .combine, header: header, claim: joined.claim, proof: proof)
        #expect(throws: VerificationError.deferredClaim("combine: the claim of the proof is false"))
        { try network.verify(forged) }
    }

    /// True children, and messages that leave a false claim: the combine has a proof, and it is worth nothing.
    @Test func rejects_false_claim_joined_of_true_ones() throws {
        let joined = Joined(forging: try left.claims + right.claims)
        #expect(!network.polynomial.satisfies(joined.claim))
        var header = combine.header
        header.deferred = claimDigest(joined.claim)
        let proof = try Prover(key: network.combine).prove(
            input: input(batch: joined.messages), statement: header.digest)
        #expect(refusal(try Verifier(network.combine), proof, header.digest) == nil)
        let forged = TransitionArtifact(
            kind: .combine, header: header, claim: joined.claim, proof: proof)
        expectRefusedNatively(
            forged, VerificationError.deferredClaim("combine: the claim carried is false"))
        // With a true claim in its place: the proof does not state it.
        #expect(throws: VerificationError.busImbalance) {
            try network.verify(
                TransitionArtifact(
                    kind: .combine, header: combine.header, claim: combine.claim, proof: proof))
        }
    }

    // MARK: another circuit under the end cap's fingerprint

    @Test func rejects_end_cap_by_another_circuit_under_its_fingerprint() throws {
        let theft = try Theft.shared.get()
        #expect(
            refusal(try Verifier(theft.key), theft.endCap.proof, theft.endCap.header.digest) == nil)
        #expect(theft.key.fingerprint == network.endCap.fingerprint)
        expectRefusedNatively(
            theft.endCap,
            VerificationError.deferredClaim("end_cap: the claim of the proof is false"))
        // A verifier without the stack never says yes.
        let error = refusal(network.endCapVerifier, theft.endCap.proof, theft.endCap.header.digest)
        #expect(
            error == .deferredClaim("expected the preprocessed stack to settle it with, got none"))
        // Messages from the network's polynomial do not join it.
        let child = try Theft.child(theft.endCap, network, siblings: left.siblings)
        let claims = try child.claims + right.claims
        #expect(claims.map(network.polynomial.satisfies) == [false, true, true, true])
        expectNoWitness(
            circuit,
            input(batch: ClaimBatch(claims).prove(network.polynomial).messages, left: child))
        expectNoWitness(
            circuit, input(batch: try network.joined(left, right).messages, left: child))
    }

    /// The combine is a true one; that its child was none it carries in its claim.
    @Test func rejects_combine_over_another_circuit_under_the_end_caps_fingerprint() throws {
        let theft = try Theft.shared.get()
        #expect(
            refusal(try Verifier(network.combine), theft.combine.proof, theft.combine.header.digest)
                == nil)
        #expect(throws: VerificationError.self) { try network.verify(theft.combine) }
        expectRefusedNatively(
            theft.combine, VerificationError.deferredClaim("combine: the claim carried is false"))
        expectRefusedNatively(
            try TransitionArtifact(bytes: theft.combine.bytes),
            VerificationError.deferredClaim("combine: the claim carried is false"))
    }

    /// One combine further up, by the same worker.
    @Test func false_claim_stays_false_on_the_way_up() throws {
        let theft = try Theft.shared.get()
        let context = round.context(level: 3, first: 0)
        let honest = round.node(level: 2, first: 0)
        let (l, r) = (
            try chain.input(honest, siblings: context.leftSiblings),
            try Theft.child(theft.combine, network, siblings: context.rightSiblings)
        )
        var header = try network.combinedHeader(honest.header, theft.combine.header, context)
        let joined = try network.joined(l, r)
        #expect(!network.polynomial.satisfies(joined.claim))
        header.deferred = claimDigest(joined.claim)
        let input = CombineCircuit.input(
            blockRoot: chain.state.digest, aggregator: network.combine.fingerprint, level: 3,
            left: l, right: r, batch: joined.messages)
        let proof = try Prover(key: network.combine).prove(input: input, statement: header.digest)
        #expect(throws: VerificationError.deferredClaim("combine: the claim carried is false")) {
            try network.verify(
                TransitionArtifact(
                    kind: .combine, header: header, claim: joined.claim, proof: proof))
        }
        // With messages from the network's polynomial there is none.
        let messages = ClaimBatch(try l.claims + r.claims).prove(network.polynomial).messages
        expectNoWitness(circuit, Array(input.dropLast(messages.count)) + messages)
    }

    // MARK: settling

    @Test func false_claim_has_no_opening() throws {
        let (settlement, commitment) = (network.settlement, network.polynomialCommitment)
        let claim = try network.joined(left, right).claim
        let opening = settlement.prove(claim, commitment)
        #expect(throws: Never.self) { try settlement.replay(opening, claim, root: commitment.root) }
        for element in [0, 19, 20] {
            let wrong = changed(claim, element: element, limb: element % 5)
            for proof in [settlement.prove(wrong, commitment), opening] {
                #expect(throws: VerificationError.self) {
                    try settlement.replay(proof, wrong, root: commitment.root)
                }
            }
        }
        let short = DeferredClaim(point: Array(claim.point.dropLast()), value: claim.value)
        #expect(throws: VerificationError.shape("expected a claim at 20 coordinates, got 19")) {
            try settlement.replay(opening, short, root: commitment.root)
        }
    }

    /// The thief's end cap and the combine over it, before the block: neither can be settled.
    @Test(arguments: [ArtifactKind.endCap, .combine]) func block_cannot_settle_a_false_claim(
        _ kind: ArtifactKind
    ) throws {
        let theft = try Theft.shared.get()
        let (settlement, commitment, other) = (
            network.settlement, network.polynomialCommitment, theft.other
        )
        let artifact = kind == .endCap ? theft.endCap : theft.combine
        let siblings = kind == .endCap ? chain.tree.siblings(5) : chain.tree.siblings(level: 2, 1)
        let child = try Theft.child(artifact, network, siblings: siblings)
        let joined = try network.joined(child)
        #expect(!network.polynomial.satisfies(joined.claim))
        #expect(throws: VerificationError.self) {
            try settlement.replay(
                settlement.prove(joined.claim, commitment), joined.claim, root: commitment.root)
        }
        let block = network.block.circuit
        // With a true claim's opening, and with none.
        expectNoWitness(block, try network.blockInput(state: chain.state, child: child))
        let opening = try Settlements.of(combine.claim!, network)
        expectNoWitness(
            block,
            BlockCircuit.input(
                state: chain.state, child: child, batch: joined.messages, settlement: opening))
        let honest = try network.joined(left).messages
        expectNoWitness(
            block,
            BlockCircuit.input(state: chain.state, child: child, batch: honest, settlement: opening)
        )

        // An end cap's claims are true of the thief's polynomial, so a block that settles with that has a witness. Under the real
        // block's key one copy is broken: the root's.
        guard kind == .endCap else { return }
        let lax = try other.block(endCap: network.endCap.fingerprint)
        #expect(lax.rowCounts == block.rowCounts && lax.shape == block.shape)
        let input = try other.blockInput(state: chain.state, child: child)
        expectNoWitness(block, input)
        expectWitness(lax, input)
        let witness = try lax.witness(input: input)
        let statement = try network.blockStatement(
            artifact.header, BlockContext(state: chain.state, siblings: siblings))
        #expect(lax.statement(of: witness) == statement.digest)
        let broken = block.broken(witness)
        #expect(broken.rows.isEmpty && broken.copies.count == 1)
        #expect(try refusal(network.block, witness, statement.digest) == .busImbalance)
        // The opening under the root that is the block's.
        let claim = ClaimBatch(try child.claims).prove(other.polynomial).claim
        #expect(throws: VerificationError.self) {
            try settlement.replay(
                settlement.prove(claim, other.commitment), claim, root: commitment.root)
        }
        #expect(throws: Never.self) {
            try settlement.replay(
                settlement.prove(claim, other.commitment), claim, root: other.commitment.root)
        }
    }

    /// An honest child, and a settlement with other circuits' stacks: there is no witness either way round.
    @Test func rejects_settlement_against_another_root() throws {
        let other = try Theft.shared.get().other
        let lax = try other.block(endCap: network.endCap.fingerprint)
        let child = try chain.input(combine, siblings: chain.tree.siblings(level: 2, 1))
        let honest = try network.blockInput(state: chain.state, child: child)
        expectWitness(network.block.circuit, honest)
        expectNoWitness(lax, honest)
        // Claims of the combine's half are true of both; the carried one is not.
        #expect(try child.claims.map(other.polynomial.satisfies) == [true, false])
    }

    @Test func rejects_altered_settlement_and_batch_of_a_block() throws {
        let block = network.block.circuit
        let child = try chain.input(combine, siblings: chain.tree.siblings(level: 2, 1))
        let joined = try network.joined(child)
        let settlement = try Settlements.of(joined.claim, network)
        for limb in [0, 5, 100, 200, 204] {
            expectNoWitness(
                block,
                BlockCircuit.input(
                    state: chain.state, child: child, batch: joined.messages.changing(limb),
                    settlement: settlement))
        }
        for limb in [0, 4, 5, 200, settlement.count / 2, settlement.count - 1] {
            expectNoWitness(
                block,
                BlockCircuit.input(
                    state: chain.state, child: child, batch: joined.messages,
                    settlement: settlement.changing(limb)))
        }
        // Another claim's, true and well opened.
        for other in [
            try child.claims[0], try child.claims[1],
            .trivial(variables: Network.polynomialVariables),
        ] {
            expectNoWitness(
                block,
                BlockCircuit.input(
                    state: chain.state, child: child, batch: joined.messages,
                    settlement: try Settlements.of(other, network)))
        }
    }
}

extension DeferredClaim {
    fileprivate init(limbs: [Field]) {
        self.init(
            elements: stride(from: 0, to: limbs.count, by: 5).map {
                Extension(limbs: limbs[$0..<($0 + 5)])
            })
    }
}
