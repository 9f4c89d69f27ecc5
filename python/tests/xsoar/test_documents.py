"""What docs/moving-an-integration.md and docs/troubleshooting.md show runs, and the errors that they explain are those
that come."""
import contextlib
import io
import os
import pathlib
import re
import socket
import ssl
import sys
from unittest import mock

from anycert import Policy, exceptions, xsoar
from common.case import Case, Platform, lab, request
from common.server import OK, Answer, Server, certificate, closed_port, full_backlog
from common.subject import clock, sleeps

ROOT = pathlib.Path(__file__).resolve().parents[3]
MOVING, TROUBLE = (ROOT / "docs" / f"{name}.md" for name in ("moving-an-integration", "troubleshooting"))
# Which servers of the lab say what the rows of "When TLS fails" explain.
SENTENCES = {
    "self-signed": "self-signed certificate", "incomplete-chain": "the issuer is neither a trusted anchor nor in the chain",
    "untrusted-root": "the chain ends at a root that is not a trusted anchor", "expired": ": expired ",
    "not-yet-valid": "not yet valid", "wrong-host": ", and not 'localhost'", "ip-no-san": ", and not the address '127.0.0.1'",
    "cn-only": "only the common name is", "rsa-1024": "2048 are required", "sha1-leaf": "signed with a weak digest",
    "wrong-purpose": "not issued for servers", "broken-signature": "the signature is wrong", "revoked-staple": "revoked",
    "tls10-only": "the server does not speak the versions of TLS that we offer",
    "rsa-kx-gcm": "the server found nothing it can use in what we offer", "dh-1024": "Diffie-Hellman group is too small",
    "no-rfc5746": "the server lacks secure renegotiation", "plain-http": "the peer does not answer in TLS",
    "client-cert-required": "the server asked for a client certificate and got none",
    "client-cert-required-tls13": "the server requires a client certificate",
    "renegotiation": "the server wants to renegotiate",
    "sni-unrecognized-name": "the server does not know the name it is asked for",
    "alert-internal-error": "the server reports an internal error",
    "oversized-chain": "certificate chain is too large",
    "alpn-mismatch": "the server does not speak the version of HTTP that we offer",
    "reset": "the peer closed or reset the connection during the handshake",
    # As the version of libcurl has it.
    "close-without-notify": ("ended without close_notify", "was lost before the body's end"),
}
# What OpenSSL says to them, where that is the same in all of its versions that are around.
TOKENS = {
    "self-signed": "certificate verify failed: self-signed certificate",
    "untrusted-root": "certificate verify failed: self-signed certificate in certificate chain",
    "incomplete-chain": "certificate verify failed: unable to get local issuer certificate",
    "expired": "certificate verify failed: certificate has expired",
    "not-yet-valid": "certificate verify failed: certificate is not yet valid",
    "wrong-host": "certificate verify failed: Hostname mismatch, certificate is not valid for",
    "ip-no-san": "certificate verify failed: IP address mismatch, certificate is not valid for",
    "rsa-1024": "certificate verify failed: EE certificate key too weak",
    "sha1-leaf": "certificate verify failed: CA signature digest algorithm too weak",
    "no-rfc5746": "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
    "client-cert-required": "SSLV3_ALERT_HANDSHAKE_FAILURE", "client-cert-required-tls13": "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "plain-http": "WRONG_VERSION_NUMBER", "sni-unrecognized-name": "TLSV1_UNRECOGNIZED_NAME",
    "alert-internal-error": "TLSV1_ALERT_INTERNAL_ERROR",
}


# Those whose rows name a policy first that gets an answer from that server.
MENDED = ("expired", "not-yet-valid", "cn-only", "rsa-1024", "sha1-leaf", "wrong-purpose", "tls10-only", "rsa-kx-gcm",
          "dh-1024", "no-rfc5746", "renegotiation", "sni-unrecognized-name", "oversized-chain", "alpn-mismatch")


def policy_for(sentence):
    """The first policy with a relaxation that the row of a sentence names, without its end."""
    line = next(line for line in TROUBLE.read_text("utf-8").split("\n") if line.startswith(f"| `{sentence}`"))
    return re.search(r"`(hardened\+[a-z0-9.+-]+)", line).group(1)


def sentences_of(name):
    sentences = SENTENCES[name]
    return [sentences] if isinstance(sentences, str) else list(sentences)


def table(title):
    """The codes in the first column of the table under a title of docs/troubleshooting.md, row by row."""
    text = TROUBLE.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in text.split("\n") if line.startswith("| `")]
    return [re.findall("`([^`]+)`", row) for row in rows]


