// The claims that an opening settles, as weights over F: for the prover by rows, for the verifier
// at one point.

/// "The column at `offset` of its stack has this value at the last `height` coordinates of the
/// point."
package struct ColumnClaim: Sendable, Equatable {
    /// In cells; a multiple of 2^height.
    package let offset: Int
    /// log2 of the column's length.
    package let height: Int
    package let value: Extension

    package init(offset: Int, height: Int, value: Extension) {
        self.offset = offset
        self.height = height
        self.value = value
    }

    /// Whether the column lies in a stack of 2^variables cells and the point has coordinates
    /// enough.
    func fits(variables: Int, pointCount: Int) -> Bool {
        height >= 0 && height <= pointCount && height <= variables && offset >= 0
            && offset & ((1 << height) - 1) == 0 && offset >> variables == 0
            && (offset + (1 << height) - 1) >> variables == 0
    }
}

/// A column's weight inside one row of F: coefficient · eq(last `height` coordinates of the point,
/// ·) from `start` on.
struct WeightPiece: Sendable {
    let start: Int
    let height: Int
    let coefficient: Extension
}

/// The weights of all columns, row by row: W(u, x) without the out-of-domain part.
struct RowWeights: Sendable {
    /// Tables of eq of the last coordinates, up to a row's length.
    let tables: EqTables
    /// `pieces[tree][row]`, tree 0 the witness.
    let pieces: [[[WeightPiece]]]

    /// Claim i, witness claims first, has coefficient gamma^i. A column longer than a row is one
    /// piece a row: eq of the leading coordinates goes into the coefficient.
    init(
        claims: [[ColumnClaim]], rows: [Int], rowVariables w: Int, point: [Extension],
        gamma: Extension, pool: Pool
    ) {
        tables = EqTables(Array(point.suffix(w)), pool: pool)
        var power = Extension.one
        var pieces: [[[WeightPiece]]] = []
        for (claims, rowCount) in zip(claims, rows) {
            var tree = [[WeightPiece]](repeating: [], count: rowCount)
            for claim in claims {
                if claim.height <= w {
                    tree[claim.offset >> w].append(
                        WeightPiece(
                            start: claim.offset & ((1 << w) - 1), height: claim.height,
                            coefficient: power))
                } else {
                    let leading = EqTables.table(
                        Array(point.suffix(claim.height).prefix(claim.height - w)))
                    for q in 0..<leading.count {
                        tree[(claim.offset >> w) + q].append(
                            WeightPiece(
                                start: 0, height: w, coefficient: power * leading[q]))
                    }
                }
                power *= gamma
            }
            pieces.append(tree)
        }
        self.pieces = pieces
    }
}

/// The weights of all columns at one point of F's domain, the verifier's side.
/// - Parameters:
///   - claims: witness claims, and preprocessed claims if there are two stacks. - point: of the columns.
///   - at: n coordinates, or n + 1 for two stacks: the first of them chooses the stack.
/// - Complexity: for each claim one product, and one for each row-index bit that differs from the
///   claim before.
func columnWeights(
    _ claims: [[ColumnClaim]], point: [Extension], gamma: Extension, at full: [Extension]
) -> Extension {
    let hasTwo = claims.count == 2
    let inner = full.dropFirst(hasTwo ? 1 : 0)
    // suffixEq[h] = eq(last h coordinates of the point, last h of `at`)
    var suffixEq = [Extension.one]
    for (r, x) in zip(point.reversed(), inner.reversed()) {
        suffixEq.append(suffixEq[suffixEq.count - 1] * eq([r], [x]))
    }
    var total = Extension.zero
    var power = Extension.one
    for (claims, selector) in zip(
        claims, hasTwo ? [Extension.one - full[0], full[0]] : [Extension.one])
    {
        var sum = Extension.zero
        for claim in claims {
            let position = eq(bits: claim.offset >> claim.height, inner.dropLast(claim.height))
            sum += power * position * suffixEq[claim.height]
            power *= gamma
        }
        total += selector * sum
    }
    return total
}
