"""KoalaBear and its quintic extension E = F[X]/(X^5 + X^2 - 1).  PROTOCOL.md section 1.

Elements of F are ints in 0 ..< P. Elements of E are tuples of five such ints, constant term first.
"""

P = 2**31 - 2**24 + 1
GENERATOR = 3
TWO_ADICITY = 24

ZERO = (0, 0, 0, 0, 0)
ONE = (1, 0, 0, 0, 0)


def inverse_base(a):
    return pow(a, P - 2, P)


def root_of_unity(k):
    """omega_k, of order 2^k."""
    if not 0 <= k <= TWO_ADICITY:
        raise ValueError("no root of unity of that order")
    return pow(GENERATOR, (P - 1) >> k, P)


def bit_reverse(i, bits):
    out = 0
    for _ in range(bits):
        out = (out << 1) | (i & 1)
        i >>= 1
    return out


def embed(a):
    return (a % P, 0, 0, 0, 0)


def add(a, b):
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    return ((a0 + b0) % P, (a1 + b1) % P, (a2 + b2) % P, (a3 + b3) % P, (a4 + b4) % P)


def sub(a, b):
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    return ((a0 - b0) % P, (a1 - b1) % P, (a2 - b2) % P, (a3 - b3) % P, (a4 - b4) % P)


def neg(a):
    return sub(ZERO, a)


def scale(a, s):
    """a in E times s in F."""
    a0, a1, a2, a3, a4 = a
    return (a0 * s % P, a1 * s % P, a2 * s % P, a3 * s % P, a4 * s % P)


def mul(a, b):
    # X^5 = 1 - X^2, X^6 = X - X^3, X^7 = X^2 - X^4, X^8 = -1 + X^2 + X^3.
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    d5 = a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1
    d6 = a2 * b4 + a3 * b3 + a4 * b2
    d7 = a3 * b4 + a4 * b3
    d8 = a4 * b4
    return ((a0 * b0 + d5 - d8) % P,
            (a0 * b1 + a1 * b0 + d6) % P,
            (a0 * b2 + a1 * b1 + a2 * b0 - d5 + d7 + d8) % P,
            (a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 - d6 + d8) % P,
            (a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 - d7) % P)


def square(a):
    return mul(a, a)


def power(a, e):
    out = ONE
    while e:
        if e & 1:
            out = mul(out, a)
        a = mul(a, a)
        e >>= 1
    return out


def inverse(a):
    if a == ZERO:
        raise ZeroDivisionError("inverse of zero in E")
    return power(a, P**5 - 2)


def total(values):
    s0 = s1 = s2 = s3 = s4 = 0
    for v0, v1, v2, v3, v4 in values:
        s0 += v0
        s1 += v1
        s2 += v2
        s3 += v3
        s4 += v4
    return (s0 % P, s1 % P, s2 % P, s3 % P, s4 % P)


def powers(a, count):
    """[1, a, ..., a^(count-1)]"""
    out, x = [], ONE
    for _ in range(count):
        out.append(x)
        x = mul(x, a)
    return out


def horner(coefficients, x):
    """Sum of coefficients[i] x^i."""
    out = ZERO
    for c in reversed(coefficients):
        out = add(mul(out, x), c)
    return out


def eq(z, b):
    """The product over j of z_j b_j + (1 - z_j)(1 - b_j) = 1 - z_j - b_j + 2 z_j b_j."""
    assert len(z) == len(b)
    out = ONE
    for zj, bj in zip(z, b):
        zb = mul(zj, bj)
        out = mul(out, sub(add(ONE, add(zb, zb)), add(zj, bj)))
    return out


def eq_index(index, point):
    """eq(the bits of index, most significant first, point)."""
    out, count = ONE, len(point)
    for j, x in enumerate(point):
        bit = index >> (count - 1 - j) & 1
        out = mul(out, x if bit else sub(ONE, x))
    return out


def eq_table(point):
    """[eq(u, point) for u in 0 ..< 2^len(point)]; coordinate 1 is the most significant bit of u."""
    table = [ONE]
    for x in point:
        following = []
        for t in table:
            high = mul(t, x)
            following.append(sub(t, high))
            following.append(high)
        table = following
    return table


def pow_at(a, point):
    """pow_a(point) = product over j = 1 ... m of (1 - X_j) + X_j a^(2^(m-j))."""
    out = ONE
    for x in reversed(point):
        out = mul(out, add(ONE, mul(x, sub(a, ONE))))
        a = mul(a, a)
    return out


def multilinear_at(values, point):
    """The multilinear extension of values (2^len(point) elements of E) at point."""
    assert len(values) == 1 << len(point)
    for x in point:
        half = len(values) // 2
        values = [add(l, mul(x, sub(h, l))) for l, h in zip(values[:half], values[half:])]
    return values[0]
