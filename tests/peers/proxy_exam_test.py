#!/usr/bin/env python3
"""The doctor behind https:// proxies that something is wrong with: Squid with certificates of every kind, HAProxy in
front of Squid with old TLS, and what answers nothing at all; each with servers that something is wrong with, too. For
each the verdict, the causes of both links, the least policy of both, and that what is printed works.

    proxy_exam_test.py [NAME...]     only those proxies"""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import exam  # noqa: E402
import second_servers as s  # noqa: E402
from second_certificates import OVER, Certificates, ipaddress  # noqa: E402
from second_servers import openssl  # noqa: E402
from strangers import Stranger, tool  # noqa: E402
from zoo_certificates import Issuer  # noqa: E402

BIN = os.environ["ANYCERT_BIN"]
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = json.loads((SOURCE / "docs/doctor-schema.json").read_text("utf-8"))
AT_ONCE, MOST = 4, 25
LOOPBACK = (ipaddress.ip_address("127.0.0.1"),)
ORDER = ("healthy", "fixable", "relaxable", "impossible", "forbidden", "unreachable")
TRUSTED = "hardened ca=root.pem"
WRONG_PIN = TRUSTED + " pin=sha256//" + "A" * 43 + "="
SQUID = """http_port 127.0.0.1:{port}{tls}
http_access allow all
access_log none
cache_log {home}/cache.log
cache deny all
pid_filename none
netdb_filename none
pinger_enable off
coredump_dir {home}
shutdown_lifetime 0 seconds
workers 1
"""
# What HAProxy has no words for.
CONFIGS = {"sha1.cnf": "SignatureAlgorithms = RSA+SHA1", "dh.cnf": "CipherString = ALL:@SECLEVEL=0"}
CONFIG = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = it
[it]
"""
HAPROXY = """global
    maxconn 200
    tune.ssl.default-dh-param 1024
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend f
    bind 127.0.0.1:{port} ssl crt {cert}.both {options}
    default_backend b
backend b
    server squid 127.0.0.1:{behind}
