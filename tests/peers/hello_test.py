#!/usr/bin/env python3
"""Raw hellos against servers of other libraries: what each would choose of what OpenSSL cannot offer."""
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402

PROBE = pathlib.Path(os.environ["ANYCERT_BUILD_DIR"]) / "bin" / "peer_probe"

OLD = "NONE:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0:+SIGN-ALL:+GROUP-ALL:+COMP-NULL"
JAVA_3DES = "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA,SSL_RSA_WITH_3DES_EDE_CBC_SHA"


def dsa_certificate():
    openssl = strangers.tool("openssl")
    strangers.run(openssl, "genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024",
                  "-out", "dsa.param")
    strangers.run(openssl, "genpkey", "-paramfile", "dsa.param", "-out", "dsa.key")
    strangers.run(openssl, "req", "-x509", "-new", "-key", "dsa.key", "-out", "dsa.pem", "-days", "30",
                  "-subj", "/CN=localhost")


def openssl_servers():
    level0 = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
    return (
        strangers.openssl("openssl"),
        strangers.openssl("openssl-tls12", "-tls1_2"),
        strangers.openssl("openssl-tls11", "-tls1_1", "-cipher", level0),
        strangers.openssl("openssl-tls10", "-tls1", "-cipher", level0),
        strangers.openssl("openssl-null", "-tls1_2", "-cipher", "eNULL:@SECLEVEL=0"),
        strangers.openssl("openssl-anonymous", "-nocert", "-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"),
        strangers.openssl("openssl-psk", "-nocert", "-psk", "1a2b3c4d", "-tls1_2", "-cipher", "PSK:@SECLEVEL=0"),
        strangers.openssl("openssl-dsa", "-tls1_2", "-dhparam", "dh1024.pem", "-cipher",
                          "DHE-DSS-AES128-SHA:@SECLEVEL=0", cert="dsa"),
        strangers.openssl("openssl-dh1024", "-tls1_2", "-dhparam", "dh1024.pem", "-cipher",
                          "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"),
        strangers.openssl("openssl-sha1", "-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ECDHE:@SECLEVEL=0"),
        strangers.openssl("openssl-p192", "-tls1_2", "-groups", "secp192r1", "-cipher", "ECDHE:@SECLEVEL=0"),
        strangers.openssl("openssl-p521", "-tls1_3", "-groups", "P-521"),
        strangers.openssl("openssl-ccm8", "-tls1_3", "-cipher", level0, "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"),
        strangers.openssl("openssl-rsa", "-tls1_2", "-keylogfile", "keys", "-cipher", "AES128-SHA:@SECLEVEL=0"),
        strangers.openssl("openssl-client", "-tls1_2", "-Verify", "1", "-CAfile", "root.pem"),
        strangers.openssl("openssl-client-tls10", "-tls1", "-Verify", "1", "-CAfile", "root.pem", "-cipher", level0),
        strangers.openssl("openssl-h2", "-tls1_2", "-alpn", "h2"),
        strangers.openssl("openssl-name", "-tls1_2", "-servername", "other.test", "-servername_fatal",
                          "-cert2", "good.pem", "-key2", "good.key"),
    )


def other_servers():
    return (
        strangers.gnutls("gnutls-3des", OLD + ":+RSA:+ECDHE-RSA:+3DES-CBC:+SHA1"),
        strangers.gnutls("gnutls-rc4", OLD + ":+RSA:+ARCFOUR-128:+SHA1:+MD5"),
        strangers.gnutls("gnutls-null", OLD + ":+RSA:+NULL:+SHA1"),
        strangers.gnutls("gnutls-anonymous", OLD + ":+ANON-ECDH:+ANON-DH:+AES-128-CBC:+SHA1"),
        strangers.gnutls("gnutls-tls10", "NORMAL:-VERS-ALL:+VERS-TLS1.0"),
        strangers.gnutls("gnutls-no-rfc5746", "NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION"),
        strangers.gnutls("gnutls-tls13", "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-SECP384R1"),
        strangers.nss("nss-ssl3", "ssl3:ssl3"),
        strangers.nss("nss-3des", "tls1.0:tls1.2", "-c", "dp"),
        strangers.nss("nss-rc4", "tls1.0:tls1.2", "-c", ":0005"),
        strangers.nss("nss-client", "tls1.2:tls1.2", "-r", "-r"),
        strangers.java("java-3des", "TLSv1.2", JAVA_3DES),
        strangers.java("java-des", "TLSv1", "SSL_RSA_WITH_DES_CBC_SHA"),
        strangers.java("java-export", "TLSv1", "SSL_RSA_EXPORT_WITH_RC4_40_MD5"),
        strangers.java("java-dhe-export", "TLSv1", "SSL_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"),
        strangers.java("java-anonymous", "TLSv1.2", "SSL_DH_anon_WITH_3DES_EDE_CBC_SHA"),
    )


