// The vector primitives with NEON: four elements a vector. vector_avx512.h explains the contracts. The Montgomery
// product here takes the high halves of the doubled products ab and qp, for which NEON has an instruction, and halves
// their difference; the two agree in their low 33 bits, so nothing is lost.
#include "field.h"

#define VW 4

typedef uint32x4_t V;
typedef uint32x4_t split;
typedef struct { uint64x2_t low, high; } wide;

INLINE V v_set(uint32_t x) { return vdupq_n_u32(x); }

INLINE V v_load(const uint32_t *p, size_t lanes) {
    if (lanes == VW) return vld1q_u32(p);
    uint32_t words[VW] = {0};
    for (size_t i = 0; i < lanes; i++) words[i] = p[i];
    return vld1q_u32(words);
}

INLINE void v_store(uint32_t *p, V x, size_t lanes) {
    if (lanes == VW) {
        vst1q_u32(p, x);
        return;
    }
    uint32_t words[VW];
    vst1q_u32(words, x);
    for (size_t i = 0; i < lanes; i++) p[i] = words[i];
}

INLINE V v_strided(const uint32_t *p, size_t stride) {
    uint32_t words[VW] = {p[0], p[stride], p[2 * stride], p[3 * stride]};
    return vld1q_u32(words);
}

INLINE V v_plain_add(V a, V b) { return vaddq_u32(a, b); }
INLINE V v_plain_sub(V a, V b) { return vsubq_u32(a, b); }
INLINE V v_canonical(V x) { return vminq_u32(x, vaddq_u32(x, v_set(KB_P))); }
INLINE V v_sub(V a, V b) { return v_canonical(vsubq_u32(a, b)); }
// From below 2p to below p.
INLINE V v_correct(V x) { return vminq_u32(x, vsubq_u32(x, v_set(KB_P))); }
INLINE V v_add(V a, V b) { return v_correct(vaddq_u32(a, b)); }

INLINE V v_mul_signed(V a, V b) {
    V quotient = vmulq_u32(a, vmulq_u32(b, v_set(KB_INVERSE)));
    int32x4_t product = vqdmulhq_s32(vreinterpretq_s32_u32(a), vreinterpretq_s32_u32(b));
    int32x4_t cancel = vqdmulhq_s32(vreinterpretq_s32_u32(quotient), vdupq_n_s32((int32_t)KB_P));
    return vreinterpretq_u32_s32(vhsubq_s32(product, cancel));
}
INLINE V v_mul(V a, V b) { return v_canonical(v_mul_signed(a, b)); }
INLINE V v_cube(V a) { return v_mul(v_mul_signed(a, a), a); }

// (a + p)/2 where a is odd.
INLINE V v_half(V a) { return vhaddq_u32(a, vandq_u32(vtstq_u32(a, v_set(1)), v_set(KB_P))); }

INLINE V v_shift_down(V a, unsigned n) {
    V low = vandq_u32(a, v_set((1u << n) - 1));
    return vmlsq_u32(vshlq_u32(a, vdupq_n_s32(-(int32_t)n)), low, v_set(127u << (24 - n)));
}

INLINE split v_split(V a) { return a; }
INLINE split v_split_set(uint32_t x) { return v_set(x); }
INLINE wide w_zero(void) { return (wide){vdupq_n_u64(0), vdupq_n_u64(0)}; }

INLINE wide w_mul_add(wide sum, split a, split b) {
    return (wide){vmlal_u32(sum.low, vget_low_u32(a), vget_low_u32(b)), vmlal_high_u32(sum.high, a, b)};
}

INLINE uint64x2_t w_fold_half(uint64x2_t x) {
    V words = vreinterpretq_u32_u64(x), modulus = vreinterpretq_u32_u64(vdupq_n_u64((uint64_t)KB_P << 32));
    return vreinterpretq_u64_u32(vminq_u32(words, vsubq_u32(words, modulus)));
}
INLINE wide w_fold(wide x) { return (wide){w_fold_half(x.low), w_fold_half(x.high)}; }

INLINE V w_high_words(wide x) { return vuzp2q_u32(vreinterpretq_u32_u64(x.low), vreinterpretq_u32_u64(x.high)); }

INLINE V w_reduce(wide x) {
    V low = vuzp1q_u32(vreinterpretq_u32_u64(x.low), vreinterpretq_u32_u64(x.high));
    V quotient = vmulq_u32(low, v_set(KB_INVERSE));
    return v_sub(v_correct(w_high_words(x)), w_high_words(w_mul_add(w_zero(), quotient, v_set(KB_P))));
}

INLINE void v_transpose(V x[VW]) {
    uint64x2_t y0 = vreinterpretq_u64_u32(vtrn1q_u32(x[0], x[1])), y1 = vreinterpretq_u64_u32(vtrn2q_u32(x[0], x[1]));
    uint64x2_t y2 = vreinterpretq_u64_u32(vtrn1q_u32(x[2], x[3])), y3 = vreinterpretq_u64_u32(vtrn2q_u32(x[2], x[3]));
    x[0] = vreinterpretq_u32_u64(vzip1q_u64(y0, y2));
    x[1] = vreinterpretq_u32_u64(vzip1q_u64(y1, y3));
    x[2] = vreinterpretq_u32_u64(vzip2q_u64(y0, y2));
    x[3] = vreinterpretq_u32_u64(vzip2q_u64(y1, y3));
}

INLINE unsigned v_zero_lanes(V a, V mask) {
    const V bits = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(vceqzq_u32(vandq_u32(a, mask)), bits));
}
