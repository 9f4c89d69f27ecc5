#!/usr/bin/env python3
"""anycert policy list, check and explain."""
import datetime
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import Case, lab  # noqa: E402

RUNGS = ["hardened", "pinned", "tofu", "report-only", "trust-any", "antique"]
# Text, and its canonical form.
CANONICAL = [
    ("hardened", "hardened"),
    ("hardened+expired+self-signed", "hardened+self-signed+expired"),
    ("hardened+expired reason=late until=2030-01-31", "hardened+expired until=2030-01-31 reason=late"),
    ('hardened+expired reason="a b"', 'hardened+expired reason="a b"'),
    ("trust-any", "trust-any"),
    ('report-only for="hardened+expired"', 'report-only for=hardened+expired'),
]
WRONG = ["", "Hardened", "hardened ", "hardened+", "+expired", "hardened+expired+expired", "trust-any+expired",
         "hardened expired", "hardened until=2030-02-30", "hardened colour=red", "pinned", "yes", "0",
         "hardened ca=", "trust-any mode=ask", "hardened pin=sha256//AAAA", "hardened\tca=x"]


class List(Case):
    def test_text_names_every_rung_and_its_price(self):
        text = self.anycert("policy", "list").out
        for rung in RUNGS:
            self.assertRegex(text, rf"(?m)^  {rung} ")
        self.assertEqual(text.count("gives up: "), len(RUNGS))
        self.assertRegex(text, r"(?m)^\* self-signed ")
        self.assertRegex(text, r"(?m)^  expired ")

    def test_the_legend_is_of_what_is_there(self):
        text = self.anycert("policy", "list").out
        self.assertNotIn("not available", text)
        self.assertIn("anycert-policy(5)", text)

    def test_json_is_complete(self):
        document = json.loads(self.anycert("policy", "list", "--format", "json").out)
        self.assertEqual([rung["name"] for rung in document["rungs"]], RUNGS)
        self.assertEqual(len({row["id"] for row in document["relaxations"]}), len(document["relaxations"]))
        for row in document["relaxations"]:
            self.assertEqual(set(row), {"name", "id", "lets_through", "danger", "better", "authenticates",
                                        "available"})
        by_name = {row["name"]: row for row in document["relaxations"]}
        self.assertFalse(by_name["self-signed"]["authenticates"])
        self.assertTrue(by_name["expired"]["authenticates"])

    def test_json_is_short_for_format_json(self):
        for args in (("list",), ("check", "hardened"), ("explain", "https://localhost:1/")):
            self.assertEqual(self.anycert("policy", args[0], "--json", *args[1:]).out,
                             self.anycert("policy", args[0], "--format", "json", *args[1:]).out)

    def test_arguments_are_refused(self):
        self.refused("policy", "list", "x", says="no argument")
        self.refused("policy", "list", "--trust", "hardened", says="--trust")


