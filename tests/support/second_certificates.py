"""Certificates with more than one thing wrong with them, for the doctor's second exam."""
import ipaddress
import pathlib

import strangers
import zoo_certificates
from strangers import run, tool
from zoo_certificates import (CA, RSA_2048, Issuer, Key, alternative_names, authority, certificate, extended_usage,
                              extension, key_usage, pem, sequence, tlv)

HOST = "localhost"
OTHER = "elsewhere.test"
OVER = (-400, -2)  # days


def write(name, *ders):
    """NAME.pem has all of them, NAME.crt the first and NAME.chain the others."""
    pathlib.Path(f"{name}.pem").write_bytes(pem(*ders))
    pathlib.Path(f"{name}.crt").write_bytes(pem(ders[0]))
    pathlib.Path(f"{name}.chain").write_bytes(pem(*ders[1:]))


class Certificates:
    """NAME.pem, .crt, .chain and .key for each case; root.pem is trusted."""

    def __init__(self):
        self.key, self.short = Key("leaf", *RSA_2048), Key("weak", "RSA", "rsa_keygen_bits:1024")
        self.spare = Key("spare", *RSA_2048)
        self.root, self.middle = Issuer("root", Key("root", *RSA_2048)), Issuer("middle", Key("middle", *RSA_2048))
        self.root_der = certificate("root", self.root.key, self.root, CA, valid=(-900, 900))
        self.middle_der = self.authority("middle", self.middle.key)
        write("root", self.root_der)
        self.leaf("good")
        self.names()
        self.pairs()
        self.chains()
        self.dates()
        pathlib.Path("dh1024.pem").write_text(strangers.oakley_group_2(), encoding="ascii")
        run(tool("openssl"), "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out",
            "dh2048.pem")

    def authority(self, name, key, extensions=CA, issuer=None, **kwargs):
        return certificate(name, key, issuer or self.root, extensions, valid=kwargs.pop("valid", (-800, 800)), **kwargs)

    def leaf(self, case, names=(HOST,), *more, subject=HOST, key=None, issuer=None, chain=None, usage="server",
             **kwargs):
        extensions = [authority(ca=False), key_usage(0, 2), extended_usage(usage), *more]
        if names:
            extensions.append(alternative_names(*names))
        key = key or self.key
        der = certificate(subject, key, issuer or self.middle, extensions, **kwargs)
        write(case, der, *([self.middle_der] if chain is None else chain))
        pathlib.Path(f"{case}.key").write_bytes(pathlib.Path(key.path).read_bytes())
        return der

    def names(self):
        self.leaf("cn-only", (), subject="host.test")
        self.leaf("address-only", (ipaddress.ip_address("10.0.0.5"),))
        self.leaf("loopback", (ipaddress.ip_address("127.0.0.1"),))
        self.leaf("loopback-expired", (ipaddress.ip_address("127.0.0.1"),), valid=OVER)
        self.leaf("star", ("*",), subject=None)
        self.leaf("two-stars", ("*.*.test",), subject=None)
        self.leaf("star-inside", ("a.*.test",), subject=None)
        self.leaf("strange-name", ("not a name", "-x-.test"), subject=None)

    def pairs(self):
        self.leaf("expired-wrong", (OTHER,), subject=OTHER, valid=OVER)
        self.leaf("expired-wrong-weak", (OTHER,), subject=OTHER, valid=OVER, key=self.short)
        self.leaf("self-expired-wrong", (OTHER,), subject=OTHER, valid=OVER, issuer=Issuer(OTHER, self.key), chain=())
        self.leaf("self-weak", issuer=Issuer(HOST, self.short), key=self.short, chain=())
        self.leaf("not-yet-client", usage="client", valid=(2, 30))
        unknown = extension("1.3.6.1.4.1.99999.7", tlv(0x0C, b"x"), True)
        self.leaf("critical-expired", (HOST,), unknown, valid=OVER)
        stub = Issuer("stub", self.spare)
        self.leaf("no-authority-expired", issuer=stub, valid=OVER,
                  chain=(self.authority("stub", self.spare, (authority(ca=False), key_usage(0))),))
        self.leaf("sha1-expired", issuer=stub, valid=OVER, digest="sha1",
                  chain=(self.authority("stub", self.spare, digest="sha1"),))
        narrow = extension("2.5.29.30", sequence(tlv(0xA0, sequence(tlv(0x82, b"permitted.test")))), True)
        self.leaf("constrained-expired-wrong", (OTHER,), issuer=stub, valid=OVER, subject=OTHER,
                  chain=(self.authority("stub", self.spare, (*CA, narrow)),))
        short = Issuer("short", self.middle.key)
        over = self.authority("short", self.middle.key, (authority(path=0), key_usage(5)))
        self.leaf("path-wrong", (OTHER,), issuer=stub, subject=OTHER,
                  chain=(self.authority("stub", self.spare, issuer=short), over))

    def chains(self):
        old = Issuer("old", self.spare)
        expired = self.authority("old", self.spare, valid=(-500, -3))
        self.leaf("expired-both", issuer=old, chain=(expired,), valid=OVER)
        self.leaf("other-intermediate", chain=(expired,))
        self.leaf("missing-wrong", (OTHER,), subject=OTHER, chain=())
        self.leaf("with-everything", chain=(self.middle_der, self.root_der, self.middle_der, expired))
        issuer, chain = self.root, []
        for number in range(110):
            below = Issuer(f"link {number}", (self.spare, self.middle.key)[number % 2])
            chain.insert(0, self.authority(below.name, below.key, issuer=issuer, valid=(-100, 100)))
            issuer = below
        self.leaf("long-chain", issuer=issuer, chain=chain)

    def dates(self):
        """A month that there is not."""
        usual = zoo_certificates.moment
        zoo_certificates.moment = lambda when: tlv(0x17, b"991332000000Z")
        try:
            self.leaf("no-dates")
        finally:
            zoo_certificates.moment = usual
