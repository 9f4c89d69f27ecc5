#!/usr/bin/env python3
"""Dates that are given up, in Go: its program gets in where anycert does, and nowhere else, for each certificate of a chain
by itself: a CA that is younger than the end of what it has issued, and an anchor that has ended."""
import concurrent.futures
import pathlib
import ssl
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
from acceptor import Acceptor, serve_ok  # noqa: E402
from anycert_cli import run  # noqa: E402
from elsewhere_test import by_go, says  # noqa: E402
from served_case import ServedCase  # noqa: E402

# The chain, the anchor, the policy, and whether it gets in.
ROWS = (
    (("ended", "young"), "root", "hardened+expired", True),
    (("ended-early",), "ended-root", "hardened+expired", True),
    (("good",), "ended-root", "hardened+expired", True),
    (("good",), "ended-root", "hardened", False),
    (("future", "young"), "root", "hardened+not-yet-valid", True),
    (("future", "young"), "root", "hardened+expired", False),
    (("future", "ended-between"), "root", "hardened+expired+not-yet-valid", True),
    (("future", "ended-between"), "root", "hardened+expired", False),
    (("ended", "young"), "ended-root", "hardened+expired", False),
    (("ended", "young"), "ended-root", "hardened+expired+untrusted-issuer", True),
    (("misnamed", "young"), "root", "hardened+expired", False),
    (("misnamed", "young"), "root", "hardened+expired+wrong-host", True),
)


class Server(Acceptor):
    """With one chain."""

    def __init__(self, names):
        text = "".join(pathlib.Path(f"{name}.pem").read_text("ascii") for name in names)
        self.name = "+".join(names)
        pathlib.Path(f"{self.name}.chain").write_text(text, "ascii")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{self.name}.chain", f"{names[0]}.key")
        super().__init__(lambda connection, _: serve_ok(connection, self.context))


class Dates(ServedCase):
    @classmethod
    def start(cls):
        make = authority.make
        make("root", "/CN=The Root", ca=True, days=(-60, 30), kind="RSA")
        make("ended-root", "/CN=An Ended Root", ca=True, days=(-60, -10), kind="RSA")
        make("young", "/CN=A Young CA", issuer="root", ca=True, days=(-2, 30), kind="RSA")
        make("ended-between", "/CN=An Ended CA", issuer="root", ca=True, days=(-60, -10), kind="RSA")
        make("ended", "/CN=localhost", issuer="young", days=(-30, -5), kind="RSA")
        make("misnamed", "/CN=localhost", issuer="young", days=(-30, -5), kind="RSA", names="DNS:other.test")
        make("ended-early", "/CN=localhost", issuer="ended-root", days=(-50, -30), kind="RSA")
        make("good", "/CN=localhost", issuer="ended-root", days=(-50, 30), kind="RSA")
        for issuer in ("young", "ended-between"):
            make(f"future-{issuer}", "/CN=localhost", issuer=issuer, days=(3, 30), kind="RSA")
        for chain in sorted({cls.chain(row[0]) for row in ROWS}):
            yield Server(chain)

    @staticmethod
    def chain(names):
        return (f"future-{names[1]}", names[1]) if names[0] == "future" else names

    def go(self, row):
        names, anchor, policy, _ = row
        port = self.servers["+".join(self.chain(names))].port
        whole = f"{policy} ca={pathlib.Path(anchor).resolve()}.pem"
        said = says("elsewhere", "go", "localhost", str(port), whole)
        with tempfile.TemporaryDirectory() as folder:
            works, output = by_go(pathlib.Path(folder), said["text"], None)
        own = run("get", "-s", "-o", f"{port}.out", "--trust", whole, f"https://localhost:{port}/").code == 0
        return own, works, said["fit"], said["text"] + output

    def test_go(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            done = list(pool.map(self.go, ROWS))
        for row, (own, works, fit, text) in zip(ROWS, done):
            with self.subTest(row):
                self.assertEqual((own, works, fit), (row[3], row[3], "same"), text)


if __name__ == "__main__":
    unittest.main()
