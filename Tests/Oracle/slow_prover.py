"""A prover for toy circuits, for the tests of the verifier only: obvious, slow, a few seconds at 2^13 cells."""

import random

import poseidon2
from chips import CHIPS, GAMMA
from deferred import limbs_of, pack, rows_at, unpack
from koalabear import (ONE, P, ZERO, add, bit_reverse, embed, eq_index, eq_table, horner, inverse, inverse_base, mul,
                       powers, root_of_unity, scale, sub, total)
from parameters import Layout, Shape, derive, explicit
from transcript import Sponge


# Rows of witnesses, one function a chip.

def poseidon_row(inputs, index=0, bit=0):
    x = poseidon2.external_layer(inputs)
    groups = [list(inputs)]
    for r in (0, 1):
        x = poseidon2.full_round(x, poseidon2.FIRST[r])
    groups.append([v % P for v in x])
    for r in (2, 3):
        x = poseidon2.full_round(x, poseidon2.FIRST[r])
    x = [v % P for v in x]
    groups.append(list(x))
    p = []
    for c in poseidon2.PARTIAL:
        x[0] = pow(x[0] + c, 3, P)
        p.append(x[0])
        s = sum(x)
        x = [(s + d * v) % P for d, v in zip(poseidon2.DIAGONAL, x)]
    groups.append(p)
    for r in (0, 1):
        x = poseidon2.full_round(x, poseidon2.LAST[r])
    groups.append([v % P for v in x])
    return sum(groups, []) + [index, bit]


def power_row(r, z, acc):
    zs = [z]
    for _ in range(7):
        zs.append(zs[-1] * zs[-1] % P)
    mid = acc
    for j in range(4):
        mid = mul(mid, add(ONE, scale(r[j], zs[j] - 1)))
    return [limb for e in r for limb in e] + zs + list(acc) + list(mid)


def index_row(value, m):
    b = [value >> j & 1 for j in range(31)]
    f = [1 + b[j] * (GAMMA[j] - 1) * (1 if j < 8 else m[j - 8]) for j in range(20)]
    q, product = [], 1
    for end in (8, 12, 16):
        for j in range(len(q) and end - 4, end):
            product = product * f[j] % P
        q.append(product)
    return b + q


def random_limbs(rng, count):
    return [rng.randrange(P) for _ in range(count)]


class ToyCircuit:
    """Rows that satisfy the chips; every set of equal tuples becomes one address. The statement is the d of Limbs row 0, which is
    an output of Poseidon row 0; `inputs` are that row's."""

    def __init__(self, heights, seed, inputs=None):
        rng = random.Random(seed)
        limbs = lambda k: random_limbs(rng, k)
        ext = lambda: tuple(limbs(5))
        self.heights = heights
        witness, named = [[] for _ in CHIPS], [[] for _ in CHIPS]
        for t, h in enumerate(heights):
            for row in range(1 << h):
                empty = row % 4 == 3
                if t == 0:
                    bit = row & 1
                    path, weight, feed = (1, 1 << row % 20, 1) if row % 4 == 1 else (0, 0, row & 1)
                    w = poseidon_row(inputs if inputs and row == 0 else [0] * 16 if empty else limbs(16), path * 5, bit * path)
                    pre = [path, weight, feed]
                elif t == 3:
                    w = power_row([ext() for _ in range(8)], rng.randrange(P), ONE if empty else ext())
                    pre = [row & 1]
                elif t == 4:
                    pre = [1 if j < 8 + row % 13 else 0 for j in range(8, 20)]
                    w = index_row(0 if empty else rng.randrange(P), pre)
                elif t == 7:
                    w, pre = [row & 1] + limbs(16), []
                elif t == 8:
                    w, pre = [], limbs(8)
                else:
                    w, pre = [0] * CHIPS[t].witness if empty else limbs(CHIPS[t].witness), []
                witness[t].append(w)
                named[t].append(pre)
        # A connection of each kind: limbs of a Poseidon output, of a constant, of a product.
        witness[6][0] = poseidon2.permute(witness[0][0][:16])[:8] + [0]
        if named[0][0][2]:
            raise AssertionError
        named[8][0] = witness[6][1][:8]
        self.statement = witness[6][0][:8]
        self.witness, self.named = witness, named
        self.connect()

    def connect(self):
        groups = {}
        tuples = []
        for t, chip in enumerate(CHIPS):
            for row in range(1 << self.heights[t]):
                ports, constraints = chip.evaluate([embed(v) for v in self.witness[t][row]],
                                                   [embed(v) for v in self.named[t][row] + [0] * (2 * chip.ports)])
                assert all(c == ZERO for c in constraints), (chip.name, row)
                for k, (_, _, entries) in enumerate(ports):
                    assert all(e[1:] == (0, 0, 0, 0) for e in entries)
                    key = [e[0] for e in entries]
                    while key and key[-1] == 0:
                        key.pop()
                    groups.setdefault(tuple(key), []).append((t, row, k))
        statement = list(self.statement)
        while statement and statement[-1] == 0:
            statement.pop()
        self.pre = [[self.named[t][row] + [0] * (2 * CHIPS[t].ports) for row in range(1 << self.heights[t])]
                    for t in range(len(CHIPS))]

        def put(port, address, multiplicity):
            t, row, k = port
            at = CHIPS[t].named + 2 * k
            self.pre[t][row][at:at + 2] = [address, multiplicity % P]

        # d of Limbs row 0 (port 1) is the statement's port, port 0 of that row holds it to Poseidon's output.
        groups[tuple(statement)].remove((6, 0, 1))
        put((6, 0, 1), 1, -1)
        for number, (key, members) in enumerate(sorted(groups.items())):
            for which, port in enumerate(members):
                put(port, 2 + number, -1 if which else len(members) - 1)


