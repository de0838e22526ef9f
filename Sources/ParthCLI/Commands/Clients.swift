// Clients of a coordinator: submit a batch, look at a round and the fleet.

import ArgumentParser
import Foundation
import Parth
import Transport
import Wire

struct CoordinatorOption: ParsableArguments {
    @Option(name: .long, help: "HOST:PORT of the coordinator.")
    var coordinator = "127.0.0.1:7800"

    func connect(_ name: String) async throws -> CoordinatorClient {
        try await CoordinatorClient.connect(to: Endpoint(parsing: coordinator), name: name)
    }
}

struct Submit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Submit end caps to a coordinator; seal the round and wait for its block proof.",
        discussion: """
            Example: parth submit --coordinator 127.0.0.1:7800 --wait batch/*.endcap
            Without --seal or --wait the round stays open for others. Exits 65 when an end cap is refused.
            """)

    @OptionGroup var target: CoordinatorOption
    @Argument(help: "Files of end caps.")
    var endCaps: [String]
    @Flag(name: .long, help: "No more end caps for this round: prove it.")
    var seal = false
    @Flag(name: .long, help: "Seal, and wait until the block proof is there.")
    var wait = false
    @Option(name: .long, help: "With --wait: where to write the block proof.")
    var out: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting {
            let artifacts = try endCaps.map { try readFile($0, limit: WireLimits.artifactBytes) }
            let client = try await target.connect("submit")
            defer { Task { await client.close() } }
            let reply = try await client.submit(artifacts)
            var refused = 0
            for (path, verdict) in zip(endCaps, reply.verdicts) {
                switch verdict {
                case .accepted(let user):
                    output.say("\(path): accepted, user \(user), round \(reply.round)")
                case .refused(let refusal):
                    refused += 1
                    standardError("\(path): refused: \(refusal.reason)")
                }
            }
            var object: [String: Any] = [
                "round": Int(reply.round.rawValue), "accepted": reply.verdicts.count - refused,
                "refused": refused,
            ]
            if (seal || wait) && refused < artifacts.count {
                _ = try await client.seal(reply.round)
            }
            if wait && refused < artifacts.count {
                var tree = TreePrinter(output)
                let proof = try await client.waitForBlockProof(of: reply.round) { tree.show($0) }
                let block = try BlockArtifact(bytes: proof.bytes)
                output.say("block \(block.statement.height): state root \(block.statement.new.hex)")
                object["block_root"] = block.statement.new.hex
                object["block_height"] = Int(block.statement.height)
                if let out {
                    try writeFile(proof.bytes, to: out)
                    output.say("block proof: \(out), \(proof.bytes.count) bytes")
                    object["block_proof_path"] = out
                }
            }
            try output.finish(object)
            if refused > 0 { throw ExitCode(65) }
        }
    }
}

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The current round and the fleet.",
        discussion: "Example: parth status --coordinator 127.0.0.1:7800")

    @OptionGroup var target: CoordinatorOption
    @Option(name: .long, help: "A round's number; the current one when left out.")
    var round: UInt64?
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting {
            let client = try await target.connect("status")
            defer { Task { await client.close() } }
            let status = try await client.status(of: round.map { RoundID($0) } ?? .current)
            let fleet = try await client.fleet()
            output.say(
                "round \(status.round): \(status.phase), \(status.userCount) users, \(status.acceptedCount) of \(status.nodeCount) nodes"
            )
            if !status.failure.isEmpty { output.say("  failed: \(status.failure)") }
            var tree = TreePrinter(output)
            tree.show(status)
            output.say(
                "fleet: \(fleet.workers.count) workers, \(fleet.runningLeases) proofs running, \(fleet.readyNodes) nodes ready"
            )
            for w in fleet.workers {
                output.say(
                    "  \(w.name) at \(w.address): \(w.cores) threads, \(w.leases) of \(w.slots) slots busy, \(w.accepted) accepted, "
                        + "\(w.failed) failed, \(w.instructionSet), silent \(w.silentMilliseconds) ms"
                )
            }
            try output.finish([
                "round": Int(status.round.rawValue), "phase": "\(status.phase)",
                "users": Int(status.userCount),
                "nodes": Int(status.nodeCount), "accepted": Int(status.acceptedCount),
                "failure": status.failure,
                "workers": fleet.workers.map {
                    [
                        "name": $0.name, "address": $0.address, "threads": Int($0.cores),
                        "slots": Int($0.slots), "leases": Int($0.leases),
                        "accepted": Int($0.accepted), "failed": Int($0.failed),
                        "instruction_set": $0.instructionSet,
                        "silent_seconds": Double($0.silentMilliseconds) / 1000,
                    ] as [String: Any]
                },
                "lost_workers": Int(fleet.lostWorkers),
                "quarantined_workers": Int(fleet.quarantinedWorkers),
            ])
        }
    }
}

/// Prints the nodes of a round as they are accepted: one line each, indented by their place in the tree.
struct TreePrinter {
    private let output: OutputOptions
    private var shown = Set<NodeID>()

    init(_ output: OutputOptions) { self.output = output }

    mutating func show(_ status: RoundStatus) {
        for node in status.nodes where node.phase == .accepted && shown.insert(node.node).inserted {
            let children = node.children.map { child in
                switch child {
                case .endCap(let i):
                    status.users.indices.contains(i) ? "user \(status.users[i])" : "end cap \(i)"
                case .node(let id): "#\(id)"
                }
            }
            let what = node.kind == .block ? "block" : "combine"
            let retries = node.attempts > 1 ? ", attempt \(node.attempts)" : ""
            output.say(
                String(
                    format: "  [%@/%@] #%@ %@ level %d = %@   %.3f s by %@%@", "\(shown.count)",
                    "\(status.nodes.count)", "\(node.node)",
                    what, Int(node.level), children.joined(separator: " + "),
                    Double(node.prove) / 1e6, node.worker, retries))
        }
    }
}
