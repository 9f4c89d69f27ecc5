#!/usr/bin/env python3
"""Servers that want a client certificate and have something else besides: what a policy then needs, too, is found as far
as a handshake without that certificate shows it, and a client that has the certificate gets in under exactly that."""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
import strangers  # noqa: E402
from anycert_cli import BIN, run  # noqa: E402
from served_case import ServedCase  # noqa: E402

UNCOMPARED = "\nnote: the server did not answer the request that asks for its time"
OLD = ("-cipher", "DEFAULT:@SECLEVEL=0")
# Its name, the server's certificate, its options, the causes beside the client certificate, and what is needed for
# them.
TABLE = [
    ("plain", "good", (), [], None),
    ("self", "self", (), ["self-signed"], "hardened+self-signed{ca} pin="),
    ("expired", "expired", (), ["expired"], "hardened+expired{ca}"),
    ("other", "other", (), ["name-mismatch"], "hardened{ca} expect-name=other.test"),
    ("rsa", "expired", ("-cipher", "AES128-GCM-SHA256"), ["static-rsa-only", "expired"],
     "hardened+expired+rsa-key-exchange{ca}"),
    ("cbc", "good", ("-cipher", "ECDHE-RSA-AES128-SHA"), ["cbc-sha1-only"], "hardened+cbc-sha1{ca}"),
    ("dh", "self", ("-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-dhparam", "dh1024.pem"),
     ["small-dh", "self-signed"], "hardened+self-signed+small-dh{ca} pin="),
    ("tls10", "self", ("-tls1", *OLD), ["tls10-only", "self-signed"], "hardened+self-signed+tls1.0{ca} pin="),
]


def serve(name, certificate, *options):
    version = () if "-tls1" in options else ("-tls1_3",) if "-tls1_3" in options else ("-tls1_2",)
    return strangers.serve(name, certificate, options=(
        "-CAfile", "root.pem", "-Verify", "1", "-verify_return_error", *version,
        *(option for option in options if option not in ("-tls1_2", "-tls1_3"))))


def shell(line):
    """What it says on standard error."""
    pathlib.Path("bin").mkdir(exist_ok=True)
    if not pathlib.Path("bin/anycert").exists():
        pathlib.Path("bin/anycert").symlink_to(BIN)
    way = {**os.environ, "PATH": f"{os.getcwd()}/bin:{os.environ['PATH']}"}
    return subprocess.run(["sh", "-e", "-c", line], env=way, check=True, capture_output=True, timeout=60, text=True).stderr


