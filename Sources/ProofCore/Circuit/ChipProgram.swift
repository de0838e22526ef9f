// A chip's expressions compiled for CKernels: a straight-line program over vector registers that accumulates a weighted sum
// of the chip's nodes. What is linear in the columns is kept apart: it is one multilinear polynomial by itself.

import CKernels

/// A column of a chip's row.
package enum ColumnReference: Hashable {
    case witness(Int)
    case preprocessed(Int)
}

/// Σ_nodes weight·node for one set of nodes, the weights given at run time.
package struct ChipProgram: Sendable {
    package let instructions: [kb_instruction]
    package let constants: [UInt32]
    /// Columns that the program reads: column i is register i.
    package let inputs: [ColumnReference]
    package let registerCount: Int
    /// Nodes that are accumulated: node number of weight i.
    package let accumulated: [Int]
    /// The largest degree of an accumulated node.
    package let degree: Int

    /// - Parameter outputs: node numbers, distinct, none of them a plain column or constant.
    package init(chip: Chip, outputs: [Int]) {
        var compiler = ProgramCompiler(chip: chip, outputs: outputs)
        compiler.compile()
        instructions = compiler.instructions
        constants = compiler.constants.map(\.montgomery)
        inputs = compiler.inputs
        registerCount = max(1, compiler.registerCount)
        accumulated = outputs
        let degrees = chip.degrees
        degree = outputs.map { degrees[$0] }.max() ?? 0
    }
}

/// Linear scan: a node's register is free again after its last use.
private struct ProgramCompiler {
    let chip: Chip
    let outputs: [Int]
    var instructions: [kb_instruction] = []
    var constants: [Field] = []
    var inputs: [ColumnReference] = []
    var registerCount = 0
    private var constantIndex: [Field: Int] = [:]
    private var free: [Int] = []
    private var register: [Int: Int] = [:]
    private var uses: [Int]

    init(chip: Chip, outputs: [Int]) {
        self.chip = chip
        self.outputs = outputs
        uses = [Int](repeating: 0, count: chip.nodes.count)
    }

    private func constantValue(_ id: Int) -> Field? {
        if case .constant(let c) = chip.nodes[id] { return c }
        return nil
    }

    /// x when the node is (x·x)·x and its square is used by nothing else.
    private func cubed(_ id: Int) -> Int? {
        guard case .multiply(let square, let x) = chip.nodes[id],
            case .multiply(x, x) = chip.nodes[square],
            uses[square] == 1
        else { return nil }
        return x
    }

    private func operands(_ id: Int) -> [Int] {
        switch chip.nodes[id] {
        case .witness, .preprocessed, .constant: []
        case .add(let a, let b), .subtract(let a, let b), .multiply(let a, let b): [a, b]
        }
    }

    mutating func compile() {
        var needed = [Bool](repeating: false, count: chip.nodes.count)
        var rank = [Int](repeating: -1, count: chip.nodes.count)
        for (i, id) in outputs.enumerated() {
            needed[id] = true
            rank[id] = i
            uses[id] += 1
        }
        for id in chip.nodes.indices.reversed() where needed[id] {
            for o in operands(id) {
                needed[o] = true
                uses[o] += 1
            }
        }
        for id in chip.nodes.indices where needed[id] {
            switch chip.nodes[id] {
            case .witness(let i): addInput(id, .witness(i))
            case .preprocessed(let i): addInput(id, .preprocessed(i))
            default: break
            }
        }
        registerCount = inputs.count
        var skipped = Set<Int>()
        for id in chip.nodes.indices where needed[id] && cubed(id) != nil {
            if case .multiply(let square, _) = chip.nodes[id] { skipped.insert(square) }
        }
        for id in chip.nodes.indices where needed[id] && !skipped.contains(id) {
            if !operands(id).isEmpty { emit(id) }
            if rank[id] >= 0 {
                append(KB_OP_ACCUMULATE, 0, operandRegister(id), rank[id])
                release(id)
            }
        }
    }

    private mutating func addInput(_ id: Int, _ column: ColumnReference) {
        register[id] = inputs.count
        inputs.append(column)
    }

    private mutating func emit(_ id: Int) {
        switch chip.nodes[id] {
        case .add(let a, let b):
            if let c = constantValue(b) {
                unary(id, KB_OP_ADD_CONST, a, index(of: c))
            } else if let c = constantValue(a) {
                unary(id, KB_OP_ADD_CONST, b, index(of: c))
            } else if a == b {
                release(a)
                unary(id, KB_OP_DOUBLE, a, 0)
            } else {
                binary(id, KB_OP_ADD, a, b)
            }
        case .subtract(let a, let b):
            if let c = constantValue(b) {
                unary(id, KB_OP_ADD_CONST, a, index(of: -c))
            } else {
                binary(id, KB_OP_SUB, a, b)
            }
        case .multiply(let a, let b):
            if let x = cubed(id) {
                release(x)
                release(x)
                unary(id, KB_OP_CUBE, x, 0)
            } else if let c = constantValue(b) {
                unary(id, KB_OP_MUL_CONST, a, index(of: c))
            } else if let c = constantValue(a) {
                unary(id, KB_OP_MUL_CONST, b, index(of: c))
            } else {
                binary(id, KB_OP_MUL, a, b)
            }
        default: break
        }
    }

    private mutating func unary(_ id: Int, _ op: Int, _ a: Int, _ b: Int) {
        let from = operandRegister(a)
        release(a)
        let to = allocate(id)
        append(op, to, from, b)
    }

