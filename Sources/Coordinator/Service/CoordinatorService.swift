import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Transport
import Wire

/// How a coordinator is run.
package struct CoordinatorConfiguration: Sendable {
    /// Port 0 lets the kernel choose; `CoordinatorService.start` returns what it chose.
    package var listen = Endpoint(host: "127.0.0.1", port: 0)
    /// Allows an address that other machines can reach, without encryption.
    package var insecure = false
    package var policy = CoordinatorPolicy()
    package var connectionLimits = ConnectionLimits()
    /// Threads for admission, planning and verification.
    package var verificationThreads = 2
    package var eventLoopThreads = 1

    package init() {}
}

package enum CoordinatorError: Error, Equatable, Sendable {
    case transport(TransportError)
    case alreadyStarted
}

extension CoordinatorError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .transport(let error): "\(error)"
        case .alreadyStarted: "the coordinator was started before; make a new one"
        }
    }
}

/// A coordinator on real sockets, clocks and threads: a thin shell around `CoordinatorState`.
///
/// Event loops turn frames into events, one thread of its own runs the state machine, and a
/// bounded pool of threads runs the injected logic. Either `run()` under a `ServiceGroup`, or
/// `start()` and `stop()` when embedded.
package final class CoordinatorService: Service {
    private struct Running {
        let server: FrameServer
        let group: MultiThreadedEventLoopGroup
        let loop: StateLoop
    }

    private enum Life {
        case new
        case starting
        case running(Running)
        case stopped
    }

    package let epoch: UInt64
    private let configuration: CoordinatorConfiguration
    private let logic: any RoundLogic
    private let logger: Logger
    private let life = Mutex(Life.new)

    package init(
        configuration: CoordinatorConfiguration, logic: any RoundLogic,
        logger: Logger = Logger(label: "parth.coordinator")
    ) {
        self.configuration = configuration
        self.logic = logic
        self.logger = logger
        epoch = newEpoch()
    }

    /// Where the service listens, once it does.
    package var endpoint: Endpoint? {
        life.withLock { life in
            if case .running(let running) = life { running.server.endpoint } else { nil }
        }
    }

    /// Binds and starts the threads.
    /// - Returns: the bound address. Throws `CoordinatorError`.
    @discardableResult
    package func start() async throws -> Endpoint {
        let isNew = life.withLock { life in
            guard case .new = life else { return false }
            life = .starting
            return true
        }
        guard isNew else { throw CoordinatorError.alreadyStarted }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.eventLoopThreads)
        let loop = StateLoop(
            state: CoordinatorState(
                policy: configuration.policy, epoch: epoch, fingerprints: logic.fingerprints,
                at: MonotonicClock.now()),
            logic: logic, verificationThreads: configuration.verificationThreads, logger: logger)
        do {
            let server = try await FrameServer.listen(
                on: configuration.listen, insecure: configuration.insecure,
                limits: configuration.connectionLimits, group: group,
                delegate: ConnectionRouter(loop: loop))
            life.withLock { $0 = .running(Running(server: server, group: group, loop: loop)) }
            logger.info(
                "listening", metadata: ["address": "\(server.endpoint)", "epoch": "\(epoch)"])
            return server.endpoint
        } catch {
            loop.stop()
            try? await group.shutdownGracefully()
            life.withLock { $0 = .stopped }
            throw (error as? TransportError).map(CoordinatorError.transport) ?? error
        }
    }

    /// Serves until SIGTERM (through the service group) or until the task is cancelled.
    package func run() async throws {
        if endpoint == nil { try await start() }
        // Either signal ends the wait; both are the ordinary end of a service.
        try? await gracefulShutdown()
        await stop()
    }

    /// Says goodbye to every peer, and frees sockets and threads. Idempotent.
    package func stop() async {
        let running = life.withLock { life -> Running? in
            guard case .running(let running) = life else { return nil }
            life = .stopped
            return running
        }
        guard let running else { return }
        await running.server.stop()
        running.loop.sayGoodbye()
        // In a task of its own: a cancelled service still lets its peers read the goodbye.
        await Task { try? await Task.sleep(nanoseconds: CoordinatorLimits.farewell.nanoseconds) }
            .value
        running.loop.stop()
        try? await running.group.shutdownGracefully()
        logger.info("stopped", metadata: ["epoch": "\(epoch)"])
    }
}
