"""Memory: doing a thing again and again needs no more of it."""
import gc
import unittest

import anycert
from anycert import exceptions
from labcase import LabCase

ROUNDS = 120
ALLOWED = 400  # kB between two rounds; one kB lost each time would be less than a third of it


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4


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
            "not JSON": lambda: session.get(url + "bytes/9").json(),
            "report": lambda: session.get(self.url()).report.as_dict(),
            "policies": lambda: [anycert.Policy("hardened+expired"), anycert.Policy("nope")],
            "client": lambda: anycert.Client(ca=self.root).get(url),
            "signed": lambda: session.get(url, auth=lambda request: request),
        }[name]

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
        gc.collect()
        return resident()

    def test_everything(self):
        for name in ("attributes", "form", "pieces", "pieces that fail", "redirect", "stream",
                     "stream that is dropped", "wrong header", "wrong params", "refused",
                     "not trusted", "truncated", "not JSON", "report", "policies", "client", "signed"):
            job = self.job(name)
            self.run_rounds(job)
            # Somebody else's allocations may come once; a leak comes each time.
            before = self.run_rounds(job)
            middle = self.run_rounds(job)
            after = self.run_rounds(job)
            self.assertLess(min(after - middle, middle - before), ALLOWED, name)


if __name__ == "__main__":
    unittest.main()
