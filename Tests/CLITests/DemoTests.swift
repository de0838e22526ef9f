import Foundation
import Testing

extension CommandLineTests {
    /// `parth demo`: users prove, a fleet aggregates, one block proof is verified.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct DemoTests {
        struct Run: CustomTestStringConvertible {
            let users: Int
            let workers: Int
            var ids = "dense"
            var testDescription: String { "\(users) \(ids) users, \(workers) workers" }
        }

        static let keys = [
            "users", "workers", "combines", "depth", "verified", "round_latency_seconds",
            "endcap_seconds", "combine_seconds", "verify_seconds", "proof_bytes",
            "security_bits_proven", "block_root", "block_proof_path",
        ]

        @Test(arguments: [
            Run(users: 1, workers: 1), Run(users: 2, workers: 2), Run(users: 3, workers: 3),
            Run(users: 5, workers: 1), Run(users: 8, workers: 3), Run(users: 13, workers: 2),
            Run(users: 5, workers: 2, ids: "sparse"),
        ])
        func everySizeEndsInAVerifiedBlock(_ run: Run) async throws {
            try await Sandbox.run { sandbox in
                let demo = try await sandbox.parth(
                    "demo", "--users", "\(run.users)", "--workers", "\(run.workers)", "--ids",
                    run.ids, "--data", sandbox.file("demo"), "--json")
                demo.expectSuccess()
                let json = try demo.json()
                for key in Self.keys { #expect(json[key] != nil, "\(key)") }
                #expect(json["users"] as? Int == run.users)
                #expect(json["workers"] as? Int == run.workers)
                #expect(json["combines"] as? Int == run.users - 1)
                #expect(json["verified"] as? Bool == true)
                try expectDepth(json, run)
                try expectFigures(json, run)
                let path = try #require(json["block_proof_path"] as? String)
                let bytes = try read(path)
                #expect(json["proof_bytes"] as? Int == bytes.count)
                let endCaps = try FileManager.default
                    .contentsOfDirectory(atPath: sandbox.file("demo"))
                    .filter { $0.hasSuffix(".endcap") }.map { sandbox.file("demo/\($0)") }
                #expect(endCaps.count == run.users)
                let native = try stateRoot(
                    genesis: sandbox.file("demo/genesis.json"), endCaps: endCaps)
                #expect(json["block_root"] as? String == native)
                // The coordinator's own copy is the same block.
                let stored = try read(sandbox.file("demo/chain/block-1.proof"))
                #expect(stored == bytes)
            }
        }

        /// A full tree is as deep as the logarithm; sparse ids may make a deeper one.
        private func expectDepth(_ json: [String: Any], _ run: Run) throws {
            let depth = try #require(json["depth"] as? Int)
            let least = (0...).first { 1 << $0 >= run.users }!
            if run.ids == "dense" {
                #expect(depth == least)
            } else {
                #expect((least...(run.users - 1)).contains(depth))
            }
        }

        private func expectFigures(_ json: [String: Any], _ run: Run) throws {
            let bits = try #require(json["security_bits_proven"] as? Double)
            #expect(bits >= 100)
            let latency = try #require(json["round_latency_seconds"] as? Double)
            let split = try #require(json["round_split_seconds"] as? [String: Double])
            let sum = split.values.reduce(0, +)
            #expect(latency > 0 && abs(sum - latency) <= 0.05 * latency, "\(split)")
            for name in ["endcap_seconds", "combine_seconds"] {
                let spread = try #require(json[name] as? [String: Double])
                let (low, middle, high) = (spread["min"]!, spread["median"]!, spread["max"]!)
                #expect(low <= middle && middle <= high, "\(name)")
                #expect(low > 0 || (run.users == 1 && name == "combine_seconds"), "\(name)")
            }
        }

        @Test func theBlockRootDoesNotDependOnTheFleet() async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                let demo = try await sandbox.parth(
                    "demo", "--users", "\(Batch.users)", "--workers", "1", "--seed",
                    "\(Batch.seed)", "--data", sandbox.file("demo"), "--json")
                demo.expectSuccess()
                let root = try demo.json()["block_root"] as? String
                #expect(root == batch.blockRoot)
                let native = try batch.nativeRoot(batch.endCaps)
                #expect(root == native)
            }
        }

        /// For people: the users, the tree as it filled, the latency and its split, the path.
        @Test func withoutJSONItTellsTheStory() async throws {
            try await Sandbox.run { sandbox in
                let demo = try await sandbox.parth(
                    "demo", "--users", "2", "--workers", "1", "--data", sandbox.file("demo"))
                demo.expectSuccess()
                let path = sandbox.file("demo/block-1.proof")
                for part in ["user 0", "user 1", "[1/2]", "[2/2]", "round latency", path] {
                    #expect(demo.output.contains(part), "\(part): \(demo.output)")
                }
                let last = demo.output.split(separator: "\n").last ?? ""
                #expect(last.hasPrefix("verified"))
                #expect(demo.errors.isEmpty)
            }
        }

        /// Its services read the end of their standard input when it dies, and end themselves.
        @Test func aKilledDemoLeavesNoProcess() async throws {
            try await Sandbox.run { sandbox in
                let demo = try sandbox.start([
                    "demo", "--users", "64", "--workers", "2", "--data", sandbox.file("demo"),
                ])
                let services = try await eventually("the processes of a demo") { () -> [pid_t]? in
                    if let ending = demo.poll() { throw ChildError(description: "\(ending)") }
                    let output = demo.output
                    guard output.contains("user 0") else { return nil }
                    let lines = output.split(separator: "\n").filter {
                        $0.hasPrefix("coordinator:") || $0.hasPrefix("workers:")
                    }
                    return lines.flatMap { line in
                        line.split(separator: "process").last!.split { !$0.isNumber }
                            .compactMap { pid_t($0) }
                    }
                }
                #expect(services.count == 3)
                defer { for service in services where isAlive(service) { kill(service, SIGKILL) } }
                let allAlive = services.allSatisfy(isAlive)
                #expect(allAlive)
                demo.kill()
                try await eventually("the end of \(services)", within: .seconds(20)) {
                    services.contains(where: isAlive) ? nil : ()
                }
            }
        }

        /// Whether this is a process of `parth` that runs: not gone, and not waiting to be reaped.
        private func isAlive(_ pid: pid_t) -> Bool {
            guard let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else {
                return false
            }
            let text = String(decoding: stat, as: UTF8.self)
            return text.contains("(parth)") && !text.contains(") Z ")
        }
    }
}
