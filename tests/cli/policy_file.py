#!/usr/bin/env python3
"""Policy files: which host is judged by which line."""
import datetime
import itertools
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import Case, lab, listener  # noqa: E402

# Far enough for every test, and near enough to be no remark.
NEXT_YEAR = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=400)


def write(name, text, mode=0o644):
    path = pathlib.Path(name)
    path.write_text(text)
    path.chmod(mode)
    return name


class Requests(Case):
    @classmethod
    def setUpClass(cls):
        cls.lab = lab("good", "expired", "self-signed", "http")
        cls.servers, cls.files = cls.lab.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.lab.__exit__(None, None, None)

    def url(self, name):
        return self.servers[name]["url"]

    def line(self, name, policy):
        return f"localhost:{self.servers[name]['port']} {policy}\n"

    def get(self, *args, code=0, env=None):
        return self.anycert("get", "-s", "-S", *args, code=code, env={"CURL_CA_BUNDLE": self.files["root"], **(env or {})})

    def test_entry_of_the_host_counts(self):
        name = write("policies", "# hosts\n" + self.line("expired", "hardened+expired"))
        self.get("--policy-file", name, self.url("expired"))
        self.get("--policy-file", name, self.url("good"))
        self.get("--policy-file", name, self.url("self-signed"), code=3)
        self.get(self.url("expired"), code=3)

    def test_anchors_of_options_are_those_of_entries_without(self):
        name = write("policies", self.line("expired", "hardened+expired"))
        none = {"CURL_CA_BUNDLE": ""}
        self.get("--policy-file", name, self.url("expired"), code=3, env=none)
        self.get("--policy-file", name, "--cacert", self.files["root"], self.url("expired"), env=none)
        self.get("--policy-file", name, "--ca-add", self.files["root"], self.url("expired"), env=none)
        os.symlink(self.files["root"], "root.pem")
        name = write("policies", self.line("expired", "hardened+expired ca=root.pem"))
        os.mkdir("folder")
        os.chdir("folder")
        try:
            self.get("--policy-file", "../policies", self.url("expired"), env=none)
        finally:
            os.chdir("..")

    def test_options_of_trust_go_before_the_file(self):
        name = write("policies", "localhost trust-any\n")
        for option in (("--trust", "hardened"), ("--allow", "common-name"), ("--reason", "none")):
            result = self.get("--policy-file", name, *option, self.url("expired"), code=3)
            self.assertNotIn("policies:1", result.err)
        name = write("policies", "localhost hardened\n")
        self.get("--policy-file", name, "-k", self.url("expired"))

    def test_redirect_is_judged_by_its_own_entry(self):
        name = write("policies", self.line("expired", "hardened+expired"))
        for target, code in (("expired", 0), ("self-signed", 3)):
            for option in ((), ("--trust", "hardened"), ("--allow", "common-name")):
                self.get("-L", "--policy-file", name, *option,
                         f"{self.url('good')}redirect?to={self.url(target)}", code=code)

    def test_pin_guards_its_host_against_http(self):
        pin = "pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        port = self.servers["http"]["port"]
        for hosts in ("localhost", f"localhost:{port}"):
            for policy in (f"pinned {pin}", f"hardened {pin}", "hardened expect-name=nas.example"):
                name = write("policies", f"{hosts} {policy}\n")
                result = self.get("--policy-file", name, self.url("http"), code=3)
                self.assertIn("policies:1: ", result.err)
                self.assertIn("write https", result.err)
                # As the same option does, but that it says what is meant.
                self.get("--trust", policy, self.url("http"), code=3)
                self.get("--policy-file", name, "-k", self.url("http"))
        # Where a redirect leads there, too.
        name = write("policies", f"localhost:{port} pinned {pin}\n")
        redirect = f"{self.url('good')}redirect?to={self.url('http')}"
        self.assertIn("write https", self.get("--policy-file", name, "--allow-downgrade", "-L", redirect, code=3).err)
        name = write("policies", f"localhost:443 pinned {pin}\n")
        self.assertIn("write https", self.get("--policy-file", name, "http://localhost/", code=3).err)
        self.get("--policy-file", name, self.url("http"))
        self.get("--policy-file", write("policies", "localhost hardened+expired\n"), self.url("http"))

    def test_pin_guards_its_proxy_against_http(self):
        pin = "pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        heard = []

        def answer(connection):
            heard.append(connection.recv(4096))
            connection.sendall(b"HTTP/1.1 403 Not here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.close()
        with listener(answer) as port:
            for scheme, policy in itertools.product(("http", "socks5h"), (f"pinned {pin}", f"hardened {pin}",
                                                                          "hardened expect-name=nas.example")):
                proxy = ("--proxy", f"{scheme}://user:pw@localhost:{port}", self.url("good"))
                for options, where in ((("--proxy-trust", policy), "proxy: "),
                                       (("--policy-file", write("policies", f"localhost:{port} {policy}\n")),
                                        "policies:1: proxy: ")):
                    said = self.get(*options, *proxy, code=3).err
                    self.assertIn(f"{where}{scheme}://localhost:{port} is not protected", said)
                    self.assertNotIn("pw", said)
            self.assertEqual(heard, [])
            # Of an entry without a name nothing would be passed over.
            name = write("policies", f"localhost:{port} hardened+expired\n")
            self.get("--policy-file", name, "--proxy", f"http://localhost:{port}", self.url("good"), code=7)
            self.assertEqual(len(heard), 1)

    def test_refusal_names_the_line(self):
        name = write("policies", "\nlocalhost hardened+expired\n")
        result = self.get("--policy-file", name, self.url("self-signed"), code=3)
        self.assertIn("by the policy of policies:2: ", result.err)
        name = write("policies", "\nlocalhost hardened+expired until=2020-01-01\n")
        result = self.get("--policy-file", name, self.url("expired"), code=3)
        self.assertIn("the policy of policies:2 ended on 2020-01-01: ", result.err)

    def test_profile_names_a_file(self):
        write("policies", self.line("expired", "hardened+expired"))
        os.makedirs("sub", exist_ok=True)
        for extra in ("", ', "insecure": false', ', "unsecure": false'):
            box = write("sub/box.json", f'{{"policy_file": "../policies"{extra}}}')
            self.get("--profile", box, self.url("expired"))
            self.get("--profile", box, self.url("self-signed"), code=3)
        box = write("sub/box.json", '{"policy_file": "../policies", "trust": "hardened"}')
        self.get("--profile", box, self.url("expired"), code=3)
        box = write("sub/box.json", '{"policy_file": "../policies", "insecure": true}')
        self.get("--profile", box, self.url("self-signed"))
        box = write("sub/box.json", '{"policy_file": "absent"}')
        self.refused("get", "--profile", box, self.url("good"), says="sub/box.json:1: policy file 'sub/absent'")
        # The option stands in for the key.
        self.get("--profile", box, "--policy-file", "policies", self.url("expired"))

    def test_pin_of_the_file_that_is_passed_over_is_warned_of(self):
        pin = "sha256//" + 43 * "A" + "="
        name = write("policies", self.line("expired", f"pinned pin={pin}"))
        args = ("get", "--cacert", self.files["root"], "--policy-file", name, "--allow", "expired")
        says = "anycert: warning: the pin of policies:1 is not used, as --allow goes before it\n"
        self.assertEqual(self.anycert(*args, self.url("expired")).err.count(says), 1)
        self.assertNotIn("is not used", self.anycert(*args, self.url("good")).err)
        self.assertNotIn("is not used", self.anycert(*args, "--pin", pin, self.url("expired"), code=3).err)

    def test_print_curl_knows_the_entry(self):
        name = write("policies", "localhost trust-any\n")
        self.assertIn("--insecure", self.anycert("get", "--policy-file", name, "--print-curl", self.url("good")).out)

    def test_report_has_the_policy_of_the_entry(self):
        name = write("policies", self.line("expired", "hardened+expired reason=ordered"))
        said = self.anycert("get", "--policy-file", name, self.url("self-signed"), code=3).err
        self.assertIn(f"\n  policy file  {name} has no entry for localhost:", said)
        box = write("box.json", json.dumps({"policy_file": name, "cacert": [self.files["root"]]}))
        self.assertIn(f"\n  policy file  {name} has no entry for localhost:",
                      self.anycert("get", "--profile", box, self.url("self-signed"), code=3).err)
        self.get("--policy-file", name, "--report", "report.json", self.url("expired"))
        self.assertIn("reason=ordered", pathlib.Path("report.json").read_text())


    def test_end_that_is_near_is_warned_of_once_for_each_host(self):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        for days, warned in ((0, True), (5, True), (9, False)):
            date = today + datetime.timedelta(days=days)
            name = write("policies", self.line("expired", f"hardened+expired until={date}"))
            env = {"CURL_CA_BUNDLE": self.files["root"]}
            url = f"{self.url('good')}redirect?to={self.url('expired')}"
            lines = self.anycert("get", "-L", "--policy-file", name, url, env=env).err.splitlines()
            ends = [line for line in lines if "ends on" in line]
            port = self.servers["expired"]["port"]
            self.assertEqual(ends, [f"anycert: warning: localhost:{port}: the policy hardened+expired ends on {date}, "
                                    "its last day; from the day after, hardened counts"] if warned else [])
            json_lines = self.anycert("get", "-L", "--format", "json", "--policy-file", name, url, env=env).err.splitlines()
            self.assertEqual([json.loads(line)["warning"]["check"] for line in json_lines].count("policy_ends"), int(warned))
        self.assertEqual(self.get("--policy-file", name, self.url("expired")).err, "")

    def test_end_is_told_once_however_many_redirects_stay_there(self):
        date = datetime.datetime.now(datetime.timezone.utc).date()
        url = self.url("expired")
        result = self.anycert("get", "-L", "--allow", "expired", "--until", str(date), f"{url}redirect?to={url}json",
                              env={"CURL_CA_BUNDLE": self.files["root"]})
        self.assertEqual(result.err.count("ends on"), 1)


class Files(Case):
    URL = "https://localhost:1/"

    def test_file_that_is_not_understood_is_one_sentence(self):
        for text, says in (("localhost", ":1: there is a host without a policy"),
                           ("a hardened\nlocalhost hardend", ":2: unknown rung 'hardend' (did you mean 'hardened'?)"),
                           ("a hardened\nA. trust-any", ":2: 'a' stands in line 1 already"),
                           ("* trust-any", "--trust"),
                           ("a hardened # x", "a comment stands on a line of its own"),
                           ("https://a/ hardened", "is a URL")):
            with self.subTest(text=text):
                self.refused("get", "--policy-file", write("wrong", text), self.URL, says=says)

    def test_file_that_everybody_may_write_to_is_refused(self):
        self.refused("get", "--policy-file", write("open", "localhost hardened", 0o666), self.URL, says="chmod go-w")

    def test_file_that_cannot_be_read_is_refused(self):
        self.refused("get", "--policy-file", "absent", self.URL, says="--policy-file: policy file 'absent'")
        self.refused("get", "--policy-file", "/dev/null", self.URL, says="not a regular file")
        self.refused("get", "--policy-file", ".", self.URL, says="directory")
        self.refused("get", "--policy-file", "", self.URL, says="--policy-file")
        name = write("one", "localhost hardened")
        self.refused("get", "--policy-file", name, "--policy-file", name, self.URL, says="--policy-file")

    def test_no_variable_of_the_environment_names_one(self):
        name = write("any", "localhost trust-any")
        for variable in ("ANYCERT_POLICY", "ANYCERT_POLICY_FILE", "XDG_CONFIG_HOME"):
            text = self.anycert("policy", "explain", self.URL, env={variable: os.path.abspath(name)}).out
            self.assertIn("policy   hardened\n", text)


class Check(Case):
    def test_right_file(self):
        write("right.policies", f"a.example hardened+expired until={NEXT_YEAR}\n*.b.example hardened expect-name=c.example\n")
        self.assertEqual(self.anycert("policy", "check", "right.policies").out, "right.policies: 2 entries, 0 to be mended\n")
        document = json.loads(self.anycert("policy", "check", "--json", "right.policies").out)
        self.assertTrue(document["fine"])
        self.assertEqual(document["not_understood"], [])
        self.assertEqual(document["entries"][1], {"line": 2, "hosts": "*.b.example", "policy": "hardened expect-name=c.example",
                                                  "flaw": None, "ends_soon": False, "remarks": []})

    def test_remarks_are_no_errors(self):
        for hosts, policy, expected in (
                ("a.example", f"trust-any until={NEXT_YEAR}", ["unauthenticated"]),
                ("a.example", "report-only", ["unauthenticated", "endless"]),
                ("a.example", f"hardened+self-signed until={NEXT_YEAR}", ["unauthenticated"]),
                ("a.example", "hardened+expired", ["endless"]),
                ("a.example", "tofu", []),
                ("a.example", "pinned pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", []),
                ("*.com", f"hardened+expired until={NEXT_YEAR}", ["wide"]),
                ("*.co.uk:8443", f"hardened+expired until={NEXT_YEAR}", ["wide"]),
                ("*.com", "hardened expect-name=a.example", []),
                ("*.acme.com", f"hardened+expired until={NEXT_YEAR}", []),
                ("*.lan", f"hardened+expired until={NEXT_YEAR}", []),
                ("com", f"hardened+expired until={NEXT_YEAR}", []),
                ("0.0.0.0/0", f"hardened+expired until={NEXT_YEAR}", ["wide"]),
                ("[::/0]:8443", "trust-any", ["unauthenticated", "wide", "endless"]),
                ("10.0.0.0/8", f"hardened+expired until={NEXT_YEAR}", []),
                ("a.example", "hardened+expired until=2099-12-31", ["far"])):
            with self.subTest(hosts=hosts, policy=policy):
                write("remarks.policies", f"{hosts} {policy}\n")
                entry = json.loads(self.anycert("policy", "check", "--json", "remarks.policies").out)["entries"][0]
                self.assertEqual((entry["remarks"], entry["flaw"]), (expected, None))
                text = self.anycert("policy", "check", "remarks.policies").out.splitlines()
                self.assertEqual(sum(line.startswith("remarks.policies:1: remark: ") for line in text), len(expected))
                self.assertTrue(text[-1].startswith("remarks.policies: 1 entry, 0 to be mended"), text)

    def test_every_line_that_is_not_understood_is_told(self):
        write("many.policies", "a.example hardend\nb.example hardened+expired until=2099-01-01\n# comment\nc.example\n"
                               "b.example trust-any\nold.example trust-any until=2020-01-01\nd.example hardened+expird\n")
        text = self.anycert("policy", "check", "many.policies", code=2).out
        lines = [line for line in text.splitlines() if ": remark: " not in line]
        for line, begins, says in zip(lines, ("many.policies:1: ", "many.policies:4: ", "many.policies:5: ", "many.policies:6: ",
                                              "many.policies:7: ", "many.policies: "),
                                      ("'hardend'", "without a policy", "stands in line 2 already", "has ended", "'expird'",
                                       "6 entries, 5 to be mended"), strict=True):
            self.assertTrue(line.startswith(begins), text)
            self.assertIn(says, line)
        document = json.loads(self.anycert("policy", "check", "--json", "many.policies", code=2).out)
        self.assertEqual([fault["line"] for fault in document["not_understood"]], [1, 4, 5, 7])
        self.assertFalse(document["fine"])

    def test_entries_of_tofu_have_their_store(self):
        write("tofu.policies", "a.example tofu\nb.example report-only for=tofu until=2099-01-01\n")
        env = {"HOME": os.getcwd(), "XDG_STATE_HOME": ""}
        for option in ((), ("--trust-store", "known")):
            text = self.anycert("policy", "check", *option, "tofu.policies", env=env).out
            self.assertIn("2 entries, 0 to be mended", text)
        self.assertFalse(os.path.exists("known") or os.path.exists(".local"))
        self.assertIn("ceiling: nothing", self.anycert("policy", "check", "tofu", env=env).out)
        write("known", "nonsense\n", 0o600)
        text = self.anycert("policy", "check", "--trust-store", "known", "tofu.policies", code=2).out
        self.assertRegex(text, r"(?m)^tofu.policies:1: a.example: --trust-store: .*known")
        self.assertIn("2 to be mended", text)
        os.unlink("known")

    def test_what_ended_is_unused_or_needless_is_found(self):
        write("left.policies", "old.example trust-any until=2020-01-01\n10.0.0.0/31 trust-any\n10.0.0.0 hardened+expired\n"
                               "10.0.0.1 hardened\nsame.example hardened\n")
        text = self.anycert("policy", "check", "left.policies", code=2).out
        self.assertEqual([line.split(" ")[:2] for line in text.splitlines() if ": remark: " not in line],
                         [["left.policies:1:", "old.example"], ["left.policies:2:", "10.0.0.0/31"],
                          ["left.policies:5:", "same.example"], ["left.policies:", "5"]])
        self.assertIn("has ended", text)
        self.assertIn("never used", text)
        self.assertIn("5 entries, 3 to be mended", text)
        entries = json.loads(self.anycert("policy", "check", "--json", "left.policies", code=2).out)["entries"]
        self.assertEqual([entry["flaw"] for entry in entries], ["ended", "unused", None, None, "needless"])

    def test_end_that_is_near_is_told(self):
        for days, soon in ((0, True), (5, True), (9, False)):
            date = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days)
            write("soon.policies", f"a.example hardened+expired until={date}\n")
            text = self.anycert("policy", "check", "soon.policies").out
            self.assertEqual(f"soon.policies:1: remark: a.example ends soon: its last day is {date}; "
                             "from the day after, hardened counts\n" in text, soon)
            write("soon.policies", f"a.example pinned pin=sha256//{43 * 'A'}= until={date}\n")
            self.assertEqual("; from the day after, hardened with its pin counts\n"
                             in self.anycert("policy", "check", "soon.policies").out, soon)

    def test_what_no_client_could_use_is_found(self):
        write("gone.policies", "a.example hardened ca=absent.pem\nb.example hardened ca=sha256:" + 64 * "0")
        text = self.anycert("policy", "check", "gone.policies", code=2).out
        self.assertRegex(text, r"(?m)^gone.policies:1: a.example: .*absent.pem")
        self.assertRegex(text, r"(?m)^gone.policies:2: b.example: .*digest only")

    def test_file_that_cannot_be_read_is_one_sentence(self):
        self.refused("policy", "check", "./absent", says="absent")
        self.refused("policy", "check", "absent.policies", says="cannot be read")
        self.refused("policy", "check", "/", says="directory")
        self.refused("policy", "check", write("open.policies", "", 0o646), says="chmod go-w")

    def test_policies_are_still_policies(self):
        write("hardened", "a.example trust-any\n")
        self.assertIn("hardened\n", self.anycert("policy", "check", "hardened").out)
        self.assertIn("1 entry", self.anycert("policy", "check", "./hardened").out)
        self.refused("policy", "check", "hardend", says="did you mean 'hardened'")


