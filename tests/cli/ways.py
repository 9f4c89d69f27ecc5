#!/usr/bin/env python3
"""The ways that refusals and anycert trust show offer: commands that are pasted into a shell, against the lab."""
import datetime
import json
import os
import pathlib
import re
import shlex
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import BIN, LabCase  # noqa: E402
from doctor_case import proxy, self_signed  # noqa: E402
from ports import closed_port  # noqa: E402

CONDITIONS = ["good", "expired", "self-signed", "wrong-host", "expired-and-wrong-host", "incomplete-chain",
              "revoked-staple", "tls10-only", "rsa-kx-gcm", "plain-http", "client-cert-required", "cn-only",
              "expired-intermediate", "untrusted-root", "md5-leaf", "client-cert-required-tls13",
              "not-yet-valid", "self-signed-ca", "unknown-issuer", "broken-signature", "ip-no-san", "ip-as-dns-name",
              "wrong-purpose", "path-length", "long-chain", "expired-self-signed", "rsa-1024", "rsa-512", "sha1-leaf",
              "ec-explicit", "appliance", "dh-512", "renegotiation", "not-a-ca", "tls10-expired",
              "ems-intolerant"]


class Ways(LabCase):
    conditions = CONDITIONS

    def url(self, name):
        return self.servers[name]["url"]

    def get(self, name, *args, code=0):
        return self.anycert("get", *args, self.url(name), code=code)

    def shell(self, command):
        """Runs it as somebody would who has pasted it."""
        env = {**os.environ, "PATH": os.path.dirname(BIN) + ":" + os.environ["PATH"]}
        return subprocess.run(["sh", "-c", command + " -w '%{policy}' -o /dev/null"], env=env, text=True,
                              capture_output=True, timeout=60, check=False)


