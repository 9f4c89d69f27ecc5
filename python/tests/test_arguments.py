"""Arguments of the wrong type, or out of all bounds: TypeError or ValueError, which name the argument; never a
request that is sent with less care than was asked for."""
import inspect
import sys
import unittest

import anycert
from anycert import AsyncClient, Client, Policy, PolicyFile, Retry, Session
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
    "policy": (5, "", b"trust-any", False, True, b"x", Thing(), PolicyFile.parse("")),
    "secret_headers": (5, None, "X-Key", b"X-Key", [5]),
    "allow_downgrade": ("no", 1, None, []),
}
PIN = "sha256//" + "A" * 43 + "="
KEYS = {  # of a policy
    "pin": ("md5//x", PIN[:-1], PIN.upper(), [PIN, PIN], [5], PIN + ",", "sha256//" + "A" * 44),
    "check": ("names", ["name", "name"]), "mode": ("never",), "expect_name": ("a b", "*.example", "x" * 300),
    "sni": ("192.0.2.1", "a b"), "target": ("nope", "trust-any"), "until": ("never", "2026-02-30", "26-1-1"),
    "reason": ("x" * 201,),
}
CONTRADICTIONS = (
    "hardened+no-sni sni=a.example", "trust-any pin=" + PIN, "hardened mode=strict", "hardened check=name", "pinned",
    "hardened+wrong-host expect-name=a", "hardened for=hardened", "trust-any+expired", "hardened+expired+expired",
    "report-only for=trust-any", "hardened until=2100-01-01 until=2100-01-01", "pinned+expired pin=" + PIN, "hardened ",
    " hardened", "hardened  reason=x", "+expired", "hardened+", "hardened pin=", "HARDENED", "off", "none", "0", "false",
    "antique+tls1.0", "hardened+tls1.2-max+bare-hello+bare-hello", "tofu+self-signed",
)
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

    def test_a_file_or_a_url_in_place_of_a_policy(self):
        """It is said where they belong, and the error is the library's all the same."""
        for make, text, hint in (
                (Client, HERE, f"write ca={HERE!r}; for a policy file, write policy_file={HERE!r}"),
                (AsyncClient, HERE, f"policy_file={HERE!r}"), (Client, "https://a.example/", r"get\(url\)"),
                (lambda text: anycert.doctor("https://a.example/", text), HERE, f"write ca={HERE!r}$"),
                (lambda text: self.session.get("https://a.example/", policy=text), HERE, f"write verify={HERE!r}$")):
            with self.subTest(text=text, hint=hint), \
                    self.assertRaisesRegex(anycert.exceptions.PolicyError, hint) as caught:
                make(text)
            self.assertEqual((caught.exception.name, caught.exception.code), ("POLICY_SYNTAX", 201))
        for text in ("/not/there", 'hardened+expird reason="https://a.example/"'):
            with self.subTest(text), self.assertRaises(anycert.exceptions.PolicyError) as caught:
                Client(text)
            self.assertNotRegex(str(caught.exception), r"; (for anchors|a URL)")
        for value in (False, True, PolicyFile.parse("")):
            self.refused("policy", value, lambda value=value: anycert.doctor("https://a.example/", value))

    def test_of_a_policy(self):
        for value in (5, None, b"hardened", "hardened\0"):
            self.refused("text", value, lambda value=value: Policy(value))
        self.refused("policy", "", lambda: Policy(""))
        self.refused("nope", "nope", lambda: Policy("nope"))
        for value in (5, "", b"", [], [5], Thing()):
            self.refused("ca", value, lambda value=value: Policy(ca=value))
            self.refused("ca", value, lambda value=value: PolicyFile.parse("", ca=value))
        for value in (5, [5], Thing(), bytearray(b"x")):
            self.refused("PEM as bytes", value, lambda value=value: Policy(ca=value))
        for name, values in KEYS.items():
            rung = {"check": f"pinned pin={PIN}", "mode": "tofu", "target": "report-only"}.get(name, "hardened")
            for value in (5, "", b"x", "a\0", "a\nb", "\ud800", "x" * 70000, Thing(), [], *values):
                with self.subTest(key=name, value=str(value)[:20]):
                    with self.assertRaises((TypeError, ValueError)) as caught:
                        Policy(rung, **{name: value})
                    said = str(caught.exception)
                    self.assertTrue(0 < len(said) < 300 and "\n" not in said, said)
                    if isinstance(caught.exception, TypeError):
                        self.assertIn(name, said)
        for value in (5, None, b"hardened", "", "hardened\0"):
            self.assertRaises((TypeError, ValueError), Policy.parse, value)
        for names in ((5,), ("",), (None,), ("nope",), ("expired", "expired"), ("expired\0",)):
            self.assertRaises((TypeError, ValueError), Policy().relax, *names)
        for pins in ((5,), ("",), ("md5//x",), ([PIN],), (PIN, PIN)):
            self.assertRaises((TypeError, ValueError), Policy().with_pin, *pins)

    def test_policies_that_contradict_themselves(self):
        """One sentence, the documented class, and no policy."""
        for text in CONTRADICTIONS:
            with self.subTest(text), self.assertRaises(anycert.exceptions.PolicyError) as caught:
                Policy(text)
            self.assertEqual(caught.exception.name, "POLICY_SYNTAX")
            self.assertNotIn("\n", str(caught.exception))
        for wrong, right in (("hardened+expird", "expired"), ("hardend", "hardened"), ("trustany", "trust-any"),
                             ("hardened pins=x", "pin")):
            with self.assertRaisesRegex(ValueError, f"did you mean '{right}'"):
                Policy(wrong)

    def test_of_a_policy_file(self):
        for value in (5, None, Thing(), "a\0"):
            self.refused("path", value, lambda value=value: PolicyFile(value))
            if value is not None:
                self.refused("", value, lambda value=value: Session(policy_file=value))
                self.refused("", value, lambda value=value: Client(policy_file=value))
        self.refused("path", "", lambda: PolicyFile(""))
        self.refused("path", "", lambda: Session(policy_file=""))
        self.assertRaises(OSError, PolicyFile, "/nowhere")
        self.assertRaises(OSError, Client, policy_file="/nowhere")
        for value in (5, None, b"a.example hardened"):
            self.refused("text", value, lambda value=value: PolicyFile.parse(value))
        self.refused("name", 5, lambda: PolicyFile.parse("", name=5))
        file = PolicyFile.parse("a.example trust-any\n")
        self.refused("policy", file, lambda: Client(file))
        for value in (5, None, b"a.example", "a.example\0"):
            self.refused("host", value, lambda value=value: file.find(value))
        for value in (0, -1, 65536):
            self.refused("port", value, lambda value=value: file.find("a.example", value))
        for text in ("a.example", "a.example hardened\0\n", "a.example  hardened  \0", "http://a.example/ hardened",
                     "a.example hardened+nope", "a.example hardened\na.example hardened", "300.1.1.0/33 hardened",
                     "a.example:0 hardened", "a.example trust-any pin=" + PIN, "\ud800 hardened"):
            with self.subTest(text), self.assertRaises(ValueError):
                PolicyFile.parse(text)
        self.assertIsNone(file.find(""))

    def test_of_a_retry(self):
        for name, values in {"total": ("x", None, []), "backoff_factor": ("x", -1, None), "backoff_jitter": ("x", -1),
                             "backoff_max": (None, float("nan")), "retry_after_max": ("x", -1),
                             "statuses": (5, "503", ["x"]), "methods": (5, b"GET", [5])}.items():
            for value in values:
                self.refused(name, value, lambda name=name, value=value: Retry(**{"total": 1, name: value}))
        self.assertRaisesRegex(TypeError, "^statuses has to be several numbers, not int$", Retry, statuses=503)
        self.assertRaisesRegex(TypeError, "^each of statuses has to be int, not str$", Retry, statuses=["503"])

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
        with self.assertRaises(AttributeError):  # it would count for nothing
            Client("trust-any").policy = Policy()
        self.assertTrue(anycert.Session().verify)


class Signatures(unittest.TestCase):
    """What help() shows of each public name."""

    def shown(self):
        for name in anycert.__all__:
            value = getattr(anycert, name)
            if not callable(value):
                continue
            yield name, value
            members = vars(value).items() if isinstance(value, type) and not issubclass(value, tuple) else ()
            yield from ((f"{name}.{member}", of) for member, of in members if not member.startswith("_") and callable(of))

    def test_all_have_them(self):
        count = 0
        for name, value in self.shown():
            with self.subTest(name):
                inspect.signature(value)
                self.assertTrue(inspect.getdoc(value))
                count += 1
        self.assertGreater(count, 80)

    def test_they_are_of_the_types(self):
        self.assertEqual(str(inspect.signature(anycert.Response)), "()")
        self.assertIn("fetch_intermediate=False", str(inspect.signature(anycert.Doctor)))


if __name__ == "__main__":
    unittest.main()
