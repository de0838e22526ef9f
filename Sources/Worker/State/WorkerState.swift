import Transport
import Wire

/// What a worker says of itself, and its times.
package struct WorkerPolicy: Sendable {
    package var name = "worker"
    package var identity: WorkerIdentity
    package var software = ""
    package var cores: UInt16 = 1
    /// Proofs at once.
    package var slots: UInt16 = 1
    package var instructionSet = ""
    package var fingerprints: [CircuitFingerprint] = []
    /// After `stop`, running proofs get this long.
    package var drain = Span.seconds(10)

    package init(identity: WorkerIdentity) { self.identity = identity }
}

/// A worker as a pure state machine: one connection at a time, and the leases that outlive it.
///
/// A lease is held from its frame until its result is acknowledged, across broken connections
/// of one coordinator incarnation: `Hello` names the held leases, and the answer says which of
/// them are still wanted.
package struct WorkerState: Sendable {
    enum Link: Equatable, Sendable {
        case waiting(until: Instant)
        case connecting(ConnectionID)
        case greeting(ConnectionID, since: Instant)
        case serving(ConnectionID)
        case ended
    }

    /// A lease that this worker holds.
    package struct Item: Sendable {
        enum Phase: Sendable {
            case running
            /// Cancelled; the prover has not noticed yet, and its slot is not free.
            case cancelling
            case proved(Artifact, prove: Span)
            case failed(TaskFailed.Cause, reason: String)
        }
        package let key: LeaseKey
        let task: TaskID
        let attempt: UInt32
        var phase: Phase

        var isRunning: Bool { if case .running = phase { true } else { false } }
    }

    package let policy: WorkerPolicy
    private(set) var link: Link
    /// In the order in which the leases came; at most `WireLimits.leasesPerWorker`.
    package private(set) var items: [Item] = []
    private(set) var epoch: UInt64 = 0
    private var backoff = Backoff()
    private var randomState: UInt64
    private var lastConnection: UInt64 = 0
    private var sequence: UInt64 = 0
    private var heartbeat = Span.milliseconds(250)
    private var silence = Span.seconds(3)
    private var lastHeardAt: Instant
    private var nextHeartbeatAt: Instant
    private var stopBy: Instant?
    private var now: Instant
    private var effects: [WorkerEffect] = []

    /// - Parameter seed: of the reconnect jitter, so that a run repeats.
    package init(policy: WorkerPolicy, seed: UInt64, at now: Instant) {
        self.policy = policy
        self.now = now
        randomState = seed
        link = .waiting(until: now)
        lastHeardAt = now
        nextHeartbeatAt = now
    }

    /// Takes one event at an instant that is never earlier than the one before.
    package mutating func step(_ event: WorkerEvent, at instant: Instant) -> [WorkerEffect] {
        now = max(now, instant)
        effects = []
        guard link != .ended else { return [] }
        handle(event)
        if link != .ended { passTime() }
        return effects
    }

    private mutating func handle(_ event: WorkerEvent) {
        switch event {
        case .connected(let id): connected(id)
        case .connectFailed(let id, let reason):
            if link == .connecting(id) { reconnect("cannot connect: \(reason)") }
        case .disconnected(let id, let reason):
            if connection == id { reconnect("connection lost: \(reason)") }
        case .helloReply(let id, let reply, let epoch):
            if case .greeting(id, _) = link { greeted(id, reply, epoch) }
        case .lease(let id, let lease): if isServing(id) { take(lease, id) }
        case .cancel(let id, let cancel): if isServing(id) { drop(key(cancel.lease)) }
        case .acknowledged(let id, let ack): if isServing(id) { acknowledged(ack) }
        case .heartbeatReply(let id): _ = isServing(id)
        case .refused(let id, let refusal): if connection == id { refused(refusal) }
        case .goodbye(let id):
            if connection == id {
                effects.append(.close(id))
                reconnect("the coordinator stops")
            }
        case .proved(let key, let artifact, let prove):
            finish(key, .proved(artifact, prove: prove))
        case .failed(let key, let cause, let reason):
            finish(key, .failed(cause, reason: reason))
        case .tick: break
        case .stop: beginStop()
        }
    }

    private var connection: ConnectionID? {
        switch link {
        case .connecting(let id), .greeting(let id, _), .serving(let id): id
        case .waiting, .ended: nil
        }
    }

    private func key(_ lease: LeaseID) -> LeaseKey { LeaseKey(epoch: epoch, lease: lease) }

    /// Whether a frame came on the connection in use; if so, the coordinator lives.
    private mutating func isServing(_ id: ConnectionID) -> Bool {
        guard link == .serving(id) else { return false }
        lastHeardAt = now
        return true
    }

    private mutating func log(_ level: WorkerLogRecord.Level, _ message: String) {
        effects.append(.log(WorkerLogRecord(level: level, message: message)))
    }

    private mutating func send(_ message: Message) {
        guard case .serving(let id) = link else { return }
        effects.append(.send(id, message, epoch: epoch))
    }

    // MARK: Connection

    private mutating func connected(_ id: ConnectionID) {
        guard link == .connecting(id) else {
            effects.append(.close(id))
            return
        }
        link = .greeting(id, since: now)
        let held = items.filter { if case .cancelling = $0.phase { false } else { true } }
        effects.append(
            .send(
                id,
                .hello(
                    Hello(
                        role: .worker, capabilities: .resumesLeases, identity: policy.identity,
                        name: policy.name, software: policy.software, cores: policy.cores,
                        slots: policy.slots, instructionSet: policy.instructionSet,
                        fingerprints: policy.fingerprints, heldEpoch: epoch,
                        heldLeases: held.map(\.key.lease))),
                epoch: 0))
    }

    private mutating func greeted(_ id: ConnectionID, _ reply: HelloReply, _ newEpoch: UInt64) {
        switch reply.verdict {
        case .refused(let refusal): refused(refusal)
        case .accepted(let terms):
            backoff.reset()
            link = .serving(id)
            lastHeardAt = now
            nextHeartbeatAt = now
            heartbeat = .milliseconds(UInt64(max(1, terms.heartbeatMilliseconds)))
            silence = .milliseconds(UInt64(max(1, terms.lostMilliseconds))) * WorkerLimits.silence
            let wanted = newEpoch == epoch ? terms.resumedLeases : []
            for item in items where !wanted.contains(item.key.lease) { drop(item.key) }
            epoch = newEpoch
            log(.info, "serving \(terms.name), \(items.count) leases held")
            for item in items { deliver(item) }
            if stopBy != nil { send(.goodbye(Goodbye(reason: "the worker stops"))) }
        }
    }

    private mutating func refused(_ refusal: Refusal) {
        switch refusal.code {
        case .version, .fingerprints:
            log(.warning, "refused: \(refusal.reason)")
            exit(.refused(refusal))
        case .quarantined, .full:
            if let connection { effects.append(.close(connection)) }
            log(.warning, "refused: \(refusal.reason)")
            link = .waiting(until: now + WorkerLimits.refusedWait)
        default:
            if let connection { effects.append(.close(connection)) }
            reconnect("refused: \(refusal.reason)")
        }
    }

    private mutating func reconnect(_ reason: String) {
        let wait = backoff.next(random: random())
        log(.warning, "\(reason); next attempt in \(wait.seconds) seconds")
        link = .waiting(until: now + wait)
    }

    /// SplitMix64.
    private mutating func random() -> UInt64 {
        randomState &+= 0x9E37_79B9_7F4A_7C15
        var z = randomState
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    // MARK: Leases

    private mutating func take(_ lease: Lease, _ id: ConnectionID) {
        let key = key(lease.lease)
        guard !items.contains(where: { $0.key == key }) else { return }
        let running = items.count(where: \.isRunning)
        guard running < Int(policy.slots), items.count < WireLimits.leasesPerWorker, stopBy == nil
        else {
            let stopping = stopBy != nil
            send(
                .taskFailed(
                    TaskFailed(
                        lease: lease.lease, task: lease.task, attempt: lease.attempt,
                        cause: stopping ? .stopping : .noSlot,
                        reason: stopping
                            ? "the worker stops"
                            : "slots: expected one free of \(policy.slots), got none")))
            return
        }
        items.append(
            Item(key: key, task: lease.task, attempt: lease.attempt, phase: .running))
        effects.append(.start(key, lease))
    }

    /// The lease is not wanted any more.
    private mutating func drop(_ key: LeaseKey) {
        guard let place = items.firstIndex(where: { $0.key == key }) else { return }
        if items[place].isRunning {
            items[place].phase = .cancelling
            effects.append(.cancel(key))
        } else if case .cancelling = items[place].phase {
            return
        } else {
            items.remove(at: place)
        }
    }

    private mutating func finish(_ key: LeaseKey, _ phase: Item.Phase) {
        guard let place = items.firstIndex(where: { $0.key == key }) else { return }
        if case .cancelling = items[place].phase {
            items.remove(at: place)
            return
        }
        items[place].phase = phase
        deliver(items[place])
    }

    /// Sends what a held lease has come to. A result stays until it is acknowledged; a failure
    /// needs no answer.
    private mutating func deliver(_ item: Item) {
        guard case .serving = link else { return }
        switch item.phase {
        case .running, .cancelling: break
        case .proved(let artifact, let prove):
            send(
                .result(
                    TaskResult(
                        lease: item.key.lease, task: item.task, attempt: item.attempt,
                        proveMicroseconds: prove.nanoseconds / 1000, artifact: artifact)))
        case .failed(let cause, let reason):
            log(.warning, "task \(item.task) failed: \(reason)")
            send(
                .taskFailed(
                    TaskFailed(
                        lease: item.key.lease, task: item.task, attempt: item.attempt,
                        cause: cause, reason: reason)))
            items.removeAll { $0.key == item.key }
        }
    }

    private mutating func acknowledged(_ ack: ResultAck) {
        let key = key(ack.lease)
        guard let place = items.firstIndex(where: { $0.key == key }) else { return }
        if ack.verdict == .rejected {
            log(.warning, "result of task \(items[place].task) rejected: \(ack.reason)")
        }
        if items[place].isRunning {
            // Only results are acknowledged; this one we have not made. Let it run.
            return
        }
        drop(key)
    }

    // MARK: Time and end

    private mutating func passTime() {
        switch link {
        case .waiting(let until) where now >= until && stopBy == nil:
            lastConnection += 1
            link = .connecting(ConnectionID(lastConnection))
            effects.append(.connect(ConnectionID(lastConnection)))
        case .greeting(let id, let since) where now.since(since) >= WorkerLimits.greeting:
            effects.append(.close(id))
            reconnect("no answer to Hello")
        case .serving(let id) where now.since(lastHeardAt) >= silence:
            effects.append(.close(id))
            reconnect("the coordinator is silent")
        case .serving(let id) where now >= nextHeartbeatAt:
            sequence += 1
            nextHeartbeatAt = now + heartbeat
            let held = items.filter { if case .cancelling = $0.phase { false } else { true } }
            effects.append(
                .heartbeat(id, epoch: epoch, sequence: sequence, held.map(\.key)))
        default: break
        }
        if let stopBy { finishStop(by: stopBy) }
    }

    private mutating func beginStop() {
        guard stopBy == nil else { return }
        stopBy = now + policy.drain
        log(.info, "stopping, \(items.count) leases held")
        send(.goodbye(Goodbye(reason: "the worker stops")))
    }

    private mutating func finishStop(by deadline: Instant) {
        let isServing = if case .serving = link { true } else { false }
        let waits = items.contains { if case .cancelling = $0.phase { false } else { true } }
        guard now >= deadline || !waits || !isServing else { return }
        for item in items where item.isRunning {
            effects.append(.cancel(item.key))
            send(
                .taskFailed(
                    TaskFailed(
                        lease: item.key.lease, task: item.task, attempt: item.attempt,
                        cause: .stopping, reason: "the worker stops")))
        }
        exit(.stopped)
    }

    private mutating func exit(_ reason: WorkerExit) {
        for item in items where item.isRunning { effects.append(.cancel(item.key)) }
        if let connection { effects.append(.close(connection)) }
        link = .ended
        effects.append(.exit(reason))
    }
}
