"""Open the database of a command line, and find the runs and columns that it names."""

from collections.abc import Iterator, Sequence
from typing import Any

from xetrack import Reader, XetrackError
from xetrack.plugin import Columns
from xetrack.registry import engine_of
from xetrack_cli.errors import UnknownNameError, UsageError

__all__ = [
    "check_columns",
    "check_run",
    "chosen_columns",
    "chunks",
    "find_run",
    "open_reader",
    "split_names",
    "waiting",
]

_MOST_LISTED = 8
_PATIENCE = 10.0  # seconds


def open_reader(
    db: str, table: str | None, engine: str | None = None, track_id: str | None = None, **options: Any
) -> Reader:
    """Open a reader of an existing table; by default of `events`, or of the only table.

    Raises:
        TableNotFoundError: the table does not exist, or none was named and there are several.
        UnknownNameError: there is no run `track_id`.
    """
    reader = Reader(db, engine, table, **options)
    try:
        _ = reader.table
        if track_id is not None:
            check_run(reader, track_id)
    except XetrackError:
        reader.close()
        raise
    return reader


def waiting(db: str, engine: str | None, timeout: float | None) -> dict[str, Any]:
    """Return the option `timeout`: what the user chose, or our default if the engine has the option."""
    if timeout is None and "timeout" not in engine_of(db, engine).options:
        return {}
    return {"timeout": _PATIENCE if timeout is None else timeout}


def chunks(reader: Reader, track_id: str | None) -> Iterator[Columns]:
    """Yield the rows of all runs in chunks, or those of one run at once. A chunk may lack a column."""
    if track_id is None:
        return reader.engine.scan(reader.table)
    return iter([reader.engine.read(reader.table, track_id=track_id)])


def chosen_columns(reader: Reader, text: str | None) -> list[str]:
    """Return the columns in a list like `x,y,z`; all columns if there is none."""
    return reader.columns if text is None else check_columns(reader, split_names(text))


def split_names(text: str) -> list[str]:
    """Split a list of columns like `x,y,z`. Raises `UsageError` if it is empty."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UsageError(f"--columns {text!r} is empty. Example: --columns accuracy,loss")
    return names


def check_columns(reader: Reader, names: Sequence[str]) -> list[str]:
    """Return the names. Raises `UnknownNameError` for one that is not a column."""
    known = reader.columns
    for name in names:
        if name not in known:
            raise UnknownNameError("column", name, known)
    return list(names)


def check_run(reader: Reader, track_id: str) -> str:
    """Return the track id. Raises `UnknownNameError` if there is no such run."""
    if not reader.engine.count(reader.table, track_id):
        raise UnknownNameError("run", track_id, _track_ids(reader))
    return track_id


def find_run(reader: Reader, given: str) -> str:
    """Return the run with this track id, or the only one whose track id starts with it."""
    if reader.engine.count(reader.table, given):
        return given
    known = _track_ids(reader)
    found = [track_id for track_id in known if track_id == given or (given and track_id.startswith(given))]
    if len(found) > 1:
        listed = ", ".join(found[:_MOST_LISTED]) + ", and more" * (len(found) > _MOST_LISTED)
        raise XetrackError(f"{given!r} matches {len(found)} runs: {listed}. Type more of the name.")
    if not found:
        raise UnknownNameError("run", given, known)
    return found[0]


def _track_ids(reader: Reader) -> list[str]:
    return [str(run["track_id"]) for run in reader.list_runs()]
