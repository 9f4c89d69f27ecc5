"""What the constructor takes, keeps and looks at; what becomes of a client in the end."""
import inspect
import os
import pathlib
import subprocess
import sys
import tempfile

from common.case import Case, Platform, request
from common.served import Served
from common.server import OK, Answer, Server, answer_json, certificate, full_backlog
from common.subject import OLD_LIBRARIES, STANDIN, clock, exceptions, xsoar



class Arguments(Served):
    def test_order_and_defaults(self):
        parameters = [one for one in inspect.signature(xsoar.BaseClient).parameters.values()
                      if one.kind is not one.KEYWORD_ONLY]  # which the original has none of
        self.assertEqual([(one.name, one.default) for one in parameters],
                         [("base_url", inspect.Parameter.empty), ("verify", True), ("proxy", False),
                          ("ok_codes", ()), ("headers", None), ("auth", None), ("timeout", 60)])
        self.assertEqual({one.kind for one in parameters}, {inspect.Parameter.POSITIONAL_OR_KEYWORD})

    def test_positional(self):
        client = xsoar.BaseClient(self.server.url, True, False, (404,), {"A": "b"}, ("me", "secret"), 5)
        self.server.otherwise = answer_json([], 404)
        self.assertEqual(request(client, "GET"), [])
        self.assertEqual(self.server.last.value("a"), "b")
        self.assertEqual(self.server.last.value("authorization"), "Basic bWU6c2VjcmV0")
        self.assertEqual(client.timeout, 5)

    def test_attributes(self):
        headers, auth = {"A": "b"}, ("me", "secret")
        client = xsoar.BaseClient("x://no url", verify=True, ok_codes=(1,), headers=headers, auth=auth, timeout=7)
        self.assertEqual((client._base_url, client._verify, client._ok_codes), ("x://no url", True, (1,)))
        self.assertIs(client._headers, headers)
        self.assertIs(client._auth, auth)
        self.assertEqual(client.timeout, 7.0)
        self.assertEqual(client.execution_metrics.success, 0)

    def test_session_has_what_integrations_touch(self):
        session = xsoar.BaseClient(self.server.url)._session
        for name in ("request", "get", "post", "put", "patch", "delete", "head", "options", "mount", "close"):
            self.assertTrue(callable(getattr(session, name)), name)
        for name in ("headers", "cookies", "adapters", "verify", "cert", "proxies", "hooks", "auth", "params"):
            self.assertTrue(hasattr(session, name), name)
        session.headers.update({"X-Mine": "a"})
        session.params = {"key": "v"}
        session.get(self.server.url + "/x")
        self.assertEqual((self.server.last.value("x-mine"), self.server.last.target), ("a", "/x?key=v"))

    def test_attributes_that_are_set_later_count(self):
        client = xsoar.BaseClient(self.secure.url)
        client._verify = certificate()[0]
        client._headers = {"A": "b"}
        client._auth = ("me", "secret")
        client._base_url = self.secure.url + "/later"
        request(client, "GET", "x")
        self.assertEqual((self.secure.last.target, self.secure.last.value("a")), ("/later/x", "b"))
        self.assertEqual(self.secure.last.value("authorization"), "Basic bWU6c2VjcmV0")

    def test_nothing_is_checked_before_the_first_request(self):
        client = xsoar.BaseClient("127.0.0.1/api", verify=True)
        error = self.raises(exceptions.MissingSchema, request, client, "GET", "x")
        scheme = "http" if OLD_LIBRARIES else "https"
        self.assertEqual(str(error), "Invalid URL '127.0.0.1/api/x': No scheme supplied. Perhaps you meant "
                                     f"{scheme}://127.0.0.1/api/x?")

    def test_verify_with_a_file(self):
        request(xsoar.BaseClient(self.secure.url, verify=certificate()[0]), "GET")
        self.fails(request, xsoar.BaseClient(self.secure.url, verify=certificate("other.test")[0]), "GET")

    def test_verify_with_a_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "mine.pem").write_bytes(pathlib.Path(certificate()[0]).read_bytes())
            subprocess.run(["openssl", "rehash", folder], check=True)
            request(xsoar.BaseClient(self.secure.url, verify=folder), "GET")

    def test_verify_with_a_path_that_is_none(self):
        for path in ("False", "/nosuch.pem"):
            client = xsoar.BaseClient(self.secure.url, verify=path)
            error = self.raises(OSError, request, client, "GET", says=(
                f"Could not find a suitable TLS CA certificate bundle, invalid path: {path}"))
            self.assertNotIsInstance(error, xsoar.DemistoException)

    def test_ok_codes_empty(self):
        for codes in (None, (), []):
            client = xsoar.BaseClient(self.server.url, ok_codes=codes)
            for status, accepted in ((200, True), (299, True), (304, True), (399, True), (400, False)):
                self.server.otherwise = Answer(status, body=b"")
                if accepted:
                    self.assertEqual(request(client, "GET", resp_type="response").status_code, status)
                else:
                    self.fails(request, client, "GET", resp_type="response")

    def test_auth_of_the_wrong_type(self):
        for auth, name in (({"user": "me"}, "dict"), (["me", "secret"], "list")):
            client = xsoar.BaseClient(self.server.url, auth=auth)
            self.raises(TypeError, request, client, "GET", says=f"'{name}' object is not callable")

    def test_auth_callable(self):
        def auth(prepared):
            self.assertEqual((prepared.method, prepared.url), ("PUT", self.server.url + "/x"))
            self.assertEqual(prepared.body, b"abc")
            prepared.headers["X-Token"] = prepared.headers["X-Name"] + "!"
            return prepared
        request(xsoar.BaseClient(self.server.url, auth=auth), "PUT", "x", data=b"abc", headers={"X-Name": "me"})
        self.assertEqual(self.server.last.value("x-token"), "me!")


