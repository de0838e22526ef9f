import Logging
import Transport
import Wire

/// The thread that owns the state machine, the artifacts and the connections.
///
/// Everything arrives through one mailbox, so nothing here is locked; effects are carried out
/// in order, and none of them waits.
final class StateLoop: Sendable {
    enum Input: Sendable {
        case opened(Connection)
        case closed(Connection, CloseReason)
        /// An event, with the artifacts that it refers to.
        case event(CoordinatorEvent, [Artifact] = [])
        case goodbye
    }

    let epoch: UInt64
    private let mailbox = Mailbox<Input>()

    init(
        state: CoordinatorState, logic: any RoundLogic, verificationThreads: Int, logger: Logger
    ) {
        epoch = state.epoch
        let mailbox = mailbox
        let pool = JobPool(threads: verificationThreads)
        _ = OwnThread {
            let shell = StateShell(
                state: state, checker: LogicRunner(logic: logic, pool: pool, mailbox: mailbox),
                logger: logger)
            var nextTick = MonotonicClock.now() + CoordinatorLimits.tick
            while let inputs = mailbox.takeAll(until: nextTick) {
                for input in inputs { shell.take(input) }
                if MonotonicClock.now() >= nextTick {
                    shell.take(.event(.tick))
                    nextTick = MonotonicClock.now() + CoordinatorLimits.tick
                }
            }
            pool.close()
        }
    }

    func post(_ input: Input) { mailbox.post(input) }

    func sayGoodbye() { mailbox.post(.goodbye) }

    /// The thread ends after what is in the mailbox; the pool after its jobs.
    func stop() { mailbox.close() }
}

/// What the state thread holds; used by that thread alone.
private final class StateShell {
    private var state: CoordinatorState
    private let checker: LogicRunner
    private let logger: Logger
    private var connections: [ConnectionID: Connection] = [:]
    private var artifacts = ArtifactHolds()

    init(state: CoordinatorState, checker: LogicRunner, logger: Logger) {
        self.state = state
        self.checker = checker
        self.logger = logger
    }

    func take(_ input: StateLoop.Input) {
        switch input {
        case .opened(let connection):
            connections[connection.id] = connection
            step(.connected(connection.id, address: connection.peer))
        case .closed(let connection, let reason):
            connections[connection.id] = nil
            if reason != .peer, reason != .local {
                logger.warning(
                    "connection closed",
                    metadata: ["peer": "\(connection.peer)", "reason": "\(reason)"])
            }
            step(.disconnected(connection.id))
        case .event(let event, let held):
            for artifact in held { artifacts.hold(artifact) }
            step(event)
        case .goodbye:
            for connection in connections.values {
                connection.send(
                    .goodbye(Goodbye(reason: "the coordinator stops")), epoch: state.epoch)
                connection.finish()
            }
        }
    }

    private func step(_ event: CoordinatorEvent) {
        for effect in state.step(event, at: MonotonicClock.now()) { perform(effect) }
    }

    private func perform(_ effect: CoordinatorEffect) {
        switch effect {
        case .send(let id, let message, let correlation):
            connections[id]?.send(message, epoch: state.epoch, correlation: correlation)
        case .admitPeer(let id): connections[id]?.admit()
        case .close(let id): connections[id]?.finish()
        case .sendLease(let id, let order):
            connections[id]?.send(.lease(lease(order)), epoch: state.epoch)
        case .sendBlockProof(let id, let correlation, let round, let digest):
            let reply = BlockProofReply(round: round, outcome: .proof(artifacts.artifact(digest)))
            connections[id]?.send(
                .blockProofReply(reply), epoch: state.epoch, correlation: correlation)
        case .checkEndCap(let id, let round, let digest):
            checker.admit(id, round, artifacts.artifact(digest).bytes)
        case .plan(let round, let users):
            checker.plan(
                round,
                users.map {
                    PlannedEndCap(
                        userID: $0.userID, artifact: artifacts.artifact($0.digest).bytes)
                })
        case .verify(let id, let round, let node, let artifact, let children):
            checker.verify(
                id, round, node, artifacts.artifact(artifact).bytes,
                children.map { artifacts.artifact($0).bytes })
        case .finish(let round, let digest):
            checker.finish(round, artifacts.artifact(digest).bytes)
        case .release(let digest): artifacts.release(digest)
        case .log(let record): write(record)
        }
    }

    private func lease(_ order: LeaseOrder) -> Lease {
        Lease(
            lease: order.lease, task: order.task, attempt: order.attempt,
            durationMilliseconds: UInt32(clamping: order.duration.wholeMilliseconds),
            kind: order.node.kind, level: order.node.level, index: order.node.index,
            context: order.node.context, children: order.children.map(artifacts.artifact))
    }

    private func write(_ record: LogRecord) {
        var metadata: Logger.Metadata = [:]
        for (key, value) in record.metadata { metadata[key] = "\(value)" }
        let level: Logger.Level =
            switch record.level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            }
        logger.log(level: level, "\(record.message)", metadata: metadata)
    }
}

/// Artifacts by digest, each with the number of holds that the state machine has on it.
struct ArtifactHolds {
    private var held: [ArtifactDigest: (artifact: Artifact, holds: Int)] = [:]

    var count: Int { held.count }

    mutating func hold(_ artifact: Artifact) {
        held[artifact.digest, default: (artifact, 0)].holds += 1
    }

    mutating func release(_ digest: ArtifactDigest) {
        guard let entry = held[digest] else { preconditionFailure("\(digest) is not held") }
        held[digest] = entry.holds == 1 ? nil : (entry.artifact, entry.holds - 1)
    }

    /// An artifact that the state machine refers to: it is held, or the state machine is wrong.
    func artifact(_ digest: ArtifactDigest) -> Artifact {
        guard let entry = held[digest] else { preconditionFailure("\(digest) is not held") }
        return entry.artifact
    }
}
