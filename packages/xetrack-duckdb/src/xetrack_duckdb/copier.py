"""Copying tables from SQLite into DuckDB, and bringing the copies up to date.

The change feed of the file tells which rows are new, which runs changed, and whether to copy a table from scratch. Rows
that another program replaced (`INSERT OR REPLACE`) are noticed by counting: SQLite then deletes without a trigger.
"""

import itertools
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xetrack.plugin import EXTRA, Json
from xetrack.sqlite import Watermark
from xetrack_duckdb import names
from xetrack_duckdb.columns import Block, Blocks, Column, pack, types_of, widened
from xetrack_duckdb.source import Source, Version
from xetrack_duckdb.tables import Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["ROWID", "SCHEMA", "STORAGE", "Copied", "Copier", "StaleError"]

SCHEMA = "xetrack_copy"
STORAGE = f"db.{SCHEMA}"
"""Where the copies are, out of sight of the views that queries see in `db.main`."""

ROWID = "r"
"""The first column of every copy. The others follow in the order of `Copied.columns`."""

_FIRST = -(1 << 63)

# ALTER TABLE statements for one block, beyond which a copy from scratch is faster: DuckDB copies the list of columns
# for each, and keeps the old lists until the transaction ends. A thousand took seconds, and over a gigabyte.
_MANY_CHANGES = 64


class StaleError(Exception):
    """A copy cannot go on as it is: copy the table from scratch.

    Attributes:
        columns: wider ones to begin with.
        complete: whether no key can be left out.
    """

    def __init__(self, columns: dict[str, Column] | None = None, *, complete: bool = False) -> None:
        super().__init__(f"wider columns: {columns}, complete: {complete}")
        self.columns = columns or {}
        self.complete = complete


@dataclass(slots=True)
class Copied:
    """What the copy of a table holds.

    Attributes:
        storage: its table in DuckDB.
        columns: its columns by key.
        declared: the columns of the table in SQLite, with their types.
        watermark: up to where the changes of the table are in the copy.
        last: the rowid of its last row.
        version: state of the file that it was last compared with.
        is_shell: whether it has columns, but no rows yet.
        left_out: the keys in the rows copied so far that have no column here, by their names in lower case; None if no
            key is ever left out.
    """

    storage: str
    columns: dict[str, Column]
    declared: dict[str, str]
    watermark: Watermark = field(default_factory=Watermark)
    last: int = _FIRST
    version: Version | None = None
    is_shell: bool = False
    left_out: dict[str, str] | None = None

    @classmethod
    def declared_by(cls, table: Table, storage: str) -> "Copied":
        """Return the copy of a table without rows."""
        keys = [key for key in table.chosen if key != EXTRA]
        columns = {key: Column.declared(f"c{number}", table.columns[key]) for number, key in enumerate(keys)}
        left_out: dict[str, str] | None = None if table.wanted is None else {}
        copied = cls(storage, columns, dict(table.columns), left_out=left_out)
        copied.leave_out(table.columns.keys() - table.chosen.keys(), keys)
        return copied

    @property
    def name(self) -> str:
        """The qualified name of the table in DuckDB."""
        return f"{STORAGE}.{self.storage}"

    def lacks(self, words: frozenset[str] | None) -> bool:
        """Whether a key was left out that is among some names in lower case, or any key if they are None."""
        left_out = self.left_out or {}
        return bool(left_out) if words is None else not left_out.keys().isdisjoint(words)

    def leave_out(self, keys: Collection[str], copied: Iterable[str]) -> None:
        """Note which keys of some rows are not copied, besides those that are.

        Raises:
            StaleError: queries use other names for some keys (see `names.distinct`), which depend on all keys.
        """
        if self.left_out is None:
            return
        new = {key.lower(): key for key in keys}
        is_same = all(self.left_out.get(lower, key) == key for lower, key in new.items())
        if not is_same or not names.are_plain(keys) or not names.are_plain({*self.columns, *copied}):
            raise StaleError(complete=True)
        self.left_out |= new

    def new_columns(self) -> Iterator[str]:
        """Yield names for columns to add."""
        first = max((int(column.name[1:]) for column in self.columns.values()), default=-1) + 1
        return (f"c{number}" for number in itertools.count(first))

    def dumped(self) -> str:
        """Return it as JSON, for another process."""
        return json.dumps(asdict(self) | {"version": None})

    @classmethod
    def loaded(cls, text: str) -> "Copied":
        """Return the copy that was dumped."""
        stored = json.loads(text)
        columns = {
            key: Column(**column | {"kinds": tuple(column["kinds"])}) for key, column in stored.pop("columns").items()
        }
        return cls(columns=columns, watermark=Watermark(*stored.pop("watermark")), **stored)


