// Rows of every chip: valid ones at random, and for each constraint one that breaks it alone.

import ProofCore

/// One row: witness columns and named preprocessed columns.
struct ChipRow {
    let chip: Chip
    var witness: [Field]
    var named: [Field]

    private var nodes: [Field] {
        var arithmetic = FieldArithmetic()
        return chip.evaluate(&arithmetic, witness: witness[...], preprocessed: named[...])
    }

    /// Zero in a valid row.
    var constraints: [Field] {
        let values = nodes
        return chip.constraints.map { values[$0] }
    }

    /// Numbers of the constraints that do not hold.
    var broken: [Int] { constraints.enumerated().filter { $0.element != .zero }.map(\.offset) }

    var ports: [[Field]] {
        let values = nodes
        return chip.ports.map { $0.map { values[$0] } }
    }

    /// (column, constraint) where the constraint is column − expression of columns before it, in order of evaluation.
    static func definitions(_ kind: ChipKind) -> [(column: Int, constraint: Int)] {
        switch kind {
        case .poseidon: (0..<68).map { (16 + $0, $0) }
        case .power: (0..<7).map { (41 + $0, $0) } + (0..<5).map { (53 + $0, 7 + $0) }
        case .index: (0..<3).map { (31 + $0, 32 + $0) }
        case .mulAdd, .dot, .pack, .limbs, .select, .constant: []
        }
    }

    /// Makes every defined column what its constraint says, but one.
    mutating func repair(except left: Int? = nil) {
        let all = ChipRow.definitions(chip.kind)
        // A column's definition needs only columns before it; runs of independent ones share an evaluation.
        var done = 0
        while done < all.count {
            let values = constraints
            var next = done
            while next < all.count, next == done || ChipRow.independent(chip.kind, next) {
                if all[next].column != left {
                    witness[all[next].column] -= values[all[next].constraint]
                }
                next += 1
            }
            done = next
        }
    }

    /// Whether definition i does not depend on definition i − 1.
    private static func independent(_ kind: ChipKind, _ i: Int) -> Bool {
        switch kind {
        case .poseidon: !(i == 16 || (32...52).contains(i))
        case .power: i > 7
        default: false
        }
    }

    /// A valid row at random.
    static func valid(_ kind: ChipKind, named: [Field], random: inout RandomElements) -> ChipRow {
        let chip = Chip[kind]
        var row = ChipRow(
            chip: chip, witness: (0..<chip.witnessCount).map { _ in random.field() }, named: named)
        switch kind {
        case .poseidon:
            row.witness[PoseidonColumns.bit] =
                named[0] == .one ? Field(random.index(below: 2)) : .zero
        case .index:
            let word = random.field().canonical
            for j in 0..<31 { row.witness[j] = Field(word >> UInt32(j) & 1) }
        case .select: row.witness[0] = Field(random.index(below: 2))
        case .mulAdd, .dot, .power, .pack, .limbs, .constant: break
        }
        row.repair()
        return row
    }

    /// A valid row changed so that constraint `j` is broken, and no other.
    /// - Parameter named: the preprocessed values; see `namedToBreak`.
    static func breaking(_ kind: ChipKind, _ j: Int, named: [Field], random: inout RandomElements)
        -> ChipRow
    {
        var row = valid(kind, named: named, random: &random)
        if let definition = definitions(kind).first(where: { $0.constraint == j }) {
            row.witness[definition.column] += .one
            row.repair(except: definition.column)
            return row
        }
        switch (kind, j) {
        case (.poseidon, 68): row.witness[PoseidonColumns.bit] = 2  // in a Merkle step
        case (.poseidon, 69): row.witness[PoseidonColumns.bit] = 1  // in no Merkle step
        case (.index, 0..<31):
            for i in 0..<31 { row.witness[i] = i == j ? 2 : 0 }
        case (.index, 31):
            for i in 0..<31 { row.witness[i] = i >= 24 || i == 3 ? 1 : 0 }
        case (.select, 0): row.witness[0] = 2
        default: preconditionFailure("no row breaks constraint \(j) of \(kind.name)")
        }
        row.repair()
        return row
    }

    /// The named columns with which constraint `j` can be broken alone: those of a padding row where that is possible.
    static func namedToBreak(_ kind: ChipKind, _ j: Int) -> [Field] {
        if kind == .poseidon && j == 68 { return [1, 1, 1] }
        return [Field](repeating: .zero, count: Chip[kind].namedCount)
    }

    /// All constraints of all chips.
    static let allConstraints: [(ChipKind, Int)] = ChipKind.allCases.flatMap { kind in
        Chip[kind].constraints.indices.map { (kind, $0) }
    }

    static let allPorts: [(ChipKind, Int)] = ChipKind.allCases.flatMap { kind in
        Chip[kind].ports.indices.map { (kind, $0) }
    }
}
