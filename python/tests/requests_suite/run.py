"""Runs requests' own test suite with an AnycertAdapter on every Session, and without, and compares.

    python3 python/tests/requests_suite/run.py BUILD

BUILD is a build folder with the Python package in it (build/release/python). The suite and what it needs
come from PyPI, into BUILD/../requests-suite: so this is no part of ./dev test. What may differ, and what
has to go through the adapter, is what docs/requests-adapter.md says, case by case; anything else that
differs is a failure, and so is a case of the document that does not differ."""
import os
import pathlib
import re
import subprocess
import sys
import venv

VERSION = "2.34.2"  # which the lists of the document are for
NEEDED = (f"requests[socks]=={VERSION}", "pytest>=8,<10", "pytest-httpbin==2.1.0", "httpbin~=0.10.0", "trustme")
HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parents[2] / "docs" / "requests-adapter.md"


def prepare(folder):
    """The suite's folder and a Python with what it needs."""
    python = folder / "venv" / "bin" / "python"
    suite = folder / f"requests-{VERSION}"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if not python.exists():
        venv.create(folder / "venv", with_pip=True)
        subprocess.run([*pip, "install", *NEEDED], check=True)
    if not suite.exists():
        subprocess.run([*pip, "download", "--no-deps", "--no-binary", "requests", "--dest", str(folder),
                        f"requests=={VERSION}"], check=True)
        subprocess.run(["tar", "-xf", f"requests-{VERSION}.tar.gz"], cwd=folder, check=True)
    return suite, python


def outcomes(suite, python, package, mounted):
    """{case: (outcome, whether the adapter sent something)}"""
    written = suite.parent / f"outcomes-{mounted}"
    written.unlink(missing_ok=True)
    environment = dict(os.environ, ANYCERT_MOUNT=mounted, ANYCERT_OUTCOMES=str(written),
                       PYTHONPATH=f"{package}:{HERE}")
    with open(suite.parent / f"log-{mounted}", "wb") as log:
        subprocess.run([str(python), "-m", "pytest", "-q", "-p", "suite_plugin", "-p", "no:cacheprovider", "tests"],
                       cwd=suite, env=environment, stdout=log, stderr=log, check=False)
    found = {}
    for line in written.read_text(encoding="utf-8").splitlines():
        outcome, sent, case = line.split("\t", 2)
        found[case] = (outcome, sent == "sent")
    return found


def named(case):
    """A case as the document names it: without its parameters."""
    return case.removeprefix("tests/").partition("[")[0]


def documented():
    """The cases that pass, and those that differ."""
    text = DOCUMENT.read_text(encoding="utf-8")
    passing, _, rest = text.partition("## Cases that do not apply")
    listed = re.findall(r"^(test_\w+\.py::[\w:]+)$", passing, re.MULTILINE)
    return set(listed), set(re.findall(r"^\| `(test_\w+\.py::[\w:]+)` \|", rest, re.MULTILINE))


def main():
    package = pathlib.Path(sys.argv[1]).resolve()
    suite, python = prepare(package.parent / "requests-suite")
    without, ours = (outcomes(suite, python, package, mounted) for mounted in ("0", "1"))
    differing = {named(case) for case in without.keys() | ours.keys()
                 if without.get(case, ("missing",))[0] != ours.get(case, ("missing",))[0]}
    through = {named(case) for case, (_, sent) in ours.items() if sent} - differing
    passing, differs = documented()
    for case in sorted(through | differing | passing | differs):
        if case in differing - differs:
            print(f"differs, which the document does not say: {case}")
        elif case in differs - differing:
            print(f"does not differ, though the document says so: {case}")
        elif case in through - passing:
            print(f"goes through the adapter, and is not in the document: {case}")
        elif case in passing - through:
            print(f"does not go through the adapter, though the document says so: {case}")
    same = passing == through and differs == differing and bool(through)
    failing = sorted(case for case, (outcome, _) in without.items() if outcome == "failed")
    for case in failing:
        print(f"fails on this machine without the adapter, too: {case}")
    print(f"{len(ours)} cases; {len(through)} names through the adapter like without it, {len(differing)} not")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
