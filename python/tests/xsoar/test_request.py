"""What of a call's arguments arrives at the server: URL, query, headers, credentials, bodies."""
import enum
import io
import os
import pathlib
import tempfile
from unittest import mock
from urllib.parse import quote

from common.case import Case, lab, request
from common.server import OK, Answer, Server, certificate
from common.subject import OLD_LIBRARIES, STANDIN, exceptions, new_context, xsoar



class Calls(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server())

    def setUp(self):
        super().setUp()
        self.server.reset(otherwise=OK)

    def client(self, suffix="", **kwargs):
        return xsoar.BaseClient(self.server.url + suffix, **kwargs)

    def sent(self, method="GET", suffix="/x", client=None, **kwargs):
        """The request as the server got it."""
        request(client or self.client(), method, suffix, resp_type="response", **kwargs)
        return self.server.last

    def value(self, header, **kwargs):
        return self.sent(**kwargs).value(header)


class Addresses(Calls):
    def target(self, base, suffix, **kwargs):
        return self.sent(suffix=suffix, client=self.client(base), **kwargs).target

    def test_join(self):
        for base, suffix, target in (
                ("/api", "", "/api/"), ("/api", "/x", "/api/x"), ("/api", "x", "/api/x"), ("/api/", "x", "/api/x"),
                ("/api/", "/x", "/api/x"), ("/api", "//x", "/api//x"), ("", "", "/"), ("", "x", "/x"),
                ("/a", "/b?c=d", "/a/b?c=d"), ("/a?b=c", "d", "/a?b=c/d"),
                ("/api", "/a/../b", "/api/b"), ("/api", "/a/./b", "/api/a/b"), ("/api", "a b", "/api/a%20b"),
                ("/api", "\u00e9", "/api/%C3%A9"), ("/api", "x#y", "/api/x"), ("/api", "a%20b", "/api/a%20b"),
                ("/api", "a%20b%zz", "/api/a%2520b%25zz")):
            with self.subTest(base=base, suffix=suffix):
                self.assertEqual(self.target(base, suffix), target)

    def test_characters(self):
        for suffix, target in (
                ("[x]", "%5Bx%5D"), ('"<x>"', "%22%3Cx%3E%22"), ("{x}|^`", "%7Bx%7D%7C%5E%60"), ("a\\b", "a%5Cb"),
                ("%41%7e%2f", "A~%2F"), ("x?a=[1]&b={2}", "x?a=%5B1%5D&b=%7B2%7D"), ("a%20b?c=%zz", "a%20b?c=%25zz"),
                ("!$&'()*+,;=:@", "!$&'()*+,;=:@"), ("a/../../b/.", "b/"), ("x?a=b/../c", "x?a=b/../c")):
            with self.subTest(suffix):
                self.assertEqual(self.target("/api", suffix), ("/api/" if suffix[:4] != "a/.." else "/") + target)

    def test_urljoin(self):
        for base, suffix, url in (("h", "", "h/"), ("h/", "/s", "h/s"), ("h", "//s", "h//s"), ("h//", "s", "h//s")):
            self.assertEqual(xsoar.urljoin(base, suffix), url)
        self.assertEqual(xsoar.urljoin("h"), "h/")

    def test_full_url(self):
        client = xsoar.BaseClient("http://nowhere.invalid/")
        self.assertEqual(self.sent(suffix="ignored", client=client, full_url=self.server.url + "/full").target, "/full")
        self.assertEqual(self.sent(full_url="").target, "/x")
        self.assertEqual(self.sent(full_url=None).target, "/x")

    def test_url_suffix_none(self):
        self.raises(AttributeError, request, self.client(), "GET", None,
                    says="'NoneType' object has no attribute 'startswith'")

    def test_method(self):
        for given, sent in (("get", "GET"), ("GET", "GET"), ("foo", "FOO"), ("Delete", "DELETE"), ("head", "HEAD")):
            self.assertEqual(self.sent(given).method, sent)

    def test_scheme(self):
        self.raises(exceptions.InvalidSchema, request, xsoar.BaseClient("ftp://127.0.0.1"), "GET", "x",
                    says="No connection adapters were found for 'ftp://127.0.0.1/x'")
        self.raises(exceptions.MissingSchema, request, xsoar.BaseClient(""), "GET", "x")


    def test_no_path_and_an_at_sign(self):
        seen = []
        with Server() as elsewhere:
            for tail, url in ((f"?mail=x@{elsewhere.host}", f"/?mail=x@{elsewhere.host}"), (f"?a=b#x@{elsewhere.host}", "/?a=b"),
                              ("", "/"), ("#/y", "/")):
                response = request(self.client(), "GET", full_url=self.server.url + tail, resp_type="response",
                                   auth=lambda sent: seen.append((sent.url.partition("#")[0], sent.path_url)) or sent)
                self.assertEqual(seen.pop(), (self.server.url + url, url))
                self.assertEqual(response.request.url.partition("#")[0], self.server.url + url)
                self.assertEqual(self.server.last.target, url)
            self.assertEqual(elsewhere.seen, [])

    def test_hosts_are_written_in_small_letters(self):
        response = request(self.client(), "GET", full_url=f"HTTP://LocalHost:{self.server.port}/A", resp_type="response")
        self.assertEqual(response.request.url, f"http://localhost:{self.server.port}/A")


