#!/usr/bin/env python3
"""Trust on the command line, against the lab: what is refused and how it is said, what is warned about."""
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import LabCase, run  # noqa: E402

CONDITIONS = ["good", "expired", "self-signed", "wrong-host", "expired-and-wrong-host", "incomplete-chain",
              "revoked-staple", "tls10-only", "rsa-kx-gcm", "plain-http", "client-cert-required", "cn-only",
              "expired-intermediate", "untrusted-root", "close", "dh-1024", "rsa-kx-cbc", "no-rfc5746", "md5-leaf",
              "client-cert-required-tls13", "ssh-banner", "sni-required",
              "good-ed25519", "wildcard-apex"]


class Trust(LabCase):
    conditions = CONDITIONS

    def url(self, name, path=""):
        return self.servers[name]["url"] + path

    def authority(self, name):
        return self.url(name).split("/")[2]

    def get(self, name, *args, path="", code=0, **kwargs):
        return self.anycert("get", *args, self.url(name, path), code=code, **kwargs)


class Refusals(Trust):
    def test_verified_is_silent(self):
        result = self.get("good", "--cacert", self.root, "-w", "%{trust} %{authenticated_by} %{policy}", "-o", "x")
        self.assertEqual(result.out, f"pass chain hardened ca={self.root}")
        self.assertEqual(result.err, "")

    def test_block_says_who_why_and_what_instead(self):
        lines = self.get("expired", "--cacert", self.root, code=3).err.splitlines()
        self.assertRegex(lines[0], rf"^anycert: certificate of {self.authority('expired')} is refused: expired 20")
        fields = {line[2:14].strip(): line[15:] for line in lines[1:] if line[2] != " "}
        self.assertEqual(list(fields), ["refused by", "subject", "issuer", "valid", "names, key", "pin",
                                        "better", "relaxation", "entry", "command", "doctor"])
        self.assertEqual(fields["doctor"], f"anycert doctor --cacert {self.root} https://{self.authority('expired')}/")
        self.assertTrue(fields["refused by"].startswith("us, under the policy hardened"))
        self.assertRegex(fields["valid"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC to 20\d\d-")
        self.assertRegex(fields["pin"], r"^sha256//[A-Za-z0-9+/]{43}= \(unproven")
        self.assertTrue(fields["better"].startswith("on the server: renew"))
        self.assertTrue(fields["relaxation"].startswith("expired lets through"))
        self.assertTrue(fields["relaxation"].endswith("; --allow expired --until DATE"))
        self.assertIn("localhost", fields["names, key"])

    def test_each_condition_has_its_exit_code_and_relaxation(self):
        for name, code, relaxation in [
                ("expired", 3, "expired"), ("self-signed", 3, "self-signed"), ("wrong-host", 3, "wrong-host"),
                ("incomplete-chain", 3, "untrusted-issuer"), ("cn-only", 3, "common-name"),
                ("revoked-staple", 3, "none lets this through"), ("tls10-only", 4, None), ("rsa-kx-gcm", 4, None),
                ("plain-http", 4, None), ("client-cert-required", 4, None)]:
            with self.subTest(name=name):
                result = self.get(name, "--cacert", self.root, code=code)
                self.assertEqual(result.out, "")
                if relaxation:
                    self.assertRegex(result.err, rf"(?m)^  relaxation   {relaxation}")
                else:
                    self.assertNotIn("  relaxation   none", result.err)

    def test_the_pins_of_pinned_may_be_options(self):
        pin, other = self.servers["self-signed"]["pin"], "sha256//" + "B" * 42 + "A="
        for args, policy in ((("--trust", "pinned", "--pin", pin), f"pinned pin={pin}"),
                             (("--trust", "pinned check=name", "--pin", pin, "--reason", "old"),
                              f"pinned pin={pin} check=name reason=old"),
                             (("--trust", "pinned+tls1.0", "--pin", pin, "--until", "2099-12-31"),
                              f"pinned+tls1.0 pin={pin} until=2099-12-31")):
            result = self.get("self-signed", *args, "-w", "%{policy} %{authenticated_by}", "-o", "/dev/null")
            self.assertEqual(result.out, policy + " pin")
        self.get("self-signed", "--trust", "pinned", "--pin", other, "--pin", pin)
        self.get("self-signed", "--trust", "pinned", "--pin", other, code=3)
        for args, says in ((("--trust", "pinned"), "'pinned' needs the pin"), (("--trust", "pinned", "--pin", ""), "--pin"),
                           (("--trust", "pinned", "--pin", "x"), "--pin"), (("--trust", "pinnedx", "--pin", pin), "'pinnedx'"),
                           (("--trust", f"pinned pin={pin}", "--pin", pin), "both say it"),
                           (("--trust", "pinned", "--pin", f"{pin} check=name"), "--pin"),
                           (("--trust", 'pinned reason="x', "--pin", pin), "--trust")):
            self.refused("get", *args, self.url("self-signed"), says=says)

    def test_a_pin_is_not_judged_where_no_key_was_seen(self):
        pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        plain = self.get("tls10-only", "--cacert", self.root, code=4).err.splitlines()
        for args in (("--pin", pin), ("--trust", f"pinned pin={pin}")):
            with self.subTest(args=args):
                lines = self.get("tls10-only", *args, code=4).err.splitlines()
                self.assertEqual(lines[0], plain[0])
                self.assertNotIn("no key was seen", "\n".join(lines))
                self.assertIn("  doctor       anycert doctor https://", "\n".join(lines))

    def better(self, name, *args, code=3):
        """The lines of what is better, and the lines of the block's other labels but the doctor's."""
        found, others, label = [], [], ""
        for line in self.get(name, *args, code=code).err.splitlines()[1:]:
            label = line[2:14].strip() or label
            if label == "doctor":  # the last, whatever it was
                continue
            (found if label == "better" else others).append(line[15:] if label == "better" else line)
        return found, "\n".join(others)

    def test_what_the_switch_would_do_is_said_where_it_is_known(self):
        ours = ("--cacert", self.root)
        for name, code, sentence in (("md5-leaf", 3, "-k would connect"), ("revoked-staple", 3, "-k would connect"),
                                     ("close", 4, "-k may connect"), ("tls10-only", 4, "-k would not connect")):
            with self.subTest(name=name):
                lines = self.better(name, *ours, code=code)[0]
                if name == "md5-leaf":
                    self.assertRegex(lines.pop(0), r"^--trust 'pinned pin=sha256//[^']+' accepts this key alone")
                self.assertEqual(len(lines), 2, lines)
                self.assertTrue(lines[0].startswith(("on the server: ", "check the port")), lines)
                self.assertTrue(lines[1].startswith(sentence), lines)
                answered = run("get", "-k", self.url(name)).code == 0
                self.assertEqual(answered, sentence == "-k would connect")
        self.assertTrue(self.better("ssh-banner", *ours, code=4)[0][0].startswith("check the port"))

    def test_what_is_better_names_options(self):
        ours = ("--cacert", self.root)
        self.assertTrue(self.better("self-signed", *ours)[0][0].startswith("--cacert FILE trusts exactly this"))
        self.assertTrue(self.better("incomplete-chain", *ours)[0][0].startswith("--intermediate FILE if the server"))
        self.assertTrue(self.better("untrusted-root", *ours)[0][0].startswith("--cacert FILE with this root"))
        lines, _ = self.better("wrong-host", *ours)
        self.assertTrue(lines[0].startswith("--expect-name other.lab.test checks for that name instead, if you know"))
        self.assertTrue(lines[1].startswith("--trust 'hardened+wrong-host "))
        self.assertTrue(lines[2].startswith("on the server: "))
        self.assertTrue(self.better("client-cert-required", *ours, code=4)[0][0].startswith("--cert FILE [--key FILE]"))

    def test_where_no_policy_decided_none_is_named(self):
        lines, others = self.better("plain-http", code=4)
        self.assertEqual((lines, others), (["check the port; http:// is right only if it speaks plain HTTP"], ""))
        lines, others = self.better("close", code=4)
        self.assertEqual((len(lines), others), (2, ""))

    def test_the_certificate_that_failed_is_shown(self):
        _, others = self.better("expired-intermediate", "--cacert", self.root)
        self.assertRegex(others, r"(?m)^  subject      CN=lab expired intermediate.* \(the certificate at depth 1")
        self.assertRegex(others, r"(?m)^  issuer       CN=lab root,")
        self.assertRegex(others, r"(?m)^  pin          sha256//\S+ \(of the server's own certificate; unproven")

    def test_the_relaxation_of_a_failed_handshake_is_proposed_and_works(self):
        ours = ("--cacert", self.root)
        for name, relaxation in (("dh-1024", "small-dh"), ("no-rfc5746", "legacy-renegotiation"),
                                 ("tls10-only", "tls1.0")):
            with self.subTest(name=name):
                lines, others = self.better(name, *ours, code=4)
                self.assertTrue(lines[0].startswith("on the server: "), lines)
                self.assertNotIn("-k would connect", " ".join(lines))
                self.assertRegex(others, rf"(?m)^  relaxation   {relaxation} lets through .*; danger: .*; "
                                         rf"--allow {relaxation} --until DATE")
                self.get(name, *ours, "--allow", relaxation, "--until", "2099-12-31")

    def test_a_server_that_says_little_leaves_a_list(self):
        lines, others = self.better("rsa-kx-cbc", "--cacert", self.root, code=4)
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(others, r"(?m)^  relaxation   perhaps one of tls1\.0, .*rsa-key-exchange, cbc-sha1, .*; "
                                 r"anycert policy list")

    def test_several_failures_are_all_named(self):
        text = self.get("expired-and-wrong-host", "--cacert", self.root, code=3).err
        for relaxation in ("expired", "wrong-host"):
            self.assertRegex(text, rf"(?m)^  relaxation   {relaxation} ")

    def test_json_error_has_the_report(self):
        result = self.get("self-signed", "--format", "json", "--cacert", self.root, code=3)
        document = json.loads(result.err)
        self.assertEqual(document["error"]["code"], "TRUST_ISSUER")
        self.assertEqual(document["error"]["x509_code"], 18)
        self.assertEqual(document["report"]["verdict"], "fail")

    def test_nothing_is_written(self):
        target = pathlib.Path("target")
        target.write_text("old")
        self.get("expired", "--cacert", self.root, "-o", "target", code=3)
        self.assertEqual(target.read_text(), "old")
        self.get("expired", "--cacert", self.root, "-o", "never", code=3)
        self.assertFalse(pathlib.Path("never").exists())

    def test_report_is_written_on_failure_too(self):
        self.get("expired", "--cacert", self.root, "--report", "r.json", code=3)
        document = json.loads(pathlib.Path("r.json").read_text())
        self.assertEqual(document["outcome"]["exit_code"], 3)
        self.assertEqual(document["hops"][0]["report"]["checks"][0]["id"], "trust")
        self.get("expired", "-k", "--report", "r.json")
        document = json.loads(pathlib.Path("r.json").read_text())
        self.assertEqual(document["hops"][0]["report"]["policy"], "trust-any")
        self.assertFalse(document["hops"][0]["report"]["peer_authenticated"])
        self.assertEqual(set(document), {"schema", "request", "outcome", "hops", "token_report"})

    def test_silent(self):
        self.assertEqual(self.get("expired", "-s", "--cacert", self.root, code=3).err, "")
        self.assertIn("expired", self.get("expired", "-sS", "--cacert", self.root, code=3).err)


class Relaxed(Trust):
    def warnings(self, name, *args, **kwargs):
        return self.get(name, *args, "-o", "/dev/null", **kwargs).err.splitlines()

    def test_one_line_for_each_reason(self):
        lines = self.warnings("self-signed", "-k")
        self.assertEqual(lines, [f"anycert: warning: {self.authority('self-signed')}: self-signed certificate "
                                 "(allowed by trust-any); the peer is not authenticated"])
        lines = self.warnings("expired-and-wrong-host", "--cacert", self.root, "--allow", "expired,wrong-host")
        self.assertEqual(len(lines), 2)

    def test_authenticated_peers_are_called_so(self):
        lines = self.warnings("expired", "--cacert", self.root, "--allow", "expired")
        self.assertEqual(len(lines), 1)
        self.assertIn("(allowed by hardened+expired)", lines[0])
        self.assertNotIn("authenticated", lines[0])

    def test_redirects_on_one_host_warn_once(self):
        path = "redirect?to=" + self.url("self-signed")
        result = self.get("self-signed", "-k", "-L", "-w", "%{num_redirects}", "-o", "/dev/null", path=path)
        self.assertEqual((result.out, len(result.err.splitlines())), ("1", 1))

    def test_json_warnings(self):
        result = self.get("self-signed", "-k", "--format", "json", "-o", "/dev/null")
        warning = json.loads(result.err)["warning"]
        self.assertEqual((warning["check"], warning["relaxation"], warning["peer_authenticated"]),
                         ("trust", "self-signed", False))

    def test_silent(self):
        self.assertEqual(self.warnings("self-signed", "-ks"), [])

    def test_a_relaxation_gives_up_that_check_only(self):
        self.get("expired-and-wrong-host", "--cacert", self.root, "--allow", "expired", code=3)
        self.get("self-signed", "--allow", "expired", code=3)

    def test_an_ended_relaxation_counts_no_longer(self):
        self.get("expired", "--cacert", self.root, "--allow", "expired", "--until", "2020-01-01", code=3)
        self.get("expired", "--cacert", self.root, "--allow", "expired", "--until", "2099-01-01")

    def test_report_only_connects_and_reports(self):
        result = self.get("expired", "--trust", "report-only", "--report", "ro.json", "-o", "/dev/null")
        self.assertTrue(result.err)
        report = json.loads(pathlib.Path("ro.json").read_text())["hops"][0]["report"]
        self.assertEqual((report["verdict"], report["reference_verdict"]), ("relaxed", "fail"))

    def test_insecure_is_trust_any(self):
        for args in (("-k",), ("--insecure",), ("--trust", "trust-any")):
            self.assertEqual(self.get("wrong-host", *args, "-w", "%{policy}", "-o", "x").out, "trust-any")


class Names(Trust):
    def test_another_name_than_the_hosts_may_be_expected(self):
        ours = ("--cacert", self.root)
        self.assertEqual(self.get("wrong-host", *ours, "--expect-name", "other.lab.test", "-o", "/dev/null").err, "")
        self.get("wrong-host", *ours, "--expect-name", "other.lab.test", "--sni", "other.lab.test")
        text = self.get("good", *ours, "--expect-name", "other.lab.test", code=3).err
        self.assertIn("and not 'other.lab.test'", text)
        self.assertIn("; --allow wrong-host --until DATE in place of the expected name\n", text)
        self.refused("get", "--expect-name", "a", "--allow", "wrong-host", self.url("good"), says="keep one of them")
        self.refused("get", "-k", "--expect-name", "a", self.url("good"), says="trust-any")

    def test_the_name_is_proposed_before_it_is_given_up(self):
        text = self.get("wrong-host", "--cacert", self.root, code=3).err
        self.assertLess(text.index("--expect-name other.lab.test"), text.index("--allow wrong-host"))
        text = self.get("good", "--cacert", self.root, "--expect-name", "x.test", code=3).err
        self.assertIn("--expect-name localhost checks for that name instead", text)
        text = self.get("wildcard-apex", "--cacert", self.root, "--resolve", f"{self.authority('wildcard-apex')}:127.0.0.1", code=3).err
        self.assertIn("--expect-name NAME checks for a name that the certificate has instead", text)
        text = self.anycert("policy", "explain", "--allow", "wrong-host", self.url("good")).out
        self.assertIn("less would do, perhaps:\n", text)
        self.assertIn("  --expect-name NAME: ", text)
        text = self.anycert("policy", "explain", "--expect-name", "a.test", self.url("good")).out
        self.assertIn("expect-name=a.test", text)
        self.assertNotIn("less would do", text)

    def test_names_of_the_handshake(self):
        ours = ("--cacert", self.root)
        text = self.get("sni-required", *ours, code=4).err
        self.assertIn("--sni NAME asks for another name", text)
        self.get("sni-required", *ours, "--sni", "localhost")
        self.refused("get", "--sni", "127.0.0.1", self.url("good"), says="host names only")


class Pins(Trust):
    def pin(self, name):
        return self.servers[name]["pin"]

    def test_beside_the_chain(self):
        ours = ("--cacert", self.root)
        result = self.get("good", *ours, "--pin", self.pin("good"), "-w", "%{trust} %{authenticated_by}", "-o", "x")
        self.assertEqual((result.out, result.err), ("pass pin", ""))
        self.get("good", *ours, "--pin", self.pin("expired"), "--pin", self.pin("good"))
        self.get("self-signed", *ours, "--pin", self.pin("self-signed"), code=3)
        text = self.get("good", *ours, "--pin", self.pin("expired"), code=3).err
        self.assertIn(f"its key {self.pin('good')} is not a pinned one", text)
        self.assertIn("  better       ask the administrator: ", text)
        self.assertNotIn("-k would", text)
        result = self.get("good", *ours, "--pin", self.pin("expired"), "--format", "json", code=3)
        self.assertEqual(json.loads(result.err)["error"]["code"], "TRUST_PIN")

    def test_instead_of_the_chain_and_without_a_word(self):
        for name in ("self-signed", "expired", "wrong-host", "untrusted-root", "md5-leaf"):
            result = self.get(name, "--trust", f"pinned pin={self.pin(name)}", "-w", "%{authenticated_by}", "-o", "x")
            self.assertEqual((result.out, result.err), ("pin", ""))
            self.get(name, "--trust", f"pinned pin={self.pin('good-ed25519')}", code=3)
        self.get("expired", "--trust", f"pinned pin={self.pin('expired')} check=dates", code=3)
        self.get("revoked-staple", "--trust", f"pinned pin={self.pin('revoked-staple')}", "--cacert", self.root, code=3)

    def test_what_is_proposed_can_be_pasted(self):
        import re
        import shlex
        for name in ("self-signed", "wrong-host", "md5-leaf", "untrusted-root"):
            text = self.get(name, "--cacert", self.root, code=3).err
            found = re.search(r"(--trust '[^']* pin=[^']+')", text)
            self.get(name, *shlex.split(found[1]))
            self.assertLess(text.index("--trust '"), text.find("--allow") % len(text))
        for name in ("expired", "revoked-staple"):
            self.assertNotIn(" pin=", self.get(name, "--cacert", self.root, code=3).err)

    def test_a_proxy_has_a_pin_of_its_own(self):
        proxy = self.url("self-signed").rstrip("/")
        good = ("--cacert", self.root, "-x", proxy)
        for pin, code in (("self-signed", 7), ("good", 7)):
            result = self.get("good", *good, "--proxy-trust", f"pinned pin={self.pin(pin)}", code=code)
            self.assertEqual("is not a pinned one" in result.err, pin == "good")

    def test_wrong_pins_are_one_sentence(self):
        for wrong in ("sha256//abc", self.pin("good")[:-1], self.pin("good").replace("sha256", "SHA256"), "x",
                      self.pin("good") + ",", self.pin("good")[8:]):
            with self.subTest(wrong=wrong):
                self.refused("get", "--pin", wrong, self.url("good"), says="pin")
        self.refused("get", "--pin", self.pin("good"), "--pin", self.pin("good"), self.url("good"), says="twice")
        self.refused("get", "-k", "--pin", self.pin("good"), self.url("good"), says="only hardened and pinned")
        self.refused("get", "--trust", "pinned", self.url("good"), says="add pin=")


class Anchors(Trust):
    def test_added_and_replaced(self):
        self.get("good", code=3)
        self.get("good", "--ca-add", self.root)
        self.get("good", "--capath", self.root)
        self.get("good", "--trust", f"hardened ca={self.root}")
        self.get("good", "--cacert", self.files["other_root"], code=3)
        self.get("good", "--cacert", self.files["other_root"], "--cacert", self.root)

    def test_intermediate(self):
        self.get("incomplete-chain", "--cacert", self.root, "--intermediate", self.files["intermediate"])
        self.get("incomplete-chain", "--intermediate", self.files["intermediate"], code=3)

    def test_environment(self):
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            self.get("good", env={variable: self.root})
        self.get("good", env={"REQUESTS_CA_BUNDLE": self.files["other_root"], "CURL_CA_BUNDLE": self.root}, code=3)
        self.get("good", env={"SSL_CERT_FILE": self.root, "SSL_CERT_DIR": str(pathlib.Path(self.root).parent)}, code=3)
        result = self.get("good", env={"CURL_CA_BUNDLE": "/no/such/file"}, code=2)
        self.assertIn("CURL_CA_BUNDLE", result.err)
        self.get("good", "-k", env={"CURL_CA_BUNDLE": "/no/such/file"})
        # An option that adds does not drop them.
        self.get("good", "--ca-add", self.files["other_root"], env={"CURL_CA_BUNDLE": self.root})
        self.get("good", "--ca-add", self.root, env={"CURL_CA_BUNDLE": self.files["other_root"]})

    def test_a_refusal_says_that_anchors_come_from_the_environment(self):
        other = self.files["other_root"]
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            result = self.get("good", env={variable: other}, code=3)
            self.assertIn(f"\n  anchors      from {variable} (environment)\n", result.err)
            result = self.get("good", "--format", "json", env={variable: other}, code=3)
            self.assertEqual(json.loads(result.err)["error"]["anchors_from"], variable)
        result = self.get("good", "--cacert", other, env={"CURL_CA_BUNDLE": other}, code=3)
        self.assertNotIn("CURL_CA_BUNDLE", result.err)

    def test_hostile_openssl_configuration(self):
        pathlib.Path("hostile.cnf").write_text(
            "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
            "CipherString = ALL:@SECLEVEL=0\nOptions = UnsafeLegacyRenegotiation\nMinProtocol = TLSv1\n")
        # With this one OpenSSL finds no algorithm at all.
        pathlib.Path("crippling.cnf").write_text(
            "openssl_conf = a\n[a]\nalg_section = b\n[b]\ndefault_properties = nonsense=yes\n")
        for name in ("hostile.cnf", "crippling.cnf"):
            self.get("good", "--cacert", self.root, env={"OPENSSL_CONF": name})
            self.get("tls10-only", "--cacert", self.root, code=4, env={"OPENSSL_CONF": name})

    def test_key_log_is_not_even_created(self):
        self.get("good", "--cacert", self.root, env={"SSLKEYLOGFILE": "keys.log"})
        self.assertFalse(pathlib.Path("keys.log").exists())

    def test_client_certificate(self):
        pair = ("--cert", self.files["client_cert"], "--key", self.files["client_key"])
        self.get("client-cert-required", "--cacert", self.root, *pair)
        self.refused("get", "--cert", self.files["client_cert"], "--key", self.files["root"],
                     self.url("client-cert-required"))

    def test_a_refused_client_certificate_is_named(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=stranger", "-keyout", "other.key", "-out", "other.pem"], check=True,
                       stderr=subprocess.DEVNULL)
        for name in ("client-cert-required", "client-cert-required-tls13"):
            for pair in (("--cert", "other.pem", "--key", "other.key"), ()):
                with self.subTest(name=name, pair=pair):
                    text = self.get(name, "--cacert", self.root, *pair, code=4).err
                    self.assertEqual("shown was 'CN=stranger', issued by 'CN=stranger'" in text, bool(pair))
                    self.assertEqual("--cert with another certificate, from a CA" in text, bool(pair))
                    self.assertEqual("--cert FILE [--key FILE] shows" in text, not pair)

    def test_a_password_behind_the_certificate_is_not_shown(self):
        pathlib.Path("c.p12").write_bytes(b"x")
        pathlib.Path("p.json").write_text(json.dumps({"url": self.url("good"), "cert": "c.p12:s3cret"}))
        for command in (("get", "-E", "c.p12:s3cret"), ("get", "--cert", "absent.pem:s3cret:x"),
                        ("test", "--cert", "c.p12:s3cret"), ("policy", "explain", "--cert", "c.p12:s3cret"),
                        ("get", "--print-curl", "--cert", "c.p12:s3cret")):
            for form in ("text", "json"):
                with self.subTest(command=command, form=form):
                    result = self.anycert(*command, "--format", form, self.url("good"), code=2)
                    self.assertIn("--pass-file, --pass-env or --pass-fd", result.err)
                    self.assertNotIn("s3cret", result.out + result.err)
        for form in ("text", "json"):
            result = self.anycert("get", "--format", form, "--profile", "p.json", code=2)
            self.assertIn("c.p12", result.err)
            self.assertNotIn("s3cret", result.out + result.err)
        pathlib.Path("a:b.pem").write_bytes(pathlib.Path(self.files["client_cert"]).read_bytes())
        self.get("good", "--cacert", self.root, "--cert", "a:b.pem", "--key", self.files["client_key"])

    def test_client_certificate_with_a_password(self):
        cert, key = self.files["client_cert"], self.files["client_key"]
        for args in (("pkcs12", "-export", "-in", cert, "-inkey", key, "-passout", "pass:s3cret", "-out", "c.p12"),
                     ("pkcs12", "-export", "-in", cert, "-inkey", key, "-passout", "pass:s3cret", "-out", "bundle"),
                     ("pkey", "-in", key, "-aes256", "-passout", "pass:s3cret", "-out", "locked.key")):
            subprocess.run(["openssl", *args], check=True, stderr=subprocess.DEVNULL)
        pathlib.Path("pass").write_text("s3cret\n")
        for args in (("--cert", "c.p12", "--pass", "s3cret"), ("--cert", "c.p12", "--pass-file", "pass"),
                     ("-E", "bundle", "--cert-type", "P12", "--pass-env", "PASS"),
                     ("--cert", cert, "--key", "locked.key", "--pass-env", "PASS")):
            self.get("client-cert-required", "--cacert", self.root, *args, env={"PASS": "s3cret"})
        for args in (("--cert", "c.p12"), ("--cert", "c.p12", "--pass", "wr0ng"),
                     ("--cert", cert, "--key", "locked.key", "--pass", "wr0ng")):
            sentence = self.refused("get", *args, self.url("client-cert-required"), says="password")
            self.assertNotIn("wr0ng", sentence)
        for cert_keys in ({"cert": "c.p12", "cert_password": {"file": "pass"}},
                          {"cert": "bundle", "cert_type": "P12", "cert_password": "s3cret"},
                          {"cert": cert, "key": "locked.key", "cert_password": {"env": "PASS"}}):
            pathlib.Path("box.json").write_text(json.dumps({"url": self.url("client-cert-required"),
                                                            "cacert": self.root, **cert_keys}))
            self.anycert("test", "--profile", "box.json", env={"PASS": "s3cret"})

    def test_secret_guard(self):
        url = self.url("self-signed") + "echo"
        login = ("-u", "me:s3cret", "-H", "Cookie: a=s3cret")
        self.assertIn("Authorization", self.get("self-signed", "-k", *login, path="echo").out)
        result = self.anycert("get", "-k", "--secret-guard", "withhold", *login, url)
        self.assertNotIn("Authorization", result.out)
        self.assertNotIn("s3cret", result.out)
        self.assertIn("the credentials were kept back", result.err)
        result = self.anycert("get", "-k", "--secret-guard", "refuse", *login, url, code=3)
        self.assertEqual(result.out, "")
        self.anycert("get", "-k", "--secret-guard", "refuse", url)
        good = self.anycert("get", "--cacert", self.root, "--secret-guard", "refuse", *login, self.url("good") + "echo")
        self.assertIn("Authorization", good.out)
        pathlib.Path("box.json").write_text(json.dumps({"url": self.url("self-signed"), "insecure": True,
                                                        "secret_guard": "refuse"}))
        self.anycert("get", "--profile", "box.json", *login, code=3)
        self.anycert("get", "--profile", "box.json", "--secret-guard", "send", *login)

    def test_names_and_addresses_for_the_host(self):
        port = self.authority("good").split(":")[1]
        self.anycert("get", "--cacert", self.root, "--resolve", f"x.lab.test:{port}:127.0.0.1",
                     f"https://x.lab.test:{port}/", code=3)
        self.anycert("get", "--cacert", self.root, "--connect-to", f"localhost:1:127.0.0.1:{port}",
                     "https://localhost:1/")


class Redirects(Trust):
    def test_downgrade_needs_permission(self):
        import urllib.parse
        from anycert_cli import echo
        with echo() as server:
            path = "redirect?to=" + urllib.parse.quote(server.url, safe="")
            result = self.get("good", "--cacert", self.root, "-L", path=path, code=3)
            self.assertEqual(result.err.splitlines()[1:], ["  better       --allow-downgrade follows it, in clear text"])
            result = self.get("good", "--cacert", self.root, "-L", "--allow-downgrade", "-u", "me:s3cret", path=path)
            self.assertEqual(result.out, "hello\n")
            self.assertNotIn("authorization", [name for name, _ in server.seen[0]["headers"]])

    def test_relaxations_cover_the_first_origin_only(self):
        path = "redirect?to=" + self.url("expired")
        self.get("self-signed", "--ca-add", self.root, "--allow", "self-signed,expired", "-L", path=path, code=3)
        self.get("self-signed", "-k", "-L", path=path)
        path = "redirect?to=" + self.url("self-signed")
        result = self.get("good", "--cacert", self.root, "--allow", "self-signed", "-L", path=path, code=3)
        self.assertIn("--allow self-signed --until DATE (in a request to this host", result.err)


class Proxy(Trust):
    def test_an_https_proxy_has_its_own_policy(self):
        proxy = self.url("self-signed").rstrip("/")
        for args in ((), ("-k",), ("--cacert", self.root)):
            result = run("get", *args, "-x", proxy, self.url("good"))
            self.assertEqual(result.code, 7, result)
            self.assertIn("proxy", result.err)
            self.assertIn("self-signed", result.err)
            self.assertIn("better       --cacert, -k and --allow do not apply to the proxy", result.err)
            self.assertIn("; --proxy-trust 'hardened+self-signed until=DATE'", result.err)
            self.assertNotIn("--allow self-signed", result.err)


if __name__ == "__main__":
    unittest.main()
