// The vector primitives with AVX2: eight elements a vector. vector_avx512.h explains the arithmetic and the contracts.
#include "field.h"

#define VW 8

typedef __m256i V;
typedef struct { __m256i even, odd; } split;
typedef struct { __m256i even, odd; } wide;

INLINE V v_set(uint32_t x) { return _mm256_set1_epi32((int)x); }

INLINE __m256i v_iota(void) { return _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0); }
INLINE __m256i v_mask(size_t lanes) { return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)lanes), v_iota()); }

INLINE V v_load(const uint32_t *p, size_t lanes) {
    return lanes == VW ? _mm256_loadu_si256((const __m256i *)p)
                       : _mm256_maskload_epi32((const int *)p, v_mask(lanes));
}

INLINE void v_store(uint32_t *p, V x, size_t lanes) {
    if (lanes == VW) _mm256_storeu_si256((__m256i *)p, x);
    else _mm256_maskstore_epi32((int *)p, v_mask(lanes), x);
}

INLINE V v_strided(const uint32_t *p, size_t stride) {
    return _mm256_i32gather_epi32((const int *)p, _mm256_mullo_epi32(v_iota(), v_set((uint32_t)stride)), 4);
}

INLINE V v_plain_add(V a, V b) { return _mm256_add_epi32(a, b); }
INLINE V v_plain_sub(V a, V b) { return _mm256_sub_epi32(a, b); }
INLINE V v_canonical(V x) { return _mm256_min_epu32(x, _mm256_add_epi32(x, v_set(KB_P))); }
INLINE V v_sub(V a, V b) { return v_canonical(_mm256_sub_epi32(a, b)); }

INLINE V v_add(V a, V b) {
    V sum = _mm256_add_epi32(a, b);
    return _mm256_min_epu32(sum, _mm256_sub_epi32(sum, v_set(KB_P)));
}

INLINE __m256i v_odd(__m256i x) { return _mm256_srli_epi64(x, 32); }

INLINE V v_high_halves(__m256i even, __m256i odd) { return _mm256_blend_epi32(v_odd(even), odd, 0xaa); }

INLINE __m256i v_quotient(__m256i product) {
    __m256i quotient;
    __asm__("vpmuludq %2, %1, %0" : "=v"(quotient) : "v"(product), "v"(v_set(KB_INVERSE)));
    return quotient;
}

INLINE __m256i v_cancel(__m256i product) {
    return _mm256_sub_epi64(product, _mm256_mul_epi32(v_quotient(product), v_set(KB_P)));
}

INLINE V v_mul_signed(V a, V b) {
    return v_high_halves(v_cancel(_mm256_mul_epi32(a, b)), v_cancel(_mm256_mul_epi32(v_odd(a), v_odd(b))));
}
INLINE V v_mul(V a, V b) { return v_canonical(v_mul_signed(a, b)); }

INLINE V v_cube(V a) {
    V odd = v_odd(a);
    __m256i even_square = v_odd(v_cancel(_mm256_mul_epi32(a, a)));
    __m256i odd_square = v_odd(v_cancel(_mm256_mul_epi32(odd, odd)));
    return v_canonical(v_high_halves(v_cancel(_mm256_mul_epi32(even_square, a)),
                                     v_cancel(_mm256_mul_epi32(odd_square, odd))));
}

INLINE V v_half(V a) {
    V carry = _mm256_and_si256(_mm256_sub_epi32(_mm256_setzero_si256(), _mm256_and_si256(a, v_set(1))),
                               v_set((KB_P + 1) / 2));
    return _mm256_add_epi32(_mm256_srli_epi32(a, 1), carry);
}

INLINE V v_shift_down(V a, unsigned n) {
    V low = _mm256_and_si256(a, v_set((1u << n) - 1));
    return _mm256_sub_epi32(_mm256_srli_epi32(a, (int)n), _mm256_mullo_epi32(low, v_set(127u << (24 - n))));
}

INLINE split v_split(V a) { return (split){a, v_odd(a)}; }
INLINE split v_split_set(uint32_t x) { return (split){v_set(x), v_set(x)}; }
INLINE wide w_zero(void) { return (wide){_mm256_setzero_si256(), _mm256_setzero_si256()}; }

INLINE wide w_mul_add(wide sum, split a, split b) {
    return (wide){_mm256_add_epi64(sum.even, _mm256_mul_epu32(a.even, b.even)),
                  _mm256_add_epi64(sum.odd, _mm256_mul_epu32(a.odd, b.odd))};
}

INLINE __m256i w_fold_half(__m256i x) {
    return _mm256_min_epu32(x, _mm256_sub_epi32(x, _mm256_set1_epi64x((long long)((uint64_t)KB_P << 32))));
}
INLINE wide w_fold(wide x) { return (wide){w_fold_half(x.even), w_fold_half(x.odd)}; }

INLINE V w_reduce(wide x) {
    V high = v_high_halves(x.even, x.odd);
    __m256i even = _mm256_mul_epu32(v_quotient(x.even), v_set(KB_P));
    __m256i odd = _mm256_mul_epu32(v_quotient(x.odd), v_set(KB_P));
    return v_sub(_mm256_min_epu32(high, _mm256_sub_epi32(high, v_set(KB_P))), v_high_halves(even, odd));
}

INLINE void v_transpose(V x[VW]) {
    V y[VW];
    for (int i = 0; i < 8; i += 2) {
        y[i] = _mm256_unpacklo_epi32(x[i], x[i + 1]);
        y[i + 1] = _mm256_unpackhi_epi32(x[i], x[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        x[i] = _mm256_unpacklo_epi64(y[i], y[i + 2]);
        x[i + 1] = _mm256_unpackhi_epi64(y[i], y[i + 2]);
        x[i + 2] = _mm256_unpacklo_epi64(y[i + 1], y[i + 3]);
        x[i + 3] = _mm256_unpackhi_epi64(y[i + 1], y[i + 3]);
    }
    for (int k = 0; k < 4; k++) {
        y[k] = _mm256_permute2x128_si256(x[k], x[4 + k], 0x20);
        y[4 + k] = _mm256_permute2x128_si256(x[k], x[4 + k], 0x31);
    }
    for (int k = 0; k < 8; k++) x[k] = y[k];
}

INLINE unsigned v_zero_lanes(V a, V mask) {
    __m256i zero = _mm256_cmpeq_epi32(_mm256_and_si256(a, mask), _mm256_setzero_si256());
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(zero));
}