def ntt(coefficients, bits):
    """Values at omega_bits^i, i in order."""
    if bits == 0:
        return [coefficients[0]] if coefficients else [0]
    if len(coefficients) == 1:
        return coefficients * (1 << bits)
    even, odd = ntt(coefficients[0::2], bits - 1), ntt(coefficients[1::2], bits - 1)
    omega, x = root_of_unity(bits), 1
    low, high = [], []
    for a, b in zip(even, odd):
        b = b * x % P
        low.append((a + b) % P)
        high.append((a - b) % P)
        x = x * omega % P
    return low + high


class Tree:
    def __init__(self, rows, bits):
        """rows: base rows of coefficients, in the order of the leaves' limbs."""
        words = [ntt(row, bits) for row in rows]
        order = [bit_reverse(i, bits) for i in range(1 << bits)]
        self.leaves = [[word[i] for word in words] for i in order]
        self.levels = [[poseidon2.leaf(l) for l in self.leaves]]
        while len(self.levels[-1]) > 1:
            level = self.levels[-1]
            self.levels.append([poseidon2.compress(level[i], level[i + 1]) for i in range(0, len(level), 2)])
        self.root = self.levels[-1][0]

    def open(self, indices):
        """The limbs of P12 for distinct ascending indices."""
        out = [limb for i in indices for limb in self.leaves[i]]
        known = list(indices)
        for level in self.levels[:-1]:
            present = set(known)
            for i in known:
                if i ^ 1 not in present:
                    out.extend(level[i ^ 1])
            known = sorted({i >> 1 for i in known})
        return out


class Sender:
    def __init__(self, lies):
        """`lies`: {(message, which of that name): function of the limbs}, told before they are absorbed."""
        self.out, self.sponge = [], Sponge()
        self.messages, self.lies, self.sent = [], lies, {}

    def write(self, limbs, name="P12"):
        self.messages.append((name, len(self.out), len(limbs)))
        self.out.extend(limbs)

    def send(self, limbs, name):
        which = self.sent.get(name, 0)
        self.sent[name] = which + 1
        limbs = self.lies.get((name, which), list)(limbs)
        self.write(limbs, name)
        self.sponge.absorb(limbs)

    def send_extension(self, elements, name):
        self.send([limb for e in elements for limb in e], name)

    def grind(self, bits):
        for nonce in range(P):
            trial = Sponge()
            trial.state = list(self.sponge.state)
            if trial.absorb_nonce(nonce, bits) == 0:
                break
        self.write([nonce], "P11")
        self.sponge.absorb_nonce(nonce, bits)

    def bytes(self):
        return b"".join(v.to_bytes(4, "little") for v in self.out)