"""


class More(Certificates):
    """And what a proxy at 127.0.0.1 shows."""

    def __init__(self):
        super().__init__()
        self.leaf("self-signed-proxy", LOOPBACK, issuer=Issuer("localhost", self.key), chain=())
        self.leaf("self-signed", issuer=Issuer("localhost", self.key), chain=())
        self.leaf("misnamed", ("proxy.test",), subject="proxy.test")
        self.leaf("over", LOOPBACK, valid=OVER)
        for name, line in CONFIGS.items():
            pathlib.Path(name).write_text(f"{CONFIG}{line}\n", "ascii")
        # What whoever runs them gives to whoever asks.
        for to, source in (("proxy.pem", "self-signed-proxy.crt"), ("proxy-ca.pem", "root.pem"),
                           ("server.pem", "self-signed.crt"), ("company-ca.pem", "self-signed.crt")):
            pathlib.Path(to).write_bytes(pathlib.Path(source).read_bytes())
        for name in ("loopback", "over"):
            pathlib.Path(f"{name}.both").write_text("".join(pathlib.Path(f"{name}.{part}").read_text("ascii")
                                                            for part in ("pem", "key")), "ascii")


# ---- proxies

def squid(cert=None):
    """Over TLS, if there is a certificate."""
    def start():
        name = s.unique("squid")
        pathlib.Path(name).mkdir()
        pathlib.Path(name).chmod(0o777)

        def command(port):
            tls = f" tls-cert={os.path.abspath(cert)}.pem tls-key={os.path.abspath(cert)}.key" if cert else ""
            text = SQUID.format(port=port, tls=tls, home=os.path.abspath(name))
            pathlib.Path(f"{name}/conf").write_text(text.replace("http_port", "https_port") if cert else text, "ascii")
            # Its shared memory has the name of the service: no other Squid's.
            return [tool("squid"), "-N", "-n", f"anycert{os.getpid()}{name}", "-f", f"{name}/conf"]
        return Stranger(name, command)
    return start


class Haproxy(Stranger):
    """TLS of the kind that options say, in front of Squid."""

    def __init__(self, cert, options, config):
        self.squid = squid()()
        name = s.unique("haproxy")

        def command(port):
            pathlib.Path(f"{name}.conf").write_text(HAPROXY.format(port=port, cert=cert, options=options,
                                                                   behind=self.squid.port), "ascii")
            return [tool("haproxy"), "-q", "-f", f"{name}.conf"]
        super().__init__(name, command, env={**os.environ, "OPENSSL_CONF": config} if config else None)

    def wait(self):
        self.squid.wait()
        super().wait()

    def stop(self):
        super().stop()
        self.squid.stop()


def haproxy(*options, cert="loopback", config=None):
    return lambda: Haproxy(cert, " ".join(options), config)


def says_nothing():
    """TLS, and no answer to what is asked then."""
    def serve(connection, _):
        tls = s.context("loopback").wrap_socket(connection, server_side=True)
        while tls.recv(4096):
            pass
    return s.Threads(serve)


def leaves():
    return s.Threads(lambda connection, _: connection.recv(4096))


OLD = ("ssl-min-ver TLSv1.0", "ssl-max-ver TLSv1.0", "ciphers ALL:@SECLEVEL=0")
# name: how it is started, what --proxy-trust says, verdict, causes, least policy without values.
PROXIES = {
    "fine": (squid("loopback"), TRUSTED, "healthy", (), None),
    "self-signed": (squid("self-signed-proxy"), None, "relaxable", ("self-signed",), "hardened+self-signed pin"),
    "expired": (squid("over"), TRUSTED, "relaxable", ("expired",), "hardened+expired ca"),
    "misnamed": (squid("misnamed"), TRUSTED, "fixable", ("address-mismatch",), "hardened ca expect-name"),
    "private-ca": (squid("loopback"), None, "relaxable", ("unknown-root",), "hardened+untrusted-issuer pin"),
    "wrong-pin": (squid("loopback"), WRONG_PIN, "fixable", ("pin-mismatch",), "hardened ca pin"),
    "tls1.0": (haproxy(*OLD), TRUSTED, "relaxable", ("tls10-only",), "hardened+tls1.0 ca"),
    "tls1.0-static": (haproxy("ssl-min-ver TLSv1.0", "ssl-max-ver TLSv1.0", "ciphers AES128-SHA:@SECLEVEL=0",
                              cert="over"), TRUSTED, "relaxable", ("expired", "tls10-only", "static-rsa-only"),
                      "hardened+expired+tls1.0+rsa-key-exchange ca"),
    "static-rsa": (haproxy("ssl-max-ver TLSv1.2", "ciphers AES128-SHA"), TRUSTED, "relaxable",
                   ("static-rsa-only", "cbc-sha1-only"), "hardened+rsa-key-exchange+cbc-sha1 ca"),
    "small-dh": (haproxy("ssl-max-ver TLSv1.2", "ciphers DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", config="dh.cnf"),
                 TRUSTED, "relaxable", ("small-dh",), "hardened+small-dh ca"),
    "sha1": (haproxy("ssl-max-ver TLSv1.2", "ciphers ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", config="sha1.cnf"),
             TRUSTED, "relaxable", ("sha1-handshake",), "hardened+sha1-handshake ca"),
    "silent": (lambda: s.Threads(lambda connection, _: [None for _ in iter(lambda: connection.recv(4096), b"")]), None,
               "unreachable", ("proxy-silent",), None),
    "closes": (leaves, None, "unreachable", ("proxy-closed",), None),
    "no-tunnel": (says_nothing, TRUSTED, "unreachable", ("proxy-silent",), None),
}
# name: how it is started, verdict, causes, least policy without values, what --trust it needs beside --cacert.
ORIGINS = {
    "good": (openssl("-cipher", "ALL:@SECLEVEL=0"), "healthy", (), "hardened ca"),
    "self-signed": (openssl(cert="self-signed"), "relaxable", ("looks-intercepted", "self-signed"),
                    "hardened+self-signed ca pin"),
    "tls1.0": (openssl("-tls1", "-cipher", "ALL:@SECLEVEL=0"), "relaxable", ("tls10-only",), "hardened+tls1.0 ca"),
}


# ---- the doctor, and what it says

def run(*words):
    return subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=120, text=True)


def shape_of(policy):
    """The policy without values."""
    return " ".join(word.partition("=")[0] for word in policy["policy"].split(" ")) if policy else None


def hop_of(told, hop):
    return sorted(cause["id"] for cause in told["causes"] if cause["hop"] == hop)


def worse(one, other):
    return max(one, other, key=ORDER.index)


def ask(proxy, origin, given, name):
    target = f"localhost:{origin.port}"
    way = ["--cacert", "root.pem", "--proxy", f"https://127.0.0.1:{proxy.port}"]
    trust = ["--proxy-trust", given] if given else []
    done = run(BIN, "doctor", "--format", "json", "--timeout", "1", *way, *trust, "--save", f"{name}.saved", target)
    if not done.stdout:
        raise RuntimeError(done.stderr)
    again = run(BIN, "doctor", "--replay", f"{name}.saved", "--format", "json")
    return json.loads(done.stdout), json.loads(again.stdout), way, f"https://{target}/"


def works(*words):
    done = run(*words)
    return [] if done.returncode == 0 else [f"{shlex.join(map(str, words))}: {done.stderr.strip()}"]


def wrong_commands(told, way, url, alone):
    """What the policies say, and each command that is printed for the only link that something is wrong with."""
    proxy = told["proxy"]
    if not told["least"] and told["verdict"] != "healthy":
        return
    trust = ["--proxy-trust", proxy["least"]["policy"]] if proxy else ["--proxy-trust", TRUSTED]
    least = ["--trust", told["least"]["policy"]] if told["least"] else []
    bare = [word for pair in zip(way[::2], way[1::2]) for word in pair if not least or pair[0] != "--cacert"]
    yield from works(BIN, "get", "-s", "-o", os.devnull, *least, *bare, *trust, url)
    for other in proxy["alternatives"] if proxy else ():
        yield from works(BIN, "get", "-s", "-o", os.devnull, *least, *bare, "--proxy-trust", other["policy"], url)
    for remedy in told["remedies"]:
        if remedy["language"] != "shell" or remedy["hop"] != alone:
            continue
        for line in remedy["lines"].splitlines():
            if line.startswith("anycert get "):
                yield from works(BIN, "get", "-s", "-o", os.devnull, *shlex.split(line)[2:])


def wrong_remedies(told):
    """Those of the proxy are about the proxy."""
    for remedy in told["remedies"]:
        lines = remedy["lines"] or ""
        if remedy["hop"] != "proxy":
            if remedy["audience"] == "proxy" and remedy["cause"] != "looks-intercepted":
                yield f"{remedy} is the proxy's"
            continue
        if remedy["audience"] == "server":
            yield f"{remedy} is the server's"
        own = lines.replace(" --cacert root.pem", "")
        if " --cacert " in own or " --allow " in own or " --pin " in own or " --expect-name " in own:
            yield f"{remedy} is about the server"


def wrong_with(told, again, expected, alone, way, url):
    jsonschema.validate(told, SCHEMA)
    proxy = told["proxy"]
    got = (told["verdict"], hop_of(told, "proxy"), hop_of(told, "origin"), shape_of(told["least"]),
           shape_of(proxy["least"]) if proxy else None)
    if got != expected:
        yield f"{got}, not {expected}"
    for policy in (told["least"], proxy["least"] if proxy else None):
        if policy and not (policy["confirmed"] and policy["minimal"]):
            yield f"{policy['policy']} is not confirmed, or not minimal"
    if told["handshakes"] > (3 if told["verdict"] == "healthy" else MOST):
        yield f"{told['handshakes']} handshakes"
    for cause in told["causes"]:
        if not cause["evidence"].strip() or cause["evidence"].endswith(": "):
            yield f"{cause['id']} has no evidence"
    yield from (f"{key} is {again[key]} when it is replayed, not {told[key]}" for key in told if told[key] != again[key])
    yield from wrong_remedies(told)
    yield from wrong_commands(told, way, url, alone)


def expected_of(proxy, origin):
    verdict, causes, least = PROXIES[proxy][2:]
    if verdict == "unreachable":
        return verdict, sorted(causes), [], None, None
    there = ORIGINS[origin]
    whole = worse(verdict, there[1])
    return whole, sorted(causes), sorted(there[2]), there[3] if whole != "healthy" else None, least


def examine(proxy, origin):
    name = f"{proxy}-{origin}"
    start, given = PROXIES[proxy][:2]
    with contextlib.ExitStack() as stack:
        servers = [start(), ORIGINS[origin][0]()]
        for server in servers:
            stack.callback(server.stop)
        for server in servers:
            server.wait()
        told, again, way, url = ask(*servers, given, name)
        alone = "proxy" if origin == "good" else "origin" if proxy == "fine" else None
        return list(wrong_with(told, again, expected_of(proxy, origin), alone, way, url)), told["handshakes"]


def chosen(names):
    return [(f"{proxy} and {origin}", (proxy, origin)) for proxy in PROXIES for origin in ORIGINS
            if not names or proxy in names]


if __name__ == "__main__":
    exam.main(More, chosen, examine, AT_ONCE)
