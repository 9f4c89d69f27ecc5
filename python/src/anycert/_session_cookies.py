"""The cookies of a session, which has several clients of the library once its requests differ in anchors, proxies,
client certificates and the like. Each has cookies of its own; here those that may meet are kept the same."""
from __future__ import annotations

import _thread
from os import getpid

from ._cookies import Cookie, Cookies, host_of, of_netscape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import _core

    Place = tuple[str, str, str]

_new_lock = getattr(_thread, "RLock")  # which not every mypy knows
_CLOCKS = 2  # seconds by which two clients may differ about when a cookie ends


def _place(cookie: Cookie) -> Place:
    return cookie.name, cookie.domain, cookie.path


def _same(one: Cookie | None, other: Cookie) -> bool:
    if one is None or (one.value, one.secure, one.http_only) != (other.value, other.secure, other.http_only):
        return False
    return bool(one.expires) == bool(other.expires) and abs((one.expires or 0) - (other.expires or 0)) <= _CLOCKS


def _put(client: _core.Client, cookie: Cookie, is_gone: bool = False) -> None:
    host = cookie.domain.lstrip(".")
    text = cookie.set_cookie(None if cookie.domain.startswith(".") else host) + ("; Max-Age=0" if is_gone else "")
    try:
        client.add_cookie(text, f"https://{f'[{host}]' if ':' in host else host}{cookie.path}")
    except ValueError:
        pass  # what may not be set there, or the client has just been closed


def _jar(client: _core.Client) -> dict[Place, Cookie]:
    return {_place(cookie): cookie for cookie in of_netscape(client.cookies())}


class _Kind:
    """Clients whose cookies may meet, as the same peers are let in by all of them, or only authenticated ones."""

    def __init__(self, kind: object) -> None:
        self.kind = kind
        self.known: dict[Place, Cookie] = {}  # what all of them had the last time, and closed ones have left
        self.met: list[_core.Client] = []  # who had it

    def even(self, clients: list[_core.Client]) -> None:
        """What one has learned, or taken away, since the last time holds for all."""
        jars = []
        for client in clients:
            try:
                jars.append((client, _jar(client)))
            except ValueError:
                pass  # it has just been closed
        before = self.known
        self.known = dict(before)
        for client, jar in jars:
            if any(client is other for other in self.met):
                for place in before.keys() - jar.keys():
                    self.known.pop(place, None)
        for _, jar in jars:
            self.known.update({place: cookie for place, cookie in jar.items() if not _same(before.get(place), cookie)})
        for client, jar in jars:
            for place, cookie in self.known.items():
                if not _same(jar.get(place), cookie):
                    _put(client, cookie)
            for place in jar.keys() - self.known.keys():
                _put(client, jar[place], is_gone=True)
        self.met = [client for client, _ in jars]


