#!/usr/bin/env python3
"""An https:// proxy that something is wrong with, told as such: whose clock it is, certificates that it wants or forgets,
names that it expects, words that are about it; and its entry of a policy file."""
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
from anycert_cli import BIN, Case  # noqa: E402
from dated_server import DatedServer  # noqa: E402
from doctor_case import proxy  # noqa: E402
from file_server import FileServer  # noqa: E402

DAY = 86400
TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"
SERVER = re.compile(r"\b(the|that|a genuine self-signed) server\b(?! (name\b|behind))", re.IGNORECASE)


class Proxies(Case):
    @classmethod
    def setUpClass(cls):
        cls.before, cls.folder = os.getcwd(), tempfile.mkdtemp()
        os.chdir(cls.folder)
        cls.files = FileServer()
        make = authority.make
        make("root", "/CN=The Root", ca=True)
        make("between", "/CN=In Between", issuer="root", ca=True)
        for name, options in (("good", {}), ("expired", {"days": (-30, -3)}), ("future", {"days": (3, 30)}),
                              ("misnamed", {"names": "DNS:proxy.test"}),
                              ("short", {"issuer": "between", "aia": f"{cls.files.url}/between.der"})):
            make(name, "/CN=localhost", kind="RSA", **{"issuer": "root", **options})
        make("self", "/CN=localhost")
        cls.files.files["/between.der"] = authority.der("between")
        cls.root = str(pathlib.Path("root.pem").resolve())
        cls.origin = DatedServer("good")

    @classmethod
    def tearDownClass(cls):
        cls.origin.stop()
        cls.files.stop()
        os.chdir(cls.before)
        shutil.rmtree(cls.folder)

    @contextlib.contextmanager
    def way(self, name, trust=None, answer=None, off=0, **settings):
        """The options that lead through a proxy with that certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{name}.pem", f"{name}.key")
        for key, value in settings.items():
            setattr(context, key, value)
        if settings.get("verify_mode"):
            context.load_verify_locations("root.pem")
        self.origin.off, self.origin.seen = off, []
        pathlib.Path("policies").unlink(missing_ok=True)
        with proxy(answer, context) as (port, seen):
            self.place, self.tunnels = f"localhost:{port}", seen
            trust = f"hardened ca={self.root}" if trust is None else trust
            yield ["-x", f"https://{self.place}", *(("--proxy-trust", trust) if trust else ())]

    @property
    def target(self):
        return f"localhost:{self.origin.server_port}"

    def doctor(self, *args, code=10):
        return self.anycert("doctor", "--cacert", self.root, *args, self.target, code=code)

    def examine(self, *args, code=10):
        found = json.loads(self.doctor("--format", "json", "--save", "it.json", *args, code=code).out)
        again = json.loads(self.anycert("doctor", "--format", "json", "--replay", "it.json", code=code).out)
        self.assertEqual({**again, "elapsed_ms": 0}, {**found, "elapsed_ms": 0})
        for cause in found["causes"]:
            if cause["hop"] == "proxy" and cause["check"] != "proxy":
                for one in ("title", "explanation", "evidence"):
                    self.assertNotRegex(cause[one], SERVER)
        for policy in (found["proxy"] or {"alternatives": []})["alternatives"] + [(found["proxy"] or {}).get("least")]:
            if policy:
                self.assertNotRegex(policy["note"], SERVER)
        return found

    @staticmethod
    def cause(found, hop="proxy"):
        return next(cause for cause in found["causes"] if cause["hop"] == hop)

    @staticmethod
    def remedies(found, hop="proxy"):
        return [remedy["text"] for remedy in found["remedies"] if remedy["hop"] == hop]

    # ---- clocks

    def test_the_clock_that_is_wrong_at_the_proxy(self):
        for name, off, cause in (("expired", -6 * DAY, "clock-ahead"), ("future", 6 * DAY, "clock-behind")):
            with self.subTest(name), self.way(name, off=off) as way:
                found = self.examine("--http", *way, code=12)
                self.assertEqual((self.cause(found)["id"], found["verdict"]), (cause, "fixable"))
                self.assertRegex(self.cause(found)["evidence"], f"by this machine's clock it is {TIME}; by the Date of an "
                                                                f"answer of the server behind the proxy it is {TIME}, "
                                                                "and it is valid by that")
                self.assertTrue(any("Set this machine's clock" in one for one in self.remedies(found)))
                self.assertIsNone(found["keep_command"])
                self.assertIn(": fixable here\n", self.doctor("--http", *way, code=12).out)
                done = self.doctor("--apply", "--yes", "--policy-file", "policies", *way, code=2)
                self.assertIn("it is this machine's clock that is wrong: set it", done.err)
                self.assertFalse(pathlib.Path("policies").exists())

    def test_the_clocks_that_were_compared_at_the_proxy(self):
        with self.way("expired") as way:
            found = self.examine(*way)
            self.assertEqual(self.cause(found)["id"], "expired")
            self.assertIn("which was compared with no other (--http does)", self.cause(found)["evidence"])
            self.assertTrue(any("with --http the doctor compares it" in one for one in self.remedies(found)))
            self.assertEqual(self.origin.seen, [])
            found = self.examine("--http", *way)
            self.assertEqual(self.cause(found)["id"], "expired")
            self.assertRegex(self.cause(found)["evidence"], "Date of an answer of the server behind the proxy it is .*, and it "
                                                            "is not valid by that either")
            self.assertFalse(any("--http" in one for one in self.remedies(found)))
            self.origin.off = None
            found = self.examine("--http", *way)
            self.assertIn("the server behind the proxy did not say what it is by its own", self.cause(found)["evidence"])
            self.origin.off = 0
            done = self.doctor("--apply", "--yes", "--policy-file", "policies", *way, code=0)
            self.assertIn("by the Date of an answer of the server behind the proxy", done.out)
            self.assertIn(f"{self.place} hardened+expired ca={self.root} until=",
                          pathlib.Path("policies").read_text(encoding="utf-8"))

    def test_a_proxy_that_lets_nothing_through_cannot_compare_clocks(self):
        with self.way("expired", verify_mode=ssl.CERT_REQUIRED, maximum_version=ssl.TLSVersion.TLSv1_2) as way:
            found = self.examine(*way, code=11)
            dates = next(cause for cause in found["causes"] if cause["id"] == "expired")
            self.assertNotIn("--http", dates["evidence"])
            self.assertFalse(any("--http" in one for one in self.remedies(found)))

    # ---- client certificates

    def test_a_client_certificate_that_no_proxy_gets(self):
        for newest, cause in ((ssl.TLSVersion.TLSv1_2, "client-cert-required"),
                              (ssl.TLSVersion.TLSv1_3, "client-cert-required-late")):
            for name in ("good", "expired"):
                with self.subTest((newest, name)), self.way(name, verify_mode=ssl.CERT_REQUIRED,
                                                            maximum_version=newest) as way:
                    found = self.examine(*way, code=11)
                    self.assertEqual((found["verdict"], found["proxy"]["verdict"]), ("impossible", "impossible"))
                    self.assertEqual(self.cause(found)["id"], cause)
                    self.assertEqual(self.cause(found)["title"][:11], "The proxy w")
                    self.assertTrue(any("none to a proxy" in one for one in self.remedies(found)), found["remedies"])
                    self.assertIsNone(found["command"])
                    said = self.doctor(*way, code=11).out
                    self.assertIn(": impossible: the proxy wants a client certificate, and this build shows them to "
                                  "servers only\n", said)
                    least = found["proxy"]["least"]
                    self.assertEqual(least is None, name == "good")
                    if least:
                        self.assertIn("needed besides the client certificate", least["note"])

    def test_what_is_needed_besides_a_client_certificate(self):
        with self.way("self", trust="", verify_mode=ssl.CERT_REQUIRED, maximum_version=ssl.TLSVersion.TLSv1_2) as way:
            note = self.examine(*way, code=11)["proxy"]["least"]["note"]
            self.assertIn("needed besides the client certificate; not confirmed without that, as the proxy ends", note)
            self.assertIn("compare the pin with the proxy's by another way", note)
            self.assertIn("genuine self-signed proxy look alike", note)

    # ---- what is no SOCKS proxy

    def test_who_speaks_tls_is_no_socks_proxy(self):
        with self.way("good", answer=b"220 mail.example ESMTP\r\n") as way:
            found = self.examine(*way, code=12)
            self.assertEqual(self.cause(found)["id"], "proxy-is-none")
            self.assertFalse(any("SOCKS" in one for one in self.remedies(found)), found["remedies"])
        with self.way("good", answer=b"") as way:
            found = self.examine(*way, code=5)
            self.assertEqual(self.cause(found)["id"], "proxy-closed")
            self.assertFalse(any("SOCKS" in one for one in self.remedies(found)), found["remedies"])
        with proxy(b"220 mail.example ESMTP\r\n") as (port, _):
            found = self.examine("-x", f"http://localhost:{port}", code=12)
            self.assertTrue(any("SOCKS" in one for one in self.remedies(found)), found["remedies"])

    # ---- entries

    def apply(self, way, *args, code=0):
        pathlib.Path("policies").unlink(missing_ok=True)
        done = self.doctor("--apply", "--yes", "--policy-file", "policies", *args, *way, code=code)
        path = pathlib.Path("policies")
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return done.err, dict(line.split(" ", 1) for line in lines)

    def use(self, way):
        bare = [word for pair in zip(way[::2], way[1::2]) for word in pair if pair[0] != "--proxy-trust"]
        self.anycert("get", "--policy-file", "./policies", "-s", "-o", "x", *bare, f"https://{self.target}/")

    def test_the_proxys_other_name(self):
        with self.way("misnamed") as way:
            said, entries = self.apply(way)
            self.assertNotIn("--expect-name", said)
            self.assertIn("the name is one that the proxy itself told", said)
            given = re.search(r"; --proxy-trust ('[^']*') gives it to a request", said)[1]
            self.assertEqual(shlex.split(given), [f"hardened ca={self.root} expect-name=proxy.test"])
            self.assertNotIn(self.place, entries)
        with self.way("misnamed", trust=shlex.split(given)[0]) as way:
            said, entries = self.apply(way)
            self.assertRegex(entries[self.place], f"^hardened ca={self.root} expect-name=proxy.test reason=")
            self.use(way)
        with self.way("expired", trust=f"hardened ca={self.root} expect-name=proxy.test") as way:
            _, entries = self.apply(way)
            self.assertNotIn(self.place, entries)

    def test_the_proxys_key(self):
        with self.way("self", trust="") as way:
            said, entries = self.apply(way)
            self.assertIn("give the one that the proxy's administrator knows", said)
            self.assertNotIn(self.place, entries)
            given = re.search(r"; --proxy-trust '([^']*) until=\S+' gives it to a request", said)[1]
            pin = given.split("pin=")[1]
        # What is given is written: whole, or as a pin that the examination finds to be enough with something else.
        for trust in (given, f"hardened pin={pin}", f"pinned pin={pin}"):
            with self.subTest(trust), self.way("self", trust=trust) as way:
                said, entries = self.apply(way)
                self.assertRegex(entries.get(self.place, said), f"pin={re.escape(pin)} until=")
                self.use(way)
                if "pinned" not in trust and "+" not in trust:
                    self.assertEqual(self.examine(*way)["proxy"]["least"]["note"], "")
        other = "sha256//" + "A" * 43 + "="
        with self.way("self", trust=f"hardened pin={pin},{other}") as way:
            said, entries = self.apply(way)
            self.assertIn(f"hardened+self-signed pin={','.join(sorted((pin, other)))} until=", entries.get(self.place, said))
            self.use(way)
        with self.way("self", trust=f"hardened pin={other}") as way:
            said, entries = self.apply(way)
            self.assertNotIn(self.place, entries, said)

    def test_the_proxys_policy_that_is_enough(self):
        for trust in ("hardened+self-signed", "trust-any"):
            with self.subTest(trust), self.way("self", trust=trust) as way:
                said, entries = self.apply(way)
                self.assertIn("nobody would be authenticated", said)
                self.assertNotIn(self.place, entries)
        with self.way("good") as way:
            said, entries = self.apply(way)
            self.assertRegex(entries[self.place], f"^hardened ca={self.root} reason=")
            self.use(way)
            old = self.root.replace("root.pem", "self.pem")
            done = self.anycert("doctor", "--cacert", old, "--apply", "--yes", "--policy-file", "others", *way, self.target,
                                code=2)
            self.assertIn("; only the proxy's entry was written", done.err)
            self.assertEqual([line.split()[0] for line in pathlib.Path("others").read_text("utf-8").splitlines()],
                             [self.place])
            pathlib.Path("others").unlink()
        # Who lets nothing through has shown nothing.
        with self.way("good", answer=b"HTTP/1.1 403 No\r\n\r\n") as way:
            self.assertEqual(self.apply(way, code=2)[1], {})

    # ---- certificates that it forgets

    def test_the_intermediate_that_the_proxy_forgets(self):
        with self.way("short") as way:
            found = self.examine(*way)
            self.assertEqual(self.cause(found)["id"], "missing-intermediate")
            self.assertEqual(self.files.seen, [])
            found = self.examine("--fetch-intermediate", *way, code=12)
            self.assertEqual(self.files.seen, ["/between.der"])
            self.assertEqual(found["proxy"]["least"]["policy"], f"hardened ca={self.root}")
            self.assertIn("In Between", self.cause(found)["evidence"])
            self.assertIn("that the proxy does not send (--intermediate)", found["proxy"]["least"]["note"])
            self.assertIsNone(found["keep_command"])
            self.run_shell(found["command"])
            self.run_shell(next(one["lines"] for one in found["remedies"] if "intermediate.der" in (one["lines"] or "")))
            self.assertIn("the chain of the https:// proxy lacks is fetched", self.doctor("--plan", "--fetch-intermediate",
                                                                                         *way, code=0).out)

    def run_shell(self, lines):
        """With the command line that is tested."""
        done = subprocess.run(["sh", "-ec", lines.replace("anycert get", f"{shlex.quote(BIN)} get -s -o x")], check=False,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, f"{lines}: {done.stderr}")


if __name__ == "__main__":
    unittest.main()
