"""What the tests share: the lab, and running Python in a process of its own."""
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import textwrap
import unittest

import anycert


@contextlib.contextmanager
def lab(*conditions):
    """Servers by condition (with "url"), and the lab's files by name."""
    command = shlex.split(os.environ["ANYCERT_LAB"])
    with subprocess.Popen([*command, "--json", *conditions], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            text = ""
            for line in process.stdout:
                text += line
                try:
                    description = json.loads(text)
                    break
                except ValueError:
                    continue
            yield {server["name"]: server for server in description["servers"]}, description["files"]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


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
