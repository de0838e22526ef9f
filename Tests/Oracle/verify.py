"""The verifier: validate the shape, replay the transcript, check the equations.  PROTOCOL.md sections 4 and 5, 9.1 with deferred.py.

    python3 verify.py --verifier-data circuits.json --preprocessed DIR ARTIFACT [ARTIFACT ...]
"""

import argparse
import collections
import sys
import time

from artifact import Artifact, read_circuits, unwords
from chips import CHIPS
from deferred import Preprocessed, columns_weight, receive_deferred, settle
from koalabear import ONE, P, ZERO, add, embed, eq_index, horner, mul, pow_at, powers, sub, total
from parameters import Layout, Shape, derive, is_int
from poseidon2 import hash_list
from transcript import Receiver, VerificationError, require
from whir import Opening

STATEMENT_ADDRESS = 1

# messages: [(where, first byte, limbs)] as they were read. claim: (z, v), the deferred claim P(z) = v, or None.
Counts = collections.namedtuple("Counts", "permutations bytes messages claim")


class VerifierData:
    def __init__(self, data, parameters=None):
        """`parameters` replaces those of the shape: for the toy proofs of the tests."""
        require(isinstance(data, dict), "verifier data", "an object", type(data).__name__)
        for key in ("root", "heights", "target_bits", "rate_bits", "deferred"):
            require(key in data, "verifier data", f"the key {key}", sorted(map(str, data)))
        self.root = digest(data["root"], "verifier data: root")
        self.shape = Shape(data["heights"], data["target_bits"], data["rate_bits"], data["deferred"])
        self.layout = Layout(self.shape.heights)
        self.parameters = parameters or derive(self.shape, self.layout)
        stacks = (self.layout.witness_bits, 0 if self.shape.deferred else self.layout.preprocessed_bits)
        require(self.parameters.n >= stacks[0] and self.parameters.m >= stacks[1], "parameters: n, m",
                f"at least {stacks}", (self.parameters.n, self.parameters.m))
        require((self.parameters.m == 0) == self.shape.deferred, "parameters: m", "0 in a deferred shape only", self.parameters.m)
        self.preprocessed_bits = self.layout.stacks()[1]

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
    """Returns Counts; raises VerificationError, and nothing else. A claim that it returns is not settled."""
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

    # The opening, of all columns or of the witness columns.
    deferred, roots = None, [("witness", witness_root)]
    if data.shape.deferred:
        deferred = receive_deferred(receiver, layout, data.preprocessed_bits, row_point, values[len(layout.witness):])
        values = values[:len(layout.witness)]
    else:
        roots.append(("preprocessed", data.root))
    gamma = sponge.sample()
    gammas = powers(gamma, len(values) + 1)
    opened = total(mul(g, v) for g, v in zip(gammas, values + [y_0]))

    def initial_weight(point):
        return batched_weight(layout, data.shape.deferred, row_point, gammas, alpha_0, point)

    Opening(receiver, data.parameters, roots, opened, initial_weight).verify()
    receiver.finish()
    return Counts(sponge.permutations, receiver.position, receiver.messages, deferred)


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


def batched_weight(layout, one_stack, row_point, gammas, alpha_0, point):
    """The weight of the opened claims and of y_0, at a point of F's variables."""
    count = len(layout.witness)
    if one_stack:
        out = columns_weight(layout, layout.witness, gammas, row_point, point)
    else:
        x = point[0]
        out = mul(sub(ONE, x), columns_weight(layout, layout.witness, gammas, row_point, point[1:]))
        out = add(out, mul(x, columns_weight(layout, layout.preprocessed, gammas[count:], row_point, point[1:])))
        count += len(layout.preprocessed)
    return add(out, mul(gammas[count], pow_at(alpha_0, point)))


def check_circuit(data, name):
    """The verifier data of a list entry, whose fingerprint must be that of its root and shape."""
    try:
        got = VerifierData(data).fingerprint()
    except VerificationError as error:
        raise VerificationError(f"verifier data of {name}: {error.where}", error.expected, error.got) from None
    require(got == data["fingerprint"], f"verifier data of {name}: fingerprint", unwords(got).hex(), unwords(data["fingerprint"]).hex())
    return data


def verify_artifact(data, circuits, preprocessed=None):
    """(Artifact, counts) of the bytes of a file; `circuits` as of `read_circuits`. Raises VerificationError, and nothing else.
    With `preprocessed`, a `Preprocessed`, its claims are settled too; without it an end cap and a combine are half verified only."""
    artifact = Artifact(data)
    verifier_data = check_circuit(circuits[artifact.circuit], artifact.circuit)
    artifact.check_aggregator(circuits)
    counts = verify(verifier_data, artifact.statement, artifact.proof)
    if preprocessed is not None:
        settle(artifact, counts.claim, preprocessed)
    return artifact, counts


def owes(artifact, counts):
    """Has it claims that must be settled?"""
    return counts.claim is not None or artifact.carried is not None


ACCEPTED, REJECTED, NO_INPUT = 0, 65, 66


def one_line(text):
    text = " ".join(str(text).split())
    return text if len(text) <= 400 else text[:400] + "…"


def main(arguments=None):
    """0: all accepted. 65: one is refused, or not settled. 66: a file could not be read. (2: argparse does not understand the arguments.)"""
    parser = argparse.ArgumentParser(description="The independent slow verifier. One line an artifact.")
    parser.add_argument("--verifier-data", required=True, metavar="circuits.json", help="as `parth circuits --json` prints it")
    settling = parser.add_mutually_exclusive_group()
    settling.add_argument("--preprocessed", metavar="DIR", help="as `parth circuits --preprocessed DIR` makes it: the claims of end caps and combines are settled")
    settling.add_argument("--without-settling", action="store_true", help="the claims of end caps and combines are left open, and that is no failure")
    parser.add_argument("artifacts", nargs="+", metavar="ARTIFACT", help="*.endcap, *.proof")
    options = parser.parse_args(arguments)
    files, preprocessed = [], None
    try:
        for path in [options.verifier_data] + options.artifacts:
            with open(path, "rb") as file:
                files.append(file.read())
        stacks = Preprocessed.read(options.preprocessed) if options.preprocessed is not None else None
    except OSError as error:
        print(f"not readable: {one_line(error)}")
        return NO_INPUT
    try:
        circuits = read_circuits(files[0])
    except VerificationError as error:
        print(f"rejected {options.verifier_data}: {one_line(error)}")
        return REJECTED
    if stacks is not None:
        try:
            preprocessed = Preprocessed(stacks)
        except VerificationError as error:
            print(f"rejected {options.preprocessed}: {one_line(error)}")
            return REJECTED
    status = ACCEPTED
    for path, data in zip(options.artifacts, files[1:]):
        start = time.monotonic()
        try:
            artifact, counts = verify_artifact(data, circuits, preprocessed)
        except VerificationError as error:
            print(f"rejected {path}: {one_line(error)}")
            status = REJECTED
            continue
        verdict, claims = "accepted", ""
        if owes(artifact, counts):
            number = 1 + (artifact.carried is not None)
            claims = f"; claims settled: {number}"
            if preprocessed is None:
                verdict, claims = "NOT SETTLED", f"; the proof holds if its claims do, and these were not checked: {number}"
                if not options.without_settling:
                    status = REJECTED
        print(f"{verdict} {path}: {artifact}; {counts.bytes} bytes, {counts.permutations} permutations of the transcript{claims}, "
              f"{time.monotonic() - start:.2f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
