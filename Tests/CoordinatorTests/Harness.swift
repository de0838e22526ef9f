import Testing
import Transport
import Wire

import Coordinator

/// A coordinator state machine with everything around it played by the test: clock, peers,
/// artifacts and logic. Checks the invariants after every step.
struct Harness {
    var state: CoordinatorState
    var now = Instant(nanoseconds: 1_000_000_000)
    /// Holds on artifacts that the state machine has.
    var holds: [ArtifactDigest: Int] = [:]
    /// Calls of the injected logic that have not been answered.
    var logicCalls: [CoordinatorEffect] = []
    /// Everything sent, oldest first.
    var sent: [(connection: ConnectionID, message: Message)] = []
    /// Leases that each connection was sent and has not answered.
    var leased: [ConnectionID: [LeaseOrder]] = [:]
    var closed: [ConnectionID] = []
    var users: [ArtifactDigest: UInt64] = [:]
    var planResult: (([UserEndCap]) -> Result<RoundPlan, LogicFailure>)?
    var finishFailure: LogicFailure?
    private var lastConnection: UInt64 = 0

    static let epoch: UInt64 = 42

    init(policy: CoordinatorPolicy = .init(), fingerprints: [CircuitFingerprint] = []) {
        state = CoordinatorState(
            policy: policy, epoch: Self.epoch, fingerprints: fingerprints, at: now)
    }

    // MARK: Steps

    mutating func post(
        _ event: CoordinatorEvent, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        now = now + .microseconds(10)
        let effects = state.step(event, at: now)
        let broken = state.brokenInvariants()
        #expect(broken == [], "after \(event)", sourceLocation: sourceLocation)
        for effect in effects { take(effect, sourceLocation) }
    }

    private mutating func take(_ effect: CoordinatorEffect, _ location: SourceLocation) {
        switch effect {
        case .send(let connection, let message, _): sent.append((connection, message))
        case .sendBlockProof(let connection, _, let round, let digest):
            let reply = BlockProofReply(
                round: round, outcome: .proof(Artifact(digest: digest, bytes: [])))
            sent.append((connection, .blockProofReply(reply)))
        case .sendLease(let connection, let order):
            for child in order.children {
                #expect(holds[child, default: 0] > 0, "a child is gone", sourceLocation: location)
            }
            leased[connection, default: []].append(order)
        case .checkEndCap, .plan, .verify, .finish: logicCalls.append(effect)
        case .release(let digest):
            holds[digest, default: 0] -= 1
            #expect(holds[digest]! >= 0, "released twice", sourceLocation: location)
            if holds[digest] == 0 { holds[digest] = nil }
        case .close(let connection):
            closed.append(connection)
            leased[connection] = nil
        case .admitPeer, .log: break
        }
    }

    mutating func pass(_ span: Span) {
        now = now + span
        post(.tick)
    }

    // MARK: Peers

    mutating func connect() -> ConnectionID {
        lastConnection += 1
        let id = ConnectionID(lastConnection)
        post(.connected(id, address: "test"))
        return id
    }

    mutating func client() -> ConnectionID {
        let id = connect()
        post(.hello(id, Hello(role: .client, name: "client")))
        return id
    }

    static func identity(_ seed: UInt8) -> WorkerIdentity {
        WorkerIdentity(exactly: [UInt8](repeating: seed, count: 32))!
    }

    mutating func worker(
        _ seed: UInt8, slots: UInt16 = 1, held: [LeaseID] = [],
        fingerprints: [CircuitFingerprint] = []
    ) -> ConnectionID {
        let id = connect()
        post(
            .hello(
                id,
                Hello(
                    role: .worker, identity: Self.identity(seed), name: "w\(seed)", slots: slots,
                    fingerprints: fingerprints, heldEpoch: Self.epoch, heldLeases: held)))
        return id
    }

    mutating func heartbeat(_ connection: ConnectionID, _ leases: [LeaseID] = []) {
        post(
            .heartbeat(
                connection,
                Heartbeat(sequence: 1, leases: leases.map { .init(lease: $0, permille: 500) })))
    }

    mutating func disconnect(_ connection: ConnectionID) {
        leased[connection] = nil
        post(.disconnected(connection))
    }

    // MARK: Artifacts

    mutating func hold(_ text: String) -> ArtifactReference {
        let digest = Artifact.digest(of: Array(text.utf8))
        holds[digest, default: 0] += 1
        return ArtifactReference(digest: digest, byteCount: text.utf8.count)
    }

    mutating func endCap(_ user: UInt64, _ variant: String = "") -> ArtifactReference {
        let reference = hold("end cap \(user)\(variant)")
        users[reference.digest] = user
        return reference
    }

    static func proof(_ task: TaskID) -> String { "proof \(task)" }

    /// Answers with the proof of `order`, or with `text` instead.
    mutating func answer(
        _ order: LeaseOrder, on connection: ConnectionID, _ text: String? = nil
    ) {
        leased[connection]?.removeAll { $0.lease == order.lease }
        let artifact = hold(text ?? Self.proof(order.task))
        post(
            .result(
                connection,
                ReceivedResult(
                    lease: order.lease, task: order.task, attempt: order.attempt,
                    prove: .microseconds(5), artifact: artifact)))
    }

