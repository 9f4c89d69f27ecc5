"""Certificates as no tool makes them: their DER is written here, and OpenSSL signs it.

Written from RFC 5280; each case has a name of its own that is drawn anew in each run, so that nobody can know a case by
what it is called."""
import datetime
import ipaddress
import pathlib
import random
import string
import subprocess

from authority import staple
from strangers import PASSWORD, run, tool

DAY = datetime.timedelta(days=1)

RSA_2048 = ("RSA", "rsa_keygen_bits:2048")
SIGNATURES = {
    ("rsa", "sha256"): "1.2.840.113549.1.1.11", ("rsa", "sha1"): "1.2.840.113549.1.1.5",
    ("rsa", "md5"): "1.2.840.113549.1.1.4", ("ec", "sha256"): "1.2.840.10045.4.3.2",
}
PSS = bytes.fromhex("304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d"
                    "06096086480165030402010500a203020120")
USAGES = {"server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2", "ocsp": "1.3.6.1.5.5.7.3.9"}


# ---- DER (X.690)

def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 0x80:
        length = bytes([len(body)])
    else:
        size = (len(body).bit_length() + 7) // 8
        length = bytes([0x80 | size]) + len(body).to_bytes(size, "big")
    return bytes([tag]) + length + body


def sequence(*parts):
    return tlv(0x30, *parts)


def integer(number):
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def oid(text):
    first, second, *rest = map(int, text.split("."))
    body = b""
    for number in (40 * first + second, *rest):
        group = [number & 0x7F]
        while number > 0x7F:
            number >>= 7
            group.insert(0, 0x80 | number & 0x7F)
        body += bytes(group)
    return tlv(0x06, body)


def common_name(name):
    """A distinguished name; None: an empty one."""
    if name is None:
        return sequence()
    return sequence(tlv(0x31, sequence(oid("2.5.4.3"), tlv(0x0C, name if isinstance(name, bytes) else name.encode()))))


