"""The words of a command line: the database first, which `XETRACK_DB` may stand for."""

import os
from collections.abc import Sequence
from pathlib import Path

from xetrack_cli.errors import UsageError

__all__ = ["DATABASE", "arguments"]

DATABASE = "XETRACK_DB"
"""The variable that names the database where a command line does not."""


def arguments(words: Sequence[str] | None, *names: str) -> list[str]:
    """The database, and what follows it. See `xetrack.plugin.Terminal.arguments`."""
    given = list(words or ())
    least = sum(not name.startswith("[") for name in names)
    most = None if any("..." in name for name in names) else len(names)
    default = os.environ.get(DATABASE)
    if default and _left_out(given, least, most):
        given.insert(0, default)
    if not given:
        raise UsageError(f"which database? Give its path, or set {DATABASE}.")
    if len(given) - 1 < least:
        missing = [name for name in names if not name.startswith("[")][len(given) - 1]
        told = "" if default else f" (The database comes first, unless {DATABASE} is set.)"
        raise UsageError(f"{missing} is missing.{told}")
    if most is not None and len(given) - 1 > most:
        raise UsageError(f"that is one word too many: {given[most + 1]!r}.")
    return given


def _left_out(given: Sequence[str], least: int, most: int | None) -> bool:
    """Whether these words are without a database: by their number, or if that can be, because the first is no path."""
    if len(given) <= least:
        return True
    if most is not None and len(given) > most:
        return False
    return not (Path(given[0]).exists() or "/" in given[0] or given[0].endswith((".db", ".sqlite")))
