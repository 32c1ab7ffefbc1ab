"""`xt doctor`: is the database well, and what to do if it is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from xetrack import Reader
from xetrack.errors import PluginError
from xetrack.values import EXTRA
from xetrack_cli.options import Csv, Db, Json, Markdown, style_of
from xetrack_cli.terminal import is_terminal, show
from xetrack_cli.words import arguments

__all__ = ["Finding", "doctor", "examined"]

_GOOD, _NOTE, _BAD = "ok", "note", "problem"
_MANY_COLUMNS = 800  # from 1,000 on, new keys share one column
_WASTE = 0.25  # of the file, from which on it is worth rewriting it
_SMALL = 1_000_000  # bytes, below which no space is worth a word
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
    """Look a database over, and say what to do.

    Changes nothing. The exit code is 1 if there is a problem.
    """
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    (db,) = arguments(words)
    with Reader(db) as reader:
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
    """Everything there is to say of a database."""
    yield _integrity(reader)
    yield from _files(reader)
    for table in reader.engine.tables():
        yield _rows(reader, table)
        yield _columns(reader, table)
        yield _runs(reader, table)
    yield _objects(reader)


def _query(reader: Reader, sql: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = reader.conn.execute(sql).fetchall()
    return rows


def _integrity(reader: Reader) -> Finding:
    told = [str(line) for (line,) in _query(reader, "PRAGMA db.integrity_check(5)")]
    if told == ["ok"]:
        return Finding("integrity", _GOOD, "every page and index is whole")
    advice = "keep a copy of the file; save what can be read: xt copy DB new.db, or sqlite3 DB .recover"
    return Finding("integrity", _BAD, "; ".join(told), advice)


def _files(reader: Reader) -> Iterator[Finding]:
    ((mode,),) = _query(reader, "PRAGMA db.journal_mode")
    wal = Path(f"{reader.db}-wal")
    waiting = wal.stat().st_size if wal.exists() else 0
    if mode != "wal":
        yield Finding("journal", _NOTE, f"mode {mode}", "the next Tracker of this file switches it to WAL")
    elif waiting:
        long = waiting > _LONG_LOG
        advice = "a process that reads without end holds it up; close it" if long else ""
        advice = advice or "somebody is writing, or was killed: copy the -wal file too, or open it with a Tracker once"
        yield Finding("journal", _NOTE, f"WAL, {_bytes(waiting)} not yet in the file", advice)
    else:
        yield Finding("journal", _GOOD, "WAL, all of it in the file: a copy of the file is a copy of everything")
    ((pages,),), ((free,),), ((size,),) = (
        _query(reader, f"PRAGMA db.{name}") for name in ("page_count", "freelist_count", "page_size")
    )
    total, unused = pages * size, free * size
    if unused > max(_WASTE * total, _SMALL):
        yield Finding("size", _NOTE, f"{_bytes(total)}, {_bytes(unused)} of it unused", 'xt sql --write DB "VACUUM db"')
    else:
        yield Finding("size", _GOOD, _bytes(total))


def _rows(reader: Reader, table: str) -> Finding:
    return Finding(f"rows of {table}", _GOOD, f"{reader.engine.count(table)}")


def _columns(reader: Reader, table: str) -> Finding:
    check, types = f"columns of {table}", reader.engine.columns(table)
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


def _runs(reader: Reader, table: str) -> Finding:
    check = f"runs of {table}"
    with Reader(reader.db, table=table) as other:
        runs = other.list_runs()
    crashed = [run["track_id"] for run in runs if run["status"] == "crashed"]
    running = sum(run["status"] == "running" for run in runs)
    told = f"{len(runs)}" + (f", {running} running" if running else "")
    if crashed:
        advice = "their rows are whole; to end one: Tracker(DB, track_id=...), close()"
        return Finding(check, _NOTE, f"{told}, {len(crashed)} crashed: {', '.join(crashed[:3])}", advice)
    return Finding(check, _GOOD, told)


def _objects(reader: Reader) -> Finding:
    if not reader.engine.has_assets():
        return Finding("objects", _GOOD, "none")
    try:
        store = reader.assets
    except PluginError as error:
        return Finding("objects", _NOTE, "there are some, that cannot be looked at", str(error))
    unused = store.unused()
    told = f"{len(store)}, {_bytes(store.size)}"
    if unused:
        freed = sum(info.size for key in unused if (info := store.info(key)) is not None)
        return Finding(
            "objects", _NOTE, f"{told}; {len(unused)} ({_bytes(freed)}) that no row names", "xt assets gc DB"
        )
    return Finding("objects", _GOOD, told)


def _bytes(count: int) -> str:
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:  # noqa: PLR2004 - decimal units
            break
        size, unit = size / 1000, larger
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
