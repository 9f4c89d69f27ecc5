#!/usr/bin/env python3
"""Dates that are wrong, and whose clock it is: what is told beside them, and that no entry is written before the clocks
were compared."""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
from anycert_cli import Case  # noqa: E402
from dated_server import DatedServer  # noqa: E402

DAY = 86400
TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"


class Clocks(Case):
    @classmethod
    def setUpClass(cls):
        cls.before, cls.folder = os.getcwd(), tempfile.mkdtemp()
        os.chdir(cls.folder)
        authority.make("root", "/CN=The Root", ca=True)
        authority.make("expired", "/CN=localhost", issuer="root", days=(-30, -3), kind="RSA")
        authority.make("future", "/CN=localhost", issuer="root", days=(3, 30), kind="RSA")
        cls.web = {name: DatedServer(name) for name in ("expired", "future")}

    @classmethod
    def tearDownClass(cls):
        for server in cls.web.values():
            server.stop()
        os.chdir(cls.before)
        shutil.rmtree(cls.folder)

    def doctor(self, port, *args, code=10):
        return self.anycert("doctor", "--cacert", str(pathlib.Path("root.pem").resolve()), "--resolve",
                            f"localhost:{port}:127.0.0.1", *args, f"localhost:{port}", code=code)

    def examine(self, name, *args, off=0, code=10):
        server = self.web[name]
        server.off, server.seen = off, []
        found = json.loads(self.doctor(server.server_port, "--format", "json", *args, code=code).out)
        return found["causes"][0], [one["text"] for one in found["remedies"]]

    def test_both_clocks_are_told(self):
        for name, cause in (("expired", "expired"), ("future", "not-yet-valid")):
            with self.subTest(name):
                seen, remedies = self.examine(name)
                self.assertEqual(seen["id"], cause)
                self.assertRegex(seen["evidence"], f"by this machine's clock it is {TIME}, which was compared with no "
                                                   r"other \(--http does\)")
                self.assertTrue(any("with --http the doctor compares it with the Date" in one for one in remedies))
                self.assertEqual(self.web[name].seen, [])
                seen, remedies = self.examine(name, "--http")
                self.assertEqual(seen["id"], cause)
                self.assertRegex(seen["evidence"], f"by this machine's clock it is {TIME}; by the Date of the server's "
                                                   f"answer it is {TIME}, and it is not valid by that either")
                self.assertFalse(any("--http" in one for one in remedies))
                self.assertEqual(set(self.web[name].seen), {"HEAD"})
                seen, remedies = self.examine(name, "--http", off=None)
                self.assertIn("the server did not say what it is by its own", seen["evidence"])

    def test_the_clock_that_is_wrong(self):
        for name, off, cause in (("expired", -6 * DAY, "clock-ahead"), ("future", 6 * DAY, "clock-behind")):
            with self.subTest(name):
                seen, remedies = self.examine(name, "--http", off=off, code=12)
                self.assertEqual(seen["id"], cause)
                self.assertRegex(seen["evidence"], f"Date of the server's answer it is {TIME}, and it is valid by that")
                self.assertTrue(any("Set this machine's clock" in one for one in remedies))
        # Whose clock was never set says nothing of ours.
        seen, _ = self.examine("expired", "--http", off=-30 * 365 * DAY)
        self.assertEqual(seen["id"], "expired")
        self.assertIn("which cannot be: its clock is not set", seen["evidence"])

    def apply(self, name, off, code=0):
        server = self.web[name]
        server.off, server.seen = off, []
        pathlib.Path("policies").unlink(missing_ok=True)
        return self.doctor(server.server_port, "--apply", "--yes", "--policy-file", "policies", code=code)

    def test_no_entry_before_the_clocks_were_compared(self):
        for name, off in (("expired", 0), ("future", 0), ("expired", None)):
            with self.subTest((name, off)):
                done = self.apply(name, off)
                self.assertEqual(set(self.web[name].seen), {"HEAD"})
                self.assertIn("the server" if off is None else "by the Date of the server's answer", done.out)
                self.assertIn(f"localhost:{self.web[name].server_port} hardened+",
                              pathlib.Path("policies").read_text(encoding="utf-8"))
        for name, off in (("expired", -6 * DAY), ("future", 6 * DAY)):
            with self.subTest((name, off)):
                done = self.apply(name, off, code=2)
                self.assertIn("it is this machine's clock that is wrong: set it", done.err)
                self.assertFalse(pathlib.Path("policies").exists())


if __name__ == "__main__":
    unittest.main()
