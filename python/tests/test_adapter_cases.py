"""AnycertAdapter does for a requests.Session what requests' own adapter does. docs/requests-adapter.md lists the cases
of requests' own suite; here is the behaviour that they are about."""
import hashlib
import io
import os
import pickle
import unittest
from unittest import mock

import requests
from requests import exceptions
from requests.auth import HTTPDigestAuth

from anycert.requests_adapter import AnycertAdapter
from common.server import Answer, Server, answer_json, certificate, closed_port, full_backlog, raw


def redirect(status, location, *headers):
    return Answer(status, [("Location", location), *headers], b"")


class Cases(unittest.TestCase):
    server = secure = None

    @classmethod
    def setUpClass(cls):
        cls.server, cls.secure = Server(), Server(tls=certificate())
        for server in (cls.server, cls.secure):
            server.__enter__()  # pylint: disable=unnecessary-dunder-call
            cls.addClassCleanup(server.__exit__, None, None, None)

    def setUp(self):
        self.server.reset()
        self.secure.reset()
        self.session = requests.Session()
        self.session.trust_env = False
        for prefix in ("https://", "http://"):
            self.session.mount(prefix, AnycertAdapter())
        self.addCleanup(self.session.close)

    def url(self, path="/"):
        return self.server.url + path

    def targets(self):
        return [(request.method, request.target) for request in self.server.seen]


