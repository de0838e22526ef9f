// The tagged hashes of the state and of statements, natively and as gadgets: one list of fields each, written once in `Fields`.

import ProofCore

/// Domain tags of `Poseidon2.hash`. 1 and 2 are ProofCore's.
public enum Tag: Int, Sendable {
    case publicKey = 16
    case userLeaf = 17
    case blockState = 18
    case payload = 19
    case signature = 20
    case header = 21
    case block = 22
    case secret = 23
    case claim = 24
}

extension Poseidon2 {
    /// hash(tag, digests ‖ scalars), at most eight scalars: the last block.
    public static func hash(_ tag: Tag, _ digests: [Digest], _ scalars: [Field] = []) -> Digest {
        hash(tag: tag.rawValue, digests.flatMap(\.limbs) + scalars)
    }
}

extension CircuitBuilder {
    /// As `Poseidon2.hash(_:_:_:)`.
    public func hash(_ tag: Tag, _ digests: [DigestTarget], _ scalars: [ExtTarget] = [])
        -> DigestTarget
    {
        let last = scalars.isEmpty ? [] : [digest(ofBase: scalars)]
        return hash(
            tag: tag.rawValue, blocks: digests + last, count: 8 * digests.count + scalars.count)
    }
}
