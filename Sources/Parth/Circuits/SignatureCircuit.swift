// A zero-knowledge-circuit signature: knowledge of a Poseidon preimage. A user's public key is the digest of a signature circuit's
// fingerprint and parameters, so this is one of many possible circuits: any of `SignatureCircuit.shape` can take its place.

import ProofCore

public enum SignatureCircuit {
    /// Shape that the end cap accepts signature circuits of.
    public static let shape: Shape = try! Shape(heights: [4, 4, 4, 4, 4, 4, 4, 4, 4])

    /// parameters = hash(secret); statement = hash(parameters, payload).
    static func preimage() throws -> Circuit {
        let b = CircuitBuilder(name: "signature.preimage")
        let secret = b.inputDigest()
        let payload = b.inputDigest()
        let parameters = b.hash(.secret, [secret])
        b.setStatement(b.hash(.signature, [parameters, payload]))
        return try b.build(shape: shape)
    }
}

/// A private key of the preimage signature circuit: 248 bits.
public struct PreimageKey: Sendable {
    public let secret: Digest
    public init(secret: Digest) { self.secret = secret }
    public var parameters: Digest { Poseidon2.hash(.secret, [secret]) }
}