class Sending(Cases):
    def test_methods_and_urls(self):
        for method in ("GET", "HEAD", "PUT", "DELETE", b"GET", "FOO"):
            self.assertEqual(self.session.request(method, self.url("/x")).status_code, 200)
        self.assertEqual(self.targets()[-3:], [("DELETE", "/x"), ("GET", "/x"), ("FOO", "/x")])
        self.session.get(self.url("/a?b=c#part"), params={"d": ["1", "2"], "ü": "ß"})
        self.assertEqual(self.server.last.target, "/a?b=c&d=1&d=2&%C3%BC=%C3%9F")
        self.session.get(self.url("/mixed").replace("http", "HtTp", 1).encode())
        self.assertEqual(self.server.last.target, "/mixed")

    def test_header_fields(self):
        self.session.headers["X-Session"] = "s"
        self.session.get(self.url(), headers={"x-session": "own", "X-Bytes": b"b", "Accept": None,
                                              "Proxy-Authorization": "Bearer x"})
        last = self.server.last
        self.assertEqual([last.value(name) for name in ("x-session", "x-bytes", "accept", "proxy-authorization")],
                         ["own", "b", None, "Bearer x"])
        self.assertTrue(last.value("user-agent").startswith("python-requests/"))
        for value in (5, "a\r\nB: c", "a\nb"):
            self.assertRaises(exceptions.InvalidHeader, self.session.get, self.url(), headers={"X": value})

    def test_chunked_bodies_have_one_host_field(self):
        for headers, host in ((None, self.server.host), ({"Host": "other.test"}, "other.test")):
            self.session.post(self.url(), data=iter([b"a", b"bc"]), headers=headers)
            last = self.server.last
            self.assertEqual((last.body, last.value("host"), last.value("transfer-encoding"),
                              last.value("content-length")), (b"abc", host, "chunked", None))

    def test_bodies(self):
        rows = [({"data": {"a": "1 2", "b": "ü"}}, b"a=1+2&b=%C3%BC", "application/x-www-form-urlencoded"),
                ({"data": "ÿ".encode()}, b"\xc3\xbf", None), ({"json": {"a": 1}}, None, "application/json"),
                ({"data": b"x", "headers": {"Content-Type": "text/x"}}, b"x", "text/x")]
        for kwargs, body, kind in rows:
            response = self.session.post(self.url(), **kwargs)
            self.assertEqual(self.server.last.value("content-type"), kind)
            self.assertEqual(self.server.last.body, response.request.body if body is None else body)

    def test_files(self):
        self.session.post(self.url(), data={"k": "ü"}, files={"f": ("n.txt", io.BytesIO(b"data"), "text/x", {"X-A": "b"})})
        (_, field), (head, content) = self.server.last.parts()
        self.assertEqual((field.decode(), content, head["content-type"], head["x-a"]), ("ü", b"data", "text/x", "b"))
        for wrong in (["bad"], "text"):
            self.assertRaises(ValueError, self.session.post, self.url(), files=wrong)

    def test_file_objects_of_their_own_kind(self):
        class Stream:
            """No iterator, and seek() gives nothing back."""

            def __init__(self, data, at):
                self.data, self.at = data, at

            def __len__(self):
                return len(self.data)

            def read(self, size=None):
                piece = self.data[self.at:][:size]
                self.at += len(piece)
                return piece

            def tell(self):
                return self.at

            def seek(self, offset, whence=0):
                self.at = offset + (0, self.at, len(self.data))[whence]
        self.session.post(self.url(), data=Stream(b"test", 2))
        self.assertEqual((self.server.last.body, self.server.last.value("content-length")), (b"st", "2"))

        class Wrapped:
            def __init__(self):
                self.file = io.BytesIO(b"data")

            def __getattr__(self, name):
                return getattr(self.file, name)
        self.server.answers["/x"] = redirect(307, "/y")
        self.session.post(self.url("/x"), data=Wrapped())
        self.assertEqual([request.body for request in self.server.seen[-2:]], [b"data", b"data"])

    def test_prepared_requests_and_pickles(self):
        request = requests.Request("POST", self.url("/p"), data={"a": "b"}, headers={"X-A": "1"},
                                   hooks={"response": lambda r, **_: setattr(r, "hooked", True)})
        prepared = self.session.prepare_request(request)
        self.assertTrue(self.session.send(prepared).hooked)
        prepared.hooks = {"response": []}
        again = pickle.loads(pickle.dumps(prepared))
        response = self.session.send(again)
        self.assertEqual(self.server.last.value("x-a"), "1")
        copy = pickle.loads(pickle.dumps(response))
        self.assertEqual((copy.content, copy.request.url, copy.status_code), (b"ok", self.url("/p"), 200))
        other = pickle.loads(pickle.dumps(self.session))
        self.addCleanup(other.close)
        self.assertEqual(other.send(again).status_code, 200)

    def test_hooks_get_the_arguments(self):
        seen = []
        self.session.get(self.url(), timeout=9, hooks={"response": lambda response, **kwargs: seen.append(kwargs)})
        self.assertEqual(len(seen), 1)
        self.assertEqual((seen[0]["timeout"], seen[0]["stream"], seen[0]["verify"]), (9, False, True))