class Queries(Calls):
    def query(self, params, **kwargs):
        return self.sent(params=params, **kwargs).target.partition("?")[2]

    def test_params(self):
        for params, query in (
                ({"a": "b c", "d": "e/f"}, "a=b+c&d=e%2Ff"), ({"a": None, "b": 1}, "b=1"), ({"a": [1, "2"]}, "a=1&a=2"),
                ({"a": True, "b": False}, "a=True&b=False"), ({"\u00e9": "\u00fc"}, "%C3%A9=%C3%BC"),
                ([("b", "1"), ("a", "2"), ("b", "3")], "b=1&a=2&b=3"), ("a=1 2", "a=1%202"), (b"a=b", "a=b"),
                ({}, ""), (None, "")):
            with self.subTest(params):
                self.assertEqual(self.query(params), query)

    def test_behind_a_query(self):
        self.assertEqual(self.query({"c": "d"}, suffix="/x?a=b"), "a=b&c=d")

    def test_lists_in_lists(self):
        for values, text in (([[1, 2], 3], "k=1&k=2&k=3"), ([("a b",), {"c": 0}], "k=a+b&k=c"), ([1, None, []], "k=1")):
            self.assertEqual(self.sent(params={"k": values}).target, "/x?" + text)
            self.assertEqual(self.sent("POST", data={"k": values}).body, text.encode())

    def test_line_ends_in_a_text(self):
        self.assertEqual(self.sent(params="a=b\nc\t&d=e").target, "/x?a=b%0Ac%09&d=e")

    def test_parser(self):
        self.assertEqual(self.query({"b": [1, 2]}, params_parser=quote), "b=%5B1%2C%202%5D")
        self.assertEqual(self.query({"a": "/ &"}, params_parser=quote), "a=%2F%20%26")
        self.raises(TypeError, request, self.client(), "GET", params=None, params_parser=quote,
                    says="not a valid non-string sequence or mapping object")


class Headers(Calls):
    def test_those_of_the_call_replace_those_of_the_client(self):
        client = self.client(headers={"A": "1", "B": "2"})
        for given, seen in (({"A": "3"}, ("3", None)), ({}, ("1", "2")), (None, ("1", "2"))):
            sent = self.sent(client=client, headers=given)
            self.assertEqual((sent.value("a"), sent.value("b")), seen)

    def test_defaults_are_underneath(self):
        sent = self.sent(headers={"A": "b"})
        self.assertEqual(sent.value("accept"), "*/*")
        self.assertIn("gzip", sent.value("accept-encoding"))
        self.assertIn("deflate", sent.value("accept-encoding"))
        self.assertTrue(sent.value("user-agent"))
        self.assertEqual(self.value("accept", headers={"accept": "text/xml"}), "text/xml")

    def test_none_removes_a_default(self):
        self.assertIsNone(self.value("accept", headers={"Accept": None}))

    def test_what_is_no_text(self):
        for value in (1, True, ["a"], {"a": "b"}):
            self.raises(exceptions.InvalidHeader, request, self.client(), "GET", headers={"A": value})

    def test_line_ends(self):
        for value in ("a\r\nB: c", "a\nb", "a\rb"):
            self.raises(exceptions.InvalidHeader, request, self.client(), "GET", headers={"A": value})
        self.raises(exceptions.InvalidHeader, request, self.client(), "GET", headers={"A\r\nB": "c"})
        self.assertEqual(self.server.seen, [])

    def test_bytes(self):
        self.assertEqual(self.value("a", headers={"A": b"b"}), "b")


