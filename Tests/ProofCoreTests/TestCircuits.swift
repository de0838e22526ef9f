// Small circuits that the tests prove, and access to the cells of their witnesses.

import ProofCore

/// A circuit with its key, an input, and what it proves.
struct TestProof: Sendable {
    let circuit: Circuit
    let key: ProvingKey
    let input: [Field]
    let statement: Digest
    let proof: Proof
    let verifier: Verifier

    init(_ circuit: Circuit, input: [Field]) throws {
        self.circuit = circuit
        self.input = input
        key = try ProvingKey(circuit)
        statement = circuit.statement(of: try circuit.witness(input: input))
        proof = try Prover(key: key).prove(input: input, statement: statement)
        verifier = try Verifier(key)
    }

    func refusal(_ bytes: [UInt8]) -> VerificationError? {
        ProofCoreTests.refusal(verifier, Proof(bytes: bytes), statement)
    }

    /// Proves with a witness that the circuit did not make.
    func prove(_ witness: Witness, statement: Digest? = nil) -> Proof {
        var timer = PhaseTimer()
        return Prover(key: key).prove(
            witness, statement: statement ?? self.statement, timer: &timer)
    }

    /// Changes the honest witness, proves, and says why the verifier refuses.
    func refusal(changing change: (Witness) -> Void) throws -> VerificationError? {
        let witness = try circuit.witness(input: input)
        change(witness)
        return ProofCoreTests.refusal(verifier, prove(witness), statement)
    }

    static let nine = Result { try TestProof(nineChips(), input: nineChipsInput(seed: 1)) }
    /// The same circuit and another input.
    static let nineOther = Result { try TestProof(nineChips(), input: nineChipsInput(seed: 2)) }
    /// Another circuit of the same shape and number of inputs.
    static let nineVariant = Result {
        try TestProof(nineChips(tag: 8), input: nineChipsInput(seed: 1))
    }
    /// The same with claims on their preprocessed columns left open.
    static let deferred = Result {
        try TestProof(nineChips(deferred: true), input: nineChipsInput(seed: 1))
    }
    static let deferredOther = Result {
        try TestProof(nineChips(deferred: true), input: nineChipsInput(seed: 2))
    }
    static let deferredVariant = Result {
        try TestProof(nineChips(tag: 8, deferred: true), input: nineChipsInput(seed: 1))
    }
}

/// Why `verifier` refuses; nil when it accepts.
func refusal(_ verifier: Verifier, _ proof: Proof, _ statement: Digest) -> VerificationError? {
    do throws(VerificationError) {
        try verifier.verify(proof, statement: statement)
        return nil
    } catch {
        return error
    }
}

/// Every chip, every port of every chip on the bus in some row, every table of sixteen rows: n = 13.
/// One Merkle step stands apart: nothing touches its targets, so none of its ports is on the bus.
func nineChips(tag: Int = 7, deferred: Bool = false) throws -> Circuit {
    let b = CircuitBuilder(name: "nine chips")
    let digests = (0..<4).map { _ in b.inputDigest() }
    let elements = (0..<4).map { _ in b.inputElement() }
    let (word, position, bit) = (b.inputBase(), b.inputBase(), b.inputBase())
    _ = b.pathStep(b.inputDigest(), sibling: b.inputDigest(), index: b.inputBase(), level: 0)

    let root = b.merkleRoot(leaf: digests[0], index: position, siblings: [digests[1], digests[2]])
    let (index, point) = b.index(of: word, bits: 10)
    let block = b.block(of: elements)
    let power = b.power(point, [block, block])
    let dots = b.dot(
        [block, block],
        [digests, digests.reversed()].map { [$0[0], $0[1]] } + [
            [digests[2], digests[3]], [digests[3], digests[1]],
        ])
    let chosen = b.select(bit, digests[1], digests[3])
    let product = b.mulAdd(elements[0], elements[1], b.element(of: root))
    let limbs = b.limbs(of: chosen)
    let base = b.digest(ofBase: [index, position, bit, word] + limbs[0..<4])
    let rest = b.digest(ofBase: Array(limbs[4..<8]))
    let packed = b.blocks(of: [power] + dots + [product] + elements[2...])
    b.setStatement(
        b.hash(tag: tag, blocks: [base, rest, b.compress(chosen, root)] + packed, count: 64))
    return try b.build(shape: try Shape(heights: b.minimalHeights, deferred: deferred))
}

