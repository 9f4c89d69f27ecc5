"""generic_http_request, the counters by themselves, the module of the original's name."""
import inspect
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile
from unittest import mock

from common.case import Case
from common.server import OK, Server, certificate
from common.subject import STANDIN, xsoar



class Generic(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server(otherwise=OK))

    def test_order_and_defaults(self):
        wanted = ("method server_url timeout=60 verify=True proxy=False client_headers=None headers=None url_suffix=None "
                  "data=None ok_codes=None auth=None error_handler=None files=None params=None retries=0 "
                  "resp_type='json' status_list_to_retry=None json_data=None return_empty_response=False "
                  "backoff_factor=5 raise_on_redirect=False raise_on_status=False empty_valid_codes=None "
                  "params_parser=None with_metrics=False **kwargs").split()
        shown = [str(one.replace(annotation=inspect.Parameter.empty))
                 for one in inspect.signature(xsoar.generic_http_request).parameters.values()]
        self.assertEqual(shown, wanted)

    def test_http_request_order_and_defaults(self):
        wanted = ("self method url_suffix='' full_url=None headers=None auth=None json_data=None params=None data=None "
                  "files=None timeout=None resp_type='json' ok_codes=None return_empty_response=False retries=0 "
                  "status_list_to_retry=None backoff_factor=5 backoff_jitter=0.0 raise_on_redirect=False "
                  "raise_on_status=False error_handler=None empty_valid_codes=None params_parser=None "
                  "with_metrics=False **kwargs").split()
        shown = [str(one.replace(annotation=inspect.Parameter.empty))
                 for one in inspect.signature(xsoar.BaseClient._http_request).parameters.values()]
        self.assertEqual(shown, wanted)

    def test_everything_is_passed_on(self):
        answer = xsoar.generic_http_request(
            "POST", self.server.url + "/api", 5, True, False, {"A": "1"}, None, "x", None, (200,), ("me", "secret"),
            params={"q": "1"}, json_data={"a": 1}, resp_type="text", cookies={"c": "d"}, with_metrics=True)
        sent = self.server.last
        self.assertEqual((answer, sent.method, sent.target, sent.body),
                         ('{"status": "ok"}', "POST", "/api/x?q=1", b'{"a": 1}'))
        self.assertEqual((sent.value("a"), sent.value("cookie"), sent.value("authorization")),
                         ("1", "c=d", "Basic bWU6c2VjcmV0"))
        self.assertEqual([entry["Type"] for entry in self.platform.entries], [19])

    def test_each_argument_is_passed_on(self):
        given = {name: object() for name in inspect.signature(xsoar.generic_http_request).parameters if name != "kwargs"}
        with mock.patch.object(xsoar.BaseClient, "__init__", return_value=None) as made, \
                mock.patch.object(xsoar.BaseClient, "_http_request") as called:
            xsoar.generic_http_request(**given, stream=True)
        self.assertEqual((made.call_count, called.call_count), (1, 1))
        of_client = inspect.signature(xsoar.BaseClient).bind(*made.call_args.args, **made.call_args.kwargs).arguments
        own = {"base_url": "server_url", "headers": "client_headers"}
        for name in ("base_url", "timeout", "verify", "proxy", "headers", "ok_codes", "auth"):
            self.assertIs(of_client[name], given[own.get(name, name)], name)
        of_call = inspect.signature(xsoar.BaseClient._http_request).bind(None, *called.call_args.args,
                                                                         **called.call_args.kwargs).arguments
        of_call.update(of_call.pop("kwargs"))
        self.assertIs(of_call.pop("stream"), True)
        for name in given.keys() - {"server_url", "timeout", "verify", "proxy", "client_headers", "ok_codes", "auth"}:
            self.assertIs(of_call[name], given[name], name)

    def test_headers_override_all_of_client_headers(self):
        xsoar.generic_http_request("GET", self.server.url, url_suffix="", client_headers={"A": "1", "B": "2"},
                                   headers={"A": "3"})
        self.assertEqual((self.server.last.value("a"), self.server.last.value("b")), ("3", None))

    def test_full_url(self):
        xsoar.generic_http_request("GET", "http://nowhere.invalid", full_url=self.server.url + "/full")
        self.assertEqual(self.server.last.target, "/full")


