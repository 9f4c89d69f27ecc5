#!/usr/bin/env python3
"""How requests prove who sends them: each scheme with a server that checks it, and its secrets nowhere else."""
import base64
import contextlib
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import unittest

# Not this folder, too, for it has a requests.py that is not everybody's.
sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent / "support")
import sigv4_botocore  # noqa: E402
import strangers  # noqa: E402
from anycert_cli import BIN, SOURCE, EchoCase, lab, listener  # noqa: E402

ROOT = ("--cacert", "root.pem")
LIGHTTPD = """server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_openssl")
server.document-root = "@F"
server.bind = "127.0.0.1"
server.port = @P
ssl.engine = "enable"
ssl.pemfile = "@F/good.pem"
ssl.privkey = "@F/good.key"
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "@F/users"
alias.url = ("/md5" => "@F/page", "/sha256" => "@F/page", "/basic" => "@F/page")
auth.require = (
  "/md5" => ("method" => "digest", "algorithm" => "MD5", "realm" => "r", "require" => "valid-user"),
  "/sha256" => ("method" => "digest", "algorithm" => "SHA-256", "realm" => "r", "require" => "valid-user"),
  "/basic" => ("method" => "basic", "realm" => "r", "require" => "valid-user"))
"""
OAUTH2_SECRET = "the secret/&+"


def lighttpd(user, password):
    folder = str(pathlib.Path.cwd())
    text = f"{user}:r:{password}".encode()
    pathlib.Path("users").write_text("".join(f"{user}:r:{function(text).hexdigest()}\n"
                                             for function in (hashlib.md5, hashlib.sha256)))
    pathlib.Path("page").write_text("welcome")

    def command(port):
        pathlib.Path("lighttpd.conf").write_text(LIGHTTPD.replace("@F", folder).replace("@P", str(port)))
        return [strangers.tool("lighttpd"), "-D", "-f", "lighttpd.conf"]
    return strangers.Stranger("lighttpd", command)


def oauth2():
    return strangers.Stranger("oauth2", lambda port: [
        sys.executable, str(SOURCE / "tests/support/oauth2_server.py"), str(port), "good.pem", "good.key", "3600"])


