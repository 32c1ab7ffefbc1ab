"""`xt doctor`: check a database and suggest fixes."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from xetrack import Reader
from xetrack.errors import DatabaseError, InvalidValueError, PluginError
from xetrack.plugin import EXTRA, SqlTables
from xetrack.registry import discovered
from xetrack_cli.errors import one_line
from xetrack_cli.output.format import display, plural
from xetrack_cli.output.terminal import is_terminal, painted, show, tell
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.options import Db, Engine, Format

__all__ = ["Finding", "doctor", "examine"]

_OK, _NOTE, _PROBLEM = "ok", "note", "problem"
_SIGNS = {_OK: ("✓", "green"), _NOTE: ("!", "yellow"), _PROBLEM: ("✗", "red")}
_MANY_COLUMNS = 800  # beyond 1,000, new keys share one column
_WASTE = 0.25  # of the file
_SMALL = 1_000_000  # bytes
_LONG_LOG = 64_000_000  # bytes
_COPY = "copy what is readable: xt copy DB new.db"
_RESCUE = "back up the file, then salvage what is readable: xt copy DB new.db, or sqlite3 DB .recover"


class Finding(NamedTuple):
    """The result of a check: `state` is `ok`, `note` or `problem`."""

    check: str
    state: str
    found: str
    advice: str = ""


def doctor(words: Db = None, *, engine: Engine = None, style: Format = "") -> int:
    """Check a database and suggest fixes.

    Changes nothing. The exit code is 1 if there is a problem. The integrity, journal and size checks apply only to
    SQLite files. To check plugins, run xt plugins doctor.
    """
    (db,) = arguments(words)
    with Reader(db, engine, None) as reader:
        found = list(examine(reader, lambda table: Reader(db, engine, table)))
    if style or not is_terminal():
        show([each._asdict() for each in found], Finding._fields, style)
    else:
        _draw(found)
    return int(any(each.state == _PROBLEM for each in found))


def _draw(found: list[Finding]) -> None:
    for each in found:
        tell(f"{painted(*_SIGNS[each.state])} {display(f'{each.check}: {each.found}')}")
        if each.advice:
            tell(painted(display(f"  → {each.advice}")))


def examine(reader: Reader, reopen: Callable[[str], Reader]) -> Iterator[Finding]:
    """Run every check. One that cannot read the database is a problem too.

    Args:
        reader: a reader of the database.
        reopen: opens a reader of one of its tables.
    """
    checks: dict[str, Callable[[str], Finding]] = {}
    sql = _sqlite(reader)
    if sql is not None:
        checks = {"integrity": partial(_integrity, sql), "journal": partial(_journal, sql, reader.db)}
        checks["size"] = partial(_size, sql)
    for table in reader.engine.tables():
        checks[f"rows of {table}"] = partial(_rows, reader, table)
        checks[f"columns of {table}"] = partial(_columns, reader, sql, table)
        checks[f"runs of {table}"] = partial(_runs, reopen, table)
    checks["objects"] = partial(_objects, reader)
    for name, run in checks.items():
        try:
            yield run(name)
        except Exception as error:
            if not (isinstance(error, (DatabaseError, InvalidValueError)) or discovered().raised_by_driver(error)):
                raise
            yield Finding(name, _PROBLEM, one_line(error), _COPY if sql is None else _RESCUE)


def _sqlite(reader: Reader) -> SqlTables | None:
    """Return what queries the SQLite file of an engine, or None if it has none."""
    sql: SqlTables | None = getattr(reader.engine, "sql", None)
    return sql if sql is not None and sql.dialect == "sqlite" else None


def _pragma(sql: SqlTables, name: str) -> Any:
    ((value,),) = sql.query(f"PRAGMA db.{name}")
    return value


def _integrity(sql: SqlTables, check: str) -> Finding:
    lines = [one_line(line) for (line,) in sql.query("PRAGMA db.integrity_check(5)")]
    if lines == ["ok"]:
        return Finding(check, _OK, "all pages and indexes are intact")
    return Finding(check, _PROBLEM, "; ".join(lines), _RESCUE)


def _journal(sql: SqlTables, db: str, check: str) -> Finding:
    mode = _pragma(sql, "journal_mode")
    if mode != "wal":
        return Finding(check, _NOTE, f"{mode} mode", "the next Tracker that opens this file switches it to WAL")
    wal = Path(f"{db}-wal")
    pending = wal.stat().st_size if wal.exists() else 0
    if not pending:
        return Finding(check, _OK, "WAL, fully merged into the file")
    advice = "a process is writing, or was killed: back up with xt backup, not by copying the file"
    if pending > _LONG_LOG:
        advice = "a long-running reader keeps the log from being merged: close it"
    return Finding(check, _NOTE, f"WAL, {_bytes(pending)} not yet merged into the file", advice)


def _size(sql: SqlTables, check: str) -> Finding:
    page = _pragma(sql, "page_size")
    total, unused = _pragma(sql, "page_count") * page, _pragma(sql, "freelist_count") * page
    if unused > max(_WASTE * total, _SMALL):
        found = f"{_bytes(total)}, of which {_bytes(unused)} unused"
        return Finding(check, _NOTE, found, 'xt sql --write DB "VACUUM db"')
    return Finding(check, _OK, _bytes(total))


def _rows(reader: Reader, table: str, check: str) -> Finding:
    return Finding(check, _OK, f"{reader.engine.count(table)}")


def _columns(reader: Reader, sql: SqlTables | None, table: str, check: str) -> Finding:
    types = reader.engine.columns(table)
    kinds = [kind for kind in types.values() if kind]
    found = f"{len(types)} ({', '.join(f'{kinds.count(kind)} {kind}' for kind in dict.fromkeys(kinds))})"
    mixed = [] if sql is None else _mixed(sql, table, types)
    if len(types) > _MANY_COLUMNS:
        return Finding(check, _NOTE, found, "use fewer keys: log a list, or one row per step")
    if mixed:
        advice = f"no value is lost, but SQL sees only the main type: log {mixed[0]!r} as one type, or use two keys"
        return Finding(check, _NOTE, f"{found}; mixed types: {', '.join(mixed[:5])}", advice)
    return Finding(check, _OK, found)


def _mixed(sql: SqlTables, table: str, types: dict[str, str]) -> list[str]:
    """Return the columns with values of another type, which the overflow column holds. NaN does not count."""
    physical = {name for (name,) in sql.query("SELECT name FROM db.sqlite_master WHERE type IN ('table', 'view')")}
    name = (table if table in physical else "default").replace('"', '""')
    declared = [column for _, column, *_ in sql.query(f'PRAGMA db.table_info("{name}")')]
    if EXTRA not in declared:
        return []
    query = (
        f'SELECT DISTINCT key FROM db."{name}", json_each({EXTRA})'
        f" WHERE {EXTRA} IS NOT NULL AND NOT (type = 'object' AND json_extract(value, '$.float') IS NOT NULL)"
    )
    return [key for (key,) in sql.query(query) if types.get(key) and key in declared]


def _runs(reopen: Callable[[str], Reader], table: str, check: str) -> Finding:
    with reopen(table) as reader:
        runs = reader.list_runs()
    crashed = [run["track_id"] for run in runs if run["status"] == "crashed"]
    running = sum(run["status"] == "running" for run in runs)
    found = f"{len(runs)}" + (f", {running} running" if running else "")
    if crashed:
        advice = "their rows are intact: resume a run with Tracker(DB, track_id=...), or delete it with xt delete"
        return Finding(check, _NOTE, f"{found}, {len(crashed)} crashed: {', '.join(crashed[:3])}", advice)
    return Finding(check, _OK, found)


def _objects(reader: Reader, check: str) -> Finding:
    if not reader.engine.has_assets():
        return Finding(check, _OK, "none")
    try:
        store = reader.assets
    except PluginError as error:
        return Finding(check, _NOTE, "present, but this environment cannot read them", str(error))
    unused = store.unused()
    found = f"{len(store)}, {_bytes(store.size)}"
    if not unused:
        return Finding(check, _OK, found)
    freed = sum(info.size for key in unused if (info := store.info(key)) is not None)
    found += f"; no row uses {plural(len(unused), 'object')} ({_bytes(freed)})"
    return Finding(check, _NOTE, found, "xt assets gc DB")


def _bytes(count: int) -> str:
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:  # noqa: PLR2004 - decimal units
            break
        size, unit = size / 1000, larger
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
