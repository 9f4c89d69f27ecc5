"""The base client: what integrations are written on."""
from __future__ import annotations

import time

from . import _xsoar_debug, _xsoar_errors as errors, _xsoar_platform as platform
from ._checks import wrong_type
from ._judging import check_store
from ._xsoar_adapter import SSLAdapter
from ._xsoar_environment import (ensure_proxy_has_http_prefix, skip_cert_verification, skip_proxy,
                                 timeout_in_seconds)
from ._xsoar_errors import DemistoException
from ._xsoar_metrics import ErrorTypes, ExecutionMetrics
from ._xsoar_session import accepts_anything, checked_verify, is_own, make_retry, make_session, times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any, NoReturn


def urljoin(url: str, suffix: str = "") -> str:
    """The two with one slash between them: one that `url` ends with, or a new one; one that `suffix` begins with is
    taken off. An empty suffix leaves a slash at the end."""
    if not url.endswith("/"):
        url += "/"
    return url + (suffix[1:] if suffix.startswith("/") else suffix)


def _now() -> float:
    """Seconds of a clock that never goes back."""
    return time.monotonic()


class BaseClient:
    """An HTTP client with a base URL, for an integration to be derived from.

    base_url: what each call's suffix is joined to; looked at when the first request is made.
    verify: True or None, the default policy: nothing is forgiven; False: the policy trust-any; a path: of the file or
        folder with the anchors to use; a Policy; a PolicyFile: each host by its line, with the
        file's ca for lines without. ValueError for anything else, "" and 0 included.
    proxy: True: the environment's proxies, whose variables are repaired first; False: none, and HTTP_PROXY and
        HTTPS_PROXY are deleted from the environment.
    ok_codes: the statuses that are no errors; without them all below 400.
    headers: for calls without headers of their own.
    auth: (user, password), or a callable that gets the prepared request; for calls without one of their own.
    timeout: seconds, for connecting and for each wait for data; the environment's REQUESTS_TIMEOUT.NAME and
        REQUESTS_TIMEOUT come before it, a call's timeout before them.
    trust_store, on_first_use: for the policy tofu, as anycert.Session has them.

    Hooks for classes derived from it: client_error_handler, determine_error_type, is_polling_in_progress,
    _is_status_code_valid, _handle_error, _handle_success. Threads: like its session's."""

    REQUESTS_TIMEOUT = 60
    TIME_SENSITIVE_TOTAL_TIMEOUT = 15

    def __init__(self, base_url: str, verify: Any = True, proxy: bool = False, ok_codes: Collection[int] | None = (),
                 headers: Any = None, auth: Any = None, timeout: float = REQUESTS_TIMEOUT, *, trust_store: Any = None, on_first_use: Any = None) -> None:
        self._base_url = base_url
        self._verify = checked_verify(verify)
        if is_own(self._verify):
            check_store(self._verify, trust_store)
        self._ok_codes = ok_codes
        self._headers = headers
        self._auth = auth
        if proxy:
            ensure_proxy_has_http_prefix()
        else:
            skip_proxy()
        self._session = make_session(bool(proxy), trust_store=trust_store, on_first_use=on_first_use)
        if self._verify is False:
            self._session.mount("https://", SSLAdapter(verify=False))
            skip_cert_verification()
        self.timeout = timeout_in_seconds(timeout)
        self._deadline = _now() + self.TIME_SENSITIVE_TOTAL_TIMEOUT if platform.is_time_sensitive() else None
        self.execution_metrics = ExecutionMetrics()
        self._platform = platform.get_platform()

    def __del__(self) -> None:
        """Tells the platform what was counted, if anything was, and closes the session."""
        try:
            entry = self.execution_metrics.metrics
            if entry:
                platform.results(dict(entry), getattr(self, "_platform", None))
        except Exception:  # pylint: disable=broad-exception-caught  # nobody could catch it
            pass
        try:
            self._session.close()
        except Exception:  # pylint: disable=broad-exception-caught
            pass

    # pylint: disable-next=too-many-arguments,too-many-locals
    def _http_request(self, method: str, url_suffix: str = "", full_url: str | None = None, headers: Any = None,
                      auth: Any = None, json_data: Any = None, params: Any = None, data: Any = None,
                      files: Any = None, timeout: Any = None, resp_type: str = "json",
                      ok_codes: Collection[int] | None = None, return_empty_response: bool = False,
                      retries: int = 0, status_list_to_retry: Collection[int] | None = None,
                      backoff_factor: float = 5, backoff_jitter: float = 0.0, raise_on_redirect: bool = False,
                      raise_on_status: bool = False, error_handler: Callable[[Any], Any] | None = None,
                      empty_valid_codes: Collection[int] | None = None,
                      params_parser: Callable[..., str] | None = None, with_metrics: bool = False,
                      **kwargs: Any) -> Any:
        """Makes a request, and gives what its answer says.

        method: any token, in any case. url_suffix: joined to the base URL. full_url: in place of both.
        headers: in place of the client's (they are not merged). auth: likewise.
        json_data: sent as JSON, unless there is data. params: of the query: mapping, pairs or text.
        data: mapping or pairs for a form; text, bytes, a file or an iterator as they are. files: for multipart.
        timeout: seconds, or (connect, read); None: the client's.
        resp_type: "json": the value; "text"; "content": bytes; "xml": the response, if it is well-formed; anything
            else: the response.
        ok_codes: the statuses that are no errors, in place of the client's; without any: all below 400.
        return_empty_response: the response itself, for a status in empty_valid_codes (204 if there are none).
        retries: how often it is made again at most, of this call alone: when there was no answer, when the status is
            in status_list_to_retry, or is 413, 429 or 503 with a Retry-After. Methods: GET, POST, PUT, PATCH, DELETE.
        backoff_factor: seconds: no delay before the first retry, then backoff_factor * 2^n, 120 at most, and up to
            backoff_jitter more.
        raise_on_status: an exception when all retries end with such a status, instead of the error of that status.
        raise_on_redirect: TooManyRedirects where redirects do not end, instead of the last response.
        error_handler: called with a response that is an error, in place of client_error_handler; where it returns,
            the answer counts as a success.
        params_parser: quotes params, such as urllib.parse.quote, in place of quote_plus.
        with_metrics: counts the call in execution_metrics.
        kwargs: for the session's request(): stream, cert, allow_redirects, proxies, cookies, hooks, and what it has
            beyond requests': secret_headers, allow_downgrade, policy.

        Raises DemistoException; what arguments are wrong (exceptions.MissingSchema, InvalidHeader…); ReadTimeout,
        ChunkedEncodingError and TooManyRedirects as they are; SSLError as it is when verify is False or a policy
        that accepts any certificate, and in a DemistoException otherwise."""
        if self._deadline is not None:
            retries, timeout = 0, self._remaining()
        if times(retries):
            kwargs["retry"] = make_retry(times(retries), status_list_to_retry, backoff_factor, backoff_jitter,
                                         raise_on_status, raise_on_redirect)
        if params_parser:
            from urllib.parse import urlencode  # pylint: disable=import-outside-toplevel  # most never need it
            params = urlencode(params, quote_via=params_parser)
        try:
            res = self._session.request(
                method, full_url or self._join(url_suffix), verify=self._verify, params=params,
                data=data, json=json_data, files=files, headers=headers or self._headers, auth=auth or self._auth,
                timeout=self.timeout if timeout is None else timeout, **kwargs)
        except OSError as error:  # which all exceptions of a session are
            res = self._last_response(error, raise_on_redirect)
            if res is None:
                self._raise(error, retries, with_metrics)
        _xsoar_debug.log_exchange(res)
        if not self._is_status_code_valid(res, ok_codes):
            self._handle_error(error_handler, res, with_metrics)
        return self._handle_success(res, resp_type, empty_valid_codes, return_empty_response, with_metrics)

    def _join(self, url_suffix: str) -> str:
        """The address of a call. TypeError for what is no text; a suffix of None fails as it always has."""
        try:
            return urljoin(self._base_url, url_suffix)
        except (AttributeError, TypeError):
            for name, value in (("base_url", self._base_url), ("url_suffix", url_suffix)):
                if not isinstance(value, str) and not (value is None and name == "url_suffix"):
                    raise wrong_type(name, "str", value) from None
            raise

    def _limit(self) -> str:
        return f"Time-sensitive command execution time limit ({self.TIME_SENSITIVE_TOTAL_TIMEOUT}s) "

    def _remaining(self) -> float:
        """Seconds until the deadline that all calls share."""
        remaining = (self._deadline or 0) - _now()
        if remaining <= 0:
            raise DemistoException(self._limit() + "reached before performing the API request.")
        return remaining

    @staticmethod
    def _last_response(error: Any, raise_on_redirect: bool) -> Any:
        """Where redirects did not end, and that is no error: the response that they came to."""
        if raise_on_redirect or not errors.is_a(error, "TooManyRedirects"):
            return None
        return getattr(error, "response", None)

    def _raise(self, error: OSError, retries: int, with_metrics: bool) -> NoReturn:
        """Counts what the session raised, and raises what the caller is to get."""
        error = errors.after_retries(error, retries)
        known = errors.kind_of(error)
        if known and with_metrics:
            self.execution_metrics.count(known[1])
        raised = self._instead(error, known[0] if known else "", retries)
        try:
            if raised is error:
                raise error
            raise raised from error
        finally:
            del error, raised  # with its traceback, either would refer to itself, and keep the client

    def _instead(self, error: OSError, name: str, retries: int) -> Exception:
        """The exception that the caller gets for one of that name of the session's."""
        if name == "SSLError" and accepts_anything(self._verify):
            return error
        instead = errors.translated(error, retries, is_own(self._verify))
        if name == "ConnectTimeout" and self._deadline is not None:
            return DemistoException(f"{self._limit()}exceeded. Original error: {instead}", error)
        return instead or error

    def _is_status_code_valid(self, response: Any, ok_codes: Collection[int] | None = None) -> bool:
        """Whether the status is one of ok_codes, of the client's if there are none, or else below 400."""
        codes = ok_codes or self._ok_codes
        try:
            return bool(response.status_code in codes if codes else response.status_code < 400)
        except TypeError:
            raise wrong_type("ok_codes", "statuses, such as (200, 201)", codes) from None

    def _handle_error(self, error_handler: Callable[[Any], Any] | None, res: Any,
                      should_update_metrics: bool) -> None:
        """Lets the handler say what is wrong with the response, and counts that if it raises."""
        try:
            (error_handler or self.client_error_handler)(res)
        except Exception:
            if should_update_metrics:
                self.execution_metrics.count(self.determine_error_type(res))
            raise

    def client_error_handler(self, res: Any) -> None:
        """Raises DemistoException with the status, its reason, and the body, which is written anew if it is JSON."""
        try:
            import json  # pylint: disable=import-outside-toplevel  # most never need it
            body = json.dumps(res.json())
        except ValueError:
            body = res.text
        raise DemistoException(f"Error in API call [{res.status_code}] - {res.reason}\n{body}", res=res)

    def determine_error_type(self, response: Any) -> str:
        """What a response that is an error counts as: a value of ErrorTypes."""
        return {401: ErrorTypes.AUTH_ERROR, 429: ErrorTypes.QUOTA_ERROR, 500: ErrorTypes.SERVICE_ERROR}.get(
            response.status_code, ErrorTypes.GENERAL_ERROR)

    def is_polling_in_progress(self, response: Any) -> bool:  # pylint: disable=unused-argument
        """Whether the answer only says that something is not ready yet, which is then not counted."""
        return False

    # pylint: disable-next=too-many-arguments,too-many-positional-arguments
    def _handle_success(self, res: Any, resp_type: str, empty_valid_codes: Collection[int] | None,
                        return_empty_response: bool, should_update_metrics: bool) -> Any:
        """Counts the success and gives what the answer says."""
        if should_update_metrics and not self.is_polling_in_progress(res):
            self.execution_metrics.count(ErrorTypes.SUCCESS)
        if return_empty_response and res.status_code in (empty_valid_codes or (204,)):
            return res
        return self.cast_response(res, resp_type)

    @staticmethod
    def cast_response(res: Any, resp_type: str) -> Any:
        """What a resp_type means. DemistoException for what is no JSON, xml.etree.ElementTree.ParseError for what is
        no XML."""
        if not isinstance(resp_type, str):
            raise wrong_type("resp_type", "str", resp_type)
        resp_type = resp_type.lower()
        try:
            if resp_type == "json":
                return res.json()
            if resp_type == "text":
                return res.text
            if resp_type == "content":
                return res.content
            if resp_type == "xml":
                from xml.etree import ElementTree  # pylint: disable=import-outside-toplevel  # most never need it
                ElementTree.fromstring(res.text)
            return res
        except ValueError as error:
            raise DemistoException(f"Failed to parse {resp_type} object from response: {res.content!r}", error,
                                   res) from error


