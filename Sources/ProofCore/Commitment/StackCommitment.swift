// Committing: a polynomial's values, laid out as rows, are each taken as the coefficients of a
// polynomial and evaluated on the round's domain; the tree hashes the columns (PROTOCOL.md section
// 6, base code).

import CKernels
import Synchronization

/// Powers of roots of unity for the transforms, kept for the life of the process: at most 25
/// tables.
enum Twiddles {
    private static let tables = Mutex<[Int: BaseVector]>([:])

    /// ω_h^0 … ω_h^(2^(h−1) − 1). - Precondition: 1 ≤ h ≤ 24.
    static func table(_ h: Int) -> BaseVector {
        tables.withLock { tables in
            if let table = tables[h] { return table }
            let root = Field.rootOfUnity(h)
            let table = BaseVector(count: 1 << (h - 1), zeroed: false)
            table[0] = .one
            var known = 1
            while known < table.count {
                let step = root.power(UInt64(known))
                for i in 0..<known { table[known + i] = table[i] * step }
                known *= 2
            }
            tables[h] = table
            return table
        }
    }
}

/// The codeword of a matrix of rows and its tree.
final class Codeword: Sendable {
    let matrix: CodewordMatrix
    let tree: MerkleTree

    /// - Parameters:
    ///   - rows: rows of base-field words to encode: a multiple of 8, at least 16.
    ///   - rowVariables: log2 of a row's length. - rateBits: log2 of the inverse rate.
    ///   - row: where row i starts; 2^rowVariables words.
    init(
        rows: Int, rowVariables: Int, rateBits: Int, pool: Pool,
        row: @Sendable (Int) -> UnsafePointer<UInt32>
    ) {
        let height = rowVariables + rateBits
        precondition(height <= Field.twoAdicity)
        let twiddles = Twiddles.table(height)
        let matrix = CodewordMatrix(rows: rows, columns: 1 << height)
        pool.forEach(rows) { i in
            kb_lde(row(i), UInt32(rowVariables), UInt32(rateBits), twiddles.words, matrix.row(i))
        }
        self.matrix = matrix
        tree = MerkleTree(matrix, height: height, pool: pool)
    }

    /// Rows of extension elements: five base rows each, limb 0 first. `values` holds
    /// 2^rows·2^rowVariables of them.
    convenience init(_ values: ExtensionVector, rowVariables: Int, rateBits: Int, pool: Pool) {
        let rows = values.count >> rowVariables
        self.init(rows: 5 * rows, rowVariables: rowVariables, rateBits: rateBits, pool: pool) { i in
            UnsafePointer(values.words + (i % 5) * values.stride + ((i / 5) << rowVariables))
        }
    }

    func writeOpening(_ indices: [Int], to transcript: inout ProverTranscript) {
        tree.writeOpening(of: matrix, indices: indices, to: &transcript)
    }
}

/// A stack of columns, committed.
public final class StackCommitment: Sendable {
    /// log2 of the number of cells.
    package let variables: Int
    /// log2 of the length of a row: w, the same for both stacks of a circuit.
    package let rowVariables: Int
    package let rateBits: Int
    /// 2^variables cells. Not to be written after the commitment.
    package let cells: BaseVector
    let codeword: Codeword

    /// - Parameters:
    ///   - cells: a power of two of them, at least 16 rows.
    ///   - rowVariables: `OpeningParameters.rowVariables`. - rateBits: of the first code.
    /// - Complexity: 2^rateBits·cells words encoded and hashed.
    package init(cells: BaseVector, rowVariables: Int, rateBits: Int, pool: Pool) {
        precondition(cells.count & (cells.count - 1) == 0 && cells.count >= 16 << rowVariables)
        variables = cells.count.trailingZeroBitCount
        self.rowVariables = rowVariables
        self.rateBits = rateBits
        self.cells = cells
        codeword = Codeword(
            rows: cells.count >> rowVariables, rowVariables: rowVariables, rateBits: rateBits,
            pool: pool
        ) { i in UnsafePointer(cells.words + (i << rowVariables)) }
    }

    public var root: Digest { codeword.tree.root }

    var rows: Int { cells.count >> rowVariables }

    /// Where row u starts; nil beyond the last, where the polynomial is zero.
    func row(_ u: Int) -> UnsafePointer<UInt32>? {
        u < rows ? UnsafePointer(cells.words + (u << rowVariables)) : nil
    }
}
