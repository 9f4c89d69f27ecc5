"""Policies, files of them, and what the reports and warnings say: anycert.Policy, PolicyFile, look()."""
import datetime
import logging
import os
import pathlib
import stat
import tempfile
import unittest

import anycert
from anycert import AsyncClient, Client, Policy, PolicyFile, Relaxation, Session, exceptions, xsoar
from labcase import LabCase, python

PIN = "sha256//" + "A" * 43 + "="
OTHER = "sha256//" + "B" * 42 + "A="
FAR = "2100-01-01"

# The place of the ceiling is fixed: this process alone sees one there.
UNDER_A_CEILING = """
    import asyncio, ctypes, os, sys
    libc = ctypes.CDLL(None, use_errno=True)
    NEWNS, NEWUSER, PRIVATE = 0x20000, 0x10000000, 1 << 18 | 1 << 14
    uid = os.getuid()
    with open(sys.argv[1]) as file:
        ca = file.read().encode()
    if libc.unshare(NEWNS) != 0:
        assert libc.unshare(NEWUSER | NEWNS) == 0, os.strerror(ctypes.get_errno())
        with open("/proc/self/uid_map", "w") as file:
            file.write(f"0 {uid} 1")
    assert libc.mount(b"none", b"/", None, PRIVATE, None) == 0, os.strerror(ctypes.get_errno())
    assert libc.mount(b"none", b"/etc", b"tmpfs", 0, b"mode=755") == 0, os.strerror(ctypes.get_errno())
    os.umask(0o022)
    os.mkdir("/etc/anycert")
    with open("/etc/anycert/ceiling", "w") as file:
        file.write("forbid trust-any\\n")
    import anycert
    from anycert import xsoar
    url = "https://127.0.0.1:1/"
    file = anycert.PolicyFile.parse("127.0.0.1 trust-any", ca=ca)
    # All of them are made; it is the request that fails, before anything is sent.
    base = [xsoar.BaseClient(url, verify=verify) for verify in (False, file)]
    clients = [anycert.Client(anycert.Policy("trust-any", ca=ca)), anycert.Client(policy_file=file)]
    many = anycert.AsyncClient(anycert.Policy("trust-any", ca=ca))
    async def later():
        return await many.get(url)
    for call in (lambda: base[0]._http_request("GET", ""), lambda: base[1]._http_request("GET", ""),
                 lambda: clients[0].get(url), lambda: clients[1].get(url), lambda: asyncio.run(later()),
                 lambda: anycert.Session().get(url, verify=False)):
        try:
            call()
        except anycert.exceptions.PolicyForbidden as error:
            print(type(error).__name__, "/etc/anycert/ceiling" if "/etc/anycert/ceiling" in str(error) else error)
    try:
        anycert.look(url, "trust-any")
    except anycert.exceptions.ConnectionError:
        print("looks")
    """