def nginx_server():
    return strangers.nginx(
        "nginx",
        "listen PORT ssl; ssl_reject_handshake on;",
        "listen PORT; location / { return 200; }",
        "listen PORT ssl; ssl_protocols TLSv1.2 TLSv1.3; location / { return 200; }")


SERVERS, PORTS = {}, {}


def setUpModule():
    go_program = []
    builder = threading.Thread(target=lambda: go_program.append(strangers.build_go()))
    builder.start()
    strangers.Certificates()
    dsa_certificate()
    for server in (*openssl_servers(), *other_servers(), nginx_server()):
        SERVERS[server.name] = server
    builder.join()
    for server in (strangers.go("go-rc4", go_program[0], low="0301", high="0303", suites="0005,c011"),
                   strangers.go("go-3des", go_program[0], low="0301", high="0303", suites="000a,c012"),
                   strangers.go("go-tls10", go_program[0], low="0301", high="0301"),
                   strangers.go("go", go_program[0])):
        SERVERS[server.name] = server
    for server in SERVERS.values():
        server.wait()
    PORTS.update({name: server.port for name, server in SERVERS.items()})
    PORTS.update(zip(("nginx-reject", "nginx-plain", "nginx"), SERVERS["nginx"].ports))


def tearDownModule():
    for server in SERVERS.values():
        server.stop()


