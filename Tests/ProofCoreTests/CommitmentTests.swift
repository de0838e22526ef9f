// The opening: completeness over shapes, and every message changed, each refused for its own
// reason.

import ProofCore
import Testing

@Suite struct CommitmentTests {
    let instance: OpeningInstance
    let proof: [UInt8]
    let map: ProofMap

    init() throws {
        instance = try OpeningInstance.two.get()
        proof = try OpeningInstance.proofOfTwo.get()
        map = try ProofMap(proof, of: instance)
    }

    private func refusal(_ proof: [UInt8]) -> VerificationError? { refusal(instance, proof) }

    private func refusal(_ instance: OpeningInstance, _ proof: [UInt8]) -> VerificationError? {
        do throws(VerificationError) {
            try instance.verify(proof)
            return nil
        } catch {
            return error
        }
    }

    // MARK: completeness

    @Test func accepts_true_claims() throws { try instance.verify(proof) }

    @Test func proof_does_not_depend_on_threads() { #expect(instance.prove(threads: 3) == proof) }

    /// Columns longer than a row, a full preprocessed stack, other rates, no committed round after
    /// the first.
    @Test(arguments: [
        (12, 10, 2, [(8, 10), (6, 17), (4, 5)], [(8, 3), (6, 1), (4, 5)]),
        (12, 12, 3, [(11, 1), (10, 1), (8, 1), (4, 1)], [(10, 3), (9, 1), (7, 3), (4, 2)]),
        (13, 11, 1, [(13, 1)], [(11, 1)]),
        (13, 13, 2, [(12, 1)], [(13, 1)]),
        (14, 14, 2, [(12, 3), (8, 1), (4, 1)], [(12, 3), (6, 1), (4, 5)]),
    ])
    func accepts(n: Int, m: Int, rate: Int, witness: [(Int, Int)], preprocessed: [(Int, Int)])
        throws
    {
        let instance = try OpeningInstance(
            n: n, m: m, rateBits: rate, witnessColumns: witness, preprocessedColumns: preprocessed,
            pool: Pool(threads: 2))
        try instance.verify(instance.prove(threads: 2))
    }

    /// P2 is Σ_b F(b)·α^b, straight from the definition.
    @Test func out_of_domain_value_is_its_definition() {
        var random = RandomElements(seed: 7)
        let alpha = random.extensionElement()
        var expected = Extension.zero
        var power = Extension.one
        for cell in instance.witness.cells.elements {
            expected += power * cell
            power *= alpha
        }
        for cell in instance.preprocessed.cells.elements {
            expected += power * cell
            power *= alpha
        }
        let value = instance.opening.outOfDomainValue(
            witness: instance.witness, preprocessed: instance.preprocessed, point: alpha,
            pool: Pool(threads: 2))
        #expect(value == expected)
    }

    /// Leaf and whole path of every drawn index, in draw order, hash to the root: what a circuit is
    /// given.
    @Test func record_holds_whole_paths_in_draw_order() throws {
        var record = try instance.verify(proof).record[...]
        func take(_ count: Int) -> [Field] {
            defer { record = record.dropFirst(count) }
            return Array(record.prefix(count))
        }
        let p = instance.parameters
        _ = take(8 + 5 + 10 * p.rounds[0].steps)
        var roots = [instance.witness.root, instance.preprocessed.root]
        var rows = [p.witnessRows, p.preprocessedRows]
        func opening(_ j: Int) {
            _ = take(1)
            for index in map.indices[j] {
                for (root, rows) in zip(roots, rows) {
                    var digest = leafDigest(take(rows))
                    for level in 0..<p.rounds[j].height {
                        let sibling = Digest(take(8))
                        let right = (index >> level) & 1 == 1
                        digest =
                            right
                            ? Poseidon2.compress(sibling, digest)
                            : Poseidon2.compress(digest, sibling)
                    }
                    #expect(digest == root)
                }
            }
        }
        for (j, round) in p.rounds.enumerated().dropFirst() {
            let root = Digest(take(8))
            _ = take(5)
            opening(j - 1)
            _ = take(10 * round.steps)
            (roots, rows) = ([root], [5 << round.steps])
        }
        _ = take(5 << p.finalVariables)
        opening(p.rounds.count - 1)
        _ = take(10 * p.finalVariables)
        #expect(record.isEmpty)
    }

    // MARK: tampering

    /// What is absorbed before a grind changes the grind: that is what is noticed first.
    @Test(arguments: [
        (Message.witnessRoot, 0), (.outOfDomain, 0), (.openingRound, 0), (.foldedRoot, 1),
        (.foldedOutOfDomain, 1),
        (.nonce, 0), (.openingRound, 1), (.finalPolynomial, 1), (.nonce, 1),
    ])
    func rejects_tampered_absorbed_message(_ message: Message, round: Int) {
        let bytes = map.first(message, round: round).bytes
        for position in [bytes.lowerBound, bytes.upperBound - 4] {
            let error = refusal(proof.tampered(at: position))
            guard case .proofOfWork(bits: 16, nonce: _) = error else {
                Issue.record(
                    "\(message) of round \(round) at byte \(position): \(String(describing: error))"
                )
                continue
            }
        }
    }

    @Test func rejects_tampered_final_sumcheck() {
        for part in map.parts
        where part.message == .openingRound && part.round == instance.parameters.rounds.count {
            for position in stride(from: part.bytes.lowerBound, to: part.bytes.upperBound, by: 4) {
                #expect(refusal(proof.tampered(at: position)) == .finalClaim)
            }
        }
    }

    @Test func rejects_tampered_leaf_and_sibling() {
        var random = RandomElements(seed: 3)
        for part in map.parts where part.message == .opening {
            let limbs = part.bytes.count / 4
            for limb in [0, limbs - 1] + (0..<4).map({ _ in random.index(below: limbs) }) {
                #expect(
                    refusal(proof.tampered(at: part.bytes.lowerBound + 4 * limb))
                        == .merkleRoot(round: part.round, tree: part.tree))
            }
        }
    }