def halve(values, x):
    """Binds the most significant variable."""
    half = len(values) // 2
    return [add(l, mul(x, sub(h, l))) for l, h in zip(values[:half], values[half:])]


def interpolate(values):
    """Coefficients of the polynomial with these values at 0, 1, 2, ..."""
    count = len(values)
    out = [ZERO] * count
    for i, value in enumerate(values):
        basis, denominator = [1], 1
        for j in range(count):
            if j != i:
                basis = [(a - j * b) % P for a, b in zip([0] + basis, basis + [0])]
                denominator = denominator * (i - j) % P
        factor = inverse_base(denominator)
        out = [add(o, scale(value, b * factor % P)) for o, b in zip(out, basis)]
    return out


class ToyProver:
    """Proves a ToyCircuit, or something that is not a proof when its rows are wrong."""

    def __init__(self, circuit, parameters=None, target_bits=104, rate_bits=2, deferred=False):
        """Without parameters: those of the shape, with all their work."""
        deferred = deferred or parameters is not None and parameters[1] == 0
        self.circuit = circuit
        self.shape = Shape(circuit.heights, target_bits, rate_bits, deferred)
        self.layout = Layout(circuit.heights)
        self.parameters = explicit(*parameters) if parameters else derive(self.shape, self.layout)
        self.base = self.parameters.rounds[0]
        self.witness_stack = self.stack(self.layout.witness, circuit.witness, self.parameters.n)
        self.preprocessed_stack = self.stack(self.layout.preprocessed, circuit.pre, self.layout.stacks()[1])
        self.preprocessed_tree = self.commit(self.preprocessed_stack)
        self.verifier_data = {"root": self.preprocessed_tree.root, "heights": circuit.heights,
                              "target_bits": target_bits, "rate_bits": rate_bits, "deferred": deferred}

    def stack(self, columns, rows, bits):
        out, counts = [], {}
        for t, position in columns:
            c = counts.get(t, 0)
            counts[t] = c + 1
            assert len(out) == position << self.circuit.heights[t]
            out.extend(row[c] for row in rows[t])
        return out + [0] * ((1 << bits) - len(out))

    def commit(self, stack):
        return commit(stack, self.base)

    def prove(self, lies={}):
        circuit, layout, L = self.circuit, self.layout, self.layout.L
        statement = circuit.statement
        sender = self.sender = Sender(lies)
        sponge = sender.sponge
        sponge.absorb(poseidon2.hash_list(1, self.preprocessed_tree.root + self.shape.limbs()))
        sponge.absorb(statement)
        tree = self.commit(self.witness_stack)
        sender.send(tree.root, "P1")
        alpha_0 = sponge.sample()
        deferred = self.shape.deferred
        padded = [] if deferred else self.preprocessed_stack + [0] * ((1 << self.parameters.n) - len(self.preprocessed_stack))
        f = [embed(v) for v in self.witness_stack + padded]
        y_0 = horner(f, alpha_0)
        sender.send_extension([y_0], "P2")
        beta = sponge.sample()
        c = sponge.sample()
        beta_powers = powers(beta, 41)

        # Leaves.
        numerators, denominators = [], []
        tables = []
        for t, chip in enumerate(CHIPS):
            rows = []
            for row in range(1 << circuit.heights[t]):
                ports, _ = chip.evaluate([embed(v) for v in circuit.witness[t][row]],
                                         [embed(v) for v in circuit.pre[t][row]])
                rows.append([(m, sub(sub(c, a), total(mul(b, v) for b, v in zip(beta_powers[1:], entries))))
                             for a, m, entries in ports])
            tables.append(rows)
        seen = {}
        for t, _ in layout.leaves:
            k = seen.get(t, 0)
            seen[t] = k + 1
            numerators.extend(row[k][0] for row in tables[t])
            denominators.extend(row[k][1] for row in tables[t])
        numerators += [ZERO] * ((1 << L) - len(numerators))
        denominators += [ONE] * ((1 << L) - len(denominators))
        layers = [(numerators, denominators)]
        while len(layers[-1][0]) > 2:
            nums, dens = layers[-1]
            half = len(nums) // 2
            layers.append(([add(mul(nums[j], dens[j + half]), mul(nums[j + half], dens[j])) for j in range(half)],
                           [mul(dens[j], dens[j + half]) for j in range(half)]))
        layers.reverse()

        nums, dens = layers[0]
        sender.send_extension(nums + dens, "P3")
        rho = sponge.sample()
        point = [rho]
        n, d = (add(v[0], mul(rho, sub(v[1], v[0]))) for v in (nums, dens))
        for i in range(1, L):
            lam = sponge.sample()
            nums, dens = layers[i]
            half = len(nums) // 2
            parts = [nums[:half], nums[half:], dens[:half], dens[half:]]
            bound = []
            for j in range(i):
                weights = eq_table(point[j + 1:])
                size = len(weights)
                values = []
                for x in range(3):
                    acc = ZERO
                    for k in range(size):
                        nl, nr, dl, dr = (add(p[k], scale(sub(p[k + size], p[k]), x)) for p in parts)
                        g = add(add(mul(nl, dr), mul(nr, dl)), mul(lam, mul(dl, dr)))
                        acc = add(acc, mul(weights[k], g))
                    values.append(acc)
                sender.send_extension(interpolate(values)[1:], "P4")
                r = sponge.sample()
                bound.append(r)
                parts = [halve(p, r) for p in parts]
            nl, nr, dl, dr = (p[0] for p in parts)
            sender.send_extension([nl, nr, dl, dr], "P5")
            rho = sponge.sample()
            point = [rho] + bound
            n, d = add(nl, mul(rho, sub(nr, nl))), add(dl, mul(rho, sub(dr, dl)))

        # Tables.
        M = layout.max_height
        e = [eq_index(position, point[:L - circuit.heights[t]]) for t, position in layout.leaves]
        alpha = sponge.sample()
        zeta_low = point[L - M:]
        first_port, first_constraint, ports_so_far, constraints_so_far = {}, {}, 0, 0
        for t in layout.order:
            first_port[t], first_constraint[t] = ports_so_far, constraints_so_far
            ports_so_far += CHIPS[t].ports
            constraints_so_far += CHIPS[t].constraints
        alphas = powers(alpha, 2 + constraints_so_far)

        def f_t(t, row):
            chip = CHIPS[t]
            ports, constraints = chip.evaluate(row[:chip.witness], row[chip.witness:])
            out = ZERO
            for k, (a, m, entries) in enumerate(ports):
                den = sub(sub(c, a), total(mul(b, v) for b, v in zip(beta_powers[1:], entries)))
                out = add(out, mul(e[first_port[t] + k], add(m, mul(alpha, den))))
            for k, constraint in enumerate(constraints):
                out = add(out, mul(alphas[2 + first_constraint[t] + k], constraint))
            return out

        rows = [[[embed(v) for v in w + q] for w, q in zip(circuit.witness[t], circuit.pre[t])] for t in range(len(CHIPS))]
        row_point = []
        for i in range(M):
            values = [ZERO] * 10
            for t, h in enumerate(circuit.heights):
                if h < M - i:
                    # f_t does not depend on this variable, nor on the next M - i - 1 - h: eq sums to 1 over those.
                    weights = eq_table(zeta_low[M - h:])
                    same = total(mul(wt, f_t(t, row)) for wt, row in zip(weights, rows[t]))
                    values = [add(v, same) for v in values]
                    continue
                weights = eq_table(zeta_low[i + 1:])
                size = len(weights)
                for x in range(10):
                    for k in range(size):
                        row = [add(l, scale(sub(u, l), x)) for l, u in zip(rows[t][k], rows[t][k + size])]
                        values[x] = add(values[x], mul(weights[k], f_t(t, row)))
            sender.send_extension(interpolate(values)[1:], "P6")
            r = sponge.sample()
            row_point.append(r)
            for t, h in enumerate(circuit.heights):
                if h >= M - i:
                    size = len(rows[t]) // 2
                    rows[t] = [[add(l, mul(r, sub(u, l))) for l, u in zip(rows[t][k], rows[t][k + size])] for k in range(size)]
        values = [v for t in layout.order for v in rows[t][0][:CHIPS[t].witness]]
        values += [v for t in layout.order for v in rows[t][0][CHIPS[t].witness:]]
        self.challenges = e, alpha, beta_powers, c
        sender.send_extension(values, "P7")
        sent = [tuple(sender.out[at:at + 5]) for at in range(len(sender.out) - 5 * len(values), len(sender.out), 5)]

        # Opening.
        tables_eq = {h: eq_table(row_point[M - h:]) for h in set(circuit.heights)}

        def weights(columns, scalars, size):
            out = []
            for (t, _), scalar in zip(columns, scalars):
                out.extend(mul(scalar, v) for v in tables_eq[circuit.heights[t]])
            return out + [ZERO] * (size - len(out))

        columns = layout.witness + layout.preprocessed
        if deferred:
            columns = layout.witness
            mus = powers(sponge.sample(), len(layout.preprocessed))
            claim = total(mul(a, b) for a, b in zip(mus, sent[len(columns):]))
            pair = [embed(v) for v in self.preprocessed_stack], weights(layout.preprocessed, mus, len(self.preprocessed_stack))
            z = []
            ends, claim = prove_sum(sender, [pair], claim, "P14", z)
            self.claim = leave_claim(sender, z, *ends[0], claim, "P15")
        gammas = powers(sponge.sample(), len(columns) + 1)
        size = 1 << self.parameters.n
        weight = weights(layout.witness, gammas, size)
        if not deferred:
            weight += weights(layout.preprocessed, gammas[len(layout.witness):], size)
        weight = [add(a, mul(gammas[-1], b)) for a, b in zip(weight, powers(alpha_0, len(f)))]
        prove_opening(sender, self.parameters, f, weight, [tree] if deferred else [tree, self.preprocessed_tree])
        return sender.bytes()


