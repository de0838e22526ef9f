import Testing
import Transport
import Wire

import Coordinator

/// Leases, results and lost workers.
@Suite struct LeaseTests {
    @Test func noLevelBarrier() {
        var harness = Harness()
        let a = harness.worker(1)
        let b = harness.worker(2)
        // 0,1 | 2,3 below one combine, and 8 beside it: the parent of (0,1),(2,3) is ready while
        // nothing else is missing but 8's own combine.
        harness.sealed([0, 1, 2, 3])
        let left = harness.leased[a]![0]
        let right = harness.leased[b]![0]
        harness.answer(left, on: a)
        harness.answerAllLogic()
        #expect(harness.leased[a]!.isEmpty, "its parent waits for the other child")
        harness.answer(right, on: b)
        harness.answerAllLogic()
        #expect(harness.leased[a]!.count + harness.leased[b]!.count == 1)
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func longestRemainingPathFirst() {
        var harness = Harness()
        // (0,1) lies deepest: below (0,1,2), (0…4); (64,65) is right below the root.
        harness.sealed([0, 1, 2, 4, 64, 65])
        let a = harness.worker(1)
        let first = harness.leased[a]![0].node
        #expect(first.level == 1 && first.index == 0)
    }

    @Test func aWorkerHoldsAsManyLeasesAsSlots() {
        var harness = Harness()
        let a = harness.worker(1, slots: 3)
        harness.sealed(Array(0..<16))
        #expect(harness.leased[a]!.count == 3)
    }

    @Test func workIsSpread() {
        var harness = Harness()
        let connections = (1...4).map { harness.worker($0, slots: 4) }
        harness.sealed(Array(0..<8))
        for connection in connections { #expect(harness.leased[connection]?.count == 1) }
    }

    // MARK: Lost workers

    @Test func aClosedConnectionGivesTheNodeBackAtOnce() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let order = harness.leased[a]![0]
        let b = harness.worker(2)
        #expect(harness.leased[b] == nil)
        harness.disconnect(a)
        #expect(harness.leased[b]?.first?.task == order.task)
        #expect(harness.leased[b]?.first?.attempt == 2)
        #expect(harness.state.rounds[0].nodes[0].failures == 0)
        harness.workToTheEnd()
        harness.expectDone()
        #expect(harness.state.counters.lostWorkers == 1)
    }

    @Test func aSilentWorkerIsLost() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let lease = harness.leased[a]![0].lease
        for _ in 0..<20 {
            harness.pass(.milliseconds(250))
            harness.heartbeat(a, [lease])
        }
        #expect(harness.closed.isEmpty)
        harness.pass(.milliseconds(1400))
        #expect(harness.closed.isEmpty)
        harness.pass(.milliseconds(200))
        #expect(harness.closed == [a])
        #expect(harness.state.rounds[0].nodes[0].phase == .ready)
        _ = harness.worker(2)
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func losingWorkersNeverSpendsTheBudget() {
        var harness = Harness()
        harness.sealed([1, 2])
        for seed in 1...100 {
            let worker = harness.worker(UInt8(seed))
            #expect(harness.leased[worker]?.count == 1)
            harness.disconnect(worker)
        }
        #expect(harness.phases == [.proving])
        _ = harness.worker(200)
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func aWorkerLostWhileItsResultIsVerifiedLosesNothing() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        harness.answer(harness.leased[a]![0], on: a)
        harness.disconnect(a)
        #expect(harness.state.rounds[0].nodes[0].phase == .submitted)
        harness.answerAllLogic()
        #expect(harness.state.rounds[0].nodes[0].phase == .accepted)
        _ = harness.worker(2)
        #expect(harness.workToTheEnd() == 1)
        harness.expectDone()
    }

    @Test func aReconnectingWorkerGetsItsLeaseBack() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let order = harness.leased[a]![0]
        harness.disconnect(a)
        let again = harness.worker(1, held: [order.lease])
        guard
            case .helloReply(let reply) = harness.sent.last(where: { $0.connection == again })?
                .message, case .accepted(let terms) = reply.verdict
        else {
            Issue.record("not accepted")
            return
        }
        #expect(terms.resumedLeases == [order.lease])
        #expect(harness.leased[again] == nil, "the node is not leased twice")
        harness.answer(order, on: again)
        harness.answerAllLogic()
        #expect(harness.acks(again).map(\.verdict) == [.accepted])
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func aReconnectReplacesAHalfOpenConnection() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let order = harness.leased[a]![0]
        let again = harness.worker(1, held: [order.lease])
        #expect(harness.closed == [a])
        harness.post(.disconnected(a))
        harness.answer(order, on: again)
        harness.answerAllLogic()
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func aLateValidResultIsAccepted() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let order = harness.leased[a]![0]
        harness.disconnect(a)
        let b = harness.worker(2)
        #expect(harness.leased[b]?.count == 1)
        let again = harness.worker(1)  // Names no held lease, and answers all the same.
        harness.answer(order, on: again)
        harness.answerAllLogic()
        #expect(harness.acks(again).map(\.verdict) == [.accepted])
        #expect(harness.cancels(b).map(\.cause) == [.superseded])
        // The slower worker answers before the cancel reaches it.
        harness.answer(harness.leased[b]![0], on: b)
        #expect(harness.acks(b).map(\.verdict) == [.late])
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func aResultAfterItsRoundIsLate() {
        var harness = Harness()
        let a = harness.worker(1)
        let b = harness.worker(2)
        harness.sealed([1])
        let order = harness.leased[a]![0]
        harness.disconnect(a)
        harness.workToTheEnd()
        harness.expectDone()
        harness.answer(order, on: b)
        #expect(harness.acks(b).last?.verdict == .late)
        #expect(harness.closed.isEmpty, "being late is no fault")
        harness.expectDone()
    }

    @Test func twoResultsInVerificationGiveOneAcceptance() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let first = harness.leased[a]![0]
        harness.disconnect(a)
        let b = harness.worker(2)
        let second = harness.leased[b]![0]
        let again = harness.worker(1)
        harness.answer(first, on: again)
        harness.answer(second, on: b)
        #expect(harness.logicCalls.count == 2)
        harness.answerAllLogic()
        #expect(harness.acks(again).map(\.verdict) == [.accepted])
        #expect(harness.acks(b).map(\.verdict) == [.late])
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func aRepeatedResultIsAnsweredOnce() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let order = harness.leased[a]![0]
        harness.answer(order, on: a)
        harness.answer(order, on: a)
        #expect(harness.logicCalls.count == 1)
        harness.answerAllLogic()
        harness.answer(order, on: a)
        #expect(harness.acks(a).map(\.verdict) == [.accepted, .accepted])
        #expect(harness.state.counters.accepted == 1)
        harness.workToTheEnd()
        harness.expectDone()
    }

