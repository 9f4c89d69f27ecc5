from datetime import timedelta
from typing import Any, Iterator

from . import _core
from ._cookies import Cookies
from ._headers import CaseInsensitiveDict
from ._prepare import PreparedRequest

_LARGEST: int

class Hop:
    url: str
    status: int
    reason: str
    headers: CaseInsensitiveDict
    report: _core.Report | None
    proxy_report: _core.Report | None
    reused: bool
    withheld: bool
    def __init__(self, fields: tuple[Any, ...]) -> None: ...

class Response(_core.Response):
    """An answer, with the attributes and methods of requests.Response, and `report` and `hops`."""

    connection: Any
    status_code: int
    reason: str
    url: str
    encoding: str | None
    text: str
    headers: CaseInsensitiveDict
    history: list[Response]
    request: PreparedRequest
    elapsed: timedelta
    cookies: Cookies
    report: _core.Report | None
    token_report: _core.Report | None
    @property
    def content(self) -> bytes: ...
    @property
    def apparent_encoding(self) -> str: ...
    def json(self, **kwargs: Any) -> Any: ...
    def iter_content(self, chunk_size: int | None = ..., decode_unicode: bool = ...) -> Iterator[Any]: ...
    def iter_lines(self, chunk_size: int | None = ..., decode_unicode: bool = ...,
                   delimiter: str | bytes | None = ...) -> Iterator[Any]: ...
    def raise_for_status(self) -> None: ...
    @property
    def is_redirect(self) -> bool: ...
    @property
    def is_permanent_redirect(self) -> bool: ...
    @property
    def links(self) -> dict[str, dict[str, str]]: ...
    @property
    def hops(self) -> list[Hop]: ...
    @property
    def raw(self) -> Any: ...
    def close(self) -> None: ...
    def __enter__(self) -> Response: ...
    def __exit__(self, *_: object) -> None: ...
    def __bool__(self) -> bool: ...
    def __copy__(self) -> Response: ...
    def __iter__(self) -> Iterator[bytes]: ...
