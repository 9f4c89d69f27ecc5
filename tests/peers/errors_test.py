#!/usr/bin/env python3
"""What others are said to say about certificates is what they say: OpenSSL's own client, curl and Python are asked,
each at the same server as the doctor."""
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
import strangers  # noqa: E402
from anycert_cli import Case, run  # noqa: E402
from labservers import lab  # noqa: E402
from served_case import ServedCase  # noqa: E402
from strangers import serve  # noqa: E402

CLEAN = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
CHECKS = {"trust", "signatures", "dates", "name", "key-strength", "signature-strength", "purpose", "authority",
          "path-length", "name-constraints", "critical-extensions", "curve-parameters", "revocation", "certificate"}
# Certificates of every kind of trouble, and what the doctor makes of each: where nobody of these complains, nothing
# of theirs is told.
TABLE = {
    "expired": "certificate has expired", "not-yet-valid": "certificate is not yet valid",
    "expired-intermediate": "certificate has expired", "self-signed": "self-signed certificate",
    "untrusted-root": "self-signed certificate in certificate chain",
    "unknown-issuer": "unable to get local issuer certificate",
    "incomplete-chain": "unable to get local issuer certificate",
    "authority-key-mismatch": "unable to get local issuer certificate",
    "broken-signature": "certificate signature failure", "revoked-staple": None, "wrong-host": "hostname mismatch",
    "ip-no-san": "IP address mismatch", "ip-in-cn": "IP address mismatch", "ip-as-dns-name": "IP address mismatch",
    "cn-only": None, "cn-with-other-san": None, "nul-in-san": "hostname mismatch",
    "wildcard-two-labels": "hostname mismatch", "wildcard-apex": "hostname mismatch", "wildcard-partial": None,
    "wildcard-top-level": None, "wildcard-public-suffix": None, "wrong-purpose": "unsuitable certificate purpose",
    "not-a-ca": "invalid CA certificate", "path-length": "path length constraint exceeded",
    "name-constraints": "permitted subtree violation", "critical-extension": "unhandled critical extension",
    "long-chain": "certificate chain too long", "rsa-1024": "EE certificate key too weak",
    "rsa-512": "EE certificate key too weak", "sha1-leaf": "CA signature digest algorithm too weak",
    "md5-leaf": "CA signature digest algorithm too weak",
    "ec-explicit": "Certificate public key has explicit ECC parameters",
}
# Several causes at one server: others name one of them only.
SEVERAL = ("expired-and-wrong-host", "expired-and-unknown-root", "expired-self-signed")


def texts_of(cause):
    """By program; of each the texts that are told."""
    found = {}
    for part in cause["error"].split("; "):
        who, colon, text = part.partition(": ")
        if colon:
            found.setdefault(who, []).append(text)
    return found


