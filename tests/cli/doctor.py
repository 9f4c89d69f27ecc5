#!/usr/bin/env python3
"""anycert doctor, against the lab: answers, exit codes, lists of targets, and ways to them."""
import base64
import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import start  # noqa: E402
from doctor_case import DoctorCase, make_certificate, proxy, self_signed  # noqa: E402
from ports import closed_port, free_port  # noqa: E402


class Doctor(DoctorCase):
    conditions = ["good", "expired", "self-signed", "wrong-host", "tls10-only", "plain-http", "close", "good-wildcard", "psk-only",
                  "revoked-staple", "client-cert-required", "rsa-kx-cbc", "renegotiation", "alert-handshake-failure",
                  "incomplete-chain", "rsa-512", "dh-512", "expired-and-wrong-host", "appliance", "stall", "drip", "ems-intolerant"]

    # ---- answers

    def test_first_three_lines_are_the_answer(self):
        for name, code, answer, why, better in (
                ("good", 0, f"healthy with --cacert {self.root}: hardened connects",
                 "nothing is wrong; no request was sent (--http sends one)", "nothing to mend"),
                ("expired", 10, f"works with: hardened+expired ca={self.root}", "The certificate has expired.", ""),
                ("wrong-host", 12, "fixable here, nothing given up (if the name is right): hardened "
                 f"ca={self.root} expect-name=other.lab.test", "The certificate is for another name.", ""),
                ("client-cert-required", 12, "fixable here", "The server wants a client certificate.",
                 "Get a client certificate from whoever runs the server, and show it. It takes those of: CN="),
                ("plain-http", 12, "fixable here", "The port speaks plain HTTP, not TLS.", ""),
                ("close", 11, "impossible: no policy of this build connects",
                 "The server closes the connection during the TLS handshake, without saying why.", ""),
                ("revoked-staple", 11, "forbidden: only what is never allowed would connect", "", "")):
            with self.subTest(name):
                result = self.doctor(name, code=code)
                lines = result.out.splitlines()
                self.assertEqual(lines[0], f"localhost:{self.port(name)}: {answer}")
                self.assertTrue(lines[1].startswith(f"why: {why}"), lines[1])
                self.assertTrue(lines[2].startswith(f"better: {better}"), lines[2])
                self.assertEqual(lines[3], "")
                self.assertEqual(result.err, "")

    def test_first_line_says_what_has_to_be_known(self):
        for name, answer in (("self-signed", "works with (compare the pin first): hardened+self-signed "),
                             ("rsa-512", "works with (anybody could answer): pinned "),
                             ("dh-512", "works with (anybody could answer): antique "),
                             ("incomplete-chain", "works with the missing certificate (--intermediate FILE, or --ca-add "
                              "FILE if it is a root), or with "
                              "(compare the pin first): hardened+untrusted-issuer ")):
            with self.subTest(name):
                self.assertIn(f": {answer}", self.doctor(name, code=10).out.splitlines()[0])

    def test_sentence_about_interception_is_for_unverified_keys(self):
        for name, code, said in (("self-signed", 10, True), ("incomplete-chain", 10, True), ("expired", 10, False),
                                 ("wrong-host", 12, False), ("expired-and-wrong-host", 10, False),
                                 ("rsa-512", 10, False), ("dh-512", 10, False)):
            with self.subTest(name):
                self.assertEqual("interception" in self.doctor(name, "-v", code=code).out, said)

    def test_nothing_is_said_twice(self):
        self.assertIn("\n  the box on the way: ", self.doctor("ems-intolerant", code=10).out)
        for name in ("appliance", "rsa-kx-cbc", "expired-and-wrong-host"):
            with self.subTest(name):
                brief = self.doctor(name, code=10).out.splitlines()
                long = self.doctor(name, "-v", code=10).out.splitlines()
                self.assertLess(len(brief), 64)
                self.assertNotIn("ssl_protocols", "".join(brief))
                self.assertIn("-v has the lines for the server", brief[-1])
                self.assertLess(len(brief), len(long))
                commands = [line for line in long if line.startswith("      openssl req ")]
                self.assertEqual(len(commands), len(set(commands)))

    def test_json_has_what_the_schema_says(self):
        found = self.json("rsa-kx-cbc", code=10)
        self.assertEqual((found["schema"], found["verdict"], found["exit_code"], found["stage"]),
                         (1, "relaxable", 10, "tls"))
        self.assertEqual((found["target"], found["host"], found["port"]),
                         (self.url("rsa-kx-cbc"), "localhost", self.port("rsa-kx-cbc")))
        self.assertEqual([cause["id"] for cause in found["causes"]], ["static-rsa-only", "cbc-sha1-only"])
        for cause in found["causes"]:
            self.assertEqual(set(cause), {"id", "check", "side", "hop", "title", "explanation",
                                          "evidence", "error"})
            self.assertIn("alert 40", cause["evidence"])
            self.assertIn("error:0A000410", cause["error"])
        least = found["least"]
        self.assertEqual(least["relaxations"], ["rsa-key-exchange", "cbc-sha1"])
        self.assertEqual((least["confirmed"], least["minimal"]), (True, True))
        self.assertEqual(sorted(least["tried_without"]), sorted(least["relaxations"]))
        self.assertEqual(found["alternatives"], [])
        self.assertTrue(found["remedies"])
        self.assertLessEqual(found["handshakes"], 25)
        self.assertEqual(found["report"]["host"], "localhost")

    def test_least_policy_is_what_get_needs(self):
        for name in ("expired", "self-signed", "rsa-kx-cbc", "tls10-only", "wrong-host", "incomplete-chain"):
            with self.subTest(name):
                found = self.json(name, code=12 if name == "wrong-host" else 10)
                self.anycert("get", "--trust", found["least"]["policy"], "-o", "x", "-s", self.url(name))
                for other in found["alternatives"]:
                    self.anycert("get", "--trust", other["policy"], "-o", "x", "-s", self.url(name))

    def test_without_proof_pin_and_sentence_come_first(self):
        found = self.json("self-signed", code=10)
        self.assertIn(" pin=sha256//", found["least"]["policy"])
        self.assertIn("interception", found["least"]["note"])
        self.assertNotIn("pin=", found["alternatives"][0]["policy"])
        self.assertIn("interception", found["alternatives"][0]["note"])

    def test_client_certificate_names_who_may_issue_it(self):
        found = self.json("client-cert-required", code=12)
        self.assertEqual([cause["id"] for cause in found["causes"]], ["client-cert-required"])
        self.assertIsNone(found["least"])
        self.assertIn("it takes certificates of", found["causes"][0]["evidence"])

    def test_http_confirms_by_a_request(self):
        self.assertEqual(self.json("renegotiation")["verdict"], "healthy")
        found = self.json("renegotiation", "--http", code=10)
        self.assertEqual(found["least"]["relaxations"], ["renegotiation"])
        self.assertEqual(self.json("good", "--http")["handshakes"], 2)

    def test_servers_of_http2_are_asked_in_http11(self):
        port = free_port()
        make_certificate()
        pathlib.Path("nginx.conf").write_text(
            "daemon off; pid nginx.pid; error_log stderr; worker_processes 1; events {}\n"
            "http { access_log access.log; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f;\n"
            " uwsgi_temp_path u; scgi_temp_path s; server {\n"
            f" listen 127.0.0.1:{port} ssl http2; ssl_certificate cert.pem; ssl_certificate_key key.pem;\n"
            " return 404; } }\n", "utf-8")
        with subprocess.Popen(["nginx", "-p", ".", "-c", "nginx.conf"], stderr=subprocess.DEVNULL) as nginx:
            try:
                for _ in range(200):
                    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                        break
                    threading.Event().wait(0.05)
                self.anycert("doctor", "--cacert", "cert.pem", "--http", f"localhost:{port}")
            finally:
                nginx.terminate()
        self.assertIn('"HEAD / HTTP/1.1" 404', pathlib.Path("access.log").read_text("utf-8"))

    def test_unreachable(self):
        result = self.anycert("doctor", f"127.0.0.1:{closed_port()}", code=5)
        self.assertIn("unreachable", result.out.splitlines()[0])
        self.assertIn("Nothing listens on that port.", result.out.splitlines()[1])
        self.assertIn("The host name does not exist.", self.anycert("doctor", "no.such.host.invalid", code=5).out)

    # ---- other clients

    def test_for_says_the_policy_in_other_words(self):
        out = self.doctor("tls10-only", "--for", "curl,go", "--for", "openssl.cnf", code=10).out
        policy = f"hardened+tls1.0 ca={self.root}\n"
        at = [out.index(text + policy) for text in ("\nfor curl (coarser: it gives up more): ",
                                                    "\nfor go (the same): ",
                                                    "\nfor openssl.cnf (coarser: it gives up more): ")]
        self.assertEqual(at, sorted(at))
        self.assertIn("\n# security level 0 instead of 2", out)
        self.assertIn(f"\n  --tlsv1.0 \\\n  --cacert {self.root} \\\n  {self.url('tls10-only')}\n", out)
        self.assertIn("\n\tconfig := &tls.Config{MinVersion: tls.VersionTLS10, ", out)

    def test_for_says_all_policies_with_v_and_in_json(self):
        self.assertEqual(self.doctor("self-signed", "--for", "wget", code=10).out.count("\nfor wget ("), 1)
        self.assertEqual(self.doctor("self-signed", "-v", "--for", "wget", code=10).out.count("\nfor wget ("), 2)
        found = self.json("self-signed", "--for", "wget", "--for", "node", code=10)
        policies = [found["least"]["policy"]] + [other["policy"] for other in found["alternatives"]]
        said = [(one["client"], one["policy"]) for one in found["elsewhere"]]
        self.assertEqual(said, [(client, policy) for client in ("node", "wget") for policy in policies])
        for one in found["elsewhere"]:
            self.assertIn(one["fit"], ("same", "coarser", "lacks"))
            self.assertIn("\n", one["text"])
        self.assertEqual(self.json("self-signed", code=10)["elsewhere"], [])

    def test_for_a_healthy_server_and_one_that_nothing_reaches(self):
        self.assertIn("\nfor java (the same): hardened\n", self.doctor("good", "--for", "java").out)
        self.assertIsNone(self.json("good", "--for", "java")["elsewhere"][0]["policy"])
        self.assertIn("nothing to say for other clients", self.doctor("close", "--for", "java", code=11).out)
        self.assertEqual(self.json("close", "--for", "java", code=11)["elsewhere"], [])
        for name in ("client-cert-required", "plain-http"):
            said = self.doctor(name, "--for", "curl", code=12).out
            self.assertIn("\nwhat is wrong is mended above, and by no policy: there is none to say for other clients\n", said)
            self.assertNotIn("no policy connects", said)

    def test_for_several_targets_and_a_way(self):
        out = self.anycert("doctor", "--cacert", self.root, "--for", "wget", self.url("good"), self.url("expired"),
                           code=10).out
        self.assertEqual(out.count("\nfor wget ("), 2)
        port = self.port("good-wildcard")
        out = self.anycert("doctor", "--cacert", self.root, "--for", "curl", "--resolve",
                           f"a.lab.test:{port}:127.0.0.1", f"a.lab.test:{port}").out
        self.assertIn(f"  --resolve a.lab.test:{port}:127.0.0.1 \\\n", out)

    # ---- ways

    def test_resolve_and_connect_to(self):
        port = self.port("good-wildcard")
        target = f"a.lab.test:{port}"
        self.anycert("doctor", "--cacert", self.root, "--resolve", f"a.lab.test:{port}:127.0.0.1", target)
        self.anycert("doctor", "--cacert", self.root, "--connect-to", f"a.lab.test:{port}:127.0.0.1:", target)
        self.anycert("doctor", "--cacert", self.root, "--expect-name", "x.lab.test", "--sni", "x.lab.test",
                     f"localhost:{port}")

    def test_proxy_leads_on_and_carries_nothing(self):
        with proxy(None) as (port, seen):
            found = self.json("expired", "-x", f"http://user:secret@127.0.0.1:{port}", code=10)
        self.assertEqual(found["least"]["relaxations"], ["expired"])
        for head in seen:
            self.assertNotIn("uthorization", head)
            self.assertTrue(head.startswith(f"CONNECT localhost:{self.port('expired')} HTTP/1.1\r\n"))

    def test_proxy_is_the_cause(self):
        for answer, code, cause in ((b"HTTP/1.1 407 No\r\n\r\n", 12, "proxy-wants-password"),
                                    (b"HTTP/1.1 403 No\r\n\r\n", 5, "proxy-forbids"),
                                    (b"HTTP/1.1 502 No\r\n\r\n", 5, "proxy-cannot-reach"),
                                    (b"\x15\x03\x01\x00\x02\x02\x28", 12, "proxy-is-tls"),
                                    (b"SSH-2.0-x\r\n", 12, "proxy-is-none"),
                                    (b"", 5, "proxy-closed")):
            with self.subTest(cause), proxy(answer) as (port, _):
                found = self.json("good", "-x", f"http://127.0.0.1:{port}", code=code)
                self.assertEqual([c["id"] for c in found["causes"]], [cause])
                self.assertEqual(found["stage"], "proxy")
                self.assertEqual(found["causes"][0]["hop"], "proxy")
        with proxy(b"HTTP/1.1 400 No\r\n\r\n") as (port, _):
            found = self.json("good", "--timeout", "1.5", "-x", f"https://127.0.0.1:{port}", code=12)
            self.assertEqual(found["stage"], "proxy-tls")
            self.assertEqual([c["id"] for c in found["causes"]], ["proxy-is-plain"])
            self.assertIn("HTTP/1.1 400", found["causes"][0]["evidence"])

    def test_https_proxy_leads_on_within_its_own_tls(self):
        context = self_signed()
        with proxy(None, context) as (port, seen):
            found = self.json("tls10-only", "-x", f"https://localhost:{port}", code=10)
        self.assertEqual(found["least"]["relaxations"], ["tls1.0"])
        self.assertLess(len(seen), found["handshakes"])  # those with the proxy alone ask for no tunnel
        self.assertEqual(found["stage"], "proxy-tls")
        self.assertEqual([(c["hop"], c["id"]) for c in found["causes"]],
                         [("proxy", "self-signed"), ("origin", "tls10-only")])
        self.assertEqual(found["proxy"]["least"]["relaxations"], ["self-signed"])
        with proxy(None, context) as (port, _):
            way = ["-x", f"https://localhost:{port}"]
            for more in ((), ("--cacert", "cert.pem")):  # which is about servers
                found = self.json("good", *more, *way, code=10)
                self.assertEqual(found["stage"], "proxy-tls")
                self.assertEqual(found["causes"][0]["hop"], "proxy")
            for trust in ("hardened ca=cert.pem", "hardened+self-signed", "trust-any"):
                found = self.json("good", "--proxy-trust", trust, *way)
                self.assertEqual((found["verdict"], found["causes"]), ("healthy", []))

    def test_questions_go_through_an_https_proxy(self):
        context = self_signed()
        with proxy(None, context) as (port, seen):
            found = self.json("psk-only", "--proxy-trust", "hardened ca=cert.pem", "-x", f"https://localhost:{port}",
                              code=11)
        self.assertEqual([c["id"] for c in found["causes"]], ["psk-only"])
        self.assertEqual(len(seen), found["handshakes"])

    def test_https_proxy_that_is_plain(self):
        found = self.json("good", "-x", f"https://localhost:{self.port('plain-http')}", code=12)
        self.assertEqual([c["id"] for c in found["causes"]], ["proxy-is-plain"])

    # ---- several

    def test_several_are_told_in_their_order(self):
        names = ["good", "expired", "close"]
        result = self.anycert("doctor", "--cacert", self.root, *map(self.url, names), code=11)
        blocks = result.out.split("\n\n")
        self.assertEqual(len(blocks), 3)
        for name, block in zip(names, blocks):
            lines = block.strip().splitlines()
            self.assertEqual(len(lines), 3)
            self.assertTrue(lines[0].startswith(f"localhost:{self.port(name)}: "))

    def test_list_of_standard_input(self):
        lines = f"# a comment\n\n  {self.url('good')} \r\n{self.url('expired')}"
        result = self.anycert("doctor", "--cacert", self.root, "--format", "json", "--parallel", "1", "-", code=10,
                              data=lines.encode())
        found = json.loads(result.out)
        self.assertEqual([one["verdict"] for one in found], ["healthy", "relaxable"])
        self.refused("doctor", "-", data=b"", says="no target")
        self.refused("doctor", "-", "-", data=b"", says="read once")

    def test_a_list_has_all_of_its_targets(self):
        long = "a" * 5000
        lines = f"{self.url('good')}\na b\nuser:geheim@localhost/x?t=geheim\n{self.url('expired')}\n{long}\nx\0y"
        done = self.anycert("doctor", "--cacert", self.root, "--format", "json", "-", code=2, data=lines.encode())
        found = json.loads(done.out)
        self.assertEqual([one.get("verdict") for one in found], ["healthy", None, None, "relaxable", None, None])
        for one, target in zip(found, (None, "a b", "localhost/x", None, "", "")):
            if target is not None:
                self.assertEqual((one["schema"], one["target"], one["error"]["exit_code"]), (1, target, 2))
                self.assertIn(one["error"]["code"], ("URL", "USAGE"))
        self.assertNotIn("geheim", done.out + done.err)
        done = self.anycert("doctor", "--cacert", self.root, "-", code=2, data=lines.encode())
        self.assertEqual([line.count("works with") for line in done.out.split("\n\n")], [0, 1])
        self.assertEqual([line.split(": ")[1] for line in done.err.splitlines()],
                         [f"standard input, line {n}" for n in (2, 3, 5, 6)])
        self.assertEqual([one.get("line") for one in found], [None, 2, 3, None, 5, 6])

    def test_one_bad_target_is_a_record_too(self):
        for target, shown in (("a b", "a b"), ("user:geheim@localhost/x?t=geheim", "localhost/x"), ("localhost:99999", "localhost:99999")):
            done = self.anycert("doctor", "--format", "json", target, code=2)
            alone = json.loads(done.out)
            listed = json.loads(self.anycert("doctor", "--format", "json", "-", data=target.encode(), code=2).out)[0]
            self.assertEqual((alone["schema"], alone["target"], alone["error"]["exit_code"]), (1, shown, 2))
            self.assertEqual(set(listed) - set(alone), {"line"})
            self.assertEqual(done.err, f"anycert: {alone['error']['message']}\n")
            self.assertNotIn("geheim", done.out + done.err)

    def test_a_list_may_have_remarks_and_a_byte_order_mark(self):
        port = self.port("good")
        lines = (f"\ufefflocalhost:{port} # printer\n{self.url('good')}\t# the same\n#{port}\nlocalhost {port}\n"
                 "--apply\n-x\nlocalhost:99999 #1\n")
        done = self.anycert("doctor", "--cacert", self.root, "-", code=2, data=lines.encode())
        self.assertEqual(done.out.count("healthy"), 2)
        self.assertEqual(done.err.splitlines(), [
            f"anycert: standard input, line 4: the target 'localhost {port}' is malformed",
            *(f"anycert: standard input, line {line}: '{word}' is no target: no host name begins with -, and options stand "
              "behind the command" for line, word in ((5, "--apply"), (6, "-x"))),
            "anycert: standard input, line 7: the target 'localhost:99999' has no port between 1 and 65535"])
        self.refused("doctor", "--", "-x", says="'-x' is no target")

    def test_what_healthy_depends_on_is_said(self):
        port = self.port("good")
        way = ["--expect-name", "localhost", "--sni", "localhost", "--resolve", f"x.test:{port}:127.0.0.1"]
        out = self.anycert("doctor", "--cacert", self.root, *way, f"x.test:{port}").out
        given = " ".join(["--cacert", self.root, *way])
        self.assertTrue(out.startswith(f"x.test:{port}: healthy with {given}: hardened connects\n"), out)
        self.assertIn(f"\nuse it: anycert get {given} https://x.test:{port}/\n", out)
        self.assertIn("why: nothing is wrong\n", self.doctor("good", "--http").out)

    def test_a_client_certificate_that_may_be_missing_is_told(self):
        make_certificate()
        port = free_port()
        for version in ("-tls1_2", "-tls1_3"):
            with subprocess.Popen(["openssl", "s_server", "-www", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert", "cert.pem",
                                   "-key", "key.pem", "-verify", "1", version], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as server:
                try:
                    self.wait_for(port)
                    args = ["doctor", "--cacert", "cert.pem", f"localhost:{port}"]
                    self.assertIn(": hardened connects, but a request without a client certificate may be refused (--http shows "
                                  "that)\n", self.anycert(*args).out)
                    self.assertIn(": hardened connects\n", self.anycert(*args, "--http-body").out)
                    self.assertIn("why: nothing is wrong; it asks for a client certificate, and goes on without one; no request "
                                  "was sent (--http sends one)\nbetter: nothing to mend, if requests need no client "
                                  "certificate either: --http shows that\n", self.anycert(*args).out)
                    self.assertTrue(json.loads(self.anycert(*args, "--format", "json").out)["asks_client_cert"])
                finally:
                    server.terminate()

    def test_a_common_name_alone(self):
        """It may be another one's, and a wildcard is not called the host."""
        for name, host, said in (("other.test", "localhost", "is the common name, and that is 'other.test', not 'localhost'"),
                                 ("other.test", "other.test", "the only name that it has is the common name"),
                                 ("*.other.test", "a.other.test", "only the common name is for 'a.other.test'; ")):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "cn.key", "-out", "cn.pem",
                            "-subj", f"/CN={name}", "-days", "3"], check=True, capture_output=True)
            port = free_port()
            with subprocess.Popen(["openssl", "s_server", "-www", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert", "cn.pem",
                                   "-key", "cn.key"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
                try:
                    self.wait_for(port)
                    out = self.anycert("doctor", "--cacert", "cn.pem", "--resolve", f"{host}:{port}:127.0.0.1", "--format",
                                       "json", f"{host}:{port}", code=10).out
                    cause = next(c for c in json.loads(out)["causes"] if c["id"] == "common-name-only")
                    self.assertIn(said, cause["evidence"])
                    if not name.startswith("*"):
                        self.assertTrue(cause["evidence"].endswith(said), cause)
                finally:
                    server.terminate()

    def test_wrong_options_are_told_as_json_too(self):
        for args in ((), ("--bogus", "x.test"), ("--parallel", "0", "x.test"), ("--for", "netscape", "x.test")):
            with self.subTest(args):
                done = self.anycert("doctor", "--format", "json", *args, code=2)
                self.assertEqual(done.out, "")
                self.assertEqual(json.loads(done.err)["error"]["exit_code"], 2)

    def wait_for(self, port):
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
            threading.Event().wait(0.05)

    def test_of_plain_http_the_first_line_is_shown(self):
        port = free_port()
        pathlib.Path("nginx.conf").write_text(
            "daemon off; pid nginx.pid; error_log stderr; worker_processes 1; events {}\n"
            "http { access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f;\n"
            " uwsgi_temp_path u; scgi_temp_path s; server_tokens off; server {\n"
            f" listen 127.0.0.1:{port}; add_header Set-Cookie geheim=1 always;\n"
            " return 302 http://localhost/?token=geheim; } }\n", "utf-8")
        with subprocess.Popen(["nginx", "-p", ".", "-c", "nginx.conf"], stderr=subprocess.DEVNULL) as nginx:
            try:
                self.wait_for(port)
                found = json.loads(self.anycert("doctor", "--format", "json", "--save", "it.json", f"localhost:{port}", code=12).out)
            finally:
                nginx.terminate()
        self.assertTrue(found["causes"][0]["evidence"].endswith('the first bytes are "HTTP/1.1 400 Bad Request\\x0d\\x0a"'), found)
        saved = json.loads(pathlib.Path("it.json").read_text("utf-8"))
        for attempt in saved["attempts"]:
            for field in ("first_bytes", "received_bytes"):
                self.assertNotIn(b"geheim", base64.b64decode(attempt[field]))
                self.assertNotIn(b"Set-Cookie", base64.b64decode(attempt[field]))

    def test_what_came_of_an_answer_is_said(self):
        for name, way, says in (("stall", "--http-body", r"hardened connects, and 500 bytes of the body came, of 1000; then the "
                                 r"time limit was over \(\d+ ms\)$"),
                                ("drip", "--http-body", r"hardened connects, and \d+ bytes of the body came, of 600; then the "
                                 r"time limit was over \(\d+ ms\)$")):
            with self.subTest(name):
                out = self.doctor(name, way, "--timeout", "1.5", code=5).out
                self.assertRegex(out.splitlines()[0], says)
                self.assertIn(f"--http-body --timeout 60 {self.url(name)}\n", out)

    def test_worst_of_several_is_the_exit_code(self):
        args = ["doctor", "--cacert", self.root]
        self.anycert(*args, self.url("good"), self.url("wrong-host"), code=12)
        self.anycert(*args, self.url("expired"), self.url("wrong-host"), code=10)
        self.anycert(*args, self.url("expired"), self.url("close"), code=11)
        self.anycert(*args, self.url("close"), f"localhost:{closed_port()}", code=5)

    def test_output_that_cannot_be_written_is_no_verdict(self):
        for name in ("good", "expired", "close"):
            for form in ("text", "json"):
                with self.subTest(name, form=form), open("/dev/full", "wb") as full:
                    with start("doctor", "--cacert", self.root, "--format", form, self.url(name), stdout=full,
                               stderr=subprocess.PIPE) as process:
                        said = process.communicate(timeout=60)[1]
                    self.assertEqual((process.returncode, said),
                                     (9, b"anycert: cannot write to standard output: No space left on device\n"))

    # ---- the rest

    def test_profile_gives_url_and_anchors_and_nothing_weak(self):
        pathlib.Path("box.json").write_text(json.dumps({
            "url": self.url("expired"), "insecure": True, "credentials": {"identifier": "u", "password": "p"}}),
            "utf-8")
        found = json.loads(self.anycert("doctor", "--profile", "box.json", "--format", "json", code=10).out)
        self.assertEqual(found["least"]["relaxations"], ["untrusted-issuer", "expired"])

    def test_secrets_of_a_url_are_not_shown(self):
        url = self.url("good").replace("https://", "https://user:geheim@") + "?token=geheim"
        for format in ("text", "json"):
            result = self.anycert("doctor", "--cacert", self.root, "--format", format, url)
            self.assertNotIn("geheim", result.out + result.err)

        for target in ("user:geheim@localhost:1", "localhost:1?token=geheim", "localhost/a#geheim"):
            said = self.anycert("doctor", target, code=2).err
            self.assertIn("localhost", said)
            self.assertNotIn("geheim", said)

    def test_what_others_say_is_brief_and_whole_with_v(self):
        args = ("doctor", "--cacert", self.root, self.url("expired"))
        said = {option: [line for line in self.anycert(*args[:1], *option, *args[1:], code=10).out.splitlines()
                         if line.startswith("  others say: ")] for option in ((), ("-v",))}
        brief, whole = said[()][0], said[("-v",)][0]
        self.assertTrue(brief.endswith(" (-v has more)"), brief)
        for name in ("OpenSSL", "curl", "Python"):
            self.assertEqual((brief.count(f" {name}: "), whole.count(f" {name}: ")), (1, 1), name)
        for name in ("Go", "Java", "Node", "wget"):
            self.assertEqual((brief.count(f" {name}: "), whole.count(f" {name}: ")), (0, 1), name)
        self.assertIn("wget: Issued certificate has expired., or The certificate has expired", whole)
        found = json.loads(self.anycert(*args[:1], "--format", "json", *args[1:], code=10).out)
        self.assertEqual(found["causes"][0]["error"].count("wget: "), 2)

    def test_plan_sends_nothing(self):
        text = self.anycert("doctor", "--plan", "--timeout", "3").out
        self.assertIn("one handshake under hardened", text)
        self.assertIn("limit of 3 s.", text)
        self.assertIn("limit of 1.25 s.", self.anycert("doctor", "--plan", "--timeout", "1.25").out)

    def test_plan_names_every_request(self):
        plain = "whether it speaks HTTP."
        for options, says in (([], "No request is sent, but for two cases: anycert doctor --apply"),
                              (["--http"], "Requests are HEAD for /, or OPTIONS"), (["--http-body"], "Requests are GET for /.")):
            text = self.anycert("doctor", "--plan", *options).out
            self.assertIn(says, text)
            self.assertIn(plain, text)

    def test_usage(self):
        self.refused("doctor", says="no TARGET given")
        self.refused("doctor", "", says="empty")
        self.refused("doctor", "http://localhost/", says="http is not protected")
        self.refused("doctor", "a b", code=2)
        self.refused("doctor", "--timeout", "0", "localhost", says="--timeout")
        for number in ("0", "257", "x"):
            self.refused("doctor", "--parallel", number, "localhost", says=f"--parallel: '{number}' is no number from 1 to 256")
        for args in (("--json", "localhost"), ("localhost", "--json")):
            self.refused("doctor", *args, says="did you mean --format json?")
        apply = ("doctor", "--apply", "--policy-file", "p", "localhost")
        self.refused(*apply, "--until", "31.12.2027", says="--until: '31.12.2027' is no day as YYYY-MM-DD")
        self.refused(*apply, "--until", "2020-01-01", says="--until: the last day is over with 2020-01-01")
        self.refused("doctor", "-x", "ftp://localhost:1", "localhost", says="proxy")
        self.refused("doctor", "--resolve", "nonsense", "localhost", says="resolve")
        self.refused("doctor", "--connect-to", "a:1:b:2:c", "localhost", says="connect-to")
        self.refused("doctor", "--resolve", "m\u00fcnchen.test:1:127.0.0.1", "localhost", says="xn--")
        self.refused("doctor", "--connect-to", "a:1:m\u00fcnchen.test:2", "localhost", says="xn--")
        self.refused("doctor", "--cacert", "missing.pem", "localhost", says="missing.pem", code=2)
        self.refused("doctor", "-k", "localhost", says="insecure")
        self.refused("doctor", "--apply", "localhost", says="needs --policy-file")
        self.refused("doctor", "--yes", "localhost", says="belong to --apply")
        self.refused("doctor", "--pin", "x", "localhost", says="belong to --apply")
        self.refused("doctor", "--apply", "--policy-file", "p", "--replay", "x", says="leave --replay")
        self.refused("doctor", "--apply", "--policy-file", "p", "localhost", "localhost:1", says="one TARGET")
        self.refused("doctor", "--replay", "x", "localhost", says="leave the TARGET")
        self.refused("doctor", "--replay", "missing.json", says="missing.json")
        self.refused("doctor", "--save", "x", "localhost", "localhost:1", says="one TARGET")
        self.refused("doctor", "--for", "lynx", "localhost", says="no equivalent for 'lynx'")
        self.refused("doctor", "--for", "curl,", "localhost", says="name is missing")

    def test_interrupted(self):
        silent = socket.create_server(("127.0.0.1", 0))
        with silent, start("doctor", "--timeout", "600", f"127.0.0.1:{silent.getsockname()[1]}",
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            client, _ = silent.accept()
            with client:
                client.recv(1)
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=60)
            self.assertEqual(process.returncode, 130)

    def test_interrupted_list_says_what_is_left(self):
        silent = socket.create_server(("127.0.0.1", 0))
        name = f"127.0.0.1:{silent.getsockname()[1]}"
        lines = [self.url("good"), name, "https://u:geheim@left.test/a?k=geheim", *(f"n{i}.test" for i in range(6))]
        with silent, start("doctor", "--cacert", self.root, "--timeout", "600", "--parallel", "1", "-", stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdin.write("\n".join(lines).encode())
            process.stdin.close()
            client, _ = silent.accept()
            with client:
                client.recv(1)
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(60), 130)
            self.assertIn(b"healthy", process.stdout.read())
            self.assertEqual(process.stderr.read().decode(),
                             f"anycert: interrupted; not examined: {name}, left.test/a, n0.test, n1.test and 4 more\n")


if __name__ == "__main__":
    unittest.main()
