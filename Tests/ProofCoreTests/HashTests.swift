// Poseidon2: the published known answer, the plain reference, and the hash modes built on the permutation.

import CKernels
import Foundation
import ProofCore
import Testing

@Suite struct HashTests {
    /// Plonky3's vector; the file names its source.
    private struct Vector: Decodable {
        let source: String
        let width: Int
        let input: [UInt32]
        let output: [UInt32]

        static func load() throws -> Vector {
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            let file = folder.appendingPathComponent("../Vectors/poseidon2_koalabear_16.json")
            return try JSONDecoder().decode(Vector.self, from: Data(contentsOf: file))
        }
    }

    @Test func permutation_gives_the_published_answer() throws {
        let vector = try Vector.load()
        let input = vector.input.compactMap { Field(canonical: $0) }
        #expect(vector.width == 16 && input.count == 16)
        #expect(Poseidon2.permuted(input).map(\.canonical) == vector.output)
        #expect(Poseidon2.referencePermuted(input).map(\.canonical) == vector.output)
    }

    @Test func kernel_is_the_reference_permutation() {
        var random = RandomElements(seed: 21)
        let edge = Field(UInt64(Field.modulus) - 1)
        var states = [[Field](repeating: .zero, count: 16), [Field](repeating: edge, count: 16)]
        states += (0..<50).map { _ in (0..<16).map { _ in random.field() } }
        for state in states {
            #expect(Poseidon2.permuted(state) == Poseidon2.referencePermuted(state))
        }
    }

    private func digests(_ count: Int, seed: UInt64) -> [Digest] {
        var random = RandomElements(seed: seed)
        return (0..<count).map { _ in Digest((0..<8).map { _ in random.field() }) }
    }

    @Test func compress_feeds_its_input_forward() {
        let d = digests(2, seed: 22)
        let input = d[0].limbs + d[1].limbs
        let out = zip(Poseidon2.referencePermuted(input), input).map { $0 + $1 }
        #expect(Poseidon2.compress(d[0], d[1]) == Digest(out[0..<8]))
        #expect(Poseidon2.compress(d[0], d[1]) != Poseidon2.compress(d[1], d[0]))
    }

    @Test(arguments: [0, 1, 7, 8, 9, 16, 19, 40])
    func hash_is_an_overwrite_sponge_with_length_and_tag(_ count: Int) {
        var random = RandomElements(seed: 23)
        let limbs = (0..<count).map { _ in random.field() }
        var state = [Field](repeating: .zero, count: 16)
        state[8] = Field(count)
        state[9] = Field(5)
        for start in stride(from: 0, to: max(1, count), by: 8) {
            let block = Array(limbs[start..<min(count, start + 8)])
            state.replaceSubrange(
                0..<8, with: block + [Field](repeating: .zero, count: 8 - block.count))
            state = Poseidon2.referencePermuted(state)
        }
        #expect(Poseidon2.hash(tag: 5, limbs) == Digest(state[0..<8]))
    }

    @Test func hash_separates_lengths_and_tags() {
        let values: [Digest] = [
            Poseidon2.hash(tag: 1, []), Poseidon2.hash(tag: 2, []), Poseidon2.hash(tag: 1, [0]),
            Poseidon2.hash(tag: 1, [0, 0]), Poseidon2.hash(tag: 2, [0]),
            Poseidon2.hash(tag: 1, [Field](repeating: 0, count: 9)),
        ]
        #expect(Set(values).count == values.count)
    }

    @Test(arguments: [2, 3, 5, 20]) func leaf_is_a_chain_of_compressions(_ blocks: Int) {
        let d = digests(blocks, seed: 24)
        let expected = d.dropFirst().reduce(d[0]) { Poseidon2.compress($0, $1) }
        #expect(Poseidon2.leaf(d.flatMap(\.limbs)) == expected)
    }

    // MARK: digests as bytes

    @Test func digest_bytes_and_hex_round_trip() throws {
        for digest in digests(10, seed: 25) + [.zero] {
            #expect(Digest(bytes: digest.bytes) == digest)
            #expect(Digest(hex: digest.hex) == digest)
            #expect(digest.bytes.count == 32 && digest.hex.count == 64)
        }
    }

    @Test func digest_refuses_non_canonical_limb() {
        for limb in 0..<8 {
            var bytes = Digest.zero.bytes
            bytes.replaceSubrange(
                (4 * limb)..<(4 * limb + 4), with: Field.modulus.littleEndianBytes)
            #expect(Digest(bytes: bytes) == nil)
        }
    }

    @Test func digest_refuses_wrong_length_and_digits() {
        #expect(Digest(bytes: [UInt8](repeating: 0, count: 31)) == nil)
        #expect(Digest(bytes: [UInt8](repeating: 0, count: 33)) == nil)
        #expect(Digest(hex: String(repeating: "0", count: 63)) == nil)
        #expect(Digest(hex: String(repeating: "0", count: 63) + "g") == nil)
        #expect(Digest(hex: String(repeating: "é", count: 32)) == nil)
        #expect(Digest(hex: String(repeating: "f", count: 64)) == nil)
    }
}
