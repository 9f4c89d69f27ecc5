"""Requests as Python objects: for callables that sign them, for answers that show them, and for
what is prepared first and sent later."""
from io import TextIOBase

from ._headers import CaseInsensitiveDict


def hide_user(url):
    scheme, mark, rest = url.partition("://")
    end = min(rest.find(c) % (len(rest) + 1) for c in "/?#")
    return scheme + mark + rest[:end].rpartition("@")[2] + rest[end:]


def with_params(url, params):
    """A URL with parameters behind its query, as requests has it."""
    if not params:
        return url
    url, mark, fragment = url.partition("#")
    if isinstance(params, bytes):
        params = params.decode()
    if isinstance(params, str):
        from ._url import quoted
        query = quoted(params)
    else:
        query = encode_pairs(params)
    if not query:
        return url + mark + fragment
    return f"{url}{'&' if '?' in url else '?'}{query}{mark}{fragment}"


def pairs_of(data):
    """(name, value) of a mapping or of pairs, each value of a list by itself."""
    for name, values in (data.items() if hasattr(data, "items") else data):
        if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
            values = [values]
        for value in values:
            if value is not None:
                yield name, value


def encode_pairs(data):
    """A form or query of a mapping or of pairs."""
    from urllib.parse import urlencode
    return urlencode(list(pairs_of(data)), doseq=True)


def file_parts(files):
    """[(field, filename or None, bytes or a file, type or None, pairs of header fields)] of what
    requests takes as files."""
    from ._checks import wrong_type
    parts, seen = [], []
    try:
        pairs = [(field, value)
                 for field, value in (files.items() if hasattr(files, "items") else files)]
    except (TypeError, ValueError):
        raise wrong_type("files", "a mapping or pairs", files) from None
    for field, value in pairs:
        content_type, headers = None, ()
        if isinstance(value, (tuple, list)):
            if not 2 <= len(value) <= 4:
                raise ValueError("files: a tuple has 2 to 4 members: name, content, type, headers")
            filename, content, *rest = value
            content_type = rest[0] if rest else None
            if len(rest) > 1 and rest[1]:
                try:
                    headers = CaseInsensitiveDict(rest[1])
                except (TypeError, ValueError):
                    raise wrong_type("files: the headers of a part", "a mapping or pairs",
                                     rest[1]) from None
                content_type = content_type or headers.get("Content-Type")
                # These two are made of the rest of the tuple, as with requests.
                headers = [(name, value) for name, value in headers.items() if value is not None
                           and name.lower() not in ("content-type", "content-disposition")]
        else:
            filename, content = guess_filename(value) or field, value
        if any(content is other for other in seen):
            content = b""  # a file that is there twice has nothing left, as with requests
        elif hasattr(content, "read") and _can_be_streamed(content):
            seen.append(content)
        elif hasattr(content, "read"):
            content = content.read()
        if content is None:
            continue
        for what, part, kinds in (("the name", field, (str, bytes)),
                                  ("the file name", filename, (str, bytes, type(None))),
                                  ("the type", content_type, (str, type(None)))):
            if not isinstance(part, kinds):
                raise wrong_type(f"files: {what} of a part", "str", part)
        parts.append((_text(field), filename if filename is None else _text(filename),
                      _content(content), content_type, headers))
    return parts


def _text(name):
    """As requests writes it: that of an Enum which is a str is its value."""
    return name.decode() if isinstance(name, bytes) else "".join(name) if isinstance(name, str) else str(name)


def _content(content):
    if hasattr(content, "read"):
        return content
    if isinstance(content, (str, int)):
        return content.encode() if isinstance(content, str) else str(content).encode()
    try:
        return bytes(memoryview(content))  # what is a list of numbers is no file
    except TypeError:
        raise TypeError(f"files: content has to be bytes, str or a file, not "
                        f"{type(content).__name__}") from None


def _can_be_streamed(file):
    """Whether its length is known before it is read. Many servers take no form of unknown length."""
    if hasattr(file, "encoding") or not hasattr(file, "tell"):
        return False
    try:
        return bool(file.seekable())
    except AttributeError:
        return False


def whole_parts(parts):
    """The same parts, with nothing left to be read."""
    return [(field, filename, content if isinstance(content, bytes) else content.read(), kind,
             headers) for field, filename, content, kind, headers in parts]


def guess_filename(file):
    name = getattr(file, "name", None)
    if name and isinstance(name, str) and name[0] != "<" and name[-1] != ">":
        return name.replace("\\", "/").rpartition("/")[2]
    return None