def commit(stack, base):
    size = 1 << base.width
    return Tree([stack[i:i + size] for i in range(0, len(stack), size)], base.domain)


def sum_check_step(sender, pairs, name):
    """(the pairs (f, weight) bound to the challenge, the challenge) of the sum over all pairs of f times weight."""
    c0 = c2 = ZERO
    for f, weight in pairs:
        half = len(f) // 2
        c0 = add(c0, total(mul(a, b) for a, b in zip(f[:half], weight[:half])))
        c2 = add(c2, total(mul(sub(f[k + half], f[k]), sub(weight[k + half], weight[k])) for k in range(half)))
    sender.send_extension([c0, c2], name)
    rho = sender.sponge.sample()
    return [(halve(f, rho), halve(weight, rho)) for f, weight in pairs], rho


def prove_sum(sender, pairs, claim, name, z):
    """(f, weight) for all pairs when no variable is left, and the claim as the sender's messages have it; the challenges go to z."""
    while len(pairs[0][0]) > 1:
        at = len(sender.out)
        pairs, rho = sum_check_step(sender, pairs, name)
        c0, c2 = tuple(sender.out[at:at + 5]), tuple(sender.out[at + 5:at + 10])
        claim = horner([c0, sub(claim, add(add(c0, c0), c2)), c2], rho)
        z.append(rho)
    return [(f[0], weight[0]) for f, weight in pairs], claim


