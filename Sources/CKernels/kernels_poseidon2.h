// Poseidon2 on VW states at once: x[k] holds element k of every state. Included by kernels.h once per instruction set.
#include "poseidon2_constants.h"

// circ(2·M4, M4, M4, M4) with M4 = circ(2, 3, 1, 1).
INLINE void external_layer(V x[16]) {
    UNROLL for (int b = 0; b < 16; b += 4) {
        V x01 = v_add(x[b], x[b + 1]), x23 = v_add(x[b + 2], x[b + 3]), all = v_add(x01, x23);
        V low = v_add(all, x[b + 1]), high = v_add(all, x[b + 3]);
        x[b + 1] = v_add(low, v_add(x[b + 2], x[b + 2]));
        x[b + 3] = v_add(high, v_add(x[b], x[b]));
        x[b] = v_add(low, x01);
        x[b + 2] = v_add(high, x23);
    }
    UNROLL for (int k = 0; k < 4; k++) {
        V column = v_add(v_add(x[k], x[4 + k]), v_add(x[8 + k], x[12 + k]));
        UNROLL for (int b = 0; b < 16; b += 4) x[b + k] = v_add(x[b + k], column);
    }
}

INLINE void external_rounds(V x[16], uint32_t constants[4][16]) {
    for (int r = 0; r < 4; r++) {
        UNROLL for (int i = 0; i < 16; i++) x[i] = v_cube(v_plain_add(x[i], v_set(constants[r][i])));
        external_layer(x);
    }
}

// y_i = sum + V_i x_i with V = [-2, 1, 2, 1/2, 3, 4, -1/2, -3, -4, 2^-8, 1/8, 2^-24, -2^-8, -1/8, -1/16, -2^-24].
// The sum of elements 1 to 15 does not wait for element 0's s-box.
INLINE void internal_round(V x[16], V constant) {
    V first = v_cube(v_plain_add(x[0], constant));
    V rest = v_add(v_add(v_add(v_add(x[1], x[2]), v_add(x[3], x[4])), v_add(v_add(x[5], x[6]), v_add(x[7], x[8]))),
                   v_add(v_add(v_add(x[9], x[10]), v_add(x[11], x[12])), v_add(v_add(x[13], x[14]), x[15])));
    V sum = v_add(rest, first), twice4 = v_add(x[4], x[4]), twice5 = v_add(x[5], x[5]);
    V twice7 = v_add(x[7], x[7]), twice8 = v_add(x[8], x[8]);
    x[0] = v_sub(rest, first);
    x[1] = v_add(sum, x[1]);
    x[2] = v_add(sum, v_add(x[2], x[2]));
    x[3] = v_add(sum, v_half(x[3]));
    x[4] = v_add(sum, v_add(twice4, x[4]));
    x[5] = v_add(sum, v_add(twice5, twice5));
    x[6] = v_sub(sum, v_half(x[6]));
    x[7] = v_sub(sum, v_add(twice7, x[7]));
    x[8] = v_sub(sum, v_add(twice8, twice8));
    x[9] = v_add(sum, v_canonical(v_shift_down(x[9], 8)));
    x[10] = v_add(sum, v_canonical(v_shift_down(x[10], 3)));
    x[11] = v_add(sum, v_canonical(v_shift_down(x[11], 24)));
    x[12] = v_sub(sum, v_canonical(v_shift_down(x[12], 8)));
    x[13] = v_sub(sum, v_canonical(v_shift_down(x[13], 3)));
    x[14] = v_sub(sum, v_canonical(v_shift_down(x[14], 4)));
    x[15] = v_sub(sum, v_canonical(v_shift_down(x[15], 24)));
}

// A function of its own, so that the five users share one copy of a long body.
static __attribute__((noinline)) void permute(V state[16]) {
    V x[16];
    for (int i = 0; i < 16; i++) x[i] = state[i];
    external_layer(x);
    external_rounds(x, kb_poseidon2_constants.external_initial);
    for (int r = 0; r < 20; r++) internal_round(x, v_set(kb_poseidon2_constants.internal[r]));
    external_rounds(x, kb_poseidon2_constants.external_final);
    for (int i = 0; i < 16; i++) state[i] = x[i];
}

