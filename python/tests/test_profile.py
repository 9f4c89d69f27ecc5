"""anycert.Profile, and the clients that go by one; and what was checked on the way to a token."""
import asyncio
import json
import os
import pathlib
import signal
import tempfile
import threading
import unittest
from unittest import mock

import anycert
from anycert import AsyncClient, Client, Policy, Profile, exceptions
from labcase import LabCase


def profile(**keys):
    return Profile.parse(json.dumps(keys), name="box.json")


class Keys(unittest.TestCase):
    def test_values_and_sources(self):
        one = Profile.parse('{"url": "https://me:secret@box.example/api?a=b",\n "timeout": 5, "insecure": false}',
                            name="box.json")
        self.assertEqual((one.value("timeout"), one.source("timeout")), ("5", "box.json:2"))
        self.assertEqual((one.value("stall_timeout"), one.source("stall_timeout")), ("5", "box.json:2"))
        self.assertEqual((one.value("max_redirects"), one.source("max_redirects")), ("10", "default"))
        self.assertEqual(one.value("max_time"), None)
        self.assertNotIn("secret", one.value("url") + repr(one))
        self.assertIn("https://box.example/api", repr(one))
        self.assertEqual(repr(Profile.parse("{}")), "<Profile of any server>")
        self.assertTrue({"url", "timeout", "credentials.password"} <= set(Profile.keys()))
        for key in Profile.keys():
            self.assertIsInstance(one.source(key) or "", str)

    def test_set(self):
        one = profile(timeout=5)
        one.set("timeout", 7.5, source="the form")
        one.set("cacert", ["/a.pem", "/b.pem"])
        one.set("bearer", {"env": "PW"})
        self.assertEqual((one.value("timeout"), one.source("timeout")), ("7.5", "the form"))
        self.assertEqual((one.value("cacert"), one.source("cacert")), ("/a.pem, /b.pem", "caller"))
        self.assertIn("PW", one.value("bearer"))
        one.set("timeout", None)
        self.assertIsNone(one.value("timeout"))
        for key, value, said in (("timeout", "5", "number of seconds"), ("insecure", "false", "true or false"),
                                 ("timout", 5, "timeout"), ("url", "", "empty"), ("trust", "hardend", "hardened")):
            with self.assertRaisesRegex(ValueError, said):
                one.set(key, value, source="the form")

    def test_policy(self):
        self.assertEqual(profile().policy, Policy())
        self.assertEqual(profile(insecure=True).policy.rung, "trust-any")
        self.assertEqual(profile(trust="hardened+expired", cacert="/ca.pem").policy,
                         Policy("hardened+expired", ca="/ca.pem"))
        for keys in ({"insecure": True, "trust": "hardened"}, {"insecure": False, "trust": "trust-any"}):
            with self.assertRaises(ValueError):
                Client(profile=profile(**keys)).explain("https://a.example/")

    def test_what_is_none(self):
        for text in ("", "[]", "{", '{"timeout": "5"}', '{"a": 1}', '{"timeout": 1, "timeout": 2}', '{"insecure": null}'):
            with self.subTest(text), self.assertRaises(ValueError) as caught:
                Profile.parse(text, name="box.json")
            self.assertIn("box.json", str(caught.exception))
        for value in (5, None, b"{}"):
            with self.assertRaisesRegex(TypeError, "text"):
                Profile.parse(value)
            with self.assertRaisesRegex(TypeError, "key"):
                profile().value(value)
            with self.assertRaisesRegex(TypeError, "key"):
                profile().set(value, 1)
        with self.assertRaisesRegex(TypeError, "name"):
            Profile.parse("{}", name=5)
        with self.assertRaisesRegex(TypeError, "source"):
            profile().set("timeout", 5, source=5)
        with self.assertRaises(TypeError):
            profile().set("timeout", object())
        for call in (profile().value, profile().source):
            with self.assertRaisesRegex(ValueError, "key: there is no 'timout' in profiles"):
                call("timout")
        for value in (5, None):
            with self.assertRaisesRegex(TypeError, "path"):
                Profile(value)
        self.assertRaises(OSError, Profile, "/nowhere")
        self.assertRaises(OSError, Client, profile="/nowhere")
        with self.assertRaisesRegex(TypeError, "profile"):
            Client(profile=5)

    def test_nothing_goes_beside_it(self):
        for name, value in {"policy": "hardened", "ca": "/ca.pem", "timeout": 5, "proxy": "http://p", "cert": "c",
                            "headers": {"a": "b"}, "auth": ("a", "b"), "policy_file": anycert.PolicyFile.parse("")}.items():
            with self.subTest(name), self.assertRaisesRegex(ValueError, f"^{name} does not go with profile"):
                Client(profile=profile(), **{name: value})


