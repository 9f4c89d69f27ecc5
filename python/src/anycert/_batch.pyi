from typing import Any, Iterable, Iterator, NamedTuple

from ._client import Client
from ._response import Response

class BatchResult(NamedTuple):
    """How one request of a batch ended."""

    number: int
    request: Any
    response: Response | None
    error: OSError | None
    def result(self) -> Response: ...

def run(client: Client, requests: Iterable[Any], concurrency: int) -> Iterator[BatchResult]: ...
