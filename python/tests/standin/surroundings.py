"""What surrounds the original client: the platform, the environment, the adapter that trusts anything, joined URLs."""
import os
import ssl
import types

from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
SCHEMES = tuple(name + "://" for name in ("http", "https", "socks5", "socks5h", "socks4", "socks4a"))
SUITES = ("@SECLEVEL=0:ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDH+AESGCM:DH+AESGCM:ECDH+AES:DH+AES:"
          "RSA+ANESGCM:RSA+AES:!aNULL:!eNULL:!MD5:!DSS")
NO_PLATFORM = types.SimpleNamespace(params=dict, callingContext={}, results=lambda entry: None)
_platform = NO_PLATFORM


def set_platform(platform):
    """The object that the platform gives its scripts; None: there is none."""
    global _platform  # pylint: disable=global-statement
    _platform = platform or NO_PLATFORM


def platform():
    return _platform


def skip_proxy():
    for name in PROXIES:
        os.environ.pop(name, None)


def skip_cert_verification():
    for name in BUNDLES:
        os.environ.pop(name, None)


def ensure_proxy_has_http_prefix():
    for name in PROXIES:
        value = os.environ.get(name)
        if value and not value.startswith(SCHEMES):
            os.environ[name] = "http://" + value


def handle_insecure(insecure_param_name=None):
    names = [insecure_param_name] if insecure_param_name else ["insecure", "unsecure"]
    if any(platform().params().get(name) for name in names):
        skip_cert_verification()


def handle_proxy(proxy_param_name="proxy", checkbox_default_value=False, handle_insecure=True,
                 insecure_param_name=None):
    proxies = {}
    if platform().params().get(proxy_param_name, checkbox_default_value):
        ensure_proxy_has_http_prefix()
        for scheme in ("http", "https"):
            name = scheme + "_proxy"
            proxies[scheme] = os.environ.get(name.upper()) or os.environ.get(name) or ""
    else:
        skip_proxy()
    if handle_insecure:
        globals()["handle_insecure"](insecure_param_name)
    return proxies


def urljoin(url, suffix=""):
    return (url if url.endswith("/") else url + "/") + (suffix[1:] if suffix.startswith("/") else suffix)


class SSLAdapter(HTTPAdapter):
    """One context for all of the process, and every adapter without verification changes it."""

    context = create_urllib3_context(ciphers=SUITES)

    def __init__(self, verify=True, **kwargs):
        if not verify:
            self.context.check_hostname = False
            if ssl.OPENSSL_VERSION_INFO >= (3,):
                self.context.options |= 0x4  # the peer may lack secure renegotiation
        super().__init__(**kwargs)

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, ssl_context=self.context, **kwargs)

    def proxy_manager_for(self, *args, **kwargs):
        return super().proxy_manager_for(*args, ssl_context=self.context, **kwargs)