    @Test func rejects_wrong_roots() throws {
        #expect(throws: VerificationError.merkleRoot(round: 0, tree: 0)) {
            try instance.verify(proof, witnessRoot: instance.preprocessed.root)
        }
        #expect(throws: VerificationError.merkleRoot(round: 0, tree: 1)) {
            try instance.verify(proof, preprocessedRoot: instance.witness.root)
        }
    }

    /// The prover follows the protocol honestly with a false claim: only the last equation can
    /// tell.
    @Test func rejects_lyingclaims() {
        for i in [0, instance.witnessClaims.count - 1] {
            var lying = instance
            let claim = lying.witnessClaims[i]
            lying.witnessClaims[i] = ColumnClaim(
                offset: claim.offset, height: claim.height, value: claim.value + Field.one)
            #expect(refusal(lying, proof) == .finalClaim)
        }
        for i in [0, instance.preprocessedClaims.count - 1] {
            var lying = instance
            let claim = lying.preprocessedClaims[i]
            lying.preprocessedClaims[i] = ColumnClaim(
                offset: claim.offset, height: claim.height, value: claim.value + Extension.x)
            #expect(refusal(lying, proof) == .finalClaim)
        }
    }

    /// A true value claimed of another column.
    @Test func rejects_swapped_claims() {
        var swapped = instance
        swapped.witnessClaims.swapAt(0, 1)
        #expect(refusal(swapped, proof) == .finalClaim)
        var moved = instance
        let claim = moved.witnessClaims[0]
        moved.witnessClaims[0] = ColumnClaim(
            offset: claim.offset + (1 << claim.height), height: claim.height, value: claim.value)
        #expect(refusal(moved, proof) == .finalClaim)
    }

    @Test func rejects_claims_outside_the_stack() {
        let h = 9
        for (offset, height) in [
            (1, h), (1 << 14, h), (-512, h), (0, 15), (0, -1), (1 << 14 - 256, h), (.max, h),
        ] {
            var outside = instance
            outside.witnessClaims[0] = ColumnClaim(offset: offset, height: height, value: .zero)
            guard case .shape = refusal(outside, proof) else {
                Issue.record("offset \(offset), height \(height) was not refused for its shape")
                continue
            }
        }
    }

    @Test func rejects_truncation_in_each_message() {
        for part in map.parts {
            for length in [part.bytes.lowerBound, part.bytes.upperBound - 1] {
                guard
                    case .truncated(part.message, at: _, needed: _, left: _) = refusal(
                        Array(proof[..<length]))
                else {
                    Issue.record("\(part.message.name), length \(length)")
                    continue
                }
            }
        }
    }

    @Test func rejects_trailing_bytes() {
        #expect(refusal(proof + [0]) == .trailingBytes(count: 1))
        #expect(refusal(proof + [0, 0, 0, 0]) == .trailingBytes(count: 4))
    }

    @Test func rejects_non_canonical_words_in_each_message() {
        for part in map.parts {
            for word in [Field.modulus, UInt32.max] {
                var changed = proof
                let at = part.bytes.lowerBound
                changed.replaceSubrange(at..<(at + 4), with: word.littleEndianBytes)
                #expect(refusal(changed) == .nonCanonical(part.message, at: at, word: word))
            }
        }
    }

    @Test func random_bytes_throw() {
        var random = RandomElements(seed: 5)
        for length in 0..<64 {
            let bytes = (0..<(length * length)).map { _ in
                UInt8(truncatingIfNeeded: random.word() >> 20)
            }
            #expect(refusal(bytes) != nil)
        }
        for _ in 0..<64 {
            var changed = proof
            let from = random.index(below: changed.count)
            for i in from..<min(changed.count, from + 40) {
                changed[i] = UInt8(truncatingIfNeeded: random.word()) & 0x7e
            }
            if changed != proof { #expect(refusal(changed) != nil) }
        }
    }
}

/// leaf of PROTOCOL.md section 2, from compress.
func leafDigest(_ limbs: [Field]) -> Digest {
    var digest = Digest(limbs[0..<8])
    for start in stride(from: 8, to: limbs.count, by: 8) {
        digest = Poseidon2.compress(digest, Digest(limbs[start..<(start + 8)]))
    }
    return digest
}
