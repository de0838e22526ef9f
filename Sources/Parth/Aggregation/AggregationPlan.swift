// The task graph of a round: the compressed trie of the active user ids, u − 1 combines.

import ProofCore

/// One combine: the nearest common ancestor of its two children.
public struct PlanNode: Sendable, Hashable {
    public enum Child: Sendable, Hashable {
        /// Position in the sorted list of active users.
        case endCap(Int)
        /// Position in `AggregationPlan.nodes`.
        case node(Int)
    }

    public let level: Int
    public let first: UInt32
    public let left: Child
    public let right: Child
    /// Length of the longest chain of combines below and including this one.
    public let depth: Int
}

/// Combines in an order in which children come before parents; the last one is the root.
public struct AggregationPlan: Sendable {
    public let users: [UInt32]
    public private(set) var nodes: [PlanNode] = []

    /// - Precondition: users are distinct, ascending, at least one.
    public init(users: [UInt32]) {
        precondition(!users.isEmpty && zip(users, users.dropFirst()).allSatisfy { $0 < $1 })
        self.users = users
        _ = add(users.indices)
    }

    public var root: PlanNode.Child { nodes.isEmpty ? .endCap(0) : .node(nodes.count - 1) }
    public var depth: Int { nodes.last?.depth ?? 0 }

    /// (level, first) of a child's subtree.
    public func position(_ child: PlanNode.Child) -> (level: Int, first: UInt32) {
        switch child {
        case .endCap(let i): (0, users[i])
        case .node(let i): (nodes[i].level, nodes[i].first)
        }
    }

    private func depth(_ child: PlanNode.Child) -> Int {
        if case .node(let i) = child { return nodes[i].depth }
        return 0
    }

    private mutating func add(_ range: Range<Int>) -> PlanNode.Child {
        if range.count == 1 { return .endCap(range.lowerBound) }
        // The highest bit in which the first and the last id differ.
        let (low, high) = (users[range.lowerBound], users[range.upperBound - 1])
        let branch = 31 - (low ^ high).leadingZeroBitCount
        let middle = aligned(high, branch)
        let split = range.first { users[$0] >= middle }!
        let left = add(range.lowerBound..<split)
        let right = add(split..<range.upperBound)
        nodes.append(
            PlanNode(
                level: branch + 1, first: aligned(low, branch + 1), left: left, right: right,
                depth: 1 + max(depth(left), depth(right))))
        return .node(nodes.count - 1)
    }
}

/// The greatest multiple of 2^level that is at most `id`.
func aligned(_ id: UInt32, _ level: Int) -> UInt32 { (id >> UInt32(level)) << UInt32(level) }
