"""The nine chips: columns, ports, constraints, at extension points.  PROTOCOL.md section 4.

A row is a list of elements of E: a row of the table embedded, or the values of the columns' multilinear extensions at
a point. The limbs of a five-limb group are five such values, and products of groups are taken in E'[X]/(X^5 + X^2 - 1) with
E' = E as the ring of coefficients: X is formal there, it is not the X inside E.
"""

from koalabear import ONE, P, ZERO, add, embed, mul, root_of_unity, scale, sub, total
from poseidon2 import DIAGONAL, FIRST, LAST, PARTIAL


def group_add(x, y):
    return [add(a, b) for a, b in zip(x, y)]


def group_sub(x, y):
    return [sub(a, b) for a, b in zip(x, y)]


def group_scale(x, s):
    return [mul(a, s) for a in x]


def group_mul(x, y):
    d = [ZERO] * 9
    for i in range(5):
        for j in range(5):
            d[i + j] = add(d[i + j], mul(x[i], y[j]))
    return [add(d[0], sub(d[5], d[8])),
            add(d[1], d[6]),
            add(sub(d[2], d[5]), add(d[7], d[8])),
            add(sub(d[3], d[6]), d[8]),
            sub(d[4], d[7])]


# Poseidon

def _external(x):
    y = []
    for g in range(0, 16, 4):
        for i in range(4):
            a, b, c, d = (x[g + (i + k) % 4] for k in range(4))
            y.append(total((a, a, b, b, b, c, d)))
    sums = [total(y[i::4]) for i in range(4)]
    return [add(y[i], sums[i % 4]) for i in range(16)]


def _cube(x):
    return mul(mul(x, x), x)


def _full_round(x, constants):
    return _external([_cube(add(v, embed(c))) for v, c in zip(x, constants)])


def _poseidon(w, pre):
    inputs, a, b, p, d = w[0:16], w[16:32], w[32:48], w[48:68], w[68:84]
    index, bit = w[84], w[85]
    path, weight, feed = pre[:3]
    lo, hi = inputs[:8], inputs[8:]
    constraints = group_sub(a, _full_round(_full_round(_external(inputs), FIRST[0]), FIRST[1]))
    constraints += group_sub(b, _full_round(_full_round(a, FIRST[2]), FIRST[3]))
    x = list(b)
    for r in range(20):
        constraints.append(sub(p[r], _cube(add(x[0], embed(PARTIAL[r])))))
        x[0] = p[r]
        s = total(x)
        x = [add(s, scale(v, k)) for v, k in zip(x, DIAGONAL)]
    constraints += group_sub(d, _full_round(_full_round(x, LAST[0]), LAST[1]))
    out = _full_round(_full_round(d, LAST[2]), LAST[3])
    constraints.append(sub(mul(bit, bit), bit))
    constraints.append(mul(bit, sub(ONE, path)))
    ports = [
        [add(l, mul(bit, sub(h, l))) for l, h in zip(lo, hi)] + [index],
        [add(h, mul(bit, sub(l, h))) for l, h in zip(lo, hi)],
        [add(out[i], mul(feed, inputs[i])) for i in range(8)] + [add(mul(path, index), mul(weight, bit))],
        out[8:],
    ]
    return ports, constraints


# MulAdd, Dot, Power

def _mul_add(w, pre):
    x, y, z = w[0:5], w[5:10], w[10:15]
    return [x, y, z, group_add(group_mul(x, y), z)], []


def _dot(w, pre):
    weights = w[0:40]
    values = [w[40 + 13 * lane:48 + 13 * lane] for lane in range(4)]
    accs = [w[48 + 13 * lane:53 + 13 * lane] for lane in range(4)]
    results = []
    for v, acc in zip(values, accs):
        for j in range(8):
            acc = group_add(acc, group_scale(weights[5 * j:5 * j + 5], v[j]))
        results.append(acc)
    return [weights] + values + accs + results, []


