"""JSON: the same as CPython's json, on texts of every kind and on what is none."""
import json
import math
import random
import unittest

import anycert
from anycert import _core
from anycert._json import loads_response

EDGES = """
null true false 0 -0 0.0 -0.0 1 -1 1.0 1e5 1E-5 1e400 -1e400 1e-400 5e-324 2.2250738585072011e-308
9007199254740993 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809
18446744073709551615 18446744073709551616 123456789012345678901234567890 0.1 1.7976931348623157e308
1e23 123456789012345678901234567890.5 1.e1 .5 01 -01 +1 0x1 1_000 NaN Infinity -Infinity nan -NaN
"" "a" "\\u00e9" "\\ud83d\\ude00" "\\ud800" "\\udc00\\ud800" "\\u12" "\\x" "\\/" "\\b\\f\\n\\r\\t" "\t" "\x7f"
"é" "\u2028" "😀" 'a' [] [1] [1,] [,1] [1,,2] [1 {} {"a":1} {"a":1,} {"a"} {"a":} {1:2} {"a":1,"a":2}
{"a":{"b":[{"a":null}]}} {"":1} {"a":1}x [][] // /**/1 tru nul "unterminated {"a":1 ] }
"\\u0000" {"\\u0000":1} ["a\\"b"] \ufeff[] [1\ufeff]
""".split()


def outcome(function, text):
    try:
        return "value", function(text)
    except ValueError as error:
        return "error", getattr(error, "msg", None), getattr(error, "pos", None)
    except RecursionError:
        return "recursion", None


def ours(text):
    response = anycert.Response()
    response._content, response.encoding = text.encode("utf-8", "surrogatepass"), "utf-8"
    return response.json()


def theirs(text):
    return json.loads(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))


def same(a, b):
    """Equal, of the same types, NaN like NaN, with the same signs and orders."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or \
            (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return a == b


class Random:
    """Values and texts by chance."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        kinds = ["abc", "äöü", "😀\u2028", '"\\\n\t\x01', "\ud800", "\x00\x7f\xff"]
        return "".join(self.random.choice(self.random.choice(kinds))
                       for _ in range(self.random.randrange(12)))

    def number(self):
        return self.random.choice([
            lambda: self.random.randrange(-10, 1000), lambda: self.random.randrange(-2**65, 2**65),
            lambda: self.random.choice([2**63, 2**64, -2**63]) + self.random.randrange(-2, 3),
            self.random.random, lambda: self.random.uniform(-1e308, 1e308),
            lambda: 10.0 ** self.random.randrange(-320, 308), lambda: float("nan"),
            lambda: float("-inf")])()

    def value(self, depth=0):
        kind = self.random.randrange(8 if depth < 6 else 6)
        if kind < 2:
            return self.text()
        if kind < 4:
            return self.number()
        if kind == 4:
            return self.random.choice([None, True, False])
        if kind == 5:
            return {}
        count = self.random.randrange(7)
        if kind == 6:
            return [self.value(depth + 1) for _ in range(count)]
        return {self.text(): self.value(depth + 1) for _ in range(count)}

    def damaged(self, text):
        """The text with something taken out, doubled or put in."""
        at = self.random.randrange(len(text) + 1)
        return self.random.choice([
            lambda: text[:at], lambda: text[:at] + text[at + 1:], lambda: text[:at] + text[at:at + 1] + text[at:],
            lambda: text[:at] + self.random.choice('[]{},:"\\0eE.-+ \n\x00ntf') + text[at:]])()


