// The compressed trie of the active users, against what it must be by definition; and the contexts that follow from it.

import Parth
import ProofCore
import Testing

/// Positions as intervals of user ids.
private func interval(_ position: (level: Int, first: UInt32)) -> Range<UInt64> {
    UInt64(position.first)..<(UInt64(position.first) + 1 << UInt64(position.level))
}

private func covers(_ outer: Range<UInt64>, _ inner: Range<UInt64>) -> Bool {
    outer.lowerBound <= inner.lowerBound && inner.upperBound <= outer.upperBound
}

/// The level at which two ids' paths meet.
private func commonLevel(_ a: UInt32, _ b: UInt32) -> Int {
    var level = 0
    while a >> UInt32(level) != b >> UInt32(level) { level += 1 }
    return level
}

@Suite struct AggregationPlanTests {
    static let counts = [1, 2, 3, 4, 5, 8, 13, 21, 64, 100]

    /// Sets of user ids by name: dense, dense at an odd place, sparse, extreme, random.
    static let sets: [(String, [UInt32])] = {
        var sets: [(String, [UInt32])] = [
            ("first and last", [0, (1 << 30) - 1]), ("last two", [(1 << 30) - 2, (1 << 30) - 1]),
            ("middle", [(1 << 29) - 1, 1 << 29]), ("last", [(1 << 30) - 1]),
            ("powers of two", (0..<30).map { 1 << $0 }),
            ("comb", [0] + (0..<30).map { ((1 << 30) - 1) ^ ((1 << (29 - $0)) - 1) }),
        ]
        var random = Random(seed: 2)
        for n in counts {
            sets.append(("dense \(n)", (0..<UInt32(n)).map { $0 }))
            sets.append(("dense \(n) from 12345", (0..<UInt32(n)).map { 12345 + $0 }))
            sets.append(("sparse \(n)", (0..<UInt32(n)).map { 9_999_991 * $0 + 17 }))
            for bits in [8, 30] {
                var ids: Set<UInt32> = []
                while ids.count < n { ids.insert(UInt32(random.index(below: 1 << bits))) }
                sets.append(("random \(n) of \(bits) bits", ids.sorted()))
            }
        }
        return sets
    }()

