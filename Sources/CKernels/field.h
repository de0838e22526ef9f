// KoalaBear on one word at a time: p = 2^31 - 2^24 + 1, Montgomery form with R = 2^32, values always < p.
// The vector files (vector_*.h) implement the same arithmetic on many words.
#ifndef PARTH_FIELD_H
#define PARTH_FIELD_H
#include "ckernels.h"

#define KB_INVERSE 0x81000001u    // p^-1 mod 2^32: (2^31 - 2^24 + 1)(2^31 + 2^24 + 1) = 1 mod 2^32
#define KB_R_SQUARED 0x17f7efe4u  // R^2 mod p, which takes a canonical value to Montgomery form
#define KB_ONE 0x01fffffeu        // R mod p

#define INLINE static inline __attribute__((always_inline))

// From a signed word in [-p, p) to [0, p). Corrections are written with the sign as a mask, not as comparisons, which
// the compiler may turn into branches that random values mispredict.
INLINE uint32_t field_canonical(uint32_t x) { return x + (KB_P & (uint32_t)((int32_t)x >> 31)); }

// From below 2p to below p.
INLINE uint32_t field_correct(uint32_t x) { return field_canonical(x - KB_P); }

INLINE uint32_t field_add(uint32_t a, uint32_t b) { return field_correct(a + b); }
INLINE uint32_t field_sub(uint32_t a, uint32_t b) { return field_canonical(a - b); }

// x / R mod p. `x` may be any sum of products below 2^33·p: the high word is brought below p first.
INLINE uint32_t field_reduce(uint64_t x) {
    uint32_t quotient = (uint32_t)x * KB_INVERSE;
    uint32_t high = (uint32_t)(x >> 32), subtract = (uint32_t)(((uint64_t)quotient * KB_P) >> 32);
    return field_sub(field_correct(high), subtract);
}

// a·b / R mod p. One operand may be any 32-bit word: the product is then still below 2^32·p.
INLINE uint32_t field_mul(uint32_t a, uint32_t b) {
    uint64_t product = (uint64_t)a * b;
    uint32_t quotient = (uint32_t)product * KB_INVERSE;
    return field_sub((uint32_t)(product >> 32), (uint32_t)(((uint64_t)quotient * KB_P) >> 32));
}

INLINE uint32_t field_cube(uint32_t a) { return field_mul(field_mul(a, a), a); }

// A plain sum of at most 64 elements mod p, by 2^31 = 2^24 - 1: no Montgomery factor is involved.
INLINE uint32_t field_fold(uint64_t sum) {
    uint32_t high = (uint32_t)(sum >> 31);
    return field_correct((uint32_t)(sum & 0x7fffffff) + (high << 24) - high);
}
#endif
