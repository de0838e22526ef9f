import Logging
import Transport
import Wire

/// The thread that owns a worker's state machine.
final class WorkerLoop: ConnectionDelegate {
    enum Input: Sendable {
        case opened(Connection)
        case event(WorkerEvent)
        case breakConnection
    }

    private let mailbox: Mailbox<Input>

    private init(mailbox: Mailbox<Input>) { self.mailbox = mailbox }

    /// Starts the thread; it ends when the mailbox is closed.
    static func start(
        state: WorkerState, mailbox: Mailbox<Input>, prover: any TaskProver, pool: JobPool,
        dialer: Dialer, configuration: WorkerConfiguration, logger: Logger,
        onExit: @escaping @Sendable (WorkerExit) -> Void
    ) {
        let loop = WorkerLoop(mailbox: mailbox)
        _ = OwnThread {
            let shell = WorkerShell(
                state: state, runner: ProofRunner(prover: prover, pool: pool, mailbox: mailbox),
                dialer: dialer, delegate: loop, mailbox: mailbox, configuration: configuration,
                logger: logger, onExit: onExit)
            while let inputs = mailbox.takeAll(until: MonotonicClock.now() + WorkerLimits.tick) {
                for input in inputs { shell.take(input) }
                shell.take(.event(.tick))
            }
        }
    }

    // MARK: Event loop → thread

    func opened(_ connection: Connection) { mailbox.post(.opened(connection)) }

    func closed(_ connection: Connection, reason: CloseReason) {
        mailbox.post(.event(.disconnected(connection.id, reason: "\(reason)")))
    }

    func received(_ frame: Frame, on connection: Connection) {
        guard case .message(let message) = frame.content else { return }  // A newer peer's word.
        let id = connection.id
        let event: WorkerEvent? =
            switch message {
            case .helloReply(let reply): .helloReply(id, reply, epoch: frame.epoch)
            case .lease(let lease): .lease(id, lease)
            case .cancel(let cancel): .cancel(id, cancel)
            case .resultAck(let ack): .acknowledged(id, ack)
            case .heartbeatReply: .heartbeatReply(id)
            case .error(let error): .refused(id, error.refusal)
            case .goodbye: .goodbye(id)
            case .hello, .heartbeat, .result, .taskFailed, .submitEndCaps, .submitReply,
                .sealRound, .roundStatusQuery, .roundStatusReply, .blockProofQuery,
                .blockProofReply, .fleetStatusQuery, .fleetStatusReply:
                nil  // Not for a worker.
            }
        if let event { mailbox.post(.event(event)) }
    }
}

/// What the thread holds; used by that thread alone.
private final class WorkerShell {
    private var state: WorkerState
    private let runner: ProofRunner
    private let dialer: Dialer
    private let delegate: WorkerLoop
    private let mailbox: Mailbox<WorkerLoop.Input>
    private let configuration: WorkerConfiguration
    private let logger: Logger
    private let onExit: @Sendable (WorkerExit) -> Void
    private var connections: [ConnectionID: Connection] = [:]
    private var controls: [LeaseKey: ProofControl] = [:]

    init(
        state: WorkerState, runner: ProofRunner, dialer: Dialer, delegate: WorkerLoop,
        mailbox: Mailbox<WorkerLoop.Input>, configuration: WorkerConfiguration, logger: Logger,
        onExit: @escaping @Sendable (WorkerExit) -> Void
    ) {
        self.state = state
        self.runner = runner
        self.dialer = dialer
        self.delegate = delegate
        self.mailbox = mailbox
        self.configuration = configuration
        self.logger = logger
        self.onExit = onExit
    }

    func take(_ input: WorkerLoop.Input) {
        switch input {
        case .opened(let connection):
            connections[connection.id] = connection
            step(.connected(connection.id))
        case .event(let event):
            switch event {
            case .disconnected(let id, _): connections[id] = nil
            case .proved(let key, _, _), .failed(let key, _, _): controls[key] = nil
            default: break
            }
            step(event)
        case .breakConnection:
            for connection in connections.values { connection.finish() }
        }
    }

    private func step(_ event: WorkerEvent) {
        for effect in state.step(event, at: MonotonicClock.now()) { perform(effect) }
    }

    private func perform(_ effect: WorkerEffect) {
        switch effect {
        case .connect(let id):
            dialer.connect(
                to: configuration.coordinator, timeout: configuration.connectTimeout, id: id,
                delegate: delegate
            ) { [mailbox] error in
                mailbox.post(.event(.connectFailed(id, reason: "\(error)")))
            }
        case .close(let id): connections[id]?.finish()
        case .send(let id, let message, let epoch): connections[id]?.send(message, epoch: epoch)
        case .heartbeat(let id, let epoch, let sequence, let keys):
            let leases = keys.map {
                Heartbeat.Progress(lease: $0.lease, permille: controls[$0]?.permille ?? 1000)
            }
            connections[id]?.send(
                .heartbeat(Heartbeat(sequence: sequence, leases: leases)), epoch: epoch)
        case .start(let key, let lease):
            let control = ProofControl()
            controls[key] = control
            runner.run(key, lease, control)
        case .cancel(let key): controls[key]?.cancel()
        case .log(let record):
            switch record.level {
            case .debug: logger.debug("\(record.message)")
            case .info: logger.info("\(record.message)")
            case .warning: logger.warning("\(record.message)")
            }
        case .exit(let reason): onExit(reason)
        }
    }
}

/// Runs the prover on the worker's own threads and posts what it says.
private struct ProofRunner: Sendable {
    let prover: any TaskProver
    let pool: JobPool
    let mailbox: Mailbox<WorkerLoop.Input>

    func run(_ key: LeaseKey, _ lease: Lease, _ control: ProofControl) {
        pool.run { [prover, mailbox] in
            mailbox.post(.event(Self.prove(prover, key, lease, control)))
        }
    }

    private static func prove(
        _ prover: any TaskProver, _ key: LeaseKey, _ lease: Lease, _ control: ProofControl
    ) -> WorkerEvent {
        for (place, child) in lease.children.enumerated() where !child.isIntact {
            return .failed(
                key, .badInput,
                reason: "child \(place): expected digest \(child.digest), "
                    + "got \(Artifact.digest(of: child.bytes))")
        }
        let task = ProofTask(
            kind: lease.kind, level: lease.level, index: lease.index, context: lease.context,
            children: lease.children.map(\.bytes))
        let start = MonotonicClock.now()
        do {
            try control.checkCancelled()
            let proof = try prover.prove(task, control: control)
            let prove = MonotonicClock.now().since(start)
            guard proof.count <= WireLimits.artifactBytes else {
                return .failed(
                    key, .prover,
                    reason: "proof: expected at most \(WireLimits.artifactBytes) bytes, "
                        + "got \(proof.count)")
            }
            return .proved(key, Artifact(naming: proof), prove: prove)
        } catch is ProofCancelled {
            return .failed(key, .cancelled, reason: "cancelled")
        } catch {
            return .failed(key, .prover, reason: "\(error)")
        }
    }
}