    @Test(arguments: sets) func is_the_compressed_trie(_ name: String, _ users: [UInt32]) throws {
        let plan = AggregationPlan(users: users)
        #expect(plan.users == users)
        #expect(plan.nodes.count == users.count - 1)
        var used: [PlanNode.Child: Int] = [:]
        var depths: [Int] = []
        for (i, node) in plan.nodes.enumerated() {
            let (left, right) = (plan.position(node.left), plan.position(node.right))
            // Children come first.
            for case .node(let child) in [node.left, node.right] { #expect(child < i) }
            // Disjoint halves of the parent.
            let whole = interval((node.level, node.first))
            let half = UInt64(1) << UInt64(node.level - 1)
            #expect(node.first % UInt32(1 << node.level) == 0 && whole.upperBound <= 1 << 30)
            #expect(covers(whole.lowerBound..<(whole.lowerBound + half), interval(left)))
            #expect(covers((whole.lowerBound + half)..<whole.upperBound, interval(right)))
            // The nearest common ancestor, no higher.
            #expect(node.level == commonLevel(left.first, right.first))
            func depth(_ child: PlanNode.Child) -> Int {
                if case .node(let j) = child { return depths[j] }
                return 0
            }
            depths.append(1 + max(depth(node.left), depth(node.right)))
            #expect(node.depth == depths[i])
            for child in [node.left, node.right] { used[child, default: 0] += 1 }
        }
        // Every end cap and every node but the root is a child once.
        used[plan.root, default: 0] += 1
        let all =
            users.indices.map { PlanNode.Child.endCap($0) }
            + plan.nodes.indices.map { PlanNode.Child.node($0) }
        #expect(used == Dictionary(uniqueKeysWithValues: all.map { ($0, 1) }))
        #expect(plan.depth == depths.last ?? 0)
        // The nodes are the branches of the trie: the levels at which neighbours part.
        let levels = zip(users, users.dropFirst()).map { commonLevel($0, $1) }
        #expect(plan.nodes.map(\.level).sorted() == levels.sorted())
    }

    @Test(arguments: [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (13, 4), (1024, 10)])
    func dense_users_make_a_tree_of_logarithmic_depth(_ count: Int, _ depth: Int) {
        #expect(AggregationPlan(users: (0..<UInt32(count)).map { $0 }).depth == depth)
    }

    @Test func known_plan() throws {
        let plan = AggregationPlan(users: [3, 7, 1000])
        try #require(plan.nodes.count == 2)
        let (low, high) = (plan.nodes[0], plan.nodes[1])
        #expect(
            (low.level, low.first, low.depth) == (3, 0, 1)
                && (low.left, low.right) == (.endCap(0), .endCap(1)))
        #expect(
            (high.level, high.first, high.depth) == (10, 0, 2)
                && (high.left, high.right) == (.node(0), .endCap(2)))
        #expect(plan.root == .node(1))
        #expect(plan.position(.endCap(2)) == (0, 1000))
        #expect(plan.position(.node(0)) == (3, 0))
    }

    @Test func plan_of_one_user_has_no_nodes() {
        let plan = AggregationPlan(users: [77])
        #expect(plan.nodes.isEmpty && plan.depth == 0 && plan.root == .endCap(0))
    }

    @Test func users_that_are_not_ascending_are_a_bug() async {
        await #expect(processExitsWith: .failure) { _ = AggregationPlan(users: [2, 2]) }
        await #expect(processExitsWith: .failure) { _ = AggregationPlan(users: [3, 2]) }
        await #expect(processExitsWith: .failure) { _ = AggregationPlan(users: []) }
    }

    /// Combining headers along the plan, without proofs, comes to the state that applying the transitions one by one comes to.
    @Test(arguments: sets) func headers_combine_to_the_natively_updated_root(
        _ name: String, _ users: [UInt32]
    ) throws {
        let network = try Chain.shared.get().network
        var random = Random(seed: UInt64(users.count))
        var tree = SparseMerkleTree(height: Network.userTreeHeight)
        for id in users { tree.set(UInt64(id), random.digest()) }
        for _ in 0..<10 { tree.set(UInt64(random.index(below: 1 << 30)), random.digest()) }
        let state = BlockState(
            userRoot: tree.root, contractRoot: random.digest(), previous: random.digest(), height: 6
        )
        var after = tree
        let caps = users.map { id in
            let new = random.digest()
            after.set(UInt64(id), new)
            return Header(
                blockRoot: state.digest, level: 0, first: id, old: tree[UInt64(id)], new: new,
                users: 1, transactions: 2, slots: 3,
                aggregator: .zero)
        }
        let plan = AggregationPlan(users: users)
        var headers: [Header] = []
        func header(_ child: PlanNode.Child) -> Header {
            switch child {
            case .endCap(let i): caps[i]
            case .node(let i): headers[i]
            }
        }
        for node in plan.nodes {
            let combined = try network.combinedHeader(
                header(node.left), header(node.right), CombineContext(plan, node, tree: tree))
            #expect(combined.level == node.level && combined.first == node.first)
            #expect(
                combined.old
                    == tree.node(level: node.level, UInt64(node.first >> UInt32(node.level))))
            #expect(
                combined.new
                    == after.node(level: node.level, UInt64(node.first >> UInt32(node.level))))
            headers.append(combined)
        }
        let statement = try network.blockStatement(
            header(plan.root), BlockContext(plan, state: state, tree: tree))
        #expect(statement.new == state.next(userRoot: after.root).digest)
        #expect(statement.previous == state.digest && statement.height == 7)
        let n = UInt32(users.count)
        #expect((statement.users, statement.transactions, statement.slots) == (n, 2 * n, 3 * n))
    }
}
