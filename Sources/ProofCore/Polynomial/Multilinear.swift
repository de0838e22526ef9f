// Multilinear polynomials by their values on the hypercube: evaluation, binding the most
// significant variable, powers.

import CKernels

extension BaseVector {
    /// Binds the most significant variable: `f'(x) = f(0, x) + r·(f(1, x) − f(0, x))`, half as
    /// long.
    /// - Precondition: an even count.
    package func folded(at r: Extension, pool: Pool? = nil) -> ExtensionVector {
        precondition(count >= 2 && count % 2 == 0)
        let n = count / 2
        let result = ExtensionVector(count: n, zeroed: false)
        // One range is one kernel call; several ranges need halves that lie apart, which this
        // kernel does not take.
        if let pool, pool.threads > 1, n >= 1 << 13 {
            pool.forEachRange(n, grain: 1 << 12) { range in
                self.foldRange(range, at: r, into: result)
            }
        } else {
            r.withWords { kb_fold_base(words, n, $0, result.words, result.stride) }
        }
        return result
    }

    private func foldRange(_ range: Range<Int>, at r: Extension, into result: ExtensionVector) {
        let n = count / 2
        let at = range.lowerBound
        let out = result.words + at
        // f0 + r(f1 − f0) = (1−r)·f0 + r·f1
        for limb in 0..<5 { (out + limb * result.stride).update(repeating: 0, count: range.count) }
        (Extension.one - r).withWords {
            kb_base_scale_add($0, words + at, out, result.stride, range.count)
        }
        r.withWords { kb_base_scale_add($0, words + n + at, out, result.stride, range.count) }
    }

    /// The value at `point`, by the table of eq(point, ·).
    /// - Precondition: count = 2^point.count. Complexity: O(count), allocates the table.
    package func evaluate(at point: [Extension]) -> Extension {
        precondition(count == 1 << point.count)
        return dot(EqTables.table(point))
    }

    /// Σ_i self[i]·other[i]. - Precondition: equal counts.
    package func dot(_ other: ExtensionVector) -> Extension {
        precondition(count == other.count)
        return Extension { kb_base_ext_dot(words, other.words, other.stride, count, $0) }
    }
}

extension ExtensionVector {
    /// Binds the most significant variable, into a new vector half as long.
    /// - Precondition: an even count.
    package func folded(at r: Extension, pool: Pool? = nil) -> ExtensionVector {
        precondition(count >= 2 && count % 2 == 0)
        let n = count / 2
        let result = ExtensionVector(count: n, zeroed: false)
        guard let pool, pool.threads > 1, n >= 1 << 12 else {
            r.withWords { kb_fold_ext(words, stride, n, $0, result.words, result.stride) }
            return result
        }
        pool.forEachRange(n, grain: blockLength) { range in
            withBlockScratch(1) { difference in
                forEachBlock(range) { at, length in
                    let low = self.words + at
                    let out = result.words + at
                    self.subtractHalves(at, length, into: difference)
                    for limb in 0..<5 {
                        (out + limb * result.stride).update(
                            from: low + limb * self.stride, count: length)
                    }
                    r.withWords {
                        kb_ext_scale_add($0, difference, blockLength, out, result.stride, length)
                    }
                }
            }
        }
        return result
    }

    /// self[n + i] − self[i] for a block of i, as ext planes of stride `blockLength`.
    fileprivate func subtractHalves(
        _ at: Int, _ length: Int, into out: UnsafeMutablePointer<UInt32>
    ) {
        let low = words + at
        for limb in 0..<5 {
            kb_sub(
                low + count / 2 + limb * stride, low + limb * stride, out + limb * blockLength,
                length)
        }
    }

    /// The value at `point`. - Precondition: count = 2^point.count. Complexity: O(count), allocates
    /// the table.
    package func evaluate(at point: [Extension]) -> Extension {
        precondition(count == 1 << point.count)
        return dot(EqTables.table(point))
    }

    /// Σ_i self[i]·other[i]. - Precondition: equal counts.
    package func dot(_ other: ExtensionVector) -> Extension {
        precondition(count == other.count)
        return Extension { kb_ext_ext_dot(words, stride, other.words, other.stride, count, $0) }
    }

