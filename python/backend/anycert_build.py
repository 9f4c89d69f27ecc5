"""Builds the wheel (PEP 517): the C library inside of the extension, with CMake, from the tree around.

`pip install ./python` calls it. A build folder that is there already serves too, and saves the time:
`pip install ./python --config-settings build-dir=build/release`."""
import base64
import hashlib
import pathlib
import re
import subprocess
import sys
import sysconfig
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent.parent
TREE = HERE.parent
# Everything else is linked in; these are looked for on the machine, as they get security updates.
EXTERNAL = ["libcurl (>=7.88)", "OpenSSL (>=3.0)", "libxml2 (>=2.9.14)", "libyyjson (>=0.8)",
            "libpsl (>=0.21)", "libidn2 (>=2.3)", "zlib", "libbrotlidec", "libzstd"]


def version():
    text = (TREE / "include/anycert/version.h").read_text("utf-8")
    return re.search(r'ANYCERT_VERSION "([^"]+)"', text).group(1)


def metadata():
    lines = ["Metadata-Version: 2.1", "Name: anycert", f"Version: {version()}",
             "Summary: talk to any HTTPS server, and know exactly what you gave up",
             "License: Apache-2.0", "Requires-Python: >=3.9"]
    return "\n".join(lines + [f"Requires-External: {name}" for name in EXTERNAL]) + "\n"


def is_stable_abi():
    """From 3.11 on one wheel serves all later versions; python/CMakeLists.txt decides likewise."""
    return sys.version_info >= (3, 11) and not getattr(sys, "abiflags", "")


def suffix():
    return ".abi3.so" if is_stable_abi() else sysconfig.get_config_var("EXT_SUFFIX")


def tag():
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    abi = python + getattr(sys, "abiflags", "")
    if is_stable_abi():
        python, abi = "cp311", "abi3"
    return f"{python}-{abi}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def wheel_file():
    return f"Wheel-Version: 1.0\nGenerator: anycert\nRoot-Is-Purelib: false\nTag: {tag()}\n"


def run(*command):
    # pip shows what a backend prints on its standard output only if it fails.
    subprocess.run(command, check=True, stdout=sys.stdout, stderr=subprocess.STDOUT)


def compile_in(folder, is_new):
    if is_new:
        run("cmake", "-S", str(TREE), "-B", str(folder), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
            "-DANYCERT_TESTS=OFF", "-DANYCERT_PYTHON_MODULE=ON", "-DANYCERT_LTO=ON",
            f"-DPython3_EXECUTABLE={sys.executable}")
    run("cmake", "--build", str(folder), "--target", "anycert_python", "anycert_cli")
    return folder / "python/anycert", folder / "bin/anycert"


def entries(package, program):
    """(name in the wheel, bytes, may be run) of all files but RECORD."""
    info, data = (f"anycert-{version()}.{kind}" for kind in ("dist-info", "data"))
    core = "_core" + suffix()
    if not (package / core).exists():
        raise SystemExit(f"{package} has no extension for this Python ({core})")
    for path in sorted(package.iterdir()):
        if path.suffix in (".py", ".pyi") or path.name in ("py.typed", core):
            yield f"anycert/{path.name}", path.read_bytes(), path.name.startswith("_core")
    yield f"{data}/scripts/anycert", program.read_bytes(), True
    yield f"{info}/METADATA", metadata().encode(), False
    yield f"{info}/WHEEL", wheel_file().encode(), False
    yield f"{info}/LICENSE", (TREE / "LICENSE").read_bytes(), False


def pack(path, files, distribution="anycert"):
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content, runs in files:
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(content)}")
            add(wheel, name, content, runs)
        name = f"{distribution}-{version()}.dist-info/RECORD"
        add(wheel, name, "\n".join([*record, f"{name},,", ""]).encode(), False)


def add(wheel, name, content, runs):
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # the same input makes the same wheel
    entry.external_attr = (0o100755 if runs else 0o100644) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    wheel.writestr(entry, content)


# ---- what pip calls

def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    info = pathlib.Path(metadata_directory, f"anycert-{version()}.dist-info")
    info.mkdir(parents=True)
    (info / "METADATA").write_text(metadata(), "utf-8")
    (info / "WHEEL").write_text(wheel_file(), "utf-8")
    return info.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = f"anycert-{version()}-{tag()}.whl"
    given = (config_settings or {}).get("build-dir")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(given).resolve() if given else pathlib.Path(temporary)
        package, program = compile_in(folder, not (folder / "CMakeCache.txt").exists())
        pack(pathlib.Path(wheel_directory, name), entries(package, program))
    return name


def build_sdist(sdist_directory, config_settings=None):
    raise RuntimeError("the Python package is built from the whole tree; there is no source archive of "
                       "it alone")
