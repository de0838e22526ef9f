// The quintic extension E = F[X]/(X^5 + X^2 − 1), |E| ≈ 2^154.9 (PROTOCOL.md section 1).

/// An element of E: five limbs, constant term first.
@frozen
public struct Extension: Hashable, Sendable {
    public static let degree = 5

    public var a0: Field, a1: Field, a2: Field, a3: Field, a4: Field

    @inlinable @inline(__always)
    public init(_ a0: Field, _ a1: Field, _ a2: Field, _ a3: Field, _ a4: Field) {
        self.a0 = a0
        self.a1 = a1
        self.a2 = a2
        self.a3 = a3
        self.a4 = a4
    }

    @inlinable @inline(__always)
    public init(_ base: Field) { self.init(base, .zero, .zero, .zero, .zero) }

    /// - Precondition: five limbs from `start`.
    @inlinable
    public init(limbs: some RandomAccessCollection<Field>) {
        precondition(limbs.count == 5)
        var i = limbs.startIndex
        func next() -> Field {
            defer { i = limbs.index(after: i) }
            return limbs[i]
        }
        self.init(next(), next(), next(), next(), next())
    }

    @inlinable
    public var limbs: [Field] { [a0, a1, a2, a3, a4] }

    @inlinable
    public subscript(limb: Int) -> Field {
        switch limb {
        case 0: a0
        case 1: a1
        case 2: a2
        case 3: a3
        default: a4
        }
    }

    @inlinable @inline(__always)
    public static var zero: Extension { Extension(Field.zero) }
    @inlinable @inline(__always)
    public static var one: Extension { Extension(Field.one) }
    /// The generator X.
    public static var x: Extension { Extension(.zero, .one, .zero, .zero, .zero) }

    @inlinable @inline(__always)
    public static func + (a: Extension, b: Extension) -> Extension {
        Extension(a.a0 + b.a0, a.a1 + b.a1, a.a2 + b.a2, a.a3 + b.a3, a.a4 + b.a4)
    }

    @inlinable @inline(__always)
    public static func - (a: Extension, b: Extension) -> Extension {
        Extension(a.a0 - b.a0, a.a1 - b.a1, a.a2 - b.a2, a.a3 - b.a3, a.a4 - b.a4)
    }

    @inlinable @inline(__always)
    public static prefix func - (a: Extension) -> Extension { zero - a }

    /// Schoolbook: coefficient k of the product, then X^5 = 1 − X^2, X^6 = X − X^3, X^7 = X^2 − X^4, X^8 = X^3 + X^2 − 1.
    @inlinable
    public static func * (a: Extension, b: Extension) -> Extension {
        let c0: Field = a.a0 * b.a0
        let c1: Field = a.a0 * b.a1 + a.a1 * b.a0
        let c2: Field = a.a0 * b.a2 + a.a1 * b.a1 + a.a2 * b.a0
        let c3: Field = a.a0 * b.a3 + a.a1 * b.a2 + a.a2 * b.a1 + a.a3 * b.a0
        let c4: Field = a.a0 * b.a4 + a.a1 * b.a3 + a.a2 * b.a2 + a.a3 * b.a1 + a.a4 * b.a0
        let c5: Field = a.a1 * b.a4 + a.a2 * b.a3 + a.a3 * b.a2 + a.a4 * b.a1
        let c6: Field = a.a2 * b.a4 + a.a3 * b.a3 + a.a4 * b.a2
        let c7: Field = a.a3 * b.a4 + a.a4 * b.a3
        let c8: Field = a.a4 * b.a4
        return Extension(c0 + c5 - c8, c1 + c6, c2 - c5 + c7 + c8, c3 - c6 + c8, c4 - c7)
    }

    @inlinable @inline(__always)
    public static func * (a: Extension, b: Field) -> Extension {
        Extension(a.a0 * b, a.a1 * b, a.a2 * b, a.a3 * b, a.a4 * b)
    }

    @inlinable @inline(__always)
    public static func + (a: Extension, b: Field) -> Extension {
        Extension(a.a0 + b, a.a1, a.a2, a.a3, a.a4)
    }

    @inlinable @inline(__always)
    public static func - (a: Extension, b: Field) -> Extension {
        Extension(a.a0 - b, a.a1, a.a2, a.a3, a.a4)
    }

    @inlinable @inline(__always)
    public static func += (a: inout Extension, b: Extension) { a = a + b }
    @inlinable @inline(__always)
    public static func -= (a: inout Extension, b: Extension) { a = a - b }
    @inlinable @inline(__always)
    public static func *= (a: inout Extension, b: Extension) { a = a * b }

    /// self^(2^k)
    public func squared(times k: Int) -> Extension {
        var result = self
        for _ in 0..<k { result *= result }
        return result
    }

    public func power(_ exponent: Int) -> Extension {
        var result = Extension.one
        var base = self
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result *= base }
            base *= base
            rest >>= 1
        }
        return result
    }

    /// The inverse, zero for zero: with N = p + p² + p³ + p⁴, a^N·a is the norm, an element of F.
    public var inverse: Extension {
        // a^p by binary exponentiation is plain and rare enough; conjugates a^(p^k), k = 1…4.
        func frobenius(_ a: Extension) -> Extension { a.power(Int(Field.modulus)) }
        let c1 = frobenius(self)
        let c2 = frobenius(c1)
        let c3 = frobenius(c2)
        let c4 = frobenius(c3)
        let conjugates = c1 * c2 * c3 * c4
        let norm = (conjugates * self).a0
        return conjugates * norm.inverse
    }
}

extension Extension: CustomStringConvertible {
    public var description: String { "(\(a0), \(a1), \(a2), \(a3), \(a4))" }
}