    // MARK: Expiry

    @Test func aLeaseThatNoHeartbeatNamesExpires() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.sealed([1, 2])
        for _ in 0..<40 {
            harness.pass(.milliseconds(250))
            harness.heartbeat(a)
        }
        harness.pass(.milliseconds(100))
        #expect(harness.cancels(a).map(\.cause) == [.expired])
        #expect(harness.state.rounds[0].nodes[0].failures == 1)
        #expect(harness.leased[a]?.count == 2, "it is the only worker, so it gets the node again")
    }

    @Test func noHeartbeatRenewsALeaseForEver() {
        var policy = CoordinatorPolicy()
        policy.longestLease = .seconds(30)
        var harness = Harness(policy: policy)
        let a = harness.worker(1)
        harness.sealed([1, 2])
        let lease = harness.leased[a]![0].lease
        for _ in 0..<119 {
            harness.pass(.milliseconds(250))
            harness.heartbeat(a, [lease])
        }
        #expect(harness.cancels(a).isEmpty)
        harness.pass(.milliseconds(500))
        #expect(harness.cancels(a).map(\.cause) == [.expired])
    }

    @Test func heartbeatsOfForgottenLeasesAreCancelled() {
        var harness = Harness()
        let a = harness.worker(1)
        harness.heartbeat(a, [LeaseID(77)])
        #expect(harness.cancels(a) == [Cancel(lease: LeaseID(77), cause: .superseded)])
    }

    @Test func aDrainingWorkerGetsNoLease() {
        var harness = Harness()
        let a = harness.worker(1, slots: 2)
        harness.sealed([1, 2])
        harness.post(.goodbye(a))
        harness.answer(harness.leased[a]![0], on: a)
        harness.answerAllLogic()
        #expect(harness.leased[a]!.isEmpty)
        harness.disconnect(a)
        #expect(harness.state.counters.lostWorkers == 0)
        _ = harness.worker(2)
        harness.workToTheEnd()
        harness.expectDone()
    }
}
