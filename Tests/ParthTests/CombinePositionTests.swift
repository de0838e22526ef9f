// The position constraints of a combine, each broken alone. The children are proofs by a circuit that states any header; they pass
// since the combine takes the aggregator from its statement, and whoever looks at that refuses it (`CombineTests`). So every child
// proof here is valid, and what has no witness has none because of its position.

import Parth
import ProofCore
import Synchronization
import Testing

/// Rogue children by header: many tests use the same.
private let rogueChildren = Mutex<[Digest: ChildInput]>([:])

/// `CombineCircuit` with the results of the three position checks left open: a row each, as there.
private let laxCombine = Result { try buildLaxCombine { $0.claims + $1.claims } }

/// - Parameter joining: of the children's claims, those that it joins.
func buildLaxCombine(joining: (ChildTarget, ChildTarget) -> [DeferredClaimTarget]) throws -> Circuit
{
    let b = CircuitBuilder(name: "lax combine")
    let endCap = try Chain.shared.get().network.endCap.fingerprint
    let height = Network.userTreeHeight
    let (blockRoot, aggregator) = (b.inputDigest(), b.inputDigest())
    let below = (0..<(height - 1)).map { _ in b.inputBase() }
    prefixFlags(b, below)
    let left = try ChildTarget(
        b, shape: Network.shape, blockRoot: blockRoot, aggregator: aggregator, endCap: endCap)
    let right = try ChildTarget(
        b, shape: Network.shape, blockRoot: blockRoot, aggregator: aggregator, endCap: endCap)
    let under = [b.one] + below
    var first = b.zero
    for j in stride(from: height - 1, through: 0, by: -1) {
        let isBranch = b.subtract(under[j], j < height - 1 ? below[j] : b.zero)
        _ = b.mulAdd(isBranch, left.bits[j], b.zero)
        _ = b.mulAdd(isBranch, right.bits[j], b.zero)
        let above = b.subtract(b.one, under[j])
        _ = b.multiply(above, right.bits[j])
        _ = b.mulAdd(above, left.bits[j], b.zero)
        first = b.mulAdd(b.multiply(above, left.bits[j]), b.constant(Field(1 << j)), first)
    }
    let top = below + [b.zero]
    let (l, r) = (left.lifted(b, top: top), right.lifted(b, top: top))
    let header = HeaderTarget(
        blockRoot: blockRoot, level: b.sum(under), first: first, old: b.compress(l.old, r.old),
        new: b.compress(l.new, r.new),
        users: b.add(left.header.users, right.header.users),
        transactions: b.add(left.header.transactions, right.header.transactions),
        slots: b.add(left.header.slots, right.header.slots), aggregator: aggregator,
        deferred: b.claimDigest(b.joinClaims(joining(left, right))))
    b.setStatement(header.digest(b))
    return try b.build(shape: Network.shape)
}

@Suite struct CombinePositionTests {
    private let rogue: Rogue
    private let key: ProvingKey
    private let circuit: Circuit
    private let blockRoot: Digest
    private let siblings: [Digest]
    private let digests: [Digest]

    init() throws {
        rogue = try Rogue.shared.get()
        key = try Chain.shared.get().network.combine
        circuit = key.circuit
        var random = Random(seed: 31)
        blockRoot = random.digest()
        siblings = random.digests(30)
        digests = random.digests(2)
    }

    private func header(
        _ level: UInt32, _ first: UInt32, blockRoot: Digest? = nil, aggregator: Digest? = nil
    ) -> Header {
        Header(
            blockRoot: blockRoot ?? self.blockRoot, level: level, first: first, old: digests[0],
            new: digests[1], users: 1,
            transactions: 1, slots: 1, aggregator: aggregator ?? rogue.key.fingerprint)
    }

    /// A child of this header, with siblings for every level above it.
    private func child(_ header: Header) throws -> ChildInput {
        if let known = rogueChildren.withLock({ $0[header.digest] }) { return known }
        let child = try rogue.child(
            header, siblings: Array(siblings[..<max(0, 30 - Int(header.level))]))
        rogueChildren.withLock { $0[header.digest] = child }
        return child
    }

    private func input(_ left: Header, _ right: Header, level: Int) throws -> [Field] {
        try Chain.shared.get().network.combineInput(
            blockRoot: blockRoot, aggregator: rogue.key.fingerprint, level: level,
            left: try child(left), right: try child(right))
    }

    /// Children that meet at level 3: (2, 8) and (0, 13).
    private func honest() throws -> [Field] { try input(header(2, 8), header(0, 13), level: 3) }

    // MARK: controls

    @Test(
        arguments: [
            (2, 8, 0, 13, 3), (0, 0, 0, 1, 1), (0, 0, 0, (1 << 30) - 1, 30),
            (29, 0, 29, 1 << 29, 30),
        ]
            as [(UInt32, UInt32, UInt32, UInt32, Int)])
    func children_in_place_have_a_witness(
        _ l0: UInt32, _ f0: UInt32, _ l1: UInt32, _ f1: UInt32, _ level: Int
    ) throws {
        let (left, right) = (header(l0, f0), header(l1, f1))
        let input = try input(left, right, level: level)
        expectWitness(circuit, input)
        let witness = try circuit.witness(input: input)
        let context = CombineContext(
            level: level, leftSiblings: Array(siblings[..<(level - 1 - Int(l0))]),
            rightSiblings: Array(siblings[..<(level - 1 - Int(l1))]))
        var expected = try Chain.shared.get().network.combinedHeader(left, right, context)
        expected.aggregator = rogue.key.fingerprint
        expected.deferred = claimDigest(
            try Chain.shared.get().network.joined(child(left), child(right)).claim)
        #expect(circuit.statement(of: witness) == expected.digest)
    }

