// The list of kernels that exist once per instruction set, and the table of one instruction set's forms.
// KERNEL(result, name, parameters, arguments) gives the table its member `name` and the public function `kb_name`.
#ifndef PARTH_KERNEL_TABLE_H
#define PARTH_KERNEL_TABLE_H
#include "ckernels.h"

#define KERNELS(KERNEL) \
    KERNEL(void, to_montgomery, (const uint32_t *canonical, uint32_t *out, size_t n), (canonical, out, n)) \
    KERNEL(void, from_montgomery, (const uint32_t *mont, uint32_t *out, size_t n), (mont, out, n)) \
    KERNEL(void, poseidon2_permute, (uint32_t state[16]), (state)) \
    KERNEL(void, poseidon2_permute_many, (uint32_t *states, size_t count), (states, count)) \
    KERNEL(void, compress_layer, (const uint32_t *children, uint32_t *parents, size_t count), \
           (children, parents, count)) \
    KERNEL(void, hash_columns, (const uint32_t *matrix, size_t stride, size_t rows, size_t first, \
                                size_t leaves, uint32_t *digests), \
           (matrix, stride, rows, first, leaves, digests)) \
    KERNEL(uint64_t, grind, (const uint32_t state[16], unsigned bits, uint64_t start, uint64_t count), \
           (state, bits, start, count)) \
    KERNEL(void, lde, (const uint32_t *src, unsigned log_len, unsigned rate_bits, \
                       const uint32_t *twiddles, uint32_t *dst), \
           (src, log_len, rate_bits, twiddles, dst)) \
    KERNEL(void, add, (const uint32_t *a, const uint32_t *b, uint32_t *out, size_t n), (a, b, out, n)) \
    KERNEL(void, sub, (const uint32_t *a, const uint32_t *b, uint32_t *out, size_t n), (a, b, out, n)) \
    KERNEL(void, mul, (const uint32_t *a, const uint32_t *b, uint32_t *out, size_t n), (a, b, out, n)) \
    KERNEL(void, ext_mul, (const uint32_t *a, size_t sa, const uint32_t *b, size_t sb, uint32_t *out, \
                           size_t so, size_t n), \
           (a, sa, b, sb, out, so, n)) \
    KERNEL(void, ext_scale, (const uint32_t s[5], const uint32_t *a, size_t sa, uint32_t *out, size_t so, \
                             size_t n), \
           (s, a, sa, out, so, n)) \
    KERNEL(void, ext_scale_add, (const uint32_t s[5], const uint32_t *a, size_t sa, uint32_t *out, \
                                 size_t so, size_t n), \
           (s, a, sa, out, so, n)) \
    KERNEL(void, base_scale_add, (const uint32_t s[5], const uint32_t *a, uint32_t *out, size_t so, size_t n), \
           (s, a, out, so, n)) \
    KERNEL(void, base_ext_dot, (const uint32_t *a, const uint32_t *b, size_t sb, size_t n, \
                                uint32_t result[5]), \
           (a, b, sb, n, result)) \
    KERNEL(void, ext_ext_dot, (const uint32_t *a, size_t sa, const uint32_t *b, size_t sb, size_t n, \
                               uint32_t result[5]), \
           (a, sa, b, sb, n, result)) \
    KERNEL(void, fold_base, (const uint32_t *f, size_t n, const uint32_t r[5], uint32_t *out, size_t so), \
           (f, n, r, out, so)) \
    KERNEL(void, fold_ext, (const uint32_t *f, size_t sf, size_t n, const uint32_t r[5], uint32_t *out, \
                            size_t so), \
           (f, sf, n, r, out, so)) \
    KERNEL(void, eq_double, (const uint32_t *e, size_t se, size_t n, const uint32_t z[5], uint32_t *out, \
                             size_t so), \
           (e, se, n, z, out, so)) \
    KERNEL(void, product_round_base, (const uint32_t *f, const uint32_t *w, size_t sw, size_t n, \
                                      uint32_t c0[5], uint32_t c2[5]), \
           (f, w, sw, n, c0, c2)) \
    KERNEL(void, product_round_ext, (const uint32_t *f, size_t sf, const uint32_t *w, size_t sw, size_t n, \
                                     uint32_t c0[5], uint32_t c2[5]), \
           (f, sf, w, sw, n, c0, c2)) \
    KERNEL(void, powers_add_base, (const uint32_t s[5], uint32_t z, uint32_t *w, size_t sw, size_t n), \
           (s, z, w, sw, n)) \
    KERNEL(void, powers_add_ext, (const uint32_t s[5], const uint32_t z[5], uint32_t *w, size_t sw, size_t n), \
           (s, z, w, sw, n)) \
    KERNEL(void, gkr_layer, (const uint32_t *num_base, const uint32_t *num, size_t sn, const uint32_t *den, \
                             size_t sd, size_t n, uint32_t *num_out, size_t sno, uint32_t *den_out, size_t sdo), \
           (num_base, num, sn, den, sd, n, num_out, sno, den_out, sdo)) \
    KERNEL(void, gkr_round, (const uint32_t *nl, const uint32_t *nr, size_t sn, int num_is_base, \
                             const uint32_t *dl, const uint32_t *dr, size_t sd, const uint32_t *e, size_t se, \
                             size_t m, const uint32_t lambda[5], uint32_t h0[5], uint32_t h2[5]), \
           (nl, nr, sn, num_is_base, dl, dr, sd, e, se, m, lambda, h0, h2)) \
    KERNEL(void, program_run_base, (const kb_instruction *code, size_t count, const uint32_t *constants, \
                                    const uint32_t *weights, uint32_t *regs, size_t width, uint32_t *acc), \
           (code, count, constants, weights, regs, width, acc)) \
    KERNEL(void, program_run_ext, (const kb_instruction *code, size_t count, const uint32_t *constants, \
                                   const uint32_t *weights, uint32_t *regs, size_t width, uint32_t *acc), \
           (code, count, constants, weights, regs, width, acc))

#define TABLE_MEMBER(result, name, parameters, arguments) result(*name) parameters;
typedef struct { KERNELS(TABLE_MEMBER) } kernel_table;

extern const kernel_table kb_kernels_portable;
#if defined(__x86_64__)
extern const kernel_table kb_kernels_avx2;
extern const kernel_table kb_kernels_avx512;
#elif defined(__aarch64__)
extern const kernel_table kb_kernels_neon;
#endif
#endif
