"""AsyncClient.stream: an answer that is read piece by piece in an event loop."""
from __future__ import annotations

import asyncio
import codecs

from ._client import Client
from ._response import _LARGEST, Response
from .aio import _hooked, _whole
from .exceptions import RequestException, _new

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from . import _core
    from .aio import AsyncClient

_AT_ONCE = 65536  # bytes that are asked of the library; as much as it takes in advance


class _Reader:
    """One stream of the library, which the event loop moves on whenever somebody waits for it, and
    only then: what nobody reads stays with the server."""

    def __init__(self, stream: _core.Stream, loop: asyncio.AbstractEventLoop) -> None:
        self.stream, self.loop = stream, loop
        self.fd = -1  # that the loop watches
        self.timer: asyncio.TimerHandle | None = None
        self.waiter: asyncio.Future[None] | None = None
        self.error: BaseException | None = None  # why it was closed

    async def ready(self) -> None:
        """Until what comes next is there. Others in the loop have their turn in any case."""
        if self.waiter is not None:
            raise RuntimeError("a stream is read by one task at a time")
        self.waiter = self.loop.create_future()
        try:
            if self.error is not None:
                raise self.error
            if self.stream.ready():
                await asyncio.sleep(0)
            else:
                self.watch()
                await self.waiter
        finally:
            self.waiter = None
            self.stop_timer()

    async def answer(self) -> Any:
        """The response, once its header is there."""
        await self.ready()
        return self.stream.answer()

    async def read(self) -> bytes:
        """Bytes that have come; b"" at the end."""
        await self.ready()
        if self.error is not None:  # closed by somebody else meanwhile
            raise self.error
        return self.stream.read(_AT_ONCE)

    def watch(self) -> None:
        """Has move() called when there is something to do."""
        fd = self.stream.fd()
        if fd != self.fd:
            self.unwatch()
            self.loop.add_reader(fd, self.move)
            self.fd = fd
        self.stop_timer()
        left = self.stream.timeout_ms()
        if left >= 0:
            self.timer = self.loop.call_later(left / 1000, self.move)

    def unwatch(self) -> None:
        if self.fd >= 0 and not self.loop.is_closed():
            self.loop.remove_reader(self.fd)
        self.fd = -1

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def move(self) -> None:
        """Called by the loop."""
        waiter = self.waiter
        if waiter is None or waiter.done():
            self.unwatch()
        elif self.stream.ready():
            waiter.set_result(None)
        else:
            self.watch()

    def close(self, why: str) -> None:
        """Ends the transfer; whoever waits, or reads later, is told why."""
        if self.error is not None:
            return
        self.error = _new("RequestException", why)
        self.unwatch()
        self.stop_timer()
        self.stream.close()
        if self.waiter is not None and not self.waiter.done() and not self.loop.is_closed():
            self.waiter.set_exception(self.error)


class AsyncResponse(Response):
    """An answer whose body is read with await. After aread(), it is in content, text and json()."""

    _reader: _Reader | None = None  # until the body is known to be there
    _held: bytes = b""  # what has come and was not given out yet, from _at on
    _at = 0
    _failure: RequestException | None = None  # for whoever reads on behind that
    _has_ended = False

    # ---- the body

    async def aread(self) -> bytes:
        """The whole body, as bytes."""
        if self._reader is not None:
            pieces = [piece async for piece in self.aiter_content(None)]
            self._content, self._reader, self._consumed = b"".join(pieces), None, False
        return self.content

    async def aiter_content(self, chunk_size: int | None = 65536,
                            decode_unicode: bool = False) -> AsyncIterator[Any]:
        """The body in pieces of chunk_size bytes; smaller ones, as they come, where its length is not
        known, or for None. decode_unicode: as text, if there is an encoding. What is not asked for
        stays with the server."""
        if chunk_size is not None and (isinstance(chunk_size, bool) or not isinstance(chunk_size, int)):
            raise TypeError(f"chunk_size must be an int, it is instead a {type(chunk_size)}.")
        if chunk_size is not None and chunk_size < 1:
            raise ValueError(f"chunk_size has to be 1 or more, or None, not {chunk_size}")
        if self._consumed:
            raise _new("StreamConsumedError", "The content for this response was already consumed")
        size = min(chunk_size or _AT_ONCE, _LARGEST)
        fills = chunk_size is not None and "content-length" in self.headers \
            and "content-encoding" not in self.headers
        encoding = self.encoding if decode_unicode else None
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace") if encoding else None
        at = 0
        while True:
            if self._reader is None:
                piece = self.content[at:at + size]
                at += len(piece)
            else:
                piece = await self._piece(size, fills)
            given = decoder.decode(piece, final=not piece) if decoder else piece
            if given:
                yield given
            if not piece:
                break
        self._consumed = self._reader is not None

    async def _piece(self, size: int, fills: bool) -> bytes:
        """Up to size bytes, or exactly so many but for the last; b"" at the end."""
        pieces = []
        length = len(self._held) - self._at
        try:
            while not self._has_ended and length < (size if fills else 1):
                pieces.append(await self._read())
                length += len(pieces[-1])
        finally:  # a task that was cancelled may read on
            if pieces:
                self._held, self._at = b"".join([self._held[self._at:], *pieces]), 0
        piece = self._held[self._at:self._at + size]
        self._at += len(piece)
        if not piece and self._failure is not None:
            raise self._failure
        return piece

    async def _read(self) -> bytes:
        piece = b""
        try:
            if self._reader is not None:
                piece = await self._reader.read()
        except RequestException as error:
            self._failure = error
        if not piece:
            self._has_ended = True
            self.close()
        return piece

    async def aiter_lines(self, *, decode_unicode: bool = False,
                          delimiter: str | bytes | None = None) -> AsyncIterator[Any]:
        """The body line by line, without their ends, as soon as each is there."""
        if delimiter is not None and not isinstance(delimiter, (str, bytes)):
            raise TypeError(f"delimiter has to be str or bytes, not {type(delimiter).__name__}")
        lines = _Lines(delimiter)
        async for piece in self.aiter_content(None, decode_unicode):
            for line in lines.take(piece):
                yield line
        for line in lines.rest():
            yield line

    # ---- what is there once it has been read

    def _check_whole(self) -> None:
        if self._reader is not None:
            raise RuntimeError("the body is not there before await response.aread(); "
                               "aiter_content() and aiter_lines() read it piece by piece")

    @property
    def content(self) -> bytes:
        """The body as bytes."""
        self._check_whole()
        whole: bytes = self._content
        return whole

    def json(self, **kwargs: Any) -> Any:
        """The body as Python objects. JSONDecodeError if it is no JSON."""
        self._check_whole()
        return super().json(**kwargs)

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Any:
        """The body in pieces, once it has been read."""
        self._check_whole()
        return super().iter_content(chunk_size, decode_unicode)

    # ---- life

    def close(self) -> None:
        """Gives up what has not come yet."""
        if self._reader is not None:
            self._reader.close("the response was closed")

    async def aclose(self) -> None:
        """The same."""
        self.close()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.aiter_content()


