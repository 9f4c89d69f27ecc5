"""When a request is made again."""
from __future__ import annotations

from ._checks import all_of, count, milliseconds, wrong_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Retry:
    """When a request is made again.

    total: how often at most. backoff_factor: seconds; before the nth retry (but the first) it waits
    backoff_factor * 2**(n - 1), with up to backoff_jitter seconds more, at most backoff_max: 0, 10 and
    20 seconds by default, where urllib3 waits for nothing. statuses: after which a request is made
    again; besides them 413, 429 and 503 with a Retry-After, which is waited for up to retry_after_max
    seconds. methods: whose requests may be made again once a server may have seen them, a name or
    several; None: the idempotent ones. raise_on_status: RetryError when a status is still there after
    the last retry, else that answer (urllib3's default is the error). raise_on_redirect: TooManyRedirects
    after more redirects than Session.max_redirects, else the last answer. TypeError and ValueError say
    which of these makes no sense."""

    __slots__ = ("total", "backoff_factor", "backoff_jitter", "backoff_max", "statuses", "methods",
                 "raise_on_redirect", "raise_on_status", "retry_after_max", "_tuple")

    def __init__(self, total: int = 0, backoff_factor: float = 5, backoff_jitter: float = 0.0,
                 statuses: Iterable[int] = (), methods: str | Iterable[str] | None = None,
                 raise_on_redirect: bool = True, raise_on_status: bool = False,
                 retry_after_max: float = 120, backoff_max: float = 120) -> None:
        self.total, self.backoff_factor, self.backoff_jitter = total, backoff_factor, backoff_jitter
        if isinstance(statuses, (str, bytes)):
            raise wrong_type("statuses", "several numbers", statuses)
        self.statuses: tuple[int, ...] = all_of("statuses", statuses or (), int, "several numbers")
        self.methods = methods
        self.raise_on_redirect, self.raise_on_status = raise_on_redirect, raise_on_status
        self.retry_after_max, self.backoff_max = retry_after_max, backoff_max
        names = methods if methods is None or isinstance(methods, str) else \
            ",".join(all_of("methods", methods, str, "str, several or None"))
        self._tuple = (count("total", total), milliseconds("backoff_factor", backoff_factor),
                       milliseconds("backoff_jitter", backoff_jitter), milliseconds("backoff_max", backoff_max),
                       tuple(min(max(status, 0), 1000) for status in self.statuses), names,
                       milliseconds("retry_after_max", retry_after_max), bool(raise_on_status))
