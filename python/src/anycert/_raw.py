"""The body of an answer as a file, for shutil.copyfileobj() and the like."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ._headers import CaseInsensitiveDict
    from ._response import Response


class Raw:
    """What integrations use of urllib3's response. Bodies are always decoded. It does not refer to
    the response, which has it: dropping both ends the transfer at once."""

    decode_content = True
    closed = False  # by close(), or at the body's end

    def __init__(self, response: Response) -> None:
        self.status: int | None = response.status_code
        self.headers: CaseInsensitiveDict = response.headers
        self._stream: Any = getattr(response, "_stream")
        gone = self._stream is not None or getattr(response, "_consumed")
        self._rest = memoryview(b"" if gone else response.content)

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Up to amt bytes, b"" at the end; without amt all that is left."""
        if amt is not None and amt < 0:
            amt = None
        if self.closed:
            return b""
        data = self._read(amt)
        if amt is None or amt and not data:
            self.closed = True
        return data

    def _read(self, amt: int | None) -> bytes:
        stream = self._stream
        if stream is None:
            piece, self._rest = self._rest[:amt], self._rest[len(self._rest[:amt]):]
            return bytes(piece)
        if amt is not None:
            return bytes(stream.read(amt, True)) if amt else b""
        return b"".join(iter(lambda: bytes(stream.read(65536, True)), b""))

    def stream(self, amt: int | None = 65536,
               decode_content: bool | None = None) -> Iterator[bytes]:
        """Pieces of up to amt bytes."""
        return iter(lambda: self.read(amt), b"")

    def close(self) -> None:
        """Lets go of the connection, if it is still in use."""
        self.closed = True
        if self._stream is not None:
            self._stream.close()

    def release_conn(self) -> None:
        """Nothing: connections are the library's."""

    def __iter__(self) -> Iterator[bytes]:
        return self.stream()
