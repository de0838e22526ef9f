"""Deferred claims: left by a proof, joined, settled.  PROTOCOL.md section 9, Sources/Parth/README.md (Deferred claims).

A claim is (z, v): a polynomial, which the context tells, has the value v at z.
"""

import array
import operator
import os
import sys

from artifact import COORDINATES
from koalabear import ONE, P, ZERO, add, eq, eq_index, eq_table, horner, mul, pow_at, powers, sub, total
from transcript import Receiver, require
from whir import Opening


def columns_weight(layout, columns, weights, row_point, point):
    """The sum of weights[i] times the weight of column i of a stack, at a point of the stack's variables."""
    M, bits = layout.max_height, len(point)
    rows = {h: eq(row_point[M - h:], point[bits - h:]) for h in set(layout.heights)}
    return total(mul(weight, mul(eq_index(position, point[:bits - layout.heights[t]]), rows[layout.heights[t]]))
                 for weight, (t, position) in zip(weights, columns))


def sum_check(receiver, claim, steps, name):
    """(the last claim, the challenges) of steps as P8."""
    point = []
    for step in range(steps):
        c0, c2 = receiver.receive_extension(2, f"{name} step {step}")
        c1 = sub(claim, add(add(c0, c0), c2))
        point.append(receiver.sponge.sample())
        claim = horner([c0, c1, c2], point[-1])
    return claim, point


# 9.1

def receive_deferred(receiver, layout, bits, row_point, values):
    """The claim that a proof leaves about its preprocessed stack of 2^bits; `values` those of its columns, of P7."""
    mus = powers(receiver.sponge.sample(), len(values))
    claim = total(mul(weight, v) for weight, v in zip(mus, values))
    claim, z = sum_check(receiver, claim, bits, "P14")
    v = receiver.receive_extension(1, "P15")[0]
    got = mul(columns_weight(layout, layout.preprocessed, mus, row_point, z), v)
    require(claim == got, "P15", claim, got)
    return z, v


# 9.2

def limbs_of(claims):
    return [limb for z, v in claims for e in [*z, v] for limb in e]


def join(claims, proof):
    """The one claim that is left of `claims` on one polynomial."""
    receiver = Receiver(proof)
    variables = len(claims[0][0])
    assert all(len(z) == variables for z, _ in claims)
    receiver.sponge.absorb(limbs_of(claims))
    deltas = powers(receiver.sponge.sample(), len(claims))
    claim = total(mul(weight, v) for weight, (_, v) in zip(deltas, claims))
    claim, point = sum_check(receiver, claim, variables, "P16")
    value = receiver.receive_extension(1, "P17")[0]
    got = mul(total(mul(weight, eq(z, point)) for weight, (z, _) in zip(deltas, claims)), value)
    require(claim == got, "P17", claim, got)
    receiver.finish()
    return point, value


# 9.3

def open_point(root, claim, proof, parameters):
    """Settles a claim on the polynomial whose stack, of 2^n, has this root."""
    z, v = claim
    assert parameters.m == 0 and parameters.n == len(z)
    receiver = Receiver(proof)
    sponge = receiver.sponge
    sponge.absorb(root)
    sponge.absorb(limbs_of([claim]))
    alpha_0 = sponge.sample()
    y_0 = receiver.receive_extension(1, "P2")[0]
    gamma = sponge.sample()

    def initial_weight(point):
        return add(eq(z, point), mul(gamma, pow_at(alpha_0, point)))

    Opening(receiver, parameters, [("stack", root)], add(v, mul(gamma, y_0)), initial_weight).verify()
    receiver.finish()


# Settling by evaluation.

FIELD = 80      # bits of a limb in a sum of up to 2^18 products of two canonical limbs; an element of E is one integer


def pack(e):
    return sum(limb << FIELD * k for k, limb in enumerate(e))


def unpack(packed):
    return tuple((packed >> FIELD * k & (1 << FIELD) - 1) % P for k in range(5))


def rows_at(cells, point):
    """The rows of cells in F, 2^len(point) each, bound to the point."""
    size, table = 1 << len(point), [pack(e) for e in eq_table(point)]
    return [unpack(sum(map(operator.mul, cells[at:at + size], table))) for at in range(0, len(cells), size)]


def evaluate(cells, point):
    """The multilinear extension of cells in F, 2^len(point) of them, at a point."""
    assert len(cells) == 1 << len(point)
    high = len(point) // 2
    return total(mul(weight, row) for weight, row in zip(eq_table(point[:high]), rows_at(cells, point[high:])))


class Preprocessed:
    """The stacks of the network's circuits; Q is the end cap's, then the combine's."""

    NAMES = ("end_cap", "combine")

    def __init__(self, contents):
        """`contents`: {name: bytes}, canonical words."""
        self.cells = {}
        for name in self.NAMES:
            where = f"preprocessed stack of {name}"
            data = contents[name]
            require(len(data) == 4 << COORDINATES - 1, where, f"2^{COORDINATES - 1} words", f"{len(data)} bytes")
            cells = array.array("I")
            assert cells.itemsize == 4
            cells.frombytes(data)
            if sys.byteorder == "big":
                cells.byteswap()
            require(max(cells) < P, where, f"words < {P}", max(cells))
            self.cells[name] = cells

    @classmethod
    def read(cls, directory):
        """{name: bytes}; raises OSError."""
        contents = {}
        for name in cls.NAMES:
            with open(os.path.join(directory, f"{name}.preprocessed"), "rb") as file:
                contents[name] = file.read()
        return contents

    def at(self, name, point):
        return evaluate(self.cells[name], point)

    def network_polynomial(self, point):
        low, high = (self.at(name, point[1:]) for name in self.NAMES)
        return add(mul(sub(ONE, point[0]), low), mul(point[0], high))


def settle(artifact, claim, preprocessed):
    """The claim that the artifact's proof leaves, and the one that a combine carries."""
    if artifact.circuit in preprocessed.NAMES:
        require(claim is not None, "settling", "a proof of a deferred shape", "one that leaves no claim")
    else:
        require(claim is None, "settling", f"no claim on the stack of {artifact.circuit}", claim)
    if claim is not None:
        z, v = claim
        require(len(z) == COORDINATES - 1, "settling: coordinates", COORDINATES - 1, len(z))
        got = preprocessed.at(artifact.circuit, z)
        require(got == v, "settling: the claim of the proof", got, v)
    if artifact.carried is not None:
        z, v = artifact.carried
        got = preprocessed.network_polynomial(z)
        require(got == v, "settling: the claim that it carries", got, v)
