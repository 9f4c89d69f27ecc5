"""NTLM, which authenticates a connection and not a request. requests_ntlm speaks it from outside, and
counts on the next request going over the same connection; here no two credentials ever share one, so
the library speaks it, with the user and the password of that object."""
from __future__ import annotations

from urllib.parse import urlsplit

from ._checks import named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ORIGIN = "anycert origin"  # among a request's hooks, which its redirects share


def credentials_of(auth: object) -> tuple[bytes, bytes, bytes] | None:
    """(user, password, scheme) for C if auth is an HttpNtlmAuth, of requests_ntlm or ours."""
    if not any(kind.__name__ == "HttpNtlmAuth" and
               kind.__module__.partition(".")[0] in ("requests_ntlm", "anycert")
               for kind in type(auth).__mro__):
        return None
    texts = []
    for name in ("username", "password"):
        text = getattr(auth, name)
        if not isinstance(text, str) or "\0" in text:
            raise ValueError(f"the {name} of HttpNtlmAuth has to be a str without NUL characters")
        if name == "username" and getattr(auth, "domain", None):  # older versions keep it apart
            text = f"{getattr(auth, 'domain')}\\{text}"
        try:
            texts.append(text.encode("latin1"))
        except UnicodeEncodeError as error:
            raise named("auth", error) from None
    return texts[0], texts[1], b"ntlm"


def of_hooks(hooks: Any) -> object:
    """The HttpNtlmAuth that has hung itself into a prepared request, or None."""
    for hook in (hooks or {}).get("response") or ():
        owner = getattr(hook, "__self__", None)
        if owner is not None and credentials_of(owner):
            return owner
    return None


def without(hooks: Any, auth: object) -> dict[str, list[Any]]:
    """The other hooks."""
    return {"response": [hook for hook in hooks["response"]
                         if getattr(hook, "__self__", None) is not auth]}


def may_go_to(hooks: dict[str, Any], url: str) -> bool:
    """False once a redirect of requests' has led to another origin than the credentials are for."""
    parts = urlsplit(url)
    origin = parts.scheme, parts.hostname, parts.port
    return bool(hooks.setdefault(_ORIGIN, origin) == origin)
