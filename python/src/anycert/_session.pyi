from os import PathLike
from typing import Any, Callable, Iterable, Literal, Mapping, Sequence

from . import _core
from ._cookies import Cookies
from ._headers import CaseInsensitiveDict
from ._judging import Judging
from ._prepare import PreparedRequest, Request
from ._response import Response as Response

Policy = _core.Policy
VERSION: str
_Timeout = float | tuple[float | None, float | None] | None
_Verify = bool | str | PathLike[str] | _core.Policy | _core.PolicyFile | None
_File = _core.PolicyFile | str | PathLike[str] | None
_Cert = str | tuple[str, str | None] | tuple[str, str | None, str | None] | list[str] | None
_Headers = Mapping[str, str | bytes | None] | Iterable[tuple[str, str | bytes | None]] | None

class Retry:
    """When a request is made again."""

    total: int
    backoff_factor: float
    backoff_jitter: float
    backoff_max: float
    statuses: tuple[int, ...]
    methods: str | Iterable[str] | None
    raise_on_redirect: bool
    raise_on_status: bool
    retry_after_max: float
    def __init__(self, total: int = ..., backoff_factor: float = ..., backoff_jitter: float = ...,
                 statuses: Iterable[int] = ..., methods: str | Iterable[str] | None = ...,
                 raise_on_redirect: bool = ..., raise_on_status: bool = ...,
                 retry_after_max: float = ..., backoff_max: float = ...) -> None: ...

def default_headers() -> CaseInsensitiveDict: ...

class HTTPAdapter:
    max_retries: Any
    def __init__(self, pool_connections: int = ..., pool_maxsize: int = ..., max_retries: Any = ...,
                 pool_block: bool = ...) -> None: ...
    def close(self) -> None: ...


class Session(Judging):
    """Like requests.Session."""

    headers: CaseInsensitiveDict
    auth: Any
    proxies: dict[str, str]
    hooks: dict[str, list[Callable[..., Any]]]
    params: Any
    stream: bool
    verify: _Verify
    cert: _Cert
    max_redirects: int
    trust_env: bool
    adapters: dict[str, Any]
    def __init__(self, *, environment_proxies: bool = ..., proxy_follows_verify: bool = ...,
                 policy_file: _File = ...,
                 trust_store: _core.TrustStore | str | PathLike[str] | None = ...,
                 on_first_use: Callable[[_core.Report], bool | Literal["compared"]] | None = ...) -> None: ...
    @property
    def cookies(self) -> Cookies: ...
    @cookies.setter
    def cookies(self, value: Any) -> None: ...
    def request(self, method: str, url: str, params: Any = ..., data: Any = ..., headers: _Headers = ...,
                cookies: Any = ..., files: Any = ..., auth: Any = ..., timeout: _Timeout = ...,
                allow_redirects: bool = ..., proxies: Mapping[str, str] | None = ...,
                hooks: Any = ..., stream: bool | None = ..., verify: _Verify = ..., cert: _Cert = ...,
                json: Any = ..., *, retry: Retry | None = ..., policy: _core.Policy | str | None = ...,
                secret_headers: Sequence[str] = ..., allow_downgrade: bool = ...) -> Response: ...
    def get(self, url: str, **kwargs: Any) -> Response: ...
    def options(self, url: str, **kwargs: Any) -> Response: ...
    def head(self, url: str, **kwargs: Any) -> Response: ...
    def post(self, url: str, data: Any = ..., json: Any = ..., **kwargs: Any) -> Response: ...
    def put(self, url: str, data: Any = ..., **kwargs: Any) -> Response: ...
    def patch(self, url: str, data: Any = ..., **kwargs: Any) -> Response: ...
    def delete(self, url: str, **kwargs: Any) -> Response: ...
    def mount(self, prefix: str, adapter: Any) -> None: ...
    def get_adapter(self, url: str) -> Any: ...
    def prepare_request(self, request: Request) -> PreparedRequest: ...
    def send(self, request: PreparedRequest, *, timeout: _Timeout = ..., allow_redirects: bool = ...,
             proxies: Mapping[str, str] | None = ..., stream: bool | None = ..., verify: _Verify = ...,
             cert: _Cert = ..., run_hooks: bool = ..., **kwargs: Any) -> Response: ...
    def close(self) -> None: ...
    def __enter__(self) -> Session: ...
    def __exit__(self, *_: object) -> None: ...
