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

// a·b + c·d + e·f
INLINE wide w_dot3(split a, split b, split c, split d, split e, split f) {
    return w_mul_add(w_mul_add(w_mul_add(w_zero(), a, b), c, d), e, f);
}

// a^2, of which 15 products remain:
//   c0 = a0 a0  + a2 2a3 + a4 s      s = 2a1 - a4     v = 2(a0 - a3)
//   c1 = a1 2a0 + a4 2a2 + a3 a3
//   c2 = a2 v   + a1 a1  + a4 t      t = 2a3 - s
//   c3 = a3 h   + a2 k   + a4 a4     h = 2a0 - a3     k = s - a4
//   c4 = a4 v   + a1 2a3 + a2 a2
INLINE ext e_square(ext a) {
    V twice0 = v_add(a.c[0], a.c[0]), twice1 = v_add(a.c[1], a.c[1]), twice3 = v_add(a.c[3], a.c[3]);
    V s_full = v_sub(twice1, a.c[4]);
    split x[5], s = v_split(s_full), v = v_split(v_sub(twice0, twice3)), t = v_split(v_sub(twice3, s_full));
    split h = v_split(v_sub(twice0, a.c[3])), k = v_split(v_sub(s_full, a.c[4]));
    split double0 = v_split(twice0), double2 = v_split(v_add(a.c[2], a.c[2])), double3 = v_split(twice3);
    EACH_LIMB(i) x[i] = v_split(a.c[i]);
    ext out;
    out.c[0] = w_reduce(w_dot3(x[0], x[0], x[2], double3, x[4], s));
    out.c[1] = w_reduce(w_dot3(x[1], double0, x[4], double2, x[3], x[3]));
    out.c[2] = w_reduce(w_dot3(x[2], v, x[1], x[1], x[4], t));
    out.c[3] = w_reduce(w_dot3(x[3], h, x[2], k, x[4], x[4]));
    out.c[4] = w_reduce(w_dot3(x[4], v, x[1], double3, x[2], x[2]));
    return out;
}

INLINE ext e_scale(V a, ext b) {
    EACH_LIMB(k) b.c[k] = v_mul(a, b.c[k]);
    return b;
}
