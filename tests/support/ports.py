"""Ports of the loopback addresses for tests that run beside each other."""
import random
import socket

_held = []


def free_port():
    """A port for a server that starts soon. Not one that the kernel picks by itself: somebody would get it before the
    server that it is for. Nor one that this or another process has got here, and may not serve yet: as long as a process
    lives, it holds its numbers, of UDP, which no server of theirs uses."""
    while True:
        port = random.randrange(12000, 30000)
        held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            held.bind(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)):
                _held.append(held)
                return port
        except OSError:
            held.close()


def closed_port():
    """A port of 127.0.0.1 where nobody listens, nor begins to while this process lives: it is taken, by who does not
    listen. (A number that is only free now is some other test's server a moment later.)"""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    _held.append(held)
    return held.getsockname()[1]
