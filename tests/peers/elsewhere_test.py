#!/usr/bin/env python3
"""What the doctor says for other clients is tried with them: where anycert gets in under a policy, their equivalent of
that policy gets in, and their equivalent of hardened does not; what they are said to lack may fail. What is not called
coarser lets nothing else in.

One condition for each kind of concession is tried; with ANYCERT_EVERYTHING=1 in the environment all of the lab's are,
which takes six minutes."""
import concurrent.futures
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402
from labservers import lab  # noqa: E402

SAYS = str(pathlib.Path(os.environ["ANYCERT_BUILD_DIR"]) / "bin" / "doctor_lines")
PYTHON = "/usr/bin/python3"
GO_FOLDER = pathlib.Path("go").resolve()
CLEAN = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}

HOSTS = pathlib.Path("hosts").resolve()
PARALLEL = 4

EVERYTHING = bool(os.environ.get("ANYCERT_EVERYTHING"))
# A condition of each kind.
KINDS = ["good", "expired", "wrong-host", "self-signed", "cn-only", "rsa-1024", "tls10-only", "dh-1024", "rsa-kx-gcm",
         "sha1-handshake", "no-rfc5746", "camellia", "etm-intolerant"]
# Programs that take long to be compiled are tried where each of their parts is needed.
KINDS_OF = {"wget": [*KINDS, "post-handshake-auth"], "go": ["self-signed", "wrong-host", "tls10-only"], "java": ["wrong-host", "tls10-only", "self-signed"]}
ALL_OF = {
    "go": ["self-signed", "expired", "wrong-host", "cn-only", "wrong-purpose", "critical-extension", "sni-required",
           "untrusted-root", "not-yet-valid", "tls10-only", "rsa-kx-gcm", "sha1-handshake", "path-length", "rsa-1024",
           "no-rfc5746", "good-ip"],
    "java": ["wrong-host", "expired", "tls10-only", "tls11-only", "self-signed", "ems-intolerant", "cn-only",
             "rsa-1024", "sha1-leaf", "dh-1024", "no-rfc5746", "rsa-kx-gcm", "etm-intolerant", "alpn-mismatch", "good"],
}
# Policies, and a server each that has another fault than the one that they let through.
OTHERS = [("hardened+expired", "wrong-host"), ("hardened+expired", "self-signed"), ("hardened+wrong-host", "expired"),
          ("hardened+tls1.0", "expired"), ("hardened+rsa-key-exchange", "tls10-only"),
          ("hardened+common-name", "wrong-host"), ("hardened+no-etm", "dh-1024")]
# They take a common name for the host's, that of an address, too, where hardened does not.
LAXER = {("curl", "ip-in-cn"), ("requests", "ip-in-cn")}

# Conditions that have one cause, by its id.
CAUSES = {
    "expired": "expired", "expired-intermediate": "expired-issuer", "not-yet-valid": "not-yet-valid",
    "self-signed": "self-signed", "untrusted-root": "unknown-root", "unknown-issuer": "unknown-root",
    "incomplete-chain": "missing-intermediate", "authority-key-mismatch": "key-identifiers-differ",
    "wrong-host": "name-mismatch", "ip-no-san": "address-mismatch", "ip-as-dns-name": "address-as-name",
    "cn-only": "common-name-only", "wrong-purpose": "wrong-purpose", "not-a-ca": "not-a-ca",
    "path-length": "path-length", "name-constraints": "name-constraints", "critical-extension": "critical-extension",
    "oversized-chain": "chain-too-large", "rsa-1024": "weak-key", "sha1-leaf": "sha1-signature",
    "ec-explicit": "explicit-curve", "tls11-only": "tls11-only", "tls10-only": "tls10-only",
    "rsa-kx-gcm": "static-rsa-only", "dh-1024": "small-dh", "sha1-handshake": "sha1-handshake",
    "secp256k1-group": "rare-group", "camellia": "rare-ciphers-only", "no-rfc5746": "no-secure-renegotiation",
    "sni-unrecognized-name": "sni-unknown", "alpn-mismatch": "alpn-mismatch",
}
# Whose texts a client shows. With OpenSSL inside, the last part of a text is OpenSSL's.
SPEAKERS = {"requests": {"Python", "OpenSSL"}, "openssl.cnf": {"OpenSSL"}, "node": {"Node", "OpenSSL"}, "go": {"Go"},
            "java": {"Java"}}


def says(*args):
    return json.loads(subprocess.run([SAYS, *args], stdout=subprocess.PIPE, check=True).stdout)


def ends_well(folder, *command, **environment):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          cwd=folder, env={**CLEAN, **environment}, timeout=240, check=False)
    return done.returncode == 0, done.stdout.decode("utf-8", "replace")


def by_shell(folder, text, _):
    (folder / "command.sh").write_text(text, encoding="utf-8")
    return ends_well(folder, "sh", "command.sh")


def by_requests(folder, text, _):
    (folder / "program.py").write_text(text, encoding="utf-8")
    return ends_well(folder, PYTHON, "-I", "-W", "ignore", "program.py")


