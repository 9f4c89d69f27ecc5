"""Where ours is different from the original on purpose. Each test says what both do, so it is known to be different.

V1, V2, V9, V15, V17 and V23 are in test_environment, V3 and V4 in test_retries, V7 and V8 in test_failures."""
import contextlib
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import types
from unittest import mock

from common.case import lab, request
from common.served import Served
from common.server import OK, Answer, Server, certificate
from common.subject import OLD_LIBRARIES, OLD_SUITES, STANDIN, exceptions, new_context, xsoar


# As anycert_config_add_secret_header (anycert/client.h) has them; case does not matter.
SECRETS = ("authorization", "Proxy-Authorization", "COOKIE", "Api-Key", "ApiKey", "Private-Token", "X-Access-Token",
           "X-Amz-Security-Token", "X-Api-Key", "X-Api-Token", "X-Auth-Key", "X-Auth-Token", "X-Session-Id",
           "X-Session-Token", "X-Subject-Token", "X-Vault-Token")
SENTENCE = ("SSL Certificate Verification Failed - try selecting 'Trust any certificate' checkbox in the integration "
            "configuration.")


# A Python on a system that has no anchors: a folder of its own hides them, for this process alone.
WITHOUT_ANCHORS = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUSER, PRIVATE = 0x20000, 0x10000000, 1 << 18 | 1 << 14
uid = os.getuid()
if libc.unshare(NEWNS) != 0:
    assert libc.unshare(NEWUSER | NEWNS) == 0, os.strerror(ctypes.get_errno())
    with open("/proc/self/uid_map", "w") as file:
        file.write("0 %d 1" % uid)
assert libc.mount(b"none", b"/", None, PRIVATE, None) == 0, os.strerror(ctypes.get_errno())
assert libc.mount(b"none", b"/etc/ssl", b"tmpfs", 0, None) == 0, os.strerror(ctypes.get_errno())
sys.path = [path for path in [{path!r}] + sys.path if path and (path == {path!r} or "packages" not in path)]
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)
sys.modules.pop("certifi", None)
import anycert
try:
    print(anycert.Session().get({url!r}).status_code)
except OSError as error:
    print(error)
