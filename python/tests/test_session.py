"""Session: requests as they go out, and answers as they come back."""
import io
import unittest
import weakref

import anycert
from anycert import exceptions
from labcase import LabCase, python


class Requests(LabCase):
    def test_params(self):
        rows = [
            ({"a": "1 2", "b": [1, 2], "n": None, "ü": "ß/"}, "a=1+2&b=1&b=2&%C3%BC=%C3%9F%2F"),
            ([("a", 1), ("a", True)], "a=1&a=True"),
            ({"a": b"x y"}, "a=x+y"),
            ("a=1 2&b=%20", "a=1%202&b=%20"),
            (b"a=b", "a=b"),
            ({}, ""),
            (None, ""),
        ]
        for params, query in rows:
            self.assertEqual(self.echo(params=params)[0]["query"], query, params)
        self.session.params = {"s": "1"}
        self.assertEqual(self.echo(params={"c": 2})[0]["query"], "s=1&c=2")

    def test_headers(self):
        self.session.headers["X-Session"] = "s"
        _, headers = self.echo(headers={"x-session": "own", "X-Bytes": b"b", "Accept": None,
                                        "Connection": "close", "Content-Length": "99"})
        self.assertEqual(headers["x-session"], "own")
        self.assertEqual(headers["x-bytes"], "b")
        self.assertNotIn("accept", headers)
        self.assertNotIn("connection", headers)
        self.assertNotIn("content-length", headers)
        self.assertEqual(self.echo()[1]["x-session"], "s")
        self.assertEqual(self.echo()[1]["accept"], "*/*")
        for value in (1, object(), "a\r\nB: c"):
            with self.assertRaises(exceptions.InvalidHeader, msg=value):
                self.echo(headers={"X": value})
        self.assertIsInstance(exceptions.InvalidHeader(), ValueError)

    def test_names_of_headers_in_bytes(self):
        self.session.headers[b"X-Session"] = "s"
        self.assertEqual((self.session.headers[b"x-session"], self.session.headers.get("X-Session")), ("s", "s"))
        for auth in (None, lambda request: request):
            _, headers = self.echo(headers={b"X-Bytes": b"b"}, auth=auth)
            self.assertEqual((headers["x-bytes"], headers["x-session"]), ("b", "s"))
        response = self.session.get(self.url("echo"), headers={b"X-Bytes": "b"})
        self.assertEqual(response.request.headers["X-Bytes"], "b")
        self.assertIn("'X-Bytes': 'b'", repr(response.request.headers))
        del self.session.headers[b"X-SESSION"]
        self.assertNotIn(b"x-session", self.session.headers)

    def test_bodies(self):
        form, json = "application/x-www-form-urlencoded", "application/json"
        rows = [
            (dict(data={"a": ["1", "2"], "b": "x y", "c": None, "d": 1}), "a=1&a=2&b=x+y&d=1", form),
            (dict(data=[("k", "v"), ("k", "w")]), "k=v&k=w", form),
            (dict(data="text ü"), "text \u00c3\u00bc", None),
            (dict(data=b"\x01\x02"), "\x01\x02", None),
            (dict(data=bytearray(b"ab")), "ab", None),
            (dict(json={"a": 1, "é": None}), '{"a": 1, "\\u00e9": null}', json),
            (dict(json=[]), "[]", json),
            (dict(json=0), "0", json),
            (dict(data={}, json={"a": 1}), '{"a": 1}', json),
            (dict(data={"d": 1}, json={"a": 1}), "d=1", form),
            (dict(json={}, headers={"content-type": "text/x"}), "{}", "text/x"),
            (dict(data=io.BytesIO(b"a file")), "a file", None),
            (dict(data=(piece for piece in (b"a ", b"", "generator"))), "a generator", None),
            (dict(data=[]), "", None),
        ]
        for kwargs, body, kind in rows:
            answer, headers = self.echo("POST", **kwargs)
            self.assertEqual(answer["body"]["start"], body, kwargs)
            self.assertEqual(headers.get("content-type"), kind, kwargs)
            self.assertNotIn("expect", headers)
        file = io.BytesIO(b"0123456789")
        file.seek(4)
        answer, headers = self.echo("PUT", data=file)
        self.assertEqual((answer["body"]["start"], headers["content-length"]), ("456789", "6"))

    def test_bodies_that_cannot_be(self):
        with self.assertRaises(exceptions.InvalidJSONError):
            self.echo("POST", json=float("nan"))
        with self.assertRaises(TypeError):
            self.echo("POST", json=object())
        with self.assertRaises(TypeError):
            self.echo("POST", data=object())
        with self.assertRaises(TypeError):
            self.echo("POST", data=(number for number in (1, 2)))

        def breaks():
            yield b"a"
            raise KeyError("mine")
        with self.assertRaises(KeyError):
            self.echo("POST", data=breaks())
        self.assertEqual(self.echo()[0]["method"], "GET")  # and nothing is left of it

    def test_files(self):
        answer, headers = self.echo(
            "POST", data={"k": "v", "l": ["1", "2"]},
            files={"f": ("n.txt", b"data", "text/plain"), "g": io.StringIO("text"),
                   "h": ("name", "str")})
        kind, _, boundary = headers["content-type"].partition("; boundary=")
        self.assertEqual(kind, "multipart/form-data")
        parts = answer["body"]["start"].split("--" + boundary)
        self.assertEqual([part.strip() for part in parts], [
            "", 'Content-Disposition: form-data; name="k"\r\n\r\nv',
            'Content-Disposition: form-data; name="l"\r\n\r\n1',
            'Content-Disposition: form-data; name="l"\r\n\r\n2',
            'Content-Disposition: form-data; name="f"; filename="n.txt"\r\n'
            "Content-Type: text/plain\r\n\r\ndata",
            'Content-Disposition: form-data; name="g"; filename="g"\r\n\r\ntext',
            'Content-Disposition: form-data; name="h"; filename="name"\r\n\r\nstr', "--"])
        with self.assertRaises(ValueError):
            self.echo("POST", data="text", files={"f": b"x"})

    def test_what_arguments_cannot_be(self):
        url = self.url("echo")
        rows = [(dict(params=5), "params"), (dict(params={"a": "\0"}), "params"),
                (dict(data=5), "data"), (dict(data={"a": "\0"}), "data"), (dict(headers=5), "headers"),
                (dict(headers=["ab", 3]), "headers"), (dict(files={"f": (1, 2, 3, 4, 5)}), "files"),
                (dict(cert=5), "cert"), (dict(timeout="x"), "Timeout"), (dict(auth=5), "callable"),
                (dict(params=[1]), "params")]
        for kwargs, name in rows:
            with self.assertRaisesRegex((TypeError, ValueError), name, msg=kwargs):
                self.session.post(url, **kwargs)
        with self.assertRaisesRegex(TypeError, "method has to be str"):
            self.session.request(5, url)
        with self.assertRaises(exceptions.MissingSchema):
            self.session.get(None)
        self.assertEqual(self.session.request(b"get", url.encode()).json()["method"], "GET")
        answer, _ = self.echo("POST", data={"a": b"\xff\0"}, files={"f": b"\0\xfe"})
        self.assertIn("\r\n\r\n\xff\0\r\n", answer["body"]["start"])

    def test_requests_own_objects(self):
        """What integrations hand over when they import requests themselves."""
        import requests
        self.assertEqual(self.echo(auth=requests.auth.HTTPBasicAuth("a", "b"))[1]["authorization"],
                         "Basic YTpi")
        jar = requests.cookies.cookiejar_from_dict({"a": "b"})
        self.assertEqual(self.echo(cookies=jar)[1]["cookie"], "a=b")
        prepared = requests.Request("POST", self.url("echo"), data={"a": "b"}).prepare()
        self.assertEqual(self.session.send(prepared).json()["body"]["start"], "a=b")
        ours = self.session.prepare_request(requests.Request(
            "POST", self.url("echo"), json={"a": 1}, params={"q": 1}))
        answer = self.session.send(ours).json()
        self.assertEqual((answer["query"], answer["body"]["start"]), ("q=1", '{"a": 1}'))

        class Foreign(requests.adapters.BaseAdapter):
            def send(self, request, **kwargs):
                response = requests.Response()
                response.status_code, response._content = 299, request.url.encode()
                return response

            def close(self):
                pass
        self.session.mount("https://foreign.example", Foreign())
        self.assertEqual(self.session.get("https://foreign.example/x").text,
                         "https://foreign.example/x")
        self.assertEqual(self.session.get(self.url("bytes/1")).text, "a")

    def test_clients_send_what_is_prepared(self):
        with anycert.Client(ca=self.root) as client:
            prepared = client.prepare_request(anycert.Request("POST", self.url("echo"), json={"a": 1}))
            self.assertEqual(client.send(prepared).json()["body"]["start"], '{"a": 1}')

    def test_modules_that_need_no_import(self):
        done = python("import anycert\nprint(anycert.auth.HTTPBasicAuth('a', 'b').username, anycert.xsoar.BaseClient.__name__)\n"
                      "anycert.requests")
        self.assertEqual(done.stdout, "a BaseClient\n")
        self.assertTrue(done.stderr.endswith("module 'anycert' has no attribute 'requests'\n"), done.stderr)

    def test_names_that_somebody_looks_for(self):
        for name, said in (("get", r"make a Client\(\) or a Session\(\)"), ("Timeout", "anycert.exceptions has Timeout")):
            with self.assertRaisesRegex(AttributeError, f"has no attribute '{name}'; {said}"):
                getattr(anycert, name)
        self.assertIs(type(anycert.Request("GET", "https://a.example/").prepare()), anycert.PreparedRequest)
        with self.assertRaisesRegex(TypeError, r"retry has to be an anycert.Retry, not urllib3\.util\.retry\.Retry"):
            from urllib3.util import Retry
            self.session.get(self.url(), retry=Retry(3))

    def test_auth(self):
        self.assertEqual(self.echo(auth=("u", "p"), headers={"Authorization": "X"})[1][
            "authorization"], "Basic dTpw")

        def sign(request):
            request.headers["X-Signed"] = f"{request.method} {request.path_url} {request.body}"
            return request
        answer, headers = self.echo("POST", params={"a": 1}, json={"b": 2}, auth=sign)
        self.assertEqual(headers["x-signed"], "POST /echo?a=1 b'{\"b\": 2}'")
        self.assertEqual((answer["query"], answer["body"]["start"]), ("a=1", '{"b": 2}'))
        self.session.auth = ("session", "x")
        self.assertIn("authorization", self.echo()[1])
        with self.assertRaisesRegex(TypeError, "'dict' object is not callable"):
            self.echo(auth={"user": "x"})

    def test_urls(self):
        for path, target in (("echo?a=b c", "/echo?a=b%20c"), ("echo?ü=é", "/echo?%C3%BC=%C3%A9"),
                             ("echo#x", "/echo"), ("a/../echo", "/echo")):
            self.assertEqual(self.session.get(self.url(path)).json()["target"], target)
        rows = [
            ("127.0.0.1/x", exceptions.MissingSchema,
             "Invalid URL '127.0.0.1/x': No scheme supplied. Perhaps you meant https://127.0.0.1/x?"),
            ("ftp://127.0.0.1/x", exceptions.InvalidSchema,
             "No connection adapters were found for 'ftp://127.0.0.1/x'"),
            ("https://", exceptions.InvalidURL, ""),
        ]
        for url, kind, text in rows:
            with self.assertRaises(kind) as raised:
                self.session.get(url)
            self.assertIn(text, str(raised.exception))
            self.assertIsInstance(raised.exception, ValueError)

    def test_proxies_have_ports(self):
        for proxy, url in (("p", "http://p:80"), ("http://u:1@p/", "http://u:1@p:80/"), ("https://[::1]", "https://[::1]:443"),
                           ("socks5h://p", "socks5h://p:1080"), ("p:8080", "http://p:8080"), ("http://p:", "http://p:80"), ("http://[::1]:1", "http://[::1]:1")):
            self.assertEqual(self.session._proxy_for("https://x/", {"https": proxy})[0], url)
        with self.assertRaises(exceptions.InvalidProxyURL):
            self.session.get("https://x/", proxies={"https": "http://"})

    def test_methods(self):
        for name in ("get", "options", "post", "put", "patch", "delete"):
            answer = getattr(self.session, name)(self.url("echo")).json()
            self.assertEqual(answer["method"], name.upper())
        self.assertEqual(self.session.head(self.url("echo")).content, b"")
        self.assertEqual(self.echo("foo")[0]["method"], "FOO")


