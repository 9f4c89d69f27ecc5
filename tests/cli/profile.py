#!/usr/bin/env python3
"""Profiles: what they say, what options say in their place, `anycert test`, and where each value comes from."""
import json
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import SOURCE, Case, echo, lab, run  # noqa: E402
from ports import closed_port  # noqa: E402

# What there is of each is tested with the library; here: that the words of the command line are right.
REFUSED = [
    ('{"insecure": "false"}', (), "box.json:1:2: 'insecure' has to be true or false, not a string"),
    ('{"proxy_user": "me"}', (), "write it into the URL of 'proxy', percent-encoded"),
    ('{"url": "https://localhost:1/"}', ("--env-proxy", "--proxy-user", "a:b"), "in the variable's URL"),
    ('{"insecur": true}', (), "did you mean 'insecure'?"),
    ('{"url": "https://localhost:1/"', (), "box.json:1:31: not JSON"),
    ('{}', (), "no URL given, and none in box.json"),
    ('{"url": "https://localhost:1/"}', ("https://localhost:2/",), "give a path behind it"),
    ('{"url": "https://localhost:1/", "cacert": "missing.pem"}', (), "box.json:1: "),
    ('{"url": "https://localhost:1/",\n"cert": "missing.pem"}', (), "box.json:2: "),
    ('{"url": "https://localhost:1/", "headers": {"X": {"env": "ANYCERT_NO_SUCH"}}}', (), "ANYCERT_NO_SUCH"),
    ('{"url": "https://localhost:1/", "trust": "hardened until=2099-01-01"}', (), "until"),
    ('{"url": "https://localhost:1/", "trust": "hardened+expired until=2099-01-01"}', ("--until", "2099-01-02"),
     "until= in box.json:1 and --until both say it"),
    ('{"url": "https://localhost:1/"}', ("--until", "2099-01-02"), "--until has nothing that could end"),
    ('{"url": "https://localhost:1/"}', ("--proxy-trust", "trust-any"), "no proxy"),
    ('{"url": "https://localhost:1/"}', ("--profile", "other.json"), "--profile is given twice"),
    ('{"url": "https://localhost:1/", "timeout": 5}', ("--max-time", "x"), "--max-time: 'x'"),
]


class Profile(Case):
    @staticmethod
    def write(text, name="box.json"):
        pathlib.Path(name).write_text(text if isinstance(text, str) else json.dumps(text))

    def explain(self, *args, **kwargs):
        document = json.loads(self.anycert("policy", "explain", "--profile", "box.json", "--json", *args, **kwargs).out)
        return {row["key"]: (row["value"], row["source"]) for row in document["settings"]}, document


class Refused(Profile):
    def test_faults_are_one_sentence_and_exit_2(self):
        for text, args, says in REFUSED:
            self.write(text)
            # What is explained needs no secret.
            for command in (("get",), ("test",), ("policy", "explain"))[:2 if '"env"' in text else 3]:
                with self.subTest(text=text, args=args, command=command):
                    if command == ("test",):
                        self.assertIn(says, self.anycert(*command, "--profile", "box.json", *args, code=2).err)
                    else:
                        self.refused(*command, "--profile", "box.json", *args, says=says)

    def test_files_that_are_none(self):
        self.refused("get", "--profile", "missing.json", says="missing.json")
        self.refused("get", "--profile", ".", says="directory")
        self.refused("get", "--profile", "", says="--profile")
        self.refused("get", "--profile", "-", "-d", "@-", says="-d and --profile both read standard input")
        self.refused("get", "--profile", "-", data=b"[]", says="standard input: a profile is a JSON object")