def _power(w, pre):
    r = [w[5 * j:5 * j + 5] for j in range(8)]
    z, acc, mid = w[40:48], w[48:53], w[53:58]
    keep = pre[0]

    def times_factors(group, js):
        for j in js:
            factor = group_scale(r[j], sub(z[j], ONE))
            factor[0] = add(factor[0], ONE)
            group = group_mul(group, factor)
        return group

    constraints = [sub(z[j + 1], mul(z[j], z[j])) for j in range(7)]
    constraints += group_sub(mid, times_factors(acc, range(4)))
    ports = [acc + [z[0]], w[0:40], times_factors(mid, range(4, 8)) + [mul(keep, mul(z[7], z[7]))]]
    return ports, constraints


# Index

GAMMA = [pow(root_of_unity(24), 1 << (23 - j), P) for j in range(20)]


def _index(w, pre):
    b, q = w[0:31], w[31:34]
    mb = b[:8] + [mul(pre[j - 8], b[j]) for j in range(8, 20)]
    f = [add(ONE, scale(mb[j], GAMMA[j] - 1)) for j in range(20)]

    def product(start, js):
        for j in js:
            start = mul(start, f[j])
        return start

    constraints = [sub(mul(v, v), v) for v in b]
    top = ONE
    for j in range(24, 31):
        top = mul(top, b[j])
    constraints.append(mul(top, total(b[:24])))
    constraints.append(sub(q[0], product(ONE, range(8))))
    constraints.append(sub(q[1], product(q[0], range(8, 12))))
    constraints.append(sub(q[2], product(q[1], range(12, 16))))
    ports = [
        [total(scale(b[j], 1 << j) for j in range(31))],
        [ONE, ZERO, ZERO, ZERO, ZERO, product(q[2], range(16, 20))],
        [total(scale(mb[j], 1 << j) for j in range(20))],
    ]
    return ports, constraints


# Pack, Limbs, Select, Constant

def _pack(w, pre):
    return [w[5 * j:5 * j + 5] for j in range(8)] + [w[8 * j:8 * j + 8] for j in range(5)] + [w[0:40]], []


def _limbs(w, pre):
    d, i = w[0:8], w[8]
    return [d + [i], d, [i], d[0:5]] + [[v] for v in d], []


def _select(w, pre):
    s, x, y = w[0], w[1:9], w[9:17]
    return [[s], x, y, [add(a, mul(s, sub(b, a))) for a, b in zip(x, y)]], [sub(mul(s, s), s)]


def _constant(w, pre):
    return [pre[0:8]], []


class Chip:
    def __init__(self, name, witness, named, ports, constraints, function):
        self.name, self.witness, self.named = name, witness, named
        self.ports, self.constraints = ports, constraints
        self.preprocessed = named + 2 * ports
        self._function = function

    def evaluate(self, witness, preprocessed):
        """([(address, multiplicity, tuple)] of the ports, [constraints])"""
        assert len(witness) == self.witness and len(preprocessed) == self.preprocessed
        tuples, constraints = self._function(witness, preprocessed)
        assert len(tuples) == self.ports and len(constraints) == self.constraints
        n = self.named
        return [(preprocessed[n + 2 * k], preprocessed[n + 2 * k + 1], t) for k, t in enumerate(tuples)], constraints


CHIPS = [
    Chip("Poseidon", 86, 3, 4, 70, _poseidon),
    Chip("MulAdd", 15, 0, 4, 0, _mul_add),
    Chip("Dot", 92, 0, 13, 0, _dot),
    Chip("Power", 58, 1, 3, 12, _power),
    Chip("Index", 34, 12, 3, 35, _index),
    Chip("Pack", 40, 0, 14, 0, _pack),
    Chip("Limbs", 9, 0, 12, 0, _limbs),
    Chip("Select", 17, 0, 4, 1, _select),
    Chip("Constant", 0, 8, 1, 0, _constant),
]
