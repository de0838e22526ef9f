// The gadgets that every circuit is made of: one row each, or a few.

extension CircuitBuilder {
    // MARK: Arithmetic in E

    /// a·b + c
    public func mulAdd(_ a: ExtTarget, _ b: ExtTarget, _ c: ExtTarget) -> ExtTarget {
        let out = newElement()
        operate(.mulAdd, [a.wire, b.wire, c.wire, out.wire])
        row(.mulAdd, [a.wire, b.wire, c.wire, out.wire])
        return out
    }

    /// c − a·b: the row is a·b + out = c.
    public func mulSubtract(from c: ExtTarget, _ a: ExtTarget, _ b: ExtTarget) -> ExtTarget {
        let out = newElement()
        operate(.solve, [a.wire, b.wire, c.wire, out.wire])
        row(.mulAdd, [a.wire, b.wire, out.wire, c.wire])
        return out
    }

    public func add(_ a: ExtTarget, _ b: ExtTarget) -> ExtTarget { mulAdd(a, one, b) }
    public func subtract(_ a: ExtTarget, _ b: ExtTarget) -> ExtTarget {
        mulSubtract(from: a, b, one)
    }
    public func multiply(_ a: ExtTarget, _ b: ExtTarget) -> ExtTarget { mulAdd(a, b, zero) }

    /// a^−1, which exists: the row is a·out + 0 = 1.
    public func inverse(_ a: ExtTarget) -> ExtTarget {
        let out = newElement()
        operate(.inverse, [a.wire, out.wire])
        row(.mulAdd, [a.wire, out.wire, zero.wire, one.wire])
        return out
    }

    public func assertNonZero(_ a: ExtTarget) { _ = inverse(a) }
    public func assertZero(_ a: ExtTarget) { connect(a, zero) }

    /// a·b + c = d
    public func assertMulAdd(_ a: ExtTarget, _ b: ExtTarget, _ c: ExtTarget, equals d: ExtTarget) {
        operate(.checkMulAdd, [a.wire, b.wire, c.wire, d.wire])
        row(.mulAdd, [a.wire, b.wire, c.wire, d.wire])
    }

    /// low + t·(high − low)
    public func interpolate(_ low: ExtTarget, _ high: ExtTarget, _ t: ExtTarget) -> ExtTarget {
        mulAdd(subtract(high, low), t, low)
    }

    /// Σ coefficients[i]·x^i
    public func horner(_ coefficients: [ExtTarget], _ x: ExtTarget) -> ExtTarget {
        coefficients.dropLast().reversed().reduce(coefficients.last!) { mulAdd($0, x, $1) }
    }

    public func sum(_ terms: [ExtTarget]) -> ExtTarget {
        guard let first = terms.first else { return zero }
        return terms.dropFirst().reduce(first) { add($0, $1) }
    }

    // MARK: Hashing

    /// One permutation of left ‖ right: both halves of the output.
    package func permute(_ left: DigestTarget, _ right: DigestTarget) -> (
        left: DigestTarget, right: DigestTarget
    ) {
        let (l, r) = (newPlainDigest(), newPlainDigest())
        operate(.permute, [left.wire, right.wire, l.wire, r.wire])
        row(.poseidon, [left.wire, right.wire, l.wire, r.wire], named: [0, 0, 0])
        return (l, r)
    }

    public func compress(_ left: DigestTarget, _ right: DigestTarget) -> DigestTarget {
        let out = newPlainDigest()
        operate(.compress, [left.wire, right.wire, out.wire])
        row(.poseidon, [left.wire, right.wire, out.wire, -1], named: [0, 0, 1])
        return out
    }

    /// `Poseidon2.leaf` of at least two blocks.
    package func leafHash(_ blocks: [DigestTarget]) -> DigestTarget {
        blocks.dropFirst().reduce(blocks[0]) { compress($0, $1) }
    }

    /// `Poseidon2.hash(tag, …)` of `count` limbs given as zero-padded blocks.
    public func hash(tag: Int, blocks: [DigestTarget], count: Int) -> DigestTarget {
        precondition(blocks.count == max(1, (count + 7) / 8))
        var limbs = [Field](repeating: .zero, count: 8)
        limbs[0] = Field(count)
        limbs[1] = Field(tag)
        var right = constant(Digest(limbs))
        var left = right
        for block in blocks { (left, right) = permute(block, right) }
        return left
    }

