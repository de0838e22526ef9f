// Filling the tables: each row's columns follow from the values of the wires at its ports.

/// The witness stack of one proof: 2^n Montgomery words.
public struct Witness: Sendable {
    package let cells: BaseVector
}

extension Circuit {
    /// Runs the witness program on an input of `inputLimbs` limbs and fills the tables.
    /// - Throws: `WitnessError`.
    public func witness(input: [Field]) throws -> Witness {
        try witness(input: input, pool: Pool(threads: 1))
    }

    package func witness(input: [Field], pool: Pool) throws -> Witness {
        let values = try program.values(input: input)
        let cells = BaseVector(count: 1 << shape.witnessVariables)
        values.withUnsafeBufferPointer { values in
            TableFiller(program: program, values: values.baseAddress!, cells: cells.words).fill(
                pool)
        }
        return Witness(cells: cells)
    }
}

// SAFETY: rows are filled by disjoint ranges; cells of different rows are different words.
private struct TableFiller: @unchecked Sendable {
    let program: WitnessProgram
    let values: UnsafePointer<UInt32>
    let cells: UnsafeMutablePointer<UInt32>

    func fill(_ pool: Pool) {
        let layout = program.shape.witnessLayout
        for kind in ChipKind.allCases where Chip[kind].witnessCount > 0 {
            let height = program.shape.rows(kind)
            nonisolated(unsafe) let base = cells + layout.offsets[kind.rawValue]
            let used = program.rows[kind.rawValue].count
            let blocks = height / Self.block
            let tasks = min(blocks, 64)
            pool.forEach(tasks) { i in
                fillBlocks(
                    kind, (blocks * i / tasks)..<(blocks * (i + 1) / tasks), used: used, base,
                    height)
            }
        }
    }

    /// Rows filled together: a cache line of each column. Columns are a power of two apart, so written row by row they would share a cache set.
    private static let block = 16

