import Testing
import Wire

@Suite struct TamperTests {
    static let frame = Message.heartbeat(
        Heartbeat(sequence: 8, leases: [.init(lease: LeaseID(21), permille: 420)])
    ).encoded(epoch: 5, correlation: 6)

    private func expectError(
        _ bytes: [UInt8], _ expected: (WireError) -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do throws(WireError) {
            _ = try Frame(decoding: bytes)
            Issue.record("accepted", sourceLocation: sourceLocation)
        } catch {
            #expect(expected(error), "\(error)", sourceLocation: sourceLocation)
        }
    }

    private func changed(_ offset: Int, to byte: UInt8) -> [UInt8] {
        var bytes = Self.frame
        bytes[offset] = byte
        return bytes
    }

    @Test func rejects_other_magic() {
        expectError(changed(0, to: 0x47)) { if case .magic = $0 { true } else { false } }
    }

    @Test func rejects_other_version() {
        expectError(changed(4, to: 9)) { $0 == .version(expected: 1, got: 9) }
    }

    @Test func skips_unknown_type() throws {
        // Only the type is unknown: the checksum must fit, so it is written by hand.
        var bytes = changed(6, to: 200)
        let crc = Checksum.crc32c(Array(bytes[40...]), continuing: Checksum.crc32c(bytes[..<36]))
        for index in 0..<4 { bytes[36 + index] = UInt8(truncatingIfNeeded: crc >> (8 * index)) }
        #expect(try Frame(decoding: bytes).content == .unknown(type: 200))
    }

    @Test func rejects_unknown_flag() {
        expectError(changed(8, to: 2)) {
            if case .value("frame.flags", _, 2) = $0 { true } else { false }
        }
    }

    @Test func rejects_reserved_bits() {
        expectError(changed(10, to: 1)) {
            if case .value("frame.reserved", _, 1) = $0 { true } else { false }
        }
    }

    @Test func rejects_payload_above_limit() {
        expectError(changed(15, to: 0xFF)) {
            if case .limit("frame.payload", WireLimits.framePayload, _) = $0 { true } else { false }
        }
    }

    @Test func rejects_raw_length_above_limit() {
        expectError(changed(19, to: 0xFF)) {
            if case .limit("frame.raw", _, _) = $0 { true } else { false }
        }
    }

    @Test func rejects_stored_with_two_lengths() {
        expectError(changed(16, to: 1)) {
            if case .value("frame.raw", _, _) = $0 { true } else { false }
        }
    }

    @Test func rejects_changed_epoch() {
        expectError(changed(20, to: 9)) { if case .checksum = $0 { true } else { false } }
    }

    @Test func rejects_changed_payload() {
        expectError(changed(41, to: 9)) { if case .checksum = $0 { true } else { false } }
    }

    @Test func rejects_truncated_frame() {
        for count in 0..<Self.frame.count {
            expectError(Array(Self.frame[..<count])) {
                if case .truncated = $0 { true } else { false }
            }
        }
    }

    @Test func rejects_extended_frame() {
        expectError(Self.frame + [0]) { $0 == .trailing(place: "frame", extra: 1) }
    }

    /// A body that ends early, goes on, or has a list longer than its bytes, under a valid frame.
    @Test func rejects_bodies_of_another_length() throws {
        for (name, message) in Samples.all {
            let body = Array(message.encoded(epoch: 0)[40...])
            if body.isEmpty { continue }
            for count in stride(from: 0, to: body.count, by: 1) {
                let frame = Self.reframed(message.type, Array(body[..<count]))
                #expect(throws: WireError.self, "\(name) cut at \(count)") {
                    try Frame(decoding: frame)
                }
            }
            expectError(Self.reframed(message.type, body + [0])) {
                $0 == .trailing(place: "\(message.type)", extra: 1)
            }
        }
    }

    @Test func rejects_lists_above_their_limit() {
        let many: [UInt8] = [9, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F]
        expectError(Self.reframed(.heartbeat, many)) {
            $0 == .limit(place: "Heartbeat.leases", limit: 256, got: 0x7FFF_FFFF)
        }
    }

    @Test func rejects_text_that_is_not_utf8() {
        expectError(Self.reframed(.goodbye, [2, 0, 0xC3, 0x28])) {
            $0 == .text(place: "Goodbye.reason")
        }
    }

    @Test func rejects_unknown_enum_value() {
        expectError(Self.reframed(.cancel, [1, 0, 0, 0, 0, 0, 0, 0, 77])) {
            $0 == .value(place: "Cancel.cause", expected: "one of 1, 2, 3", got: 77)
        }
    }

    /// A zstd body whose frame declares another size than the header does.
    @Test func rejects_decompression_to_another_length() {
        var bytes = Message.lease(MessageTests.compressibleLease).encoded(epoch: 0)
        bytes[16] ^= 1
        Self.fixChecksum(&bytes)
        expectError(bytes) { if case .compression = $0 { true } else { false } }
    }

    /// Every single-byte change of every message either decodes to something or throws. With the
    /// checksum fixed up, so that the body decoders see the bytes.
    @Test func mutationsThrowAndNeverTrap() {
        var generator = SeededGenerator(state: 2026)
        var refused = 0
        for (_, message) in Samples.all + [("zstd", .lease(MessageTests.compressibleLease))] {
            let original = message.encoded(epoch: 1, correlation: 2)
            for _ in 0..<2000 {
                var bytes = original
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let offset = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0..<5, using: &generator) {
                    case 0: bytes.remove(at: offset)
                    case 1: bytes.insert(.random(in: 0...255, using: &generator), at: offset)
                    case 2: bytes[offset] = 0xFF
                    default: bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                    }
                    if bytes.count < 41 { break }
                }
                if bytes.count >= 40, Bool.random(using: &generator) {
                    Self.fixLengths(&bytes)
                    Self.fixChecksum(&bytes)
                }
                do throws(WireError) { _ = try Frame(decoding: bytes) } catch { refused += 1 }
            }
        }
        #expect(refused > 10_000)
    }

    @Test func noiseThrowsAndNeverTraps() {
        var generator = SeededGenerator(state: 7)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0..<200, using: &generator)
            let body = (0..<count).map { _ in
                Bool.random(using: &generator)
                    ? UInt8.random(in: 0...255, using: &generator) : 0
            }
            let type = MessageType.allCases.randomElement(using: &generator)!
            _ = try? Frame(decoding: Self.reframed(type, body))
            _ = try? Frame(decoding: body)
        }
    }

    static func reframed(_ type: MessageType, _ body: [UInt8]) -> [UInt8] {
        var bytes = Message.fleetStatusQuery(FleetStatusQuery()).encoded(epoch: 0) + body
        bytes[6] = UInt8(type.rawValue)
        fixLengths(&bytes)
        fixChecksum(&bytes)
        return bytes
    }

    static func fixLengths(_ bytes: inout [UInt8]) {
        let count = UInt32(bytes.count - 40)
        for index in 0..<4 { bytes[12 + index] = UInt8(truncatingIfNeeded: count >> (8 * index)) }
        if bytes[8] == 0 { bytes.replaceSubrange(16..<20, with: bytes[12..<16]) }
    }

    static func fixChecksum(_ bytes: inout [UInt8]) {
        let crc = Checksum.crc32c(Array(bytes[40...]), continuing: Checksum.crc32c(bytes[..<36]))
        for index in 0..<4 { bytes[36 + index] = UInt8(truncatingIfNeeded: crc >> (8 * index)) }
    }
}
