import Testing
import Transport
import Wire

import Coordinator

/// Rounds, admission and plans.
@Suite struct RoundTests {
    static let shapes: [[UInt64]] = [
        [7], [0, 1], [0, 1, 2], [3, 900, 1 << 29], [0, 1, 2, 3, 4], [1, 2, 4, 8, 16],
        Array(0..<8), Array(0..<13), (0..<13).map { $0 * $0 * 7919 },
    ]

    @Test(arguments: shapes, [1, 2, 3])
    func everyShapeEnds(ids: [UInt64], workers: Int) {
        var harness = Harness()
        for seed in 1...workers { _ = harness.worker(UInt8(seed), slots: 2) }
        harness.sealed(ids.reversed())
        #expect(harness.workToTheEnd() == ids.count)
        harness.expectDone()
        #expect(harness.state.rounds[0].users.map(\.userID) == ids.sorted())
        #expect(harness.phases == [.done, .open])
    }

    @Test func workersMayComeAfterThePlan() {
        var harness = Harness()
        harness.sealed([1, 2, 3])
        #expect(harness.leased.isEmpty)
        _ = harness.worker(1)
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func roundsFollowEachOther() {
        var harness = Harness()
        _ = harness.worker(1)
        for _ in 1...3 {
            harness.sealed([1, 2])
            harness.workToTheEnd()
        }
        #expect(harness.phases == [.done, .done, .done, .open])
        harness.expectDone(2)
    }

    @Test func refusesASecondEndCapOfAUser() {
        var harness = Harness()
        let client = harness.client()
        let endCaps = [harness.endCap(5), harness.endCap(6), harness.endCap(5, "other")]
        harness.post(.submit(client, correlation: 1, .current, endCaps))
        #expect(harness.sent.count == 1, "the reply waits for every verdict")
        harness.answerAllLogic()
        guard case .submitReply(let reply) = harness.sent.last?.message else {
            Issue.record("no reply")
            return
        }
        #expect(reply.round == RoundID(1))
        #expect(reply.verdicts[0] == .accepted(user: 5))
        #expect(reply.verdicts[1] == .accepted(user: 6))
        #expect(
            reply.verdicts[2]
                == .refused(Refusal(.duplicateUser, "user 5 has an end cap in round 1")))
        #expect(harness.holds.count == 2)
    }

