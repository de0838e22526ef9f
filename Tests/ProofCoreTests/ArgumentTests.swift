// The whole argument: every message tampered with, truncated, extended and swapped; the wrong statement, verifier data and
// circuit; random bytes.

import ProofCore
import Testing

@Suite struct ArgumentTests {
    private let test: TestProof
    private let other: TestProof
    private let layout: ProofLayout
    private var bytes: [UInt8] { test.proof.bytes }

    init() throws {
        test = try TestProof.nine.get()
        other = try TestProof.nineOther.get()
        layout = try ProofLayout.nine.get()
    }

    // MARK: completeness

    @Test func accepts_a_true_statement() throws {
        try test.verifier.verify(test.proof, statement: test.statement)
        try other.verifier.verify(other.proof, statement: other.statement)
    }

    @Test func proof_is_the_same_every_time_and_for_any_threads() throws {
        for threads in [1, 3] {
            let again = try Prover(key: test.key, threads: threads).prove(
                input: test.input, statement: test.statement)
            #expect(again == test.proof)
        }
    }

    @Test func key_is_the_same_every_time() throws {
        #expect(try ProvingKey(nineChips()).verifierData == test.key.verifierData)
        #expect(try ProvingKey(nineChips(tag: 8)).fingerprint != test.key.fingerprint)
    }

    @Test func messages_are_all_and_in_order() {
        #expect(Set(layout.parts.map(\.message)) == Set(Message.argument))
        #expect(layout.parts.last?.bytes.upperBound == bytes.count)
        #expect(bytes.count % 4 == 0)
    }

    /// Unequal heights, other rates and targets.
    @Test(arguments: [
        ([5, 4, 6, 4, 7, 4, 5, 4, 8], 104, 2), ([4, 9, 4, 4, 4, 4, 4, 4, 4], 100, 1),
        ([4, 4, 4, 4, 4, 4, 4, 4, 4], 60, 3),
        ([6, 4, 4, 8, 4, 5, 4, 9, 4], 120, 4),
    ])
    func accepts_in_a_larger_shape(heights: [Int], target: Int, rate: Int) throws {
        let b = CircuitBuilder(name: "shape")
        let (x, d) = (b.inputElement(), b.inputDigest())
        b.setStatement(
            b.hash(tag: 7, blocks: [d] + b.blocks(of: [b.multiply(x, x), x]), count: 24))
        let shape = try Shape(heights: heights, targetBits: target, rateBits: rate)
        let test = try TestProof(b.build(shape: shape), input: (1...13).map { Field($0) })
        try test.verifier.verify(test.proof, statement: test.statement)
        #expect(ProofCoreTests.refusal(test.verifier, test.proof, .zero) == .busImbalance)
    }

    // MARK: tampering, message by message

