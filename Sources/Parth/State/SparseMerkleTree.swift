// Sparse Merkle trees: only nodes that differ from the empty tree are stored; empty subtrees have known digests.

import ProofCore

/// Digests of empty subtrees by level; the empty leaf is zero.
public enum EmptySubtree {
    private static let digests: [Digest] = {
        var all = [Digest.zero]
        for level in 1...SparseMerkleTree.maximalHeight {
            all.append(Poseidon2.compress(all[level - 1], all[level - 1]))
        }
        return all
    }()

    public static func digest(level: Int) -> Digest { digests[level] }
}

/// A change of one leaf with everything needed to check it.
public struct DeltaMerkleProof: Hashable, Sendable {
    public let index: UInt64
    /// From the leaf's level up.
    public let siblings: [Digest]
    public let oldValue: Digest
    public let newValue: Digest
    public let oldRoot: Digest
    public let newRoot: Digest

    package init(
        index: UInt64, siblings: [Digest], oldValue: Digest, newValue: Digest, oldRoot: Digest,
        newRoot: Digest
    ) {
        self.index = index
        self.siblings = siblings
        self.oldValue = oldValue
        self.newValue = newValue
        self.oldRoot = oldRoot
        self.newRoot = newRoot
    }

    /// Both roots follow from the values, the index and the same siblings.
    public var isValid: Bool {
        guard siblings.count < 64, index >> UInt64(siblings.count) == 0 else { return false }
        return merkleRoot(leaf: oldValue, index: index, siblings: siblings) == oldRoot
            && merkleRoot(leaf: newValue, index: index, siblings: siblings) == newRoot
    }
}

/// The root that a leaf at `index` and its siblings, from the leaf's level up, lead to.
public func merkleRoot(leaf: Digest, index: UInt64, siblings: some Sequence<Digest>) -> Digest {
    var digest = leaf
    var position = index
    for sibling in siblings {
        digest =
            position & 1 == 0
            ? Poseidon2.compress(digest, sibling) : Poseidon2.compress(sibling, digest)
        position >>= 1
    }
    return digest
}

/// A tree of `height` levels over 2^height leaves. A value: a copy is a snapshot.
public struct SparseMerkleTree: Sendable {
    public static let maximalHeight = 40

    public let height: Int
    /// Non-empty nodes by level, leaves at 0.
    private var levels: [[UInt64: Digest]]

    /// - Precondition: 1 ≤ height ≤ 40.
    public init(height: Int) {
        precondition((1...Self.maximalHeight).contains(height))
        self.height = height
        levels = [[UInt64: Digest]](repeating: [:], count: height + 1)
    }

    public var root: Digest { node(level: height, 0) }

    public func node(level: Int, _ index: UInt64) -> Digest {
        levels[level][index] ?? EmptySubtree.digest(level: level)
    }

    public subscript(index: UInt64) -> Digest { node(level: 0, index) }

    /// Siblings of the path from (level, index) up to, not including, `top`.
    public func siblings(level: Int = 0, _ index: UInt64, top: Int? = nil) -> [Digest] {
        (level..<(top ?? height)).map { node(level: $0, (index >> UInt64($0 - level)) ^ 1) }
    }

    /// Sets one leaf.
    /// - Precondition: index < 2^height.
    @discardableResult
    public mutating func set(_ index: UInt64, _ value: Digest) -> DeltaMerkleProof {
        precondition(index >> UInt64(height) == 0, "leaf \(index) in a tree of height \(height)")
        let (oldRoot, oldValue, path) = (root, self[index], siblings(index))
        store(0, index, value)
        var digest = value
        for level in 0..<height {
            let position = index >> UInt64(level)
            digest =
                position & 1 == 0
                ? Poseidon2.compress(digest, path[level]) : Poseidon2.compress(path[level], digest)
            store(level + 1, position >> 1, digest)
        }
        return DeltaMerkleProof(
            index: index, siblings: path, oldValue: oldValue, newValue: value, oldRoot: oldRoot,
            newRoot: digest)
    }

    private mutating func store(_ level: Int, _ index: UInt64, _ digest: Digest) {
        levels[level][index] = digest == EmptySubtree.digest(level: level) ? nil : digest
    }
}
