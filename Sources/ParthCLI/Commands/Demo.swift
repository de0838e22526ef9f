// The main job on this machine, with real processes and real sockets.

import ArgumentParser
import Foundation
import Parth
import ProofCore
import Transport
import Wire

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Users prove, a coordinator and worker processes start, one block proof comes out and is verified.",
        discussion: "Example: parth demo --users 8 --workers 2")

    @Option(name: .long, help: "How many users submit an end cap.")
    var users = 4
    @Option(name: .long, help: "How many worker processes.")
    var workers = 2
    @Option(name: .long, help: "Threads per proof of a worker.")
    var threads = 1
    @Option(name: .long, help: "Users, keys and transitions follow from it.")
    var seed: UInt64 = 1
    @Option(name: .long, help: "User ids: dense (0, 1, 2, …) or sparse (anywhere below 2^30).")
    var ids: SampleBatch.Spacing = .dense
    @Option(
        name: .long,
        help: "Where the genesis, the end caps, the logs and the block proof are written.")
    var data: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...4096).contains(users) else {
            throw ValidationError("--users: expected 1…4096, got \(users)")
        }
        guard (1...64).contains(workers) else {
            throw ValidationError("--workers: expected 1…64, got \(workers)")
        }
        guard (1...256).contains(threads) else {
            throw ValidationError("--threads: expected 1…256, got \(threads)")
        }
    }

    func run() async throws {
        try await reporting {
            let directory =
                data ?? FileManager.default.temporaryDirectory.path
                + "/parth-demo-\(ProcessInfo.processInfo.processIdentifier)"
            try makeDirectory(directory)
            let (network, keySeconds) = try timed { try Network(threads: 2) }
            output.say(
                "circuits: \(network.keys.map(\.circuit.name).joined(separator: ", ")) (\(seconds(keySeconds)))"
            )
            let batch = SampleBatch(users: users, seed: seed, spacing: ids, network: network)
            try writeFile(
                Array(JSONEncoder().encode(batch.genesisFile)), to: "\(directory)/genesis.json")

            let fleet = try DemoFleet(directory: directory)
            defer { fleet.stop() }
            let address = try fleet.startCoordinator()
            output.say("coordinator: \(address), process \(fleet.processes[0].processIdentifier)")
            for i in 1...workers { try fleet.startWorker(i, address: address, threads: threads) }
            output.say(
                "workers: \(workers), processes \(fleet.processes.dropFirst().map { "\($0.processIdentifier)" }.joined(separator: ", "))"
            )

            let (endCaps, endCapSeconds) = try proveEndCaps(batch, network, directory)
            let client = try await CoordinatorClient.connect(
                to: Endpoint(parsing: address), name: "demo")
            try await fleet.waitForWorkers(workers, client)
            let result = try await aggregate(endCaps, client)
            await client.close()

            let path = "\(directory)/block-1.proof"
            try writeFile(result.proof, to: path)
            let (block, verifySeconds) = try timed { () -> BlockArtifact in
                let artifact = try BlockArtifact(bytes: result.proof)
                try network.verify(artifact)
                return artifact
            }
            let native = batch.genesis.applying(endCaps.map(\.header)).block.digest
            guard block.statement.new == native else {
                throw BadInput(
                    "block root: expected the natively computed \(native.hex), got \(block.statement.new.hex)"
                )
            }
            try report(result, block, path, endCapSeconds, verifySeconds, network)
        }
    }

    private func proveEndCaps(_ batch: SampleBatch, _ network: Network, _ directory: String) throws
        -> ([TransitionArtifact], [Double])
    {
        var artifacts: [TransitionArtifact] = []
        var times: [Double] = []
        for i in batch.users.indices {
            let (artifact, elapsed) = try timed {
                try batch.endCap(i, network: network, threads: 2)
            }
            try writeFile(artifact.bytes, to: "\(directory)/user-\(artifact.header.first).endcap")
            artifacts.append(artifact)
            times.append(elapsed)
            output.say(
                "user \(artifact.header.first): signed and proved its end cap in \(seconds(elapsed)) (\(i + 1) of \(users))"
            )
        }
        return (artifacts, times)
    }

    private struct Result {
        let proof: [UInt8]
        let status: RoundStatus
    }

    private func aggregate(_ endCaps: [TransitionArtifact], _ client: CoordinatorClient)
        async throws -> Result
    {
        let reply = try await client.submit(endCaps.map(\.bytes))
        for (artifact, verdict) in zip(endCaps, reply.verdicts) {
            if case .refused(let refusal) = verdict {
                throw BadInput(
                    "end cap of user \(artifact.header.first): refused: \(refusal.reason)")
            }
        }
        output.say("round \(reply.round): \(reply.verdicts.count) end caps admitted, sealed")
        _ = try await client.seal(reply.round)
        var tree = TreePrinter(output)
        let proof = try await client.waitForBlockProof(of: reply.round, every: .milliseconds(20)) {
            tree.show($0)
        }
        let status = try await client.status(of: reply.round)
        tree.show(status)
        return Result(proof: proof.bytes, status: status)
    }

    private func report(
        _ result: Result, _ block: BlockArtifact, _ path: String, _ endCapSeconds: [Double],
        _ verifySeconds: Double, _ network: Network
    ) throws {
        let t = result.status.timings
        func s(_ microseconds: UInt64) -> Double { Double(microseconds) / 1e6 }
        let combines = result.status.nodes.filter { $0.kind == .combine }
        let combineSeconds = spread(combines.map { s($0.prove) })
        var depths: [NodeID: Int] = [:]
        for node in combines {
            let below = node.children.map { child -> Int in
                if case .node(let id) = child { return depths[id] ?? 0 }
                return 0
            }
            depths[node.node] = 1 + (below.max() ?? 0)
        }
        let depth = depths.values.max() ?? 0
        let bits = try network.soundnessTerms().map(\.bits).min()!
        let split: [(String, UInt64)] = [
            ("admission", t.admission), ("planning", t.planning), ("queue", t.queue),
            ("transfer", t.transfer), ("prove", t.prove),
            ("verify", t.verify), ("commit", t.commit),
        ]
        output.say(
            "round latency \(seconds(s(t.latency))) for \(combines.count) combines, depth \(depth), on \(workers) workers"
        )
        output.say(
            "  critical path: "
                + split.map { "\($0.0) \(seconds(s($0.1)))" }.joined(separator: ", "))
        output.say(
            "block proof: \(path), \(result.proof.count) bytes, \(String(format: "%.1f", bits)) bits proven"
        )
        output.say("block root: \(block.statement.new.hex)")
        output.say("verified in \(String(format: "%.1f ms", verifySeconds * 1000))")
        try output.finish([
            "users": users, "workers": workers, "combines": combines.count, "depth": depth,
            "verified": true,
            "round_latency_seconds": s(t.latency),
            "round_split_seconds": Dictionary(uniqueKeysWithValues: split.map { ($0.0, s($0.1)) }),
            "endcap_seconds": spread(endCapSeconds), "combine_seconds": combineSeconds,
            "verify_seconds": verifySeconds,
            "proof_bytes": result.proof.count, "security_bits_proven": bits,
            "block_root": block.statement.new.hex,
            "previous_root": block.statement.previous.hex, "block_proof_path": path,
            "attempts": result.status.nodes.reduce(0) { $0 + Int($1.attempts) },
        ])
    }
}

