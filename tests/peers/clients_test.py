#!/usr/bin/env python3
"""What curl, requests and Go do where clients leak or send elsewhere, beside what we do: bodies and credentials behind
redirects to another origin, and which hosts a list of hosts without proxy means."""
import base64
import contextlib
import http.server
import os
import pathlib
import subprocess
import sys
import threading
import unittest

import requests
import requests.utils

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402
from anycert_cli import BIN, Case  # noqa: E402

SECRET = "s3cret"
NO_PROXY_ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}


class Answer(http.server.BaseHTTPRequestHandler):
    """/go/STATUS?URL redirects; everything else is empty."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.seen.append((self.command, self.path, body, self.headers.get("Authorization"),
                                 self.headers.get("X-Api-Key")))
        status, location = 200, None
        if self.path.startswith("/go/"):
            status, location = self.path.removeprefix("/go/").split("?", 1)
        self.send_response(int(status))
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


@contextlib.contextmanager
def recorder(address="127.0.0.1"):
    """A server on loopback that keeps what it was asked: .url, .seen."""
    server = http.server.ThreadingHTTPServer((address, 0), Answer)
    server.daemon_threads = True
    server.seen = []
    server.url = f"http://{address}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def quietly(*command, **environment):
    return subprocess.run(command, env={**NO_PROXY_ENVIRONMENT, **environment}, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, timeout=60, check=False).stdout.strip()


class Clients(Case):
    go_program = None

    @classmethod
    def setUpClass(cls):
        Clients.go_program = Clients.go_program or strangers.build_go("ask")
        cls.curl = strangers.tool("curl")
        cls.stack = contextlib.ExitStack()
        cls.one, cls.two = cls.stack.enter_context(recorder()), cls.stack.enter_context(recorder())
        cls.elsewhere = cls.stack.enter_context(recorder("127.0.0.2"))
        pathlib.Path("body").write_text(SECRET, encoding="utf-8")
        os.environ["NETRC"] = "/nonexistent"

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()


class Redirects(Clients):
    """What the second origin gets to see."""

    def ours(self, method, url):
        quietly(BIN, "request", "-sL", "-u", "u:p", "-H", "X-Api-Key: k", "-X", method, "-d", SECRET, url)

    def of_curl(self, method, url):
        how = ["-d", SECRET] if method == "POST" else ["-T", "body"]
        quietly(self.curl, "-qsL", "-u", "u:p", "-H", "X-Api-Key: k", *how, url)

    def of_requests(self, method, url):
        requests.request(method, url, data=SECRET, auth=("u", "p"), headers={"X-Api-Key": "k"}, timeout=60)

    def of_go(self, method, url):
        quietly(self.go_program, method, url, SECRET)

    def seen(self, client, method, status):
        # Later Go takes all ports of a host for one origin.
        other = self.elsewhere if client == self.of_go else self.two
        self.one.seen.clear()
        other.seen.clear()
        client(method, f"{self.one.url}/go/{status}?{other.url}/end")
        self.assertEqual([len(self.one.seen), len(other.seen)], [1, 1])
        first, second = self.one.seen[0], other.seen[0]
        self.assertEqual(first[0], method)
        self.assertEqual(first[2:], (SECRET, "Basic " + base64.b64encode(b"u:p").decode(), "k"))
        self.assertIsNone(second[3], "credentials at another origin")
        # A key, whether or not anybody said so; the others take it along.
        self.assertEqual(second[4], None if client == self.ours else "k")
        return f"{second[0]} {'with body' if second[2] == SECRET else 'without'}"

    def test_bodies_at_another_origin(self):
        get, post, put = "GET without", "POST with body", "PUT with body"
        for method, status, ours, curl, others in [
                ("POST", 301, get, get, {get}), ("POST", 302, get, get, {get}), ("POST", 303, get, get, {get}),
                ("POST", 307, post, post, {post}), ("POST", 308, post, post, {post}),
                ("PUT", 303, get, get, {get}), ("PUT", 307, put, put, {put}), ("PUT", 308, put, put, {put}),
                # Here the others have habits of their own; ours is RFC 9110's, and curl's.
                ("PUT", 301, put, put, {get, "PUT without"}), ("PUT", 302, put, put, {get, "PUT without"})]:
            with self.subTest(method=method, status=status):
                self.assertEqual(self.seen(self.ours, method, status), ours)
                self.assertEqual(self.seen(self.of_curl, method, status), curl)
                self.assertIn(self.seen(self.of_requests, method, status), others)
                self.assertIn(self.seen(self.of_go, method, status), others)


class WithoutProxy(Clients):
    """Which hosts a list means. True: reached directly."""

    def passes_proxy_by(self, *command):
        """Whatever is asked for does not exist, but for the proxy."""
        self.one.seen.clear()
        quietly(*command)
        return not self.one.seen

    def ours(self, entries, url):
        options = ["--noproxy", entries] if entries else []
        return self.passes_proxy_by(BIN, "get", "-s", "--connect-timeout", "2", "-x", self.one.url, *options, url)

    def of_curl(self, entries, url):
        return self.passes_proxy_by(self.curl, "-qs", "-m", "2", "-x", self.one.url, "--noproxy", entries, url)

    def of_curl_before_8_9(self, entries, url):
        """Later ones take no blanks between entries."""
        version = quietly(self.curl, "--version").split()[1].split(".")
        direct = self.of_curl(entries, url)
        return direct if (int(version[0]), int(version[1])) < (8, 9) else not direct

    def of_go(self, entries, url):
        return quietly(self.go_program, "proxy", url, HTTP_PROXY=self.one.url, NO_PROXY=entries) == "direct"

    @staticmethod
    def of_requests(entries, url):
        return bool(requests.utils.should_bypass_proxies(url, entries))

    # Entries, host, port, and what all four make of them.
    AGREED = [
        ("a.test", "a.test", 80, True), ("a.test", "b.a.test", 80, True), ("a.test", "other.test", 80, False),
        (".a.test", "b.a.test", 80, True), ("*.a.test", "a.test", 80, False), ("A.TEST", "a.test", 80, True),
        ("*", "a.test", 80, True), ("x.test,a.test", "a.test", 80, True), ("x.test, a.test", "a.test", 80, True),
        ("a.test:81", "a.test", 80, False), ("192.0.2.1", "192.0.2.1", 80, True), ("192.0.2.1", "192.0.2.2", 80, False),
        ("192.0.2.0/24", "192.0.2.3", 80, True), ("192.0.2.0/24", "198.51.100.3", 80, False),
        ("192.0.2.0/33", "192.0.2.3", 80, False), ("192.", "192.0.2.3", 80, False), ("192.*", "192.0.2.3", 80, False),
        ("::1", "[::1]", 80, True), ("test", "a.test", 80, True), ("", "a.test", 80, False), (".", "a.test", 80, False),
    ]

    def test_what_all_agree_on(self):
        for entries, host, port, direct in self.AGREED:
            url = f"http://{host}:{port}/"
            for client in (self.ours, self.of_curl, self.of_requests, self.of_go):
                with self.subTest(client=client.__name__, entries=entries, host=host):
                    self.assertEqual(client(entries, url), direct)

    # Where they differ among themselves: what we make of them, and one that does the same.
    CHOSEN = [
        ("a.test", "xa.test", 80, False, "of_curl"),  # requests takes any end of the name
        (".a.test", "a.test", 80, True, "of_curl"),  # Go: subdomains only
        ("*.a.test", "b.a.test", 80, False, "of_requests"),  # Go has this star
        ("a.test.", "a.test", 80, True, "of_curl"),
        ("a.test", "a.test.", 80, True, "of_curl"),
        ("x.test a.test", "a.test", 80, True, "of_curl_before_8_9"),
        ("a.test:8080", "a.test", 8080, True, "of_requests"),  # curl has no ports here
        (".a.test:8080", "b.a.test", 8080, True, "of_go"),
        ("192.0.2.1:8080", "192.0.2.1", 8080, True, "of_go"),
        ("0.2.1", "192.0.2.1", 80, False, "of_curl"),  # an address has no subdomains
        ("[::1]", "[::1]", 80, True, "of_go"),
        ("[::1]:80", "[::1]", 80, True, "of_go"),
        ("2001:db8::/32", "[2001:db8::1]", 80, True, "of_go"),
        ("0:0:0:0:0:0:0:1", "[::1]", 80, True, "of_go"),
        ("192.0.2.1", "[::ffff:192.0.2.1]", 80, False, "of_curl"),
        ("", "localhost", 80, False, "of_curl"),  # Go never asks a proxy for itself
        ("", "127.0.0.1", 80, False, "of_requests"),
    ]

    def test_where_they_differ(self):
        for entries, host, port, direct, other in self.CHOSEN:
            url = f"http://{host}:{port}/"
            with self.subTest(entries=entries, host=host):
                self.assertEqual(self.ours(entries, url), direct)
                self.assertEqual(getattr(self, other)(entries, url), direct)


if __name__ == "__main__":
    strangers.own_network()  # what does not go to the proxy goes nowhere
    unittest.main()
