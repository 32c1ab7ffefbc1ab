"""`xt describe`: a summary of each column."""

import math
from array import array
from collections.abc import Sequence
from typing import Any

from xetrack.plugin import decode
from xetrack_cli.output.terminal import note, show
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import chosen_columns, chunks, open_reader
from xetrack_cli.parsing.options import Columns, Db, Engine, Format, Table, TrackId

__all__ = ["describe"]


def describe(
    words: Db = None,
    *,
    columns: Columns = None,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = None,
    style: Format = "",
) -> None:
    """Summarize columns: count, mean, deviation, quartiles.

    Print one row per column, by default for every column that holds numbers. NaN is ignored. True is 1, False 0.
    """
    (db,) = arguments(words)
    with open_reader(db, table, engine, track_id) as reader:
        summaries = {name: _Summary() for name in chosen_columns(reader, columns)}
        for chunk in chunks(reader, track_id):
            for name, each in summaries.items():
                each.add(chunk.get(name, []), texts_too=columns is not None)
    if columns is None and not any(each.numbers for each in summaries.values()):
        note("No column holds numbers. To count other values, name columns: --columns X,Y")
    rows = [{"column": name} | each.row() for name, each in summaries.items() if each.numbers or columns is not None]
    show(rows, () if rows else ["column", "count"], style)


class _Summary:
    """The numbers of a column, or, as long as there are none, its other values."""

    def __init__(self) -> None:
        self.numbers = array("d")
        self._count = 0
        self._different: set[str] = set()

    def add(self, values: Sequence[Any], *, texts_too: bool) -> None:
        """Add values of the column."""
        self.numbers.extend(value for value in values if isinstance(value, (int, float)) and not math.isnan(value))
        if texts_too and not self.numbers:
            present = [value for value in values if value is not None]
            self._count += len(present)
            self._different.update(repr(decode(value)) for value in present)

    def row(self) -> dict[str, Any]:
        """Return the summary as a row."""
        if not self.numbers:
            return {"count": self._count, "unique": len(self._different)}
        import pandas as pd

        found = pd.Series(self.numbers, dtype=float).describe().to_dict()
        return {str(key): int(value) if float(value).is_integer() else float(value) for key, value in found.items()}
