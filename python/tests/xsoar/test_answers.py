"""What becomes of answers: the kinds of result, empty ones, JSON and its encodings, text, XML."""
import math
from xml.etree.ElementTree import ParseError

from common.case import Case, request
from common.server import Answer, Server, answer_json
from common.subject import STANDIN, exceptions, xsoar

JSON = [("Content-Type", "application/json")]


class Answers(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server())
        cls.client = xsoar.BaseClient(cls.server.url)

    def get(self, answer, **kwargs):
        self.server.otherwise = answer
        return request(self.client, "GET", **kwargs)

    def parse(self, body, headers=()):
        return self.get(Answer(200, headers or JSON, body))


class Kinds(Answers):
    def test_any_case(self):
        answer = answer_json({"a": 1})
        self.assertEqual(self.get(answer, resp_type="JSON"), {"a": 1})
        self.assertEqual(self.get(answer, resp_type="Text"), '{"a": 1}')
        self.assertEqual(self.get(answer, resp_type="CONTENT"), b'{"a": 1}')

    def test_others_are_the_response(self):
        for kind in ("response", "RESPONSE", "anything", ""):
            self.assertEqual(self.get(answer_json({}), resp_type=kind).status_code, 200)

    def test_json_of_a_type_that_is_none(self):
        self.assertEqual(self.parse(b"[1]", [("Content-Type", "text/html")]), [1])
        self.assertEqual(self.get(Answer(body=b"[1]")), [1])

    def test_xml(self):
        response = self.get(Answer(body=b"<a><b/></a>"), resp_type="xml")
        self.assertEqual((response.status_code, response.text), (200, "<a><b/></a>"))

    def test_xml_that_is_none(self):
        client = xsoar.BaseClient(self.server.url)
        self.server.otherwise = Answer(body=b"<a><b>")
        self.raises(ParseError, request, client, "GET", resp_type="xml", with_metrics=True,
                    says="no element found: line 1, column 6")
        self.assertEqual(client.execution_metrics.success, 1)

    def test_response(self):
        response = self.get(Answer(201, [("X-One", "1"), ("Link", '</2>; rel="next"')], b"text"),
                            resp_type="response")
        self.assertEqual((response.status_code, response.ok, response.reason), (201, True, "Created"))
        self.assertEqual((response.headers["x-one"], response.headers.get("X-ONE")), ("1", "1"))
        self.assertEqual((response.text, response.content, response.url), ("text", b"text", self.server.url + "/"))
        self.assertEqual(response.links["next"]["url"], "/2")
        self.assertGreaterEqual(response.elapsed.total_seconds(), 0)
        self.assertEqual(response.request.method, "GET")
        response.raise_for_status()
        with response:
            self.assertEqual(list(response.iter_content(2)), [b"te", b"xt"])
        bad = self.get(Answer(404), resp_type="response", ok_codes=(404,))
        self.assertFalse(bad.ok)
        self.raises(exceptions.HTTPError, bad.raise_for_status,
                    says=f"404 Client Error: Not Found for url: {self.server.url}/")


class Empty(Answers):
    def test_204(self):
        response = self.get(Answer(204), return_empty_response=True)
        self.assertEqual((response.status_code, response.content), (204, b""))

    def test_204_without_asking_for_it(self):
        error = self.fails(self.get, Answer(204), says="Failed to parse json object from response: b''")
        self.assertEqual(error.res.status_code, 204)
        self.assertEqual(self.get(Answer(204), resp_type="text"), "")

    def test_200(self):
        self.fails(self.get, Answer(200, body=b""), return_empty_response=True,
                   says="Failed to parse json object from response: b''")

    def test_empty_valid_codes(self):
        response = self.get(Answer(202, body=b""), return_empty_response=True, empty_valid_codes=[202])
        self.assertEqual(response.status_code, 202)
        self.fails(self.get, Answer(204), return_empty_response=True, empty_valid_codes=[202])
        self.fails(self.get, Answer(202, body=b""), empty_valid_codes=[202])
        for codes in (None, [], ()):
            self.assertEqual(self.get(Answer(204), return_empty_response=True, empty_valid_codes=codes).status_code, 204)


