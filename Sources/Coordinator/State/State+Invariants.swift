import Wire

extension CoordinatorState {
    /// What holds after every step, as sentences; empty when all do. Tests and the simulation
    /// check it; its cost is linear in the state.
    package func brokenInvariants() -> [String] {
        var broken: [String] = []
        for round in rounds where round.phase == .proving { check(round, &broken) }
        for worker in workers.values {
            for lease in worker.leases where leases[lease]?.worker != worker.id {
                broken.append("worker \(worker.id) holds lease \(lease) of another")
            }
            for lease in worker.leases where leases[lease]?.isActive != true {
                broken.append("worker \(worker.id) holds lease \(lease), which is over")
            }
            if worker.hasFreeSlot, !idle.contains(worker.id) {
                broken.append("worker \(worker.id) has a free slot and is not offered")
            }
        }
        for (place, round) in rounds.enumerated()
        where round.id.rawValue != rounds[0].id.rawValue + UInt64(place) {
            broken.append("round \(round.id) is out of order")
        }
        return broken
    }

    private func check(_ round: Round, _ broken: inout [String]) {
        // In a fixed order, so that a failing seed prints the same line each time.
        let queued = Set(ready.unordered.map(\.task))
        for node in round.nodes {
            let task = TaskID(round: round.id, node: node.plan.id)
            let missing = node.plan.children.count { round.artifact(of: $0) == nil }
            if missing != node.missingChildren {
                broken.append("\(task) misses \(missing) children, counted \(node.missingChildren)")
            }
            if node.phase == .ready, !queued.contains(task) {
                broken.append("\(task) is ready and not queued")
            }
            if node.phase == .accepted, !node.activeLeases.isEmpty {
                broken.append("\(task) is accepted and still leased")
            }
            if node.missingChildren > 0, !node.grantedLeases.isEmpty {
                broken.append("\(task) was leased before its children were accepted")
            }
            for lease in node.activeLeases {
                guard let record = leases[lease], record.isActive, record.task == task,
                    workers[record.worker]?.leases.contains(lease) == true
                else {
                    broken.append("\(task) is leased by \(lease), which no worker holds")
                    continue
                }
            }
            for id in node.verifications where verifications[id]?.task != task {
                broken.append("\(task) waits for a verification that does not run")
            }
        }
        let accepted = round.nodes.count { $0.phase == .accepted }
        if accepted != round.acceptedCount {
            broken.append(
                "round \(round.id) counts \(round.acceptedCount) accepted, has \(accepted)")
        }
    }
}
