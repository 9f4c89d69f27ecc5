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
    """Seconds of wall clock and CPU, and KiB of peak memory; a file that comes of it has to be whole."""
    done = subprocess.run([bench, "run", *command], check=True, stdout=subprocess.PIPE)
    if result != os.devnull:
        if os.path.getsize(result) != size:
            sys.exit("bench: %s has %d bytes: %s" % (result, os.path.getsize(result), " ".join(command)))
        os.unlink(result)
    wall, cpu, peak = done.stdout.split()
    return float(wall), float(cpu), float(peak)


def commands(anycert, curl, server, name, upload, here):
    """Both commands and the file that comes of them: here, when they download."""
    files = os.path.join(server.folder, "files")
    if upload:
        there = os.path.join(files, "up", name)
        tail = ["-T", os.path.join(files, name), server.url + "up/" + name]
        return [anycert, "put", "-s", "-f", *tail], [curl, "-s", "-f", *tail], there
    tail = ["-o", here, server.url + name]
    return [anycert, "get", "-s", "-f", *tail], [curl, "-s", "-f", *tail], here


def compare(bench, anycert, curl, server, upload, version, pairs):
    figures = {}
    # Making room in memory for a file takes the kernel as long as the transfer, and now and then much
    # longer: downloads are timed without one. What comes of them is looked at where memory is measured.
    for name, size, here in (("small", SMALL, "out"), ("file", LARGE, "out"), ("large", LARGE, os.devnull)):
        name_there = "small" if name == "small" else "large"
        ours, theirs, result = commands(anycert, curl, server, name_there, upload, os.path.join(server.folder, here))
        for command in (ours, theirs):
            command += ["--cacert", server.root, version]
            measure(bench, command, result, size)  # warm-up
        rows = []
        for i in range(pairs if name == "large" else (pairs + 2) // 3):
            order = (ours, theirs) if i % 2 == 0 else (theirs, ours)
            done = [measure(bench, command, result, size) for command in order]
            rows.append(done if i % 2 == 0 else done[::-1])
        figures[name] = {
            # The best of each: what else runs on the machine only ever takes time.
            "ours_mib_s": size / (1 << 20) / min(a[0] for a, _ in rows),
            "theirs_mib_s": size / (1 << 20) / min(b[0] for _, b in rows),
            "time_ratio": min(a[0] for a, _ in rows) / min(b[0] for _, b in rows),
            "cpu_ratio": min(a[1] for a, _ in rows) / min(b[1] for _, b in rows),
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
            rows.append((name + ", peak memory against curl", one["file"]["peak_ratio"], "x", 1.1))
            rows.append(("  anycert", one["large"]["ours_mib_s"], "MiB/s", None))
            rows.append(("  curl", one["large"]["theirs_mib_s"], "MiB/s", None))
            rows.append(("  peak memory of anycert", one["file"]["ours_peak_kib"] / 1024, "MiB", None))
            rows.append(("  the same for 5 MiB", one["small"]["ours_peak_kib"] / 1024, "MiB", None))
            rows.append(("  its growth from 5 MiB to 512 MiB",
                         one["file"]["ours_peak_kib"] / one["small"]["ours_peak_kib"], "x", 1.05))
    return rows