class Commands(Ways):
    def command(self, *args, code=3, **kwargs):
        """The command that a refusal prints; "" for none."""
        found = re.findall(r"(?m)^  command      (.*)$", self.anycert(*args, code=code, **kwargs).err)
        self.assertLessEqual(len(found), 1)
        return found[0] if found else ""

    def test_the_command_works_and_gives_up_no_more_than_needed(self):
        end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=90)).strftime("%Y-%m-%d")
        chain = f"ca={self.root}"
        for name, code, policy in [
                ("expired", 3, f"hardened+expired {chain} until={end}"),
                ("not-yet-valid", 3, f"hardened+not-yet-valid {chain} until={end}"),
                ("expired-intermediate", 3, f"hardened+expired {chain} until={end}"),
                ("cn-only", 3, f"hardened+common-name {chain} until={end}"),
                ("wrong-purpose", 3, f"hardened+wrong-purpose {chain} until={end}"),
                ("path-length", 3, f"hardened+path-length {chain} until={end}"),
                ("long-chain", 3, f"hardened+oversized-chain {chain} until={end}"),
                ("rsa-1024", 3, f"hardened+weak-key {chain} until={end}"),
                ("sha1-leaf", 3, f"hardened+weak-signature {chain} until={end}"),
                ("ec-explicit", 3, f"hardened+explicit-curve {chain} until={end}"),
                ("renegotiation", 4, f"hardened+renegotiation {chain} until={end}"),
                ("wrong-host", 3, f"hardened {chain} expect-name=other.lab.test"),
                ("ip-no-san", 3, f"hardened {chain} expect-name=localhost"),
                ("expired-and-wrong-host", 3, f"hardened+expired {chain} expect-name=other.lab.test until={end}"),
                ("self-signed", 3, f"hardened+self-signed {chain} pin={{}} until={end}"),
                ("self-signed-ca", 3, f"hardened+self-signed {chain} pin={{}} until={end}"),
                ("expired-self-signed", 3, f"hardened+self-signed+expired {chain} pin={{}} until={end}"),
                ("unknown-issuer", 3, f"hardened+untrusted-issuer {chain} pin={{}} until={end}"),
                ("incomplete-chain", 3, f"hardened+untrusted-issuer {chain} pin={{}} until={end}"),
                ("broken-signature", 3, f"pinned pin={{}} check=name,dates until={end}"),
                ("not-a-ca", 3, f"hardened+invalid-ca {chain} pin={{}} until={end}"),
                ("rsa-512", 3, f"pinned pin={{}} check=name,dates until={end}"),
                ("ip-as-dns-name", 3, f"hardened+wrong-host {chain} pin={{}} until={end}")]:
            with self.subTest(name=name):
                command = self.command("get", "--cacert", self.root, self.url(name), code=code)
                done = self.shell(command)
                self.assertEqual((done.returncode, done.stdout), (0, policy.format(self.servers[name]["pin"])),
                                 f"{command}\n{done.stderr}")

    def refusal(self, *args, code=3, **kwargs):
        """The lines of a refusal by their labels, each the first of several."""
        text = self.anycert(*args, code=code, **kwargs).err
        return dict(re.findall(r"(?m)^  (\w+) +(.*)$", text))

    def test_the_entry_is_a_line_to_be_pasted_and_the_policy_of_the_command(self):
        # In the command there is nothing to be filled in.
        for name, args, why in (("expired", (), "WHY"), ("self-signed", (), "WHY"), ("wrong-host", (), "WHY"),
                                ("expired", ("--reason", "it's old"), "it's old")):
            with self.subTest(name=name, args=args):
                # A relative path is another one in a file that is in another folder.
                found = self.refusal("get", "--cacert", os.path.relpath(self.root), *args, self.url(name))
                host, policy = found["entry"].split(" ", 1)
                self.assertEqual(found["command"].split(" --trust ", 1)[1].split(" https://")[0],
                                 "'" + policy.replace(' reason="WHY"', "").replace("'", "'\\''") + "'")
                self.assertEqual(policy.count(" reason="), 1)
                self.assertTrue(policy.endswith(f' reason="{why}"'), policy)
                pathlib.Path("folder").mkdir(mode=0o700, exist_ok=True)
                pathlib.Path("folder/hosts").write_text(found["entry"] + "\n")
                pathlib.Path("folder/hosts").chmod(0o600)
                result = self.get(name, "--policy-file", "folder/hosts", "-w", "%{policy}", "-o", "/dev/null")
                self.assertEqual(result.out.replace('"', ""), policy.replace('"', ""))
                self.assertEqual(host, self.url(name).split("/")[2])

    def test_a_new_key_is_taken_by_no_less_than_before(self):
        pin, other = self.servers["good"]["pin"], "sha256//" + "A" * 43 + "="
        text = self.get("good", "--cacert", self.root, "--pin", other, code=3).err
        self.assertIn(f" hardened ca={self.root} pin={pin} reason=\"WHY\"\n"
                      f"{' ' * 15}(a line for --policy-file FILE, once you have compared the key)\n", text)
        self.assertNotIn("  command ", text)
        text = self.get("self-signed", "--trust", f"pinned pin={other} check=name", code=3).err
        self.assertIn(f" pinned pin={self.servers['self-signed']['pin']} check=name until=", text)
        # Where more is wrong, nothing is known that is not less.
        self.assertNotIn("  entry ", self.get("self-signed", "--pin", other, code=3).err)

    def test_what_had_an_end_gets_another(self):
        end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=90)).strftime("%Y-%m-%d")
        pin = self.servers["self-signed"]["pin"]
        found = self.refusal("get", "--trust", f"pinned pin={pin} until=2020-01-01", self.url("self-signed"))
        self.assertTrue(found["entry"].endswith(f' hardened+self-signed pin={pin} until={end} reason="WHY"'))
        self.assertIn(f" until={end}' ", found["command"])

    def test_where_nobody_knows_what_would_help_the_doctor_comes_first(self):
        for name, says in (("dh-512", "--allow small-dh --until DATE if it has 1024 bits or more; else antique alone; the doctor"),
                           ("tls10-only", "--allow tls1.0 --until DATE")):
            text = self.get(name, "--cacert", self.root, code=4).err
            self.assertNotIn("  entry ", text)
            self.assertIn(says, text)
            self.assertRegex(text, rf"(?m)^  doctor       anycert doctor --cacert {self.root} https://.*\n {{15}}finds everything "
                                   r"that is wrong.*\n  better ")
            self.assertEqual(text.count("  doctor  "), 1)

    def test_a_token_server_gets_a_line_of_its_own(self):
        text = self.get("good", "--cacert", self.root, "--oauth2-client-id", "me", "--oauth2-client-secret", "x",
                        "--oauth2-token-url", self.url("self-signed") + "token", code=3).err
        authority, pin = f"localhost:{self.servers['self-signed']['port']}", self.servers["self-signed"]["pin"]
        self.assertRegex(text, rf"(?m)^  entry        {authority} hardened\+self-signed .*pin={re.escape(pin)}")
        self.assertIn("a line of --policy-file is for the token server", text)
        self.assertIn("; +self-signed in the token server's line", text)
        self.assertNotIn("  command ", text)
        self.assertNotIn("--allow self-signed", text)

    def test_no_key_is_shown_over_http(self):
        text = self.anycert("get", "--trust", "tofu", "http://localhost:1/", code=3).err
        self.assertIn("the policy's trust store means nothing", text)
        self.assertIn("https:// in its place", text)
        self.assertNotIn("--allow-downgrade", text)

    def test_no_command_is_printed_where_none_is_known_to_work(self):
        for name, code in [("revoked-staple", 3), ("tls10-only", 4), ("dh-512", 4), ("client-cert-required", 4),
                           ("plain-http", 4)]:
            self.assertEqual(self.command("get", "--cacert", self.root, self.url(name), code=code), "", name)

    def test_a_group_that_no_relaxation_takes_is_left_to_antique(self):
        for args in (("-k",), ("--trust", "report-only"), ("--allow", "small-dh", "--cacert", self.root)):
            text = self.get("dh-512", *args, code=4).err
            self.assertIn("less than 1024 bits; antique takes 512 and more, and nobody is authenticated then", text)
        self.assertIn("(relaxation: small-dh)", self.get("dh-512", "--cacert", self.root, code=4).err)
        self.get("dh-512", "--trust", "antique")

    def test_what_is_relaxed_already_stays_in_what_is_suggested(self):
        url, pin = self.url("appliance"), self.servers["appliance"]["pin"]
        relaxed = "hardened+self-signed+expired+weak-key+tls1.0+small-dh"
        policy = f"{relaxed} pin={pin} until=2099-12-31 reason=\"it's old\""
        args = ("get", "--allow", "tls1.0,small-dh", "--until", "2099-12-31", "--reason", "it's old", url)
        done = self.shell(self.command(*args))
        self.assertEqual((done.returncode, done.stdout), (0, policy), done.stderr)
        text = self.anycert(*args, code=3).err
        self.assertRegex(text, rf"(?m)^  entry        \S+ {re.escape(relaxed)} pin={re.escape(pin)} ")
        self.assertRegex(text, rf"(?m)^(?:  better      | {{14}}) --trust '{re.escape(relaxed)} pin=")
        self.assertIn("--trust 'hardened+self-signed+expired pin=", self.command("get", "--allow", "expired", self.url("expired-self-signed")))
        command = self.command("get", "--allow", "tls1.0", "--cacert", self.root, self.url("tls10-expired"))
        self.assertIn("'hardened+expired+tls1.0 ca=", command)
        self.assertEqual(self.shell(command).returncode, 0)

    def test_the_command_keeps_the_way_there_and_no_secret(self):
        port = self.servers["self-signed"]["port"]
        url = f"https://localhost:{port}/a'b?secret=1"
        args = ("--max-time", "20", "--http1.1", "-u", "me:s3cret", "-H", "X-Key: s3cret",
                "--resolve", f"localhost:{port}:127.0.0.1")
        command = self.command("get", *args, url)
        self.assertIn(f" --resolve localhost:{port}:127.0.0.1 --max-time 20 --http1.1 'https://localhost:{port}/a'\\''b'", command)
        self.assertNotIn("s3cret", command)
        self.assertNotIn("secret=1", command)
        self.assertEqual(self.shell(command).returncode, 0)
        doctor = self.refusal("get", *args, "--intermediate", self.root, "--ca-add", self.root, url)["doctor"]
        self.assertEqual(doctor, f"anycert doctor --ca-add {self.root} --intermediate {self.root} "
                                 f"--resolve localhost:{port}:127.0.0.1 https://localhost:{port}/")
        doctor = self.refusal("get", "--trust", f"hardened ca={self.root} expect-name=a.test sni=b.test", "-x",
                              "http://me:s3cret@127.0.0.1:1", "--noproxy", "localhost", url)["doctor"]
        self.assertEqual(doctor, f"anycert doctor --cacert {self.root} --expect-name a.test --sni b.test https://localhost:{port}/")
        pathlib.Path("box.json").write_text('{"trust": "hardened+expired until=2099-12-31"}')
        doctor = self.refusal("get", "--profile", "box.json", "--cacert", self.root, "--expect-name", "a.test", url)["doctor"]
        self.assertEqual(doctor, f"anycert doctor --profile box.json --expect-name a.test --cacert {self.root} https://localhost:{port}/")
        # What others would do again by a GET is nobody's to suggest.
        self.assertEqual(self.command("post", "-d", "x", url), "")


