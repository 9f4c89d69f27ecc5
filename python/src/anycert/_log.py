"""What the library warns of, for Python's logging: once for each client, host and reason. Nothing is
printed unless the program has said where to."""
from __future__ import annotations

import logging

logger = logging.getLogger("anycert")
logger.addHandler(logging.NullHandler())


def warn(text: str) -> None:
    """One line of the library's."""
    logger.warning("%s", text)