class Credentials(Calls):
    BASIC = "Basic bWU6c2VjcmV0"

    def test_that_of_the_call_before_that_of_the_client(self):
        client = self.client(auth=("client", "x"))
        self.assertEqual(self.value("authorization", client=client, auth=("me", "secret")), self.BASIC)
        self.assertEqual(self.value("authorization", client=client, auth=()), "Basic Y2xpZW50Ong=")
        self.assertEqual(self.value("authorization", client=client), "Basic Y2xpZW50Ong=")

    def test_it_overwrites_a_header(self):
        self.assertEqual(self.value("authorization", auth=("me", "secret"), headers={"Authorization": "Bearer x"}),
                         self.BASIC)

    def test_a_header_by_itself(self):
        self.assertEqual(self.value("authorization", headers={"Authorization": "Bearer x"}), "Bearer x")

    def test_in_the_url(self):
        client = xsoar.BaseClient(self.server.url.replace("//", "//me:secret@"))
        self.assertEqual(self.value("authorization", client=client), self.BASIC)

    def test_of_the_session(self):
        client = self.client()
        client._session.auth = ("me", "secret")
        self.assertEqual(self.value("authorization", client=client), self.BASIC)

    def test_not_on_to_another_host(self):
        with Server(otherwise=OK) as other:
            self.server.answers["/x"] = Answer(302, [("Location", other.url + "/y")], b"")
            request(self.client(auth=("me", "secret")), "GET", "/x")
            self.assertIsNone(other.last.value("authorization"))
            self.server.answers["/x"] = Answer(302, [("Location", "/y")], b"")
            self.assertEqual(self.sent(auth=("me", "secret")).target, "/y")
            self.assertEqual(self.server.last.value("authorization"), self.BASIC)


