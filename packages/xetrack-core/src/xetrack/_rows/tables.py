"""Choosing the table of events that a reader reads, and the error for a missing one."""

from collections.abc import Sequence

from xetrack._spec.engine import Engine
from xetrack._util.text import did_you_mean
from xetrack.errors import TableNotFoundError

__all__ = ["DEFAULT", "choose_table", "table_not_found"]

DEFAULT = "events"
"""The table that trackers write to by default."""

# One table: xetrack 0.x calls it "default".
_NAMES = {DEFAULT, "default"}
_LISTED = 8  # names that fit a line


def choose_table(engine: Engine, db: str, table: str | None) -> str | None:
    """Return the table to read.

    Args:
        engine: the engine to read from.
        db: path of the database, for the error.
        table: the table that the user named. In a file without tables, the default one exists and is empty.

    Returns:
        The table. None if the user named none, and the file has no tables, or several but no `events`.

    Raises:
        TableNotFoundError: the table does not exist.
    """
    tables = engine.tables()
    if table is None:
        if DEFAULT in tables:
            return DEFAULT
        return tables[0] if len(tables) == 1 else None
    if table in tables or (table in _NAMES and (not tables or _NAMES & set(tables))):
        return table
    # The name may be in another case, or the table may have no rows yet.
    if engine.columns(table) or engine.runs(table, limit=1):
        return table
    raise table_not_found(db, table, tables)


def table_not_found(db: str, table: str | None, tables: Sequence[str]) -> TableNotFoundError:
    """Return the error for a table that does not exist; for None, that one of several must be chosen."""
    listed = f"Tables: {', '.join(tables[:_LISTED])}{', and more' * (len(tables) > _LISTED)}."
    if table is None:
        return TableNotFoundError(f"{db} has several tables and none named {DEFAULT!r}. {listed} {_CHOOSE}")
    if not tables:
        return TableNotFoundError(f"{db} has no table {table!r}: it has no tables yet. {_MADE}")
    if table in _NAMES:
        return TableNotFoundError(f"{db} has no table {table!r}. {listed} {_CHOOSE}")
    return TableNotFoundError(f"{db} has no table {table!r}.{did_you_mean(table, tables)} {listed} {_MADE}")


_CHOOSE = "Choose one with table=NAME."
_MADE = "A tracker creates a table when it logs the first row."
