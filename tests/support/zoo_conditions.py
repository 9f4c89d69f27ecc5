"""The conditions of the exam: which server shows each, and how it is asked.

Real servers, but for what none does (zoo_broken.py). A condition's server is started for it alone, at a port of its own."""
import itertools
import os
import pathlib
import sys

import strangers
from strangers import Stranger, tool

HERE = pathlib.Path(__file__).resolve().parent
ALL = ("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")
# Without these a certificate that it cannot use is passed over for no certificate at all.
AUTHENTICATED = ("-cipher", "ALL:!aNULL:!eNULL:@SECLEVEL=0")


_number = itertools.count(1)


def unique(name):
    """Servers have files that are called after them."""
    return f"{name}{next(_number)}"


class Condition:
    """start(): the servers, of which the last is asked. name: a case of certificates.py, or a name as it is; None: the
    address. options: of anycert doctor."""

    def __init__(self, identifier, start, name="good", options=()):
        self.identifier, self.start, self.name, self.options = identifier, start, name, tuple(options)


def openssl(*arguments, cert="good"):
    def start():
        shown = ["-nocert"] if cert is None else ["-cert", f"{cert}.crt", "-key", f"{cert}.key"]
        chain = pathlib.Path(f"{cert}.chain")
        if cert is not None and chain.stat().st_size > 0:
            shown += ["-cert_chain", str(chain)]
        return [Stranger(unique("openssl"), lambda port: [tool("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www",
                                                  "-quiet", *shown, *arguments])]
    return start


def broken(*what, behind=None):
    """A server that no software is; behind: the real one that it leads to."""
    def start():
        servers = behind() if behind else []
        for server in servers:
            server.wait()
        backend = [str(servers[-1].port)] if servers else []
        return servers + [Stranger(unique("broken"), lambda port: [sys.executable, str(HERE / "zoo_broken.py"), str(port), *what,
                                                           *backend])]
    return start


def gnutls(priority, *arguments):
    return lambda: [strangers.gnutls(unique("gnutls"), priority, *arguments)]


def nginx(*lines, ask=-1):
    """A server each; the one with the index is asked."""
    def start():
        server = strangers.nginx(unique("nginx"), *lines)
        server.port = server.ports[ask]
        return [server]
    return start


def go(program, **kwargs):
    return lambda: [strangers.go(unique("go"), program(), **kwargs)]


def go_with(program, cert, key):
    """The key of another certificate than the one that is shown."""
    return lambda: [Stranger(unique("go"), lambda port: [program(), str(port), f"{cert}.pem", f"{key}.key", "0303",
                                                         "0303", "-", "-"])]


def java(*arguments):
    return lambda: [strangers.java(unique("java"), *arguments)]


def nss(*arguments):
    return lambda: [strangers.nss(unique("nss"), *arguments)]


def body(how):
    return broken("body", "good.pem", "good.key", how)


NONE = "NONE:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:"
OFF = "NORMAL:-VERS-ALL:"
HTTP = ("--http",)
SOON = ("--timeout", "1.5")

BY_CERTIFICATE = (
    "good goodec expired notyet selfsigned selfca untrusted cnonly incomplete nosubject rootincl outoforder crossexp "
    "wronghost revoked sha1leaf md5leaf rsa1024 rsa512 rsa4096 rsa8192 rsae3 ecp384 ecp521 ecexplicit rsapsssig "
    "ed25519 cafalse pathlen nameconstr bcnotcrit noaki noskica akimismatch dupext v1leaf ekuclient kunods critext "
    "serial0 nulcn sigbroken negserial longserial chain9 chain50 sans1000 nulsan wild-ok wild-2labels wild-apex "
    "wild-partial wild-tld underscore muststaple").split()
BY_KEY = "ecp192 eck160 rsapsskey ed448 dsa2048".split()
BY_KEY_TLS12 = "ecp192 eck160 eck256 ecbp256 ecsect163".split()
CIPHERS = {
    "cbc-only": "AES128-SHA:AES256-SHA:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA",
    "cbc-ecdhe-only": "ECDHE-RSA-AES128-SHA", "static-rsa-gcm": "AES128-GCM-SHA256", "static-rsa-cbc": "AES128-SHA",
    "only-camellia128-sha": "CAMELLIA128-SHA", "only-aes128-ccm8": "AES128-CCM8",
    "only-ecdhe-rsa-chacha20-poly1305": "ECDHE-RSA-CHACHA20-POLY1305", "null-openssl": "eNULL",
}
ALERTS = (40, 48, 70, 112, 116)


def by_certificate():
    for case in BY_CERTIFICATE:
        yield Condition("revoked-crl" if case == "revoked" else "muststaple-none" if case == "muststaple" else case,
                        openssl(*ALL, cert=case), case)
    for case in BY_KEY:
        yield Condition(case, openssl(*AUTHENTICATED, cert=case), case)
    for case in BY_KEY_TLS12:
        yield Condition(f"{case}-tls12", openssl(*AUTHENTICATED, "-tls1_2", cert=case), case)
    for case in ("ipnosan", "ipok"):
        yield Condition(case, openssl(*ALL, cert=case), None)
    yield Condition("rsa1024-tls12", openssl(*ALL, "-tls1_2", cert="rsa1024"), "rsa1024")
    yield Condition("sans10000-tls12", openssl(*ALL, "-tls1_2", cert="sans10000"), "sans10000")
    yield Condition("v1root", openssl(*ALL, cert="v1root"), "v1root", ("--cacert", "v1root-ca.pem"))
    yield Condition("partial-anchor", openssl(*ALL), "good", ("--cacert", "middle.pem"))
    yield Condition("kunods-rsa-kx", openssl("-cipher", "kRSA:@SECLEVEL=0", "-tls1_2", cert="kunods"), "kunods")
    for case in ("good", "revoked"):
        yield Condition(f"{case}-staple", openssl(*ALL, "-status_file", f"{case}.ocsp", cert=case), case)


def by_protocol(program):
    for number, option in (("12", "-tls1_2"), ("13", "-tls1_3"), ("11", "-tls1_1"), ("10", "-tls1")):
        yield Condition(f"tls{number}-only", openssl(*ALL, option))
    yield Condition("tls11-gnutls", gnutls(OFF + "+VERS-TLS1.1"))
    yield Condition("tls10-go", go(program, low="0301", high="0301"))
    yield Condition("ssl3-nss", nss("ssl3:ssl3"))
    yield Condition("tls10-static-rsa", openssl("-cipher", "AES128-SHA:@SECLEVEL=0", "-tls1"))
    yield Condition("tls11-static-rsa", openssl("-cipher", "AES256-SHA:@SECLEVEL=0", "-tls1_1"))
    yield Condition("tls10-static-rsa-noreneg",
                    gnutls("NONE:+VERS-TLS1.0:+RSA:+AES-128-CBC:+SHA1:+COMP-NULL:+SIGN-ALL:%DISABLE_SAFE_RENEGOTIATION"))
    yield Condition("tls10-rsa1024-sha1", openssl(*ALL, "-tls1", cert="rsa1024"), "rsa1024")


def by_offer(program):
    for identifier, suites in CIPHERS.items():
        yield Condition(identifier, openssl("-cipher", f"{suites}:@SECLEVEL=0", "-tls1_2"))
    dhe = ("-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-tls1_2")
    yield Condition("dh2048", openssl(*dhe, "-dhparam", "dh2048.pem"))
    yield Condition("dhcomposite", openssl(*dhe, "-dhparam", "dhcomposite.pem"))
    yield Condition("dh1024", openssl(*dhe, "-dhparam", "dh1024.pem"))
    yield Condition("3des-java", java("TLSv1.2", "SSL_RSA_WITH_3DES_EDE_CBC_SHA",
                                      "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"))
    yield Condition("3des-gnutls", gnutls(NONE + "+VERS-TLS1.2:+RSA:+ECDHE-RSA:+3DES-CBC:+SHA1"))
    yield Condition("3des-nss", nss("tls1.0:tls1.2", "-c", "dp"))
    yield Condition("rc4-gnutls", gnutls(NONE + "+VERS-TLS1.2:+VERS-TLS1.0:+RSA:+ARCFOUR-128:+SHA1:+MD5"))
    yield Condition("rc4-go", go(program, high="0303", suites="0005,c011"))
    yield Condition("des-java", java("TLSv1", "SSL_RSA_WITH_DES_CBC_SHA"))
    yield Condition("anon-openssl", openssl("-tls1_2", "-cipher", "aNULL:@SECLEVEL=0", cert=None))
    yield Condition("psk-only", openssl("-psk", "1a2b3c4d", "-tls1_2", "-cipher", "PSK:@SECLEVEL=0", cert=None))
    for group in ("secp192r1", "secp256k1", "P-521", "X448"):
        yield Condition(f"group-{group.lower()}",
                        openssl("-cipher", "ECDHE:@SECLEVEL=0", "-tls1_2", "-groups", group))
    yield Condition("group-p521-tls13", openssl(*ALL, "-tls1_3", "-groups", "P-521"))
    yield Condition("ske-sha1", openssl("-cipher", "ECDHE:@SECLEVEL=0", "-tls1_2", "-sigalgs", "RSA+SHA1"))
    yield Condition("dsa-tls12-dhe", openssl("-cipher", "DHE-DSS-AES128-SHA:@SECLEVEL=0", "-tls1_2", "-dhparam",
                                             "dh2048.pem", cert="dsa1024"), "dsa1024")
    yield Condition("tls13-ccm8", openssl(*ALL, "-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"))


def by_behaviour(program):
    clients = ("-Verify", "2", "-CAfile", "root.pem", "-verify_return_error")
    yield Condition("noreneg-tls12", gnutls(OFF + "+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION"))
    yield Condition("noreneg-tls10", gnutls(OFF + "+VERS-TLS1.0:%DISABLE_SAFE_RENEGOTIATION"))
    yield Condition("noext-gnutls", gnutls(OFF + "+VERS-TLS1.2:%NO_EXTENSIONS"))
    yield Condition("noems-gnutls", gnutls(OFF + "+VERS-TLS1.2:%NO_SESSION_HASH"))
    yield Condition("noetm-gnutls", gnutls(NONE + "+VERS-TLS1.2:+ECDHE-RSA:+AES-128-CBC:+SHA256:+SHA1:%NO_ETM"))
    yield Condition("clientcert-tls12", openssl(*ALL, "-tls1_2", *clients))
    yield Condition("clientcert-tls13", openssl(*ALL, "-tls1_3", *clients))
    yield Condition("clientcert-go", go(program, high="0303", clients="root.pem"))
    yield Condition("clientcert-go-tls13", go(program, clients="root.pem"))
    yield Condition("clientcert-nss", nss("tls1.0:tls1.2", "-r", "-r"))
    page = 'location / { return 200 "nginx"; }'
    known = f"listen PORT ssl; server_name known.test; {page}"
    rejecting = "listen PORT ssl default_server; ssl_reject_handshake on;"
    yield Condition("sni-required-nginx", nginx(rejecting, f"{known}", ask=0), "unknown.test")
    yield Condition("nosni-required-nginx", nginx(rejecting, f"{known}", ask=0), None)
    yield Condition("sni-defaultcert-nginx", nginx(f"listen PORT ssl; {page}"), None)
    own = f"ssl_client_certificate {os.path.abspath('root.pem')}; ssl_verify_client on;"
    yield Condition("clientcert-nginx", nginx(f"listen PORT ssl; {own} {page}"), options=HTTP)
    yield Condition("plain-nginx-http", nginx(f"listen PORT; {page}"))
    yield Condition("alpn-go-h2only", go(program, alpn="h2"))
    yield Condition("alpn-openssl-nomatch", openssl(*ALL, "-alpn", "h2"))
    yield Condition("alpn-nothing-known", openssl(*ALL, "-alpn", "nothing-that-we-know"))
    yield Condition("sni-servername-warn", openssl(*ALL, "-servername", "other.test", "-cert2", "wronghost.crt",
                                                   "-key2", "wronghost.key"))
    yield Condition("sni-servername-fatal", openssl(*ALL, "-servername", "other.test", "-servername_fatal", "-cert2",
                                                    "good.crt", "-key2", "good.key"), "unknown.test")
    yield Condition("keymismatch", go_with(program, "good", "stray"))


def by_breaking():
    good = openssl(*ALL)
    good12 = openssl(*ALL, "-tls1_2")
    for what in ("plainhttp", "smtp", "ssh", "ftp", "rst_accept", "fin_accept", "fin_hello", "garbage", "badver",
                 "truncsh"):
        yield Condition(f"raw-{what}", broken(what))
    for number in ALERTS:
        yield Condition(f"raw-alert-{number}", broken("alert", str(number)))
    yield Condition("raw-warn-112", broken("warn", "112"))
    for version, suite in (("0303", "000a"), ("0302", "002f"), ("0300", "0005"), ("0304", "1301")):
        yield Condition(f"raw-sh-{version}-{suite}", broken("sh", version, suite))
    for what in ("hang_accept", "hang_hello", "drip"):
        yield Condition(f"raw-{what}", broken(what), options=SOON)
    yield Condition("tol-bigch-hang", broken("bigch", "255", "hang", behind=good), options=SOON)
    yield Condition("tol-f5-256-511", broken("f5", behind=good), options=SOON)
    yield Condition("tol-tls13-rst", broken("noext", "43", "rst", behind=good))
    yield Condition("tol-tls13-hang", broken("noext", "43", "hang", behind=good), options=SOON)
    yield Condition("tol-sni-rst", broken("noext", "0", "rst", behind=good))
    yield Condition("tol-ems-rst", broken("noext", "23", "rst", behind=good))
    yield Condition("tol-alpn-rst", broken("noext", "16", "rst", behind=good))
    yield Condition("tol-anyext-rst", broken("anyext", "rst", behind=openssl(*ALL, "-tls1")))
    yield Condition("bad-corrupt-app", broken("corrupt_app", behind=good12), options=HTTP)
    yield Condition("bad-rst-app", broken("rst_app", behind=good12), options=HTTP)
    yield Condition("bad-corrupt-sh", broken("corrupt_hs", behind=good12))
    yield Condition("ok-split1", broken("split", "1", behind=good12))
    yield Condition("ok-frag1", broken("frag", "1", behind=good12))
    yield Condition("ok-slow", broken("slow", "0.1", behind=good12))
    # What the answer's end shows is told where a body is asked for.
    for how in ("nonotify", "eofbody", "trunc", "truncnotify", "rstclose", "ok"):
        yield Condition(f"close-{how}", body(how), options=("--http-body",))
    yield Condition("refused", lambda: [])


# What the zoo has and this does not, and why.
NOT_HERE = {
    "crl-missing": "no revocation lists are asked for, so that nothing can be missing",
    "dh768": "OpenSSL does not start with such parameters", "dh512": "OpenSSL does not start with such parameters",
    "tls10-mbedtls": "mbedTLS has no server program in Debian's packages; tests/peers/relics_test.py builds one",
    "idea-node010": "a Node of 2016 is no package of Debian's",
    "pq-only-node24": "Node 24 is no package of Debian's",
}


def conditions(program):
    """All; program(): the path of Go's server."""
    yield from by_certificate()
    yield from by_protocol(program)
    yield from by_offer(program)
    yield from by_behaviour(program)
    yield from by_breaking()
