// What identifies a circuit: the commitment to its preprocessed columns and its shape; and its digest, the fingerprint.

/// Everything a verifier must know of a circuit. 32 bytes and a few small numbers.
public struct VerifierData: Hashable, Sendable {
    public let preprocessedRoot: Digest
    public let shape: Shape

    public init(preprocessedRoot: Digest, shape: Shape) {
        self.preprocessedRoot = preprocessedRoot
        self.shape = shape
    }

    static let tag = 1

    /// hash(1, root ‖ heights ‖ target bits ‖ rate bits ‖ deferred)
    public var fingerprint: Digest {
        Poseidon2.hash(tag: Self.tag, preprocessedRoot.limbs + shape.limbs)
    }
}

/// A circuit with its committed preprocessed stack: what a prover holds.
public final class ProvingKey: Sendable {
    public let circuit: Circuit
    public let verifierData: VerifierData
    package let preprocessed: StackCommitment
    let parameters: OpeningParameters

    /// Commits to the preprocessed stack: about half a prover's first commitment, once a circuit.
    public convenience init(_ circuit: Circuit, threads: Int = 1) throws {
        try self.init(circuit, pool: Pool(threads: threads))
    }

    package init(_ circuit: Circuit, pool: Pool) throws {
        self.circuit = circuit
        parameters = try OpeningParameters(shape: circuit.shape)
        preprocessed = StackCommitment(
            cells: BaseVector(circuit.preprocessed.map { Field(montgomery: $0) }),
            rowVariables: parameters.rowVariables,
            rateBits: parameters.rateBits, pool: pool)
        verifierData = VerifierData(preprocessedRoot: preprocessed.root, shape: circuit.shape)
    }

    public var fingerprint: Digest { verifierData.fingerprint }

    /// The preprocessed stack: canonical words, 4 bytes little endian each.
    public var preprocessedBytes: [UInt8] {
        (0..<preprocessed.cells.count).flatMap {
            preprocessed.cells[$0].canonical.littleEndianBytes
        }
    }
}

extension OpeningParameters {
    init(shape: Shape) throws {
        try self.init(
            witnessVariables: shape.witnessVariables,
            preprocessedVariables: shape.deferred ? 0 : shape.preprocessedVariables,
            targetBits: shape.targetBits, rateBits: shape.rateBits)
    }
}