class Timeouts(Case):
    def timeout(self, **kwargs):
        return xsoar.BaseClient("http://127.0.0.1", **kwargs).timeout

    def test_the_environment_beats_the_argument(self):
        os.environ["REQUESTS_TIMEOUT"] = "10"
        self.assertEqual(self.timeout(timeout=44), 10)

    def test_the_name_beats_the_system(self):
        os.environ.update({"REQUESTS_TIMEOUT": "10", "REQUESTS_TIMEOUT.Brand": "20", "REQUESTS_TIMEOUT.Script": "30"})
        self.set_platform(Platform(brand="Brand", script="Script"))
        self.assertEqual(self.timeout(), 20)
        self.set_platform(Platform(script="Script"))
        self.assertEqual(self.timeout(), 30)
        self.set_platform(Platform(brand="Another"))
        self.assertEqual(self.timeout(), 10)

    def test_an_empty_one_is_absent(self):
        os.environ.update({"REQUESTS_TIMEOUT": "", "REQUESTS_TIMEOUT.Brand": ""})
        self.set_platform(Platform(brand="Brand"))
        self.assertEqual(self.timeout(timeout=44), 44)

    def test_no_number(self):
        os.environ["REQUESTS_TIMEOUT"] = "abc"
        self.raises(ValueError, self.timeout, says="could not convert string to float: 'abc'")

    def test_none(self):
        self.raises(TypeError, self.timeout, timeout=None)
        os.environ["REQUESTS_TIMEOUT"] = "3"
        self.assertEqual(self.timeout(timeout=None), 3)

    def test_zero_makes_every_request_fail(self):
        os.environ["REQUESTS_TIMEOUT"] = "0"
        with Server() as server:
            client = xsoar.BaseClient(server.url)
            self.assertEqual(client.timeout, 0.0)
            self.raises(ValueError, request, client, "GET", says=(
                "Attempted to set connect timeout to 0.0, but the timeout cannot be set to a value less than or equal "
                "to 0."))
            self.assertEqual(server.seen, [])


class TimeSensitive(Case):
    REACHED = "Time-sensitive command execution time limit (15s) reached before performing the API request."

    def setUp(self):
        super().setUp()
        self.set_platform(Platform(sensitive=True))
        self.clock = self.enter(clock())

    def timeouts(self, client, *moves, **kwargs):
        """What the session is given for each call, after the clock has moved."""
        given, asked = [], client._session.request

        def spy(*args, **arguments):
            given.append(arguments["timeout"])
            return asked(*args, **arguments)
        client._session.request = spy
        for seconds in moves:
            self.clock.now += seconds
            request(client, "GET", resp_type="response", **kwargs)
        return given

    def test_the_deadline_is_shared_by_all_calls(self):
        with Server() as server:
            client = xsoar.BaseClient(server.url, timeout=60)
            self.assertEqual(self.timeouts(client, 0, 5, 9, timeout=40), [15, 10, 1])
            self.clock.now += 1
            self.fails(request, client, "GET", says=self.REACHED)
            self.assertEqual(len(server.seen), 3)

    def test_it_begins_with_the_construction(self):
        client = xsoar.BaseClient("http://127.0.0.1:1")
        self.clock.now += 15
        self.fails(request, client, "GET", says=self.REACHED)

    def test_no_retries(self):
        with Server(tls=certificate(), otherwise=Answer(503, body=b"")) as server:
            client = xsoar.BaseClient(server.url, verify=False)
            self.fails(request, client, "GET", retries=3, status_list_to_retry=[503],
                       says="Error in API call [503] - Service Unavailable\n")
            self.assertEqual(len(server.seen), 1)

    def test_a_class_with_another_limit(self):
        class Quick(xsoar.BaseClient):
            TIME_SENSITIVE_TOTAL_TIMEOUT = 3
        client = Quick("http://127.0.0.1:1")
        self.clock.now += 3
        self.fails(request, client, "GET", says=self.REACHED.replace("15", "3"))

    def test_connect_timeout(self):
        with full_backlog() as port:
            client = xsoar.BaseClient(f"http://127.0.0.1:{port}")
            self.clock.now += 14.8
            error = self.fails(request, client, "GET", says=(
                "Time-sensitive command execution time limit (15s) exceeded. Original error: Connection Timeout Error "
                "- potential reasons might be that the Server URL parameter is incorrect or that the Server is not "
                "accessible from your host."))
        self.assertIsInstance(error.exception, exceptions.ConnectTimeout)

    def test_read_timeout(self):
        with Server(otherwise="stall") as server:
            client = xsoar.BaseClient(server.url)
            self.clock.now += 14.8
            self.raises(exceptions.ReadTimeout, request, client, "GET")

    def test_other_commands_have_no_deadline(self):
        self.set_platform(Platform())
        with Server(otherwise=OK) as server:
            client = xsoar.BaseClient(server.url)
            self.assertEqual(self.timeouts(client, 1000), [60])


