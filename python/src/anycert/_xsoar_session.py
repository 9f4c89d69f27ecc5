"""Where the base client gets its session from, and what it tells it."""
from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

RETRY_AFTER_MAX = 21600  # seconds, as the original's library has it
RETRIED_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def make_session(environment_proxies: bool, **trust: Any) -> Any:
    """A session with the environment's proxies, or with none; its anchors are what the environment says now."""
    from ._session import Session  # pylint: disable=import-outside-toplevel
    return Session(environment_proxies=environment_proxies, proxy_follows_verify=True, **trust)


def times(retries: Any) -> int:
    """How often that is; 0 for less than none."""
    try:
        return max(0, int(retries or 0))
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"retries has to be a number, not {retries!r}") from None


def make_retry(total: int, statuses: Collection[int] | None, backoff_factor: float, backoff_jitter: float,
               raise_on_status: bool, raise_on_redirect: bool) -> Any:
    """What one call wants to be made again after."""
    from ._session import Retry  # pylint: disable=import-outside-toplevel
    statuses = statuses or ()
    if not hasattr(statuses, "__iter__") or not all(isinstance(status, int) for status in statuses):
        raise TypeError(f"status_list_to_retry has to be statuses, such as [429, 503], not {statuses!r}")
    return Retry(total=total, backoff_factor=backoff_factor, backoff_jitter=backoff_jitter,
                 statuses=tuple(statuses), methods=RETRIED_METHODS, raise_on_status=raise_on_status,
                 raise_on_redirect=raise_on_redirect, retry_after_max=RETRY_AFTER_MAX)


def checked_verify(verify: Any) -> Any:
    """verify as a session takes it: True (for None, too), False, the path of anchors, a policy, or a file of them.
    ValueError for what is none of these: nothing that is merely empty or zero turns verification off."""
    if verify is None or verify is True:
        return True
    if verify is False:
        return False
    if isinstance(verify, (str, os.PathLike)) and os.fspath(verify):
        return os.fspath(verify)
    if type(verify).__module__ == "anycert" and type(verify).__name__ in ("Policy", "PolicyFile"):
        return verify
    raise ValueError(f"verify must be True, False, a path, a Policy or a PolicyFile, not {verify!r}")


def is_own(verify: Any) -> bool:
    """Whether it is a policy or a file of them, which the original does not know, nor its advice."""
    return not isinstance(verify, (bool, str))


def accepts_anything(verify: Any) -> bool:
    """Whether nothing about a certificate is refused, so that no check box could help any further."""
    if isinstance(verify, (bool, str)):
        return verify is False
    rung = str(verify).partition(" ")[0].partition("+")[0]
    return rung in ("trust-any", "report-only", "antique")