class Redirects(Cases):
    def test_methods_and_bodies(self):
        for status, kept in ((301, False), (302, False), (303, False), (307, True), (308, True)):
            self.server.answers["/x"] = redirect(status, "/y")
            response = self.session.post(self.url("/x"), data=io.BytesIO(b"body"), headers={"Content-Type": "text/x"})
            last = self.server.last
            self.assertEqual((last.method, last.body, last.value("content-type")),
                             ("POST", b"body", "text/x") if kept else ("GET", b"", None), status)
            self.assertEqual([hop.status_code for hop in response.history], [status])
            self.assertEqual(self.session.head(self.url("/x"), allow_redirects=True).request.method, "HEAD")
            self.assertEqual(self.session.get(self.url("/x"), allow_redirects=False).status_code, status)
        self.server.answers["/x"] = redirect(302, "/y")
        self.session.post(self.url("/x"), data=iter([b"a"]))
        self.assertIsNone(self.server.last.value("transfer-encoding"))

    def test_history_and_too_many(self):
        self.server.answers.update({f"/{n}": redirect(302, f"/{n - 1}") for n in range(1, 6)})
        response = self.session.get(self.url("/5"), headers={"X-A": "b"})
        self.assertEqual([hop.url for hop in response.history], [self.url(f"/{n}") for n in range(5, 0, -1)])
        for n, hop in enumerate(response.history):
            self.assertEqual((hop.request.url, hop.request.headers["X-A"]), (self.url(f"/{5 - n}"), "b"))
        self.assertEqual(self.session.get(self.url()).history, [])
        self.server.answers["/x"] = redirect(302, "/x")
        self.session.max_redirects = 5
        with self.assertRaises(exceptions.TooManyRedirects) as raised:
            self.session.get(self.url("/x"), params={"a": "b"})
        self.assertEqual(len(raised.exception.response.history), 5)

    def test_locations(self):
        rows = [("/y#two", "/y", "#two"), ("//" + self.server.host + "/z", "/z", "#one"),
                ("y?a=b", "/y?a=b", "#one"), (self.url("/U").replace("http", "HTTP"), "/U", "#one")]
        for location, target, fragment in rows:
            self.server.answers["/x"] = redirect(302, location)
            response = self.session.get(self.url("/x#one"))
            self.assertEqual(self.server.last.target, target)
            self.assertTrue(response.url.endswith(fragment), response.url)
        self.server.answers["/x"] = raw("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: /š\r\n\r\n".encode())
        self.session.get(self.url("/x"))
        self.assertEqual(self.server.last.target, "/%C5%A1")
        for location, kind in (("http://:1", exceptions.InvalidURL), ("ftp://a.test/", exceptions.InvalidSchema)):
            self.server.answers["/x"] = redirect(302, location)
            self.assertRaises(kind, self.session.get, self.url("/x"))

    def test_credentials(self):
        self.secure.answers["/x"] = redirect(302, self.url("/y"))
        self.session.get(self.secure.url + "/x", auth=("u", "p"), verify=False)
        self.assertEqual([bool(server.last.value("authorization")) for server in (self.secure, self.server)],
                         [True, False])
        self.server.answers["/x"] = redirect(302, "/y")
        self.session.get(self.url("/x"), auth=("u", "p"))
        self.assertEqual(self.server.last.value("authorization"), "Basic dTpw")

    def test_a_body_that_is_wrong_or_read_in_part(self):
        self.server.answers["/x"] = Answer(302, [("Location", "/y"), ("Content-Encoding", "gzip")], b"")
        self.assertEqual(self.session.get(self.url("/x")).text, "ok")
        self.server.answers.update({"/x": redirect(302, "/z"), "/z": Answer(302, [("Location", "/y")], b"a long body")})
        response = self.session.get(self.url("/x"), stream=True, allow_redirects=False)
        others = self.session.resolve_redirects(response, response.request, stream=True)
        self.assertEqual(next(next(others).iter_content(3)), b"a l")
        self.assertEqual([other.text for other in others], ["ok"])


