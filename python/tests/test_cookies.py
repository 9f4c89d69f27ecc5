"""The cookies of a session: who has set them, which requests have them, and how they are listed."""
import pickle
import threading
import unittest

import anycert
from anycert import xsoar
from common.server import Answer, Server


class Case(unittest.TestCase):
    def setUp(self):
        self.server = self._enter(Server(otherwise=Answer(body=b"{}")))
        self.session = anycert.Session()
        self.addCleanup(self.session.close)

    def _enter(self, context):
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def sets(self, path, *cookies):
        self.server.answers[path] = Answer(200, [("Set-Cookie", cookie) for cookie in cookies], b"{}")

    def get(self, path="/x", **kwargs):
        """The cookies that went along."""
        self.session.get(self.server.url + path, **kwargs)
        return self.sent()

    def sent(self):
        return sorted((self.server.last.value("cookie") or "").split("; "))


class ByHand(Case):
    def test_the_server_may_change_them(self):
        self.sets("/new", "token=new; Path=/")
        for domain in ("", "127.0.0.1"):
            self.session.cookies.set("token", "old", domain=domain)
            with self.subTest(domain=domain):
                self.assertEqual((self.get("/new"), self.get(), self.get()), (["token=old"], ["token=new"], ["token=new"]))
                self.assertEqual(list(self.session.cookies.items()), [("token", "new")])
        self.session.cookies.set("token", "mine", domain="127.0.0.1")
        self.assertEqual((self.get(), self.session.cookies["token"]), (["token=mine"], "mine"))

    def test_the_server_may_take_them_away(self):
        self.sets("/out", "token=; Path=/; Max-Age=0")
        self.session.cookies.set("token", "old", domain="127.0.0.1")
        self.get("/out")
        self.assertEqual((self.get(), len(self.session.cookies)), ([""], 0))

    def test_those_of_an_answer(self):
        self.sets("/login", "id=1; Path=/")
        self.sets("/again", "id=2; Path=/")
        self.session.cookies.update(self.session.get(self.server.url + "/login").cookies)
        self.get("/again")
        self.assertEqual((self.get(), list(self.session.cookies.items())), (["id=2"], [("id", "2")]))

    def test_each_is_listed_once(self):
        for name in ("a", "b"):
            self.session.cookies[name] = "1"
        self.get()
        self.assertEqual((len(self.session.cookies), self.session.cookies.items()), (2, [("a", "1"), ("b", "1")]))
        del self.session.cookies["a"]
        self.assertEqual((self.get(), self.session.cookies.keys()), (["b=1"], ["b"]))
        self.session.cookies.set("b", None)
        self.assertEqual((self.get(), self.session.cookies.keys()), ([""], []))
        self.session.cookies["b"] = "2"
        self.assertEqual((self.get(), self.session.cookies.items()), (["b=2"], [("b", "2")]))


