"""Client: a session that keeps to one policy, and sends many requests at once."""
from ._checks import wrong_type
from ._core import Policy
from ._headers import store
from ._session import Session


class Client(Session):
    """A client that keeps to one policy.

    policy: a Policy or its text; hardened by default. ca: anchors in place of the system's, the path
    of a PEM file or folder. timeout: seconds, or (connect, read), for every request that says
    nothing else. The rest is as requests.Session has it."""

    def __init__(self, policy=None, *, ca=None, timeout=(30, 60), proxy=None, cert=None,
                 headers=None, auth=None):
        super().__init__()
        del self.stream  # a session's setting: here it is a method
        if policy is None or isinstance(policy, str):
            policy = Policy("hardened" if policy is None else policy,
                            ca=ca if ca is not None else self._bundle)
        elif ca is not None:
            raise ValueError("ca goes with the text of a policy; a Policy has its own anchors")
        elif not isinstance(policy, Policy):
            raise TypeError(f"policy has to be a Policy or its text, not {type(policy).__name__}")
        self.policy = self.verify = policy
        self.timeout = timeout
        self.cert = cert
        self.auth = auth
        if proxy:
            if not isinstance(proxy, str):
                raise wrong_type("proxy", "a URL", proxy)
            self.proxies = {"http": proxy, "https": proxy}
        if headers:
            self.headers._store.update(store(headers))

    def request(self, method, url, *args, timeout=Ellipsis, **kwargs):
        """As Session.request, with the client's timeout."""
        if len(args) > 6:  # timeout by place
            return super().request(method, url, *args, **kwargs)
        return super().request(method, url, *args,
                               timeout=self.timeout if timeout is Ellipsis else timeout, **kwargs)

    def stream(self, method, url, **kwargs):
        """Sends a request and leaves the answer's body to be read piece by piece (iter_content,
        iter_lines); `with` closes it. As request() with stream=True."""
        return self.request(method, url, stream=True, **kwargs)

    def batch(self, requests, *, concurrency=32):
        """Sends many requests at once, over few connections, without threads.

        requests: an iterable, of URLs (for GET), pairs (method, URL) or dictionaries of the arguments
        of request(); it is read only as far as there is room, so it may be endless. concurrency: how
        many are under way at once, at least 1. Yields a BatchResult for each, as they end and not in
        their order. What goes wrong with one is its result's error, and leaves the others alone;
        TypeError and ValueError say that a request makes no sense, and end the batch. Leaving
        the loop gives up what is under way."""
        from ._batch import run
        return run(self, requests, concurrency)

    def _call_of(self, method, url, params=None, data=None, headers=None, cookies=None, files=None,
                 auth=None, timeout=Ellipsis, allow_redirects=True, proxies=None, hooks=None,
                 verify=None, cert=None, json=None, *, retry=None, policy=None, secret_headers=(),
                 allow_downgrade=False):
        return self._call(method, url, params, data, headers, cookies, files, auth,
                          self.timeout if timeout is Ellipsis else timeout, allow_redirects, proxies,
                          hooks, False, verify, cert, json, retry, policy, secret_headers,
                          allow_downgrade)