def probe(port, offer, name="localhost", *suites):
    """The facts, by their keys; those that come several times are lists."""
    done = subprocess.run([PROBE, str(port), offer, name, *suites], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(done.stderr.decode("utf-8", "replace"))
    facts = {}
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        key, _, value = line.partition(" ")
        facts[key] = value if key not in facts else [*([facts[key]] if isinstance(facts[key], str) else facts[key]),
                                                     value]
    return facts


# (server, offer, what has to come)
COMPLETE = {"kind": "tls", "end": "complete"}
REFUSED = {"kind": "tls", "end": "alert", "alert2": "handshake_failure"}
ASKED = [
    # OpenSSL
    ("openssl", "tls1.3", {"version": "TLSv1.3", "retry": "1", "group": "x25519|X25519MLKEM768"}),
    ("openssl", "tls1.2", {"version": "TLSv1.2", "downgrade": "1", "key": "curve", "key_group": "x25519", "done": "1",
                           "renegotiation_info": "1", "certificates": "3"}),
    ("openssl", "modern", {"version": "TLSv1.3", "retry": "0", "group": "x25519"}),
    ("openssl", "post-quantum", {"version": "TLSv1.3"}),
    ("openssl", "small", {"version": "TLSv1.2"}),
    ("openssl", "middle", {"version": "TLSv1.2"}),
    ("openssl", "big", {"version": "TLSv1.2"}),
    ("openssl", "old", REFUSED),
    ("openssl", "ssl3", {"end": "alert"}),
    ("openssl", "anonymous", REFUSED),
    ("openssl-tls12", "tls1.3", {"end": "alert", "alert2": "protocol_version"}),
    ("openssl-tls12", "tls1.2", {"version": "TLSv1.2", "downgrade": "0", "extended_master_secret": "1"}),
    ("openssl-tls11", "tls1.2", {"version": "TLSv1.1", "key": "curve", "key_signed": "1"}),
    ("openssl-tls11", "tls1.0", {"end": "alert", "alert2": "protocol_version"}),
    ("openssl-tls10", "tls1.2", {"version": "TLSv1.0", "record_version": "TLSv1.0"}),
    ("openssl-tls10", "bare", {"version": "TLSv1.0"}),
    ("openssl-null", "null", {"trait": "null", "version": "TLSv1.2"}),
    ("openssl-null", "tls1.2", {"trait": "null"}),
    ("openssl-anonymous", "anonymous", {"trait": "anonymous", "key_signed": "0", "certificates": None}),
    ("openssl-anonymous", "tls1.2", {"trait": "anonymous"}),
    ("openssl-psk", "psk", {"trait": "psk", "certificates": None}),
    ("openssl-psk", "tls1.2", {"trait": "psk"}),
    ("openssl-dsa", "dsa", {"trait": "dsa", "key": "dh", "key_bits": "1024", "key_scheme": r"dsa_sha\d+"}),
    ("openssl-dh1024", "tls1.2", {"key": "dh", "key_bits": "1024", "key_signed": "1"}),
    ("openssl-sha1", "tls1.2", {"key": "curve", "key_scheme": "rsa_pkcs1_sha1"}),
    ("openssl-p192", "tls1.2", {"key": "curve", "key_group": "secp192r1"}),
    ("openssl-p521", "tls1.3", {"retry": "1", "group": "secp521r1"}),
    ("openssl-p521", "modern", {"retry": "1", "group": "secp521r1"}),
    ("openssl-ccm8", "tls1.3", {"suite": "TLS_AES_128_CCM_8_SHA256", "trait": "ccm8"}),
    ("openssl-rsa", "static-rsa", {"suite": "TLS_RSA_WITH_AES_128_CBC_SHA", "key": "none", "trait": "static-rsa"}),
    ("openssl-rsa", "bare", {"suite": "TLS_RSA_WITH_AES_128_CBC_SHA"}),
    ("openssl-client", "tls1.2", {"request_types": "rsa_sign dss_sign ecdsa_sign", "request_schemes": r"[1-9]\d*",
                                  "request_name": r"30[0-9a-f]+" + b"strangers root".hex()}),
    ("openssl-client-tls10", "tls1.0", {"request_types": "rsa_sign dss_sign ecdsa_sign", "request_schemes": "0",
                                        "request_name": r"30[0-9a-f]+" + b"strangers root".hex()}),
    ("openssl-name", "tls1.2", {"end": "alert", "alert2": "unrecognized_name"}),
    # GnuTLS
    ("gnutls-3des", "3des", {"trait": "3des", "version": "TLSv1.2", "done": "1"}),
    ("gnutls-3des", "old", {"trait": "3des"}),
    ("gnutls-3des", "tls1.2", {"trait": "3des"}),
    ("gnutls-3des", "tls1.0", {"trait": "3des", "version": "TLSv1.0"}),
    ("gnutls-3des", "rc4", REFUSED),
    ("gnutls-rc4", "rc4", {"trait": "rc4"}),
    ("gnutls-rc4", "old", {"trait": "rc4"}),
    ("gnutls-null", "null", {"trait": "null"}),
    ("gnutls-anonymous", "anonymous", {"trait": "anonymous", "key_signed": "0"}),
    ("gnutls-tls10", "tls1.2", {"version": "TLSv1.0", "key_signed": "1"}),
    ("gnutls-no-rfc5746", "tls1.2", {"version": "TLSv1.2", "renegotiation_info": "0"}),
    ("gnutls-tls13", "tls1.3", {"retry": "1", "group": "secp384r1"}),
    # NSS
    ("nss-ssl3", "ssl3", {"version": "SSLv3", "record_version": "SSLv3", "certificates": "2", "done": "1"}),
    ("nss-ssl3", "bare", {"version": "SSLv3"}),
    ("nss-3des", "3des", {"trait": "3des"}),
    ("nss-rc4", "rc4", {"trait": "rc4"}),
    ("nss-client", "tls1.2", {"request_types": "rsa_sign ecdsa_sign.*"}),
    # Java
    ("java-3des", "3des", {"trait": "3des"}),
    ("java-des", "des", {"trait": "des", "version": "TLSv1.0"}),
    ("java-des", "old", {"trait": "des"}),
    ("java-export", "export", {"trait": "export", "key": "rsa", "key_bits": "512", "key_signed": "1"}),
    ("java-dhe-export", "export", {"trait": "export", "key": "dh", "key_bits": "512"}),
    ("java-anonymous", "anonymous", {"trait": "anonymous", "key": "dh"}),
    # Go
    ("go-rc4", "rc4", {"trait": "rc4"}),
    ("go-3des", "3des", {"trait": "3des"}),
    ("go-tls10", "tls1.2", {"version": "TLSv1.0"}),
    ("go", "modern", {"version": "TLSv1.3"}),
    # nginx
    ("nginx", "modern", {"version": "TLSv1.3"}),
    ("nginx-reject", "tls1.2", {"end": "alert", "alert2": "unrecognized_name"}),
    ("nginx-plain", "tls1.2", {"kind": "other", "banner": "html|http", "end": "complete"}),
]


class Asked(unittest.TestCase):
    maxDiff = None

    def test_what_comes(self):
        for server, offer, wanted in ASKED:
            facts = probe(PORTS[server], offer)
            with self.subTest(server=server, offer=offer):
                for key, value in {**({} if "end" in wanted else COMPLETE), **wanted}.items():
                    if value is None:
                        self.assertNotIn(key, facts, facts)
                    else:
                        self.assertRegex(facts.get(key, ""), f"^(?:{value})$", (key, facts))
                self.assertNotIn("breach", facts)

    def test_what_this_openssl_has_is_left_out(self):
        """A suite that it speaks is no answer to what it does not."""
        self.assertEqual(probe(PORTS["openssl-tls12"], "tls1.2", "localhost", "rest")["end"], "alert")
        self.assertEqual(probe(PORTS["gnutls-3des"], "tls1.2", "localhost", "rest")["trait"], "3des")
        self.assertEqual(probe(PORTS["openssl-dsa"], "tls1.2", "localhost", "rest")["end"], "alert")
        self.assertEqual(probe(PORTS["openssl-anonymous"], "tls1.2", "localhost", "rest")["trait"], "anonymous")

    def test_single_suites(self):
        facts = probe(PORTS["go-rc4"], "tls1.2", "localhost", "c011")
        self.assertEqual(facts["suite"], "TLS_ECDHE_RSA_WITH_RC4_128_SHA")
        self.assertEqual(probe(PORTS["go-rc4"], "tls1.2", "localhost", "c012")["end"], "alert")

    def test_without_a_name(self):
        self.assertEqual(probe(PORTS["openssl-name"], "tls1.2", "")["end"], "complete")


# ---- what the server gets to hear

class Relay:
    """Stands before a server and keeps what the client says."""

    def __init__(self, port):
        self.heard = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = port
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        client, _ = self.listener.accept()
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            back = threading.Thread(target=self.back, args=(server, client))
            back.start()
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    self.heard += data
                    server.sendall(data)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            back.join()

    @staticmethod
    def back(server, client):
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)

    def stop(self):
        self.thread.join(60)
        self.listener.close()