class Programs(Ways):
    """The same for programs: a refusal as JSON."""

    def told(self, *args, code):
        return json.loads(self.anycert("get", "--format", "json", *args, code=code).err)["diagnosis"]

    def test_each_defect_has_its_cause_and_a_policy_that_connects(self):
        for name, code, cause, certain, policy in [
                ("expired", 3, "expired", True, "hardened+expired "),
                ("self-signed", 3, "self-signed", True, "hardened+self-signed "),
                ("untrusted-root", 3, "unknown-root", True, "hardened+untrusted-issuer "),
                ("wrong-host", 3, "name-mismatch", True, "hardened "),
                ("broken-signature", 3, "bad-signature", True, "pinned "),
                ("revoked-staple", 3, "revoked", True, None),
                ("dh-512", 4, "small-dh", False, None),
                ("tls10-only", 4, "tls10-only", False, None),
                ("plain-http", 4, "speaks-http", False, None),
                ("client-cert-required", 4, "client-cert-required", True, None),
                ("renegotiation", 4, "client-cert-asked-late", True, "hardened+renegotiation ")]:
            with self.subTest(name=name):
                told = self.told("--cacert", self.root, self.url(name), code=code)
                self.assertIn(cause, [found["id"] for found in told["causes"]])
                self.assertTrue(all(found["evidence"] for found in told["causes"]))
                self.assertEqual((told["certain"], told["forbidden"]), (certain, ""))
                asks = "--http " if name == "renegotiation" else ""
                self.assertEqual(told["command"], f"anycert doctor --cacert {self.root} {asks}{self.url(name)}")
                self.assertEqual(told["policy"] is None, policy is None)
                if policy:
                    self.assertTrue(told["policy"].startswith(policy), told)
                    self.get(name, "--trust", told["policy"])
                    # The text has the same policy, with a reason to be filled in.
                    text = self.get(name, "--cacert", self.root, code=code).err
                    self.assertRegex(text, rf'(?m)^  entry        \S+ {re.escape(told["policy"])} reason="WHY"$')
                    self.assertIn(f'  doctor       {told["command"]}\n', text)

    def test_the_way_there(self):
        place = f"127.0.0.1:{closed_port()}"
        self.assertEqual([found["id"] for found in self.told(f"https://{place}/", code=5)["causes"]], ["connection-refused"])
        told = self.told("-x", f"http://me:s3cret@{place}", self.url("good"), code=7)
        self.assertEqual([found["id"] for found in told["causes"]], ["proxy-unreachable"])
        self.assertEqual(told["command"], f"anycert doctor --proxy http://{place} {self.url('good')}")
        told = self.told("https://nosuch.invalid/", code=5)
        self.assertEqual((told["causes"][0]["id"], told["certain"]), ("name-not-found", False))
        told = self.told("--pin", "sha256//" + "A" * 43 + "=", "--cacert", self.root, self.url("good"), code=3)
        self.assertEqual(([found["id"] for found in told["causes"]], told["by_key"]), (["pin-mismatch"], True))

    def test_a_proxy_that_is_refused_has_a_doctor(self):
        with proxy(None, self_signed()) as (port, _):
            way = ["-x", f"https://localhost:{port}", "--cacert", self.root]
            told = self.told(*way, self.url("good"), code=7)
            self.assertEqual([(found["hop"], found["id"]) for found in told["causes"]], [("proxy", "self-signed")])
            command = f"anycert doctor --cacert {self.root} --proxy https://localhost:{port} "
            self.assertEqual(told["command"], command + self.url("good"))
            said = self.get("good", *way, code=7).err
            self.assertIn(f"\n  about        the proxy localhost:{port}, and not the server behind it\n", said)
            self.assertIn(f"\n  doctor       {told['command']}\n", said)
            self.assertIn("\n  option       --proxy-trust 'hardened+self-signed pin=sha256//", said)
            self.get("good", *way, "--proxy-trust", told["policy"])
            told = self.told(*way, "--proxy-trust", f"hardened ca={self.root}", self.url("good"), code=7)
            self.assertEqual(told["command"], command + f"--proxy-trust 'hardened ca={self.root}' {self.url('good')}")

    def test_what_is_no_matter_of_links_has_none(self):
        text = self.anycert("get", "--format", "json", "-f", "--cacert", self.root, self.url("good") + "status/404", code=8).err
        self.assertNotIn("diagnosis", json.loads(text))


