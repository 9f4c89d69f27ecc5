"""AsyncClient."""
import asyncio
import threading
import unittest

import anycert
from anycert import exceptions
from labcase import LabCase


class Aio(LabCase):
    def run_with(self, function, **kwargs):
        async def main():
            async with anycert.AsyncClient(ca=self.root, **kwargs) as client:
                return await function(client)
        return asyncio.run(main(), debug=True)

    def test_many_at_once_without_threads(self):
        before = threading.active_count()

        async def ask(client):
            answers = await asyncio.gather(*(
                client.get(self.url("echo"), params={"n": n}) for n in range(200)))
            self.assertEqual(threading.active_count(), before)
            return [answer.json()["query"] for answer in answers]
        self.assertEqual(self.run_with(ask, concurrency=16), [f"n={n}" for n in range(200)])

    def test_methods_and_bodies(self):
        async def pieces():
            for piece in (b"a", "b", b"c"):
                yield piece

        async def ask(client):
            rows = []
            for name in ("get", "post", "put", "patch", "delete"):
                rows.append((await getattr(client, name)(self.url("echo"))).json()["method"])
            rows.append((await client.post(self.url("mirror"), data=pieces())).text)
            rows.append((await client.post(self.url("mirror"), json={"a": 1})).json())
            rows.append((await client.head(self.url("redirect?to=/"))).status_code)
            rows.append((await client.get(self.url("redirect?to=/bytes/3"))).text)
            return rows
        self.assertEqual(self.run_with(ask), ["GET", "POST", "PUT", "PATCH", "DELETE", "abc",
                                              {"a": 1}, 302, "abc"])

    def test_failures(self):
        async def ask(client):
            results = await asyncio.gather(
                client.get(self.url("", "self-signed")), client.get(self.url("bytes/1")),
                client.get(self.url("truncated")), client.get("nothing"),
                client.get(self.url("slow/20000"), timeout=1), return_exceptions=True)
            return [type(result).__name__ for result in results]
        self.assertEqual(self.run_with(ask), ["SSLError", "Response", "ChunkedEncodingError",
                                              "MissingSchema", "ReadTimeout"])

    def test_cancelling(self):
        async def ask(client):
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(client.get(self.url("slow/30000")), 0.2)
            task = asyncio.ensure_future(client.get(self.url("slow/30000")))
            await asyncio.sleep(0.05)
            await client.aclose()
            with self.assertRaises(exceptions.RequestException):
                await task
        self.run_with(ask)

    def test_retries_wait_without_blocking(self):
        async def ask(client):
            slow = asyncio.ensure_future(client.get(self.url("status/503"), retry=anycert.Retry(
                2, 0.1, statuses=[503])))
            quick = [(await client.get(self.url("bytes/1"))).text for _ in range(5)]
            return quick, (await slow).status_code
        self.assertEqual(self.run_with(ask), (["a"] * 5, 503))

    def test_one_loop_only(self):
        client = anycert.AsyncClient(ca=self.root)

        async def ask():
            return (await client.get(self.url("bytes/1"))).text
        self.assertEqual(asyncio.run(ask()), "a")
        with self.assertRaises(RuntimeError):
            asyncio.run(ask())


if __name__ == "__main__":
    unittest.main()
