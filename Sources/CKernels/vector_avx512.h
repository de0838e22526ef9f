// The vector primitives with AVX-512: sixteen elements a vector.
//
// Montgomery products work on the even and the odd lanes apart, as 64-bit words. With q = lo(ab)·p^-1 mod 2^32 the
// words ab and qp agree in their low halves, so hi(ab) - hi(qp) = ab/R mod p exactly. Taken signed (operands and q in
// (-2^31, 2^31)) both high halves are at most p/2 in size, so the difference is in (-p, p) for operands in [-p, p].
#include "field.h"

#define VW 16

typedef __m512i V;
// A factor of 64-bit products: the low half of each 64-bit word counts.
typedef struct { __m512i even, odd; } split;
// Sums of 64-bit products of the even and the odd lanes.
typedef struct { __m512i even, odd; } wide;

INLINE V v_set(uint32_t x) { return _mm512_set1_epi32((int)x); }

INLINE __mmask16 v_mask(size_t lanes) { return (__mmask16)((1u << lanes) - 1); }

// The first `lanes` words at p; the other lanes are zero and their memory is not touched.
INLINE V v_load(const uint32_t *p, size_t lanes) {
    return lanes == VW ? _mm512_loadu_si512(p) : _mm512_maskz_loadu_epi32(v_mask(lanes), p);
}

INLINE void v_store(uint32_t *p, V x, size_t lanes) {
    if (lanes == VW) _mm512_storeu_si512(p, x);
    else _mm512_mask_storeu_epi32(p, v_mask(lanes), x);
}

// p[0], p[stride], ..., p[15·stride]
INLINE V v_strided(const uint32_t *p, size_t stride) {
    const V lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    return _mm512_i32gather_epi32(_mm512_mullo_epi32(lane, v_set((uint32_t)stride)), p, 4);
}

INLINE V v_plain_add(V a, V b) { return _mm512_add_epi32(a, b); }
INLINE V v_plain_sub(V a, V b) { return _mm512_sub_epi32(a, b); }

// From (-p, p) to [0, p): of x and x + p, as unsigned words, the smaller is the right one.
INLINE V v_canonical(V x) { return _mm512_min_epu32(x, _mm512_add_epi32(x, v_set(KB_P))); }
INLINE V v_sub(V a, V b) { return v_canonical(_mm512_sub_epi32(a, b)); }

INLINE V v_add(V a, V b) {
    V sum = _mm512_add_epi32(a, b);
    return _mm512_min_epu32(sum, _mm512_sub_epi32(sum, v_set(KB_P)));
}

INLINE __m512i v_odd(__m512i x) { return _mm512_castps_si512(_mm512_movehdup_ps(_mm512_castsi512_ps(x))); }

// The high halves of two vectors of 64-bit words: even's to the even lanes, odd's to the odd lanes.
INLINE V v_high_halves(__m512i even, __m512i odd) {
    return _mm512_castps_si512(_mm512_mask_movehdup_ps(_mm512_castsi512_ps(odd), 0x5555, _mm512_castsi512_ps(even)));
}

// q in the low halves. Assembly, because the compiler sees that only the low halves are used and would widen the
// multiplication to a full 64-bit one, which takes several times as long (and has no instruction in AVX2).
INLINE __m512i v_quotient(__m512i product) {
    __m512i quotient;
    __asm__("vpmuludq %2, %1, %0" : "=v"(quotient) : "v"(product), "v"(v_set(KB_INVERSE)));
    return quotient;
}

// product - q·p: the reduced value, signed, is in the high half.
INLINE __m512i v_cancel(__m512i product) {
    return _mm512_sub_epi64(product, _mm512_mul_epi32(v_quotient(product), v_set(KB_P)));
}

// a·b/R in (-p, p); a and b in [-p, p].
INLINE V v_mul_signed(V a, V b) {
    return v_high_halves(v_cancel(_mm512_mul_epi32(a, b)), v_cancel(_mm512_mul_epi32(v_odd(a), v_odd(b))));
}
INLINE V v_mul(V a, V b) { return v_canonical(v_mul_signed(a, b)); }

