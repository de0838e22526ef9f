// The recursive verifier: it draws what the native one draws, accepts what it accepts, and has no witness for what it refuses.

import ProofCore
import Testing

/// A circuit that verifies one proof of a shape; its statement is hash(9, fingerprint ‖ child's statement ‖ claim that is left, if any).
func wrapper(of shape: Shape) throws -> Circuit {
    let b = CircuitBuilder(name: "wrapper")
    let root = b.inputDigest()
    let statement = b.inputDigest()
    let child = try b.verifyProof(shape: shape, preprocessedRoot: root, statement: statement)
    let claim = child.deferred?.elements ?? []
    b.setStatement(
        b.hash(
            tag: 9, blocks: [child.fingerprint, statement] + b.blocks(of: claim),
            count: 16 + 5 * claim.count))
    return try b.build()
}

/// The wrapper's input for a child, and the native record in it.
struct WrappedChild: Sendable {
    let child: TestProof
    let root: Digest
    let record: [Field]
    let claim: DeferredClaim?

    init(_ child: TestProof) throws {
        self.child = child
        root = child.key.verifierData.preprocessedRoot
        let replay = try child.verifier.replay(child.proof, statement: child.statement)
        record = replay.record
        claim = replay.deferred
    }

    func input(root: Digest? = nil, statement: Digest? = nil, record: [Field]? = nil) -> [Field] {
        (root ?? self.root).limbs + (statement ?? child.statement).limbs + (record ?? self.record)
    }

    var statement: Digest {
        Poseidon2.hash(
            tag: 9,
            child.key.fingerprint.limbs + child.statement.limbs
                + (claim?.elements ?? []).flatMap(\.limbs))
    }

    static let nine = Result { try WrappedChild(TestProof.nine.get()) }
    static let deferred = Result { try WrappedChild(TestProof.deferred.get()) }
    static let wrappedDeferred = Result {
        let child = try deferred.get()
        return try TestProof(wrapper(of: child.child.circuit.shape), input: child.input())
    }
    /// The wrapper of `nine`, with its proof.
    static let wrapped = Result {
        let child = try nine.get()
        return try TestProof(wrapper(of: child.child.circuit.shape), input: child.input())
    }
}

@Suite struct RecursionTests {
    private let child: WrappedChild
    private let wrapped: TestProof
    private let layout: ProofLayout

    init() throws {
        child = try WrappedChild.nine.get()
        wrapped = try WrappedChild.wrapped.get()
        layout = try ProofLayout.nine.get()
    }

    // MARK: completeness

    @Test func wrapped_proof_verifies_with_the_native_statement() throws {
        #expect(wrapped.statement == child.statement)
        try wrapped.verifier.verify(wrapped.proof, statement: child.statement)
    }

    @Test func record_is_as_long_as_the_circuit_reads() {
        #expect(layout.record == child.record)
        #expect(wrapped.circuit.inputLimbs == 16 + child.record.count)
        #expect(layout.parts.map(\.record.upperBound).max() == child.record.count)
    }

    /// Verifier data is a witness: one circuit takes proofs of every circuit of the shape, and says which it was.
    @Test func proof_of_another_circuit_of_the_shape_shows_its_own_fingerprint() throws {
        let variant = try WrappedChild(TestProof.nineVariant.get())
        let witness = try wrapped.circuit.witness(input: variant.input())
        #expect(wrapped.circuit.statement(of: witness) == variant.statement)
        #expect(variant.statement != child.statement)
        // Its proof under the first circuit's root is none.
        expectContradiction(variant.input(root: child.root))
    }

    @Test func fingerprint_in_the_circuit_is_the_native_one() throws {
        let shape = child.child.circuit.shape
        let b = CircuitBuilder(name: "fingerprint")
        b.setStatement(b.fingerprint(preprocessedRoot: b.inputDigest(), shape: shape))
        let circuit = try b.build()
        let witness = try circuit.witness(input: child.root.limbs)
        #expect(circuit.statement(of: witness) == child.child.key.fingerprint)
    }

    // MARK: parity

