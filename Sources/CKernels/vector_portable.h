// The vector primitives in plain C, one element a vector. See vector_avx512.h for what each must do.
#include "field.h"

#define VW 1

typedef uint32_t V;
typedef uint32_t split;
typedef uint64_t wide;

INLINE V v_set(uint32_t x) { return x; }
INLINE V v_load(const uint32_t *p, size_t lanes) { (void)lanes; return *p; }
INLINE void v_store(uint32_t *p, V x, size_t lanes) { (void)lanes; *p = x; }
INLINE V v_strided(const uint32_t *p, size_t stride) { (void)stride; return *p; }

INLINE V v_canonical(V x) { return field_canonical(x); }
INLINE V v_add(V a, V b) { return field_add(a, b); }
INLINE V v_sub(V a, V b) { return v_canonical(a - b); }
INLINE V v_plain_add(V a, V b) { return a + b; }
INLINE V v_plain_sub(V a, V b) { return a - b; }

// a·b/R as a signed word in (-p, p).
INLINE V v_mul_signed(V a, V b) {
    int64_t product = (int64_t)(int32_t)a * (int32_t)b;
    int32_t quotient = (int32_t)((uint32_t)product * KB_INVERSE);
    return (uint32_t)(product >> 32) - (uint32_t)(((int64_t)quotient * (int32_t)KB_P) >> 32);
}
INLINE V v_mul(V a, V b) { return v_canonical(v_mul_signed(a, b)); }
INLINE V v_cube(V a) { return v_mul(v_mul_signed(a, a), a); }
INLINE V v_half(V a) { return (a >> 1) + ((a & 1) * ((KB_P + 1) / 2)); }
INLINE V v_shift_down(V a, unsigned n) { return (a >> n) - ((a & ((1u << n) - 1)) * (127u << (24 - n))); }

INLINE split v_split(V a) { return a; }
INLINE split v_split_set(uint32_t x) { return x; }
INLINE wide w_zero(void) { return 0; }
INLINE wide w_mul_add(wide sum, split a, split b) { return sum + (uint64_t)a * b; }
INLINE wide w_fold(wide x) {
    return (uint64_t)field_correct((uint32_t)(x >> 32)) << 32 | (uint32_t)x;
}
INLINE V w_reduce(wide x) { return field_reduce(x); }

INLINE void v_transpose(V x[VW]) { (void)x; }
// Bit i is set where lane i of `a & mask` is zero.
INLINE unsigned v_zero_lanes(V a, V mask) { return (a & mask) == 0; }
