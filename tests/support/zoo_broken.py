"""Servers that no real software is: what they do to a connection, with or without a real server behind them.

    zoo_broken.py PORT WHAT [ARGUMENT...] [BACKEND-PORT]"""
import select
import socket
import ssl
import struct
import sys
import threading
import time


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_hello(connection):
    """The first record, which is the ClientHello where it fits into one."""
    head = b""
    while len(head) < 5:
        more = connection.recv(5 - len(head))
        if not more:
            return head
        head += more
    length = int.from_bytes(head[3:5], "big")
    body = b""
    while len(body) < length:
        more = connection.recv(length - len(body))
        if not more:
            break
        body += more
    return head + body


def extensions(hello):
    """The types of a ClientHello's extensions."""
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 1 + hello[at]
    end = at + 2 + int.from_bytes(hello[at:at + 2], "big") if at + 2 <= len(hello) else at
    at += 2
    found = []
    while at + 4 <= end:
        found.append(int.from_bytes(hello[at:at + 2], "big"))
        at += 4 + int.from_bytes(hello[at + 2:at + 4], "big")
    return found


def alert(level, number, version=b"\x03\x03"):
    return b"\x15" + version + b"\x00\x02" + bytes([level, number])


def server_hello(version, suite):
    version = bytes.fromhex(version)
    legacy = b"\x03\x03" if version == b"\x03\x04" else version
    body = legacy + bytes(range(32)) + b"\x00" + bytes.fromhex(suite) + b"\x00"
    if version == b"\x03\x04":
        body += b"\x00\x06\x00\x2b\x00\x02\x03\x04"
    message = b"\x02" + len(body).to_bytes(3, "big") + body
    return b"\x16" + legacy + len(message).to_bytes(2, "big") + message


BANNERS = {"smtp": b"220 mail.test ESMTP ready\r\n", "ssh": b"SSH-2.0-OpenSSH_9.2p1\r\n",
           "ftp": b"220 FTP server ready\r\n"}


def without_backend(connection, what, arguments):
    if what in BANNERS:
        connection.sendall(BANNERS[what])
        connection.settimeout(2)
        try:
            connection.recv(4096)
        except socket.timeout:
            pass
        connection.sendall(b"500 what?\r\n")
    elif what == "rst_accept":
        return reset(connection)
    elif what == "hang_accept":
        time.sleep(30)
    elif what == "fin_accept":
        pass
    else:
        read_hello(connection)
        if what == "plainhttp":
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        elif what == "alert":
            connection.sendall(alert(2, int(arguments[0])))
        elif what == "warn":
            connection.sendall(alert(1, int(arguments[0])))
        elif what == "garbage":
            connection.sendall(bytes((17 * i * i + 3) % 256 for i in range(300)))
        elif what == "badver":
            connection.sendall(b"\x16\x09\x09\x00\x05\x02\x00\x00\x01\x00")
        elif what == "sh":
            connection.sendall(server_hello(*arguments))
            time.sleep(0.2)
        elif what == "truncsh":
            connection.sendall(server_hello("0303", "c02f")[:30])
        elif what == "hang_hello":
            time.sleep(30)
        elif what == "drip":
            for byte in server_hello("0303", "c02f"):
                connection.sendall(bytes([byte]))
                time.sleep(0.5)
    connection.close()
    return None


def fragments(data, size):
    """The same records in pieces of so many bytes, each a record."""
    out = b""
    while len(data) >= 5:
        length = int.from_bytes(data[3:5], "big")
        body = data[5:5 + length]
        for at in range(0, len(body), size):
            piece = body[at:at + size]
            out += data[:3] + len(piece).to_bytes(2, "big") + piece
        data = data[5 + length:]
    return out + data


def refuse(connection, how):
    """Whether the hello was not to its liking: resets, or hangs."""
    if how == "rst":
        reset(connection)
    else:
        time.sleep(30)
        connection.close()


def relay(connection, backend, first, change_answers=lambda data, number: data):
    """Both ways until one ends; number counts what came from the backend."""
    with socket.create_connection(("127.0.0.1", backend)) as behind:
        behind.sendall(first)
        number = 0
        while True:
            ready, _, _ = select.select([connection, behind], [], [], 20)
            if not ready:
                return
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                if source is behind:
                    data = change_answers(data, number)
                    number += 1
                    if data is None:
                        reset(connection)
                        return
                    for piece in data if isinstance(data, list) else [data]:
                        connection.sendall(piece)
                        if isinstance(data, list):
                            time.sleep(0.002)
                else:
                    behind.sendall(data)


def with_backend(connection, what, arguments, backend):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    hello = read_hello(connection)
    if what == "bigch" and len(hello) - 5 > int(arguments[0]):
        return refuse(connection, arguments[1])
    if what == "f5" and 256 <= len(hello) - 5 <= 511:
        return refuse(connection, "hang")
    if what == "noext" and int(arguments[0]) in extensions(hello):
        return refuse(connection, arguments[1])
    if what == "anyext" and extensions(hello):
        return refuse(connection, arguments[0])
    change = lambda data, number: data  # noqa: E731
    if what == "split":
        size = int(arguments[0])
        change = lambda data, number: [data[i:i + size] for i in range(0, len(data), size)] \
            if number == 0 else data  # noqa: E731
    elif what == "frag":
        change = lambda data, number: fragments(data, int(arguments[0])) if number == 0 else data  # noqa: E731
    elif what == "corrupt_app":
        change = lambda data, number: data[:-1] + bytes([data[-1] ^ 1]) if data[0] == 0x17 else data  # noqa: E731
    elif what == "rst_app":
        change = lambda data, number: None if data[0] == 0x17 else data  # noqa: E731
    elif what == "slow":
        def change(data, number):
            time.sleep(float(arguments[0]))
            return data
    elif what == "corrupt_hs":
        # The first byte of what the server signed or chose, in the second half of its first flight.
        change = lambda data, number: data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) \
            + data[len(data) // 2 + 1:] if number == 0 else data  # noqa: E731
    relay(connection, backend, hello, change)
    connection.close()
    return None


class Body:
    """A real TLS end whose HTTP answer ends as WHAT says."""

    def __init__(self, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)

    def serve(self, connection, what):
        tls = self.context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=True)
        tls.recv(4096)
        length = b"" if what == "eofbody" else b"Content-Length: 1000\r\n"
        body = b"x" * (10 if what.startswith("trunc") else 1000)
        if what != "rstclose":
            tls.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + length + b"\r\n" + body)
        raw = socket.socket(fileno=tls.detach()) if what not in ("ok", "truncnotify") else None
        if raw is None:
            try:
                tls.unwrap()
            except OSError:
                pass
            tls.close()
        elif what == "rstclose":
            reset(raw)
        else:
            raw.close()


def main():
    port, what, *arguments = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", int(port)))
    body = Body(*arguments[:2]) if what == "body" else None
    while True:
        connection, _ = listener.accept()
        if body:
            call = (body.serve, (connection, arguments[2]))
        elif what in ("bigch", "f5", "noext", "anyext", "split", "frag", "slow", "corrupt_hs",
                      "corrupt_app", "rst_app"):
            call = (with_backend, (connection, what, arguments[:-1], int(arguments[-1])))
        else:
            call = (without_backend, (connection, what, arguments))
        threading.Thread(target=quietly, args=call, daemon=True).start()


def quietly(function, arguments):
    try:
        function(*arguments)
    except (OSError, IndexError, ValueError):
        pass


if __name__ == "__main__":
    main()
