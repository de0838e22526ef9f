import Foundation
import Glibc
import Testing
import Transport
import Wire
import Worker

extension CommandLineTests {
    /// A coordinator and workers as processes: death, sleep and lies do not change the block.
    @Suite(.serialized, .timeLimit(.minutes(5))) struct FleetTests {
        @Test func aWorkerKilledWithALeaseDoesNotStopTheRound() async throws {
            let batch = try await BatchMaker.shared.batch()
            try await Sandbox.run { sandbox in
                // What `parth sample` makes is what the demo with this seed made.
                let sample = try await sandbox.parth(
                    "sample", "--users", "\(Batch.users)", "--seed", "\(Batch.seed)", "--out",
                    sandbox.file("batch"), "--json")
                sample.expectSuccess()
                let endCaps = try #require(try sample.json()["end_caps"] as? [String])
                #expect(endCaps.count == Batch.users)
                let fleet = try await Fleet.start(in: sandbox, over: batch)
                let client = try await CoordinatorClient.connect(to: fleet.endpoint)
                let doomed = try fleet.startWorker("doomed")
                _ = try fleet.startWorker("healthy")
                try await client.waitForWorkers(2)
                let submission = try fleet.startSubmission(endCaps)
                try await killWithALease(doomed, "doomed", client)
                let root = try await fleet.blockRoot(of: submission)
                #expect(root == batch.blockRoot)
                let status = try await fleet.status()
                #expect(status["phase"] as? String == "done")
                #expect(status["lost_workers"] as? Int == 1)
                let workers = try #require(status["workers"] as? [[String: Any]])
                #expect(workers.map { $0["name"] as? String } == ["healthy"])
                let nodes = try await client.status(of: RoundID(1)).nodes
                let attempts = nodes.reduce(0) { $0 + $1.attempts }
                #expect(attempts == UInt32(Batch.users + 1), "one node was leased twice")
                #expect(nodes.last?.kind == .block)
                await client.close()
            }
        }

        /// Stops the process first, so that it cannot give the lease back before it dies.
        private func killWithALease(
            _ child: Child, _ name: String, _ client: CoordinatorClient
        ) async throws {
            try await eventually("a lease of \(name)") { () -> Void? in
                guard try await leases(name, client) > 0 else { return nil }
                child.signal(SIGSTOP)
                // A result may have been on its way; then the lease is over.
                try await Task.sleep(for: .milliseconds(100))
                if try await leases(name, client) > 0 {
                    child.kill()
                    return ()
                }
                child.signal(SIGCONT)
                return nil
            }
            let ending = child.poll()
            #expect(ending == .signal(SIGKILL))
        }

        private func leases(_ name: String, _ client: CoordinatorClient) async throws -> Int {
            let workers = try await client.fleet().workers
            return workers.first { $0.name == name }.map { Int($0.leases) } ?? 0
        }

        /// A laptop's lid: the node goes to another, and the sleeper is welcome when it wakes.
        @Test func aWorkerThatSleepsIsReplacedAndComesBack() async throws {
            try await Fleet.run { fleet, client in
                let sleeper = try fleet.startWorker("sleeper")
                try await client.waitForWorkers(1)
                let submission = try fleet.startSubmission(fleet.batch.endCaps(3))
                try await eventually("a lease of sleeper") {
                    try await leases("sleeper", client) > 0 ? () : nil
                }
                sleeper.signal(SIGSTOP)
                _ = try fleet.startWorker("awake")
                let root = try await fleet.blockRoot(of: submission)
                let expected = try fleet.batch.nativeRoot(fleet.batch.endCaps(3))
                #expect(root == expected)
                sleeper.signal(SIGCONT)
                try await client.waitForWorkers(2)
                let names = try await client.fleet().workers.map(\.name).sorted()
                #expect(names == ["awake", "sleeper"])
                let status = try await fleet.status()
                #expect(status["lost_workers"] as? Int == 1)
                #expect(status["quarantined_workers"] as? Int == 0)
                let ending = sleeper.poll()
                #expect(ending == nil)
            }
        }

        /// Eight users: the liars get combines. One user: the only node is the block.
        @Test(arguments: [8, 1])
        func liarsAreRefusedAndTheRoundEnds(users: Int) async throws {
            try await Fleet.run { fleet, client in
                let network = try SharedNetwork.get()
                // The liars are idle for longer than the honest worker, so each gets a lease.
                let liars = try TestProver.Lie.allCases.map { lie in
                    let prover = try TestProver(network, lie: lie, batch: fleet.batch)
                    return (prover, try OwnWorker(lie.rawValue, prover, fleet.endpoint))
                }
                try await client.waitForWorkers(liars.count)
                _ = try fleet.startWorker("honest")
                try await client.waitForWorkers(liars.count + 1)
                try await fleet.expectRound(of: fleet.batch.endCaps(users))
                for (place, lie) in TestProver.Lie.allCases.enumerated() {
                    #expect(liars[place].0.lies > 0, "\(lie) had no lease")
                }
                let status = try await client.fleet()
                // All but the one that throws: it fails, and does not lie.
                #expect(status.rejectedResults == UInt64(liars.count - 1))
                #expect(status.quarantinedWorkers == UInt64(liars.count - 1))
                let names = status.workers.map(\.name).sorted()
                #expect(names == ["honest", "throws"])
                let failed = status.workers.first { $0.name == "throws" }?.failed ?? 0
                #expect(failed > 0)
                let printed = try await fleet.status()
                #expect(printed["quarantined_workers"] as? Int == liars.count - 1)
                let nodes = try await client.status(of: RoundID(1)).nodes
                let provers = Set(nodes.map(\.worker))
                #expect(provers == ["honest"], "every accepted proof is an honest one")
                for (_, worker) in liars { await worker.stop() }
            }
        }

        /// The lies are in `Lie`, not in the test's way of proving.
        @Test func anHonestWorkerOfOursIsAccepted() async throws {
            try await Fleet.run { fleet, client in
                let prover = try TestProver(SharedNetwork.get(), batch: fleet.batch)
                let worker = try OwnWorker("ours", prover, fleet.endpoint)
                try await fleet.expectRound(of: fleet.batch.endCaps(2))
                let status = try await client.fleet()
                #expect(status.acceptedResults == 2)
                #expect(status.rejectedResults == 0)
                await worker.stop()
            }
        }

        @Test func aWorkerOfOtherCircuitsIsRefusedWithAReason() async throws {
            try await Fleet.run { fleet, client in
                let network = try SharedNetwork.get()
                let right = TestProver.fingerprints(network)
                let other = CircuitFingerprint(exactly: [UInt8](repeating: 3, count: 32))!
                for fingerprints in [[], [other], [right[0], other]] {
                    let prover = try TestProver(
                        network, batch: fleet.batch, fingerprints: fingerprints)
                    let worker = try OwnWorker("foreign", prover, fleet.endpoint)
                    do {
                        try await worker.task.value
                        Issue.record("served with \(fingerprints)")
                    } catch WorkerError.refused(let refusal) {
                        #expect(refusal.code == .fingerprints)
                        let missing = right.first { !fingerprints.contains($0) }!
                        #expect(refusal.reason.contains(missing.hexadecimal))
                    }
                }
                let workers = try await client.fleet().workers
                #expect(workers.isEmpty)
            }
        }
    }
}
