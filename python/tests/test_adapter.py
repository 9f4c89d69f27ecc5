"""AnycertAdapter on a requests.Session."""
import unittest

import requests

import anycert
from anycert.requests_adapter import AnycertAdapter
from labcase import LabCase


class Adapter(LabCase):
    conditions = ("good", "self-signed", "expired", "http")

    def setUp(self):
        super().setUp()
        self.session = requests.Session()
        self.session.trust_env = False
        self.mount(AnycertAdapter(ca=self.root))
        self.addCleanup(self.session.close)

    def mount(self, adapter):
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)

    def test_requests(self):
        response = self.session.post(self.url("echo"), params={"q": "a b"}, data={"x": "y"},
                                     headers={"X-A": "b"}, auth=("u", "p"))
        answer = response.json()
        headers = {field["name"]: field["value"] for field in answer["headers"]}
        self.assertIs(type(response), requests.Response)
        self.assertEqual((answer["method"], answer["query"], answer["body"]["start"]),
                         ("POST", "q=a+b", "x=y"))
        self.assertEqual((headers["X-A"], headers["Authorization"]), ("b", "Basic dTpw"))
        self.assertTrue(headers["User-Agent"].startswith("python-requests/"))
        self.assertEqual(response.report.verdict, "pass")
        self.assertEqual((response.encoding, response.reason, response.ok), ("utf-8", "OK", True))
        self.assertGreater(response.elapsed.total_seconds(), 0)

    def test_redirects_and_cookies_are_those_of_requests(self):
        response = self.session.get(self.url("redirect?to=/bytes/3"))
        self.assertEqual((response.text, [hop.status_code for hop in response.history]),
                         ("abc", [302]))
        response = self.session.get(self.url("set-cookie"))
        self.assertEqual(response.cookies["session"], "abc")
        self.assertEqual(self.session.cookies["lab"], "1")
        headers = {field["name"]: field["value"]
                   for field in self.session.get(self.url("echo")).json()["headers"]}
        self.assertEqual(sorted(headers["Cookie"].split("; ")), ["lab=1", "session=abc"])
        with self.assertRaises(requests.exceptions.TooManyRedirects):
            self.session.get(self.url("endless-redirect"))

    def test_streams(self):
        with self.session.get(self.url("bytes/100000"), stream=True) as response:
            self.assertEqual(sum(map(len, response.iter_content(30000))), 100000)
        response = self.session.get(self.url("gzip/5000"), stream=True)
        self.assertEqual(response.content, b"\0" * 5000)
        self.assertEqual(self.session.get(self.url("gzip/5000")).content, b"\0" * 5000)
        self.assertEqual(list(self.session.get(self.url("bytes/3"), stream=True).iter_lines()),
                         [b"abc"])
        with self.assertRaises(requests.exceptions.ChunkedEncodingError):
            self.session.get(self.url("truncated"))
        with self.assertRaises(requests.exceptions.ChunkedEncodingError):
            self.session.get(self.url("truncated"), stream=True).content

    def test_policies(self):
        with self.assertRaises(requests.exceptions.SSLError) as raised:
            self.session.get(self.url("", "expired"))
        self.assertEqual(raised.exception.report.verdict, "fail")
        self.mount(AnycertAdapter("hardened+expired", ca=self.root))
        self.assertEqual(self.session.get(self.url("", "expired")).status_code, 200)
        with self.assertRaises(requests.exceptions.SSLError):
            self.session.get(self.url("", "self-signed"), verify=False)  # the adapter's word
        self.mount(AnycertAdapter())
        self.assertEqual(self.session.get(self.url("", "self-signed"), verify=False).status_code, 200)
        self.assertEqual(self.session.get(self.url(), verify=self.root).status_code, 200)
        with self.assertRaises(requests.exceptions.SSLError):
            self.session.get(self.url("", "self-signed"), verify=self.root)

    def test_what_is_no_policy(self):
        """False, above all, must not come to mean trust-any."""
        for policy in (False, True, 5, b"hardened", anycert.PolicyFile.parse("")):
            for ca in (None, self.root):
                with self.subTest(policy=policy, ca=ca), self.assertRaisesRegex(TypeError, "policy has to be"):
                    AnycertAdapter(policy, ca=ca)
        for policy in ("", "hardend"):
            self.assertRaises(anycert.exceptions.PolicyError, AnycertAdapter, policy, ca=self.root)
        with self.assertRaisesRegex(anycert.exceptions.PolicyError, "for anchors, write ca="):
            AnycertAdapter(self.root)
        with self.assertRaisesRegex(ValueError, "has its own anchors"):
            AnycertAdapter(anycert.Policy(), ca=self.root)
        with self.assertRaisesRegex(ValueError, "has no trust store"):
            AnycertAdapter("tofu")
        for retry in (3, True, "3"):
            with self.subTest(retry=retry), self.assertRaisesRegex(TypeError, "anycert.Retry"):
                AnycertAdapter(retry=retry)
        adapter = AnycertAdapter(anycert.Policy(ca=self.root))
        with self.assertRaisesRegex(TypeError, "policy has to be"):
            adapter.policy = False
        self.mount(adapter)
        self.assertEqual(self.session.get(self.url()).report.verdict, "pass")

    def test_failures(self):
        for kind, call in (
                (requests.exceptions.ConnectionError, lambda: self.session.get("http://127.0.0.1:1/")),
                (requests.exceptions.ReadTimeout,
                 lambda: self.session.get(self.url("slow/9000"), timeout=1)),
                (requests.exceptions.ProxyError, lambda: self.session.get(
                    self.url(), proxies={"https": "http://127.0.0.1:1"})),
                (requests.exceptions.HTTPError,
                 lambda: self.session.get(self.url("status/500")).raise_for_status())):
            with self.assertRaises(kind):
                call()

    def test_hooks_run_once(self):
        seen = []
        self.session.get(self.url(), hooks={"response": lambda response, **_: seen.append(response)})
        self.assertEqual([type(response) for response in seen], [requests.Response])

    def test_retries(self):
        self.mount(AnycertAdapter(ca=self.root, retry=anycert.Retry(2, 0, statuses=[503])))
        self.assertEqual(self.session.get(self.url("status/503")).status_code, 503)


if __name__ == "__main__":
    unittest.main()
