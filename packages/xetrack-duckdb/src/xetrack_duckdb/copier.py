"""Copying tables from SQLite into DuckDB, and bringing the copies up to date.

What is copied is told from what SQLite can tell cheaply: new rows by their rowid, changed and deleted ones by counters
a run (see `xetrack.sqlite.COUNTERS`), everything else (rows replaced past the triggers, rowids given anew, a table made
anew) by comparing numbers of rows and the like. Where these disagree, the table is copied from scratch.
"""

import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xetrack.plugin import EXTRA, Json
from xetrack_duckdb.columns import EXACT, Block, Blocks, Column, pack, types_of, widened, widening
from xetrack_duckdb.source import Source, Version
from xetrack_duckdb.tables import Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["ROWID", "SCHEMA", "STORAGE", "Copied", "Copier", "ReshapeError", "StaleError"]

SCHEMA = "xetrack_copy"
STORAGE = f"db.{SCHEMA}"
"""Where the copies are, out of sight of the views that queries see in `db.main`."""

ROWID = "r"
"""The first column of every copy. The others follow in the order of `Copied.columns`."""

_REBUILT = "xetrack_rebuilt"
_FIRST = -(1 << 63)
_NUMBERS = ("BIGINT", "DOUBLE")
_MANY_CHANGES = 64  # columns to change at once, beyond which one copy of the table is faster than as many ALTER TABLE
_LARGE_SHARE = 2  # of which a copy from scratch is quicker than exchanging one row in so many


class ReshapeError(Exception):
    """A copy needs other columns than it has."""

    def __init__(self, columns: dict[str, Column]) -> None:
        super().__init__(f"other columns are needed: {columns}")
        self.columns = columns


class StaleError(Exception):
    """A copy is not what it should be: start from scratch."""


