// Every kernel against its definition in Swift, on every instruction set of the machine, at lengths with every kind of tail.

import CKernels
import ProofCore
import Testing

/// Suites that force an instruction set run one after another.
@Suite(.serialized) struct KernelSuites {}

extension KernelSuites {
    @Suite(.serialized) struct VectorKernelTests {
        private func onEverySet(_ body: (_ n: Int, _ random: inout RandomElements) -> Void) {
            for set in InstructionSet.available {
                InstructionSet.with(set) {
                    for n in kernelLengths {
                        var random = RandomElements(seed: UInt64(n))
                        body(n, &random)
                    }
                }
            }
        }

        @Test func portable_is_available_and_forcing_names_it() {
            #expect(InstructionSet.available.contains(KB_PORTABLE))
            InstructionSet.with(KB_PORTABLE) {
                #expect(String(cString: kb_instruction_set_name()) == "portable")
            }
            #expect(kb_force_instruction_set(17) == -1)
            #expect(kb_force_instruction_set(-1) == -1)
        }

        @Test func conversions_are_their_definition() {
            onEverySet { n, random in
                let a = random.fields(n)
                var out = [UInt32](repeating: 0, count: n)
                kb_to_montgomery(a.map(\.canonical), &out, n)
                #expect(out == a.words)
                kb_from_montgomery(a.words, &out, n)
                #expect(out == a.map(\.canonical))
            }
        }

        @Test func base_arithmetic_is_its_definition() {
            onEverySet { n, random in
                let (a, b) = (random.fields(n), random.fields(n))
                var out = [UInt32](repeating: 0, count: n)
                kb_add(a.words, b.words, &out, n)
                #expect(out == zip(a, b).map { $0 + $1 }.words)
                kb_sub(a.words, b.words, &out, n)
                #expect(out == zip(a, b).map { $0 - $1 }.words)
                kb_mul(a.words, b.words, &out, n)
                #expect(out == zip(a, b).map { $0 * $1 }.words)
            }
        }

        @Test func extension_arithmetic_is_its_definition() {
            onEverySet { n, random in
                let (x, y, base) = (random.elements(n), random.elements(n), random.fields(n))
                let s = random.elements(1)[0]
                let (a, b) = (Planes(x), Planes(y, spare: 7))
                var out = Planes(count: n, spare: 1)
                kb_ext_mul(a.words, a.stride, b.words, b.stride, &out.words, out.stride, n)
                #expect(out.elements == zip(x, y).map { $0 * $1 } && out.isClean)
                s.withWords { kb_ext_scale($0, a.words, a.stride, &out.words, out.stride, n) }
                #expect(out.elements == x.map { s * $0 } && out.isClean)
                var sum = Planes(y)
                s.withWords { kb_ext_scale_add($0, a.words, a.stride, &sum.words, sum.stride, n) }
                #expect(sum.elements == zip(x, y).map { $1 + s * $0 } && sum.isClean)
                sum = Planes(y)
                s.withWords { kb_base_scale_add($0, base.words, &sum.words, sum.stride, n) }
                #expect(sum.elements == zip(base, y).map { $1 + s * $0 } && sum.isClean)
            }
        }

        @Test func dots_are_their_definition() {
            onEverySet { n, random in
                let (base, x, y) = (random.fields(n), random.elements(n), random.elements(n))
                let (a, b) = (Planes(x), Planes(y, spare: 5))
                let mixed = Extension { kb_base_ext_dot(base.words, b.words, b.stride, n, $0) }
                #expect(mixed == zip(base, y).reduce(Extension.zero) { $0 + $1.1 * $1.0 })
                let both = Extension { kb_ext_ext_dot(a.words, a.stride, b.words, b.stride, n, $0) }
                #expect(both == zip(x, y).reduce(Extension.zero) { $0 + $1.0 * $1.1 })
            }
        }

        @Test func folds_are_their_definition() {
            onEverySet { n, random in
                let (base, x) = (random.fields(2 * n), random.elements(2 * n))
                let r = random.elements(1)[0]
                var out = Planes(count: n)
                r.withWords { kb_fold_base(base.words, n, $0, &out.words, out.stride) }
                #expect(
                    out.elements == (0..<n).map { r * (base[n + $0] - base[$0]) + base[$0] }
                        && out.isClean)
                let expected = (0..<n).map { x[$0] + r * (x[n + $0] - x[$0]) }
                var f = Planes(x)
                r.withWords { kb_fold_ext(f.words, f.stride, n, $0, &out.words, out.stride) }
                #expect(out.elements == expected && out.isClean)
                f.words.withUnsafeMutableBufferPointer { p in
                    r.withWords {
                        kb_fold_ext(p.baseAddress!, n * 2 + 3, n, $0, p.baseAddress!, n * 2 + 3)
                    }
                }
                #expect(Array(f.elements[..<n]) == expected)
            }
        }

