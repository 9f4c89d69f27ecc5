"""Variables: which are read, which are repaired, which are deleted, and whom that concerns."""
import os
import pathlib
import tempfile

from common.case import Platform, request
from common.served import Served
from common.server import certificate, closed_port
from common.squid import socks, squid
from common.subject import OLD_LIBRARIES, OLD_REQUESTS, STANDIN, exceptions, xsoar

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def nowhere():
    return f"http://127.0.0.1:{closed_port()}"


class Environment(Served):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bundle, cls.other = certificate()[0], certificate("other.test")[0]

    def answered(self, client):
        """Whether there is an answer; where there is none, it is TLS or the proxy that failed."""
        try:
            return request(client, "GET") == {"status": "ok"}
        except xsoar.DemistoException as error:
            self.assertIsInstance(error.exception, (exceptions.SSLError, exceptions.ProxyError))
            return False


class Proxies(Environment):
    def test_deleted(self):
        os.environ.update({name: nowhere() for name in PROXIES})
        os.environ["NO_PROXY"] = "x"
        xsoar.BaseClient(self.server.url)
        self.assertEqual([name for name in (*PROXIES, "NO_PROXY") if name in os.environ], ["NO_PROXY"])

    def test_repaired(self):
        for value, repaired in (
                ("p:1", "http://p:1"), ("http://p:1", "http://p:1"), ("https://p:1", "https://p:1"),
                ("socks5://p:1", "socks5://p:1"), ("socks5h://p:1", "socks5h://p:1"),
                ("socks4://p:1", "socks4://p:1"), ("socks4a://p:1", "socks4a://p:1"), ("", ""),
                ("HTTP://p:1", "http://HTTP://p:1"), ("ftp://p:1", "http://ftp://p:1")):
            with self.subTest(value):
                os.environ.update({name: value for name in PROXIES})
                os.environ["ALL_PROXY"] = value
                xsoar.BaseClient(self.server.url, proxy=True)
                self.assertEqual([os.environ[name] for name in PROXIES], [repaired] * 4)
                self.assertEqual(os.environ["ALL_PROXY"], value)

    def test_functions(self):
        os.environ.update({"http_proxy": "p:1", "HTTPS_PROXY": "", "https_proxy": "socks5://p"})
        xsoar.ensure_proxy_has_http_prefix()
        self.assertEqual([os.environ.get(name) for name in PROXIES], [None, "", "http://p:1", "socks5://p"])
        xsoar.skip_proxy()
        self.assertEqual([os.environ.get(name) for name in PROXIES], [None] * 4)

    def test_no_proxy(self):
        os.environ["http_proxy"] = nowhere()
        for value, direct in (("127.0.0.1", True), ("*", True), ("other.test,127.0.0.1", True), ("other.test", False),
                              ("", False)):
            with self.subTest(value):
                os.environ["NO_PROXY"] = value
                self.assertEqual(self.answered(xsoar.BaseClient(self.server.url, proxy=True)), direct)

    def test_lower_case_wins(self):
        os.environ.update({"http_proxy": nowhere(), "HTTP_PROXY": ""})
        self.assertFalse(self.answered(xsoar.BaseClient(self.server.url, proxy=True)))

    def test_proxies_of_a_call(self):
        client = xsoar.BaseClient(self.server.url)
        error = self.fails(request, client, "GET", proxies={"http": nowhere()})
        self.assertIsInstance(error.exception, exceptions.ProxyError)
        self.assertTrue(self.answered(client))
        client._session.proxies = {"http": nowhere()}
        self.assertFalse(self.answered(client))

    def test_all_proxy(self):
        """V2."""
        os.environ["ALL_PROXY"] = nowhere()
        self.assertFalse(self.answered(xsoar.BaseClient(self.server.url, proxy=True)))
        self.assertEqual(self.answered(xsoar.BaseClient(self.server.url, proxy=False)), not STANDIN)


