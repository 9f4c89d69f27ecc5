#!/usr/bin/env python3
"""anycert against servers of other libraries, and beside curl."""
import json
import pathlib
import re
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402
from anycert_cli import BIN, Case  # noqa: E402

LEVEL0 = ("-cipher", "ALL:!aNULL:!eNULL:@SECLEVEL=0")
GNUTLS_3DES = "NONE:+VERS-TLS1.2:+RSA:+ECDHE-RSA:+GROUP-ALL:+3DES-CBC:+SHA1:+SIGN-ALL:+COMP-NULL"
HELLO = 'location / { return 200 "nginx $server_protocol $ssl_protocol $ssl_client_verify"; }'


def nginx_blocks():
    return {
        "nginx": f"listen PORT ssl http2; ssl_protocols TLSv1.2 TLSv1.3; {HELLO}",
        "nginx-tls12": f"listen PORT ssl http2; ssl_protocols TLSv1.2; {HELLO}",
        "nginx-tls13": f"listen PORT ssl; ssl_protocols TLSv1.3; {HELLO}",
        "nginx-expired": f"listen PORT ssl; ssl_protocols TLSv1.2 TLSv1.3; "
                         f"ssl_certificate {pathlib.Path('expired.pem').resolve()}; "
                         f"ssl_certificate_key {pathlib.Path('expired.key').resolve()}; {HELLO}",
        "nginx-reject": "listen PORT ssl; ssl_reject_handshake on;",
        "nginx-plain": f"listen PORT; {HELLO}",
        "nginx-client": f"listen PORT ssl; ssl_protocols TLSv1.2 TLSv1.3; "
                        f"ssl_client_certificate {pathlib.Path('root.pem').resolve()}; "
                        f"ssl_verify_client on; {HELLO}",
    }


def everything():
    """All servers, started at once."""
    go_program = []
    builder = threading.Thread(target=lambda: go_program.append(strangers.build_go()))
    builder.start()
    strangers.Certificates()
    servers = {server.name: server for server in (
        strangers.java("java", "TLSv1.2,TLSv1.3"),
        strangers.java("java-tls12", "TLSv1.2"),
        strangers.nss("nss-tls12", "tls1.2:tls1.2"),
        strangers.nss("nss-tls13", "tls1.3:tls1.3"),
        strangers.openssl("openssl"),
        strangers.openssl("openssl-tls12", "-tls1_2"),
        strangers.openssl("openssl-expired", cert="expired"),
        strangers.openssl("openssl-wronghost", cert="wronghost"),
        strangers.openssl("openssl-selfsigned", cert="selfsigned"),
        strangers.openssl("openssl-tls10", "-tls1", *LEVEL0),
        strangers.openssl("openssl-tls10-rsa", "-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"),
        strangers.openssl("openssl-dhe1024", "-tls1_2", "-dhparam", "dh1024.pem", "-cipher",
                          "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"),
        strangers.openssl("openssl-sha1", "-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ECDHE:@SECLEVEL=0"),
        strangers.openssl("openssl-rsa-kx", "-tls1_2", "-cipher", "AES128-SHA"),
        strangers.openssl("openssl-client", "-tls1_2", "-Verify", "1", "-verify_return_error", "-CAfile", "root.pem"),
        strangers.openssl("openssl-client-tls13", "-tls1_3", "-Verify", "1", "-verify_return_error", "-CAfile",
                          "root.pem"),
        strangers.gnutls("gnutls", "NORMAL"),
        strangers.gnutls("gnutls-tls12", "NORMAL:-VERS-ALL:+VERS-TLS1.2"),
        strangers.gnutls("gnutls-no-rfc5746", "NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION"),
        strangers.gnutls("gnutls-3des", GNUTLS_3DES),
        strangers.gnutls("gnutls-tls11", "NORMAL:-VERS-ALL:+VERS-TLS1.1"),
    )}
    builder.join()
    if not go_program:
        raise RuntimeError("the Go server was not built")
    for server in (strangers.go("go", go_program[0], alpn="h2,http/1.1"),
                   strangers.go("go-tls12", go_program[0], high="0303"),
                   strangers.go("go-tls10", go_program[0], low="0301", high="0301"),
                   strangers.go("go-client", go_program[0], clients="root.pem")):
        servers[server.name] = server
    blocks = nginx_blocks()
    servers["the nginx"] = strangers.nginx("nginx", *blocks.values())
    for server in servers.values():
        server.wait()
    ports = {name: server.port for name, server in servers.items()}
    ports.update(zip(blocks, servers["the nginx"].ports))
    return servers, ports