def by_openssl(folder, text, server):
    """The first client of that configuration that comes to mind; what it says of certificates is checked, too."""
    host = server["host"]
    names = ["-servername", host, "-verify_hostname", host] if host[0].isalpha() else ["-verify_ip", host]
    (folder / "openssl.cnf").write_text(text, encoding="utf-8")
    return ends_well(folder, strangers.tool("openssl"), "s_client", "-connect", f"{host}:{server['port']}", *names,
                     "-verify_return_error", "-brief", "-partial_chain", OPENSSL_CONF="openssl.cnf",
                     SSL_CERT_FILE=server["ca_file"], SSL_CERT_DIR="/nonexistent")


def by_node(folder, text, _):
    (folder / "program.js").write_text(text, encoding="utf-8")
    return ends_well(folder, strangers.tool("node"), "program.js")


def by_go(folder, text, _):
    (folder / "program.go").write_text(text, encoding="utf-8")
    GO_FOLDER.mkdir(exist_ok=True)
    return ends_well(folder, strangers.tool("go", "/usr/lib/go/bin/go"), "run", "program.go", HOME=str(GO_FOLDER),
                     GOCACHE=str(GO_FOLDER / "cache"), GO111MODULE="off", GOFLAGS="", GOPATH=str(GO_FOLDER),
                     GOTOOLCHAIN="local", CGO_ENABLED="0")