    // MARK: Logic

    /// Answers the oldest call of the logic.
    mutating func answerLogic() {
        switch logicCalls.removeFirst() {
        case .checkEndCap(let id, _, let digest):
            if let user = users[digest] {
                post(.admitted(id, .success(AdmittedEndCap(userID: user))))
            } else {
                post(.admitted(id, .failure(LogicFailure("not an end cap"))))
            }
        case .plan(let round, let endCaps):
            post(.planned(round, planResult?(endCaps) ?? .success(trie(endCaps.map(\.userID)))))
        case .verify(let id, let round, let node, let artifact, let children):
            for child in children { #expect(holds[child, default: 0] > 0, "a child is gone") }
            let expected = Self.proof(TaskID(round: round, node: node.id))
            let valid = artifact == Artifact.digest(of: Array(expected.utf8))
            post(.verified(id, valid ? nil : LogicFailure("sum-check: forged")))
        case .finish(let round, let digest):
            #expect(holds[digest, default: 0] > 0)
            post(.finished(round, finishFailure))
        default: break
        }
    }

    mutating func answerAllLogic() { while !logicCalls.isEmpty { answerLogic() } }

    // MARK: Whole runs

    /// Submits and seals a round of these users; its first leases are out on return.
    @discardableResult
    mutating func sealed(_ ids: [UInt64]) -> ConnectionID {
        let client = client()
        let endCaps = ids.map { endCap($0) }
        post(.submit(client, correlation: 1, .current, endCaps))
        answerAllLogic()
        post(.seal(client, correlation: 2, .current))
        answerAllLogic()
        return client
    }

    /// Lets every worker answer honestly until nothing is leased.
    /// - Returns: results given.
    @discardableResult
    mutating func workToTheEnd() -> Int {
        var results = 0
        while let (connection, order) = nextLease() {
            answer(order, on: connection)
            answerAllLogic()
            results += 1
            if results > 10_000 {
                Issue.record("the round does not end")
                break
            }
        }
        return results
    }

    func nextLease() -> (ConnectionID, LeaseOrder)? {
        for connection in leased.keys.sorted() {
            if let order = leased[connection]?.first { return (connection, order) }
        }
        return nil
    }

    func acks(_ connection: ConnectionID) -> [ResultAck] {
        sent.compactMap { sent -> ResultAck? in
            guard sent.connection == connection, case .resultAck(let ack) = sent.message else {
                return nil
            }
            return ack
        }
    }

    func refusals(_ connection: ConnectionID) -> [Refusal] {
        sent.compactMap { sent -> Refusal? in
            guard sent.connection == connection else { return nil }
            switch sent.message {
            case .error(let error): return error.refusal
            case .helloReply(let reply):
                if case .refused(let refusal) = reply.verdict { return refusal }
                return nil
            default: return nil
            }
        }
    }

    func cancels(_ connection: ConnectionID) -> [Cancel] {
        sent.compactMap { sent -> Cancel? in
            guard sent.connection == connection, case .cancel(let cancel) = sent.message else {
                return nil
            }
            return cancel
        }
    }

    var phases: [RoundPhase] { state.rounds.map(\.phase) }

    /// The round is done, and of all artifacts only its block proof is still held.
    func expectDone(_ round: Int = 0, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(state.rounds[round].phase == .done, sourceLocation: sourceLocation)
        let expected = state.rounds.compactMap { $0.phase == .done ? $0.blockProof?.digest : nil }
        #expect(
            Set(holds.keys) == Set(expected), "leaked artifacts", sourceLocation: sourceLocation)
        #expect(holds.values.allSatisfy { $0 == 1 }, sourceLocation: sourceLocation)
        #expect(state.leases.isEmpty, sourceLocation: sourceLocation)
    }
}

/// The compressed trie of ascending user ids, then the block.
func trie(_ ids: [UInt64]) -> RoundPlan {
    var nodes: [PlannedNode] = []
    func build(_ range: Range<Int>) -> ChildReference {
        if range.count == 1 { return .endCap(range.lowerBound) }
        let differing = ids[range.lowerBound] ^ ids[range.upperBound - 1]
        let bit = 63 - differing.leadingZeroBitCount
        let split = range.first { ids[$0] >> UInt64(bit) & 1 == 1 }!
        let left = build(range.lowerBound..<split)
        let right = build(split..<range.upperBound)
        let id = NodeID(UInt32(nodes.count))
        nodes.append(
            PlannedNode(
                id: id, kind: .combine, level: UInt8(bit + 1),
                index: ids[range.lowerBound] >> UInt64(bit + 1), children: [left, right],
                context: [1]))
        return .node(id)
    }
    let root = build(0..<ids.count)
    nodes.append(
        PlannedNode(
            id: NodeID(UInt32(nodes.count)), kind: .block, level: 30, index: 0, children: [root],
            context: []))
    return RoundPlan(nodes: nodes)
}

/// SplitMix64: the tests' only randomness, from a seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