SERVERS, PORTS = {}, {}


def setUpModule():
    global SERVERS, PORTS  # pylint: disable=global-statement
    SERVERS, PORTS = everything()


def tearDownModule():
    for server in SERVERS.values():
        server.stop()


# What comes of it: an error's name, or the protocol that was negotiated and what the body has in it.
# (server, under hardened with the root, under trust-any)
GOOD = [
    ("openssl", "TLSv1.3", "TLSv1.3", "s_server"),
    ("openssl-tls12", "TLSv1.2", "TLSv1.2", "s_server"),
    ("openssl-expired", "TRUST_DATES", "TLSv1.3", "s_server"),
    ("openssl-wronghost", "TRUST_NAME", "TLSv1.3", "s_server"),
    ("openssl-selfsigned", "TRUST_ISSUER", "TLSv1.3", "s_server"),
    ("openssl-tls10", "TLS_VERSION", "TLS_VERSION", ""),
    ("openssl-tls10-rsa", "TLS_VERSION", "TLS_VERSION", ""),
    ("openssl-dhe1024", "TLS_WEAK", "TLSv1.2", "s_server"),
    ("openssl-sha1", "TLS_ALERT", "TLS_ALERT", ""),
    ("openssl-rsa-kx", "TLS_ALERT", "TLSv1.2", "s_server"),
    ("openssl-client", "TLS_CLIENT_CERT", "TLS_CLIENT_CERT", ""),
    ("openssl-client-tls13", "TLS_CLIENT_CERT", "TLS_CLIENT_CERT", ""),
    ("gnutls", "TLSv1.3", "TLSv1.3", "GnuTLS"),
    ("gnutls-tls12", "TLSv1.2", "TLSv1.2", "GnuTLS"),
    ("gnutls-no-rfc5746", "TLS_LEGACY_RENEGOTIATION", "TLSv1.2", "GnuTLS"),
    ("gnutls-3des", "TLS_ALERT", "TLS_ALERT", ""),
    ("gnutls-tls11", "TLS_ALERT", "TLS_VERSION", ""),
    ("nss-tls12", "TLSv1.2", "TLSv1.2", ""),
    ("nss-tls13", "TLSv1.3", "TLSv1.3", ""),
    ("nginx", "TLSv1.3", "TLSv1.3", "nginx HTTP/"),
    ("nginx-tls12", "TLSv1.2", "TLSv1.2", "nginx HTTP/"),
    ("nginx-tls13", "TLSv1.3", "TLSv1.3", "nginx HTTP/1.1"),
    ("nginx-expired", "TRUST_DATES", "TLSv1.3", "nginx HTTP/1.1"),
    ("nginx-reject", "TLS_ALERT", "TLS_ALERT", ""),
    ("nginx-plain", "TLS_NOT_TLS", "TLS_NOT_TLS", ""),
    ("nginx-client", "HTTP_STATUS", "HTTP_STATUS", ""),
    ("go", "TLSv1.3", "TLSv1.3", "go HTTP/"),
    ("go-tls12", "TLSv1.2", "TLSv1.2", "go HTTP/1.1"),
    ("go-tls10", "TLS_VERSION", "TLS_VERSION", ""),
    ("go-client", "TLS_CLIENT_CERT", "TLS_CLIENT_CERT", ""),
    ("java", "TLSv1.3", "TLSv1.3", "java TLSv1.3"),
    ("java-tls12", "TLSv1.2", "TLSv1.2", "java TLSv1.2"),
]


