"""When a call is made again, after which delay, and what it ends with."""
import email.utils
import time

from common.case import Case, lab, request
from common.server import CLOSE, OK, RESET, STALL, Answer, Server, certificate, closed_port, raw
from common.subject import OLD_LIBRARIES, STANDIN, exceptions, sleeps, xsoar

BUSY = Answer(503, body=b"busy")
BUSY_TEXT = "Error in API call [503] - Service Unavailable\nbusy"


class Retries(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server(tls=certificate()))

    def setUp(self):
        super().setUp()
        self.server.reset(otherwise=OK)
        self.slept = self.enter(sleeps())

    def client(self, **kwargs):
        return xsoar.BaseClient(self.server.url, verify=False, **kwargs)

    def get(self, answers, retries=3, method="GET", **kwargs):
        self.server.answers["/x"] = answers
        return request(self.client(), method, "/x", retries=retries, **kwargs)

    def asked(self):
        return len(self.server.seen)


class Statuses(Retries):
    def test_until_it_is_good(self):
        self.assertEqual(self.get([BUSY, BUSY, OK], status_list_to_retry=[503]), {"status": "ok"})
        self.assertEqual((self.asked(), self.slept), (3, [10]))

    def test_delays(self):
        self.fails(self.get, BUSY, retries=7, status_list_to_retry=[503], says=BUSY_TEXT)
        self.assertEqual((self.asked(), self.slept), (8, [10, 20, 40, 80, 120, 120]))

    def test_delays_of_another_factor(self):
        self.fails(self.get, BUSY, retries=4, status_list_to_retry=[503], backoff_factor=0.1)
        self.assertEqual([round(delay, 6) for delay in self.slept], [0.2, 0.4, 0.8])

    def test_jitter(self):
        self.fails(self.get, BUSY, retries=6, status_list_to_retry=[503], backoff_jitter=3)
        if OLD_LIBRARIES:  # they know nothing of it
            self.assertEqual(self.slept, [10, 20, 40, 80, 120])
        self.assertEqual(len(self.slept), 5)
        for delay, least in zip(self.slept, (10, 20, 40, 80, 117)):
            self.assertTrue(least <= delay <= min(least + 3, 120), delay)

    def test_not_in_the_list(self):
        for answer in (BUSY, Answer(500)):
            self.server.reset()
            self.fails(self.get, answer, status_list_to_retry=[502])
            self.assertEqual(self.asked(), 1)

    def test_no_list(self):
        self.fails(self.get, BUSY, says=BUSY_TEXT)
        self.assertEqual(self.asked(), 1)

    def test_no_status_is_in_every_list(self):
        for status in (413, 429, 500, 502, 503, 504):
            for listed in (None, [408]):
                self.server.seen.clear()
                error = self.fails(self.get, Answer(status), status_list_to_retry=listed)
                self.assertEqual((error.res.status_code, self.asked()), (status, 1))

    def test_a_status_that_is_accepted_too(self):
        self.assertEqual(self.get(BUSY, retries=2, status_list_to_retry=[503], ok_codes=(503,), resp_type="text"), "busy")
        self.assertEqual(self.asked(), 3)

    def test_methods(self):
        for method, asked in (("GET", 2), ("POST", 2), ("PUT", 2), ("PATCH", 2), ("DELETE", 2), ("HEAD", 1),
                              ("OPTIONS", 1)):
            with self.subTest(method):
                self.server.reset()
                with self.assertRaises(xsoar.DemistoException):
                    self.get(BUSY, retries=1, method=method, status_list_to_retry=[503])
                self.assertEqual(self.asked(), asked)

    def test_a_body_is_sent_again(self):
        self.get([BUSY, OK], method="POST", status_list_to_retry=[503], json_data={"a": 1})
        self.assertEqual([seen.body for seen in self.server.seen], [b'{"a": 1}'] * 2)

    def test_raise_on_status(self):
        error = self.fails(self.get, BUSY, retries=2, status_list_to_retry=[503], raise_on_status=True, says=(
            "Max Retries Error- Request attempts with 2 retries failed. \nReason: too many 503 error responses"))
        self.assertIsInstance(error.exception, exceptions.RetryError)
        self.assertEqual(self.asked(), 3)

    def test_how_many(self):
        for retries, asked in ((0, 1), (None, 1), (False, 1), (True, 2), (-1, 1), (1, 2)):
            with self.subTest(retries):
                self.server.reset()
                self.fails(self.get, BUSY, retries=retries, status_list_to_retry=[503])
                self.assertEqual(self.asked(), asked)


