"""The Python package against requests and aiohttp: the same server, the same verification, one processor.

All three are installed by pip into an environment of their own: the peers from PyPI, the package from the tree, built
and compiled to bytecode as it is for users. Without a network there is nothing to compare with, and these rows are
left out. Every client runs in a process of its own, one after the other in turns."""

import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT = os.path.join(HERE, "python_client.py")
TREE = os.path.dirname(HERE)
STANDIN = os.path.join(TREE, "python", "tests")
INTERPRETERS = dict.fromkeys(("/usr/bin/python3", sys.executable))
PEERS = ("requests", "aiohttp")

# HTTP/1.1 alone, which is all that the peers speak.
NGINX_HTTP = """
access_log off;
default_type application/json;
keepalive_requests 1000000000;
keepalive_timeout 3600;
"""
NGINX_SERVER = """
location /small { return 200 '@SMALL'; }
location /large { root files; try_files /large.json =404; }
"""


def document(items):
    return json.dumps({"items": [{"id": i, "name": "name %d" % i, "ok": True} for i in range(items)]})


def environment_in(folder):
    """The interpreter of an environment with all three, or None where the peers cannot be had."""
    interpreter = next(path for path in INTERPRETERS if os.path.exists(path))
    place = os.path.join(folder, "environment")
    python = os.path.join(place, "bin", "python")
    install = (python, "-m", "pip", "-q", "--disable-pip-version-check", "install")
    try:
        subprocess.run([interpreter, "-m", "venv", place], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*install, *PEERS], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        print("bench: no %s from PyPI here, so Python is compared with nothing" % " or ".join(PEERS), file=sys.stderr)
        return None
    subprocess.run([*install, "--no-deps", "--no-index", os.path.join(TREE, "python")], check=True,
                   stdout=subprocess.DEVNULL)
    return python


class Clients:
    """Runs python_client.py with the stand-in in its path, on the first processor."""

    def __init__(self, bench, python, server):
        self.bench, self.python, self.server = bench, python, server
        self.environment = dict(os.environ, PYTHONPATH=STANDIN)
        self.pin = {min(os.sched_getaffinity(0))}

    def command(self, what, who, path, number):
        return [self.python, CLIENT, what, who, self.server.url + path, self.server.root, str(number)]

    def run(self, command):
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=self.environment,
                              preexec_fn=lambda: os.sched_setaffinity(0, self.pin))
        return [float(word) for word in done.stdout.split()]

    def figure(self, what, who, path, number):
        return self.run(self.command(what, who, path, number))[0]

    def whole(self, who):
        """CPU seconds of a process that imports, asks once and ends."""
        return self.run([self.bench, "run", *self.command("first", who, "small", 1)])[1]

    def compare(self, measure, theirs, pairs):
        """Medians of both, and of the ratio of each pair."""
        for who in ("anycert", theirs):
            measure(who)
        rows = []
        for i in range(pairs):
            order = ("anycert", theirs) if i % 2 == 0 else (theirs, "anycert")
            rows.append({who: measure(who) for who in order})
        return {
            "ours": statistics.median(row["anycert"] for row in rows),
            "theirs": statistics.median(row[theirs] for row in rows),
            "ratio": statistics.median(row["anycert"] / row[theirs] for row in rows),
        }


def python(bench, folder_of, make_server, quick):
    """folder_of(): a temporary folder; make_server: bench/run's Nginx. None if there is nothing to compare with."""
    pairs = 3 if quick else 21
    with folder_of() as folder:
        interpreter = environment_in(folder)
        if not interpreter:
            return None
        os.mkdir(os.path.join(folder, "files"))
        with open(os.path.join(folder, "files", "large.json"), "w", encoding="utf-8") as out:
            out.write(document(24000))
        server = make_server(folder, NGINX_HTTP, NGINX_SERVER.replace("@SMALL", document(24)), http2=False)
        try:
            clients = Clients(bench, interpreter, server)

            def requests(what, path, number):
                return clients.compare(lambda who: clients.figure(what, who, path, number), "requests", pairs)
            number = 300 if quick else 1000
            asked = 5000 if quick else 100000
            early, late = clients.run(clients.command("memory", "anycert", "small", asked))
            return {
                "call": requests("call", "small", number),
                "plain": requests("plain", "small", number),
                "first": clients.compare(clients.whole, "requests", pairs),
                "large": requests("plain", "large", max(10, number // 40)),
                "many": clients.compare(lambda who: clients.figure("many", who, "small", 10 * number), "aiohttp", pairs),
                "rss": requests("rss", "small", 1),
                "memory": {"requests": asked, "early_kib": early, "late_kib": late},
            }
        finally:
            server.stop()


def rows_of_python(figures):
    if not figures:
        return []
    rows = []
    for key, name, goal, unit, share in (
            ("call", "Python: warm _http_request giving JSON, CPU, against requests", 0.22, "us", 1),
            ("plain", "Python: the same, get().json() of a session", None, "us", 1),
            ("first", "Python: import and first request, CPU, against requests", 0.45, "ms", 1e-3),
            ("large", "Python: 1 MB of JSON to objects, CPU, against requests", 0.6, "ms", 1e3),
            ("many", "Python: 32 at once, AsyncClient, CPU, against aiohttp", 0.3, "us", 1),
            ("rss", "Python: memory after import, against requests", 0.6, "MiB", 1024)):
        one = figures[key]
        rows.append((name, one["ratio"], "x", goal))
        rows.append(("  anycert", one["ours"] / share, unit, None))
        rows.append(("  aiohttp" if key == "many" else "  requests", one["theirs"] / share, unit, None))
    memory = figures["memory"]
    rows.append(("Python: memory after %d requests, against after a tenth" % memory["requests"],
                 memory["late_kib"] / memory["early_kib"], "x", 1.05))
    return rows
