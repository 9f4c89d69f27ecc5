"""The body of an answer as a file, for shutil.copyfileobj(), csv, ijson and the like."""
from __future__ import annotations

import io

from ._headers import CaseInsensitiveDict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._response import Response

_LINE_AT_ONCE = 65536  # bytes that are asked for where a line is wanted


class RawHeaders(CaseInsensitiveDict):
    """The header fields, which tells those of the same name apart, too."""

    __slots__ = ("_pairs",)

    def __init__(self, headers: Any, pairs: list[tuple[str, str]]) -> None:
        super().__init__(headers)
        self._pairs = pairs or list(self.items())

    def getlist(self, name: str, default: Any = ()) -> Any:
        """All values of a header field, such as Set-Cookie."""
        return [value for key, value in self._pairs if key.lower() == name.lower()] or list(default)

    getheaders = get_all = iget = getlist


class Raw(io.IOBase):
    """What integrations use of urllib3's response. Bodies are always decoded. It does not refer to
    the response, which has it: dropping both ends the transfer at once.

    auto_close: it is closed at the body's end; False, for io.TextIOWrapper and others that look at
    that, not before close()."""

    decode_content = True
    auto_close = True
    version = 11  # as of HTTP/1.1, whatever was spoken

    def __init__(self, response: Response) -> None:
        self.status: int | None = response.status_code
        self.reason: str | None = response.reason
        self.headers = RawHeaders(response.headers, getattr(response, "_header_list")())
        self._stream: Any = getattr(response, "_stream")
        gone = self._stream is not None or getattr(response, "_consumed")
        self._rest = memoryview(b"" if gone else response.content)
        self._ahead = b""  # of a line that has been given out
        self._is_closed = False

    @property
    def closed(self) -> bool:
        """By close(), or at the body's end."""
        return self._is_closed

    def readable(self) -> bool:
        """Whether it may be read: True."""
        return True

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Up to amt bytes, b"" at the end; without amt all that is left."""
        if amt is not None and amt < 0:
            amt = None
        if self._is_closed:
            return b""
        data = self._read(amt)
        if (amt is None or amt and not data) and self.auto_close:
            self._is_closed = True
        return data

    read1 = read

    def readinto(self, buffer: Any) -> int:
        """Fills a buffer as far as something comes; how far, 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[:len(data)] = data
        return len(data)

    def readline(self, limit: int | None = -1) -> bytes:
        """A line with its end, b"" at the end."""
        most = -1 if limit is None else limit
        pieces: list[bytes] = []
        length = 0
        while most < 0 or length < most:
            piece = b"" if self._is_closed else self._read(_LINE_AT_ONCE)
            end = piece.find(b"\n") + 1 or len(piece)
            if most >= 0:
                end = min(end, most - length)
            self._ahead = piece[end:]
            pieces.append(piece[:end])
            length += end
            if not piece or piece[end - 1:end] == b"\n":
                break
        if not length and self.auto_close and most != 0:
            self._is_closed = True
        return b"".join(pieces)

    def __iter__(self) -> Iterator[bytes]:
        """Line by line; nothing once it is closed."""
        return iter(self.readline, b"")

    def _read(self, amt: int | None) -> bytes:
        if self._ahead:
            piece, self._ahead = self._ahead[:amt], b"" if amt is None else self._ahead[amt:]
            return piece if amt is not None else piece + self._read(None)
        stream = self._stream
        if stream is None:
            part, self._rest = self._rest[:amt], self._rest[len(self._rest[:amt]):]
            return bytes(part)
        if amt is not None:
            return bytes(stream.read(amt, True)) if amt else b""
        return b"".join(iter(lambda: bytes(stream.read(65536, True)), b""))

    def stream(self, amt: int | None = 65536,
               decode_content: bool | None = None) -> Iterator[bytes]:
        """Pieces of up to amt bytes."""
        return iter(lambda: self.read(amt), b"")

    @property
    def data(self) -> bytes:
        """All that is left."""
        return self.read()

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """The value of a header field."""
        value: str | None = self.headers.get(name, default)
        return value

    def getheaders(self) -> CaseInsensitiveDict:
        """All header fields."""
        return self.headers

    info = getheaders

    def _close(self) -> None:
        self._is_closed = True

    def close(self) -> None:
        """Lets go of the connection, if it is still in use."""
        self._is_closed = True
        stream = getattr(self, "_stream", None)
        if stream is not None:
            stream.close()

    def release_conn(self) -> None:
        """Nothing: connections are the library's."""
