// The two services of a fleet.

import ArgumentParser
import Coordinator
import Foundation
import Glibc
import Logging
import Parth
import ServiceLifecycle
import Transport
import Wire
import Worker

struct ServiceOptions: ParsableArguments {
    @Option(
        name: .long,
        help:
            "Least severity that is logged to standard error: trace, debug, info, notice, warning, error."
    )
    var logLevel: Logger.Level = .info

    @Flag(name: .long, help: .hidden)
    var exitWithParent = false

    func logger(_ label: String) -> Logger {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: label)
        logger.logLevel = logLevel
        if exitWithParent { endWithParent() }
        return logger
    }

    /// The parent holds the other end of standard input: when that closes, the parent is gone or is done with us.
    private func endWithParent() {
        Thread.detachNewThread {
            while !FileHandle.standardInput.availableData.isEmpty {}
            kill(getpid(), SIGTERM)
        }
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

func serve(_ service: any Service, _ logger: Logger) async throws {
    let group = ServiceGroup(
        configuration: .init(
            services: [.init(service: service)], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger))
    try await group.run()
}

struct RunCoordinator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract:
            "Run a coordinator: it admits end caps, schedules the tree over the workers and stores the block proofs.",
        discussion: """
            Example: parth coordinator --listen 127.0.0.1:7800 --genesis batch/genesis.json --data chain
            The first line of standard output says where it listens. SIGTERM ends it.
            """)

    @Option(name: .long, help: "HOST:PORT; port 0 lets the system choose.")
    var listen = "127.0.0.1:7800"
    @Option(
        name: .long,
        help:
            "The genesis file: the users before the first block (default: genesis.json in --data).")
    var genesis: String?
    @Option(name: .long, help: "The directory for block proofs.")
    var data: String
    @Flag(
        name: .long,
        help: "Allow an address that other machines reach, though connections are not encrypted.")
    var insecure = false
    @Option(name: .long, help: "Threads that verify end caps and results.")
    var verificationThreads = 2

    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...256).contains(verificationThreads) else {
            throw ValidationError(
                "--verification-threads: expected 1…256, got \(verificationThreads)")
        }
    }

    func run() async throws {
        try await reporting {
            let logger = service.logger("parth.coordinator")
            var configuration = CoordinatorConfiguration()
            configuration.listen = try Endpoint(parsing: listen)
            configuration.insecure = insecure
            configuration.verificationThreads = verificationThreads
            let state = try ChainState(genesis: genesis ?? "\(data)/genesis.json")
            try makeDirectory(data)
            let network = try Network(threads: 2)
            let coordinator = CoordinatorService(
                configuration: configuration,
                logic: NetworkLogic(network: network, state: state, directory: data), logger: logger
            )
            let endpoint = try await coordinator.start()
            standardOutput(
                output.json ? "{\"listening\":\"\(endpoint)\"}" : "listening on \(endpoint)")
            try await serve(coordinator, logger)
        }
    }
}

struct RunWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run a worker: it proves what the coordinator leases to it.",
        discussion: "Example: parth worker --coordinator 127.0.0.1:7800 --threads 2 --name rack-1")

    @Option(name: .long, help: "HOST:PORT of the coordinator.")
    var coordinator: String
    @Option(name: .long, help: "Threads of one proof.")
    var threads = 1
    @Option(name: .long, help: "Proofs side by side.")
    var slots = 1
    @Option(name: .long, help: "Shown in the fleet.")
    var name = ProcessInfo.processInfo.hostName

    @OptionGroup var service: ServiceOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...256).contains(threads) else {
            throw ValidationError("--threads: expected 1…256, got \(threads)")
        }
        guard (1...WireLimits.leasesPerWorker).contains(slots) else {
            throw ValidationError("--slots: expected 1…\(WireLimits.leasesPerWorker), got \(slots)")
        }
    }

    func run() async throws {
        try await reporting {
            let logger = service.logger("parth.worker")
            var configuration = WorkerConfiguration(coordinator: try Endpoint(parsing: coordinator))
            configuration.name = name
            configuration.software = ParthCommand.software
            configuration.cores = threads
            configuration.slots = slots
            let prover = NetworkProver(network: try Network(threads: threads), threads: threads)
            // As the coordinator does, at the start: a service has no end to report.
            try output.finish([
                "coordinator": coordinator, "name": name, "threads": threads, "slots": slots,
            ])
            try await serve(
                WorkerService(configuration: configuration, prover: prover, logger: logger), logger)
        }
    }
}
