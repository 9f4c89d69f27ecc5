"""anycert: talk to any HTTPS server, and know exactly what you gave up.

    import anycert
    with anycert.Client() as client:
        print(client.get("https://example.test/").json())
"""
from . import exceptions
from ._client import Client
from ._core import Policy, Report, __version__
from ._response import Response
from ._session import Retry, Session

__all__ = ["AsyncClient", "Client", "Policy", "Report", "Response", "Retry", "Session", "exceptions",
           "__version__"]


def __getattr__(name):
    if name == "AsyncClient":  # asyncio takes its time
        from .aio import AsyncClient
        return AsyncClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