    /// One level of a Merkle path: compress(current, sibling), swapped where bit `level` of `index` is set.
    /// The result carries the index so far; at the top, `split` compares it.
    package func pathStep(
        _ current: DigestTarget, sibling: DigestTarget, index: ExtTarget, level: Int
    ) -> DigestTarget {
        let out = newDigest()
        operate(.pathStep, [current.wire, sibling.wire, index.wire, out.wire], auxiliary: level)
        row(
            .poseidon, [current.wire, sibling.wire, out.wire, -1],
            named: [1, Field(UInt64(1) << UInt64(level)), 1], bitWire: index.wire, level: level)
        return out
    }

    /// The root that `leaf` at `index` and the siblings (from the leaf up) lead to. The index is bound: it is below 2^siblings.
    /// - Precondition: at most 30 siblings, at least one.
    public func merkleRoot(leaf: DigestTarget, index: ExtTarget, siblings: [DigestTarget])
        -> DigestTarget
    {
        precondition((1...30).contains(siblings.count))
        assertPlain(leaf)  // or its ninth element would be an offset of the index
        var current = leaf
        for (level, sibling) in siblings.enumerated() {
            current = pathStep(current, sibling: sibling, index: index, level: level)
        }
        let top = newPlainDigest()
        operate(.splitDigest, [current.wire, top.wire, index.wire])
        row(.limbs, [current.wire, top.wire, index.wire, -1] + [Int32](repeating: -1, count: 8))
        return top
    }

    // MARK: Conversions

    /// The first five elements of a digest as an extension element.
    package func element(of digest: DigestTarget) -> ExtTarget {
        let out = newElement()
        operate(.unpackBlocks, [digest.wire, out.wire], auxiliary: 5)
        row(.limbs, [-1, digest.wire, -1, out.wire] + [Int32](repeating: -1, count: 8))
        return out
    }

    /// The elements of a digest one by one (as many as asked for).
    public func limbs(of digest: DigestTarget, count: Int = 8) -> [ExtTarget] {
        let out = (0..<count).map { _ in newElement() }
        operate(.unpackBlocks, [digest.wire] + out.map(\.wire), auxiliary: 1)
        row(
            .limbs,
            [-1, digest.wire, -1, -1] + out.map(\.wire) + [Int32](repeating: -1, count: 8 - count))
        return out
    }

    /// A digest of up to eight base elements, zero padded.
    public func digest(ofBase elements: [ExtTarget]) -> DigestTarget {
        precondition(elements.count <= 8)
        let padded = elements + [ExtTarget](repeating: zero, count: 8 - elements.count)
        let out = newPlainDigest()
        operate(.joinDigest, padded.map(\.wire) + [out.wire])
        row(.limbs, [-1, out.wire, -1, -1] + padded.map(\.wire))
        return out
    }

    /// Extension elements concatenated, zero padded, as blocks of eight: ⌈5·count/8⌉ of them.
    public func blocks(of elements: [ExtTarget]) -> [DigestTarget] {
        var result: [DigestTarget] = []
        for start in stride(from: 0, to: elements.count, by: 8) {
            let group = Array(elements[start..<min(start + 8, elements.count)])
            let blockCount = (5 * group.count + 7) / 8
            let touched = (8 * blockCount + 4) / 5
            let padded = group + [ExtTarget](repeating: zero, count: touched - group.count)
            let out = (0..<blockCount).map { _ in newPlainDigest() }
            let elementPorts = padded.map(\.wire) + [Int32](repeating: -1, count: 8 - padded.count)
            let blockPorts = out.map(\.wire) + [Int32](repeating: -1, count: 5 - blockCount)
            operate(.packElements, elementPorts + blockPorts + [-1])
            row(.pack, elementPorts + blockPorts + [-1])
            result += out
        }
        return result
    }

