#!/usr/bin/env python3
"""Who is missing at the end of a chain: the doctor against servers of OpenSSL with certificates of every kind of
authority."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
import strangers  # noqa: E402
from anycert_cli import BIN, Case  # noqa: E402
from file_server import FileServer  # noqa: E402
from strangers import serve  # noqa: E402


class Trust(Case):
    @classmethod
    def setUpClass(cls):
        cls.before = os.getcwd()
        cls.folder = tempfile.mkdtemp()
        os.chdir(cls.folder)
        cls.web = FileServer()
        cls.make_certificates(cls.web.url)
        cls.servers = {server.name: server for server in (
            serve("lone", "lone"),
            serve("bundled", "bundled"),
            serve("moved", "moved"),
            serve("huge", "huge"),
            serve("gone", "gone"),
            serve("silent", "plain"),
            serve("late", "late"),
            serve("foreign", "foreign"),
            serve("two-below", "two-below"),
            serve("complete", "lone", authority.chain("complete", "intermediate")),
            serve("own-root", "own", authority.chain("own", "second-root")),
            serve("keyless", "keyless"),
            serve("of-old-root", "of-old-root"))}
        for server in cls.servers.values():
            server.wait()

    @classmethod
    def make_certificates(cls, url):
        make = authority.make
        make("root", "/CN=The Root", ca=True)
        make("intermediate", "/CN=The Intermediate", issuer="root", ca=True)
        make("other-root", "/CN=Another Root", ca=True)
        make("other-intermediate", "/CN=Another Intermediate", issuer="other-root", ca=True)
        make("lower", "/CN=The Lower", issuer="intermediate", ca=True, aia=f"{url}/intermediate.der")
        for name, path in (("lone", "intermediate.der"), ("bundled", "both.p7c"), ("moved", "moved"), ("huge", "huge"),
                           ("gone", "gone")):
            make(name, "/CN=localhost", issuer="intermediate", aia=f"{url}/{path}")
        make("plain", "/CN=localhost", issuer="intermediate")
        make("late", "/CN=localhost", issuer="intermediate", days=(-400, -3))
        make("foreign", "/CN=localhost", issuer="other-intermediate", aia=f"{url}/other.pem")
        make("two-below", "/CN=localhost", issuer="lower", aia=f"{url}/lower.der")
        # The same name with another key: with identifiers and without.
        make("second-root", "/CN=The Root", ca=True)
        make("own", "/CN=localhost", issuer="second-root")
        make("bare-root", "/CN=Bare Root", ca=True, identifiers=False)
        make("second-bare-root", "/CN=Bare Root", ca=True, identifiers=False)
        make("keyless", "/CN=localhost", issuer="bare-root", identifiers=False)
        # The same name and key, and an end that is past.
        shutil.copy("root.key", "old-root.key")
        make("old-root", "/CN=The Root", ca=True, days=(-400, -3))
        make("of-old-root", "/CN=localhost", issuer="root")
        strangers.run(strangers.tool("openssl"), "crl2pkcs7", "-nocrl", "-certfile", "root.pem", "-certfile",
                      "intermediate.pem", "-outform", "DER", "-out", "both.p7c")
        cls.web.files.update({
            "/intermediate.der": authority.der("intermediate"), "/lower.der": authority.der("lower"),
            "/both.p7c": pathlib.Path("both.p7c").read_bytes(), "/huge": bytes(200000),
            "/other.pem": pathlib.Path("other-intermediate.pem").read_bytes()})

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers.values():
            server.stop()
        cls.web.stop()
        os.chdir(cls.before)
        shutil.rmtree(cls.folder)

    def examine(self, name, *args, root="root", code=10):
        target = f"localhost:{self.servers[name].port}"
        self.web.seen.clear()
        done = self.anycert("doctor", "--format", "json", "--cacert", f"{root}.pem", "--resolve",
                            f"{target}:127.0.0.1", "--save", "it.json", *args, target, code=code)
        found = json.loads(done.out)
        again = json.loads(self.anycert("doctor", "--format", "json", "--replay", "it.json", code=code).out)
        self.assertEqual({**again, "elapsed_ms": 0}, {**found, "elapsed_ms": 0})
        return [cause["id"] for cause in found["causes"]], found

    def test_nobody_else_is_asked_by_default(self):
        causes, found = self.examine("lone")
        self.assertEqual(causes, ["missing-intermediate"])
        self.assertIn("nobody looked there (--fetch-intermediate does)", found["causes"][0]["evidence"])
        self.assertEqual(self.web.seen, [])
        commands = [remedy["lines"] for remedy in found["remedies"] if remedy["lines"]]
        self.assertTrue(any("/intermediate.der" in lines for lines in commands), commands)
        causes, found = self.examine("silent")
        self.assertEqual(causes, ["missing-intermediate"])
        self.assertIn("a private CA whose root is unknown here looks the same", found["causes"][0]["evidence"])

    def told(self, name, *args, root="root", code=10):
        target = f"localhost:{self.servers[name].port}"
        return self.anycert("doctor", "--cacert", f"{root}.pem", "--resolve", f"{target}:127.0.0.1", *args, target,
                            code=code).out

    def test_the_missing_certificate_is_the_way_where_nothing_else_is_wrong(self):
        """The first line names what works."""
        saves = "note: the missing certificate (--intermediate FILE, or --ca-add FILE if it is a root) would save " \
                "untrusted-issuer, and nothing else"
        text = self.told("silent")
        self.assertIn(": works with the missing certificate (--intermediate FILE, ", text.splitlines()[0])
        self.assertNotIn(saves, text)
        self.assertIn("\nbetter: If its issuer is a private CA, get the CA's certificate ", text)
        self.assertNotIn("URL-OF-THE-INTERMEDIATE", text)
        self.assertIn("\nbetter: Fetch the intermediate certificate ", self.told("lone"))
        text = self.told("late")
        self.assertIn(": works with (compare the pin first): hardened+untrusted-issuer+expired ", text.splitlines()[0])
        self.assertIn(saves, text)
        self.assertIn("works with: hardened+expired ", self.told("late", "--intermediate", "intermediate.pem"))

    def test_what_is_missing_is_fetched_and_confirmed_by_a_handshake(self):
        for name, paths in (("lone", ["/intermediate.der"]), ("bundled", ["/both.p7c"]),
                            ("two-below", ["/lower.der", "/intermediate.der"])):
            with self.subTest(name):
                causes, found = self.examine(name, "--fetch-intermediate", code=12)
                self.assertEqual(causes, ["missing-intermediate"])
                self.assertEqual((found["verdict"], found["least"]["relaxations"]), ("fixable", []))
                self.assertTrue(found["least"]["confirmed"] and found["least"]["minimal"])
                self.assertIn("--intermediate", found["least"]["note"])
                self.assertIn("leads to a trusted root", found["causes"][0]["evidence"])
                self.assertEqual(self.web.seen, paths)
                self.assertLessEqual(found["handshakes"], 3)
                self.assertIsNone(found["keep_command"])
                self.assertEqual(found["command"] is None, len(paths) > 1)
                if found["command"]:
                    self.connects(found["command"])

    def connects(self, command):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy("root.pem", folder)
            done = subprocess.run(["sh", "-c", command.replace("anycert get", f"{BIN} get")], cwd=folder, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")

    def test_what_is_fetched_is_not_trusted(self):
        causes, found = self.examine("foreign", "--fetch-intermediate")
        self.assertEqual(causes, ["unknown-root"])
        self.assertIn("Another Intermediate", found["causes"][0]["evidence"])
        self.assertEqual(found["least"]["relaxations"], ["untrusted-issuer"])
        for name, says in (("moved", "status 302"), ("gone", "404"), ("huge", "cannot be fetched")):
            with self.subTest(name):
                causes, found = self.examine(name, "--fetch-intermediate")
                self.assertEqual(causes, ["missing-intermediate"])
                self.assertIn(says, found["causes"][0]["evidence"])
                self.assertEqual(len(self.web.seen), 1)

    def test_what_was_given_is_enough(self):
        self.examine("complete", code=0)
        _, found = self.examine("lone", "--intermediate", "intermediate.pem", code=0)
        self.assertEqual(found["handshakes"], 1)
        _, found = self.examine("lone", root="intermediate", code=0)
        self.assertEqual(found["causes"], [])

    def test_unknown_root(self):
        causes, _ = self.examine("own-root", root="other-root")
        self.assertEqual(causes, ["unknown-root"])

    def test_old_authorities_of_the_same_name_are_told_apart(self):
        for name, root, cause in (("own-root", "root", "stale-ca"), ("keyless", "second-bare-root", "stale-ca"),
                                  ("of-old-root", "second-root", "stale-ca"),
                                  ("of-old-root", "old-root", "anchor-expired")):
            with self.subTest((name, root)):
                causes, found = self.examine(name, root=root)
                self.assertEqual(causes, [cause])
                self.assertEqual(found["causes"][0]["side"], "local")
        causes, _ = self.examine("of-old-root", "--cacert", "root.pem", root="old-root", code=0)
        self.assertEqual(causes, [])


if __name__ == "__main__":
    unittest.main()
