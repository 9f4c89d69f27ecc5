"""JSON that is not of the plain kind: other charsets, what only Python's json takes, and errors."""
from __future__ import annotations

import json

from .exceptions import JSONDecodeError, _class  # noqa: F401 (the class is made by asking for it)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._response import Response


def dumps(value: Any) -> bytes:
    """As requests sends it. InvalidJSONError for NaN and the infinities."""
    try:
        return json.dumps(value, allow_nan=False).encode()
    except ValueError as error:
        raise _class("InvalidJSONError")(error) from None


def guess_encoding(data: bytes) -> str | None:
    """The UTF that bytes of JSON are in, by where their NULs are; None: nobody knows."""
    if data[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        return "utf-32"
    if data[:3] == b"\xef\xbb\xbf":
        return "utf-8-sig"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    nuls = data[:4].count(0)
    if nuls == 0:
        return "utf-8"
    if nuls == 2 and data[:4:2] == b"\0\0":
        return "utf-16-be"
    if nuls == 2 and data[1:4:2] == b"\0\0":
        return "utf-16-le"
    if nuls == 3 and data[:3] == b"\0\0\0":
        return "utf-32-be"
    if nuls == 3 and data[1:4] == b"\0\0\0":
        return "utf-32-le"
    return None


def loads_response(response: Response, kwargs: dict[str, Any]) -> Any:
    """response.json() as requests does it."""
    try:
        content = response.content
        if not response.encoding and content and len(content) > 3:
            encoding = guess_encoding(content)
            if encoding is not None:
                try:
                    return json.loads(content.decode(encoding), **kwargs)
                except UnicodeDecodeError:
                    pass
        return json.loads(response.text, **kwargs)
    except json.JSONDecodeError as error:
        raise _class("JSONDecodeError")(error.msg, error.doc, error.pos) from None
