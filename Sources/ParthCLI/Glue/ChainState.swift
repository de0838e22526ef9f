// The chain as the coordinator holds it: the block state and the global user tree.

import Foundation
import Parth
import ProofCore

/// One user at genesis, as the file lists it.
struct GenesisUser: Codable {
    let id: UInt32
    let public_key: String
    let contract_root: String
}

/// The genesis file: who exists before the first block.
struct GenesisFile: Codable {
    var version = 1
    let users: [GenesisUser]
}

struct ChainState: Sendable {
    private(set) var block: BlockState
    private(set) var users: SparseMerkleTree

    init(users: [(id: UInt32, leaf: Digest)]) {
        var tree = SparseMerkleTree(height: Network.userTreeHeight)
        for user in users { tree.set(UInt64(user.id), user.leaf) }
        self.users = tree
        block = BlockState(userRoot: tree.root)
    }

    /// - Throws: `BadInput` naming the place.
    init(genesis path: String) throws {
        let file: GenesisFile
        do {
            file = try JSONDecoder().decode(GenesisFile.self, from: Data(readFile(path)))
        } catch let error as BadInput {
            throw error
        } catch {
            throw BadInput(
                "\(path): expected a genesis file (JSON with version and users): \(error)")
        }
        guard file.version == 1 else {
            throw BadInput("\(path): version: expected 1, got \(file.version)")
        }
        var seen = Set<UInt32>()
        let users = try file.users.enumerated().map { i, user -> (id: UInt32, leaf: Digest) in
            guard user.id >> UInt32(Network.userTreeHeight) == 0, seen.insert(user.id).inserted
            else {
                throw BadInput(
                    "\(path): user \(i): expected an id below 2^30 that is not taken, got \(user.id)"
                )
            }
            guard let key = Digest(hex: user.public_key), let root = Digest(hex: user.contract_root)
            else {
                throw BadInput(
                    "\(path): user \(i): expected public_key and contract_root of 64 hexadecimal digits"
                )
            }
            return (user.id, UserLeaf(publicKey: key, contractRoot: root).digest)
        }
        guard !users.isEmpty else {
            throw BadInput("\(path): users: expected at least one, got none")
        }
        self.init(users: users)
    }

    /// The state after a block whose end caps set these leaves.
    func applying(_ transitions: [Header]) -> ChainState {
        var next = self
        for t in transitions { next.users.set(UInt64(t.first), t.new) }
        next.block = block.next(userRoot: next.users.root)
        return next
    }
}
