#!/usr/bin/env python3
"""Servers that ask for the client certificate late, as Apache does for one folder of a site: by a renegotiation
at TLS 1.2, after the handshake at TLS 1.3."""
import os
import pathlib
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import Case, lab, run  # noqa: E402
from ports import free_port  # noqa: E402

CONFIG = """ServerRoot {folder}
ServerName localhost
PidFile apache.pid
Listen 127.0.0.1:{port}
Mutex file:{folder} default
ErrorLog errors
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule alias_module {modules}/mod_alias.so
DocumentRoot {folder}/site
SSLEngine on
SSLProtocol {protocol}
SSLCipherSuite {ciphers}
SSLCertificateFile server.crt
SSLCertificateKeyFile server.key
SSLCACertificateFile ca.crt
<Location /private>
SSLVerifyClient require
Header always set X-Client "%{{SSL_CLIENT_S_DN_CN}}s"
</Location>
"""


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


def make_certificates():
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=late CA", "-keyout", "ca.key", "-out", "ca.crt")
    for name, extension in (("server", "subjectAltName=DNS:localhost"), ("client", "extendedKeyUsage=clientAuth")):
        pathlib.Path("extensions").write_text(extension + "\n")
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN=late {name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "30", "-extfile", "extensions", "-out", f"{name}.crt")


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return False
    return True


class Apache:
    def __init__(self, protocol, ciphers="ECDHE-RSA-AES128-GCM-SHA256"):
        self.port = free_port()
        config = pathlib.Path(f"{protocol}-{self.port}.conf")
        config.write_text(CONFIG.format(folder=os.getcwd(), port=self.port, protocol=protocol, ciphers=ciphers,
                                        modules="/usr/lib/apache2/modules"))
        self.process = subprocess.Popen(["apache2", "-X", "-f", str(config.resolve()), "-d", "."],
                                        env={"PATH": "/usr/sbin:/usr/bin"}, stderr=subprocess.PIPE)
        while not answers(self.port):
            if self.process.poll() is not None:
                raise RuntimeError(self.process.stderr.read().decode())
            time.sleep(0.02)

    def __enter__(self):
        return f"https://localhost:{self.port}"

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()


class LateCertificate(Case):
    @classmethod
    def setUpClass(cls):
        make_certificates()
        for name in ("site/private", "site/public"):
            pathlib.Path(name).mkdir(parents=True)
            pathlib.Path(name, "page").write_text("the page\n")

    ours = ("--cacert", "ca.crt", "--cert", "client.crt", "--key", "client.key")

    def test_only_the_relaxation_gets_in_and_only_with_a_certificate(self):
        for protocol in ("TLSv1.2", "TLSv1.3"):
            with self.subTest(protocol=protocol), Apache(protocol) as site:
                self.assertEqual(self.anycert("get", *self.ours, site + "/public/page").out, "the page\n")
                result = run("get", *self.ours, site + "/private/page")
                # Apache says 403 where it cannot even ask, and ends the connection where it is refused.
                self.assertEqual(result.code == 0, protocol == "TLSv1.3")
                self.assertNotIn("the page", result.out)
                late = ("--allow", "renegotiation", "--until", "2099-12-31")
                result = self.anycert("get", "-i", *self.ours, *late, site + "/private/page")
                self.assertIn("X-Client: late client", result.out)
                self.assertTrue(result.out.endswith("the page\n"))
                result = run("get", "--cacert", "ca.crt", *late, site + "/private/page")
                self.assertNotIn("the page", result.out)

    def test_what_is_refused_is_named(self):
        with Apache("TLSv1.2") as site:
            text = self.anycert("get", *self.ours, site + "/private/page", code=4).err
            self.assertRegex(text, r"the server wants to renegotiate, .* \(relaxation: renegotiation\)")
            self.assertIn("--allow renegotiation --until DATE", text)
            self.assertRegex(text, r"\n  better +on the server: ask for the client certificate in the first handshake\n")
            self.assertNotIn("AES-GCM", text)

    def test_the_guard_withholds_the_certificate_late_too(self):
        for protocol in ("TLSv1.2", "TLSv1.3"):
            with self.subTest(protocol=protocol), Apache(protocol) as site:
                late = ("--trust", "trust-any+renegotiation", "--cert", "client.crt", "--key", "client.key")
                result = run("get", "-i", *late, "--secret-guard", "withhold", site + "/private/page")
                self.assertNotIn("late client", result.out)
                self.assertNotIn("the page", result.out)
                result = self.anycert("get", "-i", *late, "--secret-guard", "send", site + "/private/page")
                self.assertIn("X-Client: late client", result.out)

    def test_no_certificate_goes_to_a_server_whose_link_is_refused(self):
        """tls1.0 has CBC-SHA1 suites in the offer, which at TLS 1.2 are refused once the server takes one: before
        our certificate goes out, even if the guard would send it."""
        with Apache("TLSv1.2", "ECDHE-RSA-AES128-SHA") as site:
            result = self.anycert("get", *self.ours, "--allow", "tls1.0,renegotiation", "--secret-guard", "send",
                                  site + "/private/page", code=3)
            self.assertIn("CBC with SHA-1", result.err)

    def test_the_lab_asks_late_as_well(self):
        with lab("renegotiation", "post-handshake-auth") as (servers, files):
            cert = ("--cacert", files["root"], "--cert", files["client_cert"], "--key", files["client_key"])
            for name in servers:
                with self.subTest(name=name):
                    self.anycert("get", *cert, "--allow", "renegotiation", servers[name]["url"])
                    self.assertNotEqual(run("get", *cert, servers[name]["url"]).code, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
