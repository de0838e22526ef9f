import Wire

/// One or more values of every message, with every field away from its default.
enum Samples {
    static func digest<Tag>(_ seed: UInt8) -> Bytes32<Tag> {
        Bytes32(exactly: (0..<32).map { seed &+ UInt8($0) })!
    }

    static func artifact(_ seed: UInt8, count: Int = 48) -> Artifact {
        Artifact(
            digest: digest(seed), bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) })
    }

    static let task = TaskID(round: RoundID(3), node: NodeID(7))

    static let all: [(name: String, message: Message)] = [
        (
            "hello",
            .hello(
                Hello(
                    role: .worker, capabilities: .resumesLeases, identity: digest(1),
                    name: "prover-ä-1", software: "parth 0.1", cores: 64, slots: 2,
                    instructionSet: "avx512", fingerprints: [digest(2), digest(3)], heldEpoch: 99,
                    heldLeases: [LeaseID(4), LeaseID(5)]))
        ),
        (
            "hello-reply-accepted",
            .helloReply(
                HelloReply(
                    .accepted(
                        .init(
                            worker: WorkerID(11), name: "coordinator",
                            capabilities: .resumesLeases, heartbeatMilliseconds: 250,
                            lostMilliseconds: 1500, resumedLeases: [LeaseID(4)]))))
        ),
        (
            "hello-reply-refused",
            .helloReply(
                HelloReply(.refused(Refusal(.fingerprints, "combine: expected 02, got 03"))))
        ),
        (
            "lease",
            .lease(
                Lease(
                    lease: LeaseID(21), task: task, attempt: 2, durationMilliseconds: 10_000,
                    kind: .combine, level: 5, index: 1 << 40, context: [1, 2, 3],
                    children: [artifact(4), artifact(5)]))
        ),
        (
            "heartbeat",
            .heartbeat(
                Heartbeat(sequence: 8, leases: [.init(lease: LeaseID(21), permille: 420)]))
        ),
        ("heartbeat-reply", .heartbeatReply(HeartbeatReply(sequence: 8))),
        (
            "result",
            .result(
                TaskResult(
                    lease: LeaseID(21), task: task, attempt: 2, proveMicroseconds: 1_400_000,
                    artifact: artifact(6)))
        ),
        (
            "result-ack",
            .resultAck(
                ResultAck(lease: LeaseID(21), verdict: .rejected, reason: "sum-check round 3"))
        ),
        (
            "task-failed",
            .taskFailed(
                TaskFailed(
                    lease: LeaseID(21), task: task, attempt: 2, cause: .prover,
                    reason: "out of memory"))
        ),
        ("cancel", .cancel(Cancel(lease: LeaseID(21), cause: .superseded))),
        (
            "submit-end-caps",
            .submitEndCaps(
                SubmitEndCaps(round: RoundID(3), endCaps: [artifact(7), artifact(8, count: 0)]))
        ),
        (
            "submit-reply",
            .submitReply(
                SubmitReply(
                    round: RoundID(3),
                    verdicts: [
                        .accepted(user: 1 << 29),
                        .refused(Refusal(.duplicateUser, "user 5 is in the round")),
                    ]))
        ),
        ("seal-round", .sealRound(SealRound(round: RoundID(3)))),
        (
            "round-status-query",
            .roundStatusQuery(RoundStatusQuery(round: .current, detailed: true))
        ),
        ("round-status-reply", .roundStatusReply(status)),
        ("block-proof-query", .blockProofQuery(BlockProofQuery(round: RoundID(3)))),
        (
            "block-proof-reply-proof",
            .blockProofReply(BlockProofReply(round: RoundID(3), outcome: .proof(artifact(9))))
        ),
        (
            "block-proof-reply-pending",
            .blockProofReply(BlockProofReply(round: RoundID(3), outcome: .pending(.sealed)))
        ),
        (
            "block-proof-reply-failed",
            .blockProofReply(
                BlockProofReply(round: RoundID(3), outcome: .failed(reason: "node 2: …")))
        ),
        ("fleet-status-query", .fleetStatusQuery(FleetStatusQuery())),
        ("fleet-status-reply", .fleetStatusReply(fleet)),
        ("goodbye", .goodbye(Goodbye(reason: "SIGTERM"))),
        ("error", .error(ErrorMessage(Refusal(.unknownRound, "round 9 is not here")))),
    ]

    static var status: RoundStatus {
        var status = RoundStatus(round: RoundID(3), phase: .proving)
        status.failure = "none"
        status.userCount = 3
        status.pendingCount = 1
        status.nodeCount = 3
        status.acceptedCount = 1
        status.timings.latency = 1
        status.timings.admission = 2
        status.timings.planning = 3
        status.timings.queue = 4
        status.timings.transfer = 5
        status.timings.prove = 6
        status.timings.verify = 7
        status.timings.commit = 8
        status.blockProof = digest(10)
        status.users = [1, 5, 1 << 29]
        status.nodes = [
            NodeStatus(
                node: NodeID(0), kind: .combine, level: 3, index: 9,
                children: [.endCap(0), .endCap(1)], phase: .accepted, attempts: 2, worker: "w1",
                progress: 1000, queue: 1, transfer: 2, prove: 3, verify: 4, proofBytes: 5),
            NodeStatus(
                node: NodeID(1), kind: .block, level: 30, index: 0, children: [.node(NodeID(0))],
                phase: .planned),
        ]
        return status
    }

    static var fleet: FleetStatus {
        var fleet = FleetStatus(epoch: 77)
        fleet.uptimeMilliseconds = 1
        fleet.readyNodes = 2
        fleet.runningLeases = 3
        fleet.lostWorkers = 4
        fleet.quarantinedWorkers = 5
        fleet.acceptedResults = 6
        fleet.rejectedResults = 7
        fleet.lateResults = 8
        fleet.workers = [
            WorkerStatus(
                worker: WorkerID(1), name: "w1", address: "127.0.0.1:4", instructionSet: "avx2",
                cores: 8, slots: 2, leases: 1, draining: true, connectedMilliseconds: 10,
                silentMilliseconds: 20, accepted: 30, failed: 40, proveMicroseconds: 50)
        ]
        return fleet
    }
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
