import ArgumentParser
import Foundation
import Parth
import ProofCore

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a block proof, a combine or an end cap from its file.",
        discussion: """
            Needs the file and the circuits' verifier data: those of this build (computed here, about a second), or a file that
            `parth circuits --json` printed.
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
            let list = try verifierData.map { try CircuitList(file: $0) } ?? CircuitList(Network(threads: 2))
            let place = verifierData ?? "this build"
            func verifier(_ name: String) throws -> Verifier { try Verifier(list.entry(name, place).verifierData(place)) }
            var object: [String: Any] = ["verified": true, "proof_bytes": bytes.count]
            let kind = bytes.count > 5 ? bytes[5] : 0
            if kind == ArtifactKind.block.rawValue {
                let artifact = try BlockArtifact(bytes: bytes)
                let block = try verifier("block")
                let (_, elapsed) = try timed { try block.verify(artifact.proof, statement: artifact.statement.digest) }
                let s = artifact.statement
                output.say("verified: block \(s.height), \(s.users) users, \(s.transactions) transactions")
                output.say("  state before  \(s.previous.hex)")
                output.say("  state after   \(s.new.hex)")
                output.say("  \(bytes.count) bytes, checked in \(String(format: "%.1f ms", elapsed * 1000))")
                object.merge([
                    "kind": "block", "block_height": Int(s.height), "users": Int(s.users), "transactions": Int(s.transactions),
                    "slots": Int(s.slots), "previous_root": s.previous.hex, "block_root": s.new.hex, "verify_seconds": elapsed,
                ]) { $1 }
            } else {
                let artifact = try TransitionArtifact(bytes: bytes)
                let h = artifact.header
                let combine = try list.entry("combine", place).verifierData(place).fingerprint
                let expected = artifact.kind == .combine ? combine : Digest.zero
                guard h.aggregator == expected else {
                    throw BadInput("\(proof): aggregator: expected \(expected.hex), got \(h.aggregator.hex)")
                }
                let (_, elapsed) = try timed {
                    try verifier(artifact.kind.name).verify(artifact.proof, statement: h.digest)
                }
                output.say("verified: \(artifact.kind.name), level \(h.level), first user \(h.first), \(h.users) users")
                object.merge([
                    "kind": artifact.kind.name, "level": Int(h.level), "first_user": Int(h.first), "users": Int(h.users),
                    "previous_root": h.blockRoot.hex, "old": h.old.hex, "new": h.new.hex, "verify_seconds": elapsed,
                ]) { $1 }
            }
            try output.finish(object)
        }
    }
}
