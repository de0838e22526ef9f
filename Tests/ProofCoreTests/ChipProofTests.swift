// Proofs of witnesses that break one constraint or one copy: what an attacker's prover would send. Each is refused.

import ProofCore
import Testing

@Suite struct ChipProofTests {
    private let test: TestProof

    init() throws { test = try TestProof.nine.get() }

    @Test func the_circuit_has_every_chip_and_every_port_on_the_bus() {
        for (kind, port) in ChipRow.allPorts {
            #expect(test.circuit.rowCounts[kind.rawValue] > 0)
            #expect(
                (0..<test.circuit.shape.rows(kind)).contains {
                    test.circuit.isBound(kind, port: port, $0)
                },
                "port \(port) of \(kind.name)")
        }
    }

    /// One port of an address counts k − 1 times and the k − 1 others −1 times; the statement's port stands alone.
    @Test func multiplicities_of_every_address_make_its_ports_equal() throws {
        let witness = try test.circuit.witness(input: test.input)
        for (address, entries) in Dictionary(
            grouping: test.circuit.busEntries(of: witness), by: \.address)
        {
            let others = entries.filter { $0.multiplicity == -Field.one }.count
            if address == 1 {
                #expect(entries.count == 1 && others == 1)
            } else if entries.count == 2 {
                #expect(Set(entries.map(\.multiplicity)) == [.one, -Field.one])
            } else {
                #expect(others == entries.count - 1 && address >= 2)
                #expect(entries.contains { $0.multiplicity == Field(entries.count - 1) })
            }
        }
        #expect(test.circuit.brokenCopies(of: witness) == [])
    }

    /// In a row that is off the bus, so that nothing but the constraint is wrong.
    @Test(arguments: ChipRow.allConstraints) func rejects_broken_constraint(
        _ kind: ChipKind, _ j: Int
    ) throws {
        let named = ChipRow.namedToBreak(kind, j)
        let free = try #require(test.circuit.freeRow(kind, named: named))
        var random = RandomElements(seed: UInt64(j))
        let row = ChipRow.breaking(kind, j, named: named, random: &random)
        try #require(row.broken == [j])
        #expect(try test.refusal { test.circuit.write(row, free, to: $0) } == .zerocheck)
    }

    /// A free row may hold anything valid: the control of the test above.
    @Test(arguments: ChipKind.allCases) func accepts_other_valid_row_off_the_bus(_ kind: ChipKind)
        throws
    {
        let named = [Field](repeating: .zero, count: Chip[kind].namedCount)
        let free = try #require(test.circuit.freeRow(kind, named: named))
        var random = RandomElements(seed: 51)
        let row = ChipRow.valid(kind, named: named, random: &random)
        #expect(try test.refusal { test.circuit.write(row, free, to: $0) } == nil)
    }

    /// A row of a table with witness columns that is a valid row by itself, but in which the port's tuple is another.
    @Test(arguments: ChipRow.allPorts.filter { $0.0 != .constant })
    func rejects_broken_copy(_ kind: ChipKind, _ port: Int) throws {
        let circuit = test.circuit
        let bound = (0..<circuit.shape.rows(kind)).filter { circuit.isBound(kind, port: port, $0) }
        let witness = try circuit.witness(input: test.input)
        // The change that touches the fewest ports on the bus, this one among them.
        var best: (row: Int, values: ChipRow, touched: Int)?
        for r in bound.prefix(3) {
            let honest = circuit.row(kind, r, of: witness)
            let columns = honest.witness.indices.filter { c in
                !ChipRow.definitions(kind).contains { $0.column == c }
            }
            for c in columns {
                var changed = honest
                changed.witness[c] =
                    kind == .index || kind == .select && c == 0
                    ? .one - changed.witness[c] : changed.witness[c] + .one
                changed.repair()
                let (before, after) = (honest.ports, changed.ports)
                let touched = before.indices.filter {
                    before[$0] != after[$0] && circuit.isBound(kind, port: $0, r)
                }
                if changed.broken == [] && touched.contains(port)
                    && touched.count < best?.touched ?? .max
                {
                    best = (r, changed, touched.count)
                }
            }
        }
        let change = try #require(best)
        #expect(
            try test.refusal { circuit.write(change.values, change.row, to: $0) } == .busImbalance)
    }

    /// Constants are preprocessed: a changed one is another circuit.
    @Test func rejects_other_value_where_a_constant_is_used() throws {
        let circuit = test.circuit
        let honest = try circuit.witness(input: test.input)
        // The capacity block of the hash, (64, tag, 0 …), is a constant that a Poseidon row's right half copies.
        let first = try #require(
            (0..<circuit.rowCounts[ChipKind.poseidon.rawValue]).first {
                circuit.isBound(.poseidon, port: 1, $0)
                    && circuit.row(.poseidon, $0, of: honest).witness[8] == 64
            })
        let error = try test.refusal { witness in
            var values = circuit.row(.poseidon, first, of: witness)
            values.witness[8] = 63
            values.repair()
            circuit.write(values, first, to: witness)
        }
        #expect(error == .busImbalance)
    }

    /// Both ends of a copy changed alike is another witness, not a broken one; but the statement stays.
    @Test func rejects_witness_of_another_input_under_this_statement() throws {
        let other = try TestProof.nineOther.get()
        let witness = try test.circuit.witness(input: other.input)
        #expect(refusal(test.verifier, test.prove(witness), test.statement) == .busImbalance)
        #expect(
            refusal(test.verifier, test.prove(witness, statement: other.statement), other.statement)
                == nil)
    }

    /// Each column of each table, changed in the rows in use: refused unless it is free in all of them.
    @Test(arguments: ChipKind.allCases.filter { $0 != .constant })
    func rejects_changed_column(_ kind: ChipKind) throws {
        let circuit = test.circuit
        let honest = try circuit.witness(input: test.input)
        for column in 0..<Chip[kind].witnessCount {
            var expected: (row: Int, error: VerificationError)?
            for r in 0..<circuit.rowCounts[kind.rawValue] {
                let row = circuit.row(kind, r, of: honest)
                var changed = row
                changed.witness[column] += .one
                let (before, after) = (row.ports, changed.ports)
                if before.indices.contains(where: {
                    before[$0] != after[$0] && circuit.isBound(kind, port: $0, r)
                }) {
                    expected = (r, .busImbalance)
                } else if changed.broken != [] {
                    expected = (r, .zerocheck)
                }
            }
            let (r, error) = try #require(expected)
            #expect(
                try test.refusal { $0.cells[circuit.cell(kind, column, r)] += .one } == error,
                "column \(column)")
        }
    }
}
