"""The original's counters of API calls."""
from .surroundings import platform


class ErrorTypes:
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


NAMES = {name.lower(): value for name, value in vars(ErrorTypes).items() if name.isupper()}
COUNTERS = {value: name for name, value in NAMES.items()}


class ExecutionMetrics:
    def __init__(self):
        self.__dict__.update({name: 0 for name in NAMES}, _metrics=[])

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        for metric in self._metrics:
            if metric["Type"] == NAMES[name]:
                metric["APICallsCount"] = value
                return
        self._metrics.append({"Type": NAMES[name], "APICallsCount": value})

    @property
    def listed(self):
        return self._metrics

    @staticmethod
    def is_supported():
        version = platform().demistoVersion().get("version", "0")
        return tuple(int(part) for part in version.split(".")) >= (6, 8, 0)

    def report(self):
        if self._metrics:
            platform().results({"Type": 19, "Contents": "", "ContentsFormat": "json",
                                "APIExecutionMetrics": self._metrics})