class Served(Profile):
    @classmethod
    def setUpClass(cls):
        cls.context = lab("good", "self-signed", "expired")
        cls.servers, cls.files = cls.context.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.context.__exit__(None, None, None)

    def url(self, name="good"):
        return self.servers[name]["url"]

    def asked(self, *args, **kwargs):
        """What the lab was asked, through box.json."""
        return json.loads(self.anycert("get", "-s", "--profile", "box.json", "/echo?a=1", *args, **kwargs).out)

    def test_the_path_goes_behind_the_url(self):
        self.write({"url": self.url() + "echo", "cacert": self.files["root"]})
        for path, target in (((), "/echo"), (("?x=1",), "/echo?x=1"), ((self.url() + "echo",), "/echo"),
                             ((self.url() + "echo?x=1",), "/echo?x=1")):
            answer = self.anycert("get", "--profile", "box.json", *path).out
            self.assertEqual(json.loads(answer)["target"], target)
        self.assertEqual(self.anycert("get", "--profile", "box.json", "/").out, "no such route\n")
        for url in (self.url(), self.url() + "echoes"):
            self.refused("get", "--profile", "box.json", url, says="give a path behind it")
        self.write({"url": self.url(), "cacert": self.files["root"]})
        self.assertEqual(self.asked()["target"], "/echo?a=1")
        self.assertEqual(self.asked("-G", "-d", "b=2")["target"], "/echo?a=1&b=2")

    def test_headers_of_both(self):
        self.write({"url": self.url(), "cacert": self.files["root"],
                    "headers": {"X-Token": {"env": "TOKEN"}, "Accept": "a/b", "X-Two": "2"}})
        got = self.asked("-H", "Accept: c/d", "-H", "X-Two:", env={"TOKEN": "s3cret"})
        headers = {row["name"]: row["value"] for row in got["headers"]}
        self.assertEqual((headers["X-Token"], headers["Accept"]), ("s3cret", "c/d"))
        self.assertNotIn("X-Two", headers)
        verbose = self.anycert("get", "-v", "--profile", "box.json", env={"TOKEN": "s3cret"})
        self.assertIn("X-Token: (hidden)", verbose.err)
        self.assertNotIn("s3cret", verbose.err)

    def test_credentials_and_what_goes_before_them(self):
        def sent(*args):
            return {row["name"]: row["value"] for row in self.asked(*args)["headers"]}
        self.write({"url": self.url(), "cacert": self.files["root"],
                    "credentials": {"identifier": "me", "password": "s3cret"}})
        self.assertEqual(sent()["Authorization"], "Basic bWU6czNjcmV0")
        self.assertEqual(sent("--bearer", "tok")["Authorization"], "Bearer tok")
        self.assertEqual(sent("-H", "Authorization: mine")["Authorization"], "mine")
        got = sent("--api-key", "key")
        self.assertEqual((got.get("Authorization"), got["X-Api-Key"]), (None, "key"))
        settings = self.explain()[0]
        self.assertEqual(settings["credentials.identifier"], ("me", "box.json:1"))
        self.assertEqual(settings["credentials.password"], ("(hidden)", "box.json:1"))
        # What is explained needs no secret, be it here or not.
        self.write({"url": self.url(), "user": {"env": "MISSING"}, "password": {"file": "missing"},
                    "headers": {"X-A": {"env": "MISSING"}}})
        settings = self.explain()[0]
        self.assertEqual(settings["user"][0], "(variable MISSING)")
        self.assertIn("missing", settings["password"][0])
        self.assertEqual(settings["headers"][0], "X-A: (variable MISSING)")
        self.write({"url": self.url(), "cacert": self.files["root"], "apikey": {"env": "KEY"},
                    "apikey_header": "Authorization", "apikey_prefix": "Token"})
        got = self.asked(env={"KEY": "s3cret"})["headers"]
        self.assertIn({"name": "Authorization", "value": "Token s3cret"}, got)

    def test_the_box_and_what_goes_before_it(self):
        self.write({"url": self.url("self-signed"), "insecure": True})
        self.assertIn("allowed by trust-any", self.anycert("get", "--profile", "box.json").err)
        self.anycert("get", "--profile", "box.json", "--trust", "hardened", code=3)
        self.write({"url": self.url("self-signed"), "unsecure": False})
        self.anycert("get", "--profile", "box.json", code=3)
        self.anycert("get", "--profile", "box.json", "-k")
        self.anycert("get", "--profile", "box.json", "--allow", "self-signed")

    def test_anchors_of_profile_option_and_environment(self):
        root, other = self.files["root"], self.files["other_root"]
        self.write({"url": self.url(), "cacert": other})
        self.anycert("get", "--profile", "box.json", code=3, env={"CURL_CA_BUNDLE": root})
        self.anycert("get", "--profile", "box.json", "--cacert", root)
        self.anycert("get", "--profile", "box.json", "--ca-add", root)
        self.write({"url": self.url()})
        self.anycert("get", "--profile", "box.json", env={"CURL_CA_BUNDLE": root})
        self.write({"url": self.url("expired"), "trust": f"hardened+expired ca={root}"})
        self.anycert("get", "--profile", "box.json", env={"CURL_CA_BUNDLE": other})

    def test_paths_start_at_the_profile(self):
        os.makedirs("sub", exist_ok=True)
        pathlib.Path("sub/ca.pem").write_bytes(pathlib.Path(self.files["root"]).read_bytes())
        for profile in ({"cacert": "ca.pem"}, {"ca_add": ["ca.pem"]}, {"trust": "hardened ca=ca.pem"}):
            self.write({"url": self.url(), **profile}, "sub/box.json")
            self.anycert("get", "--profile", "sub/box.json")

    def test_redirects_as_the_profile_says(self):
        self.write({"url": self.url(), "cacert": self.files["root"]})
        path = "/redirect?to=/bytes/3"
        self.assertEqual(self.anycert("get", "--profile", "box.json", path).out, "abc")
        self.assertEqual(self.anycert("get", "--profile", "box.json", "--max-redirs", "0", path).out, "elsewhere\n")
        self.write({"url": self.url(), "cacert": self.files["root"], "max_redirects": 0})
        self.assertEqual(self.anycert("get", "--profile", "box.json", path).out, "elsewhere\n")

    def test_standard_input(self):
        profile = json.dumps({"url": self.url(), "cacert": self.files["root"]}).encode()
        self.assertEqual(self.anycert("get", "--profile", "-", "bytes/3", data=profile).out, "abc")

    # ---- the button

    def test_button_says_ok_and_what_that_means(self):
        self.write({"url": self.url(), "cacert": self.files["root"], "test": "/status/204"})
        result = self.anycert("test", "--profile", "box.json")
        self.assertRegex(result.out, r"^ok: https://localhost:\d+/status/204 answered 204 No Content "
                                     r"\(TLSv1\.3, authenticated by its chain\)\n$")
        self.assertEqual(result.err, "")
        self.assertIn("/json answered 200", self.anycert("test", "--profile", "box.json", "/json").out)
        # A query may hold secrets.
        for args in ((), ("--format", "json"), ("-v",)):
            result = self.anycert("test", *args, "--profile", "box.json", "/json?token=s3cret")
            self.assertNotIn("s3cret", result.out + result.err)
            self.assertIn("/json", result.out)
        result = self.anycert("test", "-k", self.url("self-signed"))
        self.assertIn("nobody knows who answered", result.out)
        self.assertIn("warning", result.err)

    def test_button_says_what_is_wrong(self):
        self.write({"url": self.url(), "cacert": self.files["root"]})
        for path, says in (("/status/401", "credentials are missing or wrong"), ("/status/403", "not allowed"),
                           ("/nowhere", "name one that exists"), ("/status/500", "trouble of its own")):
            result = self.anycert("test", "--profile", "box.json", path, code=8)
            self.assertIn(says, result.err, path)
            self.assertEqual(result.out, "failed: the HTTP status is not accepted (exit code 8)\n")
        result = self.anycert("test", self.url("self-signed"), code=3)
        self.assertIn("is refused: self-signed certificate", result.err)
        self.assertIn("(exit code 3)", result.out)
        result = self.anycert("test", f"https://127.0.0.1:{closed_port()}/", code=5)
        self.assertIn("(exit code 5)", result.out)
        result = self.anycert("test", "-k", self.url("self-signed") + "redirect?to=/json", code=8)
        self.assertIn("use -L", result.err)
        self.anycert("test", "-k", "-L", self.url("self-signed") + "redirect?to=/json")
        self.write('{"insecure": 1}')
        self.assertIn("failed: wrong argument", self.anycert("test", "--profile", "box.json", code=2).out)

    def test_button_in_json(self):
        self.write({"url": self.url(), "cacert": self.files["root"], "ok_codes": [404]})
        document = json.loads(self.anycert("test", "--format", "json", "--profile", "box.json", "/x").out)
        self.assertEqual((document["ok"], document["exit_code"], document["status"], document["peer_authenticated"]),
                         (True, 0, 404, True))
        result = self.anycert("test", "--format", "json", "--profile", "box.json", "/json", code=8)
        document = json.loads(result.out)
        self.assertEqual((document["ok"], document["exit_code"], document["code"]), (False, 8, "HTTP_STATUS"))
        self.assertEqual(json.loads(result.err)["error"]["exit_code"], 8)

    def test_button_writes_a_report(self):
        self.write({"url": self.url(), "cacert": self.files["root"]})
        self.anycert("test", "--profile", "box.json", "--report", "report.json")
        self.assertEqual(json.loads(pathlib.Path("report.json").read_text())["hops"][0]["status"], 200)

    # ---- where it comes from

    def test_limits_of_the_environment(self):
        one, all_of_them = {"REQUESTS_TIMEOUT.Box": "75"}, {"REQUESTS_TIMEOUT": "12.5"}
        rows = (({}, (), {}, ("30", "default"), ("60", "default")),
                ({"timeout": 7}, (), {}, ("7", "box.json:1"), ("7", "box.json:1")),
                ({"timeout": 7}, (), all_of_them, *[("12.5", "REQUESTS_TIMEOUT")] * 2),
                ({"timeout": 7}, (), one, ("7", "box.json:1"), ("7", "box.json:1")),
                ({"name": "Box"}, (), {**one, **all_of_them}, *[("75", "REQUESTS_TIMEOUT.Box")] * 2),
                ({"name": "Box"}, (), {"REQUESTS_TIMEOUT.Box": "", **all_of_them},
                 *[("12.5", "REQUESTS_TIMEOUT")] * 2),
                ({}, ("--connect-timeout", "3"), all_of_them,
                 ("3", "--connect-timeout"), ("12.5", "REQUESTS_TIMEOUT")))
        for keys, options, env, connect, stall in rows:
            self.write({"url": self.url(), **keys})
            settings = self.explain(*options, env=env)[0]
            self.assertEqual((settings["connect_timeout"], settings["stall_timeout"]), (connect, stall), (keys, env))
        for value, says in (("abc", "REQUESTS_TIMEOUT: 'abc' is no number"), ("0", "REQUESTS_TIMEOUT is 0"),
                            ("-1", "REQUESTS_TIMEOUT: '-1' is no number")):
            result = self.anycert("get", self.url(), code=2, env={"REQUESTS_TIMEOUT": value})
            self.assertIn(says, result.err)
        stuck = self.url() + "stall"
        result = self.anycert("get", "--cacert", self.files["root"], stuck, code=6, env={"REQUESTS_TIMEOUT": "0.2"})
        self.assertIn("for 200 ms", result.err)

    def test_explain_has_every_source(self):
        self.write('{"url": "https://me:s3cret@localhost:1/api?key=s3cret",\n"insecure": true,\n"timeout": 2.5,\n'
                   '"proxy": "http://me:s3cret@localhost:3128", "headers": {"X-Key": "s3cret"}}')
        settings, document = self.explain("--max-time", "60", "--noproxy", "x.example")
        for key, value, source in [
                ("url", "https://localhost:1/api?...", "box.json:1"), ("insecure", "true", "box.json:2"),
                ("trust", "trust-any", "box.json:2"), ("timeout", "2.5", "box.json:3"),
                ("connect_timeout", "2.5", "box.json:3"), ("max_time", "60", "--max-time"),
                ("proxy", "http://localhost:3128", "box.json:4"), ("no_proxy", "x.example", "--noproxy"),
                ("headers", "X-Key: (hidden)", "box.json:4"), ("max_redirects", "10", "default")]:
            self.assertEqual(settings[key], (value, source), key)
        self.assertEqual(document["policy_source"], "box.json:2")
        self.assertNotIn("s3cret", json.dumps(document))
        text = self.anycert("policy", "explain", "--profile", "box.json").out
        self.assertIn("settings of box.json:", text)
        self.assertNotIn("s3cret", text)

    def test_explain_has_no_key_that_an_option_replaces(self):
        self.write({"url": self.url(), "trust": "hardened+expired", "ca_add": self.files["root"]})
        settings, document = self.explain("-k")
        self.assertFalse({"trust", "insecure", "cacert", "ca_add"} & set(settings))
        self.assertEqual(document["policy_source"], "-k")
        settings, document = self.explain()
        self.assertEqual((document["policy_source"], document["anchors_source"]), ("box.json:1", "box.json:1"))

    def test_explain_has_the_rules_of_retries(self):
        def rules(text):
            self.write(text)
            return {key: value for key, value in self.explain()[0].items() if key.startswith("retr")}

        codes = ("408,429,500,502,503,504", "default")
        self.assertEqual(rules({"url": self.url()}), {"retries": ("0", "default")})
        self.assertEqual(rules({"url": self.url(), "retries": 3}),
                         {"retries": ("3", "box.json:1"), "retry_statuses": codes})
        text = self.anycert("policy", "explain", "--profile", "box.json").out
        self.assertRegex(text, r"(?m)^retry_statuses +408,429,500,502,503,504  \(default\)$")
        self.assertEqual(rules({"url": self.url(), "retries": 3, "retry_statuses": [503], "retry_after_max": 0}),
                         {"retries": ("3", "box.json:1"), "retry_statuses": ("503", "box.json:1"),
                          "retry_after_max": ("0", "box.json:1")})

    def test_proxies_of_the_environment(self):
        env = {"https_proxy": "proxy.example:3128"}
        self.write({"url": self.url(), "proxy": True})
        self.assertIn("proxy.example:3128", self.explain(env=env)[1]["plan"])
        self.assertIn("proxy    none", self.explain()[1]["plan"])
        self.write({"url": self.url(), "proxy": False})
        self.assertIn("proxy    none", self.explain(env=env)[1]["plan"])
        self.assertIn("proxy.example:3128", self.explain("--env-proxy", env=env)[1]["plan"])


