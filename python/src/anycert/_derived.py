"""Sessions of classes that override what requests calls for every request."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def request(session: Any, method: Any, url: Any, params: Any, data: Any, headers: Any, cookies: Any, files: Any, auth: Any,
            json: Any, hooks: Any, **how: Any) -> Any:
    """session.request() by its prepare_request() and send(), as in requests. how: the arguments of send()."""
    from ._prepare import Request
    prepared = session.prepare_request(Request(method, url, headers, files, data, params, auth, cookies, hooks, json))
    return session.send(prepared, **how)