    /// The first, the last and two other limbs of every part of every message.
    @Test(arguments: Message.argument) func rejects_tampered_message(_ message: Message) throws {
        var random = RandomElements(seed: UInt64(message.rawValue))
        let parts = layout.parts(message)
        try #require(!parts.isEmpty)
        for part in parts where part.limbs > 0 {
            let some = parts.count > 12 ? 0 : 2
            let limbs = Set(
                [0, part.limbs - 1] + (0..<some).map { _ in random.index(below: part.limbs) })
            for limb in limbs {
                let error = test.refusal(bytes.tampered(at: part.bytes.lowerBound + 4 * limb))
                #expect(
                    test.expects(error, tampering: part),
                    "\(part.name), limb \(limb): \(error as Any)")
            }
        }
    }

    /// Every column's value, every limb of it.
    @Test func rejects_every_tampered_evaluation() throws {
        let part = try #require(layout.parts(.evaluations).first)
        for position in stride(from: part.bytes.lowerBound, to: part.bytes.upperBound, by: 4) {
            #expect(test.refusal(bytes.tampered(at: position)) == .zerocheck)
        }
    }

    @Test(arguments: Message.argument) func rejects_truncated_message(_ message: Message) {
        for part in layout.parts(message) where part.limbs > 0 {
            for end in [
                part.bytes.lowerBound, part.bytes.upperBound - 4, part.bytes.upperBound - 1,
            ] {
                guard
                    case .truncated(message, at: _, needed: _, left: _) = test.refusal(
                        Array(bytes[..<end]))
                else {
                    Issue.record("\(part.name), cut at \(end)")
                    continue
                }
            }
        }
    }

    @Test(arguments: 1...8) func rejects_trailing_bytes(_ count: Int) {
        #expect(
            test.refusal(bytes + [UInt8](repeating: 0, count: count))
                == .trailingBytes(count: count))
    }

    @Test(arguments: Message.argument) func rejects_non_canonical_word(_ message: Message) throws {
        for part in layout.parts(message) where part.limbs > 0 {
            for (at, word) in [
                (part.bytes.lowerBound, Field.modulus), (part.bytes.upperBound - 4, UInt32.max),
            ] {
                var changed = bytes
                changed.replaceSubrange(at..<(at + 4), with: word.littleEndianBytes)
                #expect(test.refusal(changed) == .nonCanonical(message, at: at, word: word))
            }
        }
    }

    /// A limb put in shifts what follows: the next message is the first that is wrong. One taken out makes this one wrong.
    @Test(arguments: Message.argument) func rejects_lengthened_and_shortened_message(
        _ message: Message
    ) throws {
        let i = try #require(layout.parts.firstIndex { $0.message == message && $0.limbs > 0 })
        let end = layout.parts[i].bytes.upperBound
        let longer = test.refusal(Array(bytes[..<end]) + [1, 0, 0, 0] + bytes[end...])
        #expect(test.expects(longer, tampering: layout.parts[i + 1]), "\(longer as Any)")
        let shorter = test.refusal(Array(bytes[..<(end - 4)]) + bytes[end...])
        #expect(test.expects(shorter, tampering: layout.parts[i]), "\(shorter as Any)")
    }

    /// The same message of a valid proof of another statement.
    @Test(arguments: Message.argument) func rejects_message_of_another_proof(_ message: Message)
        throws
    {
        let theirs = try ProofLayout(other)
        for (mine, their) in zip(layout.parts(message), theirs.parts(message)) {
            guard mine.limbs == their.limbs, mine.limbs > 0 else { continue }
            var changed = bytes
            changed.replaceSubrange(mine.bytes, with: other.proof.bytes[their.bytes])
            if changed == bytes { continue }  // a nonce may be the same
            let error = test.refusal(changed)
            #expect(test.expects(error, tampering: mine), "\(mine.name): \(error as Any)")
        }
    }

    /// Two messages of one kind and length exchanged within the proof.
    @Test(arguments: [Message.fractionRound, .fractionClaims, .zerocheckRound, .openingRound])
    func rejects_swapped_messages(_ message: Message) {
        let parts = layout.parts(message)
        for (a, b) in zip(parts, parts.dropFirst()) {
            var changed = bytes
            changed.replaceSubrange(a.bytes, with: bytes[b.bytes])
            changed.replaceSubrange(b.bytes, with: bytes[a.bytes])
            #expect(test.expects(test.refusal(changed), tampering: a), "\(a.name)")
        }
    }

    @Test func rejects_zero_denominator() throws {
        let part = try #require(layout.parts(.fractionTop).first)
        for element in [2, 3] {  // dl, dr
            var changed = bytes
            let from = part.bytes.lowerBound + 20 * element
            changed.replaceSubrange(from..<(from + 20), with: [UInt8](repeating: 0, count: 20))
            #expect(test.refusal(changed) == .zeroDenominator)
        }
        // All zero satisfies N·s + D = 0: only the check for zero stands against it.
        var changed = bytes
        changed.replaceSubrange(part.bytes, with: [UInt8](repeating: 0, count: part.bytes.count))
        #expect(test.refusal(changed) == .zeroDenominator)
    }

    // MARK: wrong statement, verifier data, circuit

    @Test func rejects_wrong_statement() {
        for limb in 0..<8 {
            var statement = test.statement
            statement[limb] += .one
            #expect(refusal(test.verifier, test.proof, statement) == .busImbalance)
        }
        #expect(refusal(test.verifier, test.proof, other.statement) == .busImbalance)
        #expect(refusal(test.verifier, test.proof, .zero) == .busImbalance)
    }

    /// The prover runs on a statement that is not its circuit's: everything follows but the bus.
    @Test func rejects_honest_run_on_a_false_statement() throws {
        let witness = try test.circuit.witness(input: test.input)
        #expect(
            refusal(test.verifier, test.prove(witness, statement: .zero), .zero) == .busImbalance)
    }

    @Test func rejects_wrong_preprocessed_root() throws {
        var root = test.key.verifierData.preprocessedRoot
        root[3] += .one
        let verifier = try Verifier(VerifierData(preprocessedRoot: root, shape: test.circuit.shape))
        #expect(refusal(verifier, test.proof, test.statement) == .busImbalance)
    }

    @Test func rejects_wrong_target_or_rate() throws {
        let heights = test.circuit.shape.heights
        for shape in [
            try Shape(heights: heights, targetBits: 103), try Shape(heights: heights, rateBits: 1),
            try Shape(heights: heights, rateBits: 3),
        ] {
            let root = test.key.verifierData.preprocessedRoot
            let verifier = try Verifier(VerifierData(preprocessedRoot: root, shape: shape))
            #expect(refusal(verifier, test.proof, test.statement) == .busImbalance)
        }
    }

    @Test(arguments: 0..<9) func rejects_wrong_height(_ table: Int) throws {
        var heights = test.circuit.shape.heights
        heights[table] += 1
        let shape = try Shape(heights: heights)
        let verifier = try Verifier(
            VerifierData(preprocessedRoot: test.key.verifierData.preprocessedRoot, shape: shape))
        #expect(refusal(verifier, test.proof, test.statement) == .busImbalance)
    }

    @Test func rejects_proof_of_another_circuit_of_the_shape() throws {
        let variant = try TestProof.nineVariant.get()
        #expect(
            variant.circuit.shape == test.circuit.shape
                && variant.key.fingerprint != test.key.fingerprint)
        try variant.verifier.verify(variant.proof, statement: variant.statement)
        #expect(refusal(test.verifier, variant.proof, variant.statement) == .busImbalance)
        #expect(refusal(variant.verifier, test.proof, test.statement) == .busImbalance)
    }

    @Test func rejects_verifier_data_without_parameters() throws {
        for (target, rate) in [(120, 6), (128, 6), (124, 10), (128, 10)] {
            let shape = try Shape(
                heights: test.circuit.shape.heights, targetBits: target, rateBits: rate)
            guard case .some(.shape) = refused(shape) else {
                Issue.record("target \(target), rate \(rate)")
                continue
            }
        }
    }

    private func refused(_ shape: Shape) -> VerificationError? {
        do throws(VerificationError) {
            _ = try Verifier(VerifierData(preprocessedRoot: .zero, shape: shape))
            return nil
        } catch {
            return error
        }
    }

    // MARK: fuzz

    @Test func single_bytes_changed_anywhere_are_refused() {
        var random = RandomElements(seed: 61)
        let count = 400
        for i in 0..<count {
            var changed = bytes
            let at = bytes.count * i / count + random.index(below: bytes.count / count)
            changed[at] ^= UInt8(1 + random.index(below: 255))
            #expect(test.refusal(changed) != nil, "byte \(at)")
        }
    }

    @Test func random_bytes_are_refused() {
        var random = RandomElements(seed: 62)
        for length in [0, 1, 3, 4, 31, 32, 1000, bytes.count - 1, bytes.count, bytes.count + 1] {
            #expect(
                test.refusal((0..<length).map { _ in UInt8(truncatingIfNeeded: random.word()) })
                    != nil)
            #expect(test.refusal([UInt8](repeating: 0, count: length)) != nil)
        }
        for _ in 0..<50 {
            var changed = bytes
            let from = random.index(below: bytes.count)
            for i in from..<min(bytes.count, from + 200) {
                changed[i] = UInt8(truncatingIfNeeded: random.word()) & 0x7e
            }
            #expect(test.refusal(changed) != nil)
        }
    }
}
