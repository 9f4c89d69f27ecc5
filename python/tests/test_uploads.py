"""Files of forms, which are sent as they are read, and cookies of one call."""
import asyncio
import io
import os
import threading
import unittest

import anycert
from common.server import Answer, Server


class _File(io.BytesIO):
    """Notes how much is asked for at a time."""

    def __init__(self, data, name="big.bin"):
        super().__init__(data)
        self.name, self.asked = name, []

    def read(self, size=-1):
        self.asked.append(size)
        return super().read(size)


class Case(unittest.TestCase):
    def setUp(self):
        self.server = self._enter(Server())
        self.session = anycert.Session()
        self.addCleanup(self.session.close)

    def _enter(self, context):
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def parts(self, **kwargs):
        self.session.post(self.server.url + "/x", **kwargs)
        return self.server.last.parts()


class Files(Case):
    def test_files_are_read_as_they_are_sent(self):
        file = _File(os.urandom(3_000_000))
        (fields, content), = self.parts(files={"f": file})
        self.assertEqual(content, file.getvalue())
        self.assertEqual(fields, {"content-disposition": 'form-data; name="f"; filename="big.bin"'})
        self.assertGreater(len(file.asked), 5)
        self.assertTrue(all(0 < size <= 1 << 20 for size in file.asked), file.asked)
        self.assertIsNone(self.server.last.value("transfer-encoding"))
        self.assertEqual(int(self.server.last.value("content-length")), len(self.server.last.body))

    def test_from_where_the_file_stands(self):
        file = _File(b"0123456789")
        file.seek(4)
        self.assertEqual([content for _, content in self.parts(files=[("f", file), ("g", file)])], [b"456789", b""])

    def test_files_are_wound_back_for_a_redirect(self):
        self.server.answers["/x"] = Answer(307, [("Location", "/y")], b"")
        file = _File(b"x" * 100_000)
        file.seek(50_000)
        (_, content), = self.parts(files={"f": file})
        self.assertEqual((self.server.last.target, content), ("/y", b"x" * 50_000))

    def test_what_has_no_length_is_read_first(self):
        read, write = os.pipe()
        with os.fdopen(read, "rb") as pipe:
            writer = threading.Thread(target=lambda: (os.write(write, b"piped"), os.close(write)))
            writer.start()
            found = self.parts(files={"p": pipe, "t": io.StringIO("täxt"), "b": bytearray(b"array")})
            writer.join()
        self.assertEqual([content for _, content in found], [b"piped", "täxt".encode(), b"array"])
        self.assertIsNone(self.server.last.value("transfer-encoding"))

    def test_an_exception_while_reading(self):
        class Broken(_File):
            def read(self, size=-1):
                raise KeyError("mine")
        with self.assertRaisesRegex(KeyError, "mine"):
            self.parts(files={"f": Broken(b"abc")})
        self.assertEqual(self.session.get(self.server.url).status_code, 200)

    def test_header_fields_of_parts(self):
        headers = {"X-One": "1", "Content-ID": b"<a>", "Content-Disposition": "no", "Content-Type": "no", "X-No": None}
        (first, _), (second, _), (third, _) = self.parts(files=[
            ("a", ("a.txt", b"x", "text/plain", headers)), ("b", ("b.txt", _File(b"y"), None, {"X-Two": "2"})),
            ("c", (None, "z", "", {"Content-Type": "text/x"}))])
        self.assertEqual(first, {
            "content-disposition": 'form-data; name="a"; filename="a.txt"', "content-type": "text/plain",
            "x-one": "1", "content-id": "<a>"})
        self.assertEqual(second, {"content-disposition": 'form-data; name="b"; filename="b.txt"', "x-two": "2"})
        self.assertEqual(third, {"content-disposition": 'form-data; name="c"', "content-type": "text/x"})
        for bad in ({"X": "1\r\nY: 2"}, {"X": 5}, {"A B": "1"}):
            with self.assertRaises((ValueError, TypeError)):
                self.parts(files={"a": ("n", b"x", None, bad)})

    def test_who_signs_sees_all_of_it(self):
        seen = []

        def sign(request):
            seen.append(request.body)
            return request
        found = self.parts(files=[("f", ("n", _File(b"content"), None, {"X-One": "1"})), ("f", b"more")], auth=sign)
        self.assertEqual([(fields.get("x-one"), content) for fields, content in found],
                         [("1", b"content"), (None, b"more")])
        self.assertEqual(seen, [self.server.last.body])
        with self.assertRaises(ValueError):
            self.parts(files={"f": ("n", b"x", None, {"X": "1\r\nY: 2"})}, auth=sign)

    def test_the_request_of_an_answer_reads_nothing(self):
        file = _File(b"content")
        response = self.session.post(self.server.url, files={"f": file})
        asked = list(file.asked)
        self.assertEqual((response.request.method, response.request.body), ("POST", None))
        self.assertEqual(file.asked, asked)

    def test_async(self):
        async def run():
            async with anycert.AsyncClient() as client:
                await client.post(self.server.url, files={"f": _File(b"content")})
        asyncio.run(run())
        self.assertEqual([content for _, content in self.server.last.parts()], [b"content"])

    def test_bodies_with_a_length_of_their_own(self):
        class Encoder:
            """As of requests-toolbelt: it says how long it is, and cannot be wound back."""
            encoding = "utf-8"

            def __init__(self):
                self.rest = [b"abc", b"de"]

            len = 5

            def read(self, size=-1):
                return self.rest.pop(0) if self.rest else b""
        self.session.post(self.server.url, data=Encoder())
        self.assertEqual((self.server.last.body, self.server.last.value("content-length")), (b"abcde", "5"))

        class Silent(io.BytesIO):
            def seek(self, *args):  # pylint: disable=signature-differs
                super().seek(*args)
        self.session.post(self.server.url, data=Silent(b"abc"))
        self.assertEqual((self.server.last.body, self.server.last.value("content-length")), (b"abc", "3"))


