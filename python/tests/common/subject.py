"""Who is tested: the package, or the stand-in for the original, if ANYCERT_SUBJECT=standin.

`xsoar` is the module under test, `exceptions` the one that has the classes of its session's exceptions."""
import contextlib
import os
import ssl
import types
from unittest import mock

STANDIN = os.environ.get("ANYCERT_SUBJECT") == "standin"

if STANDIN:
    import requests
    import standin as xsoar
    import standin.client
    import urllib3
    from requests import exceptions
    from standin.surroundings import SUITES
    from urllib3.util import retry as urllib3_retry
    from urllib3.util.ssl_ import create_urllib3_context
    OLD_REQUESTS = tuple(map(int, requests.__version__.split(".")[:2])) < (2, 28)
    OLD_LIBRARIES = int(urllib3.__version__.split(".")[0]) < 2
    # Newer ones leave the suites to Python, and Debian's leaves them to OpenSSL.
    OLD_SUITES = OLD_LIBRARIES or "AES128-SHA" in [
        cipher["name"] for cipher in ssl.create_default_context().get_ciphers()]
else:
    from anycert import _environment, exceptions, xsoar
    OLD_REQUESTS = OLD_LIBRARIES = OLD_SUITES = False

__all__ = ["OLD_LIBRARIES", "OLD_REQUESTS", "OLD_SUITES", "STANDIN", "clock", "exceptions", "forget", "new_context", "sleeps", "xsoar"]


def new_context():
    """For the stand-in's adapter, whose one context keeps what was done to it."""
    context = create_urllib3_context(ciphers=SUITES)
    context.check_hostname = False
    context.options |= 0x4
    return context


def forget():
    """What the environment was before is not remembered for later clients."""
    if not STANDIN:
        _environment._remembered.clear()  # pylint: disable=protected-access


@contextlib.contextmanager
def sleeps():
    """Nothing waits between attempts: yields the list of the seconds that would have been waited, to a tenth. What
    the machine needs between the decision to wait and the wait itself is taken off."""
    waited = []
    if STANDIN:
        fake = types.SimpleNamespace(**{**vars(urllib3_retry.time), "sleep": waited.append})
        with mock.patch.object(urllib3_retry, "time", fake):
            yield waited
    else:
        with mock.patch("anycert._session._sleep", lambda seconds: waited.append(round(seconds, 1))):
            yield waited


@contextlib.contextmanager
def clock():
    """The clock of time-sensitive commands stands still: yields an object whose .now is seconds, to be moved."""
    hand = types.SimpleNamespace(now=1000.0)
    where = "standin.client.time.time" if STANDIN else "anycert._xsoar_client._now"
    with mock.patch(where, lambda: hand.now):
        yield hand
