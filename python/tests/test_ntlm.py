"""NTLM, as the library speaks it for objects of ours and of requests_ntlm, with Samba on the other side."""
import asyncio
import contextlib
import itertools
import sys
import unittest

import requests

import anycert
from anycert import auth, xsoar
from anycert.requests_adapter import AnycertAdapter
from common.server import Answer, Server
from common.squid import ntlm_server


class _HttpNtlmAuth:
    """What that of requests_ntlm looks like from outside. It must not get to speak itself."""

    def __init__(self, username, password):
        self.username, self.password = username, password

    def __call__(self, request):
        request.register_hook("response", self.response_hook)
        return request

    def response_hook(self, response, **_):
        if response.status_code == 401 and "Authorization" not in response.request.headers:
            raise AssertionError("NTLM is spoken by hand")
        return response


def of_another_package(cls, package):
    """The same class, from a package that need not be there."""
    return type("HttpNtlmAuth", (cls,), {"__module__": f"{package}.{package}"})


class Older(_HttpNtlmAuth):
    def __init__(self, username, password):
        self.domain, _, name = username.rpartition("\\")
        super().__init__(name, password)


THEIRS = of_another_package(_HttpNtlmAuth, "requests_ntlm")
KINDS = (auth.HttpNtlmAuth, THEIRS, of_another_package(Older, "requests_ntlm"))


class Ntlm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.origin = stack.enter_context(Server())
        cls.server = stack.enter_context(ntlm_server(cls.origin.port))
        cls.numbers = itertools.count()
        cls.url, cls.ca = cls.server.url + "/x", str(cls.server.certificate)

    @classmethod
    def fresh(cls):
        """A URL that nobody has asked for yet."""
        return f"{cls.server.url}/{next(cls.numbers)}-"

    def ours(self):
        session = anycert.Session()
        session.verify = self.ca
        self.addCleanup(session.close)
        return session

    def theirs(self):
        session = requests.Session()
        session.trust_env, session.verify = False, self.ca
        session.mount("https://", AnycertAdapter())
        session.mount("http://", AnycertAdapter())
        self.addCleanup(session.close)
        return session

    def test_users_come_in(self):
        for make in (self.ours, self.theirs):
            for kind in KINDS:
                with self.subTest(kind.__module__, session=make.__name__):
                    session, url = make(), self.fresh()
                    who = kind(self.server.user, self.server.password)
                    answers = [session.get(url, auth=who), session.get(url, auth=who),
                               session.post(url, auth=who, data=b"abc" * 1000)]
                    self.assertEqual([(answer.status_code, answer.text) for answer in answers], [(200, "ok")] * 3)
                    self.assertEqual(self.origin.last.body, b"abc" * 1000)
                    # Nobody else comes in over the connection that has been opened.
                    self.assertEqual(session.get(url).status_code, 401)
                    self.assertEqual(self.server.asked(url, 5), [
                        ("-", "401"), *[("HOME\\b0b", "200")] * 3, ("-", "401")])

    def test_a_wrong_password(self):
        for make in (self.ours, self.theirs):
            for kind in KINDS:
                url = self.fresh()
                answer = make().get(url, auth=kind(self.server.user, "wrong"))
                self.assertEqual((answer.status_code, answer.history), (401, []))
                self.assertEqual(self.server.asked(url, 2), [("-", "401")] * 2)

    def test_prepared_requests(self):
        for kind in KINDS:
            session = self.ours()
            seen = []
            prepared = session.prepare_request(requests.Request(
                "GET", self.url, auth=kind(self.server.user, self.server.password),
                hooks={"response": lambda response, **_: seen.append(response.status_code)}))
            self.assertEqual((session.send(prepared).status_code, seen), (200, [200]))

    def test_all_other_ways(self):
        who = THEIRS(self.server.user, self.server.password)

        async def later():
            async with anycert.AsyncClient(ca=self.ca, auth=who) as client:
                async with client.stream("GET", self.url) as answer:
                    text = await answer.aread()
                return (await client.get(self.url)).text, text
        self.assertEqual(asyncio.run(later()), ("ok", b"ok"))
        with anycert.Client(ca=self.ca, auth=who) as client:
            self.assertEqual([result.result().text for result in client.batch([self.url] * 3)], ["ok"] * 3)
        client = xsoar.BaseClient(self.server.url, verify=self.ca, auth=who)
        self.assertEqual(client._http_request("GET", "/x", resp_type="text"), "ok")

    def test_not_beyond_the_first_origin(self):
        with Server() as first:
            for make in (self.ours, self.theirs):
                for kind in KINDS:
                    url = self.fresh()
                    first.answers["/away"] = Answer(302, [("Location", url)])
                    answer = make().get(first.url + "/away", auth=kind(self.server.user, self.server.password))
                    self.assertEqual((answer.status_code, len(answer.history)), (401, 1))
                    self.assertEqual(self.server.asked(url, 1), [("-", "401")])

    def test_wrong_arguments(self):
        for user, password in ((None, None), ("a", None), (b"a", "b"), ("a\0", "b"), ("a", "\u20ac")):
            with self.assertRaises(ValueError):
                self.ours().get(self.url, auth=auth.HttpNtlmAuth(user, password))

    def test_other_classes_of_the_name(self):
        own = type("HttpNtlmAuth", (), {"__call__": lambda self, request: request, "__module__": "elsewhere"})
        self.assertEqual(self.ours().get(self.url, auth=own()).status_code, 401)
        self.assertNotIn("requests_ntlm", sys.modules)


if __name__ == "__main__":
    unittest.main()
