"""The part of the platform's module of this name that makes HTTP requests, on anycert.

It is a distribution of its own, so that it never stands in the way of the platform's by accident: install it where
there is no platform, in tests and on the command line."""
from anycert.xsoar import (BaseClient, DemistoException, ErrorTypes, ExecutionMetrics, SSLAdapter,
                           censor_request_logs, ensure_proxy_has_http_prefix, generic_http_request, handle_insecure,
                           handle_proxy, skip_cert_verification, skip_proxy, urljoin)

__all__ = ["BaseClient", "DemistoException", "ErrorTypes", "ExecutionMetrics", "SSLAdapter", "censor_request_logs",
           "ensure_proxy_has_http_prefix", "generic_http_request", "handle_insecure", "handle_proxy",
           "skip_cert_verification", "skip_proxy", "urljoin"]
