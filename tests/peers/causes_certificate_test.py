#!/usr/bin/env python3
"""What OpenSSL says of certificates that are made wrong, and what is said to that: its verification has codes for much,
and none for a certificate that it calls invalid as a whole. Each case is shown by a server of Go, which does not look at
what it shows; the doctor tells the cause, `get` tells the same, and what the doctor says is enough is enough."""
import concurrent.futures
import datetime
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402
from anycert_cli import run  # noqa: E402
from served_case import ServedCase  # noqa: E402
from zoo_certificates import (CA, LEAF, RSA_2048, Issuer, Key, alternative_names, authority, bits, certificate,  # noqa: E402
                              common_name, extended_usage, extension, integer, key_usage, moment, oid, pem, sequence,
                              tlv)

NAMES = alternative_names("localhost")
GOOD = (*LEAF, NAMES)
JUNK = b"\x02\x01\x05"  # no extension is a number
NO_BITS = tlv(0x03, b"\x07\x00")
NEGATIVE = extension("2.5.29.19", sequence(tlv(0x01, b"\xff"), integer(-1)), True)
PROXY = extension("1.3.6.1.5.5.7.1.14", sequence(sequence(oid("1.3.6.1.5.5.7.21.1"))), True)
# Those that OpenSSL reads before it verifies, and what they are called there.
READ_FIRST = {
    "2.5.29.19": "X509v3 Basic Constraints", "2.5.29.15": "X509v3 Key Usage", "2.5.29.37": "X509v3 Extended Key Usage",
    "2.5.29.17": "X509v3 Subject Alternative Name", "2.5.29.14": "X509v3 Subject Key Identifier",
    "2.5.29.35": "X509v3 Authority Key Identifier", "2.5.29.30": "X509v3 Name Constraints",
    "2.5.29.31": "X509v3 CRL Distribution Points", "2.16.840.1.113730.1.1": "Netscape Cert Type",
    "1.3.6.1.5.5.7.1.7": "sbgp-ipAddrBlock", "1.3.6.1.5.5.7.1.8": "sbgp-autonomousSysNum",
    "1.3.6.1.5.5.7.1.14": "Proxy Certificate Information"}
RARE = "1.3.6.1.4.1.99999.7"  # an algorithm that nobody has
BROKEN, NOT_SIGNED = "broken-certificate", "signature-unsupported"
BY_PIN = "pinned"
UNREADABLE = "the handshake cannot be completed [OpenSSL "
VERSION = run("--version").out
UNKNOWN = "hardened+untrusted-issuer"


class Odd:
    """A key with another one's public half, or another name for its algorithm."""

    def __init__(self, key, public=None, name=None):
        self.key, self.path, self.kind = key, key.path, key.kind
        self.public = public or key.public
        self.identifier = os.urandom(20) if public else key.identifier
        self.name = name

    def algorithm(self, digest):
        return self.name or self.key.algorithm(digest)

    def sign(self, data, digest):
        return self.key.sign(data, digest)


def named(number, *parameters):
    return sequence(oid(number), *parameters)