class Bodies(Calls):
    FORM = "application/x-www-form-urlencoded"

    def body(self, **kwargs):
        sent = self.sent("POST", **kwargs)
        return sent.body, sent.value("content-type")

    def test_data(self):
        for data, body, kind in (
                ({"a": "b c", "d": ["1", "2"]}, b"a=b+c&d=1&d=2", self.FORM), ([("a", "1"), ("a", "2")], b"a=1&a=2",
                                                                            self.FORM),
                (b"\x00\xff", b"\x00\xff", None), ("h\u00e9", "h\u00e9".encode("latin-1" if OLD_LIBRARIES else "utf-8"), None), (None, b"", None),
                ({}, b"", None)):
            with self.subTest(data):
                self.assertEqual(self.body(data=data), (body, kind))

    def test_data_of_an_iterator(self):
        sent = self.sent("POST", data=iter([b"abc", b"def"]))
        self.assertEqual((sent.body, sent.value("transfer-encoding")), (b"abcdef", "chunked"))

    def test_data_of_a_file(self):
        sent = self.sent("PUT", data=io.BytesIO(b"content"))
        self.assertEqual((sent.body, sent.value("content-length")), (b"content", "7"))

    def test_json(self):
        for value, body in (
                ({"a": [1, 2.5, None, True], "b": "\u00e9"}, b'{"a": [1, 2.5, null, true], "b": "\\u00e9"}'),
                ({}, b"{}"), ([], b"[]"), (0, b"0"), ("", b'""'), (False, b"false"), ({1: 2}, b'{"1": 2}')):
            with self.subTest(value):
                self.assertEqual(self.body(json_data=value), (body, "application/json"))

    def test_json_none(self):
        self.assertEqual(self.body(json_data=None), (b"", None))

    def test_json_and_data(self):
        self.assertEqual(self.body(data={}, json_data={"a": 1}), (b'{"a": 1}', "application/json"))
        self.assertEqual(self.body(data={"b": "2"}, json_data={"a": 1}), (b"b=2", self.FORM))

    def test_json_that_is_none(self):
        for value in (float("nan"), float("inf"), {"a": float("-inf")}):
            self.raises(exceptions.InvalidJSONError, request, self.client(), "POST", json_data=value)
        self.raises(TypeError, request, self.client(), "POST", json_data={"a": object()})
        self.assertEqual(self.server.seen, [])

    def test_a_header_says_another_type(self):
        self.assertEqual(self.body(json_data={}, headers={"Content-Type": "application/scim+json"}),
                         (b"{}", "application/scim+json"))

    def test_a_header_leaves_the_type_to_the_body(self):
        for body, kind in (({"data": {"a": "b"}}, "application/x-www-form-urlencoded"), ({"json_data": {}}, "application/json"),
                           ({"files": {"f": b"x"}}, "multipart/form-data"), ({"data": b"x"}, None)):
            value = self.value("content-type", method="POST", headers={"Content-Type": None}, **body)
            self.assertEqual(value and value.partition(";")[0], kind)

    def test_files(self):
        sent = self.sent("POST", data={"a": "1"}, files={"f": ("name.txt", b"content", "text/plain")})
        fields, parts = zip(*sent.parts())
        self.assertEqual(parts, (b"1", b"content"))
        self.assertEqual(fields[0]["content-disposition"], 'form-data; name="a"')
        self.assertEqual(fields[1]["content-disposition"], 'form-data; name="f"; filename="name.txt"')
        self.assertEqual(fields[1]["content-type"], "text/plain")

    def test_files_with_headers_of_their_own(self):
        sent = self.sent("POST", data={"a": "1"}, files={"f": ("n", b"content", "a/b", {"X-Part": "v"}), "g": b"more"})
        (_, first), (fields, second), (_, third) = sent.parts()
        self.assertEqual((first, second, third), (b"1", b"content", b"more"))
        self.assertEqual((fields["content-type"], fields["x-part"]), ("a/b", "v"))

    def test_a_header_says_another_type_of_form(self):
        for file in (("n", b"content"), ("n", b"content", "a/b", {"X-Part": "v"})):
            sent = self.sent("POST", files={"f": file}, headers={"content-type": "multipart/mixed"})
            self.assertEqual(sent.value("content-type").partition(";")[0], "multipart/mixed")

    def test_kinds_of_files(self):
        for content, body in (("t\u00e9xt", "t\u00e9xt".encode()), (bytearray(b"ab"), b"ab"), (5, b"5"), (b"", b"")):
            with self.subTest(content):
                (_, sent), = self.sent("POST", files={"f": ("n", content)}).parts()
                self.assertEqual(sent, body)
        (fields, _), = self.sent("POST", files={b"f": ("n", b"x")}).parts()
        self.assertEqual(fields["content-disposition"], 'form-data; name="f"; filename="n"')

    def test_no_file_is_lost_where_the_request_is_signed(self):
        sent = self.sent("POST", auth=lambda signed: signed, files=[("f", ("a", b"1")), ("f", ("b", b"2"))])
        self.assertEqual([content for _, content in sent.parts()], [b"1", b"2"])

    def test_files_that_are_none(self):
        for data, parts in ((None, []), ({"a": "b"}, [({"content-disposition": 'form-data; name="a"'}, b"b")])):
            sent = self.sent("POST", files={"f": None}, data=data)
            self.assertTrue(sent.value("content-type").startswith("multipart/form-data; boundary="))
            self.assertEqual(sent.parts() if parts else sent.body[-4:], parts or b"--\r\n")

    def test_what_is_no_file(self):
        for content in ([1, 2], {1}, range(2)):
            self.raises(TypeError, request, self.client(), "POST", files={"f": ("name", content)})

    def test_text_of_an_enum(self):
        class Kind(str, enum.Enum):
            TEXT = "x"

        [(fields, content)] = self.sent("POST", files={"f": (Kind.TEXT, Kind.TEXT)}).parts()
        self.assertEqual((fields["content-disposition"], content), ('form-data; name="f"; filename="x"', b"x"))
        self.assertEqual(self.value("authorization", auth=(Kind.TEXT, Kind.TEXT)), "Basic eDp4")

    def test_a_file_that_is_open(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "scan.bin")
            path.write_bytes(b"\x00\x01")
            with open(path, "rb") as file:
                sent = self.sent("POST", files={"file": file})
        (fields, content), = sent.parts()
        self.assertEqual((fields["content-disposition"], content),
                         ('form-data; name="file"; filename="scan.bin"', b"\x00\x01"))

    def test_no_body(self):
        for method, length in (("GET", None), ("POST", "0"), ("PUT", "0")):
            self.assertEqual(self.sent(method).value("content-length"), length)


