"""An HTTP server that answers as it is told and keeps what it was asked, byte by byte."""
import http.server
import re
import threading


class Request:
    """What came: .method, .target as it was on the wire, .headers as (name, value), .body."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body

    def values(self, name):
        return [value for key, value in self.headers if key.lower() == name]

    def value(self, name):
        """The one value of a field, or None."""
        found = self.values(name)
        if len(found) > 1:
            raise AssertionError(f"{name} came {len(found)} times: {found}")
        return found[0] if found else None

    def framing(self):
        """How the end of the body was told; an empty one is none for methods that expect none."""
        if self.value("transfer-encoding"):
            return self.value("transfer-encoding")
        length = self.value("content-length")
        return None if length == "0" and self.method not in ("POST", "PUT", "PATCH") else length

    def parts(self):
        """Of a multipart body: for each part its fields by name, and its content."""
        match = re.fullmatch(r'multipart/[\w-]+; boundary="?([^"]+)"?', self.value("content-type") or "")
        if not match:
            return None
        pieces = (b"\r\n" + self.body).split(b"\r\n--" + match[1].encode("ascii"))
        if pieces[0] or pieces[-1].strip() != b"--":
            raise AssertionError(f"not in parts: {self.body!r}")
        parts = []
        for piece in pieces[1:-1]:
            head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode("utf-8").split("\r\n") if line)
            parts.append(({name.lower(): value for name, value in fields.items()}, content))
        return parts


class Answer:
    """A status, fields as (name, value), and a body. Without a length the connection's end ends it."""

    def __init__(self, status=200, headers=(), body=b"ok", length=True):
        self.status, self.headers, self.body, self.length = status, list(headers), body, length


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _read_chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def _answer(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._read_chunks()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.requestline.split(" ")[1]
        self.server.seen.append(Request(self.command, target, self.headers.items(), body))
        answer = self.server.answers.get(target.partition("?")[0], self.server.otherwise)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.length:
            self.send_header("Content-Length", str(len(answer.body)))
        else:
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


class Recorder:
    """.url, .seen (Request objects in order), .answers by path (None: no answer at all), .otherwise."""

    def __init__(self):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.reset()
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def reset(self, answers=None, otherwise=Answer()):
        self._server.seen = []
        self._server.answers = dict(answers or {})
        self._server.otherwise = otherwise

    @property
    def seen(self):
        return list(self._server.seen)

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
