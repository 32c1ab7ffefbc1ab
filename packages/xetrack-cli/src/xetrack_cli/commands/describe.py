"""`xt describe`: a summary of columns."""

import math
from array import array
from collections.abc import Sequence
from typing import Any

from xetrack.plugin import decode
from xetrack_cli.output.terminal import note, show
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import chosen_columns, parts, reading
from xetrack_cli.parsing.options import Columns, Csv, Db, Engine, Json, Markdown, Table, TrackId, style_of

__all__ = ["describe"]


def describe(
    words: Db = None,
    *,
    columns: Columns = None,
    track_id: TrackId = None,
    table: Table = None,
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Show count, mean, standard deviation and quartiles of columns.

    One row per column: those named, or all that hold numbers. NaN is not counted; True is 1, False is 0.
    """
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    (db,) = arguments(words)
    with reading(db, table, engine, track_id) as reader:
        described = {name: _Described() for name in chosen_columns(reader, columns)}
        for part in parts(reader, track_id):
            for name, each in described.items():
                each.add(part.get(name, []), also_texts=columns is not None)
    if columns is None and not any(each.numbers for each in described.values()):
        note("no column holds numbers. To count other values, name columns: --columns X,Y")
    rows = [{"column": name} | each.told() for name, each in described.items() if each.numbers or columns is not None]
    keys = dict.fromkeys(key for row in rows for key in row)
    show(rows, list(keys) or ["column", "count"], style)


class _Described:
    """A summary of a column: of its numbers, or of any values as long as there are no numbers."""

    def __init__(self) -> None:
        self.numbers = array("d")
        self._count = 0
        self._different: set[str] = set()

    def add(self, values: Sequence[Any], *, also_texts: bool) -> None:
        """Add values of the column; those that are not numbers only if asked to."""
        self.numbers.extend(value for value in values if _is_number(value))
        if also_texts and not self.numbers:
            there = [value for value in values if value is not None]
            self._count += len(there)
            self._different.update(repr(decode(value)) for value in there)

    def told(self) -> dict[str, Any]:
        """Return the summary as a row."""
        if not self.numbers:
            return {"count": self._count, "unique": len(self._different)}
        import pandas as pd

        told = pd.Series(self.numbers, dtype=float).describe().to_dict()
        return {str(key): _whole(value) for key, value in told.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not math.isnan(value)


def _whole(value: Any) -> Any:
    return int(value) if float(value).is_integer() else float(value)
