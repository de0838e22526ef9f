// What the digests of statements bind, and the numbers that they can hold.

import Parth
import ProofCore
import Testing

@Suite struct StatementTests {
    private var header: Header {
        var random = Random(seed: 51)
        return Header(
            blockRoot: random.digest(), level: 3, first: 8, old: random.digest(),
            new: random.digest(), users: 4, transactions: 5,
            slots: 6, aggregator: random.digest(), deferred: random.digest())
    }

    /// The layouts of this module's README.
    @Test func digests_are_the_documented_hashes() {
        let h = header
        var limbs =
            h.blockRoot.limbs + h.old.limbs + h.new.limbs + h.aggregator.limbs + h.deferred.limbs
            + [3, 8, 4, 5, 6]
        #expect(h.digest == Poseidon2.hash(tag: 21, limbs))

        let leaf = UserLeaf(publicKey: h.old, contractRoot: h.new, nonce: 7, lastBlock: 9)
        #expect(leaf.digest == Poseidon2.hash(tag: 17, h.old.limbs + h.new.limbs + [7, 9]))

        let state = BlockState(
            userRoot: h.old, contractRoot: h.new, previous: h.blockRoot, height: 11)
        #expect(
            state.digest
                == Poseidon2.hash(tag: 18, h.old.limbs + h.new.limbs + h.blockRoot.limbs + [11]))

        let block = BlockStatement(
            previous: h.old, new: h.new, height: 1, users: 2, transactions: 3, slots: 4)
        limbs = h.old.limbs + h.new.limbs + [1, 2, 3, 4]
        #expect(block.digest == Poseidon2.hash(tag: 22, limbs))

        #expect(
            signaturePayload(userID: 5, nonce: 6, start: h.old, end: h.new)
                == Poseidon2.hash(tag: 19, h.old.limbs + h.new.limbs + [5, 6]))
        #expect(
            signatureStatement(parameters: h.old, payload: h.new)
                == Poseidon2.hash(tag: 20, h.old.limbs + h.new.limbs))
        #expect(
            publicKey(parameters: h.old, fingerprint: h.new)
                == Poseidon2.hash(tag: 16, h.old.limbs + h.new.limbs))
        let claim = DeferredClaim(
            point: [Extension(1, 2, 3, 4, 5), .one], value: Extension(6, 7, 8, 9, 10))
        #expect(
            claimDigest(claim)
                == Poseidon2.hash(tag: 24, [1, 2, 3, 4, 5, 1, 0, 0, 0, 0, 6, 7, 8, 9, 10]))
        #expect(PreimageKey(secret: h.old).parameters == Poseidon2.hash(tag: 23, h.old.limbs))
    }

    @Test func header_digest_binds_every_field() {
        #expect(Set(header.variants.map(\.header.digest) + [header.digest]).count == 11)
    }

    @Test func next_state_links_back() {
        let state = BlockState(
            userRoot: header.old, contractRoot: header.new, previous: header.blockRoot, height: 4)
        let next = state.next(userRoot: header.new)
        #expect(
            next
                == BlockState(
                    userRoot: header.new, contractRoot: header.new, previous: state.digest,
                    height: 5))
    }

    @Test func tags_differ() {
        let tags: [Parth.Tag] = [
            .publicKey, .userLeaf, .blockState, .payload, .signature, .header, .block, .secret,
            .claim,
        ]
        #expect(Set(tags.map { Poseidon2.hash($0, [header.old]) }).count == tags.count)
        #expect(Set(tags.map(\.rawValue)).isDisjoint(with: [1, 2]))
    }

    /// Statistics are added in F, natively as in the circuit.
    @Test func statistics_beyond_the_modulus_wrap_and_stay_encodable() throws {
        let network = try Chain.shared.get().network
        let half = (Field.modulus + 1) / 2
        var (left, right) = (header, header)
        (left.level, left.first, right.level, right.first) = (0, 0, 0, 1)
        (left.transactions, right.transactions) = (half, half)
        var combined = try network.combinedHeader(
            left, right, CombineContext(level: 1, leftSiblings: [], rightSiblings: []))
        #expect((combined.users, combined.transactions, combined.slots) == (8, 1, 12))
        let claim = DeferredClaim.trivial(variables: Network.polynomialVariables)
        combined.deferred = claimDigest(claim)
        let artifact = TransitionArtifact(
            kind: .combine, header: combined, claim: claim, proof: Proof(bytes: []))
        #expect(try TransitionArtifact(bytes: artifact.bytes) == artifact)
    }
}
