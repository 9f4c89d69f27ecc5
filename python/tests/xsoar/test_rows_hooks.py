"""The original's own tests, row by row, against real servers: timeouts, statuses, metrics, environment, logs."""
import os
from urllib.parse import quote

from common.case import Case, Platform, request
from common.server import OK, Answer, Server, certificate, closed_port, full_backlog
from common.subject import STANDIN, exceptions, sleeps, xsoar

EVENT = "/api/v2/event"


class Rows(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server())

    def setUp(self):
        super().setUp()
        self.server.reset({EVENT: OK})

    def client(self, kind=None, **kwargs):
        kwargs.setdefault("ok_codes", (200, 201))
        return (kind or xsoar.BaseClient)(self.server.url + "/api/v2/", **kwargs)


class Timeouts(Rows):
    """Rows 29 to 34: what the session is given."""

    def timeout_of(self, platform=None, environment=(), call=None, **kwargs):
        self.set_platform(platform or Platform())
        os.environ.update(environment)
        client = self.client(**kwargs)
        given = {}
        asked = client._session.request

        def spy(*args, **arguments):
            given.update(arguments)
            return asked(*args, **arguments)
        client._session.request = spy
        request(client, "get", "event", **(call or {}))
        return given["timeout"]

    def test_29_default(self):
        self.assertEqual(self.timeout_of(), 60)
        self.assertEqual(xsoar.BaseClient.REQUESTS_TIMEOUT, 60)

    def test_30_given_to_the_function(self):
        self.assertEqual(self.timeout_of(call={"timeout": 120}), 120)

    def test_31_given_to_the_class(self):
        self.assertEqual(self.timeout_of(timeout=44), 44)

    def test_32_environment_system(self):
        self.assertEqual(self.timeout_of(environment={"REQUESTS_TIMEOUT": "10"}), 10)

    def test_33_environment_integration(self):
        self.assertEqual(self.timeout_of(Platform(brand="Test"), {"REQUESTS_TIMEOUT.Test": "180.1"}), 180.1)

    def test_34_environment_script(self):
        self.assertEqual(self.timeout_of(Platform(script="TestScript"), {"REQUESTS_TIMEOUT.TestScript": "23.4"}),
                         23.4)


class Statuses(Rows):
    def valid(self, status, client_codes=None, *args):
        self.server.answers[EVENT] = Answer(status)
        client = self.client(ok_codes=client_codes)
        response = request(client, "get", "event", resp_type="response", ok_codes=(status,))
        return client._is_status_code_valid(response, *args)

    def test_35_empty(self):
        self.assertTrue(self.valid(200, None, None))

    def test_36_from_function(self):
        self.assertTrue(self.valid(200, None, (200, 201)))

    def test_37_from_self(self):
        self.assertTrue(self.valid(200, (200, 201)))

    def test_38_empty_false(self):
        self.assertFalse(self.valid(400, None, None))

    def test_39_from_function_false(self):
        self.assertFalse(self.valid(400, None, (200, 201)))

    def test_40_from_self_false(self):
        self.assertFalse(self.valid(400, (200, 201)))


class Parsers(Rows):
    def test_41_params_parser_none(self):
        request(self.client(), "get", "event", params={"key": "value with spaces"})
        self.assertEqual(self.server.last.target, EVENT + "?key=value+with+spaces")

    def test_42_params_parser_quote(self):
        request(self.client(), "get", "event", params={"key": "value with spaces"}, params_parser=quote)
        self.assertEqual(self.server.last.target, EVENT + "?key=value%20with%20spaces")