class Counters(Case):
    def test_names(self):
        self.assertEqual({name: value for name, value in vars(xsoar.ErrorTypes).items() if name.isupper()}, {
            "SUCCESS": "Successful", "QUOTA_ERROR": "QuotaError", "GENERAL_ERROR": "GeneralError",
            "AUTH_ERROR": "AuthError", "SERVICE_ERROR": "ServiceError", "CONNECTION_ERROR": "ConnectionError",
            "PROXY_ERROR": "ProxyError", "SSL_ERROR": "SSLError", "TIMEOUT_ERROR": "TimeoutError",
            "RETRY_ERROR": "RetryError"})

    def test_counting(self):
        metrics = xsoar.ExecutionMetrics()
        self.assertEqual([getattr(metrics, name.lower()) for name in vars(xsoar.ErrorTypes) if name.isupper()], [0] * 10)
        metrics.retry_error += 1
        metrics.success += 1
        metrics.retry_error += 1
        self.assertEqual((metrics.retry_error, metrics.success, metrics.ssl_error), (2, 1, 0))


if not STANDIN:
    SHIM = pathlib.Path(__file__).resolve().parents[2] / "shim"

    class Shim(Case):
        """CommonServerPython, in an interpreter of its own."""

        def run_python(self, code, *arguments):
            path = os.pathsep.join([str(SHIM), *filter(None, sys.path)])
            done = subprocess.run([sys.executable, "-c", code, *arguments], env={**os.environ, "PYTHONPATH": path},
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return done.stdout

        def test_verbatim(self):
            with Server({"/status": OK}, tls=certificate()) as server:
                shown = self.run_python(f'''
from CommonServerPython import BaseClient
client = BaseClient(base_url="https://localhost:{server.port}", verify=False)
response = client._http_request("GET", "/status")
print(response)
''')
                self.assertEqual(shown, "{'status': 'ok'}\n")

        def test_names(self):
            shown = self.run_python("import CommonServerPython as c, anycert.xsoar as x\n"
                                    "print(all(getattr(c, n) is getattr(x, n) for n in c.__all__))\n"
                                    "print(*sorted(c.__all__))")
            self.assertEqual(shown.split("\n")[0], "True")
            self.assertLessEqual(
                {"BaseClient", "DemistoException", "ExecutionMetrics", "ErrorTypes", "SSLAdapter",
                 "skip_cert_verification", "skip_proxy", "handle_proxy", "handle_insecure",
                 "ensure_proxy_has_http_prefix", "urljoin", "generic_http_request"}, set(shown.split("\n")[1].split()))

        def test_wheel(self):
            with tempfile.TemporaryDirectory() as folder:
                name = self.run_python("import sys; sys.path.insert(0, sys.argv[1]); import anycert_shim_build as build; "
                                       "print(build.build_wheel(sys.argv[2]))", str(SHIM / "backend"), folder).strip()
                self.assertTrue(name.endswith("-py3-none-any.whl"), name)
                with zipfile.ZipFile(pathlib.Path(folder, name)) as wheel:
                    modules = [entry for entry in wheel.namelist() if ".dist-info/" not in entry]
                    self.assertEqual(modules, ["CommonServerPython.py"])
                    self.assertEqual(wheel.read(modules[0]), (SHIM / modules[0]).read_bytes())

        def test_nothing_of_requests_is_imported(self):
            with Server({"/status": OK}, tls=certificate()) as server:
                shown = self.run_python(f'''
import sys
from CommonServerPython import *
client = BaseClient("https://localhost:{server.port}", verify=False)
client._http_request("GET", "/status")
try:
    client._http_request("GET", "/status", ok_codes=(404,))
except DemistoException as error:
    print(error)
print([name for name in ("requests", "urllib3", "ssl", "http.client") if name in sys.modules])
''')
                self.assertEqual(shown, 'Error in API call [200] - OK\n{"status": "ok"}\n[]\n')
