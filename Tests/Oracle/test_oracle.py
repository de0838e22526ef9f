"""python3 -m unittest test_oracle   (in this directory; 35 s; with ORACLE_FULL=1 everything, three minutes)"""

import contextlib
import copy
import functools
import io
import itertools
import json
import os
import random
import tempfile
import unittest
from unittest import mock

import chips
import deferred
import koalabear as kb
import parameters
import poseidon2
import slow_prover
import whir
from chips import CHIPS
from koalabear import ONE, P, ZERO, add, embed, mul, sub
from artifact import unwords
from slow_prover import TOY, ToyCircuit, ToyProver, random_limbs
from transcript import Receiver, Sponge, VerificationError
from verify import VerifierData, main, tables_at, verify

rng = random.Random(7)
slow = unittest.skipUnless(os.environ.get("ORACLE_FULL") == "1", "ORACLE_FULL=1 runs it")


def random_extension():
    return tuple(random_limbs(rng, 5))


def rejected(test, prover, statement, proof, where=None, verifier_data=...):
    """Verifier data other than the prover's is read with the prover's parameters."""
    with test.assertRaises(VerificationError) as caught:
        verify(prover.verifier_data if verifier_data is ... else verifier_data, statement, proof, prover.parameters)
    if where is not None:
        test.assertTrue(caught.exception.where.startswith(where), (caught.exception.where, where))
    return caught.exception


class Field(unittest.TestCase):
    def test_laws(self):
        for _ in range(200):
            a, b, c = random_extension(), random_extension(), random_extension()
            self.assertEqual(mul(a, b), mul(b, a))
            self.assertEqual(mul(mul(a, b), c), mul(a, mul(b, c)))
            self.assertEqual(mul(a, add(b, c)), add(mul(a, b), mul(a, c)))
            self.assertEqual(sub(add(a, b), b), a)
            self.assertEqual(mul(a, ONE), a)
            self.assertEqual(kb.scale(a, b[0]), mul(a, embed(b[0])))
        edge = [(v,) * 5 for v in (0, 1, P - 1)] + [(P - 1, 0, 0, 0, P - 1)]
        for a in edge:
            for b in edge:
                self.assertEqual(mul(a, sub(b, ONE)), sub(mul(a, b), a))

    def test_extension_is_a_field(self):
        x = (0, 1, 0, 0, 0)
        self.assertEqual(kb.power(x, 5), sub(ONE, mul(x, x)))
        frobenius = kb.power(x, P)
        y = x
        for _ in range(5):
            y = kb.power(y, P)
        self.assertEqual(y, x)                            # X^5 + X^2 - 1 divides X^(p^5) - X
        d = sub(frobenius, x)
        self.assertEqual(mul(d, kb.inverse(d)), ONE)      # and has no factor in common with X^p - X
        for _ in range(5):
            a = random_extension()
            self.assertEqual(mul(a, kb.inverse(a)), ONE)

    def test_roots_of_unity(self):
        for k in range(25):
            omega = kb.root_of_unity(k)
            self.assertEqual(pow(omega, 1 << k, P), 1)
            if k:
                self.assertEqual(pow(omega, 1 << (k - 1), P), P - 1)
        with self.assertRaises(ValueError):
            kb.root_of_unity(25)
        self.assertEqual([kb.bit_reverse(i, 3) for i in range(8)], [0, 4, 2, 6, 1, 5, 3, 7])

    def test_multilinear(self):
        point = [random_extension() for _ in range(4)]
        table = kb.eq_table(point)
        values = [random_extension() for _ in range(16)]
        self.assertEqual(kb.total(mul(a, b) for a, b in zip(table, values)), kb.multilinear_at(values, point))
        for i in range(16):
            bits = [embed(i >> (3 - j) & 1) for j in range(4)]
            self.assertEqual(table[i], kb.eq_index(i, point))
            self.assertEqual(table[i], kb.eq(bits, point))
        a = random_extension()
        self.assertEqual(kb.pow_at(a, point), kb.multilinear_at(kb.powers(a, 16), point))
        self.assertEqual(kb.horner(values, a), kb.total(mul(v, w) for v, w in zip(values, kb.powers(a, 16))))


class Hash(unittest.TestCase):
    def test_known_answer(self):
        self.assertEqual(poseidon2.permute(poseidon2._KNOWN_INPUT), poseidon2._KNOWN_OUTPUT)

    def test_fast_is_obvious(self):
        states = [random_limbs(rng, 16) for _ in range(20)] + [[v] * 16 for v in (0, 1, P - 1)]
        for state in states:
            self.assertEqual(poseidon2.permute(state), poseidon2.permute_obvious(state))

    def test_hashes(self):
        l, r, b = (random_limbs(rng, 8) for _ in range(3))
        full = poseidon2.permute(l + r)
        self.assertEqual(poseidon2.compress(l, r), [(a + b) % P for a, b in zip(full[:8], l)])
        self.assertEqual(poseidon2.leaf(l + r + b), poseidon2.compress(poseidon2.compress(l, r), b))
        self.assertNotEqual(poseidon2.hash_list(1, l), poseidon2.hash_list(2, l))
        self.assertNotEqual(poseidon2.hash_list(1, l[:7]), poseidon2.hash_list(1, l[:7] + [0]))
        self.assertEqual(poseidon2.hash_list(5, []), poseidon2.permute([0] * 9 + [5] + [0] * 6)[:8])
        for bad in ([0] * 8, [0] * 20):
            with self.assertRaises(ValueError):
                poseidon2.leaf(bad)


