#!/usr/bin/env python3
"""The administrator's ceiling, as users meet it: a command line that is built with another place for it."""
import datetime
import json
import os
import pathlib
import re
import shlex
import sys
import unittest

PRODUCT = os.environ["ANYCERT_BIN"]
os.environ["ANYCERT_BIN"] = os.path.join(os.environ["ANYCERT_BUILD_DIR"], "bin", "anycert_cli_ceiling")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import Case, lab  # noqa: E402
from doctor_case import proxy, self_signed  # noqa: E402

URL = "https://localhost:1/"


class Ceiling(Case):
    def setUp(self):
        self.folder = pathlib.Path("etc").absolute()
        self.folder.mkdir(mode=0o755, exist_ok=True)
        self.folder.chmod(0o755)
        self.path = self.folder / "ceiling"
        os.environ["ANYCERT_TEST_CEILING"] = str(self.path)

    def write(self, text):
        self.path.write_text(text)
        self.path.chmod(0o644)

    def test_what_is_forbidden_is_one_sentence_with_the_line(self):
        self.write("# company\nforbid trust-any\nrequire-reason\n")
        for way in (("-k",), ("--trust", "trust-any"), ("--trust", "report-only")):
            self.refused("get", *way, "--reason", "x", URL, says=f"{self.path}:2: the administrator forbids 'trust-any'")
        self.refused("get", "--allow", "expired", URL, says=f"{self.path}:3: the administrator wants a reason")
        self.anycert("policy", "explain", "--allow", "expired", "--reason", "x", URL)
        self.anycert("policy", "explain", URL)

    def test_profiles_and_policy_files_do_not_lead_around_it(self):
        self.write("forbid self-signed\n")
        pathlib.Path("box.json").write_text('{"insecure": true}')
        self.refused("get", "--profile", "box.json", URL, says=f"{self.path}:1: ")
        pathlib.Path("policies").write_text("localhost trust-any\n")
        self.refused("policy", "explain", "--policy-file", "policies", URL, says=f"policies:1: {self.path}:1: ")
        self.assertIn(f"policies:1: localhost: {self.path}:1: ", self.anycert("policy", "check", "./policies", code=2).out)

    def test_looking_is_never_forbidden_and_says_what_would_be(self):
        self.write("forbid trust-any antique\nforbid expired\nforbid tls1.0\n")
        with lab("self-signed", "expired", "tls10-only", "dh-512") as (servers, files):
            def show(name, *args):
                return self.anycert("trust", "show", "--cacert", files["root"], *args, servers[name]["url"]).out
            self.assertNotIn("forbidden", show("self-signed"))
            self.assertIn(f"forbidden    {self.path}:2: the administrator forbids 'expired'\n", show("expired"))
            self.assertIn(f"forbidden    {self.path}:3: the administrator forbids 'tls1.0'\n", show("tls10-only"))
            self.assertIn("option       antique alone takes", show("dh-512"))
            self.assertIn("(TLSv1.0)", show("tls10-only", "--trust", "antique"))
            self.assertIn("(TLSv1.3)", show("self-signed", "-k"))
            self.refused("get", "-k", servers["self-signed"]["url"], says="the administrator forbids 'trust-any'")

    def test_what_is_suggested_is_what_it_allows(self):
        with lab("self-signed", "expired") as (servers, files):
            def lines(name, *command, code):
                result = self.anycert(*command, "--cacert", files["root"], servers[name]["url"], code=code)
                return dict(re.findall(r"(?m)^ *(\w+) +(.*)$", result.out + result.err))

            for ceiling, reason, days in (("max-days 7\n", "", 7), ("require-reason\n", "WHY", 90),
                                          ("require-reason\nmax-days 365\n", "WHY", 90), ("max-days 1\nrequire-reason\n", "WHY", 1)):
                self.write(ceiling)
                end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%d")
                for name in ("self-signed", "expired"):
                    with self.subTest(ceiling=ceiling, name=name):
                        shown = lines(name, "trust", "show", code=0)
                        self.assertNotIn("forbidden", shown)
                        self.assertEqual('reason="WHY"' in shown["policy"], reason != "", shown)
                        self.assertIn(f" until={end}", shown["policy"])
                        self.anycert("get", "--trust", shown["policy"], servers[name]["url"])
                        refused = lines(name, "get", code=3)
                        self.assertNotIn("forbidden", refused)
                        self.assertEqual('reason="WHY"' in refused["command"], reason != "", refused)
                        self.anycert("get", "--trust", refused["entry"].split(" ", 1)[1], servers[name]["url"])
            self.write("forbid expired\n")
            self.assertIn(f"{self.path}:1: the administrator forbids 'expired'", lines("expired", "get", code=3)["forbidden"])

    def test_check_says_what_it_thinks(self):
        self.write("forbid self-signed\nmax-days 30\n")
        for policy, line in (("trust-any", 1), ("hardened+self-signed ca=/absent.pem", 1), ("hardened+expired", 2)):
            result = self.anycert("policy", "check", policy, code=2)
            self.assertIn(f"forbidden: {self.path}:{line}: the administrator ", result.out)
            document = json.loads(self.anycert("policy", "check", "--json", policy, code=2).out)
            self.assertTrue(document["forbidden"])
            self.assertIn(f"{self.path}:{line}: ", document["forbidden_by"])
        for policy, code in (("hardened", 0), ("hardened ca=/absent.pem expect-name=a", 2)):
            self.assertIn("nothing on this machine forbids it", self.anycert("policy", "check", policy, code=code).out)
        self.assertFalse(json.loads(self.anycert("policy", "check", "--json", "hardened").out)["forbidden"])

    def test_check_says_so_of_a_store_that_cannot_be_read(self):
        self.write("forbid tofu\n")
        pathlib.Path("known").write_text("nonsense\n")
        self.assertIn(f"forbidden: {self.path}:1: ",
                      self.anycert("policy", "check", "--trust-store", "known", "tofu", code=2).out)
        self.write("forbid antique\n")
        text = self.anycert("policy", "check", "--trust-store", "known", "tofu", code=2).out
        self.assertRegex(text, r"(?m)^unusable here: --trust-store: ")
        self.assertIn("nothing on this machine forbids it", text)

    def test_nothing_else_moves_it(self):
        self.write("forbid trust-any\n")
        for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "ANYCERT_CEILING"):
            self.refused("get", "-k", URL, env={variable: "/nonexistent"}, says="the administrator forbids 'trust-any'")

    def test_one_that_is_not_understood_leaves_hardened_alone(self):
        self.write("forbid everything\n")
        self.anycert("policy", "explain", URL)
        self.refused("policy", "explain", "--allow", "expired", URL, says="hardened is all that can be used")

    def test_one_that_is_not_understood_is_told_by_check(self):
        self.write("forbid trustany\n")
        for policy in ("hardened", "hardened+expired"):
            text = self.anycert("policy", "check", policy, code=2).out
            self.assertIn(f"ceiling: broken: {self.path}:1: 'trustany' is neither a rung nor a relaxation", text)
            self.assertNotIn("nothing on this machine", text)
        document = json.loads(self.anycert("policy", "check", "--json", "hardened", code=2).out)
        self.assertIn("trustany", document["ceiling_broken"])

    def test_a_ceiling_is_checked_as_one(self):
        self.write("forbid trust-any\nmax-dais 30\n")
        pathlib.Path("draft").mkdir(exist_ok=True)
        draft = pathlib.Path("draft/ceiling")
        draft.write_text(self.path.read_text())
        for path in (self.path, draft):
            self.assertIn(f"{path}:2: 'max-dais' is none of", self.anycert("policy", "check", path, code=2).out)
            document = json.loads(self.anycert("policy", "check", "--json", path, code=2).out)
            self.assertEqual((document["fine"], document["ceiling"]), (False, str(path)))
        self.write("forbid trust-any\n")
        self.assertEqual(self.anycert("policy", "check", self.path).out, f"{self.path}: a ceiling, fine\n")
        self.path.chmod(0o666)
        self.assertIn("ceiling", self.anycert("policy", "check", self.path, code=2).out)
        self.refused("policy", "check", "./absent/ceiling", says="absent/ceiling")

    def test_all_that_it_wants_is_said_at_once(self):
        self.write("max-days 30\nrequire-reason\n")
        last = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=30)
        text = self.anycert("get", "--allow", "expired", URL, code=2).err
        self.assertIn(f"{self.path}:2: the administrator wants a reason, and (line 1) ", text)
        self.assertIn(f"--until {last} --reason TEXT", text)
        self.assertNotIn("--reason", self.anycert("get", "--allow", "expired", "--reason", "x", URL, code=2).err)

    def test_doctor_shakes_hands_above_it_and_says_so(self):
        with lab("expired") as (servers, files):
            args = ["doctor", "--cacert", files["root"], "--format", "json", "--http", servers["expired"]["url"]]
            self.write("forbid self-signed\n")
            allowed = json.loads(self.anycert(*args, code=10).out)
            self.write("forbid expired\n")
            forbidden = json.loads(self.anycert(*args, code=10).out)
            text = self.anycert(*[arg for arg in args if arg not in ("--format", "json")], code=10).out
        self.assertIsNone(allowed["least"]["forbidden_here"])
        self.assertIn("the administrator forbids 'expired'", forbidden["least"]["forbidden_here"])
        self.assertEqual(forbidden["least"]["policy"], allowed["least"]["policy"])
        self.assertIn(": works with, but forbidden here: hardened+expired", text.splitlines()[0])

    def test_doctor_ends_what_it_says_to_relax(self):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        day = {days: (today + datetime.timedelta(days=days)).isoformat() for days in (30, 90)}
        with lab("self-signed") as (servers, files):
            args = ["doctor", "--cacert", files["root"], "--format", "json", servers["self-signed"]["url"]]
            for text, said in (("\n", f"--until {day[90]}"), ("max-days 30\n", f"--until {day[30]}"),
                               ("require-reason\n", f"--until {day[90]} --reason WHY"), ("forbid self-signed\n", None)):
                with self.subTest(text):
                    self.write(text)
                    lines = [remedy["lines"] or "" for remedy in json.loads(self.anycert(*args, code=10).out)["remedies"]]
                    pinned = [line for line in lines if "--allow self-signed --pin" in line]
                    self.assertEqual(len(pinned), 0 if said is None else 1)
                    for line in pinned:
                        self.assertIn(f" --pin {servers['self-signed']['pin']} {said} https://", line)
                        self.anycert(*shlex.split(line)[1:], "-s", "-o", "x")

    def test_doctor_writes_nothing_above_it(self):
        policies = pathlib.Path("policies")
        with lab("expired") as (servers, files):
            args = ["doctor", "--cacert", files["root"], "--apply", "--yes", "--policy-file", "policies",
                    servers["expired"]["url"]]
            policies.write_text("# ours\n")
            self.write("forbid expired\n")
            self.assertIn("the administrator forbids 'expired'", self.anycert(*args, code=2).err)
            self.write("max-days 30\n")
            self.assertIn("30", self.anycert(*args, code=2).err)
            self.assertEqual(policies.read_text(), "# ours\n")
            self.anycert(*args, "--until", (datetime.date.today() + datetime.timedelta(days=9)).isoformat())
            self.assertEqual(len(policies.read_text().splitlines()), 2)

    def test_doctor_uses_no_policy_for_the_proxy_above_it(self):
        self.write("forbid self-signed\n")
        args = ["doctor", "--http", "--proxy", "https://localhost:1", "--proxy-trust", "hardened+self-signed until=2099-01-01"]
        self.assertIn("the administrator forbids 'self-signed'", self.anycert(*args, "localhost:1", code=2).err)

    def test_a_proxy_above_it_is_asked_for_nothing(self):
        """CONNECT is a request, too: the proxy is examined, and what is behind it is not."""
        with lab("expired") as (servers, files), proxy(None, self_signed()) as (port, seen):
            way = ["doctor", "--cacert", files["root"], "--http", "-x", f"https://localhost:{port}", servers["expired"]["url"]]
            self.write("forbid self-signed\n")
            found = json.loads(self.anycert(*way, "--format", "json", "--save", "it.json", code=10).out)
            text = self.anycert(*way, code=10).out
            said = self.anycert(*way, "--apply", "--yes", "--policy-file", "policies", code=2).err
            self.assertEqual(seen, [])
            self.write("forbid tls1.0\nmax-days 30\n")
            there = json.loads(self.anycert(*way, "--format", "json", code=10).out)
        self.assertEqual([(cause["id"], cause["hop"]) for cause in found["causes"]], [("self-signed", "proxy")])
        self.assertIn("the administrator forbids 'self-signed'", found["proxy"]["least"]["forbidden_here"])
        self.assertEqual((found["stage"], found["least"], found["command"]), ("proxy-tls", None, None))
        self.assertRegex(text, r"\A\S+: the proxy works with, but forbidden here \(compare the pin first\): hardened\+self-signed "
                         r"pin=\S+; the server behind it was not looked at\nwhy: ")
        self.assertIn(f"the proxy's entry is not written: {self.path}:1: the administrator forbids 'self-signed'\n", said)
        self.assertNotIn("--proxy-trust", said)
        self.assertFalse(pathlib.Path("policies").exists())
        self.write("forbid self-signed\n")
        again = json.loads(self.anycert("doctor", "--format", "json", "--replay", "it.json", code=10).out)
        self.assertEqual({**again, "elapsed_ms": 0}, {**found, "elapsed_ms": 0})
        # What is allowed with an end leads on.
        self.assertEqual([cause["hop"] for cause in there["causes"]], ["proxy", "origin"])
        self.assertTrue(seen[0].startswith("CONNECT "))

    def test_apply_names_no_policy_for_the_proxy_above_it(self):
        """Not even one that only wants another end."""
        self.write("max-days 30\n")
        with lab("good") as (servers, files), proxy(None, self_signed()) as (port, _):
            said = self.anycert("doctor", "--cacert", files["root"], "--apply", "--yes", "--policy-file", "policies",
                                "-x", f"https://localhost:{port}", servers["good"]["url"]).err
        self.assertIn(f"the proxy's entry is not written: {self.path}:1: the administrator lets relaxations last", said)
        self.assertIn("written to policies\n", said)
        self.assertNotIn("use it: ", said)
        self.assertNotIn("--proxy-trust", said)

    def test_the_command_that_keeps_a_policy_ends_as_it_wants(self):
        with lab("expired") as (servers, files):
            self.write("max-days 30\n")
            args = ["--cacert", files["root"], servers["expired"]["url"]]
            found = json.loads(self.anycert("doctor", "--format", "json", *args, code=10).out)
            end = (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=30)).isoformat()
            self.assertIn(f" --until {end} ", found["keep_command"])
            self.anycert(*shlex.split(found["keep_command"])[1:], "--yes")
            self.assertIn(f"until={end}", pathlib.Path("hosts.policy").read_text())

    def test_the_product_has_no_such_place(self):
        self.assertNotIn(b"ANYCERT_TEST_CEILING", pathlib.Path(PRODUCT).read_bytes())


if __name__ == "__main__":
    unittest.main()
