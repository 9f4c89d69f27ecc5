"""What a session judges servers by: verify, policies and files of them, and where anchors come from."""
from __future__ import annotations

import os

from . import _core
from ._checks import wrong_type
from ._core import Policy, PolicyFile, TrustStore
from ._places import certifi_bundle, existing
from ._response import Response
from .exceptions import PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def file_of(given: Any) -> PolicyFile | None:
    """A PolicyFile of one, of a path, or of None."""
    if given is None or isinstance(given, PolicyFile):
        return given
    return PolicyFile(_path("policy_file", "a PolicyFile", given))


def store_of(given: Any) -> TrustStore | None:
    """A TrustStore of one, of a path, or of None."""
    if given is None or isinstance(given, TrustStore):
        return given
    return TrustStore(_path("trust_store", "a TrustStore", given))


def _path(name: str, what: str, given: Any) -> Any:
    if not isinstance(given, (str, bytes)) and not hasattr(given, "__fspath__"):
        raise wrong_type(name, f"{what} or a path", given)
    return given


def new_client(arguments: dict[str, Any]) -> _core.Client:
    """A client; where the system has no anchors, and nobody has named others, with those of certifi."""
    try:
        return _core.Client(**arguments)
    except OSError as error:
        unsaid = arguments["policy"] is None and arguments["default_anchors"] is None \
            and arguments.get("profile") is None
        bundle = certifi_bundle() if unsaid and getattr(error, "name", "") == "ANCHORS" else None
        if bundle is None:
            raise
        which = "policy" if arguments["policy_file"] is None else "default_anchors"
        return _core.Client(**{**arguments, which: Policy(ca=bundle)})


def _anchors_at(path: Any) -> Any:
    """The path of anchors; OSError, in requests' words, if nothing is there, with a hint for who meant a policy."""
    try:
        return existing(path)
    except OSError as error:
        text, missing = str(path), str(error)
    hint = ""
    try:
        Policy(text)
        hint = f"; for the policy, write verify=anycert.Policy({text!r})"
    except (ValueError, OSError) as error:
        if "did you mean" in str(error):
            hint = f"; as a policy: {error}"
    raise OSError(missing + hint)


def with_hint(error: OSError, verify: Any) -> OSError:
    """The error, which says more where the file that was given as anchors is one of policies."""
    if getattr(error, "name", "") != "ANCHORS" or isinstance(verify, (bool, Policy, PolicyFile)):
        return error
    path = str(verify)
    try:
        if not len(PolicyFile(path)):  # or it is empty
            return error
    except (ValueError, OSError):
        return error
    hinted = OSError(f"{error}; for a policy file: verify=anycert.PolicyFile({path!r})")
    hinted.__dict__.update(error.__dict__)
    return hinted


def policy_of(given: Any, ca: Any = None, *, files_are: tuple[str, ...] = ("ca", "policy_file")) -> Policy:
    """The Policy of one, or of its text, which has the anchors; hardened for None. PolicyError says more where a URL or
    a path was given for it. files_are: the arguments that the caller has for paths."""
    if isinstance(given, Policy):
        if ca is not None:
            raise ValueError("ca goes with the text of a policy; a Policy has its own anchors")
        return given
    if "policy_file" in files_are and isinstance(given, PolicyFile):
        raise TypeError("policy has to be a Policy or its text; a PolicyFile is for policy_file")
    text = "hardened" if given is None else given
    if not isinstance(text, str):  # False, above all, must not come to mean trust-any
        raise wrong_type("policy", "a Policy or its text", given)
    try:
        return Policy(text, ca=ca)
    except PolicyError as error:
        error.args = (f"{error}{_meant(text, files_are)}",)
        raise


def _meant(text: str, files_are: tuple[str, ...]) -> str:
    """What was probably meant by a text that is no policy."""
    if text.lower().startswith(("https://", "http://")):
        return "; a URL is given to a request, as in get(url)" if "policy_file" in files_are else ""
    if not os.path.exists(text):
        return ""
    kinds = "anchors", "a policy file"
    return "".join(f"; for {kind}, write {name}={text!r}" for kind, name in zip(kinds, files_are))


def check_store(policy: Any, store: TrustStore | None) -> None:
    """ValueError if the policy looks into a trust store, and there is none."""
    if store is None and getattr(policy, "rung", "") == "tofu":
        raise ValueError("the policy 'tofu' looks into a trust store: say trust_store=PATH, or "
                         "trust_store=anycert.default_trust_store()")


