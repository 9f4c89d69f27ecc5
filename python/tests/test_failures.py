"""What is raised when a request fails, and as what."""
import errno
import unittest

import anycert
from anycert import exceptions
from labcase import LabCase, python
from ports import closed_port  # pylint: disable=wrong-import-order


class Failures(LabCase):
    def raised(self, kind, *args, **kwargs):
        with self.assertRaises(exceptions.RequestException) as raised:
            self.session.get(*args, **kwargs)
        self.assertIs(type(raised.exception), kind)
        self.assertEqual(raised.exception.request.method, "GET")
        return raised.exception

    def test_connections(self):
        port = closed_port()
        error = self.raised(exceptions.ConnectionError, f"https://127.0.0.1:{port}/a?token=secret")
        self.assertEqual((error.name, error.os_errno), ("CONNECT", errno.ECONNREFUSED))
        self.assertTrue(str(error).startswith(
            f"HTTPSConnectionPool(host='127.0.0.1', port={port}): Max retries exceeded with url: /a "
            "(Caused by NewConnectionError("), error)
        self.assertIn("Connection refused", str(error))
        self.assertNotIn("secret", str(error))
        error = self.raised(exceptions.ConnectionError, "https://nosuch.invalid/")
        self.assertEqual(error.name, "RESOLVE")
        error = self.raised(exceptions.ProxyError, self.url(),
                            proxies={"https": f"http://127.0.0.1:{port}"})
        self.assertIsInstance(error, exceptions.ConnectionError)

    def test_time(self):
        error = self.raised(exceptions.ReadTimeout, self.url("slow/20000"), timeout=(5, 1))
        self.assertRegex(str(error), r"^HTTPSConnectionPool\(host='localhost', port=\d+\): "
                                     r"Read timed out. \(read timeout=1\)$")
        error = self.raised(exceptions.ConnectionError, self.url("stall"), timeout=1)
        self.assertIn("Read timed out.", str(error))
        for timeout, text in ((0, "cannot be set to a value less than or equal to 0"),
                              (-1, "cannot be set"), ("x", "must be an int, float or None"),
                              ((1, 2, 3), "Invalid timeout")):
            with self.assertRaisesRegex(ValueError, text):
                self.session.get(self.url(), timeout=timeout)

    def test_bodies(self):
        self.raised(exceptions.ChunkedEncodingError, self.url("truncated"))
        self.raised(exceptions.ChunkedEncodingError, self.url("truncated-chunked"))
        with self.assertRaises(exceptions.UnrewindableBodyError):
            self.session.post(self.url("redirect?code=307&to=/echo"), data=iter([b"a"]))

    def test_retries(self):
        rules = dict(total=2, backoff_factor=0, statuses=[503])
        error = self.raised(exceptions.RetryError, self.url("status/503"),
                            retry=anycert.Retry(**rules, raise_on_status=True))
        self.assertIn("too many 503 error responses", str(error))
        self.assertEqual(self.session.get(self.url("status/503"),
                                          retry=anycert.Retry(**rules)).status_code, 503)

    def test_all_have_the_attributes(self):
        """Those that the library had no part in, too."""
        with self.assertRaises(exceptions.MissingSchema) as raised:
            self.session.get("nothing")
        for error in (raised.exception, exceptions.RequestException("x")):
            self.assertEqual([getattr(error, name) for name in (
                "code", "name", "message", "os_errno", "report", "hops", "diagnosis", "response")],
                [None, None, "", None, None, (), None, None])

    def test_status(self):
        with self.assertRaises(exceptions.HTTPError) as raised:
            self.session.get(self.url("status/404")).raise_for_status()
        self.assertEqual(raised.exception.response.status_code, 404)
        self.assertEqual(str(raised.exception),
                         f"404 Client Error: Not Found for url: {self.url('status/404')}")

    def test_classes_are_requests_own_when_it_is_there(self):
        done = python("""
            import sys
            import anycert
            assert "requests" not in sys.modules
            def fails(url, **kwargs):
                try:
                    anycert.Session().get(url, **kwargs)
                except anycert.exceptions.RequestException as error:
                    return error
            before = fails(sys.argv[1], verify=True)
            assert type(before) is anycert.exceptions.SSLError
            assert "requests" not in sys.modules, "somebody has imported requests"
            import requests
            after = fails(sys.argv[1], verify=True)
            assert isinstance(after, requests.exceptions.SSLError), type(after).__mro__
            assert isinstance(after, requests.ConnectionError)
            assert isinstance(after, anycert.exceptions.SSLError)
            assert after.report.verdict == "fail" and after.request.method == "GET"
            assert type(after) is type(fails(sys.argv[1], verify=True))
            try:
                anycert.Session().get(sys.argv[2] + "bytes/9", verify=False).json()
            except requests.exceptions.JSONDecodeError as error:
                assert (error.pos, error.doc) == (0, "abcdefghi"), error
            for name in vars(requests.exceptions):
                kind = getattr(requests.exceptions, name)
                if isinstance(kind, type) and issubclass(kind, requests.RequestException):
                    assert issubclass(getattr(anycert.exceptions, name), kind.__mro__[-4:] and OSError)
                    error = anycert.exceptions._new(name, "m", "d", 0) if "Decode" in name \\
                        and "JSON" in name else anycert.exceptions._new(name, "m")
                    assert isinstance(error, kind), name
        """, self.url("", "self-signed"), self.url())
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
