import Collections
import Transport
import Wire

/// Workers: hello, heartbeat, loss, quarantine, goodbye.
extension CoordinatorState {
    mutating func heard(from connection: ConnectionID) {
        guard case .worker(let id) = peers[connection] else { return }
        workers[id]?.lastHeardAt = now
    }

    // MARK: Hello

    mutating func greet(
        _ connection: ConnectionID, _ hello: Hello, _ correlation: UInt64
    ) {
        guard case .unknown(let address) = peers[connection] else {
            refuse(connection, correlation, .notPermitted, "expected one Hello, got another")
            return
        }
        if let refusal = refusal(of: hello) {
            log(.warning, "peer refused", [("name", hello.name), ("reason", refusal.reason)])
            send(connection, .helloReply(HelloReply(.refused(refusal))), correlation)
            close(connection)
            return
        }
        effects.append(.admitPeer(connection))
        switch hello.role {
        case .client:
            peers[connection] = .client
            welcome(connection, WorkerID(0), resumed: [], correlation)
        case .worker:
            join(connection, hello, address, correlation)
        }
    }

    private func refusal(of hello: Hello) -> Refusal? {
        let missing = fingerprints.first { !hello.fingerprints.contains($0) }
        if let missing, hello.role == .worker || !hello.fingerprints.isEmpty {
            let offered = hello.fingerprints.map { "\($0)" }.joined(separator: ", ")
            return Refusal(
                .fingerprints,
                "circuit fingerprint: expected \(missing.hexadecimal), got [\(offered)]; "
                    + "build both sides from one version")
        }
        guard hello.role == .worker else { return nil }
        if hello.slots == 0 { return Refusal(.malformed, "slots: expected at least 1, got 0") }
        if hello.identity == .zero {
            return Refusal(.malformed, "identity: expected 32 bytes that are not all zero")
        }
        if let until = quarantined[hello.identity], now < until {
            return Refusal(
                .quarantined,
                "an invalid proof came from this worker; refused for another "
                    + "\(until.since(now).wholeMilliseconds / 1000) seconds")
        }
        if workers.count >= CoordinatorLimits.workers, sessions[hello.identity] == nil {
            return Refusal(.full, "expected at most \(CoordinatorLimits.workers) workers")
        }
        return nil
    }

    private mutating func join(
        _ connection: ConnectionID, _ hello: Hello, _ address: String, _ correlation: UInt64
    ) {
        if let old = sessions[hello.identity], let session = workers[old] {
            // The old connection is dead and nobody has noticed yet.
            close(session.connection)
            lose(old)
        }
        lastWorker += 1
        let id = WorkerID(lastWorker)
        workers[id] = WorkerSession(
            id: id, connection: connection, identity: hello.identity, name: hello.name,
            address: address, instructionSet: hello.instructionSet, cores: hello.cores,
            slots: Int(hello.slots), connectedAt: now, lastHeardAt: now)
        sessions[hello.identity] = id
        peers[connection] = .worker(id)
        let held = hello.heldEpoch == epoch ? hello.heldLeases : []
        let resumed = held.filter { resume($0, id, connection, hello.identity) }
        welcome(connection, id, resumed: resumed, correlation)
        for lease in resumed {
            if case .decided(let ack) = leases[lease]?.phase { send(connection, .resultAck(ack)) }
        }
        log(
            .info, "worker joined",
            [
                ("worker", hello.name), ("address", address), ("slots", "\(hello.slots)"),
                ("cores", "\(hello.cores)"), ("resumed", "\(resumed.count)"),
            ])
        offer(id)
    }

