import Transport
import Wire

/// Rounds: `open → sealed → proving → done | failed`, and the admission of end caps.
extension CoordinatorState {
    // MARK: Submission

    mutating func submit(
        _ endCaps: [ArtifactReference?], to id: RoundID, _ connection: ConnectionID,
        _ correlation: UInt64
    ) {
        guard isIntroduced(connection) else {
            for endCap in endCaps { release(endCap) }
            refuse(connection, correlation, .notPermitted, "expected Hello first")
            return
        }
        guard let index = openRound(id) else {
            for endCap in endCaps { release(endCap) }
            refuse(connection, correlation, .roundNotOpen, notOpen(id))
            return
        }
        let round = rounds[index].id
        let submission = nextTicket()
        submissions[submission] = Submission(
            connection: connection, correlation: correlation, round: round,
            verdicts: Array(repeating: nil, count: endCaps.count), missing: endCaps.count)
        for (place, endCap) in endCaps.enumerated() {
            guard let endCap else {
                let refusal = Refusal(.malformed, "end cap: its bytes do not have its digest")
                decide(submission, place, .refused(refusal))
                continue
            }
            guard admissions.count < CoordinatorLimits.pendingAdmissions else {
                release(endCap)
                let limit = CoordinatorLimits.pendingAdmissions
                decide(
                    submission, place,
                    .refused(Refusal(.full, "\(limit) end caps are waiting; submit it again")))
                continue
            }
            let admission = AdmissionID(rawValue: nextTicket())
            admissions[admission] = Admission(
                submission: submission, place: place, round: round, artifact: endCap)
            rounds[index].pendingAdmissions += 1
            effects.append(.checkEndCap(admission, round, endCap.digest))
        }
        completeSubmission(submission)
    }

    mutating func admitted(_ id: AdmissionID, _ result: Result<AdmittedEndCap, LogicFailure>) {
        guard let admission = admissions.removeValue(forKey: id),
            let index = roundIndex(admission.round)
        else { return }
        rounds[index].pendingAdmissions -= 1
        let verdict = verdict(on: admission, result, index)
        if case .accepted(let user) = verdict {
            rounds[index].userIDs.insert(user)
            rounds[index].users.append(
                AdmittedUser(userID: user, artifact: admission.artifact))
        } else {
            release(admission.artifact)
        }
        decide(admission.submission, admission.place, verdict)
        completeSubmission(admission.submission)
        if let limit = policy.sealAtUsers, rounds[index].phase == .open,
            rounds[index].users.count >= limit
        {
            beginSeal(index)
        } else if rounds[index].phase == .sealed {
            planIfAdmitted(index)
        }
    }

    private func verdict(
        on admission: Admission, _ result: Result<AdmittedEndCap, LogicFailure>, _ index: Int
    ) -> SubmitReply.Verdict {
        switch result {
        case .failure(let failure): .refused(Refusal(.invalidProof, failure.reason))
        case .success(let endCap):
            if rounds[index].userIDs.contains(endCap.userID) {
                .refused(
                    Refusal(
                        .duplicateUser,
                        "user \(endCap.userID) has an end cap in round \(admission.round)"))
            } else if rounds[index].users.count >= WireLimits.usersPerRound {
                .refused(
                    Refusal(
                        .full,
                        "round \(admission.round) has its \(WireLimits.usersPerRound) users"))
            } else {
                .accepted(user: endCap.userID)
            }
        }
    }

    private mutating func decide(_ id: UInt64, _ place: Int, _ verdict: SubmitReply.Verdict) {
        submissions[id]?.verdicts[place] = verdict
        submissions[id]?.missing -= 1
    }

    private mutating func completeSubmission(_ id: UInt64) {
        guard let submission = submissions[id], submission.missing == 0 else { return }
        submissions[id] = nil
        let verdicts = submission.verdicts.compactMap { $0 }
        send(
            submission.connection,
            .submitReply(SubmitReply(round: submission.round, verdicts: verdicts)),
            submission.correlation)
    }

    // MARK: Seal and plan

    mutating func seal(_ id: RoundID, _ connection: ConnectionID, _ correlation: UInt64) {
        guard isIntroduced(connection) else {
            refuse(connection, correlation, .notPermitted, "expected Hello first")
            return
        }
        guard let index = openRound(id) else {
            // Sealing twice is no fault: the answer says where the round is.
            if id != .current, let index = roundIndex(id) {
                send(connection, .roundStatusReply(status(of: index, detailed: false)), correlation)
            } else {
                refuse(connection, correlation, .roundNotOpen, notOpen(id))
            }
            return
        }
        guard !rounds[index].users.isEmpty || rounds[index].pendingAdmissions > 0 else {
            refuse(
                connection, correlation, .emptyRound,
                "round \(rounds[index].id): expected at least one end cap, got none")
            return
        }
        beginSeal(index)
        send(connection, .roundStatusReply(status(of: index, detailed: false)), correlation)
    }

