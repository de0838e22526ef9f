// What the tests submit and verify: one demo's files, made once, and the root computed natively.

import Foundation
import Parth
import ProofCore
import Testing

/// The files that a demo leaves behind.
struct Batch: Sendable {
    static let users = 8
    static let seed = 7

    let directory: String
    /// What the demo printed.
    let blockRoot: String
    /// The output of `parth circuits --json`.
    let circuits: String

    var genesis: String { "\(directory)/genesis.json" }
    var block: String { "\(directory)/block-1.proof" }
    var endCaps: [String] { endCaps(Self.users) }

    /// End caps of the users 0 ..< count.
    func endCaps(_ count: Int) -> [String] {
        (0..<count).map { "\(directory)/user-\($0).endcap" }
    }

    /// The root after a block of these end caps.
    func nativeRoot(_ endCaps: [String]) throws -> String {
        try stateRoot(genesis: genesis, endCaps: endCaps)
    }
}

/// Made by whichever test asks first.
actor BatchMaker {
    static let shared = BatchMaker()
    private var making: Task<Batch, any Error>?

    func batch() async throws -> Batch {
        if let making { return try await making.value }
        let task = Task { try await Self.make() }
        making = task
        return try await task.value
    }

    private static func make() async throws -> Batch {
        let sandbox = try Sandbox()
        directoryToRemove = strdup(sandbox.path)
        atexit {
            guard let path = directoryToRemove else { return }
            try? FileManager.default.removeItem(atPath: String(cString: path))
        }
        let demo = try await sandbox.parth(
            "demo", "--users", "\(Batch.users)", "--workers", "2", "--seed", "\(Batch.seed)",
            "--data", sandbox.path, "--json")
        let circuits = try await sandbox.parth("circuits", "--json")
        for run in [demo, circuits] where run.ending != .exit(0) {
            throw ChildError(description: "\(run.command): \(run.ending): \(run.errors)")
        }
        guard let root = try demo.json()["block_root"] as? String else {
            throw ChildError(description: "\(demo.command): expected a block_root")
        }
        return Batch(
            directory: sandbox.path, blockRoot: root,
            circuits: try sandbox.write(Array(circuits.output.utf8), "circuits.json"))
    }
}

/// Set once, before `atexit` is called; read at the end of the process.
nonisolated(unsafe) private var directoryToRemove: UnsafeMutablePointer<CChar>?

/// The state root after one block over a genesis file: trees and hashes only, no proof.
func stateRoot(genesis: String, endCaps: [String]) throws -> String {
    var (tree, block) = try genesisState(genesis)
    for path in endCaps {
        let header = try TransitionArtifact(bytes: read(path)).header
        tree.set(UInt64(header.first), header.new)
    }
    block = block.next(userRoot: tree.root)
    return block.digest.hex
}

private struct GenesisFile: Decodable {
    struct User: Decodable {
        let id: UInt64
        let public_key: String
        let contract_root: String
    }
    let users: [User]
}

private func genesisState(_ path: String) throws -> (SparseMerkleTree, BlockState) {
    let file = try JSONDecoder().decode(GenesisFile.self, from: Data(read(path)))
    var tree = SparseMerkleTree(height: Network.userTreeHeight)
    for user in file.users {
        guard let key = Digest(hex: user.public_key), let root = Digest(hex: user.contract_root)
        else { throw ChildError(description: "\(path): user \(user.id)") }
        tree.set(user.id, UserLeaf(publicKey: key, contractRoot: root).digest)
    }
    return (tree, BlockState(userRoot: tree.root))
}
