#!/usr/bin/env python3
"""--print-curl: what real curl sends for the command that is printed, against what anycert sends."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import EchoCase  # noqa: E402

FORM = "application/x-www-form-urlencoded"


class Printed(EchoCase):
    def curl(self, *args, env=None, **kwargs):
        """The one request that the printed command sends."""
        self.server.seen.clear()
        result = self.anycert(*args, "--print-curl", **kwargs)
        self.assertEqual((self.server.seen, result.err), ([], ""))
        self.assertNotIn("s3cret", result.out)
        done = subprocess.run(["sh", "-c", result.out], env={"PATH": os.environ["PATH"], **(env or {})},
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode() + result.out)
        self.assertEqual(len(self.server.seen), 1, result.out)
        return self.server.seen[0]

    def test_sends_the_same(self):
        pathlib.Path("in").write_bytes(b"a\0'\xff\n")
        url = self.server.url
        form = ["-H", "Content-Type: " + FORM]
        for args, env, data in [
                (("get", url), None, b""),
                (("head", url), None, b""),
                (("get", "-H", "X: it's $HOME", "-A", "", "--param", "q=a b", url + "/x?a=[b]"), None, b""),
                (("get", "-u", "me:s3cret", url), {"ANYCERT_PASSWORD": "s3cret"}, b""),
                (("get", "--bearer", "s3cret", url), {"ANYCERT_TOKEN": "s3cret"}, b""),
                (("get", "--api-key", "s3cret", url), {"ANYCERT_API_KEY": "s3cret"}, b""),
                (("post", "-d", "a=1&token=s3cret", url), {"ANYCERT_FORM_TOKEN": "s3cret"}, b""),
                (("post", "--json", '{"a":"it\'s"}', url), None, b""),
                (("post", *form, "--data-binary", "@in", url), None, b""),
                (("put", "-T", "in", url), None, b""),
                (("put", "-T", "-", url), None, b"from\nstdin\n"),
                (("request", "-X", "PATCH", "-d", "x", url), None, b"")]:
            with self.subTest(args=args):
                theirs = self.curl(*args, env=env, data=data)
                self.server.seen.clear()
                self.anycert(*args, data=data)
                ours = self.server.seen[0]
                ours["headers"].sort()
                theirs["headers"].sort()
                self.assertEqual(ours, theirs)

    def test_cookies_come_from_the_same_files(self):
        pathlib.Path("it's").write_text("127.0.0.1\tFALSE\t/\tFALSE\t0\ta\ts3cret\n")
        seen = self.curl("get", "-b", "it's", "-c", "kept", self.server.url)
        self.assertIn(("cookie", "a=s3cret"), seen["headers"])
        self.assertIn("a\ts3cret", pathlib.Path("kept").read_text())
        seen = self.curl("get", "-b", "it's", "-b", "b=s3cret", self.server.url, env={"ANYCERT_COOKIE": "b=s3cret"})
        self.assertIn("b=s3cret", dict(seen["headers"])["cookie"])
        self.assertIn("a=s3cret", dict(seen["headers"])["cookie"])
        self.assertNotIn("anycert_client", self.anycert("get", "-b", "it's", "--print-curl", self.server.url).out)

    def test_writes_to_the_file(self):
        request = self.curl("get", "-o", "out's", "-f", "-i", self.server.url)
        self.assertEqual(request["method"], "GET")
        self.assertEqual(pathlib.Path("out's").read_text(), "hello\n")
        out = self.anycert("get", "-fiv", "--print-curl", self.server.url).out
        for note in ("# -f: add --fail", "# -i: add --include", "# -v: add --verbose"):
            self.assertIn(note, out)
        self.assertIn("# --ok-codes", self.anycert("get", "--ok-codes", "200", "--print-curl", self.server.url).out)

    def test_asks_for_no_password(self):
        out = self.anycert("get", "-u", "me", "--print-curl", self.server.url).out
        self.assertIn("--user 'me:'\"${ANYCERT_PASSWORD:?}\"", out)


if __name__ == "__main__":
    unittest.main()
