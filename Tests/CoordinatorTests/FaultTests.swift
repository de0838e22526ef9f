import Testing
import Transport
import Wire

import Coordinator

/// Forged results, failures, wrong leases, wrong peers.
@Suite struct FaultTests {
    @Test func rejects_forged_result() {
        var harness = Harness()
        let liar = harness.worker(1)
        harness.sealed([1, 2])
        harness.answer(harness.leased[liar]![0], on: liar, "forged")
        harness.answerAllLogic()
        #expect(harness.acks(liar).map(\.verdict) == [.rejected])
        #expect(harness.acks(liar)[0].reason == "sum-check: forged")
        #expect(harness.closed == [liar])
        #expect(harness.state.rounds[0].nodes[0].phase == .ready)
        #expect(harness.state.rounds[0].nodes[0].failures == 0)

        let again = harness.worker(1)
        #expect(harness.refusals(again).map(\.code) == [.quarantined])
        _ = harness.worker(2)
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func liarsNeverEndARound() {
        var harness = Harness()
        harness.sealed([1, 2, 3])
        for seed in 1...50 {
            let liar = harness.worker(UInt8(seed))
            harness.answer(harness.leased[liar]![0], on: liar, "forged \(seed)")
            harness.answerAllLogic()
        }
        #expect(harness.phases == [.proving])
        _ = harness.worker(200)
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func quarantineEnds() {
        var harness = Harness()
        let liar = harness.worker(1)
        harness.sealed([1, 2])
        harness.answer(harness.leased[liar]![0], on: liar, "forged")
        harness.answerAllLogic()
        harness.pass(.seconds(601))
        let again = harness.worker(1)
        #expect(harness.refusals(again).isEmpty)
        #expect(harness.leased[again]?.count == 1, "there is no other worker")
    }

    @Test func rejects_result_with_wrong_digest() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let order = harness.leased[a]![0]
        harness.post(
            .result(
                a,
                ReceivedResult(
                    lease: order.lease, task: order.task, attempt: order.attempt, prove: .zero,
                    artifact: nil)))
        #expect(harness.acks(a).map(\.verdict) == [.rejected])
        #expect(harness.closed == [a])
    }

    @Test func rejects_result_of_another_node() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2, 3])
        let order = harness.leased[a]![0]
        let block = TaskID(round: RoundID(1), node: NodeID(2))
        harness.post(
            .result(
                a,
                ReceivedResult(
                    lease: order.lease, task: block, attempt: 1, prove: .zero,
                    artifact: harness.hold(Harness.proof(block)))))
        #expect(harness.acks(a).map(\.verdict) == [.rejected])
        #expect(harness.logicCalls.isEmpty, "it is not even verified")
        #expect(harness.state.rounds[0].nodes[0].phase == .leased)
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func rejects_result_of_another_workers_lease() {
        var harness = Harness()
        let a = harness.worker(1)
        let b = harness.worker(2)
        harness.sealed([1, 2])
        let order = harness.leased[a]![0]
        harness.answer(order, on: b)
        #expect(harness.acks(b).map(\.verdict) == [.rejected])
        #expect(harness.logicCalls.isEmpty)
        harness.leased[a] = [order]
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func rejects_result_of_a_lease_never_granted() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.post(
            .result(
                a,
                ReceivedResult(
                    lease: LeaseID(99), task: TaskID(round: RoundID(1), node: NodeID(0)),
                    attempt: 1, prove: .zero, artifact: harness.hold("x"))))
        #expect(harness.acks(a).map(\.verdict) == [.rejected])
        #expect(harness.holds.isEmpty)
    }

    @Test func rejects_result_from_a_client() {
        var harness = Harness()
        let client = harness.client()
        harness.post(
            .result(
                client,
                ReceivedResult(
                    lease: LeaseID(1), task: TaskID(round: RoundID(1), node: NodeID(0)),
                    attempt: 1, prove: .zero, artifact: harness.hold("x"))))
        #expect(harness.refusals(client).map(\.code) == [.notPermitted])
        #expect(harness.holds.isEmpty)
    }

    // MARK: Failures

    private func fail(
        _ harness: inout Harness, _ connection: ConnectionID,
        _ cause: TaskFailed.Cause = .prover
    ) {
        let order = harness.leased[connection]!.removeFirst()
        harness.post(
            .taskFailed(
                connection,
                TaskFailed(
                    lease: order.lease, task: order.task, attempt: order.attempt, cause: cause,
                    reason: "out of memory")))
    }

    @Test func aFailedNodeGoesToAnotherWorker() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let b = harness.worker(2)
        fail(&harness, a)
        #expect(harness.leased[a]!.isEmpty)
        #expect(harness.leased[b]?.count == 1)
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func aFailedNodeWaitsForAnotherWorkerButNotForEver() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2, 64, 65])
        let b = harness.worker(2)
        #expect(harness.leased[b]?.count == 1)
        fail(&harness, a)
        #expect(harness.leased[a]!.isEmpty, "the other worker is busy, and is waited for")
        for _ in 0..<9 {
            harness.pass(.milliseconds(250))
            harness.heartbeat(a)
            harness.heartbeat(b, harness.leased[b]!.map(\.lease))
        }
        #expect(harness.leased[a]!.count == 1)
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func aLoneWorkerGetsTheNodeAgainUntilTheBudgetIsSpent() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        for _ in 0..<5 { fail(&harness, a) }
        #expect(harness.phases == [.proving])
        fail(&harness, a)
        #expect(harness.phases == [.failed, .open])
        #expect(
            harness.state.rounds[0].failure
                == "node 0 failed 6 times, the last time on w1: out of memory")
        #expect(harness.holds.isEmpty)
        harness.sealed([3])
        harness.workToTheEnd()
        harness.expectDone(1)
    }

    @Test func aFailedRoundCancelsWhatRuns() {
        var policy = CoordinatorPolicy()
        policy.failureBudget = 0
        var harness = Harness(policy: policy)
        let a = harness.worker(1)
        let b = harness.worker(2)
        harness.sealed([0, 1, 2, 3])
        fail(&harness, a)
        #expect(harness.phases == [.failed, .open])
        #expect(harness.cancels(b).map(\.cause) == [.roundFailed])
        // A result that was on its way is late, and nothing is held for it.
        harness.answer(harness.leased[b]![0], on: b)
        #expect(harness.acks(b).map(\.verdict) == [.late])
        #expect(harness.holds.isEmpty)
    }

    @Test(arguments: [TaskFailed.Cause.noSlot, .stopping, .cancelled])
    func someFailuresAreNotTheNodes(cause: TaskFailed.Cause) {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let b = harness.worker(2)
        fail(&harness, a, cause)
        #expect(harness.state.rounds[0].nodes[0].failures == 0)
        harness.disconnect(a)
        #expect(harness.leased[b]!.count == 1)
        harness.workToTheEnd()
        harness.expectDone()
    }

    // MARK: Peers

    @Test func refuses_worker_without_the_circuits() {
        let ours = CircuitFingerprint(exactly: [UInt8](repeating: 7, count: 32))!
        let theirs = CircuitFingerprint(exactly: [UInt8](repeating: 8, count: 32))!
        var harness = Harness(fingerprints: [ours])
        let a = harness.worker(1, fingerprints: [theirs])
        #expect(harness.refusals(a).map(\.code) == [.fingerprints])
        #expect(harness.refusals(a)[0].reason.contains(ours.hexadecimal))
        #expect(harness.closed == [a])
        let b = harness.worker(2, fingerprints: [theirs, ours])
        #expect(harness.refusals(b).isEmpty)
        let c = harness.client()
        #expect(harness.refusals(c).isEmpty)
    }

    @Test func refuses_worker_without_slots_or_identity() {
        var harness = Harness()
        let a = harness.worker(1, slots: 0)
        #expect(harness.refusals(a).map(\.code) == [.malformed])
        let b = harness.worker(0)
        #expect(harness.refusals(b).map(\.code) == [.malformed])
    }

    @Test func refuses_requests_before_hello() {
        var harness = Harness()
        let a = harness.connect()
        harness.post(.submit(a, correlation: 1, .current, [harness.endCap(1)]))
        harness.post(.seal(a, correlation: 1, .current))
        harness.post(
            .roundStatusQuery(a, correlation: 1, RoundStatusQuery(round: .current, detailed: true)))
        harness.post(.blockProofQuery(a, correlation: 1, .current))
        harness.heartbeat(a)
        #expect(harness.refusals(a).map(\.code) == Array(repeating: .notPermitted, count: 5))
        #expect(harness.holds.isEmpty)
    }

    @Test func refuses_second_hello_foreign_epoch_and_misdirected() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.post(.hello(a, Hello(role: .client, name: "again")))
        harness.post(.misdirected(a, correlation: 0, .lease))
        harness.post(.foreignEpoch(a, correlation: 0, got: 41))
        #expect(harness.refusals(a).map(\.code) == [.notPermitted, .notPermitted, .epoch])
        #expect(harness.closed == [a])
    }

    @Test func fleetStatusTellsWhoWorks() {
        var harness = Harness()
        let a = harness.worker(1, slots: 2)
        let client = harness.sealed([0, 1, 2, 3])
        harness.answer(harness.leased[a]![0], on: a)
        harness.answerAllLogic()
        harness.post(.fleetStatusQuery(client, correlation: 9))
        guard case .fleetStatusReply(let fleet) = harness.sent.last?.message else {
            Issue.record("no fleet")
            return
        }
        #expect(fleet.workers.count == 1)
        #expect(fleet.workers[0].accepted == 1)
        #expect(fleet.workers[0].leases == 1)
        #expect(fleet.acceptedResults == 1)
        #expect(fleet.runningLeases == 1)
    }
}
