import Testing
import Transport
import Wire

import Worker

/// The worker's state machine, with the coordinator and the clock played by the test.
@Suite struct WorkerStateTests {
    struct Harness {
        var state: WorkerState
        var now = Instant(nanoseconds: 1_000_000_000)
        var effects: [WorkerEffect] = []
        static let identity = WorkerIdentity(exactly: [UInt8](repeating: 1, count: 32))!

        init(slots: UInt16 = 1) {
            var policy = WorkerPolicy(identity: Self.identity)
            policy.slots = slots
            state = WorkerState(policy: policy, seed: 1, at: now)
        }

        @discardableResult
        mutating func post(_ event: WorkerEvent) -> [WorkerEffect] {
            now = now + .microseconds(10)
            let new = state.step(event, at: now).filter {
                if case .log = $0 { false } else { true }
            }
            effects += new
            return new
        }

        mutating func pass(_ span: Span) -> [WorkerEffect] {
            now = now + span
            return post(.tick)
        }

        /// Connects and is accepted; returns the connection.
        mutating func serve(epoch: UInt64 = 9, resumed: [LeaseID] = []) -> ConnectionID {
            var connection: ConnectionID?
            for _ in 0..<100 where connection == nil {
                for case .connect(let id) in pass(.milliseconds(100)) { connection = id }
            }
            let id = connection!
            post(.connected(id))
            accept(id, epoch: epoch, resumed: resumed)
            return id
        }

        @discardableResult
        mutating func accept(
            _ id: ConnectionID, epoch: UInt64 = 9, resumed: [LeaseID] = []
        ) -> [WorkerEffect] {
            let terms = HelloReply.Terms(
                worker: WorkerID(1), name: "c", heartbeatMilliseconds: 250,
                lostMilliseconds: 1500, resumedLeases: resumed)
            return post(.helloReply(id, HelloReply(.accepted(terms)), epoch: epoch))
        }

        static func lease(_ id: UInt64) -> Lease {
            Lease(
                lease: LeaseID(id), task: TaskID(round: RoundID(1), node: NodeID(UInt32(id))),
                attempt: 1, durationMilliseconds: 1000, kind: .combine, level: 0, index: 0,
                context: [], children: [])
        }

        static func key(_ id: UInt64, epoch: UInt64 = 9) -> LeaseKey {
            LeaseKey(epoch: epoch, lease: LeaseID(id))
        }
    }

    static let proof = Artifact(naming: [1, 2, 3])

    private func messages(_ effects: [WorkerEffect]) -> [Message] {
        effects.compactMap { if case .send(_, let message, _) = $0 { message } else { nil } }
    }