        @Test func eq_doubling_is_its_definition() {
            onEverySet { n, random in
                let x = random.elements(n)
                let z = random.elements(1)[0]
                let e = Planes(x)
                var out = Planes(count: 2 * n)
                z.withWords { kb_eq_double(e.words, e.stride, n, $0, &out.words, out.stride) }
                #expect(
                    out.elements == x.map { (Extension.one - z) * $0 } + x.map { z * $0 }
                        && out.isClean)
            }
        }

        @Test func product_rounds_are_their_definition() {
            onEverySet { n, random in
                let (base, x, y) = (
                    random.fields(2 * n), random.elements(2 * n), random.elements(2 * n)
                )
                let (f, w) = (Planes(x), Planes(y, spare: 6))
                func expected(_ f: [Extension]) -> (Extension, Extension) {
                    (0..<n).reduce((.zero, .zero)) { sums, i in
                        (sums.0 + f[i] * y[i], sums.1 + (f[n + i] - f[i]) * (y[n + i] - y[i]))
                    }
                }
                let overBase = Extension.pair {
                    kb_product_round_base(base.words, w.words, w.stride, n, $0, $1)
                }
                #expect(overBase == expected(base.map { Extension($0) }))
                let over = Extension.pair {
                    kb_product_round_ext(f.words, f.stride, w.words, w.stride, n, $0, $1)
                }
                #expect(over == expected(x))
            }
        }

        @Test func powers_are_their_definition() {
            onEverySet { n, random in
                let y = random.elements(n)
                let (s, a, z) = (random.elements(1)[0], random.elements(1)[0], random.fields(1)[0])
                var w = Planes(y)
                s.withWords { kb_powers_add_base($0, z.montgomery, &w.words, w.stride, n) }
                #expect(w.elements == (0..<n).map { y[$0] + s * z.power(UInt64($0)) } && w.isClean)
                w = Planes(y)
                s.withWords { s in a.withWords { kb_powers_add_ext(s, $0, &w.words, w.stride, n) } }
                #expect(w.elements == (0..<n).map { y[$0] + s * a.power($0) } && w.isClean)
            }
        }

        @Test func fraction_layers_are_their_definition() {
            onEverySet { n, random in
                let (base, x, y) = (
                    random.fields(2 * n), random.elements(2 * n), random.elements(2 * n)
                )
                let (num, den) = (Planes(x), Planes(y, spare: 2))
                var (outNum, outDen) = (Planes(count: n), Planes(count: n, spare: 9))
                func check(_ num: [Extension]) {
                    #expect(
                        outNum.elements == (0..<n).map { num[$0] * y[n + $0] + num[n + $0] * y[$0] }
                    )
                    #expect(outDen.elements == (0..<n).map { y[$0] * y[n + $0] })
                    #expect(outNum.isClean && outDen.isClean)
                }
                kb_gkr_layer(
                    nil, num.words, num.stride, den.words, den.stride, n, &outNum.words,
                    outNum.stride,
                    &outDen.words, outDen.stride)
                check(x)
                kb_gkr_layer(
                    base.words, nil, 0, den.words, den.stride, n, &outNum.words, outNum.stride,
                    &outDen.words,
                    outDen.stride)
                check(base.map { Extension($0) })
            }
        }

        @Test func fraction_rounds_are_their_definition() {
            onEverySet { m, random in
                let (nl, nr) = (random.elements(2 * m), random.elements(2 * m))
                let (dl, dr) = (random.elements(2 * m), random.elements(2 * m))
                let (bl, br) = (random.fields(2 * m), random.fields(2 * m))
                let eq = random.elements(m)
                let lambda = random.elements(1)[0]
                func expected(_ nl: [Extension], _ nr: [Extension]) -> (Extension, Extension) {
                    (0..<m).reduce((.zero, .zero)) { sums, i in
                        func g(_ nl: Extension, _ nr: Extension, _ dl: Extension, _ dr: Extension)
                            -> Extension
                        {
                            let cross: Extension = nl * dr + nr * dl
                            return cross + lambda * dl * dr
                        }
                        let j = m + i
                        let low = g(nl[i], nr[i], dl[i], dr[i])
                        let top = g(nl[j] - nl[i], nr[j] - nr[i], dl[j] - dl[i], dr[j] - dr[i])
                        return (sums.0 + eq[i] * low, sums.1 + eq[i] * top)
                    }
                }
                let (pnl, pnr, pdl, pdr, e) = (
                    Planes(nl), Planes(nr), Planes(dl), Planes(dr), Planes(eq, spare: 0)
                )
                let overExtension = lambda.withWords { l in
                    Extension.pair {
                        kb_gkr_round(
                            pnl.words, pnr.words, pnl.stride, 0, pdl.words, pdr.words, pdl.stride,
                            e.words, e.stride,
                            m, l, $0, $1)
                    }
                }
                #expect(overExtension == expected(nl, nr))
                let overBase = lambda.withWords { l in
                    Extension.pair {
                        kb_gkr_round(
                            bl.words, br.words, 0, 1, pdl.words, pdr.words, pdl.stride, e.words,
                            e.stride, m, l, $0, $1)
                    }
                }
                #expect(overBase == expected(bl.map { Extension($0) }, br.map { Extension($0) }))
            }
        }
    }
}
