"""Builds the wheel of the module CommonServerPython (PEP 517), in the way of the package's own."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE.parent / "backend"))
from anycert_build import TREE, get_requires_for_build_wheel, pack, version  # noqa: E402

__all__ = ["build_sdist", "build_wheel", "get_requires_for_build_wheel"]
NAME = "anycert_commonserverpython"


def files():
    """(name in the wheel, bytes, may be run) of all files but RECORD."""
    info = f"{NAME}-{version()}.dist-info"
    metadata = ["Metadata-Version: 2.1", "Name: anycert-commonserverpython", f"Version: {version()}",
                "Summary: CommonServerPython's HTTP client on anycert, where there is no platform",
                "License: Apache-2.0", "Requires-Python: >=3.9", f"Requires-Dist: anycert (=={version()})"]
    yield "CommonServerPython.py", (HERE / "CommonServerPython.py").read_bytes(), False
    yield f"{info}/METADATA", ("\n".join(metadata) + "\n").encode(), False
    yield f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: anycert\nRoot-Is-Purelib: true\nTag: py3-none-any\n", False
    yield f"{info}/LICENSE", (TREE / "LICENSE").read_bytes(), False


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = f"{NAME}-{version()}-py3-none-any.whl"
    pack(pathlib.Path(wheel_directory, name), files(), NAME)
    return name


def build_sdist(sdist_directory, config_settings=None):
    raise RuntimeError("the module is built from the whole tree; there is no source archive of it alone")
