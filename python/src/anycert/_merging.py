"""What a session and a request say of the same thing, put together as requests does it."""
from __future__ import annotations

from ._checks import all_of, wrong_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ._cookies import Cookies


def merged_params(own: Any, given: Any) -> Any:
    """Parameters of the query."""
    if not own or isinstance(own, (str, bytes)) or isinstance(given, (str, bytes)):
        return given or own
    try:
        merged = {**dict(own), **dict(given or {})}
    except (TypeError, ValueError):
        raise ValueError("params has to be a mapping, pairs or a query, of the session and of the "
                         "request") from None
    return given if given and not (hasattr(own, "items") and hasattr(given, "items")) else merged


def cookies_of(cookies: Any) -> Cookies:
    """A jar of what requests takes as cookies."""
    from ._cookies import Cookies
    jar = Cookies()
    try:
        jar.update(cookies)
    except (TypeError, ValueError) as error:
        if "of a cookie" in str(error):
            raise TypeError(f"cookies: {error}") from None
        raise wrong_type("cookies", "a mapping, pairs or a cookie jar", cookies) from None
    return jar


def merged_hooks(own: Any, given: Any) -> list[Callable[..., Any]]:
    """The callables for an answer."""
    for hooks in (given, own):
        if hooks and not hasattr(hooks, "get"):
            raise wrong_type("hooks", "a mapping", hooks)
    for event in given or ():
        if event != "response":
            raise ValueError(f"Unsupported event specified, with event name {event!r}")
    hooks = given.get("response") if given else None
    hooks = own.get("response") if own and (hooks is None or hooks == []) else hooks
    if callable(hooks):
        return [hooks]
    hooks = all_of("hooks", hooks or (), object, "callables")
    for hook in hooks:
        if not callable(hook):
            raise wrong_type("each of hooks", "callable", hook)
    return list(hooks)
