#!/usr/bin/env python3
"""What the doctor prints is run as it stands: the commands of its remedies, the entry that --apply writes, and what it
says for other clients. They have to go the way that the examination was told to go: with its anchors, its expected name,
its addresses, its proxy, its profile."""
import contextlib
import datetime
import http.server
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402
from anycert_cli import BIN, Case, run  # noqa: E402
from doctor_case import proxy, self_signed  # noqa: E402
from labservers import lab  # noqa: E402

HOST = "appliance.invalid"  # found by an option alone
CONDITIONS = ["good", "expired", "self-signed", "untrusted-root", "incomplete-chain", "wrong-host", "expired-and-unknown-root", "expired-and-wrong-host",
              "client-cert-required", "tls10-only", "plain-http", "revoked-staple"]
USED = {"PROXY_USER": "user:pw"}
END = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=90)).date().isoformat()
# What is to be found in the folder of whoever runs the commands, and what of it is right where.
FILES = {"private-ca.pem": "other_root", "company-ca.pem": "other_root", "intermediate.pem": "intermediate",
         "client.pem": "client_cert", "client-chain.pem": "client_cert", "client.key": "client_key"}


class _Tunnel(http.server.BaseHTTPRequestHandler):
    """A proxy that says in plain HTTP what it cannot understand."""

    def do_CONNECT(self):  # pylint: disable=invalid-name
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as there:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=self.pump, args=(there, self.connection))
            back.start()
            self.pump(self.connection, there)
            back.join()

    @staticmethod
    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def plain_proxy():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Tunnel)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Commands(Case):
    @classmethod
    def setUpClass(cls):
        cls.before, cls.folder = os.getcwd(), pathlib.Path(tempfile.mkdtemp())
        os.chdir(cls.folder)
        (cls.folder / "bin").mkdir()
        (cls.folder / "bin/anycert").symlink_to(BIN)
        cls.running = lab(*CONDITIONS)
        cls.servers, cls.files = cls.running.__enter__()  # pylint: disable=unnecessary-dunder-call
        for name, source in FILES.items():
            shutil.copy(cls.files[source], name)
        shutil.copy(cls.files["root"], "root file.pem")

    @classmethod
    def tearDownClass(cls):
        cls.running.__exit__(None, None, None)
        os.chdir(cls.before)
        shutil.rmtree(cls.folder)

    def port(self, name):
        return self.servers[name]["port"]

    def way(self, name):
        """To a host that only these options lead to."""
        return ["--cacert", "root file.pem", "--resolve", f"{HOST}:{self.port(name)}:127.0.0.1", "--expect-name",
                "localhost"]

    def doctor(self, name, *args, host=HOST):
        done = run("doctor", "--format", "json", *args, f"https://{host}:{self.port(name)}/")
        self.assertTrue(done.out, done.err)
        found = json.loads(done.out)
        self.every_relaxation_ends(found)
        return found

    def shell(self, text, **environment):
        return subprocess.run(["sh", "-e", "-c", text], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=240, check=False, env={
                                  "PATH": f"{self.folder}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(self.folder),
                                  **environment})

    def own_commands(self, found):
        lines = [line for remedy in found["remedies"] for line in (remedy["lines"] or "").splitlines()
                 if line.startswith("anycert ")]
        self.assertTrue(lines, found["remedies"])
        return sorted(set(lines))

    def every_relaxation_ends(self, found):
        lines = [line for remedy in found["remedies"] for line in (remedy["lines"] or "").splitlines()]
        for line in (*lines, found["command"] or ""):
            words = shlex.split(line) if line.startswith("anycert get ") else []
            self.assertFalse({"-k", "--insecure"} & set(words), line)
            if "--allow" in words:
                self.assertEqual(words[words.index("--until") + 1], END, line)
            for option, policy in zip(words, words[1:]):
                if option in ("--trust", "--proxy-trust") and not re.match("hardened( |$)", policy):
                    self.assertIn(f" until={END}", policy, line)

    def runs(self, found, works):
        """Each is understood; those that are said to work connect."""
        for line in self.own_commands(found):
            with self.subTest(line):
                done = self.shell(line, **USED)
                self.assertNotEqual(done.returncode, 2, done.stdout)
                if any(word in line for word in works):
                    self.assertEqual(done.returncode, 0, done.stdout)

    CASES = [("untrusted-root", ["--ca-add", "--pin"]), ("incomplete-chain", ["--intermediate"]),
             ("client-cert-required", ["--cert"]), ("plain-http", ["http://"])]

    def test_remedies_go_the_way_of_the_examination(self):
        for name, works in self.CASES:
            self.runs(self.doctor(name, *self.way(name)), works)

    def test_by_another_server(self):
        for name, works in self.CASES[:2]:
            rule = f"{HOST}:{self.port(name)}:localhost:{self.port(name)}"
            found = self.doctor(name, "--ca-add", "root file.pem", "--connect-to", rule, "--expect-name", "localhost",
                                "--sni", "localhost")
            self.runs(found, works)
            self.assertIn(f"--sni localhost --connect-to {rule}", self.own_commands(found)[0])

    def test_what_the_remedy_says_takes_the_place_of_what_was_given(self):
        name = "self-signed"
        found = self.doctor(name, *self.way(name))
        pathlib.Path("server.pem").write_text(self.saved_leaf(), encoding="ascii")
        self.runs(found, ["--cacert server.pem", "--pin"])
        self.assertEqual([line.count("--cacert") for line in self.own_commands(found)], [1, 1])
        name = "wrong-host"
        found = self.doctor(name, *self.way(name)[:4], "--expect-name", "a.test")
        self.runs(found, ["--expect-name"])
        self.assertNotIn("a.test", " ".join(self.own_commands(found)))

    # ---- the one command

    ONES = [("expired-and-wrong-host", []), ("expired", []), ("tls10-only", []), ("untrusted-root", []),
            ("self-signed", []), ("expired-and-unknown-root", []), ("good", []), ("good", ["--http"]),
            ("incomplete-chain", []), ("incomplete-chain", ["--intermediate", "intermediate.pem"]),
            ("wrong-host", ["--http-body", "--timeout", "31"])]

    def test_one_command_takes_all_causes(self):
        for name, more in self.ONES:
            with self.subTest(name, more=more):
                way = self.way(name)[:4] + ([] if "wrong" in name else ["--expect-name", "localhost"]) + more
                found = self.doctor(name, *way)
                done = self.shell(found["command"])
                self.assertEqual(done.returncode, 0, f"{found['command']}\n{done.stdout}")
                text = run("doctor", *way, f"{HOST}:{self.port(name)}").out
                self.assertIn(f"use it: {found['command']}\n", text)
                self.assertEqual("--trust" in found["command"], found["verdict"] != "healthy")
                self.assertEqual(found["request_sent"], "--http" in more or "--http-body" in more)
                if "--timeout" in more:
                    self.assertIn(" --connect-timeout 31 ", found["command"])
                if "--intermediate" in more:
                    self.assertIsNone(found["keep_command"])
                else:
                    self.assertIn(f"keep it: {found['keep_command']}\n", text)
                    self.keeps(name, found)

    def keeps(self, name, found):
        """Without a terminal the pin or the name has to be said."""
        pathlib.Path("hosts.policy").unlink(missing_ok=True)
        command = found["keep_command"] + " --yes"
        if found["least"] and " pin=" in found["least"]["policy"]:
            self.assertEqual(self.shell(command).returncode, 2)
            command += f" --pin {self.servers[name]['pin']}"
        elif "wrong" in name:
            self.assertEqual(self.shell(command).returncode, 2)
            command += " --expect-name other.lab.test"
        done = self.shell(command)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")
        done = self.shell(f"anycert get --policy-file hosts.policy --resolve {self.way(name)[3]} https://{HOST}:{self.port(name)}/")
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_one_command_has_an_end_and_no_secret(self):
        with proxy(None) as (port, seen):
            found = self.doctor("expired", "--cacert", "root file.pem", "-x", f"http://user:geheim@127.0.0.1:{port}",
                                host="localhost")
            self.assertNotIn("geheim", json.dumps(found))
            self.assertIn(f" until={END}' ", found["command"])
            self.assertNotIn("until", found["least"]["policy"])
            before = len(seen)
            self.assertEqual(self.shell(found["command"], **USED).returncode, 0, found["command"])
            self.assertIn("Proxy-Authorization: Basic ", seen[before])
            self.assertNotIn("proxy-user", found["keep_command"])
            self.keeps_by(found["keep_command"] + " --yes")

    def keeps_by(self, command):
        pathlib.Path("hosts.policy").unlink(missing_ok=True)
        done = self.shell(command)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")

    def test_one_command_of_a_profile_has_its_own_policy(self):
        pathlib.Path("weak.json").write_text(json.dumps({
            "url": f"https://localhost:{self.port('good')}/", "cacert": ["root file.pem"], "insecure": True}), "utf-8")
        found = json.loads(run("doctor", "--format", "json", "--profile", "weak.json").out)
        self.assertIn("--trust 'hardened ca=", found["command"])
        self.assertEqual(self.shell(found["command"]).returncode, 0, found["command"])

    def test_no_command_where_nothing_connects(self):
        for name in ("revoked-staple", "plain-http"):
            found = self.doctor(name, *self.way(name))
            self.assertEqual((found["command"], found["keep_command"]), (None, None))
            self.assertNotIn("use it:", run("doctor", *self.way(name), f"{HOST}:{self.port(name)}").out)

    def test_one_command_has_the_client_certificate(self):
        found = self.doctor("client-cert-required", *self.way("client-cert-required"))
        self.assertIn(" --cert client.pem --key client.key ", found["command"])
        self.assertEqual(self.shell(found["command"]).returncode, 0, found["command"])
        self.assertIsNone(found["keep_command"])

    def test_shared_remedies_are_pointed_at(self):
        text = run("doctor", *self.way("expired-and-wrong-host")[:4], f"{HOST}:{self.port('expired-and-wrong-host')}").out
        self.assertIn("\nto mend name-mismatch, and this alone\n", text)
        self.assertIn("\n  and as for expired, above\n", text)

    def saved_leaf(self):
        run("doctor", "--save", "it.json", *self.way("self-signed"), f"{HOST}:{self.port('self-signed')}")
        return json.loads(pathlib.Path("it.json").read_text("utf-8"))["certificates"][0]

    def test_through_a_proxy(self):
        with proxy(None) as (port, seen):
            found = self.doctor("untrusted-root", "--cacert", "root file.pem", "-x", f"http://user:geheim@127.0.0.1:{port}",
                                host="localhost")
            before = len(seen)
            self.runs(found, ["--ca-add", "--pin"])
            self.assertNotIn("geheim", json.dumps(found))
            self.assertEqual(len(seen) - before, 3)  # one for each that connects, and for that without the right CA
            self.assertTrue(all("Proxy-Authorization: Basic " in head for head in seen[before:]), seen[before:])

    def test_the_proxy_itself(self):
        with plain_proxy() as port:
            found = self.doctor("good", "--cacert", "root file.pem", "-x", f"https://127.0.0.1:{port}", "--proxy-trust",
                                "hardened ca='root file.pem'".replace("'", '"'), host="localhost")
            self.assertEqual([cause["id"] for cause in found["causes"]], ["proxy-is-plain"])
            self.runs(found, ["-x http://"])
        with proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n") as (port, _):
            found = self.doctor("good", "--cacert", "root file.pem", "-x", f"http://127.0.0.1:{port}", host="localhost")
            self.runs(found, ["--noproxy"])
        with proxy(b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n\r\n") as (port, seen):
            found = self.doctor("good", "--cacert", "root file.pem", "-x", f"http://127.0.0.1:{port}", host="localhost")
            for line in self.own_commands(found):
                self.shell(line, **USED)
            self.assertIn("Proxy-Authorization: Basic ", seen[-1])

    def test_policy_of_the_proxy_has_an_end_in_commands(self):
        with proxy(None, self_signed()) as (port, _):
            found = self.doctor("good", "--cacert", "root file.pem", "-x", f"https://localhost:{port}", host="localhost")
            self.assertRegex(found["command"], rf" --proxy-trust 'hardened\+self-signed pin=\S+ until={END}' ")
            self.assertEqual(self.shell(found["command"]).returncode, 0, found["command"])
            self.assertIn(f" until={END}' ", " ".join(self.own_commands(found)))
            self.assertNotIn(" until=", found["proxy"]["least"]["policy"])
            for advice in (found["proxy"]["least"], *found["proxy"]["alternatives"]):
                self.assertIn("a genuine self-signed proxy look alike", advice["note"])

    def test_what_the_ca_does_not_mend_is_needed_still(self):
        for name, still in (("untrusted-root", False), ("expired-and-unknown-root", True)):
            text = run("doctor", "--for", "curl", *self.way(name), f"{HOST}:{self.port(name)}").out
            self.assertEqual("use --cacert private-ca.pem instead" in text, not still, text)
            self.assertEqual("use --cacert private-ca.pem; what has nothing to do with that is needed still" in text, still)

    def test_a_profile_is_named(self):
        with proxy(None) as (port, seen):
            pathlib.Path("box.json").write_text(json.dumps({
                "url": f"https://localhost:{self.port('untrusted-root')}/", "cacert": ["root file.pem"],
                "proxy": f"http://127.0.0.1:{port}"}), encoding="utf-8")
            done = run("doctor", "--format", "json", "--profile", "box.json")
            found = json.loads(done.out)
            before = len(seen)
            self.runs(found, ["--ca-add", "--pin"])
            self.assertEqual(len(seen) - before, 3)
            self.assertTrue(all(line.startswith("anycert get --profile box.json ") for line in self.own_commands(found)))

    def test_text_has_the_same_commands(self):
        way = self.way("untrusted-root")
        found = self.doctor("untrusted-root", *way)
        text = run("doctor", *way, f"{HOST}:{self.port('untrusted-root')}").out
        for line in self.own_commands(found):
            self.assertIn(f"      {line}\n", text)
        self.assertIn("--cacert 'root file.pem' --expect-name localhost --resolve", text)

    def test_replay_has_them_too(self):
        way = self.way("untrusted-root")
        found = self.doctor("untrusted-root", *way, "--save", "it.json")
        again = json.loads(run("doctor", "--format", "json", "--replay", "it.json").out)
        self.assertEqual(self.own_commands(again), self.own_commands(found))
        saved = json.loads(pathlib.Path("it.json").read_text("utf-8"))
        for given in ([["trust", "trust-any"]], [["output", "x"]], [["cacert", "a\nb"]], [["cacert"]], [3], "no",
                      [["cacert", "a\0b"]], [["proxy", ""]]):
            with self.subTest(given):
                saved["question"]["given"] = given
                pathlib.Path("it.json").write_text(json.dumps(saved), "utf-8")
                self.refused("doctor", "--replay", "it.json", says="given is missing")

    def test_the_entry_of_apply(self):
        for name in ("expired", "tls10-only"):
            path = pathlib.Path(f"{name}.policies")
            way = self.way(name)
            done = run("doctor", "--apply", "--policy-file", str(path), "--yes", *way, f"{HOST}:{self.port(name)}")
            self.assertEqual(done.code, 0, done.err)
            done = self.shell(f"anycert get --policy-file {path} --resolve {way[3]} https://{HOST}:{self.port(name)}/")
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_refused_request_names_commands_that_run(self):
        name = "untrusted-root"
        with proxy(None) as (port, _):
            way = ["--cacert", "root file.pem", "-x", f"http://user:geheim@127.0.0.1:{port}"]
            refused = run("get", *way, f"https://localhost:{self.port(name)}/")
            command = next(line.split(None, 1)[1] for line in refused.err.splitlines() if line.split()[:1] == ["doctor"])
            self.assertIn(f"--proxy http://127.0.0.1:{port} ", command)
            self.assertNotIn("geheim", command)
            self.assertEqual(self.shell(command).returncode, 10)

    # ---- other clients

    def elsewhere(self, client, name, *args, host=HOST):
        found = self.doctor(name, "--for", client, *args, host=host)
        return found["elsewhere"][0]["fit"], found["elsewhere"][0]["text"]

    def test_curl_goes_every_way(self):
        for name in ("good", "expired"):
            fit, text = self.elsewhere("curl", name, *self.way(name)[:4], "--expect-name", "localhost")
            self.assertNotEqual(fit, "lacks", text)
            done = self.shell(text)
            self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}")
        with proxy(None) as (port, seen):
            _, text = self.elsewhere("curl", "good", "--cacert", "root file.pem", "--proxy", f"http://127.0.0.1:{port}",
                                     host="localhost")
            before = len(seen)
            self.assertEqual(self.shell(text).returncode, 0, text)
            self.assertEqual(len(seen), before + 1)

    def by(self, client, text):
        if client == "wget":
            return self.shell(text)
        if client == "requests":
            pathlib.Path("ask.py").write_text(text, "utf-8")
            return self.shell("/usr/bin/python3 -I -W ignore ask.py")
        if client == "go":
            pathlib.Path("ask.go").write_text(text, "utf-8")
            return self.shell(f"{strangers.tool('go', '/usr/lib/go/bin/go')} run ask.go", GOCACHE=f"{self.folder}/cache",
                              GO111MODULE="off", GOFLAGS="", GOPATH=str(self.folder), GOTOOLCHAIN="local", CGO_ENABLED="0")
        pathlib.Path("Ask.java").write_text(text, "utf-8")
        return self.shell(f"{strangers.tool('java')} -XX:TieredStopAtLevel=1 -Xshare:auto Ask.java")

    def test_others_go_through_the_proxy(self):
        for client in ("wget", "requests", "go", "java"):
            with self.subTest(client), proxy(None) as (port, seen):
                fit, text = self.elsewhere(client, "good", "--cacert", "root file.pem", "-x", f"http://127.0.0.1:{port}",
                                           host="localhost")
                self.assertEqual(fit, "same", text)
                before = len(seen)
                done = self.by(client, text)
                self.assertEqual((done.returncode, len(seen)), (0, before + 1), f"{text}\n{done.stdout}")

    def test_what_they_cannot_is_said(self):
        for client in ("wget", "requests", "go", "node", "java"):
            with self.subTest(client):
                fit, text = self.elsewhere(client, "good", *self.way("good"))
                self.assertEqual(fit, "lacks", text)
                self.assertIn("the other address of the examination is not in this", text)
        with proxy(None) as (port, _):
            fit, text = self.elsewhere("node", "good", "--cacert", "root file.pem", "-x", f"http://127.0.0.1:{port}",
                                       host="localhost")
            self.assertEqual(fit, "lacks", text)
            self.assertIn(f"the proxy http://127.0.0.1:{port} of the examination is not in this", text)


if __name__ == "__main__":
    unittest.main()
