"""The environment variables that the base client reads, repairs and deletes, and the functions that do it."""
from __future__ import annotations

import os

from . import _xsoar_platform as platform
from ._checks import wrong_type
from ._environment import forget_ca_bundles

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
SCHEMES = ("http://", "https://", "socks5://", "socks5h://", "socks4://", "socks4a://")

def skip_proxy() -> None:
    """Deletes HTTP_PROXY, HTTPS_PROXY and their lower-case forms from the environment of the process."""
    for name in PROXIES:
        os.environ.pop(name, None)


def skip_cert_verification() -> None:
    """Deletes REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE from the environment of the process.

    That is what other HTTP clients of the process go by. Verifying clients of this package do not lose their anchors
    by it: those that exist have them already, and those made later get what was deleted (unless there is a new value)."""
    forget_ca_bundles()


def ensure_proxy_has_http_prefix() -> None:
    """Puts http:// before each proxy variable's value that has none of the known schemes. Empty values stay."""
    for name in PROXIES:
        value = os.environ.get(name)
        if value and not value.startswith(SCHEMES):
            os.environ[name] = "http://" + value


def handle_insecure(insecure_param_name: str | None = None) -> None:
    """Calls skip_cert_verification() if the instance's parameter `insecure` or `unsecure`, or the one named, is on."""
    names = (insecure_param_name,) if insecure_param_name else ("insecure", "unsecure")
    if any(platform.params().get(name) for name in names):
        skip_cert_verification()


def handle_proxy(proxy_param_name: str = "proxy", checkbox_default_value: bool = False, handle_insecure: bool = True,
                 insecure_param_name: str | None = None) -> dict[str, str]:
    """Does what the instance's parameter for proxies says, for code without a base client.

    On: the variables are repaired, and {"http": URL or "", "https": URL or ""} is what they say, upper case first.
    Off: they are deleted, and the answer is {}. With handle_insecure, also what the function of that name does."""
    proxies: dict[str, str] = {}
    if platform.params().get(proxy_param_name, checkbox_default_value):
        ensure_proxy_has_http_prefix()
        proxies = {scheme: os.environ.get(f"{scheme.upper()}_PROXY") or os.environ.get(f"{scheme}_proxy") or ""
                   for scheme in ("http", "https")}
    else:
        skip_proxy()
    if handle_insecure:
        _handle_insecure(insecure_param_name)
    return proxies


_handle_insecure = handle_insecure  # a parameter has its name


def timeout_in_seconds(given: float) -> float:
    """REQUESTS_TIMEOUT.NAME, with the name of the integration or script that runs, else REQUESTS_TIMEOUT, else what
    was given. Empty ones count as unset. ValueError for text that is no number, TypeError for None."""
    named = os.environ.get("REQUESTS_TIMEOUT." + platform.calling_name())
    said = named or os.environ.get("REQUESTS_TIMEOUT") or given
    try:
        return float(said)
    except TypeError:
        raise wrong_type("timeout", "a number of seconds", said) from None
