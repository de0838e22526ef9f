/// The 40 bytes before every body, little endian:
///
///     0 magic "PRTH"   4 version   6 type      8 flags     10 reserved, zero
///    12 payload length (as sent)  16 raw length (after decompression)
///    20 epoch         28 correlation          36 CRC-32C of bytes 0..<36 and of the payload
package struct FrameHeader: Equatable, Sendable {
    package static let byteCount = 40
    package static let magic: UInt32 = 0x4854_5250
    /// Flag bit 0: the payload is zstd. Clear: the payload is the body, "stored".
    static let zstdFlag: UInt16 = 1

    package let type: UInt16
    package let isCompressed: Bool
    package let payloadCount: Int
    package let rawCount: Int
    /// The coordinator incarnation that the sender believes in; 0 before it knows one.
    package let epoch: UInt64
    /// Chosen by whoever asks, echoed by the answer; 0 when nobody waits.
    package let correlation: UInt64
    let checksum: UInt32
}

extension FrameHeader {
    /// Reads and checks a header; nothing that depends on its lengths is allocated before.
    /// - Parameter maximumPayload: the bound for both lengths, lower for unknown peers.
    package init(
        decoding bytes: [UInt8], maximumPayload: Int = WireLimits.framePayload
    ) throws(WireError) {
        var reader = ByteReader(bytes)
        let magic: UInt32 = try reader.integer("frame.magic")
        guard magic == Self.magic else { throw .magic(got: magic) }
        let version: UInt16 = try reader.integer("frame.version")
        guard version == WireLimits.protocolVersion else {
            throw .version(expected: WireLimits.protocolVersion, got: version)
        }
        type = try reader.integer("frame.type")
        let flags: UInt16 = try reader.integer("frame.flags")
        guard flags <= Self.zstdFlag else {
            throw .value(place: "frame.flags", expected: "0 or 1", got: UInt64(flags))
        }
        isCompressed = flags == Self.zstdFlag
        let reserved: UInt16 = try reader.integer("frame.reserved")
        guard reserved == 0 else {
            throw .value(place: "frame.reserved", expected: "0", got: UInt64(reserved))
        }
        payloadCount = Int(try reader.integer(UInt32.self, "frame.payload"))
        rawCount = Int(try reader.integer(UInt32.self, "frame.raw"))
        guard payloadCount <= maximumPayload else {
            throw .limit(place: "frame.payload", limit: maximumPayload, got: payloadCount)
        }
        guard rawCount <= maximumPayload else {
            throw .limit(place: "frame.raw", limit: maximumPayload, got: rawCount)
        }
        guard isCompressed ? payloadCount < rawCount : payloadCount == rawCount else {
            throw .value(
                place: "frame.raw",
                expected: isCompressed ? "above \(payloadCount)" : "\(payloadCount)",
                got: UInt64(rawCount))
        }
        epoch = try reader.integer("frame.epoch")
        correlation = try reader.integer("frame.correlation")
        checksum = try reader.integer("frame.checksum")
        try reader.finish("frame.header")
    }

    /// The first 36 bytes: what the checksum covers besides the payload.
    private var covered: [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.integer(Self.magic)
        writer.integer(WireLimits.protocolVersion)
        writer.integer(type)
        writer.integer(isCompressed ? Self.zstdFlag : 0)
        writer.integer(UInt16(0))
        writer.integer(UInt32(payloadCount))
        writer.integer(UInt32(rawCount))
        writer.integer(epoch)
        writer.integer(correlation)
        return writer.bytes
    }

    /// The body behind this header: checked against the checksum, then decompressed.
    package func body(of payload: [UInt8]) throws(WireError) -> [UInt8] {
        guard payload.count == payloadCount else {
            throw .truncated(
                place: "frame.payload", needed: payloadCount, available: payload.count)
        }
        let got = Checksum.crc32c(payload, continuing: Checksum.crc32c(covered))
        guard got == checksum else { throw .checksum(expected: checksum, got: got) }
        guard isCompressed else { return payload }
        return try Compression.decompressed(payload, rawCount: rawCount)
    }

    /// Header and payload of `body`, compressed when that makes it smaller.
    static func encode(
        type: UInt16, body: [UInt8], epoch: UInt64, correlation: UInt64
    ) -> [UInt8] {
        precondition(body.count <= WireLimits.framePayload, "a message keeps its limits")
        let compressed = Compression.compressed(body)
        let payload = compressed ?? body
        let header = FrameHeader(
            type: type, isCompressed: compressed != nil, payloadCount: payload.count,
            rawCount: body.count, epoch: epoch, correlation: correlation, checksum: 0)
        let covered = header.covered
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.integer(Checksum.crc32c(payload, continuing: Checksum.crc32c(covered)))
        return covered + writer.bytes + payload
    }
}

/// One decoded frame. A type that this version does not know is skipped, not refused: a newer
/// peer may say more than we understand.
package struct Frame: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        case message(Message)
        case unknown(type: UInt16)
    }

    package let epoch: UInt64
    package let correlation: UInt64
    package let content: Content

    /// - Parameter payload: the `header.payloadCount` bytes that followed the header.
    package init(header: FrameHeader, payload: [UInt8]) throws(WireError) {
        let body = try header.body(of: payload)
        epoch = header.epoch
        correlation = header.correlation
        if let type = MessageType(rawValue: header.type) {
            content = .message(try Message(type: type, body: body))
        } else {
            content = .unknown(type: header.type)
        }
    }

    /// A whole frame from exactly its bytes.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        guard bytes.count >= FrameHeader.byteCount else {
            throw .truncated(
                place: "frame.header", needed: FrameHeader.byteCount, available: bytes.count)
        }
        let header = try FrameHeader(decoding: Array(bytes[..<FrameHeader.byteCount]))
        let payload = Array(bytes[FrameHeader.byteCount...])
        guard payload.count <= header.payloadCount else {
            throw .trailing(place: "frame", extra: payload.count - header.payloadCount)
        }
        try self.init(header: header, payload: payload)
    }
}
