"""Client.batch and Client.stream."""
import gc
import itertools
import signal
import threading
import unittest

import anycert
from anycert import exceptions
from labcase import LabCase, python


class Batch(LabCase):
    def setUp(self):
        super().setUp()
        self.client = anycert.Client(ca=self.root)
        self.addCleanup(self.client.close)

    def test_all_come_without_threads(self):
        threads = threading.active_count()
        urls = [self.url(f"echo?n={n}") for n in range(300)]
        seen = {}
        for result in self.client.batch(urls, concurrency=16):
            self.assertEqual(threading.active_count(), threads)
            self.assertEqual(result.request, urls[result.number])
            self.assertIsNone(result.error)
            seen[result.number] = result.result().json()["query"]
        self.assertEqual(seen, {n: f"n={n}" for n in range(300)})

    def test_kinds_of_requests(self):
        requests = [self.url("echo"), ("DELETE", self.url("echo")),
                    {"method": "POST", "url": self.url("echo"), "json": {"a": 1}},
                    {"url": self.url("echo"), "params": {"q": "a b"}, "headers": {"X-One": "1"}},
                    {"method": "PUT", "url": self.url("mirror"), "data": iter([b"ab", "c"])}]
        answers = {result.number: result.result() for result in self.client.batch(requests)}
        self.assertEqual([answers[n].json()["method"] for n in range(4)],
                         ["GET", "DELETE", "POST", "GET"])
        self.assertEqual(answers[3].json()["query"], "q=a+b")
        self.assertEqual(answers[4].content, b"abc")

    def test_each_fails_by_itself(self):
        requests = [self.url("bytes/3"), self.url("", "self-signed"), "nothing", self.url("truncated"),
                    {"url": self.url("slow/30000"), "timeout": (5, 0.2)},
                    {"url": self.url("", "self-signed"), "verify": False},
                    {"url": self.url("bytes/1"), "verify": "/not/there.pem"}]
        results = {result.number: result for result in self.client.batch(requests, concurrency=3)}
        names = [type(results[n].error).__name__ for n in range(len(requests))]
        self.assertEqual(names, ["NoneType", "SSLError", "MissingSchema", "ChunkedEncodingError",
                                 "ReadTimeout", "NoneType", "OSError"])
        self.assertIsNone(results[1].response)
        with self.assertRaises(exceptions.SSLError):
            results[1].result()
        # What one of them allowed, the others did not get.
        again = list(self.client.batch([self.url("", "self-signed")] * 3))
        self.assertEqual([type(result.error).__name__ for result in again], ["SSLError"] * 3)

    def test_taken_as_there_is_room(self):
        taken = []

        def endless():
            for n in itertools.count():
                taken.append(n)
                yield self.url(f"bytes/{n}")
        results = self.client.batch(endless(), concurrency=4)
        first = [next(results).number for _ in range(20)]
        self.assertEqual(len(set(first)), 20)
        self.assertLessEqual(len(taken), 20 + 4)
        results.close()
        self.assertEqual(self.client.get(self.url("bytes/5")).content, b"abcde")

    def test_given_up_and_forgotten(self):
        for _ in range(20):
            results = self.client.batch([self.url("slow/30000"), self.url("bytes/1")])
            self.assertEqual(next(results).number, 1)
            del results
        gc.collect()
        self.assertEqual(self.client.get(self.url("bytes/2")).status_code, 200)

    def test_requests_that_make_no_sense(self):
        for requests, kind, text in (
                ("https://a.example/", TypeError, "one URL"),
                ([7], TypeError, "not int"),
                ([{"url": self.url(), "stream": True}], ValueError, "takes no stream"),
                ([{"url": self.url(), "hooks": {"response": print}}], ValueError, "takes no hooks"),
                ([{"url": self.url(), "verfy": False}], TypeError, r"Client\.request\(\).*'verfy'"),
                ([{"url": self.url(), "verify": ""}], ValueError, "verify is empty")):
            with self.subTest(requests=requests), self.assertRaisesRegex(kind, text):
                list(self.client.batch(requests))
        for concurrency, kind in ((0, ValueError), (-1, ValueError), ("3", TypeError), (True, TypeError)):
            with self.subTest(concurrency=concurrency), self.assertRaisesRegex(kind, "concurrency"):
                list(self.client.batch([self.url()], concurrency=concurrency))

    def test_nothing_to_do(self):
        self.assertEqual(list(self.client.batch([])), [])

    def test_interrupted(self):
        done = python("""
            import signal, sys, threading, anycert, os
            client = anycert.Client(ca=sys.argv[1])
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                list(client.batch([sys.argv[2]] * 3))
            except KeyboardInterrupt:
                print("interrupted")
            """, self.root, self.url("slow/30000"), timeout=20)
        self.assertEqual((done.stdout, done.returncode), ("interrupted\n", 0), done.stderr)

    def test_stream(self):
        with self.client.stream("GET", self.url("bytes/100000")) as answer:
            size = sum(len(piece) for piece in answer.iter_content(1000))
        self.assertEqual(size, 100000)


if __name__ == "__main__":
    unittest.main()
