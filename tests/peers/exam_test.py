#!/usr/bin/env python3
"""The doctor's exam at servers of others: for each its verdict, its causes and the least policy, counted from hardened.
Ports are free ones, all names are localhost, and all certificates but those in question are the same: nothing tells the
doctor which server it looks at."""
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402
from anycert_cli import Case, run  # noqa: E402

ALL = "ALL:!aNULL:!eNULL:@SECLEVEL=0"
HELLO = 'location / { return 200 "nginx"; }'
HEALTHY = ("healthy", "", "")


def haproxy(name, options):
    folder = pathlib.Path(f"{name}.haproxy").resolve()
    folder.mkdir()
    both = pathlib.Path("good.pem").read_text("ascii") + pathlib.Path("good.key").read_text("ascii")
    (folder / "both.pem").write_text(both, encoding="ascii")

    def command(port):
        (folder / "it.cfg").write_text(
            f"defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\nfrontend it\n"
            f"  bind 127.0.0.1:{port} ssl crt {folder}/both.pem {options}\n  http-request return status 200\n",
            encoding="ascii")
        return [strangers.tool("haproxy"), "-db", "-q", "-f", str(folder / "it.cfg")]
    return strangers.Stranger(name, command)


def node(name, options):
    text = ("const https = require('https'), fs = require('fs'); https.createServer({cert: fs.readFileSync('good.pem'),"
            f" key: fs.readFileSync('good.key'), {options}}}, (q, s) => s.end('node')).listen(+process.argv[1],"
            " '127.0.0.1');")
    return strangers.Stranger(name, lambda port: [strangers.tool("node"), "-e", text, str(port)])




def servers():
    """All of them with what is expected: (server, *expected)."""
    openssl, gnutls, nss, go, java = (strangers.openssl, strangers.gnutls, strangers.nss, strangers.go, strangers.java)
    program = strangers.build_go()
    normal = "NORMAL:-VERS-ALL:+VERS-TLS1.2"
    client = ("-Verify", "1", "-verify_return_error", "-CAfile", "root.pem")
    return [
        (openssl("openssl"), *HEALTHY),
        (openssl("openssl-tls12", "-tls1_2"), *HEALTHY),
        (openssl("openssl-p521", "-tls1_3", "-groups", "P-521"), *HEALTHY),
        (openssl("openssl-expired", cert="expired"), "relaxable", "expired", "expired"),
        (openssl("openssl-wronghost", cert="wronghost"), "fixable", "name-mismatch", ""),
        (openssl("openssl-selfsigned", cert="selfsigned"), "relaxable", "self-signed", "self-signed"),
        (openssl("openssl-client-cert", cert="client"), "relaxable", "name-mismatch wrong-purpose",
         "wrong-host wrong-purpose"),
        (openssl("openssl-tls10", "-tls1", "-cipher", ALL), "relaxable", "tls10-only", "tls1.0"),
        (openssl("openssl-tls11", "-tls1_1", "-cipher", ALL), "relaxable", "tls11-only", "tls1.1"),
        (openssl("openssl-tls10-rsa", "-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"), "relaxable",
         "tls10-only static-rsa-only", "tls1.0 rsa-key-exchange"),
        (openssl("openssl-dhe1024", "-tls1_2", "-dhparam", "dh1024.pem", "-cipher",
                 "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"), "relaxable", "small-dh", "small-dh"),
        (openssl("openssl-sha1", "-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ECDHE:@SECLEVEL=0"), "relaxable",
         "sha1-handshake", "sha1-handshake"),
        (openssl("openssl-rsa-kx", "-tls1_2", "-cipher", "AES128-SHA"), "relaxable", "static-rsa-only cbc-sha1-only",
         "rsa-key-exchange cbc-sha1"),
        (openssl("openssl-rsa-gcm", "-tls1_2", "-cipher", "AES128-GCM-SHA256"), "relaxable", "static-rsa-only",
         "rsa-key-exchange"),
        (openssl("openssl-camellia", "-tls1_2", "-cipher", "ECDHE-RSA-CAMELLIA128-SHA256"), "relaxable",
         "rare-ciphers-only", "legacy-ciphers"),
        (openssl("openssl-ccm8", "-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256", "-cipher", "ALL:@SECLEVEL=0"),
         "relaxable", "rare-ciphers-only", "legacy-ciphers"),
        (openssl("openssl-secp256k1", "-tls1_2", "-cipher", "ECDHE:@SECLEVEL=0", "-groups", "secp256k1"), "relaxable",
         "rare-group", "legacy-groups"),
        (openssl("openssl-null", "-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0"), "forbidden", "null-only", None),
        (openssl("openssl-anonymous", "-tls1_2", "-cipher", "ADH-AES128-GCM-SHA256:@SECLEVEL=0"), "forbidden",
         "anonymous-only", None),
        (openssl("openssl-psk", "-tls1_2", "-cipher", "PSK-AES128-CBC-SHA256", "-psk", "1a2b3c4d"), "impossible",
         "psk-only", None),
        (openssl("openssl-client", "-tls1_2", *client), "fixable", "client-cert-required", None),
        (openssl("openssl-client-tls13", "-tls1_3", *client), "fixable", "client-cert-required-late", None),
        (openssl("openssl-h2", "-alpn", "h3"), "relaxable", "alpn-mismatch", "no-alpn"),
        (openssl("openssl-other-name", "-servername", "other.test", "-servername_fatal", "-cert2", "wronghost.pem",
                 "-key2", "wronghost.key"), "relaxable", "sni-unknown", "no-sni"),
        (gnutls("gnutls", "NORMAL"), *HEALTHY),
        (gnutls("gnutls-tls12", normal), *HEALTHY),
        (gnutls("gnutls-no-extensions", normal + ":%NO_EXTENSIONS"), *HEALTHY),
        (gnutls("gnutls-no-rfc5746", normal + ":%DISABLE_SAFE_RENEGOTIATION"), "relaxable", "no-secure-renegotiation",
         "legacy-renegotiation"),
        (gnutls("gnutls-3des", "NONE:+VERS-TLS1.2:+RSA:+ECDHE-RSA:+GROUP-ALL:+3DES-CBC:+SHA1:+SIGN-ALL:+COMP-NULL"),
         "impossible", "triple-des-only", None),
        (gnutls("gnutls-tls11", "NORMAL:-VERS-ALL:+VERS-TLS1.1"), "relaxable", "tls11-only", "tls1.1"),
        (nss("nss-tls12", "tls1.2:tls1.2"), *HEALTHY),
        (nss("nss-tls13", "tls1.3:tls1.3"), *HEALTHY),
        (nss("nss-client", "tls1.2:tls1.2", "-r", "-r"), "fixable", "client-cert-required", None),
        (go("go", program, alpn="h2,http/1.1"), *HEALTHY),
        (go("go-tls10", program, low="0301", high="0301"), "relaxable", "tls10-only", "tls1.0"),
        (go("go-client", program, clients="root.pem"), "fixable", "client-cert-required-late", None),
        (java("java", "TLSv1.2,TLSv1.3"), *HEALTHY),
        (java("java-rsa", "TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256"), "relaxable", "static-rsa-only",
         "rsa-key-exchange"),
        (node("node", "minVersion: 'TLSv1.2'"), *HEALTHY),
        (node("node-tls11", "minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0'"),
         "relaxable", "tls11-only", "tls1.1"),
        (strangers.apache("apache", "SSLProtocol -all +TLSv1.2 +TLSv1.3"), *HEALTHY),
        (strangers.apache("apache-rsa", "SSLProtocol TLSv1.2", "SSLCipherSuite AES256-SHA"), "relaxable",
         "static-rsa-only cbc-sha1-only", "rsa-key-exchange cbc-sha1"),
        (strangers.lighttpd("lighttpd", ("MinProtocol", "TLSv1.2")), *HEALTHY),
        (haproxy("haproxy", "alpn h2,http/1.1"), *HEALTHY),
        (haproxy("haproxy-tls11", "ssl-min-ver TLSv1.1 ssl-max-ver TLSv1.1 ciphers ALL:@SECLEVEL=0"), "relaxable",
         "tls11-only", "tls1.1"),
        (haproxy("haproxy-client", f"verify required ca-file {pathlib.Path('root.pem').resolve()}"), "fixable",
         "client-cert-required-late", None),
        (strangers.python("python"), *HEALTHY),
    ]


