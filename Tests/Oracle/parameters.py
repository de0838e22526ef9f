"""From a shape to the layout of the stacks and the parameters of the opening.  PROTOCOL.md sections 4 and 6 (m = 0: section 9)."""

import functools
import math

from chips import CHIPS
from koalabear import P, TWO_ADICITY
from transcript import VerificationError, require

MIN_HEIGHT, MAX_HEIGHT = 4, 20
MIN_STACK, MAX_STACK = 12, 22
K_0 = 6


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


class Shape:
    def __init__(self, heights, target_bits, rate_bits, deferred):
        require(isinstance(heights, (list, tuple)) and len(heights) == len(CHIPS), "shape: heights", len(CHIPS), heights)
        for chip, h in zip(CHIPS, heights):
            require(is_int(h) and MIN_HEIGHT <= h <= MAX_HEIGHT, f"shape: height of {chip.name}",
                    f"{MIN_HEIGHT} ... {MAX_HEIGHT}", h)
        require(is_int(target_bits) and 0 <= target_bits < P, "shape: target bits", f"0 ..< {P}", target_bits)
        require(is_int(rate_bits) and 1 <= rate_bits <= TWO_ADICITY, "shape: rate bits", f"1 ... {TWO_ADICITY}", rate_bits)
        require(isinstance(deferred, bool), "shape: deferred", "true or false", deferred)
        self.heights, self.target_bits, self.rate_bits, self.deferred = list(heights), target_bits, rate_bits, deferred

    def limbs(self):
        return self.heights + [self.target_bits, self.rate_bits, int(self.deferred)]


def log2_ceiling(count):
    return max(count - 1, 0).bit_length()


class Layout:
    """Where every column and every port lies. Positions count multiples of the table's height."""

    def __init__(self, heights):
        self.heights = heights
        self.order = sorted(range(len(CHIPS)), key=lambda t: (-heights[t], t))
        self.max_height = max(heights)
        self.witness, witness_cells = self._stack(lambda chip: chip.witness)
        self.preprocessed, preprocessed_cells = self._stack(lambda chip: chip.preprocessed)
        self.leaves, leaves = self._stack(lambda chip: chip.ports)
        self.witness_bits = log2_ceiling(witness_cells)
        self.preprocessed_bits = log2_ceiling(preprocessed_cells)
        self.L = log2_ceiling(leaves)
        self.constraints = sum(chip.constraints for chip in CHIPS)

    def stacks(self):
        """(n, m). A shape with m > n, some h_t > n or n > 22 is refused before anything else."""
        n = max(MIN_STACK, self.witness_bits)
        m = max(n - K_0 + 4, self.preprocessed_bits)
        require(n <= MAX_STACK, "shape: n", f"at most {MAX_STACK}", n)
        require(m <= n, "shape: m", f"at most n = {n}", m)
        for t, h in enumerate(self.heights):
            require(h <= n, f"shape: height of {CHIPS[t].name}", f"at most n = {n}", h)
        return n, m

    def _stack(self, columns_of):
        """([(table, position)] in stack order, cells)"""
        out, at = [], 0
        for t in self.order:
            for _ in range(columns_of(CHIPS[t])):
                assert at & ((1 << self.heights[t]) - 1) == 0
                out.append((t, at >> self.heights[t]))
                at += 1 << self.heights[t]
        return out, at


class Round:
    """The code committed in round j: 2^folding rows of 2^width, on 2^domain points; opened `queries` times after
    `grinding` bits of work."""

    def __init__(self, folding, width, domain, queries, grinding):
        self.folding, self.width, self.domain = folding, width, domain
        self.queries, self.grinding = queries, grinding


class Parameters:
    def __init__(self, n, m, rounds):
        """rounds[0] is the base code, rounds[j] the code of f_j. m = 0: one stack."""
        self.n, self.m, self.rounds = n, m, rounds
        self.check()

    def check(self):
        where = "parameters"
        base = self.rounds[0]
        w = base.width
        require(self.n - w == base.folding >= 4, f"{where}: rows of the witness stack", "2^k_0, at least 16", f"2^{self.n - w}")
        require(self.m == 0 or w + 4 <= self.m <= self.n, f"{where}: m", f"0 or {w + 4} ... {self.n}", self.m)
        for j, r in enumerate(self.rounds):
            where = f"parameters of round {j}"
            if j > 0:
                require(r.folding >= 1 and 5 * 2**r.folding % 8 == 0 and r.width == self.rounds[j - 1].width - r.folding,
                        where, "a leaf of whole blocks, and widths that follow", (r.folding, r.width))
            require(0 <= r.width < r.domain <= TWO_ADICITY, where, "width < domain <= 24", (r.width, r.domain))
            require(r.queries >= 1 and 0 <= r.grinding < 31, where, "queries, and grinding below 31", (r.queries, r.grinding))

    @property
    def variables(self):
        """Of F."""
        return self.n + (self.m > 0)

    @property
    def final_variables(self):
        return self.rounds[-1].width


