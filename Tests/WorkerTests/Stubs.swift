import Coordinator
import Logging
import Synchronization
import Testing
import Transport
import Wire
import Worker

let stubFingerprint = CircuitFingerprint(exactly: [UInt8](repeating: 9, count: 32))!

/// An end cap is "user <id>"; a proof is the digest of its node's context and children.
struct StubLogic: RoundLogic {
    var fingerprints: [CircuitFingerprint] { [stubFingerprint] }

    static func endCap(_ user: UInt64) -> [UInt8] { Array("user \(user)".utf8) }

    struct Failure: Error, CustomStringConvertible { let description: String }

    func admit(endCap: [UInt8], in round: RoundContext) throws -> AdmittedEndCap {
        let words = String(decoding: endCap, as: UTF8.self).split(separator: " ")
        guard words.count == 2, words[0] == "user", let user = UInt64(words[1]) else {
            throw Failure(description: "end cap: expected \"user <id>\"")
        }
        return AdmittedEndCap(userID: user)
    }

    /// Neighbours pairwise, level by level.
    func plan(endCaps: [PlannedEndCap], in round: RoundContext) throws -> RoundPlan {
        var nodes: [PlannedNode] = []
        var level: [ChildReference] = endCaps.indices.map { .endCap($0) }
        var height: UInt8 = 1
        func add(_ kind: TaskKind, _ index: Int, _ children: [ChildReference]) -> ChildReference {
            let id = NodeID(UInt32(nodes.count))
            nodes.append(
                PlannedNode(
                    id: id, kind: kind, level: height, index: UInt64(index), children: children,
                    context: Array("context \(id)".utf8)))
            return .node(id)
        }
        while level.count > 1 {
            level = stride(from: 0, to: level.count, by: 2).map { place in
                place + 1 < level.count
                    ? add(.combine, place / 2, [level[place], level[place + 1]]) : level[place]
            }
            height += 1
        }
        _ = add(.block, 0, level)
        return RoundPlan(nodes: nodes)
    }

    func verify(
        _ node: PlannedNode, artifact: [UInt8], children: [[UInt8]], in round: RoundContext
    ) throws {
        guard artifact == Self.proof(node.context, children) else {
            throw Failure(description: "proof: expected the hash of the children")
        }
    }

    static func proof(_ context: [UInt8], _ children: [[UInt8]]) -> [UInt8] {
        Artifact.digest(of: context + children.flatMap { $0 }).array
    }

    /// What the block proof must be.
    static func expected(_ users: [UInt64]) throws -> [UInt8] {
        let ids = users.sorted()
        let plan = try StubLogic().plan(
            endCaps: ids.map { PlannedEndCap(userID: $0, artifact: endCap($0)) },
            in: RoundContext(round: RoundID(1)))
        var proofs: [[UInt8]] = []
        for node in plan.nodes {
            let children = node.children.map { child in
                switch child {
                case .endCap(let index): endCap(ids[index])
                case .node(let id): proofs[Int(id.rawValue)]
                }
            }
            proofs.append(proof(node.context, children))
        }
        return proofs.last!
    }
}

/// Sleeps for `delay` and hashes; or lies.
final class StubProver: TaskProver {
    let fingerprints: [CircuitFingerprint]
    let instructionSet = "stub"
    let delay: Span
    let forges: Bool
    let started = Atomic<Int>(0)
    let (starts, start) = AsyncStream.makeStream(of: Int.self)

    init(
        delay: Span = .milliseconds(5), forges: Bool = false,
        fingerprints: [CircuitFingerprint] = [stubFingerprint]
    ) {
        self.delay = delay
        self.forges = forges
        self.fingerprints = fingerprints
    }

    func prove(_ task: ProofTask, control: ProofControl) throws -> [UInt8] {
        let count = started.wrappingAdd(1, ordering: .relaxed).newValue
        start.yield(count)
        let end = MonotonicClock.now() + delay
        let pause = Mailbox<Never>()
        while MonotonicClock.now() < end {
            _ = pause.takeAll(until: min(end, MonotonicClock.now() + .milliseconds(2)))
            try control.checkCancelled()
        }
        let proof = StubLogic.proof(task.context, task.children)
        return forges ? proof.reversed() : proof
    }

    /// Waits until the n-th proof has begun.
    func waitForStart(_ count: Int = 1) async {
        for await started in starts where started >= count { return }
    }
}

let quiet: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}()

/// A coordinator on the loopback, workers by name, and a client.
struct Fleet {
    let coordinator: CoordinatorService
    let endpoint: Endpoint
    let client: CoordinatorClient

    static func run(
        policy: CoordinatorPolicy = .init(), _ body: (Fleet) async throws -> Void
    ) async throws {
        var configuration = CoordinatorConfiguration()
        configuration.policy = policy
        let coordinator = CoordinatorService(
            configuration: configuration, logic: StubLogic(), logger: quiet)
        let endpoint = try await coordinator.start()
        let client = try await CoordinatorClient.connect(to: endpoint)
        let fleet = Fleet(coordinator: coordinator, endpoint: endpoint, client: client)
        do { try await body(fleet) } catch {
            await client.close()
            await coordinator.stop()
            throw error
        }
        await client.close()
        await coordinator.stop()
    }

    func worker(_ name: String, _ prover: StubProver, slots: Int = 1) throws -> RunningWorker {
        var configuration = WorkerConfiguration(coordinator: endpoint)
        configuration.name = name
        configuration.slots = slots
        configuration.drain = .milliseconds(500)
        let service = try WorkerService(
            configuration: configuration, prover: prover, logger: quiet)
        return RunningWorker(service: service, task: Task { try await service.run() })
    }

    func submit(_ users: [UInt64]) async throws {
        let reply = try await client.submit(users.map(StubLogic.endCap))
        #expect(reply.verdicts == users.map { .accepted(user: $0) })
        _ = try await client.seal(reply.round)
    }
}

struct RunningWorker {
    let service: WorkerService
    let task: Task<Void, any Error>

    func stop() async throws {
        service.stop()
        try await task.value
    }
}

/// A worker that takes one lease and then dies or stops, as `kill -9` and SIGSTOP do: without a
/// goodbye, and without ever coming back.
final class DoomedWorker: ConnectionDelegate {
    enum Fate { case killed, stopped }

    private let fate: Fate
    private let (leases, lease) = AsyncStream.makeStream(of: LeaseID.self)

    init(_ fate: Fate) { self.fate = fate }

    func join(_ endpoint: Endpoint) async throws {
        try await Dialer().connect(
            to: endpoint, timeout: .seconds(5), id: ConnectionID(1), delegate: self)
    }

    func opened(_ connection: Connection) {
        let hello = Hello(
            role: .worker, identity: WorkerIdentity(exactly: [UInt8](repeating: 66, count: 32))!,
            name: "doomed", slots: 1, fingerprints: [stubFingerprint])
        connection.send(.hello(hello), epoch: 0)
    }

    func received(_ frame: Frame, on connection: Connection) {
        guard case .message(.lease(let taken)) = frame.content else { return }
        if fate == .killed { connection.finish() }
        lease.yield(taken.lease)
    }

    func closed(_ connection: Connection, reason: CloseReason) {}

    func waitForLease() async { _ = await leases.first { _ in true } }
}
