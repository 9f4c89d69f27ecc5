"""anycert: talk to any HTTPS server, and know exactly what you gave up.

    import anycert
    with anycert.Client() as client:
        print(client.get("https://example.test/").json())
"""
from . import exceptions
from ._client import Client, doctor, look, replay
from ._core import Advice, Cause, Certificate, Check, Diagnosis, Doctor, Equivalent, Policy, \
    PolicyEntry, PolicyFile, Profile, Remedy, Report, ShortDiagnosis, TrustEntry, TrustStore, __version__
from ._places import default_trust_store
from ._response import Response
from ._session import Retry, Session

__all__ = ["Advice", "AsyncClient", "Cause", "Certificate", "Check", "Client", "Diagnosis", "Doctor",
           "Equivalent", "Policy", "PolicyEntry", "PolicyFile", "PreparedRequest", "Profile", "Relaxation", "Remedy",
           "Report", "Request", "Response", "Retry", "Session", "ShortDiagnosis", "TrustEntry", "TrustStore",
           "default_trust_store", "doctor", "exceptions", "look", "replay", "__version__"]


def __getattr__(name):
    if name == "AsyncClient":  # asyncio takes its time
        from .aio import AsyncClient
        return AsyncClient
    if name == "Relaxation":  # so does enum
        from ._relaxation import Relaxation
        return Relaxation
    if name in ("aio", "auth", "xsoar"):  # requests.auth is there without an import of its own, too
        from importlib import import_module
        return import_module(f"{__name__}.{name}")
    if name in ("PreparedRequest", "Request"):
        from . import _prepare
        return getattr(_prepare, name)
    hint = ""
    if name in ("get", "options", "head", "post", "put", "patch", "delete", "request"):
        hint = f"; make a Client() or a Session(), which has {name}()"
    elif name[:1].isupper() and hasattr(exceptions, name):
        hint = f"; anycert.exceptions has {name}"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
