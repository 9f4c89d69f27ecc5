"""How often the base client's calls succeeded and failed, for the platform's statistics."""
from __future__ import annotations

from . import _xsoar_platform as platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENTRY_TYPE = 19  # of the platform's entries


class ErrorTypes:
    """How the platform's statistics name what became of a call."""

    SUCCESS = "Successful"
    QUOTA_ERROR = "QuotaError"
    GENERAL_ERROR = "GeneralError"
    AUTH_ERROR = "AuthError"
    SERVICE_ERROR = "ServiceError"
    CONNECTION_ERROR = "ConnectionError"
    PROXY_ERROR = "ProxyError"
    SSL_ERROR = "SSLError"
    TIMEOUT_ERROR = "TimeoutError"
    RETRY_ERROR = "RetryError"


class MetricsEntry(dict):  # type: ignore[type-arg]
    """The entry that tells the platform; it can be returned as a result, too."""

    @property
    def execution_metrics(self) -> list[dict[str, Any]]:
        return self["APIExecutionMetrics"]  # type: ignore[no-any-return]

    def to_context(self) -> dict[str, Any]:
        return dict(self)


_KINDS = {name.lower(): kind for name, kind in vars(ErrorTypes).items() if name.isupper()}
_COUNTERS = {kind: name for name, kind in _KINDS.items()}


class ExecutionMetrics:
    """Counters of calls: `success` and the `…_error`s, which are set and read like plain numbers."""

    def __init__(self) -> None:
        self._metrics: list[dict[str, Any]] = []
        self.success = 0
        self.quota_error = 0
        self.general_error = 0
        self.auth_error = 0
        self.service_error = 0
        self.connection_error = 0
        self.proxy_error = 0
        self.ssl_error = 0
        self.timeout_error = 0
        self.retry_error = 0

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _KINDS:
            self.update_metrics(_KINDS[name], value)

    @staticmethod
    def is_supported() -> bool:
        """Whether the platform's server knows what metrics are: from 6.8.0."""
        return platform.version_is_at_least("6.8.0")

    def update_metrics(self, metric_type: str, metric_value: int) -> None:
        """Sets how many calls of a kind there were. Kinds are listed in the order in which they were first seen;
        one that is zero again is not listed."""
        self._metrics = [metric for metric in self._metrics if metric["Type"] != metric_type or metric_value > 0]
        for metric in self._metrics:
            if metric["Type"] == metric_type:
                metric["APICallsCount"] = metric_value
                return
        if metric_value > 0:
            self._metrics.append({"Type": metric_type, "APICallsCount": metric_value})

    def get_metric_list(self) -> list[dict[str, Any]]:
        """[{"Type": "Successful", "APICallsCount": 3}, …]: those above zero."""
        return self._metrics

    @property
    def metrics(self) -> MetricsEntry | None:
        """The entry for the platform; None while nothing was counted."""
        if not self._metrics:
            return None
        return MetricsEntry({"Type": ENTRY_TYPE, "ContentsFormat": "json",
                             "Contents": "Metrics of the API calls.", "APIExecutionMetrics": self._metrics})

    def count(self, kind: str) -> None:
        """One more of that kind, a value of ErrorTypes; what is none of them is a general error."""
        name = _COUNTERS.get(kind, "general_error")
        setattr(self, name, getattr(self, name) + 1)