class Cases:
    """Files NAME.pem, NAME.key and NAME.ca, and what is expected: self.expected[name] = (causes, words, policy)."""

    def __init__(self):
        self.root_key, self.middle_key, self.leaf_key = (Key(name, *RSA_2048) for name in ("root", "middle", "leaf"))
        self.root, self.middle = Issuer("The Root", self.root_key), Issuer("The Middle", self.middle_key)
        self.root_der = certificate(self.root.name, self.root_key, self.root, CA, valid=(-100, 100))
        self.middle_der = self.ca(CA)
        self.good = self.leaf(GOOD)
        self.expected = {}
        self.broken_leaves()
        self.broken_issuers()
        self.algorithms()
        self.dates()
        self.names()
        self.others()

    def ca(self, extensions, key=None, issuer=None, name="The Middle"):
        return certificate(name, key or self.middle_key, issuer or self.root, extensions, valid=(-50, 50))

    def leaf(self, extensions, issuer=None, **kwargs):
        return certificate("localhost", kwargs.pop("key", self.leaf_key), issuer or self.middle, extensions, **kwargs)

    def put(self, name, ders, causes, words, policy=UNKNOWN, ca=None):
        pathlib.Path(f"{name}.pem").write_bytes(pem(*ders))
        pathlib.Path(f"{name}.ca").write_bytes(pem(ca or self.root_der))
        self.expected[name] = causes.split(), words, policy

    def broken_leaves(self):
        for number, (which, called) in enumerate(READ_FIRST.items()):
            kept = [one for one in GOOD if oid(which) not in one]
            more = "+common-name" if which == "2.5.29.17" else ""
            self.put(f"unreadable-{number}", [self.leaf((*kept, extension(which, JUNK)), identifiers=which not in (
                "2.5.29.14", "2.5.29.35")), self.middle_der], BROKEN, f"it is broken, and counts as issued by nobody: the "
                f"extension '{called}' cannot be read", UNKNOWN + more)
            twice = [one for one in GOOD if oid(which) in one]
            if twice:
                self.put(f"twice-{number}", [self.leaf((*GOOD, *twice)), self.middle_der], BROKEN,
                         f"'{called}' stands in it more than once", UNKNOWN + more)
        self.put("no-usage", [self.leaf((GOOD[0], extension("2.5.29.15", NO_BITS, True), *GOOD[2:])), self.middle_der],
                 BROKEN, "'X509v3 Key Usage' allows no use at all")
        self.put("negative", [self.leaf((NEGATIVE, *GOOD[1:])), self.middle_der], BROKEN, "has a negative path length")
        self.put("proxy-with-names", [self.leaf((*GOOD, PROXY)), self.middle_der], f"{BROKEN} proxy-certificate",
                 "'Proxy Certificate Information' stands beside", BY_PIN)
        alone = self.leaf((*GOOD, GOOD[0]), issuer=Issuer("localhost", self.leaf_key))
        self.put("self-signed", [alone], BROKEN, "counts as issued by nobody")
        self.put("self-signed-and-trusted", [alone], "", None, "healthy", ca=alone)

    def broken_issuers(self):
        usage = CA[1]
        for name, extensions, words in (
                ("twice", (*CA, CA[0]), "'X509v3 Basic Constraints' stands in it more than once"),
                ("identifier", (*CA, extension("2.5.29.14", tlv(0x04, self.middle_key.identifier))),
                 "'X509v3 Subject Key Identifier' stands in it more than once"),
                ("purpose", (*CA, extension("2.5.29.37", JUNK)), "'X509v3 Extended Key Usage' cannot be read"),
                ("constraints", (*CA, extension("2.5.29.30", JUNK, True)), "'X509v3 Name Constraints' cannot be read"),
                ("usage", (CA[0], extension("2.5.29.15", NO_BITS, True)), "allows no use at all"),
                ("negative", (NEGATIVE, usage), "has a negative path length")):
            self.put(f"issuer-{name}", [self.good, self.ca(extensions)], BROKEN,
                     f"its issuer's certificate is broken, and counts as none: the extension {words}"
                     if words.startswith("'") else words)
        anchor = certificate(self.root.name, self.root_key, self.root, (*CA, CA[1]), valid=(-100, 100))
        self.put("anchor", [self.good, self.middle_der], BROKEN, "its trusted issuer is broken", ca=anchor)

    def algorithms(self):
        ecdsa, rare = named("1.2.840.10045.4.3.2"), named(RARE)
        for name, algorithm, cause, words in (
                ("mismatch", ecdsa, "bad-signature", "the algorithm of its signature is not one for the key of "),
                ("rare", rare, NOT_SIGNED, f"signed with an algorithm that OpenSSL here does not have: {RARE}")):
            self.put(f"signature-{name}", [self.leaf(GOOD, Issuer("The Middle", Odd(self.middle_key, name=algorithm))),
                                           self.middle_der], cause, words)
            issuer = Issuer("The Root", Odd(self.root_key, name=algorithm))
            self.put(f"issuer-signature-{name}", [self.good, self.ca(CA, issuer=issuer)], cause, words)
            self.put(f"stranger-{name}", [self.good, self.ca(CA, issuer=Issuer("Nobody", issuer.key))],
                     NOT_SIGNED if name == "rare" else "unknown-root", words if name == "rare" else "neither a trusted")
        before, after = self.good[4:].rsplit(usual := self.middle_key.algorithm("sha256"), 1)
        other = usual.replace(b"\x01\x01\x0b", b"\x01\x01\x0c")
        self.put("two-algorithms", [tlv(0x30, before, other, after), self.middle_der], "bad-signature",
                 "names two different signature algorithms", BY_PIN)
        damaged = sequence(sequence(oid("1.2.840.113549.1.1.1"), tlv(0x05)), bits(b"\x01\x02\x03"))
        for name, public, called in (("rare", sequence(rare, bits(os.urandom(99))), RARE),
                                     ("damaged", damaged, "rsaEncryption")):
            key = Odd(self.middle_key, public)
            words = f"has a key that OpenSSL here cannot read: {called}"
            self.put(f"issuer-key-{name}", [self.leaf(GOOD, Issuer("Odd", key)), self.ca(CA, key, name="Odd")], NOT_SIGNED,
                     f"its issuer's certificate {words}")
            anchor = certificate("Odd", key, Issuer("Odd", key), CA, valid=(-50, 50))
            self.put(f"anchor-key-{name}", [self.leaf(GOOD, Issuer("Odd", key))], NOT_SIGNED, f"its trusted issuer {words}",
                     ca=anchor)
            self.put(f"key-{name}", [self.leaf(GOOD, key=Odd(self.leaf_key, public)), self.middle_der], "key-unsupported",
                     f"OpenSSL here cannot read its key ({called})", None)

    def dates(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        begin, end = (moment(now + datetime.timedelta(days)) for days in (-1, 30))
        for name, odd in (("letters", tlv(0x17, b"99xx01000000Z")), ("no-zone", tlv(0x17, b"2601010000Z")),
                          ("fraction", tlv(0x18, b"20200101000000.5Z")), ("month", tlv(0x17, b"201301000000Z")),
                          ("offset", tlv(0x17, b"200101000000+0100"))):
            for which, dates in (("Before", odd + end), ("After", begin + odd)):
                # OpenSSL from 3.5 on takes what has such a date for no certificate at all.
                told = (("certificate-unreadable", UNREADABLE, None) if name == "no-zone" and "OpenSSL 3.0" not in VERSION
                        else ("malformed-dates", f"the date not{which} cannot be read", BY_PIN))
                self.put(f"date-{which}-{name}", [self.with_dates(dates), self.middle_der], *told)
        self.put("garbage", [sequence(integer(5)), self.middle_der], "certificate-unreadable", UNREADABLE, None)

    def with_dates(self, dates):
        algorithm = self.middle_key.algorithm("sha256")
        to_sign = sequence(tlv(0xA0, integer(2)), integer(7), algorithm, common_name(self.middle.name), sequence(dates),
                           common_name("localhost"), self.leaf_key.public, tlv(0xA3, sequence(*GOOD)))
        return sequence(to_sign, algorithm, bits(self.middle_key.sign(to_sign, "sha256")))

    def names(self):
        def limits(*names, tag=0xA0, more=b""):
            return extension("2.5.29.30", sequence(tlv(tag, *(sequence(name, more) for name in names))), True)

        def also(*names):
            return (*LEAF, extension("2.5.29.17", sequence(tlv(0x82, b"localhost"), *names)))

        own = tlv(0x82, b"localhost")
        many = [f"h{number}.localhost" for number in range(2500)]
        for name, constraints, leaf, words in (
                ("range", limits(own, more=tlv(0x80, b"\x01")), GOOD, "a name constraint with minimum or maximum"),
                ("type", limits(tlv(0x88, b"\x2a\x03")), also(tlv(0x88, b"\x2a\x03")), "of an unknown type"),
                ("form", limits(tlv(0x87, b"\x01\x02\x03")), also(tlv(0x87, b"\x7f\0\0\x01")), "cannot be compared"),
                ("url", limits(tlv(0x86, b"host")), also(tlv(0x86, b"nonsense")), "cannot be compared"),
                ("many", limits(own, *(tlv(0x82, f"n{number}.test".encode()) for number in range(450))),
                 (*LEAF, alternative_names("localhost", *many)), "so many names and name constraints")):
            self.put(f"names-{name}", [self.leaf(leaf), self.ca((*CA, constraints))], "name-constraints-broken", words,
                     BY_PIN)
        for name, constraints in (("permitted", limits(tlv(0x82, b"elsewhere.test"))), ("excluded", limits(own, tag=0xA1))):
            self.put(f"names-{name}", [self.leaf(GOOD), self.ca((*CA, constraints))], "name-constraints", "a name",
                     "hardened+name-constraints")

    def others(self):
        numbers = extension("1.3.6.1.5.5.7.1.8", sequence(tlv(0xA0, sequence(integer(7)))), True)
        self.put("unnested", [self.leaf((*GOOD, numbers)), self.middle_der], "extension-broken",
                 "claims addresses that its issuer does not hold", BY_PIN)
        unsorted = extension("1.3.6.1.5.5.7.1.8", sequence(tlv(0xA0, sequence(integer(9), integer(7)))), True)
        self.put("unsorted", [self.leaf((*GOOD, unsorted)), self.middle_der], "extension-broken",
                 "an extension is invalid or contradicts another", BY_PIN)
        self.put("proxy", [certificate("proxy", self.leaf_key, Issuer("localhost", self.leaf_key), (key_usage(0), PROXY)),
                           self.good, self.middle_der], "name-mismatch proxy-certificate", "a proxy certificate", BY_PIN)
        unknown = extension("1.3.6.1.4.1.99999.1", tlv(0x0C, b"x"), True)
        self.put("critical", [self.leaf((*GOOD, unknown)), self.middle_der], "critical-extension",
                 "a critical extension that is not understood here", "hardened+critical-extension")
        serial = extension("2.5.29.35", sequence(tlv(0xA1, tlv(0xA4, common_name("The Root"))), tlv(0x82, b"\x05")))
        bare = Issuer("The Middle", self.middle_key, identifier=False)
        self.put("serial", [self.leaf((*GOOD, serial), bare), self.middle_der], "key-identifiers-differ",
                 "names another key than that of its issuer's certificate")
        self.put("no-signing", [self.good, self.ca((authority(), key_usage(6)))], "not-a-ca", "no certificate authority",
                 "hardened+invalid-ca")
        second = Issuer("B", self.root_key)
        first = Issuer("A", self.middle_key)
        self.put("circle", [self.leaf(GOOD, first), self.ca(CA, issuer=second, name="A"),
                            certificate("B", self.root_key, first, CA, valid=(-50, 50))], "chain-loop", "in a circle")
        clients = (authority(ca=False), extended_usage("client"), NAMES)
        self.put("purpose", [self.leaf(clients), self.middle_der], "wrong-purpose", "not issued for servers",
                 "hardened+wrong-purpose")
        # What looks odd, and OpenSSL does not mind.
        for name, number in (("negative", -5), ("long", 1 << 900), ("zero", 0)):
            self.put(f"serial-{name}", [self.leaf(GOOD, serial=number), self.middle_der], "", None, "healthy")
        for name, which in (("policies", "2.5.29.32"), ("places", "1.3.6.1.5.5.7.1.1")):
            self.put(f"unread-{name}", [self.leaf((*GOOD, extension(which, JUNK))), self.middle_der], "", None, "healthy")


class Certificates(ServedCase):
    @classmethod
    def start(cls):
        cls.cases = Cases()
        program = strangers.build_go()
        for name in cls.cases.expected:
            yield strangers.Stranger(name, lambda port, name=name: [
                program, str(port), f"{name}.pem", "leaf.key", "0303", "0304", "-", "-"])

    def ask(self, name):
        """What the doctor says, what a request says, and what comes of one under the policy of the doctor."""
        place = f"localhost:{self.servers[name].port}"
        way = ["--cacert", f"{name}.ca", "--resolve", f"{place}:127.0.0.1"]
        found = json.loads(run("doctor", "--format", "json", *way, place).out)
        refused = run("get", *way, f"https://{place}/")
        least = found["least"]["policy"] if found["least"] else None
        taken = run("get", "-s", *way[2:], "--trust", least, f"https://{place}/") if least else None
        return name, found, refused, least, taken

    def check(self, name, found, refused, least, taken):
        causes, words, policy = self.cases.expected[name]
        self.assertEqual([cause["id"] for cause in found["causes"]], causes, found["causes"])
        self.assertEqual(found["verdict"], "healthy" if policy == "healthy" else "relaxable" if policy else "impossible")
        if policy == "healthy":
            self.assertEqual(refused.code, 0, refused.err)
            return
        told = " ".join(cause["evidence"] for cause in found["causes"])
        self.assertIn(words, told)
        self.assertNotIn("neither a trusted anchor" if "neither" not in words else "no such words", told)
        self.assertNotEqual(refused.code, 0)
        self.assertEqual((least or "").split()[:1], [policy] if policy else [])
        if policy:
            self.assertEqual(refused.code, 3, refused.err)
            self.assertIn(words, refused.err)
            self.assertEqual(taken.code, 0, f"{least}: {taken.err}")

    def test_each_is_told_as_what_it_is(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for answer in pool.map(self.ask, self.cases.expected):
                with self.subTest(answer[0]):
                    self.check(*answer)


if __name__ == "__main__":
    unittest.main()
