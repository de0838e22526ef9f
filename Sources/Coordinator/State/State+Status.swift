import Transport
import Wire

/// What clients may ask: rounds, block proofs, the fleet.
extension CoordinatorState {
    mutating func answer(
        _ query: RoundStatusQuery, _ connection: ConnectionID, _ correlation: UInt64
    ) {
        guard isIntroduced(connection) else {
            refuse(connection, correlation, .notPermitted, "expected Hello first")
            return
        }
        guard let index = askedRound(query.round) else {
            refuse(connection, correlation, .unknownRound, unknown(query.round))
            return
        }
        let status = status(of: index, detailed: query.detailed)
        send(connection, .roundStatusReply(status), correlation)
    }

    mutating func answerBlockProof(
        of id: RoundID, _ connection: ConnectionID, _ correlation: UInt64
    ) {
        guard isIntroduced(connection) else {
            refuse(connection, correlation, .notPermitted, "expected Hello first")
            return
        }
        guard let index = askedRound(id) else {
            refuse(connection, correlation, .unknownRound, unknown(id))
            return
        }
        let round = rounds[index]
        if round.phase == .done, let block = round.blockProof {
            effects.append(
                .sendBlockProof(connection, correlation: correlation, round.id, block.digest))
            return
        }
        let outcome: BlockProofReply.Outcome =
            round.phase == .failed ? .failed(reason: round.failure) : .pending(round.phase)
        send(
            connection, .blockProofReply(BlockProofReply(round: round.id, outcome: outcome)),
            correlation)
    }

    private func unknown(_ id: RoundID) -> String {
        "round: expected \(rounds.first?.id ?? id)…\(newestRound), got \(id)"
    }

    /// `.current` means the newest round with an end cap: the empty one that waits for the next
    /// batch says nothing.
    private func askedRound(_ id: RoundID) -> Int? {
        guard id == .current else { return roundIndex(id) }
        let busy = rounds.lastIndex { !$0.users.isEmpty || $0.pendingAdmissions > 0 }
        return busy ?? rounds.indices.last
    }

    func status(of index: Int, detailed: Bool) -> RoundStatus {
        let round = rounds[index]
        var status = RoundStatus(round: round.id, phase: round.phase)
        status.failure = round.failure
        status.userCount = UInt32(round.users.count)
        status.pendingCount = UInt32(round.pendingAdmissions)
        status.nodeCount = UInt32(round.nodes.count)
        status.acceptedCount = UInt32(round.acceptedCount)
        status.timings = timings(of: round)
        if round.phase == .done { status.blockProof = round.blockProof?.digest ?? .zero }
        if detailed {
            status.users = round.users.map(\.userID)
            status.nodes = round.nodes.map(nodeStatus)
        }
        return status
    }

    private func nodeStatus(_ node: Node) -> NodeStatus {
        var status = NodeStatus(
            node: node.plan.id, kind: node.plan.kind, level: node.plan.level,
            index: node.plan.index, children: node.plan.children, phase: node.phase,
            attempts: UInt32(node.grantedLeases.count))
        if let acceptance = node.acceptance {
            status.worker = acceptance.workerName
            status.progress = 1000
            status.queue = acceptance.queue.nanoseconds / 1000
            status.transfer = acceptance.transfer.nanoseconds / 1000
            status.prove = acceptance.prove.nanoseconds / 1000
            status.verify = acceptance.verify.nanoseconds / 1000
            status.proofBytes = UInt32(acceptance.artifact.byteCount)
        } else if let lease = node.activeLeases.last ?? node.grantedLeases.last,
            let record = leases[lease], node.phase == .leased || node.phase == .submitted
        {
            status.worker = record.workerName
            status.progress = record.progress
        }
        return status
    }

    /// The split along the critical path: from the block back to the child that was accepted
    /// last, whose acceptance made the parent ready. The parts add up to the latency.
    private func timings(of round: Round) -> RoundTimings {
        var timings = RoundTimings()
        guard let sealedAt = round.sealedAt else { return timings }
        func microseconds(_ span: Span) -> UInt64 { span.nanoseconds / 1000 }
        timings.latency = microseconds((round.doneAt ?? now).since(sealedAt))
        guard let admissionEndedAt = round.admissionEndedAt else { return timings }
        timings.admission = microseconds(admissionEndedAt.since(sealedAt))
        guard let plannedAt = round.plannedAt else { return timings }
        timings.planning = microseconds(plannedAt.since(admissionEndedAt))
        guard round.phase == .done, var node = round.nodes.last else { return timings }
        var (queue, transfer, prove, verify) = (Span.zero, Span.zero, Span.zero, Span.zero)
        while let acceptance = node.acceptance {
            queue = queue + acceptance.queue
            transfer = transfer + acceptance.transfer
            prove = prove + acceptance.prove
            verify = verify + acceptance.verify
            let children = node.plan.children.compactMap { child -> Node? in
                if case .node(let id) = child { round[id] } else { nil }
            }
            guard
                let last = children.max(by: {
                    ($0.acceptance?.at ?? plannedAt) < ($1.acceptance?.at ?? plannedAt)
                })
            else { break }
            node = last
        }
        timings.queue = microseconds(queue)
        timings.transfer = microseconds(transfer)
        timings.prove = microseconds(prove)
        timings.verify = microseconds(verify)
        if let doneAt = round.doneAt, let acceptedAt = round.nodes.last?.acceptance?.at {
            timings.commit = microseconds(doneAt.since(acceptedAt))
        }
        return timings
    }

    func fleetStatus() -> FleetStatus {
        var fleet = FleetStatus(epoch: epoch)
        fleet.uptimeMilliseconds = now.since(startedAt).wholeMilliseconds
        for round in rounds where round.phase == .proving {
            fleet.readyNodes += UInt32(round.nodes.count { $0.phase == .ready })
        }
        fleet.lostWorkers = counters.lostWorkers
        fleet.quarantinedWorkers = counters.quarantinedWorkers
        fleet.acceptedResults = counters.accepted
        fleet.rejectedResults = counters.rejected
        fleet.lateResults = counters.late
        for worker in workers.values {
            fleet.runningLeases += UInt32(worker.leases.count)
            fleet.workers.append(
                WorkerStatus(
                    worker: worker.id, name: worker.name, address: worker.address,
                    instructionSet: worker.instructionSet, cores: worker.cores,
                    slots: UInt16(worker.slots), leases: UInt16(clamping: worker.leases.count),
                    draining: worker.draining,
                    connectedMilliseconds: now.since(worker.connectedAt).wholeMilliseconds,
                    silentMilliseconds: UInt32(
                        clamping: now.since(worker.lastHeardAt).wholeMilliseconds),
                    accepted: worker.accepted, failed: worker.failed,
                    proveMicroseconds: worker.prove.nanoseconds / 1000))
        }
        return fleet
    }
}