class Answers(LabCase):
    def test_attributes(self):
        response = self.session.get(self.url("json"))
        self.assertEqual((response.status_code, response.reason, response.ok), (200, "OK", True))
        self.assertEqual(response.headers["CONTENT-type"], "application/json")
        self.assertEqual(response.encoding, "utf-8")
        self.assertEqual(response.json()["condition"], "good")
        self.assertEqual(response.content.decode(), response.text)
        self.assertEqual((response.url, response.history), (self.url("json"), []))
        self.assertGreater(response.elapsed.total_seconds(), 0)
        self.assertEqual(response.request.method, "GET")
        self.assertEqual(response.report.verdict, "pass")
        self.assertEqual(response.report.authenticated_by, "chain")
        self.assertEqual(response.report.as_dict()["verdict"], "pass")
        self.assertTrue(response)
        response.encoding = "latin-1"
        self.assertEqual(response.text, response.content.decode("latin-1"))
        self.assertIsNone(self.session.get(self.url("", "http")).report)

    def test_by_hand(self):
        response = anycert.Response()
        response.status_code, response._content, response.encoding = 404, b'{"a": 1}', "utf-8"
        response.url, response.reason = "https://a.example/", "Gone"
        self.assertFalse(response.ok)
        self.assertEqual((response.json(), response.text), ({"a": 1}, '{"a": 1}'))
        with self.assertRaisesRegex(exceptions.HTTPError,
                                    "^404 Client Error: Gone for url: https://a.example/$"):
            response.raise_for_status()

    def test_redirects(self):
        response = self.session.get(self.url("redirect?to=/echo"))
        self.assertEqual([hop.status_code for hop in response.history], [302])
        self.assertEqual(response.history[0].headers["location"], "/echo")
        self.assertEqual(response.history[0].url, self.url("redirect?to=/echo"))
        self.assertEqual(len(response.hops), 2)
        response = self.session.get(self.url("redirect?to=/echo"), allow_redirects=False)
        self.assertTrue(response.is_redirect)
        self.assertEqual(self.session.head(self.url("redirect?to=/echo")).status_code, 302)
        with self.assertRaisesRegex(exceptions.TooManyRedirects, "^Exceeded 30 redirects.$"):
            self.session.get(self.url("endless-redirect"))
        self.session.max_redirects = 2
        with self.assertRaisesRegex(exceptions.TooManyRedirects, "^Exceeded 2 redirects.$"):
            self.session.get(self.url("endless-redirect"))

    def test_downgrades(self):
        path = "redirect?to=" + self.url("echo", "http")
        with self.assertRaises(exceptions.SSLError) as raised:
            self.session.get(self.url(path))
        self.assertEqual(raised.exception.name, "TRUST_DOWNGRADE")
        self.assertEqual(self.session.get(self.url(path), allow_downgrade=True).status_code, 200)

    def test_headers_that_a_callable_takes_away(self):
        def signed(request):
            request.prepare_headers({"X-Signed": "1"})
            return request

        for headers, auth, names in (({}, signed, {"X-Signed"}),
                                     ({"Accept": None, "User-Agent": None}, lambda request: request, set())):
            sent = {name.title(): value for name, value in self.echo(auth=auth, headers=headers)[1].items()}
            with self.subTest(names):
                self.assertEqual(sent.get("Accept-Encoding"), "identity" if names else "gzip, deflate")
                self.assertEqual(sent.keys() & {"X-Signed", "Accept", "User-Agent"}, names)

    def test_cookies(self):
        response = self.session.get(self.url("set-cookie"))
        self.assertEqual(response.cookies.get_dict(), {"lab": "1", "session": "abc"})
        self.assertEqual(self.session.cookies["session"], "abc")
        self.session.cookies["mine"] = "x"
        self.assertEqual(sorted(self.echo()[1]["cookie"].split("; ")),
                         ["lab=1", "mine=x", "session=abc"])
        self.session.cookies.clear(name="session")
        self.assertEqual(sorted(self.echo()[1]["cookie"].split("; ")), ["lab=1", "mine=x"])
        self.assertIn("one=1", self.echo(cookies={"one": "1"})[1]["cookie"])
        self.assertNotIn("one", self.echo()[1]["cookie"])

    def test_hooks(self):
        seen = []
        hooks = {"response": lambda response, **kwargs: seen.append((response.status_code,
                                                                     kwargs["verify"]))}
        self.session.get(self.url("status/418"), hooks=hooks)
        self.session.hooks["response"].append(lambda response, **kwargs: 42)
        self.assertEqual(self.session.get(self.url("")), 42)
        self.assertEqual(seen, [(418, self.root)])

    def test_links(self):
        response = anycert.Response()
        response.headers = {"link": '<https://a/2>; rel="next", <https://a/9>; rel=last; x=y'}
        self.assertEqual(response.links["next"]["url"], "https://a/2")
        self.assertEqual(response.links["last"]["x"], "y")

    def test_streams(self):
        with self.session.get(self.url("bytes/100000"), stream=True) as response:
            sizes = [len(piece) for piece in response.iter_content(30000)]
        self.assertEqual(sizes, [30000, 30000, 30000, 10000])
        response = self.session.get(self.url("chunked/5000"), stream=True)
        self.assertEqual(len(response.content), 5000)
        self.assertEqual(len(response.content), 5000)
        self.assertEqual(len(b"".join(response.iter_content(7))), 5000)
        response = self.session.get(self.url("bytes/10"), stream=True)
        self.assertEqual(response.raw.read(3) + response.raw.read(), b"abcdefghij")
        response = self.session.get(self.url("bytes/10"), stream=True)
        self.assertEqual(list(response.iter_lines()), [b"abcdefghij"])
        self.assertEqual(response.raw.read(), b"")
        with self.assertRaises(exceptions.StreamConsumedError):
            next(response.iter_content())
        with self.assertRaises(exceptions.ChunkedEncodingError):
            self.session.get(self.url("truncated"), stream=True).content
        # Dropped or closed half-way; the next answer is nobody else's.
        self.session.get(self.url("bytes/9000000"), stream=True)
        self.session.get(self.url("bytes/9000000"), stream=True).close()
        self.assertEqual(self.session.get(self.url("bytes/3"), stream=True).text, "abc")


    def test_raw_is_one_file(self):
        for stream in (True, False):
            response = self.session.get(self.url("bytes/10"), stream=stream)
            self.assertIs(response.raw, response.raw)
            self.assertEqual((response.raw.status, response.raw.headers["Content-Length"]), (200, "10"))
            self.assertEqual([response.raw.read(4) for _ in range(4)], [b"abcd", b"efgh", b"ij", b""])
            self.assertTrue(response.raw.closed)
            response = self.session.get(self.url("bytes/10"), stream=stream)
            self.assertFalse(response.raw.closed)
            response.close()
            self.assertEqual((response.raw.closed, response.raw.read()), (True, b""))
        raw = self.session.get(self.url("bytes/10"), stream=True).raw
        self.assertEqual(b"".join(raw), b"abcdefghij")  # though the response is gone
        response = self.session.get(self.url("bytes/9000000"), stream=True)
        gone = weakref.ref(response), weakref.ref(response.raw)
        del response
        self.assertEqual([one() for one in gone], [None, None])  # without a collection of cycles


