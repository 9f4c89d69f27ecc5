"""The policy tofu: anycert.TrustStore, and who is asked about hosts that are met for the first time."""
import asyncio
import os
import pathlib
import tempfile
import threading
import time
import unittest
from unittest import mock

import anycert
from anycert import AsyncClient, Client, Policy, PolicyFile, Session, TrustStore, exceptions, xsoar
from labcase import LabCase

PIN = "sha256//" + "A" * 43 + "="


class Stores(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, "trust")
        self.store = TrustStore(self.path)

    def test_entries(self):
        self.assertTrue(self.store)
        self.assertEqual((len(self.store), self.store.path), (0, str(self.path)))
        self.store.add("nas.example", pins=[PIN], comment="on its console")
        self.store.add("ca.example", 8443, ca=True)
        self.assertEqual(len(self.store), 2)
        entry = self.store.find("NAS.example", port=443)
        self.assertEqual((entry.host, entry.port, entry.kind, entry.pins, entry.source, entry.comment),
                         ("nas.example", 443, "pin", (PIN,), "added", "on its console"))
        self.assertGreater(entry.first_seen, 1577836800)
        self.assertEqual(sorted((entry.host, entry.kind) for entry in self.store), [("ca.example", "ca"), ("nas.example", "pin")])
        self.assertIsNone(self.store.find("nas.example", 444))
        self.assertTrue(self.store.remove("nas.example"))
        self.assertFalse(self.store.remove("nas.example"))
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)

    def test_what_a_host_is_known_by_has_to_be_said(self):
        for arguments in ({}, {"pins": []}, {"pins": ""}, {"pins": None}, {"pins": PIN, "ca": True}):
            with self.assertRaisesRegex(ValueError, "^say what the host is known by: pins=, or ca=True"):
                self.store.add("nas.example", **arguments)
        self.assertEqual(list(self.store), [])

    def test_the_default_store(self):
        folder = self.path.parent
        with mock.patch.dict(os.environ, {"XDG_STATE_HOME": str(folder)}):
            self.assertEqual(anycert.default_trust_store().path, f"{folder}/anycert/trust")
        with mock.patch.dict(os.environ, {"XDG_STATE_HOME": "relative", "HOME": str(folder)}):
            self.assertEqual(anycert.default_trust_store().path, f"{folder}/.local/state/anycert/trust")
        with mock.patch.dict(os.environ, {"XDG_STATE_HOME": "", "HOME": ""}), \
                self.assertRaisesRegex(OSError, "no home folder"):
            anycert.default_trust_store()

    def test_import_and_export(self):
        self.store.add("nas.example", pins=PIN)
        other = TrustStore(self.path.with_name("other"))
        self.assertEqual(other.import_text(self.store.export(), name="mine"), 1)
        self.assertEqual(other.import_text(self.store.export()), 0)
        self.assertEqual(other.find("nas.example").source, "imported")
        self.assertEqual(other.hash_names(), 1)
        self.assertEqual(other.find("nas.example").pins, (PIN,))
        self.assertNotIn("nas.example", other.export())
        with self.assertRaises(OSError) as caught:
            other.import_text("nonsense\n", name="theirs")
        self.assertEqual(caught.exception.name, "TRUST_STORE")
        self.assertIn("theirs", str(caught.exception))

    def test_a_store_that_vanishes(self):
        self.store.add("nas.example", pins=PIN)
        self.path.unlink()
        time.sleep(0.15)  # it is looked at ten times a second
        with self.assertRaises(OSError) as caught:
            self.store.find("nas.example")
        self.assertIn("has vanished", str(caught.exception))

    def test_a_port_in_the_host(self):
        for call in (self.store.find, self.store.add, self.store.remove, PolicyFile.parse("").find):
            for host in ("nas:443", "192.0.2.1:443", "[::1]:443"):
                with self.assertRaisesRegex(ValueError, "the port is the second argument, not part of the host"):
                    call(host)
        self.assertIsNone(self.store.find("::1"))
        self.assertIsNone(PolicyFile.parse("").find("fe80::5:443"))

    def test_what_is_refused(self):
        self.store.add("nas.example", pins=PIN)
        with self.assertRaises(OSError):
            TrustStore(self.path, read_only=True).add("a.example", ca=True)
        self.path.chmod(0o666)
        with self.assertRaises(OSError) as caught:
            TrustStore(self.path)
        self.assertEqual(caught.exception.name, "TRUST_STORE")
        for arguments in ((5,), ("",), ("a b",), ("a\0",), ("a.example", 0), ("a.example", 65536), (None,)):
            for call in (self.store.find, self.store.add, self.store.remove):
                self.assertRaises((TypeError, ValueError), call, *arguments)
        for pins in (5, "", [], ["x"], "md5//x", [5]):
            self.assertRaises((TypeError, ValueError), self.store.add, "a.example", pins=pins)
        for value in (5, None, "", "a\0"):
            self.assertRaises((TypeError, ValueError), TrustStore, value)
            if value is not None:
                self.assertRaises((TypeError, ValueError), Client, trust_store=value)
        for value in (5, "yes", True):
            self.assertRaises(TypeError, Client, on_first_use=value)


