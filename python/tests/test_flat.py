"""Memory: doing a thing again and again needs no more of it."""
import asyncio
import gc
import json
import os
import sys
import threading
import unittest

import anycert
from anycert import _core, exceptions
from labcase import LabCase

# AddressSanitizer keeps what was freed, and tells by itself what was not, however small.
SANITIZED = bool(os.environ.get("ANYCERT_SANITIZE"))
ROUNDS = 30 if SANITIZED else 120
ALLOWED = 400  # kB between two rounds; one kB lost each time would be less than a third of it
LARGE = json.dumps([{"number": i, "name": "name %d" % i} for i in range(9000)])
BLOCKS = ROUNDS * 3 // 4  # of Python's; one that is lost each time would be more


def resident():
    """In kB."""
    if SANITIZED:
        return 0
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4


def used():
    gc.collect()
    return resident(), sys.getallocatedblocks(), len(gc.get_objects())


def fails():
    yield b"a"
    raise KeyError


class Flat(LabCase):
    def job(self, name):
        url, session = self.url("", "http"), self.session
        return {
            "attributes": lambda: vars(self.touch(session.get(url + "json"))),
            "form": lambda: session.post(url + "echo", data={"a": [1, 2]}, files={"f": b"x"}).json(),
            "pieces": lambda: session.post(url + "echo", data=iter([b"a" * 500, b"b"])).json(),
            "pieces that fail": lambda: session.post(url + "echo", data=fails()),
            "redirect": lambda: session.get(url + "redirect?to=/echo").history[0].headers,
            "stream": lambda: session.get(url + "bytes/10000", stream=True).content,
            "stream that is dropped": lambda: session.get(url + "bytes/1000000", stream=True),
            "wrong header": lambda: session.get(url, headers={"a": 1}),
            "wrong params": lambda: session.get(url, params=5),
            "refused": lambda: session.get("http://127.0.0.1:1/"),
            "not trusted": lambda: session.get(self.url("", "self-signed")),
            "truncated": lambda: session.get(url + "truncated"),
            "large JSON": lambda: _core.fast_loads(LARGE),
            "not JSON": lambda: session.get(url + "bytes/9").json(),
            "report": lambda: session.get(self.url()).report.as_dict(),
            "policies": lambda: [anycert.Policy("hardened+expired"), anycert.Policy("nope")],
            "client": lambda: anycert.Client(ca=self.root).get(url),
            "signed": lambda: session.get(url, auth=lambda request: request),
            "signed wrongly": lambda: session.get(url, auth=lambda request: {}["a"]),
            "hook that fails": lambda: session.get(url, hooks={"response": lambda r, **_: {}["a"]}),
            "retried": lambda: session.get(url + "status/503", retry=self.retry),
            "cookies": lambda: session.get(url, cookies={"a": "b"}).request.headers,
            "half of a stream": lambda: next(
                session.get(url + "bytes/1000000", stream=True).iter_content(1000)),
            "cancelled": lambda: asyncio.run(self.cancel(url + "slow/5000")),
            "let go in mid-request": lambda: self.let_go(url + "slow/5"),
        }[name]

    retry = anycert.Retry(1, 0, statuses=[503], raise_on_status=True)

    @staticmethod
    async def cancel(url):
        async with anycert.AsyncClient() as client:
            tasks = [asyncio.ensure_future(client.get(url)) for _ in range(3)]
            await asyncio.sleep(0)
            tasks[0].cancel()
            await asyncio.sleep(0)
        await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    def let_go(url):
        session = anycert.Session()
        thread = threading.Thread(target=session.get, args=(url,))
        thread.start()
        session.close()
        del session
        thread.join()

    @staticmethod
    def touch(response):
        response.headers, response.text, response.request, response.elapsed, response.cookies
        response.hops, response.history, response.links
        return response

    def run_rounds(self, job):
        for _ in range(ROUNDS):
            try:
                job()
            except (exceptions.RequestException, ValueError, TypeError, KeyError):
                pass
        return used()

    def check(self, name):
        job = self.job(name)
        self.run_rounds(job)
        # Somebody else's allocations come a few times; a leak comes each time.
        rounds = [self.run_rounds(job) for _ in range(4)]
        memory, blocks, objects = (
            min(b - a for a, b in zip(counts, counts[1:])) for counts in zip(*rounds))
        self.assertLess(memory, ALLOWED, name)
        self.assertLess(blocks, BLOCKS, name)
        self.assertLess(objects, BLOCKS, name)

    def test_everything(self):
        for name in ("attributes", "form", "pieces", "pieces that fail", "redirect", "stream",
                     "stream that is dropped", "half of a stream", "wrong header", "wrong params",
                     "refused", "not trusted", "truncated", "not JSON", "report", "policies", "client",
                     "signed", "signed wrongly", "hook that fails", "retried", "cookies", "cancelled",
                     "let go in mid-request"):
            self.check(name)


class LargeDocuments(unittest.TestCase):
    def test_memory_of_a_large_one_is_given_back(self):
        text = b"[" + b",".join(b'{"a": 12345}' for _ in range(2_000_000)) + b"]"
        _core.fast_loads(text[:1000] + b'"]')  # not JSON
        before = resident()
        for _ in range(2):
            self.assertEqual(len(_core.fast_loads(text)), 2_000_000)
            gc.collect()
            self.assertLess(resident() - before, 40_000)


if __name__ == "__main__":
    unittest.main()
