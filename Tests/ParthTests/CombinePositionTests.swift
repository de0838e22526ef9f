// The position constraints of a combine, each broken alone. The children are proofs by a circuit that states any header; they pass
// since the combine takes the aggregator from its statement, and whoever looks at that refuses it (`CombineTests`). So every child
// proof here is valid, and what has no witness has none because of its position.

import Parth
import ProofCore
import Synchronization
import Testing

/// Rogue children by header: many tests use the same.
private let rogueChildren = Mutex<[Digest: ChildInput]>([:])

@Suite struct CombinePositionTests {
    private let rogue: Rogue
    private let circuit: Circuit
    private let blockRoot: Digest
    private let siblings: [Digest]
    private let digests: [Digest]

    init() throws {
        rogue = try Rogue.shared.get()
        circuit = try Chain.shared.get().network.combine.circuit
        var random = Random(seed: 31)
        blockRoot = random.digest()
        siblings = random.digests(30)
        digests = random.digests(2)
    }

    private func header(_ level: UInt32, _ first: UInt32, blockRoot: Digest? = nil, aggregator: Digest? = nil) -> Header {
        Header(
            blockRoot: blockRoot ?? self.blockRoot, level: level, first: first, old: digests[0], new: digests[1], users: 1,
            transactions: 1, slots: 1, aggregator: aggregator ?? rogue.key.fingerprint)
    }

    /// A child of this header, with siblings for every level above it.
    private func child(_ header: Header) throws -> ChildInput {
        if let known = rogueChildren.withLock({ $0[header.digest] }) { return known }
        let child = try rogue.child(header, siblings: Array(siblings[..<max(0, 30 - Int(header.level))]))
        rogueChildren.withLock { $0[header.digest] = child }
        return child
    }

    private func input(_ left: Header, _ right: Header, level: Int) throws -> [Field] {
        CombineCircuit.input(
            blockRoot: blockRoot, aggregator: rogue.key.fingerprint, level: level, left: try child(left), right: try child(right))
    }

    /// Children that meet at level 3: (2, 8) and (0, 13).
    private func honest() throws -> [Field] { try input(header(2, 8), header(0, 13), level: 3) }

    // MARK: controls

    @Test(arguments: [(2, 8, 0, 13, 3), (0, 0, 0, 1, 1), (0, 0, 0, (1 << 30) - 1, 30), (29, 0, 29, 1 << 29, 30)] as [(UInt32, UInt32, UInt32, UInt32, Int)])
    func children_in_place_have_a_witness(_ l0: UInt32, _ f0: UInt32, _ l1: UInt32, _ f1: UInt32, _ level: Int) throws {
        let (left, right) = (header(l0, f0), header(l1, f1))
        let witness = try circuit.witness(input: input(left, right, level: level))
        let context = CombineContext(
            level: level, leftSiblings: Array(siblings[..<(level - 1 - Int(l0))]), rightSiblings: Array(siblings[..<(level - 1 - Int(l1))]))
        var expected = try Chain.shared.get().network.combinedHeader(left, right, context)
        expected.aggregator = rogue.key.fingerprint
        #expect(circuit.statement(of: witness) == expected.digest)
    }

    // MARK: subtrees

    @Test func rejects_swapped_children() throws { expectNoWitness(circuit, try input(header(0, 13), header(2, 8), level: 3)) }

    @Test func rejects_the_same_child_twice() throws {
        for level in 1...30 { expectNoWitness(circuit, try input(header(2, 8), header(2, 8), level: level), "level \(level)") }
    }

    @Test func rejects_right_child_inside_the_left_ones_subtree() throws {
        for level in 1...30 { expectNoWitness(circuit, try input(header(3, 8), header(0, 13), level: level), "level \(level)") }
    }

    @Test func rejects_left_child_inside_the_right_ones_subtree() throws {
        for level in 1...30 { expectNoWitness(circuit, try input(header(0, 8), header(3, 8), level: level), "level \(level)") }
    }

    @Test func rejects_every_level_but_the_nearest_common_ancestors() throws {
        for level in 1...30 where level != 3 { expectNoWitness(circuit, try input(header(2, 8), header(0, 13), level: level), "level \(level)") }
    }

    /// A child that is the whole tree has no sibling.
    @Test func rejects_child_at_the_root() throws {
        for level in [1, 29, 30] {
            expectNoWitness(circuit, try input(header(30, 0), header(0, 1 << 29), level: level))
            expectNoWitness(circuit, try input(header(0, 0), header(30, 0), level: level))
        }
    }

    // MARK: the child's own place

    @Test(arguments: [9, 10, 11] as [UInt32]) func rejects_first_with_low_bits_set(_ first: UInt32) throws {
        expectNoWitness(circuit, try input(header(2, first), header(0, 13), level: 3))
    }

    @Test(arguments: [(1 << 30) + 8, Field.modulus - 8] as [UInt32]) func rejects_first_of_more_than_thirty_bits(_ first: UInt32) throws {
        expectNoWitness(circuit, try input(header(2, first), header(0, 13), level: 3))
    }

    /// Level 2 is said with two ones, but not the first two.
    @Test(arguments: [[1, 0, 1], [0, 1, 1]] as [[Field]]) func rejects_level_flags_with_a_hole(_ flags: [Field]) throws {
        expectNoWitness(circuit, try honest().setting(CombineOffset.left + ChildOffset.below, flags))
    }

    @Test(arguments: [[2, 0], [0, 2]] as [[Field]]) func rejects_level_flag_that_is_no_bit(_ flags: [Field]) throws {
        let input = try honest().setting(CombineOffset.left + ChildOffset.below, flags)
        expectNoWitness(circuit, input)
    }

    @Test func rejects_level_flags_of_another_level() throws {
        expectNoWitness(circuit, try honest().setting(CombineOffset.left + ChildOffset.below, [1, 0]))
        expectNoWitness(circuit, try honest().setting(CombineOffset.left + ChildOffset.below, [1, 1, 1]))
    }

    @Test func rejects_ancestors_flags_with_a_hole() throws {
        for flags in [[1, 0, 1], [0, 1, 1], [0, 0, 1]] as [[Field]] {
            expectNoWitness(circuit, try honest().setting(CombineOffset.below, flags))
        }
    }

    // MARK: what both children share

    @Test func rejects_child_under_another_block_root() throws {
        expectNoWitness(circuit, try input(header(2, 8, blockRoot: digests[0]), header(0, 13), level: 3))
        expectNoWitness(circuit, try input(header(2, 8), header(0, 13, blockRoot: digests[0]), level: 3))
    }

    @Test func rejects_child_that_carries_another_aggregator() throws {
        for other in [try Chain.shared.get().network.combine.fingerprint, .zero] {
            expectNoWitness(circuit, try input(header(2, 8, aggregator: other), header(0, 13), level: 3))
            expectNoWitness(circuit, try input(header(2, 8), header(0, 13, aggregator: other), level: 3))
        }
    }
}
