import Collections
import Transport
import Wire

/// Ready nodes to idle workers: no level barrier, the longest remaining path first.
extension CoordinatorState {
    /// Puts a node whose phase is `ready` in the queue.
    mutating func makeReady(_ task: TaskID) {
        guard let node = node(task), node.phase == .ready else { return }
        let instant = now
        updateNode(task) {
            $0.firstReadyAt = $0.firstReadyAt ?? instant
            $0.readyAt = instant
        }
        ready.insert(ReadyEntry(task: task, remainingPath: node.remainingPath))
    }

    /// Puts a worker with a free slot at the end of the idle queue, once.
    mutating func offer(_ id: WorkerID) {
        guard let worker = workers[id], worker.hasFreeSlot, !worker.isQueued else { return }
        workers[id]?.isQueued = true
        idle.append(id)
    }

    /// Grants leases until ready nodes or idle workers run out.
    mutating func dispatch() {
        var aside: [ReadyEntry] = []
        while !idle.isEmpty, aside.count < CoordinatorLimits.setAsidePerDispatch,
            let entry = ready.popMax()
        {
            guard let index = roundIndex(entry.task.round), rounds[index].phase == .proving,
                let node = node(entry.task), node.phase == .ready
            else { continue }
            if let worker = takeWorker(for: node) {
                grant(entry.task, to: worker)
            } else {
                aside.append(entry)
            }
        }
        for entry in aside { ready.insert(entry) }
    }

    /// The worker that has been idle longest, one that has not failed this node if there is any
    /// in the fleet and the node has not waited for it too long.
    private mutating func takeWorker(for node: Node) -> WorkerID? {
        while let first = idle.first, workers[first]?.hasFreeSlot != true { dequeue(at: 0, first) }
        guard let first = idle.first else { return nil }
        if node.avoid.isEmpty {
            dequeue(at: 0, first)
            return first
        }
        for (place, id) in idle.enumerated() {
            guard let worker = workers[id], worker.hasFreeSlot else { continue }
            if !node.avoid.contains(worker.identity) {
                dequeue(at: place, id)
                return id
            }
        }
        let elsewhere = workers.values.contains {
            !$0.draining && !node.avoid.contains($0.identity)
        }
        let waited = now.since(node.readyAt ?? now)
        guard !elsewhere || waited >= policy.preferenceWait else { return nil }
        dequeue(at: 0, first)
        return first
    }

    private mutating func dequeue(at place: Int, _ id: WorkerID) {
        idle.remove(at: place)
        workers[id]?.isQueued = false
    }

    private mutating func grant(_ task: TaskID, to id: WorkerID) {
        guard let worker = workers[id], let index = roundIndex(task.round) else { return }
        lastLease += 1
        let lease = LeaseID(lastLease)
        let node = rounds[index][task.node]
        let attempt = UInt32(node.grantedLeases.count + 1)
        leases[lease] = LeaseRecord(
            task: task, attempt: attempt, identity: worker.identity, workerName: worker.name,
            grantedAt: now, worker: id, connection: worker.connection,
            deadline: now + policy.leaseDuration)
        workers[id]?.leases.append(lease)
        updateNode(task) {
            $0.activeLeases.append(lease)
            $0.grantedLeases.append(lease)
        }
        // A ready node's children are all accepted.
        let children = node.plan.children.compactMap { rounds[index].artifact(of: $0)?.digest }
        effects.append(
            .sendLease(
                worker.connection,
                LeaseOrder(
                    lease: lease, task: task, attempt: attempt, duration: policy.leaseDuration,
                    node: node.plan, children: children)))
        log(
            .debug, "leased",
            [
                ("task", "\(task)"), ("lease", "\(lease)"), ("attempt", "\(attempt)"),
                ("worker", worker.name),
            ])
        offer(id)
    }

    /// Ends an active lease: the worker's slot is free, the node has one attempt less running.
    mutating func end(_ lease: LeaseID, _ phase: LeaseRecord.Phase = .ended) {
        guard let record = leases[lease], record.isActive else { return }
        leases[lease]?.phase = phase
        workers[record.worker]?.leases.removeAll { $0 == lease }
        updateNode(record.task) { $0.activeLeases.removeAll { $0 == lease } }
        offer(record.worker)
    }

    /// Ends an active lease and tells its worker that the proof is not needed.
    mutating func cancel(_ lease: LeaseID, _ cause: Cancel.Cause) {
        guard let record = leases[lease], record.isActive else { return }
        end(lease)
        send(record.connection, .cancel(Cancel(lease: lease, cause: cause)))
    }

    /// One failure of a node, with the worker that it happened on; ends the round when the
    /// node's budget is spent.
    mutating func countFailure(of record: LeaseRecord, _ reason: String) {
        updateNode(record.task) {
            $0.failures += 1
            if !$0.avoid.contains(record.identity) { $0.avoid.append(record.identity) }
        }
        guard let index = roundIndex(record.task.round), rounds[index].phase == .proving,
            let node = node(record.task), node.phase != .accepted
        else { return }
        if node.failures > policy.failureBudget {
            fail(
                index,
                "node \(record.task.node) failed \(node.failures) times, the last time on "
                    + "\(record.workerName): \(reason)")
        }
    }

    // MARK: Time

    mutating func tick() {
        for worker in Array(workers.values) {
            guard now.since(worker.lastHeardAt) < policy.lostAfter else {
                log(
                    .warning, "worker silent",
                    [
                        ("worker", worker.name),
                        ("seconds", "\(now.since(worker.lastHeardAt).seconds)"),
                    ])
                close(worker.connection)
                lose(worker.id)
                continue
            }
            for lease in worker.leases where now >= (leases[lease]?.deadline ?? now) {
                expire(lease)
            }
        }
    }

    private mutating func expire(_ lease: LeaseID) {
        guard let record = leases[lease] else { return }
        log(
            .warning, "lease expired",
            [("lease", "\(lease)"), ("task", "\(record.task)"), ("worker", record.workerName)])
        cancel(lease, .expired)
        countFailure(of: record, "its lease ran out")
        makeReady(record.task)
    }
}
