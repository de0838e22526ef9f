/// 32 opaque bytes that name something. `Tag` says what, so that an artifact's digest is never
/// mistaken for a circuit's fingerprint.
package struct Bytes32<Tag>: Hashable, Sendable {
    /// Four little-endian words: no allocation, and hashing is cheap. Not a `SIMD4`: its 32-byte
    /// alignment breaks the frames of async functions that hold one (Swift 6.3.1, "freed pointer
    /// was not the last allocation").
    private let a, b, c, d: UInt64

    /// `nil` unless there are exactly 32 bytes.
    package init?(exactly bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.enumerated() {
            words[index / 8] |= UInt64(byte) << UInt64(8 * (index % 8))
        }
        (a, b, c, d) = (words[0], words[1], words[2], words[3])
    }

    package static var zero: Self { Self(exactly: [UInt8](repeating: 0, count: 32))! }

    package var array: [UInt8] {
        [a, b, c, d].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
        }
    }

    /// 64 lower-case hexadecimal digits.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = array.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Bytes32: CustomStringConvertible {
    /// The first eight hexadecimal digits: enough to tell two apart in a log line.
    package var description: String { String(hexadecimal.prefix(8)) }
}

package enum ArtifactTag: Sendable {}
package enum CircuitTag: Sendable {}
package enum WorkerTag: Sendable {}

/// SHA-256 of an artifact's bytes. Wire only carries it; `Transport` computes and checks it.
package typealias ArtifactDigest = Bytes32<ArtifactTag>
/// Digest of a circuit's verifier data, as the prover publishes it.
package typealias CircuitFingerprint = Bytes32<CircuitTag>
/// What a worker process calls itself across reconnects. Self-declared until workers have
/// certificates, so it is a hint for fairness and quarantine and never an authority.
package typealias WorkerIdentity = Bytes32<WorkerTag>

/// A round: the aggregation of one batch of end caps. Numbered from 1; 0 means "the current one".
package struct RoundID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package static let current = RoundID(0)
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "\(rawValue)" }
}

/// A node's place in the list of its round's plan.
package struct NodeID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt32
    package init(_ rawValue: UInt32) { self.rawValue = rawValue }
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "\(rawValue)" }
}

/// The right of one worker to run one task until an instant. Unique within an epoch.
package struct LeaseID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "\(rawValue)" }
}

/// One connection of one worker; a worker that reconnects gets a new one.
package struct WorkerID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "\(rawValue)" }
}

/// A node of a round.
package struct TaskID: Hashable, Sendable, CustomStringConvertible {
    package let round: RoundID
    package let node: NodeID

    package init(round: RoundID, node: NodeID) {
        self.round = round
        self.node = node
    }

    package var description: String { "\(round)/\(node)" }
}

/// A proof or an end cap: opaque bytes, and the digest that names them.
package struct Artifact: Hashable, Sendable {
    package let digest: ArtifactDigest
    package let bytes: [UInt8]

    package init(digest: ArtifactDigest, bytes: [UInt8]) {
        self.digest = digest
        self.bytes = bytes
    }
}

/// A point on one machine's monotonic clock. It never crosses the wire; it lives here because
/// the state machines on both ends take the time as an argument and import no clock.
package struct Instant: Hashable, Comparable, Sendable {
    package let nanoseconds: UInt64
    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    package static func + (instant: Self, span: Span) -> Self {
        Self(nanoseconds: instant.nanoseconds &+ span.nanoseconds)
    }

    /// The span since `earlier`, zero when `earlier` is later.
    package func since(_ earlier: Instant) -> Span {
        Span(nanoseconds: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0)
    }
}

/// A length of time, to the nanosecond.
package struct Span: Hashable, Comparable, Sendable {
    package let nanoseconds: UInt64
    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static let zero = Span(nanoseconds: 0)
    package static func microseconds(_ count: UInt64) -> Span { Span(nanoseconds: count * 1000) }
    package static func milliseconds(_ count: UInt64) -> Span {
        Span(nanoseconds: count * 1_000_000)
    }
    package static func seconds(_ count: UInt64) -> Span {
        Span(nanoseconds: count * 1_000_000_000)
    }

    package var seconds: Double { Double(nanoseconds) / 1e9 }
    package var wholeMilliseconds: UInt64 { nanoseconds / 1_000_000 }

    package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
    package static func + (a: Self, b: Self) -> Self {
        Self(nanoseconds: a.nanoseconds &+ b.nanoseconds)
    }
    /// Zero when `b` is longer than `a`.
    package static func - (a: Self, b: Self) -> Self {
        Self(nanoseconds: a.nanoseconds > b.nanoseconds ? a.nanoseconds - b.nanoseconds : 0)
    }
    package static func * (a: Self, factor: UInt64) -> Self {
        Self(nanoseconds: a.nanoseconds &* factor)
    }
}
