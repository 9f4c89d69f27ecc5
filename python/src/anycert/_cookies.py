"""Cookies as Python sees them. Those of servers are kept, and sent, by the C library."""
from _collections_abc import MutableMapping


class Cookie:
    """One cookie."""

    __slots__ = ("name", "value", "domain", "path", "secure", "expires", "http_only")

    # What http.cookiejar.Cookie has besides: as of any cookie of today.
    version, port, port_specified, path_specified, rfc2109 = 0, None, False, True, False
    comment = comment_url = None

    def __init__(self, name, value, domain="", path="/", secure=False, expires=None,
                 http_only=False):
        self.name, self.value, self.domain, self.path = name, value, domain, path
        self.secure, self.expires, self.http_only = secure, expires, http_only

    def __repr__(self):
        return f"<Cookie {self.name}={self.value} for {self.domain}{self.path}>"

    @property
    def discard(self):
        """Whether it ends with the session."""
        return self.expires is None

    @property
    def domain_specified(self):
        """Whether it is for subdomains, too."""
        return self.domain.startswith(".")

    domain_initial_dot = domain_specified

    def is_expired(self, now=None):
        """Whether its time is over."""
        if self.expires is None:
            return False
        if now is None:
            import time
            now = time.time()
        return self.expires <= now

    def has_nonstandard_attr(self, name):
        """Whether it has such an attribute: HttpOnly, if any."""
        return name.lower() == "httponly" and self.http_only

    def get_nonstandard_attr(self, name, default=None):
        return None if self.has_nonstandard_attr(name) else default

    def is_for(self, url):
        """Whether the URL's host and path are its own; without a domain it is for every host."""
        authority, _, path = url.partition("://")[2].partition("/")
        host, domain = authority.rpartition("@")[2].partition(":")[0], self.domain.lstrip(".")
        return (not domain or host == domain or host.endswith("." + domain)) \
            and ("/" + path).startswith(self.path or "/") \
            and (not self.secure or url.startswith("https://"))

    def set_cookie(self, host):
        """The text behind Set-Cookie."""
        text = f"{self.name}={self.value}; Path={self.path or '/'}"
        if self.domain and self.domain.lstrip(".") != host:
            text += f"; Domain={self.domain}"
        if self.expires:
            text += "; Expires=" + _date(self.expires)
        return text + ("; Secure" if self.secure else "") + ("; HttpOnly" if self.http_only else "")


def _date(seconds):
    """Seconds since 1970 as HTTP writes them, in English everywhere."""
    import time
    at = time.gmtime(seconds)
    day, month = "MonTueWedThuFriSatSun"[at[6] * 3:][:3], "JanFebMarAprMayJunJulAugSepOctNovDec"[at[1] * 3 - 3:][:3]
    return f"{day}, {at[2]:02} {month} {at[0]} {at[3]:02}:{at[4]:02}:{at[5]:02} GMT"


def of_netscape(text):
    """The cookies of a Netscape cookie file."""
    found = []
    for line in text.splitlines():
        http_only = line.startswith("#HttpOnly_")
        fields = line[10 if http_only else 0:].split("\t")
        if len(fields) != 7 or line.startswith("# "):
            continue
        domain, _, path, secure, expires, name, value = fields
        found.append(Cookie(name, value, domain, path, secure == "TRUE", int(expires) or None,
                            http_only))
    return found


def host_of(url):
    """The host of a URL, which may be None."""
    authority = (url or "").partition("://")[2].partition("/")[0].rpartition("@")[2]
    return authority[1:].partition("]")[0] if authority[:1] == "[" else authority.partition(":")[0]


