"""AsyncClient: many requests at once on asyncio, without a thread for any of them."""
import asyncio
import inspect
import weakref

from . import Client, _core
from .exceptions import RequestException


class _Driver:
    """Moves one batch of the library on whenever its descriptor or its clock says so.

    The batch itself asks the loop to call move() when a request was added or given up. move() wakes
    the tasks whose requests have ended while it runs, which is why it must be called by the loop, and
    never by a task."""

    def __init__(self, client, concurrency, loop):
        self.loop = loop
        self.timer = None
        self.when = 0.0  # other loops' timers do not all tell it
        self.batch = _core.Batch(client, concurrency, loop, self.move)
        self.fd = self.batch.fd()
        loop.add_reader(self.fd, self.move)

    def move(self):
        if self.batch is None:
            return
        left = 0  # when a task has ended the loop, the rest is for its next run
        try:
            left = self.batch.poll()
        finally:
            if left >= 0:
                self.arm(left / 1000)

    def arm(self, seconds):
        """Has move() called then at the latest. A timer that is early is left alone: most requests
        end before theirs, and looking once too often costs less than a timer for each."""
        when = self.loop.time() + seconds
        if self.timer is not None:
            if self.when <= when:
                return
            self.timer.cancel()
        self.when = when
        self.timer = self.loop.call_at(when, self.tick)

    def tick(self):
        self.timer = None
        self.move()

    def close(self):
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        batch, self.batch = self.batch, None
        if not self.loop.is_closed():
            self.loop.remove_reader(self.fd)
        for pending in batch.close():
            pending.fail(RequestException("the client was closed"))


class AsyncClient:
    """As Client, with `await` before each request.

        async with anycert.AsyncClient() as client:
            answers = await asyncio.gather(*(client.get(url) for url in urls))

    concurrency: how many requests are under way at once, 1 to 10000; the others wait. The rest is as
    Client has it. A client belongs to the event loop in which it is used first; after aclose() it may be
    used again, in any. Cancelling a task gives its request up, and so does asyncio.timeout()."""

    def __init__(self, policy=None, *, concurrency=100, **kwargs):
        if isinstance(concurrency, bool) or not isinstance(concurrency, int):
            raise TypeError(f"concurrency has to be int, not {type(concurrency).__name__}")
        if not 1 <= concurrency <= 10000:
            raise ValueError(f"concurrency has to be 1 to 10000, not {concurrency}")
        self._client = Client(policy, **kwargs)
        self._concurrency = concurrency
        self._drivers = {}
        self._streams = weakref.WeakSet()
        self._loop = None

    headers = property(lambda self: self._client.headers)
    cookies = property(lambda self: self._client.cookies)
    policy = property(lambda self: self._client.policy)
    policy_file = property(lambda self: self._client.policy_file)
    trust_store = property(lambda self: self._client.trust_store)
    profile = property(lambda self: self._client.profile)

    def explain(self, url):
        """As Client.explain; nothing is sent."""
        return self._client.explain(url)

    def policy_for(self, url):
        """As Client.policy_for; nothing is sent."""
        return self._client.policy_for(url)

    async def look(self, url):
        """As Client.look. The handshake is made in a thread of the loop's executor."""
        given_up = []
        try:
            return await self._own_loop().run_in_executor(None, self._client._look, url, given_up)
        finally:
            given_up.append(True)

    def _own_loop(self):
        """The loop that runs."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise RuntimeError("an AsyncClient belongs to the event loop in which it was used first")
        return loop

    def _batch(self, call):
        """That of the session's client for a call."""
        if asyncio.get_running_loop() is not self._loop:
            self._own_loop()
        try:
            driver = self._drivers.get(call.key)
        except TypeError:
            driver = None  # call.client() says what is wrong with it
        if driver is None:
            driver = _Driver(call.client(), self._concurrency, self._loop)
            self._drivers[call.key] = driver
        return driver.batch

    async def request(self, method, url, params=None, data=None, headers=None, cookies=None,
                      files=None, auth=None, timeout=Ellipsis, allow_redirects=True, proxies=None,
                      hooks=None, verify=None, cert=None, json=None, *, retry=None, policy=None,
                      secret_headers=(), allow_downgrade=False):
        """Sends a request; as Client.request, but for stream=, which is stream() here. Hooks may be
        coroutine functions."""
        client = self._client
        if timeout is Ellipsis:
            timeout = client.timeout
        if data is not None and not isinstance(data, (str, bytes, dict)):
            data = await _whole(data)
        call = client._call(
            method, url, params, data, headers, cookies, files, auth, timeout, allow_redirects,
            proxies, hooks, False, verify, cert, json, retry, policy, secret_headers,
            allow_downgrade)
        credentials = call.authenticate() if call.auth else None
        if call.files:
            call.read_files()
        arguments = call.arguments(credentials)
        response = await self._batch(call).start(arguments)
        if response.status_code >= 300:
            response = call.checked(response)
        if call.hooks:
            response = await _hooked(call.hooks, response)
        return response

    def get(self, url, **kwargs):
        """request("GET", …)"""
        return self.request("GET", url, **kwargs)

    def head(self, url, **kwargs):
        """request("HEAD", …), without following redirects."""
        kwargs.setdefault("allow_redirects", False)
        return self.request("HEAD", url, **kwargs)

    def options(self, url, **kwargs):
        """request("OPTIONS", …)"""
        return self.request("OPTIONS", url, **kwargs)

    def post(self, url, data=None, json=None, **kwargs):
        """request("POST", …)"""
        return self.request("POST", url, data=data, json=json, **kwargs)

    def put(self, url, data=None, **kwargs):
        """request("PUT", …)"""
        return self.request("PUT", url, data=data, **kwargs)

    def patch(self, url, data=None, **kwargs):
        """request("PATCH", …)"""
        return self.request("PATCH", url, data=data, **kwargs)

    def delete(self, url, **kwargs):
        """request("DELETE", …)"""
        return self.request("DELETE", url, **kwargs)

    def stream(self, method, url, **kwargs):
        """Sends a request and leaves the answer's body to be read piece by piece:

            async with client.stream("GET", url) as response:
                async for piece in response.aiter_content():
                    ...

        Takes the arguments of request(). No more is received than is read, but for some 64 KiB.
        Leaving the block, or cancelling its task there, gives up the rest. Streams are not counted
        by concurrency, and each has a connection to itself."""
        from ._aio_stream import Opening
        return Opening(self, method, url, kwargs)

    async def aclose(self):
        """Gives up what is under way, and closes all connections."""
        for stream in list(self._streams):
            stream.close("the client was closed")
        drivers, self._drivers = self._drivers, {}
        for driver in drivers.values():
            driver.close()
        self._client.close()
        self._loop = None

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.aclose()


async def _hooked(hooks, response):
    for hook in hooks:
        changed = hook(response)
        if inspect.isawaitable(changed):
            changed = await changed
        if changed is not None:
            response = changed
    return response


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
