import NIOCore
import NIOPosix
import Synchronization
import Wire

/// Why a request to a coordinator has no answer.
package enum ClientError: Error, Equatable, Sendable {
    case transport(TransportError)
    /// The coordinator said no: its code and reason.
    case refused(Refusal)
    case timeout(request: MessageType, seconds: Double)
    case disconnected(reason: String)
    case unexpected(expected: MessageType, got: MessageType)
    case roundFailed(RoundID, reason: String)
    /// An end cap that no frame can carry.
    case artifactTooLarge(index: Int, limit: Int, got: Int)
    case corruptArtifact(expected: ArtifactDigest, got: ArtifactDigest)
}

extension ClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .transport(let error): "\(error)"
        case .refused(let refusal): "refused by the coordinator: \(refusal.reason)"
        case .timeout(let request, let seconds):
            "\(request): expected an answer in \(seconds) seconds, got none"
        case .disconnected(let reason): "connection to the coordinator: \(reason)"
        case .unexpected(let expected, let got): "answer: expected \(expected), got \(got)"
        case .roundFailed(let round, let reason): "round \(round) failed: \(reason)"
        case .artifactTooLarge(let index, let limit, let got):
            "end cap \(index): expected at most \(limit) bytes, got \(got)"
        case .corruptArtifact(let expected, let got):
            "block proof digest: expected \(expected.hexadecimal), got \(got.hexadecimal)"
        }
    }
}

/// One connection of a client to a coordinator: submit, seal, follow, fetch.
///
/// Requests may overlap. Every method throws `ClientError`. Close it when done.
package final class CoordinatorClient: Sendable {
    private let requests: PendingRequests
    private let group: MultiThreadedEventLoopGroup

    private init(requests: PendingRequests, group: MultiThreadedEventLoopGroup) {
        self.requests = requests
        self.group = group
    }

    /// Connects and introduces itself; a coordinator of another version refuses here.
    package static func connect(
        to endpoint: Endpoint, name: String = "client", timeout: Span = .seconds(5)
    ) async throws -> CoordinatorClient {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let requests = PendingRequests(loop: group.any())
        let client = CoordinatorClient(requests: requests, group: group)
        do {
            try await Dialer(group: group).connect(
                to: endpoint, timeout: timeout, id: ConnectionID(1), delegate: requests)
            let hello = Message.hello(Hello(role: .client, name: name))
            let answer = try await requests.ask(hello, timeout: timeout)
            guard case .helloReply(let reply) = answer else {
                throw ClientError.unexpected(expected: .helloReply, got: answer.type)
            }
            if case .refused(let refusal) = reply.verdict { throw ClientError.refused(refusal) }
            return client
        } catch {
            await client.close()
            throw (error as? TransportError).map(ClientError.transport) ?? error
        }
    }

    /// Submits end caps in as many frames as they need. The verdicts are in the order of
    /// `endCaps`; the round is the one that took the first of them.
    package func submit(
        _ endCaps: [[UInt8]], round: RoundID = .current, timeout: Span = .seconds(120)
    ) async throws -> SubmitReply {
        for (index, endCap) in endCaps.enumerated() where endCap.count > WireLimits.artifactBytes {
            throw ClientError.artifactTooLarge(
                index: index, limit: WireLimits.artifactBytes, got: endCap.count)
        }
        var result = SubmitReply(round: round, verdicts: [])
        var next = 0
        repeat {
            var batch = SubmitEndCaps(round: result.round, endCaps: [])
            var bytes = 0
            while next < endCaps.count, batch.endCaps.count < WireLimits.endCapsPerBatch,
                bytes == 0 || bytes + endCaps[next].count <= TransportLimits.batchBytes
            {
                batch.endCaps.append(Artifact(naming: endCaps[next]))
                bytes += max(1, endCaps[next].count)
                next += 1
            }
            let answer = try await requests.ask(.submitEndCaps(batch), timeout: timeout)
            guard case .submitReply(let reply) = answer else {
                throw ClientError.unexpected(expected: .submitReply, got: answer.type)
            }
            result.round = reply.round
            result.verdicts += reply.verdicts
        } while next < endCaps.count
        return result
    }

    /// No more end caps for the round.
    package func seal(
        _ round: RoundID = .current, timeout: Span = .seconds(30)
    ) async throws -> RoundStatus {
        try await status(asking: .sealRound(SealRound(round: round)), timeout)
    }

    package func status(
        of round: RoundID = .current, detailed: Bool = true, timeout: Span = .seconds(30)
    ) async throws -> RoundStatus {
        let query = RoundStatusQuery(round: round, detailed: detailed)
        return try await status(asking: .roundStatusQuery(query), timeout)
    }

    private func status(asking message: Message, _ timeout: Span) async throws -> RoundStatus {
        let answer = try await requests.ask(message, timeout: timeout)
        guard case .roundStatusReply(let status) = answer else {
            throw ClientError.unexpected(expected: .roundStatusReply, got: answer.type)
        }
        return status
    }

    package func blockProof(
        of round: RoundID = .current, timeout: Span = .seconds(30)
    ) async throws -> BlockProofReply {
        let query = BlockProofQuery(round: round)
        let answer = try await requests.ask(.blockProofQuery(query), timeout: timeout)
        guard case .blockProofReply(let reply) = answer else {
            throw ClientError.unexpected(expected: .blockProofReply, got: answer.type)
        }
        if case .proof(let artifact) = reply.outcome, !artifact.isIntact {
            throw ClientError.corruptArtifact(
                expected: artifact.digest, got: Artifact.digest(of: artifact.bytes))
        }
        return reply
    }

    /// Follows a sealed round until its block proof is there.
    /// - Parameter onStatus: called with every status that is read on the way.
    package func waitForBlockProof(
        of round: RoundID, every interval: Span = .milliseconds(100), detailed: Bool = true,
        onStatus: (RoundStatus) -> Void = { _ in }
    ) async throws -> Artifact {
        while true {
            let status = try await status(of: round, detailed: detailed)
            onStatus(status)
            if status.phase == .failed {
                throw ClientError.roundFailed(round, reason: status.failure)
            }
            if status.phase == .done {
                let reply = try await blockProof(of: round)
                if case .proof(let artifact) = reply.outcome { return artifact }
            }
            try await Task.sleep(nanoseconds: interval.nanoseconds)
        }
    }

    package func fleet(timeout: Span = .seconds(30)) async throws -> FleetStatus {
        let query = Message.fleetStatusQuery(FleetStatusQuery())
        let answer = try await requests.ask(query, timeout: timeout)
        guard case .fleetStatusReply(let fleet) = answer else {
            throw ClientError.unexpected(expected: .fleetStatusReply, got: answer.type)
        }
        return fleet
    }

    package func close() async {
        requests.finish()
        try? await group.shutdownGracefully()
    }
}