class Redirects(Calls):
    def follow(self, status, method="POST"):
        self.server.reset({"/x": Answer(status, [("Location", "/y")], b"")}, OK)
        sent = self.sent(method, json_data={"a": 1})
        return sent.method, sent.body

    def test_methods(self):
        for status, after in ((301, ("GET", b"")), (302, ("GET", b"")), (303, ("GET", b"")),
                              (307, ("POST", b'{"a": 1}')), (308, ("POST", b'{"a": 1}'))):
            with self.subTest(status):
                self.assertEqual(self.follow(status), after)

    def test_history(self):
        self.server.answers["/x"] = Answer(302, [("Location", "/y")], b"")
        response = request(self.client(), "GET", "/x", resp_type="response")
        self.assertEqual(([one.status_code for one in response.history], response.url),
                         ([302], self.server.url + "/y"))

    def test_not_allowed(self):
        self.server.answers["/x"] = Answer(302, [("Location", "/y")], b"gone")
        response = request(self.client(), "GET", "/x", resp_type="response", allow_redirects=False)
        self.assertEqual((response.status_code, response.text), (302, "gone"))
        self.fails(request, self.client(), "GET", "/x", allow_redirects=False, ok_codes=(200,),
                   says="Error in API call [302] - Found\ngone")

    def test_to_an_empty_place(self):
        """Not even a place that follows as many redirects as there may be."""
        for hops in (0, 1, 30):
            self.server.reset({f"/{n}": Answer(302, [("Location", f"/{n - 1}")], b"") for n in range(1, hops + 1)},
                              Answer(302, [("Location", "")], b"here"))
            response = request(self.client(), "GET", f"/{hops}", resp_type="response")
            self.assertEqual((response.status_code, response.text, len(response.history), response.is_redirect),
                             (302, "here", hops, True))

    def test_too_many(self):
        self.server.otherwise = Answer(302, [("Location", "/x")], b"")
        self.raises(exceptions.TooManyRedirects, request, self.client(), "GET", raise_on_redirect=True,
                    says="Exceeded 30 redirects.")
        self.assertEqual(len(self.server.seen), 31)


