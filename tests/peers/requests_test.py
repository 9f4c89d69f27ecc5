#!/usr/bin/env python3
"""The same calls through Python's requests and through anycert: equal on the wire, and equal in what comes of them.

The rows are calls as people write them for requests; support/sidebyside.py says what else a row can have."""
import gzip
import pathlib
import sys
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from recorder import CLOSE, Answer  # noqa: E402
from sidebyside import File, Row, Stream, suite_of  # noqa: E402

JSON = ("Content-Type", "application/json")
FORM = "application/x-www-form-urlencoded"


def to(location, status=302):
    return Answer(status, [("Location", location)], b"elsewhere")


def typed(kind, body, **kwargs):
    return Answer(200, [("Content-Type", kind)] if kind else [], body, **kwargs)


URLS = [
    Row("url: plain"),
    Row("url: no suffix", suffix=""),
    Row("url: a suffix without slash", suffix="a/b"),
    Row("url: slashes inside", suffix="/a//b///c/"),
    Row("url: dot segments", suffix="/a/./b/../c/..", ours={"suffix": "/a/./b/../c/.."}),
    Row("url: dots above the root", suffix="/../../a"),
    Row("url: spaces", suffix="/a b/c%20d"),
    Row("url: not ASCII", suffix="/caf\u00e9/\u20ac"),
    Row("url: a stray percent sign", suffix="/a%20b/100%/%zz"),
    Row("url: an escape of a letter", suffix="/%41%7e%2f%c3"),
    Row("url: characters that may not be there", suffix="/a|b\"c<d>e^f`g{h}i[j]"),
    Row("url: what separates", suffix="/a;b,c=d:e@f!$&'()*+"),
    Row("url: a query", suffix="/x?a=1&b=c d&e=\u00e9"),
    Row("url: a stray percent sign in a query", suffix="/x?a=100%&b=%20"),
    Row("url: question marks", suffix="/x?a?b=c/d"),
    Row("url: a fragment", suffix="/x?a=b#c?d"),
    Row("url: an empty query", suffix="/x?"),
    Row("url: a user", url="http://me:p%40ss@HOST/x", differs={"result.url": "passwords are not shown"}),
    Row("url: no scheme", url="127.0.0.1/x", fails=("MissingSchema", "URL")),
    Row("url: another scheme", url="ftp://127.0.0.1/x", fails=("InvalidSchema", "URL")),
    Row("url: no host", url="http:///x", fails=("InvalidURL", "URL")),
    Row("url: a port that is none", url="http://127.0.0.1:x/", fails=("InvalidURL", "URL")),
]

PARAMS = [
    Row("params: a pair", params={"a": "b"}),
    Row("params: reserved characters", params={"a b/?": "c&d=e+f%20;,:@~-._*'()!"}),
    Row("params: not ASCII", params={"\u00e9": "\u20ac\U0001f600"}),
    Row("params: a list", params={"a": ["1", "2", "3"]}),
    Row("params: an empty list", params={"a": [], "b": "1"}),
    Row("params: None", params={"a": None, "b": "1"}),
    Row("params: numbers and booleans", params={"a": 1, "b": 1.5, "c": True, "d": False}),
    Row("params: bytes", params={b"a": b"\xc3\xa9"}),
    Row("params: pairs in order", params=[("b", "1"), ("a", "2"), ("b", "3")]),
    Row("params: empty texts", params=[("", ""), ("a", "")]),
    Row("params: control characters", params={"a": "\r\n\t"}),
    Row("params: behind a query", suffix="/x?y=z", params={"a": "b c"}),
    Row("params: behind a query and a fragment", suffix="/x?y=z#f", params={"a": "b"}),
    Row("params: none at all", params={}),
    Row("params: a text", params="a=1 2&b=c+d&e=%20/?"),
    Row("params: a text that is not ASCII", params="a=\u00e9|\"<>"),
    Row("params: a text with a stray percent sign", params="a=100%25&b=50%",
        differs={"result.url": "requests does not show what urllib3 sends"}),
    Row("params: a text of bytes", params=b"a=b&c"),
    Row("params: a text behind a query", suffix="/x?y", params="a=1"),
    Row("params: with a body", "POST", params={"a": "b"}, data={"c": "d"}),
]

