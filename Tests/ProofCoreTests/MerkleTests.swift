// Merkle trees and pruned openings against their definitions.

import ProofCore
import Testing

@Suite struct MerkleTests {
    private func matrix(rows: Int, height: Int, seed: UInt64) -> CodewordMatrix {
        var random = RandomElements(seed: seed)
        let matrix = CodewordMatrix(rows: rows, columns: 1 << height)
        for r in 0..<rows {
            for c in 0..<matrix.columns { matrix.row(r)[c] = random.field().montgomery }
        }
        return matrix
    }

    @Test(arguments: [(16, 0), (16, 1), (40, 3), (64, 5), (160, 9)])
    func root_is_its_definition(rows: Int, height: Int) {
        let matrix = matrix(rows: rows, height: height, seed: 1)
        let tree = MerkleTree(matrix, height: height, pool: Pool(threads: 2))
        var level = (0..<matrix.columns).map { leafDigest(matrix.column($0)) }
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map {
                Poseidon2.compress(level[$0], level[$0 + 1])
            }
        }
        #expect(tree.root == level[0])
    }

    private func opened(_ tree: MerkleTree, _ matrix: CodewordMatrix, _ indices: [Int]) -> [UInt8] {
        var transcript = ProverTranscript()
        tree.writeOpening(of: matrix, indices: indices, to: &transcript)
        return transcript.proof
    }

    private func opening(
        _ proof: [UInt8], _ tree: MerkleTree, _ matrix: CodewordMatrix, _ indices: [Int]
    ) throws(VerificationError) -> TreeOpening {
        var transcript = VerifierTranscript(proof: proof)
        let opening = try TreeOpening(
            from: &transcript, indices: indices, height: tree.height, rows: matrix.rows,
            root: tree.root, round: 3,
            tree: 1)
        try transcript.finish()
        return opening
    }

    private static let indexSets: [[Int]] = [
        [0], [63], [5, 5, 5], [0, 1], [1, 2], [31, 32], [63, 0, 17, 17, 16, 40], Array(0..<64),
        Array((0..<64).reversed()),
    ]

    @Test(arguments: indexSets)
    func opening_gives_leaves_and_whole_paths(_ indices: [Int]) throws {
        let matrix = matrix(rows: 40, height: 6, seed: 2)
        let tree = MerkleTree(matrix, height: 6, pool: Pool(threads: 1))
        let opening = try opening(opened(tree, matrix, indices), tree, matrix, indices)
        for index in indices {
            #expect(opening.leaf(index) == matrix.column(index))
            #expect(opening.path(index) == tree.path(index))
        }
    }

    /// A sibling is sent exactly when none of the opened leaves is below it, and one is below its
    /// parent.
    @Test(arguments: indexSets)
    func opening_holds_nothing_else(_ indices: [Int]) {
        let matrix = matrix(rows: 16, height: 6, seed: 3)
        let tree = MerkleTree(matrix, height: 6, pool: Pool(threads: 1))
        var siblings = 0
        for level in 0..<6 {
            let known = Set(indices.map { $0 >> level })
            siblings += Set(known.map { $0 ^ 1 }).subtracting(known).count
        }
        #expect(opened(tree, matrix, indices).count == 4 * (16 * Set(indices).count + 8 * siblings))
        #expect(MultiProofPlan(indices: indices, height: 6).siblingCount == siblings)
    }

    @Test func rejects_every_tampered_word() {
        let indices = [9, 2, 3, 60, 9]
        let matrix = matrix(rows: 16, height: 6, seed: 4)
        let tree = MerkleTree(matrix, height: 6, pool: Pool(threads: 1))
        let proof = opened(tree, matrix, indices)
        for position in stride(from: 0, to: proof.count, by: 4) {
            #expect(throws: VerificationError.merkleRoot(round: 3, tree: 1)) {
                try opening(proof.tampered(at: position), tree, matrix, indices)
            }
        }
    }

    @Test func rejects_leaves_of_other_indices() {
        let matrix = matrix(rows: 16, height: 6, seed: 5)
        let tree = MerkleTree(matrix, height: 6, pool: Pool(threads: 1))
        #expect(throws: VerificationError.merkleRoot(round: 3, tree: 1)) {
            try opening(opened(tree, matrix, [8, 20]), tree, matrix, [9, 20])
        }
    }
}
