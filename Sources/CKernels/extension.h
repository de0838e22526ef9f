// The extension F[X]/(X^5 + X^2 - 1) on vectors, by lazy reduction: products are summed as 64-bit words and a limb is
// reduced once. With X^5 = 1 - X^2 a product's limb k is a dot product of a's limbs with nine combinations of b's:
//   c0 = a0 b0 + a1 b4 + a2 b3 + a3 b2 + a4 u        u = b1 - b4
//   c1 = a0 b1 + a1 b0 + a2 b4 + a3 b3 + a4 b2       v = b0 - b3
//   c2 = a0 b2 + a1 u  + a2 v  + a3 w  + a4 t        w = b4 - b2
//   c3 = a0 b3 + a1 b2 + a2 u  + a3 v  + a4 w        t = b3 - u
//   c4 = a0 b4 + a1 b3 + a2 b2 + a3 u  + a4 v
// Included after a vector_*.h.

typedef struct { V c[5]; } ext;
// The nine combinations b0..b4, u, v, w, t, ready to multiply.
typedef struct { split c[9]; } ext_operand;

static const uint8_t COMBINATION[5][5] = {  // [a's limb][result's limb]
    {0, 1, 2, 3, 4}, {4, 0, 5, 2, 3}, {3, 4, 6, 5, 2}, {2, 3, 7, 6, 5}, {5, 2, 8, 7, 6}};

// Loops over the words of a state or the limbs of an element become straight code, so that arrays live in registers.
#define UNROLL _Pragma("clang loop unroll(full)")
#define EACH_LIMB(k) UNROLL for (int k = 0; k < 5; k++)

// Runs the statements for i = 0, VW, 2·VW, ... with `lanes` = VW, then once for what is left with fewer lanes.
// The statements appear twice so that in the loop `lanes` is a constant and loads and stores are whole.
#define EACH_VECTOR(n, ...) \
    do { \
        size_t i = 0; \
        for (; i + VW <= (n); i += VW) { \
            const size_t lanes = VW; \
            __VA_ARGS__ \
        } \
        if (i < (n)) { \
            const size_t lanes = (n)-i; \
            __VA_ARGS__ \
        } \
    } while (0)

INLINE ext e_load(const uint32_t *p, size_t stride, size_t lanes) {
    ext x;
    EACH_LIMB(k) x.c[k] = v_load(p + k * stride, lanes);
    return x;
}

INLINE void e_store(uint32_t *p, size_t stride, ext x, size_t lanes) {
    EACH_LIMB(k) v_store(p + k * stride, x.c[k], lanes);
}

INLINE ext e_set(const uint32_t s[5]) {
    ext x;
    EACH_LIMB(k) x.c[k] = v_set(s[k]);
    return x;
}

INLINE ext e_add(ext a, ext b) {
    EACH_LIMB(k) a.c[k] = v_add(a.c[k], b.c[k]);
    return a;
}

INLINE ext e_sub(ext a, ext b) {
    EACH_LIMB(k) a.c[k] = v_sub(a.c[k], b.c[k]);
    return a;
}

INLINE ext_operand e_operand(ext b) {
    V u = v_sub(b.c[1], b.c[4]);
    ext_operand out;
    EACH_LIMB(k) out.c[k] = v_split(b.c[k]);
    out.c[5] = v_split(u);
    out.c[6] = v_split(v_sub(b.c[0], b.c[3]));
    out.c[7] = v_split(v_sub(b.c[4], b.c[2]));
    out.c[8] = v_split(v_sub(b.c[3], u));
    return out;
}

INLINE ext_operand e_operand_set(const uint32_t b[5]) {
    uint32_t u = field_sub(b[1], b[4]);
    ext_operand out;
    EACH_LIMB(k) out.c[k] = v_split_set(b[k]);
    out.c[5] = v_split_set(u);
    out.c[6] = v_split_set(field_sub(b[0], b[3]));
    out.c[7] = v_split_set(field_sub(b[4], b[2]));
    out.c[8] = v_split_set(field_sub(b[3], u));
    return out;
}

// An unreduced extension sum. Each limb is at most terms·p^2; a fold brings it below 2^32·p, which counts as two
// terms, since 2^32·p + 2·p^2 and 4·p^2 are both below 2^33·p < 2^64. `terms` is a constant once inlined.
typedef struct { wide limb[5]; int terms; } ext_sum;

INLINE ext_sum s_zero(void) {
    ext_sum s = {.terms = 0};
    EACH_LIMB(k) s.limb[k] = w_zero();
    return s;
}

INLINE void s_fold(ext_sum *s) {
    EACH_LIMB(k) s->limb[k] = w_fold(s->limb[k]);
    s->terms = 2;
}

INLINE void s_make_room(ext_sum *s) {
    if (s->terms == 4) s_fold(s);
    s->terms++;
}

// s += a·b
INLINE void s_add_product(ext_sum *s, ext a, ext_operand b) {
    EACH_LIMB(j) {
        split x = v_split(a.c[j]);
        s_make_room(s);
        EACH_LIMB(k) s->limb[k] = w_mul_add(s->limb[k], x, b.c[COMBINATION[j][k]]);
    }
}

// s += a·b for a base element a
INLINE void s_add_scaled(ext_sum *s, V a, ext b) {
    split x = v_split(a);
    s_make_room(s);
    EACH_LIMB(k) s->limb[k] = w_mul_add(s->limb[k], x, v_split(b.c[k]));
}

INLINE ext s_reduce(ext_sum s) {
    ext x;
    EACH_LIMB(k) x.c[k] = w_reduce(s.limb[k]);
    return x;
}

// The sum over the lanes.
INLINE void s_total(ext_sum s, uint32_t result[5]) {
    ext x = s_reduce(s);
    EACH_LIMB(k) {
        uint32_t lane[VW];
        uint64_t total = 0;
        v_store(lane, x.c[k], VW);
        for (int i = 0; i < VW; i++) total += lane[i];
        result[k] = field_fold(total);
    }
}

INLINE ext e_mul(ext a, ext_operand b) {
    ext_sum s = s_zero();
    s_add_product(&s, a, b);
    return s_reduce(s);
}

// a·b + c·d
INLINE ext e_mul_pair(ext a, ext_operand b, ext c, ext_operand d) {
    ext_sum s = s_zero();
    s_add_product(&s, a, b);
    s_add_product(&s, c, d);
    return s_reduce(s);
}

INLINE ext e_scale(V a, ext b) {
    EACH_LIMB(k) b.c[k] = v_mul(a, b.c[k]);
    return b;
}