class Transcript(unittest.TestCase):
    def test_sponge(self):
        sponge = Sponge()
        start = [0] * 8 + [0x50415254, 1] + [0] * 6
        self.assertEqual(sponge.sample(), tuple(poseidon2.permute(start)[:5]))
        sponge = Sponge()
        sponge.absorb(list(range(1, 11)))
        state = poseidon2.permute([1, 2, 3, 4, 5, 6, 7, 8] + start[8:])
        state = poseidon2.permute([9, 10, 0, 0, 0, 0, 0, 0] + state[8:])
        self.assertEqual(sponge.sample(), tuple(state[:5]))
        state = poseidon2.permute(state)
        self.assertEqual(sponge.sample(), tuple(state[:5]))
        first, second = poseidon2.permute(state), poseidon2.permute(poseidon2.permute(state))
        self.assertEqual(sponge.indices(10, 7), [v & 127 for v in (first[:8] + second[:2])])
        self.assertEqual(sponge.sample(), tuple(poseidon2.permute(second)[:5]))
        low = sponge.absorb_nonce(3, 31)
        self.assertEqual(low, sponge.state[0])
        state = list(sponge.state)
        self.assertEqual(sponge.indices(1, 24), [poseidon2.permute(state)[0] & 0xffffff])

    def test_bytes(self):
        receiver = Receiver((5).to_bytes(4, "little") + P.to_bytes(4, "little"))
        self.assertEqual(receiver.read(1, "a"), [5])
        with self.assertRaises(VerificationError):
            receiver.read(1, "not canonical")
        with self.assertRaises(VerificationError):
            receiver.finish()
        for short in (b"", b"123"):
            with self.assertRaises(VerificationError):
                Receiver(short).read(1, "short")
        with self.assertRaises(VerificationError):
            Receiver(None)


