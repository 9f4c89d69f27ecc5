#!/usr/bin/env python3
"""The doctor's second exam: more than one thing wrong at a time, servers that fail in a way of their own, what answers
without TLS, and proxies. For each its verdict, all its causes, and the least policy, counted from hardened.

    second_exam_test.py [NAME...]     only those"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import exam  # noqa: E402
import second_servers as s  # noqa: E402
from second_certificates import Certificates  # noqa: E402
from second_servers import openssl  # noqa: E402

BIN = os.environ["ANYCERT_BIN"]
AT_ONCE = 4
ALL = ("-cipher", "ALL:!aNULL:!eNULL:@SECLEVEL=0")
CLIENTS = ("-Verify", "1", "-verify_return_error", "-CAfile", "root.pem")
OLD_DH = ("-dhparam", "dh1024.pem", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0")
SIZE_DH = ("-tls1_2", "-dhparam", "dh1024.pem", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
NO_EXTRAS = "NONE:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:+VERS-TLS1.2:+ECDHE-RSA:"
HTTP, BODY = ("--http",), ("--http-body",)
EXPECT = " expect-name"
WANTS = "client-cert-required"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEALTHY = ("healthy", "", None)


def by_certificate():
    """(case, verdict, causes, least[, host]): what the case's certificate alone makes of it."""
    relaxable = [
        ("expired-wrong", "expired name-mismatch", "expired" + EXPECT),
        ("expired-wrong-weak", "expired name-mismatch weak-key", "expired weak-key" + EXPECT),
        ("self-expired-wrong", "self-signed expired name-mismatch", "self-signed expired pin" + EXPECT),
        ("not-yet-client", "not-yet-valid wrong-purpose", "not-yet-valid wrong-purpose"),
        ("critical-expired", "expired critical-extension", "expired critical-extension"),
        ("no-authority-expired", "expired not-a-ca", "expired invalid-ca pin"),
        ("sha1-expired", "expired sha1-signature", "expired weak-signature"),
        ("constrained-expired-wrong", "expired name-mismatch name-constraints", "expired name-constraints" + EXPECT),
        ("path-wrong", "name-mismatch path-length", "path-length" + EXPECT),
        ("expired-both", "expired expired-issuer", "expired"),
        ("other-intermediate", "missing-intermediate", "untrusted-issuer pin"),
        ("missing-wrong", "missing-intermediate name-mismatch", "untrusted-issuer pin" + EXPECT),
        ("long-chain", "chain-too-long", "oversized-chain"),
        ("no-dates", "malformed-dates", "pinned pin check=name"),
        ("cn-only", "name-mismatch common-name-only", "common-name" + EXPECT),
        ("star", "wildcard-too-wide", "wrong-host pin"),
        ("strange-name", "name-mismatch", "wrong-host pin"),
    ]
    for case, causes, least in relaxable:
        yield case, openssl(*ALL, cert=case), "relaxable", causes, least
    yield "cn-only-address", openssl(*ALL, cert="cn-only"), "relaxable", "address-mismatch common-name-only", \
        "common-name" + EXPECT, {"host": "127.0.0.1"}
    yield "address-only", openssl(*ALL, cert="address-only"), "fixable", "name-mismatch", EXPECT.strip()
    yield "address-only-address", openssl(*ALL, cert="address-only"), "fixable", "address-mismatch", EXPECT.strip(), \
        {"host": "127.0.0.1"}
    for case in ("two-stars", "star-inside"):
        yield case, openssl(*ALL, cert=case), "relaxable", "wildcard-form", "wrong-host pin", {"host": "a.b.test"}
    yield "with-everything", openssl(*ALL, cert="with-everything"), *HEALTHY


