// What no end cap can be made of.

import Parth
import ProofCore
import Testing

/// A signature circuit that signs for everybody.
struct AnySignature: Sendable {
    let key: ProvingKey
    static let shared = Result { try AnySignature() }

    init() throws {
        let b = CircuitBuilder(name: "signature.any")
        b.setStatement(b.inputDigest())
        key = try ProvingKey(b.build(shape: SignatureCircuit.shape))
    }

    func sign(_ statement: Digest) throws -> Proof {
        try Prover(key: key).prove(input: statement.limbs, statement: statement)
    }
}

/// A user alone in the tree with a chosen leaf, honest in everything.
struct EndCapCase {
    let witness: EndCapWitness

    init(nonce: UInt32 = 3, lastBlock: UInt32 = 2) throws {
        let chain = try Chain.shared.get()
        var leaf = chain.leaves[3]
        leaf.nonce = nonce
        leaf.lastBlock = lastBlock
        var tree = SparseMerkleTree(height: Network.userTreeHeight)
        tree.set(9, leaf.digest)
        witness = try chain.witnesses[3].with(
            block: BlockState(userRoot: tree.root), userID: 9, siblings: tree.siblings(9),
            leaf: leaf
        ).signed(by: chain.keys[3], chain.network)
    }
}

@Suite struct EndCapTests {
    private let chain: Chain
    private let network: Network
    private let circuit: Circuit
    private let honest: EndCapWitness
    /// The limbs of the signature's record are the input's last.
    private let record: [Field]

    init() throws {
        chain = try Chain.shared.get()
        network = chain.network
        circuit = network.endCap.circuit
        honest = chain.witnesses[3]
        record = try Verifier(network.signature.verifierData).replay(
            honest.signature,
            statement: signatureStatement(parameters: honest.keyParameters, payload: honest.payload)
        ).record
    }

    /// The honest input with the record of another signature.
    private func input(record other: [Field]) throws -> [Field] {
        let input = try honest.input()
        precondition(Array(input.suffix(record.count)) == record && other.count == record.count)
        return Array(input.dropLast(record.count)) + other
    }

    private func record(_ signature: Proof, _ parameters: Digest, _ payload: Digest) throws
        -> [Field]
    {
        try Verifier(network.signature.verifierData).replay(
            signature, statement: signatureStatement(parameters: parameters, payload: payload)
        ).record
    }

    @Test func honest_input_has_a_witness() throws { expectWitness(circuit, try honest.input()) }

    // MARK: the signature

