"""What else is different from the original, besides what test_deviations has: the rows on HTTP and on objects in
docs/moving-an-integration.md. Each test says what both do."""
import errno
import gzip
import os
import ssl

from common.case import Case, lab, request
from common.server import CLOSE, OK, Answer, Server, certificate, closed_port, raw
from common.subject import OLD_LIBRARIES, STANDIN, exceptions, xsoar

if STANDIN:
    from requests import Request
else:
    from anycert import Request



class Differences(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server())

    def setUp(self):
        super().setUp()
        self.server.reset(otherwise=OK)
        self.client = xsoar.BaseClient(self.server.url)

    def response(self, method="GET", suffix="/x", **kwargs):
        return request(self.client, method, suffix, resp_type="response", **kwargs)

    def sent(self, *args, **kwargs):
        self.response(*args, **kwargs)
        return self.server.last


class Http(Differences):
    def test_methods_that_are_redirected(self):
        for status, method, theirs in ((302, "PUT", ("GET", b"")), (302, "DELETE", ("GET", b"")), (302, "PATCH", ("GET", b"")),
                                       (301, "PUT", ("PUT", b"")), (303, "PUT", None), (302, "POST", None)):
            with self.subTest(status=status, method=method):
                self.server.answers["/x"] = Answer(status, [("Location", "/y")], b"")
                sent = self.sent(method, data="body")
                expected = ("GET", b"") if theirs is None else theirs if STANDIN else (method, b"body")
                self.assertEqual((sent.method, sent.body), expected)

    def test_headers_of_the_connection(self):
        for name in ("Upgrade", "Trailer"):
            if STANDIN:
                self.assertEqual(self.sent(headers={name: "x"}).value(name.lower()), "x")
            else:
                self.raises(exceptions.InvalidHeader, request, self.client, "GET", headers={name: "x"})
        # The last, as the server closes the connection, and requests would use it again now and then.
        given = {"Connection": "close", "Transfer-Encoding": "gzip", "Keep-Alive": "300", "TE": "trailers"}
        sent = self.sent(headers=given)
        self.assertEqual([sent.value(name.lower()) for name in given], list(given.values()) if STANDIN else [None] * 4)

    def test_length_of_no_body(self):
        for method in ("DELETE", "OPTIONS", "FOO"):
            self.assertEqual(self.sent(method).value("content-length"), "0" if STANDIN else None)
        for method in ("POST", "PUT", "PATCH"):
            self.assertEqual(self.sent(method).value("content-length"), "0")

    def test_headers_that_are_none(self):
        for header in ({"a b": "c"}, {"a": "\x7f"}, {"a": "\x00"}):
            with self.subTest(header):
                if STANDIN:
                    self.sent(headers=header)
                else:
                    self.raises(exceptions.InvalidHeader, request, self.client, "GET", headers=header)

    def test_bodies_of_get_that_are_redirected(self):
        self.server.answers["/x"] = Answer(302, [("Location", "/y")], b"")
        sent = self.sent("GET", json_data={"a": 1})
        self.assertEqual((sent.target, sent.body), ("/y", b"" if STANDIN else b'{"a": 1}'))

    def test_connections_that_were_kept(self):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"):
            self.response()
            self.server.reset({"/x": [CLOSE, OK]}, OK)
            if STANDIN or method in ("POST", "PATCH"):
                self.fails(request, self.client, method, "/x")
            else:
                self.assertEqual(self.response(method).status_code, 200)

    def test_bodies_with_head(self):
        for method, body in (("HEAD", b"x"), ("TRACE", b"x"), ("CONNECT", None)):
            if STANDIN:
                self.assertEqual(self.sent(method, data=body).body, body or b"")
            else:
                self.raises(ValueError, request, self.client, method, data=body)

    def test_cookies_beside_a_header(self):
        sent = self.sent(headers={"Cookie": "a=b"}, cookies={"c": "d"})
        self.assertEqual(sent.value("cookie"), "a=b" if STANDIN else "a=b; c=d")

    def test_cookies_of_peers_that_were_not_authenticated(self):
        self.server.answers["/login"] = Answer(200, [("Set-Cookie", "id=1; Path=/")])
        self.response(suffix="/login")
        self.client._session.get(self.server.url + "/x", verify=False)
        self.assertEqual(self.server.last.value("cookie"), "id=1" if STANDIN else None)

    def test_cookies_that_the_server_sets_anew(self):
        self.server.answers["/login"] = Answer(200, [("Set-Cookie", "id=new; Path=/")])
        self.client._session.cookies.set("id", "old")
        self.response(suffix="/login")
        self.assertEqual(self.sent().value("cookie"), "id=old; id=new" if STANDIN else "id=new")

    def test_cookies_beyond_ascii(self):
        self.client._session.cookies.set("id", "\u00e9")
        self.assertEqual(self.sent().value("cookie"), "id=\u00e9" if STANDIN else "id=\u00c3\u00a9")

    def test_blanks_before_a_value(self):
        for value in (" x", "\tx"):
            if STANDIN:
                self.raises(exceptions.InvalidHeader, request, self.client, "GET", headers={"a": value})
            else:
                self.assertEqual(self.sent(headers={"a": value}).value("a"), "x")

    def test_users_without_a_password(self):
        client = xsoar.BaseClient(self.server.url.replace("//", "//token@"))
        self.assertEqual(request(client, "GET"), {"status": "ok"})
        self.assertEqual(self.server.last.value("authorization"), None if STANDIN else "Basic dG9rZW46")

    def test_users_of_proxies_without_a_password(self):
        request(self.client, "GET", proxies={"http": self.server.url.replace("//", "//token@")})
        self.assertEqual(self.server.last.value("proxy-authorization"), None if STANDIN else "Basic dG9rZW46")

    def test_addresses_that_two_programs_read_in_two_ways(self):
        for url in (f"http://2130706433:{self.server.port}/", f"{self.server.url}\\@elsewhere/"):
            with self.subTest(url):
                if STANDIN:
                    self.assertEqual(self.response(full_url=url).status_code, 200)
                else:
                    self.raises(exceptions.InvalidURL, request, self.client, "GET", full_url=url)

    def test_nul_characters(self):
        if STANDIN:
            self.assertEqual(self.sent(params={"a": "b\0"}).target, "/x?a=b%00")
        else:
            self.raises(ValueError, request, self.client, "GET", params={"a": "b\0"})

    def test_names_with_control_characters(self):
        for body in ({"files": {"f": ("a\nb", b"x")}}, {"files": {"f": ("a\tb", b"x")}}, {"files": {"f\t": b"x"}}, {"data": {"a\n": "b"}}):
            if STANDIN:
                self.assertTrue(self.sent("POST", **body).body)
            else:
                self.raises(ValueError, request, self.client, "POST", **body)

    def test_credentials_that_basic_has_no_place_for(self):
        for auth in (("me", "secret\n"), ("me\t", "secret"), ("me:you", "secret")):
            if STANDIN:
                self.assertTrue(self.sent(auth=auth).value("authorization"))
            else:
                self.assertNotIn("secret", str(self.raises(ValueError, request, self.client, "GET", auth=auth)))

    def test_bodies_that_cannot_be_sent_on(self):
        for status in (307, 308):
            self.server.answers["/x"] = Answer(status, [("Location", "/y")], b"")
            if STANDIN:
                self.assertEqual((self.sent("POST", data=iter([b"a"])).target, self.server.last.body), ("/y", b""))
            else:
                self.raises(exceptions.UnrewindableBodyError, request, self.client, "POST", "/x", data=iter([b"a"]))

    def test_places_that_are_written_oddly(self):
        self.server.answers["/x"] = Answer(302, [("Location", "/50%")], b"")
        self.assertEqual(self.sent().target, "/50%25" if STANDIN else "/50%")
        self.server.answers["/x"] = Answer(302, [("Location", "http:/y")], b"")
        if STANDIN:
            self.assertEqual(self.sent().target, "/y")
        else:
            self.raises(exceptions.InvalidSchema, request, self.client, "GET", "/x")

    def test_compressed_bodies(self):
        whole = gzip.compress(b"{}" + bytes(1000))
        for body in (whole + b"more", whole[:-10]):
            self.server.otherwise = Answer(200, [("Content-Encoding", "gzip")], body)
            if STANDIN:
                self.assertEqual(self.response().content[:2], b"{}")
            else:
                self.raises(exceptions.ContentDecodingError, request, self.client, "GET")

    def test_bodies_that_cannot_be_sent_again(self):
        with Server({"/x": [Answer(503), OK]}, tls=certificate()) as server:
            response = request(xsoar.BaseClient(server.url, verify=False), "POST", "/x", data=iter([b"a", b"b"]), retries=1,
                               status_list_to_retry=[503], ok_codes=(200, 503), resp_type="response")
            self.assertEqual((response.status_code, [sent.body for sent in server.seen]),
                             (200, [b"ab", b""]) if STANDIN and not OLD_LIBRARIES else (503, [b"ab"]))

    def test_retries_of_what_redirects(self):
        with Server({"/x": Answer(302, [("Location", "/y")], b""), "/y": [Answer(503), OK]}, tls=certificate()) as server:
            request(xsoar.BaseClient(server.url, verify=False), "GET", "/x", retries=1, status_list_to_retry=[503])
            self.assertEqual([sent.target for sent in server.seen], ["/x", "/y", "/y"] if STANDIN else ["/x", "/y", "/x", "/y"])

    def test_files_of_anchors_and_certificates(self):
        missing, empty = "/nosuch.pem", os.devnull
        with Server(tls=certificate(), otherwise=OK) as server:
            if STANDIN:
                self.assertEqual(request(xsoar.BaseClient(self.server.url, verify=missing), "GET"), {"status": "ok"})
                self.assertIsInstance(self.fails(request, xsoar.BaseClient(server.url, verify=empty), "GET").exception,
                                      exceptions.SSLError)
                self.raises(exceptions.SSLError, request, xsoar.BaseClient(server.url, verify=False), "GET",
                            cert=certificate()[0])
                return
            for client, kwargs in ((xsoar.BaseClient(self.server.url, verify=missing), {}),
                                   (xsoar.BaseClient(server.url, verify=empty), {}),
                                   (xsoar.BaseClient(server.url, verify=False), {"cert": certificate()[0]})):
                error = self.raises(OSError, request, client, "GET", **kwargs)
                self.assertNotIsInstance(error, exceptions.RequestException)

    def test_queries(self):
        self.assertEqual(self.sent(params="a=b#c").target, "/x?a=b" + ("" if STANDIN else "%23c"))

    def test_forms_without_a_value(self):
        framing = self.sent("POST", data={"a": None}).framing()
        self.assertEqual(framing == "0", not STANDIN)

    def test_hosts_that_need_no_proxy(self):
        proxies = {"http": f"http://127.0.0.1:{closed_port()}", "no_proxy": "127.0.0.1"}
        if STANDIN:
            self.fails(request, self.client, "GET", proxies=proxies)
        else:
            self.assertEqual(self.response(proxies=proxies).status_code, 200)

    def test_addresses_that_need_no_proxy(self):
        for hosts, direct in ((f"127.0.0.1:{self.server.port}", not STANDIN), ("localhost 127.0.0.1", not STANDIN), (".0.0.1", STANDIN)):
            os.environ.update({"http_proxy": f"http://127.0.0.1:{closed_port()}", "no_proxy": hosts})
            client = xsoar.BaseClient(self.server.url, proxy=True)
            with self.subTest(hosts):
                if direct:
                    self.assertEqual(request(client, "GET"), {"status": "ok"})
                else:
                    self.fails(request, client, "GET")

    def test_answers_before_the_answer(self):
        self.server.otherwise = raw(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        self.assertEqual(self.response().status_code, 103 if STANDIN else 200)
        self.client._session.close()  # what was not read is not what the next request reads
        self.server.otherwise = raw(b"HTTP/1.1 101 Switching\r\n\r\n")
        if STANDIN:
            self.assertEqual(self.response().status_code, 101)
        else:
            self.assertIsInstance(self.fails(request, self.client, "GET").exception, exceptions.ConnectionError)

    def test_answers_that_break_http(self):
        for head in (b"no colon\r\nContent-Length: 2\r\n\r\n{}", b"Content-Length: two\r\n\r\n{}"):
            with self.subTest(head):
                self.server.otherwise = raw(b"HTTP/1.1 200 OK\r\n" + head)
                if STANDIN:
                    self.assertEqual(request(self.client, "GET"), {})
                else:
                    self.assertIsInstance(self.fails(request, self.client, "GET").exception, exceptions.ConnectionError)

    def test_no_limit(self):
        if STANDIN:
            self.raises(OverflowError, request, self.client, "GET", timeout=float("inf"))
        else:
            self.assertEqual(self.response(timeout=float("inf")).status_code, 200)


class Objects(Differences):
    def test_what_connection_errors_are_made_of(self):
        cause = self.fails(request, xsoar.BaseClient(f"http://127.0.0.1:{closed_port()}"), "GET").exception
        self.assertTrue(hasattr(cause.args[0], "reason"))
        if not STANDIN:
            self.assertIsInstance(cause.args[0], exceptions.Cause)
            self.assertIsInstance(cause.args[0].reason, str)
            self.assertEqual((cause.name, cause.os_errno), ("CONNECT", errno.ECONNREFUSED))

    def test_urls(self):
        where = self.server.host
        self.server.answers["/x"] = Answer(302, [("Location", f"http://me:secret@{where}/y")], b"")
        self.assertEqual(self.response().url, f"http://me:secret@{where}/y" if STANDIN else f"http://{where}/y")
        self.assertEqual(self.response(suffix="/z#part").url, self.server.url + ("/z#part" if STANDIN else "/z"))

    def test_credentials_are_not_shown(self):
        response = self.response(auth=("me", "secret"))
        self.assertEqual("Authorization" in response.request.headers, STANDIN)
        self.assertEqual(self.server.last.value("authorization"), "Basic bWU6c2VjcmV0")

    def test_hooks_and_redirects(self):
        seen = []
        self.server.answers["/x"] = Answer(302, [("Location", "/y")], b"")
        self.response(hooks={"response": lambda response, **_: seen.append(response.status_code)})
        self.assertEqual(seen, [302, 200] if STANDIN else [200])

    def test_what_steers_redirects(self):
        for name in ("resolve_redirects", "rebuild_auth", "rebuild_method", "rebuild_proxies", "should_strip_auth"):
            self.assertEqual(hasattr(self.client._session, name), STANDIN)

    def test_adapters_of_the_session(self):
        adapter = self.client._session.get_adapter(self.server.url)
        self.assertEqual((hasattr(adapter, "max_retries"), hasattr(adapter, "send")), (True, STANDIN))

    def test_sessions_of_ones_own(self):
        class Own(type(self.client._session)):
            asked = ()

            def get_adapter(self, url):
                self.asked += (url,)
                return super().get_adapter(url)

        with Own() as session:
            session.get(self.server.url)
            self.assertEqual(bool(session.asked), STANDIN)

    def test_cookies_of_prepared_requests(self):
        session = self.client._session
        session.cookies.set("a", "b")
        prepared = session.prepare_request(Request("GET", self.server.url))
        self.assertEqual(prepared.headers.get("Cookie"), "a=b" if STANDIN else None)
        session.send(prepared)
        self.assertEqual(self.server.last.value("cookie"), "a=b")

    def test_charsets_that_are_hard_to_see(self):
        for kind in ("TEXT/plain", "text/plain; charset="):
            self.server.otherwise = Answer(200, [("Content-Type", kind)], b"x")
            self.assertEqual(self.response().encoding, {"TEXT/plain": None, "text/plain; charset=": ""}[kind] if STANDIN else "ISO-8859-1")

    def test_queries_in_errors(self):
        error = self.fails(request, xsoar.BaseClient(f"http://127.0.0.1:{closed_port()}"), "GET", params={"key": "secret"})
        self.assertEqual("secret" in str(error), STANDIN)

    def test_a_base_url_that_is_not_set(self):
        self.raises(AttributeError if STANDIN else TypeError, request, xsoar.BaseClient(None), "GET")

    def test_history_without_bodies(self):
        self.server.answers["/x"] = Answer(302, [("Location", "/y")], b"over there")
        self.assertEqual(self.response().history[0].content, b"over there" if STANDIN else b"")

    def test_text_without_a_charset(self):
        for body, text in ((b"h\xc3\xa9", "h\u00e9"), (b"h\xe9", "h\u00e9")):
            self.server.otherwise = Answer(200, [("Content-Type", "application/octet-stream")], body)
            if not STANDIN:  # which guesses
                self.assertEqual(request(self.client, "GET", resp_type="text"), text)

    def test_raw_is_decoded(self):
        response = self.response(stream=True)
        self.assertEqual((response.raw.status, response.raw.read()), (200, OK.body))

    def test_error_types_that_are_none(self):
        class Client(xsoar.BaseClient):
            def determine_error_type(self, response):
                return "Sunday"

        self.server.otherwise = Answer(404)
        client = Client(self.server.url)
        if STANDIN:
            self.raises(KeyError, request, client, "GET", with_metrics=True)
        else:
            self.fails(request, client, "GET", with_metrics=True)
            self.assertEqual(client.execution_metrics.general_error, 1)

    def test_an_adapter_of_ones_own(self):
        from requests.adapters import HTTPAdapter

        class Own(HTTPAdapter):
            pass

        self.server.answers["/x"] = Answer(302, [("Location", "/y")], b"")
        self.client._session.mount("http://", Own())
        self.assertEqual(self.response().status_code, 200 if STANDIN else 302)

    if not STANDIN:
        def test_a_changed_context(self):
            with lab("good") as (servers, _):
                client = xsoar.BaseClient(servers["good"], verify=False)
                client._session.adapters["https://"].context.maximum_version = ssl.TLSVersion.TLSv1_2
                response = request(client, "GET", "/status/200", resp_type="response")
                self.assertEqual(response.report.protocol, "TLSv1.3")
