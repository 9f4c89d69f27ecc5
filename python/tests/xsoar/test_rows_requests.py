"""The original's own tests, row by row, against real servers: requests, proxies, failures. The numbers are those of
the list of cases that describes it."""
import json
import os
import ssl

from common.case import Case, lab, request
from common.server import CLOSE, OK, RESET, Answer, Server, answer_json, certificate, closed_port, full_backlog
from common.squid import squid
from common.subject import STANDIN, exceptions, sleeps, xsoar

EVENT = "/api/v2/event"
LEGACY = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT


class Rows(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server())

    def setUp(self):
        super().setUp()
        self.server.reset({EVENT: OK})

    def client(self, **kwargs):
        kwargs.setdefault("ok_codes", (200, 201))
        return xsoar.BaseClient(self.server.url + "/api/v2/", **kwargs)


class Bodies(Rows):
    def test_04_json(self):
        self.assertEqual(request(self.client(), "get", "event"), {"status": "ok"})

    def test_05_json_negative(self):
        self.server.answers[EVENT] = Answer(body=b"notjson")
        error = self.fails(request, self.client(), "get", "event",
                           says="Failed to parse json object from response: b'notjson'")
        self.assertEqual(error.res.text, "notjson")
        self.assertIsInstance(error.exception, exceptions.JSONDecodeError)

    def test_06_text(self):
        text = request(self.client(), "get", "event", resp_type="text")
        self.assertIs(type(text), str)
        self.assertEqual(json.loads(text), {"status": "ok"})

    def test_07_content(self):
        content = request(self.client(), "get", "event", resp_type="content")
        self.assertIs(type(content), bytes)
        self.assertEqual(json.loads(content), {"status": "ok"})

    def test_08_response(self):
        response = request(self.client(), "get", "event", resp_type="response")
        self.assertEqual(response.json(), {"status": "ok"})
        self.assertTrue(response.ok)


class Retried(Rows):
    """Rows 2 and 3: over https, without which the original does not retry."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server(tls=certificate()))

    def client(self, **kwargs):
        return super().client(verify=False, **kwargs)

    def test_02_retry_sanity(self):
        for method in ("GET", "PUT", "POST"):
            with self.subTest(method), sleeps() as slept:
                answer = request(self.client(), method, "event", retries=1, status_list_to_retry=[401])
                self.assertEqual((answer, slept), ({"status": "ok"}, []))

    def test_03_retry_negative_sanity(self):
        for method in ("GET", "PUT", "POST"):
            for status in (400, 401, 500):
                with self.subTest(f"{method} {status}"), sleeps():
                    self.server.reset({EVENT: Answer(status)})
                    error = self.fails(request, self.client(), method, "event", retries=3,
                                       status_list_to_retry=[400, 401, 500])
                    self.assertIn(f"[{status}]", str(error))
                    self.assertEqual([seen.method for seen in self.server.seen], [method] * 4)


class Ciphers(Case):
    def test_01_ssl_ciphers_insecure(self):
        adapter = xsoar.BaseClient("https://127.0.0.1", verify=False)._session.adapters["https://"]
        self.assertIsInstance(adapter.context, ssl.SSLContext)
        names = [cipher["name"] for cipher in adapter.context.get_ciphers()]
        self.assertEqual(len(names), 42)
        self.assertIn("AES128-GCM-SHA256", names)
        self.assertTrue(adapter.context.options & LEGACY)


class Proxied(Rows):
    """Rows 9 to 13: who is asked, and with which anchors, instead of what an inner function is given."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = cls.enter_class(squid())
        cls.secure = cls.enter_class(Server(tls=certificate(), otherwise=OK))
        cls.bundle = certificate()[0]

    def setUp(self):
        super().setUp()
        self.proxy.forget()

    def set_up_environment(self, proxy):
        os.environ.update({"http_proxy": proxy, "https_proxy": proxy, "REQUESTS_CA_BUNDLE": self.bundle})

    def ask(self, base=None, **kwargs):
        client = xsoar.BaseClient(base or self.secure.url, **kwargs)
        self.assertEqual(request(client, "get", "event"), {"status": "ok"})

    def test_09_proxy_false(self):
        self.set_up_environment(self.proxy.http)
        self.ask(proxy=False, verify=True)  # the bundle is used, or the certificate would be refused
        self.assertNotIn("http_proxy", os.environ)
        self.assertNotIn("https_proxy", os.environ)
        self.assertEqual(self.proxy.logged(0), [])

    def test_10_proxy_true(self):
        self.set_up_environment(self.proxy.http)
        self.ask(proxy=True, verify=True)
        self.server.otherwise = OK
        self.ask(self.server.url, proxy=True)
        self.assertEqual(sorted(line[0] for line in self.proxy.logged(2)), ["CONNECT", "GET"])

    def test_11_proxy_without_http_prefix(self):
        self.set_up_environment(self.proxy.http.replace("http://", ""))
        self.ask(proxy=True)
        self.assertEqual(os.environ["http_proxy"], self.proxy.http)
        self.assertEqual(os.environ["https_proxy"], self.proxy.http)
        self.assertEqual(self.proxy.logged()[0][0], "CONNECT")

    def test_12_proxy_empty_proxy(self):
        self.set_up_environment("")
        self.ask(proxy=True)
        self.assertEqual(self.proxy.logged(0), [])

    def test_13_verify_false(self):
        self.set_up_environment(self.proxy.http)
        os.environ["REQUESTS_CA_BUNDLE"] = "/nowhere/bundle.pem"
        self.ask(proxy=True, verify=False)
        self.assertNotIn("REQUESTS_CA_BUNDLE", os.environ)
        self.assertEqual(self.proxy.logged()[0][0], "CONNECT")