DATA = [
    Row("data: a pair", "POST", data={"a": "b"}),
    Row("data: reserved characters", "POST", data={"a b": "c&d=e+f/~*'()!"}),
    Row("data: not ASCII", "POST", data={"\u00e9": "\u20ac"}),
    Row("data: lists and None", "POST", data={"a": ["1", "2"], "b": None, "c": ""}),
    Row("data: pairs in order", "PUT", data=[("b", "1"), ("a", "2"), ("b", "3")]),
    Row("data: numbers", "POST", data={"a": 1, "b": True}),
    Row("data: lines", "POST", data={"a": "1\r\n2\n"}),
    Row("data: with another type", "POST", data={"a": "b"}, headers={"Content-Type": FORM + "; charset=utf-8"}),
    Row("data: a text", "POST", data="a=b c"),
    Row("data: a text that is not ASCII", "POST", data="\u00e9\u20ac".encode()),
    Row("data: bytes", "PUT", data=bytes(range(256))),
    Row("data: bytes with a type", "PATCH", data=b"<a/>", headers={"content-type": "text/xml"}),
    Row("data: nothing", "POST"),
    Row("data: an empty dict", "POST", data={}),
    Row("data: a stream", "POST", data=Stream(b"0123456789" * 1000)),
    Row("data: an empty stream", "POST", data=Stream(b"")),
    Row("data: an open file", "PUT", data=Stream(b"0123456789" * 1000, sized=True)),
    Row("data: with GET", "GET", data={"a": "b"}),
    Row("data: with DELETE", "DELETE", data="x"),
]

SENT_JSON = [
    Row("json: an object", "POST", json={"a": [1, 2.5, None, True], "b": {"c": "\u00e9\u20ac\U0001f600"}}),
    Row("json: an array", "PUT", json=[1, "two"]),
    Row("json: nothing inside", "POST", json={}),
    Row("json: zero", "POST", json=0),
    Row("json: false", "POST", json=False),
    Row("json: large numbers", "POST", json={"a": 12345678901234567890123, "b": 1e300}),
    Row("json: with another type", "POST", json={"a": 1}, headers={"Content-Type": "application/vnd.api+json"}),
    Row("json: beside data", "POST", json={"a": 1}, data={"b": "2"}),
    Row("json: with GET", "GET", json={"a": 1}),
    Row("json: infinity", "POST", json=float("inf"), fails=("InvalidJSONError", "BODY_JSON")),
]

FILES = [
    Row("files: bytes with a name", "POST", files={"f": ("a.txt", b"content")}),
    Row("files: with a type", "POST", files={"f": ("a.txt", b"content", "text/plain; charset=utf-8")}),
    Row("files: text alone", "POST", files={"f": "content"}),
    Row("files: nothing inside", "POST", files={"f": ("empty", b"")}),
    Row("files: lines and dashes", "POST", files={"f": ("a", "--x\r\n\r\n--\n")}),
    Row("files: an open file", "POST", files={"f": File("upload.bin", b"0123456789" * 5000)}),
    Row("files: several of one name", "POST", files=[("f", ("a", "1")), ("f", ("b", "2")), ("g", ("c", "3"))]),
    Row("files: fields beside", "POST", files={"f": ("a", "1")}, data={"x": "y z", "\u00e9": "\u20ac"}),
    Row("files: fields in order", "POST", files={"f": ("a", "1")}, data=[("b", "1"), ("a", "2"), ("b", "3")]),
    Row("files: names that are not ASCII", "POST", files={"\u00e9": ("\u20ac.txt", "1")}),
    Row("files: quotes in names", "POST", files={"f\"g": ("a\"b.txt", "1")}),
    Row("files: without a file name", "POST", files={"f": (None, "value", "application/json")}),
    Row("files: with PUT", "PUT", files={"f": ("a", "1")}),
    Row("files: a client's type", "POST", files={"f": ("a", "1")}, client_headers={"Content-Type": "application/json"},
        differs={"0.type": "a body of parts under the name of JSON can be read by nobody",
                 "0.body": "the same", "0.framing": "the same"}),
]

