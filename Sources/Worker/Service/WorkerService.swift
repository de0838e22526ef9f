import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Transport
import Wire

/// How a worker is run.
package struct WorkerConfiguration: Sendable {
    package var coordinator: Endpoint
    /// Shown in the fleet; cut to 64 bytes.
    package var name = "worker"
    package var software = ""
    /// Threads of one proof; told to the coordinator for people.
    package var cores = 1
    /// Proofs at once.
    package var slots = 1
    package var drain = Span.seconds(10)
    package var connectTimeout = Span.seconds(5)
    package var connectionLimits = ConnectionLimits()

    package init(coordinator: Endpoint) { self.coordinator = coordinator }
}

package enum WorkerError: Error, Equatable, Sendable {
    /// The coordinator will never take this worker.
    case refused(Refusal)
    case slots(limit: Int, got: Int)
}

extension WorkerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let refusal): "refused by the coordinator: \(refusal.reason)"
        case .slots(let limit, let got): "slots: expected 1…\(limit), got \(got)"
        }
    }
}

/// A worker on real sockets, clocks and threads: a thin shell around `WorkerState`.
///
/// One thread runs the state machine and sends the heartbeats, one event loop the socket, and
/// `slots` threads the prover, so that proving starves neither.
package final class WorkerService: Service {
    private let configuration: WorkerConfiguration
    private let prover: any TaskProver
    private let logger: Logger
    private let mailbox = Mailbox<WorkerLoop.Input>()

    package init(
        configuration: WorkerConfiguration, prover: any TaskProver,
        logger: Logger = Logger(label: "parth.worker")
    ) throws(WorkerError) {
        guard (1...WireLimits.leasesPerWorker).contains(configuration.slots) else {
            throw .slots(limit: WireLimits.leasesPerWorker, got: configuration.slots)
        }
        self.configuration = configuration
        self.prover = prover
        self.logger = logger
    }

    /// Serves the coordinator, reconnecting as needed, until SIGTERM (through the service group),
    /// `stop()` or cancellation. Throws `WorkerError.refused` when it can never serve.
    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let (exits, exit) = AsyncStream.makeStream(of: WorkerExit.self)
        let pool = JobPool(threads: configuration.slots)
        WorkerLoop.start(
            state: WorkerState(
                policy: policy, seed: UInt64.random(in: .min ... .max),
                at: MonotonicClock.now()),
            mailbox: mailbox, prover: prover, pool: pool,
            dialer: Dialer(group: group, limits: configuration.connectionLimits),
            configuration: configuration, logger: logger
        ) { exit.yield($0) }
        let result = await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                // Not the stream's own iteration: that ends at cancellation, before the goodbye.
                await Task { await exits.first { _ in true } }.value
            } onGracefulShutdown: { [self] in
                stop()
            }
        } onCancel: { [self] in
            stop()
        }
        mailbox.close()
        pool.close()
        try? await group.shutdownGracefully()
        if case .refused(let refusal) = result { throw WorkerError.refused(refusal) }
    }

    /// Finishes what runs, within `WorkerConfiguration.drain`, and ends `run`.
    package func stop() { mailbox.post(.event(.stop)) }

    /// Cuts the connection as a fault would; for tests.
    package func breakConnection() { mailbox.post(.breakConnection) }

    private var policy: WorkerPolicy {
        let random = (0..<32).map { _ in UInt8.random(in: 1...255) }
        var policy = WorkerPolicy(identity: WorkerIdentity(exactly: random)!)
        policy.name = configuration.name.fitting(utf8Bytes: WireLimits.nameBytes)
        policy.software = configuration.software
        policy.cores = UInt16(clamping: configuration.cores)
        policy.slots = UInt16(configuration.slots)
        policy.instructionSet = prover.instructionSet
        policy.fingerprints = prover.fingerprints
        policy.drain = configuration.drain
        return policy
    }
}
