"""A call through Python's requests and the same through anycert, against one server that keeps what it was asked."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import unittest

import requests

from recorder import Answer, Server

PROGRAM = pathlib.Path(os.environ["ANYCERT_BUILD_DIR"]) / "bin" / "peer_call"
# Who is asking, what a connection is kept for, whether a long body is announced; the last three are looked at apart.
OURSELVES = {"user-agent", "accept-encoding", "connection", "expect", "content-length", "transfer-encoding",
             "content-type"}


class Stream:
    """A body of unknown size, or of a known one."""

    def __init__(self, content, sized=False):
        self.content, self.sized = content, sized

    def for_requests(self):
        if not self.sized:
            return iter([self.content[:5], self.content[5:]]) if self.content else iter([])
        pathlib.Path("stream").write_bytes(self.content)
        return open("stream", "rb")


class File:
    """A file to upload, with the name it has."""

    def __init__(self, name, content):
        self.path = pathlib.Path(name)
        self.path.write_bytes(content)


class Row:
    """A call in the words of requests.request.

    ours: what cannot be derived from them, in the words of peers/call.c. answers: what the server says, by path;
    otherwise: where nothing is set. fails: what requests raises, and our error. then: paths that the same client gets
    after it. url: instead of the server's with suffix. client_headers: for calls without headers of their own.
    differs: where we are different on purpose, with the reason; what is said to differ has to."""

    def __init__(self, name, method="GET", suffix="/x", *, answers=None, otherwise=Answer(), ours=None, differs=None,
                 fails=None, url=None, then=(), client_headers=None, **call):
        self.name, self.method, self.suffix, self.url, self.call = name, method, suffix, url, call
        self.answers, self.otherwise, self.ours = answers or {}, otherwise, ours or {}
        self.differs, self.fails, self.then, self.client_headers = differs or {}, fails, then, client_headers or {}


# ---- in the words of anycert

def _text(value):
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _pairs(given):
    """What requests makes of a dict or a list: None is left out, lists repeat the name."""
    pairs = []
    for name, value in given.items() if isinstance(given, dict) else given:
        values = value if isinstance(value, (list, tuple)) else [value]
        pairs += [[_text(name), _text(one)] for one in values if one is not None]
    return pairs


def _bytes(value):
    return value.encode("utf-8") if isinstance(value, str) else value


def _parts(files):
    """(name, content), (name, (filename, content[, type])), (name, File)."""
    call = {"files": [], "parts": []}
    for name, part in files.items() if isinstance(files, dict) else files:
        if isinstance(part, File):
            call["files"].append([name, str(part.path), None, ""])
            continue
        filename, content, kind = (*part, None)[:3] if isinstance(part, tuple) else (name, part, None)
        call["parts"].append([name, _text(content), filename, kind or ""])
    return call


def in_our_words(row, base):
    call = {"method": row.method}
    call.update({"url": row.url} if row.url is not None else {"base": base, "suffix": row.suffix})
    given = dict(row.call)
    headers, params, data = given.pop("headers", None), given.pop("params", None), given.pop("data", None)
    files, auth, sent_json = given.pop("files", None), given.pop("auth", None), given.pop("json", None)
    given.pop("allow_redirects", None)
    if given:
        raise AssertionError(f"{row.name}: no words for {sorted(given)}")
    if headers:
        call["headers"] = [[name, value] for name, value in headers.items()]
    if isinstance(params, (str, bytes)):
        call["query"] = _text(params)
    elif params:
        call["params"] = _pairs(params)
    if isinstance(data, Stream):
        call["source"], call["size"] = data.content.hex(), len(data.content) if data.sized else -1
    elif isinstance(data, (str, bytes)) and data:
        call["hex"] = _bytes(data).hex()
    elif data:
        call["form"] = _pairs(data)
    if files:
        call.update(_parts(files))
    if sent_json is not None and not data:
        call["json"] = json.dumps(sent_json)
    if auth:
        call["user"], call["password"] = auth
    call.update(row.ours)
    return call


def run_anycert(row, base):
    description = {"headers": [[name, value] for name, value in row.client_headers.items()],
                   "max_redirects": 30 if row.call.get("allow_redirects", True) else 0,
                   "calls": [in_our_words(row, base), *({"method": "GET", "base": base, "suffix": path}
                                                        for path in row.then)]}
    done = subprocess.run([PROGRAM], input=json.dumps(description).encode("utf-8"), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False)
    if done.returncode:
        raise AssertionError(f"{row.name}: {done.stderr.decode('utf-8', 'replace')}")
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


# ---- in the words of requests

def _for_requests(call):
    call = dict(call)
    if isinstance(call.get("data"), Stream):
        call["data"] = call["data"].for_requests()
    if call.get("files"):
        files = call["files"].items() if isinstance(call["files"], dict) else call["files"]
        call["files"] = [(name, open(part.path, "rb") if isinstance(part, File) else part) for name, part in files]
    return call


def _ask(session, method, url, **call):
    """In the form that peers/call.c prints."""
    try:
        with session.request(method, url, timeout=30, **call) as response:
            try:
                response.json()
                is_json = "valid"
            except ValueError:
                is_json = None
            return {"error": None, "status": response.status_code, "url": response.url.partition("#")[0],
                    "hops": len(response.history) + 1, "text": response.text, "json": is_json}
    except (requests.RequestException, ValueError) as error:
        return {"error": type(error).__name__}


def run_requests(row, base):
    with requests.Session() as session:
        session.trust_env = False
        call = _for_requests(row.call)
        if not call.get("headers") and row.client_headers:
            call["headers"] = row.client_headers  # as the base client does
        url = base + "/" + row.suffix.removeprefix("/") if row.url is None else row.url
        results = [_ask(session, row.method, url, **call)]
        return results + [_ask(session, "GET", base + path) for path in row.then]


# ---- side by side

def _plain(name, value):
    """Which of two cookies comes first means nothing (RFC 6265 section 5.4)."""
    return (name, "; ".join(sorted(value.split("; ")))) if name == "cookie" else (name, value)


def wire(request):
    """What has to be equal of a request."""
    parts = request.parts()
    kind = request.value("content-type") or ""
    return {"method": request.method, "target": request.target,
            "type": re.sub(r"boundary=.*", "boundary", kind), "body": request.body if parts is None else parts,
            "framing": request.framing() if parts is None else "in parts",
            "headers": sorted(_plain(name.lower(), value) for name, value in request.headers
                              if name.lower() not in OURSELVES)}


def flatten(wires, results):
    """{"0.method": ..., "result.status": ...}"""
    flat = {f"{i}.{key}": value for i, request in enumerate(wires) for key, value in request.items()}
    for i, result in enumerate(results):
        flat.update({f"result.{key}" if i == 0 else f"result{i}.{key}": value for key, value in result.items()
                     if key != "message"})
    return flat


class SideBySide(unittest.TestCase):
    """One row."""

    maxDiff = None
    server = None
    other = None

    def __init__(self, row):
        super().__init__("test")
        self.row = row

    def __str__(self):
        return self.row.name

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.server, cls.other = stack.enter_context(Server()), stack.enter_context(Server())

    def _put_in(self, value):
        """OTHER in a row is the second server's URL, HERE the first one's."""
        if isinstance(value, str):
            for word, url in (("OTHER", self.other.url), ("HERE", self.server.url), ("HOST", self.server.url[7:])):
                value = value.replace(word, url)
        return value

    def _ask(self, run):
        row = self.row
        answers = {path: Answer(answer.status, [(name, self._put_in(value)) for name, value in answer.headers],
                                answer.body, answer.length)
                   for path, answer in row.answers.items()}
        self.server.reset(answers, row.otherwise)
        self.other.reset()
        results = run(row, self.server.url)
        return flatten([wire(request) for request in self.server.seen + self.other.seen], results), results

    def test(self):
        row = self.row
        row.url = self._put_in(row.url)
        theirs, their_results = self._ask(run_requests)
        ours, our_results = self._ask(run_anycert)
        if row.fails:
            self.assertEqual((their_results[0]["error"], our_results[0]["error"]), row.fails, our_results[0])
            theirs, ours = ({key: value for key, value in flat.items() if not key.startswith("result.")}
                            for flat in (theirs, ours))
        else:
            self.assertIsNone(our_results[0]["error"], our_results[0])
        for key in row.differs:
            self.assertNotEqual(theirs.pop(key, None), ours.pop(key, None), f"{row.name}: {key} does not differ")
        self.assertEqual(ours, theirs)


def suite_of(rows):
    names = [row.name for row in rows]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise AssertionError(f"twice: {sorted(twice)}")
    return unittest.TestSuite(SideBySide(row) for row in rows)
