/// The numbers of the messages. A number is never reused; see `README.md` for the table.
package enum MessageType: UInt16, CaseIterable, Sendable {
    case hello = 1
    case helloReply = 2
    case lease = 3
    case heartbeat = 4
    case heartbeatReply = 5
    case result = 6
    case resultAck = 7
    case taskFailed = 8
    case cancel = 9
    case submitEndCaps = 10
    case submitReply = 11
    case sealRound = 12
    case roundStatusQuery = 13
    case roundStatusReply = 14
    case blockProofQuery = 15
    case blockProofReply = 16
    case fleetStatusQuery = 17
    case fleetStatusReply = 18
    case goodbye = 19
    case error = 20
}

/// A body with a fixed layout: `encode` and `init(from:)` name the same fields in one order.
protocol MessageBody: Equatable, Sendable {
    func encode(into writer: inout ByteWriter)
    init(from reader: inout ByteReader) throws(WireError)
}

/// What a frame says.
package enum Message: Equatable, Sendable {
    case hello(Hello)
    case helloReply(HelloReply)
    case lease(Lease)
    case heartbeat(Heartbeat)
    case heartbeatReply(HeartbeatReply)
    case result(TaskResult)
    case resultAck(ResultAck)
    case taskFailed(TaskFailed)
    case cancel(Cancel)
    case submitEndCaps(SubmitEndCaps)
    case submitReply(SubmitReply)
    case sealRound(SealRound)
    case roundStatusQuery(RoundStatusQuery)
    case roundStatusReply(RoundStatus)
    case blockProofQuery(BlockProofQuery)
    case blockProofReply(BlockProofReply)
    case fleetStatusQuery(FleetStatusQuery)
    case fleetStatusReply(FleetStatus)
    case goodbye(Goodbye)
    case error(ErrorMessage)
}

extension Message {
    package var type: MessageType { parts.0 }

    private var parts: (MessageType, any MessageBody) {
        switch self {
        case .hello(let body): (.hello, body)
        case .helloReply(let body): (.helloReply, body)
        case .lease(let body): (.lease, body)
        case .heartbeat(let body): (.heartbeat, body)
        case .heartbeatReply(let body): (.heartbeatReply, body)
        case .result(let body): (.result, body)
        case .resultAck(let body): (.resultAck, body)
        case .taskFailed(let body): (.taskFailed, body)
        case .cancel(let body): (.cancel, body)
        case .submitEndCaps(let body): (.submitEndCaps, body)
        case .submitReply(let body): (.submitReply, body)
        case .sealRound(let body): (.sealRound, body)
        case .roundStatusQuery(let body): (.roundStatusQuery, body)
        case .roundStatusReply(let body): (.roundStatusReply, body)
        case .blockProofQuery(let body): (.blockProofQuery, body)
        case .blockProofReply(let body): (.blockProofReply, body)
        case .fleetStatusQuery(let body): (.fleetStatusQuery, body)
        case .fleetStatusReply(let body): (.fleetStatusReply, body)
        case .goodbye(let body): (.goodbye, body)
        case .error(let body): (.error, body)
        }
    }

    /// Decodes a body that must end exactly at its last field.
    init(type: MessageType, body: [UInt8]) throws(WireError) {
        var reader = ByteReader(body)
        self = try Self.decode(type, from: &reader)
        try reader.finish("\(type)")
    }

    private static func decode(
        _ type: MessageType, from reader: inout ByteReader
    ) throws(WireError) -> Message {
        switch type {
        case .hello: .hello(try Hello(from: &reader))
        case .helloReply: .helloReply(try HelloReply(from: &reader))
        case .lease: .lease(try Lease(from: &reader))
        case .heartbeat: .heartbeat(try Heartbeat(from: &reader))
        case .heartbeatReply: .heartbeatReply(try HeartbeatReply(from: &reader))
        case .result: .result(try TaskResult(from: &reader))
        case .resultAck: .resultAck(try ResultAck(from: &reader))
        case .taskFailed: .taskFailed(try TaskFailed(from: &reader))
        case .cancel: .cancel(try Cancel(from: &reader))
        case .submitEndCaps: .submitEndCaps(try SubmitEndCaps(from: &reader))
        case .submitReply: .submitReply(try SubmitReply(from: &reader))
        case .sealRound: .sealRound(try SealRound(from: &reader))
        case .roundStatusQuery: .roundStatusQuery(try RoundStatusQuery(from: &reader))
        case .roundStatusReply: .roundStatusReply(try RoundStatus(from: &reader))
        case .blockProofQuery: .blockProofQuery(try BlockProofQuery(from: &reader))
        case .blockProofReply: .blockProofReply(try BlockProofReply(from: &reader))
        case .fleetStatusQuery: .fleetStatusQuery(try FleetStatusQuery(from: &reader))
        case .fleetStatusReply: .fleetStatusReply(try FleetStatus(from: &reader))
        case .goodbye: .goodbye(try Goodbye(from: &reader))
        case .error: .error(try ErrorMessage(from: &reader))
        }
    }

    /// The message as one frame.
    package func encoded(epoch: UInt64, correlation: UInt64 = 0) -> [UInt8] {
        let (type, body) = parts
        var writer = ByteWriter()
        body.encode(into: &writer)
        return FrameHeader.encode(
            type: type.rawValue, body: writer.bytes, epoch: epoch, correlation: correlation)
    }
}

extension Artifact {
    static let minimumBytes = 36

    func encode(into writer: inout ByteWriter) {
        writer.bytes32(digest)
        writer.byteString(bytes, limit: WireLimits.artifactBytes)
    }

    init(from reader: inout ByteReader, _ place: String) throws(WireError) {
        digest = try reader.bytes32("\(place).digest")
        bytes = try reader.byteString(limit: WireLimits.artifactBytes, "\(place).bytes")
    }
}

extension TaskID {
    func encode(into writer: inout ByteWriter) {
        writer.integer(round.rawValue)
        writer.integer(node.rawValue)
    }

    init(from reader: inout ByteReader, _ place: String) throws(WireError) {
        round = RoundID(try reader.integer("\(place).round"))
        node = NodeID(try reader.integer("\(place).node"))
    }
}