class After(Retries):
    def after(self, value, status=503, answers=(OK,), **kwargs):
        return self.get([Answer(status, [("Retry-After", value)], b""), *answers], **kwargs)

    def test_seconds(self):
        for status in (413, 429, 503):
            self.slept.clear()
            self.assertEqual(self.after("7", status), {"status": "ok"})
            self.assertEqual(self.slept, [7])

    def test_hours(self):
        """Six at most; what the stand-in is made of has not always had that limit."""
        for asked, waited in (("21599", {21599}), ("99999", {21600, 99999} if STANDIN else {21600})):
            self.slept.clear()
            self.get([Answer(429, [("Retry-After", asked)]), OK])
            self.assertEqual(len(self.slept), 1)
            self.assertIn(round(self.slept[0]), waited)

    def test_a_date(self):
        self.after(email.utils.formatdate(time.time() + 100, usegmt=True))
        self.assertEqual(len(self.slept), 1)
        self.assertTrue(80 < self.slept[0] <= 101, self.slept)

    def test_other_statuses_need_the_list(self):
        self.fails(self.after, "7", 500)
        self.assertEqual(self.asked(), 1)
        self.server.reset()
        self.after("7", 500, status_list_to_retry=[500])
        self.assertEqual((self.asked(), self.slept), (2, [7]))

    def test_zero_is_the_usual_delay(self):
        answer = Answer(503, [("Retry-After", "0")], b"")
        self.after("0", answers=(answer, OK))
        self.assertEqual((self.asked(), self.slept), (3, [10]))

    def test_what_is_not_understood(self):
        if STANDIN:
            self.raises(exceptions.InvalidHeader, self.after, "abc", says="Invalid Retry-After header: abc")
        else:  # a server's mistake is no reason to give up
            self.assertEqual(self.after("abc"), {"status": "ok"})


class Failures(Retries):
    def test_no_answer(self):
        for how in (CLOSE, RESET):
            with self.subTest(how):
                self.server.reset()
                self.assertEqual(self.get([how, how, OK]), {"status": "ok"})
                self.assertEqual(self.asked(), 3)

    def test_no_answer_to_a_post(self):
        self.assertEqual(self.get([CLOSE, OK], method="POST", data=b"x"), {"status": "ok"})
        self.assertEqual([seen.method for seen in self.server.seen], ["POST"] * 2)

    def test_refused(self):
        client = xsoar.BaseClient(f"https://127.0.0.1:{closed_port()}", verify=False)
        error = self.fails(request, client, "GET", retries=3)
        self.assertIn("Error Type: <requests.exceptions.ConnectionError>", str(error))
        self.assertEqual(self.slept, [10, 20])

    def test_read_timeout(self):
        self.assertEqual(self.get([STALL, OK], timeout=0.2), {"status": "ok"})

    def test_read_timeout_that_stays(self):
        error = self.fails(self.get, STALL, retries=1, timeout=0.2)
        self.assertTrue(str(error).startswith(
            "Verify that the server URL parameter is correct and that you have access to the server from your host."
            "\nError Type: <requests.exceptions.ConnectionError>\n"), str(error))
        self.assertIsInstance(error.exception, exceptions.ConnectionError)
        self.assertEqual(self.asked(), 2)

    def test_read_timeout_without_retries(self):
        self.raises(exceptions.ReadTimeout, self.get, STALL, retries=0, timeout=0.2)

    def test_nothing_after_the_header(self):
        """Half a body; how it ends without retries is looked at elsewhere."""
        cut = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1")
        with self.assertRaises((exceptions.RequestException, xsoar.DemistoException)):
            self.get(cut)
        slow = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1", STALL)
        with self.assertRaises((exceptions.RequestException, xsoar.DemistoException)):
            self.get(slow, timeout=0.2)
        self.assertEqual((self.asked(), self.slept), (2, []))

    def test_redirects(self):
        self.server.otherwise = Answer(302, [("Location", "/x")], b"")
        self.raises(exceptions.TooManyRedirects, self.get, self.server.otherwise, raise_on_redirect=True,
                    says="Exceeded 30 redirects.")
        self.assertEqual((self.asked(), self.slept), (31, []))


class Permanent(Retries):
    """V4."""

    def test_certificates(self):
        with lab("self-signed", "wrong-host", "plain-http") as (servers, _):
            for url in servers.values():
                self.slept.clear()
                error = self.fails(request, xsoar.BaseClient(url), "GET", retries=3, backoff_factor=5)
                self.assertIsInstance(error.exception, exceptions.SSLError)
                self.assertEqual(self.slept, [10, 20] if STANDIN else [])


class Scope(Retries):
    """V3."""

    def test_plain_http(self):
        with Server(otherwise=BUSY) as plain:
            self.fails(request, xsoar.BaseClient(plain.url), "GET", retries=2, status_list_to_retry=[503], says=BUSY_TEXT)
            self.assertEqual(len(plain.seen), 1 if STANDIN else 3)

    def test_the_next_call(self):
        client = self.client()
        self.server.otherwise = BUSY
        self.fails(request, client, "GET", retries=2, status_list_to_retry=[503])
        self.fails(request, client, "GET")
        self.assertEqual(self.asked(), 6 if STANDIN else 4)


if not STANDIN:
    class Arguments(Retries):
        def test_wrong_types_are_named(self):
            for name, kwargs in (("retries", {"retries": "x"}), ("retries", {"retries": [1]}),
                                 ("status_list_to_retry", {"retries": 1, "status_list_to_retry": 503}),
                                 ("status_list_to_retry", {"retries": 1, "status_list_to_retry": ["503"]}),
                                 ("backoff_factor", {"retries": 1, "backoff_factor": None})):
                with self.subTest(kwargs), self.assertRaisesRegex((TypeError, ValueError), name):
                    self.get(OK, **kwargs)