class CookiesAndAuth(Cases):
    def test_cookies(self):
        self.server.answers.update({
            "/set": redirect(301, "/on", ("Set-Cookie", 'a="1:2"; Path=/')),
            "/end": Answer(headers=[("Set-Cookie", "a=x; Path=/; Max-Age=0")])})
        self.session.get(self.url("/set"))
        self.assertEqual((self.session.cookies["a"], self.server.last.value("cookie")), ('"1:2"', 'a="1:2"'))
        self.session.get(self.url(), cookies={"b": "2"})
        self.assertEqual(sorted(self.server.last.value("cookie").split("; ")), ['a="1:2"', "b=2"])
        self.session.get(self.url("/end"))
        self.assertEqual(list(self.session.cookies), [])
        self.session.cookies.set("c", "session")
        self.session.get(self.url(), cookies=requests.cookies.cookiejar_from_dict({"c": "call"}))
        self.assertEqual(self.server.last.value("cookie"), "c=call")
        self.assertEqual(self.session.cookies["c"], "session")

    def test_basic(self):
        self.session.get(self.url(), auth=("u", "p"))
        self.assertEqual(self.server.last.value("authorization"), "Basic dTpw")
        self.session.get(self.url().replace("//", "//me:pw@"))
        self.assertEqual(self.server.last.value("authorization"), "Basic bWU6cHc=")

    def test_the_url_counts_least(self):
        """Also for what requests has found in ~/.netrc."""
        self.session.get(self.url().replace("//", "//other:@"), auth=("me", "pw"))
        self.assertEqual(self.server.last.value("authorization"), "Basic bWU6cHc=")

    def test_digest(self):
        challenge = ("WWW-Authenticate", 'Digest nonce="1", opaque="2", realm="r", qop="auth"')

        def answer(request):
            text = request.value("authorization")
            if not text:
                return Answer(401, [challenge, ("Set-Cookie", "fake=1; Path=/")])
            fields = dict(part.strip().split("=", 1) for part in text.partition(" ")[2].split(", "))
            fields = {name: value.strip('"') for name, value in fields.items()}
            one, two = (hashlib.md5(part.encode()).hexdigest() for part in ("u:r:p", "GET:/d"))
            right = ":".join([one, "1", fields["nc"], fields["cnonce"], "auth", two])
            ok = fields["response"] == hashlib.md5(right.encode()).hexdigest()
            return Answer(200) if ok else Answer(401, [challenge])
        self.server.answers["/d"] = answer
        for stream in (False, True):
            response = self.session.get(self.url("/d"), auth=HTTPDigestAuth("u", "p"), stream=stream)
            self.assertEqual((response.status_code, response.text), (200, "ok"))
        self.assertEqual(self.session.cookies["fake"], "1")
        before = len(self.server.seen)
        self.assertEqual(self.session.get(self.url("/d"), auth=HTTPDigestAuth("u", "bad")).status_code, 401)
        self.assertEqual(len(self.server.seen) - before, 2)  # it does not try for ever
        self.server.answers["/d"] = Answer(200, [challenge])
        before = len(self.server.seen)
        self.session.get(self.url("/d"), auth=HTTPDigestAuth("u", "p"))
        self.assertEqual(len(self.server.seen) - before, 1)  # a challenge is a 401


