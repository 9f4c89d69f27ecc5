"""AnycertAdapter: anycert's connections and policies for code that has a requests.Session.

    session = requests.Session()
    session.mount("https://", AnycertAdapter("hardened+expired"))

Redirects, cookies and authentication stay with requests; what goes over the wire, and whom it is
sent to, is anycert's. Answers have `report`, as those of anycert.Session."""
from requests import Response as _RequestsResponse
from requests.adapters import BaseAdapter
from requests.cookies import extract_cookies_to_jar
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers, select_proxy

from . import PolicyFile, Retry, Session
from ._checks import wrong_type
from ._judging import policy_of
from ._ntlm import may_go_to, of_hooks
from ._places import check_cert
from ._prepare import hide_user
from ._raw import Raw
from .exceptions import ConnectionError, _new


class _Headers:
    """What http.cookiejar asks of http.client's headers."""

    def __init__(self, pairs):
        self._pairs = pairs

    def get_all(self, name, default=None):
        return [value for other, value in self._pairs if other.lower() == name.lower()] or default


class _Original:
    """What requests takes for http.client's response."""

    def __init__(self, pairs):
        self.msg = _Headers(pairs)

    def isclosed(self):
        return True


class _Raw(Raw):
    """The body, where requests looks for urllib3's response."""

    def __init__(self, response):
        super().__init__(response)
        self._original_response = _Original(response._header_list())
        self.reason = response.reason


class AnycertAdapter(BaseAdapter):
    """policy: a Policy or its text, for everything that is mounted; None: what requests says with
    verify, True meaning hardened and False trust-any. policy_file: a PolicyFile or its path, with the
    policies of hosts, where neither policy nor verify=False says anything else. ca: the anchors of the
    policy's text (or of hardened, where there is none), or of hosts whose line in the file names none;
    as Policy has it. retry: a Retry, for every request; None: no request is made again.

    What is no policy, or not understood, is an exception here: TypeError, PolicyError, ValueError for
    anchors that are said twice and for tofu (there is no trust store), OSError for a policy file. Files
    of anchors are read by the first request."""

    _anycert_adapter = True

    def __init__(self, policy=None, *, ca=None, retry=None, policy_file=None):
        super().__init__()
        self._file_ca = None
        if ca is not None and policy is None and policy_file is not None:
            if isinstance(policy_file, PolicyFile):
                raise ValueError("ca goes with the path of a policy file; a PolicyFile has its own anchors")
            self._file_ca = ca
        elif policy is not None or ca is not None:
            policy = policy_of(policy, ca)
        if retry is not None and not isinstance(retry, Retry):
            raise wrong_type("retry", "an anycert.Retry", retry)
        self.policy, self.retry, self.policy_file = policy, retry, policy_file
        self._session = self._new_session()

    @property
    def policy(self):
        """The Policy for everything that is mounted, or None."""
        return self._policy

    @policy.setter
    def policy(self, given):
        policy = None if given is None else policy_of(given)
        if policy is not None and policy.rung == "tofu":
            raise ValueError("the adapter has no trust store for the policy 'tofu': use a Client or a Session")
        self._policy = policy

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "_session"}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._session = self._new_session()  # connections stay where they are

    def _new_session(self):
        file = self.policy_file
        session = Session(policy_file=file if self._file_ca is None else PolicyFile(file, ca=self._file_ca))
        session._keeps_cookies = False  # requests does
        return session

    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        """Sends a PreparedRequest, and returns a requests.Response."""
        url = hide_user(request.url)  # requests has made a header of them, or of others
        prepared = request.copy()
        prepared.url = url
        ntlm = of_hooks(request.hooks)
        if ntlm:
            prepared.hooks = {}
            request = request.copy()  # for its hook, which has nothing left to do when it sees this
            request.headers["Authorization"] = "NTLM"
        proxy = select_proxy(url, proxies)
        if not url.startswith("https://"):
            check_cert(cert)
            cert = None  # nobody asks for it
        try:
            answer = self._session.send(
                prepared, timeout=timeout, allow_redirects=False, stream=stream, cert=cert,
                proxies={url.partition(":")[0]: proxy} if proxy else None,
                verify=self.policy if self.policy is not None else verify, retry=self.retry,
                auth=ntlm if ntlm and may_go_to(request.hooks, url) else None, run_hooks=False)
        except ConnectionError as error:
            if error.name == "HTTP_PROTOCOL" and "how long its body is" in error.message:
                raise _like(error, "InvalidHeader") from None
            raise
        return self.build_response(request, answer)

    def build_response(self, request, answer):
        """A requests.Response of an anycert.Response; for classes that are derived from this."""
        response = _RequestsResponse()
        response.status_code, response.reason = answer.status_code, answer.reason
        response.headers = CaseInsensitiveDict(answer.headers)
        response.encoding = get_encoding_from_headers(response.headers)
        response.raw = _Raw(answer)
        response.url, response.request = request.url, request
        response.connection = self
        response.report, response.hops = answer.report, answer.hops
        response.elapsed = answer.elapsed
        extract_cookies_to_jar(response.cookies, request, response.raw)
        return response

    def close(self):
        """Closes all connections; the adapter may be used again."""
        self._session.close()


def _like(error, name):
    """The same failure, as another class of requests."""
    other = _new(name, *error.args, request=error.request, response=error.response)
    other.code, other.name, other.message = error.code, error.name, error.message
    other.report, other.diagnosis = error.report, error.diagnosis
    return other