class Chips(unittest.TestCase):
    """One valid row a chip; every constraint can be broken; every column matters; degrees."""

    def rows(self):
        m = [1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1]
        return {
            0: (slow_prover.poseidon_row(random_limbs(rng, 16), 11, 1), [1, 8, 1]),
            1: (random_limbs(rng, 15), []),
            2: (random_limbs(rng, 92), []),
            3: (slow_prover.power_row([random_extension() for _ in range(8)], rng.randrange(P), random_extension()), [1]),
            4: (slow_prover.index_row(0x55afffef, m), m),
            5: (random_limbs(rng, 40), []),
            6: (random_limbs(rng, 9), []),
            7: ([1] + random_limbs(rng, 16), []),
            8: ([], random_limbs(rng, 8)),
        }

    def evaluate(self, t, witness, named):
        chip = CHIPS[t]
        pre = list(named) + random_limbs(random.Random(3), 2 * chip.ports)
        return chip.evaluate([embed(v) for v in witness], [embed(v) for v in pre])

    def test_counts(self):
        self.assertEqual([c.witness for c in CHIPS], [86, 15, 92, 58, 34, 40, 9, 17, 0])
        self.assertEqual([c.preprocessed for c in CHIPS], [11, 8, 26, 7, 18, 28, 24, 8, 10])
        self.assertEqual(sum(c.constraints for c in CHIPS), 118)

    def test_rows(self):
        constrained = {0: set(range(84)) | {85}, 3: set(range(20)) | set(range(40, 58)), 4: set(range(34)), 7: {0}}
        for t, (witness, named) in self.rows().items():
            chip = CHIPS[t]
            ports, constraints = self.evaluate(t, witness, named)
            self.assertTrue(all(c == ZERO for c in constraints), chip.name)
            broken = set()
            for column in range(chip.witness):
                changed = list(witness)
                changed[column] = (changed[column] + 2) % P
                new_ports, new_constraints = self.evaluate(t, changed, named)
                hit = {j for j, c in enumerate(new_constraints) if c != ZERO}
                self.assertEqual(bool(hit), column in constrained.get(t, ()), (chip.name, column))
                self.assertTrue(hit or new_ports != ports, (chip.name, column))
                broken |= hit
            if t == 0:
                self.assertEqual(broken, set(range(69)))
                _, cs = self.evaluate(t, witness, [0] + named[1:])
                broken |= {j for j, c in enumerate(cs) if c != ZERO}
            if t == 4:  # p itself, as bits
                _, cs = self.evaluate(t, slow_prover.index_row(P, named), named)
                self.assertEqual({j for j, c in enumerate(cs) if c != ZERO}, {31})
                _, cs = self.evaluate(t, slow_prover.index_row(P - 1, named), named)
                self.assertTrue(all(c == ZERO for c in cs))
                broken.add(31)
            self.assertEqual(broken, set(range(chip.constraints)), chip.name)
            for column in range(chip.named):
                changed = list(named)
                changed[column] = (changed[column] + 1) % P
                self.assertNotEqual(self.evaluate(t, witness, changed), (ports, constraints), (chip.name, column))

    def test_poseidon_ports(self):
        inputs = random_limbs(rng, 16)
        out = poseidon2.permute(inputs)
        for bit, path, weight, feed in ((0, 0, 0, 0), (0, 0, 0, 1), (0, 1, 4, 1), (1, 1, 4, 1)):
            ports, constraints = self.evaluate(0, slow_prover.poseidon_row(inputs, 3, bit), [path, weight, feed])
            self.assertTrue(all(c == ZERO for c in constraints))
            got = [[e[0] for e in entries] for _, _, entries in ports]
            node, sibling = (inputs[8:], inputs[:8]) if bit else (inputs[:8], inputs[8:])
            self.assertEqual(got[0], node + [3])
            self.assertEqual(got[1], sibling)
            digest = poseidon2.compress(inputs[:8], inputs[8:]) if feed else out[:8]
            self.assertEqual(got[2], digest + [3 * path + 4 * bit])
            self.assertEqual(got[3], out[8:])

    def test_group_product(self):
        for _ in range(10):
            a, b = random_extension(), random_extension()
            got = chips.group_mul([embed(v) for v in a], [embed(v) for v in b])
            self.assertEqual(tuple(v[0] for v in got), mul(a, b))

    def test_mul_add_dot_power(self):
        x, y, z = (random_extension() for _ in range(3))
        ports, _ = self.evaluate(1, x + y + z, [])
        self.assertEqual(tuple(v[0] for v in ports[3][2]), add(mul(x, y), z))
        w = [random_extension() for _ in range(8)]
        lanes = [(random_limbs(rng, 8), random_extension()) for _ in range(4)]
        row = [limb for e in w for limb in e] + [limb for v, acc in lanes for limb in list(v) + list(acc)]
        ports, _ = self.evaluate(2, row, [])
        for lane, (v, acc) in enumerate(lanes):
            expected = add(acc, kb.total(kb.scale(e, s) for e, s in zip(w, v)))
            self.assertEqual(tuple(e[0] for e in ports[9 + lane][2]), expected)
        # Two Power rows compute pow_z at twelve coordinates, the last one first.
        point, base = [random_extension() for _ in range(12)], rng.randrange(P)
        backwards = point[::-1] + [ZERO] * 4
        ports, _ = self.evaluate(3, slow_prover.power_row(backwards[:8], base, ONE), [1])
        entries = [e[0] for e in ports[2][2]]
        ports, _ = self.evaluate(3, slow_prover.power_row(backwards[8:], entries[5], tuple(entries[:5])), [0])
        self.assertEqual(tuple(e[0] for e in ports[2][2][:5]), kb.pow_at(embed(base), point))
        self.assertEqual(ports[2][2][5], ZERO)

    def test_index_is_a_point_of_the_domain(self):
        for h in range(8, 21):
            value = rng.randrange(P)
            m = [1 if j < h else 0 for j in range(8, 20)]
            ports, constraints = self.evaluate(4, slow_prover.index_row(value, m), m)
            self.assertTrue(all(c == ZERO for c in constraints))
            index = value & ((1 << h) - 1)
            self.assertEqual(ports[0][2][0][0], value)
            self.assertEqual(ports[1][2][5][0], pow(kb.root_of_unity(h), kb.bit_reverse(index, h), P))
            self.assertEqual(ports[2][2][0][0], index)

    def test_degrees(self):
        highest = 0
        for t, chip in enumerate(CHIPS):
            ends = [[random_extension() for _ in range(chip.witness + chip.preprocessed)] for _ in range(2)]
            samples = []
            for x in range(11):
                row = [add(a, kb.scale(sub(b, a), x)) for a, b in zip(*ends)]
                ports, constraints = chip.evaluate(row[:chip.witness], row[chip.witness:])
                samples.append([v for _, _, entries in ports for v in entries] + constraints)
            for values in zip(*samples):
                coefficients = slow_prover.interpolate(list(values))
                self.assertEqual(coefficients[10], ZERO, chip.name)
                highest = max(highest, max((i for i, c in enumerate(coefficients) if c != ZERO), default=0))
        self.assertEqual(highest, 9)


class MultiProof(unittest.TestCase):
    def receiver(self, limbs):
        return Receiver(b"".join(v.to_bytes(4, "little") for v in limbs))

    def test_round_trip_and_tampering(self):
        tree = slow_prover.Tree([random_limbs(rng, 8) for _ in range(16)], 5)
        for count in (1, 2, 5, 17, 32):
            indices = sorted(rng.sample(range(32), count))
            limbs = tree.open(indices)
            receiver = self.receiver(limbs)
            leaves = whir.read_opening(receiver, tree.root, 5, indices, 16, "test")
            receiver.finish()
            self.assertEqual(leaves, {i: tree.leaves[i] for i in indices})
            for at in rng.sample(range(len(limbs)), 12):
                changed = list(limbs)
                changed[at] = (changed[at] + 1) % P
                with self.assertRaises(VerificationError):
                    whir.read_opening(self.receiver(changed), tree.root, 5, indices, 16, "test")
            with self.assertRaises(VerificationError):
                whir.read_opening(self.receiver(limbs[:-1]), tree.root, 5, indices, 16, "test")
            if count < 32:
                others = sorted(rng.sample(range(32), count))
                if others != indices:
                    with self.assertRaises(VerificationError):
                        whir.read_opening(self.receiver(limbs + [0] * 400), tree.root, 5, others, 16, "test")

    def test_leaf_is_a_column_of_values(self):
        rows = [random_limbs(rng, 4) for _ in range(16)]
        tree = slow_prover.Tree(rows, 4)
        for i in range(16):
            z = pow(kb.root_of_unity(4), kb.bit_reverse(i, 4), P)
            self.assertEqual(tree.leaves[i], [sum(c * pow(z, e, P) for e, c in enumerate(row)) % P for row in rows])


