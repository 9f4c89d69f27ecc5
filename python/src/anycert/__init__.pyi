from . import exceptions as exceptions
from ._client import Client as Client, look as look
from ._core import (Certificate as Certificate, Check as Check, Policy as Policy, PolicyEntry as PolicyEntry,
                    PolicyFile as PolicyFile, Report as Report, TrustEntry as TrustEntry,
                    TrustStore as TrustStore, __version__ as __version__)
from ._relaxation import Relaxation as Relaxation
from ._response import Response as Response
from ._session import Retry as Retry, Session as Session
from .aio import AsyncClient as AsyncClient

__all__ = ["AsyncClient", "Certificate", "Check", "Client", "Policy", "PolicyEntry", "PolicyFile",
           "Relaxation", "Report", "Response", "Retry", "Session", "TrustEntry", "TrustStore",
           "exceptions", "look", "__version__"]
