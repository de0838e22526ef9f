// The transcript inside a circuit: the same sponge as Transcript/, over targets (PROTOCOL.md section 3). What the native verifier
// receives is an input here, in the same order (`Verifier.replay`).

package struct CircuitTranscript {
    let builder: CircuitBuilder
    private var left: DigestTarget
    private var right: DigestTarget
    private var fresh = false

    package init(_ builder: CircuitBuilder) {
        self.builder = builder
        left = builder.constant(Digest.zero)
        var capacity = [Field](repeating: .zero, count: 8)
        capacity[0] = Field(0x5041_5254 as UInt32)
        capacity[1] = .one
        right = builder.constant(Digest(capacity))
    }

    package mutating func absorb(_ blocks: [DigestTarget]) {
        for block in blocks { (left, right) = builder.permute(block, right) }
        fresh = true
    }

    package mutating func receive(elements count: Int) -> [ExtTarget] {
        let elements = (0..<count).map { _ in builder.inputElement() }
        absorb(builder.blocks(of: elements))
        return elements
    }

    package mutating func receiveDigest() -> DigestTarget {
        let digest = builder.inputDigest()
        absorb([digest])
        return digest
    }

    package mutating func sample() -> ExtTarget {
        if !fresh { (left, right) = builder.permute(left, right) }
        fresh = false
        return builder.element(of: left)
    }

    /// P11: the nonce, and the low `bits` bits of the next limb are zero.
    package mutating func checkWork(bits: Int) {
        absorb([builder.digest(ofBase: [builder.inputBase()])])
        fresh = false
        let limb = builder.limbs(of: left, count: 1)[0]
        builder.assertZero(builder.index(of: limb, bits: bits).index)
    }

    /// `count` indices of `bits` bits, each with the start of its Power chain.
    package mutating func indices(count: Int, bits: Int) -> [(index: ExtTarget, point: PowerTarget)]
    {
        var result: [(index: ExtTarget, point: PowerTarget)] = []
        while result.count < count {
            (left, right) = builder.permute(left, right)
            let limbs = builder.limbs(of: left, count: min(8, count - result.count))
            result += limbs.map { builder.index(of: $0, bits: bits) }
        }
        fresh = false
        return result
    }

    /// Quadratic rounds, s = c_0 + c_1 X + c_2 X² with c_1 = claim − 2c_0 − c_2: the challenges; the claim is followed.
    mutating func sumcheck(steps: Int, _ claim: inout ExtTarget) -> [ExtTarget] {
        let b = builder
        let two = b.constant(Field(2))
        var point: [ExtTarget] = []
        for _ in 0..<steps {
            let c = receive(elements: 2)
            let r = sample()
            let c1 = b.subtract(b.mulSubtract(from: claim, two, c[0]), c[1])
            claim = b.mulAdd(b.mulAdd(c[1], r, c1), r, c[0])
            point.append(r)
        }
        return point
    }
}
