// KoalaBear, the prime field of every circuit: p = 2^31 − 2^24 + 1, two-adicity 24 (PROTOCOL.md section 1).
// Elements are kept in Montgomery form x·2^32 mod p, fully reduced, so that vectors of them are what CKernels works on.

/// An element of KoalaBear.
/// - Invariant: `montgomery < p`.
@frozen
public struct Field: Hashable, Sendable {
    public static let modulus: UInt32 = 0x7f00_0001
    /// The largest k for which a 2^k-th root of unity exists.
    public static let twoAdicity = 24

    @usableFromInline static let inverseOfModulus: UInt32 = 0x8100_0001  // p⁻¹ mod 2^32
    @usableFromInline static let radixSquared: UInt64 = {  // 2^64 mod p
        let r = (UInt64(1) << 32) % UInt64(modulus)
        return r * r % UInt64(modulus)
    }()

    public var montgomery: UInt32

    @inlinable @inline(__always)
    public init(montgomery: UInt32) { self.montgomery = montgomery }

    /// - Precondition: none; the value is reduced modulo p.
    @inlinable
    public init(_ value: UInt64) {
        let reduced = value % UInt64(Field.modulus)
        self.init(montgomery: Field.reduce(reduced * Field.radixSquared))
    }

    @inlinable
    public init(_ value: Int) {
        precondition(value >= 0, "negative field literal")
        self.init(UInt64(value))
    }

    @inlinable
    public init(_ value: UInt32) { self.init(UInt64(value)) }

    /// Reads a canonical word; nil when it is not below p.
    @inlinable
    public init?(canonical word: UInt32) {
        guard word < Field.modulus else { return nil }
        self.init(UInt64(word))
    }

    /// The representative in 0..<p.
    @inlinable
    public var canonical: UInt32 { Field.reduce(UInt64(montgomery)) }

    @inlinable @inline(__always)
    public static var zero: Field { Field(montgomery: 0) }
    @inlinable @inline(__always)
    public static var one: Field { Field(montgomery: 0x01ff_fffe) }  // 2^32 mod p

    /// Montgomery reduction: x·2^−32 mod p for x < p·2^32.
    @inlinable @inline(__always)
    static func reduce(_ x: UInt64) -> UInt32 {
        let quotient = UInt32(truncatingIfNeeded: x) &* inverseOfModulus
        let product = UInt64(quotient) &* UInt64(modulus)
        let difference = Int64(bitPattern: x >> 32) &- Int64(bitPattern: product >> 32)
        return difference < 0
            ? UInt32(truncatingIfNeeded: difference &+ Int64(modulus))
            : UInt32(truncatingIfNeeded: difference)
    }

    @inlinable @inline(__always)
    public static func + (a: Field, b: Field) -> Field {
        let sum = a.montgomery &+ b.montgomery
        return Field(montgomery: min(sum, sum &- modulus))
    }

    @inlinable @inline(__always)
    public static func - (a: Field, b: Field) -> Field {
        let difference = a.montgomery &- b.montgomery
        return Field(montgomery: min(difference, difference &+ modulus))
    }

    @inlinable @inline(__always)
    public static func * (a: Field, b: Field) -> Field {
        Field(montgomery: reduce(UInt64(a.montgomery) &* UInt64(b.montgomery)))
    }

    @inlinable @inline(__always)
    public static prefix func - (a: Field) -> Field { zero - a }
    @inlinable @inline(__always)
    public static func += (a: inout Field, b: Field) { a = a + b }
    @inlinable @inline(__always)
    public static func -= (a: inout Field, b: Field) { a = a - b }
    @inlinable @inline(__always)
    public static func *= (a: inout Field, b: Field) { a = a * b }

    public func power(_ exponent: UInt64) -> Field {
        var result = Field.one
        var base = self
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result *= base }
            base *= base
            rest >>= 1
        }
        return result
    }

    /// The inverse; zero for zero.
    public var inverse: Field { power(UInt64(Field.modulus) - 2) }

    /// ω_k, a primitive 2^k-th root of unity, g = 3.
    /// - Precondition: 0 ≤ k ≤ 24.
    public static func rootOfUnity(_ k: Int) -> Field {
        precondition((0...twoAdicity).contains(k))
        return Field(3).power(UInt64(modulus - 1) >> UInt64(k))
    }
}

extension Field: CustomStringConvertible {
    public var description: String { String(canonical) }
}

extension Field: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self.init(value) }
}
