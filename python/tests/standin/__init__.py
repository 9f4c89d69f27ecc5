"""A stand-in for the original base client, on requests and urllib3: our own words, from what was observed of it.

It describes what ours is compared with: the tests of tests/xsoar run against both, and where the two differ on purpose
the test says how. It is no part of the package and nothing of the package uses it."""
from .client import BaseClient, generic_http_request
from .errors import DemistoException
from .metrics import ErrorTypes, ExecutionMetrics
from .surroundings import (SSLAdapter, ensure_proxy_has_http_prefix, handle_insecure, handle_proxy, set_platform,
                           skip_cert_verification, skip_proxy, urljoin)

__all__ = ["BaseClient", "DemistoException", "ErrorTypes", "ExecutionMetrics", "SSLAdapter",
           "ensure_proxy_has_http_prefix", "generic_http_request", "handle_insecure", "handle_proxy", "set_platform",
           "skip_cert_verification", "skip_proxy", "urljoin"]
