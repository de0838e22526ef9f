// Tables of eq(z, ·) over the hypercube (PROTOCOL.md section 1: variable 1 is the most significant
// bit).

import CKernels

/// For a point z = (z_1 … z_n): the tables of eq((z_{j+1} … z_n), ·) for every j, from one pass of
/// doublings that starts at the last variable. All of them together are twice the size of the
/// largest.
package final class EqTables: Sendable {
    package let point: [Extension]
    private let tables: [ExtensionVector]

    /// - Complexity: one extension multiplication an entry of the largest table, and as many for
    ///   all the others.
    package init(_ point: [Extension], pool: Pool? = nil) {
        self.point = point
        var tables = [ExtensionVector([.one])]
        for z in point.reversed() {
            tables.append(EqTables.doubled(tables[tables.count - 1], by: z, pool: pool))
        }
        self.tables = tables
    }

    /// The table of eq of the last `count` coordinates: 2^count entries.
    /// - Precondition: 0 ≤ count ≤ point.count.
    package func last(_ count: Int) -> ExtensionVector { tables[count] }

    /// The table of eq(z_{j+1} … z_n): what is left when the first j variables are bound. 2^(n−j)
    /// entries.
    package func after(_ j: Int) -> ExtensionVector { tables[point.count - j] }

    /// `e` with one variable more, as the most significant: (1−z)·e, then z·e.
    private static func doubled(_ e: ExtensionVector, by z: Extension, pool: Pool?)
        -> ExtensionVector
    {
        let n = e.count
        let result = ExtensionVector(count: 2 * n, zeroed: false)
        guard let pool, pool.threads > 1, n >= 1 << 12 else {
            z.withWords { kb_eq_double(e.words, e.stride, n, $0, result.words, result.stride) }
            return result
        }
        pool.forEachRange(n, grain: 1 << 11) { range in
            let from = e.words + range.lowerBound
            let low = result.words + range.lowerBound
            let high = low + n
            z.withWords { kb_ext_scale($0, from, e.stride, high, result.stride, range.count) }
            for limb in 0..<5 {
                kb_sub(
                    from + limb * e.stride, high + limb * result.stride, low + limb * result.stride,
                    range.count)
            }
        }
        return result
    }

    /// The table of eq(point, ·) alone.
    package static func table(_ point: [Extension], pool: Pool? = nil) -> ExtensionVector {
        EqTables(point, pool: pool).after(0)
    }
}

/// eq(a, b) for two points. - Precondition: of the same length.
package func eq(_ a: some Collection<Extension>, _ b: some Collection<Extension>) -> Extension {
    precondition(a.count == b.count)
    return zip(a, b).reduce(.one) { product, pair in
        let (x, y) = pair
        let both: Extension = x * y
        return product * (both + both - x - y + Field.one)
    }
}

/// eq(bits, point), `bits` the binary digits of a number, most significant first, as many as the
/// point has coordinates.
package func eq(bits: Int, _ point: some Collection<Extension>) -> Extension {
    var shift = point.count
    return point.reduce(.one) { product, z in
        shift -= 1
        return product * ((bits >> shift) & 1 == 1 ? z : Extension.one - z)
    }
}