    /// The same messages through both transcripts: the challenges, put into a statement, are the same.
    @Test func transcripts_draw_the_same() throws {
        let round = try OpeningParameters(
            witnessVariables: 13, preprocessedVariables: 12, targetBits: 104, rateBits: 2
        ).rounds[1]
        var random = RandomElements(seed: 71)
        let digest = Digest((0..<8).map { _ in random.field() })
        let messages = [1, 2, 8, 9, 23].map { count in
            (0..<count).map { _ in random.extensionElement() }
        }

        var native = ProverTranscript()
        native.absorb(digest)
        var drawn = [native.sample(), native.sample()]
        for message in messages {
            native.send(.evaluations, message)
            drawn.append(native.sample())
        }
        native.send(.foldedRoot, digest.limbs)
        native.grind(bits: 16)
        let nonce = native.proof.suffix(4)
        let indices = native.indices(round)
        drawn += [native.sample(), native.sample()]

        let b = CircuitBuilder(name: "parity")
        var inCircuit = CircuitTranscript(b)
        inCircuit.absorb([b.inputDigest()])
        var targets = [inCircuit.sample(), inCircuit.sample()]
        for message in messages {
            _ = inCircuit.receive(elements: message.count)
            targets.append(inCircuit.sample())
        }
        _ = inCircuit.receiveDigest()
        inCircuit.checkWork(bits: 16)
        let positions = inCircuit.indices(count: round.queries, bits: round.height)
        targets += [inCircuit.sample(), inCircuit.sample()]
        let one = b.block(of: [b.one])
        let points = positions.map { b.power($0.point, [one]) }  // 1 + 1·(z − 1) = z
        let all = targets + positions.map(\.index) + points
        b.setStatement(
            b.hash(tag: 3, blocks: b.blocks(of: all), count: (5 * all.count + 7) / 8 * 8))
        let circuit = try b.build()

        let input =
            digest.limbs + messages.joined().flatMap(\.limbs) + digest.limbs
            + [Field(UInt32(littleEndianBytes: nonce))]
        let zs = indices.map { index -> Field in
            let h = round.height
            let reversed = (0..<h).reduce(0) { $0 | ((index >> $1) & 1) << (h - 1 - $1) }
            return Field.rootOfUnity(h).power(UInt64(reversed))
        }
        var expected = (drawn + indices.map { Extension(Field($0)) } + zs.map { Extension($0) })
            .flatMap(\.limbs)
        expected += [Field](repeating: .zero, count: (8 - expected.count % 8) % 8)
        let witness = try circuit.witness(input: input)
        #expect(circuit.statement(of: witness) == Poseidon2.hash(tag: 3, expected))

        // The next nonce does no work (or the test would be at fault once in 2^16): no witness.
        var other = input
        other[other.count - 1] += .one
        #expect(throws: WitnessError.self) { try circuit.witness(input: other) }
    }

    // MARK: no witness for what the native verifier refuses

    private func expectContradiction(
        _ input: [Field], _ what: String = "", _ location: SourceLocation = #_sourceLocation
    ) {
        do {
            _ = try wrapped.circuit.witness(input: input)
            Issue.record("\(what): there is a witness", sourceLocation: location)
        } catch WitnessError.contradiction {
        } catch {
            Issue.record("\(what): \(error)", sourceLocation: location)
        }
    }

    /// Of every part of every message, the first, the last and one more limb.
    @Test(arguments: Message.argument) func tampered_child_has_no_witness(_ message: Message) throws
    {
        var random = RandomElements(seed: UInt64(message.rawValue))
        let parts = layout.parts(message).filter { !$0.record.isEmpty }
        try #require(!parts.isEmpty)
        for part in parts {
            let more = message == .opening ? 12 : 1
            let limbs =
                [part.record.lowerBound, part.record.upperBound - 1]
                + (0..<more).map { _ in
                    part.record.lowerBound + random.index(below: part.record.count)
                }
            for limb in Set(limbs) {
                var record = child.record
                record[limb] += .one
                expectContradiction(
                    child.input(record: record),
                    "\(part.name), limb \(limb - part.record.lowerBound)")
            }
        }
    }

    @Test func wrong_preprocessed_root_has_no_witness() {
        for limb in 0..<8 {
            var root = child.root
            root[limb] += .one
            expectContradiction(child.input(root: root))
        }
    }

    @Test func wrong_statement_has_no_witness() {
        for limb in 0..<8 {
            var statement = child.child.statement
            statement[limb] += .one
            expectContradiction(child.input(statement: statement))
        }
    }

    @Test func proof_of_another_statement_has_no_witness() throws {
        let other = try WrappedChild(TestProof.nineOther.get())
        expectContradiction(child.input(record: other.record))
        expectContradiction(child.input(statement: other.child.statement))
    }

    @Test func zero_denominators_have_no_witness() throws {
        let top = try #require(layout.parts(.fractionTop).first)
        var record = child.record
        for i in top.record { record[i] = .zero }
        expectContradiction(child.input(record: record))
    }