// state[0..<8] of compress(state[0..<8], state[8..<16]); the rest of the state is lost.
INLINE void compress(V state[16]) {
    V left[8];
    for (int k = 0; k < 8; k++) left[k] = state[k];
    permute(state);
    for (int k = 0; k < 8; k++) state[k] = v_add(state[k], left[k]);
}

// Memory holds VW states of 16 consecutive words: rows there, columns in the vectors.
INLINE void load_states(V x[16], const uint32_t *p) {
    for (int c = 0; c < 16; c += VW) {
        V block[VW];
        for (int j = 0; j < VW; j++) block[j] = v_load(p + 16 * j + c, VW);
        v_transpose(block);
        for (int j = 0; j < VW; j++) x[c + j] = block[j];
    }
}

INLINE void store_states(const V x[16], uint32_t *p) {
    for (int c = 0; c < 16; c += VW) {
        V block[VW];
        for (int j = 0; j < VW; j++) block[j] = x[c + j];
        v_transpose(block);
        for (int j = 0; j < VW; j++) v_store(p + 16 * j + c, block[j], VW);
    }
}

INLINE void store_digests(const V x[8], uint32_t *digests, size_t lanes) {
    uint32_t column[8][VW];
    for (int k = 0; k < 8; k++) v_store(column[k], x[k], VW);
    for (size_t j = 0; j < lanes; j++)
        for (int k = 0; k < 8; k++) digests[8 * j + k] = column[k][j];
}

static void kernel_poseidon2_permute_many(uint32_t *states, size_t count) {
    EACH_VECTOR(count, {
        V x[16];
        uint32_t padded[16 * VW] = {0};
        uint32_t *block = states + 16 * i;
        if (lanes < VW) {
            memcpy(padded, block, 64 * lanes);
            block = padded;
        }
        load_states(x, block);
        permute(x);
        store_states(x, block);
        if (lanes < VW) memcpy(states + 16 * i, padded, 64 * lanes);
    });
}

static void kernel_compress_layer(const uint32_t *children, uint32_t *parents, size_t count) {
    EACH_VECTOR(count, {
        V x[16];
        uint32_t padded[16 * VW] = {0};
        const uint32_t *block = children + 16 * i;
        if (lanes < VW) block = memcpy(padded, block, 64 * lanes);
        load_states(x, block);
        compress(x);
        store_digests(x, parents + 8 * i, lanes);
    });
}

static void kernel_hash_columns(const uint32_t *matrix, size_t stride, size_t rows, size_t first,
                                size_t leaves, uint32_t *digests) {
    EACH_VECTOR(leaves, {
        const uint32_t *column = matrix + first + i;
        V x[16];
        for (int k = 0; k < 8; k++) x[k] = v_load(column + k * stride, lanes);
        for (size_t row = 8; row < rows; row += 8) {
            for (size_t k = 0; k < 8; k++) x[8 + k] = v_load(column + (row + k) * stride, lanes);
            compress(x);
        }
        store_digests(x, digests + 8 * i, lanes);
    });
}

static uint64_t kernel_grind(const uint32_t state[16], unsigned bits, uint64_t start, uint64_t count) {
    const V mask = v_set((1u << bits) - 1);
    uint32_t nonces[VW];
    for (uint64_t done = 0; done < count; done += VW) {
        // SAFETY: past the end of the range lanes are ignored below; start + count <= p keeps the others below p.
        for (int j = 0; j < VW; j++) nonces[j] = (uint32_t)(start + done) + j;
        V x[16];
        x[0] = v_mul(v_load(nonces, VW), v_set(KB_R_SQUARED));
        for (int k = 1; k < 16; k++) x[k] = v_set(state[k]);
        permute(x);
        unsigned found = v_zero_lanes(v_mul(x[0], v_set(1)), mask);
        if (count - done < VW) found &= (1u << (count - done)) - 1;
        if (found) return start + done + (unsigned)__builtin_ctz(found);
    }
    return UINT64_MAX;
}
