"""The tables: one for each table of events, with a column per key as far as the database allows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xetrack.plugin import (
    EXTRA,
    Columns,
    Row,
    check_table,
    declared_type,
    fits,
    load_extra,
    normal_type,
    pack,
    quote,
    restore,
)

__all__ = ["CREATE", "CREATE_EVENTS", "SEQUENCE", "join", "name_of", "new_columns", "split", "table_of"]

SEQUENCE = "_seq_"
"""The column whose numbers order the rows. No number is used twice."""

CREATE = """
CREATE TABLE IF NOT EXISTS db.xetrack_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS db.xetrack_log (
    place INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL, event_table TEXT NOT NULL, track_id TEXT);
CREATE TABLE IF NOT EXISTS db.xetrack_runs (
    track_id TEXT, event_table TEXT, started TEXT, ended TEXT, status TEXT, host TEXT, pid INTEGER, python TEXT,
    params TEXT, offsets TEXT, PRIMARY KEY (track_id, event_table));
INSERT OR IGNORE INTO db.xetrack_meta VALUES ('id', lower(hex(randomblob(16))))
"""

# A server: GENERATED ALWAYS AS IDENTITY, or its name for it, and a JSON type for the extra.
CREATE_EVENTS = (
    f"({SEQUENCE} INTEGER PRIMARY KEY AUTOINCREMENT, track_id TEXT NOT NULL, timestamp TEXT NOT NULL,"
    f" {EXTRA} TEXT, UNIQUE (track_id, timestamp))"
)

_MOST = 200  # columns; further keys go to the extra
_LONGEST = 63  # bytes of a column's name, as PostgreSQL has it


def name_of(table: str) -> str:
    """Return the name of a table of events. "default" is another name of "events"."""
    return "events" if table == "default" else check_table(table)


def table_of(name: str) -> str:
    """Return a table of events as SQL."""
    return f"db.{quote(name)}"


def new_columns(rows: Iterable[Row], columns: Mapping[str, str]) -> dict[str, str]:
    """Return the columns to add for rows, with their types: those of the first values.

    Other keys are stored in the extra only: those that the database would not tell apart, or cannot have as a name.
    """
    new: dict[str, str] = {}
    for row in rows:
        for key, value in row.items():
            if value is not None and key not in columns and key not in new and _may_be_column(key):
                new[key] = declared_type(value)
    return dict([*new.items()][: max(_MOST - len(columns), 0)])


def _may_be_column(key: str) -> bool:
    return 0 < len(key.encode()) <= _LONGEST and "\0" not in key and key == key.lower() and key != SEQUENCE


def split(row: Row, columns: Mapping[str, str]) -> Row:
    """Return the cells of a row: values that their columns give back unchanged, and the others in the extra."""
    cells = {key: value for key, value in row.items() if key in columns and fits(value, columns[key])}
    extra = pack({key: value for key, value in row.items() if key not in cells})
    return cells if extra is None else {**cells, EXTRA: extra}


def join(names: Sequence[str], types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Columns:
    """Return cells, the extra among them, as the values that were logged, by column."""
    cells = dict(zip(names, map(list, zip(*rows, strict=True)) if rows else ([] for _ in names), strict=True))
    extras = [(number, text) for number, text in enumerate(cells.pop(EXTRA, ())) if text is not None]
    columns = {key: restore(values, normal_type(types[key])) for key, values in cells.items()}
    load_extra(columns, extras, len(rows))
    return columns
