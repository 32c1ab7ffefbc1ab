"""`xt runs`: one row per run."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from xetrack import Reader
from xetrack.plugin import parse_filter, run_seconds, run_utc
from xetrack_cli.errors import UnknownNameError, UsageError
from xetrack_cli.output.format import duration, is_number
from xetrack_cli.output.terminal import show
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import open_reader, split_names
from xetrack_cli.parsing.options import Columns, Db, Engine, Format, Table, Utc, option

__all__ = ["runs", "summaries"]

_MAIN = ("track_id", "status", "started", "duration", "rows")
# shown only where --columns or --json asks for them
_ABOUT = ("table", "ended", "host", "pid", "python", "params", "first", "last", "utc_offsets")
_TIMES = ("started", "ended", "first", "last")
_WHERE = "Only runs that match, such as 'model ~ resnet and max(acc) > 0.8'. Repeat to add conditions."


def runs(
    words: Db = None,
    *,
    sort: Annotated[
        str | None, option("--sort -s", "COLUMN", "Sort ascending by this column.", autocompletion=completion.columns)
    ] = None,
    descending: Annotated[bool, typer.Option("--desc", "-d", help="Sort descending.")] = False,
    where: Annotated[
        list[str] | None, option("--where -w", "FILTER", _WHERE, autocompletion=completion.columns)
    ] = None,
    n: Annotated[int | None, option("--n -n", "N", "Maximum number of runs.", min=0)] = None,
    columns: Columns = None,
    table: Table = None,
    engine: Engine = None,
    utc: Utc = False,
    style: Format = "",
) -> None:
    """List the runs, most recently active first."""
    (db,) = arguments(words)
    chosen = parse_filter(where or [])
    with open_reader(db, table, engine, utc=utc) as reader:
        # to filter, sort or know all columns takes all runs
        every = summaries(reader, None if where or sort is not None or columns is not None else n)
        found = chosen.select(every, reader.engine, reader.table)
    shown = list(dict.fromkeys([*_MAIN, *(key for run in every for key in run if key not in _ABOUT)]))
    known = [*shown, *_ABOUT]
    if sort is not None:
        found = _sorted(found, _check(sort, known), descending=descending)
    elif descending:
        raise UsageError("--desc needs --sort COLUMN.")
    if columns is not None:
        shown = [_check(name, known) for name in split_names(columns)]
    show(found[:n] if style in {"json", "csv"} else [_for_people(run) for run in found[:n]], shown, style)


def summaries(reader: Reader, limit: int | None = None) -> list[dict[str, Any]]:
    """Return the runs with their duration in seconds, the main columns first."""
    return [_summary(run) for run in reader.list_runs(limit=limit)]


def _summary(run: dict[str, Any]) -> dict[str, Any]:
    started = run["started"] or run["first"]
    main = {"track_id": run["track_id"], "status": run["status"], "started": started, "duration": run_seconds(run)}
    return main | run | {"started": started}


def _for_people(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "duration": duration(run["duration"]), "started": str(run["started"] or "").partition(".")[0]}


def _check(name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise UnknownNameError("column", name, known)
    return name


def _sorted(found: list[dict[str, Any]], key: str, *, descending: bool) -> list[dict[str, Any]]:
    """Sort by a column: numbers before text, times by UTC. Runs without a value come last in either direction."""
    have = [run for run in found if _has(run.get(key))]
    have.sort(key=lambda run: _rank((key in _TIMES and run_utc(run, key)) or run[key]), reverse=descending)
    return have + [run for run in found if not _has(run.get(key))]


def _has(value: object) -> bool:
    return value is not None and value == value


def _rank(value: Any) -> tuple[bool, Any]:
    return (False, value) if is_number(value) or isinstance(value, bool) else (True, str(value))
