// Inner loops of the PARTH prover: KoalaBear arithmetic on vectors, Poseidon2, NTT, sum-check rounds.
//
// Conventions, for every function here:
// * A field element is a uint32_t in Montgomery form (x·2^32 mod p), always fully reduced: 0 <= v < p,
//   p = 2^31 - 2^24 + 1 = 0x7f000001. Inputs that break this are undefined; outputs always keep it.
// * An extension element (F[X]/(X^5 + X^2 - 1)) is five limbs, constant term first. A *scalar* extension
//   element is `const uint32_t e[5]`. A *vector* of n of them is five planes: limb l of element i is at
//   v[l*stride + i], stride >= n ("ext planes").
// * A digest is eight consecutive field elements.
// * No allocation, no globals but constant tables and the chosen instruction set, no decisions. Thread safe.
// * Any length is accepted unless it says otherwise (tails are handled); pointers need 4-byte alignment only.
// * Each vector kernel has a portable, an AVX2 and an AVX-512 form with bit-identical results (and a NEON form where built for it).
#ifndef PARTH_CKERNELS_H
#define PARTH_CKERNELS_H
#include <stddef.h>
#include <stdint.h>

#define KB_P 0x7f000001u

// ---- instruction set -------------------------------------------------------------------------
// Chosen once, at first use: the best the processor has, or what the environment variable
// PARTH_INSTRUCTION_SET names (avx512 | avx2 | neon | portable) if the processor has it.
enum { KB_PORTABLE = 0, KB_AVX2 = 1, KB_AVX512 = 2, KB_NEON = 3 };
int kb_instruction_set(void);
const char *kb_instruction_set_name(void);
// For tests and benchmarks: force one; returns 0 on success, -1 if the processor lacks it. Not thread safe.
int kb_force_instruction_set(int set);

// ---- conversion ------------------------------------------------------------------------------
void kb_to_montgomery(const uint32_t *canonical, uint32_t *out, size_t n);    // in place allowed
void kb_from_montgomery(const uint32_t *mont, uint32_t *out, size_t n);       // in place allowed

// ---- Poseidon2, width 16 ---------------------------------------------------------------------
// Round constants in Montgomery form must be set once before any use (ProofCore derives them from the Grain LFSR):
// external_initial[4*16], internal[20], external_final[4*16].
void kb_poseidon2_set_constants(const uint32_t *external_initial, const uint32_t *internal, const uint32_t *external_final);
void kb_poseidon2_permute(uint32_t state[16]);                       // one permutation, in place
void kb_poseidon2_permute_many(uint32_t *states, size_t count);      // count states of 16 consecutive elements, in place
// parents[i] = compress(children[2i], children[2i+1]) with compress(l, r) = (P(l||r) + (l||r))[0..<8]
void kb_compress_layer(const uint32_t *children, uint32_t *parents, size_t count);
// Leaf hashing straight from a row-major matrix: leaf j of `leaves` (j counted from `first`) is the column
// (matrix[0*stride + first+j], matrix[1*stride + first+j], ..., matrix[(rows-1)*stride + first+j]).
// rows is a multiple of 8 and >= 16. With blocks b_0, b_1, ... of 8 elements:
// digest = compress(...compress(compress(b_0, b_1), b_2)..., b_last). digests: leaves x 8.
void kb_hash_columns(const uint32_t *matrix, size_t stride, size_t rows, size_t first, size_t leaves, uint32_t *digests);
// Proof of work: smallest nonce in [start, start+count) such that, with state' = state except state'[0] = Montgomery(nonce),
// the permutation's output element 0, in canonical (not Montgomery) form, has its `bits` low bits zero. Returns
// the nonce, or UINT64_MAX when there is none in the range. start+count <= p; bits <= 30.
uint64_t kb_grind(const uint32_t state[16], unsigned bits, uint64_t start, uint64_t count);

// ---- NTT / low-degree extension --------------------------------------------------------------
// Decimation in frequency: dst[i] for i in 0..<2^(log_len+rate_bits) is the evaluation of the polynomial with coefficients
// src[0..<2^log_len] (natural order) at w^{bitreverse(i)}, w = the 2^(log_len+rate_bits)-th root of unity. `twiddles` holds, for
// size N = 2^(log_len+rate_bits), w^0 .. w^(N/2-1) in Montgomery form (length N/2; a single row of them serves every layer by stride).
// dst must not overlap src. log_len + rate_bits <= 24.
void kb_lde(const uint32_t *src, unsigned log_len, unsigned rate_bits, const uint32_t *twiddles, uint32_t *dst);

// ---- vectors over the base field ----------------------------------------------------------------
void kb_add(const uint32_t *a, const uint32_t *b, uint32_t *out, size_t n);
void kb_sub(const uint32_t *a, const uint32_t *b, uint32_t *out, size_t n);
void kb_mul(const uint32_t *a, const uint32_t *b, uint32_t *out, size_t n);
// ---- vectors over the extension (ext planes) -----------------------------------------------------
void kb_ext_mul(const uint32_t *a, size_t sa, const uint32_t *b, size_t sb, uint32_t *out, size_t so, size_t n);
// out[i] = s * a[i] and out[i] += s * a[i], s a scalar extension element; `base` forms take a base vector a.
void kb_ext_scale(const uint32_t s[5], const uint32_t *a, size_t sa, uint32_t *out, size_t so, size_t n);
void kb_ext_scale_add(const uint32_t s[5], const uint32_t *a, size_t sa, uint32_t *out, size_t so, size_t n);
void kb_base_scale_add(const uint32_t s[5], const uint32_t *a, uint32_t *out, size_t so, size_t n);
// result = sum_i a[i]*b[i]
void kb_base_ext_dot(const uint32_t *a, const uint32_t *b, size_t sb, size_t n, uint32_t result[5]);
void kb_ext_ext_dot(const uint32_t *a, size_t sa, const uint32_t *b, size_t sb, size_t n, uint32_t result[5]);

