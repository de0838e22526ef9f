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
final class Chip: Sendable {
    let kind: ChipKind
    let witnessCount: Int
    let namedCount: Int
    /// The expressions of each port's tuple, as node numbers.
    let ports: [[Int]]
    let constraints: [Int]
    let nodes: [ExpressionGraph.Node]

    var preprocessedCount: Int { namedCount + 2 * ports.count }
    func addressColumn(port: Int) -> Int { namedCount + 2 * port }
    func multiplicityColumn(port: Int) -> Int { namedCount + 2 * port + 1 }

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
    func evaluate<A: Arithmetic>(
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
    var degrees: [Int] {
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

    static let all: [Chip] = [
        .poseidon, .mulAdd, .dot, .power, .index, .pack, .limbs, .select, .constant,
    ]
    static subscript(_ kind: ChipKind) -> Chip { all[kind.rawValue] }

    /// The degree that the zerocheck allows for.
    static let maximalDegree = 9
    /// The longest tuple on the bus.
    static let longestTuple = 40
}

/// Field elements: rows are checked with these in tests and when a witness is debugged.
struct FieldArithmetic: Arithmetic {
    func constant(_ c: Field) -> Field { c }
    func add(_ a: Field, _ b: Field) -> Field { a + b }
    func subtract(_ a: Field, _ b: Field) -> Field { a - b }
    func multiply(_ a: Field, _ b: Field) -> Field { a * b }
}

/// Extension elements: what the verifier evaluates at the random point.
struct ExtensionArithmetic: Arithmetic {
    func constant(_ c: Field) -> Extension { Extension(c) }
    func add(_ a: Extension, _ b: Extension) -> Extension { a + b }
    func subtract(_ a: Extension, _ b: Extension) -> Extension { a - b }
    func multiply(_ a: Extension, _ b: Extension) -> Extension { a * b }
}