class Again(Profile):
    def tries(self, server, *args, **kwargs):
        server.seen.clear()
        self.anycert("get", "--profile", "box.json", *args, "/status/503", **kwargs)
        return len(server.seen)

    def test_profile_and_options_mean_the_same(self):
        with echo() as server:
            self.write({"url": server.url, "retries": 2, "retry_backoff": 0.005})
            self.assertEqual(self.tries(server), 3)
            for args, count in ((("--retry", "1"), 2), (("--retry", "0"), 1), (("--retry-on", "503"), 3),
                                (("--retry-on", "504"), 1), (("--retry-methods", "PUT"), 1)):
                self.assertEqual(self.tries(server, *args), count, args)
            self.write({"url": server.url, "retries": 3, "retry_statuses": [500]})
            self.assertEqual(self.tries(server), 1)
            self.assertEqual(self.tries(server, "--retry", "1"), 1)

    def test_options_without_any_retries(self):
        self.write({"url": "https://localhost:1/"})
        for option in ("--retry-on", "--retry-delay", "--retry-after-max"):
            self.refused("get", "--profile", "box.json", option, "500",
                         says=option + " means nothing without --retry, or retries in the profile")
        self.refused("get", "--profile", "box.json", "--retry", "1", "--idempotency-header", b"\xff", says="UTF-8")

    def test_delay_of_an_option_is_what_is_waited(self):
        def waits(server, *args):
            err = self.anycert("get", "--log-level", "warning", *args, server.url + "/status/503").err
            return re.findall(r"after (\d+) ms", err)

        with echo() as server:
            self.assertEqual(waits(server, "--retry", "3", "--retry-delay", "0.03"), ["0", "30", "60"])
            self.assertEqual(waits(server, "--retry", "2", "--retry-delay", "0"), ["0", "0"])
            # The keys that no option names are still the profile's.
            self.write({"retries": 9, "retry_backoff": 0.01, "retry_max_delay": 0.03})
            self.assertEqual(waits(server, "--profile", "box.json", "--retry", "3"), ["0", "20", "30"])

    def test_retries_are_told(self):
        with echo() as server:
            shown = self.anycert("get", "-v", "-f", "--retry", "3", "--retry-delay", "0.02", "--format", "text",
                                 "-w", " %{num_retries}", server.url + "/status/503", code=8)
            once = self.anycert("get", "--retry", "1", "-w", " %{num_retries}", server.url + "/").out
        told = [line for line in shown.err.splitlines() if line.startswith("* retry")]
        self.assertEqual(told, ["* retry 1 of 3 in 0 s: status 503", "* retry 2 of 3 in 0.02 s: status 503",
                                "* retry 3 of 3 in 0.04 s: status 503"])
        self.assertRegex(shown.err, r"answered 503.*, after 4 tries")
        self.assertEqual(shown.out, " 3")
        closed = f"http://127.0.0.1:{closed_port()}/"
        lost = self.anycert("get", "-v", "--retry", "1", "--format", "text", closed, code=5).err
        self.assertRegex(lost, r"(?m)^\* retry 1 of 1 in 0 s: .*127\.0\.0\.1")
        self.assertIn(", after 2 tries", lost)
        self.assertIn(", after 2 tries", self.anycert("test", "--retry", "1", closed, code=5).err)
        self.assertNotIn("tries", self.anycert("get", closed, code=5).err)
        self.assertTrue(once.endswith(" 0"), once)


class Clear(Profile):
    def test_secrets_in_clear_text_are_warned_about(self):
        with echo() as server:
            self.write({"url": server.url})
            for args in (("-u", "a:b"), ("--bearer", "x")):
                self.assertIn("clear text", self.anycert("test", "--profile", "box.json", *args).err)
            self.assertEqual(self.anycert("test", "--profile", "box.json").err, "")


class InStep(unittest.TestCase):
    def test_the_manual_page_has_every_key(self):
        keys = re.findall(r'^KEY\(\w+, "([\w.]+)"', (SOURCE / "src/client/profile.def").read_text(), re.MULTILINE)
        page = (SOURCE / "docs/man/anycert-profile.5").read_text()
        page = page[page.index(".Sh KEYS"):page.index(".Sh EXAMPLES")]
        documented = [key for line in re.findall(r"^\.It (Cm .*)$", page, re.MULTILINE)
                      for key in re.findall(r"Cm ([\w.]+) No", line)]
        self.assertEqual(sorted(documented), sorted(keys))
        self.assertGreater(len(keys), 30)


if __name__ == "__main__":
    unittest.main()
