// A proof's only door: what the prover sends is written and absorbed in one call, what the verifier receives is read,
// checked to be canonical and absorbed in one call (PROTOCOL.md section 3).

/// The numbered messages of PROTOCOL.md.
public enum Message: Int, Sendable, CaseIterable {
    case witnessRoot = 1
    case outOfDomain = 2
    case fractionTop = 3
    case fractionRound = 4
    case fractionClaims = 5
    case zerocheckRound = 6
    case evaluations = 7
    case openingRound = 8
    case foldedRoot = 9
    case foldedOutOfDomain = 10
    case nonce = 11
    case opening = 12
    case finalPolynomial = 13
    case deferralRound = 14
    case deferredValue = 15
    case batchRound = 16
    case batchedValue = 17

    public var name: String { "P\(rawValue)" }
}

/// What the prover holds: the sponge and the bytes of the proof so far.
package struct ProverTranscript {
    var sponge = Sponge()
    package private(set) var proof: [UInt8] = []

    package init() {}

    package mutating func absorb(_ digest: Digest) { sponge.absorb(digest.limbs) }

    package mutating func send(_ message: Message, _ limbs: [Field]) {
        write(message, limbs)
        sponge.absorb(limbs)
    }

    package mutating func send(_ message: Message, _ elements: [Extension]) {
        send(message, elements.flatMap(\.limbs))
    }

    /// Openings are bound by a root that was sent before: written, not absorbed.
    package mutating func write(_ message: Message, _ limbs: [Field]) {
        for limb in limbs {
            let w = limb.canonical
            proof.append(UInt8(truncatingIfNeeded: w))
            proof.append(UInt8(truncatingIfNeeded: w >> 8))
            proof.append(UInt8(truncatingIfNeeded: w >> 16))
            proof.append(UInt8(truncatingIfNeeded: w >> 24))
        }
    }

    package mutating func sample() -> Extension { sponge.sample() }

    package mutating func grind(bits: Int) {
        let nonce = sponge.grind(bits: bits)
        write(.nonce, [nonce])
        let works = sponge.absorbNonce(nonce, bits: bits)
        precondition(works, "the grinder returned a nonce that does no work")
    }

    /// The proof so far as limbs.
    package var sentLimbs: [Field] {
        stride(from: 0, to: proof.count, by: 4).map {
            Field(UInt32(littleEndianBytes: proof[$0..<($0 + 4)]))
        }
    }
}

/// What the verifier holds: the sponge and a cursor into the proof.
package struct VerifierTranscript {
    var sponge = Sponge()
    private let proof: [UInt8]
    private var position = 0
    /// Everything received, openings un-pruned: the witness of a circuit that verifies this proof (`Recursion/`).
    package var record: [Field] = []

    package init(proof: [UInt8]) { self.proof = proof }

    package mutating func absorb(_ digest: Digest) { sponge.absorb(digest.limbs) }

    /// Reads canonical limbs without absorbing them.
    package mutating func read(_ message: Message, _ count: Int) throws(VerificationError)
        -> [Field]
    {
        guard proof.count - position >= 4 * count else {
            throw .truncated(message, at: position, needed: 4 * count, left: proof.count - position)
        }
        var limbs: [Field] = []
        limbs.reserveCapacity(count)
        for i in 0..<count {
            let at = position + 4 * i
            let word = UInt32(littleEndianBytes: proof[at..<(at + 4)])
            guard let limb = Field(canonical: word) else {
                throw .nonCanonical(message, at: at, word: word)
            }
            limbs.append(limb)
        }
        position += 4 * count
        return limbs
    }

    package mutating func receive(_ message: Message, limbs count: Int) throws(VerificationError)
        -> [Field]
    {
        let limbs = try read(message, count)
        sponge.absorb(limbs)
        record += limbs
        return limbs
    }

    package mutating func receive(_ message: Message, elements count: Int) throws(VerificationError)
        -> [Extension]
    {
        let limbs = try receive(message, limbs: 5 * count)
        return (0..<count).map { Extension(limbs: limbs[(5 * $0)..<(5 * $0 + 5)]) }
    }

    package mutating func receiveDigest(_ message: Message) throws(VerificationError) -> Digest {
        Digest(try receive(message, limbs: 8))
    }

    package mutating func sample() -> Extension { sponge.sample() }

    package mutating func checkWork(bits: Int) throws(VerificationError) {
        let nonce = try read(.nonce, 1)[0]
        record.append(nonce)
        guard sponge.absorbNonce(nonce, bits: bits) else {
            throw .proofOfWork(bits: bits, nonce: nonce)
        }
    }

    package func finish() throws(VerificationError) {
        guard position == proof.count else { throw .trailingBytes(count: proof.count - position) }
    }
}