class ToyProofs(unittest.TestCase):
    """Proofs of the slow prover. They show that verifier and text agree with themselves; proofs of the project's
    prover show that both read the text alike."""

    @classmethod
    def setUpClass(cls):
        cls.provers, cls.proofs = {}, {}
        for name, (heights, numbers) in TOY.items():
            prover = ToyProver(ToyCircuit(heights, 1), numbers)
            cls.proofs[name] = prover.prove()
            cls.provers[name] = prover

    def test_accepts(self):
        for name, prover in self.provers.items():
            counts = verify(prover.verifier_data, prover.circuit.statement, self.proofs[name], prover.parameters)
            self.assertEqual(counts.claim is not None, name == "deferred")
            if counts.claim:
                z, v = counts.claim
                self.assertEqual(counts.claim, prover.claim)
                self.assertEqual(deferred.evaluate(prover.preprocessed_stack, z), v)

    def test_every_message_counts(self):
        for name, prover in self.provers.items():
            proof, statement = self.proofs[name], prover.circuit.statement
            for number, (message, at, count) in enumerate(prover.sender.messages):
                if count == 0 or name != "equal heights" and message not in ("P14", "P15") and number % 4:
                    continue
                limb = at + rng.randrange(count)
                value = int.from_bytes(proof[4 * limb:4 * limb + 4], "little")
                for new in ((value + 1) % P, value ^ (1 << 31) | P):
                    changed = bytearray(proof)
                    changed[4 * limb:4 * limb + 4] = (new % 2**32).to_bytes(4, "little")
                    error = rejected(self, prover, statement, bytes(changed))
                    self.assertTrue(error.where and error.expected != error.got, (message, error))

    def test_lengths(self):
        prover, proof = self.provers["equal heights"], self.proofs["equal heights"]
        statement = prover.circuit.statement
        rejected(self, prover, statement, proof + b"\0", "end of proof")
        rejected(self, prover, statement, proof + b"\0\0\0\0", "end of proof")
        rejected(self, prover, statement, b"")
        for message, at, count in prover.sender.messages[::7]:
            rejected(self, prover, statement, proof[:4 * at + 1])
            rejected(self, prover, statement, proof[:4 * at] + proof[4 * at + 4:])
            rejected(self, prover, statement, proof[:4 * at] + b"\0\0\0\0" + proof[4 * at:])
        for length in (1, 100, len(proof)):
            rejected(self, prover, statement, bytes(rng.randrange(256) for _ in range(length)))
            rejected(self, prover, statement, bytes(length))

    def test_statement_and_verifier_data(self):
        prover, proof = self.provers["equal heights"], self.proofs["equal heights"]
        data, statement = prover.verifier_data, prover.circuit.statement
        for i in range(8):
            changed = list(statement)
            changed[i] = (changed[i] + 1) % P
            rejected(self, prover, changed, proof)
        for bad in (None, [], statement[:7], statement + [0], ["x"] * 8, statement[:7] + [P], statement[:7] + [-1], 5,
                    statement[:7] + [True]):
            rejected(self, prover, bad, proof, "statement")

        def change(**fields):
            return {**copy.deepcopy(data), **fields}

        for bad in (None, [], {}, change(root=None), change(root=data["root"][:7]), change(root=[0] * 8),
                    change(root=data["root"][:7] + [P]), change(heights=[4] * 8), change(heights=[4] * 8 + [21]),
                    change(heights=[3] + [4] * 8), change(heights=[20] * 9), change(heights=["4"] * 9), change(target_bits=103), change(target_bits=-1),
                    change(target_bits="a"), change(rate_bits=3), change(rate_bits=0), change(rate_bits=None), change(deferred=True),
                    change(deferred=0), change(deferred=None), change(deferred="false")):
            rejected(self, prover, statement, proof, verifier_data=bad)
        other = self.provers["different heights"]
        rejected(self, other, statement, proof)
        rejected(self, prover, statement, proof, verifier_data=other.verifier_data)
        rejected(self, prover, statement, self.proofs["different heights"])

    @slow
    def test_lies(self):
        """One message is false and all that follows is honest about it: the equation that needs the message must fail."""
        def off(limbs, at=0):
            return limbs[:at] + [(limbs[at] + 1) % P] + limbs[at + 1:]

        expected = {"P1": "P12 round 1 witness root", "P2": "end of the opening", "P3": "P3: bus", "P4": "P5 layer",
                    "P5": "P5 layer", "P6": "P7", "P7": "P7", "P8": "end of the opening", "P9": "P12",
                    "P10": "end of the opening", "P13": "end of the opening"}
        honest = self.provers["different heights"]
        prover = ToyProver(honest.circuit, TOY["different heights"][1])
        for name, where in expected.items():
            counts = sum(1 for message, _, _ in honest.sender.messages if message == name)
            which = rng.randrange(counts)
            proof = prover.prove({(name, which): off})
            rejected(self, prover, prover.circuit.statement, proof, where)

    def test_consistent_lie_about_columns(self):
        """P7 is false in two columns such that its own equation holds: only the opening can see it."""
        prover = ToyProver(ToyCircuit(TOY["equal heights"][0], 1), TOY["equal heights"][1])
        layout = prover.layout
        limbs_i = sum(CHIPS[t].witness for t in layout.order[:layout.order.index(6)]) + 8      # a witness column
        constant_k = len(layout.witness) + len(layout.preprocessed) - 10                        # k_0 of Constant
        multiplicity = len(layout.witness) + len(layout.preprocessed) - 1                       # of Constant
        for column in (limbs_i, constant_k):
            def lie(limbs):
                values = [tuple(limbs[i:i + 5]) for i in range(0, len(limbs), 5)]
                before = tables_at(layout, values, *prover.challenges)
                values[column] = add(values[column], ONE)
                delta = sub(before, tables_at(layout, values, *prover.challenges))
                e_last = prover.challenges[0][-1]
                values[multiplicity] = add(values[multiplicity], mul(delta, kb.inverse(e_last)))
                assert delta != ZERO and tables_at(layout, values, *prover.challenges) == before
                return [limb for v in values for limb in v]
            proof = prover.prove({("P7", 0): lie})
            rejected(self, prover, prover.circuit.statement, proof, "end of the opening")

    def test_lies_about_the_deferred_claim(self):
        def off(limbs):
            return [(limbs[0] + 1) % P] + limbs[1:]

        honest = self.provers["deferred"]
        statement = honest.circuit.statement
        prover = ToyProver(honest.circuit, TOY["deferred"][1])
        steps = prover.layout.stacks()[1]
        for name, which in (("P14", rng.randrange(steps)), ("P15", 0)):
            rejected(self, prover, statement, prover.prove({(name, which): off}), "P15")

        # False messages, and a last value that makes them pass: the verifier is left with a false claim, which only settling sees.
        def fitting(limbs):
            self.assertNotEqual(prover.sender.fitting, tuple(limbs))
            return list(prover.sender.fitting)

        layout = prover.layout
        constant_k, multiplicity = len(layout.witness) + len(layout.preprocessed) - 10, len(layout.witness) + len(layout.preprocessed) - 1

        def columns(limbs, column=constant_k):
            values = [tuple(limbs[i:i + 5]) for i in range(0, len(limbs), 5)]
            before = tables_at(layout, values, *prover.challenges)
            values[column] = add(values[column], ONE)
            delta = sub(before, tables_at(layout, values, *prover.challenges))
            values[multiplicity] = add(values[multiplicity], mul(delta, kb.inverse(prover.challenges[0][-1])))
            return [limb for v in values for limb in v]

        for lies in ({("P14", 0): off}, {("P7", 0): columns}):
            proof = prover.prove({**lies, ("P15", 0): fitting})
            counts = verify(prover.verifier_data, statement, proof, prover.parameters)
            self.assertNotEqual(deferred.evaluate(prover.preprocessed_stack, counts.claim[0]), counts.claim[1])
        limbs_i = sum(CHIPS[t].witness for t in layout.order[:layout.order.index(6)]) + 8      # a witness column: the opening's
        proof = prover.prove({("P7", 0): lambda limbs: columns(limbs, limbs_i), ("P15", 0): fitting})
        rejected(self, prover, statement, proof, "end of the opening")

        # Another preprocessed stack than the root's: nothing is opened there, so again only settling sees it.
        true_stack = prover.preprocessed_stack
        prover.preprocessed_stack = true_stack[:-1] + [(true_stack[-1] + 1) % P]
        counts = verify(prover.verifier_data, statement, prover.prove(), prover.parameters)
        self.assertNotEqual(deferred.evaluate(true_stack, counts.claim[0]), counts.claim[1])

    def test_deferred_and_not(self):
        """A proof is of one kind of shape; the fingerprint says of which."""
        one, two = self.provers["different heights"], self.provers["deferred"]
        for this, other in ((one, two), (two, one)):
            proof = self.proofs["deferred" if this is two else "different heights"]
            with self.assertRaises(VerificationError):
                verify({**this.verifier_data, "deferred": other.shape.deferred}, this.circuit.statement, proof, other.parameters)
            with self.assertRaises(VerificationError) as caught:
                verify(this.verifier_data, this.circuit.statement, proof, other.parameters)
            self.assertTrue(caught.exception.where.startswith("parameters"))

    @slow
    def test_other_stack_than_committed(self):
        """The argument is about other cells than those of the trees: only the queries can see it."""
        circuit = ToyCircuit(TOY["equal heights"][0], 1)
        prover = ToyProver(circuit, TOY["equal heights"][1])
        for stack in ("witness_stack", "preprocessed_stack"):
            committed = list(getattr(prover, stack))
            other = list(committed)
            other[-1] = (other[-1] + 1) % P     # a cell of the padding, which nothing else looks at
            true_commit = prover.commit
            setattr(prover, stack, other)
            prover.commit = lambda _: true_commit(committed if stack == "witness_stack" else prover.witness_stack)
            proof = prover.prove()
            rejected(self, prover, circuit.statement, proof, "end of the opening")
            prover.commit = true_commit
            setattr(prover, stack, committed)
            verify(prover.verifier_data, circuit.statement, prover.prove(), prover.parameters)

    @slow
    def test_cheating(self):
        heights, numbers = TOY["equal heights"]

        def attempt(change, where):
            circuit = ToyCircuit(heights, 2)
            change(circuit)
            prover = ToyProver(circuit, numbers)
            rejected(self, prover, circuit.statement, prover.prove(), where)

        def cell(t, row, column):
            def change(circuit):
                circuit.witness[t][row][column] = (circuit.witness[t][row][column] + 1) % P
            return change

        def multiplicity(circuit):
            circuit.pre[5][3][1] = (circuit.pre[5][3][1] + 1) % P

        def other_statement(circuit):
            circuit.statement = [(v + 1) % P for v in circuit.statement]

        # A wrong tuple or multiplicity unbalances the bus; a cell that no used port sees breaks a constraint alone. (The
        # zero-check's claim is computed, not sent, so a lie of that kind shows in P7.)
        attempt(cell(6, 0, 0), "P3: bus")
        attempt(multiplicity, "P3: bus")
        attempt(other_statement, "P3: bus")
        attempt(cell(0, 4, 20), "P7")
        attempt(cell(0, 4, 85), "P7")
        attempt(cell(3, 5, 53), "P7")


