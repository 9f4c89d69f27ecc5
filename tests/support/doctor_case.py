"""The doctor against some of the lab's servers, for tests of the command line."""
import contextlib
import json
import socket
import ssl
import subprocess
import threading

from acceptor import Acceptor
from anycert_cli import LabCase
from pump import pump


def make_certificate(name="localhost"):
    """cert.pem and key.pem for it."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", "key.pem", "-out", "cert.pem", "-subj", f"/CN={name}", "-addext",
                    f"subjectAltName=DNS:{name}"], check=True, capture_output=True)


def self_signed():
    """A context with such a certificate."""
    make_certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("cert.pem", "key.pem")
    return context


@contextlib.contextmanager
def proxy(answer, context=None):
    """A proxy that reads the header of one request for each connection and answers: None leads on. With a context
    it speaks TLS itself."""
    seen = []

    def serve(client, _):
        with contextlib.suppress(OSError):
            client = context.wrap_socket(client, server_side=True) if context else client
        with client, contextlib.suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = client.recv(1)
                if not byte:
                    return
                head += byte
            seen.append(head.decode())
            if answer is not None:
                client.sendall(answer)
                return
            host, port = head.split()[1].decode().rsplit(":", 1)
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=pump, args=(server, client))
                back.start()
                pump(client, server)
                back.join()

    with Acceptor(serve) as acceptor:
        yield acceptor.port, seen


class DoctorCase(LabCase):
    """With what is asked of the doctor about these servers."""

    def url(self, name):
        return self.servers[name]["url"]

    def port(self, name):
        return int(self.url(name).split(":")[2].strip("/"))

    def doctor(self, name, *args, code=0, **kwargs):
        return self.anycert("doctor", "--cacert", self.root, *args, self.url(name), code=code, **kwargs)

    def json(self, name, *args, code=0, **kwargs):
        return json.loads(self.doctor(name, "--format", "json", *args, code=code, **kwargs).out)
