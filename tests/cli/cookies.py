#!/usr/bin/env python3
"""-b and -c: which cookies are sent, and the file that they are kept in."""
import json
import os
import pathlib
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import BIN, Case, lab, left_behind  # noqa: E402
from ports import closed_port  # noqa: E402

JAR = "# Netscape HTTP Cookie File\nlocalhost\tFALSE\t/\tTRUE\t0\tone\t1\nother.test\tFALSE\t/\tTRUE\t0\ttwo\t2\n"


class Cookies(Case):
    @classmethod
    def setUpClass(cls):
        cls.context = lab("good")
        servers, files = cls.context.__enter__()
        cls.url = servers["good"]["url"].rstrip("/")
        cls.root = ("--cacert", files["root"])

    @classmethod
    def tearDownClass(cls):
        cls.context.__exit__(None, None, None)

    def setUp(self):
        for name in left_behind():
            os.unlink(name)
        pathlib.Path("jar").write_text(JAR)

    def sent(self, *args, path="/echo", **kwargs):
        """The cookies of the last request, in order."""
        result = self.anycert("get", *self.root, *args, self.url + path, **kwargs)
        fields = [row["value"] for row in json.loads(result.out)["headers"] if row["name"] == "Cookie"]
        self.assertLessEqual(len(fields), 1)
        return sorted(fields[0].split("; ")) if fields else []

    def test_cookies_of_the_command_line(self):
        self.assertEqual(self.sent("-b", "a=b"), ["a=b"])
        self.assertEqual(self.sent("-b", "a=b", "--cookie", "c=d; e=f=g"), ["a=b", "c=d", "e=f=g"])
        self.assertEqual(self.sent("-L", "-b", "a=b", path="/redirect?to=/echo"), ["a=b"])
        self.assertEqual(self.sent("-L", "-b", "a=b", "-c", "jar", path="/redirect?to=/echo"), ["a=b"])
        self.assertEqual(self.sent("-b", ""), [])
        self.assertEqual(self.sent("-H", "Cookie: a"), ["a"])

    def test_cookies_of_a_file_go_where_they_belong(self):
        self.assertEqual(self.sent("-b", "jar"), ["one=1"])
        self.assertEqual(self.sent("-b", "-", data=JAR.encode()), ["one=1"])
        self.assertEqual(self.sent("-b", "jar", "-b", "a=b"), ["a=b", "one=1"])
        self.assertEqual(pathlib.Path("jar").read_text(), JAR)

    def test_what_the_server_sets_is_sent_on_and_kept(self):
        for args, kept in ((("-c", "new"), {"lab", "session"}),
                           (("-b", "jar", "-c", "new"), {"one", "two", "lab", "session"})):
            self.anycert("get", *self.root, *args, "-o", "body", self.url + "/set-cookie")
            lines = [line.split("\t") for line in pathlib.Path("new").read_text().splitlines() if "\t" in line]
            self.assertEqual({line[5] for line in lines}, kept)
            self.assertEqual(stat.S_IMODE(os.stat("new").st_mode), 0o600)
            self.assertEqual([name for name in left_behind() if name not in ("jar", "new", "body")], [])
        self.assertEqual(self.sent("-b", "new"), ["lab=1", "one=1", "session=abc"])

    def test_a_jar_that_is_not_there_yet(self):
        for count in (0, 2):
            self.assertEqual(len(self.sent("-b", "first", "-c", "first")), count)
            self.anycert("get", *self.root, "-b", "first", "-c", "first", "-o", "body", self.url + "/set-cookie")
        self.refused("get", *self.root, "-b", "missing", self.url, says="-b: cookie file 'missing'", code=2)

    def test_the_jar_is_written_whatever_the_answer(self):
        self.anycert("get", *self.root, "-f", "-c", "new", "-o", "body", self.url + "/status/500", code=8)
        self.assertTrue(os.path.exists("new"))
        self.refused("get", "-b", "jar", "-c", "jar", f"http://localhost:{closed_port()}/", code=5)
        self.assertIn("\tone\t1\n", pathlib.Path("jar").read_text())

    def test_the_jar_goes_where_it_was_asked_for(self):
        out = self.anycert("get", *self.root, "-c", "-", "-o", "body", self.url + "/set-cookie").out
        self.assertIn("\tsession\tabc\n", out)
        os.symlink("jar", "link")
        self.anycert("get", *self.root, "-b", "link", "-c", "link", "-o", "body", self.url + "/set-cookie")
        self.assertTrue(os.path.islink("link"))
        self.assertIn("\tsession\tabc\n", pathlib.Path("jar").read_text())
        self.anycert("get", *self.root, "-c", "/dev/null", "-o", "body", self.url)

    def test_a_full_disk_leaves_the_old_jar(self):
        command = f"ulimit -f 0; trap '' XFSZ; exec '{BIN}' get --cacert '{self.root[1]}' -b jar -c jar -o /dev/null " \
                  f"'{self.url}/set-cookie'"
        done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"anycert: -c: ", done.stderr)
        self.assertEqual(pathlib.Path("jar").read_text(), JAR)
        self.assertEqual(left_behind(), ["jar"])

    def test_cookies_are_hidden(self):
        pathlib.Path("jar").write_text(JAR.replace("\t1\n", "\ts3cret\n"))
        for args in (("-b", "a=s3cret"), ("-b", "jar"), ("-b", "jar", "-b", "a=s3cret"), ("-b", "a=s3cret", "-c", "x")):
            result = self.anycert("get", *self.root, "-v", "--log-level", "debug", "--trace", "t.har", "--report",
                                  "r.json", "-o", "body", *args, self.url + "/echo")
            self.assertIn("s3cret", pathlib.Path("body").read_text())
            self.assertNotIn("s3cret", result.err + pathlib.Path("t.har").read_text() +
                             pathlib.Path("r.json").read_text())

    def test_bad_ones_are_refused_before_anything_is_sent(self):
        pathlib.Path("text").write_text("no cookies\ns3cret")
        for args, says in [
                (("-b", "text"), "-b: line 1 of text"),
                (("-b", "a=s3cret\nb"), "-b: "),
                (("-b", "a=s3cret\nb", "-c", "new"), "-b: "),
                (("-b", "__Host-a=s3cret", "-c", "new"), "-b: "),
                (("-b", "a=b", "-H", "Cookie: c"), "-b and -H both set Cookie"),
                (("-b", "-", "-d", "@-"), "both read standard input"),
                (("-b", "-", "-b", "/dev/stdin"), "-b reads standard input twice"),
                (("-c", "-"), "-c - and the body"), (("-c", ""), "empty"),
                (("-c", "missing/new"), "-c: "), (("-c", "."), "-c: "),
                (("-c", "new", "-o", "new"), "-c and -o name the same file"),
                (("-c", "new", "--report", "new"), "--report and -c name the same file"),
                (("--trace", "new", "-o", "new"), "--trace and -o name the same file"),
                (("-j",), "-b")]:
            with self.subTest(args=args):
                self.assertNotIn("s3cret", self.refused("get", *self.root, *args, self.url, says=says))
                self.assertEqual(left_behind(), ["jar", "text"])


if __name__ == "__main__":
    unittest.main()