HEADERS = [
    Row("headers: own", headers={"X-One": "1", "x-two": "a, b", "Accept": "text/x"}),
    Row("headers: empty", headers={"X-Empty": ""}),
    Row("headers: None takes away", headers={"Accept": None, "X-One": "1"}),
    Row("headers: blanks inside", headers={"X-One": "a  b\tc"}),
    Row("headers: Host", headers={"Host": "other.test"}),
    Row("headers: a cookie", headers={"Cookie": "a=b; c=d"}),
    Row("headers: of the client", client_headers={"X-Client": "1", "Accept": "text/x"}),
    Row("headers: of the call, not of the client", headers={"X-Own": "1"}, client_headers={"X-Client": "1"}),
    Row("headers: a line in a value", headers={"X-One": "1\r\nX-Two: 2"}, fails=("InvalidHeader", "HEADER")),
    Row("headers: a line in a name", headers={"X\r\nY": "1"}, fails=("InvalidHeader", "HEADER")),
    Row("headers: a range", headers={"Range": "bytes=0-9"}),
]

METHODS = [Row(f"method: {method}", method) for method in
           ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "PURGE")]

AUTH = [
    Row("auth: Basic", auth=("user", "pass:word")),
    Row("auth: Basic without a password", auth=("user", "")),
    Row("auth: Basic beside a header", auth=("user", "pass"), headers={"Authorization": "Bearer x"}),
    Row("auth: Basic that is not ASCII", auth=("caf\u00e9", "x"),
        differs={"0.headers": "requests sends ISO-8859-1, RFC 7617 lets servers ask for UTF-8"}),
    Row("auth: a header of one's own", headers={"Authorization": "Bearer token"}),
    Row("auth: stays for the same origin", headers={"Authorization": "Bearer token"}, answers={"/x": to("/y")}),
    Row("auth: Basic stays for the same origin", auth=("u", "p"), answers={"/x": to("/y")}),
    Row("auth: does not go to another origin", headers={"Authorization": "Bearer token"},
        answers={"/x": to("OTHER/y")}),
    Row("auth: Basic does not go to another origin", auth=("u", "p"), answers={"/x": to("OTHER/y")}),
]

REDIRECTS = [
    *(Row(f"redirect: {status} of {method}", method, answers={"/x": to("/y", status)},
          data=None if method in ("GET", "HEAD") else "body")
      for status in (301, 302, 303, 307, 308) for method in ("GET", "POST", "HEAD")),
    Row("redirect: 301 of PUT", "PUT", data="body", answers={"/x": to("/y", 301)},
        differs={"1.body": "a PUT without its body is none", "1.framing": "the same"}),
    Row("redirect: 303 of PUT", "PUT", data="body", answers={"/x": to("/y", 303)}),
    Row("redirect: 302 of PUT", "PUT", data="body", answers={"/x": to("/y")},
        differs={"1.method": "only POST becomes GET (RFC 9110 section 15.4.3)", "1.body": "the same",
                 "1.framing": "the same"}),
    Row("redirect: 307 of a form", "POST", data={"a": "b"}, answers={"/x": to("/y", 307)}),
    Row("redirect: 307 of parts", "POST", files={"f": ("a", "1")}, answers={"/x": to("/y", 307)}),
    Row("redirect: 307 of JSON", "POST", json={"a": 1}, answers={"/x": to("/y", 307)}),
    Row("redirect: 302 of JSON", "POST", json={"a": 1}, answers={"/x": to("/y")}),
    Row("redirect: 308 of a file", "PUT", data=Stream(b"0123456789", sized=True), answers={"/x": to("/y", 308)}),
    Row("redirect: a relative path", suffix="/a/b?c=d", answers={"/a/b": to("../e?f=g")}),
    Row("redirect: an absolute path", suffix="/a/b?c=d", answers={"/a/b": to("/e")}),
    Row("redirect: a whole URL", answers={"/x": to("HERE/y?z=1")}),
    Row("redirect: to another origin", answers={"/x": to("OTHER/y")}),
    Row("redirect: spaces and more", answers={"/x": to("/a b?c=d e")}),
    Row("redirect: a fragment", answers={"/x": to("/y#z")}),
    Row("redirect: fields stay", headers={"X-One": "1", "Accept": "text/x"}, answers={"/x": to("/y")}),
    Row("redirect: several", answers={"/x": to("/a"), "/a": to("/b", 307), "/b": to("/c", 301)}),
    Row("redirect: not followed", allow_redirects=False, answers={"/x": to("/y")}),
    Row("redirect: without a place", answers={"/x": Answer(302, [], b"nowhere")}),
    *(Row(f"redirect: {status} to an empty place", answers={"/x": to("", status)}) for status in (301, 302, 307)),
    Row("redirect: to an empty place in the end", answers={"/x": to("/y"), "/y": to("")}),
    Row("redirect: of a status that has none", answers={"/x": Answer(304, [("Location", "/y")], b"", length=False)}),
    Row("redirect: for ever", otherwise=to("/x"), fails=("TooManyRedirects", "REDIRECTS")),
    Row("redirect: to another scheme", answers={"/x": to("ftp://127.0.0.1/")}, fails=("InvalidSchema", "REDIRECTS")),
    Row("redirect: a cookie of one's own", headers={"Cookie": "a=b"}, answers={"/x": to("/y")}),
]

