/// Why bytes are not a frame or a message of this protocol.
///
/// Each case carries the place (`Lease.children.bytes`), what was expected and what was got.
/// A decoder throws these and nothing else, and traps on no bytes whatever.
package enum WireError: Error, Equatable, Sendable {
    /// The first four bytes are not `PRTH`: the peer speaks another protocol.
    case magic(got: UInt32)
    /// The peer speaks another version of this protocol.
    case version(expected: UInt16, got: UInt16)
    /// A length or count is above its declared limit.
    case limit(place: String, limit: Int, got: Int)
    /// The bytes end before the field does.
    case truncated(place: String, needed: Int, available: Int)
    /// The body goes on after its last field.
    case trailing(place: String, extra: Int)
    /// A field holds a value that its type does not have.
    case value(place: String, expected: String, got: UInt64)
    /// A text field is not UTF-8.
    case text(place: String)
    /// The bytes were changed on their way.
    case checksum(expected: UInt32, got: UInt32)
    /// A body flagged as zstd does not decompress to the length that its header declares.
    case compression(reason: String)
}

extension WireError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .magic(let got):
            return "frame magic: expected 0x48545250 (PRTH), got 0x\(String(got, radix: 16))"
        case .version(let expected, let got):
            return "protocol version: expected \(expected), got \(got)"
        case .limit(let place, let limit, let got):
            return "\(place): expected at most \(limit), got \(got)"
        case .truncated(let place, let needed, let available):
            return "\(place): expected \(needed) bytes, got \(available)"
        case .trailing(let place, let extra):
            return "\(place): expected the end, got \(extra) more bytes"
        case .value(let place, let expected, let got):
            return "\(place): expected \(expected), got \(got)"
        case .text(let place):
            return "\(place): expected UTF-8 text, got other bytes"
        case .checksum(let expected, let got):
            return "frame checksum: expected 0x\(String(expected, radix: 16)), "
                + "got 0x\(String(got, radix: 16))"
        case .compression(let reason):
            return "compressed body: \(reason)"
        }
    }
}