def url(server, path=""):
    return f"https://localhost:{PORTS[server]}/{path}"


class Strangers(Case):
    def ask(self, server, *args):
        """What came of it as in the table, the body, the report, and standard error."""
        pathlib.Path("report.json").unlink(missing_ok=True)
        done = subprocess.run([BIN, "get", url(server), "--fail", "--max-time", "30", "--report", "report.json",
                               *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False, timeout=60)
        report = json.loads(pathlib.Path("report.json").read_text(encoding="utf-8"))
        outcome = report["outcome"]
        self.assertEqual(outcome["exit_code"], done.returncode, outcome)
        link = report["hops"][-1]["report"] if report["hops"] else None
        if outcome["code"] == "SUCCESS":
            return link["negotiated"]["protocol"], done.stdout.decode("latin-1"), report, done.stderr.decode()
        return outcome["code"], done.stdout.decode("latin-1"), report, done.stderr.decode()

    def check(self, server, wanted, marker, args):
        came, body, report, err = self.ask(server, *args)
        with self.subTest(server=server, args=args):
            self.assertEqual(came, wanted, f"{report['outcome']}\n{err}")
            if came.startswith("TLSv"):
                self.assertIn(marker, body)
            else:
                message = report["outcome"]["message"]
                self.assertRegex(message, r"^\S.*[^.\n]$")
                self.assertNotIn("\n", message)
        return report

    def test_hardened(self):
        for server, hardened, _, marker in GOOD:
            report = self.check(server, hardened, marker, ("--cacert", "root.pem"))
            if hardened.startswith("TLSv"):
                link = report["hops"][-1]["report"]
                self.assertEqual((link["verdict"], link["authenticated_by"]), ("pass", "chain"), server)

    def test_trust_any(self):
        for server, hardened, trust_any, marker in GOOD:
            report = self.check(server, trust_any, marker, ("-k", "--cacert", "root.pem"))
            if trust_any.startswith("TLSv"):
                link = report["hops"][-1]["report"]
                refused = not hardened.startswith("TLSv")
                self.assertEqual(link["reference_verdict"], "fail" if refused else "pass", (server, link["checks"]))

    def test_trust_any_without_the_root_gives_up_the_peer(self):
        for server in ("openssl", "gnutls", "nss-tls12", "nginx", "go", "java"):
            report = self.check(server, "TLSv1.2" if server == "nss-tls12" else "TLSv1.3", "", ("-k",))
            link = report["hops"][-1]["report"]
            self.assertFalse(link["peer_authenticated"], server)
            self.assertEqual(link["verdict"], "relaxed", server)

    def test_hardened_without_the_root_refuses_each(self):
        for server in ("openssl", "gnutls", "nss-tls12", "nss-tls13", "nginx", "go", "java"):
            self.check(server, "TRUST_ISSUER", "", ())

    def test_single_relaxations(self):
        root = ("--cacert", "root.pem", "--allow")
        self.check("openssl-expired", "TLSv1.3", "", (*root, "expired"))
        self.check("openssl-wronghost", "TLSv1.3", "", (*root, "wrong-host"))
        self.check("openssl-selfsigned", "TLSv1.3", "", (*root, "self-signed"))
        self.check("openssl-expired", "TRUST_DATES", "", (*root, "wrong-host"))
        self.check("openssl-wronghost", "TRUST_NAME", "", (*root, "expired,self-signed"))
        self.check("nginx-expired", "TLSv1.3", "", (*root, "expired"))

    def test_client_certificates(self):
        for server in ("openssl-client", "openssl-client-tls13", "go-client", "nginx-client"):
            protocol = "TLSv1.2" if server == "openssl-client" else "TLSv1.3"
            self.check(server, protocol, "", ("--cacert", "root.pem", "--cert", "client.pem", "--key", "client.key"))
        _, body, _, _ = self.ask("nginx-client", "--cacert", "root.pem", "--cert", "client.pem", "--key", "client.key")
        self.assertIn("SUCCESS", body)

    def test_http_versions(self):
        """HTTP/2 where it is offered under hardened, HTTP/1.1 under trust-any."""
        for server in ("nginx", "nginx-tls12", "go"):
            self.assertIn("HTTP/2.0", self.ask(server, "--cacert", "root.pem")[1], server)
            self.assertIn("HTTP/1.1", self.ask(server, "--cacert", "root.pem", "--http1.1")[1], server)
            self.assertIn("HTTP/1.1", self.ask(server, "-k")[1], server)

    def test_bodies_over_both_versions(self):
        pathlib.Path("megabyte").write_bytes(bytes(1048576))
        for server in ("go", "go-tls12"):
            for version in ("HTTP/2.0", "HTTP/1.1"):
                if (server, version) == ("go-tls12", "HTTP/2.0"):
                    continue
                extra = ("--http1.1",) if version == "HTTP/1.1" else ()
                result = self.anycert("post", url(server), "--cacert", "root.pem", "--data-binary", "@megabyte",
                                      *extra)
                self.assertEqual(result.out, f"go {version} POST 1048576")

    def test_a_refusal_says_who_refused(self):
        for server, words in (("gnutls-3des", "alert"), ("openssl-tls10", "versions of TLS"), ("go-tls10", "versions of TLS"),
                              ("nginx-plain", "TLS"), ("gnutls-no-rfc5746", "5746"), ("openssl-sha1", "alert"),
                              ("nginx-reject", "unrecognized"), ("go-client", "client certificate")):
            _, _, report, _ = self.ask(server, "--cacert", "root.pem")
            self.assertIn(words, report["outcome"]["message"], server)

    def test_plain_http_to_a_tls_port(self):
        self.anycert("get", "--fail", f"http://localhost:{PORTS['nginx']}/", code=8)


class BesideCurl(Case):
    """The same server, the same question: success or failure agree, but for what is listed with its reason."""

    # (server, relaxed): what curl does otherwise, and why.
    DIFFERENT = {
        ("openssl-tls10-rsa", False): "libcurl sets no minimum version; OpenSSL speaks TLS 1.0 with static RSA",
        ("openssl-tls10-rsa", True): "the same",
        ("openssl-rsa-kx", False): "hardened wants forward secrecy; curl does not",
        ("openssl-dhe1024", True): "-k of curl leaves the security level at 2; trust-any is level 1",
        ("gnutls-no-rfc5746", True): "-k of curl still wants RFC 5746; trust-any does not",
    }

    def different(self):
        """From 3.2 on, OpenSSL itself refuses TLS 1.0 at the level that curl leaves in place."""
        version = subprocess.run(["/usr/bin/curl", "-q", "-V"], stdout=subprocess.PIPE, check=True, text=True).stdout
        major, minor = re.search(r"OpenSSL/(\d+)\.(\d+)", version).groups()
        newer = (int(major), int(minor)) >= (3, 2)
        return {key for key in self.DIFFERENT if not (newer and key[0] == "openssl-tls10-rsa")}

    @staticmethod
    def exit_of(*command):
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                              timeout=60).returncode

    def test_outcomes(self):
        different = {}
        for server, _, _, _ in GOOD:
            for relaxed in (False, True):
                trust = ("-k",) if relaxed else ("--cacert", "root.pem")
                curl = self.exit_of("/usr/bin/curl", "-q", "-s", "-f", "--noproxy", "*", "--max-time", "30", *trust,
                                    url(server))
                ours = self.exit_of(BIN, "get", "-s", "--fail", "--max-time", "30", *trust, url(server))
                if (curl == 0) != (ours == 0):
                    different[server, relaxed] = (curl, ours)
        self.assertEqual(set(different), self.different(), different)


if __name__ == "__main__":
    print("# network:", "of its own" if strangers.own_network() else "the machine's", flush=True)
    unittest.main(verbosity=2)
