"""Examinations that are rows of a table: many at once, in a folder and, where that is allowed, a network of their own."""
import concurrent.futures
import os
import sys
import tempfile

import strangers


def run(rows, examine, workers):
    """Examines each row (its name and arguments) and tells what is wrong with it: examine gives that as texts, and the
    number of handshakes. The exit code."""
    failed, most = 0, 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        asked = [(name, pool.submit(examine, *arguments)) for name, arguments in rows]
        for name, future in asked:
            try:
                wrong, handshakes = future.result()
                most = max(most, handshakes)
            except Exception as error:  # pylint: disable=broad-except
                wrong = [f"{type(error).__name__}: {error}"]
            if wrong:
                failed += 1
                print(f"{name}: {'; '.join(wrong)}", flush=True)
    print(f"score: {len(rows) - failed} of {len(rows)}, at most {most} handshakes")
    return 1 if failed else 0


def main(prepare, rows_of, examine, workers):
    """The program: prepare() makes what all rows need, rows_of(names) gives those that are named, or all."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)  # servers that give up root read there
        os.chdir(place)
        try:
            print("# network:", "of its own" if strangers.own_network() else "the machine's", flush=True)
            prepare()
            code = run(rows_of(sys.argv[1:]), examine, workers)
        finally:
            os.chdir("/")
    sys.exit(code)
