// A coordinator and workers as processes.

import Foundation
import Testing
import Transport
import Wire

struct Fleet {
    let sandbox: Sandbox
    let batch: Batch
    let coordinator: Child
    let endpoint: Endpoint

    var address: String { "\(endpoint)" }

    /// Starts a coordinator on a port of its own over the batch's genesis.
    static func start(in sandbox: Sandbox, over batch: Batch) async throws -> Fleet {
        let coordinator = try sandbox.start([
            "coordinator", "--listen", "127.0.0.1:0", "--genesis", batch.genesis, "--data",
            sandbox.file("chain"), "--exit-with-parent",
        ])
        let line = try await eventually("the coordinator's first line") { () -> String? in
            if let ending = coordinator.poll() {
                throw ChildError(description: "coordinator: \(ending): \(coordinator.errors)")
            }
            let output = coordinator.output
            return output.firstIndex(of: "\n").map { String(output[..<$0]) }
        }
        #expect(line.hasPrefix("listening on 127.0.0.1:"))
        let endpoint = try Endpoint(parsing: String(line.dropFirst("listening on ".count)))
        return Fleet(
            sandbox: sandbox, batch: batch, coordinator: coordinator, endpoint: endpoint)
    }

    /// Runs a test's body with a coordinator and a client that is closed again.
    static func run(
        _ body: (Fleet, CoordinatorClient) async throws -> Void
    ) async throws {
        let batch = try await BatchMaker.shared.batch()
        try await Sandbox.run { sandbox in
            let fleet = try await start(in: sandbox, over: batch)
            let client = try await CoordinatorClient.connect(to: fleet.endpoint, name: "test")
            do {
                try await body(fleet, client)
            } catch {
                await client.close()
                throw error
            }
            await client.close()
        }
    }

    func startWorker(_ name: String) throws -> Child {
        try sandbox.start([
            "worker", "--coordinator", address, "--name", name, "--exit-with-parent",
        ])
    }

    /// Starts `parth submit --wait` of these end caps.
    func startSubmission(_ endCaps: [String]) throws -> Child {
        try sandbox.start(["submit", "--coordinator", address, "--wait", "--json"] + endCaps)
    }

    func submit(_ endCaps: [String], _ options: String...) async throws -> Finished {
        try await sandbox.parth(["submit", "--coordinator", address] + options + endCaps)
    }

    /// What `parth status --json` prints.
    func status() async throws -> [String: Any] {
        let run = try await sandbox.parth("status", "--coordinator", address, "--json")
        run.expectSuccess()
        return try run.json()
    }

    /// Submits, waits for the block, and compares its root with the native one.
    func expectRound(
        of endCaps: [String], location: SourceLocation = #_sourceLocation
    ) async throws {
        let run = try await submit(endCaps, "--wait", "--json")
        run.expectSuccess(location)
        let root = try run.json(location)["block_root"] as? String
        let expected = try batch.nativeRoot(endCaps)
        #expect(root == expected, sourceLocation: location)
    }

    /// What a submission that was started printed at its end.
    func blockRoot(of submission: Child) async throws -> String? {
        let ending = try await submission.wait()
        #expect(ending == .exit(0), "\(submission.errors)")
        let line = submission.output.split(separator: "\n").last ?? ""
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return object?["block_root"] as? String
    }
}

extension CoordinatorClient {
    func waitForWorkers(_ count: Int) async throws {
        try await eventually("\(count) workers") {
            let fleet = try await fleet()
            return fleet.workers.count >= count ? () : nil
        }
    }
}