class ClientCert(ServedCase):
    @classmethod
    def start(cls):
        make = authority.make
        make("root", "/CN=The Root", ca=True)
        for name, options in (("good", {}), ("expired", {"days": (-30, -3)}), ("other", {"names": "DNS:other.test"})):
            make(name, "/CN=localhost", issuer="root", kind="RSA", **options)
        make("self", "/CN=localhost", kind="RSA")
        make("revoked", "/CN=localhost", issuer="root", kind="RSA")
        authority.staple("revoked", "root.pem", "root.key", revoked=True)
        strangers.run(strangers.tool("openssl"), "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "client.key",
                      "-subj", "/CN=a client", "-out", "client.csr")
        strangers.run(strangers.tool("openssl"), "x509", "-req", "-in", "client.csr", "-CA", "root.pem", "-CAkey",
                      "root.key", "-CAcreateserial", "-days", "3", "-out", "client.pem")
        pathlib.Path("dh1024.pem").write_text(strangers.oakley_group_2(), encoding="ascii")
        for name, certificate, options, _, _ in TABLE:
            yield serve(name, certificate, *options)
        for name in ("plain", "self", "expired"):
            yield serve(f"{name}-1.3", {"plain": "good"}.get(name, name), "-tls1_3")
        here = pathlib.Path.cwd()
        yield strangers.nginx(
            "nginx", *(f"listen PORT ssl; ssl_client_certificate {here}/root.pem; ssl_verify_client on; ssl_certificate "
                       f"{here}/{name}.pem; ssl_certificate_key {here}/{name}.key; location / {{ return 200 hello; }}"
                       for name in ("good", "expired")))
        for version in ("-tls1_2", "-tls1_3"):
            yield serve(f"revoked{version}", "revoked", version, "-status_file", "revoked.ocsp")
        yield strangers.serve("revoked-old", "revoked", options=("-tls1", *OLD, "-status_file", "revoked.ocsp"))

    def examine(self, name, *args, verdict="fixable"):
        code = {"fixable": 12, "forbidden": 11}[verdict]
        target = f"localhost:{self.servers[name].port}"
        done = self.anycert("doctor", "--format", "json", "--cacert", "root.pem", "--resolve", f"{target}:127.0.0.1",
                            "--save", "it.json", *args, target, code=code)
        found = json.loads(done.out)
        again = json.loads(self.anycert("doctor", "--format", "json", "--replay", "it.json", code=code).out)
        self.assertEqual({**again, "elapsed_ms": 0}, {**found, "elapsed_ms": 0})
        self.assertEqual((found["verdict"], found["stage"]), (verdict, "tls"))
        return found

    def expect_entry(self, name, policy):
        """With the certificate that was missing, the policy is right, and hardened is not."""
        target = f"localhost:{self.servers[name].port}"
        ours = ("get", "--resolve", f"{target}:127.0.0.1", "--cert", "client.pem", "--key", "client.key", "-o", "out",
                f"https://{target}/", "--trust")
        self.anycert(*ours, policy)
        without = " ".join(word for word in policy.split() if not word.startswith(("pin=", "expect-name=")))
        self.assertIn(run(*ours, re.sub(r"^\S+", "hardened", without)).code, (3, 4))

    def test_other_clients_are_told_that_they_need_it(self):
        for name in ("rsa", "expired"):
            self.examine(name)
            said = json.loads(self.anycert("doctor", "--format", "json", "--replay", "it.json", "--for", "curl,go",
                                           code=12).out)["elsewhere"]
            self.assertEqual([one["fit"] for one in said], ["lacks", "lacks"])
            for one in said:
                self.assertIn(" the client certificate that the server wants is not in this: without one it is refused\n",
                              one["text"])

    def test_what_is_needed_besides(self):
        for name, _, _, causes, policy in TABLE:
            with self.subTest(name):
                found = self.examine(name)
                self.assertEqual([cause["id"] for cause in found["causes"]], ["client-cert-required", *causes])
                if policy is None:
                    self.assertIsNone(found["least"])
                    self.assertEqual(found["handshakes"], 1)
                    continue
                least = found["least"]
                self.assertTrue(least["policy"].startswith(policy.format(ca=" ca=root.pem")), least)
                self.assertEqual((least["confirmed"], least["minimal"]), (False, True), least)
                self.assertIn("not confirmed without that", least["note"])
                self.assertLessEqual(found["handshakes"], 10)
                self.expect_entry(name, least["policy"])

    def test_a_handshake_that_is_completed_confirms_until_an_answer_is_asked_for(self):
        self.assertIsNone(self.examine("plain-1.3")["least"])
        for name in ("self", "expired"):
            for more, confirmed, said in (((), True, "the handshake stands under it"),
                                          (("--http",), False, "the handshake stands under it, and no request is answered "
                                           "without that")):
                with self.subTest(name, more=more):
                    found = self.examine(f"{name}-1.3", *more)
                    least = found["least"]
                    self.assertEqual(found["causes"][0]["id"], "client-cert-required-late")
                    self.assertEqual((least["confirmed"], least["minimal"]), (confirmed, True), least)
                    self.assertEqual(least["note"].split("; ")[:2], ["needed besides the client certificate", said])
                    self.expect_entry(f"{name}-1.3", least["policy"])

    def test_what_is_revoked_is_forbidden_whoever_asks(self):
        for name in ("revoked-tls1_2", "revoked-tls1_3"):
            for more in ((), ("--http",)):
                with self.subTest(name, more=more):
                    found = self.examine(name, *more, verdict="forbidden")
                    self.assertEqual({cause["id"] for cause in found["causes"]} - {"revoked"},
                                     {"client-cert-required-late" if "3" in name else "client-cert-required"})
                    self.assertEqual((found["least"], found["alternatives"], found["command"], found["keep_command"]),
                                     (None, [], None, None))

    def test_what_is_wrong_with_one_that_is_revoked_is_told_besides(self):
        found = self.examine("revoked-old", verdict="forbidden")
        self.assertEqual([cause["id"] for cause in found["causes"]], ["tls10-only", "revoked"])
        self.assertIn("it takes TLSv1.0 with ", found["causes"][0]["evidence"])
        self.assertEqual((found["least"], found["command"]), (None, None))

    def test_people_are_told_both(self):
        target = f"localhost:{self.servers['expired'].port}"
        text = self.anycert("doctor", "--cacert", "root.pem", "--resolve", f"{target}:127.0.0.1", target, code=12).out
        self.assertIn("fixable here, with a client certificate; and then also needs (not confirmed without it): "
                      "hardened+expired", text)
        self.assertIn("tried under exactly this policy, as far as to the request for a client certificate; it came "
                      "less far without expired", text)

        target = f"localhost:{self.servers['self'].port}"
        text = self.anycert("doctor", "--cacert", "root.pem", "--resolve", f"{target}:127.0.0.1", target, code=12).out
        self.assertIn("also needs (compare the pin first; not confirmed without it): hardened+self-signed ", text)

    def test_one_command_shows_the_certificate_and_has_the_policy(self):
        """What is confirmed can be kept, too."""
        for name, more, kept in ([(name, (), False) for name, *_ in TABLE] +
                                 [("plain-1.3", ("--http",), False), ("self-1.3", ("--http",), False),
                                  ("expired-1.3", ("--http",), False), ("self-1.3", (), True),
                                  ("expired-1.3", (), True)]):
            with self.subTest(name, more=more):
                found = self.examine(name, *more)
                self.assertIn(" --cert client.pem --key client.key ", found["command"])
                self.assertEqual(" --trust 'hardened" in found["command"], found["least"] is not None)
                shell(found["command"])
                self.assertEqual(found["keep_command"] is not None, kept)
                if not kept:
                    continue
                pathlib.Path("hosts.policy").unlink(missing_ok=True)
                pin = re.search(r" pin=(\S+)", found["least"]["policy"])
                said = shell(found["keep_command"] + " --yes" + (f" --pin {pin[1]}" if pin else ""))
                self.assertIn(" hardened+", pathlib.Path("hosts.policy").read_text("utf-8"))
                self.assertIn("\nnote: needed besides the client certificate; the handshake stands under it", said)
                self.assertEqual(UNCOMPARED in said, name == "expired-1.3", said)
                shell(re.search("^use it: (.*)$", said, re.MULTILINE)[1])

    def test_a_certificate_that_is_wanted_by_http(self):
        """The command has it; what the answer without it says nothing about is kept all the same."""
        for port, least in zip(self.servers["nginx"].ports, (None, "hardened+expired ca=root.pem")):
            target = f"localhost:{port}"
            way = ("doctor", "--format", "json", "--cacert", "root.pem", "--resolve", f"{target}:127.0.0.1", target)
            with self.subTest(least):
                found = json.loads(self.anycert(*way, "--http", code=12).out)
                self.assertEqual(found["causes"][-1]["id"], "client-cert-wanted-by-http")
                self.assertEqual(found["least"] and found["least"]["policy"], least)
                self.assertIn(" --cert client.pem --key client.key ", found["command"])
                self.assertIsNone(found["keep_command"])
                shell(found["command"])
        found = json.loads(self.anycert(*way, code=10).out)
        pathlib.Path("hosts.policy").unlink(missing_ok=True)
        shell(found["keep_command"] + " --yes")
        self.assertIn(" hardened+expired ", pathlib.Path("hosts.policy").read_text("utf-8"))

    def test_what_is_not_confirmed_is_not_written(self):
        for name in ("expired", "expired-1.3"):
            with self.subTest(name):
                target = f"localhost:{self.servers[name].port}"
                done = self.anycert("doctor", "--cacert", "root.pem", "--resolve", f"{target}:127.0.0.1", "--http", "--apply",
                                    "--policy-file", "policy", "--yes", target, code=2)
                self.assertIn("and then also needs (not confirmed without it): hardened+expired", done.out)
                self.assertIn("the policy is not confirmed; nothing was written", done.err)
                self.assertFalse(pathlib.Path("policy").exists())
        self.assertIn("\n  a handshake stands under exactly this policy, and no request is answered without a client "
                      "certificate; it failed without expired\n", done.out)


if __name__ == "__main__":
    unittest.main()
