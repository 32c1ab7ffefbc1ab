"""Copying runs from one database into another."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from xetrack._plugins.factory import check_file, choose_engine, open_engine
from xetrack._plugins.registry import discovered
from xetrack._rows.hashes import uses_in
from xetrack._rows.tables import DEFAULT, table_not_found
from xetrack._spec.assets import AssetStore
from xetrack._spec.engine import Engine
from xetrack._spec.provider import Context
from xetrack._spec.types import Columns, Row
from xetrack._tracking.assets import open_store, store_needed
from xetrack._util.arguments import callback, flag, optional_text, sequence, text
from xetrack._util.environment import safe_mode
from xetrack._util.locations import locate
from xetrack.errors import XetrackError

__all__ = ["copy"]


def copy(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    assets: bool = True,
    tables: Sequence[str] | None = None,
    *,
    source_engine: str | None = None,
    target_engine: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Merge the runs of one database into another; return how many rows were new there.

    ```python
    copy("laptop.db", "team.db")
    ```

    A row that the target already has (same run, same timestamp) stays as it is, so copying twice copies nothing.

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
        progress: called with (rows done, rows in all) after each chunk.

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
        objects = _store(reading, source, read_only=True) if assets and reading.has_assets() else None
        total, done, new = sum(map(reading.count, chosen)), 0, 0
        with closing(open_engine(plugins, there, writer, "events", {})[0]) as writing:
            carrier = _Carrier(objects, _store(writing, target)) if objects is not None else None
            for table in chosen:
                for rows in _chunks(reading, table):
                    with writing.transaction():
                        merged = writing.merge(table, rows)
                        if carrier is not None:
                            carrier.carry(merged)
                    new += len(merged)
                    done += len(rows)
                    if progress is not None:
                        progress(done, total)
                _copy_runs(reading, writing, table)
            if carrier is not None and tables is None:
                carrier.carry_rest()
    return new


def _chosen(engine: Engine, tables: Sequence[str] | None, source: str) -> list[str]:
    there = engine.tables()
    if tables is None:
        return there
    chosen = list(dict.fromkeys(text("tables", each) for each in sequence("tables", tables)))
    for table in chosen:
        if table not in there and not (table == "default" and DEFAULT in there):
            raise table_not_found(source, table, there)
    return chosen


def _store(engine: Engine, db: str, *, read_only: bool = False) -> AssetStore:
    context = Context(db, read_only=read_only, engine=engine, trusted=not safe_mode())
    store = open_store(discovered(), [], context)
    if store is None:
        raise store_needed(discovered(), "copying logged objects", "To copy the rows alone: assets=False")
    return store


class _Carrier:
    """Copies objects and their names from one store to another."""

    def __init__(self, source: AssetStore, target: AssetStore) -> None:
        self._source = source
        self._target = target
        self._known = set(source.keys())
        # The names of each object that are still to be copied.
        self._names: dict[str, list[str]] = {}
        for name, key in source.names().items():
            if key in self._known:
                self._names.setdefault(key, []).append(name)

    def carry(self, rows: Sequence[Row]) -> None:
        """Copy the objects that new rows name, with their names, as if they were logged now; add to their uses."""
        uses = uses_in([row.values() for row in rows], self._known)
        for key in [key for key in uses if key in self._names or key not in self._target]:
            self._put(key, uses.pop(key), self._names.pop(key, []))
        self._target.recount(uses)

    def carry_rest(self) -> None:
        """Copy the objects that no row names. Names that the target has already keep their meaning."""
        taken = self._target.names()
        for key in self._source:
            names = [name for name in self._names.get(key, []) if name not in taken]
            missing = key not in self._target
            if names or missing:
                told = self._source.info(key) if missing else None
                self._put(key, told.uses if told else 0, names)

    def _put(self, key: str, uses: int, names: Sequence[str]) -> None:
        asset = self._source.raw(key)
        self._target.put(asset, next(iter(names), None), uses)
        for name in names[1:]:
            self._target.put(asset, name, 0)


def _chunks(engine: Engine, table: str) -> Iterator[list[Row]]:
    for columns in engine.scan(table):
        yield _rows(columns)


def _rows(columns: Columns) -> list[Row]:
    """Return columns as rows without None, which may only mean that a row lacks the key."""
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def _copy_runs(source: Engine, target: Engine, table: str) -> None:
    known = {run.track_id: run for run in target.runs(table)}
    for run in source.runs(table):
        open_there = run.track_id not in known or known[run.track_id].status in {"", "running"}
        if run.status and open_there:
            target.save_run(run)
            if run.ended is not None:
                target.finish_run(run)
