// One Poseidon2 permutation with the whole state in one AVX-512 register, for the transcript, where permutations come
// one after another. Word i of the state is lane i, so that a block of M4 is a 128-bit lane. Included by kernels.h.

INLINE V rotate_words(V x) { return _mm512_shuffle_epi32(x, 0x39); }         // word i + 1 of the same block
INLINE V rotate_two_words(V x) { return _mm512_shuffle_epi32(x, 0x4e); }     // word i + 2
INLINE V rotate_blocks(V x) { return _mm512_shuffle_i32x4(x, x, 0x39); }     // the same word of the next block
INLINE V rotate_two_blocks(V x) { return _mm512_shuffle_i32x4(x, x, 0x4e); }

// In every word, the sum of its block, and of its place in all blocks.
INLINE V sum_of_block(V x) {
    V pair = v_add(x, rotate_two_words(x));
    return v_add(pair, rotate_words(pair));
}
INLINE V sum_of_blocks(V x) {
    V pair = v_add(x, rotate_two_blocks(x));
    return v_add(pair, rotate_blocks(pair));
}

// M4's row is 2, 3, 1, 1 = (1, 1, 1, 1) + (1, 0, 0, 0) + 2·(0, 1, 0, 0).
INLINE V single_external_layer(V x) {
    V next = rotate_words(x);
    V y = v_add(v_add(sum_of_block(x), x), v_add(next, next));
    return v_add(y, sum_of_blocks(y));
}

INLINE V single_external_rounds(V x, uint32_t constants[4][16]) {
    for (int r = 0; r < 4; r++)
        x = single_external_layer(v_cube(v_plain_add(x, v_load(constants[r], VW))));
    return x;
}

// Only word 0 of the cube counts. While it is computed, the other words are scaled and summed.
INLINE V single_internal_round(V x, V constant, V diagonal) {
    V first = v_cube(v_plain_add(x, constant));
    V rest = sum_of_blocks(sum_of_block(_mm512_maskz_mov_epi32(0xfffe, x)));
    V sum = v_add(rest, _mm512_broadcastd_epi32(_mm512_castsi512_si128(first)));
    return _mm512_mask_mov_epi32(v_add(sum, v_mul(x, diagonal)), 1, v_sub(rest, first));
}

static void kernel_poseidon2_permute(uint32_t state[16]) {
    V x = single_external_layer(v_load(state, VW)), diagonal = v_load(kb_poseidon2_diagonal, VW);
    x = single_external_rounds(x, kb_poseidon2_constants.external_initial);
    for (int r = 0; r < 20; r++)
        x = single_internal_round(x, v_set(kb_poseidon2_constants.internal[r]), diagonal);
    v_store(state, single_external_rounds(x, kb_poseidon2_constants.external_final), VW);
}