class _Lines:
    """Takes pieces of text or bytes apart into lines."""

    def __init__(self, delimiter: Any) -> None:
        self.delimiter = delimiter
        self.parts: list[Any] = []  # of the line that has not ended yet
        self.after_cr = False

    def take(self, piece: Any) -> list[Any]:
        """The lines that end in a piece."""
        if self.delimiter:
            return self.take_delimited(piece)
        lf, cr = ("\n", "\r") if isinstance(piece, str) else (b"\n", b"\r")
        if self.after_cr and piece[:1] == lf:  # of an end that came in two pieces
            piece = piece[1:]
            self.after_cr = False
        if not piece:
            return []
        lines = piece.splitlines()
        self.after_cr = piece[-1:] == cr
        is_open = bool(piece[-1:].splitlines()[0])
        return self.joined(lines, is_open)

    def take_delimited(self, piece: Any) -> list[Any]:
        overlap = len(self.delimiter) - 1
        before = self.parts.pop() if self.parts and overlap else piece[:0]
        *lines, last = (before + piece).split(self.delimiter)
        if not lines and before:
            self.parts.append(last[:-overlap])
            last = last[-overlap:]
        return self.joined([*lines, last], True)

    def joined(self, lines: list[Any], is_open: bool) -> list[Any]:
        """Lines, of which the first goes on with what is open, and the last may be open."""
        if len(lines) == 1 and is_open:
            self.parts.append(lines[0])
            return []
        lines[0] = lines[0][:0].join([*self.parts, lines[0]])
        self.parts = [lines.pop()] if is_open else []
        return lines

    def rest(self) -> list[Any]:
        """What has come behind the last end."""
        line = self.parts[0][:0].join(self.parts) if self.parts else None
        return [line] if line else []


class Opening:
    """What AsyncClient.stream() gives: `async with` opens it and closes it."""

    def __init__(self, client: AsyncClient, method: str, url: str, kwargs: dict[str, Any]) -> None:
        self._client, self._arguments, self._kwargs = client, (method, url), kwargs
        self._response: AsyncResponse | None = None

    async def __aenter__(self) -> AsyncResponse:
        if self._response is not None:
            raise RuntimeError("a stream is opened once")
        kwargs = dict(self._kwargs)
        kwargs["data"] = await _whole(kwargs.get("data"))
        self._response = await self._open(kwargs)
        return self._response

    async def __aexit__(self, *_: object) -> None:
        if self._response is not None:
            self._response.close()

    if not TYPE_CHECKING:  # mypy says so by itself
        def _misused(self, *_):
            raise TypeError("a stream is opened by `async with client.stream(...) as response`")

        __await__ = __enter__ = __exit__ = _misused

    async def _open(self, kwargs: dict[str, Any]) -> AsyncResponse:
        owner: Any = self._client
        call = owner._client._call_of(*self._arguments, **kwargs)
        credentials = call.authenticate() if call.auth else None
        if call.files:
            call.read_files()
        loop = owner._own_loop()
        reader = _Reader(
            call.client().begin(AsyncResponse, *call.arguments(credentials)[1:]), loop)
        owner._streams.add(reader)
        try:
            response = await reader.answer()
            response._reader = reader
            response = call.checked(response)
            if call.hooks:
                response = await _hooked(call.hooks, response)
        except BaseException:
            reader.close("the response was closed")
            raise
        opened: AsyncResponse = response
        return opened