def explicit(n, m, rounds):
    """Typed-in parameters, for toy proofs. rounds: [(k_j, w_j, h_j, t_j, grinding_j)]"""
    return Parameters(n, m, [Round(*r) for r in rounds])


# The search.

FIELD_BITS = 5 * math.log2(P)
GRINDING = 16


def bound_terms(rate, variables, claims, M):
    """(a, the four terms in bits) for a code of rate 2^-rate, or (a, None) where a >= 1."""
    rho = 2.0 ** -rate
    s = math.sqrt(rho)
    a = s * (1 + 1 / M)
    if a >= 1:
        return a, None
    g, list_bits, H = 1 - a, math.log2(M / (2 * rho)), M + 0.5
    proximity = (2 * H ** 5 + 3 * H * g * rho) / (3 * rho * s) * 2.0 ** (variables + rate - 1) + H / s
    return a, (FIELD_BITS - math.log2(proximity),
               FIELD_BITS - (list_bits + 1),
               FIELD_BITS + 1 - (2 * list_bits + variables),
               FIELD_BITS - (math.log2(claims) + list_bits + 1))


@functools.lru_cache(maxsize=None)
def bound(rate, variables, claims, target):
    """(M, t), or None."""
    best = None
    for M in range(3, 400):
        a, terms = bound_terms(rate, variables, claims, M)
        if terms is None:
            continue
        if min(terms) < target:
            break
        t = math.ceil((target - GRINDING) / -math.log2(a))
        if best is None or t < best[1]:
            best = (M, t)
    return best


def foldings(variables):
    """All (k_1 ... k_J), 3 <= k_j <= 6, that leave 3 ... 6 variables of `variables`; by J, then lexicographic."""
    found, level = [], [()]
    while level:
        found.extend(ks for ks in level if 3 <= variables - sum(ks) <= 6)
        level = [ks + (k,) for ks in level for k in range(3, 7) if variables - sum(ks) - k >= 3]
    return found


def candidate(n, m, target, rate, v_0, ks):
    """(rounds, cost, proxy), or None."""
    w = n - K_0
    u, claims, r, width, k = n + (m > 0), 1, rate, w, K_0
    rounds, cost, proxy = [], 2 * u, 2 ** (n + rate)
    for j in range(len(ks) + 1):
        if j > 0:
            u, claims = width, rounds[-1].queries + 1
            r += k - (v_0 if j == 1 else 1)
            k = ks[j - 1]
            width = u - k
            proxy += 5 * 2 ** (u + r)
        h = width + r
        found = bound(r, u, claims, target)
        if found is None or h > TWO_ADICITY:
            return None
        t = found[1]
        blocks = 8 if j == 0 else 5 * 2 ** k // 8
        cost += t * (blocks - 1 + h) + -(-t // 8) + 2
        rounds.append(Round(k, width, h, t, GRINDING))
    if m:
        cost += rounds[0].queries * (2 ** (m - w - 3) - 1 + rounds[0].domain)
    cost += 2 * len(ks) + -(-5 * 2 ** width // 8)
    return rounds, cost, proxy


def search(n, m, target, rate):
    where = "parameters"
    w = n - K_0
    require(12 <= n <= 24, f"{where}: n", "12 ... 24", n)
    require(m == 0 or w + 4 <= m <= n, f"{where}: m", f"0 or {w + 4} ... {n}", m)
    require(40 <= target <= 128, f"{where}: target bits", "40 ... 128", target)
    require(1 <= rate <= 10 and w + rate <= TWO_ADICITY, f"{where}: rate bits", "1 ... 10, and a domain of at most 2^24", rate)
    for v_0 in (3, 4, 5):
        candidates = [c for c in (candidate(n, m, target, rate, v_0, ks) for ks in foldings(w)) if c is not None]
        cheap = [c for c in candidates if c[2] <= 2 * 2 ** (n + rate)]
        if cheap:
            return Parameters(n, m, min(cheap, key=lambda c: (c[1], c[2]))[0])
        if candidates:
            return Parameters(n, m, min(candidates, key=lambda c: (c[2], c[1]))[0])
    raise VerificationError(where, "a shape with parameters", (n, m, target, rate))


def derive(shape, layout):
    n, m = layout.stacks()
    return search(n, 0 if shape.deferred else m, shape.target_bits, shape.rate_bits)
