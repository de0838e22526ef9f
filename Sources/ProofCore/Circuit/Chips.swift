// The nine chips: columns, ports, constraints, as the table of PROTOCOL.md section 4 lists them.

extension Chip {
    /// One Poseidon2 permutation a row; a state is committed every two full rounds, and one cell per partial round.
    /// Rows with `path` = 1 are Merkle steps: `bit` swaps the two halves and is added to the index with its weight.
    static let poseidon = Chip(.poseidon, witness: PoseidonColumns.count, named: 3) { w, p, _ in
        typealias C = PoseidonColumns
        let input = Array(w[C.input..<(C.input + 16)])
        let a = Array(w[C.a..<(C.a + 16)])
        let b = Array(w[C.b..<(C.b + 16)])
        let partial = Array(w[C.partial..<(C.partial + 20)])
        let d = Array(w[C.d..<(C.d + 16)])
        let index = w[C.index]
        let bit = w[C.bit]
        let (path, weight, feed) = (p[0], p[1], p[2])
        let constants = Poseidon2.constants

        func fullRounds(_ s: [Expression], _ k: [Field], _ first: Int) -> [Expression] {
            var s = s
            for r in first..<(first + 2) {
                s = externalLayer((0..<16).map { cube(s[$0] + k[16 * r + $0]) })
            }
            return s
        }
        let a1 = fullRounds(externalLayer(input), constants.externalInitial, 0)
        let b1 = fullRounds(a, constants.externalInitial, 2)
        var s = b
        var partialConstraints: [Expression] = []
        for r in 0..<20 {
            partialConstraints.append(partial[r] - cube(s[0] + constants.partial[r]))
            s[0] = partial[r]
            let sum = sumOf(s)
            s = zip(s, constants.diagonal).map { x, v in sum + x * v }
        }
        let d1 = fullRounds(s, constants.externalFinal, 0)
        let out = fullRounds(d, constants.externalFinal, 2)

        let difference = (0..<8).map { input[8 + $0] - input[$0] }
        let swap = difference.map { bit * $0 }
        let ports: [[Expression]] = [
            (0..<8).map { input[$0] + swap[$0] } + [index],
            (0..<8).map { input[8 + $0] - swap[$0] },
            (0..<8).map { out[$0] + feed * input[$0] } + [path * index + weight * bit],
            Array(out[8...]),
        ]
        var constraints =
            zip(a, a1).map { $0 - $1 } + zip(b, b1).map { $0 - $1 } + partialConstraints
        constraints += zip(d, d1).map { $0 - $1 }
        constraints += [bit * bit - bit, bit - bit * path]
        return (ports, constraints)
    }

    /// x·y + z in E.
    static let mulAdd = Chip(.mulAdd, witness: 15, named: 0) { w, _, _ in
        let x = ExtensionExpression(w[0..<5])
        let y = ExtensionExpression(w[5..<10])
        let z = ExtensionExpression(w[10..<15])
        return ([x.limbs, y.limbs, z.limbs, (x * y + z).limbs], [])
    }

    /// Four inner products of eight base elements with the same eight extension elements, each onto an accumulator.
    static let dot = Chip(.dot, witness: 92, named: 0) { w, _, _ in
        let weights = (0..<8).map { ExtensionExpression(w[(5 * $0)..<(5 * $0 + 5)]) }
        let v = (0..<4).map { lane in Array(w[(40 + 13 * lane)..<(48 + 13 * lane)]) }
        let acc = (0..<4).map { lane in ExtensionExpression(w[(48 + 13 * lane)..<(53 + 13 * lane)])
        }
        let out = (0..<4).map { lane in
            zip(weights, v[lane]).reduce(acc[lane]) { $0 + $1.0 * $1.1 }
        }
        let shared: [[Expression]] = [Array(w[0..<40])]
        return (shared + v + acc.map(\.limbs) + out.map(\.limbs), [])
    }

    /// Eight factors of pow_z at a point: acc·Π_j (1 + r_j(z^(2^j) − 1)).
    static let power = Chip(.power, witness: 58, named: 1) { w, p, _ in
        let r = (0..<8).map { ExtensionExpression(w[(5 * $0)..<(5 * $0 + 5)]) }
        let z = Array(w[40..<48])
        let acc = ExtensionExpression(w[48..<53])
        let mid = ExtensionExpression(w[53..<58])
        func times(_ start: ExtensionExpression, _ range: Range<Int>) -> ExtensionExpression {
            range.reduce(start) { product, j in product + (product * r[j]) * (z[j] - Field.one) }
        }
        let squares = (0..<7).map { z[$0 + 1] - z[$0] * z[$0] }
        let half = (mid - times(acc, 0..<4)).limbs
        return (
            [
                acc.limbs + [z[0]], Array(w[0..<40]),
                times(mid, 4..<8).limbs + [p[0] * (z[7] * z[7])],
            ],
            squares + half
        )
    }

