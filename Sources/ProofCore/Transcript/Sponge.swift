// The Fiat-Shamir duplex sponge (PROTOCOL.md section 3): absorb, sample, grind, indices.

import CKernels

/// The state shared by prover and verifier.
struct Sponge: Sendable {
    private(set) var state: [UInt32]
    private var fresh = false

    init() {
        state = [UInt32](repeating: 0, count: 16)
        state[8] = Field(0x5041_5254 as UInt32).montgomery
        state[9] = Field.one.montgomery
        _ = Poseidon2.kernelsReady
    }

    private mutating func permute() {
        state.withUnsafeMutableBufferPointer { Poseidon2.permute($0.baseAddress!) }
    }

    mutating func absorb(_ limbs: [Field]) {
        var start = 0
        while start < limbs.count {
            for i in 0..<8 {
                state[i] = start + i < limbs.count ? limbs[start + i].montgomery : 0
            }
            permute()
            start += 8
        }
        fresh = true
    }

    mutating func sample() -> Extension {
        if !fresh { permute() }
        fresh = false
        return Extension(limbs: (0..<5).map { Field(montgomery: state[$0]) })
    }

    /// q indices of h bits. - Precondition: h ≤ 24, so that the low bits of a limb are uniform but for 1/p.
    mutating func indices(count: Int, bits: Int) -> [Int] {
        precondition(bits <= 24)
        var result: [Int] = []
        while result.count < count {
            permute()
            for i in 0..<min(8, count - result.count) {
                result.append(Int(Field(montgomery: state[i]).canonical) & ((1 << bits) - 1))
            }
        }
        fresh = false
        return result
    }

    /// Absorbs a nonce; true when it does the work. The limb that is tested is consumed.
    mutating func absorbNonce(_ nonce: Field, bits: Int) -> Bool {
        absorb([nonce])
        fresh = false
        return Field(montgomery: state[0]).canonical & ((1 << UInt32(bits)) - 1) == 0
    }

    /// The smallest nonce that does `bits` bits of work from this state.
    func grind(bits: Int) -> Field {
        var block = state
        for i in 0..<8 { block[i] = 0 }
        let nonce = kb_grind(block, UInt32(bits), 0, UInt64(Field.modulus))
        precondition(nonce != UInt64.max, "no nonce below p does \(bits) bits of work")
        return Field(nonce)
    }
}
