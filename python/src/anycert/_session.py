"""Session: requests' interface on the C library."""
from time import sleep as _sleep  # what waits between requests

from . import _core
from ._adapters import HTTPAdapter, is_foreign, retry_of
from ._call import NOT_OURS, Call
from ._checks import all_of, checked_cert, limits_of, named, wrong_type
from ._environment import ca_bundle, proxies as environment_proxies_now
from ._headers import CaseInsensitiveDict, store
from ._judging import Judging, file_of, store_of, with_hint
from ._merging import cookies_of, merged_hooks, merged_params
from ._places import check_cert, proxy_url
from ._response import Response
from ._retry import Retry
from ._url import check_url, is_plain, without_controls

Policy = _core.Policy
VERSION = _core.__version__

_NOTHING = None, None


def default_headers():
    """What every request is sent with."""
    return CaseInsensitiveDict({
        "User-Agent": "anycert/" + VERSION, "Accept-Encoding": "gzip, deflate", "Accept": "*/*",
        "Connection": "keep-alive"})


class Session(Judging):
    """Like requests.Session, with its attributes: headers, auth, params, verify, cert, proxies, hooks, cookies, stream,
    max_redirects, trust_env. environment_proxies: use the proxies that the environment names (which trust_env, when it
    is set later, does, too; nothing else of the environment is trusted). proxy_follows_verify: verify=False holds for
    an https:// proxy's own certificate, too. policy_file: a PolicyFile or its path, with the policies of hosts: they
    hold where verify is True or the path of anchors, and for what redirects lead to; verify=PolicyFile says the same
    for one call. Its ca= holds before the environment's anchors, and a path in verify before both. A Policy, and
    verify=False, go before it. trust_store: a TrustStore or its path, for the policy tofu. on_first_use: what tofu asks
    about a host that the store does not know: it gets a Report, and says True if the key is right ("compared" if its
    pin is known from elsewhere); nothing else records it. It must not use the session."""

    _keeps_cookies = True
    _is_sent_by_class = False

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls._is_sent_by_class = cls.send is not Session.send or cls.prepare_request is not Session.prepare_request

    def __init__(self, *, environment_proxies=False, proxy_follows_verify=False, policy_file=None,
                 trust_store=None, on_first_use=None):
        for name, value in (("environment_proxies", environment_proxies),
                            ("proxy_follows_verify", proxy_follows_verify)):
            if not isinstance(value, bool):
                raise wrong_type(name, "True or False", value)
        self.headers = default_headers()
        self.auth = None
        self.proxies = {}
        self.hooks = {"response": []}
        self.params = {}
        self.stream = False
        self.verify = True
        self.cert = None
        self.max_redirects = 30
        self.trust_env = False
        self.adapters = {"https://": HTTPAdapter(), "http://": HTTPAdapter()}
        self._foreign = False  # an adapter that sends has been mounted
        self._retries = False  # one that has requests made again
        self._environment_proxies = environment_proxies
        self._proxy_follows_verify = proxy_follows_verify
        if on_first_use is not None and not callable(on_first_use):
            raise wrong_type("on_first_use", "a callable", on_first_use)
        self._policy_file, self._trust_store = file_of(policy_file), store_of(trust_store)
        self._on_first_use = on_first_use
        self._bundle = ca_bundle()  # anchors are fixed here
        self._clients, self._kinds = {}, {}  # by key; kinds: whose cookies may meet
        self._cookies = None

    # ---- cookies

    @property
    def cookies(self):
        """The cookies of the session."""
        if self._cookies is None:
            from ._session_cookies import SessionCookies
            self._cookies = SessionCookies(self._clients, self._kinds)
        return self._cookies

    @cookies.setter
    def cookies(self, value):
        given = cookies_of(value)
        self.cookies.clear()
        self.cookies.update(given)

    # ---- clients

    def _client(self, key):
        verify, cert, proxy, no_proxy, allow_downgrade, secret_headers = key
        policy, arguments = self._judged_by(verify)
        check_cert(cert)
        arguments.update({
            "cert": cert, "proxy": proxy, "no_proxy": no_proxy, "cookies": self._keeps_cookies,
            "proxy_policy": policy if self._proxy_follows_verify and verify is False else None,
            "allow_downgrade": allow_downgrade, "secret_headers": secret_headers, "max_body": 0,
            "max_redirects": 30, "keep_last_redirect": True})
        try:
            client = self._new_client(arguments)
        except OSError as error:
            raise with_hint(error, verify) from None
        self._kinds[key] = self._kind_of(verify)
        kept = self._clients.setdefault(key, client)  # another thread may have been here meanwhile
        if kept is not client:
            client.close()
        if len(self._clients) > 1 and self._keeps_cookies:
            self.cookies.even()
        return kept

    def _proxy_for(self, url, proxies):
        """(proxy's URL, hosts that need none) for a URL."""
        for given in (proxies, self.proxies):
            if given and not hasattr(given, "items"):
                raise wrong_type("proxies", "a mapping", given)
        from_environment = self._environment_proxies or self.trust_env
        merged = environment_proxies_now() if from_environment else {}
        merged.update(self.proxies or ())
        if proxies:
            merged.update(proxies)
        scheme, _, rest = url.partition("://")
        host = rest.partition("/")[0].rpartition("@")[2].partition(":")[0]
        for name in (f"{scheme}://{host}", scheme, f"all://{host}", "all"):
            proxy = merged.get(name)
            if proxy:
                break
        else:
            return None, None
        if not isinstance(proxy, str):
            raise wrong_type("each of proxies", "str", proxy)
        return proxy_url(proxy), merged.get("no_proxy") or merged.get("no") or None

    # ---- requests

    def request(self, method, url, params=None, data=None, headers=None, cookies=None, files=None,
                auth=None, timeout=None, allow_redirects=True, proxies=None, hooks=None,
                stream=None, verify=None, cert=None, json=None, *, retry=None, policy=None,
                secret_headers=(), allow_downgrade=False):
        """The Response to a request, whatever its status. As requests.Session.request: timeout: seconds, or (connect,
        read), None for no limit; verify: True, False, the path of anchors, a Policy or a PolicyFile; cert: a path,
        (certificate, key) or (certificate, key, passphrase). And retry: a Retry; policy: a Policy or its text, in
        place of verify; secret_headers: names whose values go to no other origin; allow_downgrade: redirects from
        https to http are followed.

        RequestException where no answer came, SSLError among them; PolicyForbidden; OSError for files that cannot be
        read; PolicyError, TypeError and ValueError for arguments."""
        if self._is_sent_by_class:
            from ._derived import request
            return request(self, method, url, params, data, headers, cookies, files, auth, json, hooks,
                           timeout=timeout, allow_redirects=allow_redirects, proxies=proxies, stream=stream,
                           verify=verify, cert=cert, retry=retry, policy=policy, secret_headers=secret_headers,
                           allow_downgrade=allow_downgrade)
        return self._call(method, url, params, data, headers, cookies, files, auth, timeout,
                          allow_redirects, proxies, hooks, stream, verify, cert, json, retry,
                          policy, secret_headers, allow_downgrade).run(timeout, proxies)

    def _call(self, method, url, params, data, headers, cookies, files, auth, timeout,
              allow_redirects, proxies, hooks, stream, verify, cert, json, retry, policy,
              secret_headers, allow_downgrade):
        call = Call()
        call.session = self
        call.method = (method if isinstance(method, str) else _method(method)).upper()
        call.suffix = None  # what is behind a profile's URL
        if not is_plain(url):
            whole = self._place(url) if isinstance(url, str) else url
            if whole is not url:
                call.suffix = url
            url = check_url(whole)
        call.url = url
        if self.params:
            params = merged_params(self.params, params)
        if type(params) is str and not params.isprintable():
            params = without_controls(params)
        call.params, own = params, self.headers
        fields = own._store if type(own) is CaseInsensitiveDict else store(own)
        if headers:
            fields = {**fields, **store(headers)}
        if "accept" not in fields or fields.get("accept-encoding", _NOTHING)[1] is None:
            fields = self._without_defaults(fields)
        call.headers = fields
        call.auth = self.auth if auth is None else auth
        call.connect, call.read = limits_of(timeout)
        if policy is not None:
            verify = self._policy_of(policy)
        elif verify is None:
            verify = self.verify
        if verify is not True and verify is not False and type(verify) is not Policy \
                and (verify == 1 or verify == 0):
            verify = repr(verify), self._policy(verify)  # raises
        proxy = no_proxy = None
        if proxies or self.proxies or self._environment_proxies or self.trust_env:
            proxy, no_proxy = self._proxy_for(url, proxies)
        if cert is None:
            cert = self.cert
        if cert is not None:
            cert = checked_cert(cert)
        if secret_headers != ():
            if isinstance(secret_headers, (str, bytes)):  # its letters would be taken for names
                raise wrong_type("secret_headers", "several str", secret_headers)
            secret_headers = all_of("secret_headers", secret_headers, str, "several str")
        if allow_downgrade is not False and allow_downgrade is not True:
            raise wrong_type("allow_downgrade", "True or False", allow_downgrade)
        if "http://" not in self.adapters or "https://" not in self.adapters:
            self.get_adapter(url)  # whoever took one away wants no such requests
        if retry is None:
            if self._retries:
                retry = retry_of(self.get_adapter(url))
        elif not isinstance(retry, Retry):
            raise wrong_type("retry", "an anycert.Retry", retry)
        call.retry = retry
        call.key = (verify, cert, proxy, no_proxy, allow_downgrade, secret_headers)
        call.redirects = self.max_redirects if allow_redirects else False
        call.stream = self.stream is True if stream is None else stream
        call.data = call.json = call.files = call.cookies = call.hooks = None
        if data is not None or json is not None or files:
            call.take_body(data, json, files)
        if cookies or self._cookies is not None or len(self._clients) > 1:
            call.add_cookies(cookies)
        own = self.hooks
        if hooks or self._foreign or (own and (type(own) is not dict or own.get("response"))):
            call.hooks = merged_hooks(own, hooks)
        return call

    def _without_defaults(self, fields):
        """The library's own fields are not wanted by whoever has taken them out of the headers."""
        if self.profile is not None:
            return fields
        fields = {"accept": ("Accept", None), **fields}
        if fields.get("accept-encoding", _NOTHING)[1] is None:
            fields["accept-encoding"] = "Accept-Encoding", "identity"
        return fields

    def get(self, url, **kwargs):
        """request("GET", …)"""
        return self.request("GET", url, **kwargs)

    def options(self, url, **kwargs):
        """request("OPTIONS", …)"""
        return self.request("OPTIONS", url, **kwargs)

    def head(self, url, **kwargs):
        """request("HEAD", …), without following redirects."""
        kwargs.setdefault("allow_redirects", False)
        return self.request("HEAD", url, **kwargs)

    def post(self, url, data=None, json=None, **kwargs):
        """request("POST", …)"""
        return self.request("POST", url, data=data, json=json, **kwargs)

    def put(self, url, data=None, **kwargs):
        """request("PUT", …)"""
        return self.request("PUT", url, data=data, **kwargs)

    def patch(self, url, data=None, **kwargs):
        """request("PATCH", …)"""
        return self.request("PATCH", url, data=data, **kwargs)

    def delete(self, url, **kwargs):
        """request("DELETE", …)"""
        return self.request("DELETE", url, **kwargs)

    # ---- adapters

    def mount(self, prefix, adapter):
        """Mounts an adapter for URLs that begin so. One that is not of anycert does the sending."""
        if not isinstance(prefix, str):
            raise wrong_type("prefix", "str", prefix)
        if not isinstance(adapter, HTTPAdapter) and not hasattr(adapter, "send"):
            raise wrong_type("adapter", "one of anycert or requests", adapter)
        self.adapters[prefix] = adapter
        for key in [key for key in self.adapters if len(key) < len(prefix)]:
            self.adapters[key] = self.adapters.pop(key)
        self._foreign = any(is_foreign(a) for a in self.adapters.values())
        self._retries = any(retry_of(a) for a in self.adapters.values() if not is_foreign(a))

    def get_adapter(self, url):
        """The adapter with the longest prefix of the URL."""
        for prefix, adapter in self.adapters.items():
            if url.lower().startswith(prefix.lower()):
                return adapter
        from .exceptions import _new
        raise _new("InvalidSchema", f"No connection adapters were found for {url!r}")

    # ---- prepared requests

    def prepare_request(self, request):
        """A PreparedRequest of a Request, with what the session adds."""
        from ._prepare import PreparedRequest
        if not hasattr(request, "prepare"):
            raise wrong_type("request", "a Request", request)
        prepared = PreparedRequest()
        headers = CaseInsensitiveDict()
        headers._store.update({**self.headers._store, **store(request.headers or {})})
        for name in [name for name, value in headers.items() if value is None]:
            del headers[name]
        prepared.prepare(request.method, request.url, headers, request.files, request.data,
                         merged_params(self.params, request.params), request.auth or self.auth,
                         request.cookies, {"response": merged_hooks(self.hooks, request.hooks)},
                         request.json)
        return prepared

    def merge_environment_settings(self, url, proxies, stream, verify, cert):
        """The settings that send() of a prepared request goes by, as a dictionary of its arguments."""
        given = {**(self.proxies or {}), **(proxies or {})}
        return {"proxies": given, "stream": self.stream is True if stream is None else stream,
                "verify": self.verify if verify is None else verify, "cert": self.cert if cert is None else cert}

    def get_redirect_target(self, resp):
        """Where the answer redirects to, as it says it; None if it does not."""
        return resp.headers["location"] if resp.is_redirect else None

    def send(self, request, *, timeout=None, allow_redirects=True, proxies=None, stream=None,
             verify=None, cert=None, run_hooks=True, **kwargs):
        """Sends a PreparedRequest as it is."""
        if not hasattr(request, "body"):
            raise wrong_type("request", "a PreparedRequest", request)
        headers = CaseInsensitiveDict()
        headers._store.update({**NOT_OURS, **store(request.headers or {})})
        bare = _Bare(self, headers)
        hooks, auth = request.hooks, None
        if hooks and hooks.get("response"):
            from ._ntlm import of_hooks, without
            auth = of_hooks(hooks)
            hooks = without(hooks, auth) if auth else hooks
        return bare.request(request.method, request.url, data=request.body, timeout=timeout,
                            allow_redirects=allow_redirects, proxies=proxies, stream=stream,
                            verify=verify, cert=cert, auth=kwargs.pop("auth", auth),
                            hooks=hooks if run_hooks else None, **kwargs)

    # ---- life

    def __getstate__(self):
        cookies = self.cookies.kept() if self._keeps_cookies else None
        return {**self.__dict__, "_clients": {}, "_kinds": {}, "_cookies": cookies}  # connections stay where they are

    def __setstate__(self, state):
        cookies = state["_cookies"]
        self.__dict__.update(state, _cookies=None)
        if cookies:
            self.cookies.restore(cookies)

    def close(self):
        """Closes all connections. The session may be used again, and has its cookies, but for those that were met
        under a policy file, a profile, or a policy that ends and lets anybody in until then."""
        clients = list(self._clients.values())
        if self._keeps_cookies and (self._cookies is not None or any("\t" in client.cookies() for client in clients)):
            self.cookies.even()
        self._clients.clear()
        for client in clients:
            client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _Bare(Session):
    """A session that adds nothing of its own to requests, over another one's connections."""

    def __init__(self, session, headers):
        self.__dict__.update(session.__dict__)
        self._owner = session
        self.headers, self.params, self.auth = headers, {}, None
        self.hooks, self.stream = {"response": []}, session.stream is True  # a client has a method there

    @property
    def cookies(self):
        """The session's."""
        return self._owner.cookies


def _method(method):
    if isinstance(method, bytes):
        try:
            return method.decode("ascii")
        except UnicodeDecodeError as error:
            raise named("method", error) from None
    raise wrong_type("method", "str", method)