    private func fillBlocks(
        _ kind: ChipKind, _ blocks: Range<Int>, used: Int, _ base: UnsafeMutablePointer<UInt32>,
        _ height: Int
    ) {
        let columns = Chip[kind].witnessCount
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: columns * Self.block) { scratch in
            let rows = scratch.baseAddress!
            for block in blocks {
                let first = block * Self.block
                // A block of nothing but padding is like the one before it.
                if first < used + Self.block || block == blocks.lowerBound {
                    scratch.update(repeating: 0)
                    for r in 0..<Self.block {
                        if first + r < used {
                            fillRow(kind, first + r, rows + r, Self.block)
                        } else {
                            fillPadding(kind, rows + r, Self.block)
                        }
                    }
                }
                for column in 0..<columns {
                    (base + column * height + first).update(
                        from: rows + column * Self.block, count: Self.block)
                }
            }
        }
    }

    private func wire(_ kind: ChipKind, _ row: Int, _ port: Int) -> UnsafePointer<UInt32>? {
        let id = program.rows[kind.rawValue].ports[row * Chip[kind].ports.count + port]
        return id >= 0 ? values + Int(program.offset[Int(id)]) : nil
    }

    /// Copies `count` words of a port's wire to columns from `column`; zeros where there is no wire.
    private func copy(
        _ kind: ChipKind, _ row: Int, port: Int, _ count: Int, _ to: UnsafeMutablePointer<UInt32>,
        _ height: Int, column: Int
    ) {
        guard let from = wire(kind, row, port) else { return }
        for i in 0..<count { to[(column + i) * height] = from[i] }
    }

    private func fillPadding(_ kind: ChipKind, _ to: UnsafeMutablePointer<UInt32>, _ height: Int) {
        switch kind {
        case .poseidon: poseidon(to, height)
        case .index: for c in 31..<34 { to[c * height] = Field.one.montgomery }
        default: break
        }
    }

    private func fillRow(
        _ kind: ChipKind, _ row: Int, _ to: UnsafeMutablePointer<UInt32>, _ height: Int
    ) {
        switch kind {
        case .poseidon: poseidonRow(row, to, height)
        case .mulAdd:
            for port in 0..<3 { copy(kind, row, port: port, 5, to, height, column: 5 * port) }
        case .dot:
            copy(kind, row, port: 0, 40, to, height, column: 0)
            for lane in 0..<4 {
                copy(kind, row, port: 1 + lane, 8, to, height, column: 40 + 13 * lane)
                copy(kind, row, port: 5 + lane, 5, to, height, column: 48 + 13 * lane)
            }
        case .power: powerRow(row, to, height)
        case .index: indexRow(row, to, height)
        case .pack:
            for port in 0..<8 { copy(kind, row, port: port, 5, to, height, column: 5 * port) }
        case .limbs:
            copy(kind, row, port: 1, 8, to, height, column: 0)
            copy(kind, row, port: 2, 1, to, height, column: 8)
            copy(kind, row, port: 0, 9, to, height, column: 0)
        case .select:
            copy(kind, row, port: 0, 1, to, height, column: 0)
            copy(kind, row, port: 1, 8, to, height, column: 1)
            copy(kind, row, port: 2, 8, to, height, column: 9)
        case .constant: break
        }
    }

    private func poseidonRow(_ row: Int, _ to: UnsafeMutablePointer<UInt32>, _ height: Int) {
        let list = program.rows[ChipKind.poseidon.rawValue]
        var (left, right) = (0, 8)
        if list.bitWire[row] >= 0 {
            let value = Field(montgomery: values[Int(program.offset[Int(list.bitWire[row])])])
                .canonical
            if value >> UInt32(list.bitLevel[row]) & 1 == 1 {
                swap(&left, &right)
                to[PoseidonColumns.bit * height] = Field.one.montgomery
            }
            if let current = wire(.poseidon, row, 0) {
                to[PoseidonColumns.index * height] = current[8]
            }
        }
        copy(.poseidon, row, port: 0, 8, to, height, column: left)
        copy(.poseidon, row, port: 1, 8, to, height, column: right)
        poseidon(to, height)
    }

    /// The committed intermediate states of the permutation of the row's input.
    private func poseidon(_ to: UnsafeMutablePointer<UInt32>, _ height: Int) {
        let constants = Poseidon2.constants
        withUnsafeTemporaryAllocation(of: Field.self, capacity: 16) { s in
            for i in 0..<16 { s[i] = Field(montgomery: to[i * height]) }
            func rounds(_ k: [Field], _ first: Int) {
                for r in first..<(first + 2) {
                    for i in 0..<16 {
                        let x = s[i] + k[16 * r + i]
                        s[i] = x * x * x
                    }
                    externalLayer(s)
                }
            }
            func commit(_ column: Int) {
                for i in 0..<16 { to[(column + i) * height] = s[i].montgomery }
            }
            externalLayer(s)
            rounds(constants.externalInitial, 0)
            commit(PoseidonColumns.a)
            rounds(constants.externalInitial, 2)
            commit(PoseidonColumns.b)
            for r in 0..<20 {
                let x = s[0] + constants.partial[r]
                s[0] = x * x * x
                to[(PoseidonColumns.partial + r) * height] = s[0].montgomery
                var sum = s[0]
                for i in 1..<16 { sum += s[i] }
                for i in 0..<16 { s[i] = sum + constants.diagonal[i] * s[i] }
            }
            rounds(constants.externalFinal, 0)
            commit(PoseidonColumns.d)
        }
    }

    private func externalLayer(_ s: UnsafeMutableBufferPointer<Field>) {
        for g in stride(from: 0, to: 16, by: 4) {
            let (x0, x1, x2, x3) = (s[g], s[g + 1], s[g + 2], s[g + 3])
            let sum = x0 + x1 + x2 + x3
            s[g] = sum + x0 + x1 + x1
            s[g + 1] = sum + x1 + x2 + x2
            s[g + 2] = sum + x2 + x3 + x3
            s[g + 3] = sum + x3 + x0 + x0
        }
        for i in 0..<4 {
            let sum = s[i] + s[4 + i] + s[8 + i] + s[12 + i]
            for g in stride(from: 0, to: 16, by: 4) { s[g + i] += sum }
        }
    }

    private func powerRow(_ row: Int, _ to: UnsafeMutablePointer<UInt32>, _ height: Int) {
        copy(.power, row, port: 1, 40, to, height, column: 0)
        guard let start = wire(.power, row, 0) else { return }
        var acc = Extension(limbs: (0..<5).map { Field(montgomery: start[$0]) })
        var z = Field(montgomery: start[5])
        for i in 0..<5 { to[(48 + i) * height] = start[i] }
        for j in 0..<8 {
            to[(40 + j) * height] = z.montgomery
            if j < 4 {
                let r = Extension(
                    limbs: (0..<5).map { Field(montgomery: to[(5 * j + $0) * height]) })
                acc += acc * r * (z - .one)
            }
            z *= z
        }
        for i in 0..<5 { to[(53 + i) * height] = acc[i].montgomery }
    }

    private func indexRow(_ row: Int, _ to: UnsafeMutablePointer<UInt32>, _ height: Int) {
        guard let value = wire(.index, row, 0) else { return }
        let word = Field(montgomery: value[0]).canonical
        let named = program.rows[ChipKind.index.rawValue].named
        var product = Field.one
        for j in 0..<31 {
            let bit = word >> UInt32(j) & 1
            to[j * height] = Field(bit).montgomery
            if j < 16 {
                let masked = j < 8 || named[row * 12 + j - 8] == .one
                if bit == 1 && masked { product *= Field.rootOfUnity(j + 1) }
                if j == 7 || j == 11 || j == 15 {
                    to[(31 + (j - 7) / 4) * height] = product.montgomery
                }
            }
        }
    }
}
