// The sparse tree against the full tree that it stands for.

import Parth
import ProofCore
import Testing

/// All 2^height leaves, hashed up by definition.
private struct FullTree {
    var leaves: [Digest]
    init(height: Int) { leaves = [Digest](repeating: .zero, count: 1 << height) }

    /// levels[l][i]
    var levels: [[Digest]] {
        var all = [leaves]
        while all.last!.count > 1 {
            let below = all.last!
            all.append(
                (0..<(below.count / 2)).map { Poseidon2.compress(below[2 * $0], below[2 * $0 + 1]) }
            )
        }
        return all
    }
}

@Suite struct SparseMerkleTreeTests {
    @Test(arguments: [1, 2, 5]) func agrees_with_the_full_tree_after_every_update(_ height: Int) {
        var random = Random(seed: UInt64(height))
        var tree = SparseMerkleTree(height: height)
        var full = FullTree(height: height)
        #expect(tree.root == full.levels.last![0])
        for step in 0..<40 {
            let index = random.index(below: 1 << height)
            // Now and then a leaf is emptied.
            let value = step % 5 == 4 ? Digest.zero : random.digest()
            let before = full.levels
            full.leaves[index] = value
            let after = full.levels
            let delta = tree.set(UInt64(index), value)
            #expect(delta.oldRoot == before[height][0] && delta.newRoot == after[height][0])
            #expect(delta.oldValue == before[0][index] && delta.newValue == value)
            #expect(delta.isValid)
            for (level, nodes) in after.enumerated() {
                for (i, node) in nodes.enumerated() {
                    #expect(tree.node(level: level, UInt64(i)) == node)
                }
            }
        }
    }

    @Test func siblings_are_the_full_trees() {
        var random = Random(seed: 9)
        var tree = SparseMerkleTree(height: 5)
        var full = FullTree(height: 5)
        for i in 0..<32 where i % 3 == 0 {
            full.leaves[i] = random.digest()
            tree.set(UInt64(i), full.leaves[i])
        }
        let levels = full.levels
        for level in 0..<5 {
            for i in 0..<(32 >> level) {
                for top in level...5 {
                    let expected = (level..<top).map { levels[$0][(i >> ($0 - level)) ^ 1] }
                    let siblings = tree.siblings(level: level, UInt64(i), top: top)
                    #expect(siblings == expected)
                    #expect(
                        merkleRoot(
                            leaf: levels[level][i], index: UInt64(i), siblings: siblings.prefix(0))
                            == levels[level][i])
                    let root = merkleRoot(
                        leaf: levels[level][i], index: UInt64(i & ((1 << (top - level)) - 1)),
                        siblings: siblings)
                    #expect(root == levels[top][i >> (top - level)])
                }
            }
        }
    }

    @Test func empty_subtrees_hash_two_of_the_level_below() {
        #expect(EmptySubtree.digest(level: 0) == .zero)
        for level in 1...SparseMerkleTree.maximalHeight {
            let below = EmptySubtree.digest(level: level - 1)
            #expect(EmptySubtree.digest(level: level) == Poseidon2.compress(below, below))
        }
        for height in [1, 30, 40] {
            #expect(SparseMerkleTree(height: height).root == EmptySubtree.digest(level: height))
        }
    }

    @Test func emptied_tree_is_the_empty_tree() {
        var random = Random(seed: 3)
        var tree = SparseMerkleTree(height: 30)
        let indices: [UInt64] = [0, 1, (1 << 30) - 1, 77]
        for i in indices { tree.set(i, random.digest()) }
        #expect(tree.root != EmptySubtree.digest(level: 30))
        for i in indices.reversed() { tree.set(i, .zero) }
        #expect(tree.root == EmptySubtree.digest(level: 30))
    }

    @Test func order_of_updates_does_not_matter() {
        var random = Random(seed: 4)
        let updates = (0..<8).map { _ in (UInt64(random.index(below: 1 << 30)), random.digest()) }
        var (forward, backward) = (SparseMerkleTree(height: 30), SparseMerkleTree(height: 30))
        for (i, value) in updates { forward.set(i, value) }
        for (i, value) in updates.reversed() { backward.set(i, value) }
        #expect(forward.root == backward.root)
    }

    @Test func snapshots_are_independent() {
        var random = Random(seed: 5)
        var tree = SparseMerkleTree(height: 20)
        tree.set(11, random.digest())
        let snapshot = tree
        let (root, leaf, path) = (tree.root, tree[11], tree.siblings(12))
        tree.set(11, random.digest())
        tree.set(12, random.digest())
        #expect(snapshot.root == root && snapshot[11] == leaf && snapshot.siblings(12) == path)
        #expect(snapshot[12] == .zero)
        #expect(tree.root != root)
    }

    // MARK: delta proofs

    private func delta() -> DeltaMerkleProof {
        var random = Random(seed: 6)
        var tree = SparseMerkleTree(height: 10)
        for i in 0..<20 as Range<UInt64> { tree.set(i * 37 % 1024, random.digest()) }
        return tree.set(513, random.digest())
    }

    private func changed(
        index: UInt64? = nil, siblings: [Digest]? = nil, oldValue: Digest? = nil,
        newValue: Digest? = nil, oldRoot: Digest? = nil,
        newRoot: Digest? = nil
    ) -> DeltaMerkleProof {
        let d = delta()
        return DeltaMerkleProof(
            index: index ?? d.index, siblings: siblings ?? d.siblings,
            oldValue: oldValue ?? d.oldValue,
            newValue: newValue ?? d.newValue, oldRoot: oldRoot ?? d.oldRoot,
            newRoot: newRoot ?? d.newRoot)
    }

    @Test func delta_proof_is_valid() { #expect(delta().isValid) }

    @Test func rejects_delta_proof_with_tampered_sibling() {
        for level in 0..<10 {
            var siblings = delta().siblings
            siblings[level] = siblings[level].changed(level % 8)
            #expect(!changed(siblings: siblings).isValid)
        }
    }

    @Test func rejects_delta_proof_with_tampered_index() {
        for bit in 0..<64 as Range<UInt64> { #expect(!changed(index: 513 ^ (1 << bit)).isValid) }
    }

    @Test func rejects_delta_proof_with_tampered_values() {
        let d = delta()
        #expect(!changed(oldValue: d.oldValue.changed()).isValid)
        #expect(!changed(newValue: d.newValue.changed()).isValid)
        #expect(!changed(oldValue: d.newValue, newValue: d.oldValue).isValid)
    }

    @Test func rejects_delta_proof_with_tampered_roots() {
        let d = delta()
        #expect(!changed(oldRoot: d.oldRoot.changed()).isValid)
        #expect(!changed(newRoot: d.newRoot.changed()).isValid)
    }

    @Test func rejects_delta_proof_of_another_length() {
        #expect(!changed(siblings: Array(delta().siblings.dropLast())).isValid)
        #expect(!changed(siblings: delta().siblings + [.zero]).isValid)
        #expect(!changed(siblings: [Digest](repeating: .zero, count: 64)).isValid)
    }

    @Test func leaf_outside_the_tree_is_a_bug() async {
        await #expect(processExitsWith: .failure) {
            var tree = SparseMerkleTree(height: 3)
            tree.set(8, .zero)
        }
    }
}
