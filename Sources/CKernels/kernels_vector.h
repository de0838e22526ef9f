// Vector kernels: conversions, base and extension vectors, multilinear folds, sum-check and GKR rounds.
// The formulas are the header's (ckernels.h). Included by kernels.h once per instruction set.

static void kernel_to_montgomery(const uint32_t *canonical, uint32_t *out, size_t n) {
    EACH_VECTOR(n, v_store(out + i, v_mul(v_load(canonical + i, lanes), v_set(KB_R_SQUARED)), lanes););
}

static void kernel_from_montgomery(const uint32_t *mont, uint32_t *out, size_t n) {
    EACH_VECTOR(n, v_store(out + i, v_mul(v_load(mont + i, lanes), v_set(1)), lanes););
}

static void kernel_add(const uint32_t *a, const uint32_t *b, uint32_t *out, size_t n) {
    EACH_VECTOR(n, v_store(out + i, v_add(v_load(a + i, lanes), v_load(b + i, lanes)), lanes););
}

static void kernel_sub(const uint32_t *a, const uint32_t *b, uint32_t *out, size_t n) {
    EACH_VECTOR(n, v_store(out + i, v_sub(v_load(a + i, lanes), v_load(b + i, lanes)), lanes););
}

static void kernel_mul(const uint32_t *a, const uint32_t *b, uint32_t *out, size_t n) {
    EACH_VECTOR(n, v_store(out + i, v_mul(v_load(a + i, lanes), v_load(b + i, lanes)), lanes););
}

static void kernel_ext_mul(const uint32_t *a, size_t sa, const uint32_t *b, size_t sb, uint32_t *out,
                           size_t so, size_t n) {
    EACH_VECTOR(n, {
        ext_operand right = e_operand(e_load(b + i, sb, lanes));
        e_store(out + i, so, e_mul(e_load(a + i, sa, lanes), right), lanes);
    });
}

static void kernel_ext_scale(const uint32_t s[5], const uint32_t *a, size_t sa, uint32_t *out, size_t so,
                             size_t n) {
    ext_operand factor = e_operand_set(s);
    EACH_VECTOR(n, e_store(out + i, so, e_mul(e_load(a + i, sa, lanes), factor), lanes););
}

static void kernel_ext_scale_add(const uint32_t s[5], const uint32_t *a, size_t sa, uint32_t *out,
                                 size_t so, size_t n) {
    ext_operand factor = e_operand_set(s);
    EACH_VECTOR(n, {
        ext product = e_mul(e_load(a + i, sa, lanes), factor);
        e_store(out + i, so, e_add(e_load(out + i, so, lanes), product), lanes);
    });
}

static void kernel_base_scale_add(const uint32_t s[5], const uint32_t *a, uint32_t *out, size_t so,
                                  size_t n) {
    ext factor = e_set(s);
    EACH_VECTOR(n, {
        ext product = e_scale(v_load(a + i, lanes), factor);
        e_store(out + i, so, e_add(e_load(out + i, so, lanes), product), lanes);
    });
}

static void kernel_base_ext_dot(const uint32_t *a, const uint32_t *b, size_t sb, size_t n,
                                uint32_t result[5]) {
    ext_sum sum = s_zero();
    s_fold(&sum);
    EACH_VECTOR(n, {
        s_add_scaled(&sum, v_load(a + i, lanes), e_load(b + i, sb, lanes));
        s_fold(&sum);
    });
    s_total(sum, result);
}

static void kernel_ext_ext_dot(const uint32_t *a, size_t sa, const uint32_t *b, size_t sb, size_t n,
                               uint32_t result[5]) {
    ext_sum sum = s_zero();
    s_fold(&sum);
    EACH_VECTOR(n, {
        s_add_product(&sum, e_load(a + i, sa, lanes), e_operand(e_load(b + i, sb, lanes)));
        s_fold(&sum);
    });
    s_total(sum, result);
}

static void kernel_fold_base(const uint32_t *f, size_t n, const uint32_t r[5], uint32_t *out, size_t so) {
    ext factor = e_set(r);
    EACH_VECTOR(n, {
        V low = v_load(f + i, lanes);
        ext folded = e_scale(v_plain_sub(v_load(f + n + i, lanes), low), factor);
        folded.c[0] = v_add(folded.c[0], low);
        e_store(out + i, so, folded, lanes);
    });
}

// In place is safe: entry i is written after entries i and n + i, the only ones it needs, were read.
static void kernel_fold_ext(const uint32_t *f, size_t sf, size_t n, const uint32_t r[5], uint32_t *out,
                            size_t so) {
    ext_operand factor = e_operand_set(r);
    EACH_VECTOR(n, {
        ext low = e_load(f + i, sf, lanes);
        ext difference = e_sub(e_load(f + n + i, sf, lanes), low);
        e_store(out + i, so, e_add(low, e_mul(difference, factor)), lanes);
    });
}