class Policies(unittest.TestCase):
    def test_keywords_are_the_keys(self):
        for keywords, text in (
                ({"pin": PIN}, f"hardened pin={PIN}"), ({"pin": [PIN, OTHER]}, f"hardened pin={PIN},{OTHER}"),
                ({"text": "pinned", "pin": (PIN,), "check": ["name", "dates"]}, f"pinned pin={PIN} check=name,dates"),
                ({"text": "tofu", "mode": "strict"}, "tofu mode=strict"),
                ({"expect_name": "nas.example", "sni": "old.example"}, "hardened expect-name=nas.example sni=old.example"),
                ({"text": "report-only", "target": "hardened+expired"}, "report-only for=hardened+expired"),
                ({"text": "hardened+expired", "until": datetime.date(2100, 1, 1)}, f"hardened+expired until={FAR}"),
                ({"text": "trust-any", "until": FAR, "reason": 'it\'s "so" \\'},
                 f'trust-any until={FAR} reason="it\'s \\"so\\" \\\\"'), ({}, "hardened"),
                ({"ca": "/a b.pem", "pin": None}, 'hardened ca="/a b.pem"')):
            with self.subTest(text):
                self.assertEqual(str(Policy(**keywords)), text)
                self.assertEqual(Policy(text), Policy.parse(text))
                self.assertEqual(str(Policy.parse(text)), text)

    def test_properties(self):
        policy = Policy(f"hardened+expired+small-dh pin={PIN},{OTHER} expect-name=a sni=b until={FAR} reason=why")
        self.assertEqual((policy.rung, policy.relaxations, policy.pins), ("hardened", ("expired", "small-dh"), (PIN, OTHER)))
        self.assertEqual((policy.expect_name, policy.sni, policy.reason), ("a", "b", "why"))
        self.assertEqual(policy.until, datetime.date(2100, 1, 1))
        self.assertEqual(Policy(f"pinned pin={PIN} check=dates").check, ("dates",))
        self.assertEqual(Policy("tofu mode=accept-new").mode, "accept-new")
        self.assertEqual(Policy("report-only for=hardened+expired").target, "hardened+expired")
        plain = Policy()
        self.assertEqual((plain.relaxations, plain.pins, plain.check, plain.mode, plain.expect_name, plain.sni,
                          plain.target, plain.until, plain.reason), ((), (), ()) + (None,) * 6)
        with self.assertRaises(AttributeError):
            policy.reason = "no"

    def test_more_pins_and_relaxations(self):
        policy = Policy(ca="/x.pem")
        self.assertEqual(policy.with_pin(PIN).with_pin(OTHER), policy.with_pin(PIN, OTHER))
        self.assertEqual(policy.with_pin(PIN).pins, (PIN,))
        self.assertEqual(str(policy.relax(Relaxation.EXPIRED, "small-dh")), "hardened+expired+small-dh ca=/x.pem")
        self.assertEqual(str(policy), "hardened ca=/x.pem")

    def test_anchors(self):
        self.assertIsNone(Policy("hardened+expired").ca)
        self.assertEqual(Policy(ca=["system", "/x.pem"]), Policy("hardened ca=system,/x.pem"))
        self.assertEqual(Policy(ca=("/x.pem", "system")).ca, "system,/x.pem")
        self.assertRaises(ValueError, Policy, ca="system")  # or is it a path?
        self.assertRaises(ValueError, Policy, ca=["system", "system"])
        with self.assertRaisesRegex(TypeError, "pin has to be str or several of it, not bytes"):
            Policy("pinned", pin=PIN.encode())

    def test_relaxations(self):
        names = [relaxation.value for relaxation in Relaxation]
        self.assertEqual(len(names), 33)
        for relaxation in Relaxation:
            policy = Policy().relax(relaxation)
            self.assertEqual(policy.relaxations, (relaxation,))
            self.assertEqual(policy.authenticates, relaxation.authenticates)
            self.assertTrue(relaxation.allows and relaxation.danger and relaxation.fix)
        self.assertIs(Relaxation("tls1.0"), Relaxation.TLS1_0)
        self.assertEqual(f"hardened+{Relaxation.EXPIRED}", "hardened+expired")


