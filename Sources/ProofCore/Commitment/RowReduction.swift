// The first sum-check steps of round 0, on base-field rows.
//
// F is 2^7 rows of base-field cells (the witness rows, then the preprocessed rows, then zeros).
// While only row-index variables are bound, a round polynomial depends on the rows through the
// products Σ_x W_i(x)·F_k(x) alone. So for the first three variables nothing of the size of F is
// written: the 8×8 matrix of these products is computed once, with the weights taken from the eq
// tables of one row's length (which stay in cache), and folded. Then f and W are built at an eighth
// of their size.

import CKernels

/// Round 0's first `steps` variables. A *block* i is the value of those variables; a *class* u that
/// of the other row variables: row number (i, u) of F. Block indices below half are witness rows.
struct RowReduction {
    /// Three: each step doubles the products, and halves what is built after them; measured best at
    /// n = 21.
    static let steps = 3
    private static let blocks = 1 << steps

    let witness: StackCommitment
    let preprocessed: StackCommitment?
    let weights: RowWeights
    let outOfDomainWeight: Extension
    /// α^x for x in a row.
    let powers: ExtensionVector
    /// α^(2^w·i) for every row i of F.
    let rowPowers: [Extension]
    let pool: Pool

    private var w: Int { witness.rowVariables }
    /// Blocks of witness rows: half of them, or all where there is no second stack.
    private var witnessBlocks: Int { preprocessed == nil ? Self.blocks : Self.blocks / 2 }
    private var classes: Int { witness.rows / witnessBlocks }

    init(
        witness: StackCommitment, preprocessed: StackCommitment?, weights: RowWeights,
        outOfDomainPoint: Extension, outOfDomainWeight: Extension, pool: Pool
    ) {
        self.witness = witness
        self.preprocessed = preprocessed
        self.weights = weights
        self.outOfDomainWeight = outOfDomainWeight
        self.pool = pool
        let w = witness.rowVariables
        powers = ExtensionVector.powers(of: outOfDomainPoint, count: 1 << w)
        rowPowers = powersList(
            of: outOfDomainPoint.squared(times: w),
            count: (preprocessed == nil ? 1 : 2) * witness.rows)
    }

    /// Row (block, class) of F and its pieces of weight; nil for a zero row.
    private func row(_ block: Int, _ u: Int) -> (
        cells: UnsafePointer<UInt32>, pieces: [WeightPiece]
    )? {
        let tree = block < witnessBlocks ? 0 : 1
        let index = (block % witnessBlocks) * classes + u
        guard let cells = (tree == 0 ? witness : preprocessed)?.row(index) else { return nil }
        return (cells, weights.pieces[tree][index])
    }

    /// matrix[i][k] = Σ_u Σ_x W_(i,u)(x)·F_(k,u)(x)
    func products() -> [[Extension]] {
        let blocks = Self.blocks
        let partial = ExtensionVector(count: classes * blocks * blocks)
        pool.forEach(classes) { u in
            let rows = (0..<blocks).map { row($0, u) }
            for k in 0..<blocks {
                guard let cells = rows[k]?.cells else { continue }
                let powersSum = Extension {
                    kb_base_ext_dot(cells, powers.words, powers.stride, powers.count, $0)
                }
                let scaled: Extension = powersSum * outOfDomainWeight
                for i in 0..<blocks {
                    // The out-of-domain weight is nowhere zero: also rows in which F is zero have
                    // it.
                    var sum: Extension = scaled * rowPowers[i * classes + u]
                    for piece in rows[i]?.pieces ?? [] {
                        let table = weights.tables.last(piece.height)
                        sum +=
                            piece.coefficient
                            * Extension {
                                kb_base_ext_dot(
                                    cells + piece.start, table.words, table.stride, table.count, $0)
                            }
                    }
                    partial[(u * blocks + i) * blocks + k] = sum
                }
            }
        }
        return (0..<blocks).map { i in
            (0..<blocks).map { k in
                (0..<classes).reduce(Extension.zero) {
                    $0 + partial[($1 * blocks + i) * blocks + k]
                }
            }
        }
    }

    /// The round polynomial in the most significant block variable.
    static func round(_ matrix: [[Extension]]) -> QuadraticRound {
        let half = matrix.count / 2
        var (c0, c2) = (Extension.zero, Extension.zero)
        for i in 0..<half {
            c0 += matrix[i][i]
            c2 +=
                matrix[i][i] + matrix[half + i][half + i] - matrix[i][half + i]
                - matrix[half + i][i]
        }
        return QuadraticRound(c0: c0, c2: c2)
    }

    /// The matrix when that variable is bound to r, in both its arguments.
    static func bound(_ matrix: [[Extension]], at r: Extension) -> [[Extension]] {
        let half = matrix.count / 2
        func mix(_ a: Extension, _ b: Extension) -> Extension { a + r * (b - a) }
        return (0..<half).map { i in
            (0..<half).map { k in
                mix(
                    mix(matrix[i][k], matrix[i][half + k]),
                    mix(matrix[half + i][k], matrix[half + i][half + k]))
            }
        }
    }

    /// f and W with the block variables bound to `challenges`: rows of all classes.
    func reduced(at challenges: [Extension]) -> (f: ExtensionVector, w: ExtensionVector) {
        let coefficients = EqTables.table(challenges).elements
        let length = 1 << w
        let f = ExtensionVector(count: classes * length)
        let weight = ExtensionVector(count: classes * length, zeroed: false)
        pool.forEach(classes) { u in
            let fRow = f.words + u * length
            let weightRow = weight.words + u * length
            let tail = (0..<coefficients.count).reduce(Extension.zero) {
                $0 + coefficients[$1] * rowPowers[$1 * classes + u]
            }
            (tail * outOfDomainWeight).withWords {
                kb_ext_scale($0, powers.words, powers.stride, weightRow, weight.stride, length)
            }
            for (i, coefficient) in coefficients.enumerated() {
                guard let (cells, pieces) = row(i, u) else { continue }
                coefficient.withWords { kb_base_scale_add($0, cells, fRow, f.stride, length) }
                for piece in pieces {
                    let table = weights.tables.last(piece.height)
                    (piece.coefficient * coefficient).withWords {
                        kb_ext_scale_add(
                            $0, table.words, table.stride, weightRow + piece.start, weight.stride,
                            table.count)
                    }
                }
            }
        }
        return (f, weight)
    }
}

/// (1, a, a², …)
func powersList(of a: Extension, count: Int) -> [Extension] {
    var power = Extension.one
    return (0..<count).map { _ in
        defer { power *= a }
        return power
    }
}