def by_java(folder, text, _):
    (folder / "Ask.java").write_text(text, encoding="utf-8")
    return ends_well(folder, strangers.tool("java"), "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                     f"-Djdk.net.hosts.file={HOSTS}", "Ask.java")


CLIENTS = {"curl": by_shell, "requests": by_requests, "openssl.cnf": by_openssl, "wget": by_shell, "node": by_node,
           "go": by_go, "java": by_java}


class Try:
    """An equivalent that was carried out."""

    def __init__(self, client, server, policy, host=None):
        host = host or server["host"]
        said = says("elsewhere", client, host, str(server["port"]), policy)
        self.name = f"{client}, {server['name']}, {policy}"
        self.fit, self.text = said["fit"], said["text"]
        with tempfile.TemporaryDirectory() as folder:
            self.connects, self.output = CLIENTS[client](pathlib.Path(folder), self.text, {**server, "host": host})

    def __str__(self):
        return f"{self.name}: {self.fit}\n{self.text}\n{self.output[-2000:]}"


class Elsewhere(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        HOSTS.write_text("127.0.0.1 localhost named.lab.test\n", encoding="ascii")
        cls.running = lab()
        cls.servers, cls.files = cls.running.__enter__()  # pylint: disable=unnecessary-dunder-call
        cls.anchors = f" ca={cls.files['root']}"

    @classmethod
    def tearDownClass(cls):
        cls.running.__exit__(None, None, None)

    def all_tries(self, wanted):
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(lambda arguments: Try(*arguments), wanted))

    def expect(self, client, server, policy, connects, host=None):
        done = Try(client, self.servers[server], policy + self.anchors, host)
        self.assertEqual(done.connects, connects, done)
        return done

    def reachable(self, client):
        """Servers whose name this machine can resolve, and that a policy gets into."""
        for name, server in self.servers.items():
            few = ALL_OF.get(client, [name]) if EVERYTHING else KINDS_OF.get(client, KINDS)
            if (not server["resolve"] and server["url"].startswith("https:") and name in few and
                    (server["needs"] or "").startswith("hardened")):
                yield server

    def compare(self, client):
        servers = list(self.reachable(client))
        with_policy = self.all_tries((client, server, server["needs"] + self.anchors) for server in servers)
        refusing = [server for server in servers
                    if server["needs"] != "hardened" and (client, server["name"]) not in LAXER]
        hardened = dict(zip((server["name"] for server in refusing), self.all_tries(
            (client, server, "hardened" + self.anchors) for server in refusing)))
        exact = 0
        for server, one in zip(servers, with_policy):
            with self.subTest(server=server["name"]):
                if one.fit != "lacks":
                    self.assertTrue(one.connects, one)
                other = hardened.get(server["name"])
                if not other:
                    continue
                if other.connects:
                    self.assertIn("by itself", one.text, other)
                else:
                    exact += one.connects
                    self.expect_known_text(client, server["name"], other)
        return exact

    def expect_known_text(self, client, condition, failed):
        """A search for what the client says finds the cause."""
        if client not in SPEAKERS or condition not in CAUSES:
            return
        texts = [seen["text"] for seen in says("seen", CAUSES[condition]) if seen["who"] in SPEAKERS[client]]
        output = failed.output.replace("ssl/tls alert", "sslv3 alert")  # as OpenSSL says since 3.2
        self.assertTrue(any(text in output for text in texts), f"{texts}\n{failed}")

    def test_curl(self):
        self.assertGreater(self.compare("curl"), 30 if EVERYTHING else 7)

    def test_requests(self):
        self.assertGreater(self.compare("requests"), 30 if EVERYTHING else 7)

    def test_openssl(self):
        self.assertGreater(self.compare("openssl.cnf"), 10 if EVERYTHING else 5)

    def test_wget(self):
        self.assertGreater(self.compare("wget"), 25 if EVERYTHING else 7)

    def test_node(self):
        self.assertGreater(self.compare("node"), 30 if EVERYTHING else 7)

    def test_go(self):
        self.assertGreater(self.compare("go"), 10 if EVERYTHING else 2)

    def test_java(self):
        self.assertGreater(self.compare("java"), 5 if EVERYTHING else 2)

    def test_nothing_wider(self):
        wanted = [(client, self.servers[server], policy + self.anchors)
                  for client in ("curl", "requests", "wget", "node") for policy, server in OTHERS]
        wanted += [(client, self.servers["wrong-host"], "hardened+expired" + self.anchors) for client in ("go", "java")]
        narrow = 0
        for done in self.all_tries(wanted):
            with self.subTest(done.name):
                if done.fit == "same":
                    self.assertFalse(done.connects, done)
                    narrow += 1
        self.assertGreater(narrow, len(wanted) // 3)

    def test_the_switch(self):
        servers = [server for server in self.servers.values()
                   if server["trust_any"] and not server["resolve"] and server["url"].startswith("https:") and
                   (EVERYTHING or server["name"] in ("expired-self-signed", "dh-1024", "tls12-only"))]
        for client in ("requests", "node"):
            for done in self.all_tries((client, server, "trust-any") for server in servers):
                with self.subTest(done.name):
                    self.assertEqual(done.fit, "same", done)
                    self.assertTrue(done.connects, done)

    def test_expected_names(self):
        for client in ("curl", "requests", "node") + (("go", "java") if EVERYTHING else ()):
            with self.subTest(client):
                self.expect(client, "ip-no-san", "hardened", False)
                done = self.expect(client, "ip-no-san", "hardened expect-name=localhost", True)
                self.assertEqual(done.fit, "same", done)
                self.expect(client, "ip-no-san", "hardened expect-name=a.test", False)

    def test_names_that_are_not_sent(self):
        self.expect("java", "sni-intolerant", "hardened+wrong-host", False, host="named.lab.test")
        self.expect("java", "sni-intolerant", "hardened+wrong-host+no-sni", True, host="named.lab.test")

    def test_pins(self):
        good, other, bad = (self.servers[name]["pin"] for name in ("good", "good-ec", "expired-self-signed"))
        for client in ("curl", "wget", "node") + (("go",) if EVERYTHING else ()):
            with self.subTest(client):
                self.expect(client, "good", f"hardened pin={good}", True)
                self.expect(client, "good", f"hardened pin={other}", False)
                self.expect(client, "self-signed", f"hardened pin={self.servers['self-signed']['pin']}", False)
        for client in ("curl", "wget") + (("go",) if EVERYTHING else ()):
            with self.subTest(client):
                self.expect(client, "expired-self-signed", "hardened", False)
                done = Try(client, self.servers["expired-self-signed"], f"pinned pin={bad}")
                self.assertTrue(done.connects, done)

    def test_what_is_better(self):
        """Where nobody vouches for the server, its own certificate does, in the way that each is told."""
        server = self.servers["self-signed"]
        url = f"https://{server['host']}:{server['port']}/"
        place = f"{server['host']}:{server['port']}"
        ways = {
            "curl": ("curl -sf --cacert private-ca.pem " + url, "--cacert private-ca.pem"),
            "wget": ("wget -qO- --ca-certificate=private-ca.pem " + url, "--ca-certificate=private-ca.pem"),
            "requests": (f"{PYTHON} -c 'import requests; url = \"{url}\"; requests.get(url, verify=\"private-ca.pem\")'",
                         'requests.get(url, verify="private-ca.pem")'),
            "node": (f"NODE_EXTRA_CA_CERTS=private-ca.pem {strangers.tool('node')} -e "
                     f"'require(\"https\").get(\"{url}\", r => r.resume())'", "NODE_EXTRA_CA_CERTS=private-ca.pem"),
            "openssl.cnf": (f"SSL_CERT_FILE=private-ca.pem {strangers.tool('openssl')} s_client -connect {place} -brief "
                            f"-verify_hostname {server['host']} -verify_return_error", "SSL_CERT_FILE=private-ca.pem"),
        }
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for client, (command, words) in ways.items():
                with self.subTest(client):
                    said = says("elsewhere", client, server["host"], str(server["port"]), "hardened+self-signed")
                    self.assertIn(words, said["text"])
                    (folder / "private-ca.pem").write_text(pathlib.Path(self.files["root"]).read_text("ascii"), "ascii")
                    self.assertFalse(ends_well(folder, "sh", "-c", command)[0])
                    (folder / "private-ca.pem").write_text(ssl.get_server_certificate((server["host"], server["port"])),
                                                           "ascii")
                    works, output = ends_well(folder, "sh", "-c", command)
                    self.assertTrue(works, output)

    def test_pins_of_others(self):
        for client in ("curl", "wget", "go"):
            with self.subTest(client):
                done = Try(client, self.servers["expired-self-signed"], f"pinned pin={self.servers['good']['pin']}")
                self.assertFalse(done.connects, done)


if __name__ == "__main__":
    unittest.main()
