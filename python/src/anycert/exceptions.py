"""Exceptions: the classes of requests by name, with what anycert knows about a failure.

Where ``requests.exceptions`` has been imported when an exception is raised, its class derives from
requests' class of the same name, too, so that ``except requests.exceptions.ConnectionError`` catches
it. Nothing here imports requests."""
import sys


class RequestException(OSError):
    """What every failure of a request is.

    code, name: of the library's error, such as 302 and 'TRUST_NAME'; None where it is none.
    message: the library's sentence alone. os_errno: the system's number, such as errno.ECONNREFUSED, or
    None. request, response: what was sent and what came, or None. report: what was checked on the last
    hop, or None. hops: those on the way, as Response has them. diagnosis: a ShortDiagnosis, why it failed
    and what would do; None where no connection, proxy or TLS has failed. Report, hops and diagnosis stay
    with the process: a copy that was pickled has none."""

    code = None
    name = None
    message = ""
    os_errno = None
    report = None
    diagnosis = None
    hops = ()

    def __init__(self, *args, **kwargs):
        # Not super(): requests' class may be in between, and would forget these.
        OSError.__init__(self, *args)
        self.response = kwargs.pop("response", None)
        self.request = kwargs.pop("request", None)
        if self.request is None and self.response is not None:
            self.request = getattr(self.response, "request", None)

    def __reduce__(self):
        # Classes that are two in one have no place of their own; reports stay with the process.
        state = {name: value for name, value in self.__dict__.items()
                 if name not in ("report", "hops", "diagnosis")}
        cls = type(self)
        if cls in _combined.values():
            return _again, (cls.__name__, self.args, state)
        return cls, self.args, state


class Cause(Exception):
    """What failures of a connection have as their first argument, where requests has an exception
    of urllib3, so that error.args[0].args[0] is the text. reason: the library's sentence."""

    reason = ""


class InvalidJSONError(RequestException):
    """A JSON value that cannot be sent, or a text that is none."""


class HTTPError(RequestException):
    """A status that is an error."""


class ConnectionError(RequestException):
    """No whole answer came."""


class ProxyError(ConnectionError):
    """The proxy failed or refused."""


class SSLError(ConnectionError):
    """TLS failed, or the policy refused the server."""


class Timeout(RequestException):
    """A time limit was reached."""


class ConnectTimeout(ConnectionError, Timeout):
    """The one for connecting."""


class ReadTimeout(Timeout):
    """The one between bytes of the answer."""


class URLRequired(RequestException):
    """There is no URL."""


class TooManyRedirects(RequestException):
    """More redirects than are followed."""


class MissingSchema(RequestException, ValueError):
    """The URL has no scheme."""


class InvalidSchema(RequestException, ValueError):
    """The URL's scheme is not http or https."""


class InvalidURL(RequestException, ValueError):
    """The URL is not understood."""


class InvalidHeader(RequestException, ValueError):
    """A header that may not be sent."""


class InvalidProxyURL(InvalidURL):
    """The proxy's URL is not understood."""


class ChunkedEncodingError(RequestException):
    """The body ended before its end."""


class ContentDecodingError(RequestException):
    """The body's encoding is broken."""


class StreamConsumedError(RequestException, TypeError):
    """The body has been read already."""


class RetryError(RequestException):
    """All retries are used up."""


class UnrewindableBodyError(RequestException):
    """The body would have to be sent again, and cannot be read again."""


class PolicyError(ValueError):
    """A policy or a policy file that is not understood, does not go together, or asks for what
    this version cannot do. code, name: of the library's error, such as 201 and 'POLICY_SYNTAX'."""

    code = None
    name = None
    diagnosis = None


class PolicyForbidden(PolicyError):
    """A policy that the administrator of the machine forbids (anycert-ceiling(5))."""


_combined = {}


def _class(name):
    """The class to raise: ours, or ours and requests'."""
    ours = globals().get(name) or __getattr__(name)
    theirs = getattr(sys.modules.get("requests.exceptions"), name, None)
    if theirs is None or not isinstance(theirs, type) or issubclass(ours, theirs):
        return ours
    both = _combined.get((ours, theirs))
    if both is None:
        both = _combined[ours, theirs] = type(
            name, (ours, theirs), {"__module__": __name__, "__doc__": ours.__doc__})
    return both


def _new(name, *args, **kwargs):
    return _class(name)(*args, **kwargs)


def _again(name, args, state):
    """An exception that __reduce__ has taken apart."""
    error = _class(name)(*args)
    error.__dict__.update(state)
    return error


def __getattr__(name):
    # Importing json takes as long as everything else here; few need it.
    if name == "JSONDecodeError":
        import json

        class JSONDecodeError(InvalidJSONError, json.JSONDecodeError):
            """The text is not JSON."""

            def __init__(self, *args, **kwargs):
                json.JSONDecodeError.__init__(self, *args)
                self.response = kwargs.pop("response", None)
                self.request = kwargs.pop("request", None)

            def __reduce__(self):
                return _again, ("JSONDecodeError", (self.msg, self.doc, self.pos), {})

        JSONDecodeError.__qualname__ = "JSONDecodeError"
        globals()[name] = JSONDecodeError
        return JSONDecodeError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _bad_header(name, value):
    part = 1 if isinstance(name, (str, bytes)) else 0
    what = (name, value)[part]
    if isinstance(what, (str, bytes)):
        return _new("InvalidHeader", "Invalid leading whitespace, reserved character(s), or return "
                                     f"character(s) in header value: {what!r}")
    return _new("InvalidHeader", f"Header part ({what!r}) from ({name!r}, {value!r}) must be of type "
                                 f"str or bytes, not {type(what)}")