def nginx_rows():
    """The rows of one nginx, by the text of each server."""
    client = f"ssl_client_certificate {pathlib.Path('root.pem').resolve()}; ssl_verify_client on;"
    return [
        ("nginx", f"listen PORT ssl http2; {HELLO}", *HEALTHY),
        ("nginx-cbc", f"listen PORT ssl; ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES256-SHA; {HELLO}", "relaxable",
         "cbc-sha1-only", "cbc-sha1"),
        ("nginx-client", f"listen PORT ssl; {client} {HELLO}", "fixable", "client-cert-wanted-by-http", None),
        ("nginx-reject", "listen PORT ssl; ssl_reject_handshake on;", "fixable", "sni-unknown", None),
        ("nginx-plain", f"listen PORT; {HELLO}", "fixable", "speaks-http", None),
    ]


class Exam(Case):
    @classmethod
    def setUpClass(cls):
        strangers.Certificates()
        rows = servers()
        blocks = nginx_rows()
        cls.nginx = strangers.nginx("nginx", *(row[1] for row in blocks))
        cls.running = [row[0] for row in rows] + [cls.nginx]
        for server in cls.running:
            server.wait()
        cls.rows = [(row[0].name, row[0].port, *row[1:]) for row in rows]
        cls.rows += [(row[0], port, *row[2:]) for row, port in zip(blocks, cls.nginx.ports)]

    @classmethod
    def tearDownClass(cls):
        for server in cls.running:
            server.stop()

    def sit(self, port, *options):
        target = f"localhost:{port}"
        done = run("doctor", "--format", "json", "--cacert", "root.pem", "--resolve", f"{target}:127.0.0.1", *options,
                   target)
        return json.loads(done.out)

    def test_every_server(self):
        wrong = []
        for name, port, verdict, causes, least in self.rows:
            http = ("--http",) if name == "nginx-client" else ()
            found = self.sit(port, *http)
            answer = (found["verdict"], " ".join(cause["id"] for cause in found["causes"]),
                      " ".join(found["least"]["relaxations"]) if found["least"] else None)
            if verdict == "healthy":
                least = None
            if answer != (verdict, causes, least):
                wrong.append(f"{name}: {answer}, not {(verdict, causes, least)}; handshakes: {found['handshakes']}")
            if found["handshakes"] > (3 if verdict == "healthy" else 25):
                wrong.append(f"{name}: {found['handshakes']} handshakes")
            if found["least"] and not (found["least"]["confirmed"] and found["least"]["minimal"]):
                wrong.append(f"{name}: the policy is not confirmed, or not minimal")
        print(f"score: {len(self.rows) - len(wrong)} of {len(self.rows)}")
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))


if __name__ == "__main__":
    print("# network:", "of its own" if strangers.own_network() else "the machine's", flush=True)
    unittest.main(verbosity=2)