class Judging:
    """The part of a session that is about this."""

    _policy_file: PolicyFile | None = None
    _trust_store: TrustStore | None = None
    _on_first_use: Any = None
    _looks_only = False
    _anchors: Policy | None = None  # of the client, where the policy file's policies name none
    _ca: Any = None  # of the client, for policies that are given as texts
    _bundle: str | None = None  # the environment's
    profile: _core.Profile | None = None  # of a Client that was made with one

    @property
    def policy_file(self) -> PolicyFile | None:
        """The PolicyFile that hosts are judged by, or None."""
        return self._policy_file

    @property
    def trust_store(self) -> TrustStore | None:
        """The TrustStore that the policy tofu looks into, or None."""
        return self._trust_store

    def explain(self, url: str) -> str:
        """How a request to the URL would go, and under which policy, in words. Nothing is sent."""
        return self._client_for(url).explain(self._place(url))

    def policy_for(self, url: str) -> tuple[Policy, str | None]:
        """(Policy, source) of the URL's host: source is the place of its line in the policy file,
        as 'NAME:LINE', or None. Nothing is sent."""
        return self._client_for(url).policy_for(self._place(url))

    def look(self, url: str) -> _core.Report:
        """A Report of a handshake with the URL's host; no request is sent. SSLError, with a report,
        if the policy refuses it."""
        return self._look(url, [])

    def _look(self, url: str, given_up: list[bool]) -> _core.Report:
        """The same; given_up: once something is in it, nobody waits for it."""
        report: _core.Report = self._client_for(url).look(Response, self._place(url), given_up).report
        return report

    def _place(self, url: str) -> str:
        """The whole URL."""
        return url

    def _client_for(self, url: str) -> _core.Client:
        call: Any = getattr(self, "_call")
        client: _core.Client = call("GET", url, *[None] * 7, True, *[None] * 8, (), False).client()
        return client

    def _policy(self, verify: Any) -> Policy | None:
        """The policy that verify stands for; wrong types are errors, and never 'off'."""
        if isinstance(verify, Policy):
            return verify
        if verify is True or verify is None:
            return Policy(ca=existing(self._bundle)) if self._bundle else None
        if verify is False:
            return Policy("trust-any")
        if isinstance(verify, bytes) or not (isinstance(verify, str) or hasattr(verify, "__fspath__")):
            raise ValueError("verify has to be True, False, the path of a CA bundle, a Policy or a "
                             f"PolicyFile, not {verify!r}")
        if not str(verify):
            raise ValueError("verify is empty: it has to be True, False, the path of a CA bundle, a "
                             "Policy or a PolicyFile")
        return Policy(ca=_anchors_at(verify))

    def _policy_of(self, given: Any) -> Policy:
        """A request's own policy: one, or the text of one, which has the client's anchors if it names none."""
        policy = policy_of(given, files_are=("verify",))
        ca = self._ca if self._ca is not None else self._bundle
        return policy if policy is given or ca is None or policy.ca is not None else Policy(given, ca=ca)

    def _judged_by(self, verify: Any) -> tuple[Policy | None, dict[str, Any]]:
        """The policy that verify says, and what a client is told of it: with a policy file, True and
        paths of anchors choose no policy, only the anchors of those that name none."""
        file = self._policy_file
        if self.profile is not None and verify is True:
            return None, self._judged(None, None, None)
        if isinstance(verify, PolicyFile):
            file, verify = verify, True
        policy = anchors = None
        if file is None or verify is False or isinstance(verify, Policy):
            policy = self._policy(verify)
        elif verify is True or verify is None:
            anchors = file.anchors or self._anchors or self._policy(True)  # the environment's
        else:
            anchors = self._policy(verify)
        return policy, self._judged(policy, anchors, file)

    def _kind_of(self, verify: Any) -> object:
        """What clients have in common whose cookies may meet, and outlast them: True if they let in authenticated peers
        alone, False if anybody. One that does both, by host or by day, is alone."""
        if isinstance(verify, Policy):
            ends_open = verify.until is not None and not verify.authenticates
            return object() if ends_open else verify.authenticates
        if verify is False:
            return False
        alone = isinstance(verify, PolicyFile) or self._policy_file is not None or self.profile is not None
        return object() if alone else True

    def _judged(self, policy: Any, anchors: Any, file: Any) -> dict[str, Any]:
        return {"policy": policy, "default_anchors": anchors, "policy_file": file,
                "trust_store": self._trust_store, "on_first_use": self._on_first_use,
                "look_only": self._looks_only}

    def _new_client(self, arguments: dict[str, Any]) -> _core.Client:
        if self.profile is not None:
            from ._profile import arguments as beside
            arguments = beside(self.profile, arguments)
        return new_client(arguments)
