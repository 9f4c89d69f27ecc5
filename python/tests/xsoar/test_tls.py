"""Which servers verifying and other clients talk to, what the ClientHello offers, and what the adapter carries."""
import os
import pathlib
import socket
import ssl
import tempfile
import threading
import urllib.request

from common.case import Case, lab, request
from common.server import Answer, Server, answer_json, certificate
from common.subject import OLD_LIBRARIES, OLD_SUITES, STANDIN, exceptions, xsoar

SENTENCE = ("SSL Certificate Verification Failed - try selecting 'Trust any certificate' checkbox in the integration "
            "configuration.")
# Server; with the right anchors, and without verification.
SERVERS = (
    ("good", True, True), ("good-ec", True, True), ("tls12-only", True, True), ("tls13-only", True, True),
    ("self-signed", False, True), ("untrusted-root", False, True), ("expired", False, True),
    ("not-yet-valid", False, True), ("wrong-host", False, True), ("expired-and-wrong-host", False, True),
    ("sha1-leaf", False, True), ("rsa-1024", False, True), ("rsa-512", False, True), ("incomplete-chain", False, True),
    ("rsa-kx-gcm", OLD_SUITES, True), ("rsa-kx-cbc", OLD_SUITES, True), ("cbc-sha1-ecdhe", OLD_SUITES, True),
    ("dh-1024", False, True), ("cn-only", OLD_LIBRARIES, True), ("no-rfc5746", False, True),
    ("camellia", False, False), ("3des", False, False), ("rc4", False, False), ("plain-http", False, False),
    ("client-cert-required", False, False))
# Python as Debian builds it speaks them at the level of the original's last source, against its documentation.
if not (STANDIN and OLD_LIBRARIES):
    SERVERS += (("tls10-only", False, False), ("tls11-only", False, False))


class Servers(Case):
    @classmethod
    def setUpClass(cls):
        cls.servers, cls.files = cls.enter_class(lab(*(name for name, *_ in SERVERS)))

    def answers(self, name, verify):
        """Whether there is an answer; that it has the right status is another matter."""
        client = xsoar.BaseClient(self.servers[name], verify=verify)
        try:
            request(client, "GET", resp_type="response", ok_codes=range(100, 600), with_metrics=True)
            return True
        except exceptions.SSLError:
            self.assertIs(verify, False)
            self.assertEqual(client.execution_metrics.ssl_error, 1)
        except xsoar.DemistoException as error:
            if isinstance(error.exception, exceptions.SSLError):
                self.assertIsNot(verify, False)
                self.assertEqual(str(error).split("\n")[0], SENTENCE)
                self.assertEqual(client.execution_metrics.ssl_error, 1)
            else:  # a server that goes away in the middle of it, as the original sees it
                self.assertTrue(STANDIN, error)
        return False

    def test_verified(self):
        for name, verified, _ in SERVERS:
            with self.subTest(name):
                self.assertEqual(self.answers(name, self.files["root"]), verified)

    def test_not_verified(self):
        for name, _, trusted in SERVERS:
            with self.subTest(name):
                self.assertEqual(self.answers(name, False), trusted)

    def test_anchors_of_the_system(self):
        for name in ("good", "self-signed"):
            self.assertFalse(self.answers(name, True))

    def test_variables_of_openssl(self):
        os.environ["SSL_CERT_FILE"] = self.files["root"]
        os.environ["SSL_CERT_DIR"] = str(pathlib.Path(self.files["root"]).parent)
        self.assertFalse(self.answers("good", True))


def hello(verify):
    """The suites that a client offers, without what only signals."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        got = []

        def listen():
            connection, _ = listener.accept()
            with connection:
                while len(data := b"".join(got)) < 5 or len(data) < 5 + int.from_bytes(data[3:5], "big"):
                    got.append(connection.recv(65536))
        thread = threading.Thread(target=listen)
        thread.start()
        try:
            request(xsoar.BaseClient(f"https://127.0.0.1:{listener.getsockname()[1]}", verify=verify), "GET")
        except (exceptions.RequestException, xsoar.DemistoException):
            pass
        thread.join()
    return suites_of(b"".join(got))


def suites_of(record):
    """The suites of a record with a ClientHello, without what only signals."""
    data = record[5:]
    at = 4 + 2 + 32
    at += 1 + data[at]
    suites = data[at + 2:at + 2 + int.from_bytes(data[at:at + 2], "big")]
    offered = {int.from_bytes(suites[i:i + 2], "big") for i in range(0, len(suites), 2)}
    return offered - {0x00FF, 0x5600}


def hello_of_python(ciphers):
    """What this interpreter offers with a list of ciphers: OpenSSL leaves out what its level forbids."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return suites_of(out.read())


