// The shape of a circuit: its table heights, from which the stacks, the bus and all parameters follow.

/// Table heights (log2 of rows) and the security parameters; everything else is computed from it.
/// Two circuits of one shape differ only in their preprocessed columns: one recursive verifier takes both.
public struct Shape: Hashable, Sendable {
    public static let minimalHeight = 4
    public static let maximalHeight = 20

    /// In chip order.
    public let heights: [Int]
    /// Security target in bits: every soundness term is at least this.
    public let targetBits: Int
    /// log2 of the inverse rate of the first code.
    public let rateBits: Int
    /// Whether proofs leave the claim on the preprocessed columns to whoever verifies them (PROTOCOL.md section 9.1), instead of opening it.
    public let deferred: Bool

    /// - Throws: `ShapeError` when a height is out of range or the stacks do not fit.
    public init(heights: [Int], targetBits: Int = 104, rateBits: Int = 2, deferred: Bool = false)
        throws(ShapeError)
    {
        guard heights.count == ChipKind.allCases.count else {
            throw .init("expected \(ChipKind.allCases.count) table heights, got \(heights.count)")
        }
        for (kind, h) in zip(ChipKind.allCases, heights)
        where !(Shape.minimalHeight...Shape.maximalHeight).contains(h) {
            throw .init("table \(kind.name): expected a height in 4...20, got \(h)")
        }
        guard (40...128).contains(targetBits), (1...10).contains(rateBits) else {
            throw .init(
                "expected a target of 40...128 bits and a rate of 1...10 bits, got \(targetBits) and \(rateBits)"
            )
        }
        self.heights = heights
        self.targetBits = targetBits
        self.rateBits = rateBits
        self.deferred = deferred
        guard witnessVariables <= 22 else {
            throw .init("expected at most 2^22 witness cells, got 2^\(witnessVariables)")
        }
        guard preprocessedVariables <= witnessVariables, maximalTableHeight <= witnessVariables
        else {
            throw .init(
                "expected preprocessed cells and rows within the 2^\(witnessVariables) of the witness stack, got 2^\(preprocessedVariables) cells, 2^\(maximalTableHeight) rows"
            )
        }
    }

    /// Tables in stack order: height descending, then chip number.
    package var order: [ChipKind] {
        ChipKind.allCases.sorted {
            (heights[$0.rawValue], $1.rawValue) > (heights[$1.rawValue], $0.rawValue)
        }
    }

    package func height(_ kind: ChipKind) -> Int { heights[kind.rawValue] }
    package func rows(_ kind: ChipKind) -> Int { 1 << height(kind) }

    private func variables(_ perTable: (Chip) -> Int) -> Int {
        let cells = ChipKind.allCases.reduce(0) { $0 + perTable(Chip[$1]) << height($1) }
        return max(1, ceilLog2(cells))
    }

    /// n
    package var witnessVariables: Int { max(12, variables(\.witnessCount)) }
    /// m
    package var preprocessedVariables: Int {
        max(witnessVariables - 6 + 4, variables(\.preprocessedCount))
    }
    /// L
    package var leafVariables: Int { variables { $0.ports.count } }
    /// M
    package var maximalTableHeight: Int { heights.max()! }

    /// The numbers that enter the fingerprint.
    var limbs: [Field] { (heights + [targetBits, rateBits, deferred ? 1 : 0]).map { Field($0) } }

    /// m, for those who hold claims about preprocessed stacks.
    public var preprocessedStackVariables: Int { preprocessedVariables }

    /// Witness cells in use.
    public var cells: Int {
        ChipKind.allCases.reduce(0) { $0 + Chip[$1].witnessCount << height($1) }
    }
}

/// A shape that cannot be: which table, expected, got.
public struct ShapeError: Error, CustomStringConvertible, Equatable {
    public let description: String
    init(_ description: String) { self.description = "shape: " + description }
}

func ceilLog2(_ n: Int) -> Int { n <= 1 ? 0 : Int.bitWidth - (n - 1).leadingZeroBitCount }

/// A column or port of the stacks: which table, where it starts.
package struct StackLayout {
    /// Cell offset of the first column of each chip (indexed by chip number).
    package let offsets: [Int]

    init(shape: Shape, count: (Chip) -> Int) {
        var offsets = [Int](repeating: 0, count: ChipKind.allCases.count)
        var next = 0
        for kind in shape.order {
            offsets[kind.rawValue] = next
            next += count(Chip[kind]) << shape.height(kind)
        }
        self.offsets = offsets
    }

    package func offset(_ kind: ChipKind, column: Int, shape: Shape) -> Int {
        offsets[kind.rawValue] + column << shape.height(kind)
    }
}

extension Shape {
    package var witnessLayout: StackLayout { StackLayout(shape: self) { $0.witnessCount } }
    package var preprocessedLayout: StackLayout {
        StackLayout(shape: self) { $0.preprocessedCount }
    }
    package var leafLayout: StackLayout { StackLayout(shape: self) { $0.ports.count } }
}
