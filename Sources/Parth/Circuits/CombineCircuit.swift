// Combine: two transitions of disjoint subtrees become one of their nearest common ancestor. One circuit verifies proofs of itself and
// of end caps; it carries its own fingerprint in its statement, and both children must carry the same.

import ProofCore

package enum CombineCircuit {
    package static func build(shape: Shape, endCap: Digest) throws -> Circuit {
        let b = CircuitBuilder(name: "combine")
        let height = Network.userTreeHeight
        let blockRoot = b.inputDigest()
        let aggregator = b.inputDigest()
        // below[j] = 1 for j < level of the ancestor − 1: where both children are lifted to.
        let below = (0..<(height - 1)).map { _ in b.inputBase() }
        prefixFlags(b, below)
        let left = try b.count("left child") {
            try ChildTarget(
                b, shape: shape, blockRoot: blockRoot, aggregator: aggregator, endCap: endCap)
        }
        let right = try b.count("right child") {
            try ChildTarget(
                b, shape: shape, blockRoot: blockRoot, aggregator: aggregator, endCap: endCap)
        }
        let header = b.count("nearest common ancestor") {
            // under[j] = 1 for j < level: below, one further.
            let under = [b.one] + below
            var first = b.zero
            for j in stride(from: height - 1, through: 0, by: -1) {
                let last = j < height - 1 ? below[j] : b.zero
                let isBranch = b.subtract(under[j], last)
                // At the branch the left child goes left and the right child right; above it they agree.
                b.assertMulAdd(isBranch, left.bits[j], b.zero, equals: b.zero)
                b.assertMulAdd(isBranch, right.bits[j], b.zero, equals: isBranch)
                let above = b.subtract(b.one, under[j])
                b.assertMulAdd(
                    above, left.bits[j], b.zero, equals: b.multiply(above, right.bits[j]))
                first = b.mulAdd(b.multiply(above, left.bits[j]), b.constant(Field(1 << j)), first)
            }
            let top = below + [b.zero]
            let (l, r) = (left.lifted(b, top: top), right.lifted(b, top: top))
            return HeaderTarget(
                blockRoot: blockRoot, level: b.sum(under), first: first,
                old: b.compress(l.old, r.old),
                new: b.compress(l.new, r.new), users: b.add(left.header.users, right.header.users),
                transactions: b.add(left.header.transactions, right.header.transactions),
                slots: b.add(left.header.slots, right.header.slots), aggregator: aggregator,
                deferred: b.claimDigest(
                    b.count("claims") { b.joinClaims(left.claims + right.claims) }))
        }
        b.setStatement(header.digest(b))
        return try b.build(shape: shape)
    }

    /// Input limbs for two children whose headers meet at `level`.
    /// - Parameter batch: what `ClaimBatch.prove` sends for the children's claims.
    package static func input(
        blockRoot: Digest, aggregator: Digest, level: Int, left: ChildInput, right: ChildInput,
        batch: [Field]
    ) -> [Field] {
        var limbs = blockRoot.limbs + aggregator.limbs
        limbs += (0..<(Network.userTreeHeight - 1)).map { $0 < level - 1 ? Field.one : Field.zero }
        return limbs + left.limbs + right.limbs + batch
    }
}