class Failing(Rows):
    def test_14_not_ok(self):
        self.server.answers[EVENT] = Answer(500, body=b"")
        self.fails(request, self.client(), "get", "event", says="Error in API call [500] - Internal Server Error\n")

    def test_15_not_ok_but_ok(self):
        self.server.answers[EVENT] = Answer(500)
        response = request(self.client(), "get", "event", resp_type="response", ok_codes=(500,))
        self.assertEqual(response.status_code, 500)

    def test_16_17_not_ok_with_json(self):
        self.server.answers[EVENT] = answer_json({"error": "additional text"}, 500)
        error = self.fails(request, self.client(), "get", "event")
        first, second = str(error).split("\n")
        self.assertEqual(first, "Error in API call [500] - Internal Server Error")
        self.assertEqual(json.loads(second), {"error": "additional text"})

    def test_18_timeout(self):
        with full_backlog() as port:
            client = xsoar.BaseClient(f"http://127.0.0.1:{port}", timeout=0.2)
            error = self.fails(request, client, "get", "event", says=(
                "Connection Timeout Error - potential reasons might be that the Server URL parameter is incorrect or "
                "that the Server is not accessible from your host."))
        self.assertIsInstance(error.exception, exceptions.ConnectTimeout)
        self.assertIsInstance(error.exception, exceptions.ConnectionError)

    def test_19_ssl_error(self):
        with Server(tls=certificate()) as secure:
            error = self.fails(request, xsoar.BaseClient(secure.url), "get", "event")
        sentence = ("SSL Certificate Verification Failed - try selecting 'Trust any certificate' checkbox in the "
                    "integration configuration.")
        self.assertEqual(str(error).split("\n")[0], sentence)
        self.assertIsInstance(error.exception, exceptions.SSLError)
        if STANDIN:
            self.assertEqual(str(error), sentence)

    def test_20_ssl_error_insecure(self):
        """Not wrapped: the session's own exception, and its text is that of the session."""
        with lab("camellia", "plain-http") as (servers, _):
            for name, url in servers.items():
                with self.subTest(name):
                    client = xsoar.BaseClient(url, verify=False)
                    error = self.raises(exceptions.SSLError, request, client, "get", "event")
                    same = self.raises(exceptions.SSLError, client._session.get, url + "/event", verify=False)
                    self.assertEqual(type(error), type(same))
                    if not STANDIN:  # whose text has addresses of objects in it
                        self.assertEqual(str(error), str(same))

    def test_21_proxy_error(self):
        os.environ["http_proxy"] = f"http://127.0.0.1:{closed_port()}"
        error = self.fails(request, self.client(proxy=True), "get", "event", says=(
            "Proxy Error - if the 'Use system proxy' checkbox in the integration configuration is selected, try "
            "clearing the checkbox."))
        self.assertIsInstance(error.exception, exceptions.ProxyError)

    UNREACHABLE = ("Verify that the server URL parameter is correct and that you have access to the server from your "
                   "host.\nError Type: <requests.exceptions.ConnectionError>\n")

    def test_22_connection_error(self):
        client = xsoar.BaseClient(f"http://127.0.0.1:{closed_port()}")
        error = self.fails(request, client, "get", "event")
        self.assertEqual(str(error), self.UNREACHABLE + str(error.exception))
        self.assertEqual(type(error.exception).__name__, "ConnectionError")

    def failing_with(self, raised):
        client = self.client()

        def fail(*_, **__):
            raise raised
        client._session.request = fail
        return self.fails(request, client, "get", "event")

    def test_23_connection_error_with_errno(self):
        raised = exceptions.ConnectionError("reset")
        raised.errno, raised.strerror = 104, "Connection reset by peer test"
        error = self.failing_with(raised)
        self.assertEqual(str(error), self.UNREACHABLE + "Error Number: [104]\nMessage: Connection reset by peer test")

    def test_23_connection_error_of_a_real_reset(self):
        for how in (RESET, CLOSE):
            self.server.answers[EVENT] = how
            error = self.fails(request, self.client(), "get", "event")
            self.assertTrue(str(error).startswith(self.UNREACHABLE), str(error))
            self.assertIsInstance(error.exception, exceptions.ConnectionError)

    def test_24_connection_error_without_errno(self):
        error = self.failing_with(exceptions.ConnectionError("Generic error"))
        self.assertEqual(str(error), self.UNREACHABLE + "Generic error")

    def test_25_text_exception_parsing(self):
        self.server.answers[EVENT] = Answer(400, [("Content-Type", "text/plain")], b"additional text")
        self.fails(request, self.client(), "get", "event", resp_type="text",
                   says="Error in API call [400] - Bad Request\nadditional text")

    def test_26_json_exception_parsing(self):
        self.server.answers[EVENT] = answer_json({"error": "additional text"}, 400)
        self.fails(request, self.client(), "get", "event", resp_type="text",
                   says='Error in API call [400] - Bad Request\n{"error": "additional text"}')

    def test_27_exception_response_json_parsing_when_ok_code_is_invalid(self):
        self.server.answers[EVENT] = answer_json({"error": "additional text"}, 400)
        error = self.fails(request, self.client(), "get", "event", ok_codes=(200,))
        self.assertEqual((error.res.status_code, error.res.json()), (400, {"error": "additional text"}))

    def test_28_exception_response_text_parsing_when_ok_code_is_invalid(self):
        self.server.answers[EVENT] = Answer(400, body=b'{"error": "additional text"}')
        error = self.fails(request, self.client(), "get", "event", ok_codes=(200,))
        self.assertEqual((error.res.status_code, json.loads(error.res.text)), (400, {"error": "additional text"}))