class Metrics(Rows):
    COUNTERS = ("success", "quota_error", "general_error", "auth_error", "service_error", "connection_error",
                "proxy_error", "ssl_error", "timeout_error", "retry_error")

    def counted(self, client):
        return {name: getattr(client.execution_metrics, name) for name in self.COUNTERS
                if getattr(client.execution_metrics, name)}

    def failing(self, client, *args, **kwargs):
        error = self.fails(request, client, "get", "event", *args, with_metrics=True, **kwargs)
        return error, self.counted(client)

    def test_43_success(self):
        client = self.client()
        request(client, "get", "event", with_metrics=True)
        self.assertEqual(self.counted(client), {"success": 1})

    def test_44_success_but_polling_in_progress(self):
        class Polling(xsoar.BaseClient):
            def is_polling_in_progress(self, response):
                return response.json() == {"status": "ok"}
        client = self.client(Polling)
        request(client, "get", "event", with_metrics=True)
        self.assertEqual(self.counted(client), {})

    def test_45_timeout(self):
        with full_backlog() as port:
            client = xsoar.BaseClient(f"http://127.0.0.1:{port}", timeout=0.2)
            self.assertEqual(self.failing(client)[1], {"timeout_error": 1})

    def test_46_ssl_error(self):
        with Server(tls=certificate()) as secure:
            self.assertEqual(self.failing(xsoar.BaseClient(secure.url))[1], {"ssl_error": 1})

    def test_47_proxy_error(self):
        os.environ["http_proxy"] = f"http://127.0.0.1:{closed_port()}"
        self.assertEqual(self.failing(self.client(proxy=True))[1], {"proxy_error": 1})

    def test_48_connection_error(self):
        client = xsoar.BaseClient(f"http://127.0.0.1:{closed_port()}")
        self.assertEqual(self.failing(client)[1], {"connection_error": 1})

    def test_49_retry_error(self):
        with Server(tls=certificate(), otherwise=Answer(503)) as secure, sleeps():
            client = xsoar.BaseClient(secure.url, verify=False)
            error, counted = self.failing(client, retries=2, status_list_to_retry=[503], raise_on_status=True)
        self.assertEqual(counted, {"retry_error": 1})
        self.assertEqual(str(error), "Max Retries Error- Request attempts with 2 retries failed. \n"
                                     "Reason: too many 503 error responses")
        self.assertIsInstance(error.exception, exceptions.RetryError)

    def test_50_to_53_statuses(self):
        for status, counter in ((401, "auth_error"), (429, "quota_error"), (500, "service_error"),
                                (400, "general_error"), (403, "general_error"), (404, "general_error"),
                                (502, "general_error"), (503, "general_error")):
            with self.subTest(status):
                self.server.answers[EVENT] = Answer(status)
                error, counted = self.failing(self.client())
                self.assertIn("Error in API call", str(error))
                self.assertEqual(counted, {counter: 1})

    def test_54_not_found_error_but_ok(self):
        self.server.answers[EVENT] = Answer(404)
        client = self.client(ok_codes=(200, 201, 404))
        response = request(client, "get", "event", resp_type="response", with_metrics=True)
        self.assertEqual((response.status_code, self.counted(client)), (404, {"success": 1}))

    def test_55_metrics_results(self):
        self.server.answers[EVENT] = Answer(400)
        client = self.client()
        self.failing(client)
        del client
        self.assertEqual([(entry["Type"], entry["APIExecutionMetrics"]) for entry in self.platform.entries],
                         [(19, [{"Type": "GeneralError", "APICallsCount": 1}])])

    def test_56_no_execution_metrics_results(self):
        self.server.answers[EVENT] = Answer(400)
        client = self.client()
        self.fails(request, client, "get", "event")
        del client
        self.assertEqual(self.platform.entries, [])

    def test_57_subclass_without_execution_metrics_initialized(self):
        class Skipping(xsoar.BaseClient):
            def __init__(self):  # pylint: disable=super-init-not-called
                pass
        Skipping().__del__()
        self.assertEqual(self.platform.entries, [])


class Companions(Case):
    def test_58_handle_proxy(self):
        for params, kept in (({"insecure": True}, False), ({}, True), ({"unsecure": True}, False)):
            with self.subTest(params):
                os.environ["REQUESTS_CA_BUNDLE"] = "/test1.pem"
                self.set_platform(Platform(params))
                self.assertEqual(xsoar.handle_proxy(), {})
                self.assertEqual("REQUESTS_CA_BUNDLE" in os.environ, kept)

    def proxies(self, http, https):
        os.environ.update({"HTTP_PROXY": http, "HTTPS_PROXY": https})
        self.set_platform(Platform({"proxy": True}))
        return xsoar.handle_proxy()

    def test_59_handle_proxy_without_http_prefix(self):
        self.assertEqual(self.proxies("testproxy:8899", "testproxy:8899"),
                         {"http": "http://testproxy:8899", "https": "http://testproxy:8899"})

    def test_60_handle_proxy_with_http_prefix(self):
        self.assertEqual(self.proxies("http://testproxy:8899", "https://testproxy:8899"),
                         {"http": "http://testproxy:8899", "https": "https://testproxy:8899"})

    def test_61_handle_proxy_with_socks5_prefix(self):
        self.assertEqual(self.proxies("socks5://testproxy:8899", "socks5://testproxy:8899"),
                         {"http": "socks5://testproxy:8899", "https": "socks5://testproxy:8899"})


if not STANDIN:  # which has nothing of the original's logging
    class Logs(Rows):
        def test_62_http_client_debug(self):
            self.set_platform(Platform(debug=True))
            request(self.client(headers={"Authorization": "Bearer letmein"}), "get", "event", params={"apikey": "letmein"})
            lines = self.platform.lines
            self.assertGreater(len(lines), 5)
            self.assertIn("apikey=<XX_REPLACED>", "\n".join(lines))
            self.assertIn("Bearer <XX_REPLACED>", "\n".join(lines))
            self.assertNotIn("letmein", "\n".join(lines))

        def test_62_no_debug_no_lines(self):
            request(self.client(), "get", "event")
            self.assertEqual(self.platform.lines, [])

        def test_63_censor_request_logs(self):
            for line, censored in (
                    ("send: 'Authorization: Basic bWU6c2VjcmV0'", "send: 'Authorization: <XX_REPLACED>'"),
                    ("send: 'Authorization: Bearer secret'", "send: 'Authorization: Bearer <XX_REPLACED>'"),
                    ("send: 'Authorization: JWT secret'", "send: 'Authorization: JWT <XX_REPLACED>'"),
                    ("header: Cookie: a=secret", "header: Cookie: <XX_REPLACED>"),
                    ("header: Set_Cookie: a=secret; Path=/", "header: Set_Cookie: <XX_REPLACED>"),
                    ("send: 'apiKey: secret'", "send: 'apiKey: <XX_REPLACED>'"),
                    ("send: 'credentials: secret'", "send: 'credentials: <XX_REPLACED>'"),
                    ("send: 'client_name: secret'", "send: 'client_name: <XX_REPLACED>'"),
                    ("send: 'GET /x?a=1&apikey=secret&b=2 HTTP/1.1'",
                     "send: 'GET /x?a=1&apikey=<XX_REPLACED>&b=2 HTTP/1.1'"),
                    ("send: 'Accept: */*'", "send: 'Accept: */*'")):
                with self.subTest(line):
                    self.assertEqual(xsoar.censor_request_logs(line), censored)
