import Collections
import Transport
import Wire

/// The coordinator as a pure state machine: rounds, nodes, leases, workers.
///
/// `step` is the only entrance. It knows no clock, socket, proof or randomness, iterates no
/// unordered collection, and so gives the same effects for the same events. The rules are in
/// `State+Rounds`, `State+Scheduling`, `State+Results`, `State+Workers` and `State+Status`; what
/// always holds is in `State+Invariants`.
package struct CoordinatorState: Sendable {
    package let policy: CoordinatorPolicy
    package let epoch: UInt64
    let fingerprints: [CircuitFingerprint]
    let startedAt: Instant
    var now: Instant
    var effects: [CoordinatorEffect] = []

    /// Dictionaries and sets here are looked up, never iterated; what is iterated is ordered.
    var peers: [ConnectionID: Peer] = [:]
    var workers: OrderedDictionary<WorkerID, WorkerSession> = [:]
    var sessions: [WorkerIdentity: WorkerID] = [:]
    /// Workers with a free slot, the one that waits longest first. May hold stale entries.
    var idle: Deque<WorkerID> = []
    /// Nodes that are ready. May hold stale entries.
    var ready = Heap<ReadyEntry>()
    /// Identities that returned invalid proofs, until when.
    var quarantined: OrderedDictionary<WorkerIdentity, Instant> = [:]

    /// Ascending and without gaps; the last one is the newest.
    package var rounds: [Round]
    package var leases: [LeaseID: LeaseRecord] = [:]
    var admissions: [AdmissionID: Admission] = [:]
    var submissions: [UInt64: Submission] = [:]
    var verifications: [VerificationID: Verification] = [:]

    var lastWorker: UInt64 = 0
    var lastLease: UInt64 = 0
    var lastTicket: UInt64 = 0
    package var counters = Counters()

    package struct Counters: Sendable {
        package var lostWorkers: UInt64 = 0
        package var quarantinedWorkers: UInt64 = 0
        package var accepted: UInt64 = 0
        package var rejected: UInt64 = 0
        package var late: UInt64 = 0
    }

    package init(
        policy: CoordinatorPolicy = .init(), epoch: UInt64,
        fingerprints: [CircuitFingerprint] = [], at now: Instant
    ) {
        self.policy = policy
        self.epoch = epoch
        self.fingerprints = fingerprints
        self.now = now
        startedAt = now
        rounds = [Round(id: RoundID(1))]
    }

    /// Takes one event at an instant that is never earlier than the one before.
    /// - Returns: what to do, in order.
    package mutating func step(
        _ event: CoordinatorEvent, at instant: Instant
    ) -> [CoordinatorEffect] {
        now = max(now, instant)
        effects = []
        if let connection = event.connection { heard(from: connection) }
        handle(event)
        dispatch()
        return effects
    }

    private mutating func handle(_ event: CoordinatorEvent) {
        switch event {
        case .connected(let connection, let address):
            peers[connection] = .unknown(address: address)
        case .disconnected(let connection): disconnected(connection)
        case .hello(let connection, let hello, let correlation):
            greet(connection, hello, correlation)
        case .heartbeat(let connection, let heartbeat): renew(connection, heartbeat)
        case .result(let connection, let result): take(result, from: connection)
        case .taskFailed(let connection, let failure): taskFailed(failure, from: connection)
        case .goodbye(let connection): drain(connection)
        case .submit(let connection, let correlation, let round, let endCaps):
            submit(endCaps, to: round, connection, correlation)
        case .seal(let connection, let correlation, let round):
            seal(round, connection, correlation)
        case .roundStatusQuery(let connection, let correlation, let query):
            answer(query, connection, correlation)
        case .blockProofQuery(let connection, let correlation, let round):
            answerBlockProof(of: round, connection, correlation)
        case .fleetStatusQuery(let connection, let correlation):
            send(connection, .fleetStatusReply(fleetStatus()), correlation)
        case .misdirected(let connection, let correlation, let type):
            refuse(
                connection, correlation, .notPermitted,
                "message: expected one for a coordinator, got \(type)")
        case .foreignEpoch(let connection, let correlation, let got):
            refuse(
                connection, correlation, .epoch,
                "epoch: expected \(epoch), got \(got); the coordinator was restarted")
            close(connection)
        case .admitted(let id, let result): admitted(id, result)
        case .planned(let round, let result): planned(round, result)
        case .verified(let id, let failure): verified(id, failure)
        case .finished(let round, let failure): finished(round, failure)
        case .tick: tick()
        }
    }

    // MARK: Small effects

    mutating func send(_ connection: ConnectionID, _ message: Message, _ correlation: UInt64 = 0) {
        effects.append(.send(connection, message, correlation: correlation))
    }

    mutating func refuse(
        _ connection: ConnectionID, _ correlation: UInt64, _ code: RefusalCode, _ reason: String
    ) {
        send(connection, .error(ErrorMessage(Refusal(code, reason))), correlation)
    }

    mutating func close(_ connection: ConnectionID) { effects.append(.close(connection)) }

    mutating func release(_ artifact: ArtifactReference?) {
        if let artifact { effects.append(.release(artifact.digest)) }
    }

    mutating func log(
        _ level: LogRecord.Level, _ message: String, _ metadata: [(key: String, value: String)]
    ) {
        effects.append(.log(LogRecord(level: level, message: message, metadata: metadata)))
    }

    mutating func nextTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    // MARK: Lookups

    func roundIndex(_ id: RoundID) -> Int? {
        guard let first = rounds.first?.id, id >= first, let last = rounds.last?.id, id <= last
        else { return nil }
        return Int(id.rawValue - first.rawValue)
    }

    func worker(on connection: ConnectionID) -> WorkerSession? {
        guard case .worker(let id) = peers[connection] else { return nil }
        return workers[id]
    }

    func node(_ task: TaskID) -> Node? {
        guard let index = roundIndex(task.round), rounds[index].contains(task.node) else {
            return nil
        }
        return rounds[index][task.node]
    }

    mutating func updateNode(_ task: TaskID, _ change: (inout Node) -> Void) {
        guard let index = roundIndex(task.round), rounds[index].contains(task.node) else { return }
        change(&rounds[index][task.node])
    }
}

extension CoordinatorEvent {
    /// The connection that an event was heard on.
    var connection: ConnectionID? {
        switch self {
        case .hello(let id, _, _), .heartbeat(let id, _), .result(let id, _),
            .taskFailed(let id, _), .goodbye(let id), .submit(let id, _, _, _),
            .seal(let id, _, _), .roundStatusQuery(let id, _, _), .blockProofQuery(let id, _, _),
            .fleetStatusQuery(let id, _), .misdirected(let id, _, _), .foreignEpoch(let id, _, _):
            id
        case .connected, .disconnected, .admitted, .planned, .verified, .finished, .tick: nil
        }
    }
}