class Check(Case):
    def test_right_policies_are_printed_canonically(self):
        for text, canonical in CANONICAL:
            with self.subTest(text=text):
                self.assertEqual(self.anycert("policy", "check", text).out.splitlines()[0], canonical)
                document = json.loads(self.anycert("policy", "check", "--format", "json", text).out)
                self.assertEqual(document["policy"], canonical)

    def test_wrong_policies_are_one_sentence(self):
        for text in WRONG:
            with self.subTest(text=text):
                self.refused("policy", "check", text)

    def test_what_is_given_up_is_said(self):
        text = self.anycert("policy", "check", "hardened+expired").out
        self.assertIn("peer authenticated: yes", text)
        self.assertIn("better: renew", text)
        text = self.anycert("policy", "check", "trust-any").out
        self.assertIn("peer authenticated: no", text)
        self.assertIn("--cacert", text)

    def test_what_relaxations_give_up_is_said(self):
        for policy, says in (("hardened", "nothing"), ("hardened+expired", "expired (see below), and nothing else"),
                             ("hardened+expired+self-signed", "self-signed, expired (see below), and nothing else")):
            self.assertIn(f"\n  gives up: {says}\n", self.anycert("policy", "check", policy).out)
        self.assertRegex(self.anycert("policy", "check", "tofu+expired").out, r"gives up: the proof at .*; and expired \(see below\)\n")

    def test_whether_tofu_authenticates_depends_on_the_contact(self):
        for policy, says in (("tofu", "not at the first contact; "), ("tofu+expired", "not at the first contact; "),
                             ("tofu+wrong-host", "no\n"), ("trust-any", "no\n"), ("hardened+expired", "yes\n")):
            self.assertIn(f"\npeer authenticated: {says}", self.anycert("policy", "check", policy).out)

    def test_what_is_cheaper_depends_on_the_policy(self):
        pin = "pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        pinned, one, end = "--trust 'pinned pin=PIN check=name,dates' --until DATE", "--allow RELAXATION --until DATE", "--until DATE"
        anchors = ["--cacert FILE", "--intermediate FILE"]
        for policy, options in (
                ("hardened", []), ("hardened expect-name=a.example", []),
                ("hardened+expired until=2099-01-01", ["--pin PIN"]),
                (f"hardened+expired {pin} until=2099-01-01", []),
                ("hardened+expired+small-dh", ["--pin PIN", "fewer relaxations", end]),
                ("hardened+self-signed", [*anchors, "--pin PIN", pinned, "--trust tofu --until DATE", end]),
                ("hardened+wrong-host until=2099-01-01", ["--expect-name NAME", "--pin PIN", pinned, "--allow common-name --until DATE"]),
                (f"pinned {pin}", ["--cacert FILE", "check=name,dates"]), (f"pinned {pin} check=name,dates", ["--cacert FILE"]),
                ("tofu", [*anchors, pinned, "mode=strict"]), ("tofu mode=strict", [*anchors, pinned]),
                ("trust-any", [*anchors, "--expect-name NAME", pinned, "--trust tofu --until DATE", one, end]),
                ("report-only until=2099-01-01", [*anchors, "--expect-name NAME", pinned, "--trust tofu --until DATE", one]),
                ("antique until=2099-01-01", [*anchors, "--expect-name NAME", pinned, "--trust tofu --until DATE", one, "--trust trust-any --until DATE"])):
            with self.subTest(policy=policy):
                cheaper = json.loads(self.anycert("policy", "check", "--json", policy).out)["cheaper"]
                self.assertEqual([row["option"] for row in cheaper], options)
                text = self.anycert("policy", "check", policy).out
                for row in cheaper:
                    self.assertIn(f"\n  {row['option']}: where {row['where']}; keeps {row['keeps']}\n", text)
                self.assertEqual("less would do" in text, bool(options))

    def test_what_ends_soon_is_said(self):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        for days, soon in ((0, True), (5, True), (9, False)):
            date = today + datetime.timedelta(days=days)
            text = self.anycert("policy", "check", f"hardened+expired until={date}").out
            self.assertEqual(f"\nends soon: its last day is {date}; from the day after, hardened counts\n" in text, soon)

    def test_what_has_ended_is_said(self):
        text = self.anycert("policy", "check", "trust-any until=2020-01-01", code=2).out
        self.assertIn("ended: the last day of 'trust-any until=2020-01-01' was 2020-01-01; 'hardened' is in force now\n", text)
        self.assertIn("peer authenticated: yes", text)
        document = json.loads(self.anycert("policy", "check", "--json", "hardened+expired until=2020-01-01", code=2).out)
        self.assertEqual((document["policy"], document["ended"], document["in_force"], document["available"]),
                         ("hardened+expired until=2020-01-01", True, "hardened", True))
        self.assertFalse(json.loads(self.anycert("policy", "check", "--json", "hardened").out)["ended"])

    def test_an_end_that_is_far_is_said(self):
        remark = "remark: ends in more than two years"
        self.assertIn(remark, self.anycert("policy", "check", "hardened+expired until=2099-01-01").out)
        day = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=300)
        self.assertNotIn(remark, self.anycert("policy", "check", f"hardened+expired until={day}").out)

    def test_a_file_that_is_not_there_is_said(self):
        self.refused("policy", "check", "hosts", says="and there is no file of that name")

    def test_what_no_client_could_use_is_said(self):
        text = self.anycert("policy", "check", "hardened ca=absent.pem", code=2).out
        self.assertRegex(text, r"(?m)^unusable here: .*absent.pem")
        document = json.loads(self.anycert("policy", "check", "--json", "hardened ca=absent.pem", code=2).out)
        self.assertIn("absent.pem", document["note"])
        self.assertEqual((document["available"], document["forbidden"]), (True, False))

    def test_what_is_not_available_is_said(self):
        digest = f"hardened ca=sha256:{'0' * 64}"
        text = self.anycert("policy", "check", digest, code=2).out
        self.assertIn("unusable here: ", text)
        document = json.loads(self.anycert("policy", "check", "--format", "json", digest, code=2).out)
        self.assertFalse(document["available"])
        self.refused("get", "--trust", digest, "https://localhost:1/", says="known by their digest only")