def cookies(*texts, **kwargs):
    return Answer(headers=[("Set-Cookie", text) for text in texts], **kwargs)


# What /x sets, and what is sent after it.
COOKIES = [
    Row("cookies: kept", answers={"/x": cookies("a=b")}, then=["/y", "/z/w"]),
    Row("cookies: several", answers={"/x": cookies("a=1", "b=2; HttpOnly")}, then=["/y"]),
    Row("cookies: set anew", answers={"/x": cookies("a=1"), "/y": cookies("a=2")}, then=["/y", "/z"]),
    Row("cookies: taken back", answers={"/x": cookies("a=1"), "/y": cookies("a=; Max-Age=0")}, then=["/y", "/z"]),
    Row("cookies: expired", answers={"/x": cookies("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "b=2")}, then=["/y"]),
    Row("cookies: of a path", answers={"/x": cookies("a=1; Path=/y", "b=2; Path=/")}, then=["/y", "/y/z", "/z"]),
    Row("cookies: of a folder", suffix="/p/x", answers={"/p/x": cookies("a=1")}, then=["/p/y", "/q"]),
    Row("cookies: for TLS only", answers={"/x": cookies("a=1; Secure")}, then=["/y"],
        differs={"1.headers": "to libcurl the machine itself is as safe as TLS (W3C Secure Contexts, section 3.1)"}),
    Row("cookies: of another host", answers={"/x": cookies("a=1; Domain=other.test")}, then=["/y"]),
    Row("cookies: values as they are", answers={"/x": cookies("a=\"b c\"", "d=e=f", "g=%20")}, then=["/y"]),
    Row("cookies: without a value", answers={"/x": cookies("a=")}, then=["/y"]),
    Row("cookies: set by a redirect", answers={"/x": Answer(302, [("Location", "/y"), ("Set-Cookie", "a=1")], b"")}),
    Row("cookies: to another port of the host", answers={"/x": Answer(302, [("Location", "OTHER/y"),
                                                                             ("Set-Cookie", "a=1")], b"")}),
    Row("cookies: set by a failure", answers={"/x": cookies("a=1", status=403)}, then=["/y"]),
]

TEXT = "h\u00e9 \u20ac"
ANSWERS = [
    *(Row(f"answer: status {status}", otherwise=Answer(status)) for status in (201, 400, 401, 404, 418, 429, 500, 503)),
    Row("answer: 204", otherwise=Answer(204, [], b"", length=False)),
    Row("answer: of HEAD", "HEAD", otherwise=typed("text/plain", b"body")),
    Row("answer: without a length", otherwise=typed("text/plain", b"to the end", length=False)),
    Row("answer: nothing inside", otherwise=typed("text/plain", b"")),
    *(Row(f"text: {charset}", otherwise=typed(f"text/plain; charset={charset}", TEXT.encode(codec, "replace")))
      for charset, codec in (("utf-8", "utf-8"), ("UTF8", "utf-8"), ("iso-8859-1", "iso-8859-1"),
                             ("windows-1252", "cp1252"), ("iso-8859-15", "iso-8859-15"), ("utf-16", "utf-16"),
                             ("utf-16le", "utf-16-le"), ("\"utf-8\"", "utf-8"), ("us-ascii", "ascii"))),
    Row("text: bad bytes", otherwise=typed("text/plain; charset=utf-8", b"a\xe9b\xc3\xf0\x9f\x98 \xed\xa0\x80z\xff")),
    Row("text: an unknown charset", otherwise=typed("text/plain; charset=none", "\u00e9 ".encode() + b"\xe9")),
    Row("text: no charset", otherwise=typed("text/plain", TEXT.encode())),
    Row("text: HTML without a charset", otherwise=typed("text/html", b"<p>\xe9</p>")),
    Row("text: a mark", otherwise=typed("text/plain; charset=utf-8", b"\xef\xbb\xbfx")),
    Row("text: JSON", otherwise=Answer(200, [JSON], '{"a": "h\u00e9"}'.encode())),
    Row("text: JSON with bad bytes", otherwise=Answer(200, [JSON], b'{"a": "\xe9"}')),
    Row("text: ASCII without a type", otherwise=typed(None, b"plain")),
    Row("json: NaN, large numbers", otherwise=Answer(200, [JSON], b"[NaN, -Infinity, 123456789012345678901, 1e999]")),
    Row("json: the same name twice", otherwise=Answer(200, [JSON], b'{"a": 1, "a": 2}')),
    Row("json: a lone surrogate", otherwise=Answer(200, [JSON], b'["\\ud83d"]')),
    Row("json: blanks around", otherwise=Answer(200, [JSON], b" \r\n\t[1] \n")),
    *(Row(f"json: not {text!r}", otherwise=Answer(200, [JSON], text))
      for text in (b"", b"{", b"[1,]", b"nan", b"-NaN", b"'a'", b"// x", b"01", b"1 2", b"[\"\n\"]", b"True")),
    Row("json: a mark", otherwise=Answer(200, [JSON], b"\xef\xbb\xbf{}"),
        differs={"result.json": "a mark in front of JSON is left out"}),
    Row("json: UTF-16", otherwise=Answer(200, [JSON], '{"a": 1}'.encode("utf-16")),
        differs={"result.json": "UTF-16 is read"}),
    Row("coding: gzip", otherwise=Answer(200, [("Content-Encoding", "gzip"), ("Content-Type", "text/plain")],
                                         gzip.compress(b"compressed" * 100))),
    Row("coding: deflate", otherwise=Answer(200, [("Content-Encoding", "deflate")], zlib.compress(b"compressed"))),
    Row("coding: broken", otherwise=Answer(200, [("Content-Encoding", "gzip")], b"this is not gzip"),
        fails=("ContentDecodingError", "BODY_ENCODING")),
    *(Row(f"coding: {name}", otherwise=Answer(200, [("Content-Encoding", name), JSON], b'{"a": 1}'))
      for name in ("identity", "none", "utf-8", "UTF-8", "compress", "gzipx", "strange, other", "")),
    Row("failure: no answer", otherwise=CLOSE, fails=("ConnectionError", "RESET")),
    Row("failure: chunks that end early", otherwise=Answer(200, [("Transfer-Encoding", "chunked")], b"5\r\nab",
                                                           length=False),
        fails=("ChunkedEncodingError", "BODY_TRUNCATED")),
    Row("failure: nobody listens", url="http://127.0.0.1:1/", fails=("ConnectionError", "CONNECT")),
    Row("after: the connection serves another call", then=["/y"], otherwise=typed("text/plain", b"ok")),
]

ROWS = [*URLS, *PARAMS, *DATA, *SENT_JSON, *FILES, *HEADERS, *METHODS, *AUTH, *REDIRECTS, *COOKIES, *ANSWERS]


def load_tests(loader, tests, pattern):
    del loader, tests, pattern
    return suite_of(ROWS)


if __name__ == "__main__":
    unittest.main()