class Deferral(unittest.TestCase):
    """Sections 9.2 and 9.3, and evaluation."""

    def setUp(self):
        self.values = [rng.randrange(P) for _ in range(128)]
        self.claims = []
        for _ in range(4):
            z = [random_extension() for _ in range(7)]
            self.claims.append((z, kb.multilinear_at([embed(v) for v in self.values], z)))

    def refused(self, function, where=""):
        with self.assertRaises(VerificationError) as caught:
            function()
        self.assertTrue(caught.exception.where.startswith(where), (caught.exception.where, where))

    def changes(self, proof):
        for at in range(0, len(proof), 4):
            limb = int.from_bytes(proof[at:at + 4], "little")
            for new in ((limb + 1) % P, limb + P):
                yield proof[:at] + new.to_bytes(4, "little") + proof[at + 4:]
        yield from (proof[:-1], proof[:-4], proof + b"\0", proof + bytes(4), b"", bytes(len(proof)))

    def test_evaluate(self):
        for z, v in self.claims:
            self.assertEqual(deferred.evaluate(self.values, z), v)
        top = [P - 1] * 4096
        z = [(P - 1,) * 5 for _ in range(12)]
        self.assertEqual(deferred.evaluate(top, z), embed(P - 1))     # eq sums to 1
        self.assertEqual(deferred.evaluate(self.values[:1], []), embed(self.values[0]))
        for k in (0, 5, 127):
            self.assertEqual(deferred.evaluate(self.values, [embed(k >> 6 - j & 1) for j in range(7)]), embed(self.values[k]))

    def test_sum_over_the_cube(self):
        """What a joining's prover is held to, from the text alone: the first step of two claims by the definition of the sum."""
        claims = self.claims[:2]
        sponge = Sponge()
        sponge.absorb([limb for z, v in claims for e in z + [v] for limb in e])
        delta = sponge.sample()
        weight = [add(a, mul(delta, b)) for a, b in zip(kb.eq_table(claims[0][0]), kb.eq_table(claims[1][0]))]
        c0 = kb.total(kb.scale(w, v) for w, v in zip(weight[:64], self.values[:64]))
        proof, _ = slow_prover.prove_join(self.values, claims)
        self.assertEqual(proof[:20], unwords(c0))

    def test_joining(self):
        for count in (1, 2, 4):
            claims = self.claims[:count]
            proof, left = slow_prover.prove_join(self.values, claims)
            self.assertEqual(len(proof), 7 * 40 + 20)
            self.assertEqual(deferred.join(claims, proof), left)
            self.assertEqual(deferred.evaluate(self.values, left[0]), left[1])
            for changed in self.changes(proof):
                self.refused(lambda: deferred.join(claims, changed))
        # The same claim twice is of no harm; another order, a claim less, a false claim are another proof's.
        twice = [self.claims[0]] * 2
        deferred.join(twice, slow_prover.prove_join(self.values, twice)[0])
        z, v = self.claims[1]
        for other in (self.claims[::-1], self.claims[:3], self.claims + self.claims[:1], [self.claims[0], (z, add(v, ONE))] + self.claims[2:],
                      [self.claims[0], (z[::-1], v)] + self.claims[2:]):
            self.refused(lambda: deferred.join(other, proof), "P17")

    def test_joining_false_claims(self):
        z, v = self.claims[2]
        false = self.claims[:2] + [(z, add(v, ONE))] + self.claims[3:]
        proof, _ = slow_prover.prove_join(self.values, false)
        self.refused(lambda: deferred.join(false, proof), "P17")
        lies = [({}, false), ({("P16", 3): lambda limbs: [(limbs[0] + 1) % P] + limbs[1:]}, self.claims)]
        for more, claims in lies:
            # The last value made to fit: what is left is false.
            with mock.patch.object(slow_prover.Sender, "send_extension", self.fit_last(slow_prover.Sender.send_extension)):
                proof, left = slow_prover.prove_join(self.values, claims, more)
            self.assertEqual(deferred.join(claims, proof), left)
            self.assertNotEqual(deferred.evaluate(self.values, left[0]), left[1])

    def fit_last(self, send):
        def fitting(sender, elements, name):
            send(sender, [sender.fitting] if name == "P17" else elements, name)
        return fitting

    def test_point_opening(self):
        values = [rng.randrange(P) for _ in range(4096)]
        numbers = parameters.explicit(12, 0, [(5, 7, 9, 7, 3), (3, 4, 8, 5, 2)])
        tree = slow_prover.commit(values, numbers.rounds[0])
        z = [random_extension() for _ in range(12)]
        claim = z, deferred.evaluate(values, z)
        proof = slow_prover.prove_point(values, tree, numbers, claim)
        deferred.open_point(tree.root, claim, proof, numbers)
        for changed in itertools.islice(self.changes(proof), 0, None, 97):
            self.refused(lambda: deferred.open_point(tree.root, claim, changed, numbers))
        for changed in (proof[:-1], proof[:-4], proof + b"\0", proof + bytes(4), b""):
            self.refused(lambda: deferred.open_point(tree.root, claim, changed, numbers))
        false = z, add(claim[1], ONE)
        self.refused(lambda: deferred.open_point(tree.root, false, proof, numbers))
        self.refused(lambda: deferred.open_point(tree.root[::-1], claim, proof, numbers))
        self.refused(lambda: deferred.open_point(tree.root, (z[::-1], claim[1]), proof, numbers))
        # Consistent: a false claim, a false y_0, another root, other values than the root's.
        prove = functools.partial(slow_prover.prove_point, parameters=numbers)
        self.refused(lambda: deferred.open_point(tree.root, false, prove(values, tree, claim=false), numbers), "end of the opening")
        lie = {("P2", 0): lambda limbs: [(limbs[0] + 1) % P] + limbs[1:]}
        self.refused(lambda: deferred.open_point(tree.root, claim, prove(values, tree, claim=claim, lies=lie), numbers), "end of the opening")
        other = values[:-1] + [(values[-1] + 1) % P]
        claim = z, deferred.evaluate(other, z)
        self.refused(lambda: deferred.open_point(tree.root, claim, prove(other, tree, claim=claim), numbers), "end of the opening")
        other_tree = slow_prover.commit(other, numbers.rounds[0])
        deferred.open_point(other_tree.root, claim, prove(other, other_tree, claim=claim), numbers)
        self.refused(lambda: deferred.open_point(tree.root, claim, prove(other, other_tree, claim=claim), numbers), "P")

    def test_preprocessed_files(self):
        zeros = bytes(4 << 19)
        good = {"end_cap": zeros, "combine": unwords([0, 7] + [0] * (2**19 - 2))}
        stacks = deferred.Preprocessed(good)
        last = [ZERO] * 19 + [ONE]
        self.assertEqual(stacks.network_polynomial([ONE] + last[1:]), embed(7))
        self.assertEqual(stacks.network_polynomial(last), ZERO)
        self.assertEqual(stacks.network_polynomial([embed(5)] + last[1:]), embed(35))
        for bad in (b"", zeros[:-1], zeros[:-4], zeros + bytes(4), zeros + zeros, zeros[:-4] + P.to_bytes(4, "little"), zeros[:-4] + b"\xff" * 4):
            for name in good:
                self.refused(lambda: deferred.Preprocessed({**good, name: bad}), f"preprocessed stack of {name}")


