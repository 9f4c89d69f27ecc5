"""One measurement of one client in a process of its own; bench/python.py starts it.

    python_client.py WHAT WHO URL ROOT NUMBER

WHAT: call (CPU of a warm call that gives JSON as objects, by the base client), plain (the same by a session),
many (32 at once), first (imports, makes one request and ends), memory (of NUMBER requests), rss (after the import).
WHO: anycert, requests or aiohttp. Prints microseconds of CPU for a request, or KiB."""

import resource
import sys

AT_ONCE = 32
TIMEOUT = 60


def cpu_us():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e6


def resident_kib():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def base_client(who, url, root):
    """BaseClient of the package, or the original's as far as it goes, on requests."""
    if who == "anycert":
        from anycert.xsoar import BaseClient
    else:
        from standin import BaseClient
    client = BaseClient(url, verify=root, timeout=TIMEOUT)
    return lambda: client._http_request("GET", "")


def session(who, url, root):
    if who == "anycert":
        import anycert
        made = anycert.Session()
    else:
        import requests
        made = requests.Session()
        made.trust_env = False
    made.verify = root
    return lambda: made.get(url, timeout=TIMEOUT).json()


def repeated(ask, number):
    """Microseconds of CPU for one of them."""
    for _ in range(max(20, number // 10)):
        ask()
    start = cpu_us()
    for _ in range(number):
        ask()
    return (cpu_us() - start) / number


async def with_anycert(url, root, use):
    import anycert
    async with anycert.AsyncClient(ca=root, timeout=TIMEOUT) as client:
        async def ask():
            return (await client.get(url)).json()
        return await use(ask)


async def with_aiohttp(url, root, use):
    import ssl

    import aiohttp
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=root))
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as client:
        async def ask():
            async with client.get(url) as answer:
                return await answer.json()
        return await use(ask)


async def at_once(ask, number):
    import asyncio
    left = number

    async def worker():
        nonlocal left
        while left > 0:
            left -= 1
            await ask()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


def many(who, url, root, number):
    import asyncio

    async def use(ask):
        await at_once(ask, number // 10 + AT_ONCE)
        start = cpu_us()
        await at_once(ask, number)
        return (cpu_us() - start) / number
    return asyncio.run((with_anycert if who == "anycert" else with_aiohttp)(url, root, use))


def memory(who, url, root, number):
    """KiB after a tenth of them, and at the end."""
    ask = session(who, url, root)
    early = 0
    for i in range(number):
        ask()
        if i == number // 10:
            early = resident_kib()
    return "%d %d" % (early, resident_kib())


def main():
    what, who, url, root, number = sys.argv[1:]
    number = int(number)
    if what == "rss":
        # The modules that a script would import, so that what is put off until it is used is not forgotten.
        __import__("anycert.xsoar" if who == "anycert" else who)
        print(resident_kib())
    elif what == "first":
        session(who, url, root)()
    elif what == "memory":
        print(memory(who, url, root, number))
    elif what == "many":
        print("%.3f" % many(who, url, root, number))
    else:
        print("%.3f" % repeated((base_client if what == "call" else session)(who, url, root), number))


if __name__ == "__main__":
    main()