    /// Gives a lease back to the worker that held it before its connection broke.
    /// - Returns: whether the worker should go on with it.
    private mutating func resume(
        _ lease: LeaseID, _ worker: WorkerID, _ connection: ConnectionID,
        _ identity: WorkerIdentity
    ) -> Bool {
        guard let record = leases[lease], record.identity == identity else { return false }
        switch record.phase {
        case .active: return false  // `lose` has ended every lease of the old session.
        case .submitted, .decided:
            leases[lease]?.connection = connection
            return true
        case .ended:
            guard let index = roundIndex(record.task.round), rounds[index].phase == .proving,
                let node = node(record.task), node.phase != .accepted
            else { return false }
            leases[lease]?.phase = .active
            leases[lease]?.worker = worker
            leases[lease]?.connection = connection
            leases[lease]?.deadline = min(
                now + policy.leaseDuration, record.grantedAt + policy.longestLease)
            workers[worker]?.leases.append(lease)
            updateNode(record.task) { $0.activeLeases.append(lease) }
            return true
        }
    }

    private mutating func welcome(
        _ connection: ConnectionID, _ worker: WorkerID, resumed: [LeaseID],
        _ correlation: UInt64
    ) {
        let terms = HelloReply.Terms(
            worker: worker, name: policy.name, capabilities: .resumesLeases,
            heartbeatMilliseconds: UInt32(clamping: policy.heartbeat.wholeMilliseconds),
            lostMilliseconds: UInt32(clamping: policy.lostAfter.wholeMilliseconds),
            resumedLeases: resumed)
        send(connection, .helloReply(HelloReply(.accepted(terms))), correlation)
    }

    // MARK: Heartbeat

    mutating func renew(_ connection: ConnectionID, _ heartbeat: Heartbeat) {
        guard let worker = worker(on: connection) else {
            refuse(connection, 0, .notPermitted, "a heartbeat: expected from a worker")
            return
        }
        for progress in heartbeat.leases {
            guard let record = leases[progress.lease] else {
                // Its round is over.
                send(connection, .cancel(Cancel(lease: progress.lease, cause: .superseded)))
                continue
            }
            guard record.isActive, record.worker == worker.id else { continue }
            leases[progress.lease]?.progress = progress.permille
            leases[progress.lease]?.deadline = min(
                now + policy.leaseDuration, record.grantedAt + policy.longestLease)
        }
        send(connection, .heartbeatReply(HeartbeatReply(sequence: heartbeat.sequence)))
    }

    // MARK: End

    mutating func disconnected(_ connection: ConnectionID) {
        guard let peer = peers.removeValue(forKey: connection), case .worker(let id) = peer else {
            return
        }
        lose(id)
    }

    /// Forgets a worker's session; its nodes go back, at no cost to their budget.
    mutating func lose(_ id: WorkerID) {
        guard let worker = workers[id] else { return }
        peers[worker.connection] = nil
        workers.removeValue(forKey: id)
        if sessions[worker.identity] == id { sessions[worker.identity] = nil }
        for lease in worker.leases {
            guard let task = leases[lease]?.task else { continue }
            end(lease)
            makeReady(task)
        }
        if worker.draining, worker.leases.isEmpty {
            log(.info, "worker left", [("worker", worker.name)])
        } else {
            counters.lostWorkers += 1
            log(
                .warning, "worker lost",
                [("worker", worker.name), ("leases", "\(worker.leases.count)")])
        }
    }

    /// Takes no new lease; those that run may finish.
    mutating func drain(_ connection: ConnectionID) {
        guard let worker = worker(on: connection) else { return }
        workers[worker.id]?.draining = true
    }

    /// Refuses an identity for a while and ends its session.
    mutating func quarantine(_ identity: WorkerIdentity, _ reason: String) {
        quarantined[identity] = now + policy.quarantine
        if quarantined.count > CoordinatorLimits.quarantinedIdentities {
            quarantined.removeFirst()
        }
        counters.quarantinedWorkers += 1
        guard let id = sessions[identity], let worker = workers[id] else { return }
        refuse(worker.connection, 0, .quarantined, "invalid proof: \(reason)")
        close(worker.connection)
        lose(id)
    }
}