class Auth(EchoCase):
    @classmethod
    def setUpClass(cls):
        strangers.Certificates()
        super().setUpClass()
        cls.strangers = [lighttpd("me", "s3cret"), oauth2()]
        cls.web, cls.tokens = (f"https://localhost:{each.wait().port}" for each in cls.strangers)

    @classmethod
    def tearDownClass(cls):
        for each in cls.strangers:
            each.stop()
        super().tearDownClass()

    def sent(self, *args, path="/", **kwargs):
        """The one request that the server saw, with its fields as a dictionary."""
        self.server.seen.clear()
        self.anycert(*args, self.server.url + path, **kwargs)
        self.assertEqual(len(self.server.seen), 1, self.server.seen)
        return {**self.server.seen[0], "fields": dict(self.server.seen[0]["headers"])}

    def keeps(self, *args, secrets=("s3cret",), **kwargs):
        """Runs a request that tells all it can; the secrets are not in it. The result."""
        result = self.anycert(*args, "-v", "--log-level", "debug", "--report", "r.json", "--trace", "t.har", **kwargs)
        text = result.err + pathlib.Path("r.json").read_text() + pathlib.Path("t.har").read_text()
        for secret in secrets:
            self.assertNotIn(secret, text)
        return result

    def test_digest(self):
        for path in ("/md5", "/sha256"):
            self.assertEqual(self.keeps("get", *ROOT, "--digest", "-u", "me:s3cret", self.web + path).out, "welcome")
            self.anycert("get", "-f", *ROOT, "--digest", "-u", "me:wrong", self.web + path, code=8)
            self.anycert("get", "-f", *ROOT, "-u", "me:s3cret", self.web + path, code=8)
        entries = json.loads(pathlib.Path("t.har").read_text())["log"]["entries"]
        self.assertEqual([entry["response"]["status"] for entry in entries], [401, 200])
        self.anycert("get", "-f", *ROOT, "-u", "me:s3cret", "--basic", self.web + "/basic")

    def test_digest_sends_nothing_weaker(self):
        pathlib.Path("login").write_text("me:s3cret\n")
        self.anycert("get", "-f", *ROOT, "--digest", "--user-file", "login", self.web + "/basic", code=8)
        request = self.sent("get", "--digest", "-u", "me:s3cret")
        self.assertNotIn("authorization", request["fields"])

    def test_ntlm_on_the_wire(self):
        asked = []

        def server(connection):
            while True:
                request = connection.recv(65536).decode()
                if not request:
                    return
                asked.append(request)
                connection.sendall(b"HTTP/1.1 401 Who are you\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n")
        with listener(server) as port:
            self.keeps("get", "--ntlm", "-u", "HOME\\me:s3cret", f"http://127.0.0.1:{port}/")
        tokens = [line.split()[2] for request in asked for line in request.splitlines()
                  if line.startswith("Authorization: NTLM ")]
        self.assertEqual(base64.b64decode(tokens[0])[:12], b"NTLMSSP\0\1\0\0\0")
        self.assertNotIn("Basic", "".join(asked))

    def test_negotiate_needs_a_ticket(self):
        asked = []

        def server(connection):
            asked.append(connection.recv(65536).decode())
            connection.sendall(b"HTTP/1.1 401 Who are you\r\nWWW-Authenticate: Negotiate\r\n"
                               b"WWW-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n")
        with listener(server) as port:
            for args in ((), ("-u", ":")):
                # A GSS-API without a ticket, whatever the machine has.
                self.refused("get", "-sS", "--negotiate", *args, f"http://127.0.0.1:{port}/", code=8, says="Kerberos",
                             env={"KRB5CCNAME": "FILE:/nonexistent", "KRB5_CLIENT_KTNAME": "FILE:/nonexistent"})
        self.assertNotIn("Authorization", "".join(asked))

    def test_api_key_in_a_field(self):
        pathlib.Path("key").write_text("s3cret\nrest")
        for args, kwargs in [(("--api-key", "s3cret"), {}), (("--api-key-file", "key"), {}),
                             (("--api-key-fd", "0"), {"data": b"s3cret"}),
                             (("--api-key-env", "KEY"), {"env": {"KEY": "s3cret"}})]:
            self.assertEqual(self.sent("get", *args, **kwargs)["fields"]["x-api-key"], "s3cret", args)
            self.assertEqual(self.sent("get", *args, "--api-key-header", "Token", **kwargs)["fields"]["token"], "s3cret")
        self.keeps("get", "--api-key", "s3cret", self.server.url)
        fields = self.sent("get", "--api-key", "s3cret", "-H", "Authorization: mine")["fields"]
        self.assertEqual((fields["x-api-key"], fields["authorization"]), ("s3cret", "mine"))

    def test_api_key_in_the_query(self):
        for path, target in (("/?a=b", "/?a=b&k=s%203cret%26"), ("/?k=old", "/?k=s%203cret%26"),
                             ("/#x", "/?k=s%203cret%26")):
            request = self.sent("get", "--api-key", "s 3cret&", "--api-key-param", "k", path=path)
            self.assertEqual(request["target"], target)
        self.keeps("get", "--api-key", "s3cret", "--api-key-param", "k", self.server.url)
        self.keeps("get", "--api-key", "s3cret", "--api-key-param", "k", "-L", self.server.url + "/redirect/1/")

    def test_aws_signs_as_botocore_does(self):
        user = f"{sigv4_botocore.ACCESS_KEY}:{sigv4_botocore.SECRET}"
        options = ("--aws-sigv4", f"aws:amz:{sigv4_botocore.REGION}:execute-api", "--user-env", "KEYS",
                   "--aws-session-token-env", "TOKEN")
        env = {"KEYS": user, "TOKEN": "s3cret"}
        request = self.sent("post", *options, "-d", "a=b", "-H", "X-Y: z", path="/a%20b?c=d", env=env)
        fields = request["fields"]
        ours = fields["authorization"]
        signed = ours.split("SignedHeaders=")[1].split(",")[0].split(";")
        own = "\n".join(f"{name}: {fields[name]}" for name in signed
                        if name not in ("host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"))
        _, theirs = sigv4_botocore.authorization("execute-api", "s3cret", fields["x-amz-date"], "POST",
                                                 self.server.url + request["target"], request["body"], own)
        self.assertEqual(ours, theirs)
        self.keeps("get", *options, self.server.url, env=env, secrets=("s3cret", sigv4_botocore.SECRET))
        short = self.sent("get", "--aws-sigv4", "eu-1:s3", "-u", user)["fields"]["authorization"]
        self.assertIn("/eu-1/s3/aws4_request", short)

    def oauth2(self, *args):
        return ("--oauth2-token-url", self.tokens + "/token", "--oauth2-client-id", "the client",
                "--oauth2-client-secret-env", "SECRET", *args)

    def test_oauth2(self):
        env = {"SECRET": OAUTH2_SECRET}
        for args in ((), ("--oauth2-style", "basic"), ("--oauth2-style", "body"), ("--oauth2-scope", "read write")):
            result = self.keeps("get", "-f", *ROOT, *self.oauth2(*args), self.tokens + "/api", env=env,
                                secrets=(OAUTH2_SECRET, "the%20secret", "the+secret"))
            self.assertEqual(result.out, "welcome", args)
        self.anycert("get", *ROOT, *self.oauth2("--oauth2-audience", "some one", "--oauth2-param", "x=y&z"),
                     self.tokens + "/api", env=env)
        seen = self.anycert("get", *ROOT, self.tokens + "/seen").out
        for text in ("grant_type=client_credentials", "audience=some%20one", "x=y%26z"):
            self.assertIn(text, seen)

    def test_oauth2_fails_with_a_sentence(self):
        env = {"SECRET": OAUTH2_SECRET}
        api = self.tokens + "/api"
        said = self.refused("get", *ROOT, *self.oauth2(), api, code=8, env={"SECRET": "s3cret"},
                            says=f"token request to {self.tokens}: ")
        self.assertNotIn("s3cret", said)
        self.refused("get", *ROOT, *self.oauth2("--oauth2-scope", "all"), api, code=8, env=env, says="invalid_scope")
        # The policy is the same as everywhere: the system's authorities do not know that server.
        result = self.anycert("get", *self.oauth2(), self.server.url, code=3, env=env)
        self.assertIn("token request to", result.err)
        self.anycert("get", "-k", *self.oauth2(), api, env=env)

    def test_the_warning_about_clear_text_says_what_goes_out(self):
        for args, says in [(("-u", "a:b"), "the credentials go out"), (("--bearer", "a"), "the credentials go out"),
                           (("--api-key", "a"), "the credentials go out"),
                           (("--digest", "-u", "a:b"), "the password is not sent"),
                           (("--aws-sigv4", "eu-1:s3", "-u", "a:b"), "the password is not sent"),
                           (("--digest", "-u", "a:b", "-H", "Cookie: c"), "the credentials go out")]:
            err = self.anycert("get", *args, self.server.url).err
            self.assertIn(f"warning: {says}", err, args)
            self.assertIn("clear text", err, args)

    def test_the_report_has_the_token_server(self):
        with lab("good", "self-signed") as (servers, files):
            pathlib.Path("lines").write_text(f"localhost:{servers['self-signed']['port']} hardened+self-signed\n")
            pathlib.Path("lines").chmod(0o600)
            for name, verdict in (("good", "pass"), ("self-signed", "relaxed")):
                token = servers[name]
                result = self.anycert("get", "--cacert", files["root"], "--policy-file", "lines", "--report", "r.json",
                                      "--oauth2-client-id", "lab", "--oauth2-client-secret", "lab-secret",
                                      "--oauth2-token-url", token["url"] + "token", servers["good"]["url"])
                report = json.loads(pathlib.Path("r.json").read_text())
                self.assertEqual([hop["report"]["verdict"] for hop in report["hops"]], ["pass"])
                self.assertEqual((report["token_report"]["port"], report["token_report"]["verdict"],
                                  report["token_report"]["peer_authenticated"]),
                                 (token["port"], verdict, name == "good"))
                self.assertEqual(f"localhost:{token['port']}: " in result.err and "the peer is not authenticated" in result.err,
                                 name != "good")
            self.anycert("get", "--cacert", files["root"], "--report", "r.json", servers["good"]["url"])
            self.assertIsNone(json.loads(pathlib.Path("r.json").read_text())["token_report"])

    def test_a_token_server_in_clear_text_is_warned_of(self):
        with lab("good", "http") as (servers, files):
            asks = ("get", "--cacert", files["root"], "--oauth2-client-id", "lab",
                    "--oauth2-client-secret", "lab-secret", servers["good"]["url"])
            plain = ("--oauth2-token-url", servers["http"]["url"] + "token")
            says = "warning: the client's secret goes out in clear text to the token server"
            self.assertIn(says, self.anycert(*asks, *plain).err)
            self.assertNotIn("clear text", self.anycert(*asks, "--oauth2-token-url", servers["good"]["url"] + "token").err)
            self.assertNotIn("clear text", self.anycert(*asks, *plain, "--secret-guard", "refuse", code=3).err)
            pathlib.Path("box.json").write_text(json.dumps({"oauth2": {"token_url": plain[1], "client_id": "lab",
                                                                       "client_secret": "lab-secret"}}))
            pathlib.Path("box.json").chmod(0o600)
            self.assertIn(says, self.anycert("get", "--profile", "box.json", *asks[1:3], asks[-1]).err)
            pinned = f"hardened ca={files['root']} pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
            self.assertIn("write https", self.anycert("get", "--trust", pinned, *asks[3:], *plain, code=3).err)

    def test_secrets_leave_the_list_of_processes(self):
        kinds = [("--digest", "-u", "me:S"), ("--bearer", "S"), ("--api-key", "S"),
                 ("--aws-sigv4", "eu-1:s3", "-u", "me:S", "--aws-session-token", "S"),
                 ("--oauth2-client-secret", "S", "--oauth2-client-id", "a", "--oauth2-param", "b=S",
                  "--oauth2-token-url", "http://localhost:1/S")]
        for options in kinds:
            with listener() as port, self.subTest(options=options), contextlib.ExitStack() as stack:
                words = [word.replace("S", "s3cr3tword").replace(":1/", f":{port}/") for word in options]
                process = stack.enter_context(subprocess.Popen([BIN, "get", *words, f"http://127.0.0.1:{port}/"],
                                                               stderr=subprocess.PIPE))
                path = pathlib.Path(f"/proc/{process.pid}/cmdline")
                command = "s3cr3tword"
                for _ in range(500):
                    command = path.read_text()
                    if command.startswith(BIN) and "s3cr3tword" not in command:
                        break
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(0.01)
                process.terminate()
                _, error = process.communicate(timeout=30)
                self.assertNotIn("s3cr3tword", command)
                self.assertNotIn("s3cr3tword", error.decode())
                self.assertEqual(process.returncode, 130)

    def test_the_command_line_goes_before_the_profile(self):
        def written(**keys):
            pathlib.Path("box.json").write_text(json.dumps(keys))
            return ("--profile", "box.json")
        box = written(bearer="profile")
        for args, value in [((), "Bearer profile"), (("-u", "a:b"), "Basic YTpi"), (("--api-key", "k"), None),
                            (("-H", "authorization: mine"), "mine"), (("-H", "Authorization:"), None)]:
            self.assertEqual(self.sent("get", *box, *args)["fields"].get("authorization"), value, args)
        url = self.server.url.replace("://", "://a:b@")
        self.server.seen.clear()
        self.anycert("get", *box, url)
        self.assertEqual(dict(self.server.seen[0]["headers"])["authorization"], "Basic YTpi")
        box = written(apikey="profile", apikey_header="X-Key")
        for args, values in [(("-H", "x-key: mine"), ("mine", None)), (("-H", "Authorization: x"), ("profile", "x"))]:
            fields = self.sent("get", *box, *args)["fields"]
            self.assertEqual((fields["x-key"], fields.get("authorization")), values)


if __name__ == "__main__":
    os.environ["no_proxy"] = "*"
    unittest.main()
