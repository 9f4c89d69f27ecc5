#!/usr/bin/env python3
"""anycert doctor and files: what is saved and replayed, and entries of a policy file that are written."""
import base64
import contextlib
import datetime
import json
import os
import pathlib
import pty
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import run, start  # noqa: E402
from doctor_case import DoctorCase, proxy  # noqa: E402


class DoctorFiles(DoctorCase):
    conditions = ["good", "expired", "self-signed", "wrong-host", "tls10-only", "close", "rsa-kx-cbc", "not-yet-valid",
                  "dh-1024", "sha1-handshake", "cn-only", "wrong-purpose", "rsa-1024", "no-rfc5746", "path-length",
                  "oversized-chain", "incomplete-chain"]

    # ---- saved and replayed

    def save(self, name, *args, code=10):
        out = self.doctor(name, "--format", "json", "--save", "it.json", *args, code=code).out
        return json.loads(out), json.loads(pathlib.Path("it.json").read_text("utf-8"))

    def replay(self, saved=None, code=10, **kwargs):
        if saved is not None:
            pathlib.Path("it.json").write_text(json.dumps(saved) if isinstance(saved, dict) else saved, "utf-8")
        return self.anycert("doctor", "--format", "json", "--replay", "it.json", code=code, **kwargs)

    def test_saved_says_the_same_without_the_server(self):
        before, saved = self.save("expired")
        after = json.loads(self.replay().out)
        self.assertEqual({**before, "elapsed_ms": 0}, {**after, "elapsed_ms": 0})
        self.assertEqual((saved["format"], saved["version"]), ("anycert-observation", 1))
        self.assertEqual(pathlib.Path("it.json").stat().st_mode & 0o777, 0o600)
        self.assertEqual(saved["addresses"][-1], "127.0.0.1")
        self.assertIn("OpenSSL", saved["versions"]["openssl"])
        hello = base64.b64decode(saved["attempts"][0]["sent_bytes"])
        self.assertEqual(hello[:2], b"\x16\x03")
        self.assertTrue(saved["certificates"][0].startswith("-----BEGIN CERTIFICATE-----\n"))
        text = self.anycert("doctor", "--replay", "it.json", "--for", "curl", code=10).out
        self.assertIn("works with: hardened+expired", text)
        self.assertIn("\nfor curl (", text)

    def test_files_of_before_are_read(self):
        before, saved = self.save("expired")
        for one in ("way", "given"):
            del saved["question"][one]
        del saved["anchors"]
        after = json.loads(self.replay(saved).out)
        self.assertEqual([cause["id"] for cause in after["causes"]], ["expired"])
        self.assertEqual(after["least"], before["least"])

    def test_anchors_that_took_part_are_kept_and_no_others(self):
        pathlib.Path("list.pem").write_text(pathlib.Path(self.root).read_text("ascii") +
                                            pathlib.Path(self.files["other_root"]).read_text("ascii"), encoding="ascii")
        self.anycert("doctor", "--cacert", "list.pem", "--save", "it.json", self.url("good"))
        saved = json.loads(pathlib.Path("it.json").read_text("utf-8"))
        self.assertEqual([saved["certificates"][place] for place in saved["anchors"]["server"]],
                         [pathlib.Path(self.root).read_text("ascii")])
        self.assertEqual(saved["anchors"]["list"], {"count": 0, "not_begun": 0, "ended": 0})
        for damaged in ([999], ["x"], 1, [0] * 65, None):
            with self.subTest(damaged):
                saved["anchors"]["server"] = damaged
                self.assertIn("it.json", self.replay(saved, code=2).err)

    def test_saved_file_is_replaced_and_nobody_else_reads_it(self):
        path = pathlib.Path("it.json")
        path.write_text("before", "utf-8")
        path.chmod(0o644)
        self.save("good", code=0)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertEqual([name for name in os.listdir(".") if "it.json" in name], ["it.json"])
        self.doctor("good", "--save", "no/such/folder", code=2)

    def test_saved_file_has_no_secret(self):
        with proxy(None) as (port, _):
            self.save("expired", "-x", f"http://user:geheim@127.0.0.1:{port}")
        self.assertNotIn("geheim", pathlib.Path("it.json").read_text("utf-8"))
        self.assertNotIn("dXNlcj", pathlib.Path("it.json").read_text("utf-8"))

    def test_what_was_not_observed_is_not_confirmed(self):
        _, saved = self.save("expired")
        saved["attempts"] = [one for one in saved["attempts"] if one["tried"]["observes"]]
        found = json.loads(self.replay(saved, code=11).out)
        self.assertIsNone(found["least"])
        self.assertTrue(found["budget_exhausted"])
        saved["attempts"], saved["pin"] = [], ""
        self.assertIn("no attempt", self.replay(saved, code=2).err)

    def test_what_facts_do_not_say_is_refused(self):
        _, saved = self.save("expired")
        refused = [one for one in saved["attempts"] if one["ending"] == "certificates"]
        self.assertTrue(refused)
        refused[0]["ending"] = "stands"
        self.assertIn("its facts do not say", self.replay(saved, code=2).err)
        _, saved = self.save("expired")
        saved["pin"] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        self.assertIn("no key that was shown", self.replay(saved, code=2).err)

    def test_damaged_files_say_so(self):
        _, saved = self.save("expired")
        text = pathlib.Path("it.json").read_text("utf-8")
        for damaged, says in (("", "not whole JSON"), (text[:len(text) // 2], "not whole JSON"), ("[]", "no observation"),
                              (text.replace('"version": 1', '"version": 2', 1), "newer anycert has written"),
                              (text.replace("-----\\nMII", "-----\\nMI!", 1), "a certificate is missing"),
                              (text.replace('"ending": "certificates"', '"ending": "else"', 1), "ending is missing"),
                              (text.replace('"complete"', '"completed"', 1), "complete is missing"),
                              (text.replace('"base": "hardened', '"base": "trust-any', 1), "base is missing"),
                              (text.replace('"port": ', '"port": 9', 1), "port is missing"),
                              (" " * (17 << 20), "larger than")):
            with self.subTest(says):
                self.assertNotEqual(damaged, text)
                result = self.replay(damaged, code=2)
                self.assertIn(says, result.err)
                self.assertIn("it.json", result.err)
        for field in ("question", "attempts", "certificates", "pin", "questions", "elapsed_ms"):
            with self.subTest(field):
                less = dict(saved)
                del less[field]
                self.replay(less, code=2)

    # ---- applied

    def apply(self, name, *args, code=0, file="policies"):
        return self.doctor(name, "--apply", "--policy-file", file, *args, code=code)

    def get(self, name, code=0, file="policies"):
        return self.anycert("get", "--policy-file", file, "-s", "-o", "x", self.url(name), code=code)

    def fresh(self, text=None, mode=0o644):
        path = pathlib.Path("policies")
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text, "utf-8")
            path.chmod(mode)
        return path

    def test_entry_is_what_get_needs(self):
        for name in ("expired", "not-yet-valid", "tls10-only", "rsa-kx-cbc", "dh-1024", "sha1-handshake", "cn-only",
                     "wrong-purpose", "rsa-1024", "no-rfc5746", "path-length", "oversized-chain", "good"):
            with self.subTest(name):
                anchors = [] if name == "good" else ["--cacert", self.root]
                path = self.fresh("# ours\n\nother.example hardened+expired\n")
                without = ["get", "-s", "-o", "x", "--policy-file", "policies", *anchors, self.url(name)]
                self.assertNotEqual(run(*without).code, 0)
                result = self.apply(name, "--yes")
                lines = path.read_text("utf-8").splitlines()
                self.assertEqual(lines[:3], ["# ours", "", "other.example hardened+expired"])
                self.assertEqual(len(lines), 4)
                self.assertTrue(lines[3].startswith(f"localhost:{self.port(name)} hardened"), lines)
                self.assertIn(lines[3], result.err)
                self.get(name)
                self.anycert("policy", "check", "./policies")
                path.write_text("\n".join(lines[:3]) + "\n", "utf-8")
                self.assertNotEqual(run(*without).code, 0)

    def test_entry_has_reason_and_end(self):
        path = self.fresh()
        self.apply("expired", "--yes")
        end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=90)).date().isoformat()
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        self.assertIn(f' until={end} reason="The certificate has expired. {today}, doctor"\n', path.read_text("utf-8"))
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        path = self.fresh()
        self.apply("expired", "--yes", "--reason", "on order", "--until", "2099-01-02")
        self.assertIn(' until=2099-01-02 reason="on order"\n', path.read_text("utf-8"))

    def test_file_keeps_its_mode_its_link_and_its_last_line(self):
        for mode in (0o600, 0o640, 0o644):
            path = self.fresh("other.example hardened+expired", mode)
            pathlib.Path("link").unlink(missing_ok=True)
            os.symlink("policies", "link")
            self.apply("expired", "--yes", file="link")
            self.assertTrue(os.path.islink("link"))
            self.assertEqual(path.stat().st_mode & 0o777, mode)
            self.assertEqual(path.read_text("utf-8").splitlines()[0], "other.example hardened+expired")
            self.assertEqual(len(path.read_text("utf-8").splitlines()), 2)
        self.assertEqual([name for name in os.listdir(".") if name.endswith(".part")], [])

    def test_nobody_unauthenticated_and_no_new_pin_is_written(self):
        path = self.fresh("# ours\n")
        self.assertIn("nobody vouches for", self.apply("self-signed", "--yes", code=2).err)
        pin = self.servers["self-signed"]["pin"]
        other = self.servers["good"]["pin"]
        self.assertIn("has the pin", self.apply("self-signed", "--yes", "--pin", other, code=3).err)
        self.assertIn("no policy connects", self.apply("close", "--yes", code=2).err)
        self.assertIn("the server itself told", self.apply("wrong-host", "--yes", code=2).err)
        self.assertIn("leave --pin out", self.apply("good", "--yes", "--pin", other, code=2).err)
        self.assertEqual(path.read_text("utf-8"), "# ours\n")
        self.apply("self-signed", "--yes", "--pin", pin)
        self.assertIn(f" pin={pin} ", path.read_text("utf-8"))
        self.get("self-signed")
        self.apply("wrong-host", "--yes", "--expect-name", "other.lab.test")
        self.get("wrong-host")
        path = self.fresh("# ours\n")
        self.apply("wrong-host", "--yes", "--pin", self.servers["wrong-host"]["pin"])
        self.assertIn("hardened+wrong-host ", path.read_text("utf-8"))
        self.get("wrong-host")

    def test_what_a_file_cannot_hold_is_not_written(self):
        path = self.fresh()
        for more in (("--intermediate", self.files["intermediate"]), ("--fetch-intermediate",)):
            self.assertIn("no place for an intermediate certificate",
                          self.apply("incomplete-chain", "--yes", *more, code=2).err)
        self.assertFalse(path.exists() and path.read_text("utf-8"))

    def test_nothing_is_written_twice_or_against_the_file(self):
        path = self.fresh()
        self.apply("expired", "--yes")
        before = path.read_text("utf-8")
        self.assertIn("does not fit into the file", self.apply("expired", "--yes", code=2).err)
        self.assertEqual(path.read_text("utf-8"), before)
        path = self.fresh("this is none\n")
        self.apply("expired", "--yes", code=2)
        path = self.fresh("# ours\n", 0o666)
        path.chmod(0o666)
        self.apply("expired", "--yes", code=2)
        self.assertEqual(path.read_text("utf-8"), "# ours\n")
        path = self.fresh("# ours\n")
        self.assertIn("last day is over", self.apply("expired", "--yes", "--until", "2020-01-01", code=2).err)
        self.anycert("doctor", "--apply", "--policy-file", "policies", "--yes", "--cacert", self.root,
                     "--reason", "x" * 300, self.url("expired"), code=2)
        self.assertEqual(path.read_text("utf-8"), "# ours\n")

    def test_several_at_once_lose_nothing(self):
        path = self.fresh("# ours\n")
        names = ["expired", "tls10-only", "rsa-kx-cbc", "dh-1024", "cn-only", "rsa-1024"]
        started = [start("doctor", "--apply", "--yes", "--policy-file", "policies", "--cacert", self.root,
                         self.url(name), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for name in names]
        for process in started:
            self.assertEqual((process.communicate(timeout=60), process.returncode)[1], 0)
        lines = path.read_text("utf-8").splitlines()
        self.assertEqual(lines[0], "# ours")
        self.assertEqual(sorted(line.split()[0] for line in lines[1:]),
                         sorted(f"localhost:{self.port(name)}" for name in names))

    def ask(self, name, *answers, code=0):
        """On a terminal; what is shown there."""
        main, terminal = pty.openpty()
        shown = b""
        with start("doctor", "--cacert", self.root, "--apply", "--policy-file", "policies", self.url(name),
                   stdin=terminal, stderr=terminal, stdout=subprocess.DEVNULL) as process:
            os.close(terminal)
            answers = list(answers)
            with contextlib.suppress(OSError):
                while data := os.read(main, 4096):
                    shown += data
                    if answers and shown.rstrip().endswith((b"[y/N]", b"knows it:")):
                        os.write(main, answers.pop(0).encode() + b"\n")
                        shown += b"\n"
        os.close(main)
        self.assertEqual(process.returncode, code, shown)
        return shown.decode()

    def test_a_terminal_is_asked(self):
        path = self.fresh()
        self.assertIn("nobody is here", self.apply("expired", code=2).err)
        for answer in ("n", "", "x"):
            self.assertIn("nothing was written", self.ask("expired", answer, code=2))
        self.assertFalse(path.exists())
        self.assertIn("written to policies", self.ask("expired", "y"))
        self.get("expired")
        path = self.fresh()
        self.assertIn("is not the pin", self.ask("self-signed", self.servers["good"]["pin"], code=3))
        self.assertFalse(path.exists())
        self.ask("self-signed", self.servers["self-signed"]["pin"], "y")
        self.get("self-signed")
        self.ask("wrong-host", "y")
        self.get("wrong-host")


if __name__ == "__main__":
    unittest.main()