/// The requests that wait for an answer, by correlation id.
private final class PendingRequests: ConnectionDelegate {
    private struct State {
        var connection: Connection?
        var closed: String?
        var lastCorrelation: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Message, any Error>] = [:]
        var epoch: UInt64 = 0
    }

    private let state = Mutex(State())
    private let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    func ask(_ message: Message, timeout: Span) async throws -> Message {
        try await withCheckedThrowingContinuation { continuation in
            let sending = state.withLock { state -> (Connection, UInt64, UInt64)? in
                guard let connection = state.connection, state.closed == nil else { return nil }
                state.lastCorrelation += 1
                state.waiting[state.lastCorrelation] = continuation
                return (connection, state.lastCorrelation, state.epoch)
            }
            guard let (connection, correlation, epoch) = sending else {
                let reason = state.withLock { $0.closed } ?? "not open"
                continuation.resume(throwing: ClientError.disconnected(reason: reason))
                return
            }
            connection.send(message, epoch: epoch, correlation: correlation)
            loop.scheduleTask(in: .nanoseconds(Int64(timeout.nanoseconds))) { [self] in
                answer(
                    correlation,
                    .failure(ClientError.timeout(request: message.type, seconds: timeout.seconds)))
            }
        }
    }

    private func answer(_ correlation: UInt64, _ result: Result<Message, any Error>) {
        state.withLock { $0.waiting.removeValue(forKey: correlation) }?.resume(with: result)
    }

    func finish() { state.withLock { $0.connection }?.finish() }

    func opened(_ connection: Connection) { state.withLock { $0.connection = connection } }

    func received(_ frame: Frame, on connection: Connection) {
        state.withLock { $0.epoch = frame.epoch }
        guard case .message(let message) = frame.content else { return }
        switch message {
        case .error(let error) where frame.correlation == 0:
            state.withLock { $0.closed = error.refusal.reason }
        case .error(let error):
            answer(frame.correlation, .failure(ClientError.refused(error.refusal)))
        default:
            answer(frame.correlation, .success(message))
        }
    }

    func closed(_ connection: Connection, reason: CloseReason) {
        let (waiting, text) = state.withLock { state in
            state.closed = state.closed ?? "\(reason)"
            defer { state.waiting = [:] }
            return (state.waiting, state.closed!)
        }
        // The order in which waiting requests fail does not matter: each has its own waiter.
        for continuation in waiting.values {
            continuation.resume(throwing: ClientError.disconnected(reason: text))
        }
    }
}
