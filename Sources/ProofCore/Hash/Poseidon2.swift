// Poseidon2 over KoalaBear, width 16 (eprint 2023/323), with feed-forward compression (PROTOCOL.md section 2).
// The round constants come from the Grain LFSR here; the permutation itself runs in CKernels, which is given them once.

import CKernels

/// The permutation, its constants and the three hash modes built on it.
public enum Poseidon2 {
    public static let width = 16
    static let fullRoundsPerSide = 4
    static let partialRounds = 20

    /// Round constants and internal diagonal. `externalInitial` is [4·16], `partial` [20], `externalFinal` [4·16].
    struct Constants: Sendable {
        let externalInitial: [Field]
        let partial: [Field]
        let externalFinal: [Field]
        let diagonal: [Field]
    }

    static let constants: Constants = {
        var grain = GrainLFSR(fieldBits: 31, width: 16, fullRounds: 8, partialRounds: 20)
        let initial = (0..<64).map { _ in grain.next() }
        let partial = (0..<20).map { _ in grain.next() }
        let final = (0..<64).map { _ in grain.next() }
        let half = Field(2).inverse
        func halved(_ k: UInt64) -> Field { half.power(k) }
        let diagonal: [Field] = [
            -Field(2), 1, 2, half, 3, 4, -half, -Field(3), -Field(4), halved(8), halved(3),
            halved(24),
            -halved(8), -halved(3), -halved(4), -halved(24),
        ]
        return Constants(
            externalInitial: initial, partial: partial, externalFinal: final, diagonal: diagonal)
    }()

    /// Gives the kernels their constants, once; every entry point of this module that reaches them touches it first.
    static let kernelsReady: Void = {
        let c = constants
        kb_poseidon2_set_constants(
            c.externalInitial.map(\.montgomery), c.partial.map(\.montgomery),
            c.externalFinal.map(\.montgomery))
    }()

    /// One permutation of 16 Montgomery words, in place.
    @inline(__always)
    static func permute(_ state: UnsafeMutablePointer<UInt32>) {
        _ = kernelsReady
        kb_poseidon2_permute(state)
    }

    /// The permutation as a function of field elements: for tests and places that do not hurry.
    public static func permuted(_ state: [Field]) -> [Field] {
        precondition(state.count == width)
        var words = state.map(\.montgomery)
        words.withUnsafeMutableBufferPointer { permute($0.baseAddress!) }
        return words.map { Field(montgomery: $0) }
    }

    /// `compress(l, r) = (P(l‖r) + (l‖r))[0..<8]`
    public static func compress(_ left: Digest, _ right: Digest) -> Digest {
        var state = (left.low, left.high, right.low, right.high)
        return withUnsafeMutableBytes(of: &state) { raw in
            let words = raw.baseAddress!.assumingMemoryBound(to: UInt32.self)
            permute(words)
            var result = left
            for i in 0..<8 { result[i] += Field(montgomery: words[i]) }
            return result
        }
    }

    /// `leaf(b_0 ‖ b_1 ‖ …)`: the chain of compressions over blocks of eight.
    /// - Precondition: at least 16 elements, a multiple of 8.
    package static func leaf(_ limbs: [Field]) -> Digest {
        precondition(limbs.count >= 16 && limbs.count % 8 == 0)
        var digest = Digest(limbs[0..<8])
        for start in stride(from: 8, to: limbs.count, by: 8) {
            digest = compress(digest, Digest(limbs[start..<(start + 8)]))
        }
        return digest
    }

    /// `hash(tag, v)`: an overwrite sponge whose capacity starts with the length and the tag.
    public static func hash(tag: Int, _ limbs: [Field]) -> Digest {
        var state = [UInt32](repeating: 0, count: 16)
        state[8] = Field(limbs.count).montgomery
        state[9] = Field(tag).montgomery
        return state.withUnsafeMutableBufferPointer { words in
            var start = 0
            repeat {
                for i in 0..<8 {
                    words[i] = start + i < limbs.count ? limbs[start + i].montgomery : 0
                }
                permute(words.baseAddress!)
                start += 8
            } while start < limbs.count
            return Digest((0..<8).map { i -> Field in Field(montgomery: words[i]) })
        }
    }

    /// The permutation written out plainly: the reference that the kernels and the chip are tested against.
    public static func referencePermuted(_ input: [Field]) -> [Field] {
        let c = constants
        var s = externalLayer(input)
        func full(_ round: ArraySlice<Field>) {
            s = externalLayer(zip(s, round).map { x, k in cube(x + k) })
        }
        for r in 0..<4 { full(c.externalInitial[(16 * r)..<(16 * r + 16)]) }
        for r in 0..<partialRounds {
            s[0] = cube(s[0] + c.partial[r])
            let sum = s.dropFirst().reduce(s[0]) { $0 + $1 }
            s = zip(s, c.diagonal).map { x, v in sum + v * x }
        }
        for r in 0..<4 { full(c.externalFinal[(16 * r)..<(16 * r + 16)]) }
        return s
    }

    private static func cube(_ x: Field) -> Field { x * x * x }

    private static func externalLayer(_ s: [Field]) -> [Field] {
        let m: [[Field]] = [[2, 3, 1, 1], [1, 2, 3, 1], [1, 1, 2, 3], [3, 1, 1, 2]]
        var t = [Field](repeating: .zero, count: 16)
        for group in 0..<4 {
            for i in 0..<4 {
                for j in 0..<4 { t[4 * group + i] += m[i][j] * s[4 * group + j] }
            }
        }
        let sums: [Field] = (0..<4).map { i in
            stride(from: i, to: 16, by: 4).reduce(Field(0)) { $0 + t[$1] }
        }
        return (0..<16).map { t[$0] + sums[$0 % 4] }
    }
}

/// The Grain LFSR in self-shrinking mode, as Poseidon2's reference scripts use it to derive round constants.
struct GrainLFSR {
    private var state: [Bool]

    init(fieldBits: Int, width: Int, fullRounds: Int, partialRounds: Int) {
        state = []
        func append(_ value: Int, bits: Int) {
            for b in stride(from: bits - 1, through: 0, by: -1) {
                state.append((value >> b) & 1 == 1)
            }
        }
        append(1, bits: 2)
        append(0, bits: 4)
        append(fieldBits, bits: 12)
        append(width, bits: 12)
        append(fullRounds, bits: 10)
        append(partialRounds, bits: 10)
        state += [Bool](repeating: true, count: 30)
        precondition(state.count == 80)
        for _ in 0..<160 { _ = step() }
    }

    private mutating func step() -> Bool {
        let bit = [62, 51, 38, 23, 13, 0].reduce(false) { $0 != state[$1] }
        state.removeFirst()
        state.append(bit)
        return bit
    }

    private mutating func shrunkBit() -> Bool {
        while true {
            let keep = step()
            let bit = step()
            if keep { return bit }
        }
    }

    /// The next field element; candidates not below p are rejected.
    mutating func next() -> Field {
        while true {
            var value: UInt32 = 0
            for _ in 0..<31 { value = value << 1 | (shrunkBit() ? 1 : 0) }
            if let element = Field(canonical: value) { return element }
        }
    }
}
