"""The base client that integrations of XSOAR are written on, and what belongs to it, with TLS that says what it gave up.

Instead of `from CommonServerPython import BaseClient`:

    from anycert.xsoar import BaseClient
    client = BaseClient(base_url="https://appliance.example", verify=False)
    status = client._http_request("GET", "/status")

Calls, errors and their texts are those of the original; docs/moving-an-integration.md lists where they are not."""
from __future__ import annotations

from ._xsoar_adapter import SSLAdapter
from ._xsoar_client import BaseClient, generic_http_request, urljoin
from ._xsoar_debug import censor_request_logs
from ._xsoar_environment import (ensure_proxy_has_http_prefix, handle_insecure, handle_proxy, skip_cert_verification,
                                 skip_proxy)
from ._xsoar_errors import DemistoException
from ._xsoar_metrics import ErrorTypes, ExecutionMetrics
from ._xsoar_platform import set_platform

__all__ = ["BaseClient", "DemistoException", "ErrorTypes", "ExecutionMetrics", "SSLAdapter", "censor_request_logs",
           "ensure_proxy_has_http_prefix", "generic_http_request", "handle_insecure", "handle_proxy", "set_platform",
           "skip_cert_verification", "skip_proxy", "urljoin"]
