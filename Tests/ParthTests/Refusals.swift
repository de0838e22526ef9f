// How tests say that something is refused, and by which error.

import Parth
import ProofCore
import Testing

extension Circuit {
    /// The statement of a witness, from the row that copies it: the last of the Limbs table.
    func statement(of witness: Witness) -> Digest {
        Digest((0..<8).map { witness.cells[cell(.limbs, $0, rowCounts[ChipKind.limbs.rawValue] - 1)] })
    }

    /// Where a witness cell lies in the stack.
    func cell(_ kind: ChipKind, _ column: Int, _ row: Int) -> Int {
        shape.witnessLayout.offset(kind, column: column, shape: shape) + row
    }

    func cells(_ kind: ChipKind, _ row: Int, of witness: Witness) -> [Field] {
        (0..<Chip[kind].witnessCount).map { witness.cells[cell(kind, $0, row)] }
    }

    func copyRow(_ kind: ChipKind, _ row: Int, from source: Witness, row sourceRow: Int, of other: Circuit, to witness: Witness) {
        for column in 0..<Chip[kind].witnessCount {
            witness.cells[cell(kind, column, row)] = source.cells[other.cell(kind, column, sourceRow)]
        }
    }
}

extension Circuit {
    /// What a proof of this witness has to hide: rows whose constraints do not hold, and addresses whose ports do not all hold the same.
    func broken(_ witness: Witness) -> (rows: [(kind: ChipKind, row: Int)], copies: [Int]) {
        var rows: [(ChipKind, Int)] = []
        var tuples: [Int: [Field]] = [:]
        var copies: Set<Int> = []
        let layout = shape.preprocessedLayout
        for kind in ChipKind.allCases {
            let chip = Chip[kind]
            var arithmetic = FieldArithmetic()
            for row in 0..<rowCounts[kind.rawValue] {
                let named = (0..<chip.preprocessedCount).map {
                    Field(montgomery: preprocessed[layout.offset(kind, column: $0, shape: shape) + row])
                }
                let nodes = chip.evaluate(&arithmetic, witness: cells(kind, row, of: witness)[...], preprocessed: named[...])
                if chip.constraints.contains(where: { nodes[$0] != .zero }) { rows.append((kind, row)) }
                for (k, port) in chip.ports.enumerated() where named[chip.multiplicityColumn(port: k)] != .zero {
                    let address = Int(named[chip.addressColumn(port: k)].canonical)
                    var tuple = port.map { nodes[$0] }
                    while tuple.last == .zero { tuple.removeLast() }
                    if tuples[address, default: tuple] != tuple { copies.insert(address) }
                    tuples[address] = tuples[address] ?? tuple
                }
            }
        }
        return (rows, copies.sorted())
    }
}

/// There is no witness: the input contradicts a constraint of this very circuit.
func expectNoWitness(_ circuit: Circuit, _ input: [Field], _ what: String = "", _ location: SourceLocation = #_sourceLocation) {
    do {
        _ = try circuit.witness(input: input)
        Issue.record("\(what): there is a witness", sourceLocation: location)
    } catch WitnessError.contradiction(let name, _, _, _) where name == circuit.name {
    } catch {
        Issue.record("\(what): \(error)", sourceLocation: location)
    }
}

func expectWitness(_ circuit: Circuit, _ input: [Field], _ location: SourceLocation = #_sourceLocation) {
    do {
        let broken = circuit.broken(try circuit.witness(input: input))
        #expect(broken.rows.isEmpty && broken.copies.isEmpty, sourceLocation: location)
    } catch {
        Issue.record("\(error)", sourceLocation: location)
    }
}

/// Why a proof made of this witness, checked or not, is refused; nil when it is accepted.
func refusal(_ key: ProvingKey, _ witness: Witness, _ statement: Digest) throws -> VerificationError? {
    var timer = PhaseTimer()
    let proof = Prover(key: key).prove(witness, statement: statement, timer: &timer)
    return refusal(try Verifier(key.verifierData), proof, statement)
}

func refusal(_ verifier: Verifier, _ proof: Proof, _ statement: Digest) -> VerificationError? {
    do throws(VerificationError) {
        try verifier.verify(proof, statement: statement)
        return nil
    } catch {
        return error
    }
}

/// The error of type `E` that `body` throws.
func failure<E: Error, R>(_ type: E.Type, _ body: () throws -> R) -> E? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? E
    }
}

/// A circuit that states whatever it is told, of the shape that combines take.
struct Rogue: Sendable {
    let key: ProvingKey
    static let shared = Result { try Rogue() }

    init() throws {
        let b = CircuitBuilder(name: "rogue")
        b.setStatement(b.inputDigest())
        key = try ProvingKey(b.build(shape: Network.shape))
    }

    /// A valid rogue proof of a header.
    func child(_ header: Header, siblings: [Digest] = [], as kind: ArtifactKind = .combine) throws -> ChildInput {
        let proof = try Prover(key: key).prove(input: header.digest.limbs, statement: header.digest)
        return ChildInput(
            artifact: TransitionArtifact(kind: kind, header: header, proof: proof), verifierData: key.verifierData,
            record: try Verifier(key.verifierData).replay(proof, statement: header.digest), siblings: siblings)
    }
}

/// Where the parts of a child begin in its input limbs (`ChildInput.limbs`).
enum ChildOffset {
    static let isCombine = 0
    static let preprocessedRoot = 1
    static let first = 9
    static let old = 10
    static let new = 18
    static let users = 26
    static let transactions = 27
    static let slots = 28
    static let below = 29
    static let siblings = below + Network.userTreeHeight
    static let record = siblings + 8 * Network.userTreeHeight
}

/// Where the parts of a combine's input begin.
enum CombineOffset {
    static let blockRoot = 0
    static let aggregator = 8
    static let below = 16
    static let left = below + Network.userTreeHeight - 1
}

extension [Field] {
    /// The same with one limb increased.
    func changing(_ i: Int, by amount: Field = .one) -> [Field] {
        var copy = self
        copy[i] += amount
        return copy
    }

    func setting(_ i: Int, _ values: [Field]) -> [Field] {
        var copy = self
        copy.replaceSubrange(i..<(i + values.count), with: values)
        return copy
    }
}

extension Digest {
    /// The same with one limb increased.
    func changed(_ limb: Int = 0) -> Digest {
        var copy = self
        copy[limb] += .one
        return copy
    }
}

extension Header {
    /// Every header that differs in one field, with that field's name.
    var variants: [(field: String, header: Header)] {
        func changed(_ field: String, _ change: (inout Header) -> Void) -> (String, Header) {
            var copy = self
            change(&copy)
            return (field, copy)
        }
        return [
            changed("block root") { $0.blockRoot = blockRoot.changed() },
            changed("level") { $0.level += 1 },
            changed("first") { $0.first ^= 1 },
            changed("old") { $0.old = old.changed(3) },
            changed("new") { $0.new = new.changed(7) },
            changed("users") { $0.users += 1 },
            changed("transactions") { $0.transactions += 1 },
            changed("slots") { $0.slots += 1 },
            changed("aggregator") { $0.aggregator = aggregator.changed(1) },
        ]
    }
}
