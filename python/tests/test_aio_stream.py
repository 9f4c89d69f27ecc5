"""AsyncClient.stream: answers that are read piece by piece in an event loop."""
import asyncio
import copy
import gc
import os
import resource
import threading
import unittest

import anycert
from anycert import exceptions
from anycert._aio_stream import _Lines
from labcase import LabCase, lab


# KiB that a body of 300 MB may cost. AddressSanitizer keeps up to 256 MiB of what was freed.
ALLOWED = (16 + 256 * bool(os.environ.get("ANYCERT_SANITIZE"))) * 1024


class AioStream(LabCase):
    def run_with(self, function, **kwargs):
        async def main():
            async with anycert.AsyncClient(ca=self.root, **kwargs) as client:
                return await function(client)
        return asyncio.run(main(), debug=True)

    def test_whole_bodies(self):
        rows = [("bytes/100000", 4096, 100000), ("bytes/300", 1, 300), ("chunked/70000", 1000, 70000),
                ("gzip/300000", 200000, 300000), ("bytes/20000000", None, 20000000),
                ("bytes/20000000", 100000, 20000000), ("redirect?to=/bytes/2000", 100, 2000),
                ("bytes/0", 10, 0), ("status/204", 10, 0)]

        async def ask(client):
            found = []
            for path, size, _ in rows:
                async with client.stream("GET", self.url(path)) as response:
                    self.assertLess(response.status_code, 300)
                    pieces = [piece async for piece in response.aiter_content(size)]
                    self.assertNotIn(b"", pieces)
                    if size:
                        self.assertLessEqual(max(map(len, pieces), default=0), size)
                    if size and "Content-Length" in response.headers:
                        self.assertEqual({len(piece) for piece in pieces[:-1]} - {size}, set())
                    found.append((path, size, sum(map(len, pieces))))
            return found
        self.assertEqual(self.run_with(ask), rows)

    def test_the_response(self):
        async def ask(client):
            seen = []

            async def hook(response):
                seen.append(response.status_code)
            async with client.stream("POST", self.url("redirect?code=307&to=/mirror"), data="abc",
                                     hooks={"response": hook}) as response:
                self.assertEqual((response.status_code, response.reason, response.url, response.ok),
                                 (200, "OK", self.url("mirror"), True))
                self.assertEqual([hop.status_code for hop in response.history], [307])
                self.assertEqual(response.request.method, "POST")
                self.assertEqual(response.report.verdict, "pass")
                for unread in (lambda: response.content, lambda: response.text, response.json,
                               response.iter_content, response.iter_lines().__next__):
                    with self.assertRaisesRegex(RuntimeError, "aread"):
                        unread()
                self.assertEqual(await response.aread(), b"abc")
                self.assertEqual(await response.aread(), b"abc")
                self.assertEqual(response.text, "abc")
                self.assertEqual([piece async for piece in response.aiter_content(2)], [b"ab", b"c"])
                self.assertEqual(list(response.iter_content(2)), [b"ab", b"c"])
            self.assertEqual(seen, [200])
            self.assertEqual(copy.copy(response).content, b"abc")
            async with client.stream("GET", self.url("json")) as response:
                await response.aread()
            return response.json()
        self.assertIsInstance(self.run_with(ask), dict)

    def test_lines(self):
        async def ask(client):
            body = "eins\r\nzwei\n\ndrei\rvier ü"
            async with client.stream("POST", self.url("mirror"), data=body.encode(),
                                     headers={"Content-Type": "text/plain; charset=utf-8"}) as response:
                bytewise = [line async for line in response.aiter_lines()]
            async with client.stream("POST", self.url("mirror"), data=body.encode(),
                                     headers={"Content-Type": "text/plain; charset=utf-8"}) as response:
                response.encoding = "utf-8"
                text = [line async for line in response.aiter_lines(decode_unicode=True)]
            async with client.stream("POST", self.url("mirror"), data=b"a||b|c||") as response:
                parts = [line async for line in response.aiter_lines(delimiter=b"||")]
            self.assertEqual(bytewise, body.encode().splitlines())
            self.assertEqual(text, body.splitlines())
            self.assertEqual(parts, [b"a", b"b|c"])
        self.run_with(ask)

    def test_lines_are_the_same_however_they_come(self):
        text = "a\r\nb\n\nc\rd\r\r\n\r\n\nee||f|||g|"
        for whole in (text, text.encode()):
            for delimiter in (None, "||" if whole is text else b"||"):
                expected = whole.split(delimiter) if delimiter else whole.splitlines()
                expected = expected[:-1] if not expected[-1] else expected
                for size in range(1, len(text) + 1):
                    lines = _Lines(delimiter)
                    found = []
                    for start in range(0, len(whole), size):
                        found += lines.take(whole[start:start + size])
                    self.assertEqual(found + lines.rest(), expected, (delimiter, size))

    def test_wrong_use(self):
        async def ask(client):
            opening = client.stream("GET", self.url("bytes/10"))
            async with opening as response:
                for size, error in ((0, ValueError), (-1, ValueError), ("1", TypeError), (True, TypeError)):
                    with self.assertRaises(error):
                        await response.aiter_content(size).__anext__()
                with self.assertRaises(TypeError):
                    await response.aiter_lines(delimiter=3).__anext__()
                self.assertEqual([p async for p in response.aiter_content()], [b"abcdefghij"])
                with self.assertRaises(exceptions.StreamConsumedError):
                    await response.aread()
            with self.assertRaises(RuntimeError):
                await opening.__aenter__()
            with self.assertRaises(TypeError):
                async with client.stream("GET", self.url("bytes/10"), nonsense=1):
                    pass
            async with client.stream("GET", self.url("stall")) as response:
                pieces = response.aiter_content(None)
                await pieces.__anext__()
                waits = asyncio.ensure_future(pieces.__anext__())
                await asyncio.sleep(0)
                with self.assertRaisesRegex(RuntimeError, "one task"):
                    await response.aiter_content(None).__anext__()
                waits.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await waits
        self.run_with(ask)

    def test_failures(self):
        async def ask(client):
            found = []
            for path, server in (("", "self-signed"), ("endless-redirect", "good"), ("nothing", None)):
                with self.assertRaises(exceptions.RequestException) as caught:
                    async with client.stream("GET", self.url(path, server) if server else path):
                        pass
                found.append(type(caught.exception).__name__)
            got = 0
            async with client.stream("GET", self.url("truncated")) as response:
                pieces = response.aiter_content(10000000)
                got += len(await pieces.__anext__())
                for _ in range(2):  # what came before comes first, and then the same again
                    with self.assertRaises(exceptions.ChunkedEncodingError):
                        await response.aiter_content(5).__anext__()
            self.assertGreater(got, 0)
            with self.assertRaises(exceptions.RequestException):
                async with client.stream("GET", self.url("stall"), timeout=(5, 0.05)) as response:
                    await response.aread()
            return found
        self.assertEqual(self.run_with(ask), ["SSLError", "TooManyRedirects", "MissingSchema"])

    def test_a_server_that_breaks_off(self):
        async def ask():
            with lab("good") as (servers, files):
                client = anycert.AsyncClient(ca=files["root"])
                opening = client.stream("GET", servers["good"]["url"] + "stall")
                response = await opening.__aenter__()
                pieces = response.aiter_content(None)
                await pieces.__anext__()
                waits = asyncio.ensure_future(pieces.__anext__())
                await asyncio.sleep(0)
            with self.assertRaises(exceptions.RequestException):
                await waits
            await opening.__aexit__(None, None, None)
            await client.aclose()
        asyncio.run(ask(), debug=True)

    def test_cancelling(self):
        async def ask(client):
            begun = asyncio.Event()
            seen = []

            async def reads():
                async with client.stream("GET", self.url("stall")) as response:
                    async for piece in response.aiter_content(None):
                        seen.append(piece)
                        begun.set()
            task = asyncio.ensure_future(reads())
            await begun.wait()
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            opens = asyncio.ensure_future(client.stream("GET", self.url("slow/30000")).__aenter__())
            await asyncio.sleep(0.05)
            opens.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await opens
            self.assertEqual([reader.error is None for reader in client._streams], [])
            # One piece that was not waited for to its end leaves nothing out.
            async with client.stream("GET", self.url("bytes/3000000")) as response:
                got = 0
                while True:
                    piece = asyncio.ensure_future(response.aiter_content(1000000).__anext__())
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
                    piece.cancel()
                    try:
                        got += len(await piece)
                    except asyncio.CancelledError:
                        try:
                            got += len(await response.aiter_content(None).__anext__())
                        except StopAsyncIteration:
                            break
                    except StopAsyncIteration:
                        break
            self.assertTrue(seen)
            return got
        self.assertEqual(self.run_with(ask), 3000000)

    def test_closing_early(self):
        async def ask(client):
            with self.assertRaises(ZeroDivisionError):
                async with client.stream("GET", self.url("bytes/100000000")) as response:
                    async for piece in response.aiter_content():
                        raise ZeroDivisionError
            with self.assertRaisesRegex(exceptions.RequestException, "closed"):
                await response.aread()
            async with client.stream("GET", self.url("stall")) as response:
                await response.aclose()
                await response.aclose()
            async with client.stream("GET", self.url("stall")) as response:
                pieces = response.aiter_content(None)
                await pieces.__anext__()
                waits = asyncio.ensure_future(pieces.__anext__())
                await asyncio.sleep(0)
                await client.aclose()
                with self.assertRaisesRegex(exceptions.RequestException, "client was closed"):
                    await waits
            return (await client.get(self.url("bytes/1"))).text  # it may be used again
        self.assertEqual(self.run_with(ask), "a")

    def test_streams_and_requests_side_by_side(self):
        before = threading.active_count()

        async def reads(client, path):
            async with client.stream("GET", self.url(path)) as response:
                total = 0
                async for piece in response.aiter_content():
                    total += len(piece)
                    self.assertEqual((await client.get(self.url("bytes/3"))).text, "abc")
                return total

        async def ask(client):
            answers = await asyncio.gather(
                reads(client, "bytes/2000000"), reads(client, "chunked/70000"),
                reads(client, "gzip/300000"), *(client.get(self.url("bytes/2")) for _ in range(50)))
            self.assertEqual(threading.active_count(), before)
            return answers[:3], {answer.text for answer in answers[3:]}
        self.assertEqual(self.run_with(ask), ([2000000, 70000, 300000], {"ab"}))

    def test_others_have_their_turn(self):
        async def ask(client):
            turns = 0

            async def counts():
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)
            task = asyncio.ensure_future(counts())
            async with client.stream("GET", self.url("bytes/20000000", "http")) as response:
                await response.aread()
            task.cancel()
            return turns
        self.assertGreater(self.run_with(ask), 20000000 // 65536)

    def test_what_nobody_reads_stays_with_the_server(self):
        """Memory is flat over a body that is larger, be it read or left alone."""
        async def ask(client):
            async with client.stream("GET", self.url("bytes/400000000", "http")) as idle:
                await idle.aiter_content(1000).__anext__()
                async with client.stream("GET", self.url("bytes/300000000", "http")) as response:
                    total = 0
                    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                    async for piece in response.aiter_content():
                        total += len(piece)
                    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                rest = await idle.aiter_content(1000).__anext__()
                self.assertEqual(len(rest), 1000)
            self.assertEqual(total, 300000000)
            self.assertLess(after - before, ALLOWED)
        self.run_with(ask)

    def test_nothing_is_left_behind(self):
        async def ask(client):
            loop = asyncio.get_running_loop()
            for _ in range(3):
                async with client.stream("GET", self.url("bytes/100000")) as response:
                    await response.aread()
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(20):
                async with client.stream("GET", self.url("bytes/100000")) as response:
                    await response.aread()
            self.assertEqual(len(os.listdir("/proc/self/fd")), before)
            del response
            gc.collect()
            self.assertEqual(len(client._streams), 0)
            watched = [key.fd for key in loop._selector.get_map().values()]
            self.assertEqual(len(watched), 1)  # asyncio's own
        self.run_with(ask)

    def test_retries_wait_without_blocking(self):
        async def opens(client):
            async with client.stream("GET", self.url("status/503"), retry=anycert.Retry(
                    2, 0.1, statuses=[503])) as response:
                return response.status_code

        async def ask(client):
            slow = asyncio.ensure_future(opens(client))
            quick = [(await client.get(self.url("bytes/1"))).text for _ in range(5)]
            self.assertFalse(slow.done())
            return quick, await slow
        self.assertEqual(self.run_with(ask), (["a"] * 5, 503))

    def test_opened_in_another_way(self):
        async def ask(client):
            def opening(**kwargs):
                return client.stream("GET", self.url("bytes/1"), **kwargs)
            with self.assertRaisesRegex(TypeError, "async with client.stream"):
                await opening()
            with self.assertRaisesRegex(TypeError, "async with client.stream"):
                with opening():
                    self.fail("it is open")
            with self.assertRaisesRegex(TypeError, r"Client\.request\(\).*'nope'"):
                async with opening(nope=1):
                    self.fail("it is open")
        self.run_with(ask)

    def test_one_loop_only(self):
        client = anycert.AsyncClient(ca=self.root)

        async def ask():
            async with client.stream("GET", self.url("bytes/1")) as response:
                return await response.aread()
        self.assertEqual(asyncio.run(ask()), b"a")
        with self.assertRaises(RuntimeError):
            asyncio.run(ask())


if __name__ == "__main__":
    unittest.main()