class OfServers(Case):
    def setUp(self):
        super().setUp()
        self.sets("/login", "id=1; Path=/; HttpOnly", "until=1; Path=/; Expires=Wed, 09 Jun 2100 10:18:14 GMT")

    def test_requests_that_need_another_client_have_them(self):
        self.get("/login")
        for how in ({"secret_headers": ["X-Tenant"]}, {"proxies": {"http": self.server.url}}, {"allow_downgrade": True}):
            with self.subTest(how):
                self.assertEqual(self.get(**how), ["id=1", "until=1"])
        self.sets("/more", "id=2; Path=/", "until=; Path=/; Max-Age=0")
        self.assertEqual(self.get("/more", secret_headers=["X-Tenant"]), ["id=1", "until=1"])
        for how in ({}, {"allow_downgrade": True}, {"proxies": {"http": self.server.url}}):
            with self.subTest(how):
                self.assertEqual(self.get(**how), ["id=2"])
        self.assertEqual([cookie.http_only for cookie in self.session.cookies], [False])
        self.session.cookies.clear()
        self.assertEqual((self.get(), self.get(allow_downgrade=True)), ([""], [""]))

    def test_attributes_stay(self):
        self.get("/login")
        self.get(allow_downgrade=True)
        self.session.close()
        self.get()
        found = {cookie.name: cookie for cookie in self.session.cookies}
        self.assertEqual([(found[name].http_only, found[name].expires, found[name].domain) for name in ("id", "until")],
                         [(True, None, "127.0.0.1"), (False, 4116219494, "127.0.0.1")])

    def test_authenticated_peers_and_others_have_their_own(self):
        self.get("/login", verify=False)
        self.assertEqual((self.get(), self.get(verify=anycert.Policy("trust-any"))), ([""], ["id=1", "until=1"]))
        self.sets("/login", "id=2; Path=/")
        self.get("/login")
        self.assertEqual((self.get(allow_downgrade=True), self.get(verify=False)), (["id=2"], ["id=1", "until=1"]))

    def test_a_closed_session_keeps_them(self):
        self.get("/login")
        self.session.close()
        self.assertEqual(self.get(), ["id=1", "until=1"])
        self.session.close()
        self.assertEqual(len(self.session.cookies), 2)

    def test_policies_that_end(self):
        """What they have let in is for nobody who is authenticated afterwards."""
        self.get("/login", verify=False)
        for text in ("trust-any until=2020-01-01", "hardened+self-signed until=2020-01-01"):
            self.assertEqual(self.get(verify=anycert.Policy(text)), [""])
        ending = anycert.Policy("hardened+self-signed until=2099-01-01")
        self.get("/login", verify=ending)
        self.assertEqual(self.get(verify=ending), ["id=1", "until=1"])
        self.session.close()
        self.assertEqual((self.get(verify=ending), self.get(), self.get(verify=False)), ([""], [""], ["id=1", "until=1"]))

    def test_policy_files(self):
        """One may let in anybody for some hosts, so its clients are alone."""
        for text in ("127.0.0.1 trust-any", "127.0.0.1 hardened"):
            file = anycert.PolicyFile.parse(text)
            self.get("/login", verify=file)
            self.assertEqual((self.get(verify=file), self.get(), self.get(verify=False)), (["id=1", "until=1"], [""], [""]))

    def test_what_was_taken_away_is_gone_when_closed(self):
        self.get("/login")
        self.assertEqual(len(self.session.cookies), 2)
        self.sets("/out", "id=; Path=/; Max-Age=0", "until=; Path=/; Max-Age=0")
        self.get("/out")
        self.session.close()
        self.assertEqual((self.get(), len(self.session.cookies)), ([""], 0))

    def test_prepared_requests(self):
        prepared = self.session.prepare_request(anycert.Request("GET", self.server.url + "/x"))
        self.get("/login")
        for how in ({}, {"proxies": {"http": self.server.url}}):
            self.session.send(prepared, **how)
            self.assertEqual(self.sent(), ["id=1", "until=1"])

    def test_pickles_have_them(self):
        self.get("/login")
        self.session = pickle.loads(pickle.dumps(self.session))
        self.addCleanup(self.session.close)
        self.assertEqual(self.get(), ["id=1", "until=1"])

    def test_pickles_keep_them_apart(self):
        """What an unknown peer has set goes to no authenticated one, and the other way round."""
        for learned, other in ((False, True), (True, False)):
            self.get("/login", verify=learned)
            again = pickle.loads(pickle.dumps(self.session))
            self.session.close()
            self.session = again
            self.addCleanup(again.close)
            with self.subTest(learned=learned):
                self.assertEqual(sorted(again.cookies.keys()), ["id", "until"])
                self.assertEqual((self.get(verify=other), self.get(verify=learned)), ([""], ["id=1", "until=1"]))
            again.cookies.clear()

    def test_pickles_have_what_was_set_by_hand_once(self):
        self.sets("/new", "token=new; Path=/")
        self.session.cookies["token"] = "old"
        self.session.cookies.set("other", "1", domain="other.test")
        self.get("/new")
        for _ in range(2):
            self.session = pickle.loads(pickle.dumps(self.session))
            self.addCleanup(self.session.close)
            self.assertEqual(self.get(), ["token=new"])
            self.assertEqual(sorted(self.session.cookies.items()), [("other", "1"), ("token", "new")])

    def test_a_base_client(self):
        client = xsoar.BaseClient(self.server.url, verify=False)
        client._http_request("GET", "/login")
        client._http_request("GET", "/x", secret_headers=["X-Tenant"])
        self.assertEqual(self.sent(), ["id=1", "until=1"])

    def test_threads(self):
        ways = ({}, {"allow_downgrade": True}, {"secret_headers": ["X-Tenant"]}, {"proxies": {"http": self.server.url}})
        names = [f"c{i}" for i in range(len(ways))]
        for name in names:
            self.sets("/" + name, f"{name}=1; Path=/")
        threads = [threading.Thread(target=lambda n=n, how=how: [self.session.get(f"{self.server.url}/{n}", **how)
                                                                 for _ in range(20)])
                   for n, how in zip(names, ways)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for how in ways:
            self.assertEqual(self.get(**how), [name + "=1" for name in names])


if __name__ == "__main__":
    unittest.main()