    private mutating func beginSeal(_ index: Int) {
        rounds[index].phase = .sealed
        rounds[index].sealedAt = now
        log(.info, "round sealed", [("round", "\(rounds[index].id)")])
        planIfAdmitted(index)
    }

    private mutating func planIfAdmitted(_ index: Int) {
        guard rounds[index].pendingAdmissions == 0 else { return }
        rounds[index].admissionEndedAt = now
        rounds[index].users.sort { $0.userID < $1.userID }
        guard !rounds[index].users.isEmpty else {
            fail(index, "no end cap was admitted")
            return
        }
        let endCaps = rounds[index].users.map {
            UserEndCap(userID: $0.userID, digest: $0.artifact.digest)
        }
        effects.append(.plan(rounds[index].id, endCaps))
    }

    mutating func planned(_ id: RoundID, _ result: Result<RoundPlan, LogicFailure>) {
        guard let index = roundIndex(id), rounds[index].phase == .sealed else { return }
        switch result {
        case .failure(let failure): fail(index, "plan: \(failure.reason)")
        case .success(let plan):
            do throws(PlanError) {
                try plan.validate(endCaps: rounds[index].users.count)
            } catch {
                fail(index, "\(error)")
                return
            }
            rounds[index].adopt(plan)
            rounds[index].phase = .proving
            rounds[index].plannedAt = now
            log(
                .info, "round planned",
                [
                    ("round", "\(id)"), ("users", "\(rounds[index].users.count)"),
                    ("nodes", "\(plan.nodes.count)"),
                    ("depth", "\(rounds[index].nodes.map(\.remainingPath).max() ?? 0)"),
                ])
            for node in rounds[index].nodes where node.phase == .ready {
                makeReady(TaskID(round: id, node: node.plan.id))
            }
        }
    }

    // MARK: End

    /// The block proof is accepted; it becomes final before anybody is told.
    mutating func complete(_ index: Int) {
        guard let block = rounds[index].blockProof else { return }
        effects.append(.finish(rounds[index].id, block.digest))
    }

    mutating func finished(_ id: RoundID, _ failure: LogicFailure?) {
        guard let index = roundIndex(id), rounds[index].phase == .proving,
            rounds[index].blockProof != nil
        else { return }
        if let failure {
            fail(index, "commit: \(failure.reason)")
            return
        }
        rounds[index].phase = .done
        rounds[index].doneAt = now
        let latency = now.since(rounds[index].sealedAt ?? now)
        log(.info, "round done", [("round", "\(id)"), ("seconds", "\(latency.seconds)")])
        releaseArtifacts(index, keepBlockProof: true)
        openNextRound()
    }

    mutating func fail(_ index: Int, _ reason: String) {
        let id = rounds[index].id
        rounds[index].phase = .failed
        rounds[index].doneAt = now
        rounds[index].failure = reason.fitting(utf8Bytes: WireLimits.reasonBytes)
        log(.warning, "round failed", [("round", "\(id)"), ("reason", reason)])
        for node in rounds[index].nodes {
            for lease in node.activeLeases { cancel(lease, .roundFailed) }
        }
        releaseArtifacts(index, keepBlockProof: false)
        openNextRound()
    }

    /// Gives back what only the running round needed, and forgets its decided leases.
    private mutating func releaseArtifacts(_ index: Int, keepBlockProof: Bool) {
        for user in rounds[index].users { release(user.artifact) }
        let last = rounds[index].nodes.count - 1
        for (place, node) in rounds[index].nodes.enumerated() {
            for lease in node.grantedLeases { leases[lease] = nil }
            if place != last || !keepBlockProof { release(node.acceptance?.artifact) }
        }
    }

    private mutating func openNextRound() {
        guard let last = rounds.last, last.phase == .done || last.phase == .failed else { return }
        rounds.append(Round(id: RoundID(last.id.rawValue + 1)))
        while rounds.count > CoordinatorLimits.retainedRounds {
            let oldest = rounds.removeFirst()
            if oldest.phase == .done { release(oldest.blockProof) }
        }
    }

    // MARK: Which round

    func isIntroduced(_ connection: ConnectionID) -> Bool {
        switch peers[connection] {
        case .client, .worker: true
        case .unknown, nil: false
        }
    }

    private func openRound(_ id: RoundID) -> Int? {
        let index = id == .current ? rounds.indices.last : roundIndex(id)
        guard let index, rounds[index].phase == .open else { return nil }
        return index
    }

    private func notOpen(_ id: RoundID) -> String {
        let wanted = id == .current ? rounds.indices.last : roundIndex(id)
        guard let wanted else { return "round \(id) is not here; rounds go to \(newestRound)" }
        return "round \(rounds[wanted].id): expected open, got \(rounds[wanted].phase)"
    }

    var newestRound: RoundID { rounds.last?.id ?? RoundID(0) }
}
