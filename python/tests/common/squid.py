"""Squid as an http:// and an https:// proxy and as a server that speaks NTLM, and microsocks as a SOCKS proxy."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from ports import free_port

from .server import certificate

SQUID = "/usr/sbin/squid"
# Sanitizers are for the tests' own process.
PLAIN = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
ANSWERS = 400  # looks at a starting proxy's port, a twentieth of a second apart


def _wait_for(process, port):
    for _ in range(ANSWERS):
        if process.poll() is not None:
            return False
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def _child(start):
    """start() gives a process and the port that it will listen on; a port that was taken meanwhile is another try."""
    for _ in range(5):
        process, port = start()
        try:
            if _wait_for(process, port):
                yield
                return
        finally:
            process.terminate()
            process.wait()
    raise AssertionError("the proxy does not start")


def _common(folder, log_format):
    """What every configuration ends with."""
    return ("cache deny all\ncache_mem 1 MB\nmax_filedescriptors 1024\nvisible_hostname localhost\n"
            f"access_log stdio:{folder}/access.log logformat={log_format}\nbuffered_logs off\n"
            f"pid_filename {folder}/squid.pid\ncache_log {folder}/cache.log\ncoredump_dir {folder}\n"
            "dns_nameservers 127.0.0.1\nudp_incoming_address 127.0.0.1\nicp_port 0\nsnmp_port 0\npinger_enable off\n"
            "netdb_filename none\nshutdown_lifetime 0 seconds\n")


def _start(folder, number):
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(0o777)
    nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.Popen([SQUID, "-N", "-n", f"anycert{number}", "-f", "squid.conf"], cwd=folder,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            env=PLAIN, **nobody)


class Squid:
    """.http and .https are its addresses; https shows a certificate that signed itself, .certificate. With a user it
    wants Basic authentication."""

    def __init__(self, folder, user=None, password=None):
        self.folder = pathlib.Path(folder)
        self.user, self.password = user, password
        self.certificate, self._key = (shutil.copy(path, self.folder) for path in certificate())
        self._log = self.folder / "access.log"

    def start(self):
        self.http_port, self.https_port = free_port(), free_port()
        auth = ""
        if self.user:
            hashed = subprocess.run(["openssl", "passwd", "-apr1", self.password], check=True, capture_output=True,
                                    text=True).stdout
            (self.folder / "users").write_text(f"{self.user}:{hashed}")
            (self.folder / "users").chmod(0o644)
            auth = (f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {self.folder}/users\n"
                    "acl known proxy_auth REQUIRED\nhttp_access deny !known\n")
        (self.folder / "squid.conf").write_text(
            f"http_port 127.0.0.1:{self.http_port}\n"
            f"https_port 127.0.0.1:{self.https_port} tls-cert={self.certificate} tls-key={self._key}\n"
            f"{auth}http_access allow all\nvia off\nserver_persistent_connections off\n"
            "logformat brief %rm %ru %>Hs %{Proxy-Authorization}>h %rv\n" + _common(self.folder, "brief"))
        return _start(self.folder, self.http_port), self.https_port

    @property
    def http(self):
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def https(self):
        return f"https://localhost:{self.https_port}"

    def forget(self):
        """What was logged until now does not count."""
        self._skip = self._size()

    def _size(self):
        return self._log.stat().st_size if self._log.exists() else 0

    def logged(self, wanted=1):
        """The lines since forget(): method, URL, status, credentials, HTTP version. Squid writes the line of a tunnel
        when the tunnel ends, so wait until there are as many as wanted."""
        lines = []
        for _ in range(ANSWERS):
            lines = self._log.read_bytes()[self._skip:].decode().splitlines() if self._log.exists() else []
            lines = [line for line in lines if not line.startswith("-")]  # connections without a request
            if len(lines) >= wanted:
                break
            time.sleep(0.05)
        return [line.split(" ") for line in lines]


@contextlib.contextmanager
def squid(user=None, password=None):
    with tempfile.TemporaryDirectory(prefix="anycert-squid-") as folder:
        proxy = Squid(folder, user, password)
        with _child(proxy.start):
            proxy.forget()
            yield proxy


class NtlmServer:
    """Squid in front of a server, for https:// and for who comes in by NTLM, which Samba's ntlm_auth judges: it asks
    no winbindd where it is given the password. .url and .certificate; asked() tells who has, "-" for nobody."""

    user, password = "HOME\\b0b", "s3cret pass"

    def __init__(self, folder, origin):
        self.folder, self._origin = pathlib.Path(folder), origin
        self.certificate, self._key = (shutil.copy(path, self.folder) for path in certificate())
        (self.folder / "smb.conf").write_text(
            "[global]\nworkgroup = HOME\nnetbios name = LAB\nsecurity = user\n" +
            "".join(f"{name} = {folder}\n" for name in ("private dir", "lock directory", "state directory",
                                                        "cache directory", "pid directory", "ncalrpc dir")))
        (self.folder / "ntlm").write_text(
            f"#!/bin/sh\nexec ntlm_auth --helper-protocol=squid-2.5-ntlmssp --configfile='{folder}/smb.conf' "
            f"--domain=HOME --username=b0b --password='{self.password}'\n")

    def start(self):
        self.port = free_port()
        (self.folder / "squid.conf").write_text(
            f"https_port 127.0.0.1:{self.port} accel defaultsite=localhost tls-cert={self.certificate} "
            f"tls-key={self._key}\n"
            f"cache_peer 127.0.0.1 parent {self._origin} 0 no-query no-digest no-netdb-exchange originserver\n"
            f"auth_param ntlm program /bin/sh {self.folder}/ntlm\n"
            "auth_param ntlm children 20 startup=2 idle=1\nauth_param ntlm keep_alive on\n"
            "acl known proxy_auth REQUIRED\nhttp_access deny !known\nhttp_access allow known\n"
            "logformat who %un %>Hs %ru\n" + _common(self.folder, "who"))
        return _start(self.folder, self.port), self.port

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def asked(self, path, wanted):
        """Of each request for a path: who has asked, and the status; as soon as so many have been logged."""
        found = []
        for _ in range(ANSWERS):
            lines = (line.split() for line in (self.folder / "access.log").read_text().splitlines())
            found = [(user, status) for user, status, url in lines if url.endswith(path)]
            if len(found) >= wanted:
                break
            time.sleep(0.05)
        return found


@contextlib.contextmanager
def ntlm_server(origin):
    """Before the server of that port."""
    with tempfile.TemporaryDirectory(prefix="anycert-ntlm-") as folder:
        server = NtlmServer(folder, origin)
        with _child(server.start):
            yield server


@contextlib.contextmanager
def socks():
    """The port of a SOCKS 5 proxy."""
    ports = []

    def start():
        ports.append(free_port())
        return subprocess.Popen(["microsocks", "-i", "127.0.0.1", "-p", str(ports[-1])], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=PLAIN), ports[-1]

    with _child(start):
        yield ports[-1]
