"""A million requests through one client: how its memory grows, and what the server has counted."""

import os
import signal
import subprocess
import sys
import tempfile

NGINX_HTTP = """
log_format number '$arg_n';
access_log numbers.log number buffer=64k;
keepalive_requests 1000000000;
keepalive_timeout 3600;
"""
NGINX_SERVER = """
location / { return 200 '$arg_n'; }
"""


def check_numbers(path, requests):
    """(lost, doubled): numbers that the server has never seen, and those that it has seen again."""
    seen = bytearray(requests)
    doubled = 0
    with open(path, "rb") as numbers:
        for line in numbers:
            if not line.strip().isdigit():
                continue  # the probe that the server was waited for with
            number = int(line)
            doubled += seen[number]
            seen[number] = 1
    return requests - sum(seen), doubled


def million(bench, make_server, requests):
    with tempfile.TemporaryDirectory() as folder:
        server = make_server(folder, NGINX_HTTP, NGINX_SERVER)
        try:
            done = subprocess.run([bench, "million", server.url, server.root, str(requests)], check=True,
                                  stdout=subprocess.PIPE)
        finally:
            server.process.send_signal(signal.SIGQUIT)  # it writes down what it has in memory
            server.process.wait()
        answered, early, late = map(int, done.stdout.split())
        lost, doubled = check_numbers(os.path.join(folder, "numbers.log"), requests)
    if (answered, lost, doubled) != (requests, 0, 0):
        sys.exit("bench: of %d requests %d were answered, %d lost, %d doubled" % (requests, answered, lost, doubled))
    return {"requests": requests, "answered": answered, "lost": lost, "doubled": doubled,
            "early_kib": early, "late_kib": late}


def rows_of_million(figures):
    return [
        ("%d requests by one client: lost or doubled" % figures["requests"],
         figures["lost"] + figures["doubled"], "", 0),
        ("  memory at the end, against after a tenth of them", figures["late_kib"] / figures["early_kib"], "x", 1.05),
        ("  after a tenth", figures["early_kib"] / 1024, "MiB", None),
        ("  at the end", figures["late_kib"] / 1024, "MiB", None),
    ]