class End(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server(otherwise=OK))

    def listed(self, *statuses):
        """The entry after calls that were answered so."""
        client = xsoar.BaseClient(self.server.url)
        for status in statuses:
            self.server.otherwise = answer_json({}, status)
            try:
                request(client, "GET", with_metrics=True)
            except xsoar.DemistoException:
                pass
        del client
        return [entry["APIExecutionMetrics"] for entry in self.platform.entries]

    def test_metrics_in_the_order_of_the_first_of_each(self):
        self.assertEqual(self.listed(429, 200, 500, 200, 429, 401, 404), [[
            {"Type": "QuotaError", "APICallsCount": 2}, {"Type": "Successful", "APICallsCount": 2},
            {"Type": "ServiceError", "APICallsCount": 1}, {"Type": "AuthError", "APICallsCount": 1},
            {"Type": "GeneralError", "APICallsCount": 1}]])

    def test_metrics_that_integrations_count_themselves(self):
        client = xsoar.BaseClient(self.server.url)
        client.execution_metrics.quota_error += 2
        client.execution_metrics.success = 0
        del client
        self.assertEqual([entry["Type"] for entry in self.platform.entries], [19])
        listed = [one for one in self.platform.entries[0]["APIExecutionMetrics"] if one["APICallsCount"]]
        self.assertEqual(listed, [{"Type": "QuotaError", "APICallsCount": 2}])

    def test_the_session_is_closed(self):
        client = xsoar.BaseClient(self.server.url)
        closed = []
        client._session.close = lambda: closed.append(True)
        del client
        self.assertEqual(closed, [True])

    def test_metrics_are_supported_from_6_8(self):
        for version, supported in (("6.8.0", True), ("6.10.0", True), ("8.1.0", True), ("6.7.9", False),
                                   ("5.5.0", False)):
            self.set_platform(Platform(version=version))
            self.assertEqual(bool(xsoar.ExecutionMetrics.is_supported()), supported, version)


if not STANDIN:
    class Platforms(Case):
        """Where the platform's object is found."""

        def test_none_at_all(self):
            xsoar.set_platform(None)
            with Server(otherwise=OK) as server:
                client = xsoar.BaseClient(server.url)
                self.assertEqual(request(client, "GET", with_metrics=True), {"status": "ok"})
                self.assertEqual(xsoar.handle_proxy(), {})
                self.assertFalse(xsoar.ExecutionMetrics.is_supported())
                del client

        def test_where_the_platform_puts_it(self):
            import builtins
            from unittest import mock
            os.environ.update({"REQUESTS_TIMEOUT.Mine": "12", "REQUESTS_TIMEOUT.Mock": "13"})
            xsoar.set_platform(None)
            with mock.patch.dict(sys.modules, demistomock=Platform(brand="Mock")):
                self.assertEqual(xsoar.BaseClient("http://x").timeout, 13)
                with mock.patch.object(builtins, "demisto", Platform(brand="Mine"), create=True):
                    self.assertEqual(xsoar.BaseClient("http://x").timeout, 12)

        def test_when_the_interpreter_ends(self):
            """The module that runs as the program is taken apart then, with the platform's object in it."""
            with Server(otherwise=OK) as server:
                code = f"""
import anycert.xsoar
class Demisto:
    def results(self, entry):
        print(entry["APIExecutionMetrics"])
demisto = Demisto()
client = anycert.xsoar.BaseClient({server.url!r})
client._http_request("GET", with_metrics=True)
"""
                done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((done.stdout, done.stderr), ("[{'Type': 'Successful', 'APICallsCount': 1}]\n", ""))

        def test_versions_with_letters(self):
            for version, supported in (("6.8.0-B12", True), ("8.x", True), ("", False), ("unknown", False)):
                self.set_platform(Platform(version=version))
                self.assertEqual(xsoar.ExecutionMetrics.is_supported(), supported, version)
