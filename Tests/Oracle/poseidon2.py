"""Poseidon2 of width 16 over KoalaBear and what is built from it.  PROTOCOL.md section 2."""

from koalabear import P, inverse_base


def _grain_constants():
    """Round constants: (4 x 16 first full rounds, 20 partial rounds, 4 x 16 last full rounds)."""
    bits = []
    for value, width in ((1, 2), (0, 4), (31, 12), (16, 12), (8, 10), (20, 10), (2**30 - 1, 30)):
        bits.extend(value >> (width - 1 - i) & 1 for i in range(width))
    assert len(bits) == 80
    state = bits

    def step():
        new = state[62] ^ state[51] ^ state[38] ^ state[23] ^ state[13] ^ state[0]
        state.pop(0)
        state.append(new)
        return new

    for _ in range(160):
        step()

    def kept_bit():
        while True:
            first, second = step(), step()
            if first:
                return second

    def number():
        while True:
            value = 0
            for _ in range(31):
                value = value << 1 | kept_bit()
            if value < P:
                return value

    first = [[number() for _ in range(16)] for _ in range(4)]
    partial = [number() for _ in range(20)]
    last = [[number() for _ in range(16)] for _ in range(4)]
    return first, partial, last


FIRST, PARTIAL, LAST = _grain_constants()

_half, _eighth, _sixteenth = (inverse_base(2**k) for k in (1, 3, 4))
_2_8, _2_24 = inverse_base(2**8), inverse_base(2**24)
DIAGONAL = [v % P for v in (-2, 1, 2, _half, 3, 4, -_half, -3, -4, _2_8, _eighth, _2_24,
                            -_2_8, -_eighth, -_sixteenth, -_2_24)]


def external_layer(x):
    """M4 in each group of four, then the sums over the groups are added. The result is not reduced."""
    x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, xa, xb, xc, xd, xe, xf = x
    s = x0 + x1 + x2 + x3
    y0 = s + x0 + 2 * x1
    y1 = s + x1 + 2 * x2
    y2 = s + x2 + 2 * x3
    y3 = s + x3 + 2 * x0
    s = x4 + x5 + x6 + x7
    y4 = s + x4 + 2 * x5
    y5 = s + x5 + 2 * x6
    y6 = s + x6 + 2 * x7
    y7 = s + x7 + 2 * x4
    s = x8 + x9 + xa + xb
    y8 = s + x8 + 2 * x9
    y9 = s + x9 + 2 * xa
    ya = s + xa + 2 * xb
    yb = s + xb + 2 * x8
    s = xc + xd + xe + xf
    yc = s + xc + 2 * xd
    yd = s + xd + 2 * xe
    ye = s + xe + 2 * xf
    yf = s + xf + 2 * xc
    s0 = y0 + y4 + y8 + yc
    s1 = y1 + y5 + y9 + yd
    s2 = y2 + y6 + ya + ye
    s3 = y3 + y7 + yb + yf
    return (y0 + s0, y1 + s1, y2 + s2, y3 + s3, y4 + s0, y5 + s1, y6 + s2, y7 + s3,
            y8 + s0, y9 + s1, ya + s2, yb + s3, yc + s0, yd + s1, ye + s2, yf + s3)


def full_round(x, constants):
    cubes = []
    for v, c in zip(x, constants):
        v += c
        cubes.append(v * v % P * v % P)
    return external_layer(cubes)


def partial_rounds(x):
    """The twenty partial rounds; returns the state after them."""
    (_, v1, v2, v3, v4, v5, v6, v7, v8, v9, va, vb, vc, vd, ve, vf) = DIAGONAL
    x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, xa, xb, xc, xd, xe, xf = x
    for c in PARTIAL:
        x0 += c
        x0 = x0 * x0 % P * x0 % P
        s = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + xa + xb + xc + xd + xe + xf
        x0 = s - 2 * x0
        x1 = (s + x1) % P
        x2 = (s + 2 * x2) % P
        x3 = (s + v3 * x3) % P
        x4 = (s + 3 * x4) % P
        x5 = (s + 4 * x5) % P
        x6 = (s + v6 * x6) % P
        x7 = (s - 3 * x7) % P
        x8 = (s - 4 * x8) % P
        x9 = (s + v9 * x9) % P
        xa = (s + va * xa) % P
        xb = (s + vb * xb) % P
        xc = (s + vc * xc) % P
        xd = (s + vd * xd) % P
        xe = (s + ve * xe) % P
        xf = (s + vf * xf) % P
    return (x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, xa, xb, xc, xd, xe, xf)


def permute(state):
    """P: sixteen ints to a list of sixteen ints, canonical."""
    x = external_layer(state)
    for constants in FIRST:
        x = full_round(x, constants)
    x = partial_rounds(x)
    for constants in LAST:
        x = full_round(x, constants)
    return [v % P for v in x]


def permute_obvious(state):
    """The same permutation by matrices, as the text has it: what `permute` is compared with."""
    m4 = [[2, 3, 1, 1], [1, 2, 3, 1], [1, 1, 2, 3], [3, 1, 1, 2]]
    external = [[m4[i % 4][j % 4] * (2 if i // 4 == j // 4 else 1) for j in range(16)] for i in range(16)]

    def linear(x):
        return [sum(row[j] * x[j] for j in range(16)) % P for row in external]

    def full(x, constants):
        return linear([(v + c) ** 3 % P for v, c in zip(x, constants)])

    x = linear(state)
    for constants in FIRST:
        x = full(x, constants)
    for c in PARTIAL:
        x = [(x[0] + c) ** 3 % P] + x[1:]
        s = sum(x)
        x = [(s + d * v) % P for d, v in zip(DIAGONAL, x)]
    for constants in LAST:
        x = full(x, constants)
    return x


def compress(left, right):
    state = list(left) + list(right)
    out = permute(state)
    return [(o + s) % P for o, s in zip(out[:8], state)]


def hash_list(tag, values):
    """hash(tag, v). An empty list absorbs one block of zeros."""
    state = [0] * 8 + [len(values), tag] + [0] * 6
    for start in range(0, max(len(values), 1), 8):
        block = list(values[start:start + 8])
        state[:8] = block + [0] * (8 - len(block))
        state = permute(state)
    return state[:8]


def leaf(limbs):
    """The digest of a Merkle leaf: at least two whole blocks of eight."""
    if len(limbs) < 16 or len(limbs) % 8:
        raise ValueError("a leaf is at least two whole blocks of eight")
    digest = limbs[:8]
    for start in range(8, len(limbs), 8):
        digest = compress(digest, limbs[start:start + 8])
    return digest


_KNOWN_INPUT = [894848333, 1437655012, 1200606629, 1690012884, 71131202, 1749206695, 1717947831, 120589055,
                19776022, 42382981, 1831865506, 724844064, 171220207, 1299207443, 227047920, 1783754913]
_KNOWN_OUTPUT = [1934285469, 604889435, 133449501, 1026180808, 1830659359, 176667110, 1391183747, 351743874,
                 1238264085, 1292768839, 2023573270, 1201586780, 1360691759, 1230682461, 748270449, 651545025]
if permute(_KNOWN_INPUT) != _KNOWN_OUTPUT:
    raise RuntimeError("Poseidon2 does not give its known answer")
