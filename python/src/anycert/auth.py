"""Authentication: what requests has under the same names."""
from base64 import b64encode


class AuthBase:
    """What authentication of one's own derives from: a callable that gets the prepared request,
    changes it and returns it."""

    def __call__(self, request):
        raise NotImplementedError("Auth hooks must be callable.")


def _bytes(text):
    return text.encode("latin1") if isinstance(text, str) else text


class HTTPBasicAuth(AuthBase):
    """User and password, sent with the first request (RFC 7617)."""

    header = "Authorization"

    def __init__(self, username, password):
        self.username, self.password = username, password

    def __eq__(self, other):
        return (self.username, self.password) == (getattr(other, "username", None),
                                                  getattr(other, "password", None))

    def __call__(self, request):
        token = b64encode(_bytes(self.username) + b":" + _bytes(self.password)).decode("ascii")
        request.headers[self.header] = "Basic " + token
        return request


class HttpNtlmAuth(AuthBase):
    """NTLM (MS-NTLMP), under the name that requests_ntlm has for it. The user may be
    DOMAIN\\user. The library speaks it, over connections that serve nobody else."""

    def __init__(self, username, password):
        self.username, self.password = username, password

    def __call__(self, request):
        request.register_hook("response", self._spoken)  # tells an AnycertAdapter
        return request

    def _spoken(self, response, **_):
        return response


class HTTPProxyAuth(HTTPBasicAuth):
    """The same for a proxy; rather write user and password into its URL."""

    header = "Proxy-Authorization"


class HTTPBearerAuth(AuthBase):
    """A bearer token (RFC 6750)."""

    def __init__(self, token):
        self.token = token

    def __call__(self, request):
        request.headers["Authorization"] = "Bearer " + self.token
        return request
