"""AsyncClient."""
import asyncio
import concurrent.futures
import contextvars
import gc
import os
import select
import threading
import unittest
import weakref

import anycert
from anycert import exceptions
from labcase import LabCase, lab


class Aio(LabCase):
    def run_with(self, function, **kwargs):
        async def main():
            async with anycert.AsyncClient(ca=self.root, **kwargs) as client:
                return await function(client)
        return asyncio.run(main(), debug=True)

    def test_what_is_said_of_a_host(self):
        port = self.servers["self-signed"]["port"]
        file = anycert.PolicyFile.parse(f"localhost:{port} trust-any\n", name="hosts")

        async def ask(client):
            policy, source = client.policy_for(self.url(server="self-signed"))
            self.assertEqual((policy.rung, source), ("trust-any", "hosts:1"))
            self.assertIs(client.policy_file, file)
            self.assertIsNone(client.trust_store)
            self.assertIn("policy   trust-any ca=", client.explain(self.url(server="self-signed")))
            reports = await asyncio.gather(client.look(self.url(server="self-signed")), client.look(self.url()))
            self.assertEqual([report.verdict for report in reports], ["relaxed", "pass"])
            self.assertTrue(reports[0].key_proven)
            with self.assertRaises(exceptions.RequestException):
                await client.look("nonsense")
        self.run_with(ask, policy_file=file)

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
            for name in ("get", "options", "post", "put", "patch", "delete"):
                rows.append((await getattr(client, name)(self.url("echo"))).json()["method"])
            rows.append((await client.post(self.url("mirror"), data=pieces())).text)
            rows.append((await client.post(self.url("mirror"), json={"a": 1})).json())
            rows.append((await client.head(self.url("redirect?to=/"))).status_code)
            rows.append((await client.get(self.url("redirect?to=/bytes/3"))).text)
            return rows
        self.assertEqual(self.run_with(ask), ["GET", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "abc",
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

    def test_cancelling_delivers_nothing(self):
        async def ask(client):
            slow = [asyncio.ensure_future(client.get(self.url("slow/30000"))) for _ in range(20)]
            quick = asyncio.ensure_future(client.get(self.url("bytes/1")))
            await asyncio.sleep(0.05)
            for task in slow[::2]:
                task.cancel("enough")
                self.assertFalse(task.done())
            for task in slow[::2]:
                with self.assertRaises(asyncio.CancelledError):
                    await task
            self.assertEqual((await quick).text, "a")
            early = asyncio.ensure_future(client.get(self.url("bytes/1")))
            early.cancel()
            started = asyncio.ensure_future(client.get(self.url("bytes/1")))
            await asyncio.sleep(0)
            started.cancel()
            for task in (early, started):
                with self.assertRaises(asyncio.CancelledError):
                    await task
            self.assertEqual([task.done() for task in slow[1::2]], [False] * 10)
            for task in slow:
                task.cancel()
            await asyncio.wait(slow)
            return (await client.get(self.url("bytes/2"))).text
        self.assertEqual(self.run_with(ask), "ab")

    def test_closing_by_a_task_that_was_just_woken(self):
        async def ask(client):
            async def closes():
                await client.get(self.url("bytes/1"))
                await client.aclose()
            others = [asyncio.ensure_future(client.get(self.url("slow/30000"))) for _ in range(5)]
            await closes()
            answers = await asyncio.gather(*others, return_exceptions=True)
            self.assertEqual({type(answer).__name__ for answer in answers}, {"RequestException"})
            return (await client.get(self.url("bytes/1"))).text  # it may be used again
        self.assertEqual(self.run_with(ask), "a")

    def test_what_ends_the_loop_loses_no_answer(self):
        client = anycert.AsyncClient(ca=self.root)
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)

        async def interrupts():
            await client.get(self.url("bytes/1"))
            raise KeyboardInterrupt
        others = [loop.create_task(client.get(self.url("bytes/1"))) for _ in range(5)]
        tasks = [loop.create_task(interrupts()), *others]
        with self.assertRaises(KeyboardInterrupt):
            loop.run_until_complete(asyncio.wait(tasks))
        self.assertIsInstance(tasks[0].exception(), KeyboardInterrupt)
        answers = loop.run_until_complete(asyncio.gather(*others))
        self.assertEqual([answer.text for answer in answers], ["a"] * 5)
        loop.run_until_complete(client.aclose())

    def test_a_loop_that_was_closed(self):
        client = anycert.AsyncClient(ca=self.root)
        loop = asyncio.new_event_loop()
        task = loop.create_task(client.get(self.url("slow/30000")))
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()
        with self.assertRaises(RuntimeError):
            asyncio.run(client.get(self.url("bytes/1")))
        asyncio.run(client.aclose())
        self.assertFalse(task.done())
        task._log_destroy_pending = False

        async def ask():
            return (await client.get(self.url("bytes/1"))).text
        self.assertEqual(asyncio.run(ask()), "a")

    def test_a_loop_for_each_client(self):
        def ask():
            async def main():
                async with anycert.AsyncClient(ca=self.root) as client:
                    answers = await asyncio.gather(*(client.get(self.url(f"bytes/{n}"))
                                                     for n in range(30)))
                    return [len(answer.content) for answer in answers]
            return asyncio.run(main())
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            for future in [threads.submit(ask) for _ in range(4)]:
                self.assertEqual(future.result(), list(range(30)))

    def test_tasks_keep_their_context(self):
        number = contextvars.ContextVar("number")

        async def ask(client):
            async def one(n):
                number.set(n)
                await client.get(self.url("bytes/1"))
                self.assertIs(asyncio.current_task(), tasks[n])
                return number.get()
            tasks = [asyncio.ensure_future(one(n)) for n in range(10)]
            return await asyncio.gather(*tasks)
        self.assertEqual(self.run_with(ask), list(range(10)))

    def test_hooks_and_redirects(self):
        async def later(response):
            await asyncio.sleep(0)
            response.seen = True

        async def ask(client):
            answer = await client.get(self.url("bytes/1"), hooks={"response": later})
            with self.assertRaises(exceptions.TooManyRedirects):
                client._client.max_redirects = 1
                await client.get(self.url("redirect?to=/redirect?to=/bytes/1"))
            return answer.seen, answer.request.method, answer.url
        self.assertEqual(self.run_with(ask), (True, "GET", self.url("bytes/1")))

    def test_a_server_that_goes_away_is_noticed_once(self):
        async def ask():
            with lab("good") as (servers, files):
                client = anycert.AsyncClient(ca=files["root"])
                await client.get(servers["good"]["url"])
            driver, = client._drivers.values()
            readable = select.poll()
            readable.register(driver.fd, select.POLLIN)
            self.assertTrue(readable.poll(30000))  # its end of the connection
            for _ in range(3):
                await asyncio.sleep(0)
            self.assertEqual(readable.poll(0), [])
            await client.aclose()
        asyncio.run(ask())

    def test_a_child_process_begins_anew(self):
        async def ask(client):
            await client.get(self.url("bytes/1"))
            slow = asyncio.ensure_future(client.get(self.url("slow/30000")))
            await asyncio.sleep(0.05)
            pid = os.fork()
            if pid == 0:
                os._exit(0)  # with connections of the parent's
            os.waitpid(pid, 0)
            answer = (await client.get(self.url("bytes/1"))).text
            slow.cancel()
            return answer
        self.assertEqual(self.run_with(ask), "a")

    def test_requests_leave_nothing_behind(self):
        async def ask(client):
            answer = await client.get(self.url("bytes/1"))
            gone = weakref.ref(answer)
            del answer
            self.assertIsNone(gone())  # without a collection of cycles
            task = asyncio.ensure_future(client.get(self.url("slow/30000")))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.wait([task])
            driver, = client._drivers.values()
            await asyncio.sleep(0)
            return [type(thing).__name__ for thing in gc.get_referents(driver.batch)]
        self.assertNotIn("Pending", self.run_with(ask))


if __name__ == "__main__":
    unittest.main()
