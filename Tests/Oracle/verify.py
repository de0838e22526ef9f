"""The verifier: validate the shape, replay the transcript, check the equations.  PROTOCOL.md sections 4 and 5.

    python3 verify.py --verifier-data FILE.json PROOF.bin STATEMENT
"""

import argparse
import json
import sys

from chips import CHIPS
from koalabear import ONE, P, ZERO, add, embed, eq, eq_index, horner, mul, pow_at, powers, sub, total
from parameters import Layout, Shape, derive, is_int
from poseidon2 import hash_list
from transcript import Receiver, VerificationError, require
from whir import Opening

STATEMENT_ADDRESS = 1


class VerifierData:
    def __init__(self, data, parameters=None):
        """`parameters` replaces those of the shape: for the toy proofs of the tests."""
        require(isinstance(data, dict), "verifier data", "an object", type(data).__name__)
        for key in ("root", "heights", "target_bits", "rate_bits"):
            require(key in data, "verifier data", f"the key {key}", sorted(map(str, data)))
        self.root = digest(data["root"], "verifier data: root")
        self.shape = Shape(data["heights"], data["target_bits"], data["rate_bits"])
        self.layout = Layout(self.shape.heights)
        self.parameters = parameters or derive(self.shape, self.layout)
        stacks = (self.layout.witness_bits, self.layout.preprocessed_bits)
        require(self.parameters.n >= stacks[0] and self.parameters.m >= stacks[1], "parameters: n, m",
                f"at least {stacks}", (self.parameters.n, self.parameters.m))

    def fingerprint(self):
        return hash_list(1, self.root + self.shape.limbs())


def digest(values, where):
    require(isinstance(values, (list, tuple)) and len(values) == 8, where, "8 limbs", values)
    for i, v in enumerate(values):
        require(is_int(v) and 0 <= v < P, f"{where}[{i}]", f"0 ..< {P}", v)
    return list(values)


def bus_tuple(beta_powers, values):
    """The sum of beta^(i+1) v_i."""
    return total(mul(beta_powers[i + 1], v) for i, v in enumerate(values))


def degree_two(claim, point, c1, c2):
    """c_0 of h(X) = c_0 + c_1 X + c_2 X^2 with (1 - point) h(0) + point h(1) = claim."""
    return sub(claim, mul(point, add(c1, c2)))


def verify(verifier_data, statement, proof, parameters=None):
    """Returns counts; raises VerificationError, and nothing else."""
    data = VerifierData(verifier_data, parameters)
    statement = digest(statement, "statement")
    layout, L = data.layout, data.layout.L
    receiver = Receiver(proof)
    sponge = receiver.sponge

    sponge.absorb(data.fingerprint())
    sponge.absorb(statement)
    witness_root = receiver.receive(8, "P1")
    alpha_0 = sponge.sample()
    y_0 = receiver.receive_extension(1, "P2")[0]
    beta = sponge.sample()
    c = sponge.sample()
    beta_powers = powers(beta, 41)

    # Fractional GKR.
    nl, nr, dl, dr = receiver.receive_extension(4, "P3")
    numerator, denominator = add(mul(nl, dr), mul(nr, dl)), mul(dl, dr)
    s = sub(sub(c, embed(STATEMENT_ADDRESS)), bus_tuple(beta_powers, [embed(v) for v in statement]))
    require(s != ZERO, "P3: denominator of the statement", "not 0", s)
    require(denominator != ZERO, "P3: D", "not 0", denominator)
    bus = add(mul(numerator, s), denominator)
    require(bus == ZERO, "P3: bus", ZERO, bus)
    rho = sponge.sample()
    point = [rho]
    n = add(nl, mul(rho, sub(nr, nl)))
    d = add(dl, mul(rho, sub(dr, dl)))
    for layer in range(1, L):
        lam = sponge.sample()
        claim = add(n, mul(lam, d))
        bound = []
        for j in range(layer):
            c1, c2 = receiver.receive_extension(2, f"P4 layer {layer} step {j}")
            c0 = degree_two(claim, point[j], c1, c2)
            r = sponge.sample()
            claim = horner([c0, c1, c2], r)
            bound.append(r)
        nl, nr, dl, dr = receiver.receive_extension(4, f"P5 layer {layer}")
        got = add(add(mul(nl, dr), mul(nr, dl)), mul(lam, mul(dl, dr)))
        require(claim == got, f"P5 layer {layer}", claim, got)
        rho = sponge.sample()
        point = [rho] + bound
        n = add(nl, mul(rho, sub(nr, nl)))
        d = add(dl, mul(rho, sub(dr, dl)))

    # All tables at once.
    zeta = point
    M = layout.max_height
    e = [eq_index(position, zeta[:L - layout.heights[t]]) for t, position in layout.leaves]
    pad = sub(ONE, total(e))
    alpha = sponge.sample()
    claim = add(n, mul(alpha, sub(d, pad)))
    zeta_low = zeta[L - M:]
    row_point = []
    for i in range(M):
        coefficients = receiver.receive_extension(9, f"P6 step {i}")
        c0 = sub(claim, mul(zeta_low[i], total(coefficients)))
        r = sponge.sample()
        claim = horner([c0] + coefficients, r)
        row_point.append(r)
    values = receiver.receive_extension(len(layout.witness) + len(layout.preprocessed), "P7")
    got = tables_at(layout, values, e, alpha, beta_powers, c)
    require(claim == got, "P7", claim, got)

    # The opening.
    gamma = sponge.sample()
    gammas = powers(gamma, len(values) + 1)
    opened = total(mul(g, v) for g, v in zip(gammas, values + [y_0]))

    def initial_weight(point):
        return batched_weight(layout, data.parameters.n, row_point, gammas, alpha_0, point)

    Opening(receiver, data.parameters, witness_root, data.root, opened, initial_weight).verify()
    receiver.finish()
    return {"permutations of the transcript": sponge.permutations, "bytes": receiver.position}