def leave_claim(sender, z, value, weight, claim, name):
    """When `claim` is false, `sender.fitting` is the value that makes it pass, for a lie about this message."""
    sender.fitting = mul(claim, inverse(weight))
    sender.send_extension([value], name)
    return z, tuple(sender.out[-5:])


def prove_join(values, claims, lies={}):
    """Section 9.2 for values in F: (proof, the claim left). First the variables of the more significant half, with a table for each
    claim that the others are bound in already; then those of the other half."""
    sender = Sender(lies)
    sender.sponge.absorb(limbs_of(claims))
    deltas = powers(sender.sponge.sample(), len(claims))
    claim, z = total(mul(delta, v) for delta, (_, v) in zip(deltas, claims)), []
    high = len(claims[0][0]) // 2
    pairs = [(rows_at(values, p[high:]), [mul(delta, e) for e in eq_table(p[:high])]) for delta, (p, _) in zip(deltas, claims)]
    ends, claim = prove_sum(sender, pairs, claim, "P16", z)
    size = len(values) >> high
    bound, weight = [0] * size, [ZERO] * size
    for k, factor in enumerate(map(pack, eq_table(z))):
        bound = [b + v * factor for b, v in zip(bound, values[k * size:(k + 1) * size])]
    for (_, scalar), (p, _) in zip(ends, claims):
        weight = [add(w, mul(scalar, e)) for w, e in zip(weight, eq_table(p[high:]))]
    ends, claim = prove_sum(sender, [([unpack(b) for b in bound], weight)], claim, "P16", z)
    left = leave_claim(sender, z, *ends[0], claim, "P17")
    return sender.bytes(), left


