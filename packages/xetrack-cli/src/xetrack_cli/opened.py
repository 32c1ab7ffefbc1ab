"""Opening a database, and finding in it what a command line names."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from xetrack import Reader
from xetrack.protocols import Columns
from xetrack_cli.errors import UnknownNameError

__all__ = ["check_columns", "check_run", "chosen_columns", "find_run", "open_reader", "parts", "reading"]


def open_reader(db: str, table: str, engine: str = "sqlite", **options: Any) -> Reader:
    """A reader of a table that is there. Never makes a file."""
    reader = Reader(db, engine, table, **options)
    tables = reader.engine.tables()
    known = {*tables, *({"events", "default"} if {"events", "default"} & set(tables) else ())}
    if table not in known and (tables or table not in {"events", "default"}):
        reader.close()
        raise UnknownNameError("table", table, tables)
    return reader


@contextmanager
def reading(db: str, table: str, engine: str, track_id: str | None) -> Iterator[Reader]:
    """A reader of a table that is there, in which the run, if one is named, is there too."""
    with open_reader(db, table, engine) as reader:
        if track_id is not None:
            check_run(reader, track_id)
        yield reader


def parts(reader: Reader, track_id: str | None) -> Iterator[Columns]:
    """The rows of all runs, some thousands at a time; or those of one, at once. A part may lack a column."""
    if track_id is None:
        return reader.engine.scan(reader.table)
    return iter([reader.engine.read(reader.table, track_id=track_id)])


def chosen_columns(reader: Reader, text: str | None) -> list[str]:
    """The columns in a list like `x,y,z`; all without one."""
    if text is None:
        return reader.columns
    return check_columns(reader, [name.strip() for name in text.split(",") if name.strip()])


def check_columns(reader: Reader, names: Sequence[str]) -> list[str]:
    """The names again. Raises `UnknownNameError`, with a guess, for one that is no column."""
    known = reader.columns
    for name in names:
        if name not in known:
            raise UnknownNameError("column", name, known)
    return list(names)


def check_run(reader: Reader, track_id: str) -> str:
    """The track id again. Raises `UnknownNameError`, with a guess, if there is no such run."""
    if not reader.engine.count(reader.table, track_id):
        raise UnknownNameError("run", track_id, [run["track_id"] for run in reader.list_runs()])
    return track_id


def find_run(reader: Reader, given: str) -> str:
    """The run of that track id, or the only one whose track id begins so."""
    if reader.engine.count(reader.table, given):
        return given
    known = [run["track_id"] for run in reader.list_runs()]
    found = [track_id for track_id in known if track_id.startswith(given)]
    if len(found) != 1:
        raise UnknownNameError("run", given, found or known)
    return str(found[0])
