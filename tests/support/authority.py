"""Certificates as a test wants them, made with OpenSSL's command line in the current folder.

Each is NAME.pem and NAME.key; chains are made with chain()."""
import datetime
import pathlib
import subprocess

import strangers


def key(name, kind="EC"):
    if not pathlib.Path(f"{name}.key").exists():
        more = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "EC" else ["-pkeyopt", "rsa_keygen_bits:2048"]
        strangers.run(strangers.tool("openssl"), "genpkey", "-algorithm", kind, *more, "-out", f"{name}.key")


def make(name, subject, issuer=None, ca=False, names="DNS:localhost", days=(-1, 30), aia=None, identifiers=True,
         kind="EC"):
    """A certificate; without an issuer it is its own. A key of that name is used again."""
    key(name, kind)
    extensions = ["[it]"]
    extensions.append("basicConstraints=critical,CA:TRUE" if ca else "basicConstraints=CA:FALSE")
    if ca:
        extensions.append("keyUsage=critical,keyCertSign,cRLSign")
    else:
        extensions += [f"subjectAltName={names}", "extendedKeyUsage=serverAuth"]
    if aia:
        extensions.append(f"authorityInfoAccess=caIssuers;URI:{aia}")
    if identifiers:
        extensions += ["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"]
    else:
        extensions += ["subjectKeyIdentifier=none", "authorityKeyIdentifier=none"]
    pathlib.Path(f"{name}.ext").write_text("\n".join(extensions) + "\n", encoding="ascii")
    strangers.run(strangers.tool("openssl"), "req", "-new", "-key", f"{name}.key", "-subj", subject, "-out",
                  f"{name}.csr")
    signer = ["-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key"] if issuer else ["-selfsign", "-keyfile",
                                                                                       f"{name}.key"]
    strangers.sign(name, signer, days, "-extfile", f"{name}.ext", "-extensions", "it", out=f"{name}.pem")


def staple(name, authority, key_file, revoked):
    """NAME.ocsp: what OpenSSL's responder says of NAME.pem, signed with the key of the CA that issued it."""
    openssl = strangers.tool("openssl")
    serial = subprocess.run([openssl, "x509", "-in", f"{name}.pem", "-noout", "-serial"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout.strip().partition("=")[2]
    end = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=90)).strftime("%y%m%d%H%M%SZ")
    state, when = ("R", "200101000000Z") if revoked else ("V", "")
    pathlib.Path(f"{name}.index").write_text(f"{state}\t{end}\t{when}\t{serial}\tunknown\t/CN=x\n", encoding="ascii")
    strangers.run(openssl, "ocsp", "-issuer", authority, "-cert", f"{name}.pem", "-no_nonce", "-reqout", f"{name}.ask")
    strangers.run(openssl, "ocsp", "-index", f"{name}.index", "-CA", authority, "-rsigner", authority, "-rkey",
                  key_file, "-reqin", f"{name}.ask", "-respout", f"{name}.ocsp", "-ndays", "7")


def chain(name, *parts):
    """NAME.chain: certificates one behind the other."""
    text = "".join(pathlib.Path(f"{part}.pem").read_text(encoding="ascii") for part in parts)
    path = pathlib.Path(f"{name}.chain")
    path.write_text(text, encoding="ascii")
    return str(path)


def der(name):
    """Its bytes without the armour."""
    strangers.run(strangers.tool("openssl"), "x509", "-in", f"{name}.pem", "-outform", "DER", "-out", f"{name}.der")
    return pathlib.Path(f"{name}.der").read_bytes()
