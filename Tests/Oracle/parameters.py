"""From a shape to the layout of the stacks and the parameters of the opening.  PROTOCOL.md sections 4 and 6."""

from chips import CHIPS
from koalabear import P, TWO_ADICITY
from transcript import VerificationError, require

MIN_HEIGHT, MAX_HEIGHT = 4, 20
MIN_STACK = 12


def is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


class Shape:
    def __init__(self, heights, target_bits, rate_bits):
        require(isinstance(heights, (list, tuple)) and len(heights) == len(CHIPS), "shape: heights", len(CHIPS), heights)
        for chip, h in zip(CHIPS, heights):
            require(is_int(h) and MIN_HEIGHT <= h <= MAX_HEIGHT, f"shape: height of {chip.name}",
                    f"{MIN_HEIGHT} ... {MAX_HEIGHT}", h)
        require(is_int(target_bits) and 0 <= target_bits < P, "shape: target bits", f"0 ..< {P}", target_bits)
        require(is_int(rate_bits) and 1 <= rate_bits <= TWO_ADICITY, "shape: rate bits", f"1 ... {TWO_ADICITY}", rate_bits)
        self.heights, self.target_bits, self.rate_bits = list(heights), target_bits, rate_bits

    def limbs(self):
        return self.heights + [self.target_bits, self.rate_bits]


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
        """rounds[0] is the base code, rounds[j] the code of f_j."""
        self.n, self.m, self.rounds = n, m, rounds
        self.check()

    def check(self):
        where = "parameters"
        base = self.rounds[0]
        w = base.width
        require(self.n - w == base.folding >= 4, f"{where}: rows of the witness stack", "2^k_0, at least 16", f"2^{self.n - w}")
        require(4 <= self.m - w and self.m <= self.n, f"{where}: m", f"{w + 4} ... {self.n}", self.m)
        for j, r in enumerate(self.rounds):
            where = f"parameters of round {j}"
            if j > 0:
                require(r.folding >= 1 and 5 * 2**r.folding % 8 == 0 and r.width == self.rounds[j - 1].width - r.folding,
                        where, "a leaf of whole blocks, and widths that follow", (r.folding, r.width))
            require(0 <= r.width < r.domain <= TWO_ADICITY, where, "width < domain <= 24", (r.width, r.domain))
            require(r.queries >= 1 and 0 <= r.grinding < 31, where, "queries, and grinding below 31", (r.queries, r.grinding))

    @property
    def final_variables(self):
        return self.rounds[-1].width


def explicit(n, m, rounds):
    """Typed-in parameters, for toy proofs. rounds: [(k_j, w_j, h_j, t_j, grinding_j)]"""
    return Parameters(n, m, [Round(*r) for r in rounds])


def derive(shape, layout):
    raise VerificationError("parameters", "the text of section 6, Parameters", "not there yet")
