#!/usr/bin/env python3
"""Requests over plain HTTP: what is sent for which options, and where the answer goes."""
import base64
import contextlib
import gzip
import json
import os
import pathlib
import stat
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import BIN, EchoCase, left_behind, listener, run  # noqa: E402
from ports import closed_port  # noqa: E402

FORM = "application/x-www-form-urlencoded"


class Echo(EchoCase):
    def sent(self, *args, path="/", **kwargs):
        """The one request that the server saw."""
        self.server.seen.clear()
        self.anycert(*args, self.server.url + path, **kwargs)
        self.assertEqual(len(self.server.seen), 1, self.server.seen)
        return self.server.seen[0]

    @staticmethod
    def header(request, name):
        values = [value for key, value in request["headers"] if key == name]
        return values[0] if len(values) == 1 else values


class Sent(Echo):
    def test_methods(self):
        for command in ("get", "head", "post", "put", "patch", "delete"):
            self.assertEqual(self.sent(command)["method"], command.upper())
        for args, method in [((), "GET"), (("-X", "PURGE"), "PURGE"), (("-d", "a=b"), "POST"), (("-I",), "HEAD"),
                             (("-G", "-d", "a=b"), "GET"), (("-X", "PATCH", "-d", "a"), "PATCH")]:
            self.assertEqual(self.sent("request", *args)["method"], method, args)
        self.assertEqual(self.sent("get", "-I")["method"], "HEAD")
        pathlib.Path("body").write_bytes(b"x")
        self.assertEqual(self.sent("request", "-T", "body")["method"], "PUT")
        self.assertEqual(self.sent("get", "-d", "a=b"), {**self.server.seen[0], "method": "GET", "body": b"a=b"})

    def test_a_post_without_data_has_a_length(self):
        for command in ("post", "put", "patch"):
            self.assertEqual(self.header(self.sent(command), "content-length"), "0", command)
        self.assertEqual(self.header(self.sent("get"), "content-length"), [])

    def test_form_data(self):
        pathlib.Path("lines").write_bytes(b"a\r\nb\n\0c")
        for args, body in [
                (("-d", "a=1", "-d", "b=2"), b"a=1&b=2"),
                (("-d", ""), b""),
                (("-d", "@lines"), b"abc"),
                (("--data", "x", "--data-binary", "@lines"), b"x&a\r\nb\n\0c"),
                (("--data-ascii", "@lines"), b"abc"),
                (("--data-raw", "@lines"), b"@lines"),
                (("--data-urlencode", "a b&c"), b"a%20b%26c"),
                (("--data-urlencode", "=a=b"), b"a%3Db"),
                (("--data-urlencode", "q=\u00e4/"), b"q=%C3%A4%2F"),
                (("--data-urlencode", "f@lines"), b"f=a%0D%0Ab%0A%00c"),
                (("--data-urlencode", "@lines"), b"a%0D%0Ab%0A%00c")]:
            with self.subTest(args=args):
                request = self.sent("post", *args)
                self.assertEqual(request["body"], body)
                self.assertEqual(self.header(request, "content-type"), FORM)
        self.assertEqual(self.sent("post", "-d", "@-", data=b"from\nstdin")["body"], b"fromstdin")

    def test_json(self):
        request = self.sent("post", "--json", '{"a":', "--json", "1}")
        self.assertEqual(request["body"], b'{"a":1}')
        self.assertEqual(self.header(request, "content-type"), "application/json")
        self.assertEqual(self.header(request, "accept"), "application/json")
        request = self.sent("post", "--json", "@-", "-H", "content-TYPE: application/x+json", data=b"[\n1]")
        self.assertEqual(request["body"], b"[\n1]")
        self.assertEqual(self.header(request, "content-type"), "application/x+json")

    def test_data_in_the_query(self):
        for path, target in [("/", "/?a=1&b=2"), ("/?", "/?a=1&b=2"), ("/?x", "/?x&a=1&b=2"),
                             ("/?x=1&", "/?x=1&a=1&b=2"), ("/p#frag", "/p?a=1&b=2")]:
            request = self.sent("get", "-G", "-d", "a=1", "-d", "b=2", path=path)
            self.assertEqual((request["target"], request["body"]), (target, b""))

    @staticmethod
    def parts(request):
        """[(name, filename, type, content)] of a multipart body."""
        import email.parser
        import email.policy
        head = b"Content-Type: " + Echo.header(request, "content-type").encode() + b"\r\n\r\n"
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request["body"])
        return [(part.get_param("name", header="content-disposition"), part.get_filename(),
                 part["content-type"], part.get_payload(decode=True)) for part in message.iter_parts()]

    def test_forms(self):
        pathlib.Path("note.txt").write_bytes(b"a\r\nb\0")
        for args, parts in [
                (("-F", "a=b;c"), [("a", None, None, b"b;c")]),
                (("-F", "a=b", "-F", "c="), [("a", None, None, b"b"), ("c", None, None, b"")]),
                (("-F", "a=b;type=text/x"), [("a", None, "text/x", b"b")]),
                (("-F", "a=<note.txt"), [("a", None, None, b"a\r\nb\0")]),
                (("-F", "a=@note.txt"), [("a", "note.txt", "application/octet-stream", b"a\r\nb\0")]),
                (("-F", "a=@note.txt;filename=x.csv;type=text/csv"), [("a", "x.csv", "text/csv", b"a\r\nb\0")]),
                (("-F", 'a=@"note.txt";filename="a; b.csv"'), [("a", "a; b.csv", "application/octet-stream", b"a\r\nb\0")]),
                (("-F", "a=@-"), [("a", "-", "application/octet-stream", b"stdin")]),
                (("-F", "a=<-"), [("a", None, None, b"stdin")]),
                (("--form-string", "a=@b;type=c"), [("a", None, None, b"@b;type=c")])]:
            with self.subTest(args=args):
                self.assertEqual(self.parts(self.sent("post", *args, data=b"stdin")), parts)
        self.assertEqual(self.sent("request", "-F", "a=b")["method"], "POST")

    def test_parameters(self):
        for args, path, target in [
                (("--param", "a=b c", "--param", "d=\u00e4&=/"), "/", "/?a=b+c&d=%C3%A4%26%3D%2F"),
                (("--param", "a=1", "--param", "a=2"), "/?x=y", "/?x=y&a=1&a=2"),
                (("--query", "a=b c&d=%20"), "/", "/?a=b%20c&d=%20"),
                (("--query", "q", "--param", "a="), "/?x", "/?x&q&a="),
                (("-G", "-d", "a=1", "--param", "b=2"), "/", "/?a=1&b=2")]:
            self.assertEqual(self.sent("get", *args, path=path)["target"], target, args)

    def test_upload(self):
        content = os.urandom(300000)
        pathlib.Path("upload").write_bytes(content)
        self.assertEqual(self.sent("put", "-T", "upload")["body"], content)
        self.assertEqual(self.sent("put", "-T", "-", data=content)["body"], content)

    def test_expectations(self):
        pathlib.Path("large").write_bytes(bytes(2 << 20))
        for args, value in [(("-d", "a"), []), (("-T", "large"), "100-continue"),
                            (("-d", "a", "--expect100-timeout", "5"), "100-continue"),
                            (("-T", "large", "--expect100-timeout", "0"), [])]:
            self.assertEqual(self.header(self.sent("request", *args), "expect"), value, args)

    def test_private_addresses(self):
        self.sent("get", "--private-addresses", "allowed")
        self.sent("get", "--private-addresses", "not-by-redirect")
        self.refused("get", "--private-addresses", "refused", self.server.url, code=5, says="127.0.0.1")
        pathlib.Path("box.json").write_text('{"private_addresses": "refused"}')
        self.refused("get", "--profile", "box.json", self.server.url, code=5, says="127.0.0.1")
        self.sent("get", "--profile", "box.json", "--private-addresses", "allowed")

        def elsewhere(connection):
            connection.recv(65536)
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {self.server.url}\r\nContent-Length: 0\r\n\r\n".encode())
        with listener(elsewhere) as port:
            url = f"http://127.0.0.1:{port}/"
            self.anycert("get", "-L", url)
            self.refused("get", "-L", "--private-addresses", "not-by-redirect", url, code=5, says="127.0.0.1")

    def test_headers(self):
        pathlib.Path("headers").write_text("X-One: 1\r\n\nX-Two:  2 \n")
        request = self.sent("get", "-H", "A: x: y", "-H", "B;", "-H", "Accept:", "-H", "@headers", "-A", "me/1")
        for name, value in [("a", "x: y"), ("b", ""), ("accept", []), ("x-one", "1"), ("x-two", "2"),
                            ("user-agent", "me/1")]:
            self.assertEqual(self.header(request, name), value, name)
        self.assertEqual(self.header(self.sent("get", "-A", ""), "user-agent"), [])
        self.assertRegex(self.header(self.sent("get"), "user-agent"), r"^anycert/")
        self.refused("get", "-H", "@-", self.server.url, data=b"A: b\0c", says="NUL")

    def test_proxy_user(self):
        pathlib.Path("login").write_text("me:p@ss/:w\n")
        basic = "Basic " + base64.b64encode(b"me:p@ss/:w").decode()
        proxy = self.server.url[len("http://"):]
        for args in (("-U", "me:p@ss/:w"), ("--proxy-user-file", "login")):
            for url in (proxy, "http://" + proxy):
                self.server.seen.clear()
                self.anycert("get", "-x", url, *args, "http://other.example/x")
                request = self.server.seen[0]
                self.assertEqual(request["target"], "http://other.example/x")
                self.assertEqual(self.header(request, "proxy-authorization"), basic)

    def test_proxy_digest(self):
        asked = []

        def proxy(connection):
            while True:
                request = connection.recv(65536).decode()
                if not request:
                    return
                asked.append(request)
                answer = "200 OK\r\n" if "Proxy-Authorization: Digest" in request else \
                    '407 Who are you\r\nProxy-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'
                connection.sendall(f"HTTP/1.1 {answer}Content-Length: 0\r\n\r\n".encode())
        with listener(proxy) as port:
            for option in ("--proxy-digest", "--proxy-anyauth"):
                asked.clear()
                self.anycert("get", "-f", "-x", f"http://127.0.0.1:{port}", "-U", "me:s3cret", option,
                             "http://other.example/x")
                self.assertNotIn("Basic", "".join(asked))
                self.assertIn('username="me"', asked[-1])
                self.assertNotIn("s3cret", "".join(asked))

    def test_retries(self):
        self.server.seen.clear()
        self.anycert("get", "--retry", "2", "--retry-delay", "0.01", "-f", self.server.url + "/status/503", code=8)
        self.assertEqual(len(self.server.seen), 3)
        for args, count in ((("--retry-on", "504"), 1), (("--retry-on", "500-599"), 2), ((), 2)):
            self.server.seen.clear()
            self.anycert("get", "--retry", "1", *args, self.server.url + "/status/503")
            self.assertEqual(len(self.server.seen), count, args)
        for args, count in (((), 1), (("--retry-methods", "POST"), 2), (("--idempotency-header", "Try-Key"), 2)):
            self.server.seen.clear()
            self.anycert("post", "-d", "a", "--retry", "1", *args, self.server.url + "/status/503")
            self.assertEqual(len(self.server.seen), count, args)
        keys = [self.header(request, "try-key") for request in self.server.seen]
        self.assertTrue(keys[0] and keys[0] == keys[1], keys)
        self.refused("get", "--retry", "1", "--format", "text", f"http://127.0.0.1:{closed_port()}/", code=5)

    def test_accepted_statuses(self):
        url = self.server.url + "/status/404"
        self.assertEqual(self.anycert("get", "--ok-codes", "200,404", url).out, "hello\n")
        result = self.anycert("get", "--ok-codes", "200-299", url, code=8)
        self.assertEqual(result.out, "")
        self.assertIn("answered 404", result.err)

    def test_archive_and_log(self):
        result = self.anycert("get", "--trace", "x.har", "--log-level", "info", "-L", "--bearer", "s3cret",
                              self.server.url + "/redirect/1/?token=s3cret")
        entries = json.loads(pathlib.Path("x.har").read_text())["log"]["entries"]
        self.assertEqual([entry["response"]["status"] for entry in entries], [302, 200])
        self.assertNotIn("s3cret", pathlib.Path("x.har").read_text())
        self.assertEqual(os.stat("x.har").st_mode & 0o777, 0o600)
        self.assertRegex(result.err, r"(?m)^\[info\] ")
        self.assertNotIn("s3cret", result.err)
        self.refused("get", "--trace", "y.har", f"http://127.0.0.1:{closed_port()}/", code=5)
        self.assertEqual(len(json.loads(pathlib.Path("y.har").read_text())["log"]["entries"]), 1)
        result = self.anycert("get", "--log-level", "debug", "--format", "json", self.server.url)
        self.assertIn("log", json.loads(result.err.splitlines()[0]))

    def test_bearer(self):
        pathlib.Path("token").write_text("s3cret\n")
        for args, kwargs in [(("--bearer", "s3cret"), {}), (("--oauth2-bearer", "s3cret"), {}),
                             (("--bearer-file", "token"), {}), (("--bearer-fd", "0"), {"data": b"s3cret"}),
                             (("--bearer-env", "TOKEN"), {"env": {"TOKEN": "s3cret"}})]:
            result = self.sent("get", *args, **kwargs)
            self.assertEqual(self.header(result, "authorization"), "Bearer s3cret", args)
        verbose = self.anycert("get", "-v", "--bearer", "s3cret", self.server.url)
        self.assertNotIn("s3cret", verbose.err)

    def test_user(self):
        basic = "Basic " + base64.b64encode(b"me:pass:word").decode()
        pathlib.Path("login").write_text("me:pass:word\nanything")
        self.assertEqual(self.header(self.sent("get", "-u", "me:pass:word"), "authorization"), basic)
        self.assertEqual(self.header(self.sent("get", "--user-file", "login"), "authorization"), basic)
        self.assertEqual(self.header(self.sent("get", "--user-file", "-", data=b"me:pass:word"), "authorization"),
                         basic)
        self.assertEqual(self.header(self.sent("get", "--user-env", "LOGIN", env={"LOGIN": "me:pass:word"}),
                                     "authorization"), basic)
        self.assertEqual(self.header(self.sent("get", "--user-fd", "0", data=b"me:pass:word\r\nx"), "authorization"),
                         basic)
        url = self.server.url.replace("http://", "http://me:pass%3Aword@")
        self.server.seen.clear()
        self.anycert("get", url)
        self.assertEqual(self.header(self.server.seen[0], "authorization"), basic)

    def test_password_without_a_terminal_is_refused(self):
        done = subprocess.run(["setsid", "-w", BIN, "get", "-u", "me", self.server.url], capture_output=True,
                              check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--user-file", done.stderr)

    def test_password_is_asked_for_without_echo(self):
        import pty
        self.server.seen.clear()
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(BIN, [BIN, "get", "-u", "me", self.server.url])
        shown = b""
        while b"password" not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, b"s3cret\n")
        try:
            while True:
                more = os.read(terminal, 1000)
                if not more:
                    break
                shown += more
        except OSError:
            pass
        self.assertEqual(os.waitpid(pid, 0)[1], 0, shown)
        os.close(terminal)
        self.assertNotIn(b"s3cret", shown)
        self.assertEqual(self.header(self.server.seen[0], "authorization"),
                         "Basic " + base64.b64encode(b"me:s3cret").decode())

    def test_secrets_of_a_query_leave_the_list_of_processes(self):
        for option in ([], ["--url"]):
            with listener() as port, self.subTest(option=option):
                with subprocess.Popen([BIN, "get", *option, f"http://127.0.0.1:{port}/a?token=s3cr3tword"],
                                      stderr=subprocess.PIPE) as process:
                    command = self.command_without("s3cr3tword", process)
                    process.terminate()
                    process.communicate(timeout=30)
                self.assertNotIn("s3cr3tword", command)
                self.assertIn(f"http://127.0.0.1:{port}/a", command)

    @staticmethod
    def command_without(secret, process):
        """The words of a process, once the secret is gone from them."""
        for _ in range(500):
            command = pathlib.Path(f"/proc/{process.pid}/cmdline").read_text()
            if command.startswith(BIN) and secret not in command:
                break
            time.sleep(0.01)
        return command

    def test_secrets_leave_the_list_of_processes(self):
        with listener() as port:
            secret = "s3cr3tword"
            with subprocess.Popen([BIN, "get", "-H", f"X-Key: {secret}", "-d", f"p={secret}",
                                   "-x", f"http://me:{secret}@127.0.0.1:{port}", f"http://u:{secret}@h.example/"],
                                  stderr=subprocess.PIPE) as process:
                command = self.command_without(secret, process)
                process.terminate()
                _, error = process.communicate(timeout=30)
            self.assertNotIn(secret, command)
            self.assertNotIn(secret, error.decode())
            self.assertEqual(process.returncode, 130)


