"""A plugin of pytest that writes down what came of each case, and, where ANYCERT_MOUNT is 1, mounts an
AnycertAdapter on every Session that a case makes."""
import os

import requests

_sent = set()
_case = [None]
_mounted = os.environ["ANYCERT_MOUNT"] == "1"

if _mounted:
    from anycert.requests_adapter import AnycertAdapter

    class Noted(AnycertAdapter):
        """Knows afterwards which case sent something."""

        def send(self, *args, **kwargs):
            _sent.add(_case[0])
            return super().send(*args, **kwargs)


def pytest_configure():
    if not _mounted:
        return
    plain = requests.Session.__init__

    def with_ours(self, *args, **kwargs):
        plain(self, *args, **kwargs)
        for prefix in ("https://", "http://"):
            self.mount(prefix, Noted())

    requests.Session.__init__ = with_ours


def pytest_runtest_setup(item):
    _case[0] = item.nodeid


def pytest_runtest_logreport(report):
    if report.when == "teardown":
        return
    if report.when == "call" or report.outcome != "passed":
        with open(os.environ["ANYCERT_OUTCOMES"], "a", encoding="utf-8") as file:
            sent = "sent" if report.nodeid in _sent else "-"
            file.write(f"{report.outcome}\t{sent}\t{report.nodeid}\n")