// ---- multilinear polynomials: bind the most significant variable ------------------------------------
// f has 2n entries: f0 = f[0..<n], f1 = f[n..<2n]. out[i] = f0[i] + r*(f1[i]-f0[i]).
void kb_fold_base(const uint32_t *f, size_t n, const uint32_t r[5], uint32_t *out, size_t so);
// ext planes; out may be f itself (in place: plane l is written at out + l*so; when out == f then so must equal sf).
void kb_fold_ext(const uint32_t *f, size_t sf, size_t n, const uint32_t r[5], uint32_t *out, size_t so);
// One doubling step of an eq table. e has n entries (ext planes); writes 2n: out[i] = (1-z)*e[i], out[n+i] = z*e[i].
// out must not overlap e.
void kb_eq_double(const uint32_t *e, size_t se, size_t n, const uint32_t z[5], uint32_t *out, size_t so);

// Sum-check round of sum_b f(b) w(b) over 2n entries, binding the most significant variable:
// c0 = sum_{i<n} f0 w0, c2 = sum_{i<n} (f1-f0)(w1-w0).
void kb_product_round_base(const uint32_t *f, const uint32_t *w, size_t sw, size_t n, uint32_t c0[5], uint32_t c2[5]);
void kb_product_round_ext(const uint32_t *f, size_t sf, const uint32_t *w, size_t sw, size_t n, uint32_t c0[5], uint32_t c2[5]);

// w[b] += s * z^b for b in 0..<n, z a base element (Montgomery) / an extension element; w ext planes.
void kb_powers_add_base(const uint32_t s[5], uint32_t z, uint32_t *w, size_t sw, size_t n);
void kb_powers_add_ext(const uint32_t s[5], const uint32_t z[5], uint32_t *w, size_t sw, size_t n);

// ---- fractional GKR (LogUp) ----------------------------------------------------------------------
// One layer up: for i < n: num'[i] = num[i]*den[n+i] + num[n+i]*den[i], den'[i] = den[i]*den[n+i].
// First layer from base numerators: num_base != NULL (2n base entries) and num == NULL; else num ext planes.
void kb_gkr_layer(const uint32_t *num_base, const uint32_t *num, size_t sn, const uint32_t *den, size_t sd, size_t n,
                  uint32_t *num_out, size_t sno, uint32_t *den_out, size_t sdo);
// Sum-check round inside a layer. The four multilinears nl, nr, dl, dr have 2m entries each (halves 0 and 1 of the variable being bound,
// at offsets 0 and m); e is the eq table of the remaining variables (m entries). With g(X) = nl(X)dr(X) + nr(X)dl(X) + lambda*dl(X)dr(X):
// h0 = sum_{i<m} e[i] * g_i(0), h2 = sum_{i<m} e[i] * (coefficient of X^2 in g_i). nl/nr may be base (num_is_base = 1: planes ignored).
void kb_gkr_round(const uint32_t *nl, const uint32_t *nr, size_t sn, int num_is_base, const uint32_t *dl, const uint32_t *dr, size_t sd,
                  const uint32_t *e, size_t se, size_t m, const uint32_t lambda[5], uint32_t h0[5], uint32_t h2[5]);

// ---- constraint programs -------------------------------------------------------------------------
// A straight-line program over vector registers, run for a block of rows at once. ProofCore compiles each chip's constraints to one.
// Registers hold `width` rows each, register k at regs + k*plane_count*width (plane_count 1 = base program, 5 = extension program:
// five planes of `width`). Instructions run in order; dst may equal a or b.
enum { KB_OP_ADD = 0, KB_OP_SUB = 1, KB_OP_MUL = 2,      // dst = a op b
       KB_OP_ADD_CONST = 3, KB_OP_MUL_CONST = 4,         // dst = a op constants[b], constants are base elements
       KB_OP_DOUBLE = 5,                                 // dst = 2a
       KB_OP_CUBE = 6,                                   // dst = a^3
       KB_OP_CONST = 7,                                  // dst = constants[b] in every row
       KB_OP_ACCUMULATE = 8 };                           // acc += weights[b] * reg a   (weights: ext scalars, 5 limbs each); dst unused
typedef struct { uint16_t op; uint16_t dst; uint16_t a; uint16_t b; } kb_instruction;
// acc: ext planes with stride `width`, zeroed by the callee before the first instruction. width is a multiple of 16, <= 1024.
void kb_program_run_base(const kb_instruction *code, size_t count, const uint32_t *constants, const uint32_t *weights,
                         uint32_t *regs, size_t width, uint32_t *acc);
void kb_program_run_ext(const kb_instruction *code, size_t count, const uint32_t *constants, const uint32_t *weights,
                        uint32_t *regs, size_t width, uint32_t *acc);
#endif