class Answers(Cases):
    def test_status_text_and_json(self):
        self.server.answers.update({"/404": Answer(404), "/j": answer_json({"a": "ü"})})
        response = self.session.get(self.url("/404"))
        self.assertFalse(response.ok)
        self.assertRaises(exceptions.HTTPError, response.raise_for_status)
        self.assertTrue(self.session.get(self.url()).ok)
        self.assertEqual(self.session.get(self.url("/j")).json(), {"a": "ü"})
        self.assertGreater(response.elapsed.total_seconds(), 0)
        self.assertRaises(exceptions.JSONDecodeError, self.session.get(self.url()).json)
        for coding in ("utf-16", "utf-32", "utf-8-sig"):
            self.server.answers["/j"] = Answer(200, [], '{"é": 1}'.encode(coding))
            self.assertEqual(self.session.get(self.url("/j")).json(), {"é": 1})

    def test_streams(self):
        self.server.answers["/l"] = Answer(200, [], b"one\ntwo\nthree")
        with self.session.get(self.url("/l"), stream=True) as response:
            lines = response.iter_lines()
            self.assertEqual((next(lines), list(lines)), (b"one", [b"two", b"three"]))
        self.assertTrue(response.raw.closed)
        with self.session.get(self.url("/l"), stream=True) as response:
            self.assertFalse(response.raw.closed)
        self.assertTrue(response.raw.closed)
        self.assertFalse(response._content_consumed)

    def test_broken_answers(self):
        rows = [(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", exceptions.InvalidHeader),
                (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", exceptions.ChunkedEncodingError)]
        for data, kind in rows:
            self.server.answers["/b"] = raw(data)
            self.assertRaises(kind, self.session.get, self.url("/b"))


class Failures(Cases):
    def test_urls(self):
        rows = [("no-scheme", exceptions.MissingSchema), ("http://", exceptions.InvalidURL),
                ("ftp://a.test/", exceptions.InvalidSchema), ("http://*a.test", exceptions.InvalidURL),
                (f"http://127.0.0.1:{closed_port()}", exceptions.ConnectionError),
                ("http://nowhere.invalid", exceptions.ConnectionError)]
        for url, kind in rows:
            self.assertRaises(kind, self.session.get, url, timeout=30)

    def test_proxies(self):
        refusing = f"http://127.0.0.1:{closed_port()}"
        self.assertRaises(exceptions.ProxyError, self.session.get, self.url(), proxies={"http": refusing})
        self.assertRaises(exceptions.ProxyError, self.session.get, self.url(), proxies={"http": "nowhere.invalid"})
        for proxy in ("http:/x.test:3128", "http://:8080", "http:///x.test:8080"):
            self.assertRaises(exceptions.InvalidProxyURL, self.session.get, self.url(), proxies={"http": proxy})
        self.session.trust_env = True
        with mock.patch.dict(os.environ, {"http_proxy": refusing, "no_proxy": ""}):
            self.assertRaises(exceptions.ProxyError, self.session.get, self.url())
            self.assertRaises(exceptions.ProxyError, self.session.send,
                              self.session.prepare_request(requests.Request("GET", self.url())))
        self.session.get("http://far.test/path", proxies={"http": self.server.url})
        self.assertEqual((self.server.last.target, self.server.last.value("host")),
                         ("http://far.test/path", "far.test"))

    def test_timeouts(self):
        from urllib3.util import Timeout
        for timeout in (None, (None, None), Timeout(connect=None, read=None), Timeout(total=60), Timeout(connect=60)):
            self.assertEqual(self.session.get(self.url(), timeout=timeout).status_code, 200)
        self.server.answers["/s"] = "stall"
        for timeout in ((None, 0.1), Timeout(connect=None, read=0.1)):
            with self.assertRaises(exceptions.ReadTimeout) as raised:
                self.session.get(self.url("/s"), timeout=timeout)
            self.assertIn("Read timed out", raised.exception.args[0].args[0])
        with full_backlog() as port:
            for timeout in ((0.1, None), Timeout(connect=0.1, read=None), (0.1, 0.1), Timeout(total=0.1)):
                with self.assertRaises(exceptions.ConnectTimeout) as raised:
                    self.session.get(f"http://127.0.0.1:{port}", timeout=timeout)
                self.assertIsInstance(raised.exception, exceptions.ConnectionError)
        for timeout, text in (((3, 4, 5), "connect, read"), ("foo", "must be an int, float or None")):
            self.assertRaisesRegex(ValueError, text, self.session.get, self.url(), timeout=timeout)

    def test_certificates(self):
        self.assertRaises(exceptions.SSLError, self.session.get, self.secure.url)
        self.assertEqual(self.session.get(self.secure.url, verify=certificate()[0]).status_code, 200)
        self.assertEqual(self.session.get(self.secure.url, verify=False).status_code, 200)
        # What has been let through once does not count for who verifies.
        self.assertRaises(exceptions.SSLError, self.session.get, self.secure.url)
        for kwargs, text in (({"verify": "/nosuch"}, "a suitable TLS CA certificate bundle"),
                             ({"cert": "/nosuch"}, "the TLS certificate file"),
                             ({"cert": (".", "/nosuch")}, "the TLS key file")):
            with self.assertRaisesRegex(OSError, f"^Could not find {text}, invalid path: /nosuch$"):
                self.session.get(self.secure.url, **kwargs)
        self.assertEqual(self.session.get(self.url(), cert=".").status_code, 200)  # nobody asks for it


if __name__ == "__main__":
    unittest.main()
