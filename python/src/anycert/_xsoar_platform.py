"""What the base client asks of the platform that runs it.

The platform gives its scripts an object, `demisto`, which is looked for where scripts and their tests have it. Without
one there are no parameters, no calling context, and nobody who takes entries."""
from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_given: Any = None


def set_platform(platform: Any) -> None:
    """Says which object is the platform's, instead of looking for it; None: look for it again."""
    global _given  # pylint: disable=global-statement
    _given = platform


def get_platform() -> Any:
    """The platform's object, or None. In this order: what set_platform() was given; `demisto` of the module that runs
    as the program or of builtins, where the platform puts it; the module demistomock, which tests have."""
    if _given is not None:
        return _given
    for module in ("__main__", "builtins"):
        found = getattr(sys.modules.get(module), "demisto", None)
        if found is not None:
            return found
    return sys.modules.get("demistomock")


def _call(name: str, otherwise: Any, *args: Any) -> Any:
    """What the platform's function gives; `otherwise` where there is no such function."""
    function = getattr(get_platform(), name, None)
    return function(*args) if callable(function) else otherwise


def params() -> dict[str, Any]:
    """The parameters that the integration's instance was set up with."""
    return _call("params", {}) or {}


def calling_name() -> str:
    """Name of the integration's brand, of the script where there is no brand, or ""."""
    calling = getattr(get_platform(), "callingContext", None) or {}
    context = calling.get("context") or {}
    return context.get("IntegrationBrand") or context.get("ScriptName") or ""


def is_time_sensitive() -> bool:
    """Whether somebody waits for the command that runs now, as in automatic enrichment."""
    return bool(_call("isTimeSensitive", False))


def is_debug() -> bool:
    """Whether the command was asked to log what it does."""
    asked = getattr(get_platform(), "is_debug", False)
    return bool(asked() if callable(asked) else asked)


def debug(line: str) -> None:
    """A line for the platform's log."""
    _call("debug", None, line)


def results(entry: dict[str, Any], otherwise: Any = None) -> None:
    """An entry for the war room, or for the platform itself; otherwise: whom to tell where no platform is found any
    more, as when the interpreter ends."""
    take = getattr(get_platform() or otherwise, "results", None)
    if callable(take):
        take(entry)


def version_is_at_least(wanted: str) -> bool:
    """Compares the server's version, such as "6.8.0"; False if it is unknown."""
    known = (_call("demistoVersion", {}) or {}).get("version") or ""
    return bool(known) and _numbers(known) >= _numbers(wanted)


def _numbers(version: str) -> list[int]:
    """ "6.10.0-B12" is [6, 10, 0]. """
    numbers = []
    for part in version.split("."):
        digits = part[:len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return numbers
