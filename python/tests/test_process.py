"""Threads, signals, forks, and the end of the interpreter."""
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import weakref

import anycert
from anycert import exceptions
from labcase import LabCase, python


class Process(LabCase):
    def test_many_threads_share_a_session(self):
        wrong = []

        def work(number):
            for i in range(20):
                value = f"{number}-{i}"
                answer = self.session.get(self.url("echo"), params={"v": value}).json()
                if answer["query"] != f"v={value}":
                    wrong.append(answer)
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def interrupted(self, function):
        class Stop(Exception):
            pass

        def stop(*_):
            raise Stop
        before = signal.signal(signal.SIGALRM, stop)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            started = time.monotonic()
            with self.assertRaises(Stop):
                function()
            self.assertLess(time.monotonic() - started, 10)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def test_signals_end_what_waits(self):
        self.interrupted(lambda: self.session.get(self.url("slow/30000")))
        self.interrupted(lambda: self.session.get(self.url("stall"), stream=True).content)
        self.interrupted(lambda: self.session.get(
            self.url("status/503"), retry=anycert.Retry(5, 20, statuses=[503])))
        self.assertEqual(self.session.get(self.url("bytes/3")).text, "abc")

    def test_ctrl_c(self):
        for what in ("session.get(url + 'slow/30000')",
                     "session.get(url + 'stall', stream=True).content",
                     "import socket; listener = socket.create_server(('127.0.0.1', 0)); "
                     "anycert.look('https://127.0.0.1:%d/' % listener.getsockname()[1])",
                     "import asyncio, socket; listener = socket.create_server(('127.0.0.1', 0)); "
                     "asyncio.run(anycert.AsyncClient().look('https://127.0.0.1:%d/' % listener.getsockname()[1]))",
                     "session.get(url + 'status/503', retry=anycert.Retry(5, 20, statuses=[503]))"):
            with subprocess.Popen(
                    [sys.executable, "-c",
                     "import sys, anycert\nurl = sys.argv[1]\nsession = anycert.Session()\n"
                     "session.verify = sys.argv[2]\nprint('ready', flush=True)\n" + what,
                     self.url(), self.root], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    text=True) as child:
                self.assertEqual(child.stdout.readline(), "ready\n")
                time.sleep(0.05)  # most often it waits for the server by then
                started = time.monotonic()
                child.send_signal(signal.SIGINT)
                said = child.communicate(timeout=25)[1]
            self.assertLess(time.monotonic() - started, 20, what)
            self.assertEqual(child.returncode, -signal.SIGINT, what)
            self.assertTrue(said.endswith("KeyboardInterrupt\n"), said)

    def test_forks_make_their_own_connections(self):
        self.session.get(self.url())
        stream = self.session.get(self.url("bytes/3000000"), stream=True)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                text = self.session.get(self.url("bytes/3")).text
                try:
                    stream.content
                except exceptions.RequestException:
                    code = 0 if text == "abc" else 2
            finally:
                os._exit(code)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertEqual(len(stream.content), 3000000)
        self.assertEqual(self.session.get(self.url("bytes/3")).text, "abc")

    def test_closed_in_mid_request(self):
        client = anycert.Client(ca=self.root)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(client.get(self.url("slow/500"))))
        thread.start()
        time.sleep(0.1)
        client.close()
        del client
        gc.collect()
        thread.join()
        self.assertEqual(answers[0].status_code, 200)

    def test_nothing_is_kept(self):
        response = self.session.get(self.url("json"))
        response.request, response.headers, response.json()
        gone = weakref.ref(response.headers)
        del response
        gc.collect()
        self.assertIsNone(gone())

    def test_the_end(self):
        """Whatever is under way or alive when the interpreter ends."""
        # What a thread held that the interpreter stops is lost; no sanitizer shall mind.
        stopped = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        for code in ("thread = threading.Thread(target=get, daemon=True); thread.start(); "
                     "time.sleep(0.1)",
                     "keep = session.get(url + 'bytes/9000000', stream=True)",
                     "keep = session.get(url + 'stall', stream=True)",
                     "import builtins; builtins.keep = [session, session.get(url)]",
                     "def later():\n    try: session.get(url)\n    except RuntimeError: pass\n"
                     "import atexit; atexit.register(later)",
                     "class Late:\n    def __del__(self): session\nkeep = Late(); keep.me = keep"):
            done = python(f"""
import sys, threading, time
import anycert
url = sys.argv[1]
session = anycert.Session(); session.verify = sys.argv[2]
def get(): session.get(url + "slow/5000")
session.get(url)
{code}
print("done", flush=True)
""", self.url(), self.root, env=stopped)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "done\n", ""), code)

    def test_importing_is_cheap(self):
        done = python("""
            import sys
            heavy = {"requests", "http.client", "email", "json", "logging", "ssl", "urllib.request",
                     "asyncio", "http.cookiejar", "datetime", "re"}
            for name in heavy:  # what .pth files of this Python have imported already
                sys.modules.pop(name, None)
            import anycert
            assert not heavy & set(sys.modules), heavy & set(sys.modules)
        """, env={"PYTHONNOUSERSITE": "1"})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_subinterpreters(self):
        inside = "\n".join([
            "import sys", f"sys.path[:] = {sys.path!r}", "import anycert",
            f"session = anycert.Session(); session.verify = {self.root!r}",
            f"assert session.get({self.url()!r}).status_code == 200"])
        done = python("""
            import sys
            try:
                import _interpreters as interpreters
            except ImportError:
                import _xxsubinterpreters as interpreters
            import anycert
            for _ in range(2):
                one = interpreters.create()
                failed = interpreters.run_string(one, sys.argv[2])
                assert not failed, failed
                interpreters.destroy(one)
            anycert.Session().get(sys.argv[1], verify=False)
        """, self.url(), inside)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
