"""`xetrack.copy`: copy runs from one database into another."""

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Self

from xetrack._copying.carrier import Carrier, object_store
from xetrack._copying.origins import identity, own_identity
from xetrack._copying.table import Side, TableCopy
from xetrack._plugins.factory import check_file, choose_engine, open_engine
from xetrack._plugins.registry import discovered
from xetrack._rows.tables import DEFAULT, table_not_found
from xetrack._spec.engine import Engine
from xetrack._spec.types import Run
from xetrack._util.arguments import callback, flag, optional_text, sequence, text
from xetrack._util.locations import locate
from xetrack.errors import XetrackError

__all__ = ["CopyResult", "copy"]


def copy(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    assets: bool = True,
    tables: Sequence[str] | None = None,
    *,
    source_engine: str | None = None,
    target_engine: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> "CopyResult":
    """Merge the runs of one database into another; return how many rows were new there.

    ```python
    copy("laptop.db", "team.db")
    ```

    Repeat it as often as you like: it copies what is new since the last time. Rows that were changed in the source,
    for example by `set_value`, are changed in the target; keys that only the target has stay. Rows that were deleted in
    the source stay in the target. A run that was deleted in the target is copied again.

    Nothing is lost if two databases logged different rows with the same `track_id` and timestamp: the row that comes
    second gets the next free timestamp.

    Objects are copied with the rows that name them, as bytes: none is loaded. Names for `get(name)` are copied, too. If
    the target has the name already, it moves to the copied object only if rows with this object were new.

    Args:
        source: path or URL of the database to read. It does not change.
        target: path or URL of the database to write. It is created if it does not exist.
        assets: copy logged objects, too. Needs xetrack-assets if the source has any. They are stored in the target file
            itself, wherever the source stores them.
        tables: the tables of events to copy; by default all.
        source_engine: name of the storage engine of the source. By default the one that serves its URL, or
            "sqlite" for a path.
        target_engine: the same for the target.
        progress: called with (rows done, rows in all) of a table after each chunk.

    Returns:
        The number of new rows, an int whose attribute `updated` is the number of changed rows.

    Raises:
        DatabaseNotFoundError: the source does not exist.
        TableNotFoundError: the source has no such table.
        XetrackError: source and target are the same database.
        PluginNotInstalledError: the source has objects, and xetrack-assets is not installed.
    """
    assets = flag("assets", assets)
    here, there = locate(source, "source"), locate(target, "target")
    source, target = here.shown, there.shown
    source_engine = optional_text("source_engine", source_engine)
    target_engine = optional_text("target_engine", target_engine)
    progress = callback("progress", progress)
    if here.is_same(there):
        raise XetrackError(f"cannot copy {source} into itself. Choose another target.")
    plugins = discovered()
    reader, writer = choose_engine(plugins, here, source_engine), choose_engine(plugins, there, target_engine)
    check_file(here, reader)
    check_file(there, writer)
    with closing(open_engine(plugins, here, reader, "events", {}, read_only=True)[0]) as reading:
        chosen = _chosen(reading, tables, source)
        objects = object_store(reading, source, read_only=True) if assets and reading.has_assets() else None
        with closing(open_engine(plugins, there, writer, "events", {})[0]) as writing:
            carrier = Carrier(objects, object_store(writing, target)) if objects is not None else None
            new = updated = 0
            sides = Side(reading, identity(reading, source)), Side(writing, own_identity(writing))
            for table in chosen:
                copying = TableCopy(*sides, table, carrier, progress or (lambda _done, _total: None))
                copying.run()
                _copy_runs(reading, writing, table)
                new, updated = new + copying.new, updated + copying.updated
            if carrier is not None and tables is None:
                carrier.carry_rest()
    return CopyResult(new, updated)


class CopyResult(int):
    """The number of new rows.

    Attributes:
        updated: the number of rows that the target had, and that changed.
    """

    updated: int

    def __new__(cls, new: int, updated: int = 0) -> Self:
        """Make a result."""
        result = super().__new__(cls, new)
        result.updated = updated
        return result


def _chosen(engine: Engine, tables: Sequence[str] | None, source: str) -> list[str]:
    there = engine.tables()
    if tables is None:
        return there
    chosen = list(dict.fromkeys(text("tables", each) for each in sequence("tables", tables)))
    for table in chosen:
        if table not in there and not (table == "default" and DEFAULT in there):
            raise table_not_found(source, table, there)
    return chosen


def _copy_runs(source: Engine, target: Engine, table: str) -> None:
    """Copy the records of runs that ended or went on since the target heard of them."""
    known = {run.track_id: _as_stored(run) for run in target.runs(table)}
    for run in map(_as_stored, source.runs(table)):
        if run.status and _is_news(run, known.get(run.track_id)):
            target.save_run(run)
            if run.ended is not None:
                target.finish_run(run)


def _as_stored(run: Run) -> Run:
    """Return a run with its recorded status: each engine finds out for itself which runs crashed."""
    return replace(run, status="running") if run.status == "crashed" else run


def _is_news(run: Run, known: Run | None) -> bool:
    if known is None or known.status in {"", "running"}:
        return known is None or (run.status, run.ended, run.params) != (known.status, known.ended, known.params)
    return (run.ended or run.last or "") > (known.ended or "")