class Copier:
    """Copies tables through one cursor, in the transaction of the caller.

    `loose` counts the rows that were copied since the caller compressed them.
    """

    def __init__(self, cursor: "duckdb.DuckDBPyConnection", source: Source) -> None:
        self._cursor = cursor
        self._source = source
        self.loose = 0

    def refreshed(self, table: Table, old: Copied | None, version: Version, storage: str) -> Copied:
        """Bring a copy up to date, or make it. Return what it holds then.

        Raises:
            StaleError: call again without `old`, in another transaction: DuckDB 1.3 does not drop a table of which the
                transaction deleted rows.
        """
        fits = old is not None and self._still_fits(table, old)
        copied = self._updated(table, old) if old is not None and fits else self._from_scratch(table, storage)
        copied.version = version
        return copied

    def shell(self, table: Table, storage: str) -> Copied:
        """Make an empty copy, so that queries can list its columns."""
        copied = replace(Copied.declared_by(table, storage), is_shell=True)
        self._create(copied)
        return copied

    def _create(self, copied: Copied) -> None:
        """Create the empty table of a copy, in place of an old one."""
        declared = "".join(f", {column.name} {column.kind}" for column in copied.columns.values())
        self.drop(copied)
        self._run(f"CREATE TABLE {copied.name} ({ROWID} BIGINT{declared})")

    def drop(self, copied: Copied) -> None:
        """Drop the table of a copy."""
        self._run(f"DROP TABLE IF EXISTS {copied.name}")

    @staticmethod
    def _still_fits(table: Table, old: Copied) -> bool:
        """Whether the table is the one that was copied, apart from new columns."""
        added = table.columns.keys() - old.declared.keys()
        return (
            table.is_events
            and not old.is_shell
            and {key: kind for key, kind in table.columns.items() if key not in added} == old.declared
            and not added & table.defaults
            and not old.lacks(table.wanted)
        )

    def _from_scratch(self, table: Table, storage: str, wider: dict[str, Column] | None = None) -> Copied:
        """Copy all rows. Begin again with wider columns if some turn out to be needed."""
        try:
            copied = Copied.declared_by(table, storage)
            copied.columns |= wider or {}
            if table.is_events:
                copied.watermark = self._source.watermark(table)
            with closing(self._source.chunks(table, _FIRST)) as blocks:
                self._start(copied, next(blocks, None))
                self._append(copied, blocks)
        except StaleError as error:
            if error.complete:
                table = replace(table, wanted=None)
            return self._from_scratch(table, storage, (wider or {}) | error.columns)
        return copied

    def _updated(self, table: Table, old: Copied) -> Copied:
        copied = replace(old, columns=dict(old.columns))
        copied.left_out = None if table.wanted is None or old.left_out is None else dict(old.left_out)
        chosen = table.chosen
        new, numbers = [key for key in chosen if key != EXTRA and key not in copied.columns], copied.new_columns()
        if len(new) > _MANY_CHANGES:
            raise StaleError
        copied.leave_out(table.columns.keys() - chosen.keys(), new)
        self._alter(copied, {key: Column.declared(next(numbers), table.columns[key]) for key in new})
        now, changed = self._source.watermark(table), self._source.changed(table, copied.watermark)
        if changed is None:
            raise StaleError
        if changed:
            self._reread(table, copied, changed)
        self._append(copied, self._source.chunks(table, copied.last), fresh=False, changed=bool(changed))
        copied.declared, copied.watermark = dict(table.columns), now
        if self._run(f"SELECT count(*) FROM {copied.name}") != [(self._source.count(table),)]:
            raise StaleError
        return copied

    def _reread(self, table: Table, copied: Copied, runs: list[str]) -> None:
        """Read the rows of changed runs again, apart from new ones."""
        # The remaining values of a mixed column may be of one type.
        is_mixed = any(column.is_mixed for column in copied.columns.values())
        if is_mixed or copied.columns["track_id"].kind != "VARCHAR":
            raise StaleError
        theirs = f"{copied.columns['track_id'].name} IN (SELECT unnest(CAST(? AS VARCHAR[])))"
        self._exchange(copied, theirs, runs, self._source.rows_of(table, runs, copied.last))

    def _exchange(self, copied: Copied, theirs: str, runs: list[str], rows: Blocks) -> None:
        """Put the rows of some runs in the place of those that were copied. The order stays that of the rowids."""
        staged = replace(copied, storage="staged")  # shares the columns
        self._run(f"CREATE TABLE {staged.name} AS SELECT * FROM {copied.name} LIMIT 0")
        self._append(staged, rows, fresh=False, changed=True)
        missing = f"{ROWID} NOT IN (SELECT {ROWID} FROM {staged.name})"
        self._run(f"DELETE FROM {copied.name} WHERE {theirs} AND {missing}", [runs])
        values = ", ".join(f"{column.name} = staged.{column.name}" for column in copied.columns.values())
        update = f"UPDATE {copied.name} AS old SET {values} FROM {staged.name} AS staged"
        if self._run(f"{update} WHERE old.{ROWID} = staged.{ROWID}") != self._run(
            f"SELECT count(*) FROM {staged.name}"
        ):
            raise StaleError
        self._run(f"DROP TABLE {staged.name}")

    # Rows

    def _start(self, copied: Copied, block: Block | None) -> None:
        """Create the table from its first rows: one statement, since each costs DuckDB about 60 µs per column."""
        if block is None:
            self._create(copied)
            return
        copied.leave_out(block.left_out, block.values)
        types = {key: types_of(values) for key, values in block.values.items()}
        copied.columns |= self._wanted(copied, block, types)[0]
        self.drop(copied)
        empty = {column.name: f"CAST(NULL AS {column.kind})" for column in copied.columns.values()}
        self._load(copied, block, types, f"CREATE TABLE {copied.name} AS", empty)

    def _append(self, copied: Copied, blocks: Blocks, *, fresh: bool = True, changed: bool = False) -> None:
        with closing(blocks):
            for block in blocks:
                copied.leave_out(block.left_out, block.values)
                types = {key: types_of(values) for key, values in block.values.items()}
                wanted, is_stale = self._wanted(copied, block, types, fresh=fresh)
                # DuckDB 1.3 to 1.5 do not commit ALTER TABLE after DELETE.
                if is_stale or len(wanted) > _MANY_CHANGES or (wanted and changed):
                    raise StaleError(wanted)
                self._alter(copied, wanted)
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

    def _wanted(
        self, copied: Copied, block: Block, types: dict[str, set[type]], *, fresh: bool = True
    ) -> tuple[dict[str, Column], bool]:
        """Return the columns to add or to change before the table can hold a block, and note the values of the rest.

        Also return whether that needs a copy from scratch: numbers can be cast to floats in place, but as text they
        have to be written as they were logged. If rows were deleted, a column may no longer hold what made it mixed.
        """
        wanted: dict[str, Column] = {}
        is_stale = False
        numbers = copied.new_columns()
        for key, values in block.values.items():
            column = copied.columns.get(key) or Column.declared(next(numbers), "")
            wider = widened(column, values, types[key])
            if Json in types[key] and wider.kind == "JSON" and not self._is_json(values):
                wider = replace(wider, kind="VARCHAR", kinds=("JSON", "VARCHAR"))
            if column.kinds and wider.kind != "DOUBLE":
                is_stale |= wider.kind != column.kind or (not fresh and wider.kinds != column.kinds)
            if key not in copied.columns or wider.kind != column.kind:
                wanted[key] = wider
            else:
                copied.columns[key] = wider
        return wanted, is_stale

    def _is_json(self, values: list[Any]) -> bool:
        """Whether DuckDB takes all of these for JSON."""
        texts = [str.__str__(value) for value in values if type(value) is Json]
        unnested = "SELECT unnest(CAST(? AS VARCHAR[])) AS text"
        ((valid,),) = self._run(f"SELECT bool_and(json_valid(text)) FROM ({unnested})", [texts])
        return valid is not False

    def _alter(self, copied: Copied, wanted: dict[str, Column]) -> None:
        """Add columns, or change their types."""
        for key, column in wanted.items():
            change = "ALTER COLUMN {0} TYPE {1}" if key in copied.columns else "ADD COLUMN {0} {1}"
            self._run(f"ALTER TABLE {copied.name} {change.format(column.name, column.kind)}")
        copied.columns |= wanted

    def _run(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        return self._cursor.execute(sql, parameters).fetchall()