class Search(unittest.TestCase):
    def numbers(self, *arguments):
        rounds = parameters.search(*arguments).rounds
        return ([r.folding for r in rounds], [r.domain - r.width for r in rounds], [r.domain for r in rounds],
                [r.queries for r in rounds], rounds[-1].width)

    def test_examples_of_the_text(self):
        self.assertEqual(self.numbers(21, 19, 104, 2), ([6, 4, 5], [2, 5, 8], [17, 16, 14], [92, 36, 23], 6))
        self.assertEqual(self.numbers(14, 12, 104, 2), ([6, 3], [2, 5], [10, 10], [90, 36], 5))
        for (rate, variables, claims), expected in {(2, 22, 1): (33, 92), (5, 15, 93): (26, 36), (8, 11, 37): (8, 23),
                                                    (2, 15, 1): (65, 90), (5, 8, 91): (26, 36)}.items():
            self.assertEqual(parameters.bound(rate, variables, claims, 104), expected)

    def test_one_stack(self):
        """m = 0: one variable and one tree less, so the first bound may take a smaller M and the cost loses its terms of m."""
        for n in (14, 20, 21):
            found = parameters.search(n, 0, 104, 2)
            self.assertEqual((found.m, found.variables), (0, n))
            self.assertEqual(found.rounds[0].queries, parameters.bound(2, n, 1, 104)[1])
            ks = tuple(r.folding for r in found.rounds[1:])
            _, cost, proxy = parameters.candidate(n, 0, 104, 2, 3, ks)
            _, more, same = parameters.candidate(n, n - 2, 104, 2, 3, ks)
            queries = parameters.bound(2, n + 1, 1, 104)[1]
            if queries == found.rounds[0].queries:
                self.assertEqual((more - cost, proxy), (2 + queries * (1 + found.rounds[0].domain), same))
        self.assertEqual(parameters.explicit(12, 0, [(5, 7, 9, 7, 3)]).variables, 12)

    def test_foldings(self):
        self.assertEqual(parameters.foldings(6), [(), (3,)])
        self.assertEqual(parameters.foldings(9), [(3,), (4,), (5,), (6,), (3, 3)])

    def test_every_allowed_input(self):
        for n, one_stack in itertools.product(range(12, 25), (False, True)):
            for target in (40, 80, 100, 104, 120, 128):
                for rate in range(1, 11):
                    try:
                        found = parameters.search(n, 0 if one_stack else n, target, rate)
                    except VerificationError:
                        continue
                    self.assertTrue(3 <= found.final_variables <= 6)
                    total, drop = 6, 0
                    for j, r in enumerate(found.rounds):
                        total += r.folding if j else 0
                        variables = found.variables if j == 0 else found.rounds[j - 1].width
                        claims = 1 if j == 0 else found.rounds[j - 1].queries + 1
                        self.assertEqual(parameters.bound(r.domain - r.width, variables, claims, target)[1], r.queries)
                    self.assertEqual(total + found.final_variables, n)

    def test_refused(self):
        for bad in ((11, 11, 104, 2), (25, 23, 104, 2), (21, 18, 104, 2), (21, 1, 104, 2), (21, 22, 104, 2), (25, 0, 104, 2), (11, 0, 104, 2), (21, 19, 39, 2), (21, 19, 129, 2),
                    (21, 19, 104, 0), (21, 19, 104, 11), (24, 22, 104, 7), (21, 19, 128, 2)):
            with self.assertRaises(VerificationError):
                parameters.search(*bad)