def by_offer():
    yield "self-tls10-dh", openssl("-tls1", *OLD_DH, cert="self-weak"), "relaxable", \
        "tls10-only small-dh self-signed weak-key", "self-signed tls1.0 small-dh weak-key pin"
    yield "tls13-ccm", openssl("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"), "relaxable", \
        "rare-ciphers-only", "legacy-ciphers"
    yield "camellia-gcm", s.gnutls(NO_EXTRAS + "+CAMELLIA-128-GCM:+AEAD"), "impossible", "other-ciphers-only", None
    yield "clients-tls10", openssl("-tls1", *ALL, *CLIENTS), "fixable", f"tls10-only {WANTS}", "tls1.0"
    yield "clients-tls11-rsa", openssl("-tls1_1", "-cipher", "AES128-SHA:@SECLEVEL=0", *CLIENTS), "fixable", \
        f"tls11-only static-rsa-only {WANTS}", "rsa-key-exchange tls1.1"
    yield "clients-dh", openssl(*SIZE_DH, *CLIENTS), "fixable", f"small-dh {WANTS}", "small-dh"
    yield "clients-expired-wrong", openssl("-tls1_2", *ALL, *CLIENTS, cert="expired-wrong"), "fixable", \
        f"expired name-mismatch {WANTS}", "expired" + EXPECT
    yield "clients-gnutls", s.gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2", "--require-client-cert", "--x509cafile",
                                     "root.pem", asks=True), "fixable", WANTS, None
    for how in ("close", "reset"):
        yield f"clients-{how}", s.leaving(how, openssl("-tls1_2", *CLIENTS)), "fixable", WANTS, None
    yield "clients-leaves", s.asks_and_leaves(), "fixable", f"{WANTS}-late", None
    root = f"SSLCACertificateFile {pathlib.Path('root.pem').resolve()}"
    for version in ("1.2", "1.3"):
        place = (f"SSLProtocol -all +TLSv{version}", root, "<Location />")
        yield f"path-required-{version}", s.apache(*place, "SSLVerifyClient require", "</Location>"), "fixable", \
            f"client-cert-asked-late {WANTS}-late", None, {"options": HTTP}
        yield f"path-optional-{version}", s.apache(*place, "SSLVerifyClient optional", "</Location>"), "relaxable", \
            "client-cert-asked-late", "renegotiation", {"options": HTTP}
    yield "status-request", s.refusing([5], "reset", openssl(*ALL)), "relaxable", "extension-intolerant", "bare-hello"
    yield "alpn-and-ems", s.refusing([16, 23], "reset", openssl(*ALL)), "relaxable", \
        "ems-intolerant alpn-intolerant", "no-alpn no-ems"
    yield "tls13-and-tls10", s.refusing([43], 40, openssl(*ALL, "-tls1")), "relaxable", "tls13-intolerant tls10-only", \
        "tls1.0 tls1.2-max"


def by_chance():
    yield "turns-reset", s.in_turn(s.resets, s.good()), "fixable", "works-at-times", None
    yield "turns-reset-twice", s.in_turn(s.resets, s.resets, s.good()), "fixable", "works-at-times", None
    yield "turns-alert", s.in_turn(s.alerts(80), s.good()), "fixable", "works-at-times", None
    yield "turns-expired", s.in_turn(s.good("critical-expired"), s.good()), "relaxable", \
        "works-at-times expired critical-extension", "expired critical-extension"
    yield "limited", s.limited(1, 0.8, s.good("critical-expired")), "relaxable", \
        "works-at-times expired critical-extension", "expired critical-extension"


