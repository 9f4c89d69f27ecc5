from typing import Any

class AuthBase:
    def __call__(self, request: Any) -> Any: ...

class HTTPBasicAuth(AuthBase):
    header: str
    username: str | bytes
    password: str | bytes
    def __init__(self, username: str | bytes, password: str | bytes) -> None: ...
    def __eq__(self, other: object) -> bool: ...

class HTTPProxyAuth(HTTPBasicAuth): ...

class HTTPBearerAuth(AuthBase):
    token: str
    def __init__(self, token: str) -> None: ...
