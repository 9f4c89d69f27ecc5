"""The doctor: how long it takes, and how many handshakes, beside sslscan and testssl.sh on the same servers.

The servers are those of the lab, one after another; a pair is one run of each program. They answer another question,
what a server has, where the doctor answers what a client needs: so its handshakes are few. testssl.sh takes minutes
for a host, and is asked about few of them. Then many healthy servers at once, as a list on standard input."""

import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PATIENCE = 60  # seconds for sslscan with one server
LONG_PATIENCE = 900  # for testssl.sh
FOR_TESTSSL = ("good", "self-signed", "tls10-only")
MANY = 1000

NGINX_HTTP = """
access_log off;
server {
  listen 127.0.0.1:%d-%d ssl;
  server_name localhost;
  ssl_certificate server.pem;
  ssl_certificate_key server.key;
  location / { return 204; }
}
"""
NGINX_SERVER = "location / { return 204; }"


class Lab:
    """All conditions that this machine can show, or those that are named."""

    def __init__(self, anycert, names):
        self.process = subprocess.Popen([anycert, "lab", "--json", *names], stdout=subprocess.PIPE, text=True)
        text = ""
        while True:
            line = self.process.stdout.readline()
            if not line:
                sys.exit("bench: the lab did not start")
            text += line
            try:
                answer = json.loads(text)
                break
            except json.JSONDecodeError:
                continue
        self.root = answer["files"]["root"]
        self.servers = [server for server in answer["servers"] if server["url"].startswith("https:")]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def seconds(command, patience):
    """Of the wall, and what it printed; (patience, "") for one that has to be ended."""
    start = time.monotonic()
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=patience, check=False)
    except subprocess.TimeoutExpired:
        return patience, b""
    return time.monotonic() - start, done.stdout


def examined(anycert, lab, server):
    """(seconds, diagnosis) of the doctor."""
    target = server["url"][len("https://"):].split("/")[0]
    rule = [word for resolve in [server.get("resolve")] if resolve for word in ("--resolve", resolve)]
    took, printed = seconds([anycert, "doctor", "--format", "json", "--cacert", lab.root, *rule, target], PATIENCE)
    return took, json.loads(printed)


def scanned(program, server):
    """(seconds, whether it has found any version of TLS)."""
    took, printed = seconds([program, "--no-colour", "127.0.0.1:%d" % server["port"]], PATIENCE)
    return took, any(line.startswith((b"SSLv", b"TLSv")) and line.rstrip().endswith(b" enabled")
                     for line in printed.splitlines())


def each_condition(anycert, sslscan, names, pairs):
    """{condition: {"doctor", "sslscan" in seconds, "sslscan_found", "handshakes", "verdict"}}."""
    lab = Lab(anycert, names)
    found = {}
    try:
        for server in lab.servers:
            rows = []
            for _ in range(pairs):
                took, diagnosis = examined(anycert, lab, server)
                if diagnosis["verdict"] == "unreachable":
                    break
                rows.append((took, scanned(sslscan, server), diagnosis))
            if rows:
                found[server["name"]] = {
                    "doctor": statistics.median(row[0] for row in rows),
                    "sslscan": statistics.median(row[1][0] for row in rows),
                    "sslscan_found": any(row[1][1] for row in rows),
                    "handshakes": max(row[2]["handshakes"] for row in rows),
                    "verdict": rows[0][2]["verdict"],
                }
    finally:
        lab.stop()
    return found


def some_with_testssl(anycert, testssl):
    lab = Lab(anycert, FOR_TESTSSL)
    try:
        return {
            server["name"]: seconds([testssl, "--color", "0", "--warnings", "off", "127.0.0.1:%d" % server["port"]],
                                    LONG_PATIENCE)[0]
            for server in lab.servers
        }
    finally:
        lab.stop()


def free_range(count):
    """The first of so many ports in a row that nobody listens at."""
    for _ in range(100):
        first = random.randrange(12000, 30000 - count)
        taken = False
        for port in range(first, first + count):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    taken = True
                    break
        if not taken:
            return first
    return sys.exit("bench: no %d free ports in a row" % count)


def many(bench, anycert, make_server, count, rounds):
    """(hosts a second, peak KiB) of one process that examines so many healthy servers."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        first = free_range(count)
        server = make_server(folder, NGINX_HTTP % (first, first + count - 1), NGINX_SERVER)
        try:
            path = os.path.join(folder, "targets")
            with open(path, "w", encoding="utf-8") as out:
                out.writelines("localhost:%d\n" % port for port in range(first, first + count))
            # It ends with 0 only if all of them are healthy.
            command = [bench, "run", "/bin/sh", "-c", 'exec "$@" <"$0"', path,
                       anycert, "doctor", "--cacert", server.root, "-"]
            for _ in range(rounds):
                took, _, peak = map(float, subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split())
                rows.append((count / took, peak))
        finally:
            server.stop()
    return {"count": count, "hosts_per_second": statistics.median(row[0] for row in rows),
            "peak_kib": statistics.median(row[1] for row in rows)}


def doctor(bench, anycert, make_server, quick):
    """None where there is no sslscan."""
    sslscan, testssl = shutil.which("sslscan"), shutil.which("testssl") or shutil.which("testssl.sh")
    if not sslscan:
        print("bench: no sslscan here, so the doctor is compared with nothing", file=sys.stderr)
        return None
    return {
        "each": each_condition(anycert, sslscan, FOR_TESTSSL if quick else (), 1 if quick else 5),
        "testssl": some_with_testssl(anycert, testssl) if testssl and not quick else {},
        "many": many(bench, anycert, make_server, 50 if quick else MANY, 1 if quick else 5),
    }


def rows_of_doctor(figures):
    if not figures:
        return []
    each = figures["each"]
    ratios = {name: one["doctor"] / one["sslscan"] for name, one in each.items()}
    # Where sslscan sees nothing it is done at once.
    seen = {name: ratio for name, ratio in ratios.items() if each[name]["sslscan_found"]}
    slowest = max(seen, key=seen.get)
    rows = [
        ("doctor, seconds against sslscan's, median of %d conditions" % len(seen),
         statistics.median(seen.values()), "x", 1.0),
        ("  the slowest of them, %s" % slowest, seen[slowest], "x", 1.0),
        ("  conditions in which sslscan finds no TLS at all", len(each) - len(seen), "", None),
        ("doctor, handshakes with a healthy server",
         max(one["handshakes"] for one in each.values() if one["verdict"] == "healthy"), "", 3),
        ("  with the worst", max(one["handshakes"] for one in each.values()), "", 25),
    ]
    for name in FOR_TESTSSL:
        if name in each:
            rows.append(("  %s: doctor" % name, each[name]["doctor"] * 1e3, "ms", None))
            rows.append(("  %s: sslscan" % name, each[name]["sslscan"] * 1e3, "ms", None))
        if name in figures["testssl"]:
            rows.append(("  %s: testssl.sh" % name, figures["testssl"][name], "s", None))
    for name, ratio in sorted(ratios.items(), key=lambda item: -item[1]):
        if ratio > 1:
            what = "doctor against sslscan" + ("" if name in seen else ", which finds nothing")
            rows.append(("  %s (%d handshakes): %s" % (name, each[name]["handshakes"], what), ratio, "x", None))
    rows.append(("doctor, %d healthy servers in one process" % figures["many"]["count"],
                 figures["many"]["hosts_per_second"], "1/s", None))
    rows.append(("  its peak memory", figures["many"]["peak_kib"] / 1024, "MiB", None))
    return rows
