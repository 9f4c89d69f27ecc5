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
    if not hasattr(requests, "__iter__"):
        raise TypeError(f"requests has to be an iterable of requests, not {type(requests).__name__}")
    return _Run(client, iter(requests), concurrency).results()


class _Turn:
    """In place of an event loop and a context: results are taken in the caller's own turn."""

    def call_soon(self, move):
        """Nothing: whoever takes results moves the batch on."""

    def run(self, callback, pending):
        callback(pending)


class _Run:
    """A batch of the library for each set of anchors, proxies and so on that requests ask for."""

    def __init__(self, client, requests, concurrency):
        self.client, self.requests, self.concurrency = client, enumerate(requests), concurrency
        self.batches = {}  # of a _core.Client: its _core.Batch
        self.pending = {}  # of a _core.Pending: (number, request, call)
        self.ended = []
        self.turn = _Turn()
        self.poller = select.poll()

    def results(self):
        try:
            for number, given in self.requests:
                try:
                    self.start(number, given)
                except OSError as error:  # a RequestException is one, and a missing file's error
                    yield BatchResult(number, given, None, error)
                while len(self.pending) >= self.concurrency:
                    yield from self.wait()
            while self.pending:
                yield from self.wait()
        finally:
            for batch in self.batches.values():
                batch.close()

    def start(self, number, given):
        call = _call(self.client, given)
        credentials = call.authenticate() if call.auth else None
        if call.files:
            call.read_files()
        owner = call.client()
        batch = self.batches.get(owner)
        if batch is None:
            batch = self.batches[owner] = _core.Batch(owner, self.concurrency, self.turn, None)
            self.poller.register(batch.fd(), select.POLLIN)
        pending = batch.start(call.arguments(credentials))
        pending.add_done_callback(self.ended.append, context=self.turn)
        self.pending[pending] = number, given, call

    def wait(self):
        """The results of those that have ended; waits for the first."""
        while True:
            limits = [batch.poll() for batch in self.batches.values()]
            if self.ended:
                break
            self.poller.poll(min((limit for limit in limits if limit >= 0), default=None))
        ended, self.ended[:] = self.ended[:], []
        for pending in ended:
            number, given, call = self.pending.pop(pending)
            try:
                yield BatchResult(number, given, call.checked(pending.result()), None)
            except OSError as error:
                yield BatchResult(number, given, None, error)


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
