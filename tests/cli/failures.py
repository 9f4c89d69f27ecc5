#!/usr/bin/env python3
"""Dead, silent and slow servers; signals; standard output that is closed or full: one sentence, the right exit
code, and nothing half done."""
import os
import pathlib
import signal
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import BIN, Case, echo, left_behind, listener, start  # noqa: E402
from ports import closed_port  # noqa: E402


def answering(answer, wait=None):
    """A server that reads a request and answers with these bytes; with wait, it then does nothing until set."""
    def serve(connection):
        connection.recv(65536)
        connection.sendall(answer)
        if wait:
            wait.wait(60)
        connection.close()
    return serve


class Network(Case):
    def test_dead_port(self):
        for scheme in ("http", "https"):
            for args in ((), ("-k",)):
                self.refused("get", *args, f"{scheme}://127.0.0.1:{closed_port()}/", code=5)

    def test_the_doctor_is_named(self):
        port = closed_port()
        said = self.anycert("get", "-x", f"http://me:secret@127.0.0.1:{port}", "https://a.example/b?c=d", code=7).err
        self.assertRegex(said, f"\n  doctor +anycert doctor .*--proxy http://127.0.0.1:{port} https://a.example:443/\n$")
        self.assertNotIn("doctor", self.anycert("get", f"http://127.0.0.1:{port}/", code=5).err)

    def test_name_that_does_not_exist(self):
        self.refused("get", "https://nowhere.invalid/", code=5, says="nowhere.invalid")

    def test_dead_proxy(self):
        self.refused("get", "-x", f"http://127.0.0.1:{closed_port()}", "https://localhost/", code=7, says="proxy")

    def test_silent_server(self):
        with listener() as port:
            for scheme, option, code in (("http", "--max-time", 6), ("https", "--max-time", 6),
                                         ("https", "--connect-timeout", 6)):
                with self.subTest(scheme=scheme, option=option):
                    self.refused("get", option, "0.3", "-o", "silent", f"{scheme}://127.0.0.1:{port}/", code=code)
            # Less than a millisecond is still a limit.
            self.refused("get", "--max-time", "0.0001", f"http://127.0.0.1:{port}/", code=6)
            self.refused("get", "--stall-timeout", "1", "-o", "silent", f"http://127.0.0.1:{port}/", code=6)
        self.assertFalse(os.path.exists("silent"))

    def test_a_limit_says_how_far_it_came(self):
        with listener() as port:
            self.refused("get", "-m", "0.3", f"https://127.0.0.1:{port}/", code=6,
                         says="within the 300 ms of the request: it was reached, but TLS did not come about")
            self.refused("get", "-m", "0.3", f"http://127.0.0.1:{port}/", code=6, says="asked, and did not answer")

    def test_a_proxy_that_is_silent_in_tls_is_to_blame(self):
        with listener() as port:
            proxy = f"127.0.0.1:{port}"
            said = self.anycert("get", "-x", f"https://{proxy}", "--connect-timeout", "0.3", "https://localhost:1/",
                                code=7).err.splitlines()
            self.assertIn(f"the proxy {proxy} was reached, but TLS with it did not come about within 300 ms; "
                          "is it http://?", said[0])
            self.assertEqual(said[1:], [f"  doctor       anycert doctor --proxy https://{proxy} https://localhost:1/"])
            self.refused("get", "-x", f"https://{proxy}", "-m", "0.3", "https://localhost:1/", code=6,
                         says=f"the proxy {proxy} was reached, but TLS with it did not come about")

    def test_json_that_is_none_is_refused(self):
        with echo() as server:
            for text in ("{a: 1}", "", "{} {}", '{"a":'):
                sentence = self.refused("post", "--json", text, server.url, says="--json: the body is not valid JSON")
                self.assertIn("--data-binary", sentence)
            self.assertEqual(server.seen, [])
            self.anycert("post", "--data-binary", "{a: 1}", "-H", "Content-Type: application/json", server.url)
            self.assertEqual(server.seen[0]["body"], b"{a: 1}")

    def test_dripping_server(self):
        stop = threading.Event()

        def drip(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not stop.wait(0.1):
                connection.sendall(b"x")
        with listener(drip) as port:
            self.refused("get", "--max-time", "1", "-o", "dripped", f"http://127.0.0.1:{port}/", code=6)
            stop.set()
        self.assertEqual([name for name in left_behind() if "dripped" in name], [])

    def test_what_is_no_http(self):
        for answer in (b"SSH-2.0-x\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"HTTP/1.1 abc\r\n\r\n", b""):
            with self.subTest(answer=answer), listener(answering(answer)) as port:
                self.refused("get", "-o", "none", f"http://127.0.0.1:{port}/", code=5)
                result = self.anycert("get", "-k", f"https://127.0.0.1:{port}/", code=4)
                self.assertEqual(result.out, "")

    def test_huge_header(self):
        answer = b"HTTP/1.1 200 OK\r\nX: " + b"a" * (1 << 20) + b"\r\nContent-Length: 0\r\n\r\n"
        with listener(answering(answer)) as port:
            self.refused("get", f"http://127.0.0.1:{port}/", code=9, says="header")


    def test_truncated_body(self):
        for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes!",
                       b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"):
            with self.subTest(answer=answer), listener(answering(answer)) as port:
                self.refused("get", "-o", "cut", f"http://127.0.0.1:{port}/", code=9)
        self.assertFalse(os.path.exists("cut"))

    def test_broken_compression(self):
        answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"
        with listener(answering(answer)) as port:
            self.refused("get", "-o", "gz", f"http://127.0.0.1:{port}/", code=9)
            self.assertEqual(self.anycert("get", "--no-compressed", f"http://127.0.0.1:{port}/").out, "not gzip!")


class Signals(Case):
    HEADER = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes!"

    def interrupted(self, number, *args):
        """Sends a signal once the first bytes of the body are there; the finished process."""
        stop = threading.Event()
        asked = threading.Event()

        def serve(connection):
            connection.recv(65536)
            connection.sendall(self.HEADER)
            asked.set()
            stop.wait(60)
        try:
            with listener(serve) as port:
                with start("get", *args, f"http://127.0.0.1:{port}/", stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE) as process:
                    self.assertTrue(asked.wait(30))
                    process.send_signal(number)
                    out, err = process.communicate(timeout=30)
                return process.returncode, out.decode(), err.decode()
        finally:
            stop.set()

    def test_the_first_signal_ends_in_good_order(self):
        pathlib.Path("kept").write_text("old")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = left_behind()
            code, _, err = self.interrupted(number, "-o", "kept")
            self.assertEqual(code, 130)
            self.assertRegex(err, r"^anycert: .*interrupted.*\n$")
            self.assertEqual(left_behind(), before)
        self.assertEqual(pathlib.Path("kept").read_text(), "old")

    def test_report_is_written(self):
        import json
        code, _, _ = self.interrupted(signal.SIGINT, "--report", "r.json", "-o", "x")
        self.assertEqual(code, 130)
        self.assertEqual(json.loads(pathlib.Path("r.json").read_text())["outcome"]["exit_code"], 130)

    def test_ignored_signals_stay_ignored(self):
        stop = threading.Event()

        def serve(connection):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
            stop.wait(30)
            connection.sendall(b"b")
            connection.close()
        with listener(serve) as port:
            script = f"trap '' INT; exec '{BIN}' get http://127.0.0.1:{port}/"
            with subprocess.Popen(["bash", "-c", script], stdout=subprocess.PIPE) as process:
                self.assertEqual(process.stdout.read(1), b"a")
                process.send_signal(signal.SIGINT)
                stop.set()
                self.assertEqual(process.stdout.read(), b"b")
                self.assertEqual(process.wait(30), 0)


class StandardOutput(Case):
    def test_reader_that_goes_away_is_no_reason_to_shout(self):
        body = b"x" * (4 << 20)
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        with listener(answering(answer)) as port:
            with start("get", f"http://127.0.0.1:{port}/", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                process.stdout.read(1)
                process.stdout.close()
                error = process.stderr.read()
                self.assertEqual((process.wait(30), error), (9, b""))

    def test_full_device(self):
        with echo() as server:
            for args in (("get", server.url), ("get", "-i", server.url), ("policy", "list"), ("help",),
                         ("get", "-o", "/dev/full", server.url)):
                with self.subTest(args=args), open("/dev/full", "wb") as full:
                    done = subprocess.run([BIN, *args], stdout=full, stderr=subprocess.PIPE, check=False)
                    self.assertEqual(done.returncode, 9, args)
                    self.assertRegex(done.stderr, rb"^anycert: cannot write to .*No space left on device\n$")

    def test_report_that_cannot_be_written_after_the_request_was_sent(self):
        with echo() as server:
            result = self.anycert("post", "-d", "a=b", "--report", "/dev/full", server.url, code=9)
            self.assertEqual(result.out, "hello\n")
            self.assertRegex(result.err, r"^anycert: --report: cannot write to /dev/full: No space left on device\n$")
            with open("/dev/full", "wb") as full:
                done = subprocess.run([BIN, "get", "--report", "-", "-o", "body", server.url], stdout=full,
                                      stderr=subprocess.PIPE, check=False)
            self.assertEqual(done.returncode, 9)
            self.assertIn(b"standard output: No space left", done.stderr)
            self.assertEqual(len(server.seen), 2)
        # The first failure keeps its exit code.
        self.anycert("get", "--report", "/dev/full", f"http://127.0.0.1:{closed_port()}/", code=5)

    def test_closed_descriptors(self):
        with echo() as server:
            for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
                done = subprocess.run(["bash", "-c", f"'{BIN}' get -o body {server.url} {closed}"], check=False,
                                      timeout=60)
                self.assertEqual(done.returncode, 0, closed)
                self.assertEqual(pathlib.Path("body").read_text(), "hello\n")
                os.unlink("body")
            server.seen.clear()
            done = subprocess.run(["bash", "-c", f"'{BIN}' get {server.url} >&-"], check=False, timeout=60,
                                  capture_output=True)
            self.assertEqual(done.returncode, 9)
            self.assertEqual(server.seen[0]["body"], b"")


if __name__ == "__main__":
    unittest.main()
