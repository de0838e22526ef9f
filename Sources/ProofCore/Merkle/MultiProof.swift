// Openings of many leaves of one tree (P12): the distinct leaves in ascending order, then, level by
// level from the leaves and ascending, the siblings that the verifier cannot compute itself.
// Nothing else is in the proof, and nothing may be missing.

import CKernels

/// What both sides know from the drawn indices alone: which leaves are opened and which siblings
/// must be sent.
package struct MultiProofPlan {
    package let height: Int
    /// The distinct indices, ascending.
    package let leaves: [Int]

    /// - Precondition: indices in 0..<2^height.
    package init(indices: [Int], height: Int) {
        self.height = height
        var distinct: [Int] = []
        for index in indices.sorted() where distinct.last != index {
            precondition(index >= 0 && index < 1 << height)
            distinct.append(index)
        }
        leaves = distinct
    }

    /// The nodes above `nodes`, and for each its children: both known, or one of them to be sent.
    static func parents(of nodes: [Int]) -> [(parent: Int, hasLeft: Bool, hasRight: Bool)] {
        var result: [(parent: Int, hasLeft: Bool, hasRight: Bool)] = []
        for node in nodes {
            if let last = result.last, last.parent == node >> 1 {
                result[result.count - 1].hasRight = true
            } else {
                result.append((node >> 1, node & 1 == 0, node & 1 == 1))
            }
        }
        return result
    }

    /// How many siblings are sent.
    package var siblingCount: Int {
        var nodes = leaves
        var count = 0
        for _ in 0..<height {
            let parents = MultiProofPlan.parents(of: nodes)
            count += parents.count { !($0.hasLeft && $0.hasRight) }
            nodes = parents.map(\.parent)
        }
        return count
    }
}

extension MerkleTree {
    /// P12 for this tree, prover's side: writes leaves and siblings, absorbs nothing.
    package func writeOpening(
        of matrix: CodewordMatrix, indices: [Int], to transcript: inout ProverTranscript
    ) {
        let plan = MultiProofPlan(indices: indices, height: height)
        for index in plan.leaves { transcript.write(.opening, matrix.column(index)) }
        var nodes = plan.leaves
        for level in 0..<height {
            let parents = MultiProofPlan.parents(of: nodes)
            for (parent, hasLeft, hasRight) in parents where !(hasLeft && hasRight) {
                let missing = 2 * parent + (hasLeft ? 1 : 0)
                transcript.write(.opening, digest(level: level, missing).limbs)
            }
            nodes = parents.map(\.parent)
        }
    }
}

/// The opened leaves of one tree, authenticated, with the whole of every path.
package struct TreeOpening {
    private let plan: MultiProofPlan
    private let leafLimbs: [[Field]]
    /// For each level, the known nodes ascending and, for each, its sibling.
    private let siblings: [[(node: Int, sibling: Digest)]]

    /// P12 for one tree, verifier's side.
    /// - Parameters:
    ///   - rows: limbs of a leaf, a multiple of 8, at least 16.
    ///   - round, tree: the place that an error names.
    /// - Throws: `.truncated`, `.nonCanonical` for P12; `.merkleRoot` when the leaves do not hash
    ///   to `root`.
    package init(
        from transcript: inout VerifierTranscript, indices: [Int], height: Int, rows: Int,
        root: Digest,
        round: Int, tree: Int
    ) throws(VerificationError) {
        plan = MultiProofPlan(indices: indices, height: height)
        var limbs: [[Field]] = []
        for _ in plan.leaves { limbs.append(try transcript.read(.opening, rows)) }
        leafLimbs = limbs
        var nodes = plan.leaves
        var digests = TreeOpening.hashLeaves(limbs, rows: rows)
        var levels: [[(node: Int, sibling: Digest)]] = []
        for _ in 0..<height {
            let parents = MultiProofPlan.parents(of: nodes)
            var children: [Digest] = []
            var known: [(node: Int, sibling: Digest)] = []
            var next = 0
            for (parent, hasLeft, hasRight) in parents {
                var pair: [Digest] = []
                for present in [hasLeft, hasRight] {
                    if present {
                        pair.append(digests[next])
                        next += 1
                    } else {
                        pair.append(Digest(try transcript.read(.opening, 8)))
                    }
                }
                if hasLeft { known.append((2 * parent, pair[1])) }
                if hasRight { known.append((2 * parent + 1, pair[0])) }
                children += pair
            }
            levels.append(known)
            nodes = parents.map(\.parent)
            digests = TreeOpening.compressPairs(children)
        }
        siblings = levels
        guard digests == [root] else { throw .merkleRoot(round: round, tree: tree) }
    }

    /// The limbs of an opened leaf. - Precondition: `index` is one of the indices.
    package func leaf(_ index: Int) -> [Field] {
        leafLimbs[TreeOpening.position(of: index, count: plan.leaves.count) { plan.leaves[$0] }]
    }

    /// The whole path of an opened leaf, from the leaf's level up. - Precondition: `index` is one
    /// of the indices.
    package func path(_ index: Int) -> [Digest] {
        siblings.enumerated().map { level, known in
            known[TreeOpening.position(of: index >> level, count: known.count) { known[$0].node }]
                .sibling
        }
    }

    private static func position(of node: Int, count: Int, _ at: (Int) -> Int) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if at(middle) < node { low = middle + 1 } else { high = middle }
        }
        precondition(low < count && at(low) == node, "the index was not opened")
        return low
    }

    /// All leaf digests in one kernel call: the leaves become the columns of a matrix.
    private static func hashLeaves(_ leaves: [[Field]], rows: Int) -> [Digest] {
        _ = Poseidon2.kernelsReady
        let count = leaves.count
        let matrix = BaseVector(count: rows * count)
        for (column, leaf) in leaves.enumerated() {
            for row in 0..<rows { matrix.words[row * count + column] = leaf[row].montgomery }
        }
        let digests = BaseVector(count: 8 * count)
        kb_hash_columns(matrix.words, count, rows, 0, count, digests.words)
        return (0..<count).map { digest(digests, $0) }
    }

    private static func compressPairs(_ children: [Digest]) -> [Digest] {
        let count = children.count / 2
        let input = BaseVector(count: 16 * count)
        for (i, child) in children.enumerated() {
            for limb in 0..<8 { input.words[8 * i + limb] = child[limb].montgomery }
        }
        let parents = BaseVector(count: 8 * count)
        kb_compress_layer(input.words, parents.words, count)
        return (0..<count).map { digest(parents, $0) }
    }

    private static func digest(_ words: BaseVector, _ index: Int) -> Digest {
        var result = Digest.zero
        for limb in 0..<8 { result[limb] = Field(montgomery: words.words[8 * index + limb]) }
        return result
    }
}