def tables_at(layout, values, e, alpha, beta_powers, c):
    """The sum over tables of f_t, from the values of the columns."""
    witness_at, preprocessed_at = 0, len(layout.witness)
    port, weight, out = 0, mul(alpha, alpha), ZERO
    for t in layout.order:
        chip = CHIPS[t]
        witness = values[witness_at:witness_at + chip.witness]
        preprocessed = values[preprocessed_at:preprocessed_at + chip.preprocessed]
        witness_at += chip.witness
        preprocessed_at += chip.preprocessed
        ports, constraints = chip.evaluate(witness, preprocessed)
        for address, multiplicity, entries in ports:
            leaf_denominator = sub(sub(c, address), bus_tuple(beta_powers, entries))
            out = add(out, mul(e[port], add(multiplicity, mul(alpha, leaf_denominator))))
            port += 1
        for constraint in constraints:
            out = add(out, mul(weight, constraint))
            weight = mul(weight, alpha)
    return out


def batched_weight(layout, n, row_point, gammas, alpha_0, point):
    """The weight of the claims of P7 and of y_0, at a point of n + 1 coordinates."""
    M = layout.max_height
    rows = {h: eq(row_point[M - h:], point[n + 1 - h:]) for h in set(layout.heights)}
    halves = []
    columns = 0
    for stack in (layout.witness, layout.preprocessed):
        half = ZERO
        for t, position in stack:
            h = layout.heights[t]
            at = mul(eq_index(position, point[1:n + 1 - h]), rows[h])
            half = add(half, mul(gammas[columns], at))
            columns += 1
        halves.append(half)
    x = point[0]
    out = add(mul(sub(ONE, x), halves[0]), mul(x, halves[1]))
    return add(out, mul(gammas[columns], pow_at(alpha_0, point)))


def main(arguments=None):
    """0: accepted. 1: rejected. 2: not understood."""
    parser = argparse.ArgumentParser(description="The independent slow verifier.")
    parser.add_argument("--verifier-data", required=True, metavar="FILE.json")
    parser.add_argument("proof", metavar="PROOF.bin")
    parser.add_argument("statement", help="eight limbs, decimal, separated by commas")
    options = parser.parse_args(arguments)
    try:
        with open(options.verifier_data, "rb") as file:
            text = file.read()
        with open(options.proof, "rb") as file:
            proof = file.read()
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise VerificationError("verifier data", "JSON", str(error)) from None
        try:
            statement = [int(limb) for limb in options.statement.split(",")]
        except ValueError:
            raise VerificationError("statement", "limbs separated by commas", options.statement[:200]) from None
        counts = verify(data, statement, proof)
    except VerificationError as error:
        print(f"rejected: {error}")
        return 1
    print("accepted:", ", ".join(f"{value} {key}" for key, value in counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
