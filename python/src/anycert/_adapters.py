"""What is mounted on a session: which adapters do the sending, and how often those that do not want a request to be made
again."""
from __future__ import annotations

import sys

from ._retry import Retry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ALL_METHODS = "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS,TRACE"


class HTTPAdapter:
    """What is mounted for a URL's beginning. Of ours, the session looks at max_retries alone."""

    def __init__(self, pool_connections: int = 10, pool_maxsize: int = 10, max_retries: Any = 0,
                 pool_block: bool = False) -> None:
        self.max_retries = max_retries

    def close(self) -> None:
        """Nothing: connections are the session's."""


def is_foreign(adapter: Any) -> bool:
    """Whether it does the sending. Ours do not, nor does requests' own, as it is: that would be another way to do
    the same. Classes that are derived from it do what is special about them."""
    return not isinstance(adapter, HTTPAdapter) and not _is_ours(adapter) and not _is_of_requests(adapter)


def _is_ours(adapter: Any) -> bool:
    """Whether it is of a class of ours that a session need not ask to send, or derived from one and does not send in a
    way of its own."""
    for kind in type(adapter).__mro__:
        if "send" in vars(kind):
            return "_anycert_adapter" in vars(kind) and "send" not in getattr(adapter, "__dict__", ())
    return False


def _is_of_requests(adapter: Any) -> bool:
    plain = getattr(sys.modules.get("requests.adapters"), "HTTPAdapter", None)
    return type(adapter) is plain and (isinstance(adapter.max_retries, int) or
                                       type(adapter.max_retries).__module__ == "urllib3.util.retry")


def retry_of(adapter: Any) -> Retry | None:
    """What an adapter that does not send says with max_retries, a number or urllib3's Retry; None: nothing."""
    given = getattr(adapter, "max_retries", None)
    if isinstance(given, Retry):
        return given if given.total else None
    if isinstance(given, int):
        return Retry(given, backoff_factor=0) if given > 0 else None
    if given is None or not hasattr(given, "status_forcelist"):
        return None
    counts = [given.total] if given.total is not None else [given.connect, given.read, given.status]
    total = max((int(count) for count in counts if count), default=0)
    if total <= 0:
        return None
    methods = getattr(given, "allowed_methods", ())
    return Retry(total, backoff_factor=given.backoff_factor, backoff_jitter=getattr(given, "backoff_jitter", 0),
                 statuses=given.status_forcelist, methods=",".join(methods) if methods else _ALL_METHODS,
                 raise_on_status=given.raise_on_status, backoff_max=getattr(given, "backoff_max", 120),
                 retry_after_max=21600 if given.respect_retry_after_header else 0)