class _TextError(Exception):
    """A column of integers and floats goes on as text."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(slots=True)
class Copied:
    """What the copy of a table holds: the rows up to the rowid `last`, as of the counters `known` and `made`.

    `version` is the state of the file that it was last compared with. `checked` is False for what another process
    copied. A shell has columns, but no rows yet.
    """

    storage: str
    columns: dict[str, Column]
    declared: dict[str, str]
    root: int
    known: dict[str, int] = field(default_factory=dict)
    made: int | None = None
    last: int = _FIRST
    version: Version | None = None
    checked: bool = True
    is_shell: bool = False

    @classmethod
    def declared_by(cls, table: Table, storage: str) -> "Copied":
        """The copy of a table without rows."""
        keys = [key for key in table.columns if key != EXTRA]
        columns = {key: Column.declared(f"c{number}", table.columns[key]) for number, key in enumerate(keys)}
        return cls(storage, columns, dict(table.columns), table.root)

    @property
    def name(self) -> str:
        """The table in DuckDB."""
        return f"{STORAGE}.{self.storage}"

    def new_columns(self) -> Iterator[str]:
        """Names for columns to add, without end."""
        first = max((int(column.name[1:]) for column in self.columns.values()), default=-1) + 1
        return (f"c{number}" for number in itertools.count(first))

    def dumped(self) -> str:
        """As text, for another process."""
        return json.dumps(asdict(self) | {"version": None, "checked": False})

    @classmethod
    def loaded(cls, text: str) -> "Copied":
        """The same again."""
        stored = json.loads(text)
        columns = {
            key: Column(**column | {"kinds": tuple(column["kinds"])}) for key, column in stored.pop("columns").items()
        }
        return cls(columns=columns, **stored)


class Copier:
    """Copies tables through one cursor, inside a transaction that the caller holds.

    `loose` counts the rows that were copied, for the caller to have them compressed.
    """

    def __init__(self, cursor: "duckdb.DuckDBPyConnection", source: Source) -> None:
        self._cursor = cursor
        self._source = source
        self.loose = 0

    def refreshed(self, table: Table, old: Copied | None, version: Version, storage: str) -> Copied:
        """Bring a copy up to date, or make it; return what it holds then.

        Raises `ReshapeError` or `StaleError` to be called again in another transaction, with other columns or for a
        copy from scratch: DuckDB 1.3 to 1.5 change or drop no table whose rows the transaction changed.
        """
        fits = old is not None and self._still_fits(table, old)
        copied = self._updated(table, old) if old is not None and fits else self._from_scratch(table, storage)
        copied.version, copied.checked = version, True
        return copied

    def shell(self, table: Table, storage: str) -> Copied:
        """Make an empty copy, that tells what columns there are."""
        copied = replace(Copied.declared_by(table, storage), is_shell=True)
        self._create(copied)
        return copied

    def _create(self, copied: Copied) -> None:
        """Make the table of a copy, empty, in place of any that was there."""
        declared = "".join(f", {column.name} {column.kind}" for column in copied.columns.values())
        self.drop(copied)
        self._run(f"CREATE TABLE {copied.name} ({ROWID} BIGINT{declared})")

    def drop(self, copied: Copied) -> None:
        """Forget a copy."""
        self._run(f"DROP TABLE IF EXISTS {copied.name}")

    @staticmethod
    def _still_fits(table: Table, old: Copied) -> bool:
        """Whether the table is the one that was copied, but for new columns."""
        added = table.columns.keys() - old.declared.keys()
        return (
            table.counted
            and not old.is_shell
            and table.root == old.root
            and {key: kind for key, kind in table.columns.items() if key not in added} == old.declared
            and not added & table.defaults
        )

    def _from_scratch(self, table: Table, storage: str, texts: frozenset[str] = frozenset()) -> Copied:
        """Copy all rows. Columns in `texts` are known to end up as text, with integers and floats told apart."""
        copied = Copied.declared_by(table, storage)
        for key in texts:
            column = copied.columns.get(key) or Column.declared(next(copied.new_columns()), "")
            copied.columns[key] = replace(column, kind="VARCHAR", kinds=_NUMBERS)
        if table.counted:
            copied.known, copied.made = self._source.counters(table, {}, None) or ({}, None)
        try:
            with closing(self._source.chunks(table, _FIRST)) as blocks:
                self._start(copied, next(blocks, None))
                self._append(copied, blocks, fresh=True)
        except _TextError as error:
            return self._from_scratch(table, storage, texts | {error.key})
        return copied

    def _updated(self, table: Table, old: Copied) -> Copied:
        copied = replace(old, columns=dict(old.columns))
        new = [key for key in table.columns if key != EXTRA and key not in copied.columns]
        if new:
            names = copied.new_columns()
            raise ReshapeError({key: Column.declared(next(names), table.columns[key]) for key in new})
        thorough = not copied.checked or copied.declared != table.columns
        if not copied.checked:
            self._check_last(table, copied)
        found = self._source.counters(table, copied.known, copied.made)
        if found is not None:
            runs, made = found
            changed = {run for run in runs.keys() | copied.known.keys() if runs.get(run) != copied.known.get(run)}
            mixed = any(column.is_mixed for column in copied.columns.values())  # it may be so no more
            if made != copied.made or mixed or not all(isinstance(run, str) for run in changed):
                raise StaleError
            self._exchange(table, copied, sorted(changed))
            copied.known = runs
        self._append(copied, self._source.chunks(table, copied.last))
        copied.declared = dict(table.columns)
        self._check(table, copied, thorough=thorough)
        return copied

    def _check_last(self, table: Table, copied: Copied) -> None:
        """The last row of a copy that another process made is one of this file."""
        names = [copied.columns[key].name for key in ("track_id", "timestamp")]
        here = self._run(f"SELECT {', '.join(names)} FROM {copied.name} WHERE {ROWID} = ?", [copied.last])
        there = self._source.query(f"SELECT track_id, timestamp FROM {table.sql} WHERE _rowid_ = ?", [copied.last])
        if here != there:
            raise StaleError

    def _check(self, table: Table, copied: Copied, *, thorough: bool) -> None:
        """The copy has as many rows as the table; on occasion, the same rowids."""
        if self._run(f"SELECT count(*) FROM {copied.name}")[0][0] != self._source.count(table):
            raise StaleError
        if thorough:
            fingerprint = self._run(f"SELECT {self._source.fingerprint_sql(ROWID)} FROM {copied.name}")[0]
            if fingerprint != self._source.fingerprint(table):
                raise StaleError

    def _exchange(self, table: Table, copied: Copied, runs: list[str]) -> None:
        """Read the rows of some runs again. Those after the last row of all other runs are read with the new ones."""
        name, run = copied.name, copied.columns["track_id"].name
        theirs = f"{run} IN ({', '.join('?' * len(runs))})"
        found = f"max({ROWID}) FILTER (WHERE NOT {theirs}), min({ROWID}) FILTER (WHERE {theirs}), count(*)"
        ((last, first, rows),) = self._run(f"SELECT {found} FROM {name}", [*runs, *runs])
        copied.last = _FIRST if last is None else last
        self._run(f"DELETE FROM {name} WHERE {ROWID} > ?", [copied.last])
        if first is None or first > copied.last:
            return
        ((affected,),) = self._run(f"SELECT count(*) FROM {name} WHERE {theirs}", runs)
        if affected * _LARGE_SHARE > rows:
            raise StaleError
        staged = replace(copied, storage="xetrack_staged")
        self._run(f"CREATE TABLE {staged.name} AS SELECT * FROM {name} LIMIT 0")
        try:
            self._append(staged, self._source.rows_of(table, runs, copied.last))
        except ReshapeError as error:  # other types may have taken the place of those there were
            if any(key in copied.columns for key in error.columns):
                raise StaleError from error
            raise
        there = f"{ROWID} IN (SELECT {ROWID} FROM {staged.name})"
        self._run(f"DELETE FROM {name} WHERE {theirs} AND NOT {there}", runs)
        setters = ", ".join(f"{column.name} = staged.{column.name}" for column in copied.columns.values())
        update = f"UPDATE {name} AS old SET {setters} FROM {staged.name} AS staged WHERE old.{ROWID} = staged.{ROWID}"
        ((updated,),) = self._run(update)
        ((expected,),) = self._run(f"SELECT count(*) FROM {staged.name}")
        self._run(f"DROP TABLE {staged.name}")
        copied.columns = staged.columns
        if updated != expected:
            raise StaleError

    # Rows

    def _start(self, copied: Copied, block: Block | None) -> None:
        """Create the table from its first rows: one statement, since each costs DuckDB about 60 µs per column."""
        if block is None:
            self._create(copied)
            return
        types = {key: types_of(values) for key, values in block.values.items()}
        copied.columns |= self._wanted(copied, block, types, fresh=True)
        self.drop(copied)
        empty = {column.name: f"CAST(NULL AS {column.kind})" for column in copied.columns.values()}
        self._load(copied, block, types, f"CREATE TABLE {copied.name} AS", empty)

    def _append(self, copied: Copied, blocks: Blocks, *, fresh: bool = False) -> None:
        with closing(blocks):
            for block in blocks:
                self._add(copied, block, fresh=fresh)

    def _add(self, copied: Copied, block: Block, *, fresh: bool) -> None:
        types = {key: types_of(values) for key, values in block.values.items()}
        wanted = self._wanted(copied, block, types, fresh=fresh)
        if wanted and not fresh:
            raise ReshapeError(wanted)
        self.reshape(copied, wanted)
        self._load(copied, block, types, f"INSERT INTO {copied.name} BY NAME", {})

    def _load(
        self, copied: Copied, block: Block, types: dict[str, set[type]], target: str, empty: dict[str, str]
    ) -> None:
        """Run the statement that begins with `target` over the rows of a block; `empty` is for columns without values.

        `INSERT BY NAME` needs no `empty`: DuckDB fills in columns by default faster than it binds expressions.
        """
        arrays = {**pack(block.rowids, {int}, "BIGINT", ROWID).arrays}
        expressions = {ROWID: ROWID, **empty}
        for key, values in block.values.items():
            if types[key] <= {type(None)}:
                continue
            column = copied.columns[key]
            packed = pack(values, types[key], column.kind, column.name)
            arrays |= packed.arrays
            expressions[column.name] = packed.expression
        selected = ", ".join(f"{expression} AS {name}" for name, expression in expressions.items())
        self._cursor.register("xetrack_block", arrays)
        self._run(f"{target} SELECT {selected} FROM xetrack_block")
        self._cursor.unregister("xetrack_block")
        copied.last = max(copied.last, block.rowids[-1])
        self.loose += len(block.rowids)

    def _wanted(self, copied: Copied, block: Block, types: dict[str, set[type]], *, fresh: bool) -> dict[str, Column]:
        """Return the columns to add or to change before the table can hold a block, and note the values of the rest."""
        wanted: dict[str, Column] = {}
        names = copied.new_columns()
        for key, values in block.values.items():
            column = copied.columns.get(key) or Column.declared(next(names), "")
            wider = widened(column, values, types[key])
            if column.kinds and (wider.kinds, wider.kind) != (column.kinds, column.kind):
                is_spelt_anew = column.is_rounded and wider.kind != column.kind
                if not fresh and (is_spelt_anew or self._as_it_is(copied, column) != column):
                    raise StaleError
                if is_spelt_anew:
                    raise _TextError(key)
            if Json in types[key] and wider.kind == "JSON" and not self._is_json(values):
                wider = replace(wider, kind="VARCHAR")
            if key not in copied.columns or wider.kind != column.kind:
                wanted[key] = wider
            else:
                copied.columns[key] = wider
        return wanted

    def _as_it_is(self, copied: Copied, column: Column) -> Column:
        """The column without what it once held and no longer does."""
        large = (
            f"count(*) FILTER (WHERE {column.name} NOT BETWEEN -{EXACT} AND {EXACT})"
            if column.kind == "BIGINT"
            else "0"
        )
        ((filled, large),) = self._run(f"SELECT count({column.name}), {large} FROM {copied.name}")
        return replace(column, kinds=column.kinds if filled else (), large=bool(large))

    def _is_json(self, values: list[Any]) -> bool:
        """Whether DuckDB takes all of these for JSON."""
        texts = [str.__str__(value) for value in values if type(value) is Json]
        unnested = "SELECT unnest(CAST(? AS VARCHAR[])) AS text"
        ((valid,),) = self._run(f"SELECT bool_and(json_valid(text)) FROM ({unnested})", [texts])
        return valid is not False

    def reshape(self, copied: Copied, wanted: dict[str, Column]) -> None:
        """Add columns, or change their types."""
        changed = {key: column for key, column in wanted.items() if self._differs(copied.columns.get(key), column)}
        if len(changed) > _MANY_CHANGES:
            self._rebuild(copied, changed)
        else:
            for key, column in changed.items():
                self._alter(copied, copied.columns.get(key), column)
        copied.columns |= wanted

    @staticmethod
    def _differs(old: Column | None, column: Column) -> bool:
        return old is None or old.kind != column.kind

    def _alter(self, copied: Copied, old: Column | None, column: Column) -> None:
        if old is None:
            change = f"ADD COLUMN {column.name} {column.kind}"
        else:
            change = f"ALTER COLUMN {column.name} TYPE {column.kind} USING {widening(old, column.kind)}"
        self._run(f"ALTER TABLE {copied.name} {change}")

    def _rebuild(self, copied: Copied, changed: dict[str, Column]) -> None:
        """Change many columns by making the table anew.

        DuckDB copies the list of columns for every ALTER TABLE, and keeps the old lists until the transaction ends: a
        thousand new columns took seconds, and over a gigabyte.
        """
        columns = copied.columns | changed
        if not self._run(f"SELECT 1 FROM {copied.name} LIMIT 1"):
            self._create(replace(copied, columns=columns))
            return
        expressions = [ROWID]
        for key, column in columns.items():
            old = copied.columns.get(key)
            value = "NULL" if old is None else column.name if old.kind == column.kind else widening(old, column.kind)
            expressions.append(f"CAST({value} AS {column.kind}) AS {column.name}")
        rebuilt = replace(copied, storage=_REBUILT)
        self._run(f"CREATE TABLE {rebuilt.name} AS SELECT {', '.join(expressions)} FROM {copied.name}")
        self.drop(copied)
        self._run(f"ALTER TABLE {rebuilt.name} RENAME TO {copied.storage}")

    def _run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        return self._cursor.execute(sql, parameters).fetchall()
