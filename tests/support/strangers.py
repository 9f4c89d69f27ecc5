"""Other people's servers on loopback, with certificates of a CA that lives as long as the test.

Two of them cannot be bound to one address, so everything runs in a network of its own, with nothing but loopback, where
the system lets us make one."""
import base64
import contextlib
import ctypes
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import time

from ports import free_port

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
PASSWORD = "strangers"
PATIENCE = 60

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def own_network():
    """Moves this process into a network namespace of its own; False where that is not allowed."""
    if _libc.unshare(_CLONE_NEWNET) != 0 and _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    return True


def tool(name, *fallbacks):
    """A program's path: of Debian's package before anything else in PATH."""
    for path in (*fallbacks, f"/usr/bin/{name}", f"/usr/sbin/{name}", shutil.which(name)):
        if path and os.access(path, os.X_OK):
            return path
    raise RuntimeError(f"{name} is not installed; ./dev setup installs it")


def run(*command, **kwargs):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **kwargs)
    if done.returncode:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stdout.decode('utf-8', 'replace')[-2000:]}")


# ---- certificates

_CA_CONFIG = """[ca]
default_ca = it
[it]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
email_in_dn = no
copy_extensions = copy
[any]
organizationName = optional
organizationalUnitName = optional
commonName = supplied
"""


def sign(name, signer, days, *more, out):
    """Has NAME.csr signed, with its extensions, for the days from and to (from today); signer: which key and certificate
    does it, for `openssl ca`."""
    pathlib.Path("ca.cnf").write_text(_CA_CONFIG, encoding="ascii")
    pathlib.Path("index.txt").write_text("", encoding="ascii")
    start, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + d * 86400)) for d in days)
    run(tool("openssl"), "ca", "-batch", "-notext", "-config", "ca.cnf", *signer, "-startdate", start, "-enddate", end,
        *more, "-in", f"{name}.csr", "-out", out)