class Files(LabCase):
    conditions = ("good", "expired", "self-signed", "dh-1024", "no-rfc5746", "wrong-host", "http")

    def host(self, server):
        return self.servers[server]["url"].split("/")[2]

    def file(self, *lines):
        return PolicyFile.parse("".join(line + "\n" for line in lines), name="hosts")

    def test_entries(self):
        file = self.file("# comment", "*.lab.example:8443  hardened+expired until=2001-01-01", "192.0.2.0/24 trust-any",
                         "z.example hardened")
        self.assertEqual([entry.hosts for entry in file], ["*.lab.example:8443", "192.0.2.0/24", "z.example"])
        self.assertEqual(len(file), 3)
        entry = file.find("b.LAB.example", port=8443)
        self.assertEqual((entry.source, entry.line, entry.flaw), ("hosts:2", 2, "ended"))
        self.assertEqual(entry.policy.relaxations, ("expired",))
        self.assertIsNone(file.find("b.lab.example"))
        self.assertEqual(file.find("192.0.2.9").policy.rung, "trust-any")
        self.assertEqual([entry.flaw for entry in file], ["ended", None, "needless"])
        self.assertTrue(PolicyFile.parse(""))
        del file
        self.assertEqual(entry.hosts, "*.lab.example:8443")  # it keeps its file

    def test_of_a_path(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "hosts")
            path.write_text("a.example hardened+expired\n")
            for given in (path, str(path), os.fsencode(path)):
                self.assertEqual(PolicyFile(given).find("a.example").source, f"{path}:1")
            path.chmod(stat.S_IRUSR | stat.S_IWUSR | stat.S_IWOTH)
            with self.assertRaisesRegex(OSError, "can be changed by others") as caught:
                PolicyFile(path)
            self.assertEqual(caught.exception.name, "FILE")
            self.assertRaises(OSError, PolicyFile, path.with_name("gone"))

    def users(self, file):
        """Everything that takes a policy file, as something that makes a request."""
        session = Session(policy_file=file)
        session.verify = self.root
        client = Client(policy_file=file, ca=self.root)
        plain = Session()
        self.addCleanup(plain.close)
        self.addCleanup(client.close)
        self.addCleanup(session.close)

        async def wait(url):
            async with AsyncClient(policy_file=file, ca=self.root) as many:
                return await many.get(url)

        def later(url):
            import asyncio
            return asyncio.run(wait(url))

        def base(url):
            return xsoar.BaseClient(url, verify=file)._http_request("GET", "", resp_type="response")
        return {"Session": session.get, "Client": client.get, "AsyncClient": later, "BaseClient": base,
                "verify": lambda url: plain.get(url, verify=file)}

    def test_each_host_by_its_line(self):
        file = self.file(f"{self.host('expired')} hardened+expired ca={self.root}",
                         f"{self.host('dh-1024')} hardened+small-dh ca={self.root}",
                         f"{self.host('no-rfc5746')} hardened+legacy-renegotiation ca={self.root}",
                         f"{self.host('wrong-host')} hardened ca={self.root} expect-name=other.lab.test")
        for name, get in self.users(file).items():
            with self.subTest(name):
                for server in ("expired", "dh-1024", "no-rfc5746", "wrong-host"):
                    self.assertTrue(get(self.url(server=server)).report.peer_authenticated, server)
                with self.assertRaises(Exception) as caught:
                    get(self.url(server="self-signed"))
                self.assertIn("self-signed", str(caught.exception))

    def test_what_is_said_goes_before_it(self):
        file = self.file(f"{self.host('self-signed')} hardened", f"{self.host('expired')} trust-any")
        with Session(policy_file=file) as session:
            self.assertIs(session.policy_file, file)
            self.assertFalse(session.get(self.url(server="self-signed"), verify=False).report.peer_authenticated)
            self.assertEqual(session.get(self.url(server="expired")).report.policy.partition(" ")[0], "trust-any")
            with self.assertRaises(exceptions.SSLError):
                session.get(self.url(server="expired"), verify=Policy(ca=self.root))
        with Client("hardened+expired", ca=self.root, policy_file=file) as client:
            self.assertEqual(client.get(self.url(server="expired")).report.policy.partition(" ")[0], "hardened+expired")

    def test_anchors_for_lines_without(self):
        file = self.file(f"{self.host('expired')} hardened+expired")
        with Client(policy_file=file, ca=self.root) as client:
            self.assertEqual(client.get(self.url(server="expired")).status_code, 200)
            self.assertEqual(client.get(self.url()).status_code, 200)
            policy, source = client.policy_for(self.url(server="expired"))
            self.assertEqual((policy.relaxations, source), (("expired",), "hosts:1"))
            self.assertEqual(client.policy_for(self.url())[1], None)
            self.assertIn("hardened+expired", client.explain(self.url(server="expired")))
        with Client(policy_file=file) as client, self.assertRaises(exceptions.SSLError):
            client.get(self.url())  # it is not the system's

    def test_anchors_of_the_file(self):
        text = f"{self.host('expired')} hardened+expired\n"
        file = PolicyFile.parse(text, ca=self.root)
        self.assertEqual(str(file.anchors), f"hardened ca={self.root}")
        self.assertIsNone(PolicyFile.parse(text).anchors)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "hosts")
            path.write_text(text)
            self.assertEqual(PolicyFile(path, ca=[self.root]).anchors, file.anchors)

        def later(url):
            import asyncio

            async def wait():
                async with AsyncClient(policy_file=file) as many:
                    return await many.get(url)
            return asyncio.run(wait())
        client, session, plain = Client(policy_file=file), Session(policy_file=file), Session()
        for one in (client, session, plain):
            self.addCleanup(one.close)
        ways = {"Client": client.get, "Session": session.get, "verify": lambda url: plain.get(url, verify=file),
                "AsyncClient": later, "BaseClient": lambda url: xsoar.BaseClient(url, verify=file)._http_request(
                    "GET", "", resp_type="response")}
        for name, get in ways.items():
            with self.subTest(name):
                self.assertEqual(get(self.url(server="expired")).report.verdict, "relaxed")
                self.assertEqual(get(self.url()).report.verdict, "pass")  # has no line
                with self.assertRaises(Exception) as caught:
                    get(self.url(server="self-signed"))
                self.assertIn("self-signed", str(caught.exception))
        self.assertEqual(client.policy, file.anchors)

    def test_which_anchors_go_first(self):
        file = PolicyFile.parse("", ca=self.root)
        with Session() as session:
            self.assertEqual(session.get(self.url(), verify=file).status_code, 200)
        with Client(policy_file=file) as client:
            with self.assertRaises(OSError):
                client.get(self.url(), verify="/nosuch/call.pem")
        with Client(policy_file=PolicyFile.parse(""), ca="/nosuch/client.pem") as client:
            self.assertEqual(client.get(self.url(), verify=file).status_code, 200)
        with self.assertRaisesRegex(ValueError, "ca is said twice"):
            Client(policy_file=file, ca=self.root)
        done = python("""
            import sys, anycert
            file = anycert.PolicyFile.parse("", ca=sys.argv[2])
            for client in anycert.Client(policy_file=file), anycert.Session(policy_file=file):
                print(client.get(sys.argv[1]).report.policy)
            print(anycert.Client("hardened ca=" + sys.argv[2]).policy)
            """, self.url(), self.root, env={"REQUESTS_CA_BUNDLE": "/nosuch/environment.pem"})
        self.assertEqual(done.stdout, f"hardened ca={self.root}\n" * 3, done.stderr)

    def test_a_policy_for_one_request(self):
        url = self.url(server="expired")
        with Client(ca=self.root) as client:
            for policy in ("hardened+expired", f"hardened+expired ca={self.root}", Policy("hardened+expired", ca=self.root)):
                report = client.get(url, policy=policy).report
                self.assertEqual((report.verdict, report.policy), ("relaxed", f"hardened+expired ca={self.root}"))
            self.assertRaises(exceptions.SSLError, client.get, url)
            for policy in ("hardened+expird", "", b"hardened", True, PolicyFile.parse("")):
                self.assertRaises((TypeError, ValueError), client.get, url, policy=policy)
        with Session() as session, self.assertRaises(exceptions.SSLError):
            session.get(url, policy="hardened+expired")  # with the system's anchors

    def test_a_policy_file_is_no_bundle(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "hosts.policy")
            path.write_text("a.example hardened+expired\n")
            for get in (lambda: Session().get(self.url(), verify=path),
                        lambda: xsoar.BaseClient(self.url(), verify=str(path))._http_request("GET", "")):
                with self.assertRaises(OSError) as caught:
                    get()
                self.assertIn(f"for a policy file: verify=anycert.PolicyFile('{path}')", str(caught.exception))
                self.assertEqual(caught.exception.name, "ANCHORS")
            for text in ("", "no certificate"):
                path.write_text(text)
                with self.assertRaises(OSError) as caught:
                    Session().get(self.url(), verify=path)
                self.assertNotIn("PolicyFile", str(caught.exception))

    def test_what_a_client_does_not_take(self):
        for verify, instead in ((False, "Client('trust-any')"), ("ca.pem", "Client(ca='ca.pem')"), (True, "Client()"),
                                (PolicyFile.parse(""), "Client(policy_file=...)")):
            for kind in (Client, AsyncClient):
                with self.assertRaises(TypeError) as caught:
                    kind(verify=verify)
                self.assertEqual(str(caught.exception), f"Client takes a policy, not verify: {instead}")

    def test_what_the_ceiling_forbids(self):
        done = python(UNDER_A_CEILING, self.root)
        self.assertEqual(done.stdout.splitlines(), ["PolicyForbidden /etc/anycert/ceiling"] * 6 + ["looks"], done.stderr)

    def test_of_the_adapter(self):
        import requests
        from anycert.requests_adapter import AnycertAdapter
        with requests.Session() as session:
            session.mount("https://", AnycertAdapter(policy_file=self.file(
                f"{self.host('expired')} hardened+expired ca={self.root}")))
            self.assertEqual(session.get(self.url(server="expired")).status_code, 200)
            with self.assertRaises(requests.exceptions.SSLError):
                session.get(self.url(server="self-signed"))
        with tempfile.TemporaryDirectory() as folder, requests.Session() as session:
            path = pathlib.Path(folder, "hosts")
            path.write_text(f"{self.host('expired')} hardened+expired\n")
            session.mount("https://", AnycertAdapter(policy_file=path, ca=self.root))
            self.assertEqual([session.get(self.url(server=server)).report.verdict for server in ("expired", "good")],
                             ["relaxed", "pass"])
            self.assertRaises(ValueError, AnycertAdapter, policy_file=PolicyFile(path), ca=self.root)

    def test_errors_have_classes(self):
        for call, name in ((lambda: Policy("hardenend"), "POLICY_SYNTAX"),
                           (lambda: self.file("a.example hardened", "a.example trust-any"), "POLICY_SYNTAX")):
            with self.assertRaises(exceptions.PolicyError) as caught:
                call()
            self.assertEqual(caught.exception.name, name)
            self.assertIsInstance(caught.exception, ValueError)
        forbidden = exceptions._make(208, "POLICY_FORBIDDEN", 2, "text", 0, None, None, None, 0, 0, 0)
        self.assertIsInstance(forbidden, exceptions.PolicyForbidden)
        self.assertEqual((forbidden.code, str(forbidden)), (208, "text"))


