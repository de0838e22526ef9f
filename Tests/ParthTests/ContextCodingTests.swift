// Contexts as bytes: every context survives, and what is no context is refused with the place.

import Parth
import ProofCore
import Testing

@Suite struct ContextCodingTests {
    private func combine(_ level: Int, _ left: Int, _ right: Int) -> CombineContext {
        var random = Random(seed: UInt64(level * 1000 + left * 30 + right))
        return CombineContext(
            level: level, leftSiblings: random.digests(left), rightSiblings: random.digests(right))
    }

    private func block(_ siblings: Int, height: UInt32 = 5) -> BlockContext {
        var random = Random(seed: UInt64(siblings))
        return BlockContext(
            state: BlockState(
                userRoot: random.digest(), contractRoot: random.digest(), previous: random.digest(),
                height: height),
            siblings: random.digests(siblings))
    }

    private func refusal(combine bytes: [UInt8]) -> String? {
        failure(ArtifactError.self) { try CombineContext(bytes: bytes) }?.description
    }

    private func refusal(block bytes: [UInt8]) -> String? {
        failure(ArtifactError.self) { try BlockContext(bytes: bytes) }?.description
    }

    // MARK: combine

    @Test(arguments: [(1, 0, 0), (2, 1, 0), (2, 0, 1), (17, 3, 12), (30, 29, 29), (30, 0, 29)])
    func combine_context_round_trip(_ level: Int, _ left: Int, _ right: Int) throws {
        let context = combine(level, left, right)
        #expect(context.bytes.count == 3 + 32 * (left + right))
        #expect(try CombineContext(bytes: context.bytes) == context)
    }

    @Test func contexts_of_a_plan_round_trip() throws {
        let chain = try Chain.shared.get()
        let plan = AggregationPlan(users: Chain.ids)
        for node in plan.nodes {
            let context = CombineContext(plan, node, tree: chain.tree)
            #expect(try CombineContext(bytes: context.bytes) == context)
        }
        let context = BlockContext(plan, state: chain.state, tree: chain.tree)
        #expect(try BlockContext(bytes: context.bytes) == context)
    }

    @Test func rejects_combine_context_of_every_other_length() throws {
        let bytes = combine(5, 2, 3).bytes
        for count in 0..<bytes.count {
            let error = try #require(refusal(combine: Array(bytes[..<count])))
            #expect(error.contains(count < 3 ? "at least 3 bytes" : "5 digests, 160 bytes"))
        }
        #expect(
            refusal(combine: bytes + [0])
                == "artifact, combine context: expected 5 digests, 160 bytes, got 161 bytes")
    }

    @Test(arguments: [0, 31, 255] as [UInt8]) func rejects_combine_context_of_level(_ level: UInt8)
    {
        #expect(refusal(combine: [level, 0, 0])?.contains("expected a level of 1...30") == true)
    }

    @Test func rejects_combine_context_with_as_many_siblings_as_levels() {
        for (left, right) in [(4, 0), (0, 4), (255, 0), (0, 255)] as [(UInt8, UInt8)] {
            let bytes = [4, left, right] + [UInt8](repeating: 0, count: 32 * Int(left + right))
            #expect(refusal(combine: bytes)?.contains("fewer siblings") == true)
        }
    }

    @Test func rejects_combine_context_with_a_non_canonical_digest() {
        var bytes = combine(5, 2, 3).bytes
        bytes.replaceSubrange(
            (3 + 3 * 32 + 8)..<(3 + 3 * 32 + 12), with: Field.modulus.littleEndianBytes)
        #expect(
            refusal(combine: bytes)
                == "artifact, combine context, digest 3: expected eight words below the modulus, got a larger one"
        )
    }

    // MARK: block

    @Test(arguments: [0, 1, 29, 30]) func block_context_round_trip(_ siblings: Int) throws {
        let context = block(siblings)
        #expect(context.bytes.count == 101 + 32 * siblings)
        #expect(try BlockContext(bytes: context.bytes) == context)
    }

    @Test func block_context_of_the_greatest_height_round_trip() throws {
        let context = block(1, height: Field.modulus - 2)
        #expect(try BlockContext(bytes: context.bytes) == context)
    }

    /// A height whose successor is no number below the modulus.
    @Test(arguments: [Field.modulus - 1, Field.modulus, UInt32.max] as [UInt32])
    func rejects_block_context_of_height(_ height: UInt32) {
        #expect(
            refusal(block: block(1, height: height).bytes)?.contains("a height below the modulus")
                == true)
    }

    @Test func rejects_block_context_of_every_other_length() throws {
        let bytes = block(2).bytes
        for count in 0..<bytes.count {
            let error = try #require(refusal(block: Array(bytes[..<count])))
            #expect(error.contains(count < 101 ? "at least 101 bytes" : "2 digests, 64 bytes"))
        }
        #expect(refusal(block: bytes + [0])?.contains("got 65 bytes") == true)
    }

    @Test(arguments: [31, 255] as [UInt8]) func rejects_block_context_with_siblings(_ count: UInt8)
    {
        var bytes = block(0).bytes
        bytes[100] = count
        bytes += [UInt8](repeating: 0, count: 32 * Int(count))
        #expect(refusal(block: bytes)?.contains("at most 30 siblings") == true)
    }

    @Test func rejects_block_context_with_a_non_canonical_digest() {
        for digest in 0..<3 {
            var bytes = block(2).bytes
            bytes.replaceSubrange(
                (4 + 32 * digest)..<(8 + 32 * digest), with: UInt32.max.littleEndianBytes)
            #expect(
                refusal(block: bytes)?.contains(
                    "digest \(digest): expected eight words below the modulus") == true)
        }
    }
}
