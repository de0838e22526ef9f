// The circuits of the proving network, their keys, and the operations that workers, users and verifiers run.

import ProofCore

/// The network's constants and its circuits. Building all keys takes about a second; each is built when it is first needed.
public final class Network: Sendable {
    public static let userTreeHeight = 30
    /// Shape of every proof that a combine takes: end caps and combines.
    public static let shape: Shape = try! Shape(
        heights: [14, 14, 10, 10, 9, 10, 11, 10, 9], deferred: true)
    /// Variables of `polynomial`: those of a preprocessed stack of `shape`, and one to choose the circuit.
    public static let polynomialVariables = shape.preprocessedStackVariables + 1

    public let signature: ProvingKey
    public let endCap: ProvingKey
    public let combine: ProvingKey
    public let block: ProvingKey

    /// The preprocessed stacks of the end cap and of the combine: what deferred claims are about.
    public let polynomial: ClaimedPolynomial
    /// How the block circuit settles the last claim: by an opening of the committed polynomial.
    package let settlement: PointOpening
    package let polynomialCommitment: StackCommitment

    public let endCapVerifier: Verifier
    public let combineVerifier: Verifier
    public let blockVerifier: Verifier

    /// - Parameter threads: used while the keys are made.
    public init(threads: Int = 1) throws {
        signature = try ProvingKey(SignatureCircuit.preimage(), threads: threads)
        endCap = try ProvingKey(EndCapCircuit.build(shape: Self.shape), threads: threads)
        combine = try ProvingKey(
            CombineCircuit.build(shape: Self.shape, endCap: endCap.fingerprint), threads: threads)
        polynomial = ClaimedPolynomial([endCap, combine])
        guard polynomial.firstCell == .zero, polynomial.variables == Self.polynomialVariables else {
            throw CircuitError(
                "network: expected a polynomial of \(Self.polynomialVariables) variables that begins with zero"
            )
        }
        settlement = try PointOpening(
            variables: polynomial.variables, targetBits: Self.shape.targetBits,
            rateBits: BlockCircuit.settlementRateBits)
        polynomialCommitment = settlement.commit(polynomial, threads: threads)
        block = try ProvingKey(
            BlockCircuit.build(
                childShape: Self.shape, endCap: endCap.fingerprint, combine: combine.fingerprint,
                settlement: settlement,
                polynomialRoot: polynomialCommitment.root), threads: threads)
        endCapVerifier = try Verifier(endCap.verifierData)
        combineVerifier = try Verifier(combine.verifierData)
        blockVerifier = try Verifier(block)
    }

    /// Every soundness term that a block proof rests on: of each circuit's proofs, of joining deferred
    /// claims, and of settling the last one.
    public func soundnessTerms() throws -> [SoundnessTerm] {
        func named(_ prefix: String, _ terms: [SoundnessTerm]) -> [SoundnessTerm] {
            terms.map { SoundnessTerm(name: "\(prefix): \($0.name)", bits: $0.bits) }
        }
        let circuits = try keys.flatMap {
            named($0.circuit.name, try $0.circuit.shape.soundnessTerms())
        }
        return circuits + named("joining", ClaimBatch.soundnessTerms(claims: 4))
            + named("settlement", settlement.soundnessTerms())
    }

    /// All circuits, in the order in which proofs go through them.
    public var keys: [ProvingKey] { [signature, endCap, combine, block] }
}
