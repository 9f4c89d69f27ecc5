"""The base of the test classes: a clean environment, a platform, a lab."""
import contextlib
import gc
import os
import pathlib
import sys
import types
import unittest

from . import subject
from .subject import xsoar

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "tests/support"))
import labservers  # noqa: E402  pylint: disable=wrong-import-position

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
         "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "NETRC")


class Platform(types.SimpleNamespace):
    """What the platform gives its scripts, as far as the client looks at it."""

    def __init__(self, params=None, brand="", script="", sensitive=False, version="8.0.0", debug=False):
        super().__init__(callingContext={"context": {"IntegrationBrand": brand, "ScriptName": script}},
                         entries=[], lines=[], is_debug=debug)
        self.params = lambda: dict(params or {})
        self.isTimeSensitive = lambda: sensitive
        self.demistoVersion = lambda: {"version": version, "buildNumber": "1"}
        self.results = self.entries.append
        self.debug = lambda text, *more: self.lines.append(" ".join(map(str, (text, *more))))


class Case(unittest.TestCase):
    """self.platform is there and the environment is clean, before each test and after it."""

    maxDiff = None

    def setUp(self):
        before = dict(os.environ)
        self.addCleanup(self._restore, before)
        for name in list(os.environ):
            if name in NAMES or name.startswith("REQUESTS_TIMEOUT"):
                del os.environ[name]
        self.set_platform(Platform())

    @staticmethod
    def _restore(before):
        gc.collect()  # clients that were left say what they counted to their own platform
        xsoar.set_platform(None)
        subject.forget()
        os.environ.clear()
        os.environ.update(before)

    def set_platform(self, platform):
        self.platform = platform
        xsoar.set_platform(platform)

    def enter(self, context):
        """The context lasts as long as the test."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(context)

    @classmethod
    def enter_class(cls, context):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        return stack.enter_context(context)

    def raises(self, kind, call, *args, says=None, **kwargs):
        """The exception, which is of exactly this text if `says` is one."""
        with self.assertRaises(kind) as caught:
            call(*args, **kwargs)
        if says is not None:
            self.assertEqual(str(caught.exception), says)
        return caught.exception

    def fails(self, call, *args, says=None, **kwargs):
        return self.raises(xsoar.DemistoException, call, *args, says=says, **kwargs)


def request(client, *args, **kwargs):
    """The client's call, which everybody makes though its name has an underscore."""
    return client._http_request(*args, **kwargs)  # pylint: disable=protected-access


@contextlib.contextmanager
def lab(*conditions):
    """Servers of the lab: the addresses without the last slash, by condition, and the files by name."""
    with labservers.lab(*conditions) as (servers, files):
        yield {name: server["url"].rstrip("/") for name, server in servers.items()}, files


__all__ = ["Case", "Platform", "lab", "request", "subject"]
