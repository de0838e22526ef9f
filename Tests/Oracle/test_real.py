"""The project's own proofs: accepted as they are, refused after any change.

    PARTH_ORACLE_DIR=DIR [PARTH_BINARY=parth] python3 test_real.py     (in this directory)

DIR holds circuits.json, preprocessed/ and artifacts (*.endcap, *.proof), as run.sh makes them. With PARTH_BINARY changes are also given
to `parth verify`, which must refuse them too (exit 65): the two verifiers are compared, not only this one tested. End caps and
combines are verified with its own circuits, which takes long, so only every so many of their changes is given.
"""

import contextlib
import copy
import functools
import io
import itertools
import json
import os
import re
import subprocess
import tempfile
import time
import unittest

import deferred
import poseidon2
import slow_prover
import transcript
from artifact import KINDS, Artifact, read_circuits, unwords, words
from deferred import Preprocessed
from koalabear import ONE, P, ZERO, add
from parameters import Layout, Shape, derive
from transcript import VerificationError
from verify import REJECTED, main, verify, verify_artifact

# Of a file whose bytes are changed one by one; of a file of a kind that another file stands for, a quarter.
POSITIONS = 64
# Of the changes of end caps, and of combines, one in so many is given to the binary, and those that are ALWAYS compared.
SHARE = {1: 14, 2: 30}
ALWAYS = object()

DIRECTORY = os.environ.get("PARTH_ORACLE_DIR")
BINARY = os.environ.get("PARTH_BINARY")
if not DIRECTORY:
    raise SystemExit(__doc__)

# Proofs that share a beginning share its permutations: P is a function, so a table of its values changes nothing but time.
_table = functools.lru_cache(maxsize=None)(lambda state, permute=poseidon2.permute: tuple(permute(state)))
poseidon2.permute = transcript.permute = lambda state: list(_table(tuple(state)))

STARTED = time.monotonic()
done = {"accepted": 0, "refused": 0, "compared": 0, "own circuits": 0}


def read(name):
    with open(os.path.join(DIRECTORY, name), "rb") as file:
        return file.read()


class File:
    """An artifact that is accepted, and its messages: [(class, where, first byte of the file, bytes)], class without numbers of
    layers, steps, leaves and nodes."""

    def __init__(self, name):
        self.name, self.data = name, read(name)
        self.artifact, self.counts = verify_artifact(self.data, CIRCUITS, PREPROCESSED)
        counts = self.counts
        at = self.artifact.proof_at
        self.messages = [(message_class(where), where, at + first, 4 * count) for where, first, count in counts.messages]

    def of_class(self):
        out = {}
        for message in self.messages:
            out.setdefault(message[0], []).append(message)
        return out

    def header(self):
        return self.data[:self.artifact.proof_at - 4]

    def with_proof(self, proof):
        return with_proof(self.header(), proof)


def with_proof(header, proof):
    return header + len(proof).to_bytes(4, "little") + proof


def message_class(where):
    return re.sub(r" (layer|(?<!round )step|leaf) \d+| of node \d+ at level \d+", lambda m: " " + m[1] if m[1] else "", where)


def setUpModule():
    global CIRCUITS_TEXT, CIRCUITS, PREPROCESSED, FILES, ONE_OF_A_KIND, work
    work = tempfile.TemporaryDirectory()
    CIRCUITS_TEXT = read("circuits.json").decode()
    CIRCUITS = read_circuits(CIRCUITS_TEXT)
    PREPROCESSED = Preprocessed(Preprocessed.read(os.path.join(DIRECTORY, "preprocessed")))
    names = sorted(n for n in os.listdir(DIRECTORY) if n.endswith((".endcap", ".proof")))
    FILES = [File(n) for n in names]
    ONE_OF_A_KIND = list({f.artifact.kind: f for f in FILES}.values())
    by_kind = {k: sum(f.artifact.kind == k for f in FILES) for k in KINDS}
    if by_kind[1] < 2 or by_kind[3] < 1:
        raise SystemExit(f"{DIRECTORY}: at least two end caps and a block are needed, there are {by_kind}")
    print("artifacts:", ", ".join(f"{by_kind[k]} {KINDS[k][0]}" for k in KINDS))


def tearDownModule():
    work.cleanup()
    print(f"{done['accepted']} accepted, {done['refused']} refused, {done['compared']} of both compared with "
          f"{BINARY and 'the binary' or 'no binary'} ({done['own circuits']} refused end caps and combines), {time.monotonic() - STARTED:.1f} s")


