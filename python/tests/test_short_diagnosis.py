"""The diagnosis that a failed request carries in its exception."""
import asyncio
import copy
import gc
import os
import pathlib
import pickle
import socket
import tempfile
import unittest

import anycert
from anycert import ShortDiagnosis, exceptions
from labcase import LabCase, python
from ports import closed_port  # pylint: disable=wrong-import-order

CONDITIONS = ("good", "http", "expired", "self-signed", "untrusted-root", "wrong-host", "dh-512", "tls10-only",
              "plain-http", "client-cert-required", "no-rfc5746", "revoked-staple", "renegotiation", "truncated-body", "rsa-kx-cbc")


class Diagnosed(LabCase):
    conditions = CONDITIONS

    def diagnosed(self, call, *args, **kwargs):
        """The diagnosis of a call that fails."""
        with self.assertRaises(exceptions.RequestException) as raised:
            call(*args, **kwargs)
        self.assertIsInstance(raised.exception.diagnosis, ShortDiagnosis, raised.exception)
        return raised.exception.diagnosis


class Causes(Diagnosed):
    def test_each_kind_of_defect(self):
        for condition, cause, check, side, is_certain, by_key, policy in (
                ("expired", "expired", "dates", "remote", True, False, "hardened+expired "),
                ("self-signed", "self-signed", "trust", "remote", True, True, "hardened+self-signed "),
                ("untrusted-root", "unknown-root", "trust", "local", True, True, "hardened+untrusted-issuer "),
                ("wrong-host", "name-mismatch", "name", "remote", True, False, "hardened "),
                ("dh-512", "small-dh", "group", "remote", False, False, None),
                ("tls10-only", "tls10-only", "protocol", "remote", False, False, None),
                ("plain-http", "speaks-http", "tls", "local", False, False, None),
                ("client-cert-required", "client-cert-required", "tls", "local", True, False, None),
                ("no-rfc5746", "no-secure-renegotiation", "renegotiation", "remote", True, False,
                 "hardened+legacy-renegotiation "),
                ("revoked-staple", "revoked", "revocation", "remote", True, False, None)):
            with self.subTest(condition):
                found = self.diagnosed(self.session.get, self.url(server=condition))
                self.assertIn((cause, check, side), [(c.id, c.check, c.side) for c in found.causes])
                self.assertTrue(all(c.title and c.explanation and c.evidence for c in found.causes))
                self.assertEqual((found.is_certain, found.by_key), (is_certain, by_key))
                self.assertEqual(found.target, self.url(server=condition))
                self.assertEqual(found.command, f"anycert doctor --cacert {self.root} {found.target}")
                self.assertEqual(found.report.host, "localhost")
                self.assertEqual(found.forbidden, "")
                self.assertTrue(all(c.id in str(found) for c in found.causes), str(found))
                self.assertEqual(repr(found), f"<ShortDiagnosis {found.target} "
                                              f"{'' if is_certain else 'perhaps '}{found.causes[0].id}>")
                self.assertEqual(found.policy is None, policy is None)
                if policy:
                    self.assertTrue(str(found.policy).startswith(policy), found.policy)
                    self.assertIn(str(found.policy), str(found))
                    # It connects, as it is.
                    self.assertEqual(self.session.get(found.target, verify=found.policy).status_code, 200)

    def test_what_only_a_request_shows_is_asked_for(self):
        for condition, option, cause in (("renegotiation", "--http", "client-cert-asked-late"),
                                         ("truncated-body", "--http-body", "body-truncated")):
            with self.subTest(condition):
                found = self.diagnosed(self.session.get, self.url(server=condition))
                self.assertEqual(found.command, f"anycert doctor --cacert {self.root} {option} {found.target}")
                examined = found.examine()
                self.assertEqual([c.id for c in examined.causes], [cause])
                self.assertNotEqual(examined.verdict, "healthy")

    def test_many_that_look_alike_take_few_lines(self):
        for condition in ("rsa-kx-cbc", "plain-http"):
            with self.subTest(condition):
                found = self.diagnosed(self.session.get, self.url(server=condition))
                self.assertGreater(len(found.causes), 5)
                lines = str(found).splitlines()
                self.assertEqual([line.partition(":")[0] for line in lines], ["perhaps"] * 3 + ["or", "seen", "more"])
                self.assertEqual(lines[3], "or: " + ", ".join(cause.id for cause in found.causes[3:]))

    def test_what_is_known_of_names_and_relaxations(self):
        found = self.diagnosed(self.session.get, self.url(server="wrong-host"))
        self.assertEqual((found.other_name, found.relaxations, found.is_whole), ("other.lab.test", ("wrong-host",), True))
        found = self.diagnosed(self.session.get, self.url(server="dh-512"))
        self.assertEqual((found.other_name, found.relaxations, found.is_whole), (None, ("small-dh",), False))

    def test_anchors_in_memory(self):
        policy = anycert.Policy("hardened", ca=pathlib.Path(self.root).read_bytes())
        found = self.diagnosed(self.session.get, self.url(server="expired"), verify=policy)
        self.assertEqual(found.command, f"anycert doctor {found.target}")
        self.assertEqual(self.session.get(found.target, verify=found.policy).status_code, 200)
        self.assertEqual([cause.id for cause in found.examine().causes], ["expired"])

    def test_the_way_there(self):
        port = closed_port()
        found = self.diagnosed(self.session.get, f"https://127.0.0.1:{port}/a?token=s3cret")
        self.assertEqual([cause.id for cause in found.causes], ["connection-refused"])
        self.assertEqual((found.target, found.report, found.policy), (f"https://127.0.0.1:{port}/", None, None))
        found = self.diagnosed(self.session.get, "https://nosuch.invalid/")
        self.assertEqual((found.causes[0].id, found.is_certain), ("name-not-found", False))
        found = self.diagnosed(self.session.get, self.url(),
                               proxies={"https": f"http://me:s3cret@127.0.0.1:{port}"})
        self.assertEqual([cause.id for cause in found.causes], ["proxy-unreachable"])
        self.assertIn(f" --proxy http://127.0.0.1:{port} ", found.command)
        self.assertNotIn("s3cret", str(found))
        self.assertEqual([cause.id for cause in found.examine(timeout=5).causes], ["proxy-unreachable"])

    def test_a_key_that_is_pinned_already(self):
        pin = self.servers["good"]["pin"]
        found = self.diagnosed(self.session.get, self.url(server="self-signed"), verify=anycert.Policy("pinned", pin=pin))
        self.assertEqual(([cause.id for cause in found.causes], found.by_key), (["pin-mismatch"], True))
        self.assertEqual(found.policy.pins, (self.servers["self-signed"]["pin"],))
        with tempfile.TemporaryDirectory() as folder:
            store = anycert.TrustStore(os.path.join(folder, "store"))
            with anycert.Client("tofu mode=strict", trust_store=store) as client:
                found = self.diagnosed(client.get, self.url(server="self-signed"))
        self.assertEqual(([cause.id for cause in found.causes], found.policy), (["key-unknown"], None))

    def test_silence(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            found = self.diagnosed(self.session.get, f"https://127.0.0.1:{listener.getsockname()[1]}/", timeout=0.2)
        self.assertEqual((found.causes[0].id, found.is_certain), ("tls-silent", False))


class Others(Diagnosed):
    def test_failures_of_another_kind_have_none(self):
        def fail_by(kind, call, *args, **kwargs):
            with self.assertRaises(kind) as raised:
                call(*args, **kwargs)
            self.assertIsNone(raised.exception.diagnosis)

        fail_by(exceptions.HTTPError, self.session.get(self.url("status/500")).raise_for_status)
        fail_by(exceptions.TooManyRedirects, self.session.get, self.url("endless-redirect"))
        fail_by(exceptions.JSONDecodeError, self.session.get(self.url("bytes/3")).json)
        fail_by(exceptions.MissingSchema, self.session.get, "localhost")
        fail_by(exceptions.InvalidHeader, self.session.get, self.url(), headers={"a": "b\nc"})
        fail_by(exceptions.PolicyError, anycert.Policy, "soft")
        fail_by(exceptions.ReadTimeout, self.session.get, self.url("slow/20000", server="http"), timeout=0.2)

    def test_without_tls_there_is_nothing_to_examine(self):
        found = self.diagnosed(self.session.get, "http://nosuch.invalid/")
        self.assertEqual(found.command, "")
        with self.assertRaisesRegex(ValueError, "has no TLS that could be examined"):
            found.examine()


class Ways(Diagnosed):
    """Whichever way the request was made."""

    def expect(self, found):
        self.assertEqual([cause.id for cause in found.causes], ["self-signed"])

    def test_clients_streams_and_looks(self):
        url = self.url(server="self-signed")
        with anycert.Client(ca=self.root) as client:
            self.expect(self.diagnosed(client.get, url))
            self.expect(self.diagnosed(client.stream, "GET", url))
            result, = client.batch([url])
            self.expect(result.error.diagnosis)
        for path in ("truncated", "truncated-chunked"):
            with self.session.get(self.url(path), stream=True) as answer:
                found = self.diagnosed(list, answer.iter_content(10))
            self.assertEqual((found.causes[0].id, found.is_certain), ("body-truncated", True))
        found = self.diagnosed(anycert.look, self.url(server="plain-http"))
        self.assertEqual(found.causes[0].id, "speaks-http")

    def test_event_loops(self):
        url = self.url(server="self-signed")

        async def run():
            errors = []
            async with anycert.AsyncClient(ca=self.root) as client:
                try:
                    await client.get(url)
                except exceptions.SSLError as error:
                    errors.append(error)
                try:
                    async with client.stream("GET", url):
                        pass
                except exceptions.SSLError as error:
                    errors.append(error)
            return errors

        errors = asyncio.run(run())
        self.assertEqual(len(errors), 2)
        for error in errors:
            self.expect(error.diagnosis)

    def test_redirects(self):
        found = self.diagnosed(self.session.get, self.url("redirect?code=302&to=" + self.url(server="self-signed")))
        self.assertEqual(found.target, self.url(server="self-signed"))
        self.expect(found)

    def test_the_base_client(self):
        from anycert import xsoar
        client = xsoar.BaseClient(self.url(server="self-signed"), verify=True)
        with self.assertRaises(xsoar.DemistoException) as raised:
            client._http_request("GET", "/")
        self.expect(raised.exception.diagnosis)
        self.assertIs(raised.exception.exception.diagnosis, raised.exception.diagnosis)
        client = xsoar.BaseClient(self.url(), verify=anycert.Policy("hardened", ca=self.root))
        with self.assertRaises(xsoar.DemistoException) as raised:
            client._http_request("GET", "status/404")
        self.assertIsNone(raised.exception.diagnosis)
        client = xsoar.BaseClient(self.url(server="expired"), verify=anycert.Policy("hardened", ca=self.root))
        with self.assertRaises(xsoar.DemistoException) as raised:
            client._http_request("GET", "/")
        self.assertTrue(str(raised.exception).endswith(f"\nMore: {raised.exception.diagnosis.command}"))

    def test_requests(self):
        done = python("""
            import sys, requests
            from anycert.requests_adapter import AnycertAdapter
            with requests.Session() as session:
                session.mount("https://", AnycertAdapter())
                try:
                    session.get(sys.argv[1], verify=sys.argv[2])
                except requests.exceptions.SSLError as error:
                    print(error.diagnosis.causes[0].id)
        """, self.url(server="self-signed"), self.root)
        self.assertEqual((done.stdout, done.stderr), ("self-signed\n", ""))


class Objects(Diagnosed):
    def setUp(self):
        super().setUp()
        with self.assertRaises(exceptions.SSLError) as raised:
            self.session.get(self.url(server="expired"), headers={"Authorization": "Bearer s3cret"})
        self.error, self.found = raised.exception, raised.exception.diagnosis

    def test_a_doctor_finds_the_same(self):
        seen = []
        found = self.found.examine(request=True, progress=lambda *step: seen.append(step))
        self.assertIsInstance(found, anycert.Diagnosis)
        self.assertEqual([cause.id for cause in found.causes], ["expired"])
        self.assertTrue(found.least.confirmed)
        self.assertEqual(found.least.relaxations, self.found.policy.relaxations)
        self.assertGreater(len(seen), 1)

        def refuse(*_):
            raise KeyError("enough")
        with self.assertRaises(KeyError):
            self.found.examine(progress=refuse)
        for wrong in ({"timeout": 0}, {"delay": -1}):
            with self.assertRaises(ValueError):
                self.found.examine(**wrong)
        for wrong in ({"timeout": "1"}, {"progress": 1}, {"target": "x"}):
            with self.assertRaises(TypeError):
                self.found.examine(**wrong)
        with self.assertRaises(TypeError):
            self.found.examine(1)

    def test_nobody_changes_or_makes_one(self):
        for name in ("causes", "policy", "other"):
            with self.assertRaises(AttributeError):
                setattr(self.found, name, None)
        with self.assertRaises(TypeError):
            ShortDiagnosis()

    def test_it_stays_with_the_process(self):
        again = pickle.loads(pickle.dumps(self.error))
        self.assertIsNone(again.diagnosis)
        self.assertEqual(str(again), str(self.error))
        for make in (pickle.dumps, copy.deepcopy):
            with self.assertRaises(TypeError):
                make(self.found)

    def test_it_outlives_everything_and_keeps_nothing(self):
        found, text = self.found, str(self.found)
        self.assertNotIn("s3cret", text)
        self.error = None
        self.session.close()
        gc.collect()
        self.assertLessEqual(set(gc.get_referents(found)), {ShortDiagnosis})
        self.assertEqual(str(found), text)
        self.assertEqual(found.examine().least.relaxations, ("expired",))

    def test_nothing_of_requests_is_imported(self):
        done = python("""
            import sys, anycert
            try:
                anycert.Client().get(sys.argv[1])
            except anycert.exceptions.SSLError as error:
                error.diagnosis.examine()
                print(error.diagnosis.causes[0].id, "requests" in sys.modules)
        """, self.url(server="self-signed"))
        self.assertEqual((done.stdout, done.stderr), ("self-signed False\n", ""))


if __name__ == "__main__":
    unittest.main()
