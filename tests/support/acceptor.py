"""Servers of a test's own, for what no real server does: a thread for each connection."""
import contextlib
import itertools
import socket
import threading

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Acceptor:
    """serve(connection, number) for each connection, on a thread of its own, which closes it then (holds: which stop()
    closes). What fails there, as clients that leave do, ends it. Listens from the beginning, at .port; as a context it
    stops at the end."""

    def __init__(self, serve, address="127.0.0.1", port=0, *, holds=False):
        self.serve, self.holds, self.held = serve, holds, []
        self.listener = socket.create_server((address, port))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        for number in itertools.count():
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            if self.holds:
                self.held.append(connection)
            threading.Thread(target=self.quietly, args=(connection, number), daemon=True).start()

    def quietly(self, connection, number):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            if not self.holds:
                stack.enter_context(connection)
            self.serve(connection, number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait(self):
        """As other servers have it, which take a while to start."""

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for connection in self.held:
            connection.close()


def serve_ok(connection, context):
    """Answers one request over TLS."""
    with context.wrap_socket(connection, server_side=True) as tls:
        if tls.recv(4096):
            tls.sendall(OK)
