// The bus's public constants: tuple weights and the statement's own fraction (PROTOCOL.md sections 4, 5.2).

/// β and c, and what follows from them.
struct BusChallenges {
    let c: Extension
    /// β^1 … β^40
    let betaPowers: [Extension]

    init(beta: Extension, c: Extension) {
        self.c = c
        var powers = [beta]
        while powers.count < Chip.longestTuple { powers.append(powers.last! * beta) }
        betaPowers = powers
    }

    /// s = c − 1 − Σ β^(i+1) statement_i
    func statementDenominator(_ statement: Digest) -> Extension {
        statement.limbs.enumerated().reduce(c - Field(CircuitBuilder.statementAddress)) {
            $0 - betaPowers[$1.offset] * $1.element
        }
    }
}

/// The zerocheck's weights at ζ and α (PROTOCOL.md section 5 step 4): the same for prover and verifier.
struct ZerocheckWeights {
    /// e_k by chip number and port.
    let ports: [[Extension]]
    /// 1 − Σ e_k
    let padding: Extension
    /// In chip order.
    let chips: [ChipWeights]

    init(shape: Shape, point: [Extension], alpha: Extension, bus: BusChallenges) {
        let layout = shape.leafLayout
        var ports: [[Extension]] = []
        var padding = Extension.one
        for kind in ChipKind.allCases {
            let high = point.dropLast(shape.height(kind))
            ports.append(
                Chip[kind].ports.indices.map { k in
                    eq(
                        bits: layout.offset(kind, column: k, shape: shape) >> shape.height(kind),
                        high)
                })
            for e in ports.last! { padding -= e }
        }
        self.ports = ports
        self.padding = padding
        var next: Extension = alpha * alpha
        var byChip = [ChipWeights?](repeating: nil, count: ChipKind.allCases.count)
        for kind in shape.order {
            let chip = Chip[kind]
            let constraintWeights = chip.constraints.map { _ in
                defer { next *= alpha }
                return next
            }
            byChip[kind.rawValue] = ChipWeights(
                chip: chip, portWeights: ports[kind.rawValue], alpha: alpha, c: bus.c,
                betaPowers: bus.betaPowers,
                constraintWeights: constraintWeights)
        }
        chips = byChip.map { $0! }
    }
}
