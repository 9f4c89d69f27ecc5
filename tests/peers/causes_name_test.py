#!/usr/bin/env python3
"""A name that is expected and was not sent: the doctor against nginx with several sites at one address."""
import json
import os
import pathlib
import shlex
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
import strangers  # noqa: E402
from anycert_cli import Case  # noqa: E402
from strangers import serve  # noqa: E402

SITE = """server { listen 127.0.0.1:%d ssl%s; server_name %s; ssl_certificate %s.pem; ssl_certificate_key %s.key;
return 200 it; }
"""
NGINX = """daemon off; pid %(name)s.pid; error_log stderr; worker_processes 1; events {}
http { access_log off; client_body_temp_path %(name)s.b; proxy_temp_path %(name)s.p; fastcgi_temp_path %(name)s.f;
uwsgi_temp_path %(name)s.u; scgi_temp_path %(name)s.s;
%(sites)s}
"""


def nginx(name, default):
    """Of these sites the first is shown to whoever names none; None: a refusal is."""
    def command(port):
        sites = "".join(SITE % (port, " default_server" if site == default else "", f"{site}.test", site, site)
                        for site in ("first", "site", "own", "late"))
        if not default:
            sites = f"server {{ listen 127.0.0.1:{port} ssl default_server; ssl_reject_handshake on; }}\n" + sites
        pathlib.Path(f"{name}.conf").write_text(NGINX % {"name": name, "sites": sites}, encoding="ascii")
        return [strangers.tool("nginx"), "-p", os.getcwd(), "-c", f"{name}.conf"]
    return strangers.Stranger(name, command)


