"""Arguments of the wrong type, or out of all bounds: TypeError or ValueError, which name the argument; never a
request that is sent with less care than was asked for."""
import sys
import unittest

import anycert
from anycert import AsyncClient, Client, Policy, Retry, Session
from labcase import LabCase

HERE = sys.executable  # a file that is there


class Thing:
    """Of no type that anything takes."""


def nobody(_):
    return 5


CALL = {  # of a request
    "method": (5, None, b"\xff", "G\0", "GE T", ""),
    "url": (None, 5, b"\xff://", "", "http://a\0b/", "http://a\ud800/", ["x"], "http://", "http://[::1/",
            "http://a:999999/", "http://a b/"),
    "params": (5, [1, 2], Thing(), {"a": "\0"}, "a\0", {"a": "\ud800"}, "\ud800", [("a",)]),
    "data": (5, 1.5, True, Thing(), [1], iter([5]), "\ud800", {"a": "\ud800"}),
    "header": (5, [1], "a: b", {"a": 1}, {1: "a"}, {"a": ["x"]}, {"a b": "1"}, {"a": "b\r\nc: d"}, {"a": "b\0"},
               {"a\0": "b"}, {"a": "\u20ac"}, {"\u20ac": "a"}, {"": "x"}),
    "cookies": (5, "a=b", ["a"], Thing()),
    "files": (5, "x", [5], {"a": Thing()}, {"a": ("n",)}, {"a": ("n", Thing())}, {5: b"x"}, {"a": (5, b"x")},
              {"a": ("n", b"x", 5)}, {"a": ("n", b"x", "t", 5)}),
    "auth": (5, "a:b", ("a", "b", "c"), ("a",), ("a\0", "b"), ("\u20ac", "b"), Thing(), nobody),
    "timeout": ("x", 0, -1, (1, 2, 3), float("nan"), [5], True, Thing(), (None, "x")),
    "proxies": (5, "http://x", ["http"], {"http": 5}, {"http": b"http://x"}),
    "hooks": (5, {"response": 5}, [len], {"response": ["x"]}),
    "verify": ("", 5, 0, 1, 0.0, b"x", [], {}, Thing()),
    "cert": (5, b"x", {}, ("",) * 4, (5, 6), (HERE, HERE, 5), Thing()),
    "retry": (5, "x", {}, True),
    "policy": (5, "", "trust-any", False, True, b"x", Thing()),
    "secret_headers": (5, None, "X-Key", b"X-Key", [5]),
    "allow_downgrade": ("no", 1, None, []),
}
SESSION = {  # attributes
    "auth": (5,), "cert": (5,), "cookies": (5,), "headers": (None, 5), "hooks": (5,), "max_redirects": ("x", None),
    "params": (5,), "proxies": (5,), "verify": (5, "", 0),
}


class Arguments(LabCase):
    conditions = ("http",)

    def refused(self, name, value, call):
        with self.subTest(argument=name, value=value):
            with self.assertRaises((TypeError, ValueError)) as caught:
                call()
            said = str(caught.exception).lower()
            # Of auth, requests says what kind of object is not callable, and so do we.
            self.assertIn("callable" if name == "auth" and "callable" in said else name.lower(), said)

    def test_of_a_request(self):
        for name, values in CALL.items():
            for value in values:
                arguments = {"method": "POST", "url": self.url("echo", "http"),
                             {"header": "headers"}.get(name, name): value}
                self.refused(name, value, lambda arguments=arguments: self.session.request(**arguments))

    def test_of_a_session(self):
        for name, values in SESSION.items():
            for value in values:
                def call(name=name, value=value):
                    with Session() as session:
                        setattr(session, name, value)
                        session.get(self.url("echo", "http"), params={"a": "b"})
                self.refused(name, value, call)
        for name in ("environment_proxies", "proxy_follows_verify"):
            self.refused(name, "no", lambda name=name: Session(**{name: "no"}))
        self.refused("prefix", 5, lambda: self.session.mount(5, None))
        self.refused("adapter", None, lambda: self.session.mount("https://", None))
        self.refused("request", 5, lambda: self.session.send(5))
        self.refused("request", 5, lambda: self.session.prepare_request(5))

    def test_of_a_client(self):
        url = self.url("echo", "http")
        for name, values in {"policy": (5, "", b"hardened"), "ca": (5, "", b"", [], [5], Thing()), "proxy": (5,),
                             "cert": (5,), "headers": (5, [1], "a: b"), "auth": (5,),
                             "timeout": ("x", 0)}.items():
            for value in values:
                self.refused(name, value, lambda name=name, value=value: Client(**{name: value}).get(url))
        self.refused("ca", HERE, lambda: Client(Policy(), ca=HERE))
        for value in (0, -1, 10001, "x", None, True):
            self.refused("concurrency", value, lambda value=value: AsyncClient(concurrency=value))

    def test_of_a_policy(self):
        for value in (5, None, b"hardened", "hardened\0"):
            self.refused("text", value, lambda value=value: Policy(value))
        self.refused("policy", "", lambda: Policy(""))
        self.refused("nope", "nope", lambda: Policy("nope"))
        for value in (5, "", b"", [], [5], Thing()):
            self.refused("ca", value, lambda value=value: Policy(ca=value))

    def test_of_a_retry(self):
        for name, values in {"total": ("x", None, []), "backoff_factor": ("x", -1, None), "backoff_jitter": ("x", -1),
                             "backoff_max": (None, float("nan")), "retry_after_max": ("x", -1),
                             "statuses": (5, "503", ["x"]), "methods": (5, b"GET", [5])}.items():
            for value in values:
                self.refused(name, value, lambda name=name, value=value: Retry(**{"total": 1, name: value}))

    def test_of_a_response(self):
        response = self.session.get(self.url("bytes/9", "http"))
        for value in ("x", -1, 1.5):
            self.refused("chunk_size", value, lambda value=value: response.iter_content(value))
        self.refused("delimiter", 5, lambda: next(response.iter_lines(delimiter=5)))

    def test_any_size_of_pieces(self):
        """However large: it is a limit, and no memory to be taken."""
        for size in (0, 1 << 62):
            for stream in (False, True):
                response = self.session.get(self.url("bytes/9", "http"), stream=stream)
                self.assertEqual(b"".join(response.iter_content(size)), b"abcdefghi")

    def test_numbers_without_end(self):
        """They are the largest that there is."""
        self.session.max_redirects = 10 ** 30
        answer = self.session.get(self.url("bytes/3", "http"), timeout=float("inf"),
                                  retry=Retry(5, float("inf"), statuses=[503]))
        self.assertEqual(answer.text, "abc")

    def test_a_plain_dict_of_headers(self):
        self.session.headers = {"X-One": "1"}
        self.assertEqual(self.session.get(self.url("bytes/3", "http")).text, "abc")
        self.session.hooks = {}
        self.assertEqual(self.session.get(self.url("bytes/3", "http")).text, "abc")

    def test_nothing_was_made_weaker(self):
        self.assertEqual(Client().policy.rung, "hardened")
        self.assertTrue(anycert.Session().verify)


if __name__ == "__main__":
    unittest.main()
