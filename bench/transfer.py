"""Large downloads and uploads against curl: throughput and peak memory, over TLS, to nginx on loopback."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile

LARGE = 512 << 20
SMALL = 5 << 20

NGINX_HTTP = """
access_log off;
client_max_body_size 0;
"""
NGINX_SERVER = """
root files;
location /up/ { dav_methods PUT; }
"""


def folder_in_memory():
    """So that no disk is measured, where the system has such a place with room for it."""
    place = "/dev/shm"
    if os.path.isdir(place) and shutil.disk_usage(place).free > 5 * LARGE:
        return tempfile.TemporaryDirectory(dir=place, prefix="anycert-bench-")
    return tempfile.TemporaryDirectory(prefix="anycert-bench-")


def make_files(folder):
    files = os.path.join(folder, "files")
    os.makedirs(os.path.join(files, "up"))
    block = os.urandom(1 << 20)
    for name, size in (("large", LARGE), ("small", SMALL)):
        with open(os.path.join(files, name), "wb") as out:
            for _ in range(size // len(block)):
                out.write(block)
    return files


def measure(bench, command, result, size):
    """Seconds of wall clock and CPU, and KiB of peak memory; the file that comes of it has to be whole."""
    done = subprocess.run([bench, "run", *command], check=True, stdout=subprocess.PIPE)
    if os.path.getsize(result) != size:
        sys.exit("bench: %s has %d bytes: %s" % (result, os.path.getsize(result), " ".join(command)))
    os.unlink(result)
    wall, cpu, peak = done.stdout.split()
    return float(wall), float(cpu), float(peak)


def commands(anycert, curl, server, name, upload):
    """Both commands and the file that comes of them."""
    files = os.path.join(server.folder, "files")
    if upload:
        there = os.path.join(files, "up", name)
        tail = ["-T", os.path.join(files, name), server.url + "up/" + name]
        return [anycert, "put", "-s", "-f", *tail], [curl, "-s", "-f", *tail], there
    here = os.path.join(server.folder, "out")
    tail = ["-o", here, server.url + name]
    return [anycert, "get", "-s", "-f", *tail], [curl, "-s", "-f", *tail], here


def compare(bench, anycert, curl, server, upload, version, pairs):
    figures = {}
    for name, size in (("large", LARGE), ("small", SMALL)):
        ours, theirs, result = commands(anycert, curl, server, name, upload)
        for command in (ours, theirs):
            command += ["--cacert", server.root, version]
            measure(bench, command, result, size)  # warm-up
        rows = [[measure(bench, command, result, size) for command in (ours, theirs)] for _ in range(pairs)]
        figures[name] = {
            # The best of each: what else runs on the machine only ever takes time.
            "ours_mib_s": size / (1 << 20) / min(a[0] for a, _ in rows),
            "theirs_mib_s": size / (1 << 20) / min(b[0] for _, b in rows),
            "time_ratio": min(a[0] for a, _ in rows) / min(b[0] for _, b in rows),
            "cpu_ratio": statistics.median(a[1] / b[1] for a, b in rows),
            "ours_peak_kib": statistics.median(a[2] for a, _ in rows),
            "theirs_peak_kib": statistics.median(b[2] for _, b in rows),
            "peak_ratio": statistics.median(a[2] / b[2] for a, b in rows),
        }
    return figures


def transfers(bench, anycert, curl, make_server, pairs):
    """make_server(folder, http, server) starts nginx with these directives."""
    figures = {}
    with folder_in_memory() as folder:
        make_files(folder)
        server = make_server(folder, NGINX_HTTP, NGINX_SERVER)
        try:
            for version in ("1.1", "2"):
                for upload in (False, True):
                    name = ("upload" if upload else "download") + "_http" + version[0]
                    figures[name] = compare(bench, anycert, curl, server, upload, "--http" + version, pairs)
        finally:
            server.stop()
    return figures


def rows_of_transfers(figures):
    rows = []
    for version in ("1", "2"):
        for what in ("download", "upload"):
            one = figures["%s_http%s" % (what, version)]
            name = "%s of 512 MiB, HTTP/%s" % (what, "1.1" if version == "1" else "2")
            rows.append((name + ", time against curl", one["large"]["time_ratio"], "x", 1.0))
            rows.append((name + ", CPU against curl", one["large"]["cpu_ratio"], "x", None))
            rows.append((name + ", peak memory against curl", one["large"]["peak_ratio"], "x", 1.1))
            rows.append(("  anycert", one["large"]["ours_mib_s"], "MiB/s", None))
            rows.append(("  curl", one["large"]["theirs_mib_s"], "MiB/s", None))
            rows.append(("  peak memory of anycert", one["large"]["ours_peak_kib"] / 1024, "MiB", None))
            rows.append(("  the same for 5 MiB", one["small"]["ours_peak_kib"] / 1024, "MiB", None))
            rows.append(("  its growth from 5 MiB to 512 MiB",
                         one["large"]["ours_peak_kib"] / one["small"]["ours_peak_kib"], "x", 1.05))
    return rows
