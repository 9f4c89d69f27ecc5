"""The relaxations by name. Made by scripts/make-relaxations; changes here are lost."""
from __future__ import annotations

from enum import Enum


class Relaxation(str, Enum):
    """Names of the relaxations: str, so that a policy's text takes them, and what each one means.

        Policy().relax(anycert.Relaxation.EXPIRED)
    """

    @property
    def allows(self) -> str:
        """What it lets through."""
        return _MEANINGS[self.value][0]

    @property
    def danger(self) -> str:
        """What an attacker gains."""
        return _MEANINGS[self.value][1]

    @property
    def fix(self) -> str:
        """What the server's administrator should do instead."""
        return _MEANINGS[self.value][2]

    @property
    def authenticates(self) -> bool:
        """Whether the peer is still authenticated when only this is relaxed."""
        return self.value not in _UNAUTHENTICATED

    def __str__(self) -> str:
        return str(self.value)

    UNTRUSTED_ISSUER = "untrusted-issuer"
    SELF_SIGNED = "self-signed"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WRONG_HOST = "wrong-host"
    COMMON_NAME = "common-name"
    WEAK_KEY = "weak-key"
    WEAK_SIGNATURE = "weak-signature"
    WRONG_PURPOSE = "wrong-purpose"
    INVALID_CA = "invalid-ca"
    PATH_LENGTH = "path-length"
    NAME_CONSTRAINTS = "name-constraints"
    CRITICAL_EXTENSION = "critical-extension"
    EXPLICIT_CURVE = "explicit-curve"
    LEGACY_RENEGOTIATION = "legacy-renegotiation"
    RENEGOTIATION = "renegotiation"
    TLS1_0 = "tls1.0"
    TLS1_1 = "tls1.1"
    TLS1_2_MAX = "tls1.2-max"
    SMALL_DH = "small-dh"
    SHA1_HANDSHAKE = "sha1-handshake"
    RSA_KEY_EXCHANGE = "rsa-key-exchange"
    CBC_SHA1 = "cbc-sha1"
    LEGACY_CIPHERS = "legacy-ciphers"
    LEGACY_GROUPS = "legacy-groups"
    OVERSIZED_CHAIN = "oversized-chain"
    UNCLEAN_SHUTDOWN = "unclean-shutdown"
    NO_SNI = "no-sni"
    NO_ALPN = "no-alpn"
    NO_EMS = "no-ems"
    NO_ETM = "no-etm"
    CLASSICAL_HELLO = "classical-hello"
    BARE_HELLO = "bare-hello"


