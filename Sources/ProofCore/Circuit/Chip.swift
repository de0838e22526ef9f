// A chip: one kind of row, with its columns, its ports on the bus and its constraints (PROTOCOL.md section 4).

/// The chips in protocol order.
public enum ChipKind: Int, CaseIterable, Sendable {
    case poseidon, mulAdd, dot, power, index, pack, limbs, select, constant

    public var name: String {
        switch self {
        case .poseidon: "Poseidon"
        case .mulAdd: "MulAdd"
        case .dot: "Dot"
        case .power: "Power"
        case .index: "Index"
        case .pack: "Pack"
        case .limbs: "Limbs"
        case .select: "Select"
        case .constant: "Constant"
        }
    }
}

/// Columns, ports and constraints of one kind of row.
/// Preprocessed columns are the named ones, then (address, multiplicity) of each port.
package final class Chip: Sendable {
    package let kind: ChipKind
    package let witnessCount: Int
    package let namedCount: Int
    /// The expressions of each port's tuple, as node numbers.
    package let ports: [[Int]]
    package let constraints: [Int]
    package let nodes: [ExpressionGraph.Node]

    package var preprocessedCount: Int { namedCount + 2 * ports.count }
    package func addressColumn(port: Int) -> Int { namedCount + 2 * port }
    package func multiplicityColumn(port: Int) -> Int { namedCount + 2 * port + 1 }

    init(
        _ kind: ChipKind, witness: Int, named: Int,
        define: (_ w: [Expression], _ p: [Expression], _ constant: (Field) -> Expression) -> (
            ports: [[Expression]], constraints: [Expression]
        )
    ) {
        let graph = ExpressionGraph()
        let w = (0..<witness).map { graph.node(.witness($0)) }
        let p = (0..<named).map { graph.node(.preprocessed($0)) }
        let (ports, constraints) = define(w, p) { graph.node(.constant($0)) }
        self.kind = kind
        witnessCount = witness
        namedCount = named
        self.ports = ports.map { $0.map(\.id) }
        self.constraints = constraints.map(\.id)
        nodes = graph.nodes
    }

    /// Every node's value for one row.
    /// - Parameters: `witness` [witnessCount], `preprocessed` [at least namedCount].
    package func evaluate<A: Arithmetic>(
        _ arithmetic: inout A, witness: ArraySlice<A.Value>, preprocessed: ArraySlice<A.Value>
    ) -> [A.Value] {
        var values: [A.Value] = []
        values.reserveCapacity(nodes.count)
        for node in nodes {
            switch node {
            case .witness(let i): values.append(witness[witness.startIndex + i])
            case .preprocessed(let i): values.append(preprocessed[preprocessed.startIndex + i])
            case .constant(let c): values.append(arithmetic.constant(c))
            case .add(let a, let b): values.append(arithmetic.add(values[a], values[b]))
            case .subtract(let a, let b): values.append(arithmetic.subtract(values[a], values[b]))
            case .multiply(let a, let b): values.append(arithmetic.multiply(values[a], values[b]))
            }
        }
        return values
    }

    /// The degree of each node in the columns.
    package var degrees: [Int] {
        var d: [Int] = []
        for node in nodes {
            switch node {
            case .witness, .preprocessed: d.append(1)
            case .constant: d.append(0)
            case .add(let a, let b), .subtract(let a, let b): d.append(max(d[a], d[b]))
            case .multiply(let a, let b): d.append(d[a] + d[b])
            }
        }
        return d
    }

    package static let all: [Chip] = [
        .poseidon, .mulAdd, .dot, .power, .index, .pack, .limbs, .select, .constant,
    ]
    package static subscript(_ kind: ChipKind) -> Chip { all[kind.rawValue] }

    /// The degree that the zerocheck allows for.
    package static let maximalDegree = 9
    /// The longest tuple on the bus.
    package static let longestTuple = 40
}

/// Field elements: rows are checked with these in tests and when a witness is debugged.
package struct FieldArithmetic: Arithmetic {
    package init() {}
    package func constant(_ c: Field) -> Field { c }
    package func add(_ a: Field, _ b: Field) -> Field { a + b }
    package func subtract(_ a: Field, _ b: Field) -> Field { a - b }
    package func multiply(_ a: Field, _ b: Field) -> Field { a * b }
}

/// Extension elements: what the verifier evaluates at the random point.
package struct ExtensionArithmetic: Arithmetic {
    package init() {}
    package func constant(_ c: Field) -> Extension { Extension(c) }
    package func add(_ a: Extension, _ b: Extension) -> Extension { a + b }
    package func subtract(_ a: Extension, _ b: Extension) -> Extension { a - b }
    package func multiply(_ a: Extension, _ b: Extension) -> Extension { a * b }
}
