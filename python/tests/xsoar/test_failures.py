"""What a call raises when there is no answer, or no whole one, and what is counted then."""
import gc
import weakref

from common.case import Case, lab, request
from common.server import CLOSE, RESET, STALL, Answer, Server, closed_port, full_backlog, raw
from common.subject import OLD_LIBRARIES, STANDIN, exceptions, xsoar

UNREACHABLE = ("Verify that the server URL parameter is correct and that you have access to the server from your host."
               "\nError Type: <requests.exceptions.ConnectionError>\n")
COUNTERS = ("success", "quota_error", "general_error", "auth_error", "service_error", "connection_error",
            "proxy_error", "ssl_error", "timeout_error", "retry_error")


def counted(client):
    return {name: getattr(client.execution_metrics, name) for name in COUNTERS
            if getattr(client.execution_metrics, name)}


class Failures(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server())

    def call(self, answer=None, base=None, timeout=5, **kwargs):
        """The client and what its one call raised."""
        if answer is not None:
            self.server.otherwise = answer
        client = xsoar.BaseClient(base or self.server.url, timeout=timeout)
        with self.assertRaises(Exception) as caught:
            request(client, "GET", "/x", with_metrics=True, **kwargs)
        return client, caught.exception

    def unreachable(self, *args, **kwargs):
        client, error = self.call(*args, **kwargs)
        self.assertIsInstance(error, xsoar.DemistoException)
        self.assertEqual(str(error), UNREACHABLE + str(error.exception))
        self.assertIsInstance(error.exception, exceptions.ConnectionError)
        self.assertIsNone(error.res)
        self.assertIs(error.__cause__, error.exception)
        self.assertEqual(counted(client), {"connection_error": 1})