class Received(Echo):
    def test_body_on_standard_output_and_nothing_else(self):
        result = self.anycert("get", self.server.url)
        self.assertEqual((result.out, result.err), ("hello\n", ""))

    def test_status_does_not_matter_unless_asked(self):
        url = self.server.url + "/status/404"
        self.assertEqual(self.anycert("get", url).out, "hello\n")
        result = self.anycert("get", "-f", url, code=8)
        self.assertEqual(result.out, "")
        self.assertRegex(result.err, r"^anycert: .*404.*\n$")
        self.anycert("get", "--fail-with-body", "-o", "body404", url, code=8)
        self.assertEqual(pathlib.Path("body404").read_text(), "hello\n")
        self.anycert("get", "-f", self.server.url + "/status/399")
        self.anycert("get", "-f", self.server.url + "/status/400", code=8)

    def test_header_first(self):
        text = self.anycert("get", "-i", self.server.url).out
        self.assertTrue(text.startswith("HTTP/1.1 200 OK\r\n"), text)
        self.assertTrue(text.endswith("\r\n\r\nhello\n"), text)
        self.assertIn("\r\nContent-Type: text/plain\r\n", text)
        for args in (("head",), ("get", "-I"), ("request", "-I")):
            text = self.anycert(*args, self.server.url).out
            self.assertTrue(text.startswith("HTTP/1.1 200") and text.endswith("\r\n\r\n"), text)
        self.anycert("get", "-i", "-o", "whole", self.server.url)
        self.assertTrue(pathlib.Path("whole").read_bytes().endswith(b"\r\n\r\nhello\n"))

    def test_redirects(self):
        url = self.server.url + "/redirect/3"
        self.assertEqual(self.anycert("get", "-w", "%{http_code} %{num_redirects}", url).out, "hello\n302 0")
        result = self.anycert("get", "-L", "-w", "%{http_code} %{num_redirects} %{url_effective}", url)
        self.assertEqual(result.out, f"hello\n200 3 {self.server.url}/end")
        self.refused("get", "-L", "--max-redirs", "2", url, code=5, says="redirects")
        self.anycert("get", "-L", "--max-redirs", "3", url)

    def test_write_out(self):
        form = (r"%{http_code}|%{response_code}|%{method}|%{content_type}|%{size_download}|%{http_version}|"
                r"%{exitcode}|%{errormsg}|%{trust}|%header{content-length}|%header{none}|%%|\t|\\|%x\n")
        self.assertEqual(self.anycert("get", "-o", "f", "-w", form, self.server.url).out,
                         "200|200|GET|text/plain|6|1.1|0||none|6||%|\t|\\|%x\n")
        self.assertEqual(self.anycert("get", "-o", "f", "-w", "%{filename_effective}", self.server.url).out, "f")
        pathlib.Path("format").write_text("%{http_code}\n")
        self.assertEqual(self.anycert("get", "-o", "f", "-w", "@format", self.server.url).out, "200\n")
        self.assertRegex(self.anycert("get", "-o", "f", "-w", "%{time_total}", self.server.url).out,
                         r"^\d+\.\d{6}$")

    def test_verbose_hides_secrets(self):
        result = self.anycert("get", "-v", "-u", "me:s3cret", "-H", "X-Key: s3cret", "--secret-header", "x-key",
                              "-H", "Cookie: s3cret", "-H", "X-Open: visible", self.server.url)
        self.assertNotIn("s3cret", result.err)
        self.assertNotIn(base64.b64encode(b"me:s3cret").decode(), result.err)
        self.assertRegex(result.err, r"(?mi)^> X-Open: visible$")
        self.assertRegex(result.err, r"(?m)^> GET ")
        self.assertRegex(result.err, r"(?m)^< HTTP/1.1 200")
        self.assertRegex(result.err, r"(?m)^\* ")
        first, *rest = result.err.splitlines()
        self.assertIn("clear text", first)
        for line in rest:
            self.assertRegex(line, r"^[*<>] ?")

    def test_report(self):
        self.anycert("get", "--report", "report.json", self.server.url + "/?key=s3cret")
        document = json.loads(pathlib.Path("report.json").read_text())
        self.assertEqual(document["outcome"]["exit_code"], 0)
        self.assertNotIn("s3cret", json.dumps(document))
        text = self.anycert("get", "-o", "f", "--report", "-", self.server.url).out
        self.assertEqual(json.loads(text)["hops"][0]["status"], 200)

    def test_silence(self):
        url = self.server.url + "/status/500"
        self.assertEqual(self.anycert("get", "-f", "-s", url, code=8).err, "")
        self.assertIn("500", self.anycert("get", "-f", "-sS", url, code=8).err)

    def test_json_errors(self):
        result = self.anycert("get", "-f", "--format", "json", self.server.url + "/status/500", code=8)
        error = json.loads(result.err)["error"]
        self.assertEqual((error["code"], error["exit_code"]), ("HTTP_STATUS", 8))

    def test_progress_is_for_terminals(self):
        self.assertEqual(self.anycert("get", "-#", self.server.url).err, "")

    def on_terminal(self, serve, *args, columns=80):
        """What a terminal gets on standard error, line by line as it was drawn."""
        import fcntl
        import pty
        import struct
        import termios
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with listener(serve) as port:
            done = subprocess.run([BIN, "request", "-#", "-o", "/dev/null", *args, f"http://127.0.0.1:{port}/"],
                                  stdin=subprocess.DEVNULL, stderr=theirs, timeout=60, check=False)
        os.close(theirs)
        text = b""
        with contextlib.suppress(OSError):
            while True:
                text += os.read(ours, 65536)
        os.close(ours)
        self.assertEqual(done.returncode, 0, text)
        return text.decode().replace("\x1b[K", "").replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")

    def test_progress_has_rate_and_time_left(self):
        def in_pieces(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n")
            for _ in range(8):
                connection.sendall(bytes(131072))
                time.sleep(0.05)
        for columns in (80, 40):
            lines = self.on_terminal(in_pieces, columns=columns)
            self.assertRegex(lines[0], r"\d+ %  [\d.]+ .?i?B of 1\.0 MiB  [\d.]+ .?i?B/s")
            self.assertRegex(lines[-1], r"^(\[#+\] )?100 %  1\.0 MiB of 1\.0 MiB  [\d.]+ .?i?B/s")
            for line in lines:
                self.assertLess(len(line), columns, lines)
        self.assertRegex("\n".join(self.on_terminal(in_pieces)), r"\[#+ +\] +\d+ %.*  0:0\d left")

    def test_progress_without_a_length_has_bytes_and_time(self):
        def endless(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        self.assertRegex(self.on_terminal(endless)[-1], r"^5 B  [\d.]+ .?i?B/s  0:0\d$")

    def test_progress_of_an_upload_ends_with_its_answer(self):
        pathlib.Path("in").write_bytes(bytes(1 << 20))
        upload = ("-T", "in", "--expect100-timeout", "0")

        def slow(answer):
            def serve(connection):
                with connection.makefile("rb") as stream:
                    while stream.readline() != b"\r\n":
                        pass
                    for _ in range(8):
                        stream.read(1 << 17)
                        time.sleep(0.02)
                time.sleep(0.2)
                connection.sendall(answer)
            return serve
        lines = self.on_terminal(slow(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), *upload)
        self.assertIn("1.0 MiB sent, waiting for the answer", lines)
        waits = lines.index("1.0 MiB sent, waiting for the answer")
        self.assertFalse([line for line in lines[:waits] if "100 %" in line], lines)
        self.assertRegex(lines[-1], r"^\[#+\] 100 %  1\.0 MiB of 1\.0 MiB  [\d.]+ .?i?B/s$")
        lines = self.on_terminal(slow(b"HTTP/1.1 204 No Content\r\n\r\n"), *upload)
        self.assertEqual(lines[-1], "1.0 MiB sent")
        large = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + bytes(3000000)
        self.assertRegex(self.on_terminal(slow(large), *upload)[-1], r"^\[#+\] 100 %  2\.9 MiB of 2\.9 MiB")

    def test_verbose_has_timings(self):
        for args in ((), ("-o", "x"), ("-i",)):
            err = self.anycert("get", "-v", *args, self.server.url).err
            self.assertRegex(err, r"(?m)^\* timing of http://127.0.0.1:\d+/: .*connected \d\.\d{3} s, "
                                  r"first byte \d\.\d{3} s, end \d\.\d{3} s$")
        err = self.anycert("get", "-v", f"http://127.0.0.1:{closed_port()}/", code=5).err
        self.assertRegex(err, r"(?m)^\* timing of http://127.0.0.1:\d+/: ")
        self.assertNotRegex(err, r"(?m)^\* timing .*connected")
        err = self.anycert("get", "-v", "-L", self.server.url + "/redirect/1/?token=s3cret").err
        first, second = (line for line in err.splitlines() if line.startswith("* timing of "))
        self.assertRegex(first, r"/redirect/1/\?\.\.\.: .*connected \d\.\d{3} s, first byte \d\.\d{3} s, end ")
        self.assertRegex(second, r"/end: connection reused, first byte \d\.\d{3} s, end ")
        self.assertNotIn("s3cret", err)


class Files(Echo):
    def test_output_is_replaced_in_one_step(self):
        target = pathlib.Path("target")
        target.write_text("old and longer than the new")
        target.chmod(0o640)
        self.anycert("get", "-o", "target", self.server.url)
        self.assertEqual(target.read_text(), "hello\n")
        before = left_behind()
        self.anycert("get", "-o", "target", self.server.url)
        self.assertEqual(left_behind(), before)

    def test_a_symbolic_link_stays_one(self):
        pathlib.Path("real").write_text("old")
        pathlib.Path("link").symlink_to("real")
        self.anycert("get", "-o", "link", self.server.url)
        self.assertTrue(pathlib.Path("link").is_symlink())
        self.assertEqual(pathlib.Path("real").read_text(), "hello\n")
        self.anycert("get", "--report", "link", self.server.url)
        self.assertTrue(pathlib.Path("link").is_symlink())
        json.loads(pathlib.Path("real").read_text())

    def test_devices_and_pipes_are_written_to(self):
        os.mkfifo("pipe")
        reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
        self.anycert("get", "-o", "pipe", "--report", "pipe", self.server.url)
        self.assertTrue(stat.S_ISFIFO(os.stat("pipe").st_mode))
        text = os.read(reader, 65536).decode()
        os.close(reader)
        self.assertTrue(text.startswith("hello\n{"), text)
        self.assertEqual(self.anycert("get", "-o", "-", self.server.url).out, "hello\n")
        self.assertEqual(self.anycert("get", "-o", "/dev/stdout", self.server.url).out, "hello\n")

    def test_a_failure_leaves_the_old_file(self):
        def truncated(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nten bytes.")
            connection.close()
        target = pathlib.Path("kept")
        target.write_text("old")
        before = left_behind()
        with listener(truncated) as port:
            url = f"http://127.0.0.1:{port}/"
            self.refused("get", "-o", "kept", url, code=9)
            self.refused("get", "-o", "new", url, code=9)
            self.refused("get", "-i", "-o", "kept", url, code=9)
            self.assertEqual(run("get", url).code, 9)
        self.assertEqual(target.read_text(), "old")
        self.assertEqual(left_behind(), before)

    def test_secrets_in_clear_text_are_warned_about(self):
        warning = "anycert: warning: the credentials go out in clear text; use https:// where the server has it\n"
        pathlib.Path("login").write_text("me:pass\n")
        url, userinfo = self.server.url, self.server.url.replace("//", "//me:pass@")
        for args in (("-u", "me:pass", url), ("--user-file", "login", url), (userinfo,),
                     ("-H", "authorization: Bearer x", url), ("-H", "Cookie: a=b", url),
                     ("-H", "X-Key: x", "--secret-header", "x-key", url)):
            self.assertEqual(self.anycert("get", *args).err, warning, args)
            self.assertEqual(self.anycert("get", "-s", *args).err, "", args)
        for args in (("-H", "X-Key: x", url), ("--secret-header", "X-Key", url), (url + "/a@b",)):
            self.assertEqual(self.anycert("get", *args).err, "", args)
        result = self.anycert("get", "--format", "json", "-u", "me:pass", url)
        self.assertEqual(json.loads(result.err)["warning"]["check"], "clear_text")
        self.assertNotIn("pass", self.refused("get", "-u", "me:pass", f"https://127.0.0.1:{closed_port()}/", code=5))

    def test_plain_http_is_trusted_by_nothing(self):
        self.assertEqual(self.anycert("get", "-o", "x", "-w", "%{trust} %{authenticated_by}|%{policy}",
                                      self.server.url).out, "none none|")

    def test_harmless_options_of_curl_are_accepted(self):
        for args in (("--url", self.server.url), (f"--url={self.server.url}",), ("--tlsv1.2", self.server.url),
                     ("--no-progress-meter", "-qgN", "--basic", self.server.url)):
            result = self.anycert("get", *args)
            self.assertEqual((result.out, result.err), ("hello\n", ""), args)

    def test_messages_name_host_and_option(self):
        host = self.server.url.split("/")[2]
        self.refused("get", "-f", "-o", "x", self.server.url + "/status/404", code=8, says=f"{host} answered 404 Not Found")
        self.refused("get", "-L", "--max-redirs", "1", self.server.url + "/redirect/3", code=5,
                     says="more than 1 redirects (--max-redirs)")
        self.refused("get", "--max-body", "2", "-o", "x", self.server.url, code=9, says="(--max-body)")
        self.refused("get", "-i", "--max-body", "2", self.server.url, code=9, says="(--max-body)")

    def test_a_status_is_no_failure_of_the_transfer(self):
        target = pathlib.Path("status")
        for options, body in (((), "hello\n"), (("-f",), "old"), (("--fail",), "old"),
                              (("--fail-with-body",), "hello\n"), (("-f", "--fail-with-body"), "hello\n"),
                              (("--ok-codes", "200"), "old"), (("--ok-codes", "404"), "hello\n"),
                              (("--ok-codes", "200", "--fail-with-body"), "hello\n")):
            target.write_text("old")
            accepted = not options or options[-1] == "404"
            result = self.anycert("get", *options, "-o", "status", self.server.url + "/status/404",
                                  code=0 if accepted else 8)
            self.assertEqual("404" in result.err, not accepted)
            self.assertEqual(target.read_text(), body, options)
            result = self.anycert("get", *options, self.server.url + "/status/404", code=0 if accepted else 8)
            self.assertEqual(result.out, body.replace("old", ""), options)
            self.assertEqual(os.listdir(".").count("status"), 1)

    def test_limits(self):
        bomb = gzip.compress(bytes(10 << 20))

        def compressed(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb))
            connection.sendall(bomb)
        with listener(compressed) as port:
            url = f"http://127.0.0.1:{port}/"
            self.refused("get", "--max-body", "1M", "-o", "bomb", url, code=9, says="larger")
            self.assertFalse(os.path.exists("bomb"))
            self.anycert("get", "--max-body", "10M", "-o", "bomb", url)
            self.assertEqual(os.stat("bomb").st_size, 10 << 20)


if __name__ == "__main__":
    unittest.main()