    // MARK: subtrees

    private func expectNoWitness(
        _ left: Header, _ right: Header, levels: ClosedRange<Int> = 1...30, except: Int = 0
    ) throws {
        for level in levels where level != except {
            ParthTests.expectNoWitness(
                circuit, try input(left, right, level: level), "level \(level)")
        }
    }

    @Test func rejects_swapped_children() throws {
        try expectNoWitness(header(0, 13), header(2, 8))
    }

    @Test func rejects_the_same_child_twice() throws {
        try expectNoWitness(header(2, 8), header(2, 8))
    }

    @Test func rejects_right_child_inside_the_left_ones_subtree() throws {
        try expectNoWitness(header(3, 8), header(0, 13))
    }

    @Test func rejects_left_child_inside_the_right_ones_subtree() throws {
        try expectNoWitness(header(0, 8), header(3, 8))
    }

    @Test func rejects_every_level_but_the_nearest_common_ancestors() throws {
        try expectNoWitness(header(2, 8), header(0, 13), except: 3)
    }

    /// A child that is the whole tree has no sibling.
    @Test func rejects_child_at_the_root() throws {
        try expectNoWitness(header(30, 0), header(0, 1 << 29))
        try expectNoWitness(header(0, 0), header(30, 0))
    }

    // MARK: the child's own place

    @Test(arguments: [9, 10, 11] as [UInt32]) func rejects_first_with_low_bits_set(_ first: UInt32)
        throws
    {
        try expectNoWitness(header(2, first), header(0, 13), levels: 3...3)
    }

    @Test(arguments: [(1 << 30) + 8, Field.modulus - 8] as [UInt32])
    func rejects_first_of_more_than_thirty_bits(_ first: UInt32) throws {
        try expectNoWitness(header(2, first), header(0, 13), levels: 3...3)
    }

    /// Level 2 is said with two ones, but not the first two; or with a two.
    @Test(arguments: [[1, 0, 1], [0, 1, 1], [2, 0], [0, 2]] as [[Field]]) func rejects_level_flags(
        _ flags: [Field]
    ) throws {
        ParthTests.expectNoWitness(
            circuit, try honest().setting(CombineOffset.left + ChildOffset.below, flags))
    }

    @Test(arguments: [[1, 0], [1, 1, 1]] as [[Field]]) func rejects_level_flags_of_another_level(
        _ flags: [Field]
    ) throws {
        ParthTests.expectNoWitness(
            circuit, try honest().setting(CombineOffset.left + ChildOffset.below, flags))
    }

    @Test(arguments: [[1, 0, 1], [0, 1, 1], [0, 0, 1], [2, 0, 0]] as [[Field]])
    func rejects_flags_of_the_ancestor(_ flags: [Field]) throws {
        ParthTests.expectNoWitness(circuit, try honest().setting(CombineOffset.below, flags))
    }

    // MARK: past the witness check

    /// The combine without its checks of positions has the same rows, so its witnesses are what a prover who does not stop at a
    /// contradiction proves with.
    @Test func lax_combine_fills_the_same_rows() throws {
        let (lax, input) = (try laxCombine.get(), try honest())
        #expect(lax.rowCounts == circuit.rowCounts && lax.inputLimbs == circuit.inputLimbs)
        let (a, b) = (try lax.witness(input: input), try circuit.witness(input: input))
        #expect(a.cells.elements == b.cells.elements)
    }

    @Test(
        arguments: [
            "swapped children": (0, 13, 2, 8, 3), "the same child twice": (2, 8, 2, 8, 3),
            "right inside left": (3, 8, 0, 13, 4),
            "left inside right": (0, 8, 3, 8, 4), "a level above": (2, 8, 0, 13, 4),
        ] as [String: (UInt32, UInt32, UInt32, UInt32, Int)])
    func rejects_proof_of_overlapping_subtrees(
        _ name: String, _ place: (UInt32, UInt32, UInt32, UInt32, Int)
    ) throws {
        let lax = try laxCombine.get()
        let input = try input(header(place.0, place.1), header(place.2, place.3), level: place.4)
        ParthTests.expectNoWitness(circuit, input)
        let witness = try lax.witness(input: input)
        let broken = circuit.broken(witness)
        #expect(broken.rows.isEmpty && !broken.copies.isEmpty)
        #expect(try refusal(key, witness, lax.statement(of: witness)) == .busImbalance)
    }

    // MARK: what both children share

    @Test func rejects_child_under_another_block_root() throws {
        ParthTests.expectNoWitness(
            circuit, try input(header(2, 8, blockRoot: digests[0]), header(0, 13), level: 3))
        ParthTests.expectNoWitness(
            circuit, try input(header(2, 8), header(0, 13, blockRoot: digests[0]), level: 3))
    }

    @Test func rejects_child_that_carries_another_aggregator() throws {
        for other in [try Chain.shared.get().network.combine.fingerprint, .zero] {
            ParthTests.expectNoWitness(
                circuit, try input(header(2, 8, aggregator: other), header(0, 13), level: 3))
            ParthTests.expectNoWitness(
                circuit, try input(header(2, 8), header(0, 13, aggregator: other), level: 3))
        }
    }
}
