#!/usr/bin/env python3
"""anycert lab: what it prints, how it ends, and that nothing stays behind."""
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import Case, lab, start  # noqa: E402


def children(pid):
    """Ids of all processes below one."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if parent == pid:
                found += [int(entry.name), *children(int(entry.name))]
    return found


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Running:
    """A lab whose end is looked at."""

    def __init__(self, *conditions):
        self.process = start("lab", "--json", *conditions, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        text = ""
        while not text or not text.endswith("\n}\n"):
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(self.process.communicate()[1])
            text += line
        self.description = json.loads(text)
        self.folder = pathlib.Path(self.description["files"]["root"]).parent
        self.below = children(self.process.pid)

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode

    def wait_for_children(self):
        for _ in range(1000):
            if not any(alive(pid) for pid in self.below):
                return
            time.sleep(0.01)
        raise AssertionError(f"still there: {self.below}")


class Listing(Case):
    def test_text_has_a_line_for_each_condition(self):
        lines = self.anycert("lab", "--list").out.splitlines()
        self.assertGreaterEqual(len(lines), 45)
        self.assertTrue(any(line.split()[0] == "expired" and line.endswith(" hardened+expired") for line in lines))

    def test_json_has_the_same_conditions(self):
        names = [line.split()[0] for line in self.anycert("lab", "--list").out.splitlines()]
        listed = json.loads(self.anycert("lab", "--list", "--json").out)["conditions"]
        self.assertEqual([condition["name"] for condition in listed], names)
        self.assertEqual(len(set(names)), len(names))

    def test_names_choose(self):
        lines = self.anycert("lab", "--list", "ssh-banner", "good").out.splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["good", "ssh-banner"])

    def test_every_needed_policy_is_one(self):
        for condition in json.loads(self.anycert("lab", "--list", "--json").out)["conditions"]:
            if condition["needs"]:
                checked = self.anycert("policy", "check", condition["needs"])
                self.assertEqual(checked.out.splitlines()[0], condition["needs"])

    def test_help_names_the_options(self):
        text = self.anycert("lab", "--help").out
        for option in ("--list", "--json", "--help"):
            self.assertIn(option, text)


class Refusals(Case):
    def test_a_slip_gets_the_nearest_name(self):
        self.refused("lab", "expird", code=2, says="did you mean 'expired'?")
        self.refused("lab", "--list", "self-singed", code=2, says="did you mean 'self-signed'?")

    def test_other_words_get_the_way_to_the_list(self):
        self.refused("lab", "qqqqqqqqqqq", code=2, says="anycert lab --list")
        self.refused("lab", "", code=2, says="no condition is called ''")

    def test_a_name_counts_once(self):
        self.refused("lab", "good", "good", code=2, says="named twice")

    def test_unknown_and_abbreviated_options(self):
        for option in ("--colour", "--jso", "-x", "--list=yes"):
            self.refused("lab", option, code=2, says=f"the option '{option}'")

    def test_an_output_that_is_full(self):
        with open("/dev/full", "wb") as full:
            process = start("lab", "good", stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE)
            _, error = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 9)
        self.assertIn(b"cannot write to standard output", error)


class Serving(Case):
    def test_json_says_all_that_a_script_needs(self):
        with lab("expired", "wildcard-apex", "ssh-banner", "http") as (servers, files):
            self.assertEqual(set(files), {"root", "intermediate", "other_root", "client_cert", "client_key"})
            for path in files.values():
                self.assertIn("-----BEGIN ", pathlib.Path(path).read_text())
                self.assertEqual(pathlib.Path(path).stat().st_mode & 0o777, 0o600)
            self.assertEqual(servers["expired"]["url"], f"https://localhost:{servers['expired']['port']}/")
            self.assertRegex(servers["expired"]["pin"], r"^sha256//[A-Za-z0-9+/]{43}=$")
            self.assertEqual(servers["expired"]["ca_file"], files["root"])
            self.assertIsNone(servers["expired"]["resolve"])
            self.assertEqual(servers["wildcard-apex"]["resolve"],
                             f"lab.test:{servers['wildcard-apex']['port']}:127.0.0.1")
            self.assertIsNone(servers["ssh-banner"]["pin"])
            with urllib.request.urlopen(servers["http"]["url"] + "status/201", timeout=20) as answer:
                self.assertEqual(answer.status, 201)

    def test_a_stranger_verifies_the_good_one_only(self):
        with lab("good", "expired") as (servers, files):
            context = ssl.create_default_context(cafile=files["root"])
            with urllib.request.urlopen(servers["good"]["url"], context=context, timeout=20) as answer:
                self.assertEqual(json.load(answer)["condition"], "good")
            with self.assertRaises(OSError) as caught:
                urllib.request.urlopen(servers["expired"]["url"], context=context, timeout=20)
            self.assertIn("certificate has expired", str(caught.exception))

    def test_text_has_a_line_for_each_server(self):
        process = start("lab", "expired", "good", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE, text=True)
        lines = [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        rest, error = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)
        self.assertRegex(lines[0], r"^expired  https://localhost:\d+/  the certificate expired two days ago$")
        self.assertRegex(lines[1], r"^good     https://localhost:\d+/  nothing: RSA certificate$")
        self.assertEqual(rest, "")
        for option in ("--cacert", "--intermediate", "--cert", "--key"):
            self.assertRegex(error, rf" {option} /tmp/anycert-lab-\S+\.(pem|key)\b")


class Ending(Case):
    def test_a_signal_ends_it_cleanly(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            running = Running("good", "no-rfc5746")
            self.assertEqual(len(running.below), 2)  # the relay and gnutls-serv
            self.assertEqual(running.end(number), 0)
            self.assertFalse(running.folder.exists())
            running.wait_for_children()

    def test_a_kill_leaves_no_children_and_a_folder_for_the_next(self):
        running = Running("no-rfc5746", "3des")
        self.assertEqual(len(running.below), 4)
        self.assertEqual(running.end(signal.SIGKILL), -signal.SIGKILL)
        running.wait_for_children()
        self.assertTrue(running.folder.exists())
        other = Running("good")
        self.assertFalse(running.folder.exists())
        third = Running("good")
        self.assertTrue(other.folder.exists())  # for its lab is alive
        self.assertEqual(other.end(signal.SIGTERM), 0)
        self.assertEqual(third.end(signal.SIGTERM), 0)

    def test_configuration_of_openssl_changes_nothing(self):
        path = pathlib.Path("hostile.cnf")
        path.write_text("openssl_conf = a\n[a]\nssl_conf = b\nproviders = p\n[b]\nsystem_default = c\n"
                        "[c]\nMinProtocol = TLSv1.3\nCipherString = PSK\nOptions = ServerPreference\n"
                        "[p]\nnull = n\n[n]\nactivate = 1\n")
        os.environ["OPENSSL_CONF"] = str(path.resolve())
        try:
            running = Running("tls10-only", "md5-leaf")
        finally:
            del os.environ["OPENSSL_CONF"]
        port = running.description["servers"][0]["port"]
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1",
                               "-cipher", "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(running.end(signal.SIGTERM), 0)
        self.assertIn("New, TLSv1.0, Cipher is ECDHE-RSA-AES", done.stdout)



if __name__ == "__main__":
    unittest.main()