    private mutating func binary(_ id: Int, _ op: Int, _ a: Int, _ b: Int) {
        let (x, y) = (operandRegister(a), operandRegister(b))
        release(a)
        release(b)
        let to = allocate(id)
        append(op, to, x, y)
    }

    /// A constant that is no operand of a constant instruction gets a register of its own.
    private mutating func operandRegister(_ id: Int) -> Int {
        if let r = register[id] { return r }
        let r = allocate(id)
        append(KB_OP_CONST, r, 0, index(of: constantValue(id)!))
        return r
    }

    private mutating func index(of c: Field) -> Int {
        if let i = constantIndex[c] { return i }
        constants.append(c)
        constantIndex[c] = constants.count - 1
        return constants.count - 1
    }

    private mutating func allocate(_ id: Int) -> Int {
        let r =
            free.popLast()
            ?? {
                registerCount += 1
                return registerCount - 1
            }()
        register[id] = r
        return r
    }

    private mutating func release(_ id: Int) {
        uses[id] -= 1
        guard uses[id] == 0, let r = register[id], r >= inputs.count else { return }
        free.append(r)
    }

    private mutating func append(_ op: Int, _ dst: Int, _ a: Int, _ b: Int) {
        instructions.append(
            kb_instruction(op: UInt16(op), dst: UInt16(dst), a: UInt16(a), b: UInt16(b)))
    }
}

/// The weights of a chip's nodes and columns in f_t (PROTOCOL.md section 5 step 4).
struct ChipWeights {
    /// By node number; zero for nodes that are not accumulated.
    var nodes: [Extension]
    /// By preprocessed column.
    var preprocessed: [Extension]
    var constant: Extension = .zero

    /// - Parameters:
    ///   - portWeights: e_k of each port.
    ///   - constraintWeights: α^(2+j) of each constraint.
    ///   - betaPowers: β^1 … β^40.
    init(
        chip: Chip, portWeights: [Extension], alpha: Extension, c: Extension,
        betaPowers: [Extension],
        constraintWeights: [Extension]
    ) {
        nodes = [Extension](repeating: .zero, count: chip.nodes.count)
        preprocessed = [Extension](repeating: .zero, count: chip.preprocessedCount)
        for (k, tuple) in chip.ports.enumerated() {
            let scaled: Extension = alpha * portWeights[k]
            preprocessed[chip.multiplicityColumn(port: k)] = portWeights[k]
            preprocessed[chip.addressColumn(port: k)] = -scaled
            constant += scaled * c
            for (i, node) in tuple.enumerated() { nodes[node] -= scaled * betaPowers[i] }
        }
        for (j, node) in chip.constraints.enumerated() { nodes[node] += constraintWeights[j] }
    }
}

/// How a chip's part of the zerocheck is split: nodes for the program, columns for the linear polynomial.
struct ChipPlan: Sendable {
    let chip: Chip
    let program: ChipProgram
    /// Nodes whose weights are handed down to their operands, from the last to the first.
    private let handedDown: [Int]

    /// Sums hand their weights down when that does not add to what must be accumulated.
    init(_ chip: Chip) {
        self.chip = chip
        let outputs = Set(chip.ports.joined()).union(chip.constraints)
        let degrees = chip.degrees
        func split(_ push: (Int) -> Bool) -> (handed: [Int], accumulated: [Int]) {
            var wanted = outputs
            var handed: [Int] = []
            for id in chip.nodes.indices.reversed() where wanted.contains(id) {
                switch chip.nodes[id] {
                case .add(let a, let b), .subtract(let a, let b):
                    guard push(id) else { continue }
                    handed.append(id)
                    wanted.formUnion([a, b])
                case .multiply(let a, let b):
                    guard push(id) else { continue }
                    if case .constant = chip.nodes[b] {
                        handed.append(id)
                        wanted.insert(a)
                    } else if case .constant = chip.nodes[a] {
                        handed.append(id)
                        wanted.insert(b)
                    }
                case .witness, .preprocessed, .constant: handed.append(id)
                }
            }
            let left = wanted.subtracting(handed).sorted()
            return (handed, left)
        }
        let linearOnly = split { degrees[$0] <= 1 }
        let all = split { _ in true }
        let chosen = all.accumulated.count <= linearOnly.accumulated.count ? all : linearOnly
        handedDown = chosen.handed
        program = ChipProgram(chip: chip, outputs: chosen.accumulated)
    }

    /// Splits weights into those of the program's nodes and those of the columns (witness, preprocessed, constant).
    func distribute(_ weights: ChipWeights) -> (
        nodes: [Extension], witness: [Extension], preprocessed: [Extension], constant: Extension
    ) {
        var w = weights.nodes
        var witness = [Extension](repeating: .zero, count: chip.witnessCount)
        var preprocessed = weights.preprocessed
        var constant = weights.constant
        for id in handedDown {
            let weight = w[id]
            switch chip.nodes[id] {
            case .witness(let i): witness[i] += weight
            case .preprocessed(let i): preprocessed[i] += weight
            case .constant(let c): constant += weight * c
            case .add(let a, let b):
                w[a] += weight
                w[b] += weight
            case .subtract(let a, let b):
                w[a] += weight
                w[b] -= weight
            case .multiply(let a, let b):
                if case .constant(let c) = chip.nodes[b] {
                    w[a] += weight * c
                } else if case .constant(let c) = chip.nodes[a] {
                    w[b] += weight * c
                }
            }
        }
        return (program.accumulated.map { w[$0] }, witness, preprocessed, constant)
    }

    static let all: [ChipPlan] = Chip.all.map { ChipPlan($0) }
}
