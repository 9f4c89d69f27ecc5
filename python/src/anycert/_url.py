"""URLs, written as requests writes them."""
from __future__ import annotations

from ._core import is_plain_url as is_plain

_HEX = frozenset("0123456789abcdefABCDEF")
_UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_MARKS = "!$&'()*+,;=:@/?"  # that a path or query has as they are (RFC 3986)
_PLAIN = _UNRESERVED.union(_MARKS, "#")


def check_url(url: object) -> str:
    """The URL as str, written as requests writes it, with its errors for what is none."""
    if isinstance(url, bytes):
        try:
            url = url.decode("utf8")
        except UnicodeDecodeError as error:
            from ._checks import named
            raise named("url", error) from None
    elif not isinstance(url, str):
        url = str(url)
    url = url.lstrip()
    if url[:8] == "https://" or url[:7] == "http://":
        return url if is_plain(url) else _normal(url)
    from .exceptions import _new
    scheme, mark, rest = url.partition(":")
    if mark and scheme.lower() in ("http", "https"):
        if rest[:2] != "//":
            raise _new("InvalidURL", f"Invalid URL {url!r}: No host supplied")
        return check_url(scheme.lower() + url[len(scheme):])
    if mark and not url.lower().startswith("http"):
        raise _new("InvalidSchema", f"No connection adapters were found for {url!r}")
    raise _new("MissingSchema", f"Invalid URL {url!r}: No scheme supplied. "
                                f"Perhaps you meant https://{url}?")


def _normal(url: str) -> str:
    """The host in small letters, and a path; without dot segments in that; behind the host %XX for what
    may not stand there, and characters for what need not be %XX."""
    scheme, mark, rest = url.partition("://")
    end = min(rest.find(c) % (len(rest) + 1) for c in "/?#")
    user, at, host = rest[:end].rpartition("@")
    if "%" not in host:  # which a zone has, and names of zones are as they are
        host = host.lower()
    rest, fragment_mark, fragment = rest[end:].partition("#")
    path, query_mark, query = rest.partition("?")
    if host and not path:  # or an @ of the query would end the name of a user
        path = "/"
    if "/." in path:
        path = _without_dots(path)
    return "".join((scheme, mark, user, at, host, quoted(path), query_mark, quoted(query), fragment_mark,
                    quoted(fragment)))


def _without_dots(path: str) -> str:
    """As RFC 3986, section 5.2.4."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _has_stray_percent(text: str) -> bool:
    """Whether a % begins no escape; then none is taken for one."""
    return "%" in text and not all(
        len(part) > 1 and part[0] in _HEX and part[1] in _HEX for part in text.split("%")[1:])


def without_controls(query: str) -> str:
    """A query with %XX for its control characters, but for NUL, which is refused later."""
    return "".join(f"%{ord(c):02X}" if c in "\x7f" or "\0" < c < " " else c for c in query)


def quoted(text: str) -> str:
    """A path or query with %XX for what may not stand in one."""
    if _PLAIN.issuperset(text):
        return text
    from urllib.parse import quote
    try:
        text = quote(text, safe=_MARKS if _has_stray_percent(text) else _MARKS + "%")
    except UnicodeEncodeError as error:
        raise ValueError(f"url: {error}") from None
    first, *escapes = text.split("%")
    for escape in escapes:
        character = chr(int(escape[:2], 16))
        first += character if character in _UNRESERVED else "%" + escape[:2].upper()
        first += escape[2:]
    return first
