"""What integrations do with a response: read it in pieces, look at how it came, keep it, copy it; and with exceptions."""
import copy
import hashlib
import pickle
import re

from common.case import Case, request
from common.server import OK, Answer, Server, closed_port
from common.subject import STANDIN, exceptions, xsoar



class Responses(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server())

    def setUp(self):
        super().setUp()
        self.server.reset(otherwise=OK)
        self.client = xsoar.BaseClient(self.server.url)

    def response(self, method="GET", suffix="/x", **kwargs):
        return request(self.client, method, suffix, resp_type="response", **kwargs)


class Copies(Responses):
    def test_all_of_it(self):
        self.server.answers["/x"] = Answer(302, [("Location", "/y"), ("Set-Cookie", "a=b")], b"")
        response = self.response("POST", data={"c": "d"})
        pickled = [pickle.loads(pickle.dumps(response, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
        for same in (*pickled, copy.copy(response), copy.deepcopy(response)):
            self.assertIs(type(same), type(response))
            self.assertEqual((same.status_code, same.json(), same.text, same.content, same.url, same.ok),
                             (200, {"status": "ok"}, response.text, response.content, response.url, True))
            self.assertEqual((same.headers["content-type"], same.elapsed, same.encoding),
                             ("application/json", response.elapsed, response.encoding))
            self.assertEqual([(hop.status_code, hop.url) for hop in same.history], [(302, self.server.url + "/x")])
            self.assertEqual(same.request.method, "GET")

    def test_of_a_stream(self):
        same = pickle.loads(pickle.dumps(self.response(stream=True)))
        self.assertEqual(same.json(), {"status": "ok"})

    def test_of_exceptions(self):
        import requests  # whose classes they are, too
        self.assertTrue(requests)
        client = xsoar.BaseClient(f"http://127.0.0.1:{closed_port()}")
        cause = self.fails(request, client, "GET").exception
        for same in (pickle.loads(pickle.dumps(cause)), copy.copy(cause)):
            self.assertIs(type(same), type(cause))
            if not STANDIN:
                self.assertEqual(same.args[0].args, cause.args[0].args)
                self.assertEqual(same.args[0].reason, cause.args[0].reason)
            self.assertIsInstance(same, exceptions.ConnectionError)
        same = pickle.loads(pickle.dumps(xsoar.DemistoException("text", ValueError("why"), "response", "type")))
        self.assertEqual((str(same), same.message, same.res, same.error_type), ("text", "text", "response", "type"))

    if not STANDIN:
        def test_exceptions_are_named_as_they_are_imported(self):
            """By tracebacks, and by pickles, which outlive where a class happens to be defined."""
            self.assertEqual(xsoar.DemistoException.__module__, "anycert.xsoar")
            self.assertIn(b"anycert.xsoar\x94", pickle.dumps(xsoar.DemistoException("text"), 4))

        def test_of_what_is_no_json(self):
            self.server.otherwise = Answer(body=b"[1, ]")
            cause = self.fails(request, self.client, "GET").exception
            same = pickle.loads(pickle.dumps(cause))
            self.assertEqual((type(same), same.pos, same.doc), (type(cause), cause.pos, cause.doc))

        def test_a_copy_keeps_the_report(self):
            from common.server import certificate
            with Server(tls=certificate(), otherwise=OK) as server:
                response = request(xsoar.BaseClient(server.url, verify=False), "GET", resp_type="response")
                self.assertIs(copy.copy(response).report, response.report)
                self.assertIsNone(pickle.loads(pickle.dumps(response)).report)


class Streams(Responses):
    def test_in_two_goes(self):
        self.server.otherwise = Answer(body=b"0123456789")
        response = self.response(stream=True)
        begun = response.iter_content(3)
        self.assertEqual(next(begun), b"012")
        self.assertEqual(b"".join(response.iter_content(4)), b"3456789")
        self.assertRaises(exceptions.StreamConsumedError, response.iter_content, 4)
        self.assertRaises(RuntimeError, lambda: response.content)

    def test_the_rest_as_a_whole(self):
        self.server.otherwise = Answer(body=b"0123456789")
        response = self.response(stream=True)
        begun = response.iter_content(3)
        next(begun)
        self.assertEqual((response.content, response.content), (b"3456789", b"3456789"))


class Requests(Responses):
    """`request` of a response, and of those on the way to it."""

    def test_after_redirects(self):
        self.server.reset({"/x": Answer(302, [("Location", "/y"), ("Set-Cookie", "a=b")], b""),
                           "/y": Answer(307, [("Location", "/z")], b"")}, OK)
        response = self.response("POST", data="body", params={"q": "1"})
        self.assertEqual((response.request.method, response.request.url, response.request.body),
                         ("GET", self.server.url + "/z", None))
        first, second = response.history
        self.assertEqual((first.request.method, first.request.url, first.request.body, first.cookies.get("a")),
                         ("POST", self.server.url + "/x?q=1", "body", "b"))
        self.assertEqual((second.request.method, second.request.url), ("GET", self.server.url + "/y"))

    def test_prepared_ones(self):
        session = self.client._session
        if STANDIN:
            from requests import Request
        else:
            from anycert._prepare import Request
        prepared = session.prepare_request(Request("POST", self.server.url + "/a b", params="c=[1]", json={"d": 1}))
        self.assertEqual(session.send(prepared).status_code, 200)
        self.assertEqual((self.server.last.target, self.server.last.body), ("/a%20b?c=%5B1%5D", b'{"d": 1}'))
        session.send(Request("GET", self.server.url).prepare())
        self.assertEqual(self.server.last.value("accept-encoding"), "identity")


def digest(asked):
    """RFC 7616 with MD5, for the user "u" with the password "p"."""
    given = asked.value("authorization") or ""
    if not given.startswith("Digest "):
        return Answer(401, [("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5')], b"")
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', given))
    user, place = (hashlib.md5(text.encode()).hexdigest() for text in ("u:r:p", f"{asked.method}:{asked.target}"))
    proof = hashlib.md5(f"{user}:n:{fields['nc']}:{fields['cnonce']}:auth:{place}".encode()).hexdigest()
    return Answer(200 if proof == fields["response"] else 403, body=asked.body)


class Signed(Responses):
    """Callables that sign a request, and those that send it once more."""

    def test_what_they_see(self):
        seen = []

        def sign(prepared):
            seen.append((prepared.method, prepared.path_url, prepared.body))
            return prepared

        self.response("PUT", "/a/../[b]", params="c=d e", json_data=[1], auth=sign)
        (method, path, body), = seen
        self.assertEqual((method, path, body), (self.server.last.method, self.server.last.target, self.server.last.body))

    def test_a_hook_that_sends_again(self):
        asked = []

        def again(response, **kwargs):
            asked.append(response.status_code)
            retried = response.request.copy()
            retried.headers["X-Again"] = str(len(asked))
            answer = response.connection.send(retried, **kwargs)
            answer.history.append(response)
            return answer

        def sign(prepared):
            prepared.register_hook("response", again)
            return prepared

        self.server.answers["/x"] = Answer(401, body=b"")
        response = self.response("POST", data={"a": "b"}, auth=sign, ok_codes=(401,))
        self.assertEqual((asked, len(self.server.seen), len(response.history)), ([401], 2, 1))  # its own answer is no event
        self.assertEqual((self.server.last.value("x-again"), self.server.last.body), ("1", b"a=b"))

    def test_digest(self):
        """Of requests, which the caller imports."""
        from requests.auth import HTTPDigestAuth
        self.server.otherwise = digest
        client = xsoar.BaseClient(self.server.url, auth=HTTPDigestAuth("u", "p"))
        for kwargs in ({}, {"data": {"a": "b"}}, {"json_data": {"a": 1}}, {"params": {"q": "a b"}}, {"stream": True}):
            with self.subTest(kwargs):
                response = request(client, "POST", "/x", resp_type="response", **kwargs)
                self.assertEqual(response.content, self.server.last.body)
        self.assertEqual(len(self.server.seen), 6)  # only the first is asked who it is

    def test_an_adapter_of_requests(self):
        from requests.adapters import HTTPAdapter
        self.client._session.mount("http://", HTTPAdapter())
        self.response("POST", json_data={"a": 1}, auth=("u", "p"))
        self.assertEqual((self.server.last.value("authorization"), self.server.last.body), ("Basic dTpw", b'{"a": 1}'))
