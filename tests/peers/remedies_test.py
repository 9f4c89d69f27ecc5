#!/usr/bin/env python3
"""The lines that the doctor gives to administrators are taken by the programs they are for."""
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402

BIN = os.environ["ANYCERT_BIN"]
SAYS = str(pathlib.Path(os.environ["ANYCERT_BUILD_DIR"]) / "bin" / "doctor_lines")
SOURCE = pathlib.Path(os.environ["ANYCERT_SOURCE_DIR"])
EVIDENCE = ["host=appliance.invalid", "port=1", "name=www.other.example", "address=127.0.0.1",
            "issuer-url=http://ca.example/a.cer?x=1&y=2", "proxy=proxy.invalid:3128", "proxy-url=http://proxy.invalid:3128",
            "pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
MODULES = pathlib.Path("/usr/lib/apache2/modules")
CLEAN = {"PATH": "/usr/sbin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def causes():
    names = []
    for path in sorted((SOURCE / "src/verdict").glob("causes_*.def")):
        names += [line.split('"')[1] for line in path.read_text("utf-8").split("\n") if line.startswith("CAUSE(")]
    return names


def remedies():
    """All that there are, each once."""
    found = {}
    for cause in causes():
        done = subprocess.run([SAYS, "remedies", cause, *EVIDENCE], stdout=subprocess.PIPE, check=True)
        for remedy in json.loads(done.stdout):
            if "lines" in remedy:
                found[remedy["language"], remedy["lines"]] = remedy
    return list(found.values())


class Remedies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.remedies = remedies()
        cls.stack = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.stack.name)
        (cls.folder / "certs").mkdir()
        (cls.folder / "private").mkdir()
        key, certificate = cls.folder / "private/appliance.invalid.key", cls.folder / "certs/appliance.invalid.fullchain.pem"
        strangers.run(strangers.tool("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key),
                      "-out", str(certificate), "-subj", "/CN=appliance.invalid", "-days", "2")
        both = certificate.read_text("ascii") + key.read_text("ascii")
        (cls.folder / "certs/client-ca.pem").write_text(certificate.read_text("ascii"), encoding="ascii")
        (cls.folder / "private/appliance.invalid.pem").write_text(both, encoding="ascii")
        strangers.run(strangers.tool("openssl"), "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt",
                      "group:ffdhe2048", "-out", str(cls.folder / "certs/dh2048.pem"))

    @classmethod
    def tearDownClass(cls):
        cls.stack.cleanup()

    def of(self, language):
        lines = [remedy["lines"].replace("/etc/ssl/", f"{self.folder}/") for remedy in self.remedies
                 if remedy["language"] == language]
        self.assertGreater(len(lines), 4)
        return lines

    def accepts(self, text, *command, name="it.conf"):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([*command, str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=CLEAN,
                              cwd=self.folder, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, f"{text}\n{done.stdout.decode('utf-8', 'replace')}")

    def test_nginx(self):
        pair = (f"ssl_certificate {self.folder}/certs/appliance.invalid.fullchain.pem;\n"
                f"ssl_certificate_key {self.folder}/private/appliance.invalid.key;\n")
        for lines in self.of("nginx"):
            with self.subTest(lines):
                self.accepts(f"pid {self.folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{ access_log off;\n"
                             f"server {{\n{lines}{'' if 'ssl_certificate ' in lines else pair}}}\n}}\n",
                             strangers.tool("nginx"), "-p", str(self.folder), "-t", "-c")

    def test_apache(self):
        modules = "".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so\n"
                          for name in ("mpm_event", "authz_core", "socache_shmcb", "ssl", "http2")
                          if (MODULES / f"mod_{name}.so").exists())
        pair = (f"SSLCertificateFile {self.folder}/certs/appliance.invalid.fullchain.pem\n"
                f"SSLCertificateKeyFile {self.folder}/private/appliance.invalid.key\n")
        for lines in self.of("apache"):
            with self.subTest(lines):
                inside = ("" if "SSLEngine" in lines else "SSLEngine on\n") + lines
                if "SSLCertificateFile" not in lines:
                    inside += pair
                self.accepts(f"{modules}ServerRoot {self.folder}\nServerName localhost\nErrorLog /dev/stderr\n"
                             f"PidFile {self.folder}/apache.pid\nDefaultRuntimeDir {self.folder}\nListen 8443\n"
                             f"SSLStaplingCache shmcb:{self.folder}/stapling(128000)\n"
                             f"<VirtualHost *:8443>\n{inside}</VirtualHost>\n", strangers.tool("apache2"), "-t", "-f")

    def test_haproxy(self):
        for lines in self.of("haproxy"):
            with self.subTest(lines):
                everywhere = lines if not lines.startswith("bind") else ""
                here = lines if lines.startswith("bind") else f"bind :443 ssl crt {self.folder}/private/appliance.invalid.pem\n"
                here = here.replace(f"{self.folder}/private/ ", f"{self.folder}/private/appliance.invalid.pem ")
                self.accepts(f"global\n  {everywhere}\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n"
                             f"  timeout server 5s\nfrontend it\n  {here}", strangers.tool("haproxy"), "-c", "-q", "-f")

    def test_commands(self):
        """Words for a shell, and options that the programs know."""
        for lines in self.of("shell"):
            with self.subTest(lines):
                self.accepts(lines, "sh", "-n", name="it.sh")
        for lines in self.of("shell"):
            if not lines.startswith(("openssl req", "openssl x509 -req")):
                continue
            with self.subTest(lines):
                self.make_ca()
                self.accepts(lines, "sh", "-e", name="it.sh")

    def test_own_commands(self):
        """The command line understands what it is told to be given, and finds no server of that name."""
        for name in ("private-ca", "company-ca", "intermediate", "server", "client", "client-chain"):
            shutil.copy(self.folder / "certs/client-ca.pem", self.folder / f"{name}.own.pem")
        shutil.copy(self.folder / "private/appliance.invalid.key", self.folder / "client.own.key")
        commands = {line for lines in self.of("shell") for line in lines.splitlines() if line.startswith("anycert ")}
        self.assertGreater(len(commands), 15)
        for command in sorted(commands):
            with self.subTest(command):
                words = [word.replace(".pem", ".own.pem").replace("client.key", "client.own.key").replace("DATE", "9999-12-31")
                         for word in shlex.split(command)[1:]]
                done = subprocess.run([BIN, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder,
                                      env={**CLEAN, "PROXY_USER": "u:p"}, timeout=60, check=False)
                self.assertIn(done.returncode, (5, 6, 7), done.stdout.decode("utf-8", "replace"))

    def make_ca(self):
        if (self.folder / "private-ca.pem").exists():
            return
        strangers.run(strangers.tool("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                      str(self.folder / "private-ca.key"), "-out", str(self.folder / "private-ca.pem"), "-subj", "/CN=ca",
                      "-days", "2")
        strangers.run(strangers.tool("openssl"), "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout",
                      str(self.folder / "server.key"), "-out", str(self.folder / "server.csr"), "-subj", "/CN=x")

    def test_the_reissued_certificate(self):
        """The request, issued by a private CA, is for the host, for servers, and verifies."""
        lines = {remedy["where"]: remedy["lines"] for remedy in self.remedies if remedy["language"] == "shell"
                 and "openssl" in remedy["lines"] and "server.csr" in remedy["lines"]}
        authority = next(remedy["lines"] for remedy in self.remedies if "CA:TRUE" in remedy["lines"])
        check = ("openssl verify -x509_strict -purpose sslserver -verify_hostname appliance.invalid "
                 "-CAfile private-ca.pem server.pem\n")
        self.accepts(authority + lines["OpenSSL"] + lines["a private CA"] + check, "sh", "-e", name="whole.sh")

    def test_powershell_has_no_quote_inside(self):
        for lines in self.of("powershell"):
            for line in lines.splitlines():
                self.assertEqual(line.count("'") % 2, 0, line)


if __name__ == "__main__":
    unittest.main()