class Json(Answers):
    def test_values(self):
        for body, value in (
                (b"{}", {}), (b"[]", []), (b"null", None), (b"true", True), (b'"a"', "a"), (b"0", 0), (b"-0.5e2", -50.0),
                (b'{"a": 1, "b": 2, "a": 3}', {"a": 3, "b": 2}), (b" [1 ] ", [1]), (b'"\\u00e9\\ud83d\\ude00"', "\u00e9\U0001f600"),
                (b"123456789012345678901234567890", 123456789012345678901234567890), (b"Infinity", math.inf),
                (b"[-Infinity]", [-math.inf]), (b'"\\ud800"', "\ud800")):
            with self.subTest(body):
                parsed = self.parse(body)
                self.assertEqual((parsed, type(parsed)), (value, type(value)))
        self.assertTrue(math.isnan(self.parse(b"NaN")))
        self.assertEqual(list(self.parse(b'{"b": 1, "a": 2}')), ["b", "a"])

    def test_bad_bytes_are_replaced(self):
        self.assertEqual(self.parse(b'"a\xffb"'), "a\ufffdb")

    def test_byte_order_marks(self):
        for body in (b"\xef\xbb\xbf{}", "{}".encode("utf-16")):
            self.fails(self.parse, body, says=f"Failed to parse json object from response: {body!r}")

    def test_other_encodings(self):
        self.assertEqual(self.parse('"\u00e9"'.encode("latin-1"), [("Content-Type", "application/json; charset=latin-1")]),
                         "\u00e9")
        self.assertEqual(self.get(Answer(200, [], '{"a": "\u00e9"}'.encode("utf-16"))), {"a": "\u00e9"})

    def test_what_is_none(self):
        for body in (b"notjson", b"{", b"[1,]", b"{'a': 1}", b"1 2", b'"\n"', b"nul", b"01"):
            with self.subTest(body):
                error = self.fails(self.parse, body, says=f"Failed to parse json object from response: {body!r}")
                self.assertIsInstance(error.exception, exceptions.JSONDecodeError)
                self.assertIsInstance(error.exception, ValueError)
                self.assertEqual(error.res.content, body)

    def test_it_counts_as_a_success(self):
        client = xsoar.BaseClient(self.server.url)
        self.server.otherwise = Answer(body=b"notjson")
        self.fails(request, client, "GET", with_metrics=True)
        self.assertEqual((client.execution_metrics.success, client.execution_metrics.general_error), (1, 0))

    def test_position(self):
        error = self.fails(self.parse, b'{"a": 1,\n "b": x}')
        self.assertEqual((error.exception.pos, error.exception.lineno, error.exception.colno), (15, 2, 7))
        self.assertEqual(error.exception.msg, "Expecting value")


class Text(Answers):
    def text(self, body, kind=None):
        return self.get(Answer(200, [("Content-Type", kind)] if kind else [], body), resp_type="text")

    def test_charset(self):
        self.assertEqual(self.text("h\u00e9".encode("utf-8"), "text/plain; charset=utf-8"), "h\u00e9")
        self.assertEqual(self.text("h\u00e9".encode("cp1252"), "text/plain; charset=windows-1252"), "h\u00e9")
        self.assertEqual(self.text("h\u00e9".encode("utf-8"), "application/json"), "h\u00e9")

    def test_text_without_charset(self):
        self.assertEqual(self.text("h\u00e9".encode("utf-8"), "text/plain"), "h\u00c3\u00a9")
        self.assertEqual(self.text("h\u00e9".encode("latin-1"), "text/html"), "h\u00e9")

    def test_encoding_that_the_caller_sets(self):
        response = self.get(Answer(200, [("Content-Type", "text/plain")], "h\u00e9".encode("utf-8")),
                            resp_type="response")
        self.assertEqual((response.encoding, response.text), ("ISO-8859-1", "h\u00c3\u00a9"))
        response.encoding = "utf-8"
        self.assertEqual(response.text, "h\u00e9")

    def test_ascii_of_no_type(self):
        self.assertEqual(self.text(b"plain"), "plain")


class Compressed(Answers):
    def test_gzip(self):
        import gzip
        body = gzip.compress(b'{"a": 1}')
        self.assertEqual(self.parse(body, [*JSON, ("Content-Encoding", "gzip")]), {"a": 1})

    def test_bad_gzip(self):
        self.raises(exceptions.ContentDecodingError, self.parse, b"no gzip at all", [*JSON, ("Content-Encoding", "gzip")])

    def test_words_that_are_no_coding(self):
        for word in ("identity", "none", "utf-8", "UTF-8", "strange", "strange, other", ""):
            with self.subTest(word):
                self.assertEqual(self.parse(b'{"a": 1}', [*JSON, ("Content-Encoding", word)]), {"a": 1})

    def test_without_length(self):
        self.assertEqual(self.get(Answer(200, JSON, b"[1]", length=False)), [1])
        chunks = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                  b"1\r\n[\r\n2\r\n1]\r\n0\r\n\r\n")
        self.assertEqual(self.get(Answer(raw=chunks)), [1])


