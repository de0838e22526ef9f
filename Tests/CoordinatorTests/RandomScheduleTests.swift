import Testing
import Transport
import Wire

import Coordinator

/// Random faults from one seed: workers come, go, fall silent, lie, fail, repeat themselves and
/// answer late. Then the faults stop, and the round must end with every node accepted once.
@Suite struct RandomScheduleTests {
    @Test(arguments: 0..<60)
    func everyRoundEnds(seed: Int) {
        var run = RandomRun(seed: UInt64(seed))
        run.play()
        run.finish()
    }

    @Test func oneSeedOneHistory() {
        var first = RandomRun(seed: 5)
        var second = RandomRun(seed: 5)
        first.play()
        second.play()
        #expect(first.history == second.history)
        #expect(first.history.count > 100)
    }
}

private struct RandomRun {
    var harness: Harness
    var random: SeededGenerator
    var connections: [ConnectionID: UInt8] = [:]
    /// Orders whose worker was lost before it answered.
    var strays: [(UInt8, LeaseOrder)] = []
    var nextSeed: UInt8 = 0
    var history: [String] = []

    init(seed: UInt64) {
        var policy = CoordinatorPolicy()
        policy.failureBudget = 1000
        harness = Harness(policy: policy)
        random = SeededGenerator(state: seed)
        let count = Int.random(in: 1...20, using: &random)
        var ids: Set<UInt64> = []
        while ids.count < count { ids.insert(UInt64.random(in: 0..<64, using: &random)) }
        harness.sealed(ids.sorted())
    }

    mutating func play() {
        for _ in 0..<300 {
            let before = harness.sent.count
            act()
            let accepted = harness.state.rounds[0].acceptedCount
            history.append("\(harness.sent.count - before) \(accepted)")
        }
    }

    private mutating func act() {
        for connection in harness.closed { connections[connection] = nil }
        let peers = connections.keys.sorted()
        switch Int.random(in: 0..<20, using: &random) {
        case 0 where nextSeed < 250, 1 where nextSeed < 250:
            nextSeed += 1
            let worker = harness.worker(nextSeed, slots: .random(in: 1...3, using: &random))
            connections[worker] = nextSeed
        case 2:
            guard let peer = peers.randomElement(using: &random) else { return }
            for order in harness.leased[peer] ?? [] { strays.append((connections[peer]!, order)) }
            harness.disconnect(peer)
            connections[peer] = nil
        case 3:
            guard let (seed, order) = strays.popLast() else { return }
            let held = Bool.random(using: &random) ? [order.lease] : []
            let peer = harness.worker(seed, slots: 2, held: held)
            if harness.refusals(peer).isEmpty {
                connections[peer] = seed
                harness.answer(order, on: peer)
            }
        case 4: harness.pass(.milliseconds(.random(in: 1...2000, using: &random)))
        case 5...9: if !harness.logicCalls.isEmpty { harness.answerLogic() }
        case 10:
            for peer in peers { harness.heartbeat(peer, (harness.leased[peer] ?? []).map(\.lease)) }
        default: answerSomething(peers)
        }
    }

    private mutating func answerSomething(_ peers: [ConnectionID]) {
        let busy = peers.filter { !(harness.leased[$0] ?? []).isEmpty }
        guard let peer = busy.randomElement(using: &random),
            let order = harness.leased[peer]!.randomElement(using: &random)
        else { return }
        switch Int.random(in: 0..<12, using: &random) {
        case 0: harness.answer(order, on: peer, "forged")
        case 1:
            harness.leased[peer]!.removeAll { $0.lease == order.lease }
            harness.post(
                .taskFailed(
                    peer,
                    TaskFailed(
                        lease: order.lease, task: order.task, attempt: order.attempt,
                        cause: .prover, reason: "x")))
        case 2:
            harness.answer(order, on: peer)
            harness.answer(order, on: peer)
        default: harness.answer(order, on: peer)
        }
    }

    mutating func finish() {
        for peer in connections.keys.sorted() { harness.disconnect(peer) }
        harness.leased = [:]
        harness.answerAllLogic()
        _ = harness.worker(255, slots: 4)
        harness.pass(.milliseconds(10))
        harness.workToTheEnd()
        harness.expectDone()
        #expect(harness.state.counters.accepted == UInt64(harness.state.rounds[0].nodes.count))
    }
}
