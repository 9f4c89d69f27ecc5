"""What the scripts of tests/cli share: running the command line, the lab, and small servers of their own."""
import contextlib
import http.server
import os
import pathlib
import subprocess
import threading
import unittest

from acceptor import Acceptor
from labservers import lab

BIN = os.environ["ANYCERT_BIN"]
SOURCE = pathlib.Path(os.environ["ANYCERT_SOURCE_DIR"])


class Result:
    """Exit code and both outputs of one run."""

    def __init__(self, code, out, err):
        self.code, self.raw = code, out
        self.out, self.err = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    def __str__(self):
        return f"exit {self.code}\nstdout: {self.out[:2000]}\nstderr: {self.err[:2000]}"


def start(*args, env=None, **kwargs):
    return subprocess.Popen([BIN, *args], env={**os.environ, **(env or {})}, **kwargs)


def run(*args, data=b"", env=None, timeout=60):
    done = subprocess.run([BIN, *args], input=data, env={**os.environ, **(env or {})}, timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


class Case(unittest.TestCase):
    """With the questions that every script asks."""

    maxDiff = None

    def anycert(self, *args, code=0, **kwargs):
        result = run(*args, **kwargs)
        self.assertEqual(result.code, code, f"{args}\n{result}")
        return result

    def refused(self, *args, says="", code=2, **kwargs):
        """One sentence, the exit code, nothing on standard output; and the doctor's command, where nobody was reached
        that may have TLS."""
        result = self.anycert(*args, code=code, **kwargs)
        self.assertEqual(result.out, "", args)
        lines = result.err.splitlines()
        if code in (5, 6, 7) and len(lines) == 2:
            self.assertRegex(lines.pop(), "^  doctor +anycert doctor .*https://", args)
        self.assertEqual(len(lines), 1, f"{args}\n{result}")
        self.assertRegex(lines[0], r"^anycert: \S.*[^.]$", args)
        self.assertIn(says, lines[0], args)
        return lines[0]


class LabCase(Case):
    """With the servers of the lab that `conditions` names, for all of its tests."""

    conditions = ()

    @classmethod
    def setUpClass(cls):
        cls.context = lab(*cls.conditions)
        cls.servers, cls.files = cls.context.__enter__()
        cls.root = cls.files["root"]

    @classmethod
    def tearDownClass(cls):
        cls.context.__exit__(None, None, None)


class _Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.server.seen.append({"method": self.command, "target": self.path, "body": body,
                                 "headers": [(k.lower(), v) for k, v in self.headers.items()]})
        status = 200
        extra = []
        if self.path.startswith("/status/"):
            status = int(self.path.split("/")[2])
        elif self.path.startswith("/redirect/"):
            left = int(self.path.split("/")[2])
            status = 302
            extra = [("Location", f"/redirect/{left - 1}" if left > 1 else "/end")]
        answer = b"hello\n"
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_PURGE = _answer

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


@contextlib.contextmanager
def echo():
    """A plain HTTP server that remembers what it was asked: .url, .seen."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    server.daemon_threads = True
    server.seen = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class EchoCase(Case):
    """A case with such a server, in self.server, for all of its tests."""

    @classmethod
    def setUpClass(cls):
        cls.context = echo()
        cls.server = cls.context.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.context.__exit__(None, None, None)


@contextlib.contextmanager
def listener(serve=None):
    """A TCP server: serve(connection) in a thread for each; without it nobody ever answers. Yields the port."""
    with Acceptor(lambda connection, _: serve and serve(connection), holds=True) as acceptor:
        yield acceptor.port


def left_behind(folder="."):
    return sorted(os.listdir(folder))
