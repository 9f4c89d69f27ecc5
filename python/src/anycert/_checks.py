"""What is wrong with arguments: TypeError or ValueError, which name them."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NONE_MS = -1  # of a limit: there is none
_INFINITE = float("inf")


def wrong_type(name: str, wanted: str, value: object) -> TypeError:
    """The TypeError for an argument."""
    kind = type(value)
    got = f"{kind.__module__}.{kind.__name__}" if wanted.endswith(kind.__name__) else kind.__name__
    return TypeError(f"{name} has to be {wanted}, not {got}")


def all_of(name: str, values: Any, kind: type, wanted: str) -> Any:
    """A tuple of values of one type. wanted: what they are together."""
    try:
        values = tuple(values)
    except TypeError:
        raise wrong_type(name, wanted, values) from None
    for value in values:
        if not isinstance(value, kind):
            raise wrong_type("each of " + name, kind.__name__, value)
    return values


def count(name: str, number: Any) -> int:
    try:
        return min(max(0, int(number)), 0xFFFFFFFE)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} has to be a number, not {number!r:.60}") from None


def named(name: str, error: Any) -> Any:
    """A UnicodeError that says which argument it is about."""
    error.reason = f"{name}: {error.reason}"
    return error


def milliseconds(name: str, seconds: Any) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise ValueError(f"{name} has to be a number of seconds, not {seconds!r}")
    return int(min(seconds * 1000 + 0.5, 0xFFFFFFFE))


def _limit(name: str, seconds: Any) -> int:
    """Milliseconds of one half of a timeout."""
    if seconds is None or seconds == _INFINITE:
        return NONE_MS
    if isinstance(seconds, bool):
        raise ValueError("Timeout cannot be a boolean value. It must be an int, float or None.")
    try:
        number = None if isinstance(seconds, (str, bytes)) else float(seconds)
    except (TypeError, ValueError):
        number = None
    if number is None:
        raise ValueError(f"Timeout value {name} was {seconds}, but it must be an int, float or "
                         "None.")
    if not number > 0:
        raise ValueError(f"Attempted to set {name} timeout to {seconds}, but the timeout cannot be "
                         "set to a value less than or equal to 0.")
    return max(1, int(min(number * 1000 + 0.5, 0xFFFFFFFE)))


_last_limits: tuple[Any, tuple[int, int]] = (None, (NONE_MS, NONE_MS))  # of the same object, limits_of() says the same


def limits_of(timeout: Any) -> tuple[int, int]:
    """(connect, read) in milliseconds of what requests takes as timeout."""
    global _last_limits
    last, limits = _last_limits
    if timeout is not last:
        limits = _limits_of(timeout)
        if type(timeout) in (int, float) or type(timeout) is tuple and all(
                type(part) in (int, float, type(None)) for part in timeout):
            _last_limits = timeout, limits
    return limits


def _limits_of(timeout: Any) -> tuple[int, int]:
    if timeout is None:
        return NONE_MS, NONE_MS
    if isinstance(timeout, tuple):
        if len(timeout) != 2:
            raise ValueError(f"Invalid timeout {timeout}. Pass a (connect, read) timeout tuple, or a "
                             "single float to set both timeouts to the same value.")
        return _limit("connect", timeout[0]), _limit("read", timeout[1])
    if hasattr(timeout, "start_connect"):
        return _limits_of_object(timeout)
    both = _limit("connect", timeout)
    return both, both


def _limits_of_object(timeout: Any) -> tuple[int, int]:
    """The same of urllib3's Timeout, whose clock begins to run with the request."""
    timeout = timeout.clone()
    timeout.start_connect()
    numbers = (timeout.connect_timeout, timeout.read_timeout)
    connect, read = (n if isinstance(n, (int, float)) and n is not True else None for n in numbers)
    return _limit("connect", connect), _limit("read", read)


def checked_cert(cert: Any) -> Any:
    if isinstance(cert, list):
        cert = tuple(cert)
    if cert in ("", (), False):  # such as a parameter that is not set
        return None
    if not isinstance(cert, (str, tuple)):
        raise wrong_type("cert", "a path, (certificate, key) or (certificate, key, password)", cert)
    if isinstance(cert, tuple):
        if not 1 <= len(cert) <= 3:
            raise ValueError("cert has to be a path, (certificate, key) or (certificate, key, "
                             f"password), not {len(cert)} values")
        for part in cert:
            if part is not None and not isinstance(part, str):
                raise wrong_type("each of cert", "str or None", part)
    return cert