_UNAUTHENTICATED = (
    "untrusted-issuer",
    "self-signed",
    "wrong-host",
    "invalid-ca",
)
_MEANINGS = {
    "untrusted-issuer": (
        "a chain that does not end at a trusted anchor",
        "anybody who can answer for the host can read and change everything",
        "send the full chain, or give the clients the issuing CA (ca=)"),
    "self-signed": (
        "a certificate that signed itself",
        "anybody who can answer for the host can read and change everything",
        "give the clients the certificate as anchor (ca=), or have a CA issue one"),
    "expired": (
        "certificates past their notAfter date, at any depth",
        "a key that was stolen or given away long ago still opens the door",
        "renew the certificate; check the clock of this machine"),
    "not-yet-valid": (
        "certificates before their notBefore date, at any depth",
        "small: a certificate made in advance is taken early",
        "set the clocks of server and client (NTP)"),
    "wrong-host": (
        "a certificate that names another host or address",
        "everybody with any certificate of any trusted CA can answer for the host",
        "put the name or address into the certificate's subjectAltName"),
    "common-name": (
        "a certificate without dNSName and iPAddress whose common name is the host",
        "small: common names are not covered by name constraints",
        "reissue the certificate with a subjectAltName"),
    "weak-key": (
        "RSA and DSA keys from 1024 bits, EC keys from 160 bits",
        "a rich attacker can compute the private key",
        "reissue with RSA 2048 or P-256"),
    "weak-signature": (
        "certificates signed with SHA-1 (never MD5)",
        "a rich attacker may forge a certificate by collision",
        "reissue with SHA-256"),
    "wrong-purpose": (
        "a certificate that was not issued for servers",
        "holders of client certificates of the same CA can pose as the server",
        "reissue with the extended key usage serverAuth"),
    "invalid-ca": (
        "an issuer that is no certificate authority",
        "everybody with a certificate of the CA can issue certificates for any host",
        "have a real CA certificate issue the server's certificate"),
    "path-length": (
        "a chain longer than one of its CAs may have below it",
        "a CA that was not meant to have sub-CAs has one",
        "reissue the sub-CA from one that may have it"),
    "name-constraints": (
        "a name that its CA is not allowed to certify",
        "a CA that was confined to some names answers for others",
        "have a CA issue the certificate that may do so"),
    "critical-extension": (
        "a critical extension that nobody here understands",
        "a restriction in the certificate is overlooked",
        "reissue without the extension, or not critical"),
    "explicit-curve": (
        "an EC key that spells out its curve instead of naming it",
        "a curve made for the purpose may let signatures be forged",
        "reissue with a named curve"),
    "legacy-renegotiation": (
        "servers without secure renegotiation (RFC 5746)",
        "an attacker may put a request of its own in front of ours",
        "enable RFC 5746 or TLS 1.3 on the server"),
    "renegotiation": (
        "renegotiation (RFC 5746) and TLS 1.3 post-handshake authentication",
        "small: the server may ask again in the middle of a connection",
        "ask for the client certificate in the first handshake"),
    "tls1.0": (
        "TLS 1.0 with its (EC)DHE CBC-SHA1 suites and MD5-SHA1 signatures",
        "outdated cryptography: attacks on CBC, on SHA-1 and MD5",
        "enable TLS 1.2"),
    "tls1.1": (
        "TLS 1.1 with its (EC)DHE CBC-SHA1 suites and MD5-SHA1 signatures",
        "outdated cryptography: attacks on SHA-1 and MD5",
        "enable TLS 1.2"),
    "tls1.2-max": (
        "nothing weaker: TLS 1.3 is not offered",
        "none by itself",
        "update the box that breaks on TLS 1.3 hellos"),
    "small-dh": (
        "Diffie-Hellman groups from 1024 bits",
        "a rich attacker can read the connection",
        "use a 2048-bit group or ECDHE"),
    "sha1-handshake": (
        "SHA-1 signatures in the TLS 1.2 handshake",
        "a rich attacker may forge the handshake's signature",
        "enable SHA-256 signatures"),
    "rsa-key-exchange": (
        "static RSA key exchange with AEAD or SHA-2 suites",
        "who gets the private key later can read everything recorded (no forward secrecy)",
        "enable ECDHE suites"),
    "cbc-sha1": (
        "AES-CBC suites with SHA-1 at TLS 1.2",
        "small: timing attacks on old CBC implementations of the server",
        "enable AES-GCM suites"),
    "legacy-ciphers": (
        "CCM_8, Camellia, ARIA, DSS: what else encrypts and authenticates",
        "rarely examined or short-tagged ciphers",
        "enable AES-GCM suites"),
    "legacy-groups": (
        "every group and certificate curve that the build has",
        "small or odd curves may be broken by a rich attacker",
        "enable X25519 or P-256"),
    "oversized-chain": (
        "certificate chains ten times longer and larger than usual",
        "the peer may cost us more memory and time",
        "send only the certificates that are needed"),
    "unclean-shutdown": (
        "a missing close_notify where the body said its end, as hardened does",
        "none for bodies of known length",
        "send close_notify before closing"),
    "no-sni": (
        "nothing weaker: no server name is sent",
        "none by itself; the server may show another host's certificate",
        "let the server accept the name it is asked for"),
    "no-alpn": (
        "nothing weaker: no application protocol is offered",
        "none by itself",
        "let the server accept http/1.1 in ALPN"),
    "no-ems": (
        "a handshake without extended master secret (RFC 7627)",
        "small: matters for resumed sessions only",
        "update the server's TLS library"),
    "no-etm": (
        "CBC suites without encrypt-then-MAC (RFC 7366)",
        "small: timing attacks on old CBC implementations",
        "update the server's TLS library"),
    "classical-hello": (
        "nothing weaker: no post-quantum groups and few suites are offered",
        "recorded traffic may be read by a quantum computer one day",
        "update the box that breaks on large hellos"),
    "bare-hello": (
        "a hello without extensions or elliptic curves (TLS 1.2 at most)",
        "none of the protections that need an extension",
        "update the box that breaks on extensions"),
}