"""


class Messages(Served):
    CAUSES = (
        ("self-signed", "self-signed certificate", "us", "self-signed"),
        ("expired", "expired", "us", "expired"),
        ("wrong-host", "name", "us", "wrong-host"),
        ("untrusted-root", "issuer", "us", "untrusted-issuer"),
        ("tls11-only", "version", "peer", None),
        ("plain-http", "TLS", "us", None))

    def test_v5_the_cause_of_a_refusal(self):
        with lab(*(name for name, *_ in self.CAUSES)) as (servers, files):
            for name, cause, side, relaxation in self.CAUSES:
                with self.subTest(name):
                    verify = True if name in ("self-signed", "untrusted-root") else files["root"]
                    error = self.fails(request, xsoar.BaseClient(servers[name], verify=verify), "GET")
                    first, _, rest = str(error).partition("\n")
                    self.assertEqual(first, SENTENCE)
                    if STANDIN:
                        self.assertEqual(rest, "")
                        continue
                    self.assertIn(cause, rest)
                    self.assertNotIn("ConnectionPool", rest)  # the cause alone, not what urllib3 says around it
                    self.assertIn({"us": "\nRefused by: this client, under the policy hardened",
                                   "peer": "\nRefused by: the server"}[side], rest)
                    if relaxation:
                        self.assertIn(f"(relaxation: {relaxation})", rest)

    if not STANDIN:  # which knows no policies
        def test_refused_under_a_policy(self):
            """No check box would be right."""
            import anycert
            with lab("expired") as (servers, files), tempfile.TemporaryDirectory() as folder:
                for policy in (anycert.Policy(ca=files["root"]), anycert.PolicyFile.parse("", ca=files["root"]),
                               anycert.Policy("tofu", ca=files["root"])):
                    client = xsoar.BaseClient(servers["expired"], verify=policy,
                                              trust_store=pathlib.Path(folder, "trust"))
                    lines = str(self.fails(request, client, "GET")).split("\n")
                    self.assertIn("certificate of localhost:", lines[0])
                    self.assertIn("Refused by: this client, under the policy ", lines[1])
                    anchors = f" --cacert {files['root']}" if "ca=" in lines[1] else ""
                    self.assertEqual(lines[2:], [f"More: anycert doctor{anchors} {servers['expired'].rstrip('/')}/"])

    def test_v6_the_cause_without_verification(self):
        with lab("tls11-only", "camellia") as (servers, _):
            for name, relaxation in (("tls11-only", "tls1.1"), ("camellia", "legacy-ciphers")):
                client = xsoar.BaseClient(servers[name], verify=False)
                if STANDIN and OLD_LIBRARIES and name == "tls11-only":
                    continue  # as Debian builds Python, it speaks that
                error = self.raises(exceptions.SSLError, request, client, "GET")
                if not STANDIN:
                    self.assertIn("the server", str(error))
                    self.assertIn(relaxation, str(error))

    def test_v22_no_password_in_messages(self):
        with Server(otherwise="close") as closing:
            client = xsoar.BaseClient(closing.url.replace("//", "//me:open-sesame@"))
            error = self.fails(request, client, "GET", "/x")
            self.assertNotIn("open-sesame", str(error))
            self.assertNotIn("open-sesame", repr(error.exception))
        self.server.otherwise = Answer(404)
        client = xsoar.BaseClient(self.server.url.replace("//", "//me:open-sesame@"))
        response = request(client, "GET", "/x", resp_type="response", ok_codes=(404,))
        self.assertEqual(self.server.last.value("authorization"), "Basic bWU6b3Blbi1zZXNhbWU=")
        error = self.raises(exceptions.HTTPError, response.raise_for_status)
        self.assertEqual("open-sesame" in str(error), False if not STANDIN else "open-sesame" in response.url)


class Verification(Served):
    def test_v10_nothing_but_false_turns_it_off(self):
        for verify in ("", 0, [], (), {}, b"", 0.0):
            with self.subTest(verify):
                if STANDIN:
                    if verify in ("", 0):
                        request(xsoar.BaseClient(self.secure.url, verify=verify), "GET")
                else:
                    error = self.raises(ValueError, xsoar.BaseClient, self.secure.url, verify=verify)
                    self.assertIn("verify", str(error))

    def test_v10_what_is_only_like_true_is_none_of_them(self):
        for verify in (1, 1.0, b"/etc/ssl/certs", ["/etc/ssl/certs"], object()):
            with self.subTest(verify):
                if STANDIN:
                    xsoar.BaseClient(self.secure.url, verify=verify)
                else:
                    error = self.raises(ValueError, xsoar.BaseClient, self.secure.url, verify=verify)
                    self.assertIn("verify", str(error))

    def test_v10_none_is_the_default(self):
        os.environ["REQUESTS_CA_BUNDLE"] = certificate()[0]
        client = xsoar.BaseClient(self.secure.url, verify=None)
        self.assertEqual("REQUESTS_CA_BUNDLE" in os.environ, not STANDIN)
        if STANDIN:
            self.raises(exceptions.SSLError, request, client, "GET")
        else:
            self.assertIs(client._verify, True)
            self.assertEqual(request(client, "GET"), {"status": "ok"})
            with Server(tls=certificate("other.test")) as other:
                self.fails(request, xsoar.BaseClient(other.url, verify=None), "GET")

    def test_v13_contexts_are_not_shared(self):
        one, two = (xsoar.BaseClient("https://x", verify=False)._session.adapters["https://"] for _ in range(2))
        self.assertEqual(one.context is two.context, STANDIN)

    def test_v13_a_client_certificate_is_its_clients(self):
        """In the original, whoever comes later shows it, too."""
        if STANDIN:
            self.enter(mock.patch.object(xsoar.SSLAdapter, "context", new_context()))
        with lab("client-cert-required") as (servers, files):
            url, pair = servers["client-cert-required"], (files["client_cert"], files["client_key"])
            call = {"url_suffix": "/status/200", "resp_type": "text"}
            request(xsoar.BaseClient(url, verify=False), "GET", cert=pair, **call)
            other = xsoar.BaseClient(url, verify=False)
            if STANDIN:
                self.assertEqual(request(other, "GET", **call), "status 200\n")
            else:
                self.raises(exceptions.SSLError, request, other, "GET", **call)

    def test_v16_on_every_python(self):
        with lab("dh-1024", "no-rfc5746") as (servers, _):
            for url in servers.values():
                client = xsoar.BaseClient(url, verify=False)
                if STANDIN and sys.version_info < (3, 10):
                    self.raises(exceptions.SSLError, request, client, "GET")
                else:
                    request(client, "GET", resp_type="text", ok_codes=range(100, 600))

    def test_v19_anchors_are_those_of_the_system(self):
        """Those of certifi do not count, though they are there and would let it through."""
        certifi = types.SimpleNamespace(where=lambda: certificate()[0])
        self.enter(mock.patch.dict(sys.modules, {"certifi": certifi}))
        client = xsoar.BaseClient(self.secure.url)
        if STANDIN:
            self.enter(mock.patch("requests.adapters.DEFAULT_CA_BUNDLE_PATH", certifi.where()))
            # Some versions have read the anchors when they were imported.
            if getattr(sys.modules["requests.adapters"], "_preloaded_ssl_context", None):
                context = ssl.create_default_context(cafile=certifi.where())
                self.enter(mock.patch("requests.adapters._preloaded_ssl_context", context))
            self.assertEqual(request(client, "GET"), {"status": "ok"})
        else:
            error = self.fails(request, client, "GET")
            self.assertIsInstance(error.exception, exceptions.SSLError)

    def test_v19_certifi_where_the_system_has_none(self):
        if STANDIN:
            return  # it has no others
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "certifi.py").write_text(f"def where():\n    return {certificate()[0]!r}\n", "ascii")
            for path, works in ((folder, True), ("", False)):
                code = WITHOUT_ANCHORS.format(path=path, url=self.secure.url)
                done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("200" if works else "no trust anchors", done.stdout)

    def test_v20_the_floor(self):
        with lab("rsa-kx-gcm", "cbc-sha1-ecdhe", "dh-1024", "sha1-leaf") as (servers, files):
            for name, url in servers.items():
                client = xsoar.BaseClient(url, verify=files["root"])
                if OLD_SUITES and name in ("rsa-kx-gcm", "cbc-sha1-ecdhe"):
                    request(client, "GET")
                else:
                    self.fails(request, client, "GET")

    def test_v21_http_1_1_without_verification(self):
        """With a server that speaks HTTP/2, and would rather."""
        self.assertIn(self.negotiated(False), (None, "http/1.1"))
        if not STANDIN:
            from anycert import Policy
            self.assertEqual(self.negotiated(Policy("hardened+self-signed")), "h2")

    def negotiated(self, verify):
        """What a server that prefers h2 and a client have agreed on in ALPN."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate())
        context.set_alpn_protocols(["h2", "http/1.1"])
        found = []

        def serve(listener):
            with listener.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as peer:
                found.append(peer.selected_alpn_protocol())
                if found != ["h2"]:
                    peer.recv(65536)
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=serve, args=(listener,))
            thread.start()
            client = xsoar.BaseClient(f"https://localhost:{listener.getsockname()[1]}", verify=verify)
            with contextlib.suppress(xsoar.DemistoException):  # the server knows h2 by name alone
                self.assertEqual(request(client, "GET"), {})
            thread.join()
        return found[0]


