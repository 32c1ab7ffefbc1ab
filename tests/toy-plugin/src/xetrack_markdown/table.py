"""The sink itself."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from xetrack.errors import OptionError
from xetrack.plugin import Value

__all__ = ["MarkdownTable", "line"]

_SPECIAL = re.compile(r"([\\|`*_<>&\[\]])")


class MarkdownTable:
    """Appends a line a row to the table in a file, which is begun with its first row.

    The file is opened for each row, so that nothing is held back, and processes may share it.
    """

    def __init__(self, path: str | os.PathLike[str], columns: Sequence[str]) -> None:
        self._path = Path(path).expanduser().resolve()
        self._columns = tuple(columns)
        self._head = line(columns) + line(["---"] * len(columns))
        if self._path.exists() and not self._path.read_text(encoding="utf-8").startswith(self._head):
            raise OptionError(f"{self._path} is no table of the columns {list(columns)}. Give another path.")
        self._path.parent.mkdir(parents=True, exist_ok=True)

    def emit(self, row: Mapping[str, Value]) -> None:
        """Take one row, which is committed by now. What this raises is warned of, and costs no row."""
        text = line(row.get(column) for column in self._columns)
        with self._path.open("ab", buffering=0) as file:
            file.write(((self._head if file.tell() == 0 else "") + text).encode(errors="backslashreplace"))

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is held open."""


def line(values: Iterable[Value]) -> str:
    """A line of a table. Signs that mean something in Markdown are escaped, and lines within a cell are kept apart."""
    return f"| {' | '.join(map(_cell, values))} |\n"


def _cell(value: Value) -> str:
    if value is None:
        return ""
    return re.sub(r"\r\n|\r|\n", "<br>", _SPECIAL.sub(r"\\\1", str(value)))