class SessionCookies(Cookies):
    """What was set by hand, and what servers have set in the session's clients.

    clients: the session's, by key; kinds: of the same keys, what tells whose cookies may meet. Both change."""

    def __init__(self, clients: dict[Any, _core.Client], kinds: dict[Any, object]) -> None:
        super().__init__()
        self._list: list[Cookie] = []
        self._clients, self._kinds = clients, kinds
        self._groups: list[_Kind] = []
        # By hand: it is given to a client when a request goes to one of its hosts, and once, as what the server makes
        # of it counts from then on. (cookie, group, host): where that was.
        self._given: list[tuple[Cookie, _Kind, str]] = []
        self._locks = getpid(), _new_lock()

    @property
    def _lock(self) -> Any:
        """For one thread at a time, and again for what a signal has it do meanwhile. Whoever had it when the process
        was forked lets it go in the parent alone."""
        if self._locks[0] != getpid():
            self._locks = getpid(), _new_lock()
        return self._locks[1]

    def _group(self, kind: object) -> _Kind:
        for group in self._groups:
            if group.kind is kind:
                return group
        self._groups.append(_Kind(kind))
        return self._groups[-1]

    def _members(self, kind: object) -> list[_core.Client]:
        return [client for key, client in list(self._clients.items()) if self._kinds[key] is kind]

    def even(self) -> None:
        """Clients whose cookies may meet have the same ones from here on."""
        with self._lock:
            kinds = list(self._kinds.values())
            self._groups = [group for group in self._groups
                            if isinstance(group.kind, bool) or any(group.kind is kind for kind in kinds)]
            for kind in kinds:
                self._group(kind)
            for group in self._groups:
                group.even(self._members(group.kind))

    def prepare(self, key: Any, client: _core.Client, url: str) -> None:
        """Before a request of a client: it has what the others have, and what was set by hand."""
        kind = self._kinds[key]
        if len(self._members(kind)) > 1 or self._group(kind).known:
            self.even()
        host = host_of(url)
        place = "https" + url[url.index(":"):]  # what is Secure was set by hand, and did not come over http
        with self._lock:
            group = self._group(kind)
            for cookie in list(self._list):
                domain = cookie.domain.lstrip(".")
                if (not domain or host == domain or host.endswith("." + domain)) and not any(
                        c is cookie and g is group and h == host for c, g, h in self._given):
                    client.add_cookie(cookie.set_cookie(host), place)
                    self._given.append((cookie, group, host))

    # ---- as a mapping

    def _copies(self, is_meant: Callable[[Cookie], bool]) -> list[tuple[Place, str | None]]:
        """Where clients have what was set by hand, and its value."""
        return [((cookie.name, host, cookie.path), cookie.value) for cookie, _, host in self._given if is_meant(cookie)]

    def _is_theirs(self, cookie: Cookie) -> bool:
        """Whether clients say what has become of one that was set by hand."""
        for given, group, host in self._given:
            if given is cookie:
                now = group.known.get((cookie.name, host, cookie.path))
                if cookie.domain or (now is not None and now.value != cookie.value):
                    return True
        return False

    def _all(self) -> list[Cookie]:
        self.even()
        with self._lock:
            found = {_place(cookie): cookie for cookie in self._list if not self._is_theirs(cookie)}
            copies = self._copies(lambda cookie: not cookie.domain)
            for group in self._groups:
                for place, cookie in group.known.items():
                    if (place, cookie.value) not in copies:
                        found.setdefault(place, cookie)
        return list(found.values())

    def _forget(self, cookie: Cookie) -> None:
        """One that was set by hand is not any more, whatever clients have."""
        self._list[:] = [c for c in self._list if _place(c) != _place(cookie)]
        self._given = [(c, group, host) for c, group, host in self._given if _place(c) != _place(cookie)]

    def set_cookie(self, cookie: Any) -> None:
        """Adds a cookie, of http.cookiejar or ours, in place of one of the same name, domain and path."""
        if not isinstance(cookie, Cookie):
            cookie = Cookie(cookie.name, cookie.value, cookie.domain, cookie.path, cookie.secure, cookie.expires)
        with self._lock:
            self._forget(cookie)
            self._list.append(cookie)

    def _remove(self, cookie: Cookie) -> None:
        with self._lock:
            copies = self._copies(lambda other: _place(other) == _place(cookie))
            self._forget(cookie)
            for group in self._groups:
                for place, known in list(group.known.items()):
                    if place == _place(cookie) or (place, known.value) in copies:
                        del group.known[place]
                        for client in self._members(group.kind):
                            _put(client, Cookie(known.name, "", known.domain, known.path), is_gone=True)

    def kept(self) -> Any:
        """What outlasts the clients, for restore(): what was set by hand, and cookies of authenticated peers and of
        others, which do not meet afterwards either."""
        self.even()
        with self._lock:
            copies = self._copies(lambda cookie: not cookie.domain)
            return ([cookie for cookie in self._list if not self._is_theirs(cookie)],
                    {group.kind: [cookie for place, cookie in group.known.items() if (place, cookie.value) not in copies]
                     for group in self._groups if isinstance(group.kind, bool)})

    def restore(self, kept: Any) -> None:
        """What kept() gave."""
        by_hand, of_kinds = kept
        with self._lock:
            self._list.extend(by_hand)
            for kind, cookies in of_kinds.items():
                self._group(kind).known.update({_place(cookie): cookie for cookie in cookies})

    def __reduce__(self) -> Any:
        return Cookies, (self._all(),)
