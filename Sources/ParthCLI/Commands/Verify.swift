import ArgumentParser
import Foundation
import Parth
import ProofCore

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a block proof, a combine or an end cap from its file.",
        discussion: """
            Needs the file and the block circuit's verifier data: that of this build (computed here, about a second), or a file that
            `parth circuits --json` printed. End caps and combines, which only the network looks at, take this build's circuits: a file must
            then name the same ones.
              parth verify chain/block-1.proof
              parth verify chain/block-1.proof --verifier-data circuits.json
            Exits 65 when the proof is not valid, saying which check failed.
            """)

    @Argument(help: "The proof's file.")
    var proof: String

    @Option(name: .long, help: "Verifier data as `parth circuits --json` prints it.")
    var verifierData: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting {
            let bytes = try readFile(proof, limit: 4 << 20)
            var object: [String: Any] = ["verified": true, "proof_bytes": bytes.count]
            let kind = bytes.count > 5 ? bytes[5] : 0
            if kind == ArtifactKind.block.rawValue {
                let artifact = try BlockArtifact(bytes: bytes)
                let block: Verifier
                if let verifierData {
                    let list = try CircuitList(file: verifierData)
                    block = try Verifier(
                        list.entry("block", verifierData).verifierData(verifierData))
                } else {
                    block = try Network(threads: 2).blockVerifier
                }
                let (_, elapsed) = try timed {
                    try block.verify(artifact.proof, statement: artifact.statement.digest)
                }
                let s = artifact.statement
                output.say(
                    "verified: block \(s.height), \(s.users) users, \(s.transactions) transactions")
                output.say("  state before  \(s.previous.hex)")
                output.say("  state after   \(s.new.hex)")
                output.say(
                    "  \(bytes.count) bytes, checked in \(String(format: "%.1f ms", elapsed * 1000))"
                )
                object.merge([
                    "kind": "block", "block_height": Int(s.height), "users": Int(s.users),
                    "transactions": Int(s.transactions),
                    "slots": Int(s.slots), "previous_root": s.previous.hex, "block_root": s.new.hex,
                    "verify_seconds": elapsed,
                ]) { $1 }
            } else {
                let artifact = try TransitionArtifact(bytes: bytes)
                let h = artifact.header
                // Settling takes the circuits themselves; the given data must be theirs.
                let network = try Network(threads: 2)
                if let verifierData {
                    let key = artifact.kind == .combine ? network.combine : network.endCap
                    let given = try CircuitList(file: verifierData).entry(
                        artifact.kind.name, verifierData
                    ).verifierData(verifierData)
                    guard given == key.verifierData else {
                        throw BadInput(
                            "\(verifierData): circuit \(artifact.kind.name): expected this build's fingerprint \(key.fingerprint.hex), got \(given.fingerprint.hex)"
                        )
                    }
                }
                let (_, elapsed) = try timed { try network.verify(artifact) }
                output.say(
                    "verified: \(artifact.kind.name), level \(h.level), first user \(h.first), \(h.users) users"
                )
                object.merge([
                    "kind": artifact.kind.name, "level": Int(h.level), "first_user": Int(h.first),
                    "users": Int(h.users),
                    "previous_root": h.blockRoot.hex, "old": h.old.hex, "new": h.new.hex,
                    "verify_seconds": elapsed,
                ]) { $1 }
            }
            try output.finish(object)
        }
    }
}
