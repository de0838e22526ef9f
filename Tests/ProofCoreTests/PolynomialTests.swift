// Multilinear helpers against their definitions, with one thread and with several; the pool.

import ProofCore
import Synchronization
import Testing

@Suite struct PolynomialTests {
    private func randomVector(_ count: Int, seed: UInt64) -> ExtensionVector {
        var random = RandomElements(seed: seed)
        return ExtensionVector((0..<count).map { _ in random.extensionElement() })
    }

    /// eq(z, b), bit by bit; variable 1 is the most significant.
    private func eqByDefinition(_ z: [Extension], _ b: Int) -> Extension {
        var product = Extension.one
        for (j, x) in z.enumerated() {
            product *= (b >> (z.count - 1 - j)) & 1 == 1 ? x : Extension.one - x
        }
        return product
    }

    @Test(arguments: [1, 3]) func eq_tables_are_their_definition(threads: Int) {
        let z = randomVector(14, seed: 1).elements
        let tables = EqTables(z, pool: Pool(threads: threads))
        for count in 0...14 {
            let table = tables.last(count)
            #expect(table.count == 1 << count)
            for b in stride(from: 0, to: table.count, by: max(1, table.count / 97)) {
                #expect(table[b] == eqByDefinition(Array(z.suffix(count)), b))
            }
        }
        #expect(tables.after(3).elements == tables.last(11).elements)
        #expect(eq(bits: 1234, z) == eqByDefinition(z, 1234))
        #expect(
            eq(z, (0..<14).map { (1234 >> (13 - $0)) & 1 == 1 ? Extension.one : .zero })
                == eqByDefinition(z, 1234))
    }

    @Test(arguments: [(2, 1), (64, 1), (1 << 14, 1), (1 << 15, 3)])
    func folds_are_their_definition(count: Int, threads: Int) {
        let pool = Pool(threads: threads)
        let f = randomVector(count, seed: 2)
        let r = randomVector(1, seed: 3)[0]
        let half = count / 2
        let folded = f.folded(at: r, pool: pool)
        let base = BaseVector(f.elements.map(\.a0))
        let foldedBase = base.folded(at: r, pool: pool)
        for i in 0..<half {
            #expect(folded[i] == f[i] + r * (f[half + i] - f[i]))
            #expect(foldedBase[i] == r * (base[half + i] - base[i]) + base[i])
        }
    }

    @Test func evaluation_folds_to_a_constant() {
        let f = randomVector(1 << 6, seed: 4)
        let point = randomVector(6, seed: 5).elements
        var g = f
        for x in point { g = g.folded(at: x) }
        #expect(f.evaluate(at: point) == g[0])
    }

    @Test func powers_polynomial_extends_powers() {
        let a = randomVector(1, seed: 6)[0]
        let point = randomVector(5, seed: 7).elements
        let powers = ExtensionVector.powers(of: a, count: 32)
        for i in 0..<32 { #expect(powers[i] == a.power(i)) }
        #expect(powersPolynomial(a, at: point) == powers.evaluate(at: point))
        #expect(powersPolynomial(a.a0, at: point) == powersPolynomial(Extension(a.a0), at: point))
    }
}

@Suite struct PoolTests {
    private final class Counter: Sendable { let value = Atomic<Int>(0) }

    @Test(arguments: [1, 2, 5]) func every_index_runs_once(threads: Int) {
        let pool = Pool(threads: threads)
        for count in [0, 1, 2, 3, 100, 4096] {
            let marks = BaseVector(count: count)
            for _ in 0..<50 { pool.forEach(count) { marks.words[$0] += 1 } }
            #expect((0..<count).allSatisfy { marks.words[$0] == 50 })
        }
    }

    @Test func ranges_cover_in_multiples_of_the_grain() {
        let pool = Pool(threads: 2)
        for count in [0, 1, 255, 256, 257, 100_000] {
            let marks = BaseVector(count: count)
            pool.forEachRange(count, grain: 256) { range in
                precondition(range.lowerBound % 256 == 0 && !range.isEmpty)
                for i in range { marks.words[i] += 1 }
            }
            #expect((0..<count).allSatisfy { marks.words[$0] == 1 })
        }
    }

    @Test func regions_may_nest() {
        let pool = Pool(threads: 2)
        let counter = Counter()
        pool.forEach(10) { _ in
            pool.forEach(10) { counter.value.wrappingAdd($0, ordering: .relaxed) }
        }
        #expect(counter.value.load(ordering: .relaxed) == 450)
    }

    @Test func pools_end_while_their_helpers_sleep_or_spin() {
        for i in 0..<200 {
            let pool = Pool(threads: 3)
            if i % 2 == 0 { pool.forEach(4) { _ in } }
        }
    }
}
