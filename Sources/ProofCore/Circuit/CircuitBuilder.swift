// Building a circuit: targets are addresses on the bus, gadgets add rows whose ports touch them.
// All ports that touch an address hold the same tuple (PROTOCOL.md section 4), so a copy constraint costs nothing:
// `connect` merges two addresses.

/// An extension element of the circuit (or a base element: its upper limbs are then zero wherever a base port touches it).
public struct ExtTarget: Hashable, Sendable {
    let wire: Int32
}

/// Eight elements, and a ninth that is zero unless the target came out of a Merkle path (then it is the index).
public struct DigestTarget: Hashable, Sendable {
    let wire: Int32
}

/// Forty limbs: the weights of a Dot row, or eight coordinates of a Power row.
package struct BlockTarget: Hashable, Sendable {
    let wire: Int32
}

/// The running product and point of a chain of Power rows.
package struct PowerTarget: Hashable, Sendable {
    let wire: Int32
}

/// One step of witness generation, in order of creation. Operands are wires (−1: absent).
struct Operation {
    enum Code {
        case input, mulAdd, solve, inverse, permute, compress, pathStep, dot, power, index
        case packElements, unpackBlocks, splitDigest, joinDigest, select, bit
        /// Nothing is computed: x·y + z = w, s is a bit.
        case checkMulAdd, checkBit
    }
    let code: Code
    let operands: [Int32]
    let auxiliary: Int32
}

/// Rows of one chip as they are added: the wire of each port (−1: none) and the named preprocessed values.
struct RowList {
    var ports: [Int32] = []
    var named: [Field] = []
    /// Poseidon rows: the wire whose bit `level` swaps the halves, or −1.
    var bitWire: [Int32] = []
    var bitLevel: [Int32] = []
    var count = 0
}

/// Why a circuit cannot be built.
public struct CircuitError: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

/// Collects targets, rows and the order of witness generation; `build` makes a `Circuit` of a shape.
public final class CircuitBuilder {
    public let name: String
    var rows = [RowList](repeating: RowList(), count: ChipKind.allCases.count)
    var operations: [Operation] = []
    /// Where each wire's words begin in the pool of values, and how many it has.
    var wireOffset: [Int32] = []
    var wireSize: [Int32] = []
    /// The pool as far as it is known when the circuit is built: constants.
    var pool: [UInt32] = []
    private var parent: [Int32] = []
    private var elementConstants: [Extension: ExtTarget] = [:]
    private var digestConstants: [Digest: DigestTarget] = [:]
    private(set) var inputLimbs = 0
    private var hasStatement = false
    /// Digests whose ninth element is forced to zero by the row that makes them.
    private var plainDigests: Set<Int32> = []
    private var scopes: [(name: String, start: [Int])] = []
    /// Rows used by each named part of the circuit, in order of completion: the operation counter.
    public private(set) var counts: [(scope: String, rows: [Int])] = []

    static let statementAddress = 1
    /// Addresses 0 (unused ports) and 1 (the statement) are not wires.
    static let firstAddress = 2

    public init(name: String) { self.name = name }

    // MARK: Wires and rows

    func wire(size: Int) -> Int32 {
        wireOffset.append(Int32(pool.count))
        wireSize.append(Int32(size))
        pool.append(contentsOf: repeatElement(0, count: size))
        parent.append(Int32(parent.count))
        return Int32(parent.count - 1)
    }

    func newElement() -> ExtTarget { ExtTarget(wire: wire(size: 5)) }
    func newDigest() -> DigestTarget { DigestTarget(wire: wire(size: 9)) }

    /// A new digest made by a port of eight entries, or by a Poseidon row that is no path step.
    func newPlainDigest() -> DigestTarget {
        let t = newDigest()
        plainDigests.insert(t.wire)
        return t
    }