class Show(Ways):
    def show(self, name, *args, **kwargs):
        return self.anycert("trust", "show", *args, self.url(name), **kwargs)

    def fields(self, text):
        return {line[:12].strip(): line[13:] for line in text.splitlines() if not line.startswith(" ")}

    def test_what_it_prints_can_be_pasted(self):
        end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=90)).strftime("%Y-%m-%d")
        chain = f"ca={self.root}"
        for name, policy, other in (
                ("self-signed", f"hardened+self-signed {chain} pin={{}} until={end}", None),
                ("expired", f"hardened+expired {chain} until={end}", f"pinned pin={{}} check=name until={end}"),
                ("wrong-host", f"hardened {chain} expect-name=other.lab.test",
                 f"hardened+wrong-host {chain} pin={{}} until={end}"),
                ("expired-and-wrong-host", f"hardened+expired {chain} expect-name=other.lab.test until={end}",
                 f"hardened+expired+wrong-host {chain} pin={{}} until={end}"),
                ("md5-leaf", f"pinned pin={{}} check=name,dates until={end}", None),
                ("untrusted-root", f"hardened+untrusted-issuer {chain} pin={{}} until={end}", None)):
            with self.subTest(name=name):
                result = self.show(name, "--cacert", self.root)
                fields, pin = self.fields(result.out), self.servers[name]["pin"]
                self.assertEqual(result.err, "")
                self.assertTrue(fields["key"].startswith("proven"))
                self.assertEqual(fields["policy"], policy.format(pin))
                self.assertEqual(fields["option"], f"--trust '{fields['policy']}'")
                self.assertEqual(fields.get("or"), other and f"--trust '{other.format(pin)}'")
                for option in filter(None, (fields["option"], fields.get("or"))):
                    self.get(name, *shlex.split(option))
                self.assertEqual(self.shell(fields["command"]).returncode, 0)
                self.assertIn("relaxation", fields["wrong"])
        fields = self.fields(self.show("good", "--cacert", self.root).out)
        self.assertEqual(fields["wrong"], "nothing: hardened accepts what it shows")
        self.assertEqual(fields["option"], f"--pin {self.servers['good']['pin']}")
        self.get("good", "--cacert", self.root, *shlex.split(fields["option"]))
        self.get("good", "--trust", fields["policy"])
        self.assertEqual(self.shell(fields["command"]).returncode, 0)

    def test_no_request_is_sent(self):
        seen = []
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=localhost", "-keyout", "s.key", "-out", "s.pem"], check=True,
                       stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("s.pem", "s.key")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def serve():
                with listener.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as tls:
                    tls.settimeout(30)
                    try:
                        seen.append(tls.recv(1000))
                    except OSError:
                        seen.append(b"")
            listener.settimeout(30)
            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            result = self.anycert("trust", "show", "--http1.1", f"https://localhost:{listener.getsockname()[1]}/secret")
            thread.join(30)
        self.assertEqual(seen, [b""])
        self.assertIn("wrong        self-signed certificate", result.out)

    def test_a_key_that_was_not_proven_is_called_so(self):
        result = self.show("client-cert-required", code=4)
        fields = self.fields(result.out)
        self.assertTrue(fields["key"].startswith("unproven"), result)
        # Anybody could have sent it.
        self.assertEqual(fields["option"], "none: a key that is not proven is not to be pinned")
        self.assertNotIn("policy", fields)
        self.assertNotIn("command", fields)
        step = f"anycert get --cert FILE [--key FILE] {self.url('client-cert-required')}"
        self.assertEqual(fields["next"].rstrip("/"), step.rstrip("/"))
        self.get("client-cert-required", "--cacert", self.root, "--cert", self.files["client_cert"], "--key",
                 self.files["client_key"], "-o", "/dev/null")
        document = json.loads(self.show("client-cert-required", "--format", "json", code=4).out)
        self.assertEqual((document["policy"], document["policies"]), (None, []))
        # TLS 1.3 asks for the client's certificate when the server's key is proven.
        fields = self.fields(self.show("client-cert-required-tls13").out)
        self.assertTrue(fields["key"].startswith("proven"))
        self.assertTrue(result.err.startswith("anycert: TLS with "))
        self.assertEqual(self.show("plain-http", code=4).out, "")
        self.refused("trust", "show", "http://localhost:1/", says="not protected")

    def test_old_servers_are_shown_by_a_wider_offer(self):
        for name, protocol, policy in (("tls10-only", "TLSv1.0", r"hardened\+tls1\.0 ca=\S+ until=\S+"),
                                       ("appliance", "TLSv1.0",
                                        r"hardened\+self-signed\+expired\+weak-key\+tls1\.0\+small-dh ca=\S+ pin=\S+ until=\S+")):
            with self.subTest(name=name):
                fields = self.fields(self.show(name, "--cacert", self.root).out)
                self.assertIn(f"({protocol})", fields["server"])
                self.assertTrue(fields["key"].startswith("proven"))
                self.assertRegex(fields["policy"], f"^{policy}$")
                self.assertEqual(self.shell(fields["command"]).returncode, 0)
        self.assertIn("antique alone", self.fields(self.show("dh-512").out)["option"])
        # Whoever names a policy sees what that shows.
        self.assertEqual(self.show("tls10-only", "--trust", "report-only", code=4).out, "")
        fields = self.fields(self.show("tls10-only", "--allow", "tls1.0", "--cacert", self.root).out)
        self.assertIn("(TLSv1.0)", fields["server"])

    def test_what_no_pin_makes_right(self):
        fields = self.fields(self.show("revoked-staple", "--cacert", self.root).out)
        self.assertTrue(fields["option"].startswith("none"))
        self.assertNotIn("policy", fields)

    def test_what_was_negotiated_is_told_beside_it(self):
        fields = self.fields(self.show("rsa-kx-gcm", "--cacert", self.root).out)
        self.assertRegex(fields["policy"], r"^hardened\+rsa-key-exchange ca=\S+ until=\S+$")
        self.assertRegex(fields["or"], r"^--trust 'pinned\+rsa-key-exchange pin=sha256//\S+ check=name,dates until=\S+'$")

    def test_for_programs(self):
        document = json.loads(self.show("self-signed", "--format", "json").out)
        pin = self.servers["self-signed"]["pin"]
        self.assertEqual((document["key_proven"], document["pins"][0]["pin"], document["pins"][0]["own"]),
                         (True, pin, True))
        self.assertRegex(document["policy"], re.escape(f"hardened+self-signed pin={pin}") + r" until=\S+$")
        self.assertEqual(document["report"]["reference_verdict"], "fail")
        self.assertIsNone(json.loads(self.show("revoked-staple", "--format", "json", "--cacert", self.root).out)["policy"])

    def test_what_hardened_was_not_seen_to_accept_is_not_suggested(self):
        fields = self.fields(self.show("ems-intolerant", "--cacert", self.root).out)
        self.assertIn("its handshake took antique", fields["wrong"])
        self.assertEqual(fields["option"], "none is known without trying: anycert doctor does")
        self.assertFalse({"policy", "command"} & set(fields))

    def test_names_and_ways(self):
        fields = self.fields(self.show("wrong-host", "--cacert", self.root, "--expect-name", "other.lab.test").out)
        self.assertEqual(fields["wrong"], "nothing: hardened accepts what it shows")
        self.anycert("trust", "show", "-x", self.url("self-signed").rstrip("/"), self.url("good"), code=7)
        self.refused("trust", "show", "--cert", "x", self.url("good"), says="--cert")
        self.refused("trust", "shew", self.url("good"), says="did you mean 'show'")
        self.refused("trust", says="needs one more word")


if __name__ == "__main__":
    unittest.main()
