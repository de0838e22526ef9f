import Foundation
import Testing
import Wire

@Suite struct MessageTests {
    @Test(arguments: Samples.all.map(\.name))
    func roundTrip(name: String) throws {
        let message = Samples.all.first { $0.name == name }!.message
        let frame = try Frame(decoding: message.encoded(epoch: 5, correlation: 6))
        #expect(frame.content == .message(message))
        #expect(frame.epoch == 5)
        #expect(frame.correlation == 6)
    }

    @Test func everyTypeHasASample() {
        let sampled = Set(Samples.all.map(\.message.type))
        for type in MessageType.allCases { #expect(sampled.contains(type), "\(type)") }
    }

    /// `Tests/Fixtures/v1/wire/*.hex`: the bytes that version 1 has for ever.
    @Test(arguments: Samples.all.map(\.name))
    func golden(name: String) throws {
        let message = Samples.all.first { $0.name == name }!.message
        let encoded = message.encoded(epoch: 5, correlation: 6)
        let file = Self.fixtures.appendingPathComponent("\(name).hex")
        if ProcessInfo.processInfo.environment["UPDATE_FIXTURES"] == "1" {
            try FileManager.default.createDirectory(
                at: Self.fixtures, withIntermediateDirectories: true)
            try Self.hexadecimal(encoded).write(to: file, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(
            Self.hexadecimal(encoded) == expected,
            "\(file.path) differs; if meant, raise the version or run UPDATE_FIXTURES=1")
        #expect(try Frame(decoding: Self.bytes(expected)).content == .message(message))
    }

    /// The bytes of a zstd frame depend on the library, so this fixture is only decoded.
    @Test func goldenCompressed() throws {
        let message = Message.lease(Self.compressibleLease)
        let file = Self.fixtures.appendingPathComponent("lease-zstd.hex")
        if ProcessInfo.processInfo.environment["UPDATE_FIXTURES"] == "1" {
            try Self.hexadecimal(message.encoded(epoch: 5)).write(
                to: file, atomically: true, encoding: .utf8)
        }
        let bytes = Self.bytes(try String(contentsOf: file, encoding: .utf8))
        #expect(try Frame(decoding: bytes).content == .message(message))
        #expect(try FrameHeader(decoding: Array(bytes[..<40])).isCompressed)
    }

    @Test func zstdOnlyWhereItPays() throws {
        let small = Message.lease(Self.compressibleLease).encoded(epoch: 1)
        #expect(try FrameHeader(decoding: Array(small[..<40])).isCompressed)
        #expect(small.count < 2000)

        var generator = SeededGenerator(state: 1)
        let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let stored = Message.blockProofReply(
            BlockProofReply(
                round: RoundID(1),
                outcome: .proof(Artifact(digest: Samples.digest(1), bytes: noise)))
        ).encoded(epoch: 1)
        let header = try FrameHeader(decoding: Array(stored[..<40]))
        #expect(!header.isCompressed)
        #expect(header.payloadCount == header.rawCount)
    }

    @Test func reasonsAreCutAtACharacter() throws {
        let long = String(repeating: "ä", count: 5000)
        let message = Message.goodbye(Goodbye(reason: long))
        guard
            case .message(.goodbye(let goodbye)) = try Frame(
                decoding: message.encoded(epoch: 0)
            ).content
        else {
            Issue.record("not a goodbye")
            return
        }
        #expect(goodbye.reason == String(long.prefix(WireLimits.reasonBytes / 2)))
    }

    @Test func checksumKnownAnswers() {
        // RFC 3720 B.4.
        #expect(Checksum.crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(Checksum.crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(Checksum.crc32c(0..<32) == 0x46DD_794E)
        #expect(Checksum.crc32c(Array("123456789".utf8)) == 0xE306_9283)
        let first = Checksum.crc32c(Array("12345".utf8))
        #expect(Checksum.crc32c(Array("6789".utf8), continuing: first) == 0xE306_9283)
    }

    static let compressibleLease = Lease(
        lease: LeaseID(1), task: Samples.task, attempt: 1, durationMilliseconds: 1,
        kind: .block, level: 0, index: 0, context: [UInt8](repeating: 7, count: 20_000),
        children: [])

    static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/v1/wire")

    /// 32 bytes a line, so that a change shows where it is.
    static func hexadecimal(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 32).map { start in
            bytes[start..<min(start + 32, bytes.count)].map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
        }.joined(separator: "\n") + "\n"
    }

    static func bytes(_ text: String) -> [UInt8] {
        let digits = Array(text.filter { !$0.isWhitespace })
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0
        }
    }
}
