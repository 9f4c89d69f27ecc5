from . import aio as aio, auth as auth, exceptions as exceptions, xsoar as xsoar
from ._client import Client as Client, doctor as doctor, look as look, replay as replay
from ._core import (Advice as Advice, Cause as Cause, Certificate as Certificate, Check as Check,
                    Diagnosis as Diagnosis, Doctor as Doctor, Equivalent as Equivalent, Policy as Policy,
                    PolicyEntry as PolicyEntry, PolicyFile as PolicyFile, Profile as Profile, Remedy as Remedy,
                    Report as Report, ShortDiagnosis as ShortDiagnosis, TrustEntry as TrustEntry,
                    TrustStore as TrustStore, __version__ as __version__)
from ._places import default_trust_store as default_trust_store
from ._prepare import PreparedRequest as PreparedRequest, Request as Request
from ._relaxation import Relaxation as Relaxation
from ._response import Response as Response
from ._session import Retry as Retry, Session as Session
from .aio import AsyncClient as AsyncClient

__all__ = ["Advice", "AsyncClient", "Cause", "Certificate", "Check", "Client", "Diagnosis", "Doctor",
           "Equivalent", "Policy", "PolicyEntry", "PolicyFile", "PreparedRequest", "Profile", "Relaxation", "Remedy",
           "Report", "Request", "Response", "Retry", "Session", "ShortDiagnosis", "TrustEntry", "TrustStore",
           "default_trust_store", "doctor", "exceptions", "look", "replay", "__version__"]