    /// (1, a, a², …, a^(count−1)).
    package static func powers(of a: Extension, count: Int) -> ExtensionVector {
        let result = ExtensionVector(count: count)
        Extension.one.withWords { one in
            a.withWords { kb_powers_add_ext(one, $0, result.words, result.stride, count) }
        }
        return result
    }
}

/// pow_a at a point: Π_j ((1−x_j) + x_j·a^(2^(m−j))), the multilinear extension of b ↦ a^b.
package func powersPolynomial(_ a: Extension, at point: some BidirectionalCollection<Extension>)
    -> Extension
{
    var power = a
    return point.reversed().reduce(.one) { product, x in
        defer { power *= power }
        return product * (x * (power - Field.one) + Field.one)
    }
}

/// pow_z at a point for z in F.
package func powersPolynomial(_ z: Field, at point: some BidirectionalCollection<Extension>)
    -> Extension
{
    var power = z
    return point.reversed().reduce(.one) { product, x in
        defer { power *= power }
        return product * (x * (power - Field.one) + Field.one)
    }
}

/// A round polynomial of degree two by its first and last coefficient; the middle one follows from
/// the claim.
struct QuadraticRound {
    let c0: Extension
    let c2: Extension

    /// c_0 + c_1·r + c_2·r², with c_1 = claim − 2c_0 − c_2: that is s(0) + s(1) = claim.
    func evaluate(at r: Extension, claim: Extension) -> Extension {
        let c1: Extension = claim - c0 - c0 - c2
        return (c2 * r + c1) * r + c0
    }
}

/// The round polynomial of Σ_b f(b)·w(b) in the most significant variable.
/// - Precondition: equal even counts. Complexity: two products an entry pair.
func productRound(_ f: ExtensionVector, _ w: ExtensionVector, pool: Pool) -> QuadraticRound {
    precondition(f.count == w.count && f.count % 2 == 0)
    let n = f.count / 2
    guard pool.threads > 1, n >= 1 << 12 else {
        let (c0, c2) = Extension.pair {
            kb_product_round_ext(f.words, f.stride, w.words, w.stride, n, $0, $1)
        }
        return QuadraticRound(c0: c0, c2: c2)
    }
    let sums = ExtensionVector(count: 2 * (n / blockLength + 1))
    pool.forEachRange(n, grain: blockLength) { range in
        withBlockScratch(2) { scratch in
            var c0 = Extension.zero
            var c2 = Extension.zero
            let df = scratch
            let dw = scratch + 5 * blockLength
            forEachBlock(range) { at, length in
                f.subtractHalves(at, length, into: df)
                w.subtractHalves(at, length, into: dw)
                c0 += Extension {
                    kb_ext_ext_dot(f.words + at, f.stride, w.words + at, w.stride, length, $0)
                }
                c2 += Extension { kb_ext_ext_dot(df, blockLength, dw, blockLength, length, $0) }
            }
            // SAFETY: every range starts at its own multiple of blockLength below n.
            sums[2 * (range.lowerBound / blockLength)] = c0
            sums[2 * (range.lowerBound / blockLength) + 1] = c2
        }
    }
    var (c0, c2) = (Extension.zero, Extension.zero)
    for i in stride(from: 0, to: sums.count, by: 2) {
        c0 += sums[i]
        c2 += sums[i + 1]
    }
    return QuadraticRound(c0: c0, c2: c2)
}

/// Blocks that stay in the first-level cache: five planes of this many words.
private let blockLength = 1 << 10

private func forEachBlock(_ range: Range<Int>, _ body: (_ at: Int, _ length: Int) -> Void) {
    var at = range.lowerBound
    while at < range.upperBound {
        body(at, min(blockLength, range.upperBound - at))
        at += blockLength
    }
}

/// Scratch for `blocks` blocks of extension elements, on the stack.
private func withBlockScratch(_ blocks: Int, _ body: (UnsafeMutablePointer<UInt32>) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: blocks * 5 * blockLength * 4, alignment: 64) {
        body($0.baseAddress!.bindMemory(to: UInt32.self, capacity: blocks * 5 * blockLength))
    }
}
