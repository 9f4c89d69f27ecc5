#!/usr/bin/env python3
"""Old servers, as other people's software makes them: the relaxations that each takes reach it, not one of them
missing; antique reaches it, too; and what no policy reaches is named."""
import json
import pathlib
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402
from anycert_cli import BIN, Case  # noqa: E402

PAGE = 'location / { return 200 "nginx $ssl_protocol $ssl_cipher"; }'
NGINX = {
    "nginx-tls10": ("ssl_protocols TLSv1; ssl_ciphers ECDHE-RSA-AES128-SHA:@SECLEVEL=0;", "tls1.0"),
    "nginx-tls11": ("ssl_protocols TLSv1.1; ssl_ciphers ECDHE-RSA-AES128-SHA:@SECLEVEL=0;", "tls1.1"),
    "nginx-tls10-rsa": ("ssl_protocols TLSv1; ssl_ciphers AES128-SHA:@SECLEVEL=0;", "tls1.0,rsa-key-exchange"),
    "nginx-dh-1024": ("ssl_protocols TLSv1.2; ssl_ciphers DHE-RSA-AES128-SHA256:@SECLEVEL=0; ssl_dhparam DH;",
                      "small-dh"),
    "nginx-tls10-dh-1024": ("ssl_protocols TLSv1; ssl_ciphers DHE-RSA-AES128-SHA:@SECLEVEL=0; ssl_dhparam DH;",
                            "tls1.0,small-dh"),
    "nginx-cbc": ("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES256-SHA:@SECLEVEL=0;", "cbc-sha1"),
    "nginx-curve": ("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0; "
                    "ssl_ecdh_curve secp256k1;", "legacy-groups"),
    "nginx-camellia": ("ssl_protocols TLSv1.2; ssl_ciphers CAMELLIA128-SHA:@SECLEVEL=0;",
                       "rsa-key-exchange,cbc-sha1,legacy-ciphers"),
}
JAVA_CBC = ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",)
GNUTLS = "NONE:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:"


def go_servers(program):
    return {
        strangers.go("go-tls10", program, low="0301", high="0301"): "tls1.0",
        strangers.go("go-tls11", program, low="0302", high="0302"): "tls1.1",
        strangers.go("go-rsa-cbc", program, high="0303", suites="002f"): "rsa-key-exchange,cbc-sha1",
        strangers.go("go-rsa-gcm", program, high="0303", suites="009c"): "rsa-key-exchange",
        strangers.go("go-cbc", program, high="0303", suites="c013"): "cbc-sha1",
        strangers.go("go-h2", program, alpn="h2"): "",
        strangers.go("go-3des", program, high="0303", suites="000a,c012"): None,
        strangers.go("go-rc4", program, high="0303", suites="0005,c011"): None,
    }