    @Test func connectsSaysHelloAndBeats() throws {
        var harness = Harness()
        let id = harness.serve()
        guard case .hello(let hello) = messages(harness.effects).first else {
            Issue.record("no hello")
            return
        }
        #expect(hello.role == .worker && hello.slots == 1)
        #expect(harness.effects.contains(.heartbeat(id, epoch: 9, sequence: 1, [])))
        #expect(
            harness.pass(.milliseconds(250)) == [.heartbeat(id, epoch: 9, sequence: 2, [])])
        #expect(harness.pass(.milliseconds(100)) == [])
    }

    @Test func provesAndKeepsTheResultUntilAcknowledged() {
        var harness = Harness()
        let id = harness.serve()
        #expect(
            harness.post(.lease(id, Harness.lease(1)))
                == [.start(Harness.key(1), Harness.lease(1))])
        let sent = harness.post(.proved(Harness.key(1), Self.proof, prove: .milliseconds(3)))
        guard case .result(let result) = messages(sent).first else {
            Issue.record("no result")
            return
        }
        #expect(result.artifact == Self.proof && result.proveMicroseconds == 3000)
        #expect(harness.state.items.count == 1)
        harness.post(.acknowledged(id, ResultAck(lease: LeaseID(1), verdict: .accepted)))
        #expect(harness.state.items.isEmpty)
    }

    @Test func refusesLeasesBeyondItsSlots() {
        var harness = Harness()
        let id = harness.serve()
        harness.post(.lease(id, Harness.lease(1)))
        let sent = messages(harness.post(.lease(id, Harness.lease(2))))
        guard case .taskFailed(let failure) = sent.first else {
            Issue.record("taken")
            return
        }
        #expect(failure.cause == .noSlot && failure.lease == LeaseID(2))
        #expect(harness.post(.lease(id, Harness.lease(1))) == [], "a repeated lease is one lease")
    }

    @Test func cancelStopsTheProver() {
        var harness = Harness()
        let id = harness.serve()
        harness.post(.lease(id, Harness.lease(1)))
        let cancel = Cancel(lease: LeaseID(1), cause: .superseded)
        #expect(harness.post(.cancel(id, cancel)) == [.cancel(Harness.key(1))])
        // The slot is the coordinator's again at once, although the prover winds down.
        #expect(
            harness.post(.lease(id, Harness.lease(2)))
                == [.start(Harness.key(2), Harness.lease(2))])
        #expect(harness.post(.failed(Harness.key(1), .cancelled, reason: "")) == [])
        #expect(harness.state.items.map(\.key) == [Harness.key(2)])
    }

    @Test func failuresAreReportedAndForgotten() {
        var harness = Harness()
        let id = harness.serve()
        harness.post(.lease(id, Harness.lease(1)))
        let sent = messages(harness.post(.failed(Harness.key(1), .prover, reason: "no memory")))
        guard case .taskFailed(let failure) = sent.first else {
            Issue.record("not reported")
            return
        }
        #expect(failure.reason == "no memory")
        #expect(harness.state.items.isEmpty)
    }

    @Test func leasesOutliveTheConnection() {
        var harness = Harness(slots: 3)
        let id = harness.serve()
        for lease in 1...3 { harness.post(.lease(id, Harness.lease(UInt64(lease)))) }
        harness.post(.disconnected(id, reason: "cut"))
        harness.post(.proved(Harness.key(1), Self.proof, prove: .zero))
        harness.effects = []
        _ = harness.serve(resumed: [LeaseID(1), LeaseID(2)])
        let sent = messages(harness.effects)
        guard case .hello(let hello) = sent.first, case .result(let result) = sent.last else {
            Issue.record("\(sent)")
            return
        }
        #expect(hello.heldEpoch == 9 && hello.heldLeases.map(\.rawValue) == [1, 2, 3])
        #expect(result.lease == LeaseID(1))
        #expect(harness.effects.contains(.cancel(Harness.key(3))), "3 is not wanted any more")
    }

    @Test func aNewEpochVoidsEverything() {
        var harness = Harness(slots: 2)
        let id = harness.serve()
        harness.post(.lease(id, Harness.lease(1)))
        harness.post(.lease(id, Harness.lease(2)))
        harness.post(.proved(Harness.key(2), Self.proof, prove: .zero))
        harness.post(.disconnected(id, reason: "restart"))
        let again = harness.serve(epoch: 10, resumed: [LeaseID(1)])
        #expect(harness.effects.contains(.cancel(Harness.key(1))))
        // The new incarnation's lease 1 is another lease.
        #expect(
            harness.post(.lease(again, Harness.lease(1)))
                == [.start(Harness.key(1, epoch: 10), Harness.lease(1))])
        #expect(harness.post(.proved(Harness.key(1), Self.proof, prove: .zero)) == [])
        #expect(
            messages(harness.post(.proved(Harness.key(1, epoch: 10), Self.proof, prove: .zero)))
                .count == 1)
    }

    @Test func aSilentCoordinatorIsLeft() {
        var harness = Harness()
        let id = harness.serve()
        _ = harness.pass(.milliseconds(2900))
        harness.post(.heartbeatReply(id))
        _ = harness.pass(.milliseconds(2900))
        #expect(!harness.effects.contains(.close(id)))
        #expect(harness.pass(.milliseconds(200)).contains(.close(id)))
    }

    @Test func anUnansweredHelloIsLeft() {
        var harness = Harness()
        harness.post(.tick)
        harness.post(.connected(ConnectionID(1)))
        #expect(harness.pass(.seconds(5)).contains(.close(ConnectionID(1))))
    }

    @Test(arguments: [RefusalCode.version, .fingerprints])
    func hopelessRefusalsEndTheWorker(code: RefusalCode) {
        var harness = Harness()
        harness.post(.tick)
        harness.post(.connected(ConnectionID(1)))
        let refusal = Refusal(code, "no")
        let effects = harness.post(
            .helloReply(ConnectionID(1), HelloReply(.refused(refusal)), epoch: 9))
        #expect(effects.last == .exit(.refused(refusal)))
        #expect(harness.pass(.seconds(60)) == [])
    }

    @Test func otherRefusalsAreRetriedLater() {
        var harness = Harness()
        let id = harness.serve()
        harness.post(.refused(id, Refusal(.quarantined, "forged")))
        #expect(!harness.pass(.seconds(9)).contains(.connect(ConnectionID(2))))
        #expect(harness.pass(.seconds(2)).contains(.connect(ConnectionID(2))))
    }

    @Test func stopDrains() {
        var harness = Harness()
        let id = harness.serve()
        harness.post(.lease(id, Harness.lease(1)))
        #expect(
            messages(harness.post(.stop)) == [.goodbye(Goodbye(reason: "the worker stops"))])
        guard
            case .taskFailed(let failure) = messages(
                harness.post(.lease(id, Harness.lease(2)))
            ).first
        else {
            Issue.record("took a lease")
            return
        }
        #expect(failure.cause == .stopping)
        harness.post(.proved(Harness.key(1), Self.proof, prove: .zero))
        let ack = ResultAck(lease: LeaseID(1), verdict: .accepted)
        #expect(harness.post(.acknowledged(id, ack)).last == .exit(.stopped))
    }

    @Test func stopEndsInTime() {
        var harness = Harness()
        let id = harness.serve()
        harness.post(.lease(id, Harness.lease(1)))
        harness.post(.stop)
        for _ in 0..<39 {
            _ = harness.pass(.milliseconds(250))
            harness.post(.heartbeatReply(id))
        }
        #expect(!harness.effects.contains(.exit(.stopped)))
        let effects = harness.pass(.milliseconds(500))
        #expect(effects.contains(.cancel(Harness.key(1))))
        #expect(effects.last == .exit(.stopped))
    }

    @Test func stopWithoutConnectionEndsAtOnce() {
        var harness = Harness()
        #expect(harness.post(.stop).last == .exit(.stopped))
    }
}
