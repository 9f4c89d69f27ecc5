#!/usr/bin/env python3
"""A proxy whose URL says another kind than it is, told as such: squid, tinyproxy, HAProxy and microsocks, and what is no
proxy; and what it is asked for that."""
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
import strangers  # noqa: E402
from acceptor import Acceptor  # noqa: E402
from served_case import ServedCase  # noqa: E402

SOCKS = ("socks4", "socks4a", "socks5", "socks5h")


def squid():
    folder = pathlib.Path("squid").resolve()
    folder.mkdir()
    folder.chmod(0o777)
    folder.parent.chmod(0o755)

    def command(port):
        (folder / "squid.conf").write_text(
            f"http_port 127.0.0.1:{port}\nhttp_access allow all\ncache deny all\naccess_log none\npid_filename {folder}/pid\n"
            f"cache_log {folder}/cache.log\ncoredump_dir {folder}\nshutdown_lifetime 0 seconds\npinger_enable off\n"
            "netdb_filename none\nvisible_hostname squid.test\n", encoding="ascii")
        # Its shared memory has the name of the service: no other Squid's.
        return [strangers.tool("squid"), "-N", "-n", f"anycert{os.getpid()}p{port}", "-f", str(folder / "squid.conf")]
    return strangers.Stranger("squid", command)


def tinyproxy():
    def command(port):
        pathlib.Path("tinyproxy.conf").write_text(f"Port {port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 20\n", "ascii")
        return [strangers.tool("tinyproxy"), "-d", "-c", "tinyproxy.conf"]
    return strangers.Stranger("tinyproxy", command)


def haproxy(behind):
    def command(port):
        pathlib.Path("haproxy.cfg").write_text(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\nfrontend it\n"
            f"  bind 127.0.0.1:{port}\n  default_backend proxies\nbackend proxies\n  server one 127.0.0.1:{behind}\n", "ascii")
        return [strangers.tool("haproxy"), "-db", "-f", "haproxy.cfg"]
    return strangers.Stranger("haproxy", command)


def microsocks(name, *options):
    return strangers.Stranger(name, lambda port: [strangers.tool("microsocks"), "-i", "127.0.0.1", "-p", str(port), *options])


class Recorder(Acceptor):
    """Answers everything with the same bytes, and keeps what each connection has said first."""

    def __init__(self, answer):
        self.heard, self.answer = [], answer
        super().__init__(self.record)

    def record(self, connection, _):
        self.heard.append(connection.recv(4096))
        connection.sendall(self.answer)


class Kinds(ServedCase):
    @classmethod
    def start(cls):
        authority.make("root", "/CN=The Root", ca=True)
        authority.make("good", "/CN=localhost", issuer="root", kind="RSA")
        yield strangers.serve("origin", "good")
        yield squid()
        tiny = tinyproxy()
        yield tiny
        yield haproxy(tiny.port)
        yield microsocks("microsocks")
        yield microsocks("microsocks-password", "-u", "me", "-P", "secret")
        yield strangers.nginx("nginx", "listen PORT; location / { return 200 hello; }")

    def examine(self, url, code=12):
        way = ("doctor", "--format", "json", "--cacert", "root.pem")
        target = f"localhost:{self.servers['origin'].port}"
        found = json.loads(self.anycert(*way, "--timeout", "3", "-x", url, "--save", "it.json", target, code=code).out)
        again = json.loads(self.anycert("doctor", "--format", "json", "--replay", "it.json", code=code).out)
        self.assertEqual({**again, "elapsed_ms": 0}, {**found, "elapsed_ms": 0})
        return found

    def check(self, url, cause, scheme, said):
        found = self.examine(url)
        self.assertEqual([one["id"] for one in found["causes"]], [cause], found["causes"])
        self.assertRegex(found["causes"][0]["evidence"], said)
        self.assertEqual((found["verdict"], found["causes"][0]["side"]), ("fixable", "local"))
        place = url.rpartition("/")[2]
        self.assertEqual([remedy["lines"].split(" https://localhost:")[0] for remedy in found["remedies"]],
                         [f"anycert get --cacert root.pem -x {scheme}://{place}"])
        # As it says, it works.
        self.assertEqual(self.examine(f"{scheme}://{place}", code=0)["causes"], [])

    def test_an_http_proxy_that_is_given_as_socks(self):
        for name in ("squid", "tinyproxy", "haproxy"):
            for scheme in SOCKS:
                with self.subTest(name, scheme=scheme):
                    self.check(f"{scheme}://127.0.0.1:{self.servers[name].port}", "proxy-is-http", "http",
                               "; asked by CONNECT, it makes the tunnel$")

    def test_a_socks_proxy_that_is_given_as_another(self):
        for scheme, said in (("http", "; asked in SOCKS 5, it makes the tunnel$"),
                             ("socks4", "; asked in SOCKS 5, it makes the tunnel$"),
                             ("https", "; greeted in SOCKS 5, it answers in SOCKS 5$")):
            with self.subTest(scheme):
                self.check(f"{scheme}://127.0.0.1:{self.servers['microsocks'].port}", "proxy-is-socks", "socks5h", said)
            with self.subTest(scheme, password=True):
                found = self.examine(f"{scheme}://127.0.0.1:{self.servers['microsocks-password'].port}")
                self.assertEqual([one["id"] for one in found["causes"]], ["proxy-is-socks"])

    def test_an_http_proxy_that_is_given_as_https(self):
        for name in ("squid", "tinyproxy", "haproxy"):
            with self.subTest(name):
                found = self.examine(f"https://127.0.0.1:{self.servers[name].port}")
                self.assertEqual([one["id"] for one in found["causes"]], ["proxy-is-plain"])

    def test_what_is_no_proxy(self):
        for scheme in ("http", *SOCKS):
            with self.subTest(scheme):
                found = self.examine(f"{scheme}://127.0.0.1:{self.servers['nginx'].port}")
                self.assertEqual([one["id"] for one in found["causes"]], ["proxy-is-none"])
                self.assertEqual(any("SOCKS" in remedy["text"] for remedy in found["remedies"]), scheme == "http")
        mail = Recorder(b"220 mail.example ESMTP\r\n")
        try:
            found = self.examine(f"https://127.0.0.1:{mail.port}")
        finally:
            mail.stop()
        self.assertEqual([one["id"] for one in found["causes"]], ["proxy-is-none"])
        self.assertIn("does not answer in TLS, nor in HTTP", found["causes"][0]["evidence"])

    def test_what_it_is_asked(self):
        """No credentials; and nothing of the server in plain text, where the proxy is meant to be asked within TLS."""
        target = f"localhost:{self.servers['origin'].port}"
        for scheme, answer, heard in (
                ("socks5h", b"HTTP/1.1 407 No\r\n\r\n",
                 [b"\x05\x01\0", f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()]),
                ("http", b"\x05\xff", [f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode(), b"\x05\x01\0"]),
                ("https", b"\x05\xff", [None, b"\x05\x01\0"])):
            with self.subTest(scheme):
                server = Recorder(answer)
                try:
                    found = self.examine(f"{scheme}://me:secret@127.0.0.1:{server.port}")
                finally:
                    server.stop()
                self.assertEqual([one["id"] for one in found["causes"]],
                                 ["proxy-is-http" if scheme == "socks5h" else "proxy-is-socks"])
                self.assertEqual(len(server.heard), len(heard), server.heard)
                for there, wanted in zip(server.heard, heard):
                    self.assertIn(wanted, (None, there))


if __name__ == "__main__":
    unittest.main()
