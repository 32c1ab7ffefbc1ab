"""The sink."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from xetrack.errors import OptionError
from xetrack.plugin import Value

__all__ = ["MarkdownTable", "line"]

_SPECIAL = re.compile(r"([\\|`*_<>&\[\]])")


class MarkdownTable:
    """Appends each row to a table in a file, and writes the header with the first row.

    The file is opened for each row: nothing is buffered, and processes may share the file.
    """

    def __init__(self, path: str | os.PathLike[str], columns: Sequence[str]) -> None:
        self._path = Path(path).expanduser().resolve()
        self._columns = tuple(columns)
        self._head = line(columns) + line(["---"] * len(columns))
        if self._path.exists() and not self._path.read_text(encoding="utf-8").startswith(self._head):
            raise OptionError(f"{self._path} is not a table with the columns {list(columns)}. Choose another path.")
        self._path.parent.mkdir(parents=True, exist_ok=True)

    def emit(self, row: Mapping[str, Value]) -> None:
        """Write a committed row. If this raises, xetrack warns, and the database keeps the row."""
        text = line(row.get(column) for column in self._columns)
        with self._path.open("ab", buffering=0) as file:
            file.write(((self._head if file.tell() == 0 else "") + text).encode(errors="backslashreplace"))

    def flush(self) -> None:
        """Do nothing: no row is buffered."""

    def close(self) -> None:
        """Do nothing: no file is open."""


def line(values: Iterable[Value]) -> str:
    """Format a table row. Markdown syntax is escaped, and line breaks become `<br>`."""
    return f"| {' | '.join(map(_cell, values))} |\n"


def _cell(value: Value) -> str:
    if value is None:
        return ""
    return re.sub(r"\r\n|\r|\n", "<br>", _SPECIAL.sub(r"\\\1", str(value)))
