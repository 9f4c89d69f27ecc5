"""The base client's exception, and the sentences that callers of the original know and match on."""
from __future__ import annotations

import sys

from . import exceptions
from ._xsoar_metrics import ErrorTypes
from ._xsoar_session import times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._core import ShortDiagnosis

TIMEOUT = ("Connection Timeout Error - potential reasons might be that the Server URL parameter is incorrect or that "
           "the Server is not accessible from your host.")
TLS = ("SSL Certificate Verification Failed - try selecting 'Trust any certificate' checkbox in the integration "
       "configuration.")
PROXY = ("Proxy Error - if the 'Use system proxy' checkbox in the integration configuration is selected, try clearing "
         "the checkbox.")
UNREACHABLE = "Verify that the server URL parameter is correct and that you have access to the server from your host."


class DemistoException(Exception):
    """Whatever a call of the base client failed with, unless it is an exception of the session's own.

    message: the text. exception: what was raised underneath, or None. res: the response, or None. error_type: for
    callers, who may say what they like."""

    __module__ = "anycert.xsoar"  # where programs have it from, which tracebacks and pickles name

    def __init__(self, message: Any, exception: Any = None, res: Any = None, error_type: Any = None,
                 *args: Any) -> None:
        super().__init__(message, exception, error_type, *args)
        self.message = message
        self.exception = exception
        self.res = res
        self.error_type = error_type

    @property
    def diagnosis(self) -> ShortDiagnosis | None:
        """Why the request failed and what would do, as what was raised underneath has it; None if nothing has."""
        return getattr(self.exception, "diagnosis", None)

    def __str__(self) -> str:
        return str(self.message)


# What is raised, and what is counted, in this order: some are kinds of what comes after them.
_KINDS = (
    ("ConnectTimeout", ErrorTypes.TIMEOUT_ERROR),
    ("SSLError", ErrorTypes.SSL_ERROR),
    ("ProxyError", ErrorTypes.PROXY_ERROR),
    ("ReadTimeout", ErrorTypes.TIMEOUT_ERROR),
    ("ConnectionError", ErrorTypes.CONNECTION_ERROR),
    ("RetryError", ErrorTypes.RETRY_ERROR),
    ("ChunkedEncodingError", ErrorTypes.CONNECTION_ERROR),
    ("TooManyRedirects", ErrorTypes.GENERAL_ERROR),
)


def is_a(error: BaseException, name: str) -> bool:
    """Whether it is an instance of that class of anycert.exceptions, or of requests', which a session that somebody
    put in place of ours raises."""
    theirs = getattr(sys.modules.get("requests.exceptions"), name, ())
    return isinstance(error, (getattr(exceptions, name), theirs) if theirs else getattr(exceptions, name))


def kind_of(error: BaseException) -> tuple[str, str] | None:
    """The name of its class and what it counts as; None for what nobody counts."""
    for name, kind in _KINDS:
        if is_a(error, name):
            return name, kind
    return None


def _unreachable(error: Any) -> str:
    name = type(error).__name__
    text = f"{UNREACHABLE}\nError Type: <requests.exceptions.{name}>\n"
    if getattr(error, "errno", None) and getattr(error, "strerror", None):
        return f"{text}Error Number: [{error.errno}]\nMessage: {error.strerror}"
    return text + str(error)


def _refused(error: Any, own: bool) -> str:
    """The line that everybody knows, unless there is no check box that the caller could select; what was wrong, which
    names the relaxations that let it through; and who it was that ended the handshake, if anybody did."""
    report: Any = getattr(error, "report", None)
    side = getattr(report, "refused_by", "")
    lines = [] if own else [TLS]
    lines.append(getattr(error, "message", "") or str(error))
    if side == "us":
        lines.append(f"Refused by: this client, under the policy {report.policy}")
    elif side == "peer":
        lines.append("Refused by: the server")
    command = getattr(getattr(error, "diagnosis", None), "command", "")
    if own and command:
        lines.append(f"More: {command}")
    return "\n".join(lines)


def _exhausted(error: Any, retries: int) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        reason = f"too many {response.status_code} error responses"
    else:
        reason = str(getattr(error.args[0] if error.args else None, "reason", None) or "")
    return f"Max Retries Error- Request attempts with {retries} retries failed. \nReason: {reason}"


def after_retries(error: Any, retries: int) -> Any:
    """A wait for an answer that was too long each time is a ConnectionError to callers of the original."""
    if times(retries) and is_a(error, "ReadTimeout"):
        instead = exceptions._new("ConnectionError", str(error), request=getattr(error, "request", None))
        for name in ("code", "name", "message", "report", "diagnosis"):
            setattr(instead, name, getattr(error, name, None))
        instead.__cause__ = error
        return instead
    return error


def translated(error: Any, retries: int, own: bool) -> DemistoException | None:
    """What the caller gets in place of an exception of the session; None: that exception itself. own: it was under a
    policy, and not under verify=True."""
    name = (kind_of(error) or ("", ""))[0]
    if name == "ConnectTimeout":
        text = TIMEOUT
    elif name == "SSLError":
        text = _refused(error, own)
    elif name == "ProxyError":
        text = PROXY
    elif name == "ConnectionError":
        text = _unreachable(error)
    elif name == "RetryError":
        text = _exhausted(error, retries)
    else:
        return None
    return DemistoException(text, error)
