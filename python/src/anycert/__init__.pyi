from typing import Any

from . import exceptions as exceptions
from ._core import Policy as Policy, Report as Report, __version__ as __version__
from ._response import Response as Response
from ._session import Retry as Retry, Session as Session, _Cert, _Headers, _Timeout
from .aio import AsyncClient as AsyncClient

__all__ = ["AsyncClient", "Client", "Policy", "Report", "Response", "Retry", "Session", "exceptions",
           "__version__"]

class Client(Session):
    """A client that keeps to one policy."""

    policy: Policy
    timeout: _Timeout
    def __init__(self, policy: Policy | str | None = ..., *, ca: Any = ..., timeout: _Timeout = ...,
                 proxy: str | None = ..., cert: _Cert = ..., headers: _Headers = ...,
                 auth: Any = ...) -> None: ...
    def request(self, method: str, url: str, *args: Any, timeout: Any = ..., **kwargs: Any) -> Response: ...
    def __enter__(self) -> Client: ...
