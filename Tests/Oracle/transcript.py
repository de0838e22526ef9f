"""The transcript and the proof's bytes.  PROTOCOL.md section 3."""

from koalabear import P
from poseidon2 import permute


class VerificationError(Exception):
    """The only exception that a bad proof, statement or verifier data may cause."""

    def __init__(self, where, expected, got):
        super().__init__(f"{where}: expected {expected}, got {got}")
        self.where, self.expected, self.got = where, expected, got


def require(condition, where, expected, got):
    if not condition:
        raise VerificationError(where, expected, got)


class Sponge:
    """Duplex sponge over P in overwrite mode. Prover and verifier share it."""

    def __init__(self):
        self.state = [0] * 8 + [0x50415254, 1] + [0] * 6
        self.fresh = False
        self.permutations = 0

    def _permute(self):
        self.state = permute(self.state)
        self.permutations += 1

    def absorb(self, limbs):
        for start in range(0, len(limbs), 8):
            block = list(limbs[start:start + 8])
            self.state[:8] = block + [0] * (8 - len(block))
            self._permute()
        self.fresh = True

    def sample(self):
        if not self.fresh:
            self._permute()
        self.fresh = False
        return tuple(self.state[:5])

    def absorb_nonce(self, nonce, bits):
        """Absorbs a grinding nonce; the low `bits` bits that must be zero are returned."""
        self.absorb([nonce] + [0] * 7)
        self.fresh = False
        return self.state[0] & ((1 << bits) - 1)

    def indices(self, count, bits):
        mask, out = (1 << bits) - 1, []
        while len(out) < count:
            self._permute()
            out.extend(limb & mask for limb in self.state[:count - len(out)][:8])
        self.fresh = False
        return out


class Receiver:
    """The verifier's end: proof bytes can be read only through it."""

    def __init__(self, proof):
        require(isinstance(proof, (bytes, bytearray)), "proof", "bytes", type(proof).__name__)
        self.proof, self.position, self.sponge = bytes(proof), 0, Sponge()
        self.messages = []

    def read(self, count, where):
        """`count` limbs that are not absorbed."""
        self.messages.append((where, self.position, count))
        end = self.position + 4 * count
        require(end <= len(self.proof), where, f"at least {end} bytes", f"{len(self.proof)} bytes")
        out = []
        for at in range(self.position, end, 4):
            limb = int.from_bytes(self.proof[at:at + 4], "little")
            require(limb < P, f"{where}, byte {at}", f"a limb < {P}", limb)
            out.append(limb)
        self.position = end
        return out

    def receive(self, count, where):
        limbs = self.read(count, where)
        self.sponge.absorb(limbs)
        return limbs

    def receive_extension(self, count, where):
        limbs = self.receive(5 * count, where)
        return [tuple(limbs[i:i + 5]) for i in range(0, 5 * count, 5)]

    def grind(self, bits, where):
        low = self.sponge.absorb_nonce(self.read(1, where)[0], bits)
        require(low == 0, where, f"{bits} low bits that are 0", low)

    def finish(self):
        require(self.position == len(self.proof), "end of proof", f"{self.position} bytes", f"{len(self.proof)} bytes")