class Bundles(Environment):
    def test_deleted_without_verification(self):
        os.environ.update({name: self.other for name in BUNDLES})
        self.assertTrue(self.answered(xsoar.BaseClient(self.secure.url, verify=False)))
        self.assertEqual([name for name in BUNDLES if name in os.environ], [])

    def test_kept_with_verification(self):
        os.environ.update({name: self.bundle for name in BUNDLES})
        self.assertTrue(self.answered(xsoar.BaseClient(self.secure.url)))
        self.assertEqual([os.environ[name] for name in BUNDLES], [self.bundle] * 2)

    def test_which_one(self):
        for first, second, answered in ((self.bundle, None, True), (None, self.bundle, True),
                                        (self.bundle, self.other, True), (self.other, self.bundle, False),
                                        ("", self.bundle, True), (None, None, False)):
            with self.subTest(first=first, second=second):
                for name, value in zip(BUNDLES, (first, second)):
                    os.environ.pop(name, None)
                    if value is not None:
                        os.environ[name] = value
                self.assertEqual(self.answered(xsoar.BaseClient(self.secure.url)), answered)

    def test_an_empty_one(self):
        """V23: it is not the end of all verification, as it is with old versions of requests."""
        for name in BUNDLES:
            os.environ[name] = ""
            self.assertEqual(self.answered(xsoar.BaseClient(self.secure.url)),
                             STANDIN and OLD_REQUESTS and name == "CURL_CA_BUNDLE")

    def test_a_path_of_the_caller_goes_first(self):
        os.environ["REQUESTS_CA_BUNDLE"] = self.other
        self.assertTrue(self.answered(xsoar.BaseClient(self.secure.url, verify=self.bundle)))

    def test_missing(self):
        os.environ["REQUESTS_CA_BUNDLE"] = "/nosuch.pem"
        client = xsoar.BaseClient(self.secure.url)
        self.raises(OSError, request, client, "GET",
                    says="Could not find a suitable TLS CA certificate bundle, invalid path: /nosuch.pem")

    def test_missing_and_not_needed(self):
        """For http:// the original does not look; for ours a missing file is an error, not nothing."""
        os.environ["REQUESTS_CA_BUNDLE"] = "/nosuch.pem"
        client = xsoar.BaseClient(self.server.url)
        if STANDIN:
            self.assertTrue(self.answered(client))
        else:
            self.raises(OSError, request, client, "GET",
                        says="Could not find a suitable TLS CA certificate bundle, invalid path: /nosuch.pem")

    def test_skip_cert_verification(self):
        os.environ.update({name: self.bundle for name in BUNDLES})
        xsoar.skip_cert_verification()
        self.assertEqual([name for name in BUNDLES if name in os.environ], [])


class CrossTalk(Environment):
    """V1: what one client gives up, no other one gives up or loses."""

    def test_an_older_client_keeps_its_anchors(self):
        os.environ["REQUESTS_CA_BUNDLE"] = self.bundle
        verifying = xsoar.BaseClient(self.secure.url)
        self.assertTrue(self.answered(verifying))
        xsoar.BaseClient(self.secure.url, verify=False)
        self.assertNotIn("REQUESTS_CA_BUNDLE", os.environ)
        # The stand-in's next request only works because the connection is still open.
        verifying._session.close()
        self.assertEqual(self.answered(verifying), not STANDIN)

    def test_a_younger_client_gets_them(self):
        os.environ["REQUESTS_CA_BUNDLE"] = self.bundle
        xsoar.BaseClient(self.secure.url, verify=False)
        self.assertEqual(self.answered(xsoar.BaseClient(self.secure.url)), not STANDIN)
        for name in reversed(BUNDLES):  # whichever is set anew
            os.environ[name] = self.other
            self.assertFalse(self.answered(xsoar.BaseClient(self.secure.url)))

    def test_connections_are_not_shared(self):
        trusting = xsoar.BaseClient(self.secure.url, verify=False)
        for _ in range(3):
            self.assertTrue(self.answered(trusting))
            self.assertFalse(self.answered(xsoar.BaseClient(self.secure.url)))

    def test_one_client_that_changes_its_mind(self):
        client = xsoar.BaseClient(self.secure.url, verify=False)
        self.assertTrue(self.answered(client))
        client._verify = True
        if not (STANDIN and OLD_LIBRARIES):  # which go on with the connection that is open
            self.assertFalse(self.answered(client))

    def test_the_proxy_of_another_client(self):
        os.environ["http_proxy"] = nowhere()
        proxied = xsoar.BaseClient(self.server.url, proxy=True)
        self.assertFalse(self.answered(proxied))
        xsoar.BaseClient(self.server.url, proxy=False)
        self.assertTrue(self.answered(proxied))  # the variables are read at each request, and are gone


