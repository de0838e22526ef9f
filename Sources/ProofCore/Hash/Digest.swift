/// Eight field elements: the output of every hash of the system, and a statement.
@frozen
public struct Digest: Hashable, Sendable {
    /// Montgomery words. Not one `SIMD8`: Swift 6.3 miscompiles locals of async functions that are aligned to more than 16 bytes.
    @usableFromInline var low: SIMD4<UInt32>
    @usableFromInline var high: SIMD4<UInt32>

    @inlinable
    init(low: SIMD4<UInt32>, high: SIMD4<UInt32>) {
        self.low = low
        self.high = high
    }

    @inlinable
    public static var zero: Digest { Digest(low: .zero, high: .zero) }
    public static let count = 8

    /// - Precondition: eight elements.
    public init(_ limbs: some Collection<Field>) {
        precondition(limbs.count == 8)
        self = .zero
        for (i, limb) in limbs.enumerated() { self[i] = limb }
    }

    @inlinable
    public subscript(i: Int) -> Field {
        get { Field(montgomery: i < 4 ? low[i] : high[i - 4]) }
        set { if i < 4 { low[i] = newValue.montgomery } else { high[i - 4] = newValue.montgomery } }
    }

    public var limbs: [Field] { (0..<8).map { self[$0] } }

    /// 32 bytes, canonical, little endian.
    public var bytes: [UInt8] { limbs.flatMap { $0.canonical.littleEndianBytes } }

    /// nil unless 32 bytes of canonical limbs.
    public init?(bytes: some Collection<UInt8>) {
        let all = Array(bytes)
        guard all.count == 32 else { return nil }
        self = .zero
        for i in 0..<8 {
            let word = UInt32(littleEndianBytes: all[(4 * i)..<(4 * i + 4)])
            guard let limb = Field(canonical: word) else { return nil }
            self[i] = limb
        }
    }

    /// 64 hexadecimal digits of `bytes`.
    public var hex: String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    public init?(hex: String) {
        guard hex.utf8.count == 64 else { return nil }
        var all: [UInt8] = []
        var high: UInt8?
        for character in hex {
            guard character.isASCII, let value = character.hexDigitValue else { return nil }
            if let h = high {
                all.append(h << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        self.init(bytes: all)
    }
}

extension Digest: CustomStringConvertible {
    public var description: String { String(hex.prefix(16)) + "…" }
}

extension UInt32 {
    @inlinable package var littleEndianBytes: [UInt8] {
        [
            UInt8(truncatingIfNeeded: self), UInt8(truncatingIfNeeded: self >> 8),
            UInt8(truncatingIfNeeded: self >> 16), UInt8(truncatingIfNeeded: self >> 24),
        ]
    }

    @inlinable package init(littleEndianBytes b: ArraySlice<UInt8>) {
        let i = b.startIndex
        self =
            UInt32(b[i]) | UInt32(b[i + 1]) << 8 | UInt32(b[i + 2]) << 16 | UInt32(b[i + 3]) << 24
    }
}
