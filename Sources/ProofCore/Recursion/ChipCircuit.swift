// A chip's expressions at a point, as targets: products that are used once are fused into the sum that uses them.

struct ChipCircuit {
    let builder: CircuitBuilder
    let chip: Chip
    let witness: ArraySlice<ExtTarget>
    let preprocessed: ArraySlice<ExtTarget>
    private var values: [ExtTarget?]
    private let uses: [Int]

    init(
        _ builder: CircuitBuilder, _ chip: Chip, witness: ArraySlice<ExtTarget>,
        preprocessed: ArraySlice<ExtTarget>
    ) {
        self.builder = builder
        self.chip = chip
        self.witness = witness
        self.preprocessed = preprocessed
        values = [ExtTarget?](repeating: nil, count: chip.nodes.count)
        var uses = [Int](repeating: 0, count: chip.nodes.count)
        for id in chip.ports.joined() { uses[id] += 1 }
        for id in chip.constraints { uses[id] += 1 }
        for node in chip.nodes {
            switch node {
            case .add(let a, let b), .subtract(let a, let b), .multiply(let a, let b):
                uses[a] += 1
                uses[b] += 1
            case .witness, .preprocessed, .constant: break
            }
        }
        self.uses = uses
    }

    /// The operands of a product that is needed nowhere else.
    private func onlyProduct(_ id: Int) -> (Int, Int)? {
        guard uses[id] == 1, values[id] == nil else { return nil }
        switch chip.nodes[id] {
        case .multiply(let x, let y): return (x, y)
        case .add(let x, let y) where x == y: return (x, -1)  // 2x
        default: return nil
        }
    }

    private mutating func factors(_ p: (Int, Int)) -> (ExtTarget, ExtTarget) {
        (value(p.0), p.1 < 0 ? builder.constant(Field(2)) : value(p.1))
    }

    mutating func value(_ id: Int) -> ExtTarget {
        if let known = values[id] { return known }
        let result: ExtTarget
        switch chip.nodes[id] {
        case .witness(let i): result = witness[witness.startIndex + i]
        case .preprocessed(let i): result = preprocessed[preprocessed.startIndex + i]
        case .constant(let c): result = builder.constant(c)
        case .add(let a, let b):
            if a == b {
                result = builder.multiply(value(a), builder.constant(Field(2)))
            } else if let p = onlyProduct(b) {
                let (x, y) = factors(p)
                result = builder.mulAdd(x, y, value(a))
            } else if let p = onlyProduct(a) {
                let (x, y) = factors(p)
                result = builder.mulAdd(x, y, value(b))
            } else {
                result = builder.add(value(a), value(b))
            }
        case .subtract(let a, let b):
            if let p = onlyProduct(b) {
                let (x, y) = factors(p)
                result = builder.mulSubtract(from: value(a), x, y)
            } else {
                result = builder.subtract(value(a), value(b))
            }
        case .multiply(let a, let b): result = builder.multiply(value(a), value(b))
        }
        values[id] = result
        return result
    }
}