class Trust(LabCase):
    conditions = ("good", "self-signed", "expired", "http")

    def test_verify(self):
        url = self.url("", "self-signed")
        for verify in (True, self.root, anycert.Policy(), anycert.Policy("hardened+expired")):
            with self.assertRaises(exceptions.SSLError) as raised:
                self.session.get(url, verify=verify)
            self.assertEqual(raised.exception.report.verdict, "fail")
            self.assertEqual(raised.exception.name, "TRUST_ISSUER")
            self.assertIn("self-signed", str(raised.exception))
        self.assertEqual(self.session.get(url, verify=False).report.verdict, "relaxed")
        policy = anycert.Policy("hardened+self-signed", ca=self.root)
        self.assertEqual(self.session.get(url, policy=policy).status_code, 200)
        # One call's word is not the next one's.
        with self.assertRaises(exceptions.SSLError):
            self.session.get(url)
        self.session.verify = False
        self.assertEqual(self.session.get(url).status_code, 200)
        with self.assertRaises(exceptions.SSLError):
            self.session.get(url, verify=True)

    def test_what_verify_cannot_be(self):
        for verify in ("", 0, 1, [], {}, b"/x", object(), 0.0):
            with self.assertRaises(ValueError, msg=verify):
                self.session.get(self.url(), verify=verify)
        with self.assertRaisesRegex(OSError, "^Could not find a suitable TLS CA certificate bundle, "
                                             "invalid path: /nosuch.pem$"):
            self.session.get(self.url(), verify="/nosuch.pem")
        # Texts are paths here, as everywhere in requests: who meant a policy is told how.
        for text in ("antique", "tofu", "trust-any", "hardened+expired ca=/x.pem"):
            with self.assertRaises(OSError) as caught:
                self.session.get(self.url(), verify=text)
            self.assertEqual(str(caught.exception), "Could not find a suitable TLS CA certificate bundle, "
                             f"invalid path: {text}; for the policy, write verify=anycert.Policy({text!r})")
        with self.assertRaisesRegex(OSError, r"invalid path: hardened\+expird; as a policy: .*did you mean 'expired'"):
            self.session.get(self.url(), verify="hardened+expird")
        with self.assertRaisesRegex(OSError, "^Could not find the TLS certificate file, "
                                             "invalid path: /nosuch.pem$"):
            self.session.get(self.url(), cert="/nosuch.pem")

    def test_client(self):
        with anycert.Client(ca=self.root, headers={"X-A": "b"}) as client:
            self.assertEqual(client.get(self.url("json")).json()["condition"], "good")
            with self.assertRaises(exceptions.SSLError):
                client.get(self.url("", "expired"))
        with anycert.Client("hardened+expired", ca=self.root) as client:
            self.assertEqual(client.get(self.url("", "expired")).status_code, 200)
        for bad in ("", "nope", "hardened+nope"):
            with self.assertRaises(ValueError):
                anycert.Policy(bad)
        with self.assertRaises(TypeError):
            anycert.Client(42)

    def test_policies(self):
        policy = anycert.Policy("hardened+expired until=2031-01-01")
        self.assertEqual(str(policy), "hardened+expired until=2031-01-01")
        self.assertEqual(repr(policy), "Policy('hardened+expired until=2031-01-01')")
        self.assertEqual(policy, anycert.Policy(str(policy)))
        self.assertEqual(hash(policy), hash(anycert.Policy(str(policy))))
        self.assertNotEqual(policy, anycert.Policy())
        self.assertNotEqual(policy, str(policy))
        self.assertEqual((policy.rung, policy.authenticates), ("hardened", True))
        self.assertFalse(anycert.Policy("trust-any").authenticates)


if __name__ == "__main__":
    unittest.main()
