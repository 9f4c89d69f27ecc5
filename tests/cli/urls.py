#!/usr/bin/env python3
"""Odd URLs. Each is either refused with one sentence, or leads to the host that it names and to no other: an HTTP
proxy is asked for it and says what it was asked for, so nothing leaves this machine."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import Case, listener, run  # noqa: E402

REFUSED = [
    "example.com", "//example.com/", "/path", "http:", "http:/", "http://", "http:///path", "http:example.com",
    "https://?q", "https://#f", "https://:443/", "ftp://example.com/", "file:///etc/passwd", "javascript:alert(1)",
    "unix:///tmp/socket", "data:text/plain,x", "https//example.com", "ht tp://example.com/", " https://example.com/",
    "https://example.com\\@evil.example/", "https:\\\\example.com\\", "https://exam ple.com/",
    "https://example.com:0/", "https://example.com:65536/", "https://example.com:99999999999/",
    "https://example.com:abc/", "https://example.com:-1/", "https://example.com:+443/", "https://example.com: 443/",
    "https://example.com:443:443/", "https://a@b@example.com/", "https://exam%2fple.com/", "https://exam%2Fple.com/",
    "https://example.com%00.evil.example/", "https://example%2ecom%3a1/",
    "https://[::1/", "https://::1/", "https://[::1]x/", "https://[1.2.3.4]/", "https://[]/", "https://[:::1]/",
    "https://[fe80::1%25]/", "https://0300.0250.1/", "https://0x7f000001/",
    "https://017700000001/", "https://2130706433/", "https://127.1/", "https://127.0.0.1.5/", "https://256.0.0.1/",
    "https://1.2.3/", "https://0x7f.1/", "https://a..b/", "https://.example.com/",
    "https://exa\tmple.com/", "https://example.com/\r\nX: y", "https://example.com/\x01",
    "https://" + "a" * 64 + ".com/", "https://" + "a." * 130 + "com/", "https://example.com/" + "a" * 70000,
    "http://\uff45xample.com/", "http://example\u3002com/", "https://127\uff0e0.0.1/", "https://exam<ple.com/", "https://exam\"ple.com/", "https://*.example.com/", "https://user:pa\nss@example.com/",
    "https://\u2f10.\u00a0com/", "https://\u202eexample.com/",
]
# URL, and the host and port that the proxy must be asked for.
LEADS_TO = [
    ("http://example.com/", "example.com", 80),
    ("HTTP://EXAMPLE.COM/", "example.com", 80),
    ("http://example.com:8080/", "example.com", 8080),
    ("http://example.com:080/", "example.com", 80),
    ("http://example.com:/", "example.com", 80),
    ("http://example.com?x", "example.com", 80),
    ("http://example.com#@evil.example/", "example.com", 80),
    ("http://example.com/@evil.example/", "example.com", 80),
    ("http://example.com?@evil.example/", "example.com", 80),
    ("http://user@example.com/", "example.com", 80),
    ("http://user:p%40ss@example.com/", "example.com", 80),
    ("http://evil.example%40@example.com/", "example.com", 80),
    ("http://example.com./", "example.com.", 80),
    ("http://192.0.2.7/", "192.0.2.7", 80),
    ("http://[2001:db8::1]/", "[2001:db8::1]", 80),
    ("http://[2001:DB8:0:0:0:0:0:1]:81/", "[2001:db8::1]", 81),
    ("http://b\u00fccher.example/", "xn--bcher-kva.example", 80),
    ("http://xn--bcher-kva.example/", "xn--bcher-kva.example", 80),
    ("http://example.com%2f@host.example/", "host.example", 80),
    ("http://[2001:db8::1]:/x:y:z@", "[2001:db8::1]", 80),
]


class Urls(Case):
    def test_refused(self):
        for url in REFUSED:
            for command in ("get", "policy explain"):
                with self.subTest(url=url[:60], command=command):
                    result = run(*command.split(), url)
                    self.assertEqual(result.code, 2, f"{url[:60]!r}\n{result}")
                    self.assertEqual(result.out, "")
                    self.assertRegex(result.err, r"^anycert: [^\n]*[^.\n]\n$")
                    self.assertNotRegex(result.err[:-1], r"[\x00-\x1f\x7f\u202e]")

    def test_leads_where_it_says(self):
        asked = []

        def proxy(connection):
            asked.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            connection.close()
        with listener(proxy) as port:
            for url, host, to in LEADS_TO:
                with self.subTest(url=url):
                    asked.clear()
                    self.anycert("get", "-x", f"http://127.0.0.1:{port}", url)
                    target = asked[0].split(b" ")[1].decode()
                    authority = target.split("/")[2].split("?")[0]
                    self.assertIn(authority, (host, f"{host}:{to}") if to == 80 else (f"{host}:{to}",))
                    self.assertNotIn(b"p@ss", asked[0])
                    hosts = [line for line in asked[0].split(b"\r\n") if line.lower().startswith(b"host:")]
                    self.assertEqual(hosts, [b"Host: " + authority.encode()])

    def test_secrets_of_urls_are_not_shown(self):
        for url in ("https://me:s3cret@exam ple.com/", "https://me:s3cret@", "https://me:s3cret@example.com:99999/",
                    "ftp://me:s3cret@example.com/", "https://me:s3cret@a@b/", "https://me:s3cret@[::1/"):
            result = run("get", url)
            self.assertEqual(result.code, 2)
            self.assertNotIn("s3cret", result.err, url)


if __name__ == "__main__":
    unittest.main()
