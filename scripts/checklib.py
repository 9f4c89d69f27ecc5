"""What the checks in this folder share: the list of files, C without comments, the self-test."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def tracked_files(root, *suffixes):
    """Files that git knows or would add, relative to root; in a folder without git, all of them."""
    if (root / ".git").exists():
        listing = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True).stdout.decode()
        paths = [pathlib.Path(name) for name in listing.split("\0") if name]
    else:
        paths = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    return sorted(path for path in set(paths)
                  if (not suffixes or path.suffix in suffixes) and (root / path).is_file())


# A comment, a string or a character constant: whichever begins first.
_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def without_comments(text, keep_strings=False):
    """C source with comments (and the content of strings) blanked; line numbers stay."""
    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings else token[0] * 2
        return "\n" * token.count("\n") or " "
    return _TOKEN.sub(blank, text)


def self_test(check, faults, fine):
    """Every file of `faults` must be complained about by its name, no file of `fine` may be.

    A fault is the file's content, or a pair of content and words that the complaints must have."""
    faults = {name: fault if isinstance(fault, tuple) else (fault, [])
              for name, fault in faults.items()}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        contents = {name: content for name, (content, _) in faults.items()}
        for name, content in {**contents, **fine}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
        complaints = list(check(root))
    failed = 0
    for name, (_, wanted) in faults.items():
        about = [line for line in complaints if line.split(":")[0] == name]
        for words in wanted or [""]:
            if not any(words in line for line in about):
                print(f"self-test: says nothing about {name} {words}", file=sys.stderr)
                failed = 1
    for line in complaints:
        if line.split(":")[0] not in faults:
            print(f"self-test: complains without reason: {line}", file=sys.stderr)
            failed = 1
    return failed


def main(check, faults, fine, usage):
    """The command line of a check: lists what it found and fails if it found anything."""
    if sys.argv[1:] == ["--self-test"]:
        return self_test(check, faults, fine)
    if sys.argv[1:]:
        print(usage, file=sys.stderr)
        return 2
    complaints = list(check(ROOT))
    for line in complaints:
        print(line, file=sys.stderr)
    return 1 if complaints else 0
