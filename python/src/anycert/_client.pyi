from os import PathLike
from typing import Any, Callable, Iterable, Iterator, Literal, Mapping

from ._batch import BatchResult
from ._core import Diagnosis, Policy, PolicyFile, Profile, Report, TrustStore
from ._response import Response
from ._session import Session, _Cert, _Headers, _Timeout

class Client(Session):
    """A client that keeps to one policy."""

    timeout: _Timeout
    profile: Profile | None
    def __init__(self, policy: Policy | str | None = ..., *, ca: Any = ..., timeout: _Timeout = ...,
                 proxy: str | None = ..., cert: _Cert = ..., headers: _Headers = ...,
                 auth: Any = ...,
                 policy_file: PolicyFile | str | PathLike[str] | None = ...,
                 trust_store: TrustStore | str | PathLike[str] | None = ...,
                 on_first_use: Callable[[Report], bool | Literal["compared"]] | None = ..., verify: None = ...,
                 profile: Profile | str | PathLike[str] | None = ...) -> None: ...
    @property
    def policy(self) -> Policy: ...
    def request(self, method: str, url: str, *args: Any, timeout: Any = ..., **kwargs: Any) -> Response: ...
    def __enter__(self) -> Client: ...
    def stream(self, method: str, url: str, **kwargs: Any) -> Response: ...  # type: ignore[override]
    def batch(self, requests: Iterable[str | tuple[str, str] | Mapping[str, Any]], *,
              concurrency: int = ...) -> Iterator[BatchResult]: ...

def look(url: str, policy: Policy | str | None = ..., **kwargs: Any) -> Report: ...
def doctor(target: str, policy: Policy | str | None = ..., *, ca: Any = ..., proxy: str | None = ...,
           intermediates: bytes | None = ..., resolve: str | Iterable[str] = ...,
           connect_to: str | Iterable[str] = ..., timeout: float = ..., delay: float = ...,
           request: bool = ..., progress: Callable[[str, int, str], object] | None = ...,
           proxy_policy: Policy | str | None = ..., body: bool = ..., fetch_intermediate: bool = ...,
           compare_direct: bool = ..., clients: str | Iterable[str] = ...) -> Diagnosis: ...
def replay(observation: str | bytes | PathLike[str], *, clients: str | Iterable[str] = ...) -> Diagnosis: ...