def moment(when):
    if when.year < 2050:
        return tlv(0x17, when.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(0x18, when.strftime("%Y%m%d%H%M%SZ").encode())


def bits(body, unused=0):
    return tlv(0x03, bytes([unused]), body)


# ---- extensions: (oid, critical, DER of the value)

def extension(which, value, critical=False):
    return sequence(oid(which), tlv(0x01, b"\xff") if critical else b"", tlv(0x04, value))


def alternative_names(*names):
    """DNS names as str or bytes; addresses as those of ipaddress."""
    return extension("2.5.29.17", sequence(*(
        tlv(0x87, name.packed) if hasattr(name, "packed") else
        tlv(0x82, name if isinstance(name, bytes) else name.encode()) for name in names)))


def authority(ca=True, path=None, critical=True):
    return extension("2.5.29.19", sequence(tlv(0x01, b"\xff") if ca else b"",
                                           integer(path) if path is not None else b""), critical)


def key_usage(*numbers):
    """0 digitalSignature, 2 keyEncipherment, 5 keyCertSign, 6 cRLSign."""
    value = sum(0x80 >> number for number in numbers)
    unused = 7 - max(numbers)
    return extension("2.5.29.15", bits(bytes([value]), unused), True)


def extended_usage(*names):
    return extension("2.5.29.37", sequence(*(oid(USAGES[name]) for name in names)))


# ---- keys

class Key:
    """NAME.key, of an algorithm of `openssl genpkey` with its options."""

    def __init__(self, name, algorithm="RSA", *options):
        self.path = f"{name}.key"
        arguments = [word for option in options for word in ("-pkeyopt", option)]
        if algorithm == "DSA":
            run(tool("openssl"), "genpkey", "-genparam", "-algorithm", "DSA", *arguments, "-out", f"{name}.par")
            run(tool("openssl"), "genpkey", "-paramfile", f"{name}.par", "-out", self.path)
        else:
            run(tool("openssl"), "genpkey", "-algorithm", algorithm, *arguments, "-out", self.path)
        self.kind = {"RSA": "rsa", "EC": "ec"}.get(algorithm, algorithm.lower())
        self.public = self._ask("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        self.identifier = self._ask("dgst", "-sha1", "-binary", data=self.public)

    @staticmethod
    def _ask(*arguments, data=b""):
        return subprocess.run([tool("openssl"), *arguments], input=data, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout

    def algorithm(self, digest):
        if digest == "pss":
            return PSS
        return sequence(oid(SIGNATURES[self.kind, digest]), tlv(0x05) if self.kind == "rsa" else b"")

    def sign(self, data, digest):
        options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"] if digest == "pss" else []
        return self._ask("dgst", "-sha256" if digest == "pss" else f"-{digest}", "-sign", self.path, *options,
                         data=data)


class Issuer:
    """A CA by name and key."""

    def __init__(self, name, key, identifier=True):
        self.name, self.key, self.identifier = name, key, identifier


def certificate(subject, key, issuer, extensions=(), *, valid=(-1, 30), serial=None, version=3, digest="sha256",
                identifiers=True, signature=None):
    """DER. subject: a name, None for an empty one; valid: days from now; signature: in place of the right one."""
    now = datetime.datetime.now(datetime.timezone.utc)
    own = [extension("2.5.29.14", tlv(0x04, key.identifier))] if identifiers and version == 3 else []
    if identifiers and version == 3 and issuer.identifier:
        own.append(extension("2.5.29.35", sequence(tlv(0x80, issuer.key.identifier))))
    algorithm = issuer.key.algorithm(digest)
    to_sign = sequence(
        tlv(0xA0, integer(version - 1)) if version > 1 else b"",
        integer(random.getrandbits(100) if serial is None else serial), algorithm, common_name(issuer.name),
        sequence(*(moment(now + days * DAY) for days in valid)), common_name(subject), key.public,
        tlv(0xA3, sequence(*extensions, *own)) if version == 3 else b"")
    return sequence(to_sign, algorithm, bits(signature or issuer.key.sign(to_sign, digest)))


def pem(*ders):
    out = []
    for der in ders:
        done = subprocess.run([tool("openssl"), "x509", "-inform", "DER"], input=der, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, check=False).stdout
        if not done:  # some are too odd for it
            import base64  # pylint: disable=import-outside-toplevel
            done = (b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n")
        out.append(done)
    return b"".join(out)


def word(length=8):
    return random.choice(string.ascii_lowercase) + "".join(
        random.choice(string.ascii_lowercase + string.digits) for _ in range(length - 1))


# ---- the cases

LEAF = (authority(ca=False), key_usage(0, 2), extended_usage("server"))
CA = (authority(), key_usage(5, 6))
KEYS = {
    "rsa1024": ("RSA", "rsa_keygen_bits:1024"), "rsa512": ("RSA", "rsa_keygen_bits:512"),
    "rsa4096": ("RSA", "rsa_keygen_bits:4096"), "rsa8192": ("RSA", "rsa_keygen_bits:8192", "rsa_keygen_primes:5"),
    "rsae3": ("RSA", "rsa_keygen_bits:2048", "rsa_keygen_pubexp:3"),
    "goodec": ("EC", "ec_paramgen_curve:P-256"), "ecp192": ("EC", "ec_paramgen_curve:prime192v1"),
    "ecp384": ("EC", "ec_paramgen_curve:P-384"), "ecp521": ("EC", "ec_paramgen_curve:P-521"),
    "eck160": ("EC", "ec_paramgen_curve:secp160k1"), "eck256": ("EC", "ec_paramgen_curve:secp256k1"),
    "ecbp256": ("EC", "ec_paramgen_curve:brainpoolP256r1"), "ecsect163": ("EC", "ec_paramgen_curve:sect163k1"),
    "ecexplicit": ("EC", "ec_paramgen_curve:P-256", "ec_param_enc:explicit"),
    "rsapsskey": ("RSA-PSS", "rsa_keygen_bits:2048"), "ed25519": ("ED25519",), "ed448": ("ED448",),
    "dsa2048": ("DSA", "dsa_paramgen_bits:2048"), "dsa1024": ("DSA", "dsa_paramgen_bits:1024"),
}


class Cases:
    """Files NAME.pem, .crt, .chain and .key for each case, root.pem, other.pem, and the names: self.names[case]."""

    def __init__(self):
        self.domain = f"{word()}.test"
        self.names = {}
        self.key = Key("leaf", *RSA_2048)
        self.keys = {name: Key(name, *how) for name, how in KEYS.items()}
        self.root = Issuer(word(), Key("root", *RSA_2048))
        self.middle = Issuer(word(), Key("middle", *RSA_2048))
        self.root_der = certificate(self.root.name, self.root.key, self.root, CA, valid=(-900, 900))
        self.middle_der = self.under_root(self.middle, CA)
        self.write("root", self.root_der)
        self.write("middle", self.middle_der)
        self.trust()
        self.with_keys()
        self.chains()
        self.oddities()
        self.for_names()
        self.staples()

    # each is written with its chain

    @staticmethod
    def write(name, *ders):
        """NAME.pem has all of them, NAME.crt the first and NAME.chain the others."""
        pathlib.Path(f"{name}.pem").write_bytes(pem(*ders))
        pathlib.Path(f"{name}.crt").write_bytes(pem(ders[0]))
        pathlib.Path(f"{name}.chain").write_bytes(pem(*ders[1:]))

    def under_root(self, issuer, extensions, **kwargs):
        return certificate(issuer.name, issuer.key, self.root, extensions, valid=kwargs.pop("valid", (-800, 800)),
                           **kwargs)

    def host(self, case):
        return self.names.setdefault(case, f"{word()}.{self.domain}")

    def leaf(self, case, extensions=None, *, issuer=None, key=None, subject=Ellipsis, chain=None, **kwargs):
        """A certificate for the case's own host, unless extensions say otherwise, with the usual chain."""
        host = self.host(case)
        key = key or self.key
        if extensions is None:
            extensions = (*LEAF, alternative_names(host))
        der = certificate(host if subject is Ellipsis else subject, key, issuer or self.middle, extensions, **kwargs)
        self.write(case, der, *(chain if chain is not None else [self.middle_der]))
        if pathlib.Path(key.path) != pathlib.Path(f"{case}.key"):
            pathlib.Path(f"{case}.key").write_bytes(pathlib.Path(key.path).read_bytes())
        return der

    def trust(self):
        self.good = self.leaf("good")
        run(tool("openssl"), "pkcs12", "-export", "-in", "good.pem", "-inkey", "good.key", "-name", "good", "-out",
            "good.p12", "-passout", f"pass:{PASSWORD}")
        client = certificate(word(), self.key, self.middle, (authority(ca=False), extended_usage("client")))
        self.write("client", client, self.middle_der)
        self.leaf("expired", valid=(-400, -2))
        self.leaf("notyet", valid=(2, 30))
        host = self.host("selfsigned")
        alone = Issuer(host, self.key)
        self.leaf("selfsigned", (extended_usage("server"), alternative_names(host)), issuer=alone, chain=())
        host = self.host("selfca")
        self.leaf("selfca", (*CA, alternative_names(host)), issuer=Issuer(host, self.key), chain=())
        stranger = Issuer(word(), Key("stranger", *RSA_2048))
        own_root = certificate(stranger.name, stranger.key, stranger, CA)
        self.write("other", own_root)
        self.leaf("untrusted", issuer=stranger, chain=(own_root,))
        self.leaf("incomplete", chain=())
        self.leaf("rootincl", chain=(self.middle_der, self.root_der))
        self.leaf("outoforder", chain=(self.root_der, self.middle_der))
        crossed = certificate(self.root.name, self.root.key, stranger, CA, valid=(-900, -3))
        self.leaf("crossexp", chain=(self.middle_der, crossed, own_root))

    def with_keys(self):
        for case, key in self.keys.items():
            usage = key_usage(0) if key.kind in ("ec", "ed25519", "ed448", "dsa") else key_usage(0, 2)
            host = self.host(case)
            self.leaf(case, (authority(ca=False), usage, extended_usage("server"), alternative_names(host)), key=key)
        self.leaf("sha1leaf", digest="sha1")
        self.leaf("md5leaf", digest="md5")
        self.leaf("rsapsssig", digest="pss")

    def chains(self):
        keys = [Key(f"chain{number}", *RSA_2048) for number in range(3)]
        for case, count in (("chain9", 8), ("chain50", 49)):
            issuer, chain = self.root, []
            for number in range(count):
                below = Issuer(word(), keys[number % 3])
                chain.insert(0, certificate(below.name, below.key, issuer, CA, valid=(-100, 100)))
                issuer = below
            self.leaf(case, issuer=issuer, chain=chain)
        stub = Issuer(word(), Key("stub", *RSA_2048))
        for case, extensions in (("cafalse", (authority(ca=False), key_usage(0))),
                                 ("bcnotcrit", (authority(critical=False), key_usage(5)))):
            self.leaf(case, issuer=stub, chain=(self.under_root(stub, extensions),))
        short = Issuer(word(), Key("short", *RSA_2048))
        over = self.under_root(short, (authority(path=0), key_usage(5)))
        self.leaf("pathlen", issuer=stub, chain=(certificate(stub.name, stub.key, short, CA), over))
        limits = extension("2.5.29.30", sequence(tlv(0xA0, sequence(tlv(0x82, b"permitted.test")))), True)
        self.leaf("nameconstr", issuer=stub, chain=(self.under_root(stub, (*CA, limits)),))
        old = Issuer(word(), Key("oldroot", *RSA_2048), identifier=False)
        self.write("v1root-ca", certificate(old.name, old.key, old, version=1, valid=(-900, 900)))
        self.leaf("v1root", issuer=old, chain=())

    def oddities(self):
        self.leaf("noaki", identifiers=False)
        bare = Issuer(word(), Key("bare", *RSA_2048), identifier=False)
        self.leaf("noskica", issuer=bare, chain=(self.under_root(bare, CA, identifiers=False),))
        host = self.host("akimismatch")
        wrong = extension("2.5.29.35", sequence(tlv(0x80, b"\x05" * 20)))
        self.leaf("akimismatch", (*LEAF, alternative_names(host), wrong), identifiers=False)
        comment = extension("2.16.840.1.113730.1.13", tlv(0x16, b"x"))
        self.leaf("dupext", (*LEAF, alternative_names(self.host("dupext")), comment, comment))
        self.leaf("v1leaf", version=1)
        host = self.host("ekuclient")
        self.leaf("ekuclient", (authority(ca=False), extended_usage("client"), alternative_names(host)))
        host = self.host("kunods")
        self.leaf("kunods", (authority(ca=False), key_usage(2), extended_usage("server"), alternative_names(host)))
        host = self.host("critext")
        unknown = extension("1.3.6.1.4.1.99999.1", tlv(0x0C, b"x"), True)
        self.leaf("critext", (*LEAF, alternative_names(host), unknown))
        for case, serial in (("serial0", 0), ("negserial", -5), ("longserial", random.getrandbits(250) | 1 << 249)):
            self.leaf(case, serial=serial)
        self.leaf("sigbroken", signature=b"\x01" * 256)
        host = self.host("nosubject")
        self.leaf("nosubject", (*LEAF, alternative_names(host)), subject=None)
        many = [f"{word()}.{self.domain}" for _ in range(10000)]
        for case, count in (("sans1000", 1000), ("sans10000", 10000)):
            self.leaf(case, (*LEAF, alternative_names(self.host(case), *many[:count - 1])))
        must = extension("1.3.6.1.5.5.7.1.24", sequence(integer(5)))
        host = self.host("muststaple")
        self.leaf("muststaple", (*LEAF, alternative_names(host), must))

    def for_names(self):
        self.leaf("cnonly", LEAF)
        self.leaf("wronghost", (*LEAF, alternative_names(f"{word()}.{self.domain}")), subject=word())
        loopback = ipaddress.ip_address("127.0.0.1")
        self.leaf("ipnosan", (*LEAF, alternative_names(self.host("ipnosan"))))
        self.leaf("ipok", (*LEAF, alternative_names(loopback)))
        host = self.host("nulcn")
        self.leaf("nulcn", LEAF, subject=f"{host}\0.evil.test".encode())
        host = self.host("nulsan")
        self.leaf("nulsan", (*LEAF, alternative_names(f"{host}\0.evil.test".encode())), subject=None)
        wild = word()
        below = f"{wild}.{self.domain}"
        self.names.update({"wild-ok": f"{word()}.{below}", "wild-2labels": f"{word()}.{word()}.{below}",
                           "wild-apex": below, "wild-partial": f"www.{below}", "wild-tld": f"{word()}.test"})
        for case in ("wild-ok", "wild-2labels", "wild-apex"):
            self.leaf(case, (*LEAF, alternative_names(f"*.{below}")), subject=None)
        self.leaf("wild-partial", (*LEAF, alternative_names(f"w*.{below}")), subject=None)
        self.leaf("wild-tld", (*LEAF, alternative_names("*.test")), subject=None)
        self.names["underscore"] = f"{word(4)}_{word(4)}.{self.domain}"
        self.leaf("underscore")

    def staples(self):
        """NAME.ocsp for good and for revoked, which OpenSSL's responder signs with the CA's key."""
        self.leaf("revoked")
        for case in ("good", "revoked"):
            staple(case, "middle.crt", "middle.key", case == "revoked")