class Credentials(Environment):
    """V9."""

    def test_netrc(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "netrc")
            path.write_text("machine 127.0.0.1 login me password secret\n")
            path.chmod(0o600)
            os.environ["NETRC"] = str(path)
            for headers in (None, {"Authorization": "Bearer mine"}):
                request(xsoar.BaseClient(self.server.url, headers=headers), "GET")
                self.assertEqual(self.server.last.value("authorization"),
                                 "Basic bWU6c2VjcmV0" if STANDIN else headers and "Bearer mine")


class Matrix(Environment):
    """verify and proxy, against servers and proxies of both schemes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = cls.enter_class(squid())

    def setUp(self):
        super().setUp()
        self.proxy.forget()

    def cell(self, verify, proxy, scheme, target):
        """The answer's presence, and how many requests the proxy saw."""
        self.proxy.forget()
        os.environ.update({name: getattr(self.proxy, scheme) for name in PROXIES})
        os.environ["REQUESTS_CA_BUNDLE"] = self.other
        client = xsoar.BaseClient(target.url, verify=verify, proxy=proxy)
        answered = self.answered(client)
        client._session.close()
        seen = self.proxy.logged(1 if proxy and answered else 0)
        self.assertEqual(bool(os.environ.get("http_proxy")), proxy)
        self.assertEqual("REQUESTS_CA_BUNDLE" in os.environ, verify is not False)
        return answered, sorted({line[0] for line in seen})

    def test_direct(self):
        for verify, target, answered in ((self.bundle, self.server, True), (False, self.server, True),
                                         (self.bundle, self.secure, True), (True, self.secure, False),
                                         (False, self.secure, True)):
            with self.subTest(verify=verify, target=target.url):
                self.assertEqual(self.cell(verify, False, "http", target), (answered, []))

    def test_http_proxy(self):
        for verify, target, seen in ((True, self.server, "GET"), (False, self.server, "GET"),
                                     (self.bundle, self.secure, "CONNECT"), (False, self.secure, "CONNECT")):
            with self.subTest(verify=verify, target=target.url):
                self.assertEqual(self.cell(verify, True, "http", target), (True, [seen]))
        self.assertFalse(self.cell(True, True, "http", self.secure)[0])

    def test_https_proxy_without_verification(self):
        """V17: its certificate, which signed itself, is accepted, too."""
        for target, seen in ((self.server, "GET"), (self.secure, "CONNECT")):
            with self.subTest(target.url):
                self.assertEqual(self.cell(False, True, "https", target), (True, [seen]))

    def test_https_proxy_with_verification(self):
        """The original does not look at the proxy's certificate when the server is an http:// one."""
        self.assertEqual(self.cell(True, True, "https", self.server)[0], STANDIN)
        self.assertFalse(self.cell(True, True, "https", self.secure)[0])

    def test_its_failure_is_one_of_the_proxy(self):
        os.environ["https_proxy"] = self.proxy.https
        error = self.fails(request, xsoar.BaseClient(self.secure.url, proxy=True), "GET", with_metrics=True)
        self.assertIsInstance(error.exception, exceptions.SSLError if OLD_LIBRARIES else exceptions.ProxyError)

    if not STANDIN:
        def test_the_report_shows_the_proxy(self):
            os.environ["https_proxy"] = self.proxy.https
            response = request(xsoar.BaseClient(self.secure.url, verify=False, proxy=True), "GET",
                               resp_type="response")
            hop = response.hops[-1]
            self.assertEqual((hop.proxy_report.hop, hop.proxy_report.verdict), ("proxy", "relaxed"))
            self.assertEqual((hop.report.hop, hop.report.verdict), ("origin", "relaxed"))


