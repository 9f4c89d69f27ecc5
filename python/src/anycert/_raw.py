"""The body of an answer as a file, for shutil.copyfileobj() and the like."""


class Raw:
    """What integrations use of urllib3's response. Bodies are always decoded."""

    decode_content = True

    def __init__(self, response):
        self._response = response
        self._rest = None

    @property
    def status(self):
        return self._response.status_code

    @property
    def headers(self):
        return self._response.headers

    def read(self, amt=None, decode_content=None):
        """Up to amt bytes, b"" at the end; without amt all that is left."""
        if amt is not None and amt < 0:
            amt = None
        stream = self._response._stream
        if stream is None:
            if self._rest is None:
                self._rest = memoryview(self._response.content)
            piece, self._rest = self._rest[:amt], self._rest[len(self._rest[:amt]):]
            return bytes(piece)
        if amt is not None:
            return stream.read(amt, True) if amt else b""
        return b"".join(iter(lambda: stream.read(65536, True), b""))

    def stream(self, amt=65536, decode_content=None):
        """Pieces of up to amt bytes."""
        return iter(lambda: self.read(amt), b"")

    def close(self):
        self._response.close()

    def __iter__(self):
        return self.stream()
