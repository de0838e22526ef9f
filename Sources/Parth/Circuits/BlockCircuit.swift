// Block: the last transition of a round, lifted to the root of the global user tree, moves the block state on by one.
//
// Registrations, deployments and the previous block's proof will enter here; until then the contract root stays as it is.

import ProofCore

package enum BlockCircuit {
    /// log2 of the inverse rate: the block proof is verified by everybody, so it is made shorter than the others.
    static let rateBits = 4
    /// As `rateBits`, of the code in which the network's circuits are committed.
    static let settlementRateBits = 4

    /// - Parameters:
    ///   - endCap, combine: fingerprints. - settlement, polynomialRoot: how the last claim about the network's circuits is settled.
    package static func build(
        childShape: Shape, endCap: Digest, combine: Digest, settlement: PointOpening,
        polynomialRoot: Digest
    ) throws -> Circuit {
        let b = CircuitBuilder(name: "block")
        let contractRoot = b.inputDigest()
        let previous = b.inputDigest()
        let height = b.inputBase()
        let blockRoot = b.inputDigest()
        let child = try b.count("child") {
            try ChildTarget(
                b, shape: childShape, blockRoot: blockRoot, aggregator: b.constant(combine),
                endCap: endCap)
        }
        let claim = b.count("claims") { b.joinClaims(child.claims) }
        try b.count("settlement") {
            try b.verifyPointOpening(settlement, root: b.constant(polynomialRoot), claim)
        }
        let lifted = child.lifted(
            b, top: [ExtTarget](repeating: b.one, count: Network.userTreeHeight))
        let before = BlockStateTarget(
            userRoot: lifted.old, contractRoot: contractRoot, previous: previous, height: height)
        b.connect(before.digest(b), blockRoot)
        let newHeight = b.add(height, b.one)
        let after = BlockStateTarget(
            userRoot: lifted.new, contractRoot: contractRoot, previous: blockRoot, height: newHeight
        )
        let header = child.header
        b.setStatement(
            b.hash(
                .block, [blockRoot, after.digest(b)],
                [newHeight, header.users, header.transactions, header.slots]))
        return try b.build(shape: Shape(heights: b.minimalHeights, rateBits: rateBits))
    }

    /// - Parameters:
    ///   - batch: what `ClaimBatch.prove` sends for the child's claims.
    ///   - settlement: the limbs of the opening of the claim that is left.
    package static func input(
        state: BlockState, child: ChildInput, batch: [Field], settlement: [Field]
    ) -> [Field] {
        let own =
            state.contractRoot.limbs + state.previous.limbs + [Field(state.height)]
            + state.digest.limbs
        return own + child.limbs + batch + settlement
    }
}
