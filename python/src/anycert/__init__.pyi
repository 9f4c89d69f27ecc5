from . import exceptions as exceptions
from ._client import Client as Client
from ._core import Policy as Policy, Report as Report, __version__ as __version__
from ._response import Response as Response
from ._session import Retry as Retry, Session as Session
from .aio import AsyncClient as AsyncClient

__all__ = ["AsyncClient", "Client", "Policy", "Report", "Response", "Retry", "Session", "exceptions",
           "__version__"]