# pylint: disable-next=too-many-arguments,too-many-locals
def generic_http_request(method: str, server_url: str, timeout: float = 60, verify: Any = True, proxy: bool = False,
                         client_headers: Any = None, headers: Any = None, url_suffix: str | None = None,
                         data: Any = None, ok_codes: Collection[int] | None = None, auth: Any = None,
                         error_handler: Callable[[Any], Any] | None = None, files: Any = None, params: Any = None,
                         retries: int = 0, resp_type: str = "json",
                         status_list_to_retry: Collection[int] | None = None, json_data: Any = None,
                         return_empty_response: bool = False, backoff_factor: float = 5,
                         raise_on_redirect: bool = False, raise_on_status: bool = False,
                         empty_valid_codes: Collection[int] | None = None,
                         params_parser: Callable[..., str] | None = None, with_metrics: bool = False,
                         **kwargs: Any) -> Any:
    """One request of a base client that is made for it: the arguments are those of the class and of _http_request.

    headers replaces client_headers where both are given."""
    client = BaseClient(server_url, verify=verify, proxy=proxy, ok_codes=ok_codes, headers=client_headers, auth=auth,
                        timeout=timeout)
    return client._http_request(  # pylint: disable=protected-access
        method, url_suffix or "", headers=headers, data=data, error_handler=error_handler, files=files,
        params=params, retries=retries, resp_type=resp_type, status_list_to_retry=status_list_to_retry,
        json_data=json_data, return_empty_response=return_empty_response, backoff_factor=backoff_factor,
        raise_on_redirect=raise_on_redirect, raise_on_status=raise_on_status, empty_valid_codes=empty_valid_codes,
        params_parser=params_parser, with_metrics=with_metrics, **kwargs)
