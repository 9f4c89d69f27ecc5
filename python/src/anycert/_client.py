"""Client: a session that keeps to one policy, and sends many requests at once."""
from os import PathLike, fspath

from ._checks import wrong_type
from ._core import Doctor, Policy, PolicyFile
from ._headers import CaseInsensitiveDict, store
from ._judging import check_store, policy_of
from ._session import Session
from .exceptions import RequestException, SSLError


_LIMITS = 30, 60  # seconds, where nothing is said


class Client(Session):
    """A client that keeps to one policy.

    policy: a Policy or its text; hardened by default. policy_file: a PolicyFile or its path, with
    the policies of hosts; one that is said as policy goes before them, but not for hosts that
    redirects lead to. ca: anchors in place of the system's, as Policy has it. timeout: seconds, or
    (connect, read), for every request that says nothing else; None: no limits. proxy: its URL, for
    http and https; without it there is none, whatever the environment says. cert: the client
    certificate: a path, (certificate, key) or (certificate, key, passphrase). headers: sent with every
    request, a mapping. auth: for every request, as requests has it. trust_store, on_first_use: as Session
    has them. verify: not taken; a request's own verify= or policy= goes before the client's policy.

    profile: a Profile or its path, which says all of this, and more; URLs without a scheme are
    behind its own. Nothing but on_first_use goes with it.

    PolicyError, TypeError and ValueError say what is not understood or does not go together; OSError,
    that a policy file, a trust store or a profile cannot be read. The files of anchors and of cert
    are read by the first request, whose OSError then says which."""

    def __init__(self, policy=None, *, ca=None, timeout=_LIMITS, proxy=None, cert=None,
                 headers=None, auth=None, policy_file=None, trust_store=None,
                 on_first_use=None, verify=None, profile=None):
        if verify is not None:
            raise TypeError(f"Client takes a policy, not verify: {_instead_of(verify)}")
        super().__init__(policy_file=policy_file, trust_store=trust_store,
                         on_first_use=on_first_use)
        del self.stream  # a session's setting: here it is a method
        if profile is not None:
            self._go_by(profile, {
                "policy": policy, "ca": ca, "timeout": None if timeout is _LIMITS else timeout,
                "proxy": proxy, "cert": cert, "headers": headers, "auth": auth,
                "policy_file": policy_file, "trust_store": trust_store})
            return
        judged_by_file = policy is None and self.policy_file is not None
        anchors = self.policy_file.anchors if judged_by_file else None
        if anchors is not None and ca is not None:
            raise ValueError("ca is said twice: of the policy file, and of the client")
        if anchors is not None:
            policy = anchors
        else:
            text, policy = policy, policy_of(policy, ca)
            if ca is None and self._bundle and policy.ca is None and text is not policy:
                policy = Policy("hardened" if text is None else text, ca=self._bundle)
        check_store(policy, self._trust_store)
        self._ca = ca
        self._said = policy
        self.verify = self.policy_file if judged_by_file else policy
        if judged_by_file and ca is not None:
            self._anchors = policy
        self.timeout = timeout
        self.cert = cert
        self.auth = auth
        if proxy:
            if not isinstance(proxy, str):
                raise wrong_type("proxy", "a URL", proxy)
            self.proxies = {"http": proxy, "https": proxy}
        if headers:
            self.headers._store.update(store(headers))

    @property
    def policy(self):
        """The Policy; with a policy file that counts, that of hosts which are not in it. Another one
        takes another client."""
        return self._said

    def _go_by(self, profile, beside):
        from ._profile import limits, max_redirects, profile_of
        self.profile = profile = profile_of(profile, beside)
        self._said = profile.policy
        self.timeout, self.max_redirects = limits(profile), max_redirects(profile)
        self.headers = CaseInsensitiveDict()  # the library's own, and the profile's
        self._bundle = None

    def _place(self, url):
        if self.profile is None or _is_whole(url):
            return url
        from ._profile import shown_url
        return shown_url(self.profile, url)

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
        """What a batch and a stream of AsyncClient make of the arguments of a request."""
        return self._call(method, url, params, data, headers, cookies, files, auth,
                          self.timeout if timeout is Ellipsis else timeout, allow_redirects, proxies,
                          hooks, False, verify, cert, json, retry, policy, secret_headers,
                          allow_downgrade)

    _call_of.__qualname__ = "Client.request"  # so says the TypeError for an argument that there is not


def _is_whole(url):
    """Whether it is more than what is behind a profile's URL: it begins with a scheme."""
    scheme, mark, _ = url.partition("://")
    return bool(mark) and scheme.isascii() and scheme.isalnum()


def _instead_of(verify):
    if verify is False:
        return "Client('trust-any')"
    if isinstance(verify, (str, PathLike)):
        return f"Client(ca={fspath(verify)!r})"
    if verify is True:
        return "Client()"
    return "Client(policy_file=...)" if isinstance(verify, PolicyFile) else "Client(policy)"


# A wider offer may show more: TLS has failed before the server's key was proven.
_MAY_SHOW_MORE = ("TLS_VERSION", "TLS_ALERT", "TLS_WEAK", "TLS_CLOSED", "TLS_LEGACY_RENEGOTIATION")


def _look(url, policy, kwargs):
    with Client(policy, **kwargs) as client:
        client._looks_only = True
        return client.look(url)


def look(url, policy=None, **kwargs):
    """A Report of a handshake with the URL's host: what it shows, and what is wrong with that. No
    request is sent, nor a client certificate shown, so that the policy may be one that the administrator
    forbids. policy: None is report-only, and antique where that gets no handshake, as the report's
    policy says. The rest is as Client has it; SSLError, with a report, if there is no handshake."""
    if policy is not None:
        return _look(url, policy, kwargs)
    try:
        return _look(url, "report-only", kwargs)
    except SSLError as error:
        if error.name not in _MAY_SHOW_MORE:
            raise
        try:
            return _look(url, "antique", kwargs)
        except RequestException:
            pass
        raise  # what there was to say at first


def doctor(target, policy=None, *, ca=None, **kwargs):
    """A Diagnosis of a target (a URL with https://, HOST, or HOST:PORT): why connections with it
    fail, the policy that gives up least and connects, and what mends it.

    policy: a Policy or its text, of which the anchors, expect_name and sni count. ca: anchors in
    place of the system's, the path of a PEM file or folder. Handshakes carry no credentials and no
    cookies; no request is sent unless request or body is true, but for one plain HEAD where a port
    says nothing to TLS. proxy_policy: a Policy or its text, for an https:// proxy itself; ca is not
    about that.

    The rest is as Doctor has it, whose help says more: proxy, intermediates, resolve, connect_to,
    timeout, delay, request, body, progress, fetch_intermediate, compare_direct, clients."""
    policy = policy_of(policy, ca, files_are=("ca",))
    if isinstance(kwargs.get("proxy_policy"), str):
        kwargs["proxy_policy"] = Policy(kwargs["proxy_policy"])
    return Doctor(policy=policy, **kwargs).examine(target)


def replay(observation, *, clients=()):
    """The Diagnosis of what was observed at another time, or on another machine. Nothing is sent.

    observation: the bytes of Diagnosis.observation(), or the path (str or os.PathLike) of what
    Diagnosis.save() or anycert doctor --save has written. clients: as Doctor has it. What was not
    tried then is not called confirmed. OSError for what cannot be read, is no observation, is
    damaged, or is of a newer version."""
    return Doctor(clients=clients).replay(observation)
