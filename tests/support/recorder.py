"""An HTTP or HTTPS server on loopback that answers as it is told, misbehaves as it is told, and keeps what it was
asked, byte by byte."""
import contextlib
import functools
import http.server
import re
import socket
import ssl
import struct
import threading

CLOSE = "close"  # the connection ends without an answer
RESET = "reset"  # the same, with a reset
STALL = "stall"  # no answer as long as the server runs


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
    """A status, fields as (name, value), and a body. Without a length the connection's end ends it. A reason phrase of
    its own, or None for the usual one; raw: these bytes instead, and then `then`: CLOSE, RESET or STALL. Bytes of a whole
    answer say `Connection: close`, as a client that has not seen the end yet may send its next request there."""

    def __init__(self, status=200, headers=(), body=b"ok", length=True, reason=None, raw=None, then=CLOSE):
        self.status, self.headers, self.body, self.length = status, list(headers), body, length
        self.reason, self.raw, self.then = reason, raw, then


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.server.connections.add(self.request)
        if self.server.context:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
            self.server.connections.add(self.request)
        super().setup()

    def finish(self):
        super().finish()
        self.server.connections.discard(self.request)
        if self.server.context:
            self.request.close()  # the server knows the socket underneath alone

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def _answer(self):
        request = Request(self.command, self.requestline.split(" ")[1], self.headers.items(), self._body())
        request.connection = id(self)
        self._give(self.server.owner.choose(request))

    def _end(self, how):
        self.close_connection = True
        self.wfile.flush()
        if how == STALL:
            self.server.owner.stopped.wait()
        if how == RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _give(self, answer):
        if isinstance(answer, str):
            self._end(answer)
        elif answer.raw is not None:
            self.wfile.write(answer.raw)
            self._end(answer.then)
        else:
            self.send_response(answer.status, answer.reason)
            for name, value in answer.headers:
                self.send_header(name, value)
            if answer.length and answer.status not in (204, 304):
                self.send_header("Content-Length", str(len(answer.body)))
            elif not answer.length:
                self.close_connection = True
            self.end_headers()
            if self.command != "HEAD" and answer.status not in (204, 304):
                self.wfile.write(answer.body)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = False  # none is left when the server is closed

    def __init__(self, *args):
        super().__init__(*args)
        self.connections = set()

    def server_close(self):
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request, client_address):
        pass  # clients that leave, and handshakes that fail, are what the tests are about


class Server:
    """A context. `answers` by path: an Answer, one of the words above, a list of them (one for each request, the last
    one for ever), or a function of the Request. What is not there gets `otherwise`."""

    def __init__(self, answers=None, otherwise=None, tls=None):
        """tls: paths of a certificate and its key, for https."""
        self._listener = _Listener(("127.0.0.1", 0), _Handler)
        self._listener.owner, self._listener.context = self, None
        if tls:
            self._listener.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._listener.context.load_cert_chain(*tls)
        self.port = self._listener.server_port
        self.host = f"localhost:{self.port}" if tls else f"127.0.0.1:{self.port}"
        self.url = f"https://{self.host}" if tls else f"http://{self.host}"
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self.reset(answers, otherwise)

    def reset(self, answers=None, otherwise=None):
        self.answers, self.otherwise, self.seen = dict(answers or {}), otherwise or Answer(), []

    @property
    def last(self):
        return self.seen[-1]

    def choose(self, request):
        path = request.target.split("://", 1)[-1]
        path = path[path.index("/"):].partition("?")[0] if "/" in path else path
        with self._lock:
            self.seen.append(request)
            answer = self.answers.get(path, self.otherwise)
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer(request) if callable(answer) else answer

    def __enter__(self):
        self._thread = threading.Thread(target=functools.partial(self._listener.serve_forever, 0.02), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
