"""What code does with the session of a client, and with its answers, as with those of requests. Each test holds for the
original, too."""
import copy
import csv
import io
import pickle
import types

from common.case import Case, request
from common.server import CLOSE, OK, Answer, Server, certificate, closed_port
from common.subject import STANDIN, exceptions, sleeps, xsoar

if STANDIN:
    from requests import PreparedRequest, Request, Response
else:
    from anycert import PreparedRequest, Request, Response



class Sessions(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server())

    def setUp(self):
        super().setUp()
        self.server.reset(otherwise=OK)
        self.url = self.server.url + "/x"
        self.session = xsoar.BaseClient(self.server.url)._session

    def sent(self, method="GET", **kwargs):
        self.session.request(method, self.url, **kwargs)
        return self.server.last


class Settings(Sessions):
    def test_headers_that_were_taken_out(self):
        del self.session.headers["Accept"]
        self.assertEqual((self.sent().value("accept"), self.sent().value("accept-encoding")), (None, "gzip, deflate"))
        self.assertEqual(self.sent(headers={"Accept-Encoding": None}).value("accept-encoding"), "identity")
        self.session.headers = {"X-Mine": "a"}
        sent = self.sent()
        self.assertEqual((sent.value("x-mine"), sent.value("accept"), sent.value("accept-encoding")), ("a", None, "identity"))

    def test_params(self):
        self.session.params = {"a": "1", "b": "2"}
        self.assertEqual(self.sent(params={"b": None, "c": "3"}).target, "/x?a=1&c=3")
        self.assertEqual(self.sent(params=[("c", "3")]).target, "/x?c=3")
        self.assertEqual(self.sent(params="c=3").target, "/x?c=3")
        self.session.params = [("a", "1")]
        self.assertEqual(self.sent(params={"b": "2"}).target, "/x?b=2")

    def test_no_redirect_at_all(self):
        self.server.otherwise = Answer(302, [("Location", "/y")], b"")
        self.session.max_redirects = 0
        self.raises(exceptions.TooManyRedirects, self.session.get, self.url, says="Exceeded 0 redirects.")
        if not STANDIN:  # which raises even then
            self.assertEqual(self.session.get(self.url, allow_redirects=False).status_code, 302)

    def test_addresses_that_are_none(self):
        for url, kind in (("http:/x", exceptions.InvalidURL), ("HTTPS:x", exceptions.InvalidURL), ("mailto:a@b", exceptions.InvalidSchema),
                          ("localhost:8080/x", exceptions.InvalidSchema), ("httpx", exceptions.MissingSchema), ("//a/b", exceptions.MissingSchema)):
            with self.subTest(url):
                self.raises(kind, self.session.get, url)

    def test_adapters_that_were_taken_away(self):
        del self.session.adapters["http://"]
        self.raises(exceptions.InvalidSchema, self.session.get, self.url, says=f"No connection adapters were found for {self.url!r}")
        self.assertEqual(self.server.seen, [])

    def test_bodies_that_are_text(self):
        sent = self.sent("POST", data=io.StringIO("text"))
        self.assertEqual((sent.body, sent.framing()), (b"text", "4"))

    def test_a_form_that_is_called_something_else(self):
        """Nobody can tell its parts then, but some servers do not look."""
        for kind in ("application/json", b"a/b"):
            sent = self.sent("POST", files={"f": ("n", b"content")}, data={"a": "b"}, headers={"Content-Type": kind})
            self.assertEqual(sent.value("content-type"), kind if isinstance(kind, str) else kind.decode("ascii"))
            self.assertRegex(sent.body, b'(?s)^--[0-9a-f]+\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--.*content\r\n--')

    def test_text_with_a_byte_order_mark(self):
        for encoding in ("utf-8-sig", "utf-16"):
            self.server.otherwise = Answer(200, [], "h\u00e9".encode(encoding))
            self.assertEqual(self.session.get(self.url).text, "h\u00e9")

    def test_cookies(self):
        self.server.answers["/x"] = Answer(200, [("Set-Cookie", "sid=1; Path=/; HttpOnly"), ("Set-Cookie", "far=1; Path=/far")], b"")
        self.session.get(self.url)
        jar = self.session.cookies
        jar.set("mine", "a", domain="other.example", path="/p")
        self.assertEqual((sorted(jar.list_paths()), "other.example" in jar.list_domains(), jar.multiple_domains()),
                         (["/", "/far", "/p"], True, True))
        cookie, = [cookie for cookie in jar if cookie.name == "sid"]
        self.assertEqual((cookie.discard, cookie.is_expired(), cookie.has_nonstandard_attr("HttpOnly"), cookie.version,
                          cookie.port), (True, False, True, 0, None))
        jar.clear_expired_cookies()
        self.assertEqual(len(jar), 3)
        jar.clear_session_cookies()
        self.assertEqual((len(jar), self.sent().value("cookie")), (0, None))


