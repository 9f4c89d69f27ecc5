"""The original's client."""
import contextlib
import json
import os
import sys
import time
from urllib.parse import urlencode
from xml.etree import ElementTree

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from . import errors
from .errors import DemistoException
from .metrics import COUNTERS, ErrorTypes, ExecutionMetrics
from .surroundings import (SSLAdapter, ensure_proxy_has_http_prefix, platform, skip_cert_verification, skip_proxy,
                           urljoin)

RELAXES = sys.version_info >= (3, 10)


def _timeout(given):
    context = platform().callingContext.get("context", {})
    name = context.get("IntegrationBrand") or context.get("ScriptName") or ""
    return float(os.environ.get("REQUESTS_TIMEOUT." + name) or os.environ.get("REQUESTS_TIMEOUT") or given)


class BaseClient:
    REQUESTS_TIMEOUT = 60
    TIME_SENSITIVE_TOTAL_TIMEOUT = 15

    def __init__(self, base_url, verify=True, proxy=False, ok_codes=(), headers=None, auth=None,
                 timeout=REQUESTS_TIMEOUT):
        self._base_url, self._verify, self._ok_codes = base_url, verify, ok_codes
        self._headers, self._auth = headers, auth
        self._session = requests.Session()
        if RELAXES and not verify:
            self._session.mount("https://", SSLAdapter(verify=verify))
        if proxy:
            ensure_proxy_has_http_prefix()
        else:
            skip_proxy()
        if not verify:
            skip_cert_verification()
        self.timeout = _timeout(timeout)
        sensitive = getattr(platform(), "isTimeSensitive", None)
        self._deadline = time.time() + self.TIME_SENSITIVE_TOTAL_TIMEOUT if sensitive and sensitive() else None
        self.execution_metrics = ExecutionMetrics()

    def __del__(self):
        with contextlib.suppress(AttributeError):
            self.execution_metrics.report()
        with contextlib.suppress(AttributeError):
            self._session.close()

    def _mount_retries(self, retries, statuses, factor, jitter, **raising):
        if retries < 1:
            return
        if int(urllib3.__version__.split(".")[0]) >= 2:
            raising["backoff_jitter"] = jitter
        retry = Retry(total=retries, connect=retries, read=retries, status=retries, status_forcelist=statuses or (),
                      backoff_factor=factor, allowed_methods={"GET", "POST", "PUT", "PATCH", "DELETE"}, **raising)
        relaxed = RELAXES and not self._verify
        self._session.mount("https://", SSLAdapter(verify=self._verify, max_retries=retry) if relaxed
                            else HTTPAdapter(max_retries=retry))

    def _http_request(self, method, url_suffix="", full_url=None, headers=None, auth=None, json_data=None, params=None,
                      data=None, files=None, timeout=None, resp_type="json", ok_codes=None,
                      return_empty_response=False, retries=0, status_list_to_retry=None, backoff_factor=5,
                      backoff_jitter=0.0, raise_on_redirect=False, raise_on_status=False, error_handler=None,
                      empty_valid_codes=None, params_parser=None, with_metrics=False, **kwargs):
        limit = f"Time-sensitive command execution time limit ({self.TIME_SENSITIVE_TOTAL_TIMEOUT}s) "
        if self._deadline is not None:
            retries, timeout = 0, self._deadline - time.time()
            if timeout <= 0:
                raise DemistoException(limit + "reached before performing the API request.")
        if retries:
            self._mount_retries(retries, status_list_to_retry, backoff_factor, backoff_jitter,
                                raise_on_redirect=raise_on_redirect, raise_on_status=raise_on_status)
        try:
            res = self._session.request(
                method, full_url or urljoin(self._base_url, url_suffix), verify=self._verify,
                params=urlencode(params, quote_via=params_parser) if params_parser else params,
                data=data, json=json_data, files=files, headers=headers or self._headers, auth=auth or self._auth,
                timeout=self.timeout if timeout is None else timeout, **kwargs)
        except errors.CAUGHT as error:
            kind = errors.kind_of(error)
            self._count(kind, with_metrics)
            if kind == ErrorTypes.SSL_ERROR and not self._verify:
                raise
            message = errors.sentence(error, retries)
            if kind == ErrorTypes.TIMEOUT_ERROR and self._deadline is not None:
                message = limit + "exceeded. Original error: " + message
            raise DemistoException(message, error) from error
        if not self._is_status_code_valid(res, ok_codes):
            try:
                (error_handler or self.client_error_handler)(res)
            except Exception:
                self._count(self.determine_error_type(res), with_metrics)
                raise
        return self._handle_success(res, resp_type, empty_valid_codes, return_empty_response, with_metrics)

    def _count(self, kind, with_metrics):
        if with_metrics:
            metric = COUNTERS[kind]
            setattr(self.execution_metrics, metric, getattr(self.execution_metrics, metric) + 1)

    def _is_status_code_valid(self, response, ok_codes=None):
        codes = ok_codes or self._ok_codes
        return response.status_code in codes if codes else response.status_code < 400

    def client_error_handler(self, res):
        try:
            body = json.dumps(res.json())
        except ValueError:
            body = res.text
        raise DemistoException(f"Error in API call [{res.status_code}] - {res.reason}\n{body}", res=res)

    def determine_error_type(self, response):
        return {401: ErrorTypes.AUTH_ERROR, 429: ErrorTypes.QUOTA_ERROR, 500: ErrorTypes.SERVICE_ERROR}.get(
            response.status_code, ErrorTypes.GENERAL_ERROR)

    def is_polling_in_progress(self, response):
        return False

    def _handle_success(self, res, resp_type, empty_valid_codes, return_empty_response, should_update_metrics):
        if not self.is_polling_in_progress(res):
            self._count(ErrorTypes.SUCCESS, should_update_metrics)
        if return_empty_response and res.status_code in (empty_valid_codes or [204]):
            return res
        resp_type = resp_type.lower()
        try:
            if resp_type == "xml":
                ElementTree.fromstring(res.text)
            return {"json": res.json, "text": lambda: res.text, "content": lambda: res.content}.get(
                resp_type, lambda: res)()
        except ValueError as error:
            raise DemistoException(f"Failed to parse {resp_type} object from response: {res.content}", error,
                                   res) from error


def generic_http_request(method, server_url, timeout=60, verify=True, proxy=False, client_headers=None, headers=None,
                         url_suffix=None, data=None, ok_codes=None, auth=None, error_handler=None, files=None,
                         params=None, retries=0, resp_type="json", status_list_to_retry=None, json_data=None,
                         return_empty_response=False, backoff_factor=5, raise_on_redirect=False,
                         raise_on_status=False, empty_valid_codes=None, params_parser=None, with_metrics=False,
                         **kwargs):
    client = BaseClient(server_url, verify=verify, proxy=proxy, ok_codes=ok_codes, headers=client_headers, auth=auth,
                        timeout=timeout)
    return client._http_request(  # pylint: disable=protected-access
        method, url_suffix, headers=headers, data=data, error_handler=error_handler, files=files, params=params,
        retries=retries, resp_type=resp_type, status_list_to_retry=status_list_to_retry, json_data=json_data,
        return_empty_response=return_empty_response, backoff_factor=backoff_factor,
        raise_on_redirect=raise_on_redirect, raise_on_status=raise_on_status, empty_valid_codes=empty_valid_codes,
        params_parser=params_parser, with_metrics=with_metrics, **kwargs)
