#!/usr/bin/env python3
"""Servers that insist on post-quantum cryptography. Where OpenSSL has it (from 3.5 on), it serves them itself, and most
need nothing; where it has not, a few lines of Python answer as those servers do, up to where nothing older goes on, and
the doctor says which library would. What it says of those that only prefer it, and fail for another reason, is that
reason."""
import json
import pathlib
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402
from anycert_cli import Case, listener, run  # noqa: E402

X25519, MLKEM768, MLKEM1024, HYBRID_P256, HYBRID = 0x001D, 0x0201, 0x0202, 0x11EB, 0x11EC
ML_DSA_65 = 0x0905
AES, INTEGRITY_ONLY = 0x1301, 0xC0B4
# The random of a HelloRetryRequest (RFC 8446 section 4.1.3).
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
HAS_IT = "OpenSSL 3.0" not in run("--version").out
CLASSICAL = None


def number(data, at, size=2):
    return int.from_bytes(data[at:at + size], "big")


def numbers(data):
    return [number(data, at) for at in range(0, len(data), 2)]


def read_hello(hello):
    """Suites, and the extensions' contents by their numbers."""
    at = 2 + 32
    session = hello[at + 1:at + 1 + hello[at]]
    at += 1 + hello[at]
    suites = numbers(hello[at + 2:at + 2 + number(hello, at)])
    at += 2 + number(hello, at)
    at += 1 + hello[at]
    found, end = {}, len(hello)
    at += 2
    while at + 4 <= end:
        found[number(hello, at)] = hello[at + 4:at + 4 + number(hello, at + 2)]
        at += 4 + number(hello, at + 2)
    return session, suites, found


def counted(data, size):
    return len(data).to_bytes(size, "big") + data


def answer(hello, groups, schemes, suite):
    """What a server of TLS 1.3 with these groups, signatures (None: the usual) and suite says to a first hello."""
    session, suites, found = read_hello(hello)
    asked_groups = numbers(found.get(10, b"")[2:])
    asked_schemes = numbers(found.get(13, b"")[2:])
    tls13 = 0x0304 in numbers(found.get(43, b"\0")[1:])
    group = next((one for one in groups if one in asked_groups), None)
    signs = 0x0804 in asked_schemes if schemes is None else any(one in asked_schemes for one in schemes)
    if not tls13 or not group or not signs or suite not in suites:
        return b"\x15\x03\x03\x00\x02\x02\x28"
    extensions = b"\x00\x2b" + counted(b"\x03\x04", 2) + b"\x00\x33" + counted(group.to_bytes(2, "big"), 2)
    body = b"\x03\x03" + RETRY + counted(session, 1) + suite.to_bytes(2, "big") + b"\0" + counted(extensions, 2)
    return b"\x16\x03\x03" + counted(b"\x02" + counted(body, 3), 2)


def serve_by(groups, schemes, suite):
    def serve(connection):
        with connection:
            head = connection.recv(5, socket.MSG_WAITALL)
            if len(head) < 5 or head[0] != 0x16:
                return
            record = connection.recv(number(head, 3), socket.MSG_WAITALL)
            connection.sendall(answer(record[4:], groups, schemes, suite))
            connection.recv(1)
    return serve


# Groups and signatures of each, and its causes for a library that is older.
OLDER = {
    "hybrid": ([HYBRID], CLASSICAL, AES, ["post-quantum-only"]),
    "hybrid-p256": ([HYBRID_P256], CLASSICAL, AES, ["post-quantum-only"]),
    "alone": ([MLKEM768], CLASSICAL, AES, ["post-quantum-only"]),
    "certificate": ([HYBRID, X25519], [ML_DSA_65], AES, ["post-quantum-certificate"]),
    "both": ([MLKEM1024], [ML_DSA_65], AES, ["post-quantum-only", "post-quantum-certificate"]),
    # Prefers it, and refuses us for something else.
    "preferred": ([HYBRID, X25519], CLASSICAL, INTEGRITY_ONLY, ["null-only"]),
}