class Derived(Sessions):
    """Classes that are derived from the session's."""

    def test_send(self):
        class Signing(type(self.session)):
            def send(self, request, **kwargs):
                request.headers["X-Signed"] = f"{request.method} {request.path_url}"
                return super().send(request, **kwargs)

        with Signing() as session:
            response = session.post(self.url, params={"a": "b"}, json={"c": "d"}, timeout=5, auth=("u", "p"))
            self.assertEqual(response.json(), {"status": "ok"})
        sent = self.server.last
        self.assertEqual((sent.value("x-signed"), sent.body, sent.value("authorization")),
                         ("POST /x?a=b", b'{"c": "d"}', "Basic dTpw"))

    def test_prepare_request(self):
        class Preparing(type(self.session)):
            def prepare_request(self, request):
                request.headers["X-Prepared"] = "a"
                return super().prepare_request(request)

        with Preparing() as session:
            session.get(self.url, headers={"X-Own": "b"}, cookies={"c": "d"})
        self.assertEqual([self.server.last.value(name) for name in ("x-prepared", "x-own", "cookie", "accept")],
                         ["a", "b", "c=d", "*/*"])

    def test_request(self):
        class Joined(type(self.session)):
            def request(self, method, url, *args, **kwargs):
                return super().request(method, self.base + url, *args, **kwargs)

        with Joined() as session:
            session.base = self.server.url
            session.put("/y", b"body")
        self.assertEqual((self.server.last.target, self.server.last.body), ("/y", b"body"))

    def test_pickled(self):
        self.server.answers["/x"] = Answer(200, [("Set-Cookie", "sid=1; Path=/")], b"")
        self.session.get(self.url)
        self.session.cookies.set("mine", "a")
        self.session.headers["X-Mine"] = "b"
        for same in (pickle.loads(pickle.dumps(self.session)), copy.copy(self.session)):
            self.server.reset(otherwise=OK)
            same.get(self.url)
            self.assertEqual((sorted(self.server.last.value("cookie").split("; ")), self.server.last.value("x-mine")),
                             (["mine=a", "sid=1"], "b"))
        jar = pickle.loads(pickle.dumps(self.session.cookies))
        self.assertEqual(sorted(jar.items()), [("mine", "a"), ("sid", "1")])

    def test_cookies_of_the_standard_library(self):
        from requests.cookies import create_cookie
        self.session.cookies.set_cookie(create_cookie("a", "b", domain="127.0.0.1", path="/"))
        self.assertEqual(self.sent().value("cookie"), "a=b")


