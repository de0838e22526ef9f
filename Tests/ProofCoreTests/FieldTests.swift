// KoalaBear and its quintic extension: the laws of a field, on edge and random values; canonical words; roots of unity.

import ProofCore
import Testing

@Suite struct FieldTests {
    static let p = UInt64(Field.modulus)

    /// 0, 1, 2, the two-adic neighbourhoods, p − 1 and forty random elements.
    static let samples: [Field] = {
        var random = RandomElements(seed: 11)
        let edges: [UInt64] = [
            0, 1, 2, 3, 1 << 23, 1 << 24, (1 << 24) + 1, 1 << 30, p / 2, p / 2 + 1, p - 2, p - 1,
        ]
        return edges.map { Field($0) } + (0..<40).map { _ in random.field() }
    }()

    @Test func arithmetic_is_that_of_integers_modulo_p() {
        for a in Self.samples {
            for b in Self.samples {
                let (x, y) = (UInt64(a.canonical), UInt64(b.canonical))
                #expect(UInt64((a + b).canonical) == (x + y) % Self.p)
                #expect(UInt64((a - b).canonical) == (x + Self.p - y) % Self.p)
                #expect(UInt64((a * b).canonical) == x * y % Self.p)
            }
            #expect(a + (-a) == .zero)
        }
    }

    @Test func montgomery_words_stay_below_p() {
        for a in Self.samples {
            for b in Self.samples {
                for c in [a + b, a - b, a * b, -a] { #expect(c.montgomery < Field.modulus) }
            }
        }
    }

    @Test func canonical_words_round_trip() {
        for a in Self.samples {
            #expect(Field(canonical: a.canonical) == a)
            #expect(Field(UInt64(a.canonical) + 3 * Self.p) == a)
        }
        #expect(Field(Field.modulus) == .zero)
    }

    @Test(arguments: [Field.modulus, Field.modulus + 1, 1 << 31, UInt32.max])
    func refuses_non_canonical_word(_ word: UInt32) { #expect(Field(canonical: word) == nil) }

    @Test func inverse_is_an_inverse_and_zero_has_none() {
        for a in Self.samples where a != .zero { #expect(a * a.inverse == .one) }
        #expect(Field.zero.inverse == .zero)
    }

    @Test func powers_agree_with_products() {
        for a in Self.samples {
            var product = Field.one
            for k in 0..<20 {
                #expect(a.power(UInt64(k)) == product)
                product *= a
            }
            #expect(a.power(Self.p) == a)
        }
    }

    @Test func roots_of_unity_are_primitive_and_nested() {
        #expect(Field.rootOfUnity(0) == .one)
        #expect(Field.rootOfUnity(1) == -Field.one)
        for k in 1...Field.twoAdicity {
            let root = Field.rootOfUnity(k)
            #expect(root.power(1 << UInt64(k)) == .one)
            #expect(root.power(1 << UInt64(k - 1)) == -Field.one)
            #expect(root * root == Field.rootOfUnity(k - 1))
        }
        #expect(Field.rootOfUnity(24) == Field(3).power((Self.p - 1) >> 24))
    }
}

@Suite struct ExtensionTests {
    static let samples: [Extension] = {
        var random = RandomElements(seed: 12)
        let edge = Field(UInt64(Field.modulus) - 1)
        return [
            .zero, .one, .x, -Extension.one, Extension(edge, edge, edge, edge, edge),
            Extension(.zero, .zero, .zero, .zero, .one),
        ] + (0..<12).map { _ in random.extensionElement() }
    }()

    /// The product by polynomial multiplication and long division by X^5 + X^2 − 1.
    private func product(_ a: Extension, _ b: Extension) -> Extension {
        var c = [Field](repeating: .zero, count: 9)
        for i in 0..<5 {
            for j in 0..<5 { c[i + j] += a[i] * b[j] }
        }
        for k in stride(from: 8, through: 5, by: -1) {
            c[k - 5] += c[k]
            c[k - 3] -= c[k]
        }
        return Extension(limbs: c[0..<5])
    }

    @Test func product_is_that_of_polynomials_modulo_the_reduction() {
        for a in Self.samples {
            for b in Self.samples { #expect(a * b == product(a, b)) }
        }
        #expect(Extension.x.power(5) == Extension.one - Extension.x * Extension.x)
    }

    @Test func laws_of_a_commutative_ring() {
        for a in Self.samples {
            #expect(a * .one == a && a + .zero == a && a - a == .zero && -(-a) == a)
            for b in Self.samples {
                #expect(a + b == b + a && a * b == b * a)
                #expect((a + b) - b == a)
                for c in Self.samples.prefix(8) {
                    #expect(a * (b + c) == a * b + a * c)
                    #expect((a * b) * c == a * (b * c))
                }
            }
        }
    }

    @Test func base_operands_act_as_their_embedding() {
        for a in Self.samples {
            for k in FieldTests.samples.prefix(20) {
                #expect(a * k == a * Extension(k))
                #expect(a + k == a + Extension(k))
                #expect(a - k == a - Extension(k))
            }
        }
    }

    @Test func inverse_is_an_inverse_and_zero_has_none() {
        for a in Self.samples where a != .zero { #expect(a * a.inverse == .one) }
        #expect(Extension.zero.inverse == .zero)
    }

    @Test func powers_agree_with_products() {
        for a in Self.samples {
            #expect(a.power(13) == a * a * a * a * a * a * a * a * a * a * a * a * a)
            #expect(a.squared(times: 4) == a.power(16))
            #expect(a.power(0) == .one)
        }
    }

    /// X is no element of a smaller field: X^p ≠ X, and the five conjugates are distinct.
    @Test func conjugates_of_x_are_distinct() {
        var conjugates = [Extension.x]
        for _ in 0..<4 { conjugates.append(conjugates.last!.power(Int(Field.modulus))) }
        #expect(Set(conjugates).count == 5)
        #expect(conjugates.last!.power(Int(Field.modulus)) == .x)
    }

    @Test func limbs_round_trip() {
        for a in Self.samples {
            #expect(Extension(limbs: a.limbs) == a)
            for i in 0..<5 { #expect(a[i] == a.limbs[i]) }
        }
    }
}