class Suites(Case):
    def test_documented_ones(self):
        wanted = hello_of_python(
            "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDH+AESGCM:DH+AESGCM:ECDH+AES:DH+AES:RSA+AESGCM:"
            "RSA+AES:!aNULL:!eNULL:!MD5:!DSS:@SECLEVEL=" + ("0" if STANDIN else "1"))
        # From OpenSSL 3.2 on, level 1 is too high for the six with short tags.
        self.assertEqual(len(wanted), 42 if STANDIN or ssl.OPENSSL_VERSION_INFO < (3, 2) else 36)
        self.assertEqual(hello(False), wanted)

    def test_verifying_clients_offer_fewer(self):
        if STANDIN and OLD_LIBRARIES:
            self.assertEqual(len(hello(True)), 42)
        else:
            self.assertLess(len(hello(True)), len(hello(False)))


class Adapters(Case):
    def adapter(self, verify=False):
        return xsoar.BaseClient("https://127.0.0.1", verify=verify)._session.adapters["https://"]

    def test_it_is_mounted_without_verification_only(self):
        self.assertIsInstance(self.adapter(), xsoar.SSLAdapter)
        for verify in (True, certificate()[0]):
            self.assertNotIsInstance(self.adapter(verify), xsoar.SSLAdapter)

    def test_context(self):
        adapter = self.adapter()
        context = adapter.context
        self.assertIs(type(context), ssl.SSLContext)
        self.assertIs(adapter.context, context)
        for option in (ssl.OP_NO_SSLv3, ssl.OP_NO_COMPRESSION, ssl.OP_NO_TICKET, 0x4):
            self.assertTrue(context.options & option, option)
        self.assertFalse(context.check_hostname)
        self.assertIs(context.post_handshake_auth, True)
        if not (STANDIN and OLD_LIBRARIES):
            self.assertEqual(context.minimum_version, ssl.TLSVersion.TLSv1_2)
            documented = 0x82524054
            self.assertEqual(context.options & documented, documented)

    def test_a_context_of_ones_own_adapter(self):
        self.assertTrue(xsoar.SSLAdapter(verify=False).context.options & 0x4)
        names = [cipher["name"] for cipher in xsoar.SSLAdapter(verify=False).context.get_ciphers()]
        self.assertEqual(names[:3], ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"])

    def test_its_retries(self):
        from urllib3.util import Retry
        with Server(tls=certificate()) as server:
            for retries, asked in ((Retry(1, backoff_factor=0, status_forcelist=[503]), 2), (0, 1)):
                server.reset({"/x": [Answer(503), answer_json([])]})
                client = xsoar.BaseClient(server.url, verify=False)
                client._session.mount("https://", xsoar.SSLAdapter(verify=False, max_retries=retries))
                response = request(client, "GET", "/x", ok_codes=(200, 503), resp_type="response")
                self.assertEqual((response.status_code, len(server.seen)), (200 if asked == 2 else 503, asked))

    def test_one_that_sends_in_a_way_of_its_own(self):
        class Signing(xsoar.SSLAdapter):
            def send(self, request, **kwargs):
                request.headers["X-Signed"] = "yes"
                return super().send(request, **kwargs)

        with Server(tls=certificate(), otherwise=answer_json([])) as server:
            client = xsoar.BaseClient(server.url, verify=False)
            client._session.mount("https://", Signing(verify=False))
            self.assertEqual(request(client, "GET"), [])
            self.assertEqual(server.last.value("x-signed"), "yes")

    if not STANDIN:
        def test_the_context_can_be_used(self):
            with Server(tls=certificate(), otherwise=answer_json([])) as server:
                context = self.adapter().context
                with urllib.request.urlopen(server.url, context=context, timeout=30) as response:
                    self.assertEqual(response.read(), b"[]")

        def test_on_a_session_of_requests(self):
            import requests
            with lab("dh-1024") as (servers, _), requests.Session() as session:
                url = servers["dh-1024"] + "/status/200"
                with self.assertRaises(requests.exceptions.SSLError):
                    session.get(url, verify=False)
                session.mount("https://", xsoar.SSLAdapter(verify=False))
                self.assertEqual(session.get(url, verify=False).text, "status 200\n")

        def test_a_verifying_context(self):
            context = xsoar.SSLAdapter().context
            self.assertEqual((context.check_hostname, context.verify_mode), (True, ssl.CERT_REQUIRED))
            self.assertFalse(context.options & 0x4)

        def test_no_key_is_logged(self):
            with tempfile.TemporaryDirectory() as folder, Server(tls=certificate(), otherwise=answer_json([])) as server:
                log = pathlib.Path(folder, "keys")
                os.environ["SSLKEYLOGFILE"] = str(log)
                request(xsoar.BaseClient(server.url, verify=False), "GET")
                self.assertFalse(log.exists() and log.read_bytes())
