"""What goes into the platform's log when a command is debugged: requests and answers, without their secrets."""
from __future__ import annotations

from . import _xsoar_platform as platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REPLACED = "<XX_REPLACED>"
# A header's value ends with the line, be it a real end or the "\r\n" of a Python literal; a literal's quote stays.
_HEADER = (
    r"""\b((?:proxy-)?authorization|(?:set[-_])?cookie|(?:x-)?api-?key|credentials|client_name)\b(:[ \t]*)"""
    r"""(bearer[ ]|jwt[ ])?(?:(?!\\r\\n)[^\r\n])+?(?=['"]?(?:\\r\\n|[\r\n]|$))""")
_QUERY = r"""\b(api_?key=)[^&#\s'"]*"""


def censor_request_logs(request_log: str) -> str:
    """The text with <XX_REPLACED> in place of what the headers Authorization (its "Bearer" or "JWT" stays), Cookie,
    Set-Cookie, apiKey, credentials and client_name say, and of `apikey=` in URLs."""
    import re  # pylint: disable=import-outside-toplevel  # which keeps what it has compiled
    request_log = re.sub(_HEADER, lambda match: f"{match[1]}{match[2]}{match[3] or ''}{REPLACED}", request_log,
                         flags=re.IGNORECASE)
    return re.sub(_QUERY, lambda match: match[1] + REPLACED, request_log, flags=re.IGNORECASE)


def log_exchange(response: Any) -> None:
    """The request of a response, and its status and headers, line by line. Nothing unless the command is debugged."""
    if not platform.is_debug():
        return
    sent = getattr(response, "request", None)
    lines = [f"send: {getattr(sent, 'method', '')} {getattr(sent, 'url', '')}"]
    lines += [f"send: {name}: {value}" for name, value in dict(getattr(sent, "headers", None) or {}).items()]
    lines.append(f"reply: {response.status_code} {response.reason}")
    lines += [f"header: {name}: {value}" for name, value in response.headers.items()]
    for line in lines:
        platform.debug(censor_request_logs(line))