    /// A base element as 31 bits, its low h bits as an index, and the point of the 2^h domain that the index names.
    static let index = Chip(.index, witness: 34, named: 12) { w, m, constant in
        let b = Array(w[0..<31])
        let q = Array(w[31..<34])
        let value = sumOf((0..<31).map { b[$0] * Field(UInt64(1) << UInt64($0)) })
        let low = sumOf((0..<8).map { b[$0] * Field(1 << $0) })
        let masked = (8..<20).map { m[$0 - 8] * b[$0] }
        let index = low + sumOf((8..<20).map { masked[$0 - 8] * Field(1 << $0) })
        func factor(_ j: Int) -> Expression {
            let gamma = Field.rootOfUnity(24).power(UInt64(1) << UInt64(23 - j))
            return (j < 8 ? b[j] : masked[j - 8]) * (gamma - 1) + Field.one
        }
        func product(_ range: Range<Int>) -> Expression {
            range.dropFirst().reduce(factor(range.lowerBound)) { $0 * factor($1) }
        }
        let top = (25..<31).reduce(b[24]) { $0 * b[$1] }
        var constraints = b.map { $0 * $0 - $0 }
        constraints.append(top * sumOf(Array(b[0..<24])))
        constraints += [
            q[0] - product(0..<8), q[1] - q[0] * product(8..<12), q[2] - q[1] * product(12..<16),
        ]
        let zero = constant(.zero)
        return (
            [[value], [constant(.one), zero, zero, zero, zero, q[2] * product(16..<20)], [index]],
            constraints
        )
    }

    /// Forty limbs seen as eight extension elements, as five digests and as one block.
    static let pack = Chip(.pack, witness: 40, named: 0) { w, _, _ in
        let elements = (0..<8).map { Array(w[(5 * $0)..<(5 * $0 + 5)]) }
        let blocks = (0..<5).map { Array(w[(8 * $0)..<(8 * $0 + 8)]) }
        return (elements + blocks + [w], [])
    }

    /// A digest, its limbs one by one, its first five as an extension element, and joined with an index.
    static let limbs = Chip(.limbs, witness: 9, named: 0) { w, _, _ in
        ([w, Array(w[0..<8]), [w[8]], Array(w[0..<5])] + (0..<8).map { [w[$0]] }, [])
    }

    /// x where s = 0, y where s = 1, for digests.
    static let select = Chip(.select, witness: 17, named: 0) { w, _, _ in
        let s = w[0]
        let x = Array(w[1..<9])
        let y = Array(w[9..<17])
        let chosen = (0..<8).map { x[$0] + s * (y[$0] - x[$0]) }
        return ([[s], x, y, chosen], [s * s - s])
    }

    /// A preprocessed digest.
    static let constant = Chip(.constant, witness: 0, named: 8) { _, k, _ in ([k], []) }
}

/// Where the parts of a Poseidon row begin.
package enum PoseidonColumns {
    package static let input = 0
    package static let a = 16
    package static let b = 32
    package static let partial = 48
    package static let d = 68
    package static let index = 84
    package static let bit = 85
    package static let count = 86
}

private func cube(_ x: Expression) -> Expression { x * x * x }

private func sumOf(_ terms: [Expression]) -> Expression {
    terms.dropFirst().reduce(terms[0]) { $0 + $1 }
}

/// circ(2M4, M4, M4, M4) with few additions: M4 by its row sums.
private func externalLayer(_ s: [Expression]) -> [Expression] {
    var t: [Expression] = []
    for g in 0..<4 {
        let x = Array(s[(4 * g)..<(4 * g + 4)])
        // Rows 2 3 1 1 / 1 2 3 1 / 1 1 2 3 / 3 1 1 2 = sum + x_i + 2·x_(i+1).
        let sum = (x[0] + x[1]) + (x[2] + x[3])
        for i in 0..<4 {
            let next = x[(i + 1) % 4]
            t.append((sum + x[i]) + (next + next))
        }
    }
    let columns: [Expression] = (0..<4).map { i -> Expression in
        let left: Expression = t[i] + t[4 + i]
        let right: Expression = t[8 + i] + t[12 + i]
        return left + right
    }
    return (0..<16).map { t[$0] + columns[$0 % 4] }
}