class FirstUse(LabCase):
    conditions = ("good", "self-signed", "expired", "wrong-host")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = TrustStore(pathlib.Path(folder.name, "trust"))
        self.asked = []
        self.session = Session()
        self.addCleanup(self.session.close)

    def answer(self, value):
        def ask(report):
            self.asked.append(report)
            return value
        return ask

    def place(self, server="self-signed"):
        host, _, port = self.servers[server]["url"].split("/")[2].rpartition(":")
        return host, int(port)

    def ways(self, policy, ask):
        """Everything that makes requests, as something that gets a URL."""
        def later(url):
            async def wait():
                async with AsyncClient(policy, trust_store=self.store, on_first_use=ask) as client:
                    return await client.get(url)
            return asyncio.run(wait())

        def client(url):
            with Client(policy, trust_store=self.store, on_first_use=ask) as one:
                return one.get(url)

        def session(url):
            with Session(trust_store=self.store, on_first_use=ask) as one:
                return one.get(url, verify=policy)

        def base(url):
            return xsoar.BaseClient(url, verify=policy, trust_store=self.store, on_first_use=ask)._http_request(
                "GET", "", resp_type="response")
        return {"Client": client, "Session": session, "AsyncClient": later, "BaseClient": base}

    def test_ask(self):
        url = self.url(server="self-signed")
        policy = Policy("tofu mode=ask", ca=self.root)
        for name, get in self.ways(policy, self.answer(True)).items():
            with self.subTest(name):
                self.store.remove(*self.place())
                self.asked.clear()
                report = get(url).report
                self.assertFalse(report.peer_authenticated)  # by nothing but the answer
                self.assertEqual([(r.host, r.port, r.pin) for r in self.asked], [(*self.place(), report.pin)])
                self.assertEqual(self.store.find(*self.place()).pins, (report.pin,))
                report = get(url).report
                self.assertEqual((report.authenticated_by, report.peer_authenticated), ("tofu", True))
                self.assertEqual(len(self.asked), 1)  # it is known now

    def test_a_key_that_was_compared(self):
        """Whoever has it from elsewhere knows the server from the first contact on."""
        for name, get in self.ways(Policy("tofu", ca=self.root), self.answer("compared")).items():
            with self.subTest(name):
                self.store.remove(*self.place())
                report = get(self.url(server="self-signed")).report
                self.assertEqual((report.peer_authenticated, report.authenticated_by), (True, "tofu"))
                entry = self.store.find(*self.place())
                self.assertEqual((entry.source, entry.pins), ("compared", (report.pin,)))

    def assert_asked_once(self, get):
        """However many threads meet a host at a time. The first question is open until another one comes."""
        ready, another, failures = threading.Barrier(10), threading.Event(), []

        def ask(report):
            self.asked.append(report)
            if len(self.asked) > 1:
                another.set()
            another.wait(0.3)
            return True

        def meet():
            ready.wait()
            try:
                get(ask)
            except Exception as error:  # of a thread
                failures.append(error)
        threads = [threading.Thread(target=meet) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((failures, len(self.asked)), ([], 1))

    def test_threads_of_a_fresh_session_are_asked_once(self):
        url, policy, sessions, lock = self.url(server="self-signed"), Policy("tofu", ca=self.root), [], threading.Lock()

        def get(ask):
            with lock:
                if not sessions:
                    sessions.append(Session(trust_store=self.store, on_first_use=ask))
            sessions[0].get(url, verify=policy)
        self.assert_asked_once(get)
        sessions[0].close()

    def test_clients_with_the_same_callable_ask_once(self):
        url, policy = self.url(server="self-signed"), Policy("tofu", ca=self.root)

        def get(ask):
            with Client(policy, trust_store=self.store, on_first_use=ask) as client:
                client.get(url)
        self.assert_asked_once(get)

    def test_nothing_but_true_is_yes(self):
        for value in (None, 1, 0, "yes", "Compared", b"compared", [1]):
            said = f"on_first_use has to return True, False or 'compared', not {value!r}"
            for name, get in self.ways(Policy("tofu", ca=self.root), self.answer(value)).items():
                with self.subTest(name, value=value), mock.patch("sys.unraisablehook") as hook:
                    with self.assertRaises(exceptions.SSLError if name == "AsyncClient" else TypeError) as caught:
                        get(self.url(server="self-signed"))
                    if name == "AsyncClient":  # the question is none of one request's alone
                        self.assertEqual([str(call.args[0].exc_value) for call in hook.call_args_list], [said])
                    else:
                        self.assertEqual(str(caught.exception), said)
        self.assertEqual(len(self.store), 0)

    def test_many_at_once_are_asked_about(self):
        with mock.patch("sys.unraisablehook") as hook, Client(
                Policy("tofu", ca=self.root), trust_store=self.store, on_first_use=self.answer(1)) as client:
            bad, good = sorted(client.batch([self.url(server="self-signed"), self.url()]), key=lambda one: one.number)
            self.assertIsInstance(bad.error, exceptions.SSLError)
            self.assertEqual(good.result().status_code, 200)
            self.assertIs(hook.call_args.args[0].exc_type, TypeError)

    def test_no(self):
        for name, get in self.ways(Policy("tofu", ca=self.root), self.answer(False)).items():
            with self.subTest(name), self.assertRaises(Exception) as caught:
                get(self.url(server="self-signed"))
            self.assertIn("trust store does not know", str(caught.exception))
        self.assertEqual(len(self.store), 0)

    def test_nobody_is_asked(self):
        with Client(Policy("tofu", ca=self.root), trust_store=self.store) as client:
            with self.assertRaises(exceptions.SSLError) as caught:
                client.get(self.url(server="self-signed"))
        self.assertEqual(caught.exception.name, "TRUST_UNKNOWN")
        note, = caught.exception.__notes__
        call = note.partition("TrustStore(PATH).")[2]
        eval("store." + call, {"store": self.store})  # pylint: disable=eval-used  # as somebody would paste it
        self.assertEqual(self.store.find(*self.place()).pins, (caught.exception.report.pin,))

    def test_without_a_store(self):
        for call in (lambda: Client("tofu"), lambda: AsyncClient("tofu"), lambda: anycert.look(self.url(), "tofu"),
                     lambda: xsoar.BaseClient(self.url(), verify=Policy("tofu")),
                     lambda: self.session.get(self.url(), verify=Policy("tofu")),
                     lambda: self.session.get(self.url(), policy="report-only for=tofu")):
            with self.assertRaisesRegex(ValueError, r"trust_store=PATH"):
                call()

    def test_what_is_asked_may_raise(self):
        def ask(report):
            raise KeyError(report.host)
        with Client(Policy("tofu", ca=self.root), trust_store=self.store, on_first_use=ask) as client:
            self.assertRaises(KeyError, client.get, self.url(server="self-signed"))
        self.assertEqual(len(self.store), 0)

    def test_who_was_removed_is_met_anew(self):
        def ask(report):
            self.asked.append(report)
            return len(self.asked) == 1
        with Client(Policy("tofu", ca=self.root), trust_store=self.store, on_first_use=ask) as client:
            client.get(self.url(server="self-signed"))
            self.store.remove(*self.place())
            with self.assertRaises(exceptions.SSLError) as caught:
                client.get(self.url(server="self-signed"))  # the connection is still there
        self.assertEqual((caught.exception.name, len(self.asked), len(self.store)), ("TRUST_UNKNOWN", 2, 0))

    def test_an_authority_is_not_left_by_a_relaxation(self):
        self.store.add(*self.place("wrong-host"), ca=True)
        with Client(Policy("tofu+wrong-host", ca=self.root), trust_store=self.store) as client:
            with self.assertRaises(exceptions.SSLError) as caught:
                client.get(self.url(server="wrong-host"))
        self.assertEqual(caught.exception.name, "TRUST_CHANGED")

    def test_a_changed_key_is_refused(self):
        self.store.add(*self.place(), pins=PIN)
        policy = Policy("tofu mode=accept-new", ca=self.root)
        with Client(policy, trust_store=self.store, on_first_use=self.answer(True)) as client:
            with self.assertRaises(exceptions.SSLError) as caught:
                client.get(self.url(server="self-signed"))
            self.assertEqual(caught.exception.name, "TRUST_CHANGED")
            client.get(self.url())
        self.assertEqual(self.asked, [])
        self.assertEqual(self.store.find(*self.place("good")).kind, "ca")
        self.assertIsInstance(anycert.look(self.url(), ca=self.root), anycert.Report)


if __name__ == "__main__":
    unittest.main()
