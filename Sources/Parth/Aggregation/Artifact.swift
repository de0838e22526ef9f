// What travels: a proof with the fields of its statement, as bytes. Layout in this module's README.

import ProofCore

/// Why bytes are no artifact: where, expected, got.
public struct ArtifactError: Error, Equatable, CustomStringConvertible {
    public let description: String
    init(_ where_: String, expected: String, got: String) {
        description = "artifact, \(where_): expected \(expected), got \(got)"
    }
}

public enum ArtifactKind: UInt8, Sendable {
    case endCap = 1
    case combine = 2
    case block = 3

    public var name: String {
        switch self {
        case .endCap: "end_cap"
        case .combine: "combine"
        case .block: "block"
        }
    }
}

/// An end cap or a combine: a header and its proof.
public struct TransitionArtifact: Sendable, Hashable {
    public let kind: ArtifactKind
    public let header: Header
    /// What the header's `deferred` is the digest of; none in an end cap.
    public let claim: DeferredClaim?
    public let proof: Proof

    public init(kind: ArtifactKind, header: Header, claim: DeferredClaim? = nil, proof: Proof) {
        precondition(kind != .block && (claim != nil) == (kind == .combine))
        self.claim = claim
        self.kind = kind
        self.header = header
        self.proof = proof
    }

    public var bytes: [UInt8] {
        var w = ArtifactWriter(kind: kind)
        for d in [header.blockRoot, header.old, header.new, header.aggregator] { w.digest(d) }
        for n in [header.level, header.first, header.users, header.transactions, header.slots] {
            w.number(n)
        }
        if let claim { for limb in claim.elements.flatMap(\.limbs) { w.number(limb.canonical) } }
        return w.finish(proof)
    }

    /// - Throws: `ArtifactError`.
    public init(bytes: [UInt8]) throws {
        var r = try ArtifactReader(bytes)
        guard r.kind != .block else {
            throw ArtifactError("byte 5 (kind)", expected: "end cap or combine", got: "block")
        }
        kind = r.kind
        let d = try ["block root", "old", "new", "aggregator"].map { try r.digest($0) }
        let n = try ["level", "first user", "users", "transactions", "slots"].map {
            try r.number($0)
        }
        let claimed =
            r.kind == .combine
            ? try (0..<(Network.polynomialVariables + 1)).map {
                try r.element("claim, element \($0)")
            } : []
        claim = claimed.isEmpty ? nil : DeferredClaim(elements: claimed)
        header = Header(
            blockRoot: d[0], level: n[0], first: n[1], old: d[1], new: d[2], users: n[2],
            transactions: n[3], slots: n[4],
            aggregator: d[3], deferred: claim.map(claimDigest) ?? .zero)
        guard header.level <= Network.userTreeHeight else {
            throw ArtifactError(
                "level", expected: "at most \(Network.userTreeHeight)", got: "\(header.level)")
        }
        guard header.first < 1 << UInt32(Network.userTreeHeight) else {
            throw ArtifactError(
                "first user", expected: "below 2^\(Network.userTreeHeight)", got: "\(header.first)")
        }
        proof = try r.proof()
    }
}

/// A block: its statement and its proof.
public struct BlockArtifact: Sendable, Hashable {
    public let statement: BlockStatement
    public let proof: Proof

    public init(statement: BlockStatement, proof: Proof) {
        self.statement = statement
        self.proof = proof
    }

    public var bytes: [UInt8] {
        var w = ArtifactWriter(kind: .block)
        for d in [statement.previous, statement.new] { w.digest(d) }
        for n in [statement.height, statement.users, statement.transactions, statement.slots] {
            w.number(n)
        }
        return w.finish(proof)
    }

    /// - Throws: `ArtifactError`.
    public init(bytes: [UInt8]) throws {
        var r = try ArtifactReader(bytes)
        guard r.kind == .block else {
            throw ArtifactError("byte 5 (kind)", expected: "block", got: r.kind.name)
        }
        let d = try ["previous state", "new state"].map { try r.digest($0) }
        let n = try ["height", "users", "transactions", "slots"].map { try r.number($0) }
        statement = BlockStatement(
            previous: d[0], new: d[1], height: n[0], users: n[1], transactions: n[2], slots: n[3])
        proof = try r.proof()
    }
}

public enum ArtifactLimits {
    /// No proof of the network's circuits comes near this.
    public static let proofBytes = 1 << 20
    static let magic: [UInt8] = Array("PRTH".utf8)
    static let version: UInt8 = 1
}

private struct ArtifactWriter {
    private var bytes: [UInt8]

    init(kind: ArtifactKind) {
        bytes = ArtifactLimits.magic + [ArtifactLimits.version, kind.rawValue]
    }
    mutating func digest(_ d: Digest) { bytes += d.bytes }
    mutating func number(_ n: UInt32) { bytes += withUnsafeBytes(of: n.littleEndian) { Array($0) } }
    mutating func finish(_ proof: Proof) -> [UInt8] {
        number(UInt32(proof.bytes.count))
        return bytes + proof.bytes
    }
}

private struct ArtifactReader {
    private let bytes: [UInt8]
    private var at = 6
    let kind: ArtifactKind

    init(_ bytes: [UInt8]) throws {
        guard bytes.count >= 6 else {
            throw ArtifactError("start", expected: "at least 6 bytes", got: "\(bytes.count)")
        }
        guard Array(bytes[0..<4]) == ArtifactLimits.magic else {
            throw ArtifactError("byte 0 (magic)", expected: "PRTH", got: "\(Array(bytes[0..<4]))")
        }
        guard bytes[4] == ArtifactLimits.version else {
            throw ArtifactError(
                "byte 4 (version)", expected: "\(ArtifactLimits.version)", got: "\(bytes[4])")
        }
        guard let kind = ArtifactKind(rawValue: bytes[5]) else {
            throw ArtifactError("byte 5 (kind)", expected: "1, 2 or 3", got: "\(bytes[5])")
        }
        self.kind = kind
        self.bytes = bytes
    }

    private mutating func take(_ count: Int, _ what: String) throws -> ArraySlice<UInt8> {
        guard bytes.count - at >= count else {
            throw ArtifactError(
                "byte \(at) (\(what))", expected: "\(count) more bytes", got: "\(bytes.count - at)")
        }
        defer { at += count }
        return bytes[at..<(at + count)]
    }

    mutating func digest(_ what: String) throws -> Digest {
        let start = at
        guard let digest = Digest(bytes: try take(32, what)) else {
            throw ArtifactError(
                "byte \(start) (\(what))", expected: "eight words below the modulus",
                got: "a larger one")
        }
        return digest
    }

    mutating func number(_ what: String) throws -> UInt32 {
        let start = at
        let n = try take(4, what).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard n < Field.modulus else {
            throw ArtifactError(
                "byte \(start) (\(what))", expected: "a number below the modulus", got: "\(n)")
        }
        return n
    }

    mutating func element(_ what: String) throws -> Extension {
        Extension(limbs: try (0..<5).map { _ in Field(try number(what)) })
    }

    mutating func proof() throws -> Proof {
        let count = Int(try number("proof length"))
        guard count <= ArtifactLimits.proofBytes else {
            throw ArtifactError(
                "proof length", expected: "at most \(ArtifactLimits.proofBytes)", got: "\(count)")
        }
        guard bytes.count - at == count else {
            throw ArtifactError(
                "byte \(at) (proof)", expected: "\(count) bytes to the end",
                got: "\(bytes.count - at)")
        }
        return Proof(bytes: Array(bytes[at...]))
    }
}