class Prepared(Sessions):
    def prepare(self, *args, **kwargs):
        return self.session.prepare_request(Request(*args, **kwargs))

    def test_lengths(self):
        rows = (("GET", None, (None, None)), ("HEAD", None, (None, None)), ("POST", None, ("0", None)), ("DELETE", None, ("0", None)),
                ("POST", "h\u00e9", (None, None) if STANDIN else ("3", None)), ("POST", b"ab", ("2", None)),
                ("POST", io.BytesIO(b"abc"), ("3", None)), ("POST", iter([b"ab"]), (None, "chunked")), ("POST", {"a": "b"}, ("3", None)))
        for method, data, expected in rows:
            with self.subTest(method=method, data=data):
                headers = self.prepare(method, self.url, data=data).headers
                found = headers.get("Content-Length"), headers.get("Transfer-Encoding")
                if expected != (None, None) or data is None:  # the length of text is another in each version
                    self.assertEqual(found, expected)

    def test_credentials_of_the_address(self):
        prepared = self.prepare("GET", self.url.replace("//", "//u%40x:p%3Aq@"))
        self.assertEqual(prepared.headers["Authorization"], "Basic dUB4OnA6cQ==")

    def test_with_the_settings_of_the_session(self):
        """As requests' own documentation has it."""
        self.session.proxies = {"http": self.server.url}
        prepared = self.prepare("GET", "http://nowhere.invalid/y")
        settings = self.session.merge_environment_settings(prepared.url, {}, None, None, None)
        self.assertEqual(sorted(settings), ["cert", "proxies", "stream", "verify"])
        self.session.send(prepared, **settings)
        self.assertEqual(self.server.last.target, "http://nowhere.invalid/y")

    def test_hooks_of_the_session(self):
        seen = []
        self.session.hooks["response"].append(lambda response, **_: seen.append("session"))
        self.session.send(self.prepare("GET", self.url))
        self.session.send(self.prepare("GET", self.url, hooks={"response": lambda response, **_: seen.append("request")}))
        self.session.get(self.url, hooks={"response": []})
        self.assertEqual(seen, ["session", "request", "session"])

    def test_by_an_adapter_of_ones_own(self):
        from requests.adapters import HTTPAdapter

        class Own(HTTPAdapter):
            def send(self, request, *args, **kwargs):  # pylint: disable=arguments-differ
                request.headers["X-Own"] = "a"
                return super().send(request, *args, **kwargs)

        self.session.mount("http://", Own())
        self.assertEqual(self.sent().value("x-own"), "a")
        for data, body in ((iter([b"ab", b"c"]), b"abc"), (io.BytesIO(b"abc"), b"abc"), ({"a": "b"}, b"a=b"), (None, b"")):
            with self.subTest(data):
                self.assertEqual(self.sent("POST", data=data).body, body)

    def test_by_hand(self):
        prepared = PreparedRequest()
        prepared.prepare(method="POST", url=self.url, data={"a": 1}, headers={"X-A": "b"})
        self.session.send(prepared)
        self.assertEqual((self.server.last.body, self.server.last.value("x-a")), (b"a=1", "b"))

    def test_the_next_one(self):
        self.server.answers["/x"] = Answer(303, [("Location", "y?a=b")], b"")
        response = self.session.post(self.url, data="body", allow_redirects=False)
        self.assertEqual((response.next.method, response.next.url, response.next.body), ("GET", self.server.url + "/y?a=b", None))
        self.assertEqual(self.session.get_redirect_target(response), "y?a=b")
        self.assertEqual(self.session.send(response.next).json(), {"status": "ok"})
        self.assertIsNone(self.session.get(self.server.url + "/z").next)


class Mounted(Sessions):
    """requests' own adapter, as integrations mount it for its retries."""

    def mount(self, max_retries):
        from requests.adapters import HTTPAdapter
        self.session.mount("http://", HTTPAdapter(max_retries=max_retries))

    def test_retries(self):
        from urllib3.util import Retry
        self.mount(Retry(3, backoff_factor=1, status_forcelist=[503]))
        self.server.answers["/x"] = [Answer(503), Answer(503), OK]
        with sleeps() as waited:
            self.assertEqual(self.session.get(self.url).json(), {"status": "ok"})
        self.assertEqual(([round(seconds) for seconds in waited if seconds], len(self.server.seen)), ([2], 3))

    def test_methods(self):
        from urllib3.util import Retry
        self.server.otherwise = Answer(503, body=b"")
        for methods, posts in (({"allowed_methods": ["GET", "POST"]}, 3), ({"allowed_methods": None}, 3), ({}, 1)):
            with self.subTest(methods):
                self.mount(Retry(2, status_forcelist=[503], raise_on_status=False, **methods))
                self.server.reset(otherwise=Answer(503, body=b""))
                self.assertEqual((self.session.post(self.url).status_code, len(self.server.seen)), (503, posts))

    def test_a_status_that_stays(self):
        from urllib3.util import Retry
        self.mount(Retry(total=None, status=1, status_forcelist=[503]))
        self.server.otherwise = Answer(503, body=b"")
        self.raises(exceptions.RetryError, self.session.get, self.url)
        self.assertEqual(len(self.server.seen), 2)

    def test_a_number(self):
        self.mount(2)
        self.server.answers["/x"] = [CLOSE, CLOSE, OK]
        self.assertEqual(self.session.get(self.url).status_code, 200)
        self.mount(0)
        self.raises(exceptions.ConnectionError, self.session.get, f"http://127.0.0.1:{closed_port()}")

    def test_cookies_and_redirects(self):
        self.mount(3)
        self.server.answers["/x"] = Answer(302, [("Location", "/y"), ("Set-Cookie", "a=b; Path=/")], b"")
        response = self.session.get(self.url)
        self.assertEqual((response.status_code, len(response.history), self.server.last.value("cookie"), self.session.cookies["a"]),
                         (200, 1, "a=b", "b"))

    def test_of_a_base_client(self):
        from requests.adapters import HTTPAdapter
        from urllib3.util import Retry
        with Server(tls=certificate(), answers={"/x": [Answer(503), OK]}) as server:
            client = xsoar.BaseClient(server.url, verify=False)
            client._session.mount("https://", HTTPAdapter(max_retries=Retry(1, backoff_factor=0, status_forcelist=[503])))
            self.assertEqual(request(client, "GET", "x"), {"status": "ok"})
            if not STANDIN:
                from anycert import Policy
                answer = client._session.get(server.url, verify=Policy("hardened+self-signed"))
                self.assertEqual(answer.report.policy.partition(" ")[0], "hardened+self-signed")