class Unreachable(Failures):
    def test_refused(self):
        self.unreachable(base=f"http://127.0.0.1:{closed_port()}")

    def test_no_such_host(self):
        self.unreachable(base="http://nowhere.invalid")

    def test_closed_without_an_answer(self):
        self.unreachable(CLOSE)

    def test_reset(self):
        self.unreachable(RESET)

    def test_no_http(self):
        self.unreachable(raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"))

    def test_a_body_that_stalls(self):
        self.unreachable(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1", STALL), timeout=0.2)


class Timeouts(Failures):
    def test_before_the_header(self):
        client, error = self.call(STALL, timeout=0.25)
        self.assertIsInstance(error, exceptions.ReadTimeout)
        self.assertEqual(str(error), f"HTTPConnectionPool(host='127.0.0.1', port={self.server.port}): Read timed out. "
                                     "(read timeout=0.25)")
        self.assertEqual(counted(client), {} if STANDIN else {"timeout_error": 1})  # V7

    def test_handshake(self):
        with lab("silent") as (servers, _):
            url = servers["silent"]
            for verify in (True, False):
                client = xsoar.BaseClient(url, verify=verify)
                error = self.raises(exceptions.ReadTimeout, request, client, "GET", timeout=(0.25, 60),
                                    with_metrics=True)
                self.assertRegex(str(error), r"^HTTPSConnectionPool\(host='localhost', port=\d+\): Read timed out\. "
                                             r"\(read timeout=0\.25\)$")
                self.assertEqual(counted(client), {} if STANDIN else {"timeout_error": 1})


    def test_connecting_to_a_tls_server(self):
        with full_backlog() as port:
            client, error = self.call(base=f"https://127.0.0.1:{port}", timeout=0.25)
            self.assertIsInstance(error.exception, exceptions.ConnectTimeout)
            self.assertEqual(counted(client), {"timeout_error": 1})


class Truncated(Failures):
    """V7 and V8."""

    def truncated(self, answer):
        client, error = self.call(answer)
        self.assertIsInstance(error, exceptions.ChunkedEncodingError)
        self.assertNotIsInstance(error, xsoar.DemistoException)
        self.assertEqual(counted(client), {} if STANDIN else {"connection_error": 1})
        return error

    def test_length(self):
        answer = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[]")
        if STANDIN and OLD_LIBRARIES:
            self.server.otherwise = answer
            self.assertEqual(request(xsoar.BaseClient(self.server.url), "GET"), [])
        else:
            self.truncated(answer)

    def test_chunks(self):
        self.truncated(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1"))
        self.truncated(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n"))


class Redirects(Failures):
    def test_without_end(self):
        client, error = self.call(Answer(302, [("Location", "/x")], b""), raise_on_redirect=True)
        self.assertIsInstance(error, exceptions.TooManyRedirects)
        self.assertEqual(counted(client), {} if STANDIN else {"general_error": 1})  # V7

    def test_nowhere(self):
        for location in ("ftp://127.0.0.1/", "file:///etc/passwd"):
            _, error = self.call(Answer(302, [("Location", location)], b""))
            self.assertIsInstance(error, exceptions.InvalidSchema)


class Classes(Failures):
    """Code that names the classes of requests, or of the standard library, catches what it did."""

    def test_bases(self):
        for name, base in (("ConnectTimeout", "ConnectionError"), ("ConnectTimeout", "Timeout"),
                           ("ReadTimeout", "Timeout"), ("SSLError", "ConnectionError"),
                           ("ProxyError", "ConnectionError"), ("ConnectionError", "RequestException"),
                           ("HTTPError", "RequestException"), ("TooManyRedirects", "RequestException"),
                           ("RetryError", "RequestException"), ("ChunkedEncodingError", "RequestException"),
                           ("ContentDecodingError", "RequestException"), ("InvalidJSONError", "RequestException"),
                           ("JSONDecodeError", "InvalidJSONError")):
            self.assertTrue(issubclass(getattr(exceptions, name), getattr(exceptions, base)), name)
        self.assertTrue(issubclass(exceptions.RequestException, OSError))
        for name in ("MissingSchema", "InvalidSchema", "InvalidURL", "InvalidHeader", "JSONDecodeError"):
            self.assertTrue(issubclass(getattr(exceptions, name), ValueError), name)

    def test_request_and_response(self):
        _, error = self.call(STALL, timeout=0.2)
        self.assertEqual(error.request.url, self.server.url + "/x")
        self.assertIsNone(error.response)
        response = request(self.client_of(Answer(500)), "GET", resp_type="response", ok_codes=(500,))
        error = self.raises(exceptions.HTTPError, response.raise_for_status)
        self.assertIs(error.response, response)

    def client_of(self, answer):
        self.server.otherwise = answer
        return xsoar.BaseClient(self.server.url)


if not STANDIN:
    class Lifetimes(Failures):
        """What failed is let go of as soon as nobody looks at it any more, without the garbage collector."""

        def test_client_and_exception(self):
            gc.disable()
            self.addCleanup(gc.enable)
            for answer, kwargs in ((CLOSE, {}), (CLOSE, {"retries": 1, "backoff_factor": 0}), (Answer(404), {}),
                                   (Answer(body=b"notjson"), {}), (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), {})):
                with self.subTest(answer=answer):
                    self.server.otherwise = answer
                    client = xsoar.BaseClient(self.server.url)
                    alive = weakref.ref(client)
                    try:  # assertRaises would clear the frames that are looked at here
                        request(client, "GET", **kwargs)
                        self.fail("nothing was raised")
                    except (exceptions.RequestException, xsoar.DemistoException):
                        pass
                    del client
                    self.assertIsNone(alive())

    class WithRequests(Failures):
        """Raised after requests was imported, they are of its classes, too."""

        def test_theirs(self):
            import requests
            _, error = self.call(STALL, timeout=0.2)
            self.assertIsInstance(error, requests.exceptions.ReadTimeout)
            self.assertIsInstance(error, exceptions.ReadTimeout)
            _, error = self.call(base=f"http://127.0.0.1:{closed_port()}")
            self.assertIsInstance(error.exception, requests.exceptions.ConnectionError)
            self.server.otherwise = Answer(body=b"notjson")
            error = self.fails(request, xsoar.BaseClient(self.server.url), "GET")
            self.assertIsInstance(error.exception, requests.exceptions.JSONDecodeError)

        def test_theirs_raised_by_a_session_in_place_of_ours(self):
            import requests
            client = xsoar.BaseClient(f"http://127.0.0.1:{closed_port()}")
            client._session = requests.Session()
            error = self.fails(request, client, "GET", with_metrics=True)
            self.assertEqual(str(error), UNREACHABLE + str(error.exception))
            self.assertEqual(counted(client), {"connection_error": 1})
