// A finished circuit: its shape, its preprocessed cells, and the program that makes a witness from an input.

/// A circuit of one shape. Immutable; make one with `CircuitBuilder.build`.
public final class Circuit: Sendable {
    public let name: String
    public let shape: Shape
    /// Rows in use by each chip, in chip order.
    public let rowCounts: [Int]
    /// Rows by named part: the operation counter.
    public let counts: [(scope: String, rows: [Int])]
    /// Limbs that a witness input must have.
    public let inputLimbs: Int
    /// The preprocessed stack, 2^m Montgomery words.
    package let preprocessed: [UInt32]
    let program: WitnessProgram

    init(
        name: String, shape: Shape, rowCounts: [Int], counts: [(scope: String, rows: [Int])],
        inputLimbs: Int, preprocessed: [UInt32], program: WitnessProgram
    ) {
        self.name = name
        self.shape = shape
        self.rowCounts = rowCounts
        self.counts = counts
        self.inputLimbs = inputLimbs
        self.preprocessed = preprocessed
        self.program = program
    }
}

extension CircuitBuilder {
    /// Rows so far, by chip.
    public var rowCounts: [Int] { rows.map(\.count) }

    /// The smallest heights that hold the rows so far (with the statement's row).
    public var minimalHeights: [Int] {
        var counts = rowCounts
        counts[ChipKind.limbs.rawValue] += 1
        return counts.map { max(Shape.minimalHeight, ceilLog2($0)) }
    }

    /// Fixes the circuit.
    /// - Parameter shape: heights to pad to; nil takes the smallest.
    /// - Throws: `CircuitError` when a table has more rows than the shape allows, or the statement was not set.
    public func build(shape requested: Shape? = nil) throws -> Circuit {
        guard statementWire >= 0 else {
            throw CircuitError("circuit \(name): expected a statement, none was set")
        }
        let shape = try requested ?? Shape(heights: minimalHeights)
        let own = rows
        defer { rows = own }  // a builder can build again
        // The statement's row: a copy of the digest at address 1.
        row(.limbs, [Self.statementPort, statementWire] + [Int32](repeating: -1, count: 10))
        for kind in ChipKind.allCases where rows[kind.rawValue].count > shape.rows(kind) {
            throw CircuitError(
                "circuit \(name): table \(kind.name) needs \(rows[kind.rawValue].count) rows, the shape allows \(shape.rows(kind))"
            )
        }
        return Circuit(
            name: name, shape: shape, rowCounts: rowCounts, counts: counts, inputLimbs: inputLimbs,
            preprocessed: preprocessedCells(shape), program: WitnessProgram(self, shape: shape))
    }

    /// Stands for address 1 in a list of ports.
    static let statementPort: Int32 = -2

    private func preprocessedCells(_ shape: Shape) -> [UInt32] {
        var uses = [Int32](repeating: 0, count: wireOffset.count)
        for list in rows {
            for port in list.ports where port >= 0 { uses[Int(root(port))] += 1 }
        }
        var seen = [Bool](repeating: false, count: wireOffset.count)
        var cells = [UInt32](repeating: 0, count: 1 << shape.preprocessedVariables)
        let layout = shape.preprocessedLayout
        let minusOne = (-Field.one).montgomery
        for kind in ChipKind.allCases {
            let chip = Chip[kind]
            let list = rows[kind.rawValue]
            let portCount = chip.ports.count
            for r in 0..<list.count {
                for c in 0..<chip.namedCount {
                    cells[layout.offset(kind, column: c, shape: shape) + r] =
                        list.named[r * chip.namedCount + c].montgomery
                }
                for k in 0..<portCount {
                    let port = list.ports[r * portCount + k]
                    let address =
                        layout.offset(kind, column: chip.addressColumn(port: k), shape: shape) + r
                    let multiplicity =
                        layout.offset(kind, column: chip.multiplicityColumn(port: k), shape: shape)
                        + r
                    if port == Self.statementPort {
                        cells[address] = Field(Self.statementAddress).montgomery
                        cells[multiplicity] = minusOne
                    } else if port >= 0 {
                        let wire = Int(root(port))
                        // An address that only one port touches binds nothing: it stays off the bus.
                        guard uses[wire] > 1 else { continue }
                        cells[address] = Field(wire + Self.firstAddress).montgomery
                        cells[multiplicity] =
                            seen[wire] ? minusOne : Field(Int(uses[wire]) - 1).montgomery
                        seen[wire] = true
                    }
                }
            }
        }
        return cells
    }
}
