"""A session's request that is under way."""
from io import TextIOBase

from ._adapters import is_foreign
from ._checks import named, wrong_type
from ._headers import CaseInsensitiveDict, store
from ._merging import cookies_of
from ._response import Response
from ._url import check_url

_NOTHING = None, None
# What the library does not send by itself where a prepared request has no such field.
NOT_OURS = {"user-agent": ("User-Agent", None), "accept": ("Accept", None),
            "accept-encoding": ("Accept-Encoding", "identity")}


class _Connection:
    """What a hook sends another request with; no hook gets to see its answer."""

    def __init__(self, session):
        self._session = session

    def send(self, request, **kwargs):
        """As Session.send()."""
        return self._session.send(request, run_hooks=False, **kwargs)

    def close(self):
        """Nothing: connections are the session's."""


class Call:
    """Most of its members are the arguments of the C function. Session._call() fills them in."""

    __slots__ = ("session", "key", "stream", "method", "url", "params", "headers", "auth",
                 "connect", "read", "redirects", "retry", "data", "json", "files", "hooks",
                 "cookies", "suffix")

    def take_body(self, data, json, files):
        """What the request is to carry. The headers are there already; a type of None is left to the body."""
        if self.headers.get("content-type", ("", ""))[1] is None:
            self.headers = {name: pair for name, pair in self.headers.items() if name != "content-type"}
        self.data = data or None
        if data is not None and isinstance(data, TextIOBase):
            self.data = data.read().encode()  # bytes of a text are counted, for many servers want to know
        if files:
            self.take_files(data, files)
        elif json is not None and not data:
            from ._json import dumps
            self.json = dumps(json)

    def take_files(self, data, files):
        from ._prepare import file_parts
        if isinstance(data, (str, bytes)) and data:
            raise ValueError("Data must not be a string.")
        self.files, kind = file_parts(files), self.headers.get("content-type", _NOTHING)[1]
        if kind and not kind[:10].lower() in ("multipart/", b"multipart/"):  # it is the caller's, without a boundary
            from ._prepare import multipart
            self.data, self.files = multipart(data, self.files)[0], None
        elif not self.files:  # all are None; a form with parts it is all the same
            from ._prepare import multipart
            self.data, own = multipart(data, [])
            self.headers = {**self.headers, "content-type": ("Content-Type", kind or own)}

    def client(self):
        clients = self.session._clients
        try:
            client = clients.get(self.key)
        except TypeError:
            self.session._policy(self.key[0])  # says what is wrong with it
            raise
        return client if client is not None else self.session._client(self.key)

    def add_cookies(self, cookies):
        session = self.session
        if session._keeps_cookies:
            session.cookies.prepare(self.key, self.client(), self.url)
        if cookies:
            jar = cookies_of(cookies)
            pairs = [(cookie.name, cookie.value) for cookie in jar if cookie.is_for(self.url)]
            before = self.headers.get("cookie", (None, None))[1]
            if before:
                text = "; ".join([before, *(f"{name}={value}" for name, value in pairs)])
                self.headers = {**self.headers, "cookie": ("Cookie", text)}
            else:
                self.cookies = [(name, _wire(value)) for name, value in pairs]

    def authenticate(self):
        """(user, password) for C; anything else signs the request itself."""
        auth = self.auth
        if isinstance(auth, tuple) and len(auth) == 2:
            return _latin1(auth[0]), _latin1(auth[1])
        if not callable(auth):
            raise TypeError(f"{type(auth).__name__!r} object is not callable")  # as requests has it
        from ._ntlm import credentials_of
        credentials = credentials_of(auth)
        if credentials is not None and not is_foreign(self.session.get_adapter(self.url)):
            return credentials
        self.sign(auth)
        return None

    def read_files(self):
        """Reads the files of a form: what signs the request, or gets it, has to see all of it."""
        if self.files:
            from ._prepare import whole_parts
            self.files = whole_parts(self.files)

    def prepared(self, sent=False):
        """The request as callables and adapters get to see it; sent: afterwards, when files have
        been read and are not there any more."""
        from ._prepare import PreparedRequest, hide_user, with_params
        request = PreparedRequest()
        request.method, request.url = self.method, with_params(hide_user(self.url), self.params)
        request.headers = CaseInsensitiveDict()
        request.headers._store.update(
            {lower: pair for lower, pair in self.headers.items() if pair[1] is not None})
        if self.json is not None:
            request.body = self.json
            request.headers.setdefault("Content-Type", "application/json")
            request.prepare_content_length(self.json)
        elif sent and self.files and not all(isinstance(part[2], bytes) for part in self.files):
            request.headers.setdefault("Content-Type", "multipart/form-data")
        else:
            self.read_files()
            request.prepare_body(self.data, self.files and [
                (part[0], part[1:]) for part in self.files])
        request.hooks = {"response": list(self.hooks or ())}
        if self.cookies:
            request.prepare_cookies({name: value.decode("latin1") for name, value in self.cookies})
        return request

    def take(self, request):
        """Goes on with a request that somebody has changed."""
        if request.url != self.url:
            self.suffix = None
        self.method, self.url, self.params = request.method, check_url(request.url), None
        self.headers = store(request.headers or {})
        if self.session.profile is None:
            self.headers = {**NOT_OURS, **self.headers}
        self.data, self.json, self.files, self.cookies = request.body, None, None, None
        hooks = request.hooks.get("response") if request.hooks else None
        if hooks:
            self.hooks = list(hooks)

    def sign(self, auth):
        request = self.prepared()
        signed = auth(request) or request
        if not hasattr(signed, "method"):
            raise wrong_type("what auth gives back", "the request", signed)
        self.take(signed)

    def run(self, timeout, proxies):
        auth = self.authenticate() if self.auth else None
        if self.session._foreign:
            adapter = self.session.get_adapter(self.url)
            if is_foreign(adapter):
                return self.run_foreign(adapter, auth, timeout, proxies)
        response = self.send(auth)
        if self.hooks:
            response = self.call_hooks(response, timeout, proxies)
        return response

    def arguments(self, auth):
        """Of the C functions, in their order."""
        retry = self.retry
        url = self.url if self.suffix is None else self.suffix  # behind a profile's URL
        return (Response, self.method, url, self.params, self.headers, self.data, self.json,
                self.files, auth, self.connect, self.read, 0, self.redirects,
                retry._tuple if retry is not None else None, self.cookies, self)

    def send(self, auth):
        client = self.client()
        arguments = self.arguments(auth)
        if not self.stream:
            response = client.send(*arguments)
        else:
            response, stream = client.open(*arguments)
            response._stream = stream
        return self.checked(response)

    def checked(self, response):
        """The response, unless it is a redirect that was not followed because of their number."""
        if 300 < response.status_code < 309 and self.redirects is not False \
                and response.is_redirect and response.headers["location"] \
                and response._hop_count() > self.redirects:
            from .exceptions import _new
            raise _new("TooManyRedirects", f"Exceeded {self.redirects} redirects.",
                       response=response, request=response.request)
        return response

    def call_hooks(self, response, timeout, proxies):
        if response.connection is None:
            response.connection = _Connection(self.session)
        kwargs = {"timeout": timeout, "verify": self.key[0], "cert": self.key[1],
                  "proxies": proxies or {}, "stream": self.stream}
        for hook in self.hooks:
            changed = hook(response, **kwargs)
            if changed is not None:
                response = changed
        return response

    def run_foreign(self, adapter, auth, timeout, proxies):
        """An adapter of somebody else sends the request, in requests' way."""
        request = self.prepared()
        if auth:
            request.prepare_auth(auth)
        merged = {**self.session.proxies, **(proxies or {})}
        response = adapter.send(request, stream=self.stream, timeout=timeout, verify=self.key[0],
                                cert=self.key[1], proxies=merged)
        for hook in self.hooks or ():
            response = hook(response) or response
        return response


def _wire(text):
    """A header's value in bytes, as requests has it."""
    try:
        return text.encode("latin1")
    except UnicodeEncodeError:
        return text.encode()


def _latin1(text):
    """A user or a password."""
    try:
        text = text if isinstance(text, bytes) else (text if isinstance(text, str) else str(text)).encode("latin1")
    except UnicodeEncodeError as error:
        raise named("auth", error) from None
    if b"\0" in text:
        raise ValueError("auth has a NUL character in it")
    return text
