#!/usr/bin/env python3
"""Large bodies: downloads that go on, and uploads from standard input."""
import os
import pathlib
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import BIN, EchoCase, left_behind, listener  # noqa: E402


class Transfers(EchoCase):
    def test_downloads_go_on(self):
        whole = os.urandom(100000)
        asked = []

        def half(connection):
            request = connection.recv(65536).decode()
            asked.append(request)
            first = 50000 if "Range: bytes=50000-" in request else 0
            fields = 'ETag: "1"\r\n' + (f"Content-Range: bytes {first}-99999/100000\r\n" if first else "")
            connection.sendall(f"HTTP/1.1 {206 if first else 200} OK\r\n{fields}Content-Length: {100000 - first}"
                               "\r\n\r\n".encode() + whole[first:100000 if first else 50000])
            connection.close()
        with listener(half) as port:
            url = f"http://127.0.0.1:{port}/"
            self.refused("get", "-C", "-", "-o", "big", url, code=9)
            self.assertFalse(os.path.exists("big"))
            self.anycert("get", "-C", "-", "-o", "big", url)
        self.assertEqual(pathlib.Path("big").read_bytes(), whole)
        self.assertEqual(len(asked), 2)
        self.assertEqual([name for name in left_behind() if name.startswith("big")], ["big"])

    def test_what_cannot_go_on_is_no_success(self):
        host = self.server.url.removeprefix("http://").rstrip("/")
        for path, options in (("/status/404", ()), ("/status/404", ("--ok-codes", "404")), ("/status/204", ("-f",)),
                              ("/status/404", ("--fail-with-body",)), ("/redirect/1/", ())):
            with self.subTest(path=path, options=options):
                pathlib.Path("kept").write_text("old")
                self.refused("get", "-C", "-", "-o", "kept", *options, self.server.url + path, code=8,
                             says=f"{host} answered ")
                self.assertEqual(pathlib.Path("kept").read_text(), "old")
                self.refused("get", "-C", "-", "-o", "missing", *options, self.server.url + path, code=8,
                             says="nothing was written")
                self.assertEqual([name for name in left_behind() if name.startswith("missing")], [])

    def test_one_file_is_not_two_outputs(self):
        os.mkdir("folder")
        os.symlink(".", "here")
        pathlib.Path("there").write_text("old")
        for args in (("-o", "new", "--trace", "./new"), ("-o", "folder/../new", "-c", "new"),
                     ("--report", "here/new", "--trace", os.path.abspath("new")),
                     ("-o", "there", "--report", "here/there")):
            with self.subTest(args=args):
                self.refused("get", *args, self.server.url, says="name the same file")
        self.assertEqual(pathlib.Path("there").read_text(), "old")
        self.assertFalse(os.path.exists("new") or os.listdir("folder"))
        self.anycert("get", "-o", "folder/new", "--trace", "new", self.server.url)
        self.assertEqual(pathlib.Path("folder/new").read_text(), "hello\n")

    def peak(self, size, *options):
        """KiB of memory; as many bytes are on standard input, and in the file "in"."""
        with open("in", "wb") as file:
            file.truncate(size)
        with subprocess.Popen(["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as source:
            with subprocess.Popen([BIN, "put", "-s", *options, self.server.url], stdin=source.stdout,
                                  stdout=subprocess.DEVNULL) as process:
                source.stdout.close()
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_maxrss

    def test_bodies_are_not_held_in_memory(self):
        for options in (("-T", "-"), ("-T", "in"), ("--data-binary", "@-"), ("--data-binary", "@in")):
            with self.subTest(options=options):
                self.server.seen.clear()
                small = self.peak(1000, *options)
                self.assertLess(self.peak(64 << 20, *options), small + (32 << 10))
                self.assertEqual([len(request["body"]) for request in self.server.seen], [1000, 64 << 20])
        self.server.seen.clear()

    def test_binary_data_from_a_file_is_sent_as_data_is(self):
        pathlib.Path("empty").touch()
        pathlib.Path("in").write_bytes(b"a\r\n\0b")
        os.mkfifo("pipe")
        for source, options, body in (("in", (), b"a\r\n\0b"), ("empty", (), b""), ("pipe", (), b"piped"),
                                      ("in", ("-d", "c"), b"a\r\n\0b&c")):
            with self.subTest(source=source, options=options):
                self.server.seen.clear()
                writer = threading.Thread(target=pathlib.Path("pipe").write_bytes, args=(b"piped",))
                if source == "pipe":
                    writer.start()
                self.anycert("post", "--data-binary", f"@{source}", *options, self.server.url)
                if source == "pipe":
                    writer.join()
                request = self.server.seen[0]
                headers = dict(request["headers"])
                self.assertEqual((headers["content-type"], headers["content-length"], request["body"]),
                                 ("application/x-www-form-urlencoded", str(len(body)), body))
        self.refused("post", "--data-binary", "@missing", self.server.url, says="--data-binary: ")

    def test_standard_input_is_sent_from_where_it_is_and_again(self):
        content = os.urandom(3 << 20)
        pathlib.Path("in").write_bytes(content)
        for begin in (0, 1000):
            with open("in", "rb") as file:
                file.seek(begin)
                for stdin in (file, subprocess.PIPE):
                    self.server.seen.clear()
                    file.seek(begin)
                    with subprocess.Popen([BIN, "put", "-s", "-L", "-T", "-", self.server.url + "/redirect/1/"],
                                          stdin=stdin, stdout=subprocess.DEVNULL) as process:
                        process.communicate(content[begin:] if stdin == subprocess.PIPE else None, timeout=60)
                    self.assertEqual(process.returncode, 0)
                    self.assertEqual(len(self.server.seen), 2)
                    for request in self.server.seen:
                        self.assertEqual(request["body"], content[begin:])


if __name__ == "__main__":
    unittest.main()