def by_binary(data, circuits_text):
    """`parth verify`, with verifier data where it takes any."""
    paths = [os.path.join(work.name, name) for name in ("artifact", "circuits.json")]
    for path, content in zip(paths, (data, circuits_text.encode())):
        with open(path, "wb") as file:
            file.write(content)
    done["compared"] += 1
    options = [] if own_circuits(data) else ["--verifier-data", paths[1]]
    return subprocess.run([BINARY, "verify", paths[0], *options], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def own_circuits(data):
    return data[:5] == b"PRTH\1" and data[5:6] in (b"\1", b"\2")


class RealProofs(unittest.TestCase):
    own = {}

    def accept(self, data, circuits_text=None):
        text = CIRCUITS_TEXT if circuits_text is None else circuits_text
        verify_artifact(data, read_circuits(text), PREPROCESSED)
        done["accepted"] += 1
        if BINARY:
            run = by_binary(data, text)
            self.assertEqual(run.returncode, 0, f"parth verify refuses what the oracle accepts: {run.stderr}")

    def refuse(self, data, where="", circuits_text=None, what="", compare=True):
        """`where`: a pattern for the place of the failure."""
        try:
            verify_artifact(data, CIRCUITS if circuits_text is None else read_circuits(circuits_text), PREPROCESSED)
        except VerificationError as error:
            self.assertTrue(re.match(where, error.where), f"{what}: refused at {error.where!r}, expected {where!r}")
            self.assertNotEqual(error.expected, error.got, what)
        else:
            self.fail(f"the oracle accepts: {what}")
        done["refused"] += 1
        if compare and own_circuits(data):
            self.own[data[5]] = self.own.get(data[5], -1) + 1
            compare = circuits_text is None and (compare is ALWAYS or self.own[data[5]] % SHARE[data[5]] == 0)
            done["own circuits"] += compare and BINARY is not None
        if BINARY and compare:
            run = by_binary(data, CIRCUITS_TEXT if circuits_text is None else circuits_text)
            with self.subTest(what):
                said = run.stderr.decode(errors="replace").strip()
                self.assertEqual(run.returncode, REJECTED, f"parth verify, {what}: {said[:300]}")
                self.assertEqual(len(said.splitlines()), 1, f"parth verify, {what}: one line names what failed, got {said[:300]}")

    def test_accepted(self):
        for f in FILES:
            self.accept(f.data)
        # Extra keys, and circuits in another order, are of no account.
        data = json.loads(CIRCUITS_TEXT)
        data["circuits"].reverse()
        data["comment"] = data["circuits"][0]["comment"] = None
        self.accept(FILES[0].data, json.dumps(data))

    def test_every_message_is_seen(self):
        expected = {"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13"}
        for f in FILES:
            own = {"P14", "P15"} if f.artifact.kind in (1, 2) else set()
            self.assertEqual({name.split()[0] for name, *_ in f.messages}, expected | own)
            end = f.artifact.proof_at
            for _, where, at, count in f.messages:
                self.assertEqual(at, end, where)
                end += count
            self.assertEqual(end, len(f.data))

    def test_one_byte(self):
        for f in FILES:
            positions = POSITIONS if f in ONE_OF_A_KIND else POSITIONS // 4
            stride = len(f.data) // positions
            for i in range(positions):
                changed = bytearray(f.data)
                at = i * stride + i * 41 % stride
                changed[at] ^= 1 << i % 8
                self.refuse(bytes(changed), what=f"{f.name}, byte {at}", compare=f in ONE_OF_A_KIND)

    def test_lengths(self):
        for f in ONE_OF_A_KIND:
            length = len(f.data)
            for kept in (length - 1, length - 4, length // 2, f.artifact.proof_at, f.artifact.proof_at - 4, 6, 5, 4, 0):
                self.refuse(f.data[:kept], "artifact", what=f"{f.name}, {kept} bytes kept")
            for more in (b"\0", bytes(4), b"PRTH", f.data):
                self.refuse(f.data + more, "artifact: length", what=f"{f.name}, {len(more)} bytes more")
            # The same with the length that is written set right: the proof itself is short or long.
            proof = f.artifact.proof
            for kept in (len(proof) - 1, len(proof) - 4, len(proof) // 2, 32, 1, 0):
                self.refuse(f.with_proof(proof[:kept]), "P", what=f"{f.name}, {kept} bytes of proof kept")
            for more in (b"\0", bytes(4), proof):
                self.refuse(f.with_proof(proof + more), "end of proof", what=f"{f.name}, {len(more)} bytes more of proof")
            self.refuse(f.with_proof(bytes(len(proof))), "P3", what=f"{f.name}, zeros")

    def test_header(self):
        for f in ONE_OF_A_KIND:
            for at in range(6):
                changed = bytearray(f.data)
                changed[at] ^= 0x40
                self.refuse(bytes(changed), "artifact", what=f"{f.name}, byte {at}")
            end = 6
            for name, start, count in f.artifact.spans:
                self.assertEqual(start, end)
                end += 4 * count
                for offset in {0, 4 * count - 4}:
                    limb = words(f.data[start + offset:start + offset + 4])[0]
                    for new, where in (((limb + 1) % P, "artifact: aggregator" if name == "aggregator" else "P3: bus"),
                                       (limb + P, f"artifact: {name}"), (P, f"artifact: {name}"), (2**32 - 1, f"artifact: {name}")):
                        changed = bytearray(f.data)
                        changed[start + offset:start + offset + 4] = new.to_bytes(4, "little")
                        always = new == (limb + 1) % P and name in ("claim, coordinate 0", "claim, value")
                        self.refuse(bytes(changed), where, what=f"{f.name}, {name} {new}", compare=ALWAYS if always else True)
            self.assertEqual(end, f.artifact.proof_at - 4)
            for length in (0, len(f.artifact.proof) - 4, 2**32 - 1):
                changed = f.header() + length.to_bytes(4, "little") + f.artifact.proof
                self.refuse(changed, "artifact: length", what=f"{f.name}, length {length}")

    def expected_place(self, name, where):
        """Where a change of this message is noticed, when all that follows stays. (Work that is by chance enough after a change,
        one in 2^16, leaves it to the Merkle tree.)"""
        first = name.split()[0]
        layer = re.search(r"layer \d+", where)
        if first in ("P1", "P2", "P3"):
            return "P3"
        if first in ("P4", "P5"):
            return f"P5 {layer[0]}$"
        if first in ("P6", "P7"):
            return "P7$"
        if first in ("P14", "P15"):
            return "P15$"
        if name.startswith("P8 last"):
            return "end of the opening$"
        if first == "P12":
            return re.escape(re.sub(r" (leaf|sibling).*", " root", where)) + "$"
        if first == "P8":
            return "P11|P12"
        return "P11|P12 .* root$"     # P9, P10, P11, P13

    def test_one_limb_of_every_message(self):
        for f in ONE_OF_A_KIND:
            for name, messages in f.of_class().items():
                for k, (_, where, first, count) in enumerate({messages[0], messages[-1]}):
                    at = first + (count // 4 * (2 * k + 1) // 4) * 4
                    limb = words(f.data[at:at + 4])[0]
                    for new, place in (((limb + 1) % P, self.expected_place(name, where)), (limb + P, re.escape(where) + ", byte")):
                        changed = bytearray(f.data)
                        changed[at:at + 4] = new.to_bytes(4, "little")
                        always = name in ("P14 step", "P15") and new < P
                        self.refuse(bytes(changed), place, what=f"{f.name}, {where}, limb {limb} as {new}", compare=ALWAYS if always else True)

    def test_reordered_messages(self):
        """One of each kind of neighbours exchanged; one of each kind of message left out, or twice there."""
        for f in ONE_OF_A_KIND:
            def piece(message):
                return f.data[message[2]:message[2] + message[3]]

            seen = set()
            for one, two in zip(f.messages, f.messages[1:]):
                if (one[0], two[0]) in seen or piece(one) == piece(two):
                    continue
                seen.add((one[0], two[0]))
                changed = f.data[:one[2]] + piece(two) + piece(one) + f.data[two[2] + two[3]:]
                self.refuse(changed, "P|end of the opening", what=f"{f.name}, {one[1]} and {two[1]} exchanged")
            for name, messages in f.of_class().items():
                message = messages[len(messages) // 2]
                end = message[2] + message[3]
                proof_at = f.artifact.proof_at
                self.refuse(with_proof(f.header(), f.data[proof_at:message[2]] + f.data[end:]), what=f"{f.name}, without {message[1]}")
                self.refuse(with_proof(f.header(), f.data[proof_at:end] + f.data[message[2]:]), what=f"{f.name}, {message[1]} twice")

    def test_reordered_within(self):
        for f in ONE_OF_A_KIND:
            classes = f.of_class()

            def exchange(start, size, other, what, where="P"):
                a, b = f.data[start:start + size], f.data[other:other + size]
                if a == b:
                    return
                changed = bytearray(f.data)
                changed[start:start + size], changed[other:other + size] = b, a
                self.refuse(bytes(changed), where, what=f"{f.name}, {what}")

            p3 = classes["P3"][0][2]
            exchange(p3, 20, p3 + 20, "P3: nl, nr", "P3")
            exchange(p3, 40, p3 + 40, "P3: numerators, denominators", "P3")
            both = bytearray(f.data)     # N and D stay as they are, the challenges do not
            for i in (0, 40):
                both[p3 + i:p3 + i + 40] = f.data[p3 + i + 20:p3 + i + 40] + f.data[p3 + i:p3 + i + 20]
            self.refuse(bytes(both), "P5 layer 1", what=f"{f.name}, P3: left, right")
            p4 = classes["P4 layer step"][-1][2]
            exchange(p4, 20, p4 + 20, "P4: c_1, c_2", "P5")
            p7 = classes["P7"][0]
            exchange(p7[2], 20, p7[2] + 20, "P7: two columns", "P7")
            witness = classes["P12 round 1 witness leaf"]
            exchange(witness[0][2], witness[0][3], witness[-1][2], "two leaves", "P12")
            if f.artifact.kind == 3:
                start, middle = witness[0][2], classes["P12 round 1 preprocessed leaf"][0][2]
                end = next(m[2] for m in f.messages if m[2] > middle and not m[0].startswith("P12"))
                self.refuse(f.data[:start] + f.data[middle:end] + f.data[start:middle] + f.data[end:], "P12", what=f"{f.name}, the two trees")
            else:
                p14, p15 = classes["P14 step"], classes["P15"][0]
                exchange(p14[0][2], 20, p14[0][2] + 20, "P14: c_0, c_2", "P15")
                exchange(p14[0][2], 40, p14[-1][2], "P14: two steps", "P15")
                exchange(p14[-1][2] + 20, 20, p15[2], "P14, P15", "P15")
                columns = len(Layout(CIRCUITS[f.artifact.circuit]["heights"]).preprocessed)
                last = p7[2] + p7[3]
                exchange(last - 20 * columns, 20, last - 20, "P7: two preprocessed columns", "P7")
            siblings = classes["P12 round 1 witness sibling"]
            exchange(siblings[0][2], 32, siblings[-1][2], "two siblings", "P12")
            nonces = [m[2] for name, ms in classes.items() if name.startswith("P11") for m in ms]
            exchange(nonces[0], 4, nonces[-1], "two nonces", "P11")

    def test_swapped_proofs(self):
        for f, g in itertools.permutations(FILES, 2):
            if f.artifact.proof != g.artifact.proof:
                self.refuse(f.with_proof(g.artifact.proof), "P", what=f"header of {f.name}, proof of {g.name}")

    def test_wrong_circuit(self):
        for f in FILES:
            for kind in set(KINDS) - {f.artifact.kind}:
                changed = bytearray(f.data)
                changed[5] = kind
                self.refuse(bytes(changed), "artifact", what=f"{f.name} as kind {kind}")
                # Not through the file: the right statement, and another circuit's verifier data.
                with self.assertRaises(VerificationError):
                    verify(CIRCUITS[KINDS[kind][0]], f.artifact.statement, f.artifact.proof)
            for name in ("end_cap", "combine", "block"):
                if name != f.artifact.circuit:
                    data = json.loads(CIRCUITS_TEXT)
                    for entry in data["circuits"]:
                        if entry["name"] in (name, f.artifact.circuit):
                            entry["name"] = {name: f.artifact.circuit, f.artifact.circuit: name}[entry["name"]]
                    where = "artifact: aggregator" if f.artifact.kind == 2 else "P"
                    self.refuse(f.data, where, json.dumps(data), f"{f.name}, {name} for {f.artifact.circuit}")
        # The aggregator rule, with headers that say what another kind's must.
        end_cap = FILES[[f.artifact.kind for f in FILES].index(1)]
        fingerprints = [unwords(CIRCUITS[name]["fingerprint"]) for name in ("end_cap", "combine", "block")]
        for aggregator in fingerprints:
            header = end_cap.header()
            self.refuse(header[:102] + aggregator + header[134:] + end_cap.data[len(header):], "artifact: aggregator", what="end cap, aggregator")
        for f in FILES:
            if f.artifact.kind == 2:
                header = f.header()
                for aggregator in (bytes(32), fingerprints[0], fingerprints[2]):
                    self.refuse(header[:102] + aggregator + header[134:] + f.data[len(header):], "artifact: aggregator", what=f.name)
                as_end_cap = header[:5] + b"\1" + header[6:102] + bytes(32) + header[134:154] + f.data[len(header):]
                self.refuse(as_end_cap, "P3", what=f"{f.name} as an end cap")
            if f.artifact.kind == 1:
                header = f.header()
                as_combine = header[:5] + b"\2" + header[6:102] + fingerprints[1] + header[134:] + bytes(420) + f.data[len(header):]
                self.refuse(as_combine, "P3", what=f"{f.name} as a combine")

    def changed_circuits(self, name, change, recompute):
        data = json.loads(CIRCUITS_TEXT)
        entry = next(e for e in data["circuits"] if e["name"] == name)
        change(entry)
        if recompute:
            root = words(bytes.fromhex(entry["preprocessed_root"]))
            limbs = Shape.limbs(type("S", (), {k: entry[k] for k in ("heights", "target_bits", "rate_bits", "deferred")}))
            entry["fingerprint"] = unwords(poseidon2.hash_list(1, root + limbs)).hex()
        return json.dumps(data)

    def test_verifier_data(self):
        """Another shape, root or fingerprint: refused for its fingerprint; with the fingerprint that belongs to it, for the proof
        or because there is no such shape."""
        for f in ONE_OF_A_KIND:
            name = f.artifact.circuit
            original = CIRCUITS[name]
            changes = []
            for t, h in enumerate(original["heights"]):
                for new in (h - 1, h + 1):
                    heights = original["heights"][:t] + [new] + original["heights"][t + 1:]
                    changes.append(("heights", heights))
            changes.append(("heights", original["heights"][::-1]))
            changes.append(("heights", [16] + original["heights"][1:]))         # n = 23
            changes.append(("heights", original["heights"][:8] + [20]))         # m > n
            changes += [("heights", [20] * 9), ("heights", [3] * 9), ("heights", [0] * 9), ("heights", [21] * 9), ("heights", [2**31] * 9)]
            changes += [("target_bits", v) for v in (original["target_bits"] - 1, original["target_bits"] + 1, 40, 39, 129, 0)]
            changes += [("rate_bits", v) for v in (original["rate_bits"] - 1, original["rate_bits"] + 1, 0, 11, 24)]
            changes.append(("deferred", not original["deferred"]))
            root = list(original["root"])
            for i in (0, 7):
                changes.append(("preprocessed_root", unwords(root[:i] + [(root[i] + 1) % P] + root[i + 1:]).hex()))
            for key, value in changes:
                for recompute in (False, True):
                    def change(entry):
                        entry[key] = copy.deepcopy(value)

                    if recompute and key == "heights" and max(value) >= P:
                        continue
                    where = "artifact: aggregator|P|verifier data" if recompute else "verifier data"
                    text = self.changed_circuits(name, change, recompute)
                    self.refuse(f.data, where, text, f"{f.name}, {key} {value}, recomputed {recompute}")
            fingerprint = unwords(original["fingerprint"][:7] + [(original["fingerprint"][7] + 1) % P]).hex()
            text = self.changed_circuits(name, lambda e: e.update(fingerprint=fingerprint), False)
            self.refuse(f.data, "verifier data", text, f"{f.name}, fingerprint")

    def test_malformed_verifier_data(self):
        f = next(f for f in FILES if f.artifact.kind == 3)
        bad = [(key, value) for key in ("preprocessed_root", "fingerprint")
               for value in ("", "00" * 31, "00" * 33, "zz" * 32, unwords([P] * 8).hex(), None, 5, [0] * 8)]
        bad += [("heights", v) for v in (None, [], [4] * 8, [4] * 10, ["4"] * 9, 4, [-1] * 9, [14.5] * 9, [63] * 9, [64] * 9, [P] * 9, [2**63] * 9)]
        bad += [(key, v) for key in ("target_bits", "rate_bits") for v in (None, "104", -1, 104.5, [104], P - 1, P, 2**31, 2**32, 2**63 - 1, 2**64, -2**63)]
        bad += [("deferred", v) for v in (None, "false", 0, 1, [])]
        for key, value in bad:
            text = self.changed_circuits("block", lambda entry: entry.update({key: value}), False)
            self.refuse(f.data, "verifier data", text, f"{key} {value}")
        for key in ("name", "preprocessed_root", "fingerprint", "heights", "target_bits", "rate_bits", "deferred"):
            text = self.changed_circuits("block", lambda entry: entry.pop(key), False)
            self.refuse(f.data, "verifier data", text, f"no {key}")
        for text in ("", "{", "[]", "{}", '{"circuits": {}}', '{"circuits": []}', '{"circuits": [5]}', CIRCUITS_TEXT[:-10]):
            self.refuse(f.data, "verifier data", text, f"verifier data {text[:30]!r}")


class RealClaims(unittest.TestCase):
    """What end caps and combines leave to be settled. A finished file cannot be changed as far as that: its claims are tried alone."""

    def files(self):
        return [f for f in ONE_OF_A_KIND if f.artifact.kind != 3]

    def refuse(self, where, function):
        with self.assertRaises(VerificationError) as caught:
            function()
        self.assertEqual(caught.exception.where, where)
        done["refused"] += 1

    def test_false_claims(self):
        for f in self.files():
            def claim_of(point, value):
                changed = copy.copy(f.artifact)
                changed.carried = point, value
                return changed

            z, v = f.counts.claim
            deferred.settle(f.artifact, (z, v), PREPROCESSED)
            one = "settling: the claim of the proof"
            for false in ((z, add(v, ONE)), (z, ZERO), (z[::-1], v), ([add(z[0], ONE)] + z[1:], v), (z[:-1] + [add(z[-1], ONE)], v)):
                self.refuse(one, lambda: deferred.settle(f.artifact, false, PREPROCESSED))
            for wrong in (z[1:], z + [ZERO]):
                self.refuse("settling: coordinates", lambda: deferred.settle(f.artifact, (wrong, v), PREPROCESSED))
            self.refuse("settling", lambda: deferred.settle(f.artifact, None, PREPROCESSED))
            if f.artifact.kind == 2:
                z, v = f.artifact.carried
                two = "settling: the claim that it carries"
                for false in ((z, add(v, ONE)), (z, ZERO), (z[::-1], v), ([add(ONE, z[0])] + z[1:], v), (z[:-1] + [add(z[-1], ONE)], v)):
                    self.refuse(two, lambda: deferred.settle(claim_of(*false), f.counts.claim, PREPROCESSED))

    def test_wrong_preprocessed(self):
        """Stacks exchanged, one cell changed: of the end caps' own, of the combines' that a carried claim is about."""
        right = PREPROCESSED.cells
        names = Preprocessed.NAMES
        for f in self.files():
            wrong = [{names[0]: right[names[1]], names[1]: right[names[0]]}]
            for name in names:
                for at in (0, 2**18 + 12345, 2**19 - 1):
                    cells = right[name][:]
                    cells[at] = (cells[at] + 1) % P
                    wrong.append({**right, name: cells})
            for cells in wrong:
                other = copy.copy(PREPROCESSED)
                other.cells = cells
                if f.artifact.kind == 1 and cells[names[0]] is right[names[0]]:
                    deferred.settle(f.artifact, f.counts.claim, other)      # an end cap is not about that stack
                    continue
                with self.assertRaises(VerificationError) as caught:
                    deferred.settle(f.artifact, f.counts.claim, other)
                self.assertTrue(caught.exception.where.startswith("settling: the claim"))
                done["refused"] += 1

    def test_carried_claims_are_joined(self):
        """A combine carries what section 9.2 leaves of its children's claims, in the order: left's own, left's carried, right's own,
        right's carried. Children are known by the leaves that they cover."""
        self.assertEqual(PREPROCESSED.network_polynomial([ZERO] * 20), ZERO)
        cells = [v for name in Preprocessed.NAMES for v in PREPROCESSED.cells[name]]
        below = {(f.artifact.fields["first"], f.artifact.fields["users"]): f for f in FILES if f.artifact.kind != 3}
        seen = 0
        for (first, users), f in below.items():
            if f.artifact.kind != 2:
                continue
            pairs = [(below[first, n], below[first + n, users - n]) for n in range(1, users) if (first, n) in below and (first + n, users - n) in below]
            for children in pairs[:1]:
                claims = []
                for child in children:
                    z, v = child.counts.claim
                    claims.append(([ONE if child.artifact.kind == 2 else ZERO] + z, v))
                    claims.append(child.artifact.carried or ([ZERO] * 20, ZERO))
                proof, left = slow_prover.prove_join(cells, claims)
                self.assertEqual(deferred.join(claims, proof), left)
                self.assertEqual(left, f.artifact.carried)
                seen += 1
        self.assertEqual(seen, sum(f.artifact.kind == 2 for f in FILES))

    @unittest.skipUnless(os.environ.get("ORACLE_FULL") == "1", "ORACLE_FULL=1 runs it")
    def test_preprocessed_roots(self):
        """The files hold the stacks of the roots."""
        for name, cells in PREPROCESSED.cells.items():
            data = CIRCUITS[name]
            shape = Shape(data["heights"], data["target_bits"], data["rate_bits"], data["deferred"])
            self.assertEqual(slow_prover.commit(list(cells), derive(shape, Layout(shape.heights)).rounds[0]).root, data["root"])

    def test_command_line(self):
        def run(*arguments):
            with contextlib.redirect_stdout(io.StringIO()) as out:
                return main(["--verifier-data", os.path.join(DIRECTORY, "circuits.json"), *arguments]), out.getvalue()

        stacks = os.path.join(DIRECTORY, "preprocessed")
        for f in ONE_OF_A_KIND:
            path = os.path.join(DIRECTORY, f.name)
            owing = f.artifact.kind != 3
            for options, expected in ((["--preprocessed", stacks], 0), (["--without-settling"], 0), ([], REJECTED if owing else 0)):
                code, out = run(*options, path)
                self.assertEqual(code, expected, out)
                self.assertEqual(out.startswith("NOT SETTLED "), owing and options[:1] != ["--preprocessed"], out)
                self.assertEqual(out.startswith("accepted "), not (owing and options[:1] != ["--preprocessed"]), out)
        exchanged = os.path.join(work.name, "exchanged")
        os.mkdir(exchanged)
        self.assertEqual(run("--preprocessed", exchanged, path)[0], 66)
        for one, two in (Preprocessed.NAMES, Preprocessed.NAMES[::-1]):
            with open(os.path.join(stacks, f"{one}.preprocessed"), "rb") as source, open(os.path.join(exchanged, f"{two}.preprocessed"), "wb") as file:
                file.write(source.read())
        for f in self.files():
            code, out = run("--preprocessed", exchanged, os.path.join(DIRECTORY, f.name))
            self.assertEqual((code, out.split(" ")[0]), (REJECTED, "rejected"), out)
        with open(os.path.join(exchanged, "combine.preprocessed"), "ab") as file:
            file.write(bytes(4))
        code, out = run("--preprocessed", exchanged, path)
        self.assertEqual((code, out.split(" ")[0]), (REJECTED, "rejected"), out)
        done["refused"] += 4

    def test_binary_refuses_other_verifier_data(self):
        """For an end cap or a combine: its claims are about the binary's own circuits, and no verifier data replaces those."""
        if BINARY:
            for f in self.files():
                data = json.loads(CIRCUITS_TEXT)
                entry = next(e for e in data["circuits"] if e["name"] == f.artifact.circuit)
                root = words(bytes.fromhex(entry["preprocessed_root"]))
                entry["preprocessed_root"] = unwords(root[:7] + [(root[7] + 1) % P]).hex()
                stale = json.dumps(data)
                entry.update({key: CIRCUITS["block"][key] for key in ("heights", "target_bits", "rate_bits", "deferred")},
                             preprocessed_root=unwords(CIRCUITS["block"]["root"]).hex(), fingerprint=unwords(CIRCUITS["block"]["fingerprint"]).hex())
                for text in (stale, json.dumps(data), "{}"):
                    path = os.path.join(work.name, "data.json")
                    with open(path, "w") as file:
                        file.write(text)
                    found = subprocess.run([BINARY, "verify", os.path.join(DIRECTORY, f.name), "--verifier-data", path], capture_output=True, timeout=60)
                    self.assertNotEqual(found.returncode, 0, f.name)


if __name__ == "__main__":
    unittest.main()