def prove_point(values, tree, parameters, claim, lies={}):
    """Section 9.3: the proof."""
    z, _ = claim
    sender = Sender(lies)
    sender.sponge.absorb(tree.root)
    sender.sponge.absorb(limbs_of([claim]))
    alpha_0 = sender.sponge.sample()
    f = [embed(v) for v in values]
    sender.send_extension([horner(f, alpha_0)], "P2")
    gamma = sender.sponge.sample()
    weight = [add(a, mul(gamma, b)) for a, b in zip(eq_table(z), powers(alpha_0, len(f)))]
    prove_opening(sender, parameters, f, weight, [tree])
    return sender.bytes()


def prove_opening(sender, parameters, f, weight, trees):
    sponge, rounds = sender.sponge, parameters.rounds

    def sum_check(f, weight, steps):
        for _ in range(steps):
            [(f, weight)], _ = sum_check_step(sender, [(f, weight)], "P8")
        return f, weight

    def query(j):
        sender.grind(rounds[j].grinding)
        drawn = sponge.indices(rounds[j].queries, rounds[j].domain)
        distinct = sorted(set(drawn))
        for tree in trees:
            sender.write(tree.open(distinct))
        omega = root_of_unity(rounds[j].domain)
        return [embed(pow(omega, bit_reverse(i, rounds[j].domain), P)) for i in drawn]

    def combine(weight, gamma, points):
        scalar = gamma
        for z in points:
            weight = [add(a, mul(scalar, b)) for a, b in zip(weight, powers(z, len(weight)))]
            scalar = mul(scalar, gamma)
        return weight

    f, weight = sum_check(f, weight, len(f).bit_length() - 1 - rounds[0].width)
    for j in range(1, len(rounds)):
        size = 1 << rounds[j].width
        tree = Tree([[e[limb] for e in f[u:u + size]] for u in range(0, len(f), size) for limb in range(5)],
                    rounds[j].domain)
        sender.send(tree.root, "P9")
        alpha = sponge.sample()
        sender.send_extension([horner(f, alpha)], "P10")
        points = query(j - 1)
        weight = combine(weight, sponge.sample(), [alpha] + points)
        trees = [tree]
        f, weight = sum_check(f, weight, rounds[j].folding)
    sender.send_extension(f, "P13")
    points = query(len(rounds) - 1)
    weight = combine(weight, sponge.sample(), points)
    sum_check(f, weight, rounds[-1].width)


# Heights, and parameters (n, m, rounds) that are far from secure; m = 0 is a deferred shape.
TOY = {
    "equal heights": ([4] * 9, (13, 12, [(6, 7, 9, 7, 3), (4, 3, 8, 5, 2)])),
    "different heights": ([4, 6, 4, 4, 5, 4, 6, 5, 4], (13, 13, [(5, 8, 10, 6, 2), (3, 5, 9, 4, 0), (3, 2, 8, 3, 1)])),
    "deferred": ([4, 5, 4, 4, 4, 4, 5, 4, 4], (13, 0, [(5, 8, 10, 6, 2), (3, 5, 9, 4, 0), (3, 2, 8, 3, 1)])),
}