RSA, ML_DSA = ("rsa:2048",), ("ML-DSA-65",)
# What OpenSSL is told to serve, and what the doctor of the same OpenSSL says.
NEWER = {
    "hybrid": (RSA, RSA, "X25519MLKEM768", "healthy", []),
    "hybrid-p256": (RSA, RSA, "SecP256r1MLKEM768", "hardened+legacy-groups", ["rare-group"]),
    "hybrid-p384": (RSA, RSA, "SecP384r1MLKEM1024", "hardened+legacy-groups", ["rare-group"]),
    "alone": (RSA, RSA, "MLKEM768", "hardened+legacy-groups", ["rare-group"]),
    "certificate": (RSA, ML_DSA, "X25519", "healthy", []),
    "root": (ML_DSA, RSA, "X25519", "healthy", []),
    "all": (ML_DSA, ML_DSA, "MLKEM1024", "hardened+legacy-groups", ["rare-group"]),
}


class Quantum(Case):
    def doctor(self, port, *args):
        return json.loads(run("doctor", "--format", "json", "--resolve", f"localhost:{port}:127.0.0.1", *args,
                              f"localhost:{port}").out)

    def test_what_this_library_has_not(self):
        for name, (groups, schemes, suite, causes) in OLDER.items():
            with self.subTest(name), listener(serve_by(groups, schemes, suite)) as port:
                found = self.doctor(port)
                told = [cause["id"] for cause in found["causes"]]
                if HAS_IT and causes != ["null-only"]:
                    # It goes on where this server ends: nobody says that it could not.
                    self.assertFalse({"post-quantum-only", "post-quantum-certificate"} & set(told), found["causes"])
                    continue
                self.assertEqual(told, causes)
                self.assertEqual(found["verdict"], "forbidden" if causes == ["null-only"] else "impossible")
                self.assertLessEqual(found["handshakes"], 25)
                for cause in found["causes"]:
                    self.assertIn("it refuses all that this build can offer; asked for TLS 1.3", cause["evidence"])

    def serve(self, name, root, leaf, groups):
        tool = strangers.tool("openssl")
        strangers.run(tool, "req", "-x509", "-newkey", *root, "-nodes", "-keyout", f"{name}-ca.key", "-out", f"{name}-ca.pem",
                      "-subj", "/CN=The Root", "-days", "2", "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
                      "keyUsage=critical,keyCertSign")
        strangers.run(tool, "req", "-new", "-newkey", *leaf, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
                      "/CN=localhost")
        pathlib.Path("leaf.ext").write_text("subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n", encoding="ascii")
        strangers.run(tool, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{name}-ca.pem", "-CAkey", f"{name}-ca.key",
                      "-extfile", "leaf.ext", "-days", "2", "-out", f"{name}.pem")
        return strangers.Stranger(name, lambda port: [
            tool, "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet", "-cert", f"{name}.pem", "-key", f"{name}.key",
            "-tls1_3", "-groups", groups])

    def test_what_it_has(self):
        """Before 3.5 there is nothing of all that: the tool says so itself."""
        if not HAS_IT:
            done = subprocess.run([strangers.tool("openssl"), "genpkey", "-algorithm", "ML-DSA-65"], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            self.assertNotEqual(done.returncode, 0)
            return
        for name, (root, leaf, groups, wanted, causes) in NEWER.items():
            with self.subTest(name):
                server = self.serve(name, root, leaf, groups)
                try:
                    server.wait()
                    found = self.doctor(server.port, "--cacert", f"{name}-ca.pem")
                    self.assertEqual([cause["id"] for cause in found["causes"]], causes)
                    least = found["least"]["policy"].split()[0] if found["least"] else found["verdict"]
                    self.assertEqual(least, wanted)
                    got = run("get", "-s", "--trust", wanted if wanted != "healthy" else "hardened", "--cacert",
                              f"{name}-ca.pem", f"https://localhost:{server.port}/")
                    self.assertEqual(got.code, 0, got.err)
                finally:
                    server.stop()


if __name__ == "__main__":
    unittest.main()
