"""The adapter that base clients without verification mount, for code that looks at it or takes its context."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any

# The suites that the documentation of "Trust any certificate" lists, at the security level that it says.
SUITES = ("@SECLEVEL=1:ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDH+AESGCM:DH+AESGCM:ECDH+AES:DH+AES:"
          "RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!MD5:!DSS")
LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT, which ssl has a name for from Python 3.12


def _context(verify: bool) -> ssl.SSLContext:
    """TLS 1.2 and later with those suites. Without verification: no check of certificate and name, and servers
    without secure renegotiation (RFC 5746) are spoken to."""
    import ssl  # pylint: disable=import-outside-toplevel  # our own requests do without it
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(SUITES)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.post_handshake_auth = True
    if verify:
        context.load_default_certs()
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.options |= LEGACY_SERVER_CONNECT
    return context


class SSLAdapter:
    """What is mounted on https:// without verification.

    The package's own sessions make their connections themselves, with the policy trust-any. A session of requests that
    has it mounted goes on making its own, with this context.

    verify: as in BaseClient. kwargs: for requests' HTTPAdapter, such as max_retries.
    context: an ssl.SSLContext with the options and suites that "Trust any certificate" is documented to have; made when
    first asked for, one for each adapter."""

    _anycert_adapter = True  # a session of ours need not ask it to send

    def __init__(self, verify: Any = True, **kwargs: Any) -> None:
        self._verify = verify
        self._options = kwargs
        self._own_context: ssl.SSLContext | None = None
        self._theirs: Any = None

    @property
    def context(self) -> ssl.SSLContext:
        if self._own_context is None:
            self._own_context = _context(self._verify is not False)
        return self._own_context

    @context.setter
    def context(self, context: ssl.SSLContext) -> None:
        self._own_context = context
        self._theirs = None

    @property
    def max_retries(self) -> Any:
        """How often requests for what it is mounted on are made again: a number, or a Retry of urllib3 or ours."""
        return self._options.get("max_retries", 0)

    @max_retries.setter
    def max_retries(self, retries: Any) -> None:
        self._options["max_retries"] = retries
        self._theirs = None

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Sends a prepared request of requests; as its HTTPAdapter.send."""
        if self._theirs is None:
            self._theirs = _of_requests(self.context, self._options)
        return self._theirs.send(request, *args, **kwargs)

    def close(self) -> None:
        """Closes what send() has opened."""
        if self._theirs is not None:
            self._theirs.close()


def _of_requests(context: ssl.SSLContext, options: dict[str, Any]) -> Any:
    """An adapter of requests whose connections are made with the context."""
    from requests.adapters import HTTPAdapter  # type: ignore[import-untyped,unused-ignore]  # whose session asks

    class Adapter(HTTPAdapter):  # type: ignore[misc,unused-ignore]
        """With the context for servers, and for https:// proxies."""

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
            return super().init_poolmanager(*args, ssl_context=context, **kwargs)

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            return super().proxy_manager_for(*args, ssl_context=context, **kwargs)

    return Adapter(**options)
