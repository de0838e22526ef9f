/// A client's batch of end caps for a round.
package struct SubmitEndCaps: MessageBody {
    /// `.current` for the round that is open.
    package var round: RoundID
    package var endCaps: [Artifact]

    package init(round: RoundID, endCaps: [Artifact]) {
        self.round = round
        self.endCaps = endCaps
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(round.rawValue)
        writer.list(endCaps, limit: WireLimits.endCapsPerBatch) { $1.encode(into: &$0) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        round = RoundID(try reader.integer("SubmitEndCaps.round"))
        endCaps = try reader.list(
            limit: WireLimits.endCapsPerBatch, elementBytes: Artifact.minimumBytes,
            "SubmitEndCaps.endCaps"
        ) { reader throws(WireError) in try Artifact(from: &reader, "SubmitEndCaps.endCaps") }
    }
}

/// One verdict per end cap, in the order of the batch, once all are verified.
package struct SubmitReply: MessageBody {
    package enum Verdict: Equatable, Sendable {
        case accepted(user: UInt64)
        case refused(Refusal)
    }

    package var round: RoundID
    package var verdicts: [Verdict]

    package init(round: RoundID, verdicts: [Verdict]) {
        self.round = round
        self.verdicts = verdicts
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(round.rawValue)
        writer.list(verdicts, limit: WireLimits.endCapsPerBatch) { writer, verdict in
            switch verdict {
            case .accepted(let user):
                writer.flag(true)
                writer.integer(user)
            case .refused(let refusal):
                writer.flag(false)
                refusal.encode(into: &writer)
            }
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        round = RoundID(try reader.integer("SubmitReply.round"))
        verdicts = try reader.list(
            limit: WireLimits.endCapsPerBatch, elementBytes: 4, "SubmitReply.verdicts"
        ) { reader throws(WireError) in
            if try reader.flag("SubmitReply.verdicts.accepted") {
                return .accepted(user: try reader.integer("SubmitReply.verdicts.user"))
            }
            return .refused(try Refusal(from: &reader, "SubmitReply.verdicts"))
        }
    }
}

/// No more end caps: prove the round. Answered by `RoundStatusReply` or `Error`.
package struct SealRound: MessageBody {
    package var round: RoundID

    package init(round: RoundID) { self.round = round }

    func encode(into writer: inout ByteWriter) { writer.integer(round.rawValue) }

    init(from reader: inout ByteReader) throws(WireError) {
        round = RoundID(try reader.integer("SealRound.round"))
    }
}

/// Asks for a round's state. Answered by `RoundStatusReply` or `Error`.
package struct RoundStatusQuery: MessageBody {
    package var round: RoundID
    /// Whether the reply lists users and nodes.
    package var detailed: Bool

    package init(round: RoundID, detailed: Bool) {
        self.round = round
        self.detailed = detailed
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(round.rawValue)
        writer.flag(detailed)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        round = RoundID(try reader.integer("RoundStatusQuery.round"))
        detailed = try reader.flag("RoundStatusQuery.detailed")
    }
}

/// Asks for a block proof. Answered by `BlockProofReply` or `Error`.
package struct BlockProofQuery: MessageBody {
    package var round: RoundID

    package init(round: RoundID) { self.round = round }

    func encode(into writer: inout ByteWriter) { writer.integer(round.rawValue) }

    init(from reader: inout ByteReader) throws(WireError) {
        round = RoundID(try reader.integer("BlockProofQuery.round"))
    }
}

package struct BlockProofReply: MessageBody {
    package enum Outcome: Equatable, Sendable {
        case proof(Artifact)
        /// Not there yet: the round is in this phase.
        case pending(RoundPhase)
        case failed(reason: String)
    }

    package var round: RoundID
    package var outcome: Outcome

    package init(round: RoundID, outcome: Outcome) {
        self.round = round
        self.outcome = outcome
    }

    private enum Tag: UInt8, CaseIterable {
        case proof = 1
        case pending = 2
        case failed = 3
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(round.rawValue)
        switch outcome {
        case .proof(let artifact):
            writer.choice(Tag.proof)
            artifact.encode(into: &writer)
        case .pending(let phase):
            writer.choice(Tag.pending)
            writer.choice(phase)
        case .failed(let reason):
            writer.choice(Tag.failed)
            writer.text(reason, limit: WireLimits.reasonBytes)
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        round = RoundID(try reader.integer("BlockProofReply.round"))
        switch try reader.choice(Tag.self, "BlockProofReply.outcome") {
        case .proof: outcome = .proof(try Artifact(from: &reader, "BlockProofReply.proof"))
        case .pending: outcome = .pending(try reader.choice("BlockProofReply.phase"))
        case .failed:
            outcome = .failed(
                reason: try reader.text(
                    limit: WireLimits.reasonBytes, "BlockProofReply.reason"))
        }
    }
}
