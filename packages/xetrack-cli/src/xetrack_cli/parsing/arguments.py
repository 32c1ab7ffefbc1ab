"""Positional arguments: a database, which $XETRACK_DB may stand for, and what follows it."""

import os
from collections.abc import Sequence
from pathlib import Path

from xetrack_cli.errors import UsageError

__all__ = ["DATABASE", "arguments"]

DATABASE = "XETRACK_DB"
"""The environment variable that holds the default database."""


def arguments(words: Sequence[str] | None, *names: str) -> list[str]:
    """Split the words of a command line. See `xetrack.plugin.Terminal.arguments`."""
    given = list(words or ())
    required = [name for name in names if not name.startswith("[")]
    most = None if any("..." in name for name in names) else len(names)
    default = os.environ.get(DATABASE)
    if default and _lacks_database(given, len(required), most):
        given.insert(0, default)
    if not given:
        raise UsageError(f"Missing database. Give its path, or set {DATABASE}.")
    expected = f"Expected: {' '.join(('DB', *names))}"
    if len(given) - 1 < len(required):
        hint = "" if default else f"; DB is optional if {DATABASE} is set"
        raise UsageError(f"Missing {required[len(given) - 1].removesuffix('...')}. {expected}{hint}.")
    if most is not None and len(given) - 1 > most:
        raise UsageError(f"Unexpected argument {given[most + 1]!r}. {expected}.")
    return given


def _lacks_database(given: Sequence[str], least: int, most: int | None) -> bool:
    """Whether the database was left out: by the number of words, or, if that is open, by the look of the first."""
    if len(given) <= least:
        return True
    if most is not None and len(given) > most:
        return False
    return not (Path(given[0]).exists() or "/" in given[0] or given[0].endswith((".db", ".sqlite")))