def _pool(url):
    """How requests names the pool in its messages: without user, password and query."""
    scheme, _, rest = (url or "").partition("://")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.rpartition("@")[2].rpartition(":")
    if not colon or not port.isdigit():
        host, port = authority.rpartition("@")[2], "443" if scheme.lower() == "https" else "80"
    path = slash + path if slash else "/"
    kind = "HTTPSConnectionPool" if scheme.lower() == "https" else "HTTPConnectionPool"
    return f"{kind}(host={host.strip('[]')!r}, port={port})", path.partition("?")[0]


def _seconds(ms):
    return f"{ms / 1000:g}"


def _connecting(name, cause, message, url):
    pool, path = _pool(url)
    return name, f"{pool}: Max retries exceeded with url: {path} (Caused by {cause}({message!r}))"


def _timeout(name, message, response, url, connect_ms, read_ms, began):
    pool, path = _pool(url)
    # A handshake that was begun has a report, though not every libcurl tells when it connected.
    connected = response is not None and (response._timings()[1] > 0 or response.report is not None)
    if name == "TIMEOUT_CONNECT" and not connected:
        limit = f"Connection to {url_host(url)} timed out. (connect timeout={_seconds(connect_ms)})"
        return "ConnectTimeout", (f"{pool}: Max retries exceeded with url: {path} "
                                  f"(Caused by ConnectTimeoutError({limit!r}))")
    if name == "TIMEOUT_CONNECT":
        return "ReadTimeout", f"{pool}: Read timed out. (read timeout={_seconds(connect_ms)})"
    if name == "TIMEOUT_STALL":
        text = f"{pool}: Read timed out. (read timeout={_seconds(read_ms)})"
        # requests calls it so once the header has come.
        return ("ConnectionError" if began else "ReadTimeout"), text
    return "Timeout", message


def url_host(url):
    return _pool(url)[0].partition("'")[2].partition("'")[0]


_BY_NAME = {
    "URL": "InvalidURL", "HEADER": "InvalidHeader", "BODY_TRUNCATED": "ChunkedEncodingError",
    "BODY_ENCODING": "ContentDecodingError", "BODY_READ": "UnrewindableBodyError",
    "AUTH": "RequestException", "HTTP_STATUS": "HTTPError", "BODY_JSON": "InvalidJSONError",
}
_CAUSES = {"RESOLVE": "NameResolutionError", "CONNECT": "NewConnectionError"}
_IN_PYTHON = (("(--trust-store FILE)", "(trust_store=PATH)"),)
_TRUST, _TLS, _NETWORK, _TIMEOUT, _PROXY, _USAGE = 3, 4, 5, 6, 7, 2


def _describe(name, kind, message, response, url, connect_ms, read_ms, began):
    """Class and text as requests would have them, with our sentence inside."""
    if kind in (_TRUST, _TLS):
        return _connecting("SSLError", "SSLError", message, url)
    if kind == _TIMEOUT:
        return _timeout(name, message, response, url, connect_ms, read_ms, began)
    if kind == _PROXY:
        return _connecting("ProxyError", "ProxyError", message, url)
    if name == "REDIRECTS":
        if "cannot be rewound" in message:
            return "UnrewindableBodyError", message
        return ("InvalidSchema" if "cannot be followed" in message else "TooManyRedirects"), message
    if name == "RESET":
        return "ConnectionError", f"('Connection aborted.', RemoteDisconnected({message!r}))"
    if kind == _NETWORK:
        return _connecting("ConnectionError", _CAUSES.get(name, "ProtocolError"), message, url)
    if name == "HTTP_RETRIES":
        status = response.status_code if response is not None else 0
        return _connecting("RetryError", "ResponseError",
                           f"too many {status} error responses", url)
    return _BY_NAME.get(name, "RequestException"), message


def _add_note(error, report):
    """The command of the message as a call, for who has no command line; shown from Python 3.11 on."""
    error.__notes__ = ["in Python, once the key has been compared: TrustStore(PATH).add("
                       f"{report.host!r}, {report.port}, pins={report.pin!r})"]


def _make(code, name, kind, message, os_errno, response, info, url, connect_ms, read_ms, began,
          diagnosis=None):
    """The exception for an error of the library."""
    if kind == _USAGE and name not in _BY_NAME:
        for option, argument in _IN_PYTHON:
            message = message.replace(option, argument)
        if name in ("ANCHORS", "FILE", "CLIENT_CERT", "TRUST_STORE"):
            error = OSError(message)
        elif name == "POLICY_FORBIDDEN":
            error = PolicyForbidden(message)
        elif name.startswith("POLICY_"):
            error = PolicyError(message)
        else:
            error = ValueError(message)
        error.code, error.name = code, name
        return error
    if url is None and info is not None:
        url = info.url
    class_name, text = _describe(name, kind, message, response, url, connect_ms, read_ms, began)
    cause = text
    if kind in (_TRUST, _TLS, _NETWORK, _TIMEOUT, _PROXY):
        cause = Cause(text)
        cause.reason = message
    error = _class(class_name)(cause)
    error.code, error.name, error.message = code, name, message
    error.os_errno = os_errno or None
    if diagnosis is not None:
        error.diagnosis = diagnosis
    if response is not None:
        error.report = response.report
        error.hops = response.hops
        if response.status_code:
            error.response = response
    if name in ("TRUST_UNKNOWN", "TRUST_CHANGED") and error.report is not None and error.report.pin:
        _add_note(error, error.report)
    if info is not None:
        error.request = info.prepared(sent=True) if hasattr(info, "prepared") else info
    return error
