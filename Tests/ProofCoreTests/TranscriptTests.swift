// The transcript: both sides draw the same, what is read is canonical and read to the end, and order and place matter.

import ProofCore
import Testing

@Suite struct TranscriptTests {
    private let round: OpeningRound
    private let limbs: [Field]

    init() throws {
        round = try OpeningParameters(
            witnessVariables: 13, preprocessedVariables: 12, targetBits: 104, rateBits: 2
        ).rounds[0]
        var random = RandomElements(seed: 31)
        limbs = (0..<20).map { _ in random.field() }
    }

    /// Section 3 of PROTOCOL.md, over the plain permutation.
    private struct Reference {
        var state =
            [Field](repeating: .zero, count: 8) + [0x5041_5254, 1]
            + [Field](repeating: .zero, count: 6)
        var fresh = false

        mutating func absorb(_ v: [Field]) {
            for start in stride(from: 0, to: v.count, by: 8) {
                for i in 0..<8 { state[i] = start + i < v.count ? v[start + i] : .zero }
                state = Poseidon2.referencePermuted(state)
            }
            fresh = true
        }
        mutating func sample() -> Extension {
            if !fresh { state = Poseidon2.referencePermuted(state) }
            fresh = false
            return Extension(limbs: state[0..<5])
        }
        mutating func indices(_ q: Int, _ h: Int) -> [Int] {
            var all: [Int] = []
            while all.count < q {
                state = Poseidon2.referencePermuted(state)
                all += state[0..<8].map { Int($0.canonical) % (1 << h) }
            }
            fresh = false
            return Array(all.prefix(q))
        }
    }

    @Test func draws_are_those_of_the_protocol() throws {
        var reference = Reference()
        var prover = ProverTranscript()
        prover.absorb(Digest(limbs[0..<8]))
        reference.absorb(Array(limbs[0..<8]))
        prover.send(.witnessRoot, Array(limbs[0..<19]))
        reference.absorb(Array(limbs[0..<19]))
        for _ in 0..<3 { #expect(prover.sample() == reference.sample()) }
        prover.send(.outOfDomain, [Extension.x])
        reference.absorb([0, 1, 0, 0, 0])
        prover.grind(bits: 8)
        let nonce = try lastLimb(of: prover.proof)
        reference.absorb([nonce])
        reference.fresh = false
        #expect(reference.state[0].canonical % 256 == 0)
        #expect(prover.indices(round) == reference.indices(round.queries, round.height))
        #expect(prover.sample() == reference.sample())
    }

    @Test func grind_finds_the_smallest_nonce() throws {
        var prover = ProverTranscript()
        prover.send(.witnessRoot, limbs)
        var start = Reference()
        start.absorb(limbs)
        prover.grind(bits: 8)
        let nonce = try lastLimb(of: prover.proof)
        for smaller in 0..<Int(nonce.canonical) {
            var reference = start
            reference.absorb([Field(smaller)])
            #expect(reference.state[0].canonical % 256 != 0)
        }
    }

    @Test func prover_and_verifier_draw_the_same() throws {
        var prover = ProverTranscript()
        prover.send(.witnessRoot, limbs)
        let first = prover.sample()
        prover.send(.outOfDomain, [first])
        prover.grind(bits: 10)
        let drawn = prover.indices(round)
        prover.write(.opening, limbs)
        let last = prover.sample()

        var verifier = VerifierTranscript(proof: prover.proof)
        #expect(try verifier.receive(.witnessRoot, limbs: 20) == limbs)
        #expect(verifier.sample() == first)
        #expect(try verifier.receive(.outOfDomain, elements: 1) == [first])
        try verifier.checkWork(bits: 10)
        #expect(verifier.indices(round) == drawn)
        #expect(try verifier.read(.opening, 20) == limbs)
        #expect(verifier.sample() == last)
        try verifier.finish()
    }

    @Test func refuses_non_canonical_word() {
        for word in [Field.modulus, Field.modulus + 1, UInt32.max] {
            var verifier = VerifierTranscript(
                proof: limbs[0].canonical.littleEndianBytes + word.littleEndianBytes)
            #expect(throws: VerificationError.nonCanonical(.evaluations, at: 4, word: word)) {
                try verifier.receive(.evaluations, limbs: 2)
            }
        }
    }

    @Test(arguments: 0..<8) func refuses_truncation(_ length: Int) {
        var verifier = VerifierTranscript(proof: [UInt8](repeating: 0, count: length))
        #expect(throws: VerificationError.truncated(.fractionTop, at: 0, needed: 8, left: length)) {
            try verifier.receive(.fractionTop, limbs: 2)
        }
    }

    @Test(arguments: 1..<6) func refuses_trailing_bytes(_ count: Int) throws {
        var verifier = VerifierTranscript(proof: [UInt8](repeating: 0, count: 8 + count))
        _ = try verifier.receive(.witnessRoot, limbs: 2)
        #expect(throws: VerificationError.trailingBytes(count: count)) { try verifier.finish() }
    }

    @Test func refuses_nonce_that_does_no_work() throws {
        var prover = ProverTranscript()
        prover.send(.witnessRoot, limbs)
        prover.grind(bits: 12)
        let nonce = try lastLimb(of: prover.proof) + 1
        var proof = prover.proof
        proof.replaceSubrange((proof.count - 4)..., with: nonce.canonical.littleEndianBytes)
        var verifier = VerifierTranscript(proof: proof)
        _ = try verifier.receive(.witnessRoot, limbs: 20)
        #expect(throws: VerificationError.proofOfWork(bits: 12, nonce: nonce)) {
            try verifier.checkWork(bits: 12)
        }
    }

    @Test func draws_depend_on_every_limb() {
        func draw(_ v: [Field]) -> Extension {
            var prover = ProverTranscript()
            prover.send(.witnessRoot, v)
            return prover.sample()
        }
        for i in limbs.indices {
            var changed = limbs
            changed[i] += .one
            #expect(draw(changed) != draw(limbs))
        }
    }

    @Test func draws_depend_on_order() {
        func draw(_ v: [[Field]]) -> Extension {
            var prover = ProverTranscript()
            for message in v { prover.send(.witnessRoot, message) }
            return prover.sample()
        }
        let (a, b) = (Array(limbs[0..<8]), Array(limbs[8..<16]))
        #expect(draw([a, b]) != draw([b, a]))
        #expect(draw([a, b]) == draw([a + b]))
        #expect(draw([a]) != draw([a, b]))
    }

    /// A draw between two messages is part of the order: samples and indices step the state.
    @Test func draws_step_the_state() {
        var one = ProverTranscript()
        var two = ProverTranscript()
        one.send(.witnessRoot, limbs)
        two.send(.witnessRoot, limbs)
        let first = one.sample()
        #expect(one.sample() != first)
        _ = two.indices(round)
        #expect(two.sample() != first)
    }
}

/// The last word of a proof as a limb.
private func lastLimb(of proof: [UInt8]) throws -> Field {
    try #require(Field(canonical: UInt32(littleEndianBytes: proof[(proof.count - 4)...])))
}
