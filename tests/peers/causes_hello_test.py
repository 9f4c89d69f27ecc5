#!/usr/bin/env python3
"""What of the first message something breaks on: the doctor against OpenSSL's server behind boxes that look at it, and
reset, swallow or refuse what they do not like. No server of today does most of that, so the boxes are ours."""
import json
import os
import pathlib
import shutil
import socket
import struct
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
from acceptor import Acceptor  # noqa: E402
from anycert_cli import Case, run  # noqa: E402
from strangers import serve  # noqa: E402
from pump import pump  # noqa: E402

SNI, GROUPS, EMS, ETM, ALPN, VERSIONS = 0, 10, 23, 22, 16, 43
POST_QUANTUM = 0x11EC


class Hello:
    """A ClientHello: its size without the record, its version, and the extensions by number."""

    def __init__(self, message):
        self.size = len(message)
        self.version = struct.unpack(">H", message[4:6])[0]
        at = 38 + 1 + message[38]
        self.suites = struct.unpack(">H", message[at:at + 2])[0] // 2
        at += 2 + 2 * self.suites
        at += 1 + message[at]
        self.extensions = {}
        end = at + 2 + struct.unpack(">H", message[at:at + 2])[0] if at < len(message) else at
        at += 2
        while at + 4 <= end:
            number, length = struct.unpack(">HH", message[at:at + 4])
            self.extensions[number] = message[at + 4:at + 4 + length]
            at += 4 + length

    def groups(self):
        body = self.extensions.get(GROUPS, b"\0\0")
        return [struct.unpack(">H", body[i:i + 2])[0] for i in range(2, len(body), 2)]


def receive(source, size):
    data = b""
    while len(data) < size:
        more = source.recv(size - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def read_hello(client):
    """The bytes as they came, and the message."""
    raw, message = b"", b""
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4], "big"):
        head = receive(client, 5)
        body = receive(client, struct.unpack(">H", head[3:5])[0])
        raw += head + body
        message += body
    return raw, Hello(message)


class Box(Acceptor):
    """Leads on to a server, unless dislikes(hello); then: "reset", "swallow", "close", or the number of an alert."""

    def __init__(self, name, server, dislikes, deed):
        self.name, self.server, self.dislikes, self.deed = name, server, dislikes, deed
        self.seen = 0
        super().__init__(self.lead, holds=True)

    def lead(self, client, _):
        raw, hello = read_hello(client)
        self.seen += 1
        if self.dislikes(hello):
            self.refuse(client)
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as server:
            server.sendall(raw)
            back = threading.Thread(target=pump, args=(server, client), daemon=True)
            back.start()
            pump(client, server)
            back.join()
        client.close()

    def refuse(self, client):
        if self.deed == "swallow":
            return
        if self.deed == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self.deed != "close":
            client.sendall(bytes([21, 3, 1, 0, 2, 2, self.deed]))
        client.close()


class HelloShapes(Case):
    @classmethod
    def setUpClass(cls):
        cls.before = os.getcwd()
        cls.folder = tempfile.mkdtemp()
        os.chdir(cls.folder)
        authority.make("root", "/CN=The Root", ca=True)
        authority.make("good", "/CN=localhost", issuer="root", kind="RSA")
        cls.today = serve("today", "good")
        old = ["-tls1", "-cipher", "ALL:!aNULL:!eNULL:@SECLEVEL=0"]
        cls.old = serve("old", "good", options=old)
        cls.today.wait()
        cls.old.wait()
        cls.newer = tuple(int(part) for part in run("--version").out.split("OpenSSL ")[1].split(".")[:2]) >= (3, 5)

    @classmethod
    def tearDownClass(cls):
        cls.today.stop()
        cls.old.stop()
        os.chdir(cls.before)
        shutil.rmtree(cls.folder)

    def examine(self, dislikes, deed, server=None):
        timeout = "2" if deed == "swallow" else "30"  # nobody waits but for who says nothing
        box = Box("box", server or self.today, dislikes, deed)
        try:
            target = f"localhost:{box.port}"
            done = run("doctor", "--format", "json", "--cacert", "root.pem", "--timeout", timeout, "--resolve",
                       f"{target}:127.0.0.1", target)
        finally:
            box.stop()
        found = json.loads(done.out)
        self.assertLessEqual(found["handshakes"], 25)
        self.assertEqual(found["handshakes"], box.seen)
        return [cause["id"] for cause in found["causes"]], found

    def check(self, rows):
        for name, dislikes, deeds, causes, relaxations in rows:
            for deed in deeds:
                with self.subTest((name, deed)):
                    ids, found = self.examine(dislikes, deed)
                    self.assertEqual(ids, causes, found["causes"])
                    least = found["least"]["relaxations"] if found["least"] else None
                    self.assertEqual(least, relaxations)

    def test_sizes(self):
        self.check((
            ("over 255", lambda hello: hello.size > 255, ("reset", 80), ["large-hello-intolerant"],
             ["tls1.2-max"]),
            # Ours is padded over the sizes of that fault, so it has to be a little worse to be seen.
            ("256 to 511", lambda hello: 255 < hello.size < 512, ("swallow",), [], None),
            ("256 to 590", lambda hello: 255 < hello.size < 590, ("swallow", "reset"),
             [] if self.newer else ["hello-size-intolerant"], None if self.newer else ["tls1.2-max"]),
            ("over 1500", lambda hello: hello.size > 1500, ("swallow",),
             ["large-hello-intolerant"] if self.newer else [], ["classical-hello"] if self.newer else None)))

    def test_versions(self):
        self.check((
            ("TLS 1.3", lambda hello: VERSIONS in hello.extensions, ("reset", "close", 70, 47),
             ["tls13-intolerant"], ["tls1.2-max"]),))

    def test_groups(self):
        self.check((
            ("post-quantum", lambda hello: POST_QUANTUM in hello.groups(), (40,),
             ["post-quantum-intolerant"] if self.newer else [], ["classical-hello"] if self.newer else None),))

    def test_suites(self):
        self.check((
            ("over 16", lambda hello: hello.suites > 16, ("reset", 40), ["many-suites-intolerant"],
             ["classical-hello"]),))

    def test_extensions(self):
        self.check((
            ("SNI", lambda hello: SNI in hello.extensions, ("reset", "swallow"), ["sni-intolerant"], ["no-sni"]),
            ("ALPN", lambda hello: ALPN in hello.extensions, ("reset",), ["alpn-intolerant"], ["no-alpn"]),
            ("EMS", lambda hello: EMS in hello.extensions, ("reset",), ["ems-intolerant"], ["no-ems"]),
            ("EtM", lambda hello: ETM in hello.extensions, ("reset",), ["etm-intolerant"], ["no-etm"])))

    def test_every_extension(self):
        ids, found = self.examine(lambda hello: hello.extensions, "reset", self.old)
        self.assertEqual(ids, ["extension-intolerant", "tls10-only"])
        self.assertIn("it breaks on every extension", found["causes"][0]["evidence"])

    def test_one_extension(self):
        ids, found = self.examine(lambda hello: GROUPS in hello.extensions, "reset", self.old)
        self.assertIn("extension-intolerant", ids)
        self.assertIn("it breaks on supported_groups", found["causes"][0]["evidence"])

    def test_versions_that_are_not_negotiated(self):
        ids, found = self.examine(lambda hello: hello.version > 0x0301, "reset", self.old)
        self.assertEqual(ids, ["version-intolerant"])
        self.assertEqual(found["verdict"], "impossible")
        self.assertIsNone(found["least"])


if __name__ == "__main__":
    unittest.main()
