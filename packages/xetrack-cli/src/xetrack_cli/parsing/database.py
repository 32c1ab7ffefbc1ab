"""Open a database, and find in it what a command line names."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from xetrack import Reader, XetrackError
from xetrack.plugin import Columns
from xetrack_cli.errors import UnknownNameError, UsageError

__all__ = ["check_columns", "check_run", "chosen_columns", "find_run", "names_in", "open_reader", "parts", "reading"]

_LISTED = 8  # names that fit a line


def open_reader(db: str, table: str | None, engine: str = "sqlite", **options: Any) -> Reader:
    """Open a reader of the table; without a name, of `events` or of the only table. Never creates a file.

    Raises `TableNotFoundError` if the table does not exist, or if none was named and there are several.
    """
    reader = Reader(db, engine, table, **options)
    try:
        _ = reader.table
    except XetrackError:
        reader.close()
        raise
    return reader


@contextmanager
def reading(db: str, table: str | None, engine: str, track_id: str | None) -> Iterator[Reader]:
    """Open a reader of a table that exists, and check that the run exists, if one is named."""
    with open_reader(db, table, engine) as reader:
        if track_id is not None:
            check_run(reader, track_id)
        yield reader


def parts(reader: Reader, track_id: str | None) -> Iterator[Columns]:
    """Yield the rows of all runs in chunks, or those of one run at once. A chunk may lack a column."""
    if track_id is None:
        return reader.engine.scan(reader.table)
    return iter([reader.engine.read(reader.table, track_id=track_id)])


def chosen_columns(reader: Reader, text: str | None) -> list[str]:
    """Return the columns in a list like `x,y,z`; all of them without one."""
    if text is None:
        return reader.columns
    return check_columns(reader, names_in(text))


def names_in(text: str) -> list[str]:
    """Split a list of columns like `x,y,z`. Raises `UsageError` if it names none."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError(f"--columns {text!r} names no column. Example: --columns accuracy,loss")
    return names


def check_columns(reader: Reader, names: Sequence[str]) -> list[str]:
    """Return the names. Raises `UnknownNameError`, with a guess, for one that is not a column."""
    known = reader.columns
    for name in names:
        if name not in known:
            raise UnknownNameError("column", name, known)
    return list(names)


def check_run(reader: Reader, track_id: str) -> str:
    """Return the track id. Raises `UnknownNameError`, with a guess, if there is no such run."""
    if not reader.engine.count(reader.table, track_id):
        raise UnknownNameError("run", track_id, [run["track_id"] for run in reader.list_runs()])
    return track_id


def find_run(reader: Reader, given: str) -> str:
    """Return the run with this track id, or the only one whose track id starts with it."""
    if reader.engine.count(reader.table, given):
        return given
    known = [str(run["track_id"]) for run in reader.list_runs()]
    found = [track_id for track_id in known if track_id == given or (given and track_id.startswith(given))]
    if len(found) > 1:
        listed = ", ".join(found[:_LISTED]) + ", and more" * (len(found) > _LISTED)
        raise XetrackError(f"{given!r} is the start of {len(found)} runs: {listed}. Type more of the name.")
    if not found:
        raise UnknownNameError("run", given, known)
    return found[0]
