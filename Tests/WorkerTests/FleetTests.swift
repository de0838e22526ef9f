import Coordinator
import Testing
import Transport
import Wire
import Worker

/// Coordinator, workers and client in one process, on real sockets, with a stub prover.
@Suite(.timeLimit(.minutes(2))) struct FleetTests {
    @Test(arguments: [1, 2, 3, 5, 8, 13], [1, 2, 3])
    func everySizeEnds(users: Int, workers: Int) async throws {
        try await Fleet.run { fleet in
            let running = try (1...workers).map { try fleet.worker("w\($0)", StubProver()) }
            let ids = (0..<UInt64(users)).map { $0 * 7 + 1 }
            try await fleet.submit(ids)
            var statuses = 0
            let proof = try await fleet.client.waitForBlockProof(
                of: RoundID(1), every: .milliseconds(10)
            ) { _ in statuses += 1 }
            #expect(proof.bytes == (try StubLogic.expected(ids)))
            #expect(statuses > 0)
            let status = try await fleet.client.status(of: RoundID(1))
            #expect(status.nodes.count == users)
            #expect(status.blockProof == proof.digest)
            let measured = status.nodes.allSatisfy { $0.prove >= 5000 && $0.proofBytes == 32 }
            #expect(measured)
            for worker in running { try await worker.stop() }
        }
    }

    /// Complaint 10 of the research: one dead machine must not kill the job.
    @Test(arguments: [DoomedWorker.Fate.killed, .stopped])
    func aWorkerThatDiesMidLeaseDoesNotStopTheRound(fate: DoomedWorker.Fate) async throws {
        try await Fleet.run { fleet in
            let doomed = DoomedWorker(fate)
            // The work first: a worker that waits for it without a heartbeat would be lost.
            try await fleet.submit([1, 2, 3, 4, 5])
            try await doomed.join(fleet.endpoint)
            await doomed.waitForLease()
            let died = MonotonicClock.now()
            let healthy = try fleet.worker("healthy", StubProver())
            let proof = try await fleet.client.waitForBlockProof(of: RoundID(1))
            #expect(proof.bytes == (try StubLogic.expected([1, 2, 3, 4, 5])))
            let seconds = MonotonicClock.now().since(died).seconds
            // Noticed at once, or after 1.5 s; the rest is room for a busy machine.
            #expect(seconds < (fate == .killed ? 5 : 10))
            let status = try await fleet.client.status(of: RoundID(1))
            #expect(status.nodes[0].attempts == 2)
            let lost = try await fleet.client.fleet().lostWorkers
            #expect(lost == 1)
            try await healthy.stop()
        }
    }

    @Test func aStoppingWorkerGivesItsLeaseBack() async throws {
        try await Fleet.run { fleet in
            let slow = StubProver(delay: .seconds(30))
            let leaving = try fleet.worker("leaving", slow)
            try await fleet.submit([1, 2])
            await slow.waitForStart()
            try await leaving.stop()
            let healthy = try fleet.worker("healthy", StubProver())
            let proof = try await fleet.client.waitForBlockProof(of: RoundID(1))
            #expect(proof.bytes == (try StubLogic.expected([1, 2])))
            let lost = try await fleet.client.fleet().lostWorkers
            #expect(lost == 0)
            try await healthy.stop()
        }
    }

    @Test func aConnectionCutMidLeaseKeepsTheLease() async throws {
        var policy = CoordinatorPolicy()
        policy.lostAfter = .seconds(20)  // Only the cut connection may lose the worker.
        try await Fleet.run(policy: policy) { fleet in
            let prover = StubProver(delay: .milliseconds(600))
            let worker = try fleet.worker("w", prover)
            try await fleet.submit([1, 2])
            await prover.waitForStart()
            worker.service.breakConnection()
            let proof = try await fleet.client.waitForBlockProof(of: RoundID(1))
            #expect(proof.bytes == (try StubLogic.expected([1, 2])))
            let status = try await fleet.client.status(of: RoundID(1))
            let attempts = status.nodes.map(\.attempts)
            #expect(attempts == [1, 1], "nothing was proved twice")
            let started = prover.started.load(ordering: .relaxed)
            #expect(started == 2)
            try await worker.stop()
        }
    }

    @Test func aForgedProofIsRefusedAndTheRoundEnds() async throws {
        try await Fleet.run { fleet in
            let forger = StubProver(delay: .zero, forges: true)
            let liar = try fleet.worker("liar", forger)
            try await fleet.submit([1, 2, 3])
            await forger.waitForStart()
            let honest = try fleet.worker("honest", StubProver())
            let proof = try await fleet.client.waitForBlockProof(of: RoundID(1))
            #expect(proof.bytes == (try StubLogic.expected([1, 2, 3])))
            let status = try await fleet.client.fleet()
            #expect(status.rejectedResults == 1)
            #expect(status.quarantinedWorkers == 1)
            let names = status.workers.map(\.name)
            #expect(names == ["honest"])
            try await honest.stop()
            try await liar.stop()
        }
    }

    @Test func aProverThatBlocksDoesNotStopHeartbeats() async throws {
        try await Fleet.run { fleet in
            let prover = StubProver(delay: .seconds(3))
            let worker = try fleet.worker("w", prover, slots: 2)
            try await fleet.submit([1])
            _ = try await fleet.client.waitForBlockProof(of: RoundID(1))
            let status = try await fleet.client.fleet()
            #expect(status.lostWorkers == 0)
            try await worker.stop()
        }
    }

    @Test func aWorkerOfOtherCircuitsEndsWithTheReason() async throws {
        try await Fleet.run { fleet in
            let other = CircuitFingerprint(exactly: [UInt8](repeating: 3, count: 32))!
            let worker = try fleet.worker("w", StubProver(fingerprints: [other]))
            do {
                try await worker.task.value
                Issue.record("served")
            } catch WorkerError.refused(let refusal) {
                #expect(refusal.code == .fingerprints)
                #expect(refusal.reason.contains(stubFingerprint.hexadecimal))
            }
        }
    }

    @Test func aWorkerFindsARestartedCoordinator() async throws {
        // A port below those that the system hands out: another test must not get it in between.
        var configuration = CoordinatorConfiguration()
        var first: CoordinatorService
        while true {
            configuration.listen = Endpoint(
                host: "127.0.0.1", port: Int.random(in: 20_000..<30_000))
            first = CoordinatorService(
                configuration: configuration, logic: StubLogic(), logger: quiet)
            if (try? await first.start()) != nil { break }
        }
        var workerConfiguration = WorkerConfiguration(coordinator: configuration.listen)
        workerConfiguration.name = "w"
        let service = try WorkerService(
            configuration: workerConfiguration, prover: StubProver(), logger: quiet)
        let running = Task { try await service.run() }
        await first.stop()
        let second = CoordinatorService(
            configuration: configuration, logic: StubLogic(), logger: quiet)
        let endpoint = try await second.start()
        #expect(second.epoch > first.epoch)
        let client = try await CoordinatorClient.connect(to: endpoint)
        _ = try await client.submit([StubLogic.endCap(4)])
        _ = try await client.seal()
        let proof = try await client.waitForBlockProof(of: RoundID(1))
        #expect(proof.bytes == (try StubLogic.expected([4])))
        service.stop()
        try await running.value
        await client.close()
        await second.stop()
    }

    @Test func clientErrorsSayWhatWhereExpectedGot() async throws {
        try await Fleet.run { fleet in
            await #expect(
                throws: ClientError.refused(
                    Refusal(.emptyRound, "round 1: expected at least one end cap, got none"))
            ) { _ = try await fleet.client.seal() }
            await #expect(
                throws: ClientError.refused(
                    Refusal(.unknownRound, "round: expected 1…1, got 8"))
            ) { _ = try await fleet.client.status(of: RoundID(8)) }
            let huge = [UInt8](repeating: 0, count: WireLimits.artifactBytes + 1)
            await #expect(
                throws: ClientError.artifactTooLarge(
                    index: 0, limit: WireLimits.artifactBytes, got: huge.count)
            ) { _ = try await fleet.client.submit([huge]) }
            let reply = try await fleet.client.submit([Array("nonsense".utf8)])
            #expect(
                reply.verdicts == [
                    .refused(Refusal(.invalidProof, "end cap: expected \"user <id>\""))
                ])
        }
        await #expect(throws: ClientError.self) {
            _ = try await CoordinatorClient.connect(to: Endpoint(host: "127.0.0.1", port: 1))
        }
    }

    @Test func batchesLargerThanAFrameAreSplit() async throws {
        try await Fleet.run { fleet in
            let users = (0..<UInt64(2500)).map { $0 }
            let reply = try await fleet.client.submit(users.map(StubLogic.endCap))
            #expect(reply.verdicts == users.map { .accepted(user: $0) })
            let status = try await fleet.client.status()
            #expect(status.userCount == 2500)
            #expect(status.users == users || Set(status.users) == Set(users))
        }
    }

    @Test func stoppingTheCoordinatorEndsItsClients() async throws {
        let service = CoordinatorService(
            configuration: CoordinatorConfiguration(), logic: StubLogic(), logger: quiet)
        let running = Task { try await service.run() }
        while service.endpoint == nil { await Task.yield() }
        let client = try await CoordinatorClient.connect(to: service.endpoint!)
        running.cancel()
        try await running.value
        await #expect(throws: ClientError.self) { _ = try await client.fleet() }
        await client.close()
        await #expect(throws: CoordinatorError.alreadyStarted) { try await service.start() }
    }
}
