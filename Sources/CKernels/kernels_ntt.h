// Low-degree extension by a decimation-in-frequency NTT, natural order in, bit-reversed out. In four steps:
//   1. expand: the first rate_bits layers see zero upper halves, so they only multiply by twiddles;
//   2. layers on blocks too long for the first-level cache, two at a time, all blocks together so that each strided
//      twiddle is fetched once;
//   3. the other layers block by block in the first-level cache, two at a time, with twiddles packed on the stack;
//   4. the last log2(VW) layers inside vectors, by transposing VW x VW words.
// Included by kernels.h once per instruction set.

enum { LOG_PACKED = 12, CHUNK = 512 };

// Two layers on a quarter-distance apart: block of 4·quarter words, vector j of each quarter.
INLINE void two_layers(uint32_t *x, size_t quarter, V near, V far, V second) {
    V x0 = v_load(x, VW), x1 = v_load(x + quarter, VW);
    V x2 = v_load(x + 2 * quarter, VW), x3 = v_load(x + 3 * quarter, VW);
    V y0 = v_add(x0, x2), y1 = v_add(x1, x3);
    V y2 = v_mul(v_plain_sub(x0, x2), near), y3 = v_mul(v_plain_sub(x1, x3), far);
    v_store(x, v_add(y0, y1), VW);
    v_store(x + quarter, v_mul(v_plain_sub(y0, y1), second), VW);
    v_store(x + 2 * quarter, v_add(y2, y3), VW);
    v_store(x + 3 * quarter, v_mul(v_plain_sub(y2, y3), second), VW);
}

// dst's block b of n words becomes src[i]·w^(i·bitreverse(b)), layer by layer: the upper half of a block of layer l
// is the lower half times w^(2^l·i), and w^(2^(l+1)·i) is the square of that.
static void expand(const uint32_t *src, size_t n, unsigned rate_bits, const uint32_t *twiddles, uint32_t *dst) {
    const size_t blocks = (size_t)1 << rate_bits;
    EACH_VECTOR(n, {
        v_store(dst + i, v_load(src + i, lanes), lanes);
        V twiddle = rate_bits ? v_load(twiddles + i, lanes) : v_set(0);
        for (size_t distance = blocks / 2; distance > 0; distance /= 2) {
            for (size_t b = 0; b < blocks; b += 2 * distance) {
                V x = v_load(dst + b * n + i, lanes);
                v_store(dst + (b + distance) * n + i, v_mul(x, twiddle), lanes);
            }
            twiddle = v_mul(twiddle, twiddle);
        }
    });
}

// Two layers of every block of `size` words; consecutive twiddles are `total / size` apart. A chunk's twiddles are
// gathered once and serve all blocks, and only four runs of memory are written at a time: more, a power of two
// apart, would evict each other from the cache.
static void long_layers(uint32_t *dst, size_t total, size_t size, const uint32_t *twiddles) {
    const size_t quarter = size / 4, stride = total / size;
    const V fourth_root = v_set(twiddles[total / 4]);
    // SAFETY: size > 2^LOG_PACKED, so that quarter is a multiple of CHUNK.
    for (size_t start = 0; start < quarter; start += CHUNK) {
        V near[CHUNK / VW], far[CHUNK / VW], second[CHUNK / VW];
        for (size_t k = 0; k < CHUNK / VW; k++) {
            near[k] = v_strided(twiddles + (start + k * VW) * stride, stride);
            far[k] = v_mul(near[k], fourth_root);
            second[k] = v_mul(near[k], near[k]);
        }
        for (size_t b = start; b < total; b += size)
            for (size_t k = 0; k < CHUNK / VW; k++)
                two_layers(dst + b + k * VW, quarter, near[k], far[k], second[k]);
    }
}

// packed[h + i] = w_(2h)^i for i < h, h = size/2, size/4, ...: the twiddles of the layer of half length h.
static void pack_twiddles(uint32_t *packed, size_t total, size_t size, const uint32_t *twiddles) {
    const size_t stride = total / size;
    for (size_t i = 0; i < size / 2; i++) packed[size / 2 + i] = twiddles[i * stride];
    for (size_t i = size / 2 - 1; i > 0; i--) {
        size_t half = (size_t)1 << (63 - __builtin_clzll(i));
        packed[i] = packed[2 * half + 2 * (i - half)];
    }
}

// All layers of half length >= VW of one block that fits the cache.
static void short_layers(uint32_t *x, size_t size, const uint32_t *packed) {
    size_t half = size / 2;
    if (__builtin_ctzll(size / VW) % 2) {
        for (size_t i = 0; i < half; i += VW) {
            V low = v_load(x + i, VW), high = v_load(x + half + i, VW);
            v_store(x + i, v_add(low, high), VW);
            v_store(x + half + i, v_mul(v_plain_sub(low, high), v_load(packed + half + i, VW)), VW);
        }
        half /= 2;
    }
    for (; half >= VW; half /= 4) {
        const size_t quarter = half / 2;
        for (size_t b = 0; b < size; b += 2 * half)
            for (size_t i = 0; i < quarter; i += VW)
                two_layers(x + b + i, quarter, v_load(packed + half + i, VW),
                           v_load(packed + half + quarter + i, VW), v_load(packed + quarter + i, VW));
    }
}

// The last layers, on VW blocks of VW words: transposed, word k of every block is one vector.
INLINE void last_layers(uint32_t *x, const uint32_t *packed) {
    V y[VW];
    for (int k = 0; k < VW; k++) y[k] = v_load(x + VW * k, VW);
    v_transpose(y);
    UNROLL for (int half = VW / 2; half > 0; half /= 2) {
        UNROLL for (int k = 0; k < VW; k++) {
            if (k & half) continue;
            V low = y[k], high = y[k + half];
            y[k] = v_add(low, high);
            int power = k & (half - 1);
            y[k + half] = power ? v_mul(v_plain_sub(low, high), v_set(packed[half + power])) : v_sub(low, high);
        }
    }
    v_transpose(y);
    for (int k = 0; k < VW; k++) v_store(x + VW * k, y[k], VW);
}

// Any size, a word at a time: for inputs too short for whole vectors.
static void tiny_layers(uint32_t *dst, size_t total, size_t size, const uint32_t *twiddles) {
    for (size_t half = size / 2; half > 0; half /= 2)
        for (size_t b = 0; b < total; b += 2 * half)
            for (size_t i = 0; i < half; i++) {
                uint32_t low = dst[b + i], high = dst[b + half + i];
                dst[b + i] = field_add(low, high);
                dst[b + half + i] = field_mul(field_sub(low, high), twiddles[i * (total / (2 * half))]);
            }
}

static void kernel_lde(const uint32_t *src, unsigned log_len, unsigned rate_bits, const uint32_t *twiddles,
                       uint32_t *dst) {
    const size_t total = (size_t)1 << (log_len + rate_bits);
    size_t size = (size_t)1 << log_len;
    expand(src, size, rate_bits, twiddles, dst);
    if (size < VW || total < VW * VW || size < 2) {
        tiny_layers(dst, total, size, twiddles);
        return;
    }
    for (; size > (size_t)1 << LOG_PACKED; size /= 4) long_layers(dst, total, size, twiddles);
    uint32_t packed[1 << LOG_PACKED];
    pack_twiddles(packed, total, size, twiddles);
    const size_t part = size > VW * VW ? size : VW * VW;
    for (uint32_t *x = dst; x != dst + total; x += part) {
        for (size_t b = 0; b < part; b += size) short_layers(x + b, size, packed);
        for (size_t b = 0; VW > 1 && b < part; b += VW * VW) last_layers(x + b, packed);
    }
}
