"""`xt doctor`: check a database and suggest fixes."""

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from xetrack import Reader
from xetrack.errors import DatabaseError, InvalidValueError, PluginError
from xetrack.plugin import EXTRA
from xetrack_cli.errors import one_line
from xetrack_cli.output.terminal import is_terminal, show
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.options import Csv, Db, Json, Markdown, style_of

__all__ = ["Finding", "doctor", "examined"]

_GOOD, _NOTE, _BAD = "ok", "note", "problem"
_MANY_COLUMNS = 800  # from 1,000 on, new keys share one column
_WASTE = 0.25  # of the file, from which on it is worth rewriting it
_SMALL = 1_000_000  # bytes, below which no space is worth a word
_SAVE = "keep a copy of the file; save what can be read: xt copy DB new.db, or sqlite3 DB .recover"
_LONG_LOG = 64_000_000  # bytes


class Finding(NamedTuple):
    """What was looked at, how it is (`ok`, `note` or `problem`), what was found, and what to do about it."""

    check: str
    state: str
    found: str
    advice: str = ""


def doctor(
    words: Db = None,
    *,
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> int:
    """Check a database and suggest fixes.

    Changes nothing. The exit code is 1 if there is a problem. To check plugins: xt plugins doctor.
    """
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    (db,) = arguments(words)
    with Reader(db, table=None) as reader:
        found = list(examined(reader))
    rows = [each._asdict() for each in found]
    if style or not is_terminal():
        show(rows, Finding._fields, style)
    else:
        _draw(found)
    return int(any(each.state == _BAD for each in found))


def _draw(found: list[Finding]) -> None:
    from rich.console import Console
    from rich.text import Text

    console, signs = Console(), {_GOOD: "[green]✓[/]", _NOTE: "[yellow]![/]", _BAD: "[bold red]✗[/]"}
    for each in found:
        console.print(Text.from_markup(signs[each.state]), Text(f"{each.check}: {each.found}"))
        if each.advice:
            console.print(Text(f"  → {each.advice}", style="bold"))


def examined(reader: Reader) -> Iterator[Finding]:
    """Everything there is to say of a database. What cannot be looked at is a problem as well."""
    checks: dict[str, Callable[[str], Finding]] = {
        "integrity": partial(_integrity, reader),
        "journal": partial(_journal, reader),
        "size": partial(_size, reader),
    }
    for table in reader.engine.tables():
        for name, look in (("rows", _rows), ("columns", _columns), ("runs", _runs)):
            checks[f"{name} of {table}"] = partial(look, reader, table)
    checks["objects"] = partial(_objects, reader)
    for check, examine in checks.items():
        try:
            yield examine(check)
        except (DatabaseError, sqlite3.Error, InvalidValueError) as error:
            yield Finding(check, _BAD, one_line(error), _SAVE)


def _query(reader: Reader, sql: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = reader.conn.execute(sql).fetchall()
    return rows


def _integrity(reader: Reader, check: str) -> Finding:
    told = [one_line(line) for (line,) in _query(reader, "PRAGMA db.integrity_check(5)")]
    if told == ["ok"]:
        return Finding(check, _GOOD, "every page and index is whole")
    return Finding(check, _BAD, "; ".join(told), _SAVE)


def _journal(reader: Reader, check: str) -> Finding:
    ((mode,),) = _query(reader, "PRAGMA db.journal_mode")
    wal = Path(f"{reader.db}-wal")
    waiting = wal.stat().st_size if wal.exists() else 0
    if mode != "wal":
        return Finding(check, _NOTE, f"mode {mode}", "the next Tracker of this file switches it to WAL")
    if not waiting:
        return Finding(check, _GOOD, "WAL, all of it in the file: a copy of the file is a copy of everything")
    advice = "somebody is writing, or was killed: copy the -wal file too, or open it with a Tracker once"
    if waiting > _LONG_LOG:
        advice = "a process that reads without end holds it up: close it"
    return Finding(check, _NOTE, f"WAL, {_bytes(waiting)} not yet in the file", advice)


def _size(reader: Reader, check: str) -> Finding:
    ((pages,),), ((free,),), ((size,),) = (
        _query(reader, f"PRAGMA db.{name}") for name in ("page_count", "freelist_count", "page_size")
    )
    total, unused = pages * size, free * size
    if unused > max(_WASTE * total, _SMALL):
        return Finding(check, _NOTE, f"{_bytes(total)}, {_bytes(unused)} of it unused", 'xt sql --write DB "VACUUM db"')
    return Finding(check, _GOOD, _bytes(total))


def _rows(reader: Reader, table: str, check: str) -> Finding:
    return Finding(check, _GOOD, f"{reader.engine.count(table)}")


def _columns(reader: Reader, table: str, check: str) -> Finding:
    types = reader.engine.columns(table)
    kinds = {kind: sum(each == kind for each in types.values()) for kind in dict.fromkeys(types.values()) if kind}
    told = f"{len(types)} ({', '.join(f'{count} {kind}' for kind, count in kinds.items())})"
    mixed = _mixed(reader, table, types)
    if len(types) > _MANY_COLUMNS:
        return Finding(check, _NOTE, told, "few keys that vary in value are better than many: log a list, or a step")
    if mixed:
        advice = f"nothing is lost, but SQL sees one type only: log {mixed[0]!r} as one type, or give it another name"
        return Finding(check, _NOTE, f"{told}; of several types: {', '.join(mixed[:5])}", advice)
    return Finding(check, _GOOD, told)


def _mixed(reader: Reader, table: str, types: dict[str, str]) -> list[str]:
    """Columns some of whose values are of another type than the column's, and NaN aside: those are in the extra."""
    physical = {name for (name,) in _query(reader, "SELECT name FROM db.sqlite_master WHERE type IN ('table', 'view')")}
    name = (table if table in physical else "default").replace('"', '""')
    declared = [column for _, column, *_ in _query(reader, f'PRAGMA db.table_info("{name}")')]
    if EXTRA not in declared:
        return []
    sql = (
        f'SELECT DISTINCT key FROM db."{name}", json_each({EXTRA})'
        f" WHERE {EXTRA} IS NOT NULL AND NOT (type = 'object' AND json_extract(value, '$.float') IS NOT NULL)"
    )
    return [key for (key,) in _query(reader, sql) if types.get(key) and key in declared]


def _runs(reader: Reader, table: str, check: str) -> Finding:
    with Reader(reader.db, table=table) as other:
        runs = other.list_runs()
    crashed = [run["track_id"] for run in runs if run["status"] == "crashed"]
    running = sum(run["status"] == "running" for run in runs)
    told = f"{len(runs)}" + (f", {running} running" if running else "")
    if crashed:
        advice = "their rows are whole; to end one: Tracker(DB, track_id=...), close()"
        return Finding(check, _NOTE, f"{told}, {len(crashed)} crashed: {', '.join(crashed[:3])}", advice)
    return Finding(check, _GOOD, told)


def _objects(reader: Reader, check: str) -> Finding:
    if not reader.engine.has_assets():
        return Finding(check, _GOOD, "none")
    try:
        store = reader.assets
    except PluginError as error:
        return Finding(check, _NOTE, "there are some, that cannot be looked at", str(error))
    unused = store.unused()
    told = f"{len(store)}, {_bytes(store.size)}"
    if unused:
        freed = sum(info.size for key in unused if (info := store.info(key)) is not None)
        return Finding(
            "objects", _NOTE, f"{told}; {len(unused)} ({_bytes(freed)}) that no row names", "xt assets gc DB"
        )
    return Finding(check, _GOOD, told)


def _bytes(count: int) -> str:
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:  # noqa: PLR2004 - decimal units
            break
        size, unit = size / 1000, larger
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
