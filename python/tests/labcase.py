"""What the tests share: the lab, and running Python in a process of its own."""
import contextlib
import os
import pathlib
import subprocess
import sys
import textwrap
import unittest

import anycert

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tests/support"))
from labservers import lab  # noqa: E402  pylint: disable=wrong-import-position


class LabCase(unittest.TestCase):
    """With a lab for all tests of the class, and a session that trusts it."""

    conditions = ("good", "http", "self-signed")
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.servers, cls.files = stack.enter_context(lab(*cls.conditions))
        cls.root = cls.files["root"]

    def setUp(self):
        self.session = anycert.Session()
        self.session.verify = self.root
        self.addCleanup(self.session.close)

    def url(self, path="", server="good"):
        return self.servers[server]["url"].rstrip("/") + "/" + path

    def echo(self, method="GET", **kwargs):
        """What the server got: (description, {header: value})."""
        answer = self.session.request(method, self.url("echo"), **kwargs).json()
        return answer, {field["name"].lower(): field["value"] for field in answer["headers"]}


def python(code, *args, timeout=60, env=None, **kwargs):
    """Runs code in an interpreter of its own; its output, and what went wrong with it."""
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code), *args], text=True,
                          capture_output=True, timeout=timeout, check=False,
                          env={**os.environ, **(env or {})}, **kwargs)
