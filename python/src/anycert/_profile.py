"""What a client does with a Profile: which arguments go with it, and what it takes from there."""
from __future__ import annotations

from . import _core
from ._checks import wrong_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Profile = _core.Profile


def profile_of(given: Any, beside: dict[str, Any]) -> _core.Profile:
    """A Profile of one, or of a path. ValueError for what the profile has to say itself."""
    for name, value in beside.items():
        if value is not None:
            raise ValueError(f"{name} does not go with profile: change the profile, with Profile.set()")
    if isinstance(given, Profile):
        return given
    if not isinstance(given, (str, bytes)) and not hasattr(given, "__fspath__"):
        raise wrong_type("profile", "a Profile or a path", given)
    return Profile(given)


def limits(profile: _core.Profile) -> tuple[float, float]:
    """(connect, read) in seconds."""
    return float(profile.value("connect_timeout") or 0), float(profile.value("stall_timeout") or 0)


def max_redirects(profile: _core.Profile) -> int:
    return int(profile.value("max_redirects") or 0)


def shown_url(profile: _core.Profile, suffix: str) -> str:
    """What is behind the profile's URL, for people: without its user, password and query."""
    url = profile.value("url")
    if url is None:
        return suffix  # which is no URL, as the caller will be told
    base = url.partition("?")[0]
    return base + suffix if suffix[:1] == "?" or not suffix else _core.url_join(base, suffix)


def arguments(profile: _core.Profile, given: dict[str, Any]) -> dict[str, Any]:
    """The client's arguments, without those that would say something else than the profile."""
    return {**given, "profile": profile, "max_body": None, "max_redirects": None,
            "allow_downgrade": given["allow_downgrade"] or None}