    @Test func refusesInvalidAndCorruptEndCapsAlone() {
        var harness = Harness()
        let client = harness.client()
        let bad = harness.hold("noise")
        harness.post(.submit(client, correlation: 1, .current, [bad, nil, harness.endCap(1)]))
        harness.answerAllLogic()
        guard case .submitReply(let reply) = harness.sent.last?.message else {
            Issue.record("no reply")
            return
        }
        #expect(reply.verdicts[0] == .refused(Refusal(.invalidProof, "not an end cap")))
        #expect(
            reply.verdicts[1]
                == .refused(Refusal(.malformed, "end cap: its bytes do not have its digest")))
        #expect(reply.verdicts[2] == .accepted(user: 1))
    }

    @Test func answersAnEmptyBatch() {
        var harness = Harness()
        let client = harness.client()
        harness.post(.submit(client, correlation: 1, .current, []))
        #expect(
            harness.sent.last?.message
                == .submitReply(SubmitReply(round: RoundID(1), verdicts: [])))
    }

    @Test func sealWaitsForPendingVerifications() {
        var harness = Harness()
        _ = harness.worker(1)
        let client = harness.client()
        harness.post(
            .submit(client, correlation: 1, .current, [harness.endCap(1), harness.endCap(2)]))
        harness.post(.seal(client, correlation: 2, .current))
        #expect(harness.phases == [.sealed])
        harness.answerLogic()
        #expect(harness.phases == [.sealed])
        harness.answerAllLogic()
        #expect(harness.phases == [.proving])
        #expect(harness.state.rounds[0].users.count == 2)
    }

    @Test func refusesEndCapsAfterTheSeal() {
        var harness = Harness()
        harness.sealed([1, 2])
        let late = harness.client()
        harness.post(.submit(late, correlation: 1, .current, [harness.endCap(3)]))
        #expect(harness.refusals(late).map(\.code) == [.roundNotOpen])
        #expect(harness.refusals(late)[0].reason == "round 1: expected open, got proving")
        #expect(harness.holds.count == 2)
    }

    @Test func refusesToSealAnEmptyRound() {
        var harness = Harness()
        let client = harness.client()
        harness.post(.seal(client, correlation: 1, .current))
        #expect(harness.refusals(client).map(\.code) == [.emptyRound])
        #expect(harness.phases == [.open])
    }

    @Test func sealingTwiceSaysWhereTheRoundIs() {
        var harness = Harness()
        let client = harness.sealed([1])
        harness.post(.seal(client, correlation: 3, RoundID(1)))
        guard case .roundStatusReply(let status) = harness.sent.last?.message else {
            Issue.record("no status")
            return
        }
        #expect(status.phase == .proving)
    }

    @Test func failsWhenNoEndCapIsValid() {
        var harness = Harness()
        let client = harness.client()
        harness.post(.submit(client, correlation: 1, .current, [harness.hold("noise")]))
        harness.post(.seal(client, correlation: 2, .current))
        harness.answerAllLogic()
        #expect(harness.phases == [.failed, .open])
        #expect(harness.state.rounds[0].failure == "no end cap was admitted")
        #expect(harness.holds.isEmpty)
    }

    @Test func sealsByItselfAtItsSize() {
        var policy = CoordinatorPolicy()
        policy.sealAtUsers = 3
        var harness = Harness(policy: policy)
        _ = harness.worker(1)
        let client = harness.client()
        let endCaps = (1...3).map { harness.endCap($0) }
        harness.post(.submit(client, correlation: 1, .current, endCaps))
        harness.answerAllLogic()
        harness.workToTheEnd()
        harness.expectDone()
    }

    @Test func failsOnAPlanThatIsNoTree() {
        let bad: [RoundPlan] = [
            RoundPlan(nodes: []),
            RoundPlan(nodes: trie([1, 2]).nodes.reversed()),
            RoundPlan(nodes: [trie([1, 2]).nodes[0], trie([1, 2]).nodes[0]]),
            RoundPlan(nodes: [
                PlannedNode(
                    id: NodeID(0), kind: .combine, level: 1, index: 0,
                    children: [.endCap(0), .endCap(0)], context: []),
                trie([1, 2]).nodes[1],
            ]),
            RoundPlan(nodes: [
                PlannedNode(
                    id: NodeID(0), kind: .combine, level: 1, index: 0,
                    children: [.endCap(0), .node(NodeID(1))], context: []),
                trie([1, 2]).nodes[1],
            ]),
        ]
        for plan in bad {
            var harness = Harness()
            harness.planResult = { _ in .success(plan) }
            harness.sealed([1, 2])
            #expect(harness.phases == [.failed, .open])
            #expect(harness.state.rounds[0].failure.hasPrefix("plan"))
            #expect(harness.holds.isEmpty)
        }
    }

    @Test func failsWhenTheCommitFails() {
        var harness = Harness()
        harness.finishFailure = LogicFailure("disk full")
        _ = harness.worker(1)
        harness.sealed([1, 2])
        harness.workToTheEnd()
        #expect(harness.phases == [.failed, .open])
        #expect(harness.state.rounds[0].failure == "commit: disk full")
        #expect(harness.holds.isEmpty)
    }

    @Test func blockProofAndStatusFollowTheRound() {
        var harness = Harness()
        _ = harness.worker(1)
        let client = harness.sealed([1, 2, 3])
        harness.post(.blockProofQuery(client, correlation: 3, .current))
        #expect(
            harness.sent.last?.message
                == .blockProofReply(
                    BlockProofReply(round: RoundID(1), outcome: .pending(.proving))))
        harness.workToTheEnd()
        harness.post(.blockProofQuery(client, correlation: 4, .current))
        guard case .blockProofReply(let reply) = harness.sent.last?.message,
            case .proof(let artifact) = reply.outcome
        else {
            Issue.record("no proof")
            return
        }
        #expect(artifact.digest == harness.state.rounds[0].blockProof?.digest)
        harness.post(
            .roundStatusQuery(
                client, correlation: 5, RoundStatusQuery(round: .current, detailed: true)))
        guard case .roundStatusReply(let status) = harness.sent.last?.message else {
            Issue.record("no status")
            return
        }
        #expect(status.round == RoundID(1), "the empty round 2 is not what was meant")
        #expect(status.phase == .done)
        #expect(status.nodes.map(\.phase) == [.accepted, .accepted, .accepted])
        let parts =
            status.timings.admission + status.timings.planning + status.timings.queue
            + status.timings.transfer + status.timings.prove + status.timings.verify
            + status.timings.commit
        #expect(parts == status.timings.latency)
        #expect(status.timings.latency > 0)
        harness.post(.blockProofQuery(client, correlation: 6, RoundID(9)))
        #expect(harness.refusals(client).last?.code == .unknownRound)
    }

    @Test func keepsABoundedNumberOfRounds() {
        var harness = Harness()
        _ = harness.worker(1)
        for _ in 0..<CoordinatorLimits.retainedRounds + 5 {
            harness.sealed([1])
            harness.workToTheEnd()
        }
        #expect(harness.state.rounds.count == CoordinatorLimits.retainedRounds)
        harness.expectDone(0)
    }
}
