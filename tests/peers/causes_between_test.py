#!/usr/bin/env python3
"""Somebody on the way who makes certificates: the doctor against squid that opens TLS, and against issuers that are
called like products which do."""
import json
import os
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import authority  # noqa: E402
import strangers  # noqa: E402
from served_case import ServedCase  # noqa: E402
from strangers import serve  # noqa: E402

CERTGEN = "/usr/lib/squid/security_file_certgen"


def squid(name, rule):
    """A proxy that does with TLS what the rule says."""
    folder = pathlib.Path(f"{name}.squid").resolve()
    folder.mkdir()
    strangers.run(CERTGEN, "-c", "-s", str(folder / "made"), "-M", "4MB")

    def command(port):
        (folder / "squid.conf").write_text(
            f"http_port 127.0.0.1:{port} ssl-bump generate-host-certificates=on tls-cert={folder.parent}/company.pem "
            f"tls-key={folder.parent}/company.key\n"
            f"sslcrtd_program {CERTGEN} -s {folder}/made -M 4MB\nsslcrtd_children 1\n"
            f"acl first at_step SslBump1\nssl_bump {rule}\n"
            "tls_outgoing_options flags=DONT_VERIFY_PEER\nsslproxy_cert_error allow all\n"
            f"http_access allow all\ncache deny all\npid_filename {folder}/pid\naccess_log none\n"
            f"cache_log {folder}/cache.log\ncoredump_dir {folder}\nshutdown_lifetime 0 seconds\n"
            "pinger_enable off\nnetdb_filename none\nvisible_hostname squid.test\n", encoding="ascii")
        # Its shared memory has the name of the service: no other Squid's.
        return [strangers.tool("squid"), "-N", "-n", f"anycert{os.getpid()}p{port}", "-f", str(folder / "squid.conf")]

    if os.geteuid() == 0:  # it gives up root
        shutil.chown(folder, "proxy")
        for path in (folder / "made").rglob("*"):
            shutil.chown(path, "proxy")
        shutil.chown(folder / "made", "proxy")
        pathlib.Path(".").chmod(0o755)
    return strangers.Stranger(name, command)


class Between(ServedCase):
    @classmethod
    def start(cls):
        authority.make("root", "/CN=The Root", ca=True)
        authority.make("company", "/O=A Company/CN=Its Inspection", ca=True)
        authority.make("good", "/CN=localhost", issuer="root")
        authority.make("private-root", "/CN=A Private Root", ca=True)
        authority.make("private", "/CN=localhost", issuer="private-root")
        authority.make("several", "/CN=several", issuer="private-root",
                       names="DNS:www.one.example,DNS:api.one.example,DNS:www.two.example")
        yield from (serve(name, name) for name in ("good", "several", "private"))
        yield from (squid(name, f"{name} all") for name in ("bump", "splice"))
        for name, issuer in (("zscaler", "/O=Zscaler Inc./CN=Zscaler Intermediate Root CA (zscalerthree.net)"),
                             ("avast", "/O=Avast Web\\/Mail Shield/CN=Avast Web\\/Mail Shield Root")):
            authority.make(f"{name}-ca", issuer, ca=True)
            authority.make(name, "/CN=localhost", issuer=f"{name}-ca")
            yield serve(name, name, authority.chain(name, f"{name}-ca"))

    def examine(self, name, *args, proxy=None, root="root", code=10):
        target = f"localhost:{self.servers[name].port}"
        if proxy:
            args += ("--proxy", f"http://127.0.0.1:{self.servers[proxy].port}")
        else:
            args += ("--resolve", f"{target}:127.0.0.1")
        done = self.anycert("doctor", "--format", "json", "--cacert", f"{root}.pem", *args, target, code=code)
        found = json.loads(done.out)
        return [cause["id"] for cause in found["causes"]], found

    def test_opened_tls_is_suspected(self):
        causes, found = self.examine("good", proxy="bump")
        self.assertIn("looks-intercepted", causes)
        self.assertNotIn("intercepted", causes)
        evidence = found["causes"][causes.index("looks-intercepted")]["evidence"]
        self.assertIn("Its Inspection", evidence)
        self.assertIn("that proves nothing yet", evidence)
        self.assertTrue(any("--cacert company-ca.pem" in (remedy["lines"] or "") for remedy in found["remedies"]))
        self.assertEqual(found["least"]["relaxations"], ["untrusted-issuer"])

    def test_comparing_proves_it(self):
        causes, found = self.examine("good", "--compare-direct", proxy="bump")
        self.assertIn("intercepted", causes)
        self.assertNotIn("looks-intercepted", causes)
        self.assertIn("CN=The Root", found["causes"][causes.index("intercepted")]["evidence"])

    def test_with_the_company_ca_all_is_well(self):
        causes, _ = self.examine("good", "--compare-direct", proxy="bump", root="company", code=0)
        self.assertEqual(causes, [])

    def test_a_tunnel_is_acquitted(self):
        causes, _ = self.examine("private", "--compare-direct", proxy="splice")
        self.assertEqual(causes, ["missing-intermediate"])
        self.examine("good", "--compare-direct", proxy="splice", code=0)

    def test_a_private_server_behind_an_interceptor_is_not_proof(self):
        causes, _ = self.examine("private", "--compare-direct", proxy="bump")
        self.assertIn("looks-intercepted", causes)
        self.assertNotIn("intercepted", causes)

    def test_one_issuer_of_unrelated_hosts(self):
        port = self.servers["several"].port
        hosts = ["www.one.example", "api.one.example", "www.two.example"]
        resolve = [option for host in hosts for option in ("--resolve", f"{host}:{port}:127.0.0.1")]
        done = self.anycert("doctor", "--format", "json", "--parallel", "1", "--cacert", "root.pem", *resolve,
                            *(f"{host}:{port}" for host in hosts), code=10)
        causes = [[cause["id"] for cause in found["causes"]] for found in json.loads(done.out)]
        self.assertEqual(causes, [["missing-intermediate"], ["missing-intermediate"],
                                  ["missing-intermediate", "looks-intercepted"]])
        self.assertIn("as is the certificate of www.one.example", json.loads(done.out)[2]["causes"][1]["evidence"])

    def test_names_of_products_are_known(self):
        for name, product in (("zscaler", "Zscaler"), ("avast", "Avast Antivirus")):
            with self.subTest(name):
                causes, found = self.examine(name)
                self.assertEqual(causes, ["unknown-root", "looks-intercepted"])
                self.assertIn(f"as {product} does", found["causes"][1]["evidence"])
        self.assertEqual(self.examine("private")[0], ["missing-intermediate"])


if __name__ == "__main__":
    unittest.main()
