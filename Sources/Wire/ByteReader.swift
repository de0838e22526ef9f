/// Reads the fields of a body, little endian, in order. Throws `WireError`, never traps.
package struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    package init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    package var remaining: Int { bytes.endIndex - position }

    private mutating func take(
        _ count: Int, _ place: @autoclosure () -> String
    ) throws(WireError) -> ArraySlice<UInt8> {
        guard count <= remaining else {
            throw .truncated(place: place(), needed: count, available: remaining)
        }
        defer { position += count }
        return bytes[position..<position + count]
    }

    package mutating func integer<T: FixedWidthInteger & UnsignedInteger>(
        _ type: T.Type, _ place: @autoclosure () -> String
    ) throws(WireError) -> T {
        let field = try take(T.bitWidth / 8, place())
        var value: T = 0
        for byte in field.reversed() { value = (value << 8) | T(byte) }
        return value
    }

    package mutating func integer<T: FixedWidthInteger & UnsignedInteger>(
        _ place: @autoclosure () -> String
    ) throws(WireError) -> T {
        try integer(T.self, place())
    }

    /// A canonical boolean: one byte, 0 or 1.
    package mutating func flag(_ place: @autoclosure () -> String) throws(WireError) -> Bool {
        let byte = try integer(UInt8.self, place())
        guard byte <= 1 else {
            throw .value(place: place(), expected: "0 or 1", got: UInt64(byte))
        }
        return byte == 1
    }

    /// One byte that names a case of `T`.
    package mutating func choice<T: RawRepresentable<UInt8> & CaseIterable>(
        _ type: T.Type, _ place: @autoclosure () -> String
    ) throws(WireError) -> T {
        let byte = try integer(UInt8.self, place())
        guard let value = T(rawValue: byte) else {
            let known = T.allCases.map { "\($0.rawValue)" }.joined(separator: ", ")
            throw .value(place: place(), expected: "one of \(known)", got: UInt64(byte))
        }
        return value
    }

    package mutating func choice<T: RawRepresentable<UInt8> & CaseIterable>(
        _ place: @autoclosure () -> String
    ) throws(WireError) -> T {
        try choice(T.self, place())
    }

    /// A 32-bit length and as many bytes.
    package mutating func byteString(
        limit: Int, _ place: @autoclosure () -> String
    ) throws(WireError) -> [UInt8] {
        let count = try integer(UInt32.self, place())
        guard count <= limit else {
            throw .limit(place: place(), limit: limit, got: Int(count))
        }
        return Array(try take(Int(count), place()))
    }

    /// A 16-bit length and as many bytes of UTF-8.
    package mutating func text(
        limit: Int, _ place: @autoclosure () -> String
    ) throws(WireError) -> String {
        let count = try integer(UInt16.self, place())
        guard count <= limit else {
            throw .limit(place: place(), limit: limit, got: Int(count))
        }
        guard let text = String(validating: try take(Int(count), place()), as: UTF8.self) else {
            throw .text(place: place())
        }
        return text
    }

    /// A 32-bit count and as many elements. The count is checked against its limit and against
    /// the bytes that are left before anything is allocated.
    /// - Parameter elementBytes: the fewest bytes one element takes, at least 1.
    package mutating func list<T>(
        limit: Int, elementBytes: Int, _ place: @autoclosure () -> String,
        _ element: (inout ByteReader) throws(WireError) -> T
    ) throws(WireError) -> [T] {
        let count = Int(try integer(UInt32.self, place()))
        guard count <= limit else { throw .limit(place: place(), limit: limit, got: count) }
        guard count * elementBytes <= remaining else {
            throw .truncated(
                place: place(), needed: count * elementBytes, available: remaining)
        }
        var result: [T] = []
        result.reserveCapacity(count)
        for _ in 0..<count { result.append(try element(&self)) }
        return result
    }

    package mutating func bytes32<Tag>(
        _ place: @autoclosure () -> String
    ) throws(WireError) -> Bytes32<Tag> {
        let field = try take(32, place())
        return Bytes32(exactly: field)!  // `take` gave exactly 32 bytes.
    }

    /// A body ends exactly at the end.
    package func finish(_ place: @autoclosure () -> String) throws(WireError) {
        guard remaining == 0 else { throw .trailing(place: place(), extra: remaining) }
    }
}