class Redirects(Served):
    LOOP = Answer(302, [("Location", "/x")], b"around")

    def test_v11_raise_on_redirect(self):
        self.server.otherwise = self.LOOP
        client = xsoar.BaseClient(self.server.url)
        self.raises(exceptions.TooManyRedirects, request, client, "GET", raise_on_redirect=True)
        if STANDIN:
            self.raises(exceptions.TooManyRedirects, request, client, "GET", resp_type="response")
        else:
            response = request(client, "GET", resp_type="response")
            self.assertEqual((response.status_code, response.text), (302, "around"))

    def test_v14_secret_headers(self):
        with Server(otherwise=OK) as other:
            client = xsoar.BaseClient(self.server.url, headers={"X-Api-Key": "secret", "X-Other": "a"})
            declared = {} if STANDIN else {"secret_headers": ("x-api-key",)}
            for location in (other.url + "/y", self.server.url + "/z"):
                self.server.answers["/x"] = Answer(302, [("Location", location)], b"")
                request(client, "GET", "/x", **declared)
            self.assertEqual(other.last.value("x-api-key"), "secret" if STANDIN else None)
            self.assertEqual(other.last.value("x-other"), "a")
            self.assertEqual(self.server.last.value("x-api-key"), "secret")

    def test_v14_secrets_are_gone_from_the_request_of_the_answer(self):
        names = ["Authorization", "Cookie"] if STANDIN else [*SECRETS, "x-tenant-pass"]
        kwargs = {} if STANDIN else {"secret_headers": ("X-Tenant-Pass",)}

        def again(response, **_):
            return response.connection.send(response.request.copy()) if response.status_code == 401 else None

        with Server() as first, Server(otherwise=Answer(401)) as second:
            first.answers["/x"] = Answer(302, [("Location", second.url + "/y")], b"")
            response = request(xsoar.BaseClient(first.url), "GET", "/x", headers={name: "secret" for name in [*names, "X-Mine"]},
                               hooks={"response": again}, ok_codes=(401,), resp_type="response", **kwargs)
            self.assertEqual(len(second.seen), 2)
            for sent in second.seen:
                self.assertEqual([name for name, value in sent.headers if value == "secret"], ["X-Mine"])
            self.assertNotIn("authorization", {name.lower() for name in response.request.headers})
            kept = request(xsoar.BaseClient(first.url), "GET", "/x", headers={"Authorization": "secret"}, allow_redirects=False,
                           resp_type="response")
            self.assertEqual(("Authorization" in kept.request.headers, "Authorization" in kept.next.headers), (True, False))

    def test_v18_to_plain_http(self):
        self.secure.answers["/x"] = Answer(302, [("Location", self.server.url + "/y")], b"")
        client = xsoar.BaseClient(self.secure.url, verify=False)
        if not STANDIN:
            with self.assertRaises((exceptions.RequestException, xsoar.DemistoException)) as caught:
                request(client, "GET", "/x")
            self.assertIn("http", str(caught.exception))
            self.assertEqual(self.server.seen, [])
        allowed = {} if STANDIN else {"allow_downgrade": True}
        self.assertEqual(request(client, "GET", "/x", **allowed), {"status": "ok"})
        self.assertEqual(self.server.last.target, "/y")


