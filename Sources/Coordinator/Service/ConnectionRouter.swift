import Transport
import Wire

/// Turns frames into events, on the event loop of their connection: digests are computed here,
/// so that the state thread never hashes.
final class ConnectionRouter: ConnectionDelegate {
    private let loop: StateLoop

    init(loop: StateLoop) { self.loop = loop }

    func opened(_ connection: Connection) { loop.post(.opened(connection)) }

    func closed(_ connection: Connection, reason: CloseReason) {
        loop.post(.closed(connection, reason))
    }

    func received(_ frame: Frame, on connection: Connection) {
        guard case .message(let message) = frame.content else { return }  // A newer peer's word.
        let (id, correlation) = (connection.id, frame.correlation)
        switch message {
        case .hello(let hello): loop.post(.event(.hello(id, hello, correlation: correlation)))
        case .goodbye: loop.post(.event(.goodbye(id)))
        default:
            guard frame.epoch == loop.epoch else {
                loop.post(
                    .event(.foreignEpoch(id, correlation: correlation, got: frame.epoch)))
                return
            }
            route(message, id, correlation)
        }
    }

    private func route(_ message: Message, _ id: ConnectionID, _ correlation: UInt64) {
        switch message {
        case .heartbeat(let heartbeat): loop.post(.event(.heartbeat(id, heartbeat)))
        case .result(let result):
            let intact = result.artifact.isIntact
            let received = ReceivedResult(
                lease: result.lease, task: result.task, attempt: result.attempt,
                prove: .microseconds(min(result.proveMicroseconds, 1 << 50)),
                artifact: intact ? ArtifactReference(result.artifact) : nil)
            loop.post(.event(.result(id, received), intact ? [result.artifact] : []))
        case .taskFailed(let failure): loop.post(.event(.taskFailed(id, failure)))
        case .submitEndCaps(let batch):
            let checked = batch.endCaps.map { $0.isIntact ? $0 : nil }
            loop.post(
                .event(
                    .submit(
                        id, correlation: correlation, batch.round,
                        checked.map { $0.map(ArtifactReference.init) }),
                    checked.compactMap { $0 }))
        case .sealRound(let request):
            loop.post(.event(.seal(id, correlation: correlation, request.round)))
        case .roundStatusQuery(let query):
            loop.post(.event(.roundStatusQuery(id, correlation: correlation, query)))
        case .blockProofQuery(let query):
            loop.post(.event(.blockProofQuery(id, correlation: correlation, query.round)))
        case .fleetStatusQuery:
            loop.post(.event(.fleetStatusQuery(id, correlation: correlation)))
        case .hello, .goodbye, .error: break
        case .helloReply, .lease, .heartbeatReply, .resultAck, .cancel, .submitReply,
            .roundStatusReply, .blockProofReply, .fleetStatusReply:
            loop.post(.event(.misdirected(id, correlation: correlation, message.type)))
        }
    }
}

extension ArtifactReference {
    init(_ artifact: Artifact) {
        self.init(digest: artifact.digest, byteCount: artifact.bytes.count)
    }
}
