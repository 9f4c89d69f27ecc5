"""What came back."""
from . import _core
from ._headers import joined


_LARGEST = 1 << 24  # piece of a stream: it is in memory, whatever was asked for


class Hop:
    """One request that was made on the way to the answer."""

    __slots__ = ("url", "status", "reason", "headers", "report", "proxy_report", "reused",
                 "withheld")

    def __init__(self, fields):
        (self.url, self.status, self.reason, pairs, self.report, self.proxy_report, self.reused,
         self.withheld) = fields
        self.headers = joined(pairs)

    def __repr__(self):
        return f"<Hop {self.status} {self.url}>"


class Response(_core.Response):
    """An answer, with the attributes and methods of requests.Response, and `report` and `hops`."""

    connection = None
    _stream = None  # of a body that is read as it comes
    _consumed = False
    _raw = None  # once it was asked for

    # ---- what the slots of the C class are filled with

    def _make_headers(self):
        return joined(self._header_list())

    def _make_text(self):
        content = self.content
        if not content:
            return ""
        encoding = self.encoding or self.apparent_encoding
        try:
            return str(content, encoding, errors="replace")
        except (LookupError, TypeError):
            return str(content, errors="replace")

    def _make_history(self):
        if self._hop_count() < 2:
            return []
        from ._cookies import Cookies
        history = []
        for fields in self._hop_list()[:-1]:
            hop = Response()
            hop.url, hop.status_code, hop.reason, pairs, hop.report = fields[:5]
            hop.headers = joined(pairs)
            hop._content = b""
            hop.cookies = Cookies.of_headers(pairs, hop.url)
            hop.history = list(history)
            hop.request = self._request_after(history, hop.url)
            history.append(hop)
        return history

    def _make_request(self):
        return self._request_after(self.history, self.url)

    def _request_after(self, history, url):
        """The request that was sent to the URL, after those redirects."""
        if self._info is None:
            return None
        request = self._info.prepared(sent=True)
        for hop in history:
            request.url = url
            if request.method == "POST" and hop.status_code in (301, 302) \
                    or hop.status_code == 303 and request.method not in ("GET", "HEAD"):
                request.method, request.body = "GET", None
                for name in ("Content-Type", "Content-Length", "Transfer-Encoding"):
                    request.headers.pop(name, None)
        if history and _origin(history[0].url) != _origin(url):
            self._forget_secrets(request.headers)
        return request

    def _forget_secrets(self, headers):
        """Takes away what the library keeps from other origins: a hook that sends the request again would send it."""
        declared = {name.lower() for name in getattr(self._info, "key", _NO_KEY)[-1]}
        for name in [name for name in headers if _core.is_secret_header(name) or name.lower() in declared]:
            del headers[name]

    def _make_elapsed(self):
        from datetime import timedelta
        return timedelta(microseconds=self._timings()[3])

    def _make_cookies(self):
        from ._cookies import Cookies
        return Cookies.of_headers(self._header_list(), self.url)

    # ---- the body

    @property
    def content(self):
        """The body as bytes."""
        if self._stream is not None:
            self._content = b"".join(self._pieces(65536))
            self._consumed = False  # it is there to stay
        if self._consumed:
            raise RuntimeError("The content for this response was already consumed")
        return self._content

    @property
    def apparent_encoding(self):
        """The encoding that the bytes look like."""
        content = self.content
        if content[:3] == b"\xef\xbb\xbf":
            return "utf-8-sig"
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        try:
            content.decode("ascii")
            return "ascii"
        except UnicodeDecodeError:
            pass
        try:
            content.decode("utf-8")
            return "utf-8"
        except UnicodeDecodeError:
            return "Windows-1252"

    def json(self, **kwargs):
        """The body as Python objects. JSONDecodeError if it is no JSON."""
        if not kwargs:
            value = self._fast_json()
            if value is not NotImplemented:
                return value
        from ._json import loads_response
        return loads_response(self, kwargs)

    def iter_content(self, chunk_size=1, decode_unicode=False):
        """The body in pieces of chunk_size bytes; None: as they come."""
        if chunk_size is not None and not isinstance(chunk_size, int):
            raise TypeError(f"chunk_size must be an int, it is instead a {type(chunk_size)}.")
        if chunk_size is not None and chunk_size < 0:
            raise ValueError(f"chunk_size has to be 1 or more, or None, not {chunk_size}")
        if self._consumed:
            from .exceptions import _new
            raise _new("StreamConsumedError",
                       "The content for this response was already consumed")
        chunks = self._chunks(chunk_size)
        return self._decoded(chunks) if decode_unicode and self.encoding else chunks

    def _pieces(self, size):
        """What has not come yet, until the end."""
        fill = "content-length" in self.headers and "content-encoding" not in self.headers
        wanted = min(size or 65536, _LARGEST)
        while self._stream is not None:
            piece = self._stream.read(wanted, fill and size is not None)
            if not piece:
                break
            yield piece
        stream, self._stream, self._consumed = self._stream, None, True
        if stream is not None:
            stream.close()

    def _chunks(self, size):
        if self._stream is not None:
            yield from self._pieces(size)
            return
        content = self._content
        size = size or len(content) or 1
        for start in range(0, len(content), size):
            yield content[start:start + size]

    def _decoded(self, chunks):
        import codecs
        decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        for chunk in chunks:
            text = decoder.decode(chunk)
            if text:
                yield text
        text = decoder.decode(b"", final=True)
        if text:
            yield text

    def iter_lines(self, chunk_size=512, decode_unicode=False, delimiter=None):
        """The body line by line, without their ends."""
        if delimiter is not None and not isinstance(delimiter, (str, bytes)):
            raise TypeError(f"delimiter has to be str or bytes, not {type(delimiter).__name__}")
        pending = None
        for chunk in self.iter_content(chunk_size=chunk_size, decode_unicode=decode_unicode):
            if pending is not None:
                chunk = pending + chunk
            lines = chunk.split(delimiter) if delimiter else chunk.splitlines()
            pending = None
            if lines and lines[-1] and chunk and lines[-1][-1] == chunk[-1]:
                pending = lines.pop()
            yield from lines
        if pending is not None:
            yield pending

    # ---- the status

    def raise_for_status(self):
        """HTTPError if the status is 400 or more."""
        status, reason = self.status_code, self.reason
        if status is None or not 400 <= status < 600:
            return
        if isinstance(reason, bytes):
            reason = reason.decode("utf-8", "replace")
        side = "Client" if status < 500 else "Server"
        from .exceptions import _new
        raise _new("HTTPError", f"{status} {side} Error: {reason} for url: {self.url}",
                   response=self)

    @property
    def is_redirect(self):
        """True if the answer is a redirect that could be followed."""
        return "location" in self.headers and self.status_code in (301, 302, 303, 307, 308)

    @property
    def is_permanent_redirect(self):
        """True if it is one for good."""
        return "location" in self.headers and self.status_code in (301, 308)

    @property
    def next(self):
        """The PreparedRequest that would follow a redirect which was not followed, or None."""
        if not self.is_redirect or self._info is None:
            return None
        return self._request_after([*self.history, self], _joined(self.url, self.headers["location"]))

    @property
    def links(self):
        """The Link header, by rel (or URL)."""
        header = self.headers.get("link")
        found = {}
        for link in _parse_links(header) if header else ():
            found[link.get("rel") or link.get("url")] = link
        return found

    @property
    def hops(self):
        """A Hop for each request that was made, redirects included."""
        return [Hop(fields) for fields in self._hop_list()]

    # ---- life

    @property
    def raw(self):
        """The body as a file, decoded; always the same one. For answers that are made by hand, a file
        may be put here."""
        if self._raw is None:
            from ._raw import Raw
            self._raw = Raw(self)
        return self._raw

    @raw.setter
    def raw(self, file):
        self._raw = file
        if hasattr(file, "read"):
            self._stream, self._consumed = _File(file), False

    def close(self):
        """Lets go of the connection, if it is still in use."""
        if self._raw is not None:
            getattr(self._raw, "_close", self._raw.close)()
        if self._stream is not None:
            self._stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __bool__(self):
        return self.ok

    def __reduce__(self):
        """What has been received is pickled and copied, without the report of the connection."""
        if not self._consumed:
            self.content  # pylint: disable=pointless-statement  # all of it
        return _restored, (type(self), {name: getattr(self, name) for name in _KEPT})

    def __copy__(self):
        copied = _restored(*self.__reduce__()[1])
        copied.report = self.report
        return copied

    def __iter__(self):
        return self.iter_content(128)

    def __repr__(self):
        return f"<Response [{self.status_code}]>"


class _File:
    """What a file that was put in place of the body is read as."""

    def __init__(self, file):
        self._file = file

    def read(self, size, fill=False):
        return self._file.read(size)

    def close(self):
        """Nothing: it is whoever's who has put it there."""


_NO_KEY = ((),)  # of what has declared no further ones


def _origin(url):
    from urllib.parse import urlsplit
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _joined(url, reference):
    from urllib.parse import urljoin
    return urljoin(url, reference)


_KEPT = ("_content", "status_code", "reason", "url", "encoding", "headers", "history", "cookies",
         "elapsed", "request")


def _restored(cls, state):
    """A response that __reduce__ has taken apart."""
    response = cls()
    for name, value in state.items():
        setattr(response, name, value)
    return response


def _parse_links(value):
    """As requests.utils.parse_header_links()."""
    links = []
    value = value.strip(" '\"")
    if not value:
        return links
    import re
    for part in re.split(", *<", value):
        url, _, params = part.partition(";")
        link = {"url": url.strip("<> '\"")}
        for param in params.split(";"):
            key, equals, text = param.partition("=")
            if not equals or "=" in text:
                break
            link[key.strip(" '\"")] = text.strip(" '\"")
        links.append(link)
    return links
