#!/usr/bin/env python3
"""Several servers behind one name, each with a certificate of its own: in turn at one address, and at an address each. The
least policy is one with which every one of them is talked to, and nothing in it is for none of them."""
import contextlib
import functools
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
import strangers  # noqa: E402
from acceptor import Acceptor, serve_ok  # noqa: E402
from anycert_cli import SOURCE  # noqa: E402
from ports import free_port  # noqa: E402
from served_case import ServedCase  # noqa: E402

ADDRESSES = ("127.0.0.1", "127.0.0.2")
CERTIFICATES = {"good": {}, "expired": {"days": (-30, -3)}, "future": {"days": (3, 30)}, "other": {"names": "DNS:other.test"}}
# Both certificates, the least policy without its values, and causes.
PAIRS = (
    ("expired", "future", "hardened+expired+not-yet-valid ca", ["expired", "not-yet-valid"]),
    ("expired", "other", "hardened+expired+wrong-host ca pin", ["expired", "name-mismatch"]),
    ("self", "expired", "hardened+self-signed+expired ca pin", ["self-signed", "expired"]),
    ("expired", "self", "hardened+self-signed+expired ca pin", ["self-signed", "expired"]),
)


class Server:
    """Answers with one certificate after the other; the same port at each of the addresses has the next one."""

    def __init__(self, names, addresses):
        self.contexts = [self.context(name) for name in names]
        self.port = free_port()
        self.one_each = len(addresses) > 1
        self.acceptors = [Acceptor(functools.partial(self.answer, place), address, self.port)
                          for place, address in enumerate(addresses)]

    @staticmethod
    def context(name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{name}.pem", f"{name}.key")
        return context

    def answer(self, place, connection, number):
        serve_ok(connection, self.contexts[place if self.one_each else (number + 1) % len(self.contexts)])

    def stop(self):
        for acceptor in self.acceptors:
            acceptor.stop()


def without_values(policy):
    return re.sub(r"=\S+", "", policy)


class Servers(ServedCase):
    @classmethod
    def start(cls):
        authority.make("root", "/CN=The Root", ca=True)
        for name, options in CERTIFICATES.items():
            authority.make(name, "/CN=two.test", issuer="root", kind="RSA", **{"names": "DNS:two.test", **options})
        for name in ("self", "self2"):
            authority.make(name, "/CN=two.test", kind="RSA", names="DNS:two.test")
        subprocess.run([strangers.tool("cc"), "-shared", "-fPIC", "-o", "two.so",
                        str(SOURCE / "tests/support/two_addresses.c"), "-ldl"], check=True)
        cls.names = {"LD_PRELOAD": os.path.abspath("two.so"), "ASAN_OPTIONS": "verify_asan_link_order=0"}
        return ()

    def examine(self, server, *args, code=10):
        way = () if server.one_each else ("--resolve", f"two.test:{server.port}:127.0.0.1")
        found = json.loads(self.anycert("doctor", "--format", "json", "--cacert", "root.pem", "--save", "it.json", *way, *args,
                                        f"two.test:{server.port}", code=code, env=self.names).out)
        again = json.loads(self.anycert("doctor", "--format", "json", "--replay", "it.json", code=code).out)
        self.assertEqual({**again, "elapsed_ms": 0}, {**found, "elapsed_ms": 0})
        self.assertLessEqual(found["handshakes"], 25)
        return found

    def get(self, server, policy):
        """From each server, several times, for as many as answer in turn."""
        for address in ADDRESSES[:len(server.acceptors)] * 2:
            self.anycert("get", "-s", "-o", "out", "--trust", policy, "--resolve", f"two.test:{server.port}:{address}",
                         f"https://two.test:{server.port}/")

    @contextlib.contextmanager
    def serving(self, names, addresses):
        server = Server(names, addresses)
        try:
            yield server
        finally:
            server.stop()

    def test_a_policy_for_all_of_them(self):
        for addresses in (ADDRESSES[:1], ADDRESSES):
            for first, second, policy, causes in PAIRS:
                with self.subTest((first, second), addresses=len(addresses)), self.serving((first, second), addresses) as server:
                    found = self.examine(server)
                    least = found["least"]
                    self.assertEqual(without_values(least["policy"]), policy)
                    self.assertTrue(least["confirmed"] and least["minimal"], least)
                    self.assertEqual(least["policy"].count("sha256//"), 2 if "pin" in policy else 0)
                    differs = "some-addresses-fail" if len(addresses) > 1 else "works-at-times"
                    self.assertEqual({cause["id"] for cause in found["causes"]}, {differs, *causes})
                    self.get(server, least["policy"])
                    self.assertNotIn("--resolve", found["command"].replace(f"--resolve two.test:{server.port}:127.0.0.1 ", "")
                                     if len(addresses) == 1 else found["command"])
                    self.say_each(found, addresses, server.port)

    def say_each(self, found, addresses, port):
        said = found["causes"][0]["evidence"]
        if len(addresses) > 1:
            for address in addresses:
                self.assertRegex(said, rf"{address} port {port}: [a-z ]*, and needs [a-z-]+(; |$)")
            self.assertEqual([one["address"] for one in found["addresses"]], [f"{address} port {port}" for address in addresses])
        else:
            self.assertRegex(said, "^several servers answer: one with the key sha256//[^ ]+ needs [a-z-]+; "
                             "one with the key sha256//[^ ]+ needs [a-z-]+$")

    def test_keys_of_all_of_them(self):
        for addresses in (ADDRESSES[:1], ADDRESSES):
            with self.subTest(addresses=len(addresses)), self.serving(("self", "self2"), addresses) as server:
                found = self.examine(server)
                self.assertEqual(without_values(found["least"]["policy"]), "hardened+self-signed ca pin")
                self.assertEqual([cause["id"] for cause in found["causes"]], ["self-signed"])
                self.get(server, found["least"]["policy"])
                pins = found["least"]["policy"].split("pin=")[1]
                way = ("--resolve", f"two.test:{server.port}:127.0.0.1") if len(addresses) == 1 else ()
                self.anycert("doctor", "--cacert", os.path.abspath("root.pem"), *way, "--apply", "--yes", "--policy-file",
                             "policies", "--replace", "--pin", pins, f"two.test:{server.port}", env=self.names)
                for address in addresses * 2:
                    self.anycert("get", "-s", "-o", "out", "--policy-file", "./policies", "--resolve",
                                 f"two.test:{server.port}:{address}", f"https://two.test:{server.port}/")

    def test_one_that_is_as_it_should_be(self):
        with self.serving(("expired", "good"), ADDRESSES[:1]) as server:
            # Which of both comes first is chance, to a server that answers in turn.
            found = [self.examine(server, code=code) for code in (0, 10)]
        self.assertEqual(found[1]["least"]["relaxations"], ["expired"])
        for names in (("expired", "good"), ("good", "expired")):
            with self.subTest(names), self.serving(names, ADDRESSES) as server:
                found = self.examine(server, code=12)
                good = ADDRESSES[names.index("good")]
                self.assertIn(f"--resolve two.test:{server.port}:{good} ", found["command"])
                self.assertEqual(found["causes"][0]["id"], "some-addresses-fail")
        with self.serving(("good", "good"), ADDRESSES) as server:
            self.assertEqual(self.examine(server, code=0)["causes"], [])


if __name__ == "__main__":
    unittest.main()