// a^3/R^2; a in [-p, p]. The square stays split and signed between the two products.
INLINE V v_cube(V a) {
    V odd = v_odd(a);
    __m512i even_square = v_odd(v_cancel(_mm512_mul_epi32(a, a)));
    __m512i odd_square = v_odd(v_cancel(_mm512_mul_epi32(odd, odd)));
    return v_canonical(v_high_halves(v_cancel(_mm512_mul_epi32(even_square, a)),
                                     v_cancel(_mm512_mul_epi32(odd_square, odd))));
}

INLINE V v_half(V a) {
    V shifted = _mm512_srli_epi32(a, 1);
    return _mm512_mask_add_epi32(shifted, _mm512_test_epi32_mask(a, v_set(1)), shifted, v_set((KB_P + 1) / 2));
}

// a/2^n in (-p, p), 0 < n <= 24: 2^-n = -127·2^(24-n), so with a = 2^n·high + low it is high - low·127·2^(24-n).
INLINE V v_shift_down(V a, unsigned n) {
    V low = _mm512_and_si512(a, v_set((1u << n) - 1));
    return _mm512_sub_epi32(_mm512_srli_epi32(a, n), _mm512_mullo_epi32(low, v_set(127u << (24 - n))));
}

INLINE split v_split(V a) { return (split){a, v_odd(a)}; }
INLINE split v_split_set(uint32_t x) { return (split){v_set(x), v_set(x)}; }
INLINE wide w_zero(void) { return (wide){_mm512_setzero_si512(), _mm512_setzero_si512()}; }

INLINE wide w_mul_add(wide sum, split a, split b) {
    return (wide){_mm512_add_epi64(sum.even, _mm512_mul_epu32(a.even, b.even)),
                  _mm512_add_epi64(sum.odd, _mm512_mul_epu32(a.odd, b.odd))};
}

// From below 2^33·p to below 2^32·p: subtracts p from the high halves that allow it; low halves stay.
INLINE __m512i w_fold_half(__m512i x) {
    return _mm512_min_epu32(x, _mm512_sub_epi32(x, _mm512_set1_epi64((long long)((uint64_t)KB_P << 32))));
}
INLINE wide w_fold(wide x) { return (wide){w_fold_half(x.even), w_fold_half(x.odd)}; }

// x/R mod p; x below 2^33·p.
INLINE V w_reduce(wide x) {
    V high = v_high_halves(x.even, x.odd);
    __m512i even = _mm512_mul_epu32(v_quotient(x.even), v_set(KB_P));
    __m512i odd = _mm512_mul_epu32(v_quotient(x.odd), v_set(KB_P));
    return v_sub(_mm512_min_epu32(high, _mm512_sub_epi32(high, v_set(KB_P))), v_high_halves(even, odd));
}

// Transposes 16 x 16 words: pairs of rows, then of pairs, within 128-bit lanes; then the lanes themselves.
INLINE void v_transpose(V x[VW]) {
    V y[VW];
    for (int i = 0; i < 16; i += 2) {
        y[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
        y[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        x[i] = _mm512_unpacklo_epi64(y[i], y[i + 2]);
        x[i + 1] = _mm512_unpackhi_epi64(y[i], y[i + 2]);
        x[i + 2] = _mm512_unpacklo_epi64(y[i + 1], y[i + 3]);
        x[i + 3] = _mm512_unpackhi_epi64(y[i + 1], y[i + 3]);
    }
    for (int i = 0; i < 16; i += 8)
        for (int k = 0; k < 4; k++) {
            y[i + k] = _mm512_shuffle_i32x4(x[i + k], x[i + 4 + k], 0x88);
            y[i + 4 + k] = _mm512_shuffle_i32x4(x[i + k], x[i + 4 + k], 0xdd);
        }
    for (int k = 0; k < 8; k++) {
        x[k] = _mm512_shuffle_i32x4(y[k], y[8 + k], 0x88);
        x[8 + k] = _mm512_shuffle_i32x4(y[k], y[8 + k], 0xdd);
    }
}

// Bit i is set where lane i of `a & mask` is zero.
INLINE unsigned v_zero_lanes(V a, V mask) { return _mm512_testn_epi32_mask(a, mask); }
