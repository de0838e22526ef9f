"""Verification of the opening.  PROTOCOL.md section 6."""

from koalabear import (P, ZERO, add, bit_reverse, embed, eq_table, horner, mul, multilinear_at, pow_at, root_of_unity,
                       sub, total)
from poseidon2 import compress, leaf
from transcript import require


def read_opening(receiver, root, depth, indices, leaf_limbs, where):
    """The pruned multi-proof of one tree: {index: limbs of the leaf}. `indices`: distinct, ascending."""
    leaves = {i: receiver.read(leaf_limbs, f"{where} leaf {i}") for i in indices}
    level = {i: leaf(limbs) for i, limbs in leaves.items()}
    for height in range(depth):
        above = {}
        for i in sorted(level):
            if i >> 1 in above:
                continue
            sibling = level.get(i ^ 1)
            if sibling is None:
                sibling = receiver.read(8, f"{where} sibling of node {i} at level {height}")
            left, right = (sibling, level[i]) if i & 1 else (level[i], sibling)
            above[i >> 1] = compress(left, right)
        level = above
    require(level[0] == list(root), f"{where} root", list(root), level[0])
    return leaves


def fold_base(limbs, weights):
    """The sum of weights[u] times base element u."""
    s0 = s1 = s2 = s3 = s4 = 0
    for limb, (w0, w1, w2, w3, w4) in zip(limbs, weights):
        s0 += limb * w0
        s1 += limb * w1
        s2 += limb * w2
        s3 += limb * w3
        s4 += limb * w4
    return total([(s0, s1, s2, s3, s4)])


def fold_extension(limbs, weights):
    return total(mul(tuple(limbs[5 * u:5 * u + 5]), w) for u, w in enumerate(weights))


class Opening:
    """The claim sum over b of W(b) f(b) = value, reduced to nothing."""

    def __init__(self, receiver, parameters, roots, value, initial_weight):
        """`roots`: [(name of the tree, root)], of two stacks or, with m = 0, of one."""
        self.receiver, self.parameters = receiver, parameters
        self.roots = roots
        assert len(roots) == (2 if parameters.m else 1)
        self.value = value
        self.rhos = []
        # Terms of W: (number of rhos before the term came, function of the rhos after that).
        self.terms = [(0, initial_weight)]

    def verify(self):
        rounds, receiver = self.parameters.rounds, self.receiver
        base = rounds[0]
        self.sum_check(self.parameters.variables - base.width, "P8 round 0")
        fold_from = 0
        for j in range(1, len(rounds)):
            root = receiver.receive(8, f"P9 round {j}")
            alpha = receiver.sponge.sample()
            y = receiver.receive_extension(1, f"P10 round {j}")[0]
            points = self.query(j - 1, fold_from, f"round {j}")
            gamma = receiver.sponge.sample()
            self.combine(gamma, 1, [(y, alpha)] + points)
            self.roots = [("", root)]
            fold_from = len(self.rhos)
            self.sum_check(rounds[j].folding, f"P8 round {j}")
        last = rounds[-1].width
        final = receiver.receive_extension(1 << last, "P13")
        points = self.query(len(rounds) - 1, fold_from, "last round")
        gamma = receiver.sponge.sample()
        self.combine(gamma, 1, points)
        self.sum_check(last, "P8 last round")
        weight = total(f(self.rhos[start:]) for start, f in self.terms)
        expected = mul(weight, multilinear_at(final, self.rhos[len(self.rhos) - last:]))
        require(self.value == expected, "end of the opening", expected, self.value)

    def sum_check(self, steps, where):
        for step in range(steps):
            c0, c2 = self.receiver.receive_extension(2, f"{where} step {step}")
            c1 = sub(self.value, add(add(c0, c0), c2))
            rho = self.receiver.sponge.sample()
            self.value = horner([c0, c1, c2], rho)
            self.rhos.append(rho)

    def combine(self, gamma, first_power, points):
        """Adds the claims f(pow_z) = y for (y, z) in points, the first with gamma^first_power."""
        start, weight = len(self.rhos), embed(1)
        for _ in range(first_power):
            weight = mul(weight, gamma)
        weighted = []
        for y, z in points:
            self.value = add(self.value, mul(weight, y))
            weighted.append((weight, z))
            weight = mul(weight, gamma)
        self.terms.append((start, lambda rho: total(mul(weight, pow_at(z, rho)) for weight, z in weighted)))

    def query(self, j, fold_from, where):
        """Grinds, draws the indices on the code of round j and reads their openings: [(fold_i, z_i)] in the order drawn."""
        code, receiver = self.parameters.rounds[j], self.receiver
        receiver.grind(code.grinding, f"P11 {where}")
        drawn = receiver.sponge.indices(code.queries, code.domain)
        distinct = sorted(set(drawn))
        weights = eq_table(self.rhos[fold_from:])
        folds = {i: ZERO for i in distinct}
        if j == 0:
            half = 1 << code.folding
            counts = [half] + ([1 << (self.parameters.m - code.width)] if self.parameters.m else [])
            for tree, (name, root) in enumerate(self.roots):
                leaves = read_opening(receiver, root, code.domain, distinct, counts[tree], f"P12 {where} {name}")
                part = weights[tree * half:tree * half + counts[tree]]
                for i in distinct:
                    folds[i] = add(folds[i], fold_base(leaves[i], part))
        else:
            leaves = read_opening(receiver, self.roots[0][1], code.domain, distinct, 5 << code.folding, f"P12 {where}")
            for i in distinct:
                folds[i] = fold_extension(leaves[i], weights)
        omega = root_of_unity(code.domain)
        return [(folds[i], embed(pow(omega, bit_reverse(i, code.domain), P))) for i in drawn]