class Refusals(unittest.TestCase):
    def test_shapes(self):
        """m > n, h_t > n and n > 22 are refused before the parameters are looked for."""
        def derive(heights, one_stack=False):
            shape = parameters.Shape(heights, 104, 2, one_stack)
            return parameters.derive(shape, parameters.Layout(shape.heights))

        self.assertEqual((derive([4] * 9).n, derive([4] * 9).m), (13, 12))
        self.assertEqual((derive([15] + [4] * 8).n, derive([15] + [4] * 8).m), (22, 20))
        self.assertEqual((derive([4] * 9, True).n, derive([4] * 9, True).m), (13, 0))
        with mock.patch.object(parameters, "search", side_effect=AssertionError("looked for parameters")):
            for heights, where in (([16] + [4] * 8, "shape: n"), ([20] * 9, "shape: n"), ([4] * 8 + [12], "shape: m"), ([4] * 8 + [16], "shape: m")):
                for one_stack in (False, True):
                    with self.assertRaises(VerificationError) as caught:
                        derive(heights, one_stack)
                    self.assertEqual(caught.exception.where, where)

    def test_circuit_of_a_toy(self):
        """Section 4: of k ports at an address other than 1 one has k - 1 and the others -1; one port alone at address 1 has -1."""
        circuit = ToyCircuit([4] * 9, 1)
        at = {}
        for t, chip in enumerate(CHIPS):
            for row in circuit.pre[t]:
                for k in range(chip.ports):
                    at.setdefault(row[chip.named + 2 * k], []).append(row[chip.named + 2 * k + 1])
        self.assertEqual(at.pop(1), [P - 1])
        self.assertTrue(any(len(v) > 2 for v in at.values()))
        for v in at.values():
            self.assertEqual(sorted(v), sorted([len(v) - 1] + [P - 1] * (len(v) - 1)))


