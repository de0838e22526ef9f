// The end cap: one user's transition under the previous block's root, authorised by a signature proof.
//
// Today it takes the user's new contract root as the signer gives it; the user proving session (the proof that contract functions led
// from the old root to the new one) will stand where `newContractRoot` comes in.

import ProofCore

/// Everything private to an end cap.
public struct EndCapWitness: Sendable {
    public let block: BlockState
    public let userID: UInt32
    /// Siblings of the user's leaf in the previous block's user tree.
    public let siblings: [Digest]
    public let leaf: UserLeaf
    public let newContractRoot: Digest
    public let transactions: UInt32
    public let slots: UInt32
    public let keyParameters: Digest
    public let signature: Proof
    public let signatureVerifierData: VerifierData

    public init(
        block: BlockState, userID: UInt32, siblings: [Digest], leaf: UserLeaf,
        newContractRoot: Digest, transactions: UInt32,
        slots: UInt32, keyParameters: Digest, signature: Proof, signatureVerifierData: VerifierData
    ) {
        self.block = block
        self.userID = userID
        self.siblings = siblings
        self.leaf = leaf
        self.newContractRoot = newContractRoot
        self.transactions = transactions
        self.slots = slots
        self.keyParameters = keyParameters
        self.signature = signature
        self.signatureVerifierData = signatureVerifierData
    }

    /// The leaf after the block.
    public var newLeaf: UserLeaf {
        UserLeaf(
            publicKey: leaf.publicKey, contractRoot: newContractRoot, nonce: leaf.nonce + 1,
            lastBlock: block.height + 1)
    }

    public var payload: Digest {
        signaturePayload(userID: userID, nonce: leaf.nonce, start: leaf.digest, end: newLeaf.digest)
    }

    public var header: Header {
        Header(
            blockRoot: block.digest, level: 0, first: userID, old: leaf.digest, new: newLeaf.digest,
            users: 1,
            transactions: transactions, slots: slots, aggregator: .zero, deferred: .zero)
    }

    /// The circuit's input limbs, in the order in which `EndCapCircuit` declares them.
    /// - Throws: `VerificationError` when the signature proof does not verify.
    package func input() throws -> [Field] {
        let statement = signatureStatement(parameters: keyParameters, payload: payload)
        let record = try Verifier(signatureVerifierData).replay(signature, statement: statement)
            .record
        var limbs =
            block.userRoot.limbs + block.contractRoot.limbs + block.previous.limbs + [
                Field(block.height)
            ]
        limbs += [Field(userID)] + siblings.flatMap(\.limbs)
        limbs +=
            keyParameters.limbs + leaf.contractRoot.limbs + [
                Field(leaf.nonce), Field(leaf.lastBlock),
            ]
        limbs += newContractRoot.limbs + [Field(transactions), Field(slots)]
        limbs += signatureVerifierData.preprocessedRoot.limbs
        return limbs + record
    }
}

enum EndCapCircuit {
    /// Transactions and slots of one user in one block are below 2^16, nonces below 2^30.
    static let statisticBits = 16
    static let nonceBits = 30

    static func build(shape: Shape) throws -> Circuit {
        let b = CircuitBuilder(name: "end_cap")
        let block = BlockStateTarget(
            userRoot: b.inputDigest(), contractRoot: b.inputDigest(), previous: b.inputDigest(),
            height: b.inputBase())
        let userID = b.inputBase()
        let siblings = (0..<Network.userTreeHeight).map { _ in b.inputDigest() }
        let parameters = b.inputDigest()
        let contractRoot = b.inputDigest()
        let nonce = b.inputBase()
        let lastBlock = b.inputBase()
        let newContractRoot = b.inputDigest()
        let transactions = b.inputBase()
        let slots = b.inputBase()
        let signatureRoot = b.inputDigest()

        let signer = b.fingerprint(preprocessedRoot: signatureRoot, shape: SignatureCircuit.shape)
        let publicKey = b.hash(.publicKey, [parameters, signer])
        let old = UserLeafTarget(
            publicKey: publicKey, contractRoot: contractRoot, nonce: nonce, lastBlock: lastBlock
        ).digest(b)
        let new = UserLeafTarget(
            publicKey: publicKey, contractRoot: newContractRoot, nonce: b.add(nonce, b.one),
            lastBlock: b.add(block.height, b.one)
        ).digest(b)
        _ = b.bits(of: nonce, count: nonceBits)
        _ = b.bits(of: transactions, count: statisticBits)
        _ = b.bits(of: slots, count: statisticBits)
        // The old leaf stands in the previous block's user tree.
        b.connect(b.merkleRoot(leaf: old, index: userID, siblings: siblings), block.userRoot)
        // The holder of the key signed this transition.
        let payload = b.hash(.payload, [old, new], [userID, nonce])
        let statement = b.hash(.signature, [parameters, payload])
        b.connect(
            try b.verifyProof(
                shape: SignatureCircuit.shape, preprocessedRoot: signatureRoot, statement: statement
            ).fingerprint,
            signer)
        let header = HeaderTarget(
            blockRoot: block.digest(b), level: b.zero, first: userID, old: old, new: new,
            users: b.one,
            transactions: transactions, slots: slots, aggregator: b.constant(Digest.zero),
            deferred: b.constant(Digest.zero))
        b.setStatement(header.digest(b))
        return try b.build(shape: shape)
    }
}