def other_servers():
    return {
        strangers.java("java-tls10", "TLSv1", *JAVA_CBC): "tls1.0",
        strangers.java("java-tls11", "TLSv1.1", *JAVA_CBC): "tls1.1",
        strangers.java("java-rsa", "TLSv1.2", "TLS_RSA_WITH_AES_128_CBC_SHA"): "rsa-key-exchange,cbc-sha1",
        strangers.java("java-3des", "TLSv1.2", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
                       "SSL_RSA_WITH_3DES_EDE_CBC_SHA"): None,
        strangers.nss("nss-tls10", "tls1.0:tls1.0"): "tls1.0",
        strangers.nss("nss-tls11", "tls1.1:tls1.1"): "tls1.1",
        strangers.nss("nss-3des", "tls1.0:tls1.2", "-c", "dp"): None,
        strangers.gnutls("gnutls-tls10", "NORMAL:-VERS-ALL:+VERS-TLS1.0"): "tls1.0",
        strangers.gnutls("gnutls-tls10-old", GNUTLS + "+VERS-TLS1.0:+RSA:+AES-128-CBC:+SHA1:"
                         "%DISABLE_SAFE_RENEGOTIATION"): "tls1.0,rsa-key-exchange,legacy-renegotiation",
        strangers.gnutls("gnutls-cbc", GNUTLS + "+VERS-TLS1.2:+ECDHE-RSA:+AES-128-CBC:+SHA1"): "cbc-sha1",
        strangers.gnutls("gnutls-ccm8", GNUTLS + "+VERS-TLS1.2:+RSA:+AES-128-CCM-8:+AEAD"):
            "rsa-key-exchange,legacy-ciphers",
        strangers.gnutls("gnutls-camellia", GNUTLS + "+VERS-TLS1.2:+ECDHE-RSA:+CAMELLIA-128-CBC:+SHA256"):
            "legacy-ciphers",
        strangers.gnutls("gnutls-no-extensions", "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_EXTENSIONS"): "",
        strangers.gnutls("gnutls-no-ems", "NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH"): "",
        strangers.gnutls("gnutls-no-etm", GNUTLS + "+VERS-TLS1.2:+ECDHE-RSA:+AES-128-CBC:+SHA256:%NO_ETM"): "",
        strangers.gnutls("gnutls-rc4", GNUTLS + "+VERS-TLS1.2:+VERS-TLS1.0:+RSA:+ARCFOUR-128:+SHA1:+MD5"): None,
        strangers.gnutls("gnutls-anonymous", GNUTLS + "+VERS-TLS1.2:+ANON-ECDH:+AES-128-CBC:+SHA256:+SHA1"): None,
        strangers.gnutls("gnutls-null", GNUTLS + "+VERS-TLS1.2:+RSA:+NULL:+SHA1:+SHA256"): None,
        strangers.apache("apache-tls10", "SSLProtocol -all +TLSv1",
                         "SSLCipherSuite ECDHE-RSA-AES256-SHA:@SECLEVEL=0"): "tls1.0",
        strangers.apache("apache-tls10-rsa", "SSLProtocol -all +TLSv1", "SSLCipherSuite AES256-SHA:@SECLEVEL=0"):
            "tls1.0,rsa-key-exchange",
        strangers.apache("apache-aria", "SSLProtocol -all +TLSv1.2",
                         "SSLCipherSuite ECDHE-ARIA128-GCM-SHA256:@SECLEVEL=0"): "legacy-ciphers",
        strangers.lighttpd("lighttpd-tls11", ("MinProtocol", "TLSv1.1"), ("MaxProtocol", "TLSv1.1"),
                           ("CipherString", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0")): "tls1.1",
        mbedtls("mbedtls-cbc", "TLS-ECDHE-RSA-WITH-AES-128-CBC-SHA"): "cbc-sha1",
        mbedtls("mbedtls-rsa", "TLS-RSA-WITH-AES-128-GCM-SHA256"): "rsa-key-exchange",
        mbedtls("mbedtls-rsa-cbc", "TLS-RSA-WITH-AES-256-CBC-SHA"): "rsa-key-exchange,cbc-sha1",
        haproxy("haproxy-tls10", "TLSv1.0", "ECDHE-RSA-AES128-SHA"): "tls1.0",
        haproxy("haproxy-tls11-rsa", "TLSv1.1", "AES128-SHA"): "tls1.1,rsa-key-exchange",
        haproxy("haproxy-rsa", "TLSv1.2", "AES256-GCM-SHA384"): "rsa-key-exchange",
        haproxy("haproxy-curve", "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "curves secp256k1"): "legacy-groups",
        haproxy("haproxy-ccm8", "TLSv1.2", "AES128-CCM8"): "rsa-key-exchange,legacy-ciphers",
    }


def mbedtls(name, suite):
    """The versions of mbedTLS that are still about have no TLS below 1.2 in common."""
    return strangers.lighttpd(name, ("MinProtocol", "TLSv1.2"), ("MaxProtocol", "TLSv1.2"), ("CipherString", suite),
                              module="mod_mbedtls")


def haproxy(name, version, suites, more=""):
    return strangers.haproxy(name, f"ssl-min-ver {version} ssl-max-ver {version} ciphers {suites}:@SECLEVEL=0 {more}")


def everything():
    """Ports, and what each takes: relaxations; nothing; or None where nothing is enough."""
    programs = []
    builder = threading.Thread(target=lambda: programs.append(strangers.build_go()))
    builder.start()
    strangers.Certificates()
    servers = other_servers()
    dh = str(pathlib.Path("dh1024.pem").resolve())
    proxy = strangers.nginx("nginx", *(f"listen PORT ssl; {text.replace('DH;', dh + ';')} {PAGE}"
                                       for text, _ in NGINX.values()))
    builder.join()
    servers.update(go_servers(programs[0]))
    end = strangers.python("python")
    for server in (*servers, proxy, end):
        server.wait()
    needs = {server.name: needed for server, needed in servers.items()}
    ports = {server.name: server.port for server in servers}
    needs.update({name: needed for name, (_, needed) in NGINX.items()})
    ports.update(zip(NGINX, proxy.ports))
    ports["python"] = end.port
    return (*servers, proxy, end), ports, needs


SERVERS, PORTS, NEEDS = (), {}, {}


def setUpModule():
    global SERVERS, PORTS, NEEDS  # pylint: disable=global-statement
    SERVERS, PORTS, NEEDS = everything()


def tearDownModule():
    for server in SERVERS:
        server.stop()


class Relics(Case):
    def ask(self, server, *args, path=""):
        """The error's name or "SUCCESS", the message, and the body."""
        pathlib.Path("report.json").unlink(missing_ok=True)
        done = subprocess.run([BIN, "get", f"https://localhost:{PORTS[server]}/{path}", "--fail", "--max-time", "30",
                               "--report", "report.json", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False, timeout=60)
        outcome = json.loads(pathlib.Path("report.json").read_text(encoding="utf-8"))["outcome"]
        return outcome["code"], outcome["message"], done.stdout.decode("latin-1")

    def allow(self, server, relaxations):
        return self.ask(server, "--cacert", "root.pem", *(["--allow", ",".join(relaxations)] if relaxations else []))

    def test_what_it_takes_is_enough(self):
        for server, needed in NEEDS.items():
            if needed is None:
                continue
            with self.subTest(server=server, needed=needed):
                code, message, _ = self.allow(server, needed.split(",") if needed else [])
                self.assertEqual(code, "SUCCESS", message)

    def test_nothing_less_is_enough(self):
        for server, needed in NEEDS.items():
            for left_out in needed.split(",") if needed else []:
                with self.subTest(server=server, left_out=left_out):
                    code, message, _ = self.allow(server, [r for r in needed.split(",") if r != left_out])
                    self.assertRegex(code, "^(TLS|TRUST)", message)

    def test_antique_reaches_what_can_be_reached(self):
        for server, needed in NEEDS.items():
            with self.subTest(server=server):
                code, message, _ = self.ask(server, "--trust", "antique")
                if needed is not None:
                    self.assertEqual(code, "SUCCESS", message)
                    continue
                self.assertRegex(code, "^TLS", message)
                self.assertIn("it does not have SSL 3.0, 3DES, RC4, nor may it be anonymous or NULL", message)

    def test_an_end_without_close_notify_vouches_for_nothing(self):
        """A body that says its length is whole under each policy, and one that does not is under none."""
        for args in (("--cacert", "root.pem"), ("--cacert", "root.pem", "--allow", "unclean-shutdown"), ("-k",),
                     ("--trust", "antique")):
            with self.subTest(args=args):
                code, message, body = self.ask("python", *args, path="length")
                self.assertEqual((code, body), ("SUCCESS", "python"), message)
                code, message, _ = self.ask("python", *args)
                self.assertEqual(code, "BODY_TRUNCATED", message)
                self.assertRegex(message, "close_notify|unexpected eof")  # libcurl's words from 8 on


if __name__ == "__main__":
    print("# network:", "of its own" if strangers.own_network() else "the machine's", flush=True)
    unittest.main(verbosity=2)