class Reports(LabCase):
    conditions = ("good", "expired", "self-signed", "dh-1024", "tls10-only", "plain-http")

    def test_a_look_at_what_speaks_old_tls_only(self):
        report = anycert.look(self.url(server="tls10-only"), ca=self.root)
        self.assertEqual((report.policy.partition(" ")[0], report.reference_verdict), ("antique", "fail"))
        self.assertTrue(report.key_proven)
        self.assertEqual(anycert.look(self.url(), ca=self.root).policy.partition(" ")[0], "report-only")
        for arguments in ((self.url(server="tls10-only"), "report-only"), (self.url(server="tls10-only"), "hardened"),
                          (self.url(server="plain-http"),)):
            with self.assertRaises(exceptions.SSLError):
                anycert.look(*arguments)

    def test_who_only_looks_cannot_ask(self):
        with Client("report-only", ca=self.root) as client:
            client._looks_only = True  # as look() has it
            self.assertEqual(client.look(self.url()).verdict, "pass")
            with self.assertRaisesRegex(ValueError, "look"):
                client.get(self.url())

    def test_look(self):
        report = anycert.look(self.url(server="expired"), ca=self.root)
        self.assertEqual((report.verdict, report.reference_verdict, report.key_proven), ("relaxed", "fail", True))
        check = next(check for check in report.checks if check.id == "dates")
        self.assertEqual((check.verdict, check.reference_verdict, check.relaxation, check.x509_code, check.depth,
                          check.decided_by_pin), ("relaxed", "fail", "expired", 10, 0, False))
        self.assertIn("expired", check.detail)
        leaf = report.certificates[0]
        self.assertEqual((leaf.pin, leaf.der), (report.pin, report.chain[0]))
        self.assertLess(leaf.not_before, leaf.not_after)
        self.assertIn("localhost", leaf.names)
        self.assertEqual(report.revocation, "not-checked")
        self.assertEqual(len(report.certificates), len(report.chain))
        with self.assertRaises(exceptions.SSLError) as caught:
            anycert.look(self.url(server="expired"), "hardened", ca=self.root)
        self.assertEqual(caught.exception.name, "TRUST_DATES")
        self.assertFalse(caught.exception.report.key_proven)
        with self.assertRaises(exceptions.RequestException):
            anycert.look("nonsense")

    def test_decided_by_pin(self):
        pin = anycert.look(self.url(server="self-signed")).pin
        with Client(Policy("pinned", pin=pin)) as client:
            report = client.get(self.url(server="self-signed")).report
        self.assertTrue(report.peer_authenticated)
        self.assertTrue(any(check.decided_by_pin for check in report.checks))

    def test_a_pin_goes_with_the_chain(self):
        pin = anycert.look(self.url(), ca=self.root).pin
        with Client(Policy(ca=self.root, pin=[PIN, pin])) as client:
            self.assertEqual(client.get(self.url()).status_code, 200)
        with Client(Policy(ca=self.root, pin=PIN)) as client, self.assertRaises(exceptions.SSLError) as caught:
            client.get(self.url())
        self.assertEqual(caught.exception.name, "TRUST_PIN")


