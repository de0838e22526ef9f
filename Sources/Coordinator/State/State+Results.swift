import Transport
import Wire

/// Results: matched with their lease, verified, and only then the node's proof.
extension CoordinatorState {
    mutating func take(_ result: ReceivedResult, from connection: ConnectionID) {
        guard let worker = worker(on: connection) else {
            release(result.artifact)
            refuse(connection, 0, .notPermitted, "a result: expected from a worker")
            return
        }
        guard let record = leases[result.lease] else {
            takeUnknown(result, from: connection)
            return
        }
        guard record.task == result.task, record.attempt == result.attempt,
            record.identity == worker.identity
        else {
            release(result.artifact)
            counters.rejected += 1
            let reason =
                "lease \(result.lease): expected the result of task \(record.task), "
                + "attempt \(record.attempt), from its own worker; got task \(result.task), "
                + "attempt \(result.attempt)"
            log(
                .warning, "result without its lease",
                [("worker", worker.name), ("reason", reason)])
            send(
                connection,
                .resultAck(ResultAck(lease: result.lease, verdict: .rejected, reason: reason)))
            return
        }
        leases[result.lease]?.connection = connection
        switch record.phase {
        case .decided(let ack):
            release(result.artifact)
            send(connection, .resultAck(ack))
        case .submitted:
            // Sent again after a reconnect: the verdict on the first copy will answer both.
            release(result.artifact)
        case .active, .ended:
            submitResult(result, record)
        }
    }

    /// The lease's round is over, or the lease was never granted.
    private mutating func takeUnknown(_ result: ReceivedResult, from connection: ConnectionID) {
        release(result.artifact)
        let ack: ResultAck
        if result.lease.rawValue > 0, result.lease.rawValue <= lastLease {
            counters.late += 1
            ack = ResultAck(lease: result.lease, verdict: .late)
        } else {
            counters.rejected += 1
            ack = ResultAck(
                lease: result.lease, verdict: .rejected,
                reason: "lease \(result.lease) was never granted")
        }
        send(connection, .resultAck(ack))
    }

    private mutating func submitResult(_ result: ReceivedResult, _ record: LeaseRecord) {
        let lease = result.lease
        guard let artifact = result.artifact else {
            end(lease)
            reject(lease, "result: its bytes do not have its digest")
            return
        }
        guard let index = roundIndex(record.task.round), rounds[index].phase == .proving,
            let node = node(record.task), node.phase != .accepted
        else {
            end(lease)
            release(artifact)
            decideLate(lease)
            return
        }
        let id = VerificationID(rawValue: nextTicket())
        let phase = LeaseRecord.Phase.submitted(id, receivedAt: now, prove: result.prove)
        end(lease, phase)
        leases[lease]?.phase = phase
        verifications[id] = Verification(lease: lease, task: record.task, artifact: artifact)
        updateNode(record.task) { $0.verifications.append(id) }
        let children = node.plan.children.compactMap { rounds[index].artifact(of: $0)?.digest }
        effects.append(
            .verify(
                id, record.task.round, node.plan, artifact: artifact.digest, children: children))
    }

    mutating func verified(_ id: VerificationID, _ failure: LogicFailure?) {
        guard let verification = verifications.removeValue(forKey: id) else { return }
        let task = verification.task
        updateNode(task) { $0.verifications.removeAll { $0 == id } }
        guard let index = roundIndex(task.round), rounds[index].phase == .proving,
            let node = node(task), node.phase != .accepted
        else {
            release(verification.artifact)
            decideLate(verification.lease)
            return
        }
        if let failure {
            release(verification.artifact)
            reject(verification.lease, failure.reason)
        } else {
            accept(verification, node, index)
        }
    }

    private mutating func accept(_ verification: Verification, _ node: Node, _ index: Int) {
        let (lease, task) = (verification.lease, verification.task)
        guard let record = leases[lease],
            case .submitted(_, let receivedAt, let reported) = record.phase
        else { return }
        let held = receivedAt.since(record.grantedAt)
        // The worker's clock is its own: it cannot have proved for longer than it held the lease.
        let prove = min(reported, held)
        rounds[index][task.node].acceptance = Acceptance(
            artifact: verification.artifact, workerName: record.workerName, at: now,
            queue: record.grantedAt.since(node.firstReadyAt ?? record.grantedAt),
            transfer: held - prove, prove: prove, verify: now.since(receivedAt))
        rounds[index].acceptedCount += 1
        counters.accepted += 1
        if let id = sessions[record.identity], var worker = workers[id] {
            worker.accepted += 1
            worker.prove = worker.prove + prove
            workers[id] = worker
        }
        decide(lease, ResultAck(lease: lease, verdict: .accepted))
        for other in node.activeLeases { cancel(other, .superseded) }
        log(
            .debug, "accepted",
            [
                ("task", "\(task)"), ("worker", record.workerName),
                ("prove_seconds", "\(prove.seconds)"),
                ("bytes", "\(verification.artifact.byteCount)"),
            ])
        if let parent = node.parent {
            rounds[index][parent].missingChildren -= 1
            makeReady(TaskID(round: task.round, node: parent))
        } else {
            complete(index)
        }
    }

    /// An invalid result: evidence against the worker, and no failure of the node.
    private mutating func reject(_ lease: LeaseID, _ reason: String) {
        guard let record = leases[lease] else { return }
        counters.rejected += 1
        log(
            .warning, "result rejected",
            [
                ("task", "\(record.task)"), ("worker", record.workerName), ("reason", reason),
            ])
        updateNode(record.task) {
            if !$0.avoid.contains(record.identity) { $0.avoid.append(record.identity) }
        }
        decide(lease, ResultAck(lease: lease, verdict: .rejected, reason: reason))
        quarantine(record.identity, reason)
        makeReady(record.task)
    }

    private mutating func decideLate(_ lease: LeaseID) {
        counters.late += 1
        decide(lease, ResultAck(lease: lease, verdict: .late))
    }

    /// Tells the worker the verdict where it is connected now.
    private mutating func decide(_ lease: LeaseID, _ ack: ResultAck) {
        guard let record = leases[lease] else { return }
        leases[lease]?.phase = .decided(ack)
        send(record.connection, .resultAck(ack))
    }

    mutating func taskFailed(_ failure: TaskFailed, from connection: ConnectionID) {
        guard let worker = worker(on: connection), let record = leases[failure.lease],
            record.isActive, record.worker == worker.id, record.task == failure.task,
            record.attempt == failure.attempt
        else { return }  // The lease is over already; there is nothing to take back.
        end(failure.lease)
        workers[worker.id]?.failed += 1
        log(
            .warning, "task failed",
            [
                ("task", "\(record.task)"), ("worker", worker.name),
                ("cause", "\(failure.cause)"), ("reason", failure.reason),
            ])
        switch failure.cause {
        case .prover, .badInput: countFailure(of: record, failure.reason)
        case .noSlot:
            updateNode(record.task) {
                if !$0.avoid.contains(record.identity) { $0.avoid.append(record.identity) }
            }
        case .stopping: drain(connection)
        case .cancelled: break
        }
        makeReady(record.task)
    }
}
