"""Servers for the doctor's second exam: of OpenSSL and others, and what no software is by itself, on threads."""
import contextlib
import itertools
import pathlib
import select
import socket
import ssl
import struct
import threading
import time

import strangers
from acceptor import Acceptor
from strangers import Stranger, tool
from zoo_broken import alert, extensions, read_hello, relay

_number = itertools.count(1)
PLAIN = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"


def unique(name):
    return f"{name}{next(_number)}"


class Threads(Acceptor):
    """serve(connection, number), before the servers that are named behind it. It reads what may be cut short."""

    def __init__(self, serve, *behind):
        self.behind = behind
        super().__init__(serve)

    def quietly(self, connection, number):
        with contextlib.suppress(ValueError, IndexError):
            super().quietly(connection, number)

    def wait(self):
        for server in self.behind:
            server.wait()

    def stop(self):
        super().stop()
        for server in self.behind:
            server.stop()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def openssl(*arguments, cert="good"):
    def start():
        chain = pathlib.Path(f"{cert}.chain")
        sent = ["-cert_chain", str(chain)] if chain.stat().st_size else []
        return Stranger(unique("openssl"), lambda port: [
            tool("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet", "-cert", f"{cert}.crt",
            "-key", f"{cert}.key", *sent, *arguments])
    return start


def gnutls(priority, *arguments, asks=False):
    """With a certificate of the client's as an option where it asks."""
    quiet = [] if asks else ["--disable-client-cert"]
    return lambda: Stranger(unique("gnutls"), lambda port: [
        tool("gnutls-serv"), "--http", "--quiet", *quiet, "-p", str(port), "--x509certfile", "good.pem",
        "--x509keyfile", "good.key", "--priority", priority, *arguments])


def apache(*directives):
    return lambda: strangers.apache(unique("apache"), *directives)


# ---- on threads

def says(*pieces, before=True, pause=0.0):
    """These bytes, with a pause between them, before or after the hello."""
    def serve(connection, _):
        if not before:
            connection.recv(4096)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        connection.settimeout(2)
        while connection.recv(4096):
            pass
    return lambda: Threads(serve)


def one_by_one(text):
    return says(*(bytes([byte]) for byte in text), pause=0.005)


def plain_http(closes):
    """One that reads a line before it says anything, and closes at what is none, or does not."""
    def serve(connection, _):
        first = connection.recv(4096)
        if first.startswith(b"\x16"):
            if closes:
                return
            time.sleep(3)
        else:
            connection.sendall(PLAIN)
    return lambda: Threads(serve)


def context(cert="good", clients=None, highest=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("ALL:@SECLEVEL=0")
    made.load_cert_chain(f"{cert}.pem", f"{cert}.key")
    if clients:
        made.verify_mode = clients
        made.load_verify_locations("root.pem")
    if highest:
        made.minimum_version = made.maximum_version = highest
    return made


def answers(text, cert="good"):
    """TLS, and this for whatever is asked; None: it closes after the request."""
    def serve(connection, _):
        tls = context(cert).wrap_socket(connection, server_side=True)
        if tls.recv(4096) and text is not None:
            tls.sendall(text)
        with contextlib.suppress(OSError):
            tls.unwrap()
    return lambda: Threads(serve)


def asks_and_leaves():
    """It would like to see a certificate, and closes after the handshake."""
    def serve(connection, _):
        context(clients=ssl.CERT_OPTIONAL, highest=ssl.TLSVersion.TLSv1_3).wrap_socket(connection, server_side=True)
    return lambda: Threads(serve)


def good(cert="good"):
    def serve(connection, _):
        tls = context(cert).wrap_socket(connection, server_side=True)
        if tls.recv(4096):
            tls.sendall(PLAIN)
        with contextlib.suppress(OSError):
            tls.unwrap()
    return serve


def resets(connection, _):
    read_hello(connection)
    reset(connection)


def alerts(number):
    def serve(connection, _):
        read_hello(connection)
        connection.sendall(alert(2, number))
    return serve


def in_turn(*serves):
    return lambda: Threads(lambda connection, number: serves[number % len(serves)](connection, number))


def limited(most, seconds, serve):
    """So many connections at once and in a time after them, however slow the client is; the others are reset."""
    ends = []

    def either(connection, number):
        now = time.monotonic()
        ends[:] = [end for end in ends if end[0] is None or now - end[0] < seconds]
        if len(ends) >= most:
            return reset(connection)
        end = [None]
        ends.append(end)
        try:
            return serve(connection, number)
        finally:
            end[0] = time.monotonic()
    return lambda: Threads(either)


def refusing(numbers, how, behind):
    """A box before a server that takes no hello with all of these extensions: it resets, or sends an alert."""
    def start():
        server = behind()

        def serve(connection, _):
            hello = read_hello(connection)
            if not set(numbers) & set(extensions(hello)):
                relay(connection, server.port, hello)
            elif how == "reset":
                reset(connection)
            else:
                connection.sendall(alert(2, how))
        return Threads(serve, server)
    return start


def leaving(how, behind):
    """A server that is gone after its first flight: "close" or "reset"."""
    def start():
        server = behind()

        def serve(connection, _):
            hello = read_hello(connection)
            with socket.create_connection(("127.0.0.1", server.port)) as there:
                there.sendall(hello)
                there.settimeout(0.2)
                with contextlib.suppress(OSError):
                    while data := there.recv(65536):
                        connection.sendall(data)
                connection.recv(65536)
            if how == "reset":
                reset(connection)
        return Threads(serve, server)
    return start


# ---- proxies

def pump(one, other):
    while True:
        for source in select.select([one, other], [], [], 20)[0] or [None]:
            data = source.recv(65536) if source else b""
            if not data:
                return
            (other if source is one else one).sendall(data)


def proxy(answer=b"HTTP/1.1 200 OK\r\n\r\n", tls=None):
    """One that answers CONNECT, over TLS if there is a context for it; with status 200 it leads on."""
    def serve(connection, _):
        if tls:
            connection = tls().wrap_socket(connection, server_side=True)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = connection.recv(1)
            if not byte:
                return
            head += byte
        connection.sendall(answer)
        if b" 200 " in answer.partition(b"\n")[0]:
            port = int(head.split()[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port)) as there:
                pump_tls(connection, there) if tls else pump(connection, there)
    return lambda: Threads(serve)


def pump_tls(tls, there):
    """What TLS has read already is not in the socket any more."""
    def back():
        with contextlib.suppress(OSError):
            while data := there.recv(65536):
                tls.sendall(data)
    thread = threading.Thread(target=back, daemon=True)
    thread.start()
    with contextlib.suppress(OSError):
        while data := tls.recv(65536):
            there.sendall(data)
    there.shutdown(socket.SHUT_WR)
    thread.join(5)
