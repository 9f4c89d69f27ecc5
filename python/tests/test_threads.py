"""Objects in the hands of many threads at once, and of several interpreters. What cannot be done says so;
without the interpreter's lock (free-threaded builds), too, nothing may be freed or made twice."""
import asyncio
import gc
import sys
import threading
import unittest
from unittest import mock

import anycert
from anycert import _core, _judging, exceptions
from labcase import LabCase, python

THREADS = 8
TIMES = 60


def together(*functions):
    """Runs each in threads of its own, all at once; what they have raised."""
    barrier = threading.Barrier(THREADS * len(functions))
    raised = []

    def run(function):
        barrier.wait()
        try:
            for i in range(TIMES):
                function(i)
        except BaseException as error:  # pylint: disable=broad-except
            raised.append(error)
    threads = [threading.Thread(target=run, args=(function,))
               for function in functions for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


class Turn:
    """In place of an event loop and of a context."""

    def call_soon(self, move):
        """Nothing: the batch is moved on by hand."""

    def run(self, callback, pending):
        callback(pending)


class Threads(LabCase):
    def test_one_response(self):
        responses = []

        def look(_):
            response = responses[-1]
            self.assertEqual((response.status_code, response.ok, response.reason), (200, True, "OK"))
            self.assertEqual(response.json()["condition"], "good")
            self.assertIn("condition", response.text)
            self.assertEqual(len(response.hops), 1)
            response.headers, response.request, response.elapsed, response.cookies, response.history
            self.assertEqual(response.report.as_dict()["verdict"], "pass")

        def change(i):
            responses.append(self.session.get(self.url("json")))
            responses[-1].encoding = ("utf-8", None)[i % 2]
            responses[-1]._content = responses[-1].content
        change(0)
        self.assertEqual(together(look, change), [])

    def test_closed_by_others(self):
        """A call has its answer or says that the client is closed."""
        url = self.url("bytes/3", "http")

        def ask(_):
            try:
                self.assertEqual(self.session.get(url).text, "abc")
            except ValueError as error:
                self.assertEqual(str(error), "the client is closed")
        self.assertEqual(together(ask, lambda _: self.session.close()), [])

    def test_one_stream(self):
        length = 3000000
        stream = self.session.get(self.url(f"bytes/{length}"), stream=True)._stream
        pieces = []

        def read(_):
            try:
                pieces.append(stream.read(20000))
            except RuntimeError as error:
                self.assertIn("another thread", str(error))
        while not pieces or pieces[-1]:
            self.assertEqual(together(read), [])
        self.assertEqual(sum(map(len, pieces)), length)

        def close(_):
            try:
                stream.close()
            except RuntimeError as error:
                self.assertIn("another thread", str(error))
        stream = self.session.get(self.url(f"bytes/{length}"), stream=True)._stream
        self.assertEqual(together(read, close), [])

    def test_one_batch(self):
        self.session.get(self.url())
        turn = Turn()
        batch = _core.Batch(next(iter(self.session._clients.values())), 10, turn, None)
        url = self.url("bytes/3")
        ended, started = [], []

        def use(i):
            call = self.session._call("GET", url, *[None] * 7, True, *[None] * 5, None, None, None,
                                      (), False)
            try:
                pending = batch.start(call.arguments(None))
                pending.add_done_callback(ended.append, context=turn)
                started.append(pending)
                if i % 2:
                    started[0].cancel()
                batch.poll()
            except RuntimeError as error:
                self.assertIn("another thread", str(error))
        self.assertEqual(together(use), [])
        for pending in ended:
            try:
                self.assertEqual(pending.result().content, b"abc")
            except (exceptions.RequestException, asyncio.CancelledError):
                pass
        batch.close()
        with self.assertRaisesRegex(ValueError, "the batch is closed"):
            batch.poll()

    def test_what_never_changes(self):
        policy = anycert.Policy("hardened+expired")
        report = self.session.get(self.url()).report

        def look(_):
            self.assertEqual(policy, anycert.Policy(str(policy)))
            hash(policy), repr(policy), policy.authenticates
            report.as_dict(), report.text(), report.chain, report.pin
        self.assertEqual(together(look), [])

    def test_arguments_that_change(self):
        """A dict that another thread changes is read as it was, or not at all."""
        params = {}
        url = self.url("bytes/3", "http")

        def ask(_):
            try:
                self.session.get(url, params=params)
            except RuntimeError as error:
                self.assertIn("changed", str(error))

        def change(i):
            params[f"{i}"] = "x" * 40
            params.pop(f"{i - 3}", None)
        self.assertEqual(together(ask, change), [])

    def test_one_client_for_threads_that_begin_at_once(self):
        made, used, barrier = [], [], threading.Barrier(THREADS)
        original = _judging.new_client

        def slowly(arguments):
            made.append(original(arguments))
            barrier.wait(60)  # until everybody has made one
            return made[-1]

        def begin():
            used.append(self.session._client_for(self.url()))

        with mock.patch.object(_judging, "new_client", slowly):
            threads = [threading.Thread(target=begin) for _ in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual((len(made), len(used), len(set(map(id, used)))), (THREADS, THREADS, 1))
        self.assertEqual(self.session.get(self.url()).status_code, 200)

    def test_errors(self):
        def fail(_):
            with self.assertRaises(exceptions.ConnectionError):
                self.session.get("http://127.0.0.1:1/")
        self.assertEqual(together(fail, lambda _: gc.collect(0)), [])


class Interpreters(LabCase):
    def test_side_by_side(self):
        """Several at once, some with a lock of their own; with clients, streams and answers left open."""
        inside = "\n".join([
            "import sys, builtins", f"sys.path[:] = {sys.path!r}", "import anycert",
            f"session = anycert.Session(); session.verify = {self.root!r}",
            "builtins.keep = [session.get(URL + 'json'), session.get(URL + 'bytes/900000', stream=True)]",
            "assert keep[0].json()['condition'] == 'good' and keep[0].report.verdict == 'pass'",
            "try: session.get('http://127.0.0.1:1/')",
            "except anycert.exceptions.ConnectionError as error: keep.append(error)",
            "try: session.get(URL, policy=5)",
            "except (TypeError, ValueError): pass",
        ]).replace("URL", repr(self.url()))
        done = python("""
            import sys, threading
            try:
                import _interpreters as interpreters
            except ImportError:
                import _xxsubinterpreters as interpreters
            import anycert
            failed = []
            def live(*config):
                for _ in range(3):
                    one = interpreters.create(*config)
                    wrong = interpreters.run_string(one, sys.argv[2])
                    if wrong:
                        failed.append(wrong)
                    interpreters.destroy(one)
            live()  # the first of all
            legacy = ("legacy",) if sys.version_info >= (3, 13) else ()
            for config in {(), legacy}:
                threads = [threading.Thread(target=live, args=config) for _ in range(3)]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
            assert not failed, failed
            assert anycert.Session().get(sys.argv[1], verify=sys.argv[3]).status_code == 200
        """, self.url(), inside, self.root)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