class Differential(unittest.TestCase):
    def check(self, text):
        got, wanted = outcome(ours, text), outcome(theirs, text)
        if wanted[0] == "value":
            self.assertEqual(got[0], "value", text[:200])
            self.assertTrue(same(got[1], wanted[1]), (text[:200], got, wanted))
        else:
            self.assertEqual(got, wanted, text[:200])

    def test_edges(self):
        for text in EDGES:
            for around in ("%s", " %s ", "[%s]", '{"k": %s}', "[1, %s, 2]", "\n\t\r%s\n"):
                self.check(around.replace("%s", text))
        for text in ("", " ", "\x00", "\u00a01", "[1]\x0c", '"a\nb"', "9" * 4000, "[" * 300 + "]" * 300):
            self.check(text)

    def test_large_integers(self):
        self.check("9" * 10000)  # which newer Pythons refuse
        self.check("1" * 400)
        self.check("-" + "1" * 400 + ".5")

    def test_depth(self):
        for text in ("[" * 100000, "[" * 100000 + "]" * 100000, '{"a":' * 100000 + "1" + "}" * 100000):
            self.assertEqual(outcome(ours, text)[0], outcome(theirs, text)[0])

    def test_chance(self):
        chance = Random(20261121)
        for _ in range(4000):
            value = chance.value()
            text = json.dumps(value, ensure_ascii=chance.random.random() < 0.5,
                              indent=chance.random.choice([None, None, 1]))
            self.check(text)
            self.check(chance.damaged(text))
            self.check(chance.damaged(chance.damaged(text)))

    def test_bytes_that_are_no_utf8(self):
        chance = Random(7)
        for _ in range(1000):
            text = json.dumps(chance.value(), ensure_ascii=False).encode("utf-8", "surrogatepass")
            at = chance.random.randrange(len(text) + 1)
            text = text[:at] + bytes([chance.random.randrange(128, 256)]) + text[at:]
            response = anycert.Response()
            response._content, response.encoding = text, "utf-8"
            got = outcome(lambda _: response.json(), text)
            wanted = outcome(json.loads, text.decode("utf-8", "replace"))
            self.assertEqual(got[0], wanted[0], text)
            if got[0] == "value":
                self.assertTrue(same(got[1], wanted[1]), text)
            else:
                self.assertEqual(got, wanted)


class Charsets(unittest.TestCase):
    """As requests chooses what the bytes mean."""

    ROWS = [
        ("application/json", b'"\xc3\xa9"', "é"), ("application/json", b'"\xe9"', "\ufffd"),
        ("application/json", b'\xef\xbb\xbf"a"', None),
        ("application/json", '"é"'.encode("utf-16"), None),
        ("text/plain", b'"\xc3\xa9"', "Ã©"), ("text/html; charset=utf-8", b'"\xc3\xa9"', "é"),
        ("text/plain; charset=latin-1", b'"\xe9"', "é"),
        (None, b'"\xc3\xa9"', "é"), (None, b'\xef\xbb\xbf"abc"', "abc"),
        (None, '"abc"'.encode("utf-16"), "abc"), (None, '"abc"'.encode("utf-16-le"), "abc"),
        (None, '"abc"'.encode("utf-32-be"), "abc"), (None, '"abc"'.encode("utf-32"), "abc"),
        ("application/octet-stream", '"abc"'.encode("utf-16-be"), "abc"),
        ("application/json; charset=utf-16", '"é"'.encode("utf-16"), "é"),
        ("application/json; charset=nosuch", b'"a"', "a"), ("application/json; charset=us-ascii", b'"a"', "a"),
        ("application/json; charset=utf-16", b'"abcd"', None), ("application/json; charset=utf-32", b'[1, 2]  ', None),
        ("application/json; charset=utf-7", b'"+AOk-"', "é"), ("application/json; charset=cp037", b'{"a": 1}', None),
        ("application/json; charset=ISO-8859-15", b'"a"', "a"), ("application/json; charset=gbk", b'"a"', "a"),
    ]

    def test_like_requests(self):
        import requests
        from requests.utils import get_encoding_from_headers
        for kind, body, value in self.ROWS:
            headers = {"content-type": kind} if kind else {}
            theirs = requests.Response()
            theirs._content = body
            theirs.encoding = get_encoding_from_headers(
                requests.structures.CaseInsensitiveDict(headers))
            ours = anycert.Response()
            ours._content, ours.encoding = body, theirs.encoding
            try:
                wanted = theirs.json()
            except ValueError:
                wanted = None
            if value is not None or wanted is None:
                self.assertEqual(wanted, value, (kind, body))
            if wanted is None:
                with self.assertRaises(ValueError, msg=(kind, body)):
                    ours.json()
            else:
                self.assertEqual(ours.json(), wanted, (kind, body))

    def test_arguments_go_to_json(self):
        response = anycert.Response()
        response._content, response.encoding = b'{"a": 1.5}', "utf-8"
        self.assertEqual(response.json(parse_float=str), {"a": "1.5"})
        self.assertEqual(loads_response(response, {}), {"a": 1.5})

    def test_names_are_shared(self):
        value = _core.fast_loads('[{"name": 1}, {"name": 2}]')
        self.assertIs(next(iter(value[0])), next(iter(value[1])))


if __name__ == "__main__":
    unittest.main()
