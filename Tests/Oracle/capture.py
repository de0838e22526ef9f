"""Makes artifacts of combines, which `parth demo` does not keep: a coordinator, a relay, a worker; the relay finds them in what the worker sends.

    python3 capture.py BINARY DIRECTORY     # writes DIRECTORY/combine-*.proof

The relay knows nothing of the protocol between worker and coordinator. It looks for the first bytes of an artifact of kind 2
(`Sources/Parth/README.md`), whose length stands in it; it must lie in one piece in the stream.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import threading

FIRST_BYTES = b"PRTH\x01\x02"
HEADER = 6 + 4 * 32 + 5 * 4 + 21 * 20


def artifacts(stream):
    at = stream.find(FIRST_BYTES)
    while at >= 0:
        length = int.from_bytes(stream[at + HEADER:at + HEADER + 4], "little")
        end = at + HEADER + 4 + length
        if end <= len(stream):
            yield bytes(stream[at:end])
        at = stream.find(FIRST_BYTES, at + 1)


class Relay:
    def __init__(self, target):
        self.target, self.streams = target, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            near = self.listener.accept()[0]
            far = socket.create_connection(self.target)
            stream = bytearray()
            self.streams.append(stream)
            threading.Thread(target=self._copy, args=(near, far, stream), daemon=True).start()
            threading.Thread(target=self._copy, args=(far, near, bytearray()), daemon=True).start()

    @staticmethod
    def _copy(source, sink, seen):
        try:
            while data := source.recv(65536):
                seen.extend(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def main(binary, directory):
    processes = []
    with tempfile.TemporaryDirectory() as work, open(os.path.join(work, "log"), "wb") as log:
        try:
            batch = os.path.join(work, "batch")
            subprocess.run([binary, "sample", "--users", "3", "--out", batch], check=True, stdout=log, stderr=log, timeout=60)
            coordinator = subprocess.Popen([binary, "coordinator", "--listen", "127.0.0.1:0", "--data", os.path.join(work, "chain"),
                                            "--genesis", os.path.join(batch, "genesis.json")],
                                           stdout=subprocess.PIPE, stderr=log, text=True)
            processes.append(coordinator)
            line = coordinator.stdout.readline()
            port = int(re.search(r":(\d+)", line).group(1))
            relay = Relay(("127.0.0.1", port))
            processes.append(subprocess.Popen([binary, "worker", "--coordinator", f"127.0.0.1:{relay.port}"], stdout=log, stderr=log))
            end_caps = sorted(os.path.join(batch, name) for name in os.listdir(batch) if name.endswith(".endcap"))
            subprocess.run([binary, "submit", "--coordinator", f"127.0.0.1:{port}", "--wait", *end_caps],
                           check=True, stdout=log, stderr=log, timeout=120)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()
    found = []
    for stream in relay.streams:
        found.extend(a for a in artifacts(stream) if a not in found)
    for number, artifact in enumerate(found):
        with open(os.path.join(directory, f"combine-{number}.proof"), "wb") as file:
            file.write(artifact)
    print(f"captured {len(found)} combines")
    return 0 if found else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