class ProxyFailures(Environment):
    SENTENCE = ("Proxy Error - if the 'Use system proxy' checkbox in the integration configuration is selected, try "
                "clearing the checkbox.")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.proxy = cls.enter_class(squid("me", "p@ss:word"))

    def ask(self, target, user=""):
        self.proxy.forget()
        for name in ("http_proxy", "https_proxy"):
            os.environ[name] = self.proxy.http.replace("//", "//" + user)
        return request(xsoar.BaseClient(target.url, verify=False, proxy=True), "GET")

    def test_credentials(self):
        for target in (self.server, self.secure):
            self.assertEqual(self.ask(target, "me:p%40ss%3Aword@"), {"status": "ok"})
            self.assertIsNone(target.last.value("proxy-authorization"))

    def test_407(self):
        for user in ("", "me:wrong@"):
            self.fails(self.ask, self.secure, user, says=self.SENTENCE)
            error = self.fails(self.ask, self.server, user)
            self.assertEqual(str(error).split("\n")[0], "Error in API call [407] - Proxy Authentication Required")
            self.assertEqual(error.res.status_code, 407)

    def test_no_such_proxy(self):
        for proxy in (nowhere(), "http://nowhere.invalid:3128", "nowhere.invalid", "https://nowhere.invalid", "LOCALHOST://x:1"):
            os.environ.update({"http_proxy": proxy, "https_proxy": proxy})
            for target in (self.server, self.secure):
                error = self.fails(request, xsoar.BaseClient(target.url, verify=False, proxy=True), "GET",
                                   says=self.SENTENCE)
                self.assertIsInstance(error.exception, exceptions.ProxyError)

    def test_a_tunnel_that_is_refused(self):
        """502 or 503 of the proxy, which cannot reach the server."""
        os.environ["https_proxy"] = self.proxy.http.replace("//", "//me:p%40ss%3Aword@")
        client = xsoar.BaseClient(f"https://127.0.0.1:{closed_port()}", verify=False, proxy=True)
        self.fails(request, client, "GET", says=self.SENTENCE)


class Socks(Environment):
    """V15."""

    def test_socks(self):
        with socks() as port:
            for scheme in ("socks5", "socks5h"):
                os.environ.update({name: f"{scheme}://127.0.0.1:{port}" for name in ("http_proxy", "https_proxy")})
                for target in (self.server, self.secure):
                    # Not every SOCKS server tries more than one address of a name.
                    url = target.url.replace("localhost", "127.0.0.1")
                    client = xsoar.BaseClient(url, verify=False, proxy=True)
                    if STANDIN:
                        self.raises(exceptions.InvalidSchema, request, client, "GET",
                                    says="Missing dependencies for SOCKS support.")
                    else:
                        self.assertEqual(request(client, "GET"), {"status": "ok"})


class Companions(Environment):
    def test_handle_insecure(self):
        for params, name, kept in (({"insecure": True}, None, False), ({"unsecure": True}, None, False),
                                   ({"insecure": False}, None, True), ({}, None, True),
                                   ({"mine": True}, "mine", False), ({"insecure": True}, "mine", True)):
            with self.subTest(params, name=name):
                os.environ["CURL_CA_BUNDLE"] = self.bundle
                self.set_platform(Platform(params))
                xsoar.handle_insecure(*([name] if name else []))
                self.assertEqual("CURL_CA_BUNDLE" in os.environ, kept)

    def test_handle_proxy(self):
        for params, arguments, on in (({"proxy": True}, {}, True), ({"proxy": False}, {}, False), ({}, {}, False),
                                      ({}, {"checkbox_default_value": True}, True),
                                      ({"mine": True}, {"proxy_param_name": "mine"}, True)):
            with self.subTest(params, arguments=arguments):
                os.environ.update({"HTTP_PROXY": "up:1", "http_proxy": "low:1", "https_proxy": "low:2"})
                os.environ.pop("HTTPS_PROXY", None)
                self.set_platform(Platform(params))
                proxies = xsoar.handle_proxy(**arguments)
                self.assertEqual(proxies, {"http": "http://up:1", "https": "http://low:2"} if on else {})
                self.assertEqual("http_proxy" in os.environ, on)

    def test_handle_proxy_without_any(self):
        self.set_platform(Platform({"proxy": True}))
        self.assertEqual(xsoar.handle_proxy(), {"http": "", "https": ""})

    def test_handle_proxy_and_verification(self):
        for arguments, kept in (({}, False), ({"handle_insecure": False}, True), ({"insecure_param_name": "x"}, True)):
            os.environ["REQUESTS_CA_BUNDLE"] = self.bundle
            self.set_platform(Platform({"insecure": True}))
            xsoar.handle_proxy(**arguments)
            self.assertEqual("REQUESTS_CA_BUNDLE" in os.environ, kept)
