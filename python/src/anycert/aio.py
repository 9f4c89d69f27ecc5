"""AsyncClient: many requests at once on asyncio, without a thread for any of them."""
import asyncio
import inspect

from . import Client, _core
from .exceptions import RequestException


class _Driver:
    """Moves one batch of the library on whenever its descriptor or its clock says so."""

    def __init__(self, client, concurrency, loop):
        self.batch = _core.Batch(client, concurrency)
        self.loop = loop
        self.timer = None
        self.is_scheduled = False
        self.pending = set()
        self.fd = self.batch.fd()
        loop.add_reader(self.fd, self.move)

    def start(self, arguments):
        future = self.loop.create_future()
        self.batch.add(future, arguments)
        self.pending.add(future)
        if not self.is_scheduled:  # all that are added in one turn start together
            self.is_scheduled = True
            self.loop.call_soon(self.move)
        return future

    def cancel(self, future):
        self.batch.cancel(future)
        self.move()

    def move(self):
        self.is_scheduled = False
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.loop.is_closed():
            return
        for future, response, error in self.batch.poll():
            self.pending.discard(future)
            if future.done():
                continue
            if error is None:
                future.set_result(response)
            else:
                future.set_exception(error)
        left = self.batch.timeout_ms()
        if left >= 0 and self.pending:
            self.timer = self.loop.call_later(left / 1000, self.move)

    def close(self):
        if self.timer is not None:
            self.timer.cancel()
        if not self.loop.is_closed():
            self.loop.remove_reader(self.fd)
        self.batch.close()
        for future in self.pending:
            if not future.done() and not self.loop.is_closed():
                future.set_exception(RequestException("the client was closed"))
        self.pending.clear()


class AsyncClient:
    """As Client, with `await` before each request.

        async with anycert.AsyncClient() as client:
            answers = await asyncio.gather(*(client.get(url) for url in urls))

    concurrency: how many requests are under way at once. A client belongs to the event loop in which
    it is used first. Cancelling a task gives its request up."""

    def __init__(self, policy=None, *, concurrency=100, **kwargs):
        self._client = Client(policy, **kwargs)
        self._concurrency = concurrency
        self._drivers = {}
        self._loop = None

    headers = property(lambda self: self._client.headers)
    cookies = property(lambda self: self._client.cookies)
    policy = property(lambda self: self._client.policy)

    def _driver(self, client):
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError("an AsyncClient belongs to the event loop in which it was used first")
        driver = self._drivers.get(id(client))
        if driver is None:
            driver = self._drivers[id(client)] = _Driver(client, self._concurrency, loop)
        return driver

    async def request(self, method, url, params=None, data=None, headers=None, cookies=None,
                      files=None, auth=None, timeout=Ellipsis, allow_redirects=True, proxies=None,
                      hooks=None, verify=None, cert=None, json=None, *, retry=None, policy=None,
                      secret_headers=(), allow_downgrade=False):
        """Sends a request; as Client.request. Hooks may be coroutine functions."""
        if timeout is Ellipsis:
            timeout = self._client.timeout
        call = self._client._call(
            method, url, params, await _whole(data), headers, cookies, files, auth, timeout,
            allow_redirects, proxies, hooks, False, verify, cert, json, retry, policy,
            secret_headers, allow_downgrade)
        credentials = call.authenticate() if call.auth else None
        call.read_files()
        driver = self._driver(call.client())
        future = driver.start(call.arguments(credentials))
        try:
            response = call.checked(await future)
        except asyncio.CancelledError:
            driver.cancel(future)
            raise
        for hook in call.hooks or ():
            changed = hook(response)
            if inspect.isawaitable(changed):
                changed = await changed
            response = response if changed is None else changed
        return response

    async def get(self, url, **kwargs):
        """request("GET", …)"""
        return await self.request("GET", url, **kwargs)

    async def head(self, url, **kwargs):
        """request("HEAD", …), without following redirects."""
        kwargs.setdefault("allow_redirects", False)
        return await self.request("HEAD", url, **kwargs)

    async def post(self, url, data=None, json=None, **kwargs):
        """request("POST", …)"""
        return await self.request("POST", url, data=data, json=json, **kwargs)

    async def put(self, url, data=None, **kwargs):
        """request("PUT", …)"""
        return await self.request("PUT", url, data=data, **kwargs)

    async def patch(self, url, data=None, **kwargs):
        """request("PATCH", …)"""
        return await self.request("PATCH", url, data=data, **kwargs)

    async def delete(self, url, **kwargs):
        """request("DELETE", …)"""
        return await self.request("DELETE", url, **kwargs)

    async def aclose(self):
        """Gives up what is under way, and closes all connections."""
        drivers, self._drivers = self._drivers, {}
        for driver in drivers.values():
            driver.close()
        self._client.close()
        self._loop = None

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.aclose()


async def _whole(data):
    """A body in memory: the library must not wait for Python in the middle of a turn."""
    if hasattr(data, "__aiter__"):
        return b"".join([_bytes(piece) async for piece in data])
    if hasattr(data, "read"):
        return data.read()
    if hasattr(data, "__next__"):
        return b"".join(_bytes(piece) for piece in data)
    return data


def _bytes(piece):
    return piece.encode() if isinstance(piece, str) else bytes(piece)
