// The Merkle tree of a codeword matrix: leaf i is the hash of column i, a node is compress(left,
// right) (PROTOCOL.md section 2).

import CKernels

/// A row-major matrix of base-field words whose columns are the leaves of a tree.
///
/// Rows are padded by a cache line: rows a power of two apart would share their cache sets.
package final class CodewordMatrix: Sendable {
    package let rows: Int
    package let columns: Int
    let stride: Int
    let storage: BaseVector

    /// - Parameter rows: a multiple of 8, at least 16. The words are undefined until written.
    package init(rows: Int, columns: Int) {
        precondition(rows >= 16 && rows % 8 == 0 && columns >= 1)
        self.rows = rows
        self.columns = columns
        stride = columns + 16
        storage = BaseVector(count: rows * stride, zeroed: false)
    }

    package func row(_ i: Int) -> UnsafeMutablePointer<UInt32> { storage.words + i * stride }

    /// Column `index`, rows in order.
    package func column(_ index: Int) -> [Field] {
        precondition(index >= 0 && index < columns)
        return (0..<rows).map { Field(montgomery: storage.words[$0 * stride + index]) }
    }
}

/// All digests of a tree with 2^height leaves.
package final class MerkleTree: Sendable {
    package let height: Int
    /// Level 0 holds the leaves, level `height` the root; eight words a digest.
    private let levels: [BaseVector]

    /// Hashes the columns of `matrix`, 2^height of them, and everything above.
    package init(_ matrix: CodewordMatrix, height: Int, pool: Pool) {
        precondition(matrix.columns == 1 << height)
        _ = Poseidon2.kernelsReady
        self.height = height
        let leaves = BaseVector(count: 8 << height, zeroed: false)
        pool.forEachRange(1 << height, grain: 256) { range in
            kb_hash_columns(
                matrix.storage.words, matrix.stride, matrix.rows, range.lowerBound, range.count,
                leaves.words + 8 * range.lowerBound)
        }
        var levels = [leaves]
        for level in Swift.stride(from: height - 1, through: 0, by: -1) {
            levels.append(
                MerkleTree.parents(of: levels[levels.count - 1], count: 1 << level, pool: pool))
        }
        self.levels = levels
    }

    private static func parents(of children: BaseVector, count: Int, pool: Pool) -> BaseVector {
        let parents = BaseVector(count: 8 * count, zeroed: false)
        pool.forEachRange(count, grain: 512) { range in
            kb_compress_layer(
                children.words + 16 * range.lowerBound, parents.words + 8 * range.lowerBound,
                range.count)
        }
        return parents
    }

    package var root: Digest { digest(level: height, 0) }

    /// - Precondition: 0 ≤ level ≤ height, 0 ≤ index < 2^(height − level).
    package func digest(level: Int, _ index: Int) -> Digest {
        let words = levels[level].words + 8 * index
        precondition(8 * index < levels[level].count)
        return Digest((0..<8).map { Field(montgomery: words[$0]) })
    }

    /// The siblings on the way from leaf `index` to the root, from the leaf's level up.
    package func path(_ index: Int) -> [Digest] {
        (0..<height).map { digest(level: $0, (index >> $0) ^ 1) }
    }
}