def records(stream):
    while stream:
        size = 5 + int.from_bytes(stream[3:5], "big")
        yield stream[0], stream[1:3], stream[5:size]
        stream = stream[size:]


class NeverCompleted(unittest.TestCase):
    def heard(self, server, offer):
        relay = Relay(PORTS[server])
        facts = probe(relay.port, offer)
        relay.stop()
        return list(records(relay.heard)), facts

    def test_one_hello_and_alerts(self):
        """Nothing but a ClientHello and a goodbye is ever sent: no key exchange, no Finished."""
        for server, offer, wanted in ASKED:
            said, facts = self.heard(server, offer)
            with self.subTest(server=server, offer=offer, facts=facts):
                self.assertEqual([kind for kind, _, _ in said[:1]], [22])
                self.assertEqual(said[0][2][0], 1)
                self.assertEqual(int.from_bytes(said[0][2][1:4], "big"), len(said[0][2]) - 4)
                goodbye = [(kind, body) for kind, _, body in said[1:]]
                if wanted.get("end") == "alert" or wanted.get("kind") == "other":
                    self.assertEqual(goodbye, [])
                elif facts["version"] == "TLSv1.3" and facts["retry"] == "0":
                    self.assertEqual(goodbye, [])  # it could only be an encrypted one
                elif facts["version"] == "SSLv3":
                    self.assertEqual(goodbye, [(21, b"\x01\x00")])
                else:
                    self.assertEqual(goodbye, [(21, b"\x01\x5a"), (21, b"\x01\x00")])

    def test_the_server_has_no_keys(self):
        """s_server writes down what it needs to read a connection: once for a client's, never for a probe's."""
        keys = pathlib.Path("keys")
        self.assertEqual(probe(PORTS["openssl-rsa"], "tls1.2")["done"], "1")
        before = keys.read_text(encoding="ascii").count("CLIENT_RANDOM")
        self.assertEqual(before, 0)
        strangers.run("openssl", "s_client", "-connect", f"127.0.0.1:{PORTS['openssl-rsa']}", "-tls1_2", "-cipher",
                      "AES128-SHA", stdin=subprocess.DEVNULL)
        self.assertEqual(keys.read_text(encoding="ascii").count("CLIENT_RANDOM"), 1)


if __name__ == "__main__":
    print("# network:", "of its own" if strangers.own_network() else "the machine's", flush=True)
    unittest.main(verbosity=2)