/// The processes of a demo; all are stopped at its end.
final class DemoFleet {
    private(set) var processes: [Process] = []
    private let directory: String
    /// The writing ends are ours alone: a service ends when its own closes.
    private var lifelines: [Pipe] = []
    private let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()

    init(directory: String) throws { self.directory = directory }

    private func start(_ arguments: [String], log: String, standardOutput: Pipe?) throws {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments + ["--exit-with-parent"]
        _ = FileManager.default.createFile(atPath: "\(directory)/\(log).log", contents: nil)
        let handle = FileHandle(forWritingAtPath: "\(directory)/\(log).log")
        let lifeline = Pipe()
        lifelines.append(lifeline)
        process.standardInput = lifeline
        process.standardError = handle
        process.standardOutput = standardOutput ?? handle as Any
        try process.run()
        processes.append(process)
    }

    /// Returns the address that the coordinator prints.
    func startCoordinator() throws -> String {
        let pipe = Pipe()
        try start(
            [
                "coordinator", "--listen", "127.0.0.1:0", "--genesis", "\(directory)/genesis.json",
                "--data", "\(directory)/chain",
            ],
            log: "coordinator", standardOutput: pipe)
        var line: [UInt8] = []
        while !line.contains(10) {
            let chunk = pipe.fileHandleForReading.availableData
            guard !chunk.isEmpty else {
                throw BadInput(
                    "the coordinator did not start; its log is \(directory)/coordinator.log")
            }
            line += chunk
        }
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(
            in: .whitespacesAndNewlines)
        return text.replacingOccurrences(of: "listening on ", with: "")
    }

    func startWorker(_ number: Int, address: String, threads: Int) throws {
        try start(
            [
                "worker", "--coordinator", address, "--threads", "\(threads)", "--name",
                "worker-\(number)",
            ],
            log: "worker-\(number)", standardOutput: nil)
    }

    /// Until `count` workers are connected, or one of the processes has ended.
    func waitForWorkers(_ count: Int, _ client: CoordinatorClient) async throws {
        for _ in 0..<1200 {
            if try await client.fleet().workers.count >= count { return }
            if let dead = processes.first(where: { !$0.isRunning }) {
                throw BadInput(
                    "process \(dead.processIdentifier) ended early; see the logs in \(directory)")
            }
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        throw BadInput("expected \(count) workers within 60 seconds; see the logs in \(directory)")
    }

    func stop() {
        for process in processes.reversed() where process.isRunning { process.terminate() }
        for process in processes { process.waitUntilExit() }
    }
}