class Cookies(Case):
    def sent(self, request=None):
        value = (request or self.server.last).value("cookie")
        return sorted(value.split("; ")) if value else []

    def test_cookies_of_a_call_survive_redirects(self):
        self.server.answers["/x"] = Answer(302, [("Location", "/y"), ("Set-Cookie", "new=1; Path=/")], b"")
        self.session.get(self.server.url + "/x", cookies={"own": "ü"})
        own = "ü".encode("latin1").decode("latin1")
        self.assertEqual([self.sent(request) for request in self.server.seen],
                         [["own=" + own], ["new=1", "own=" + own]])
        self.session.get(self.server.url)
        self.assertEqual(self.sent(), ["new=1"])

    def test_not_to_another_host(self):
        with Server() as other:
            self.server.answers["/x"] = Answer(302, [("Location", other.url)], b"")
            self.session.get(self.server.url + "/x", cookies={"own": "1"})
            self.assertEqual((len(other.seen), other.last.value("cookie")), (1, None))

    def test_beside_those_of_the_session(self):
        self.server.otherwise = Answer(headers=[("Set-Cookie", "kept=1; Path=/")])
        self.session.get(self.server.url)
        self.session.cookies.set("hand", "2")
        self.session.get(self.server.url, cookies={"own": "3", "hand": "4"})
        self.assertEqual(self.sent(), ["hand=4", "kept=1", "own=3"])
        self.session.get(self.server.url)
        self.assertEqual(self.sent(), ["hand=2", "kept=1"])

    def test_secure_ones_of_the_session_are_no_hindrance_to_http(self):
        self.session.proxies = {"http": self.server.url}  # a host that is not this machine
        self.session.cookies.set("a", "1", domain="h.test", secure=True)
        self.session.cookies.set("b", "2", domain="h.test")
        self.session.get("http://h.test/x")
        self.assertEqual(self.server.last.value("cookie"), "b=2")

    def test_ipv6_addresses_forget_theirs(self):
        self.session.proxies = {"http": self.server.url}
        self.session.cookies.set("a", "1", domain="::1")
        self.session.get("http://[::1]/x")
        self.assertEqual(self.server.last.value("cookie"), "a=1")
        self.session.cookies.clear()
        self.session.get("http://[::1]/x")
        self.assertIsNone(self.server.last.value("cookie"))

    def test_a_jar_sends_what_is_for_the_place(self):
        import requests
        jar = requests.cookies.RequestsCookieJar()
        jar.set("a", "1")
        jar.set("b", "2", domain="elsewhere.test")
        jar.set("c", "3", domain="127.0.0.1", path="/deep")
        jar.set("d", "4", domain="127.0.0.1", path="/")
        jar.set("e", "5", domain="127.0.0.1", path="/", secure=True)
        self.session.get(self.server.url + "/", cookies=jar)
        self.assertEqual(self.sent(), ["a=1", "d=4"])
        self.session.get(self.server.url + "/deep/x", cookies=jar)
        self.assertEqual(self.sent(), ["a=1", "c=3", "d=4"])

    def test_beside_a_cookie_header(self):
        self.session.get(self.server.url, cookies={"own": "1"}, headers={"Cookie": "given=2"})
        self.assertEqual(self.sent(), ["given=2", "own=1"])

    def test_the_request_of_an_answer_shows_them(self):
        response = self.session.get(self.server.url, cookies={"own": "1"})
        self.assertEqual(response.request.headers["Cookie"], "own=1")
        self.session.get(self.server.url, cookies={"own": "1"}, auth=lambda request: request)
        self.assertEqual(self.sent(), ["own=1"])


if __name__ == "__main__":
    unittest.main()