class Handlers(Answers):
    """What a subclass or a caller does about errors."""

    def test_default(self):
        for answer, text in (
                (answer_json({"error": "e\u00e9", "a": [1]}, 404), 'Error in API call [404] - Not Found\n{"error": "e\\u00e9", "a": [1]}'),
                (Answer(404, body=b'{"b":1,  "a":2}'), 'Error in API call [404] - Not Found\n{"b": 1, "a": 2}'),
                (Answer(404, body=b"plain err"), "Error in API call [404] - Not Found\nplain err"),
                (Answer(500, body=b"no", reason=""), "Error in API call [500] - \nno"),
                (Answer(500, body=b"null"), "Error in API call [500] - Internal Server Error\nnull"),
                (Answer(403, body=b""), "Error in API call [403] - Forbidden\n"),
                (Answer(418, body=b"x", reason="I am a teapot"), "Error in API call [418] - I am a teapot\nx"),
                (Answer(404, body=b"NaN"), "Error in API call [404] - Not Found\nNaN")):
            for kind in ("json", "text", "response"):
                with self.subTest(text, kind=kind):
                    error = self.fails(self.get, answer, resp_type=kind, says=text)
                    self.assertEqual((error.res.status_code, error.exception, error.error_type),
                                     (answer.status, None, None))

    def test_a_good_status_that_is_not_among_the_codes(self):
        self.fails(self.get, Answer(200, body=b"x"), ok_codes=(201,), says="Error in API call [200] - OK\nx")

    def test_ok_codes_of_the_call_before_those_of_the_client(self):
        client = xsoar.BaseClient(self.server.url, ok_codes=(200,))
        self.server.otherwise = answer_json([], 404)
        self.assertEqual(request(client, "GET", ok_codes=(404,)), [])
        for codes in ((), None, []):
            self.fails(request, client, "GET", ok_codes=codes)

    def test_handler_that_raises(self):
        class Mine(Exception):
            pass

        def handler(response):
            raise Mine(response.status_code)
        client = xsoar.BaseClient(self.server.url)
        self.server.otherwise = Answer(401)
        self.raises(Mine, request, client, "GET", error_handler=handler, with_metrics=True, says="401")
        self.assertEqual((client.execution_metrics.auth_error, client.execution_metrics.success), (1, 0))

    def test_handler_that_returns(self):
        client = xsoar.BaseClient(self.server.url)
        self.server.otherwise = answer_json({"a": 1}, 500)
        seen = []
        self.assertEqual(request(client, "GET", error_handler=seen.append, with_metrics=True), {"a": 1})
        self.assertEqual([response.status_code for response in seen], [500])
        self.assertEqual((client.execution_metrics.service_error, client.execution_metrics.success), (0, 1))

    def test_hook(self):
        class Lenient(xsoar.BaseClient):
            def client_error_handler(self, res):
                if res.status_code != 404:
                    raise xsoar.DemistoException("mine", res=res)
        client = Lenient(self.server.url)
        self.server.otherwise = answer_json({}, 404)
        self.assertEqual(request(client, "GET"), {})
        self.server.otherwise = answer_json({}, 400)
        self.fails(request, client, "GET", says="mine")
        seen = []
        request(client, "GET", error_handler=seen.append)
        self.assertEqual(len(seen), 1)

    def test_hooks_that_are_overridden(self):
        class Odd(xsoar.BaseClient):
            def _is_status_code_valid(self, response, ok_codes=None):
                return response.headers.get("X-Fine") == "yes"

            def determine_error_type(self, response):
                return xsoar.ErrorTypes.QUOTA_ERROR

            def _handle_success(self, res, *args, **kwargs):
                return "handled", super()._handle_success(res, *args, **kwargs)
        client = Odd(self.server.url)
        self.server.otherwise = answer_json({}, 500, [("X-Fine", "yes")])
        self.assertEqual(request(client, "GET", with_metrics=True), ("handled", {}))
        self.server.otherwise = answer_json({}, 200)
        self.fails(request, client, "GET", with_metrics=True, says="Error in API call [200] - OK\n{}")
        self.assertEqual((client.execution_metrics.success, client.execution_metrics.quota_error), (1, 1))

    def test_demisto_exception(self):
        cause, res = ValueError("x"), object()
        error = xsoar.DemistoException("text", cause, res, "kind", 1)
        self.assertEqual((error.message, error.exception, error.res, error.error_type), ("text", cause, res, "kind"))
        self.assertEqual(str(error), "text")
        self.assertEqual(xsoar.DemistoException("text", cause, res, "kind").args, ("text", cause, "kind"))
        self.assertEqual(xsoar.DemistoException("text").args, ("text", None, None))
        self.assertEqual(str(xsoar.DemistoException(404)), "404")


if not STANDIN:
    class Reports(Answers):
        """What the original has not."""

        def test_report(self):
            response = self.get(answer_json({}), resp_type="response")
            self.assertTrue(hasattr(response, "report"))