class Names(Case):
    @classmethod
    def setUpClass(cls):
        cls.before, cls.folder = os.getcwd(), tempfile.mkdtemp()
        os.chdir(cls.folder)
        authority.make("root", "/CN=The Root", ca=True)
        for name in ("first", "site"):
            authority.make(name, f"/CN={name}", issuer="root", names=f"DNS:{name}.test")
        authority.make("late", "/CN=late", issuer="root", names="DNS:late.test", days=(-9, -1))
        authority.make("own", "/CN=own", names="DNS:own.test")
        authority.make("several", "/CN=several", issuer="root", names="DNS:www.one.test,DNS:*.two.test,DNS:api.two.test")
        authority.make("good", "/CN=good", issuer="root", names="DNS:good.test", kind="RSA")
        authority.make("dotted", "/CN=dotted", issuer="root", names="DNS:localhost.")
        cls.servers = {"first": nginx("open", "first"), "refusal": nginx("closed", None)}
        cls.several = serve("several", "several")
        cls.dotted = serve("dotted", "dotted")
        cls.strict = strangers.haproxy("strict", "strict-sni ssl-max-ver TLSv1.2 ciphers AES128-GCM-SHA256")
        pathlib.Path("dh1024.pem").write_text(strangers.oakley_group_2(), encoding="ascii")
        cls.small = serve("small", "good", options=(
            "-servername", "good.test", "-servername_fatal", "-cert2", "good.pem", "-key2", "good.key", "-tls1_2", "-cipher",
            "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-dhparam", "dh1024.pem"))
        for server in (cls.several, cls.dotted, cls.strict, cls.small):
            server.wait()
        for server in cls.servers.values():
            server.wait()

    @classmethod
    def tearDownClass(cls):
        for server in (*cls.servers.values(), cls.several, cls.dotted, cls.strict, cls.small):
            server.stop()
        os.chdir(cls.before)
        shutil.rmtree(cls.folder)

    def examine(self, default, name, *more, code):
        url = f"https://127.0.0.1:{self.servers[default].port}/"
        given = ("--cacert", "root.pem", "--expect-name", name)
        done = self.anycert("doctor", "--format", "json", "--save", "seen.json", *given, *more, url, code=code)
        found = json.loads(done.out)
        again = json.loads(self.anycert("doctor", "--format", "json", "--replay", "seen.json", code=code).out)
        self.assertEqual(self.lasting(found), self.lasting(again))
        return [cause["id"] for cause in found["causes"]], found, url

    @staticmethod
    def lasting(found):
        return {key: value for key, value in found.items() if key not in ("elapsed_ms", "replayed")}

    def test_the_name_is_sent_and_helps(self):
        for default in self.servers:
            with self.subTest(default):
                causes, found, url = self.examine(default, "site.test", code=12)
                self.assertEqual(causes, ["name-needs-sni"])
                self.assertIn("CN=first" if default == "first" else "no certificate", found["causes"][0]["evidence"])
                self.assertEqual(found["least"]["relaxations"], [])
                self.assertTrue(found["least"]["confirmed"] and found["least"]["minimal"])
                self.assertLessEqual(found["handshakes"], 4)
                self.anycert("get", "-s", "--trust", found["least"]["policy"], url)
                lines = [remedy["lines"] for remedy in found["remedies"] if "--sni" in (remedy["lines"] or "")]
                self.assertTrue(lines)
                for line in lines:
                    self.anycert(*shlex.split(line)[1:])

    def test_what_else_is_wrong_is_told_of_the_right_site(self):
        causes, found, url = self.examine("first", "late.test", code=10)
        self.assertEqual(sorted(causes), ["expired", "name-needs-sni"])
        self.assertEqual(found["least"]["relaxations"], ["expired"])
        self.anycert("get", "-s", "--trust", found["least"]["policy"], url)
        causes, found, url = self.examine("first", "own.test", code=10)
        self.assertEqual(sorted(causes), ["name-needs-sni", "self-signed"])
        self.assertEqual(found["least"]["relaxations"], ["self-signed"])
        self.assertIn(" pin=", found["least"]["policy"])
        self.anycert("get", "-s", "--trust", found["least"]["policy"], url)

    def test_a_server_that_refuses_other_names_may_want_another_offer_too(self):
        for server, cause, words, relaxation in (
                (self.strict, "static-rsa-only", "refuses hardened with alert 40 ", "rsa-key-exchange"),
                (self.small, "small-dh", "under hardened we refuse ", "small-dh")):
            with self.subTest(cause):
                target = f"localhost:{server.port}"
                done = self.anycert("doctor", "--format", "json", "--cacert", "root.pem", "--expect-name", "good.test", target,
                                    code=10)
                found = json.loads(done.out)
                self.assertEqual([cause["id"] for cause in found["causes"]], [cause, "name-needs-sni"])
                self.assertIn(words, found["causes"][0]["evidence"])
                self.assertEqual(found["least"]["relaxations"], [relaxation])
                self.assertTrue(found["least"]["confirmed"] and found["least"]["minimal"])
                self.anycert("get", "-s", "--trust", found["least"]["policy"], f"https://{target}/")

    def test_where_it_does_not_help_nothing_is_said_of_it(self):
        causes, found, _ = self.examine("first", "other.test", code=12)
        self.assertEqual(causes, ["name-mismatch"])
        self.assertNotIn("sni=", found["least"]["policy"])
        causes, _, _ = self.examine("first", "first.test", code=0)
        self.assertEqual(causes, [])
        causes, _, _ = self.examine("first", "site.test", "--sni", "site.test", code=0)
        self.assertEqual(causes, [])

    def test_of_several_names_a_failed_request_takes_the_doctors(self):
        port = self.several.port
        for host, name in (("localhost", "www.one.test"), ("mail.one.test", "www.one.test"), ("two.test", "api.two.test")):
            with self.subTest(host):
                way = ("--cacert", "root.pem", "--resolve", f"{host}:{port}:127.0.0.1", f"https://{host}:{port}/")
                done = self.anycert("doctor", "--format", "json", *way, code=12)
                self.assertTrue(json.loads(done.out)["least"]["policy"].endswith(f"root.pem expect-name={name}"), done.out)
                said = self.anycert("get", *way, code=3).err
                self.assertRegex(said, rf"entry +\S+ hardened ca=\S+root.pem expect-name={name} ")
                self.assertIn("only if its name is the right one", said)
                self.assertIn(f"--expect-name {name} checks for that name instead", said)

    def headline(self, server, host, *more, code):
        target = f"{host}:{server.port}"
        done = self.anycert("doctor", "--cacert", "root.pem", "--resolve", f"{target}:127.0.0.1", *more, target, code=code)
        return done.out.splitlines()[1:3]

    def test_a_wildcard_does_not_stand_for_an_underscore(self):
        self.assertEqual(self.headline(self.several, "a_b.two.test", code=12)[0],
                         "why: The wildcard in the certificate does not stand for a label with an underscore.")
        target = f"a_b.two.test:{self.several.port}"
        done = self.anycert("doctor", "--format", "json", "--cacert", "root.pem", "--resolve", f"{target}:127.0.0.1", target,
                            code=12)
        found = json.loads(done.out)
        self.assertEqual([cause["id"] for cause in found["causes"]], ["wildcard-letters"])
        self.assertTrue(found["least"]["policy"].endswith(" expect-name=api.two.test"), found["least"])

    def test_the_name_that_would_do_is_in_the_headline(self):
        """It is the host's own, where another one was expected; one that is nobody's is not spoken of."""
        self.assertEqual(self.headline(self.several, "www.one.test", "--expect-name", "other.test", code=12)[1],
                         "better: If www.one.test is what the server calls itself, expect that name. (here)")
        self.assertEqual(self.headline(self.dotted, "localhost", code=10)[1],
                         "better: Have a new certificate issued. (at the server)")


if __name__ == "__main__":
    unittest.main()