class Explain(Case):
    URL = "https://localhost:1/"

    def explain(self, *args, **kwargs):
        return self.anycert("policy", "explain", *args, self.URL, **kwargs).out

    def test_default(self):
        text = self.explain()
        for line in ("policy   hardened", "policy from: default", "anchors from: default", "proxy    none",
                     "peer authenticated: yes"):
            self.assertIn(line, text)

    def test_options_say_where_the_values_come_from(self):
        self.assertIn("policy from: -k", self.explain("-k"))
        self.assertIn("less would do", self.explain("-k"))
        self.assertIn("policy from: --trust", self.explain("--trust", "hardened"))
        text = self.explain("--allow", "expired")
        self.assertIn("hardened+expired", text)
        self.assertIn("policy from: --allow\n", text)
        self.assertIn("policy from: --trust and --allow\n", self.explain("--trust", "hardened", "--allow", "expired"))
        document = json.loads(self.explain("--format", "json", "-k"))
        self.assertEqual((document["policy"], document["policy_source"]), ("trust-any", "-k"))
        self.assertFalse(document["authenticates"])

    def test_each_value_says_where_it_comes_from(self):
        def values(*args, **kwargs):
            document = json.loads(self.explain("--json", *args, **kwargs))
            return [(value["name"], value["value"], value["source"]) for value in document["values"]]
        self.assertEqual(values(), [("rung", "hardened", "default")])
        self.assertEqual(values("-k", "--until", "2099-01-01"),
                         [("rung", "trust-any", "-k"), ("until", "2099-01-01", "--until")])
        trust = 'hardened+not-yet-valid reason="a+b c=d \\"e\\""'
        self.assertEqual(values("--trust", trust, "--allow", "expired,common-name", "--until", "2099-01-01"),
                         [("rung", "hardened", "--trust"), ("relaxation", "expired", "--allow"),
                          ("relaxation", "not-yet-valid", "--trust"), ("relaxation", "common-name", "--allow"),
                          ("until", "2099-01-01", "--until"), ("reason", '"a+b c=d \\"e\\""', "--trust")])
        path = "/etc/ssl/certs/ca-certificates.crt"
        self.assertEqual(values("--allow", "expired", env={"CURL_CA_BUNDLE": path}),
                         [("rung", "hardened", "default"), ("relaxation", "expired", "--allow"),
                          ("ca", path, "CURL_CA_BUNDLE")])
        self.assertIn("  until        2099-01-01  (--until)\n", self.explain("-k", "--until", "2099-01-01"))

    def test_a_whole_command_line_can_be_explained(self):
        plain = self.anycert("policy", "explain", "-k", "https://localhost/").out
        beside = ["-H", "A: b", "-L", "-f", "-o", "never", "-v", "-b", "a=b", "-c", "never", "--retry", "2", "-d", "x",
                  "--user-file", "absent", "--oauth2-token-url", "https://x.invalid/", "--oauth2-client-id", "me",
                  "--oauth2-client-secret-file", "absent", "--secret-guard", "refuse", "--report", "never",
                  "--trace", "never", "-w", "%{http_code}", "--json={}", "-X", "POST"]
        result = self.anycert("policy", "explain", "-k", *beside, "https://localhost/")
        self.assertEqual((result.out, result.err), (plain, ""))
        self.assertFalse(os.path.exists("never"))
        self.refused("policy", "explain", "--json", "{}", "https://localhost/", says="leave the data of the request out")
        self.refused("policy", "explain", "--fail-wiht-body", "https://localhost/", says="did you mean")

    def test_settings_are_those_that_the_options_leave(self):
        pathlib.Path("p.json").write_text('{"url": "https://localhost:1/", "ok_codes": [200]}')
        options = {"retries": ("--retry", "3"), "retry_backoff": ("--retry-delay", "2"),
                   "retry_statuses": ("--retry-on", "500"), "retry_methods": ("--retry-methods", "GET"),
                   "retry_after_max": ("--retry-after-max", "7"), "idempotency_header": ("--idempotency-header", "I-K"),
                   "secret_guard": ("--secret-guard", "refuse"), "max_redirects": ("--max-redirs", "4"),
                   "allow_downgrade": ("--allow-downgrade",), "compressed": ("--no-compressed",),
                   "max_body": ("--max-body", "5k"), "ok_codes": ("--ok-codes", "404")}
        words = [word for option in options.values() for word in option]
        text = self.anycert("policy", "explain", "--profile", "p.json", "-L", "--expect100-timeout", "1", *words).out
        for key, option in options.items():
            self.assertRegex(text, rf"(?m)^{key} .*\({option[0]}\)$")
        self.assertRegex(text, r"(?m)^retries +3 ")
        self.assertRegex(text, r"(?m)^secret_guard +refuse ")

    def test_credentials_of_a_profile_are_shown_where_they_count(self):
        pathlib.Path("p.json").write_text('{"url": "https://localhost:1/", "user": "me", "password": "s3cret"}')
        for words in ((), ("-A", "x"), ("--digest",)):
            text = self.anycert("policy", "explain", "--profile", "p.json", *words).out
            self.assertRegex(text, r"(?m)^user +me ")
        for words in (("--bearer", "x"), ("-u", "a:b"), ("--user-file", "absent"), ("--negotiate",),
                      ("--api-key-env", "ABSENT"), ("--oauth2-token-url", "https://x.invalid/")):
            text = self.anycert("policy", "explain", "--profile", "p.json", *words).out
            self.assertNotRegex(text, r"(?m)^(user|password) ")

    def test_settings_are_checked(self):
        for option, value in (("--retry", "x"), ("--retry-on", "9999"), ("--ok-codes", "20"), ("--secret-guard", "no"),
                              ("--max-redirs", "4"), ("--max-body", "much"), ("--expect100-timeout", "soon"),
                              ("--retry-delay", "2"), ("--secret-header", "a b")):
            self.refused("policy", "explain", option, value, self.URL, says=option)

    def test_an_ended_policy_is_hardened_again(self):
        text = self.explain("--allow", "expired", "--until", "2020-01-01")
        self.assertRegex(text, r"(?m)^policy   hardened$")
        self.assertIn("\nended: the last day of 'hardened+expired until=2020-01-01' was 2020-01-01; 'hardened' is in force now\n", text)
        self.assertNotIn("lets through", text)
        document = json.loads(self.explain("--allow", "expired", "--until", "2020-01-01", "--json"))
        self.assertEqual((document["ended"], document["in_force"], document["relaxations"]), (True, "hardened", []))
        text = self.explain("--allow", "expired", "--until", "2099-01-01")
        self.assertNotIn("ended", text)
        self.assertIn("lets through", text)

    def test_bundles_of_the_environment(self):
        with lab("good") as (_, files):
            root, other = files["root"], files["other_root"]
            both = {"REQUESTS_CA_BUNDLE": root, "CURL_CA_BUNDLE": other}
            text = self.explain(env=both)
            self.assertIn("anchors from: REQUESTS_CA_BUNDLE", text)
            self.assertIn(root, text)
            text = self.explain(env={"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": other})
            self.assertIn("anchors from: CURL_CA_BUNDLE", text)
            self.assertIn("anchors from: default", self.explain(env={"SSL_CERT_FILE": root, "SSL_CERT_DIR": "/"}))
            self.assertIn("anchors from: --cacert", self.explain("--cacert", root, env=both))
            text = self.explain("--ca-add", other, env={"REQUESTS_CA_BUNDLE": root})
            self.assertIn("anchors from: REQUESTS_CA_BUNDLE and --ca-add (environment)", text)
            self.assertIn(f"ca={root},{other}", text)
            none = {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
            text = self.explain("--ca-add", other, env=none)
            self.assertIn("anchors from: --ca-add\n", text)
            self.assertIn("ca=system", text)
            self.assertIn("anchors from: --trust", self.explain("--trust", "hardened ca=system", env=both))
            self.assertIn("anchors from: default", self.explain("-k", env=both))
            self.assertIn("anchors from: REQUESTS_CA_BUNDLE", self.explain("--trust", "report-only", env=both))

    def test_bundle_that_is_missing_names_variable_and_path(self):
        sentence = self.refused("policy", "explain", self.URL, env={"CURL_CA_BUNDLE": "/no/such/file"},
                                says="CURL_CA_BUNDLE")
        self.assertIn("/no/such/file", sentence)
        self.explain("-k", env={"CURL_CA_BUNDLE": "/no/such/file"})

    def test_a_report_by_anchors_that_are_missing_is_refused(self):
        for args in (("--trust", "report-only ca=/no/such/file"), ("--trust", "report-only", "--cacert", "/no/such/file"),
                     ("--trust", 'report-only for="hardened ca=/no/such/file"')):
            for command in (("get",), ("policy", "explain")):
                self.refused(*command, *args, self.URL, says="/no/such/file")

    def test_proxies_of_the_environment_only_when_asked(self):
        env = {"https_proxy": "proxy.example:3128", "http_proxy": "http://other.example:1"}
        self.assertIn("proxy    none", self.explain(env=env))
        self.assertIn("proxy.example:3128", self.explain("--env-proxy", env=env))
        self.assertIn("proxy    none", self.explain("--env-proxy", env={**env, "no_proxy": "localhost"}))
        self.assertIn("proxy    none", self.explain("--env-proxy", env={"https_proxy": ""}))
        self.assertIn("caps.example", self.explain("--env-proxy", env={"HTTPS_PROXY": "http://caps.example:1"}))
        # A CGI script's client can set HTTP_PROXY.
        text = self.anycert("policy", "explain", "--env-proxy", "http://localhost:1/",
                            env={"HTTP_PROXY": "http://evil.example:1"}).out
        self.assertIn("proxy    none", text)

    def test_secrets_of_the_proxy_are_not_shown(self):
        text = self.explain("-x", "http://me:s3cret@proxy.example:1")
        self.assertIn("proxy.example:1", text)
        self.assertNotIn("s3cret", text)


if __name__ == "__main__":
    unittest.main()