class Examples(Case):
    def blocks(self, language):
        found = [block for path in (MOVING, TROUBLE)
                 for block in re.findall(rf"^```{language}\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)]
        self.assertTrue(found)
        return found

    def run_block(self, block, server):
        block = block.replace("/etc/ssl/appliance.pem", certificate()[0])
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            exec(compile(block.replace("https://appliance.example", server.url), "example", "exec"),  # pylint: disable=exec-used
                 {"__name__": "example"})
        return shown.getvalue()

    def test_they_run(self):
        blocks = self.blocks("python")
        self.assertGreaterEqual(len(blocks), 7)
        with Server(tls=certificate(), otherwise=OK) as server:
            for block in blocks:
                with self.subTest(block):
                    server.reset(otherwise=OK)
                    shown = self.run_block(block, server)
                    self.assertEqual([seen.target.partition("?")[0] for seen in server.seen], ["/status"])
                    self.assertNotIn("failed", shown)

    def test_what_was_before_runs_too(self):
        blocks = self.blocks("py")
        with Server(tls=certificate(), otherwise=OK) as server, \
                mock.patch.object(sys, "path", [*sys.path, str(ROOT / "python" / "shim")]):
            for block in blocks:
                with self.subTest(block):
                    self.run_block(block, server)


class Errors(Case):
    """Of the base client."""

    def text(self, call, *args, **kwargs):
        with self.assertRaises((xsoar.DemistoException, OSError, ValueError)) as caught:
            call(*args, **kwargs)
        return str(caught.exception)

    def of_answers(self, server):
        def ask(answer, **kwargs):
            server.otherwise = answer
            return self.text(request, xsoar.BaseClient(server.url, verify=False), "GET", **kwargs)

        yield ask(Answer(404))
        yield ask(Answer())
        yield ask(Answer(503), retries=1, status_list_to_retry=[503], raise_on_status=True)
        yield ask(Answer(302, [("Location", "/")]), raise_on_redirect=True)
        yield ask("stall", timeout=0.1)
        yield ask(OK, cert="/nosuch.pem")
        yield ask(OK, timeout=0)
        yield ask(OK, proxies={"https": f"http://127.0.0.1:{closed_port()}"})
        yield self.text(request, xsoar.BaseClient(server.url), "GET")
        yield self.text(request, xsoar.BaseClient(server.url, verify="/nosuch.pem"), "GET")

    def of_arguments(self):
        for url in ("127.0.0.1", "ftp://127.0.0.1", f"http://127.0.0.1:{closed_port()}"):
            yield self.text(request, xsoar.BaseClient(url), "GET")
        yield self.text(xsoar.BaseClient, "https://127.0.0.1", verify="")
        with full_backlog() as port:
            yield self.text(request, xsoar.BaseClient(f"http://127.0.0.1:{port}"), "GET", timeout=0.1)
        with Server() as plain:
            yield self.text(request, xsoar.BaseClient(plain.url.replace("http:", "https:"), verify=False), "GET")
        with mock.patch.dict(os.environ, REQUESTS_TIMEOUT="soon"):
            yield self.text(xsoar.BaseClient, "https://127.0.0.1")
        self.set_platform(Platform(sensitive=True))
        with clock() as hand:
            client = xsoar.BaseClient("https://127.0.0.1")
            hand.now += 16
            yield self.text(request, client, "GET")

    def test_each_comes(self):
        with Server(tls=certificate()) as server, sleeps():
            texts = [*self.of_answers(server), *self.of_arguments()]
        rows = table("Errors of the base client")
        for beginning, in rows:
            pattern = re.escape(beginning).replace(r"\.\.\.", ".*")
            self.assertTrue(any(re.match(pattern, text) for text in texts), beginning)
        self.assertEqual(len(rows), len(texts))


class Handshakes(Case):
    @classmethod
    def setUpClass(cls):
        cls.servers, cls.files = cls.enter_class(lab(*SENTENCES))

    def test_sentences(self):
        self.assertEqual(sorted(table("When TLS fails")), sorted(map(sentences_of, SENTENCES)))
        for name in SENTENCES:
            client = xsoar.BaseClient(self.servers[name], verify=self.files["root"])
            with self.subTest(name), self.assertRaises((xsoar.DemistoException, exceptions.RequestException)) as caught:
                request(client, "GET", "/status/200", resp_type="response")
            said = str(caught.exception)
            self.assertTrue(any(sentence in said for sentence in sentences_of(name)), said)

    def test_policies_that_they_name(self):
        for name in MENDED:
            policy = policy_for(sentences_of(name)[0])
            with self.subTest(name, policy=policy):
                client = xsoar.BaseClient(self.servers[name], verify=Policy(policy, ca=self.files["root"]))
                answer = request(client, "GET", "/status/200", resp_type="response")
                self.assertTrue(answer.report.peer_authenticated)

    def test_tokens(self):
        known = [code for codes in table("Texts of OpenSSL and requests") for code in codes]
        context = ssl.create_default_context(cafile=self.files["root"])
        for name, token in TOKENS.items():
            self.assertIn(token, known)
            host, port = self.servers[name].partition("://")[2].split(":")
            with self.subTest(name), self.assertRaises(ssl.SSLError) as caught:
                with socket.create_connection((host, int(port)), 30) as connection, \
                        context.wrap_socket(connection, server_hostname=host) as talk:
                    talk.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    talk.recv(1)
            self.assertIn(token, str(caught.exception))