    @Test func input_of_wrong_length_is_refused() {
        #expect(throws: WitnessError.self) {
            try wrapped.circuit.witness(input: child.input().dropLast())
        }
    }

    /// The strongest false child: a prover that follows the protocol on a false statement, work, openings and all. One equation
    /// of the child's verifier fails. There is no witness, or no proof of it.
    private func expectRefused(_ proof: Proof, _ statement: Digest, _ error: VerificationError)
        throws
    {
        let test = child.child
        #expect(refusal(test.verifier, proof, statement) == error)
        let record = try ProofLayout(test, proof: proof, statement: statement).record
        let input = child.input(statement: statement, record: record)
        do {
            let witness = try wrapped.circuit.witness(input: input)
            let claimed = wrapped.circuit.statement(of: witness)
            #expect(
                refusal(wrapped.verifier, wrapped.prove(witness, statement: claimed), claimed)
                    == .busImbalance)
        } catch WitnessError.contradiction {
        }
    }

    @Test func child_of_a_false_statement_is_refused() throws {
        let test = child.child
        var statement = test.statement
        statement[0] += .one
        let proof = test.prove(try test.circuit.witness(input: test.input), statement: statement)
        try expectRefused(proof, statement, .busImbalance)
    }

    @Test func child_with_a_broken_copy_is_refused() throws {
        let test = child.child
        let witness = try test.circuit.witness(input: test.input)
        witness.cells[test.circuit.cell(.mulAdd, 0, 0)] += .one
        try expectRefused(test.prove(witness), test.statement, .busImbalance)
    }

    @Test func child_with_a_broken_constraint_is_refused() throws {
        let test = child.child
        let witness = try test.circuit.witness(input: test.input)
        witness.cells[test.circuit.cell(.select, 0, 15)] = 2
        try expectRefused(test.prove(witness), test.statement, .zerocheck)
    }

    // MARK: what is free

    /// The ports that the recursive verifier leaves off the bus are those whose targets are hints or are not used: a
    /// witness cell that only such ports show could be anything.
    @Test func ports_off_the_bus_are_hints_or_unused() throws {
        let circuit = wrapped.circuit
        var off: [String: Int] = [:]
        for (kind, port) in ChipRow.allPorts where ![.dot, .pack, .select].contains(kind) {
            for row in 0..<circuit.rowCounts[kind.rawValue]
            where !circuit.isBound(kind, port: port, row) {
                var mode = ""
                if kind == .poseidon {
                    let (path, feed) = (
                        circuit.preprocessedCell(kind, 0, row),
                        circuit.preprocessedCell(kind, 2, row)
                    )
                    mode = path == .one ? " path" : feed == .one ? " compress" : " sponge"
                }
                off["\(kind.name)\(mode) \(port)", default: 0] += 1
            }
        }
        let rounds = try OpeningParameters(
            witnessVariables: 13, preprocessedVariables: 12, targetBits: 104, rateBits: 2
        ).rounds
        let paths = rounds.enumerated().reduce(0) {
            $0 + $1.element.queries * $1.element.height * ($1.offset == 0 ? 2 : 1)
        }
        #expect(off["Poseidon path 1"] == paths)  // siblings
        #expect(off["Poseidon path 0"] == nil && off["Poseidon path 2"] == nil)
        for port in 0..<3 { #expect(off["Poseidon compress \(port)"] == nil) }
        // A sponge's left half is overwritten by the next block; its right half ends with the last permutation.
        #expect(off["Poseidon sponge 0"] == nil && off["Poseidon sponge 1"] == nil)
        #expect(off["Poseidon sponge 3", default: 0] <= 3)
        #expect(off["MulAdd 1"] == 1)  // the inverse that shows denominators not zero
        #expect(off["MulAdd 0"] == nil && off["MulAdd 2"] == nil && off["MulAdd 3"] == nil)
        #expect(off["Power 0"] == nil && off["Power 1"] == nil && off["Power 2"] == nil)
        #expect(off["Index 0"] == nil && off["Index 2"] == nil)
        #expect(off["Index 1"] == rounds.count)  // of the work: an index, but no point
        #expect(off["Limbs 1"] == nil)
    }

    // MARK: past the witness check

    /// The attacker's prover does not stop at a contradiction: it changes rows of the wrapper and proves. All rows stay
    /// valid by themselves; the bus tells.
    @Test(arguments: [ChipKind.poseidon, .mulAdd, .dot, .power, .index, .pack, .limbs])
    func rejects_wrapper_with_changed_row(_ kind: ChipKind) throws {
        let circuit = wrapped.circuit
        var random = RandomElements(seed: UInt64(kind.rawValue))
        let row = random.index(below: circuit.rowCounts[kind.rawValue])
        let error = try wrapped.refusal { witness in
            var values = circuit.row(kind, row, of: witness)
            values.witness[0] = kind == .index ? .one - values.witness[0] : values.witness[0] + .one
            values.repair()
            precondition(values.broken.isEmpty)
            circuit.write(values, row, to: witness)
        }
        #expect(error == .busImbalance)
    }

    /// A witness of a true child under the statement of a false one.
    @Test func rejects_wrapper_of_false_statement() throws {
        let witness = try wrapped.circuit.witness(input: wrapped.input)
        var child = child.child.statement
        child[0] += .one
        let claimed = Poseidon2.hash(tag: 9, self.child.child.key.fingerprint.limbs + child.limbs)
        #expect(
            refusal(wrapped.verifier, wrapped.prove(witness, statement: claimed), claimed)
                == .busImbalance)
    }
}