    @Test func rejects_signature_by_another_key() throws {
        let signature = try network.sign(honest.payload, with: chain.keys[4])
        #expect(throws: VerificationError.busImbalance) {
            try network.proveEndCap(honest.with(signature: signature))
        }
        // A valid proof about the other key's parameters.
        expectNoWitness(
            circuit, try input(record: record(signature, chain.keys[4].parameters, honest.payload)))
    }

    /// The other key's parameters given as the user's own: the leaf is then another.
    @Test func rejects_parameters_of_another_key() throws {
        let other = honest.with(keyParameters: chain.keys[4].parameters)
        let forged = try other.signed(by: chain.keys[4], network)
        #expect(throws: WitnessError.self) { try network.proveEndCap(forged) }
        expectNoWitness(circuit, try forged.input())
    }

    @Test func rejects_signature_over_another_payload() throws {
        let other = honest.with(newContractRoot: honest.newContractRoot.changed())
        #expect(throws: VerificationError.busImbalance) { try network.proveEndCap(other) }
        let signature = try network.sign(other.payload, with: chain.keys[3])
        #expect(throws: VerificationError.busImbalance) {
            try network.proveEndCap(honest.with(signature: signature))
        }
        expectNoWitness(
            circuit, try input(record: record(signature, honest.keyParameters, other.payload)))
    }

    /// The signature of the user's previous block.
    @Test func rejects_replayed_signature() throws {
        var leaf = honest.leaf
        leaf.nonce -= 1
        let before = try honest.with(leaf: leaf).signed(by: chain.keys[3], network)
        #expect(throws: VerificationError.busImbalance) {
            try network.proveEndCap(honest.with(signature: before.signature))
        }
        expectNoWitness(
            circuit,
            try input(record: record(before.signature, honest.keyParameters, before.payload)))
    }

    @Test func rejects_signature_for_another_user() throws {
        let other = try honest.with(userID: 4).signed(by: chain.keys[3], network)
        #expect(throws: VerificationError.busImbalance) {
            try network.proveEndCap(honest.with(signature: other.signature))
        }
        expectNoWitness(
            circuit, try input(record: record(other.signature, honest.keyParameters, other.payload))
        )
    }

    @Test func rejects_tampered_signature() throws {
        var bytes = honest.signature.bytes
        bytes[0] ^= 1
        let error = failure(VerificationError.self) {
            try network.proveEndCap(honest.with(signature: Proof(bytes: bytes)))
        }
        #expect(error != nil)
        for limb in [0, 8, 13, record.count / 2, record.count - 1] {
            expectNoWitness(circuit, try input(record: record.changing(limb)), "limb \(limb)")
        }
    }

    /// Signed, and validly, by a circuit that the public key does not name.
    @Test func rejects_signature_circuit_of_another_fingerprint() throws {
        let other = try AnySignature.shared.get()
        let statement = signatureStatement(
            parameters: honest.keyParameters, payload: honest.payload)
        let forged = honest.with(
            signature: try other.sign(statement), signatureVerifierData: other.key.verifierData)
        #expect(throws: WitnessError.self) { try network.proveEndCap(forged) }
        expectNoWitness(circuit, try forged.input())
        // Its proof under the right circuit's root is none.
        #expect(throws: VerificationError.busImbalance) {
            try network.proveEndCap(honest.with(signature: forged.signature))
        }
        expectNoWitness(
            circuit,
            try input(
                record: Verifier(other.key.verifierData).replay(
                    forged.signature, statement: statement
                ).record))
    }

    // MARK: the leaf

    @Test(arguments: ["public key", "contract root", "nonce", "last block"])
    func rejects_wrong_old_leaf(_ field: String) throws {
        var leaf = honest.leaf
        switch field {
        case "public key": leaf.publicKey = leaf.publicKey.changed()
        case "contract root": leaf.contractRoot = leaf.contractRoot.changed()
        case "nonce": leaf.nonce += 1
        default: leaf.lastBlock += 1
        }
        let forged = try honest.with(leaf: leaf).signed(by: chain.keys[3], network)
        expectNoWitness(circuit, try forged.input())
        #expect(throws: WitnessError.self) { try network.proveEndCap(forged) }
    }

    @Test(arguments: [0, 1, 15, 29]) func rejects_wrong_sibling(_ level: Int) throws {
        var siblings = honest.siblings
        siblings[level] = siblings[level].changed(level % 8)
        expectNoWitness(circuit, try honest.with(siblings: siblings).input())
    }

    /// Another user's place, with the path of either.
    @Test func rejects_wrong_user_id() throws {
        for siblings in [honest.siblings, chain.tree.siblings(4)] {
            let forged = try honest.with(userID: 4, siblings: siblings).signed(
                by: chain.keys[3], network)
            expectNoWitness(circuit, try forged.input())
        }
    }

    /// The same path, said with an index that is its own modulo 2^30.
    @Test func rejects_user_id_of_thirty_one_bits() throws {
        let forged = try honest.with(userID: (1 << 30) + 5).signed(by: chain.keys[3], network)
        expectNoWitness(circuit, try forged.input())
    }

    @Test(arguments: ["user root", "contract root", "previous", "height"])
    func rejects_leaf_of_another_state(_ field: String) throws {
        var block = chain.state
        switch field {
        case "user root": block.userRoot = block.userRoot.changed()
        case "contract root": block.contractRoot = block.contractRoot.changed()
        case "previous": block.previous = block.previous.changed()
        default: block.height += 1
        }
        let forged = try honest.with(block: block).signed(by: chain.keys[3], network)
        if field == "user root" {
            expectNoWitness(circuit, try forged.input())
        } else {
            // Another state with the same users: an honest end cap of it, but not one under this block root.
            let witness = try circuit.witness(input: forged.input())
            #expect(circuit.statement(of: witness) == forged.header.digest)
            #expect(forged.header.blockRoot != honest.header.blockRoot)
            #expect(try refusal(network.endCap, witness, honest.header.digest) == .busImbalance)
        }
    }

    // MARK: ranges

    @Test(arguments: [1 << 30, (1 << 30) + 1, Field.modulus - 1] as [UInt32]) func rejects_nonce(
        _ nonce: UInt32
    ) throws {
        let forged = try EndCapCase(nonce: nonce).witness
        expectNoWitness(circuit, try forged.input())
    }

    @Test(arguments: [1 << 16, 1 << 30, Field.modulus - 1] as [UInt32]) func rejects_statistics(
        _ count: UInt32
    ) throws {
        expectNoWitness(circuit, try honest.with(transactions: count).input(), "transactions")
        expectNoWitness(circuit, try honest.with(slots: count).input(), "slots")
    }

    // MARK: the statement

    @Test func rejects_forged_header() throws {
        let witness = try circuit.witness(input: honest.input())
        var timer = PhaseTimer()
        for (field, header) in honest.header.variants {
            // A proof of something else under this header.
            #expect(
                refusal(network.endCapVerifier, chain.endCaps[3].proof, header.digest)
                    == .busImbalance, "\(field)")
        }
        // A proof made for the forged header: the circuit computes another.
        var header = honest.header
        header.new = header.new.changed()
        let proof = Prover(key: network.endCap).prove(
            witness, statement: header.digest, timer: &timer)
        #expect(refusal(network.endCapVerifier, proof, header.digest) == .busImbalance)
    }

    @Test func rejects_end_cap_that_claims_an_aggregator() throws {
        var header = honest.header
        header.aggregator = network.combine.fingerprint
        let forged = TransitionArtifact(
            kind: .endCap, header: header, proof: chain.endCaps[3].proof)
        let error = failure(StatementError.self) { try network.verify(forged) }
        #expect(
            error?.description.hasPrefix("end_cap aggregator: expected \(Digest.zero.hex)") == true)
    }

    @Test func rejects_end_cap_under_other_verifier_data() throws {
        let (proof, statement) = (chain.endCaps[3].proof, honest.header.digest)
        #expect(refusal(try Verifier(network.endCap), proof, statement) == nil)
        #expect(refusal(network.combineVerifier, proof, statement) == .busImbalance)
        for limb in 0..<8 {
            let data = VerifierData(
                preprocessedRoot: network.endCap.verifierData.preprocessedRoot.changed(limb),
                shape: Network.shape)
            #expect(refusal(try Verifier(data), proof, statement) == .busImbalance)
        }
        #expect(refusal(network.blockVerifier, proof, statement) != nil)
        #expect(refusal(try Verifier(network.signature.verifierData), proof, statement) != nil)
    }
}