class Answers(Sessions):
    def raw(self, body=b"a,b\nc,d\nlast"):
        self.server.otherwise = Answer(body=body)
        return self.session.get(self.url, stream=True).raw

    def test_raw_by_lines(self):
        raw = self.raw()
        self.assertEqual((list(raw), list(raw)), ([b"a,b\n", b"c,d\n", b"last"], []))
        raw = self.raw()
        self.assertEqual((raw.readline(), raw.read(2), raw.readline(), raw.read()), (b"a,b\n", b"c,", b"d\n", b"last"))
        self.assertTrue(raw.readable())
        self.assertEqual((raw.version, raw.reason, raw.headers["content-length"]), (11, "OK", "12"))

    def test_raw_headers(self):
        self.server.otherwise = Answer(200, [("Set-Cookie", "a=b"), ("X", "y"), ("set-cookie", "c=d")])
        headers = self.session.get(self.url).raw.headers
        self.assertEqual([headers.getlist(name) for name in ("Set-Cookie", "x", "none")], [["a=b", "c=d"], ["y"], []])
        self.assertEqual((headers["set-cookie"], headers.get("X")), ("a=b, c=d", "y"))

    def test_raw_as_text(self):
        raw = self.raw()
        raw.auto_close = False
        self.assertEqual(list(csv.reader(io.TextIOWrapper(raw, "ascii"))), [["a", "b"], ["c", "d"], ["last"]])

    def test_raw_into_a_buffer(self):
        buffer = bytearray(4)
        raw = self.raw()
        self.assertEqual((raw.readinto(buffer), bytes(buffer)), (4, b"a,b\n"))
        self.assertEqual(io.BufferedReader(raw).read(5), b"c,d\nl")

    def test_answers_by_hand(self):
        response = Response()
        response.status_code, response.raw = 200, io.BytesIO(b'{"a": 1}')
        self.assertEqual((response.json(), response.text, response.content), ({"a": 1}, '{"a": 1}', b'{"a": 1}'))
        response = Response()
        response.raw = io.BytesIO(b"abcdef")
        self.assertEqual(list(response.iter_content(4)), [b"abcd", b"ef"])
        response.raw = types.SimpleNamespace(read=lambda *args: b"", close=lambda: None)
        response.close()


if not STANDIN:
    class Types(Case):
        """What is wrong is said by its name."""

        def test_of_the_base_client(self):
            with Server(otherwise=OK) as server:
                for value in (None, 5, b"x", ["x"]):
                    error = self.raises(TypeError, request, xsoar.BaseClient(value), "GET", "x")
                    self.assertIn("base_url has to be str", str(error))
                client = xsoar.BaseClient(server.url)
                for name, values in {"url_suffix": (5, b"x", ["x"]), "resp_type": (None, 5, b"json"), "ok_codes": (5, "x", True),
                                     "retries": ("x", float("inf"), [1])}.items():
                    for value in values:
                        error = self.raises(TypeError, request, client, "GET", **{name: value})
                        self.assertIn(f"{name} has to be", str(error))
                for value in (None, [5], {"a": 1}):
                    self.assertIn("timeout has to be", str(self.raises(TypeError, xsoar.BaseClient, server.url, timeout=value)))
                for value in (5, [1], True):
                    self.assertIn("trust_store has to be", str(self.raises(TypeError, xsoar.BaseClient, "", trust_store=value)))