func nineChipsInput(seed: UInt64) -> [Field] {
    var random = RandomElements(seed: seed)
    func fields(_ n: Int) -> [Field] { (0..<n).map { _ in random.field() } }
    // The word has bits 8 … 19 set: every mask of the Index row then meets a bit.
    return fields(4 * 8) + fields(4 * 5) + [Field(0x2a0f_ff12 + Int(seed)), 2, 1] + fields(8 + 8)
        + [1]
}

// MARK: cells

extension Circuit {
    /// Where a witness cell lies in the stack.
    func cell(_ kind: ChipKind, _ column: Int, _ row: Int) -> Int {
        shape.witnessLayout.offset(kind, column: column, shape: shape) + row
    }

    func preprocessedCell(_ kind: ChipKind, _ column: Int, _ row: Int) -> Field {
        Field(
            montgomery: preprocessed[
                shape.preprocessedLayout.offset(kind, column: column, shape: shape) + row])
    }

    /// The statement, from the row that copies it: the last of the Limbs table.
    func statement(of witness: Witness) -> Digest {
        let row = rowCounts[ChipKind.limbs.rawValue] - 1
        return Digest((0..<8).map { witness.cells[cell(.limbs, $0, row)] })
    }

    func row(_ kind: ChipKind, _ row: Int, of witness: Witness) -> ChipRow {
        let chip = Chip[kind]
        return ChipRow(
            chip: chip, witness: (0..<chip.witnessCount).map { witness.cells[cell(kind, $0, row)] },
            named: (0..<chip.namedCount).map { preprocessedCell(kind, $0, row) })
    }

    func write(_ values: ChipRow, _ row: Int, to witness: Witness) {
        for (c, value) in values.witness.enumerated() {
            witness.cells[cell(values.chip.kind, c, row)] = value
        }
    }

    /// Whether a row's port is on the bus.
    func isBound(_ kind: ChipKind, port: Int, _ row: Int) -> Bool {
        preprocessedCell(kind, Chip[kind].multiplicityColumn(port: port), row) != .zero
    }

    /// A row of the table none of whose ports is on the bus, and whose named columns are these.
    func freeRow(_ kind: ChipKind, named: [Field]) -> Int? {
        (0..<shape.rows(kind)).first { row in
            Chip[kind].ports.indices.allSatisfy { !isBound(kind, port: $0, row) }
                && named.indices.allSatisfy { preprocessedCell(kind, $0, row) == named[$0] }
        }
    }
}

// MARK: the bus by its definition

/// One port of one row that is on the bus.
struct BusEntry {
    let kind: ChipKind
    let row: Int
    let port: Int
    let address: Int
    let multiplicity: Field
    /// Padded to forty entries.
    let tuple: [Field]
}

extension Circuit {
    /// Every port on the bus.
    func busEntries(of witness: Witness) -> [BusEntry] {
        ChipKind.allCases.flatMap { kind in
            (0..<rowCounts[kind.rawValue]).flatMap { r -> [BusEntry] in
                let ports = row(kind, r, of: witness).ports
                return ports.indices.filter { isBound(kind, port: $0, r) }.map { k in
                    BusEntry(
                        kind: kind, row: r, port: k,
                        address: Int(
                            preprocessedCell(kind, Chip[kind].addressColumn(port: k), r).canonical),
                        multiplicity: preprocessedCell(
                            kind, Chip[kind].multiplicityColumn(port: k), r),
                        tuple: ports[k] + [Field](repeating: .zero, count: 40 - ports[k].count))
                }
            }
        }
    }

    /// The addresses whose ports do not all hold the same tuple: the broken copies.
    func brokenCopies(of witness: Witness) -> [Int] {
        Dictionary(grouping: busEntries(of: witness), by: \.address)
            .filter { Set($0.value.map(\.tuple)).count > 1 }.keys.sorted()
    }
}