class PreparedRequest:
    """What requests calls so: for callables as auth, hooks and adapters."""

    def __init__(self):
        self.method = self.url = self.headers = self.body = None
        self.hooks = {"response": []}
        self._cookies = {}
        self._body_position = None

    @property
    def path_url(self):
        from urllib.parse import urlsplit
        parts = urlsplit(self.url)
        return (parts.path or "/") + (parts.query and "?" + parts.query)

    def register_hook(self, event, hook):
        """Adds a callable, or several, for an event."""
        hooks = self.hooks.setdefault(event, [])
        if callable(hook):
            hooks.append(hook)
        else:
            hooks.extend(h for h in hook if callable(h))

    def deregister_hook(self, event, hook):
        """Takes a callable away; False if it was not there."""
        try:
            self.hooks[event].remove(hook)
            return True
        except ValueError:
            return False

    def prepare(self, method=None, url=None, headers=None, files=None, data=None, params=None,
                auth=None, cookies=None, hooks=None, json=None):
        """Fills in everything, as requests does."""
        self.prepare_method(method)
        self.prepare_url(url, params)
        self.prepare_headers(headers)
        self.prepare_cookies(cookies or {})
        self.prepare_body(data, files, json)
        self.prepare_auth(auth, url)
        for event in hooks or ():
            self.register_hook(event, hooks[event])

    def prepare_method(self, method):
        """Sets `method`."""
        self.method = method.upper() if method is not None else None

    def prepare_url(self, url, params):
        """Sets `url`, with the parameters behind it."""
        from ._url import check_url
        self.url = with_params(check_url(url), params)

    def prepare_headers(self, headers):
        """Sets `headers`."""
        self.headers = CaseInsensitiveDict(headers or {})

    def prepare_content_length(self, body):
        """Sets Content-Length, or Transfer-Encoding for a body of unknown length."""
        length = _length(body)
        if length:
            self.headers["Content-Length"] = str(length)
        elif body is not None and length is None:
            self.headers["Transfer-Encoding"] = "chunked"
        elif self.method not in ("GET", "HEAD") and "Content-Length" not in self.headers:
            self.headers["Content-Length"] = "0"

    def prepare_cookies(self, cookies):
        """Sets the header Cookie, unless there is one."""
        self._cookies = cookies
        text = "; ".join(f"{name}={value}" for name, value in dict(cookies or {}).items())
        if text and "Cookie" not in self.headers:
            self.headers["Cookie"] = text

    def prepare_body(self, data, files=None, json=None):
        """Sets `body`, its Content-Type unless there is one, and its length."""
        kind = None
        if files:
            self.body, kind = multipart(data, file_parts(files))
        elif not data and json is not None:
            from ._json import dumps
            self.body, kind = dumps(json), "application/json"
        elif isinstance(data, (dict, list, tuple)) and data:
            self.body, kind = encode_pairs(data), "application/x-www-form-urlencoded"
        else:
            self.body = data or None
        if kind and "Content-Type" not in self.headers:
            self.headers["Content-Type"] = kind
        self.prepare_content_length(self.body)

    def prepare_auth(self, auth, url=""):
        """Lets auth change the request: a callable, a pair for Basic, or None for the URL's user."""
        if auth is None:
            auth = _user_of(self.url or "")
        if isinstance(auth, tuple) and len(auth) == 2:
            from .auth import HTTPBasicAuth
            auth = HTTPBasicAuth(*auth)
        if auth:
            self.__dict__.update(auth(self).__dict__)
            self.prepare_content_length(self.body)

    def copy(self):
        """Another one, to be changed on its own."""
        request = PreparedRequest()
        request.__dict__.update(self.__dict__)
        request.headers = self.headers.copy() if self.headers is not None else None
        request._cookies = self._cookies.copy()
        request.hooks = {event: list(hooks) for event, hooks in self.hooks.items()}
        return request

    def __repr__(self):
        return f"<PreparedRequest [{self.method}]>"


def _length(body):
    """Bytes of a body; None: nobody knows before it has been read."""
    if body is None:
        return 0
    if isinstance(body, str):
        return len(body.encode())
    if isinstance(body, memoryview):
        return body.nbytes
    if hasattr(body, "__len__"):
        return len(body)
    if hasattr(body, "len"):
        return body.len
    try:
        at = body.tell()
        length = body.seek(0, 2) - at
        body.seek(at)
        return length if not isinstance(body, TextIOBase) else None  # characters are no bytes
    except (AttributeError, OSError, TypeError):
        return None


def _user_of(url):
    """(user, password) of a URL that has both, or None."""
    user, _, password = url.partition("://")[2].partition("/")[0].rpartition("@")[0].partition(":")
    if not user or not password:
        return None
    from urllib.parse import unquote
    return unquote(user), unquote(password)


def multipart(data, files):
    """A form with what file_parts() gave, as bytes, and its type."""
    if isinstance(data, (str, bytes)) and data:
        raise ValueError("Data must not be a string.")
    import os
    boundary = os.urandom(16).hex()
    lines = []
    fields = [(_text(name), None, value if isinstance(value, bytes) else str(value).encode(), None,
               ()) for name, value in pairs_of(data or ())]
    for name, filename, content, kind, headers in fields + whole_parts(files):
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
        if filename:
            head += f'; filename="{_quoted(filename)}"'
        for header, value in [("Content-Type", kind), *headers]:
            if value:
                head += f"\r\n{_quoted(_text(header))}: {_one_line(value)}"
        lines.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    lines.append(f"--{boundary}--\r\n".encode())
    return b"".join(lines), f"multipart/form-data; boundary={boundary}"


def _one_line(value):
    value = _text(value)
    if "\r" in value or "\n" in value:
        raise ValueError("files: the value of a header has more than one line")
    return value


def _quoted(text):
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


class Request:
    """A request that is not prepared yet."""

    def __init__(self, method=None, url=None, headers=None, files=None, data=None, params=None,
                 auth=None, cookies=None, hooks=None, json=None):
        self.method, self.url, self.headers = method, url, headers or {}
        self.files, self.data, self.json = files or [], data or [], json
        self.params, self.auth, self.cookies = params or {}, auth, cookies
        self.hooks = {"response": []}
        for event, hook in (hooks or {}).items():
            self.hooks[event] = [hook] if callable(hook) else list(hook)

    def prepare(self):
        """The PreparedRequest."""
        request = PreparedRequest()
        request.prepare(self.method, self.url, self.headers, self.files, self.data, self.params,
                        self.auth, self.cookies, self.hooks, self.json)
        return request

    def __repr__(self):
        return f"<Request [{self.method}]>"


