// Lifting a transition of a subtree to a higher ancestor whose other descendants do not change (a *line*): the same siblings on the
// path of the old and of the new digest.

import ProofCore

/// A child of a combine or block circuit: its header's targets and the bits of its position.
package struct ChildTarget {
    package let header: HeaderTarget
    /// Binary digits of `first`, least significant first.
    package let bits: [ExtTarget]
    /// below[j] = 1 for j < level.
    let below: [ExtTarget]
    /// Claims about the network's circuits (`Network.polynomial`): of this proof itself, and the one that it carries.
    package let claims: [DeferredClaimTarget]
    /// One per level.
    let siblings: [DigestTarget]

    /// Declares a child, verifies its proof and checks that its circuit is allowed.
    /// - Parameters:
    ///   - aggregator: fingerprint of the combine circuit.
    ///   - endCap: fingerprint of the end-cap circuit.
    package init(
        _ b: CircuitBuilder, shape: Shape, blockRoot: DigestTarget, aggregator: DigestTarget,
        endCap: Digest
    ) throws {
        let isCombine = b.inputBase()
        b.assertBit(isCombine)
        let preprocessedRoot = b.inputDigest()
        let first = b.inputBase()
        let old = b.inputDigest()
        let new = b.inputDigest()
        let (users, transactions, slots) = (b.inputBase(), b.inputBase(), b.inputBase())
        let carried = DeferredClaimTarget(
            point: (0..<Network.polynomialVariables).map { _ in b.inputElement() },
            value: b.inputElement())
        let below = (0..<Network.userTreeHeight).map { _ in b.inputBase() }
        siblings = (0..<Network.userTreeHeight).map { _ in b.inputDigest() }
        prefixFlags(b, below)
        self.below = below
        bits = b.bits(of: first, count: Network.userTreeHeight)
        // The subtree starts at a multiple of its size.
        for (bit, flag) in zip(bits, below) { b.assertMulAdd(bit, flag, b.zero, equals: b.zero) }
        header = HeaderTarget(
            blockRoot: blockRoot, level: b.sum(below), first: first, old: old, new: new,
            users: users,
            transactions: transactions, slots: slots,
            aggregator: b.select(isCombine, b.constant(Digest.zero), aggregator),
            deferred: b.select(isCombine, b.constant(Digest.zero), b.claimDigest(carried)))
        let statement = header.digest(b)
        let verified = try b.verifyProof(
            shape: shape, preprocessedRoot: preprocessedRoot, statement: statement)
        b.connect(verified.fingerprint, b.select(isCombine, b.constant(endCap), aggregator))
        // The polynomial holds the end cap's stack, then the combine's. An end cap carries nothing: the claim at the origin, which always holds.
        let own = verified.deferred!
        claims = [
            DeferredClaimTarget(point: [isCombine] + own.point, value: own.value),
            DeferredClaimTarget(
                point: carried.point.map { b.multiply($0, isCombine) },
                value: b.multiply(carried.value, isCombine)),
        ]
    }

    /// Old and new digest at the level where `top` ends: top[j] = 1 for j below it, at least the child's own level.
    package func lifted(_ b: CircuitBuilder, top: [ExtTarget]) -> (
        old: DigestTarget, new: DigestTarget
    ) {
        var (old, new) = (header.old, header.new)
        for j in top.indices {
            // A bit (select forces it), so top >= below.
            let active = b.subtract(top[j], below[j])
            func step(_ current: DigestTarget) -> DigestTarget {
                let left = b.select(bits[j], current, siblings[j])
                let right = b.select(bits[j], siblings[j], current)
                return b.select(active, current, b.compress(left, right))
            }
            old = step(old)
            new = step(new)
        }
        return (old, new)
    }
}

/// Bits that are ones, then zeros.
package func prefixFlags(_ b: CircuitBuilder, _ flags: [ExtTarget]) {
    flags.forEach(b.assertBit)
    for (previous, next) in zip(flags, flags.dropFirst()) {
        b.assertMulAdd(next, previous, b.zero, equals: next)
    }
}

/// Input limbs of a `ChildTarget`.
package struct ChildInput {
    package let artifact: TransitionArtifact
    package let verifierData: VerifierData
    /// Proof limbs as `Verifier.replay` gives them.
    package let record: [Field]
    /// Siblings from the child's level up; padded with zeros where the lift does not use them.
    package let siblings: [Digest]

    package init(
        artifact: TransitionArtifact, verifierData: VerifierData, record: [Field],
        siblings: [Digest]
    ) {
        self.artifact = artifact
        self.verifierData = verifierData
        self.record = record
        self.siblings = siblings
    }

    package var limbs: [Field] {
        let header = artifact.header
        let level = Int(header.level)
        var limbs =
            [artifact.kind == .combine ? Field.one : Field.zero]
            + verifierData.preprocessedRoot.limbs
        limbs += [Field(header.first)] + header.old.limbs + header.new.limbs
        limbs += [Field(header.users), Field(header.transactions), Field(header.slots)]
        limbs += (artifact.claim ?? .trivial(variables: Network.polynomialVariables)).elements
            .flatMap(\.limbs)
        limbs += (0..<Network.userTreeHeight).map { $0 < level ? Field.one : Field.zero }
        for j in 0..<Network.userTreeHeight {
            let sibling = siblings.indices.contains(j - level) ? siblings[j - level] : .zero
            limbs += sibling.limbs
        }
        return limbs + record
    }
}
