from . import exceptions as exceptions
from ._client import Client as Client, doctor as doctor, look as look
from ._core import (Advice as Advice, Cause as Cause, Certificate as Certificate, Check as Check,
                    Diagnosis as Diagnosis, Doctor as Doctor, Policy as Policy,
                    PolicyEntry as PolicyEntry, PolicyFile as PolicyFile, Remedy as Remedy,
                    Report as Report, ShortDiagnosis as ShortDiagnosis, TrustEntry as TrustEntry,
                    TrustStore as TrustStore, __version__ as __version__)
from ._places import default_trust_store as default_trust_store
from ._relaxation import Relaxation as Relaxation
from ._response import Response as Response
from ._session import Retry as Retry, Session as Session
from .aio import AsyncClient as AsyncClient

__all__ = ["Advice", "AsyncClient", "Cause", "Certificate", "Check", "Client", "Diagnosis", "Doctor",
           "Policy", "PolicyEntry", "PolicyFile", "Relaxation", "Remedy", "Report", "Response",
           "Retry", "Session", "ShortDiagnosis", "TrustEntry", "TrustStore",
           "default_trust_store", "doctor", "exceptions", "look", "__version__"]
