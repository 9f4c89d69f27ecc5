"""Client.batch: many requests at once, in the caller's thread."""
import select
from typing import NamedTuple

from . import _core

_NOT_TAKEN = ("stream", "hooks")


class BatchResult(NamedTuple):
    """How one request of a batch ended."""

    number: int       # its place among the requests, from 0
    request: object   # as it was given
    response: object  # a Response; None: it failed
    error: object     # a RequestException; None: it did not

    def result(self):
        """The response; raises the error if there is none."""
        if self.error is not None:
            raise self.error
        return self.response


def run(client, requests, concurrency):
    """The results of requests, as they end."""
    if isinstance(requests, (str, bytes)):
        raise TypeError("requests has to be an iterable of requests, not one URL")
    if isinstance(concurrency, bool) or not isinstance(concurrency, int):
        raise TypeError(f"concurrency has to be an int, not {type(concurrency).__name__}")
    if concurrency < 1:
        raise ValueError(f"concurrency has to be 1 or more, not {concurrency}")
    return _Run(client, iter(requests), concurrency).results()


class _Run:
    """A batch of the library for each set of anchors, proxies and so on that requests ask for."""

    def __init__(self, client, requests, concurrency):
        self.client, self.requests, self.concurrency = client, enumerate(requests), concurrency
        self.batches = {}  # of a _core.Client: its _core.Batch
        self.poller = select.poll()
        self.pending = 0
        self.is_at_end = False

    def results(self):
        try:
            while True:
                yield from self.fill()
                if not self.pending:
                    return
                for token, response, error in self.wait():
                    self.pending -= 1
                    yield self.outcome(token, response, error)
        finally:
            for batch in self.batches.values():
                batch.close()

    def fill(self):
        """Starts as many as there is room for; yields those that fail at once."""
        while self.pending < self.concurrency and not self.is_at_end:
            number, given = next(self.requests, (None, None))
            if number is None:
                self.is_at_end = True
                return
            try:
                self.start(number, given)
            except OSError as error:  # a RequestException is one, and so is a file that is not there
                yield BatchResult(number, given, None, error)

    def start(self, number, given):
        call = _call(self.client, given)
        credentials = call.authenticate() if call.auth else None
        owner = call.client()
        batch = self.batches.get(owner)
        if batch is None:
            batch = self.batches[owner] = _core.Batch(owner, self.concurrency)
            self.poller.register(batch.fd(), select.POLLIN)
        batch.add((number, given, call), call.arguments(credentials))
        self.pending += 1

    def wait(self):
        """What has ended; waits for the first."""
        while True:
            ended = [result for batch in self.batches.values() for result in batch.poll()]
            if ended:
                return ended
            limits = [batch.timeout_ms() for batch in self.batches.values()]
            self.poller.poll(min((limit for limit in limits if limit >= 0), default=None))

    @staticmethod
    def outcome(token, response, error):
        number, given, call = token
        if error is None:
            try:
                return BatchResult(number, given, call.checked(response), None)
            except OSError as refused:
                error = refused
        return BatchResult(number, given, None, error)


def _call(client, given):
    """The call that an element of the requests stands for."""
    if isinstance(given, str):
        arguments = {"method": "GET", "url": given}
    elif isinstance(given, tuple) and len(given) == 2:
        arguments = {"method": given[0], "url": given[1]}
    elif isinstance(given, dict):
        arguments = {"method": "GET", **given}
    else:
        raise TypeError("a request of a batch has to be a URL, (method, URL) or a dictionary of "
                        f"request()'s arguments, not {type(given).__name__}")
    for name in _NOT_TAKEN:
        if arguments.pop(name, None):
            raise ValueError(f"a request of a batch takes no {name}")
    arguments["data"] = _whole(arguments.get("data"))
    return client._call_of(**arguments)


def _whole(data):
    """A body in memory: the library must not wait for Python while others are under way."""
    if hasattr(data, "read"):
        return data.read()
    if hasattr(data, "__next__"):
        return b"".join(piece.encode() if isinstance(piece, str) else bytes(piece) for piece in data)
    return data
