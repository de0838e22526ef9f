// Workers of the tests' own: one that proves, and liars. `parth` has no flag that makes it lie.

import Logging
import Parth
import ProofCore
import Synchronization
import Transport
import Wire
import Worker

/// Proves through Parth's network, as `parth worker` does, and then does what `lie` says.
final class TestProver: TaskProver {
    enum Lie: String, CaseIterable, Sendable {
        case flipsAByteOfTheProof
        case changesTheStatement
        /// A valid proof, of other children.
        case provesOtherChildren
        /// A valid proof, of one child alone.
        case returnsItsChild
        case returnsNothing
        case `throws`
    }

    private let network: Network
    private let lie: Lie?
    /// Two pairs of end caps: for every task there is one that is not its children.
    private let otherChildren: [[TransitionArtifact]]
    private let told = Atomic<Int>(0)
    let fingerprints: [CircuitFingerprint]
    let instructionSet = "test"

    /// How often it has lied.
    var lies: Int { told.load(ordering: .relaxed) }

    init(
        _ network: Network, lie: Lie? = nil, batch: Batch,
        fingerprints: [CircuitFingerprint]? = nil
    ) throws {
        self.network = network
        self.lie = lie
        let artifacts = try batch.endCaps(4).map { try TransitionArtifact(bytes: read($0)) }
        otherChildren = [Array(artifacts[0...1]), Array(artifacts[2...3])]
        self.fingerprints = fingerprints ?? Self.fingerprints(network)
    }

    static func fingerprints(_ network: Network) -> [CircuitFingerprint] {
        [network.combine, network.block].map { CircuitFingerprint(exactly: $0.fingerprint.bytes)! }
    }

    func prove(_ task: ProofTask, control: ProofControl) throws -> [UInt8] {
        let children = try task.children.map { try TransitionArtifact(bytes: $0) }
        if lie != nil { told.add(1, ordering: .relaxed) }
        switch lie {
        case nil: return try honest(task, children)
        case .flipsAByteOfTheProof:
            var bytes = try honest(task, children)
            bytes[bytes.count / 2] ^= 1
            return bytes
        case .changesTheStatement:
            let bytes = try honest(task, children)
            return task.kind == .block ? try oneUserMoreInTheBlock(bytes) : try oneUserMore(bytes)
        case .provesOtherChildren:
            let pair = otherChildren.first { $0.map(\.header) != children.map(\.header) }!
            let context = CombineContext(level: 1, leftSiblings: [], rightSiblings: [])
            return try network.proveCombine(pair[0], pair[1], context).bytes
        case .returnsItsChild: return task.children[0]
        case .returnsNothing: return []
        case .throws: throw ChildError(description: "this prover has no memory left")
        }
    }

    private func honest(_ task: ProofTask, _ children: [TransitionArtifact]) throws -> [UInt8] {
        switch task.kind {
        case .combine:
            try network.proveCombine(children[0], children[1], CombineContext(bytes: task.context))
                .bytes
        case .block: try network.proveBlock(children[0], BlockContext(bytes: task.context)).bytes
        }
    }

    private func oneUserMore(_ bytes: [UInt8]) throws -> [UInt8] {
        let artifact = try TransitionArtifact(bytes: bytes)
        var header = artifact.header
        header.users += 1
        return TransitionArtifact(
            kind: .combine, header: header, claim: artifact.claim, proof: artifact.proof
        ).bytes
    }

    private func oneUserMoreInTheBlock(_ bytes: [UInt8]) throws -> [UInt8] {
        let artifact = try BlockArtifact(bytes: bytes)
        var statement = artifact.statement
        statement.users += 1
        return BlockArtifact(statement: statement, proof: artifact.proof).bytes
    }
}

/// The circuits, built once for all tests that prove in this process.
enum SharedNetwork {
    static let result = Result { try Network(threads: 2) }
    static func get() throws -> Network { try result.get() }
}

/// A worker inside the test's process.
struct OwnWorker {
    let service: WorkerService
    let task: Task<Void, any Error>

    init(_ name: String, _ prover: TestProver, _ endpoint: Endpoint) throws {
        var configuration = WorkerConfiguration(coordinator: endpoint)
        configuration.name = name
        configuration.drain = .milliseconds(500)
        let service = try WorkerService(
            configuration: configuration, prover: prover,
            logger: Logger(label: name) { _ in SwiftLogNoOpLogHandler() })
        self.service = service
        task = Task { try await service.run() }
    }

    func stop() async {
        service.stop()
        _ = await task.result
    }
}