def by_protocol():
    greetings = {
        "speaks-smtp": b"554 5.7.1 mx.test ESMTP not accepting connections\r\n", "speaks-imap": b"* PREAUTH ready\r\n",
        "speaks-ssh": b"Welcome to this machine\r\nSSH-2.0-server\r\n", "speaks-pop3": b"+OK ready\r\n",
        "speaks-ftp": b"220-Welcome to the archive\r\n220 FTP server ready\r\n", "speaks-other": b"RFB 003.008\n"}
    for cause, text in greetings.items():
        yield cause, s.says(text), "fixable", cause, None
    for name, text in (("ftp", b"220 (vsFTPd 3.0.3)\r\n"), ("smtp", b"220 mx.test ESMTP\r\n"),
                       ("ssh", b"SSH-2.0-server\r\n")):
        yield f"pieces-{name}", s.one_by_one(text), "fixable", f"speaks-{name}", None
    for closes in (False, True):
        yield f"plain-{closes}", s.plain_http(closes), "fixable", "speaks-http", None, {"options": ("--timeout", "1")}
    for name, text, options in (
            ("line-feeds", b"HTTP/1.0 200 OK\nContent-Length: 2\n\nok", BODY),
            ("hints", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + LENGTH, BODY),
            ("trailer", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nX: 1\r\n\r\n", BODY),
            ("large-head", LENGTH.replace(b"\r\n\r\n", b"\r\nX: " + b"a" * 20000 + b"\r\n\r\n"), HTTP)):
        yield name, s.answers(text), *HEALTHY, {"options": options}
    for name, text, cause, options in (
            ("hello", b"Hello from here\r\n", "http-invalid", HTTP), ("old-page", b"<html></html>", "http-invalid", HTTP),
            ("continue", b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH[:-1], "body-truncated", BODY),
            ("cut-trailer", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: 1\r\n",
             "body-truncated", BODY), ("no-answer", None, "http-closed", HTTP)):
        yield name, s.answers(text), "unreachable", cause, None, {"options": options}


def by_proxy():
    usual = openssl(*ALL)
    forbids = b"HTTP/1.1 403 Forbidden\n\nno"
    asks = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    trusted = {"options": ("--proxy-trust", "hardened ca=root.pem")}

    def tls(cert, **kwargs):
        return s.proxy(tls=lambda: s.context(cert, **kwargs))
    yield "proxy-line-feeds", usual, "unreachable", "proxy-forbids", None, {"proxy": ("http", s.proxy(forbids))}
    yield "proxy-short", usual, "unreachable", "proxy-forbids", None, {"proxy": ("http", s.proxy(forbids[:24]))}
    yield "proxy-interim", usual, "fixable", "proxy-wants-password", None, {"proxy": ("http", s.proxy(asks))}
    yield "proxy-expired-both", openssl(*ALL, cert="expired-wrong"), "relaxable", "expired expired name-mismatch", \
        "expired" + EXPECT, {"proxy": ("https", tls("loopback-expired")), **trusted}
    yield "proxy-old", usual, "relaxable", "tls10-only", "", \
        {"proxy": ("https", tls("loopback", highest=s.ssl.TLSVersion.TLSv1)), **trusted}
    for name, version in (("", s.ssl.TLSVersion.TLSv1_2), ("-late", s.ssl.TLSVersion.TLSv1_3)):
        yield f"proxy-clients{name}", usual, "impossible", WANTS + name, None, \
            {"proxy": ("https", tls("loopback", clients=s.ssl.CERT_REQUIRED, highest=version)), **trusted}


def rows():
    for part in (by_certificate, by_offer, by_chance, by_protocol, by_proxy):
        yield from part()


def least_of(told):
    """The words of the least policy, without what is hardened's anyway and without values."""
    if not told["least"]:
        return None
    rung, *keys = told["least"]["policy"].split(" ")
    rung, *relaxations = rung.split("+")
    keys = [key if key.startswith("check=") else key.partition("=")[0] for key in keys]
    return sorted([*([rung] if rung != "hardened" else []), *relaxations, *(key for key in keys if key != "ca")])


def ask(port, host="localhost", options=(), proxy=None):
    target = f"{host}:{port}"
    through = ["--proxy", f"{proxy[0]}://127.0.0.1:{proxy[1]}"] if proxy else []
    done = subprocess.run([BIN, "doctor", "--format", "json", "--cacert", "root.pem", "--timeout", "3", "--resolve",
                           f"{target}:127.0.0.1", *through, *options, target], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=120)
    if not done.stdout:
        raise RuntimeError(done.stderr.decode("utf-8", "replace"))
    return json.loads(done.stdout)


def examine(start, extra):
    servers = [start()]
    try:
        if "proxy" in extra:
            servers.append(extra["proxy"][1]())
        for server in servers:
            server.wait()
        if "proxy" in extra:
            extra = {**extra, "proxy": (extra["proxy"][0], servers[1].port)}
        return ask(servers[0].port, **extra)
    finally:
        for server in servers:
            server.stop()


def wrong_with(told, verdict, causes, least):
    got = (told["verdict"], sorted(cause["id"] for cause in told["causes"]), least_of(told))
    expected = (verdict, sorted(causes.split()), None if least is None else sorted(least.split()))
    wrong = [] if got == expected else [f"{got}, not {expected}"]
    # Without the client certificate no handshake of TLS 1.2 is completed.
    is_cut = any(cause["id"] == WANTS for cause in told["causes"])
    if told["least"] and not (told["least"]["confirmed"] != is_cut and told["least"]["minimal"]):
        wrong.append("the policy is not confirmed, or not minimal")
    if told["handshakes"] > (3 if verdict == "healthy" else 25):
        wrong.append(f"{told['handshakes']} handshakes")
    return wrong


def examined(start, verdict, causes, least, extra=None):
    told = examine(start, extra or {})
    return wrong_with(told, verdict, causes, least), told["handshakes"]


def chosen(names):
    return [(row[0], row[1:]) for row in rows() if not names or row[0] in names]


if __name__ == "__main__":
    exam.main(Certificates, chosen, examined, AT_ONCE)
