"""python -m anycert: the command line, the program that was installed with the package."""
import os
import shutil
import sys
import sysconfig


def main() -> int:
    """Becomes the command line."""
    beside = os.path.join(sysconfig.get_path("scripts"), "anycert")
    program = os.environ.get("ANYCERT_BIN") or (
        beside if os.access(beside, os.X_OK) else shutil.which("anycert"))
    if not program:
        print("anycert: the command line is not installed", file=sys.stderr)
        return 1
    os.execv(program, ["anycert", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
