"""anycert: talk to any HTTPS server, and know exactly what you gave up.

    import anycert
    with anycert.Client() as client:
        print(client.get("https://example.test/").json())
"""
from . import exceptions
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


class Client(Session):
    """A client that keeps to one policy.

    policy: a Policy or its text; hardened by default. ca: anchors in place of the system's, the path
    of a PEM file or folder. timeout: seconds, or (connect, read), for every request that says
    nothing else. The rest is as requests.Session has it."""

    def __init__(self, policy=None, *, ca=None, timeout=(30, 60), proxy=None, cert=None,
                 headers=None, auth=None):
        super().__init__()
        if policy is None or isinstance(policy, str):
            policy = Policy(policy or "hardened", ca=ca if ca is not None else self._bundle)
        elif ca is not None:
            raise ValueError("ca goes with the text of a policy; a Policy has its own anchors")
        elif not isinstance(policy, Policy):
            raise TypeError(f"policy has to be a Policy or its text, not {type(policy).__name__}")
        self.policy = self.verify = policy
        self.timeout = timeout
        self.cert = cert
        self.auth = auth
        if proxy:
            self.proxies = {"http": proxy, "https": proxy}
        if headers:
            self.headers.update(headers)

    def request(self, method, url, *args, timeout=Ellipsis, **kwargs):
        """As Session.request, with the client's timeout."""
        if len(args) > 6:  # timeout by place
            return super().request(method, url, *args, **kwargs)
        return super().request(method, url, *args,
                               timeout=self.timeout if timeout is Ellipsis else timeout, **kwargs)