class Functions(Served):
    def test_v12_generic_http_request_without_suffix(self):
        call = (xsoar.generic_http_request, "GET", self.server.url)
        if STANDIN:
            self.raises(AttributeError, *call)
        else:
            self.assertEqual(call[0](*call[1:]), {"status": "ok"})
            self.assertEqual(self.server.last.target, "/")


if not STANDIN:
    class More(Served):
        """What the original has nothing of."""

        def test_a_policy_for_verify(self):
            from anycert import Policy
            client = xsoar.BaseClient(self.secure.url, verify=Policy("hardened+self-signed"))
            self.assertEqual(request(client, "GET"), {"status": "ok"})
            with lab("expired-self-signed") as (servers, _):
                client = xsoar.BaseClient(servers["expired-self-signed"], verify=Policy("hardened+self-signed"))
                error = self.fails(request, client, "GET")
            self.assertIn("expired", str(error))

        def test_no_check_box_is_recommended_where_none_helps(self):
            from anycert import Policy
            with lab("plain-http") as (servers, _):
                for text, kind in (("trust-any", exceptions.SSLError), ("report-only", exceptions.SSLError),
                                   ("hardened", xsoar.DemistoException)):
                    self.raises(kind, request, xsoar.BaseClient(servers["plain-http"], verify=Policy(text)), "GET")

        def test_the_environment_is_left_alone_by_a_policy(self):
            from anycert import Policy
            os.environ["REQUESTS_CA_BUNDLE"] = "/nosuch.pem"
            xsoar.BaseClient(self.secure.url, verify=Policy("trust-any"))
            self.assertIn("REQUESTS_CA_BUNDLE", os.environ)

        def test_the_report_says_what_was_given_up(self):
            response = request(xsoar.BaseClient(self.secure.url, verify=False), "GET", resp_type="response")
            report = response.report
            self.assertEqual((report.policy, report.verdict, report.peer_authenticated), ("trust-any", "relaxed", False))
