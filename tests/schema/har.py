#!/usr/bin/env python3
"""Archives of real requests have the structure of HAR 1.2 (tests/schema/har.json), and the schema refuses
what has not."""
import copy
import json
import os
import pathlib
import subprocess
import sys

import jsonschema

SOURCE = pathlib.Path(os.environ["ANYCERT_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["ANYCERT_BUILD_DIR"])
LEAST = 10  # kinds of archives that the samples have


def faults(archive):
    """The archive with one thing wrong, by what it is."""
    def broken(change):
        other = copy.deepcopy(archive)
        change(other["log"], other["log"]["entries"][0])
        return other

    yield "no version", broken(lambda log, entry: log.pop("version"))
    yield "another version", broken(lambda log, entry: log.update(version="1.1"))
    yield "no timings", broken(lambda log, entry: entry.pop("timings"))
    yield "a negative wait", broken(lambda log, entry: entry["timings"].update(wait=-1))
    yield "a date without its zone", broken(lambda log, entry: entry.update(startedDateTime="2026-01-01T00:00:00"))
    yield "a header without value", broken(lambda log, entry: entry["request"]["headers"][0].pop("value"))
    yield "user and password", broken(lambda log, entry: entry["request"].update(url="https://u:p@h/"))
    yield "a status that is text", broken(lambda log, entry: entry["response"].update(status="200"))
    yield "no status and no reason", broken(lambda log, entry: entry["response"].update(status=0))
    yield "an unknown field", broken(lambda log, entry: entry.update(report={}))


def main():
    schema = json.loads((SOURCE / "tests/schema/har.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    folder = pathlib.Path("archives")
    folder.mkdir()
    subprocess.run([BUILD / "bin/test_har", "--samples", folder], check=True, stdout=subprocess.DEVNULL)
    archives = {path.stem: json.loads(path.read_bytes().decode("utf-8")) for path in folder.iterdir()}
    problems = [f"only {len(archives)} archives"] if len(archives) < LEAST else []
    for name, archive in sorted(archives.items()):
        for error in validator.iter_errors(archive):
            problems.append(f"{name}: {error.json_path}: {error.message[:200]}")
    for name, archive in faults(archives["plain"]):
        if validator.is_valid(archive):
            problems.append(f"the schema takes an archive with {name}")
    print("\n".join(problems) or f"{len(archives)} archives are valid")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