class Cookies(MutableMapping):
    """Cookies by name, with what integrations use of requests' RequestsCookieJar."""

    def __init__(self, cookies=()):
        self._list = list(cookies)

    @classmethod
    def of_headers(cls, pairs, url):
        """Those that an answer sets."""
        host = host_of(url)
        jar = cls()
        for name, value in pairs:
            if name.lower() == "set-cookie":
                jar._take(value, host)
        return jar

    def _take(self, text, host):
        first, *rest = text.split(";")
        name, equals, value = first.strip().partition("=")
        if not equals:
            return
        cookie = Cookie(name.strip(), value.strip(), host)
        for attribute in rest:
            key, _, text = attribute.strip().partition("=")
            key = key.lower()
            if key == "domain" and text:
                cookie.domain = text if text.startswith(".") else "." + text
            elif key == "path" and text:
                cookie.path = text
            elif key == "secure":
                cookie.secure = True
            elif key == "httponly":
                cookie.http_only = True
            elif key == "max-age" and text.lstrip("-").isdigit() and int(text) <= 0:
                return  # it takes one away
        self.set_cookie(cookie)

    def _all(self):
        return self._list

    def set_cookie(self, cookie):
        """Adds a cookie, of http.cookiejar or ours, in place of one of the same name, domain and path."""
        if not isinstance(cookie, Cookie):
            cookie = Cookie(cookie.name, cookie.value, cookie.domain, cookie.path, cookie.secure, cookie.expires)
        self._list[:] = [c for c in self._list
                         if (c.name, c.domain, c.path) != (cookie.name, cookie.domain, cookie.path)]
        self._list.append(cookie)

    def set(self, name, value, domain="", path="/", secure=False, **_):
        """Adds a cookie; a value of None takes it away."""
        if value is None:
            for cookie in [c for c in self._all() if c.name == name]:
                self._remove(cookie)
            return None
        if not isinstance(value, (str, int, float)):
            raise TypeError(f"the value of a cookie has to be str, not {type(value).__name__}")
        cookie = Cookie(name, str(value), domain or "", path or "/", secure)
        self.set_cookie(cookie)
        return cookie

    def _remove(self, cookie):
        self._list.remove(cookie)

    def get(self, name, default=None, domain=None, path=None):
        """The value of a cookie."""
        for cookie in self._all():
            if cookie.name == name and domain in (None, cookie.domain) \
                    and path in (None, cookie.path):
                return cookie.value
        return default

    def __getitem__(self, name):
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name, value):
        self.set(name, value)

    def __delitem__(self, name):
        found = [cookie for cookie in self._all() if cookie.name == name]
        if not found:
            raise KeyError(name)
        for cookie in found:
            self._remove(cookie)

    def __iter__(self):
        return iter(self._all())  # as requests: cookies, not names

    def __contains__(self, name):
        return any(cookie.name == name for cookie in self._all())

    def __len__(self):
        return len(self._all())

    def keys(self):
        return [cookie.name for cookie in self._all()]

    def values(self):
        return [cookie.value for cookie in self._all()]

    def items(self):
        return [(cookie.name, cookie.value) for cookie in self._all()]

    def update(self, other=(), **kwargs):
        """Adds those of a mapping, of pairs or of another jar."""
        if isinstance(other, Cookies) or hasattr(other, "extract_cookies"):
            for cookie in other:
                self.set(cookie.name, cookie.value, cookie.domain, cookie.path, cookie.secure)
            other = ()
        if isinstance(other, (str, bytes)):
            raise TypeError(f"cookies has to be a mapping, pairs or a jar, not {type(other).__name__}")
        for name, value in (other.items() if hasattr(other, "items") else other):
            self.set(name, value)
        for name, value in kwargs.items():
            self.set(name, value)

    def clear(self, domain=None, path=None, name=None):
        """Takes away all, or those of a domain, path and name."""
        for cookie in list(self._all()):
            if domain in (None, cookie.domain) and path in (None, cookie.path) \
                    and name in (None, cookie.name):
                self._remove(cookie)

    def clear_session_cookies(self):
        """Takes away those that end with the session."""
        self._clear(lambda cookie: cookie.discard)

    def clear_expired_cookies(self):
        """Takes away those whose time is over."""
        self._clear(lambda cookie: cookie.is_expired())

    def _clear(self, is_meant):
        for cookie in list(self._all()):
            if is_meant(cookie):
                self._remove(cookie)

    def list_domains(self):
        """Their domains, each once."""
        return list(dict.fromkeys(cookie.domain for cookie in self._all()))

    def list_paths(self):
        """Their paths, each once."""
        return list(dict.fromkeys(cookie.path for cookie in self._all()))

    def multiple_domains(self):
        """Whether there is a domain with more than one of them."""
        domains = [cookie.domain for cookie in self._all()]
        return len(domains) != len(set(domains))

    def get_dict(self, domain=None, path=None):
        """{name: value}."""
        return {cookie.name: cookie.value for cookie in self._all()
                if domain in (None, cookie.domain) and path in (None, cookie.path)}

    def copy(self):
        return Cookies(self._all())

    def __repr__(self):
        return f"<Cookies {self.items()!r}>"
