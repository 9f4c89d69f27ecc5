#!/usr/bin/env python3
"""What goes wrong behind a good handshake, and how a connection ends: the doctor with requests, against nginx, Go and
Python's TLS servers."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import ssl
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402
from acceptor import Acceptor  # noqa: E402
from anycert_cli import Case  # noqa: E402

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
OPEN = b"HTTP/1.0 200 OK\r\n\r\n"


class Teller(Acceptor):
    """A TLS server that says what it is told to and ends as it is told to: "notify", "close", "reset", "silent"."""

    def __init__(self, answer, end, version=ssl.TLSVersion.TLSv1_3, knows=None):
        self.answer, self.end, self.knows, self.requests = answer, end, knows, []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain("good.pem", "good.key")
        self.context.maximum_version = version
        super().__init__(self.tell, holds=True)

    def tell(self, connection, _):
        tls = self.context.wrap_socket(connection, server_side=True)
        self.held.append(tls)
        if self.answer is not None:
            request = tls.recv(4096)
            self.requests.append(request)
            if self.knows and request and request.split()[0].decode() not in self.knows:
                return
            if request:
                tls.sendall(self.answer)
        if self.end == "silent":
            return
        if self.end == "reset":
            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self.end == "notify":
            with contextlib.suppress(OSError):
                tls.unwrap()
        tls.close()


class Http(Case):
    @classmethod
    def setUpClass(cls):
        cls.before = os.getcwd()
        cls.folder = tempfile.mkdtemp()
        os.chdir(cls.folder)
        strangers.Certificates()
        program = strangers.build_go()
        client = f"ssl_client_certificate {pathlib.Path('root.pem').resolve()}; ssl_verify_client on;"
        cls.nginx = strangers.nginx(
            "nginx", "listen PORT ssl http2; location / { return 200 hello; }",
            f"listen PORT ssl; {client} location / {{ return 200 hello; }}",
            "listen PORT ssl; location / { return 421; }", "listen PORT ssl; location / { return 503; }",
            f"listen PORT ssl; {client.replace('client on', 'client optional')} location / {{ return 403; }}")
        cls.go = strangers.go("h2", program, alpn="h2")
        cls.alone = strangers.haproxy("alone", "alpn h2 proto h2")
        cls.behind = strangers.haproxy("behind", "accept-proxy")
        for server in (cls.nginx, cls.go, cls.alone, cls.behind):
            server.wait()

    @classmethod
    def tearDownClass(cls):
        for server in (cls.nginx, cls.go, cls.alone, cls.behind):
            server.stop()
        os.chdir(cls.before)
        shutil.rmtree(cls.folder)

    def examine(self, port, *args, code, host="localhost"):
        target = f"{host}:{port}"
        done = self.anycert("doctor", "--format", "json", "--cacert", "root.pem", "--timeout", "1", "--resolve",
                            f"{target}:127.0.0.1", *args, target, code=code)
        found = json.loads(done.out)
        return [cause["id"] for cause in found["causes"]], found

    def test_ends_of_bodies(self):
        for name, answer, end, causes in (
                ("whole", LENGTH + bytes(1000), "notify", []),
                ("whole, no notify", LENGTH + bytes(1000), "close", []),
                ("whole chunks", CHUNKS + b"0\r\n\r\n", "notify", []),
                ("by close", OPEN + b"hello", "notify", []),
                ("by close, no notify", OPEN + b"hello", "close", ["no-close-notify"]),
                ("short", LENGTH + b"hello", "notify", ["body-truncated"]),
                ("short, no notify", LENGTH + b"hello", "close", ["body-truncated"]),
                ("short, silent", LENGTH + b"hello", "silent", ["body-truncated"]),
                ("no last chunk", CHUNKS, "notify", ["body-truncated"])):
            with self.subTest(name):
                server = Teller(answer, end)
                try:
                    ids, found = self.examine(server.port, "--http-body", code=5 if causes else 0)
                finally:
                    server.stop()
                self.assertEqual(ids, causes, found["causes"])
                self.assertEqual(found["stage"], "http" if causes else "done")
                # More time helps only where the time was over.
                self.assertEqual(any("--stall-timeout" in remedy["text"] for remedy in found["remedies"]), "silent" in name)
                self.assertTrue(all(r.startswith(b"GET / ") or not r for r in server.requests))

    def test_no_answer(self):
        for name, answer, end, causes in (
                ("silence", b"", "silent", ["http-silent"]),
                ("close", b"", "notify", ["http-closed"]),
                ("close without notify", b"", "close", ["http-closed"]),
                ("reset", b"", "reset", ["http-reset"]),
                ("other", b"* OK ready\r\n", "notify", ["http-invalid"]),
                ("frames", bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]), "notify", ["http2-only"])):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                with self.subTest((name, version)):
                    server = Teller(answer, end, version)
                    try:
                        ids, found = self.examine(server.port, "--http", code=5)
                    finally:
                        server.stop()
                    self.assertEqual(ids, causes, found["causes"])
                    self.assertEqual(found["stage"], "http")
                    methods = [b"HEAD / ", b"OPTIONS / "] if name == "silence" else [b"HEAD / "]
                    self.assertTrue(all(r.startswith(tuple(methods)) or not r for r in server.requests))

    def check_unanswered(self, found, verdict, *causes):
        self.assertEqual([cause["id"] for cause in found["causes"]], list(causes))
        self.assertEqual((found["verdict"], found["stage"]), (verdict, "certificate"))
        for advice in (found["least"], *found["alternatives"]):
            self.assertFalse(advice["confirmed"], advice)
            self.assertTrue(advice["note"].startswith("the handshake stands under it, and the request was not answered"))
        self.assertTrue(found["least"]["minimal"])
        self.assertEqual((found["command"] is None, found["keep_command"]), (verdict == "unreachable", None))

    def test_a_policy_whose_request_is_not_answered_does_not_work(self):
        """The handshake stands, and that is all that is told."""
        for name, answer, end, causes, said in (
                ("silence", b"", "silent", ["http-silent"], r"no byte of an answer came before the time limit \(\d+ ms\)"),
                ("close", b"", "notify", ["http-closed"], "the connection is closed without an answer"),
                ("reset", b"", "reset", ["http-reset"], "the connection is reset instead of an answer"),
                ("short", LENGTH + b"hello", "notify", ["body-truncated"], ".+")):
            with self.subTest(name):
                server = Teller(answer, end)
                more = "--http-body" if answer else "--http"
                way = ("doctor", "--cacert", "root.pem", "--timeout", "1", "--resolve",
                       f"other.invalid:{server.port}:127.0.0.1", f"other.invalid:{server.port}")
                try:
                    _, found = self.examine(server.port, more, "--save", "it.json", code=5, host="other.invalid")
                    text = self.anycert(*way, more, code=5).out
                    said_by_apply = self.anycert(*way, more, "--apply", "--yes", "--policy-file", "policies", code=2).err
                    works, _ = self.examine(server.port, code=12, host="other.invalid")
                finally:
                    server.stop()
                self.check_unanswered(found, "unreachable", "name-mismatch", *causes)
                self.assertRegex(text, rf"\Aother.invalid:\d+: unreachable: {said}; the handshake stands with \(if the name "
                                 r"is right\): hardened ca=root.pem expect-name=\S+\nwhy: ")
                self.assertIn("\n  a handshake stands under exactly this policy, and the request was not answered", text)
                self.assertIn("the policy is not confirmed; nothing was written", said_by_apply)
                self.assertFalse(pathlib.Path("policies").exists())
                self.assertEqual(works, ["name-mismatch"])
                again = json.loads(self.anycert("doctor", "--format", "json", "--replay", "it.json", code=5).out)
                self.assertEqual({**again, "elapsed_ms": 0}, {**found, "elapsed_ms": 0})
        _, found = self.examine(self.nginx.ports[1], "--http", code=12, host="other.invalid")
        self.check_unanswered(found, "fixable", "name-mismatch", "client-cert-wanted-by-http")
        text = self.anycert("doctor", "--cacert", "root.pem", "--http", "--resolve",
                            f"other.invalid:{self.nginx.ports[1]}:127.0.0.1", f"other.invalid:{self.nginx.ports[1]}", code=12).out
        self.assertIn(": fixable here, with a client certificate; and then also needs (if the name is right; not confirmed "
                      "without it): hardened ca=root.pem expect-name=", text)

    def test_methods_that_are_not_known(self):
        for knows, ids, code in ((("GET", "OPTIONS"), [], 0), (("GET",), ["http-silent"], 5)):
            with self.subTest(knows):
                server = Teller(LENGTH + bytes(1000), "notify", knows=knows)
                try:
                    causes, found = self.examine(server.port, "--http", code=code)
                    body, _ = self.examine(server.port, "--http-body", code=0)
                finally:
                    server.stop()
                self.assertEqual((causes, body), (ids, []))
                methods = [r.split()[0] for r in server.requests if r]
                self.assertEqual((methods[:2], methods[-1]), ([b"HEAD", b"OPTIONS"], b"GET"))
                self.assertEqual(methods.count(b"OPTIONS"), 1)
                if causes:
                    self.assertIn("HEAD / was sent, and nothing came before the time limit, nor to OPTIONS; a GET may "
                                  "be answered all the same (--http-body asks with one)",
                                  found["causes"][0]["evidence"])

    def test_http2(self):
        """Servers that prefer it are asked in HTTP/1.1 all the same."""
        for port in (self.nginx.ports[0], self.go.port):
            ids, found = self.examine(port, "--http-body", code=0)
            self.assertEqual((ids, found["handshakes"]), ([], 2))

    def test_http2_alone(self):
        """One that agrees on no protocol, and hangs up at HTTP/1.1."""
        self.anycert("get", "-s", "--cacert", "root.pem", f"https://localhost:{self.alone.port}/")
        ids, found = self.examine(self.alone.port, "--http", code=0)
        self.assertEqual((ids, found["handshakes"]), ([], 3))

    def test_a_port_for_a_load_balancer(self):
        ids, found = self.examine(self.behind.port, code=11)
        self.assertIn(ids, (["tls-reset"], ["tls-closed"]))
        self.assertIn("the PROXY protocol", " ".join(remedy["text"] for remedy in found["remedies"]))

    def test_status(self):
        ids, found = self.examine(self.nginx.ports[1], "--http", code=12)
        self.assertEqual(ids, ["client-cert-wanted-by-http"])
        self.assertEqual(found["verdict"], "fixable")
        ids, _ = self.examine(self.nginx.ports[2], "--http", code=5)
        self.assertEqual(ids, ["misdirected"])

    def test_a_status_is_told(self):
        for number, why, better in (
                (3, "nothing is wrong with TLS; HEAD / is answered with status 503", "nothing to mend in TLS"),
                (4, "nothing is wrong with TLS; HEAD / is answered with status 403; it asks for a client certificate, and goes "
                    "on without one", "if that is for want of a client certificate, show one (--cert FILE); TLS has nothing to "
                    "mend"),
                (0, "nothing is wrong", "nothing to mend")):
            target = f"localhost:{self.nginx.ports[number]}"
            out = self.anycert("doctor", "--cacert", "root.pem", "--http", target).out
            self.assertEqual(out.splitlines()[1:3], [f"why: {why}", f"better: {better}"])


if __name__ == "__main__":
    unittest.main()
