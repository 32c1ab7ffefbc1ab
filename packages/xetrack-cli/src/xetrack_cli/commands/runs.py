"""`xt runs`: one row per run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from xetrack_cli.errors import UnknownNameError, UsageError
from xetrack_cli.output.format import duration, is_number
from xetrack_cli.output.terminal import show
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.conditions import filtered
from xetrack_cli.parsing.database import names_in, open_reader
from xetrack_cli.parsing.options import Columns, Csv, Db, Engine, Json, Markdown, Table, style_of

__all__ = ["runs", "seconds_of", "summary"]

_FIRST = ("track_id", "status", "started", "duration", "rows")
_ABOUT = (
    "table",
    "ended",
    "host",
    "pid",
    "python",
    "params",
    "first",
    "last",
)  # in --json, and where they are asked for


def runs(
    words: Db = None,
    *,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            "-s",
            metavar="COLUMN",
            help="Sort ascending by this column.",
            autocompletion=completion.columns,
        ),
    ] = None,
    descending: Annotated[bool, typer.Option("--desc", "-d", help="Sort descending.")] = False,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            "-w",
            metavar="CONDITION",
            help="Such as 'accuracy>0.8', model=resnet18, \"name='run 7'\" or loss!=none; repeat it for more.",
        ),
    ] = None,
    n: Annotated[int | None, typer.Option("--n", "-n", metavar="N", min=0, help="Maximum number of runs.")] = None,
    columns: Columns = None,
    table: Table = None,
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """List the runs, most recently active first."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    (db,) = arguments(words)
    with open_reader(db, table, engine) as reader:
        found = [summary(run) for run in reader.list_runs()]
    known = list(dict.fromkeys([*_FIRST, *(key for run in found for key in run if key not in _ABOUT)]))
    found = filtered(found, where or (), [*known, *_ABOUT])
    if sort is not None:
        found = _sorted(found, _known(sort, [*known, *_ABOUT]), descending=descending)
    elif descending:
        raise UsageError("--desc needs --sort COLUMN.")
    chosen = known if columns is None else [_known(name, [*known, *_ABOUT]) for name in names_in(columns)]
    show([_for_people(run) if style in {"", "markdown"} else run for run in found[:n]], chosen, style)


def summary(run: dict[str, Any]) -> dict[str, Any]:
    """Add the duration in seconds to a run, and put its main columns first."""
    told = {"track_id": run["track_id"], "status": run["status"], "started": run["started"] or run["first"]}
    told["duration"] = seconds_of(run)
    return told | run | {"started": told["started"]}


def seconds_of(run: dict[str, Any]) -> float | None:
    """Return the seconds from the start of a run to its end or last row; None if the clock was set back meanwhile."""
    begin, end = run["started"] or run["first"], run["ended"] or run["last"]
    try:
        seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
    except (TypeError, ValueError):  # times of other formats, in files of 0.x
        return None
    return seconds if seconds >= 0 else None


def _for_people(run: dict[str, Any]) -> dict[str, Any]:
    told = dict(run)
    told["duration"] = duration(run["duration"])
    told["started"] = str(run["started"] or "").partition(".")[0]
    return told


def _known(name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise UnknownNameError("column", name, known)
    return name


def _sorted(found: list[dict[str, Any]], key: str, *, descending: bool) -> list[dict[str, Any]]:
    """Sort by a column: numbers before text; runs without a value come last in either direction."""
    have = [run for run in found if _is_there(run.get(key))]
    have.sort(key=lambda run: _rank(run[key]), reverse=descending)
    return have + [run for run in found if not _is_there(run.get(key))]


def _is_there(value: object) -> bool:
    return value is not None and value == value


def _rank(value: Any) -> tuple[bool, Any]:
    return (False, value) if is_number(value) or isinstance(value, bool) else (True, str(value))
