/// Writes the fields of a body, little endian, in order; `ByteReader` reads them back.
///
/// A list or byte string above its limit is our own bug and a precondition failure: whoever
/// builds a message keeps its limits.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package mutating func integer<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    package mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    package mutating func choice<T: RawRepresentable<UInt8>>(_ value: T) {
        bytes.append(value.rawValue)
    }

    package mutating func byteString(_ value: [UInt8], limit: Int) {
        precondition(value.count <= limit, "\(value.count) bytes, the limit is \(limit)")
        integer(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    /// Writes `value`, cut to the last whole character within `limit` bytes.
    package mutating func text(_ value: String, limit: Int) {
        let kept = value.fitting(utf8Bytes: limit)
        integer(UInt16(kept.utf8.count))
        bytes.append(contentsOf: kept.utf8)
    }

    package mutating func list<T>(
        _ values: [T], limit: Int, _ element: (inout ByteWriter, T) -> Void
    ) {
        precondition(values.count <= limit, "\(values.count) elements, the limit is \(limit)")
        integer(UInt32(values.count))
        for value in values { element(&self, value) }
    }

    package mutating func bytes32<Tag>(_ value: Bytes32<Tag>) {
        bytes.append(contentsOf: value.array)
    }
}

extension String {
    /// The longest prefix of whole characters that takes at most `utf8Bytes` bytes of UTF-8.
    package func fitting(utf8Bytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var kept = ""
        var used = 0
        for character in self {
            used += character.utf8.count
            if used > limit { break }
            kept.append(character)
        }
        return kept
    }
}
