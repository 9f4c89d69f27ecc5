"""What the environment says: CA bundles and proxies. The C library itself reads none of it."""
import os

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_remembered: "dict[str, str]" = {}


def ca_bundle() -> "str | None":
    """Path of the CA bundle that the environment names, or None; an empty one names none. What
    forget_ca_bundles() took away still counts, as long as neither variable is set anew."""
    values = os.environ if any(name in os.environ for name in _BUNDLES) else _remembered
    return next((values[name] for name in _BUNDLES if values.get(name)), None)


def forget_ca_bundles() -> None:
    """Deletes the variables from the process's environment, as skip_cert_verification() does, and
    remembers them for clients that verify."""
    for name in _BUNDLES:
        value = os.environ.pop(name, None)
        if value:
            _remembered[name] = value


def proxy_variable(scheme: str) -> "str | None":
    """The value of http_proxy and the like; the lower-case name goes first."""
    value = os.environ.get(scheme + "_proxy")
    if value is None and not (scheme == "http" and "REQUEST_METHOD" in os.environ):
        value = os.environ.get(scheme.upper() + "_PROXY")  # not what a CGI client has sent
    return value or None


def proxies() -> "dict[str, str]":
    """The proxies of the environment by scheme, with 'no' for the hosts that need none."""
    found = {}
    for scheme in ("http", "https", "all", "no"):
        value = proxy_variable(scheme)
        if value:
            found[scheme] = value
    return found
