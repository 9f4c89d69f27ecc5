"""What a box in between does with a connection that it lets through."""
import contextlib
import socket


def pump(source, sink):
    """Carries bytes until the source ends, or is torn down, and tells the sink."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    # A server that serves one at a time has to hear of it in either case.
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
