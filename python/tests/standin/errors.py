"""The original's exception, and its sentences for what can go wrong underneath."""
import requests

from .metrics import ErrorTypes

TIMEOUT = ("Connection Timeout Error - potential reasons might be that the Server URL parameter is incorrect or that "
           "the Server is not accessible from your host.")
TLS = ("SSL Certificate Verification Failed - try selecting 'Trust any certificate' checkbox in the integration "
       "configuration.")
PROXY = ("Proxy Error - if the 'Use system proxy' checkbox in the integration configuration is selected, try clearing "
         "the checkbox.")
UNREACHABLE = ("Verify that the server URL parameter is correct and that you have access to the server from your host."
               "\nError Type: <{}>\n{}")
EXHAUSTED = "Max Retries Error- Request attempts with {} retries failed. \nReason: {}"


class DemistoException(Exception):
    def __init__(self, message, exception=None, res=None, error_type=None, *args):
        super().__init__(message, exception, error_type, *args)
        self.message, self.exception, self.res, self.error_type = message, exception, res, error_type

    def __str__(self):
        return str(self.message)


def unreachable(error):
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    if error.errno and error.strerror:
        return UNREACHABLE.format(kind, f"Error Number: [{error.errno}]\nMessage: {error.strerror}")
    return UNREACHABLE.format(kind, error)


def exhausted(error, retries):
    reason = getattr(error.args[0] if error.args else None, "reason", "")
    return EXHAUSTED.format(retries, reason)


# In this order: the first three are kinds of the fourth.
KINDS = (
    (requests.exceptions.ConnectTimeout, ErrorTypes.TIMEOUT_ERROR),
    (requests.exceptions.SSLError, ErrorTypes.SSL_ERROR),
    (requests.exceptions.ProxyError, ErrorTypes.PROXY_ERROR),
    (requests.exceptions.ConnectionError, ErrorTypes.CONNECTION_ERROR),
    (requests.exceptions.RetryError, ErrorTypes.RETRY_ERROR),
)
CAUGHT = tuple(raised for raised, _ in KINDS)


def kind_of(error):
    return next(kind for raised, kind in KINDS if isinstance(error, raised))


def sentence(error, retries):
    kind = kind_of(error)
    if kind == ErrorTypes.CONNECTION_ERROR:
        return unreachable(error)
    if kind == ErrorTypes.RETRY_ERROR:
        return exhausted(error, retries)
    return {ErrorTypes.TIMEOUT_ERROR: TIMEOUT, ErrorTypes.SSL_ERROR: TLS, ErrorTypes.PROXY_ERROR: PROXY}[kind]