class Clients(LabCase):
    conditions = ("good", "self-signed", "http", "expired")

    def keys(self, server="good", **more):
        return profile(**{"url": self.url(server=server), "cacert": self.root, **more})

    def fields(self, client, *args, **kwargs):
        answer = client.get("echo", *args, **kwargs).json()
        return {field["name"].lower(): field["value"] for field in answer["headers"]}

    def test_behind_its_url(self):
        with Client(profile=self.keys()) as client:
            self.assertEqual(client.get("bytes/3").text, "abc")
            self.assertEqual(client.get("/bytes/4").text, "abcd")
            self.assertEqual(client.get(self.url("bytes/5")).text, "abcde")
            answer = client.get("echo?a=b", params={"c": "d"})
            self.assertEqual((answer.json()["query"], answer.request.url), ("a=b&c=d", self.url("echo?a=b&c=d")))
            with client.stream("GET", "bytes/3") as response:
                self.assertEqual(response.content, b"abc")
            self.assertEqual([one.result().text for one in client.batch(["bytes/3"])], ["abc"])
            self.assertEqual(client.look("").verdict, "pass")
            self.assertEqual(client.policy_for("bytes/3")[0].ca, self.root)
            self.assertIn(self.root, client.explain("bytes/3"))
        with Client(profile=profile()) as client:
            self.assertRaises(exceptions.MissingSchema, client.get, "bytes/3")

    def test_its_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "box.json")
            path.write_text(json.dumps({"url": self.url(), "cacert": "ca.pem"}), "ascii")
            pathlib.Path(folder, "ca.pem").write_bytes(pathlib.Path(self.root).read_bytes())
            for given in (path, str(path), Profile(path)):
                with Client(profile=given) as client:
                    self.assertEqual(client.get("bytes/3").text, "abc")

    def test_in_an_event_loop(self):
        async def main():
            async with AsyncClient(profile=self.keys(headers={"X-Mine": "a"})) as client:
                texts = [answer.text for answer in await asyncio.gather(*(client.get(f"bytes/{n}") for n in range(9)))]
                async with client.stream("GET", "bytes/3") as response:
                    return texts, await response.aread(), client.profile.value("headers")
        self.assertEqual(asyncio.run(main()), (["abcdefghi"[:n] for n in range(9)], b"abc", "X-Mine: a"))

    def test_policies(self):
        for keys, verdict in (({"trust": "hardened+expired"}, "relaxed"), ({"insecure": True, "cacert": None}, "relaxed"), ({}, None)):
            one = self.keys("expired", **{name: value for name, value in keys.items() if value})
            if "cacert" in keys:
                one.set("cacert", None)
            with self.subTest(keys), Client(profile=one) as client:
                if verdict:
                    self.assertEqual(client.get("").report.verdict, verdict)
                    self.assertEqual(client.policy, one.policy)
                else:
                    self.assertRaises(exceptions.SSLError, client.get, "")
        with Client(profile=self.keys("self-signed")) as client:
            self.assertRaises(exceptions.SSLError, client.get, "")
            self.assertEqual(client.get("", policy="trust-any").status_code, 200)  # for one request
            self.assertRaises(exceptions.SSLError, client.get, "")

    def test_first_contact(self):
        asked = []
        with tempfile.TemporaryDirectory() as folder:
            one = self.keys("self-signed", trust="tofu", trust_store=str(pathlib.Path(folder, "known")))
            with Client(profile=one) as client:
                self.assertRaises(exceptions.SSLError, client.get, "")
            with Client(profile=one, on_first_use=lambda report: asked.append(report.port) or "compared") as client:
                self.assertTrue(client.get("").report.peer_authenticated)
            with Client(profile=one) as client:  # it is known now
                self.assertEqual(client.get("").report.authenticated_by, "tofu")
        self.assertEqual(asked, [self.servers["self-signed"]["port"]])

    def test_prepared_requests_go_by_it_too(self):
        """Whatever came first: what is sent as it is does not get another client than the rest."""
        one = self.keys("expired", trust="hardened+expired")
        for order in ((True, False), (False, True)):
            with Client(profile=one) as client:
                prepared = client.prepare_request(anycert.Request("GET", self.url("bytes/3", "expired")))
                for is_prepared in order:
                    answer = client.send(prepared) if is_prepared else client.get("bytes/3")
                    self.assertEqual((answer.text, answer.report.verdict), ("abc", "relaxed"))

    def test_headers(self):
        with mock.patch.dict(os.environ, MY_KEY="s3cret"), Client(profile=self.keys(
                headers={"X-Key": {"env": "MY_KEY"}, "X-Other": "a", "User-Agent": "box/1"})) as client:
            for kwargs, other in (({}, "a"), ({"headers": {"x-other": "b"}}, "b"), ({"json": {}}, "a"),
                                  ({"data": {"c": "d"}}, "a")):
                fields = self.fields(client, **kwargs)
                self.assertEqual((fields["x-key"], fields["x-other"], fields["user-agent"]), ("s3cret", other, "box/1"))
            client.headers["X-Other"] = "c"
            self.assertEqual(self.fields(client)["x-other"], "c")
            self.assertNotIn("s3cret", repr(client.headers) + client.profile.value("headers"))
        with Client(profile=self.keys(headers={"X-Key": {"env": "MY_KEY"}})) as client:
            with self.assertRaisesRegex(ValueError, "MY_KEY"):
                client.get("")

    def test_credentials(self):
        read, write = os.pipe()
        os.write(write, b"pw\n")
        os.close(write)
        self.addCleanup(os.close, read)
        with Client(profile=self.keys(user="me", password={"fd": read})) as client:
            self.assertEqual(self.fields(client)["authorization"], "Basic bWU6cHc=")
            self.assertEqual(self.fields(client, verify=self.root)["authorization"], "Basic bWU6cHc=")  # another client
            self.assertEqual(self.fields(client, auth=("a", "b"))["authorization"], "Basic YTpi")
        one = self.keys(user="me", password="secret")
        with Client(profile=one) as client:
            there = client.get("redirect?to=" + self.url("echo", "http"), allow_downgrade=True).json()
            self.assertNotIn("authorization", [field["name"].lower() for field in there["headers"]])
        with Client(profile=profile(url=self.url().replace("//", "//u:p%40w@"), cacert=self.root)) as client:
            self.assertEqual(self.fields(client)["authorization"], "Basic dTpwQHc=")

    def test_a_secret_that_another_thread_gives(self):
        """Whoever waits for it lets others go on."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)

        def give():
            os.write(write, b"pw")
            os.close(write)
        timer = threading.Timer(0.1, give)
        timer.start()
        with Client(profile=self.keys(user="me", password={"fd": read})) as client:
            self.assertEqual(self.fields(client)["authorization"], "Basic bWU6cHc=")
        timer.join()

    def test_a_signal_ends_the_wait_for_a_secret(self):
        """As with os.read: a handler that returns lets it go on, one that raises ends it."""
        class Enough(Exception):
            pass

        def handler(number, frame):
            seen.append(number)
            if len(seen) == 2:
                raise Enough

        seen = []
        before = signal.signal(signal.SIGUSR1, handler)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        for place in ({"password": "?", "user": "me"}, {"headers": {"X-Key": "?"}}):
            with self.subTest(place):
                read, write = os.pipe()
                self.addCleanup(os.close, read)
                self.addCleanup(os.close, write)
                told = threading.Event()
                source = {"fd": read}
                given = {"user": "me", "password": source} if "user" in place else {"headers": {"X-Key": source}}
                seen.clear()

                def send(told=told):
                    while not told.wait(0.01):  # one that comes before the wait begins is not the one
                        os.kill(os.getpid(), signal.SIGUSR1)

                thread = threading.Thread(target=send)
                thread.start()
                try:
                    with self.assertRaises(Enough):
                        with Client(profile=self.keys(**given)) as client:
                            client.get("echo")
                finally:
                    told.set()
                    thread.join()
                self.assertGreaterEqual(len(seen), 2)

    def test_limits(self):
        client = Client(profile=self.keys(timeout=5, stall_timeout=0.5, max_redirects=1))
        self.assertEqual((client.timeout, client.max_redirects), ((5.0, 0.5), 1))
        self.assertEqual(Client(profile=profile()).timeout, (30.0, 60.0))
        with self.assertRaisesRegex(exceptions.ReadTimeout, r"read timeout=0\.5"):
            client.get("slow/30000")
        self.assertRaises(exceptions.TooManyRedirects, client.get, "redirect?to=/redirect?to=/bytes/1")

    def test_retries(self):
        with mock.patch("anycert._session._sleep") as slept, \
                Client(profile=self.keys(retries=2, retry_backoff=0.5)) as client:
            self.assertEqual(client.get("status/503").status_code, 503)
        self.assertEqual(len(slept.call_args_list), 1)  # none before the first

    def test_errors_name_no_secret(self):
        with Client(profile=profile(url="https://u:s3cret@127.0.0.1:1/api?key=k3y")) as client:
            with self.assertRaises(exceptions.ConnectionError) as caught:
                client.get("x")
        self.assertIn("host='127.0.0.1', port=1", str(caught.exception))
        for hidden in ("s3cret", "k3y"):
            self.assertNotIn(hidden, str(caught.exception) + repr(caught.exception.request.url))

    def test_the_proxy_of_the_environment(self):
        with mock.patch.dict(os.environ, {"https_proxy": "http://127.0.0.1:1", "no_proxy": ""}):
            with Client(profile=self.keys(proxy=True)) as client:
                self.assertRaises(exceptions.ProxyError, client.get, "")
            with Client(profile=self.keys(proxy=False)) as client:
                self.assertEqual(client.get("").status_code, 200)


class Tokens(LabCase):
    def test_token_report(self):
        """Of the link to the token server, for the request that had to ask it."""
        from recorder import Answer, Server
        token = Answer(200, [("Content-Type", "application/json")], b'{"access_token": "t", "token_type": "bearer"}')
        with tempfile.TemporaryDirectory() as folder:
            files = [str(pathlib.Path(folder, name)) for name in ("cert.pem", "key.pem")]
            import subprocess
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                            "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", files[1],
                            "-out", files[0]], check=True, capture_output=True)
            with Server(otherwise=token, tls=files) as server:
                keys = profile(url=self.url(), cacert=[self.root, files[0]], oauth2={
                    "token_url": server.url + "/token", "client_id": "me", "client_secret": "x"})
                with Client(profile=keys) as client:
                    first, second = client.get("echo"), client.get("echo")
                    self.assertEqual((first.token_report.verdict, first.token_report.port), ("pass", server.port))
                    self.assertEqual(first.report.port, self.servers["good"]["port"])
                    self.assertIsNone(second.token_report)  # the token was there
                    fields = {field["name"].lower(): field["value"] for field in second.json()["headers"]}
                    self.assertEqual(fields["authorization"], "Bearer t")
                self.assertEqual(server.last.method, "POST")

    def test_none(self):
        self.assertIsNone(self.session.get(self.url()).token_report)
        self.assertIsNone(anycert.Response().token_report)


if __name__ == "__main__":
    unittest.main()