class Certificates:
    """NAME.pem (with the root behind it) and NAME.key for good, expired, wronghost; selfsigned; client; root.pem."""

    def __init__(self):
        self._key("root", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        run(tool("openssl"), "req", "-x509", "-new", "-key", "root.key", "-out", "root.pem", "-days", "30", "-subj",
            "/CN=strangers root", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign")
        self._key("good", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        for name in ("expired", "wronghost", "client"):
            shutil.copy("good.key", f"{name}.key")
        self._issue("good", "localhost", "serverAuth")
        self._issue("expired", "localhost", "serverAuth", days=(-400, -2))
        self._issue("wronghost", "other.test", "serverAuth")
        self._issue("client", "a client", "clientAuth")
        run(tool("openssl"), "req", "-x509", "-new", "-key", "good.key", "-out", "selfsigned.pem", "-days", "30",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        shutil.copy("good.key", "selfsigned.key")
        run(tool("openssl"), "pkcs12", "-export", "-in", "good.pem", "-inkey", "good.key", "-name", "good", "-out",
            "good.p12", "-passout", f"pass:{PASSWORD}")
        pathlib.Path("dh1024.pem").write_text(oakley_group_2(), encoding="ascii")

    @staticmethod
    def _key(name, *args):
        run(tool("openssl"), "genpkey", *args, "-out", f"{name}.key")

    @staticmethod
    def _issue(name, host, usage, days=(-1, 30)):
        run(tool("openssl"), "req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}",
            "-addext", f"extendedKeyUsage={usage}",
            *(["-addext", f"subjectAltName=DNS:{host}"] if " " not in host else []))
        sign(name, ["-cert", "root.pem", "-keyfile", "root.key"], days, out=f"{name}.crt")
        leaf = pathlib.Path(f"{name}.crt").read_text(encoding="ascii")
        pathlib.Path(f"{name}.pem").write_text(leaf + pathlib.Path("root.pem").read_text(encoding="ascii"),
                                               encoding="ascii")


def oakley_group_2():
    """The group of 1024 bits of RFC 2409, section 6.2, as a DH PARAMETERS file."""
    prime = bytes.fromhex(
        "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
        "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
        "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff")
    body = b"\x02\x81\x81\x00" + prime + b"\x02\x01\x02"
    text = base64.encodebytes(b"\x30\x81" + bytes([len(body)]) + body).decode("ascii")
    return f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n"


# ---- programs

def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Stranger:
    """One server: command is a function of the port. It keeps running until stop()."""

    def __init__(self, name, command, **kwargs):
        self.name, self.command, self.kwargs = name, command, kwargs
        self.port, self.process = 0, None
        self.log = pathlib.Path(f"{name}.log")
        self._launch()

    def _launch(self):
        self.port = free_port()
        with self.log.open("wb") as log:
            # Some servers end at the end of their input.
            self.process = subprocess.Popen(self.command(self.port), stdin=subprocess.PIPE, stdout=log,
                                            stderr=subprocess.STDOUT, preexec_fn=_die_with_parent, **self.kwargs)

    def wait(self):
        """Until it takes connections. A port that was taken meanwhile is tried again elsewhere."""
        for _ in range(3):
            end = time.monotonic() + PATIENCE
            while self.process.poll() is None and time.monotonic() < end:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                    return self
                time.sleep(0.02)
            self.stop()
            self._launch()
        raise RuntimeError(f"{self.name} did not start: {self.log.read_text(errors='replace')[-2000:]}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.process.stdin.close()


def serve(name, certificate, chain=None, options=()):
    """OpenSSL's server with CERTIFICATE.pem and its key; chain: the path of what it sends besides."""
    more = ["-cert_chain", chain] if chain else []
    return Stranger(name, lambda port: [
        tool("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet", "-cert", f"{certificate}.pem",
        "-key", f"{certificate}.key", *more, *options])


def openssl(name, *args, cert="good"):
    return Stranger(name, lambda port: [
        tool("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet", "-cert", f"{cert}.pem",
        "-key", f"{cert}.key", "-cert_chain", f"{cert}.pem", *args])


def gnutls(name, priority, *args, cert="good"):
    return Stranger(name, lambda port: [
        tool("gnutls-serv"), "--http", "--quiet", "--disable-client-cert", "-p", str(port), "--x509certfile",
        f"{cert}.pem", "--x509keyfile", f"{cert}.key", "--priority", priority, *args],
        env={**os.environ, "GNUTLS_SYSTEM_PRIORITY_FILE": "/dev/null"})


def nss(name, versions, *args):
    """selfserv of NSS's tools, with a database of its own."""
    database = pathlib.Path(f"{name}.db")
    database.mkdir()
    pathlib.Path("password").write_text(PASSWORD + "\n", encoding="ascii")
    run(tool("certutil"), "-N", "-d", f"sql:{database}", "-f", "password")
    run(tool("pk12util"), "-d", f"sql:{database}", "-i", "good.p12", "-k", "password", "-W", PASSWORD)
    return Stranger(name, lambda port: [
        tool("selfserv"), "-d", f"sql:{database}", "-f", "password", "-n", "good", "-p", str(port), "-V", versions,
        *args])


def nginx(name, *blocks):
    """One nginx; each block is the text of a server with PORT for its port. The ports come as `.ports`."""
    folder = pathlib.Path(f"{name}.nginx").resolve()
    folder.mkdir()
    ports = [free_port() for _ in blocks]
    servers = "\n".join(f"server {{ {block.replace('PORT', f'127.0.0.1:{port}')} }}"
                        for block, port in zip(blocks, ports))
    temporary = "\n".join(f"{what}_temp_path {folder}/{what};"
                          for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr notice;\n"
        f"events {{ worker_connections 64; }}\nhttp {{ access_log off; {temporary}\n"
        f"ssl_certificate {pathlib.Path('good.pem').resolve()};\n"
        f"ssl_certificate_key {pathlib.Path('good.key').resolve()};\n{servers}\n}}\n", encoding="ascii")
    stranger = Stranger(name, lambda port: [tool("nginx"), "-e", "stderr", "-p", str(folder), "-c",
                                            str(folder / "nginx.conf")])
    stranger.ports, stranger.port = ports, ports[-1]
    return stranger


def build_go(name="serve"):
    """The path of a Go program, the server by default, built without network by Debian's Go."""
    folder = pathlib.Path("go").resolve()
    folder.mkdir()
    run(tool("go", "/usr/lib/go/bin/go"), "build", "-o", str(folder / name), str(PEERS / f"{name}.go"),
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "GOCACHE": str(folder / "cache"), "GO111MODULE": "off",
             "GOFLAGS": "", "GOPATH": str(folder), "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"})
    return str(folder / name)


def apache(name, *directives):
    """One Apache with mod_ssl and a single page; directives are those of the server."""
    folder = pathlib.Path(f"{name}.apache").resolve()
    folder.mkdir()
    (folder / "index.html").write_text("apache", encoding="ascii")
    modules = "\n".join(f"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so"
                        for module in ("mpm_event", "authz_core", "ssl", "dir"))

    def command(port):
        (folder / "httpd.conf").write_text(
            f"{modules}\nServerName localhost\nListen 127.0.0.1:{port}\nPidFile {folder}/pid\n"
            f"ServerRoot {folder}\nDefaultRuntimeDir {folder}\nMutex pthread\nErrorLog /dev/stderr\n"
            f"DocumentRoot {folder}\nDirectoryIndex index.html\nSSLSessionCache none\nSSLEngine on\n"
            f"SSLCertificateFile {pathlib.Path('good.pem').resolve()}\n"
            f"SSLCertificateKeyFile {pathlib.Path('good.key').resolve()}\n"
            + "\n".join(directives) + "\n", encoding="ascii")
        return [tool("apache2"), "-d", str(folder), "-f", str(folder / "httpd.conf"), "-DFOREGROUND"]
    return Stranger(name, command)


def lighttpd(name, *settings, module="mod_openssl"):
    """One lighttpd with a single page; settings are lines of ssl.openssl.ssl-conf-cmd, and module is the TLS
    library's: mod_openssl or mod_mbedtls."""
    folder = pathlib.Path(f"{name}.lighttpd").resolve()
    folder.mkdir()
    (folder / "index.html").write_text("lighttpd", encoding="ascii")
    pairs = ", ".join(f'"{key}" => "{value}"' for key, value in settings)

    def command(port):
        (folder / "lighttpd.conf").write_text(
            f'server.modules = ("{module}")\nserver.bind = "127.0.0.1"\nserver.port = {port}\n'
            f'server.document-root = "{folder}"\nindex-file.names = ("index.html")\n'
            f'mimetype.assign = (".html" => "text/html")\n'
            f'ssl.engine = "enable"\nssl.pemfile = "{pathlib.Path("good.pem").resolve()}"\n'
            f'ssl.privkey = "{pathlib.Path("good.key").resolve()}"\n'
            f'ssl.openssl.ssl-conf-cmd = ({pairs})\n', encoding="ascii")
        return [tool("lighttpd"), "-D", "-f", str(folder / "lighttpd.conf")]
    return Stranger(name, command)


def haproxy(name, bind):
    """One HAProxy that answers by itself; bind is what stands behind the certificate in its bind line."""
    folder = pathlib.Path(f"{name}.haproxy").resolve()
    folder.mkdir()
    (folder / "both.pem").write_text("".join(pathlib.Path(f"good.{part}").read_text("ascii") for part in ("pem", "key")),
                                     encoding="ascii")

    def command(port):
        (folder / "haproxy.cfg").write_text(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\nfrontend it\n"
            f"  bind 127.0.0.1:{port} ssl crt {folder}/both.pem {bind}\n"
            "  http-request return status 200 content-type text/plain string haproxy\n", encoding="ascii")
        return [tool("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]
    return Stranger(name, command)


def go(name, program, low="0303", high="0304", alpn="-", clients="-", suites=None):
    return Stranger(name, lambda port: [program, str(port), "good.pem", "good.key", low, high, alpn, clients,
                                        *([suites] if suites else [])])


def java(name, protocols, *suites):
    return Stranger(name, lambda port: [
        tool("java"), "-XX:TieredStopAtLevel=1", "-Xshare:auto", str(PEERS / "Serve.java"), str(port), "good.p12",
        PASSWORD, protocols, *([",".join(suites)] if suites else [])])


_PYTHON_SERVER = """import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        if self.path == "/length":
            self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"python")
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("good.pem", "good.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def python(name):
    """The standard library's server: HTTP/1.0, and a connection that is closed without close_notify. With the path
    /length its body has one, with others it ends with the connection."""
    return Stranger(name, lambda port: [tool("python3"), "-c", _PYTHON_SERVER, str(port)])
