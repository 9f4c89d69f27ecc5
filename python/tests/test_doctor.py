"""anycert.doctor: examinations, with what they find as Python objects."""
import contextlib
import gc
import json
import os
import pathlib
import signal
import socket
import tempfile
import threading
import time
import unittest
import weakref

import anycert
from anycert import Client, Doctor, Policy, PolicyFile, doctor, exceptions
from labcase import LabCase, python
from acceptor import Acceptor  # pylint: disable=wrong-import-order
from doctor_case import proxy, self_signed  # pylint: disable=wrong-import-order
from ports import closed_port  # pylint: disable=wrong-import-order


def place(server):
    return f"{server['host']}:{server['port']}" if "host" in server else server["url"]


@contextlib.contextmanager
def mute(context):
    """A TLS server that reads requests and answers none: its port."""
    def serve(connection, _):
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(4096)

    with Acceptor(serve) as acceptor:
        yield acceptor.port


class Findings(LabCase):
    conditions = ("good", "self-signed", "expired", "wrong-host", "revoked-staple", "tls10-only", "expired-self-signed")

    def examine(self, condition, **kwargs):
        return doctor(self.url(server=condition), ca=self.root, **kwargs)

    def test_healthy(self):
        found = self.examine("good")
        self.assertEqual((found.verdict, found.stage, found.exit_code), ("healthy", "done", 0))
        self.assertEqual((found.causes, found.remedies, found.alternatives), ((), (), ()))
        self.assertEqual(found.handshakes, 1)
        self.assertEqual(found.host, "localhost")
        self.assertEqual(found.target, self.url(server="good"))
        self.assertGreater(found.elapsed, 0)
        self.assertEqual(found.report.verdict, "pass")
        self.assertEqual(repr(found), f"<Diagnosis localhost:{found.port} healthy>")

    def test_relaxable(self):
        found = self.examine("expired")
        self.assertEqual((found.verdict, found.stage, found.exit_code), ("relaxable", "certificate", 10))
        self.assertEqual([(cause.id, cause.check, cause.side) for cause in found.causes],
                         [("expired", "dates", "remote")])
        cause = found.causes[0]
        self.assertTrue(cause.title and cause.explanation and cause.evidence)
        self.assertIn("certificate has expired", cause.error)
        least = found.least
        self.assertEqual(least.relaxations, ("expired",))
        self.assertTrue(least.confirmed and least.minimal)
        self.assertEqual(least.forbidden, "")
        self.assertIsInstance(least.policy, Policy)
        self.assertTrue(least.text.startswith("hardened+expired"), least.text)
        self.assertTrue(any(remedy.language == "shell" and remedy.lines for remedy in found.remedies))
        self.assertEqual({remedy.cause for remedy in found.remedies}, {"expired"})
        self.assertLessEqual({remedy.audience for remedy in found.remedies}, {"client", "server", "network"})

    def test_anchors_in_memory_are_a_file_in_commands(self):
        found = doctor(self.url(server="expired"), Policy(ca=pathlib.Path(self.root).read_bytes()))
        self.assertRegex(found.command, r"^anycert get --trust 'hardened\+expired ca=anchors\.pem until=\S+' https://localhost:\d+/$")
        self.assertRegex(found.keep_command, r" --policy-file hosts\.policy --cacert anchors\.pem https://localhost:\d+/$")

    def test_a_proxy_has_a_diagnosis_of_its_own(self):
        with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
            context = self_signed()
            with proxy(None, context) as (port, _):
                way = {"proxy": f"https://localhost:{port}"}
                found = self.examine("expired", **way)
                self.assertEqual((found.verdict, found.stage), ("relaxable", "proxy-tls"))
                self.assertEqual([(cause.hop, cause.id) for cause in found.causes],
                                 [("proxy", "self-signed"), ("origin", "expired")])
                self.assertEqual({remedy.hop for remedy in found.remedies}, {"proxy", "origin"})
                self.assertIn("proxy", {remedy.audience for remedy in found.remedies})
                inner, handshakes = found.proxy, found.handshakes
                del found
                gc.collect()
                self.assertEqual((inner.host, inner.port, inner.verdict), ("localhost", port, "relaxable"))
                self.assertEqual([cause.id for cause in inner.causes], ["self-signed"])
                self.assertLess(inner.handshakes, handshakes)
                self.assertIsNone(inner.proxy)
                self.assertIsNone(self.examine("good", proxy_policy=inner.least.policy, **way).proxy)
                self.assertEqual(self.examine("good", proxy_policy=inner.least.policy, **way).verdict, "healthy")
                self.assertIsNone(self.examine("good", proxy_policy=inner.least.text, **way).proxy)
                # A client has it from the entry of the proxy's host and port.
                entry = PolicyFile.parse(f"localhost:{port} {inner.least.text}\n")
                with Client(ca=self.root, policy_file=entry, **way) as client:
                    self.assertEqual(client.get(self.url(server="good")).status_code, 200)
                with Client(ca=self.root, **way) as client, self.assertRaises(exceptions.ProxyError):
                    client.get(self.url(server="good"))

    def test_help_names_every_argument(self):
        for name in ("proxy", "proxy_policy", "intermediates", "resolve", "connect_to", "timeout", "delay", "request",
                     "body", "progress", "fetch_intermediate", "compare_direct"):
            self.assertRegex(doctor.__doc__, rf"\b{name}\b")
            self.assertRegex(Doctor.__text_signature__, rf"\b{name}=")

    def test_the_least_policy_is_used_as_it_is(self):
        pem = pathlib.Path(self.root).read_bytes()
        for condition in ("self-signed", "expired", "wrong-host", "tls10-only"):
            with self.subTest(condition):
                url = self.url(server=condition)
                with self.assertRaises(exceptions.SSLError), Client(ca=self.root) as client:
                    client.get(url)
                # Anchors that are bytes have no text, but are in the policy.
                found = doctor(url, Policy(ca=pem))
                with Client(found.least.policy) as client:
                    self.assertEqual(client.get(url).status_code, 200)

    def test_forbidden(self):
        found = self.examine("revoked-staple")
        self.assertEqual((found.verdict, found.exit_code, found.least), ("forbidden", 11, None))

    def test_json_and_attributes_agree(self):
        for condition in self.conditions:
            with self.subTest(condition):
                found = self.examine(condition)
                told = found.as_dict()
                self.assertEqual(told, json.loads(found.json()))
                self.assertEqual((told["verdict"], told["stage"], told["handshakes"]),
                                 (found.verdict, found.stage, found.handshakes))
                for cause, shown in zip(found.causes, told["causes"], strict=True):
                    self.assertEqual({name: getattr(cause, name) for name in shown}, shown)
                for remedy, shown in zip(found.remedies, told["remedies"], strict=True):
                    self.assertEqual({name: getattr(remedy, name) or None for name in shown},
                                     {name: value or None for name, value in shown.items()})
                policies = [found.least] if found.least else []
                policies += found.alternatives
                shown = [told["least"]] if told["least"] else []
                shown += told["alternatives"]
                self.assertEqual([(policy.text, list(policy.relaxations), policy.confirmed, policy.minimal)
                                  for policy in policies],
                                 [(policy["policy"], policy["relaxations"], policy["confirmed"], policy["minimal"])
                                  for policy in shown])
                self.assertEqual(str(found) + "\n", found.text())
                self.assertEqual((found.command or None, found.keep_command or None), (told["command"], told["keep_command"]))
                self.assertIn(found.verdict, found.text() + " relaxable fixable forbidden healthy")

    def test_the_words_of_other_clients(self):
        found = self.examine("expired")
        said = found.elsewhere("curl")
        self.assertEqual((said.client, said.fit), ("curl", "coarser"))
        self.assertIn("\ncurl \\\n  --insecure ", said.text)
        self.assertEqual(Doctor.clients(), ("curl", "requests", "openssl.cnf", "go", "node", "java", "wget"))
        pinned = self.examine("self-signed")
        self.assertNotEqual(pinned.elsewhere("curl", 1).text, pinned.elsewhere("curl").text)
        self.assertIn("session.get(", self.examine("good").elsewhere("requests").text)  # hardened
        for args, says in ((("lynx",), "'lynx'"), (("curl", 9), "no policy of that number"), (("curl", -1), "no policy of that number")):
            with self.assertRaisesRegex(ValueError, says):
                found.elsewhere(*args)
        with self.assertRaisesRegex(ValueError, "for curl$"):  # some do connect
            found.elsewhere("curl", 9)
        with self.assertRaisesRegex(ValueError, "none connects"):
            self.examine("revoked-staple").elsewhere("curl", 9)
        for args in ((), (5,), ("curl", "x")):
            self.assertRaises(TypeError, found.elsewhere, *args)
        for one in (self.examine("expired", clients="curl"), self.examine("expired", clients=["curl", "curl"])):
            self.assertEqual([(each["client"], each["text"]) for each in one.as_dict()["elsewhere"]], [("curl", said.text)])
        self.assertRaisesRegex(ValueError, "'lynx'", Doctor, clients=("lynx",))
        self.assertRaises(TypeError, Doctor, clients=5)

    def test_what_was_observed_is_diagnosed_again(self):
        with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
            for condition in ("good", "expired", "self-signed"):
                found = self.examine(condition)
                path = pathlib.Path("seen")
                self.assertIsNone(found.save(path))
                self.assertEqual(path.stat().st_mode & 0o777, 0o600)
                self.assertEqual(path.read_bytes(), found.observation() + b"\n")
                for again in (anycert.replay("seen"), anycert.replay(path), anycert.replay(found.observation()),
                              Doctor().replay("seen")):
                    self.assertIsInstance(again, anycert.Diagnosis)
                    self.assertEqual({**again.as_dict(), "elapsed_ms": 0}, {**found.as_dict(), "elapsed_ms": 0})
            self.assertEqual([each["client"] for each in anycert.replay("seen", clients="go").as_dict()["elsewhere"]][:1], ["go"])
            self.assertRaisesRegex(OSError, "absent/seen", found.save, "absent/seen")
            self.assertRaisesRegex(OSError, "missing", anycert.replay, "missing")
            for text, says in ((b"", "whole JSON"), (b"[]", "no observation"), (found.observation()[:99], "whole JSON")):
                with self.assertRaisesRegex(OSError, says):
                    anycert.replay(text)
            for wrong in (None, 5, bytearray(b"{}")):
                self.assertRaises(TypeError, anycert.replay, wrong)
                self.assertRaises(TypeError, found.save, wrong)
            self.assertRaises(ValueError, anycert.replay, "a\0b")

    def test_the_part_of_a_proxy_is_no_whole(self):
        with tempfile.TemporaryDirectory() as place, contextlib.chdir(place), proxy(None, self_signed()) as (port, _):
            inner = self.examine("good", proxy=f"https://localhost:{port}").proxy
            for call in (lambda: inner.elsewhere("curl"), inner.observation, lambda: inner.save("seen")):
                self.assertRaisesRegex(ValueError, "ask the whole Diagnosis", call)
            self.assertFalse(pathlib.Path("seen").exists())

    def test_an_unanswered_request_confirms_nothing(self):
        with tempfile.TemporaryDirectory() as place, contextlib.chdir(place), mute(self_signed()) as port:
            pathlib.Path("origin.pem").write_bytes(pathlib.Path("cert.pem").read_bytes())
            found = doctor(f"localhost:{port}", request=True)
            self.assertEqual((found.verdict, found.stage, found.exit_code), ("unreachable", "certificate", 5))
            self.assertEqual([cause.id for cause in found.causes], ["self-signed", "http-closed"])
            self.assertEqual((found.least.confirmed, found.least.minimal, found.command), (False, True, ""))
            self.assertIn("the handshake stands under it, and the request was not answered", found.least.note)
            self.assertEqual(json.loads(found.json())["least"]["confirmed"], False)
            with proxy(None, self_signed()) as (way, _):  # with a new certificate
                found = doctor(f"localhost:{port}", ca="origin.pem", proxy=f"https://localhost:{way}", request=True)
            self.assertEqual((found.verdict, found.stage), ("unreachable", "proxy-tls"))
            self.assertFalse(found.least and found.least.confirmed)
            self.assertRegex(found.text(), r"\A\S+: unreachable: .*the connection is closed without an answer.*, and the proxy "
                             r"with \(compare the pin first\): hardened\+self-signed pin=")

    def test_the_plan_and_progress(self):
        told = []
        found = self.examine("expired", progress=lambda *what: told.append(what))
        self.assertEqual([number for _, number, _ in told], list(range(1, found.handshakes + 1)))
        self.assertEqual({target for target, _, _ in told}, {found.target})
        self.assertTrue(told[0][2].startswith("hardened"))
        self.assertIn("1.", Doctor().plan())

    def test_progress_that_raises_ends_it(self):
        def stop(target, number, what):
            raise RuntimeError(f"enough of {number}")

        with self.assertRaisesRegex(RuntimeError, "enough of 1"):
            self.examine("expired", progress=stop)

    def test_a_request_confirms(self):
        self.assertEqual(self.examine("expired", request=True).least.relaxations, ("expired",))

    def test_many_threads_share_a_doctor(self):
        shared = Doctor(policy=Policy(ca=self.root))
        verdicts = {}

        def work(condition):
            verdicts[condition] = shared.examine(self.url(server=condition)).verdict

        threads = [threading.Thread(target=work, args=(condition,)) for condition in self.conditions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({verdicts[name] for name in ("self-signed", "expired", "tls10-only")}, {"relaxable"})
        self.assertEqual((verdicts["good"], verdicts["wrong-host"]), ("healthy", "fixable"))

    def test_a_name_and_an_intermediate(self):
        url = self.url(server="wrong-host")
        self.assertEqual(doctor(url, Policy(ca=self.root, expect_name="other.lab.test")).verdict, "healthy")
        pem = pathlib.Path(self.files["intermediate"]).read_bytes()
        self.assertEqual(self.examine("good", intermediates=pem).verdict, "healthy")

    def test_rules(self):
        port = self.url(server="good").rstrip("/").rpartition(":")[2]
        found = doctor("nowhere.example", ca=self.root, connect_to=f"nowhere.example:443:localhost:{port}")
        self.assertEqual((found.verdict, [cause.check for cause in found.causes]), ("fixable", ["name"]))
        found = doctor(f"localhost:{port}", ca=self.root, resolve=[f"localhost:{port}:127.0.0.1"])
        self.assertEqual(found.verdict, "healthy")


class MoreAsked(LabCase):
    conditions = ("good", "truncated-body", "incomplete-chain")

    def examine(self, condition, **kwargs):
        return doctor(self.url(server=condition), ca=self.root, **kwargs)

    def test_the_body(self):
        self.assertEqual(self.examine("truncated-body", request=True).verdict, "healthy")
        found = self.examine("truncated-body", body=True)
        self.assertEqual((found.verdict, found.stage, [cause.id for cause in found.causes]),
                         ("unreachable", "http", ["body-truncated"]))
        self.assertEqual(self.examine("good", body=True).verdict, "healthy")

    def test_what_a_chain_lacks(self):
        found = self.examine("incomplete-chain", fetch_intermediate=True)
        self.assertEqual([cause.id for cause in found.causes], ["missing-intermediate"])
        self.assertIn("no place to fetch its issuer from is named", found.causes[0].evidence)

    def test_the_plan_says_more(self):
        plan = Doctor(proxy="https://127.0.0.1:1", proxy_policy=Policy(ca=self.root), compare_direct=True).plan()
        self.assertIn("goes around it", plan)
        self.assertIn("is fetched", Doctor(fetch_intermediate=True).plan())


class Arguments(unittest.TestCase):
    def test_what_is_refused(self):
        for kwargs, error, words in (
                ({"policy": 1}, TypeError, "policy has to be a Policy"),
                ({"proxy_policy": 1}, TypeError, "proxy_policy has to be a Policy"),
                ({"proxy": 1}, TypeError, "proxy has to be str"),
                ({"proxy": "ftp://a"}, ValueError, "a proxy is http"),
                ({"intermediates": "x"}, TypeError, "intermediates has to be bytes"),
                ({"intermediates": b"x"}, OSError, "intermediates"),
                ({"resolve": "x"}, ValueError, "resolve"),
                ({"resolve": [1]}, TypeError, "resolve has to be str"),
                ({"resolve": 1}, TypeError, "resolve has to be str or several"),
                ({"connect_to": ["a:1:b"]}, ValueError, "connect-to"),
                ({"timeout": 0}, ValueError, "timeout"),
                ({"timeout": float("nan")}, ValueError, "timeout"),
                ({"timeout": 1e12}, ValueError, "timeout"),
                ({"delay": -1}, ValueError, "delay"),
                ({"progress": 1}, TypeError, "progress has to be callable")):
            with self.subTest(kwargs), self.assertRaisesRegex(error, words):
                Doctor(**kwargs)
        with self.assertRaises(TypeError):
            Doctor().examine(b"localhost")
        with self.assertRaisesRegex(ValueError, "ca goes with the text"):
            doctor("localhost", Policy(), ca="/etc/ssl/certs")
        for target in ("", "http://localhost/", "localhost:0", "a b"):
            with self.subTest(target), self.assertRaises(ValueError):
                doctor(target)
        with self.assertRaises(TypeError):
            anycert.Diagnosis()

    def test_nobody_listens(self):
        found = doctor(f"127.0.0.1:{closed_port()}")
        self.assertEqual((found.verdict, found.stage, found.exit_code), ("unreachable", "tcp", 5))
        self.assertIsNone(found.report)

    def test_a_doctor_in_a_circle_is_freed(self):
        class Watcher:
            def __call__(self, *what):
                pass

        watcher = Watcher()
        watcher.doctor = Doctor(progress=watcher)
        gone = weakref.ref(watcher)
        del watcher
        gc.collect()
        self.assertIsNone(gone())


class Ends(unittest.TestCase):
    """A server that says nothing."""

    def setUp(self):
        self.silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.silent.close)
        self.target = f"127.0.0.1:{self.silent.getsockname()[1]}"

    def test_cancelled_from_another_thread(self):
        begun = threading.Event()
        patient = Doctor(timeout=600, progress=lambda *what: begun.set())

        def cancel():
            begun.wait()
            patient.cancel()

        thread = threading.Thread(target=cancel)
        thread.start()
        with self.assertRaises(exceptions.RequestException) as caught:
            patient.examine(self.target)
        thread.join()
        self.assertEqual(caught.exception.name, "INTERRUPTED")
        with self.assertRaises(exceptions.RequestException):
            patient.examine(self.target)

    def test_signals(self):
        seen = []

        def handler(number, frame):
            seen.append(number)
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGUSR1, handler)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        begun = threading.Event()
        patient = Doctor(timeout=600, progress=lambda *what: begun.set())

        def send():
            begun.wait()
            os.kill(os.getpid(), signal.SIGUSR1)

        thread = threading.Thread(target=send)
        thread.start()
        with self.assertRaises(KeyboardInterrupt):
            patient.examine(self.target)
        thread.join()
        self.assertEqual(seen, [signal.SIGUSR1])
        # The doctor itself is well.
        self.assertEqual(Doctor(timeout=0.05).examine(self.target).verdict, "impossible")

    def test_other_threads_run_meanwhile(self):
        done = python("""
            import sys, threading, time
            import anycert
            ticks = 0
            patient = anycert.Doctor(timeout=600, progress=lambda *what: None)
            def examine():
                try:
                    patient.examine(sys.argv[1])
                except OSError:
                    pass
            thread = threading.Thread(target=examine)
            thread.start()
            while ticks < 20:
                ticks += 1
                time.sleep(0.001)
            patient.cancel()
            thread.join()
            print(ticks)
            """, self.target)
        self.assertEqual((done.stdout, done.stderr), ("20\n", ""))


if __name__ == "__main__":
    unittest.main()