class Sessions(Calls):
    def test_cookies_stay(self):
        self.server.answers["/login"] = Answer(200, [("Set-Cookie", "id=1; Path=/"), ("Set-Cookie", "b=2; Path=/")])
        client = self.client()
        request(client, "GET", "/login", resp_type="text")
        self.assertEqual(sorted(self.value("cookie", client=client).split("; ")), ["b=2", "id=1"])
        self.assertEqual(client._session.cookies.get("id"), "1")
        self.assertIsNone(self.value("cookie"))  # of another client

    def test_cookies_of_the_session(self):
        client = self.client()
        client._session.cookies.set("mine", "yes")
        self.assertEqual(self.value("cookie", client=client), "mine=yes")

    def test_cookies_of_a_call(self):
        client = self.client()
        self.assertEqual(self.value("cookie", client=client, cookies={"a": "b"}), "a=b")
        self.assertIsNone(self.value("cookie", client=client))

    def test_cookies_of_a_call_go_along_with_those_of_the_session(self):
        self.server.answers["/login"] = Answer(200, [("Set-Cookie", "id=1; Path=/"), ("Set-Cookie", "b=2; Path=/b"),
                                                     ("Set-Cookie", "c=3; Max-Age=0"), ("Set-Cookie", "d=4; Secure")])
        client = self.client()
        response = request(client, "GET", "/login", resp_type="response")
        self.assertNotIn("c", response.cookies)
        self.assertEqual(self.value("cookie", client=client, cookies={"a": "b"}), "id=1; a=b")
        self.assertEqual(self.value("cookie", client=client, cookies={"id": "5"}), "id=1; id=5" if STANDIN else "id=5")
        self.assertEqual(sorted(self.value("cookie", client=client, suffix="/b/c", cookies={"a": "b"}).split("; ")),
                         ["a=b", "b=2", "id=1"])

    def test_connections_are_kept(self):
        client = self.client()
        connections = {self.sent(client=client).connection for _ in range(3)}
        self.assertEqual(len(connections), 1)
        self.assertNotEqual(self.sent().connection, connections.pop())

    def test_hooks(self):
        seen = []
        request(self.client(), "GET", "/x", hooks={"response": lambda response, **_: seen.append(response.status_code)})
        self.assertEqual(seen, [200])

    def test_hooks_of_what_never_happens(self):
        error = self.raises(ValueError, request, self.client(), "GET", "/x", hooks={"request": print})
        self.assertIn("Unsupported event specified", str(error))

    def test_stream(self):
        self.server.otherwise = Answer(body=b"0123456789")
        response = request(self.client(), "GET", "/x", resp_type="response", stream=True)
        self.assertEqual(list(response.iter_content(4)), [b"0123", b"4567", b"89"])

    def test_lines(self):
        self.server.otherwise = Answer(body=b"one\ntwo\n\nthree")
        response = request(self.client(), "GET", "/x", resp_type="response", stream=True)
        self.assertEqual(list(response.iter_lines()), [b"one", b"two", b"", b"three"])

    def test_verify_twice(self):
        error = self.raises(TypeError, request, self.client(), "GET", verify=False)
        self.assertIn("got multiple values for keyword argument 'verify'", str(error))

    def test_unknown_names(self):
        error = self.raises(TypeError, request, self.client(), "GET", colour="red")
        self.assertIn("colour", str(error))

    def test_timeouts(self):
        self.server.answers["/slow"] = "stall"
        for timeout in (0.1, (5, 0.1)):
            self.raises(exceptions.ReadTimeout, request, self.client(), "GET", "/slow", timeout=timeout)
        for timeout in (0, True, "5", float("nan"), (0, 1), (1, 2, 3)):
            with self.subTest(timeout):
                self.raises(ValueError, request, self.client(), "GET", "/x", timeout=timeout)

    def test_client_certificate(self):
        if STANDIN:  # whose clients share a context, and the certificate that one of them gave it
            self.enter(mock.patch.object(xsoar.SSLAdapter, "context", new_context()))
        with lab("client-cert-required") as (servers, files):
            url, pair = servers["client-cert-required"], (files["client_cert"], files["client_key"])
            both = os.path.join(os.path.dirname(certificate()[0]), "both.pem")
            pathlib.Path(both).write_bytes(b"".join(pathlib.Path(path).read_bytes() for path in pair))
            for verify in (False, files["root"]):
                self.refused_without(url, verify)
                for cert in (pair, both):
                    client = xsoar.BaseClient(url, verify=verify)
                    self.assertEqual(request(client, "GET", "/status/200", resp_type="response",
                                             cert=cert).status_code, 200)
    def refused_without(self, url, verify):
        """It depends on the moment whether the original takes this for a matter of TLS."""
        with self.assertRaises((exceptions.ConnectionError, xsoar.DemistoException)) as caught:
            request(xsoar.BaseClient(url, verify=verify), "GET", "/status/200")
        cause = getattr(caught.exception, "exception", caught.exception)
        self.assertIsInstance(cause, exceptions.ConnectionError)
        if not STANDIN:
            self.assertIsInstance(cause, exceptions.SSLError)
            self.assertIn("client certificate", str(caught.exception))

    def test_no_client_certificate(self):
        client = self.client(verify=False)
        client._session.cert = "/nosuch.pem"
        for cert in ("", (), False):
            self.assertEqual(request(client, "GET", cert=cert), {"status": "ok"})

    def test_cookies_that_are_none(self):
        for value in (b"x", ["x"], {"x": "y"}):
            self.assertIn("cookie" if not STANDIN else "", str(self.raises(
                (TypeError, AttributeError) if STANDIN else TypeError, request, self.client(), "GET", cookies={"a": value})))

    def test_client_certificate_that_is_not_there(self):
        with Server(tls=certificate()) as secure:
            self.raises(OSError, request, xsoar.BaseClient(secure.url, verify=False), "GET", cert="/nosuch.pem",
                        says="Could not find the TLS certificate file, invalid path: /nosuch.pem")