class Warnings(LabCase):
    conditions = ("expired",)

    def warned(self, policy, get):
        with self.assertLogs("anycert", "WARNING") as logs:
            with Client(policy) as client:
                get(client)
                get(client)
        return [record.getMessage() for record in logs.records]

    def test_of_what_is_relaxed_and_of_the_end(self):
        day = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=3)
        policy = Policy("hardened+expired", ca=self.root, until=day)
        ways = {"get": lambda client: client.get(self.url(server="expired")),
                "batch": lambda client: list(client.batch([self.url(server="expired")])),
                "stream": lambda client: client.stream("GET", self.url(server="expired")).close()}
        for name, get in ways.items():
            with self.subTest(name):
                texts = self.warned(policy, get)
                self.assertEqual(len(texts), 2, texts)  # once each, for two requests
                self.assertTrue(any("expired" in text for text in texts), texts)
                self.assertTrue(any(f"ends on {day}" in text for text in texts), texts)

    def test_nothing_is_printed_unasked(self):
        code = """
            import sys{0}, anycert
            with anycert.Client(anycert.Policy("hardened+expired", ca=sys.argv[2])) as client:
                print(client.get(sys.argv[1]).status_code, "logging" in sys.modules)
            """
        for extra, loaded in (("", "False"), (", logging", "True")):
            done = python(code.format(extra), self.url(server="expired"), self.root)
            self.assertEqual((done.stdout, done.stderr), (f"200 {loaded}\n", ""))
        done = python(code.format(", logging; logging.basicConfig(); import sys"), self.url(server="expired"), self.root)
        self.assertIn("WARNING:anycert:", done.stderr)

    def test_a_handler_may_raise(self):
        class Broken(logging.Handler):
            def emit(self, record):
                raise KeyError("broken")
        logger, handler = logging.getLogger("anycert"), Broken()
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        with Client(Policy("hardened+expired", ca=self.root)) as client:
            self.assertRaises(KeyError, client.get, self.url(server="expired"))
            self.assertEqual(client.get(self.url(server="expired")).status_code, 200)


if __name__ == "__main__":
    unittest.main()