    /// Eight extension elements (zero padded) as one block of forty limbs.
    package func block(of elements: [ExtTarget]) -> BlockTarget {
        precondition(elements.count <= 8)
        let padded = elements + [ExtTarget](repeating: zero, count: 8 - elements.count)
        let out = BlockTarget(wire: wire(size: 40))
        let ports = padded.map(\.wire) + [Int32](repeating: -1, count: 5) + [out.wire]
        operate(.packElements, ports)
        row(.pack, ports)
        return out
    }

    /// s = 0: x, s = 1: y. s is forced to be a bit.
    public func select(_ s: ExtTarget, _ x: DigestTarget, _ y: DigestTarget) -> DigestTarget {
        let out = newPlainDigest()
        operate(.checkBit, [s.wire])
        operate(.select, [s.wire, x.wire, y.wire, out.wire])
        row(.select, [s.wire, x.wire, y.wire, out.wire])
        return out
    }

    public func assertBit(_ s: ExtTarget) {
        operate(.checkBit, [s.wire])
        row(.select, [s.wire, -1, -1, -1])
    }

    /// Bit `level` of a base value, as a hint: the caller constrains it.
    public func bitHint(of value: ExtTarget, level: Int) -> ExtTarget {
        let out = newElement()
        operate(.bit, [value.wire, out.wire], auxiliary: level)
        return out
    }

    /// `value` as `count` bits, least significant first; forces value < 2^count.
    /// - Precondition: count ≤ 30 (so that the sum cannot wrap).
    public func bits(of value: ExtTarget, count: Int) -> [ExtTarget] {
        precondition((1...30).contains(count))
        let bits = (0..<count).map { bitHint(of: value, level: $0) }
        bits.forEach(assertBit)
        let two = constant(Field(2))
        var sum = bits[count - 1]
        for i in stride(from: count - 2, through: 0, by: -1) { sum = mulAdd(sum, two, bits[i]) }
        connect(sum, value)
        return bits
    }

    // MARK: Rows of the recursive verifier

    /// The low `bits` bits of a base element as an index, and (1, z) with z = ω^(bitreverse(index)) to start a Power chain.
    /// - Precondition: 8 ≤ bits ≤ 20.
    package func index(of value: ExtTarget, bits: Int) -> (index: ExtTarget, point: PowerTarget) {
        precondition((8...20).contains(bits))
        let out = newElement()
        let point = PowerTarget(wire: wire(size: 6))
        operate(.index, [value.wire, point.wire, out.wire], auxiliary: bits)
        row(.index, [value.wire, point.wire, out.wire], named: (8..<20).map { $0 < bits ? 1 : 0 })
        return (out, point)
    }

    /// pow_z at a point whose coordinates are given as blocks of eight, the **last** coordinate first, zero padded.
    package func power(_ start: PowerTarget, _ coordinates: [BlockTarget]) -> ExtTarget {
        var current = start.wire
        for (i, block) in coordinates.enumerated() {
            let last = i == coordinates.count - 1
            let out = last ? newElement().wire : wire(size: 6)
            operate(.power, [current, block.wire, out], auxiliary: last ? 0 : 1)
            row(.power, [current, block.wire, out], named: [last ? 0 : 1])
            current = out
        }
        return ExtTarget(wire: current)
    }

    /// For up to four lanes: Σ_i weights[i]·values[lane][i], where each value block has eight base elements and each weight
    /// block the eight extension elements that they meet.
    package func dot(_ weights: [BlockTarget], _ lanes: [[DigestTarget]]) -> [ExtTarget] {
        precondition(
            (1...4).contains(lanes.count) && lanes.allSatisfy { $0.count == weights.count })
        var accumulators = [ExtTarget](repeating: zero, count: lanes.count)
        for (i, weight) in weights.enumerated() {
            let out = lanes.map { _ in newElement() }
            func padded(_ wires: [Int32]) -> [Int32] {
                wires + [Int32](repeating: -1, count: 4 - wires.count)
            }
            let ports =
                [weight.wire] + padded(lanes.map { $0[i].wire }) + padded(accumulators.map(\.wire))
                + padded(out.map(\.wire))
            operate(.dot, ports)
            row(.dot, ports)
            accumulators = out
        }
        return accumulators
    }
}
