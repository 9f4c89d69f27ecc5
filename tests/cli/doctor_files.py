#!/usr/bin/env python3
"""anycert doctor and files: what is saved and replayed, and entries of a policy file that are written."""
import base64
import contextlib
import datetime
import json
import os
import pathlib
import pty
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
from anycert_cli import run, start  # noqa: E402
from doctor_case import DoctorCase, make_certificate, proxy, self_signed  # noqa: E402
from ports import free_port  # noqa: E402


@contextlib.contextmanager
def server(*args):
    """openssl s_server with cert.pem; its port. It has nothing to say of its own."""
    port = free_port()
    with subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "cert.pem", "-key", "key.pem", *args],
                          stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                threading.Event().wait(0.05)
            yield port
        finally:
            process.terminate()


class DoctorFiles(DoctorCase):
    conditions = ["good", "expired", "self-signed", "wrong-host", "tls10-only", "close", "rsa-kx-cbc", "not-yet-valid",
                  "dh-1024", "sha1-handshake", "cn-only", "wrong-purpose", "rsa-1024", "no-rfc5746", "path-length",
                  "oversized-chain", "incomplete-chain", "rsa-512", "dh-512", "plain-http"]

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

    def test_standard_streams(self):
        _, saved = self.save("expired")
        read = self.anycert("doctor", "--replay", "-", data=json.dumps(saved).encode(), code=10)
        self.assertIn(": works with: hardened+expired ", read.out)
        self.assertIn("give the name of a file", self.doctor("expired", "--save", "-", code=2).err)
        self.assertFalse(pathlib.Path("-").exists())

    def test_damaged_files_say_so(self):
        _, saved = self.save("expired")
        text = pathlib.Path("it.json").read_text("utf-8")
        for damaged, says in (("", "no observation: it is not whole JSON"), (text[:len(text) // 2], "not whole JSON"), ("[]", "no observation"),
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

    def use(self, said):
        """The command that uses what was written, as a shell has it."""
        command = shlex.split(re.search(r"\nuse it: anycert (get .*)\n\Z", said)[1])
        self.anycert(*command, "-s", "-o", "x")
        return command

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

    def test_reason_says_what_the_entry_is_about(self):
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        for name, more, reason in (("good", (), "Trusted as given (--cacert)."),
                                   ("good", ("--expect-name", "localhost"), "Trusted as given (--cacert, --expect-name)."),
                                   ("cn-only", (), None)):
            with self.subTest(name, more=more):
                path = self.fresh()
                self.apply(name, "--yes", *more)
                said = re.search(r' reason="(.*) (\S+), doctor"$', path.read_text("utf-8"))
                self.assertEqual(said[2], today)
                if reason:
                    self.assertEqual(said[1], reason)
                else:
                    self.assertNotIn("given", said[1])
        make_certificate()
        for more, args in ((("-quiet",), ()), (("-www", "-quiet", "-Verify", "1", "-tls1_3"), ())):
            with self.subTest(more), server(*more) as port:
                path = self.fresh()
                found = run("doctor", *args, f"localhost:{port}").out
                pin = re.search(r" pin=(\S+)", found)[1]
                self.anycert("doctor", "--apply", "--yes", "--policy-file", "policies", "--pin", pin, *args, f"localhost:{port}")
                self.assertIn(f' reason="The certificate vouches for itself. {today}, doctor"\n', path.read_text("utf-8"))

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

    def test_what_was_written_can_be_used_at_once(self):
        port = self.port("expired")
        way = ["--resolve", f"a.test:{port}:127.0.0.1"]
        self.fresh()
        self.assertEqual(self.use(self.apply("expired", "--yes").err), ["get", "--policy-file", "policies", self.url("expired")])
        self.fresh()
        said = self.anycert("doctor", "--cacert", self.root, "--apply", "--yes", "--policy-file", "policies", *way,
                            "--expect-name", "localhost", f"a.test:{port}").err
        self.assertEqual(self.use(said), ["get", "--policy-file", "policies", *way, f"https://a.test:{port}/"])
        with proxy(None) as (proxy_port, _):
            self.fresh()
            said = self.apply("expired", "--yes", "-x", f"http://u:geheim@127.0.0.1:{proxy_port}").err
            self.assertNotIn("use it", said)

    def test_a_clock_that_was_compared_with_no_other_is_told(self):
        authority.make("late", "/CN=late", days=(-9, -1))
        self.fresh()
        with server("-cert", "late.pem", "-key", "late.key") as port:  # which answers no request
            said = self.anycert("doctor", "--cacert", "late.pem", "--apply", "--yes", "--policy-file", "policies", "--timeout", "1",
                                f"localhost:{port}").err
        self.assertIn("\nnote: the server did not answer the request that asks for its time: see whether this machine's clock is "
                      "right\nwritten to policies\n", said)
        self.assertNotIn("asks for its time", self.apply("expired", "--yes").err)

    def test_what_is_kept_is_not_told_how_to_keep(self):
        self.fresh()
        for name in ("expired", "good", "self-signed"):
            self.assertIn("keep it: ", self.doctor(name, code=0 if name == "good" else 10).out)
            told = self.apply(name, "--yes", code=2 if name == "self-signed" else 0).out
            self.assertNotIn("keep it", told)
            self.assertIn("use it: ", told)

    def test_nobody_unauthenticated_and_no_new_pin_is_written(self):
        path = self.fresh("# ours\n")
        self.assertIn("nobody vouches for", self.apply("self-signed", "--yes", code=2).err)
        pin = self.servers["self-signed"]["pin"]
        other = self.servers["good"]["pin"]
        self.assertIn("has the pin", self.apply("self-signed", "--yes", "--pin", other, code=3).err)
        self.assertIn("no policy connects", self.apply("close", "--yes", code=2).err)
        self.assertIn("mended above, and by no policy: there is nothing to write", self.apply("plain-http", "--yes", code=2).err)
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

    def test_what_the_doctor_calls_worthless_is_not_written(self):
        path = self.fresh("# ours\n")
        for name, more in (("rsa-512", ()), ("rsa-512", ("--pin", self.servers["rsa-512"]["pin"])), ("dh-512", ())):
            with self.subTest(name, more=more):
                self.assertIn("nobody would be authenticated", self.apply(name, "--yes", *more, code=2).err)
                self.assertEqual(path.read_text("utf-8"), "# ours\n")

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
        self.assertIn("policies:1 has an entry for this host already: --replace", self.apply("expired", "--yes", code=2).err)
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

    OTHERS = "# ours\r\n\nother.example hardened+expired\n"

    def test_an_entry_is_renewed_in_its_place(self):
        host = f"localhost:{self.port('expired')}"
        path = self.fresh(f"{self.OTHERS}{host}  hardened+expired+tls1.0 ca={self.root} until=2020-01-01 \r\n# the end", 0o640)
        before = path.read_bytes()
        self.assertIn("policies:4 has an entry", self.apply("expired", "--yes", code=2).err)
        self.assertIn("nobody is here", self.apply("expired", "--replace", code=2).err)
        self.assertEqual(path.read_bytes(), before)
        said = self.apply("expired", "--replace", "--yes", "--reason", "again").err
        lines = path.read_bytes().split(b"\n")
        self.assertEqual([*lines[:3], lines[4]], [*before.split(b"\n")[:3], b"# the end"])
        self.assertTrue(lines[3].startswith(f"{host} hardened+expired ca={self.root} until=".encode()), lines[3])
        self.assertTrue(lines[3].endswith(b" reason=again\r"))
        self.assertEqual(path.stat().st_mode & 0o777, 0o640)
        for line in ("becomes:", "  the old entry has ended, and relaxes nothing any more", "  wider: also relaxes expired",
                     "  reason: none -> again"):
            self.assertIn(f"\n{line}\n", said)
        self.assertIn("\n  until: 2020-01-01 -> ", said)
        self.get("expired")

    def test_what_a_renewal_changes_is_said(self):
        pin, host = self.servers["self-signed"]["pin"], f"localhost:{self.port('self-signed')}"
        for old, says in ((f"hardened+self-signed+expired ca={self.root} pin={pin} until=2999-01-01", "narrower: no longer relaxes expired"),
                          (f"hardened+expired ca={self.root} pin={pin}", "wider: also relaxes self-signed"),
                          (f"trust-any pin={pin}", "narrower: hardened instead of trust-any"),
                          (f"pinned pin={pin}", "narrower: hardened instead of pinned"),
                          (f"hardened+self-signed ca={self.root}", f"narrower: pin: none -> {pin}"),
                          (f"hardened+self-signed ca={self.root} pin={pin}", "narrower: until: none -> ")):
            with self.subTest(old):
                if old.startswith("trust-any"):
                    old = "trust-any"
                path = self.fresh(f"{host} {old}\n")
                self.assertIn(says, self.apply("self-signed", "--replace", "--yes", "--pin", pin).err)
                self.assertEqual(len(path.read_text("utf-8").splitlines()), 1)
                self.get("self-signed")

    def test_the_same_entry_is_not_written_again(self):
        end = "2099-01-02"
        path = self.fresh("# ours\n")
        self.apply("expired", "--yes", "--until", end)
        before, made = path.read_bytes(), path.stat()
        for more in ((), ("--yes",)):  # nobody has to be asked
            said = self.apply("expired", "--replace", "--until", end, *more).err
            self.assertIn("\npolicies:2 is the same entry already: nothing was written\n", said)
            self.assertNotIn("which changes", said)
            self.use(said)
            self.assertEqual((path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns),
                             (before, made.st_ino, made.st_mtime_ns))
        for more, says in ((("--until", "2099-01-03"), f"  until: {end} -> 2099-01-03\n"),
                           (("--until", "2099-01-03", "--reason", "it takes longer"), " -> it takes longer\n")):
            said = self.apply("expired", "--replace", "--yes", *more).err
            self.assertRegex(said, rf"\nwhich changes:\n[^\n]*{says}written to policies\n")

    def test_replace_without_an_old_entry_adds_one(self):
        path = self.fresh(f"localhost hardened+expired ca={self.root}\n")
        self.apply("self-signed", "--replace", "--yes", "--pin", self.servers["self-signed"]["pin"])
        self.assertEqual(len(path.read_text("utf-8").splitlines()), 2)

    def test_backup_pins(self):
        pin, other = self.servers["self-signed"]["pin"], "sha256//" + "A" * 43 + "="
        for given in (("--pin", f"{pin},{other}"), ("--pin", other, "--pin", pin)):
            path = self.fresh()
            self.apply("self-signed", "--yes", *given)
            self.assertIn(f" pin={','.join(sorted((pin, other)))} ", path.read_text("utf-8"))
            self.get("self-signed")
        path = self.fresh()
        self.assertIn("or one of the others", self.apply("self-signed", "--yes", "--pin", f"{other},{other[:-2]}E=", code=3).err)
        for bad in (f"{pin},", f"{pin},x", f"{pin},{pin}", ""):
            with self.subTest(bad):
                self.assertIn("pin", self.apply("self-signed", "--yes", "--pin", bad, code=2).err)
        self.assertFalse(path.exists())
        self.ask("self-signed", f"{other},{pin}", "y")
        self.assertIn(f" pin={','.join(sorted((pin, other)))} ", path.read_text("utf-8"))
        path = self.fresh()
        self.ask("self-signed", f"{pin},x", code=2)
        self.assertFalse(path.exists())

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

    def test_a_proxy_gets_an_entry_of_its_own(self):
        with proxy(None, self_signed()) as (port, _):
            way = ["-x", f"https://localhost:{port}"]
            path = self.fresh()
            said = self.apply("expired", "--yes", *way).err
            self.assertIn("the proxy's entry is not written: the entry would have a pin", said)
            pin = re.search(r"; --proxy-trust 'hardened\+self-signed pin=(\S+) until=\S+' gives it to a request\n", said)[1]
            self.assertRegex(said, "\nuse it: .* --proxy-trust '[^']* until=")
            self.use(said)
            entries = path.read_text("utf-8").splitlines()
            self.assertEqual([entry.split()[0] for entry in entries], [f"localhost:{self.port('expired')}"])
            self.assertIn(' reason="The certificate has expired. 2', entries[0])
            self.assertNotIn("itself", entries[0])
            path = self.fresh()
            self.use(self.apply("expired", "--yes", "--pin", pin, *way).err)
            entries = path.read_text("utf-8").splitlines()
            self.assertEqual([entry.split()[0] for entry in entries],
                             [f"localhost:{port}", f"localhost:{self.port('expired')}"])
            self.assertIn(f" hardened+self-signed pin={pin} until=", entries[0])
            self.assertNotIn("expired", entries[0])
            self.anycert("get", "--policy-file", "./policies", "-s", "-o", "x", *way, self.url("expired"))
            path = self.fresh()
            self.apply("self-signed", "--yes", "--pin", pin, "--pin", self.servers["self-signed"]["pin"], *way)
            self.anycert("get", "--policy-file", "./policies", "-s", "-o", "x", *way, self.url("self-signed"))
            path = self.fresh()
            said = self.apply("good", "--yes", "--pin", pin, *way).err
            self.assertEqual(path.read_text("utf-8").count(f"localhost:{port} "), 1)

    def test_files_of_before_know_nothing_of_a_proxy(self):
        with proxy(None, self_signed()) as (port, _):
            _, saved = self.save("expired", "-x", f"https://localhost:{port}")
        found = json.loads(self.replay(saved).out)
        self.assertEqual([(cause["hop"], cause["id"]) for cause in found["causes"]],
                         [("proxy", "self-signed"), ("origin", "expired")])
        for damage in (lambda: saved["proxy_examination"].update(port=0), lambda: saved["proxy_examination"].update(host=""),
                       lambda: saved["proxy_examination"].update(attempts=[])):
            _, kept = saved, json.dumps(saved)
            damage()
            self.replay(saved, code=2)
            saved = json.loads(kept)
        del saved["proxy_examination"], saved["question"]["proxy_policy"]
        found = json.loads(self.replay(saved).out)
        self.assertEqual(found["least"]["relaxations"], ["expired"])

    def ask(self, name, *answers, code=0, way=()):
        """On a terminal; what is shown there. An answer of None is Ctrl-C."""
        main, terminal = pty.openpty()
        shown = b""
        with start("doctor", "--cacert", self.root, "--apply", "--policy-file", "policies", *way, self.url(name),
                   stdin=terminal, stderr=terminal, stdout=subprocess.DEVNULL) as process:
            os.close(terminal)
            answers = list(answers)
            with contextlib.suppress(OSError):
                while data := os.read(main, 4096):
                    shown += data
                    if answers and shown.rstrip().endswith((b"[y/N]", b"knows it:")):
                        answer = answers.pop(0)
                        if answer is None:
                            process.send_signal(signal.SIGINT)
                        else:
                            os.write(main, answer.encode() + b"\n")
                        shown += b"\n"
        os.close(main)
        self.assertEqual(process.returncode, code, shown)
        return shown.decode()

    def test_a_terminal_is_asked(self):
        path = self.fresh()
        self.assertIn("nobody is here", self.apply("expired", code=2).err)
        for answer in ("n", "", "x"):
            self.assertIn("nothing was written", self.ask("expired", answer, code=2))
        for name in ("expired", "self-signed"):
            self.assertIn("interrupted; nothing was written", self.ask(name, None, code=130))
        self.assertFalse(path.exists())
        shown = self.ask("expired", "y")
        self.assertIn("written to policies", shown)
        self.assertIn(f"\rhttps://localhost:{self.port('expired')}/: handshake 1: ", shown)
        self.assertIn("\r\x1b[K\r\nentry for ", shown)
        self.get("expired")
        path = self.fresh()
        self.assertIn("is not the pin", self.ask("self-signed", self.servers["good"]["pin"], code=3))
        self.assertFalse(path.exists())
        self.ask("self-signed", self.servers["self-signed"]["pin"], "y")
        self.get("self-signed")
        self.ask("wrong-host", "y")
        self.get("wrong-host")

    def test_a_terminal_is_asked_about_a_proxy(self):
        with proxy(None, self_signed()) as (port, _):
            way = ["-x", f"https://localhost:{port}"]
            path = self.fresh()
            said = self.apply("expired", "--yes", *way).err
            self.assertIn("give the one that the proxy's administrator knows, with --pin or in --proxy-trust", said)
            pin = re.search(r"; --proxy-trust 'hardened\+self-signed pin=(\S+) until=\S+' gives", said)[1]
            path = self.fresh()
            shown = self.ask("expired", pin, "y", "y", way=way)
            self.assertIn("The pin, as the proxy's administrator knows it:", shown)
            self.assertIn("genuine self-signed proxy look alike", shown)
            self.assertEqual([entry.split()[0] for entry in path.read_text("utf-8").splitlines()],
                             [f"localhost:{port}", f"localhost:{self.port('expired')}"])
            path = self.fresh()
            shown = self.ask("expired", self.servers["good"]["pin"], "y", way=way)
            self.assertIn("the proxy's entry is not written: that is not the pin that the proxy showed", shown)
            self.assertEqual([entry.split()[0] for entry in path.read_text("utf-8").splitlines()],
                             [f"localhost:{self.port('expired')}"])
        # At a proxy of another name: only if it is said to be right.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        make_certificate("proxy.test")
        context.load_cert_chain("cert.pem", "key.pem")
        trust = f"hardened ca={pathlib.Path('cert.pem').resolve()}"
        with proxy(None, context) as (port, _):
            way = ["-x", f"https://localhost:{port}", "--proxy-trust", trust]
            path = self.fresh()
            shown = self.ask("expired", "y", "y", way=way)
            self.assertIn("note: only if that is a name of the proxy that is meant", shown)
            self.assertIn(f"localhost:{port} {trust} expect-name=proxy.test ", path.read_text("utf-8"))
            # Its anchors are found from here, wherever the entry stands.
            path = self.fresh()
            way[-1] = "hardened ca=cert.pem,system expect-name=proxy.test"
            said = self.apply("expired", "--yes", *way).err
            self.assertNotIn("is not written", said)
            self.assertIn(f"localhost:{port} {trust.replace('ca=', 'ca=system,')} expect-name=proxy.test ", path.read_text("utf-8"))
            self.use(said)


if __name__ == "__main__":
    unittest.main()
