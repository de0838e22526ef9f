// Users made from a seed, and their end caps: what the demo, the samples and the benchmarks submit.

import Parth
import ProofCore

/// Deterministic users: the same seed gives the same keys, ids and transitions.
struct SampleBatch: Sendable {
    enum Spacing: String, CaseIterable, Sendable {
        /// 0, 1, 2, …
        case dense
        /// Spread over all 2^30 ids.
        case sparse
    }

    struct User: Sendable {
        let id: UInt32
        let key: PreimageKey
        let leaf: UserLeaf
    }

    let users: [User]
    let genesis: ChainState
    private let seed: UInt64

    static let maximalUsers = 1 << 16

    init(users count: Int, seed: UInt64, spacing: Spacing, network: Network) {
        self.seed = seed
        func derived(_ purpose: Int, _ index: Int) -> Digest {
            Poseidon2.hash(
                tag: 1024 + purpose, [Field(seed & 0xffff_ffff), Field(seed >> 32), Field(index)])
        }
        var taken = Set<UInt32>()
        let ids = (0..<count).map { i -> UInt32 in
            if spacing == .dense { return UInt32(i) }
            var attempt = 0
            while true {
                let candidate = derived(2, i + count * attempt)[0].canonical & (1 << 30 - 1)
                if taken.insert(candidate).inserted { return candidate }
                attempt += 1
            }
        }.sorted()
        users = ids.enumerated().map { i, id in
            let key = PreimageKey(secret: derived(0, i))
            let pk = publicKey(
                parameters: key.parameters, fingerprint: network.signature.fingerprint)
            return User(
                id: id, key: key, leaf: UserLeaf(publicKey: pk, contractRoot: derived(1, i)))
        }
        genesis = ChainState(users: users.map { ($0.id, $0.leaf.digest) })
    }

    /// The signed and proved transition of one user in the first block.
    func endCap(_ index: Int, network: Network, threads: Int) throws -> TransitionArtifact {
        let user = users[index]
        func witness(_ signature: Proof) -> EndCapWitness {
            EndCapWitness(
                block: genesis.block, userID: user.id,
                siblings: genesis.users.siblings(UInt64(user.id)), leaf: user.leaf,
                newContractRoot: Poseidon2.hash(tag: 1027, user.leaf.contractRoot.limbs),
                transactions: 1, slots: 1,
                keyParameters: user.key.parameters, signature: signature,
                signatureVerifierData: network.signature.verifierData)
        }
        let signature = try network.sign(witness(Proof(bytes: [])).payload, with: user.key)
        return try network.proveEndCap(witness(signature), threads: threads)
    }

    var genesisFile: GenesisFile {
        GenesisFile(
            users: users.map {
                GenesisUser(
                    id: $0.id, public_key: $0.leaf.publicKey.hex,
                    contract_root: $0.leaf.contractRoot.hex)
            })
    }
}
