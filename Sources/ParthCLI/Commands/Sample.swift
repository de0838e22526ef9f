import ArgumentParser
import Foundation
import Parth
import ProofCore

struct Sample: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Make a genesis file and the users' end caps of a first block, to submit to a coordinator.",
        discussion: "Example: parth sample --users 8 --out batch")

    @Option(name: .long, help: "How many users.")
    var users = 4
    @Option(name: .long, help: "Everything follows from it.")
    var seed: UInt64 = 1
    @Option(name: .long, help: "User ids: dense (0, 1, 2, …) or sparse (anywhere below 2^30).")
    var ids: SampleBatch.Spacing = .dense
    @Option(name: .long, help: "Threads per proof.")
    var threads = 2
    @Option(name: .long, help: "The directory to write to.")
    var out: String

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...SampleBatch.maximalUsers).contains(users) else {
            throw ValidationError("--users: expected 1…\(SampleBatch.maximalUsers), got \(users)")
        }
        guard (1...256).contains(threads) else {
            throw ValidationError("--threads: expected 1…256, got \(threads)")
        }
    }

    func run() async throws {
        try await reporting {
            try makeDirectory(out)
            let network = try Network(threads: threads)
            let batch = SampleBatch(users: users, seed: seed, spacing: ids, network: network)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try writeFile(Array(encoder.encode(batch.genesisFile)), to: "\(out)/genesis.json")
            var files: [String] = []
            for i in 0..<users {
                let (artifact, elapsed) = try timed {
                    try batch.endCap(i, network: network, threads: threads)
                }
                let path = "\(out)/user-\(artifact.header.first).endcap"
                try writeFile(artifact.bytes, to: path)
                files.append(path)
                output.say(
                    "end cap \(i + 1) of \(users): user \(artifact.header.first), \(seconds(elapsed)), \(path)"
                )
            }
            try output.finish([
                "genesis": "\(out)/genesis.json", "end_caps": files,
                "block_root": batch.genesis.block.digest.hex,
            ])
        }
    }
}

extension SampleBatch.Spacing: ExpressibleByArgument {}
