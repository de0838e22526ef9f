// The relation of a chip is written once, as expressions over its columns. The prover compiles them to vector programs
// (ChipProgram), the verifier evaluates them at a point, the recursive verifier writes them as targets: all by `Chip.evaluate`.

/// What expressions can be evaluated over: field elements, extension elements, targets of a circuit under construction.
package protocol Arithmetic {
    associatedtype Value
    mutating func constant(_ c: Field) -> Value
    mutating func add(_ a: Value, _ b: Value) -> Value
    mutating func subtract(_ a: Value, _ b: Value) -> Value
    mutating func multiply(_ a: Value, _ b: Value) -> Value
}

/// The nodes of one chip's expressions, in order of creation (a node's operands come before it); equal nodes are one.
package final class ExpressionGraph {
    package enum Node: Hashable {
        case witness(Int)
        case preprocessed(Int)
        case constant(Field)
        case add(Int, Int)
        case subtract(Int, Int)
        case multiply(Int, Int)
    }

    private(set) var nodes: [Node] = []
    private var known: [Node: Int] = [:]

    func node(_ node: Node) -> Expression {
        if let id = known[node] { return Expression(graph: self, id: id) }
        nodes.append(node)
        known[node] = nodes.count - 1
        return Expression(graph: self, id: nodes.count - 1)
    }
}

/// A polynomial in the columns of a chip's row.
struct Expression {
    let graph: ExpressionGraph
    let id: Int

    private var constantValue: Field? {
        if case .constant(let c) = graph.nodes[id] { return c }
        return nil
    }

    static func + (a: Expression, b: Expression) -> Expression {
        if a.constantValue == .zero { return b }
        if b.constantValue == .zero { return a }
        return a.graph.node(.add(a.id, b.id))
    }

    static func - (a: Expression, b: Expression) -> Expression {
        if b.constantValue == .zero { return a }
        return a.graph.node(.subtract(a.id, b.id))
    }

    static func * (a: Expression, b: Expression) -> Expression {
        if a.constantValue == .one { return b }
        if b.constantValue == .one { return a }
        if a.constantValue == .zero { return a }
        if b.constantValue == .zero { return b }
        return a.graph.node(.multiply(a.id, b.id))
    }

    static func * (a: Expression, b: Field) -> Expression { a * a.graph.node(.constant(b)) }
    static func + (a: Expression, b: Field) -> Expression { a + a.graph.node(.constant(b)) }
    static func - (a: Expression, b: Field) -> Expression { a - a.graph.node(.constant(b)) }
}

/// An element of E whose limbs are expressions.
struct ExtensionExpression {
    let limbs: [Expression]

    init(_ limbs: some Collection<Expression>) {
        precondition(limbs.count == 5)
        self.limbs = Array(limbs)
    }

    static func + (a: ExtensionExpression, b: ExtensionExpression) -> ExtensionExpression {
        ExtensionExpression(zip(a.limbs, b.limbs).map { $0 + $1 })
    }

    static func - (a: ExtensionExpression, b: ExtensionExpression) -> ExtensionExpression {
        ExtensionExpression(zip(a.limbs, b.limbs).map { $0 - $1 })
    }

    static func * (a: ExtensionExpression, b: Expression) -> ExtensionExpression {
        ExtensionExpression(a.limbs.map { $0 * b })
    }

    /// As `Extension.*`: X^5 = 1 − X^2.
    static func * (a: ExtensionExpression, b: ExtensionExpression) -> ExtensionExpression {
        var c: [Expression] = []
        for k in 0...8 {
            let terms = (max(0, k - 4)...min(4, k)).map { a.limbs[$0] * b.limbs[k - $0] }
            c.append(terms.dropFirst().reduce(terms[0]) { $0 + $1 })
        }
        let low: [Expression] = [
            c[0] + c[5] - c[8], c[1] + c[6], c[2] - c[5] + c[7] + c[8], c[3] - c[6] + c[8],
            c[4] - c[7],
        ]
        return ExtensionExpression(low)
    }
}
