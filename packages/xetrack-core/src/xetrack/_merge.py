"""Copying runs from one database into another."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from xetrack._plugins.factory import check_file, open_engine
from xetrack._plugins.registry import discovered
from xetrack._rows.hashes import uses_in
from xetrack._rows.tables import table_not_found
from xetrack._spec.assets import AssetStore
from xetrack._spec.engine import Engine
from xetrack._spec.provider import Context
from xetrack._spec.types import Columns, Row
from xetrack._tracking.assets import open_store, store_needed
from xetrack._util.arguments import callback, flag, sequence, text
from xetrack._util.environment import safe_mode
from xetrack._util.paths import is_same_file, resolve
from xetrack.errors import XetrackError

__all__ = ["copy"]


def copy(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    assets: bool = True,
    tables: Sequence[str] | None = None,
    *,
    source_engine: str = "sqlite",
    target_engine: str = "sqlite",
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Merge the runs of `source` into `target`, and return how many rows were new there.

    A row that is there already (same run, same timestamp) is left as it is, so that copying twice copies nothing.
    Objects come with the rows that name them, as bytes: none is loaded. Their uses count the rows that were new. The
    names that `get(name)` takes come along too: one that the target knows already means another object only if rows
    that name this object were new, for then it was logged last.

    Arguments:
        source: path of the database to read; it is not changed.
        target: path of the database to write; made if missing.
        assets: whether to copy logged objects too. Needs xetrack-assets if the source has any. They go into the target
            file itself, wherever the source keeps them.
        tables: the tables of events to copy; all by default.
        source_engine, target_engine: names of the storage engines.
        progress: called with (rows done, rows in all) after each chunk.

    Raises:
        DatabaseNotFoundError: the source does not exist.
        TableNotFoundError: the source has no such table.
        XetrackError: source and target are the same database.
        PluginNotInstalledError: the source has objects, and nothing is installed to copy them.
    """
    assets = flag("assets", assets)
    source, target = resolve(source, "source"), resolve(target, "target")
    source_engine, target_engine = text("source_engine", source_engine), text("target_engine", target_engine)
    progress = callback("progress", progress)
    if is_same_file(source, target):
        message = f"{source} cannot be copied into itself. Give another target."
        raise XetrackError(message)
    check_file(source, source_engine)
    check_file(target, target_engine)
    plugins = discovered()
    with closing(open_engine(plugins, source, source_engine, "events", {}, read_only=True)[0]) as reading:
        chosen = _chosen(reading, tables, source)
        objects = _store(reading, source, read_only=True) if assets and reading.has_assets() else None
        total, done, new = sum(map(reading.count, chosen)), 0, 0
        with closing(open_engine(plugins, target, target_engine, "events", {})[0]) as writing:
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
    names = {"default": "events"}  # one table, two names
    chosen = (
        there if tables is None else list(dict.fromkeys(text("tables", each) for each in sequence("tables", tables)))
    )
    missing = [table for table in chosen if table not in there and names.get(table) not in there]
    if missing:
        raise table_not_found(source, missing[0], there)
    return chosen


def _store(engine: Engine, db: str, *, read_only: bool = False) -> AssetStore:
    context = Context(db, read_only=read_only, engine=engine, trusted=not safe_mode())
    store = open_store(discovered(), [], context)
    if store is None:
        raise store_needed(discovered(), "copying logged objects", "To copy the rows alone: assets=False")
    return store


class _Carrier:
    """Carries objects from one store to another, with the rows that name them, and their names."""

    def __init__(self, source: AssetStore, target: AssetStore) -> None:
        self._source = source
        self._target = target
        self._known = set(source.keys())
        self._names: dict[str, list[str]] = {}  # that each object has yet to be given
        for name, key in source.names().items():
            if key in self._known:
                self._names.setdefault(key, []).append(name)

    def carry(self, rows: Sequence[Row]) -> None:
        """Count what new rows name; what is not there yet comes along. Names go over, as if it were logged now."""
        uses = uses_in([row.values() for row in rows], self._known)
        for key in [key for key in uses if key in self._names or key not in self._target]:
            self._put(key, uses.pop(key), self._names.pop(key, []))
        self._target.recount(uses)

    def carry_rest(self) -> None:
        """What no row names, such as objects kept for later. Names that mean something there go on meaning that."""
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
    """Columns as rows; a None is left out, for it may only stand for a key that the row did not have."""
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