static void kernel_eq_double(const uint32_t *e, size_t se, size_t n, const uint32_t z[5], uint32_t *out,
                             size_t so) {
    ext_operand factor = e_operand_set(z);
    EACH_VECTOR(n, {
        ext old = e_load(e + i, se, lanes);
        ext high = e_mul(old, factor);
        e_store(out + i, so, e_sub(old, high), lanes);
        e_store(out + n + i, so, high, lanes);
    });
}

static void kernel_product_round_base(const uint32_t *f, const uint32_t *w, size_t sw, size_t n,
                                      uint32_t c0[5], uint32_t c2[5]) {
    ext_sum sum0 = s_zero(), sum2 = s_zero();
    s_fold(&sum0);
    s_fold(&sum2);
    EACH_VECTOR(n, {
        V f0 = v_load(f + i, lanes);
        ext w0 = e_load(w + i, sw, lanes);
        s_add_scaled(&sum0, f0, w0);
        s_fold(&sum0);
        s_add_scaled(&sum2, v_sub(v_load(f + n + i, lanes), f0), e_sub(e_load(w + n + i, sw, lanes), w0));
        s_fold(&sum2);
    });
    s_total(sum0, c0);
    s_total(sum2, c2);
}

static void kernel_product_round_ext(const uint32_t *f, size_t sf, const uint32_t *w, size_t sw, size_t n,
                                     uint32_t c0[5], uint32_t c2[5]) {
    ext_sum sum0 = s_zero(), sum2 = s_zero();
    s_fold(&sum0);
    s_fold(&sum2);
    EACH_VECTOR(n, {
        ext f0 = e_load(f + i, sf, lanes);
        ext w0 = e_load(w + i, sw, lanes);
        s_add_product(&sum0, f0, e_operand(w0));
        s_fold(&sum0);
        ext f_difference = e_sub(e_load(f + n + i, sf, lanes), f0);
        ext w_difference = e_sub(e_load(w + n + i, sw, lanes), w0);
        s_add_product(&sum2, f_difference, e_operand(w_difference));
        s_fold(&sum2);
    });
    s_total(sum0, c0);
    s_total(sum2, c2);
}

// The lanes hold z^i, ..., z^(i+VW-1); a step multiplies them by z^VW.
static void kernel_powers_add_base(const uint32_t s[5], uint32_t z, uint32_t *w, size_t sw, size_t n) {
    uint32_t powers[VW], step = KB_ONE;
    for (int k = 0; k < VW; k++) {
        powers[k] = step;
        step = field_mul(step, z);
    }
    V power = v_load(powers, VW), factor = v_set(step);
    ext scale = e_set(s);
    EACH_VECTOR(n, {
        e_store(w + i, sw, e_add(e_load(w + i, sw, lanes), e_scale(power, scale)), lanes);
        power = v_mul(power, factor);
    });
}

static void scalar_ext_mul(const uint32_t a[5], const uint32_t b[5], uint32_t out[5]) {
    uint32_t d[9] = {0}, result[5];
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) d[i + j] = field_add(d[i + j], field_mul(a[i], b[j]));
    for (int k = 8; k >= 5; k--) {
        d[k - 5] = field_add(d[k - 5], d[k]);
        d[k - 3] = field_sub(d[k - 3], d[k]);
    }
    for (int k = 0; k < 5; k++) result[k] = d[k];
    for (int k = 0; k < 5; k++) out[k] = result[k];
}

static void kernel_powers_add_ext(const uint32_t s[5], const uint32_t z[5], uint32_t *w, size_t sw,
                                  size_t n) {
    uint32_t powers[5][VW], next[5] = {s[0], s[1], s[2], s[3], s[4]}, step[5] = {KB_ONE, 0, 0, 0, 0};
    for (int lane = 0; lane < VW; lane++) {
        for (int k = 0; k < 5; k++) powers[k][lane] = next[k];
        scalar_ext_mul(next, z, next);
        scalar_ext_mul(step, z, step);
    }
    ext power = e_load(&powers[0][0], VW, VW);
    ext_operand factor = e_operand_set(step);
    EACH_VECTOR(n, {
        e_store(w + i, sw, e_add(e_load(w + i, sw, lanes), power), lanes);
        power = e_mul(power, factor);
    });
}

