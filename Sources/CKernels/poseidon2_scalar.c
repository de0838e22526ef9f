// Poseidon2 of width 16 (Grassi, Khovratovich, Schofnegger 2023) a word at a time: the constants' only copy, and one
// permutation for the transcript and for machines without a vector form.
#include "poseidon2_constants.h"

poseidon2_constants kb_poseidon2_constants;

static void store_offset(const uint32_t *from, uint32_t *to, size_t n) {
    for (size_t i = 0; i < n; i++) to[i] = from[i] - KB_P;
}

void kb_poseidon2_set_constants(const uint32_t *external_initial, const uint32_t *internal,
                                const uint32_t *external_final) {
    store_offset(external_initial, &kb_poseidon2_constants.external_initial[0][0], 64);
    store_offset(internal, kb_poseidon2_constants.internal, 20);
    store_offset(external_final, &kb_poseidon2_constants.external_final[0][0], 64);
}

const uint32_t kb_poseidon2_diagonal[16] = {
    0x7b000005, 0x01fffffe, 0x03fffffc, 0x00ffffff, 0x05fffffa, 0x07fffff8, 0x7e000002, 0x79000007,
    0x77000009, 0x01000000, 0x20000000, 0x00000100, 0x7e000001, 0x5f000001, 0x6f000001, 0x7effff01};

// circ(2·M4, M4, M4, M4) with M4 = circ(2, 3, 1, 1). The rows sum to 35, so plain 64-bit sums need one fold at
// the end.
INLINE void external_layer(uint32_t x[16]) {
    uint64_t y[16], column[4] = {0, 0, 0, 0};
    for (int b = 0; b < 16; b += 4) {
        uint64_t x0 = x[b], x1 = x[b + 1], x2 = x[b + 2], x3 = x[b + 3], all = x0 + x1 + x2 + x3;
        y[b] = all + x0 + 2 * x1;
        y[b + 1] = all + x1 + 2 * x2;
        y[b + 2] = all + x2 + 2 * x3;
        y[b + 3] = all + x3 + 2 * x0;
        for (int k = 0; k < 4; k++) column[k] += y[b + k];
    }
    for (int i = 0; i < 16; i++) x[i] = field_fold(y[i] + column[i % 4]);
}

INLINE uint32_t sbox(uint32_t x, uint32_t offset_constant) {
    return field_cube(field_add(x, offset_constant + KB_P));
}

INLINE void external_rounds(uint32_t x[16], uint32_t constants[4][16]) {
    for (int r = 0; r < 4; r++) {
        for (int i = 0; i < 16; i++) x[i] = sbox(x[i], constants[r][i]);
        external_layer(x);
    }
}

void kb_poseidon2_permute_scalar(uint32_t x[16]) {
    external_layer(x);
    external_rounds(x, kb_poseidon2_constants.external_initial);
    for (int r = 0; r < 20; r++) {
        // Everything but element 0 is summed first: it does not wait for the s-box.
        uint64_t rest = 0;
        for (int i = 1; i < 16; i++) rest += x[i];
        uint32_t first = sbox(x[0], kb_poseidon2_constants.internal[r]);
        uint32_t sum = field_fold(rest + first);
        x[0] = field_sub(field_sub(sum, first), first);
        for (int i = 1; i < 16; i++) x[i] = field_add(sum, field_mul(x[i], kb_poseidon2_diagonal[i]));
    }
    external_rounds(x, kb_poseidon2_constants.external_final);
}
