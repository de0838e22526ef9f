import Foundation
import Glibc
import Testing
import Transport
import Wire

extension CommandLineTests {
    /// Start and stop of the two services.
    @Suite(.serialized, .timeLimit(.minutes(2))) struct ServiceTests {
        @Test(arguments: [SIGTERM, SIGINT])
        func aSignalEndsBothServicesInGoodOrder(_ signal: Int32) async throws {
            try await Fleet.run { fleet, client in
                let worker = try fleet.startWorker("worker")
                // Until it has read that it is welcome, it has nobody to say goodbye to.
                try await eventually("a worker that serves") {
                    let workers = try await client.fleet().workers
                    return workers.contains { $0.connectedMilliseconds > 500 } ? () : nil
                }
                try await expectEnd(of: worker, by: signal)
                let status = try await client.fleet()
                #expect(status.lostWorkers == 0, "it said goodbye")
                // With a worker and a client connected.
                let second = try fleet.startWorker("second")
                try await client.waitForWorkers(1)
                try await expectEnd(of: fleet.coordinator, by: signal)
                // The worker waits for a coordinator to come back; it still ends when told.
                let running = second.poll()
                #expect(running == nil)
                try await expectEnd(of: second, by: signal)
            }
        }

        private func expectEnd(of child: Child, by signal: Int32) async throws {
            let start = ContinuousClock.now
            child.signal(signal)
            let ending = try await child.wait(.seconds(30))
            #expect(ending == .exit(0), "\(child.errors.suffix(2000))")
            let elapsed = start.duration(to: .now)
            #expect(elapsed < .seconds(5))
        }

        /// It finishes its proof first, so that nothing is proved twice.
        @Test func aWorkerAtWorkEndsAfterItsProof() async throws {
            try await Fleet.run { fleet, client in
                let leaving = try fleet.startWorker("leaving")
                try await client.waitForWorkers(1)
                let submission = try fleet.startSubmission(fleet.batch.endCaps(2))
                try await eventually("a lease") {
                    try await client.fleet().runningLeases > 0 ? () : nil
                }
                // The lease is on its way to the worker; the proof takes three times as long.
                try await Task.sleep(for: .milliseconds(100))
                try await expectEnd(of: leaving, by: SIGTERM)
                _ = try fleet.startWorker("next")
                let root = try await fleet.blockRoot(of: submission)
                let expected = try fleet.batch.nativeRoot(fleet.batch.endCaps(2))
                #expect(root == expected)
                let status = try await client.fleet()
                #expect(status.lostWorkers == 0)
                let combine = try await client.status(of: RoundID(1)).nodes[0]
                #expect(combine.attempts == 1 && combine.worker == "leaving")
            }
        }

        @Test func aServiceEndsWhenItsParentDoes() async throws {
            try await Fleet.run { fleet, _ in
                let address = fleet.address
                let worker = try fleet.sandbox.start([
                    "worker", "--coordinator", address, "--exit-with-parent",
                ])
                try await eventually("the worker's log") {
                    worker.errors.contains("info") ? () : nil
                }
                worker.closeInput()
                let ending = try await worker.wait(.seconds(20))
                #expect(ending == .exit(0))
            }
        }

        @Test func aCoordinatorRefusesAnAddressThatOthersReach() async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:7700"] {
                    let run = try await sandbox.parth(
                        "coordinator", "--listen", address, "--genesis", batch.genesis, "--data",
                        sandbox.file("chain"), limit: .seconds(20))
                    run.expectRefused(naming: "loopback", "--insecure")
                }
            }
        }

        @Test func aCoordinatorSaysThatItsPortIsTaken() async throws {
            try await Fleet.run { fleet, _ in
                let run = try await fleet.sandbox.parth(
                    "coordinator", "--listen", fleet.address, "--genesis", fleet.batch.genesis,
                    "--data", fleet.sandbox.file("chain"), limit: .seconds(20))
                run.expectRefused(naming: fleet.address)
            }
        }

        @Test func servicesSayWhatTheyAreAsJSON() async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                let coordinator = try sandbox.start([
                    "coordinator", "--listen", "127.0.0.1:0", "--genesis", batch.genesis,
                    "--data", sandbox.file("chain"), "--json",
                ])
                let line = try await eventually("the first line") {
                    coordinator.output.split(separator: "\n").first.map(String.init)
                }
                let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
                let endpoint = try Endpoint(parsing: object["listening"] ?? "")
                #expect(endpoint.port != 0)
                let worker = try sandbox.start([
                    "worker", "--coordinator", "\(endpoint)", "--name", "w", "--json",
                ])
                let second = try await eventually("the worker's first line") {
                    worker.output.split(separator: "\n").first.map(String.init)
                }
                let said = try JSONSerialization.jsonObject(with: Data(second.utf8))
                let fields = try #require(said as? [String: Any])
                #expect(fields["name"] as? String == "w")
                #expect(fields["coordinator"] as? String == "\(endpoint)")
            }
        }

        private static let key = String(repeating: "0", count: 64)
        private static func user(_ id: String, _ key: String = key) -> String {
            #"{"id": \#(id), "public_key": "\#(key)", "contract_root": "\#(Self.key)"}"#
        }

        @Test(arguments: [
            ("", "genesis"), ("{}", "genesis"), ("[1]", "genesis"), (#"{"version": 1}"#, "genesis"),
            (#"{"version": 2, "users": []}"#, "version: expected 1, got 2"),
            (#"{"version": 1, "users": []}"#, "users"),
            (#"{"version": 1, "users": [\#(user("1073741824"))]}"#, "2^30"),
            (#"{"version": 1, "users": [\#(user("-1"))]}"#, "genesis"),
            (#"{"version": 1, "users": [\#(user("1.5"))]}"#, "genesis"),
            (#"{"version": 1, "users": [\#(user("99999999999999999999"))]}"#, "genesis"),
            (#"{"version": 1, "users": [\#(user("3")), \#(user("3"))]}"#, "user 1"),
            (#"{"version": 1, "users": [\#(user("3", "zz"))]}"#, "user 0"),
            (
                #"{"version": 1, "users": [\#(user("3", String(repeating: "f", count: 64)))]}"#,
                "user 0"
            ),
        ])
        func aMalformedGenesisIsRefused(_ text: String, _ word: String) async throws {
            try await Sandbox.run { sandbox in
                let path = try sandbox.write(Array(text.utf8), "genesis.json")
                let run = try await sandbox.parth(
                    "coordinator", "--listen", "127.0.0.1:0", "--genesis", path, "--data",
                    sandbox.file("chain"), limit: .seconds(20))
                run.expectRefused(naming: path, word)
                #expect(run.output.isEmpty)
            }
        }

        @Test func directoriesThatCannotBeMadeAreRefused() async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                let file = try sandbox.write([1], "file")
                let inside = file + "/inside"
                let genesis = batch.genesis
                let listen = ["coordinator", "--listen", "127.0.0.1:0"]
                for arguments in [
                    ["demo", "--users", "1", "--data", inside],
                    ["sample", "--users", "1", "--out", inside],
                    listen + ["--genesis", genesis, "--data", inside],
                    listen + ["--genesis", inside, "--data", file],
                    // Without --genesis, the file is looked for beside the blocks.
                    listen + ["--data", inside],
                ] {
                    let run = try await sandbox.parth(arguments, limit: .seconds(20))
                    run.expectRefused(naming: inside)
                }
            }
        }
    }
}
