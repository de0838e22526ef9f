// The constraint program interpreter: one instruction at a time over a block of rows whose registers stay in the
// first-level cache. Included by kernels.h once per instruction set.

// SAFETY: width is a multiple of 16, hence of VW: there are no tails.
#define EACH_ROW for (size_t i = 0; i < width; i += VW)

static void kernel_program_run_base(const kb_instruction *code, size_t count, const uint32_t *constants,
                                    const uint32_t *weights, uint32_t *regs, size_t width, uint32_t *acc) {
    memset(acc, 0, 5 * width * sizeof *acc);
    for (const kb_instruction *at = code; at != code + count; at++) {
        uint32_t *dst = regs + at->dst * width;
        const uint32_t *a = regs + at->a * width, *b = regs + at->b * width;
        switch (at->op) {
        case KB_OP_ADD: EACH_ROW v_store(dst + i, v_add(v_load(a + i, VW), v_load(b + i, VW)), VW); break;
        case KB_OP_SUB: EACH_ROW v_store(dst + i, v_sub(v_load(a + i, VW), v_load(b + i, VW)), VW); break;
        case KB_OP_MUL: EACH_ROW v_store(dst + i, v_mul(v_load(a + i, VW), v_load(b + i, VW)), VW); break;
        case KB_OP_ADD_CONST: {
            V constant = v_set(constants[at->b]);
            EACH_ROW v_store(dst + i, v_add(v_load(a + i, VW), constant), VW);
            break;
        }
        case KB_OP_MUL_CONST: {
            V constant = v_set(constants[at->b]);
            EACH_ROW v_store(dst + i, v_mul(v_load(a + i, VW), constant), VW);
            break;
        }
        case KB_OP_DOUBLE: EACH_ROW v_store(dst + i, v_add(v_load(a + i, VW), v_load(a + i, VW)), VW); break;
        case KB_OP_CUBE: EACH_ROW v_store(dst + i, v_cube(v_load(a + i, VW)), VW); break;
        case KB_OP_CONST: EACH_ROW v_store(dst + i, v_set(constants[at->b]), VW); break;
        case KB_OP_ACCUMULATE: kernel_base_scale_add(weights + 5 * at->b, a, acc, width, width); break;
        }
    }
}

static void kernel_program_run_ext(const kb_instruction *code, size_t count, const uint32_t *constants,
                                   const uint32_t *weights, uint32_t *regs, size_t width, uint32_t *acc) {
    memset(acc, 0, 5 * width * sizeof *acc);
    for (const kb_instruction *at = code; at != code + count; at++) {
        uint32_t *dst = regs + at->dst * 5 * width;
        const uint32_t *a = regs + at->a * 5 * width, *b = regs + at->b * 5 * width;
        switch (at->op) {
        case KB_OP_ADD: kernel_add(a, b, dst, 5 * width); break;
        case KB_OP_SUB: kernel_sub(a, b, dst, 5 * width); break;
        case KB_OP_MUL: kernel_ext_mul(a, width, b, width, dst, width, width); break;
        case KB_OP_ADD_CONST: {
            V constant = v_set(constants[at->b]);
            EACH_ROW v_store(dst + i, v_add(v_load(a + i, VW), constant), VW);
            if (dst != a) memcpy(dst + width, a + width, 4 * width * sizeof *dst);
            break;
        }
        case KB_OP_MUL_CONST: {
            V constant = v_set(constants[at->b]);
            for (size_t i = 0; i < 5 * width; i += VW) v_store(dst + i, v_mul(v_load(a + i, VW), constant), VW);
            break;
        }
        case KB_OP_DOUBLE: kernel_add(a, a, dst, 5 * width); break;
        case KB_OP_CUBE:
            EACH_ROW {
                ext x = e_load(a + i, width, VW);
                e_store(dst + i, width, e_mul(e_square(x), e_operand(x)), VW);
            }
            break;
        case KB_OP_CONST:
            EACH_ROW v_store(dst + i, v_set(constants[at->b]), VW);
            memset(dst + width, 0, 4 * width * sizeof *dst);
            break;
        case KB_OP_ACCUMULATE: kernel_ext_scale_add(weights + 5 * at->b, a, width, acc, width, width); break;
        }
    }
}