class Explain(Case):
    def explain(self, *args, **kwargs):
        return self.anycert("policy", "explain", "--policy-file", "policies", *args, **kwargs).out

    def setUp(self):
        pathlib.Path("ca.pem").write_bytes(pathlib.Path("/etc/ssl/certs/ca-certificates.crt").read_bytes())
        write("policies", "# comment\n*.lab.example trust-any reason=lab\nold.example hardened+expired until=2020-01-01\n"
                          "own.example hardened ca=ca.pem\n")

    def test_a_host_without_an_entry_is_named(self):
        self.assertIn("policy file: policies has no entry for unknown.example:443\n", self.explain("https://unknown.example/"))
        self.assertNotIn("has no entry", self.explain("https://a.lab.example/"))

    def test_source_is_the_line(self):
        text = self.explain("https://a.lab.example/")
        for part in ("policy   trust-any reason=lab\n", "policy from: policies:2\n", "anchors from: default\n",
                     "peer authenticated: no", "less would do"):
            self.assertIn(part, text)
        document = json.loads(self.explain("--json", "https://a.lab.example/"))
        self.assertEqual((document["policy"], document["policy_source"], document["anchors_source"]),
                         ("trust-any reason=lab", "policies:2", "default"))

    def test_each_value_is_of_the_line(self):
        env = {"CURL_CA_BUNDLE": os.path.abspath("ca.pem")}
        document = json.loads(self.explain("--json", "https://a.lab.example/", env=env))
        self.assertEqual([(value["name"], value["source"]) for value in document["values"]],
                         [("rung", "policies:2"), ("ca", "CURL_CA_BUNDLE"), ("reason", "policies:2")])
        text = self.explain("https://own.example/", env=env)
        self.assertIn("  rung         hardened  (policies:4)\n  ca           ca.pem  (policies:4)\n", text)

    def test_host_without_an_entry(self):
        text = self.explain("https://lab.example/")
        self.assertIn("policy   hardened\n", text)
        self.assertIn("policy from: default\n", text)

    def test_entry_that_has_ended(self):
        text = self.explain("https://old.example/")
        self.assertIn("policy   hardened\n", text)
        self.assertIn("ended: the last day of 'hardened+expired until=2020-01-01' was 2020-01-01; 'hardened' is in force now\n", text)
        self.assertIn("policy from: policies:3\n", text)

    def test_anchors_of_the_entry(self):
        self.assertIn("anchors from: policies:4\n", self.explain("https://own.example/"))
        self.assertIn("anchors from: CURL_CA_BUNDLE (environment)\n",
                      self.explain("https://a.lab.example/", env={"CURL_CA_BUNDLE": os.path.abspath("ca.pem")}))

    def test_option_goes_before_the_file(self):
        text = self.explain("--trust", "hardened+expired", "https://a.lab.example/")
        self.assertIn("policy from: --trust\n", text)
        self.assertIn("policy   hardened+expired\n", text)

    def test_line_that_is_passed_over_is_named(self):
        for args in (("--trust", "hardened+expired"), ("--allow", "expired"), ("--expect-name", "b.example"), ("-k",)):
            self.assertIn(f"not used: policies:2, as {args[0]} goes before it\n",
                          self.explain(*args, "https://a.lab.example/"))
        document = json.loads(self.explain("--json", "-k", "https://a.lab.example/"))
        self.assertEqual(document["not_used"], [{"line": "policies:2", "why": "-k goes before it"}])
        self.assertNotIn("not used", self.explain("-k", "https://lab.example/"))
        self.assertNotIn("not used", self.explain("https://a.lab.example/"))

    def test_line_for_another_port_is_named(self):
        write("policies", "a.example:443 trust-any\n[2001:db8::]:444 trust-any\n")
        says = "not used: policies:1, as it is for port 443 only\n"
        self.assertIn(says, self.explain("https://a.example:8443/"))
        self.assertNotIn("not used", self.explain("https://a.example/"))
        self.assertIn("not used: policies:2, as it is for port 444 only\n", self.explain("https://[2001:db8::]/"))
        self.assertNotIn("not used", self.explain("https://b.example/"))

    def test_http_has_no_policy(self):
        text = self.explain("http://a.lab.example/")
        self.assertIn("http is not protected at all", text)
        for word in ("policy from", "authenticated", "checked", "gives up"):
            self.assertNotIn(word, text)
        document = json.loads(self.explain("--json", "http://a.lab.example/"))
        self.assertEqual((document["protected"], "policy" in document), (False, False))


if __name__ == "__main__":
    unittest.main()
