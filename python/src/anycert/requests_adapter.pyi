from os import PathLike
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from . import Policy, PolicyFile, Retry
from ._response import Response as _Answer

class AnycertAdapter(BaseAdapter):
    """anycert's connections and policies for a requests.Session."""

    policy: Policy | None
    retry: Retry | None
    policy_file: PolicyFile | str | PathLike[str] | None
    def __init__(self, policy: Policy | str | None = ..., *, ca: Any = ...,
                 retry: Retry | None = ...,
                 policy_file: PolicyFile | str | PathLike[str] | None = ...) -> None: ...
    def send(self, request: PreparedRequest, stream: bool = ..., timeout: Any = ..., verify: Any = ...,
             cert: Any = ..., proxies: Any = ...) -> Response: ...
    def build_response(self, request: PreparedRequest, answer: _Answer) -> Response: ...
    def close(self) -> None: ...
