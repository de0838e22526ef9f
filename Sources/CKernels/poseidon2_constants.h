// Poseidon2's round constants as the kernels want them: each is stored as c - p (mod 2^32), so that a state element
// plus its constant is a signed word in [-p, p), which the signed multiplication accepts without a correction.
#ifndef PARTH_POSEIDON2_CONSTANTS_H
#define PARTH_POSEIDON2_CONSTANTS_H
#include "field.h"

typedef struct {
    uint32_t external_initial[4][16];
    uint32_t internal[20];
    uint32_t external_final[4][16];
} poseidon2_constants;

extern poseidon2_constants kb_poseidon2_constants;

// The internal matrix's diagonal V in Montgomery form:
// -2, 1, 2, 1/2, 3, 4, -1/2, -3, -4, 2^-8, 1/8, 2^-24, -2^-8, -1/8, -1/16, -2^-24.
extern const uint32_t kb_poseidon2_diagonal[16];

// One permutation, a word at a time.
void kb_poseidon2_permute_scalar(uint32_t state[16]);
#endif