    /// Forces the ninth element to zero, with a row of its own where nothing else does.
    func assertPlain(_ digest: DigestTarget) {
        guard plainDigests.insert(digest.wire).inserted else { return }
        row(.limbs, [-1, digest.wire] + [Int32](repeating: -1, count: 10))
    }

    func row(
        _ kind: ChipKind, _ ports: [Int32], named: [Field] = [], bitWire: Int32 = -1, level: Int = 0
    ) {
        precondition(ports.count == Chip[kind].ports.count && named.count == Chip[kind].namedCount)
        rows[kind.rawValue].ports += ports
        rows[kind.rawValue].named += named
        if kind == .poseidon {
            rows[kind.rawValue].bitWire.append(bitWire)
            rows[kind.rawValue].bitLevel.append(Int32(level))
        }
        rows[kind.rawValue].count += 1
    }

    func operate(_ code: Operation.Code, _ operands: [Int32], auxiliary: Int = 0) {
        operations.append(Operation(code: code, operands: operands, auxiliary: Int32(auxiliary)))
    }

    func root(_ wire: Int32) -> Int32 {
        var w = wire
        while parent[Int(w)] != w {
            parent[Int(w)] = parent[Int(parent[Int(w)])]
            w = parent[Int(w)]
        }
        return w
    }

    private func merge(_ a: Int32, _ b: Int32) {
        let (x, y) = (root(a), root(b))
        if x != y { parent[Int(max(x, y))] = min(x, y) }
    }

    // MARK: Inputs, constants, copies

    /// The next five limbs of the witness input.
    public func inputElement() -> ExtTarget {
        let t = newElement()
        operate(.input, [t.wire], auxiliary: 5)
        inputLimbs += 5
        return t
    }

    /// The next limb of the witness input. The caller must pass it through a port that forces a base element, as every port
    /// of one entry does.
    public func inputBase() -> ExtTarget {
        let t = newElement()
        operate(.input, [t.wire], auxiliary: 1)
        inputLimbs += 1
        return t
    }

    /// The next eight limbs of the witness input.
    public func inputDigest() -> DigestTarget {
        let t = newDigest()
        operate(.input, [t.wire], auxiliary: 8)
        inputLimbs += 8
        return t
    }

    public func constant(_ value: Extension) -> ExtTarget {
        if let known = elementConstants[value] { return known }
        let t = newElement()
        setConstant(t.wire, value.limbs)
        elementConstants[value] = t
        return t
    }

    public func constant(_ value: Field) -> ExtTarget { constant(Extension(value)) }

    public func constant(_ value: Digest) -> DigestTarget {
        if let known = digestConstants[value] { return known }
        let t = newPlainDigest()
        setConstant(t.wire, value.limbs)
        digestConstants[value] = t
        return t
    }

    private func setConstant(_ wire: Int32, _ limbs: [Field]) {
        for (i, limb) in limbs.enumerated() {
            pool[Int(wireOffset[Int(wire)]) + i] = limb.montgomery
        }
        row(.constant, [wire], named: limbs + [Field](repeating: .zero, count: 8 - limbs.count))
    }

    public var zero: ExtTarget { constant(Extension.zero) }
    public var one: ExtTarget { constant(Extension.one) }

    public func connect(_ a: ExtTarget, _ b: ExtTarget) { merge(a.wire, b.wire) }
    public func connect(_ a: DigestTarget, _ b: DigestTarget) { merge(a.wire, b.wire) }

    /// Makes `digest` the statement of the circuit's proofs. Call it once.
    public func setStatement(_ digest: DigestTarget) {
        precondition(!hasStatement, "a circuit has one statement")
        hasStatement = true
        statementWire = digest.wire
    }
    private(set) var statementWire: Int32 = -1

    // MARK: The operation counter

    /// Counts the rows that `body` adds under `scope`.
    public func count<R>(_ scope: String, _ body: () throws -> R) rethrows -> R {
        let start = rows.map(\.count)
        let result = try body()
        counts.append((scope, zip(rows, start).map { $0.count - $1 }))
        return result
    }
}
