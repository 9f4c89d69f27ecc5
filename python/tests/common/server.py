"""A server that answers as it is told, with certificates for it, and ports where nobody answers."""
import atexit
import contextlib
import functools
import json
import pathlib
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests" / "support"))
from ports import closed_port  # noqa: E402
from recorder import CLOSE, RESET, STALL, Answer, Request, Server  # noqa: E402

__all__ = ["Answer", "CLOSE", "OK", "RESET", "STALL", "Request", "Server", "answer_json", "certificate",
           "closed_port", "full_backlog", "raw"]


def answer_json(value, status=200, headers=(), **kwargs):
    return Answer(status, [("Content-Type", "application/json"), *headers], json.dumps(value).encode(), **kwargs)


OK = answer_json({"status": "ok"})


def raw(data, then=CLOSE):
    return Answer(raw=data, then=then)


@functools.lru_cache(maxsize=None)
def _folder():
    folder = tempfile.TemporaryDirectory(prefix="anycert-test-")
    atexit.register(folder.cleanup)
    return folder


@functools.lru_cache(maxsize=None)
def certificate(name="localhost"):
    """Paths of a certificate that signed itself, for localhost and its address, and of its key."""
    cert, key = (str(pathlib.Path(_folder().name) / f"{name}.{kind}") for kind in ("pem", "key"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True)
    return cert, key


@contextlib.contextmanager
def full_backlog():
    """A port that takes no further connection and refuses none: connecting to it times out."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
