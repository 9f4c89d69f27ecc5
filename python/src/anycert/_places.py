"""Files and proxies that callers name: what requests says of those that are not there, and what it takes for granted."""
from __future__ import annotations

from os import environ
from os.path import exists

from ._core import TrustStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PROXY_PORTS = {"http": 80, "https": 443}


def existing(path: Any, what: str = "TLS CA certificate bundle") -> Any:
    """The path, or OSError in requests' words; None is one that nobody has named."""
    if path is not None and not exists(path):
        raise OSError(f"Could not find {'a suitable' if 'CA' in what else 'the'} {what}, "
                      f"invalid path: {path}")
    return path


def check_cert(cert: Any) -> None:
    """OSError if a file of a client certificate is not there."""
    files = (cert,) if isinstance(cert, str) else (cert or ())[:2]
    for path, what in zip(files, ("TLS certificate file", "TLS key file")):
        existing(path, what)


def default_trust_store() -> TrustStore:
    """The TrustStore that the command line uses where none is named: anycert/trust in $XDG_STATE_HOME, or
    in ~/.local/state. OSError if there is no home, or the store cannot be read."""
    state, home = environ.get("XDG_STATE_HOME", ""), environ.get("HOME", "")
    if not state.startswith("/"):  # a relative one does not count (XDG Base Directory Specification)
        if not home.startswith("/"):
            raise OSError("there is no home folder for the trust store; open TrustStore(PATH)")
        state = f"{home}/.local/state"
    return TrustStore(f"{state}/anycert/trust")


def certifi_bundle() -> str | None:
    """The anchors of the package certifi, for systems without any; None if it has none either."""
    try:
        from certifi import where
    except ImportError:
        return None
    path: str = where()
    return path if exists(path) else None


def proxy_url(proxy: str) -> str:
    """A proxy's URL with its scheme and port, where those that requests takes are not said."""
    scheme, mark, rest = proxy.partition("://")
    if not mark:
        scheme, rest = "http", proxy
    end = min(rest.find(c) % (len(rest) + 1) for c in "/?#")
    user, at, place = rest[:end].rpartition("@")
    host, colon, port = place.rpartition(":")
    if not mark and colon and not port:  # "http:/proxy"
        host = ""
    if place.endswith("]") or not colon:
        host, port = place, ""
    port = port or str(_PROXY_PORTS.get(scheme.lower(), 1080))
    if not host:
        from .exceptions import _new
        raise _new("InvalidProxyURL", "Please check proxy URL. It is malformed and could be "
                                      "missing the host.")
    return f"{scheme}://{user}{at}{host}:{port}{rest[end:]}"