class WholeProof(unittest.TestCase):
    """A toy circuit with the parameters of its shape, as a block, through the command line."""

    @slow
    def test_command_line(self):
        # A statement is a digest: the output of a permutation, which row 0 of the toy's Poseidon table makes.
        limbs = random_limbs(rng, 20)
        state = [0] * 8 + [20, 22] + [0] * 6
        for block in (limbs[:8], limbs[8:16]):
            state = poseidon2.permute(block + state[8:])
        prover = ToyProver(ToyCircuit([4] * 9, 3, limbs[16:] + [0] * 4 + state[8:]))
        proof = prover.prove()
        self.assertEqual(prover.circuit.statement, poseidon2.hash_list(22, limbs))
        header = b"PRTH\1\3" + unwords(limbs)
        artifact = header + len(proof).to_bytes(4, "little") + proof
        data = {"preprocessed_root": unwords(prover.verifier_data["root"]).hex(),
                "fingerprint": unwords(VerifierData(prover.verifier_data).fingerprint()).hex(),
                **{key: prover.verifier_data[key] for key in ("heights", "target_bits", "rate_bits", "deferred")}}
        text = json.dumps({"circuits": [{"name": name, **data} for name in ("end_cap", "combine", "block")]})
        with tempfile.TemporaryDirectory() as folder:
            def run(artifact, text, count=1):
                paths = [os.path.join(folder, name) for name in ("toy.proof", "data.json")]
                for path, content in zip(paths, (artifact, text.encode())):
                    with open(path, "wb") as file:
                        file.write(content)
                with contextlib.redirect_stdout(io.StringIO()) as out:
                    code = main(["--verifier-data", paths[1]] + paths[:1] * count)
                return code, out.getvalue()

            code, out = run(artifact, text, 2)
            self.assertEqual(code, 0, out)
            self.assertEqual(out.count("accepted "), 2)
            for bad in ((artifact[:-1], text), (artifact + b"\0", text), (b"", text), (artifact, "{"), (artifact, "[" * 100000),
                        (artifact, text.replace("104", "100")), (artifact[:5] + b"\1" + artifact[6:], text),
                        (artifact[:6] + bytes([artifact[6] ^ 1]) + artifact[7:], text)):
                code, out = run(*bad)
                self.assertEqual(code, 65)
                self.assertTrue(out.startswith("rejected ") and out.count("\n") == 1, out)
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(main(["--verifier-data", os.path.join(folder, "data.json"), os.path.join(folder, "none")]), 66)


if __name__ == "__main__":
    unittest.main()
