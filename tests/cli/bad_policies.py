#!/usr/bin/env python3
"""Policies that are no good, wherever they can be said: one sentence, exit code 2, and nothing is sent."""
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import Case  # noqa: E402

URL = "https://localhost:1/"
PIN = "sha256//" + "A" * 43 + "="
# Texts, and what the sentence has.
POLICIES = [
    ("", ""), ("off", "'off'"), ("0", "'0'"), ("HARDENED", "'HARDENED'"), ("hardend", "did you mean 'hardened'?"),
    ("hardened+expird", "did you mean 'expired'?"), ("hardened+tls1", "did you mean"), ("hardened pins=x", "did you mean 'pin'?"),
    ("hardened+no-sni sni=a.example", "no-sni"), (f"trust-any pin={PIN}", "pin"), ("hardened mode=strict", "mode"),
    ("hardened+wrong-host expect-name=a.example", "wrong-host"), ("pinned", "pin"), (f"hardened pin={PIN[:-1]}", "pin"),
    (f"hardened pin={PIN.upper()}", "pin"), (f"hardened pin={PIN},{PIN}", "twice"), ("report-only for=antique", "antique"),
    ("hardened until=2026-13-01", "2026-13-01"), ("hardened reason=" + "x" * 201, "reason"),
    ("hardened reason=" + "x" * 70000, ""), ("hardened\nreason=x", "0x0a"), ("hardened  reason=x", "space"),
]
OPTIONS = [
    (("--allow", ""), ""), (("--allow", "expired,"), ""), (("--allow", "expird"), "did you mean 'expired'?"),
    (("--allow", "expired+self-signed"), "join relaxations with ','"), (("--allow", "everything"), "everything"), (("--allow", "expired,expired"), "twice"), (("--pin", ""), ""),
    (("--pin", PIN[:-1]), "pin"), (("--pin", "md5//" + "A" * 22), "pin"), (("--expect-name", ""), ""),
    (("--expect-name", "a b"), "a b"), (("--sni", ""), ""), (("--sni", "192.0.2.1"), "192.0.2.1"),
    (("--until", ""), ""), (("--allow", "expired", "--until", "soon"), "soon"), (("--reason", "a\nb"), ""), (("--reason", "x" * 201), ""),
    (("--cacert", ""), ""), (("--policy-file", ""), ""), (("--policy-file", "absent"), "absent"), (("--policy-file", "."), ""),
    (("-k", "--pin", PIN), "pin"), (("-k", "--allow", "expired"), "expired"), (("--allow", "no-sni", "--sni", "a.example"), "sni"),
    (("--allow", "wrong-host", "--expect-name", "a.example"), "wrong-host"), (("-x", "https://localhost:1", "--proxy-trust", "of"), "'of'"),
    (("--profile", ""), ""),
]
PROFILES = [{"trust": text} for text, _ in POLICIES] + [
    {"trust": 0}, {"trust": False}, {"trust": None}, {"trust": ["hardened"]}, {"trust": {}}, {"insecure": "yes"}, {"insecure": 2},
    {"policy_file": ""}, {"policy_file": "absent"}, {"policy_file": 5}, {"policy_file": "."}, {"policy_file": "a\0b"},
    {"trust": "hardened\0"}, {"cacert": ""}, {"proxy_trust": "off"}, {"trusts": "hardened"},
]
FILES = [f"a.example {text}" for text, _ in POLICIES if "\n" not in text] + [
    "a.example", "a.example hardened\na.example trust-any", "https://a.example/ hardened", "* trust-any", "a.example:0 hardened",
    "192.0.2.0/33 trust-any", "a.example hardened\0", "a.example hardened # comment", "\ufeffa.example hardened+",
]


class Bad(Case):
    def explain(self, *args, says=""):
        """Neither of them, and what the first says is what the second would do."""
        self.refused("policy", "explain", *args, URL, says=says)
        return self.refused("get", *args, URL, says=says)

    def test_policies(self):
        for text, words in POLICIES:
            with self.subTest(text=text[:60]):
                self.explain("--trust", text, says=words)
                if text:
                    self.refused("policy", "check", text, says=words)

    def test_options(self):
        for args, words in OPTIONS:
            with self.subTest(args=[arg[:60] for arg in args]):
                self.explain(*args, says=words)

    def test_words_that_belong_elsewhere(self):
        self.refused("get", "--trust", "hardened+expired", "until=2030-01-01", URL, says="a policy that has spaces goes into quotes")
        self.refused("get", URL, "reason=x", says="one too many")
        self.refused("trust", "add", "a.example", PIN, says="the pin goes behind --pin")

    def test_profiles(self):
        for settings in PROFILES:
            with self.subTest(settings=str(settings)[:60]):
                pathlib.Path("box.json").write_text(json.dumps(settings))
                self.explain("--profile", "box.json", says="box.json")

    def test_policy_files(self):
        for text in FILES:
            with self.subTest(text=text[:60]):
                pathlib.Path("hosts").write_text(text + "\n")
                self.explain("--policy-file", "hosts", says="hosts:")
                self.assertRegex(self.anycert("policy", "check", "./hosts", code=2).out, r"\./hosts:\d+: ")

    def test_policy_files_of_everybody(self):
        path = pathlib.Path("hosts")
        path.write_text("a.example hardened\n")
        path.chmod(0o666)
        self.explain("--policy-file", "hosts", says="chmod go-w")
        self.refused("policy", "check", "./hosts", says="chmod go-w")
        pathlib.Path("box.json").write_text('{"policy_file": "hosts"}')
        self.explain("--profile", "box.json", says="chmod go-w")
        os.chmod(path, 0o644)
        self.anycert("policy", "explain", "--policy-file", "hosts", URL)


if __name__ == "__main__":
    unittest.main()