def by_openssl(host, port, root):
    names = ["-servername", host, "-verify_hostname", host] if host[0].isalpha() else ["-verify_ip", host]
    done = subprocess.run([strangers.tool("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", *names, "-CAfile",
                           root, "-no-CAstore", "-no-CApath"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=CLEAN, timeout=60, check=False)
    return done.stdout.decode("utf-8", "replace")


def by_curl(host, port, root, *args):
    done = subprocess.run([strangers.tool("curl"), "-sS", "--cacert", root, *args, "--resolve",
                           f"{host}:{port}:127.0.0.1", f"https://{host}:{port}/"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=CLEAN, timeout=60, check=False)
    return done.stderr.decode("utf-8", "replace")


def by_python(host, port, root):
    context = ssl.create_default_context(cafile=root)
    try:
        with socket.create_connection(("127.0.0.1", port), 30) as plain:
            context.wrap_socket(plain, server_hostname=host).close()
    except (ssl.SSLError, OSError) as error:
        return str(error)
    return ""


class Errors(Case):
    @classmethod
    def setUpClass(cls):
        cls.servers, cls.files = cls.enterClassContext(lab(*TABLE, *SEVERAL))

    def causes(self, host, port, root):
        done = run("doctor", "--format", "json", "--cacert", root, "--resolve", f"{host}:{port}:127.0.0.1",
                   f"https://{host}:{port}/")
        causes = json.loads(done.out)["causes"]
        self.assertTrue(causes, done)
        self.assertLessEqual({cause["check"] for cause in causes}, CHECKS, done)
        return causes

    def expect(self, host, port, root, openssl):
        """What is told for one cause, and that it is what they say."""
        cause, = self.causes(host, port, root)
        told = texts_of(cause)
        self.assertEqual(told.get("OpenSSL", [None])[0], openssl, cause)
        says = {"OpenSSL": by_openssl(host, port, root), "curl": by_curl(host, port, root),
                "Python": by_python(host, port, root)}
        if cause["id"] == "revoked":
            says["curl"] = by_curl(host, port, root, "--cert-status", "-v")
        for text in told.get("OpenSSL", [])[:1]:
            self.assertIn(text, says["OpenSSL"], cause)
        if "curl" in told:  # whose words are others in its version 8
            self.assertTrue(any(text in says["curl"] for text in told["curl"]), (cause, says["curl"]))
        if openssl is None:
            self.assertIn("Verify return code: 0 (ok)", says["OpenSSL"], cause)
        if "Python" in told and says["Python"]:
            self.assertTrue(any(text in says["Python"] for text in told["Python"]), (cause, says["Python"]))
        return cause

    def test_one_cause(self):
        for name, openssl in TABLE.items():
            with self.subTest(name):
                server = self.servers[name]
                # It is refused for all that ends above the host's own label, by OpenSSL for one of them only.
                if name == "wildcard-top-level":
                    self.assertNotIn("OpenSSL", texts_of(self.causes(server["host"], server["port"],
                                                                     self.files["root"])[0]))
                    continue
                self.expect(server["host"], server["port"], self.files["root"], openssl)

    def test_several_causes(self):
        for name in SEVERAL:
            with self.subTest(name):
                server, root = self.servers[name], self.files["root"]
                causes = self.causes(server["host"], server["port"], root)
                self.assertGreater(len(causes), 1)
                said = by_openssl(server["host"], server["port"], root)
                curl = by_curl(server["host"], server["port"], root)
                for cause in causes:
                    self.assertIn(texts_of(cause)["OpenSSL"][0], said, cause)
                self.assertTrue(any(text in curl for cause in causes for text in texts_of(cause)["curl"]), curl)


class Authorities(ServedCase, Errors):
    """One CA in two versions, and chains that end at different places."""

    @classmethod
    def start(cls):
        make = authority.make
        make("root", "/CN=The Root", ca=True)
        make("second-root", "/CN=The Root", ca=True)
        make("bare-root", "/CN=Bare Root", ca=True, identifiers=False)
        make("second-bare-root", "/CN=Bare Root", ca=True, identifiers=False)
        make("other-root", "/CN=Another Root", ca=True)
        make("intermediate", "/CN=The Intermediate", issuer="root", ca=True)
        make("below", "/CN=localhost", issuer="intermediate")
        make("own", "/CN=localhost", issuer="second-root")
        make("keyless", "/CN=localhost", issuer="bare-root", identifiers=False)
        yield from (
            serve("lone", "own"), serve("rooted", "own", authority.chain("own", "second-root")),
            serve("keyless", "keyless"), serve("below", "below"),
            serve("chain", "below", authority.chain("below", "intermediate")),
            serve("whole", "below", authority.chain("whole", "intermediate", "root")),
            serve("self", "second-root"))

    def test_one_cause(self):
        for name, root, cause, openssl in (
                ("lone", "root", "stale-ca", "unable to get local issuer certificate"),
                ("rooted", "root", "stale-ca", "self-signed certificate in certificate chain"),
                ("keyless", "second-bare-root", "stale-ca", "certificate signature failure"),
                ("lone", "other-root", "missing-intermediate", "unable to get local issuer certificate"),
                ("rooted", "other-root", "unknown-root", "self-signed certificate in certificate chain"),
                ("chain", "other-root", "unknown-root", "unable to get local issuer certificate"),
                ("whole", "other-root", "unknown-root", "self-signed certificate in certificate chain"),
                ("below", "root", "missing-intermediate", "unable to get local issuer certificate")):
            with self.subTest((name, root)):
                self.assertEqual(self.expect("localhost", self.servers[name].port, f"{root}.pem", openssl)["id"], cause)

    def test_several_causes(self):
        causes = self.causes("localhost", self.servers["self"].port, "root.pem")
        self.assertEqual([cause["id"] for cause in causes][0], "stale-ca")
        self.assertEqual(texts_of(causes[0])["OpenSSL"][0], "self-signed certificate")


if __name__ == "__main__":
    unittest.main()