static void kernel_gkr_layer(const uint32_t *num_base, const uint32_t *num, size_t sn, const uint32_t *den,
                             size_t sd, size_t n, uint32_t *num_out, size_t sno, uint32_t *den_out,
                             size_t sdo) {
    EACH_VECTOR(n, {
        ext left = e_load(den + i, sd, lanes);
        ext right = e_load(den + n + i, sd, lanes);
        ext_operand right_operand = e_operand(right);
        ext_sum numerator = s_zero();
        if (num_base != NULL) {
            s_add_scaled(&numerator, v_load(num_base + i, lanes), right);
            s_add_scaled(&numerator, v_load(num_base + n + i, lanes), left);
        } else {
            s_add_product(&numerator, e_load(num + i, sn, lanes), right_operand);
            s_add_product(&numerator, e_load(num + n + i, sn, lanes), e_operand(left));
        }
        e_store(num_out + i, sno, s_reduce(numerator), lanes);
        e_store(den_out + i, sdo, e_mul(left, right_operand), lanes);
    });
}

// g at 0, or its coefficient of X^2, from the four polynomials' values there or their differences:
// nl·dr + nr·dl + lambda·dl·dr = (nl + lambda·dl)·dr + nr·dl.
INLINE ext gkr_value(ext nl, ext nr, ext dl, ext dr, const ext_operand *lambda) {
    ext left = lambda != NULL ? e_add(nl, e_mul(dl, *lambda)) : nl;
    return e_mul_pair(left, e_operand(dr), nr, e_operand(dl));
}

INLINE ext gkr_value_base(V nl, V nr, ext dl, ext dr, const ext_operand *lambda) {
    ext left = e_mul(dl, *lambda);
    left.c[0] = v_add(left.c[0], nl);
    ext_sum sum = s_zero();
    s_add_product(&sum, left, e_operand(dr));
    s_add_scaled(&sum, nr, dl);
    return s_reduce(sum);
}

// Inlined once for base numerators, once for extension ones, once for those with lambda = 0 (NULL here).
INLINE void gkr_round(const uint32_t *nl, const uint32_t *nr, size_t sn, int num_is_base, const uint32_t *dl,
                      const uint32_t *dr, size_t sd, const uint32_t *e, size_t se, size_t m,
                      const ext_operand *lambda, uint32_t h0[5], uint32_t h2[5]) {
    ext_sum sum0 = s_zero(), sum2 = s_zero();
    s_fold(&sum0);
    s_fold(&sum2);
    EACH_VECTOR(m, {
        ext_operand weight = e_operand(e_load(e + i, se, lanes));
        ext dl0 = e_load(dl + i, sd, lanes);
        ext dr0 = e_load(dr + i, sd, lanes);
        ext dl2 = e_sub(e_load(dl + m + i, sd, lanes), dl0);
        ext dr2 = e_sub(e_load(dr + m + i, sd, lanes), dr0);
        ext g0;
        ext g2;
        if (num_is_base) {
            V nl0 = v_load(nl + i, lanes);
            V nr0 = v_load(nr + i, lanes);
            V nl2 = v_sub(v_load(nl + m + i, lanes), nl0);
            V nr2 = v_sub(v_load(nr + m + i, lanes), nr0);
            g0 = gkr_value_base(nl0, nr0, dl0, dr0, lambda);
            g2 = gkr_value_base(nl2, nr2, dl2, dr2, lambda);
        } else {
            ext nl0 = e_load(nl + i, sn, lanes);
            ext nr0 = e_load(nr + i, sn, lanes);
            g0 = gkr_value(nl0, nr0, dl0, dr0, lambda);
            ext nl2 = e_sub(e_load(nl + m + i, sn, lanes), nl0);
            ext nr2 = e_sub(e_load(nr + m + i, sn, lanes), nr0);
            g2 = gkr_value(nl2, nr2, dl2, dr2, lambda);
        }
        s_add_product(&sum0, g0, weight);
        s_fold(&sum0);
        s_add_product(&sum2, g2, weight);
        s_fold(&sum2);
    });
    s_total(sum0, h0);
    s_total(sum2, h2);
}

static void kernel_gkr_round(const uint32_t *nl, const uint32_t *nr, size_t sn, int num_is_base,
                             const uint32_t *dl, const uint32_t *dr, size_t sd, const uint32_t *e, size_t se,
                             size_t m, const uint32_t lambda[5], uint32_t h0[5], uint32_t h2[5]) {
    const ext_operand factor = e_operand_set(lambda);
    const int lambda_is_zero = (lambda[0] | lambda[1] | lambda[2] | lambda[3] | lambda[4]) == 0;
    if (num_is_base) gkr_round(nl, nr, sn, 1, dl, dr, sd, e, se, m, &factor, h0, h2);
    else if (lambda_is_zero) gkr_round(nl, nr, sn, 0, dl, dr, sd, e, se, m, NULL, h0, h2);
    else gkr_round(nl, nr, sn, 0, dl, dr, sd, e, se, m, &factor, h0, h2);
}
