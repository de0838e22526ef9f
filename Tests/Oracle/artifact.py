"""The files: verifier data and artifacts.  PROTOCOL.md section 7, Sources/Parth/README.md (Statements, Artifacts)."""

import json
import re

from koalabear import P
from poseidon2 import hash_list
from transcript import VerificationError, require

MAGIC, VERSION = b"PRTH", 1
COORDINATES = 20      # of the network polynomial Q

# The digest `deferred` of a header is not in the file: zero, or that of the claim that a combine carries there.
_HEADER = (21, ("block root", "old", "new", "aggregator"), ("level", "first", "users", "transactions", "slots"))
_BLOCK = (22, ("block root before", "block root after"), ("height", "users", "transactions", "slots"))
# kind: (circuit, tag of the statement, digests, scalars)
KINDS = {1: ("end_cap", *_HEADER), 2: ("combine", *_HEADER), 3: ("block", *_BLOCK)}


def words(data):
    return [int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 4)]


def unwords(limbs):
    return b"".join(v.to_bytes(4, "little") for v in limbs)


def claim_digest(point, value):
    return hash_list(24, [v for e in [*point, value] for v in e])


class Artifact:
    def __init__(self, data):
        """Every byte has a place, and every word of the header is canonical; raises VerificationError otherwise."""
        require(len(data) >= 6, "artifact", "at least 6 bytes", len(data))
        require(data[:4] == MAGIC, "artifact: first bytes", MAGIC, data[:4])
        require(data[4] == VERSION, "artifact: version", VERSION, data[4])
        require(data[5] in KINDS, "artifact: kind", sorted(KINDS), data[5])
        self.kind = data[5]
        self.circuit, tag, digests, scalars = KINDS[self.kind]
        self.fields, self.carried, at = {}, None, 6
        self.spans = []      # [(name, first byte, limbs)]
        claim = [(f"claim, {name}", 5) for name in [f"coordinate {i}" for i in range(COORDINATES)] + ["value"]] if self.kind == 2 else []
        elements = []
        for name, count in [(d, 8) for d in digests] + [(s, 1) for s in scalars] + claim:
            require(len(data) >= at + 4 * count, f"artifact: {name}", f"{4 * count} bytes", len(data) - at)
            value = words(data[at:at + 4 * count])
            for v in value:
                require(v < P, f"artifact: {name}", f"words < {P}", v)
            self.spans.append((name, at, count))
            if count == 5:
                elements.append(tuple(value))
            else:
                self.fields[name] = value if count == 8 else value[0]
            at += 4 * count
        require(len(data) >= at + 4, "artifact: length of the proof", "4 bytes", len(data) - at)
        length = words(data[at:at + 4])[0]
        self.proof_at = at + 4
        self.proof = bytes(data[at + 4:])
        require(len(self.proof) == length, "artifact: length of the proof", length, len(self.proof))
        deferred = []
        if self.kind == 1:
            deferred = [0] * 8
        elif self.kind == 2:
            self.carried = elements[:-1], elements[-1]
            deferred = claim_digest(*self.carried)
        self.statement = hash_list(tag, [v for d in digests for v in self.fields[d]] + deferred + [self.fields[s] for s in scalars])

    def check_aggregator(self, circuits):
        if self.kind == 3:
            return
        expected = [0] * 8 if self.kind == 1 else circuits["combine"]["fingerprint"]
        got = self.fields["aggregator"]
        require(got == expected, "artifact: aggregator", unwords(expected).hex(), unwords(got).hex())

    def __str__(self):
        return self.circuit + "".join(f", {name} {value}" for name, value in self.fields.items() if isinstance(value, int))


def hex_digest(text, where):
    require(isinstance(text, str) and re.fullmatch("[0-9a-fA-F]{64}", text) is not None, where, "64 hexadecimal digits", text)
    limbs = words(bytes.fromhex(text))
    for v in limbs:
        require(v < P, where, f"words < {P}", v)
    return limbs


def read_circuits(text):
    """{name: {"root", "fingerprint" (as it stands there), "heights", "target_bits", "rate_bits", "deferred"}}"""
    where = "verifier data"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise VerificationError(where, "JSON", str(error)) from None
    require(isinstance(data, dict) and isinstance(data.get("circuits"), list), where, 'an object with a list "circuits"', type(data).__name__)
    circuits = {}
    for entry in data["circuits"]:
        require(isinstance(entry, dict) and isinstance(entry.get("name"), str), where, "objects with a name", entry)
        name = entry["name"]
        require(name not in circuits, where, "each circuit once", name)
        for key in ("preprocessed_root", "fingerprint", "heights", "target_bits", "rate_bits", "deferred"):
            require(key in entry, f"{where} of {name}", f"the key {key}", sorted(entry))
        circuits[name] = {
            "root": hex_digest(entry["preprocessed_root"], f"{where} of {name}: preprocessed_root"),
            "fingerprint": hex_digest(entry["fingerprint"], f"{where} of {name}: fingerprint"),
            "heights": entry["heights"], "target_bits": entry["target_bits"], "rate_bits": entry["rate_bits"], "deferred": entry["deferred"],
        }
    for name, *_ in KINDS.values():
        require(name in circuits, where, f"the circuit {name}", sorted(circuits))
    return circuits
