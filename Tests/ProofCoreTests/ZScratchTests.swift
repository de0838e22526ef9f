import ProofCore
import Testing
@Suite struct ZScratch {
    @Test func patterns() throws {
        let w = try WrappedChild.wrapped.get()
        let c = w.circuit
        let witness = try c.witness(input: w.input)
        print("heights", c.shape.heights, "rows", c.rowCounts, "proof", w.proof.bytes.count)
        for kind in ChipKind.allCases {
            var patterns: [String: [Int]] = [:]
            for r in 0..<c.rowCounts[kind.rawValue] {
                let bound = Chip[kind].ports.indices.filter { c.isBound(kind, port: $0, r) }
                let named = kind == .constant ? [] : (0..<Chip[kind].namedCount).map { c.preprocessedCell(kind, $0, r) }
                let key = "bound \(bound) named \(kind == .poseidon ? [named[0], named[2]] : named)"
                patterns[key, default: []].append(r)
            }
            for (key, rows) in patterns.sorted(by: { $0.value.count > $1.value.count }) {
                let r = rows[rows.count / 2]
                let row = c.row(kind, r, of: witness)
                var free: [Int] = []
                for col in row.witness.indices {
                    var changed = row
                    changed.witness[col] += 12345
                    if changed.broken == [] && row.ports.indices.allSatisfy({ !c.isBound(kind, port: $0, r) || changed.ports[$0] == row.ports[$0] }) { free.append(col) }
                }
                print("PAT", kind.name, "x\(rows.count)", key, "free", free)
            }
        }
    }
    @Test func timing() throws {
        let w = try WrappedChild.wrapped.get()
        var t = ContinuousClock.now
        _ = w.prove(try w.circuit.witness(input: w.input))
        print("prove", ContinuousClock.now - t); t = .now
        for _ in 0..<5 { _ = try? w.circuit.witness(input: w.input.dropLast() + [w.input.last! + 1]) }
        print("witness x5", ContinuousClock.now - t)
    }
}
