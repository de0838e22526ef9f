// Block: the last transition of a round, lifted to the root of the global user tree, moves the block state on by one.
//
// Registrations, deployments and the previous block's proof will enter here; until then the contract root stays as it is.

import ProofCore

package enum BlockCircuit {
    /// log2 of the inverse rate: the block proof is verified by everybody, so it is made shorter than the others.
    static let rateBits = 4

    package static func build(childShape: Shape, endCap: Digest, combine: Digest) throws -> Circuit {
        let b = CircuitBuilder(name: "block")
        let contractRoot = b.inputDigest()
        let previous = b.inputDigest()
        let height = b.inputBase()
        let blockRoot = b.inputDigest()
        let child = try b.count("child") {
            try ChildTarget(
                b, shape: childShape, blockRoot: blockRoot, aggregator: b.constant(combine), endCap: endCap)
        }
        let lifted = child.lifted(b, top: [ExtTarget](repeating: b.one, count: Network.userTreeHeight))
        let before = BlockStateTarget(
            userRoot: lifted.old, contractRoot: contractRoot, previous: previous, height: height)
        b.connect(before.digest(b), blockRoot)
        let newHeight = b.add(height, b.one)
        let after = BlockStateTarget(
            userRoot: lifted.new, contractRoot: contractRoot, previous: blockRoot, height: newHeight)
        let header = child.header
        b.setStatement(
            b.hash(.block, [blockRoot, after.digest(b)], [newHeight, header.users, header.transactions, header.slots]))
        return try b.build(shape: Shape(heights: b.minimalHeights, rateBits: rateBits))
    }

    package static func input(state: BlockState, child: ChildInput) -> [Field] {
        state.contractRoot.limbs + state.previous.limbs + [Field(state.height)] + state.digest.limbs + child.limbs
    }
}
