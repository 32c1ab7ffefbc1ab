"""`xt runs`: a line a run."""

import operator
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from xetrack_cli import completion
from xetrack_cli.cells import is_number
from xetrack_cli.errors import UnknownNameError, UsageError
from xetrack_cli.opened import open_reader
from xetrack_cli.options import Columns, Csv, Db, Engine, Json, Markdown, Table, style_of
from xetrack_cli.terminal import show
from xetrack_cli.words import arguments

__all__ = ["duration", "runs", "seconds_of", "summary"]

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
_FILTER = re.compile(r"\s*(.+?)\s*(==|!=|<=|>=|=|<|>)\s*(.*?)\s*", re.DOTALL)
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def runs(
    words: Db = None,
    *,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            "-s",
            metavar="COLUMN",
            help="Order by this column, least first.",
            autocompletion=completion.columns,
        ),
    ] = None,
    descending: Annotated[bool, typer.Option("--desc", "-d", help="The other way around.")] = False,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", "-w", metavar="CONDITION", help="Such as 'accuracy>0.8' or model=resnet18; all must hold."
        ),
    ] = None,
    n: Annotated[int | None, typer.Option("--n", "-n", metavar="N", min=0, help="At most so many.")] = None,
    columns: Columns = None,
    table: Table = "events",
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """List the runs, the one that logged last first."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    (db,) = arguments(words)
    with open_reader(db, table, engine) as reader:
        found = [summary(run) for run in reader.list_runs()]
    known = list(dict.fromkeys([*_FIRST, *(key for run in found for key in run if key not in _ABOUT)]))
    for condition in where or ():
        found = _filtered(found, condition, [*known, *_ABOUT])
    if sort is not None:
        found = _sorted(found, _known(sort, [*known, *_ABOUT]), descending=descending)
    elif descending:
        raise UsageError("--desc needs --sort COLUMN.")
    chosen = known if columns is None else [_known(name.strip(), [*known, *_ABOUT]) for name in columns.split(",")]
    show([_for_people(run) if style in {"", "markdown"} else run for run in found[:n]], chosen, style)


def summary(run: dict[str, Any]) -> dict[str, Any]:
    """A run with its duration in seconds, the most telling first."""
    told = {"track_id": run["track_id"], "status": run["status"], "started": run["started"] or run["first"]}
    told["duration"] = seconds_of(run)
    return told | run | {"started": told["started"]}


def seconds_of(run: dict[str, Any]) -> float | None:
    """From the start of a run to its end, or to its last row; None if the clock was set back meanwhile."""
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


def duration(seconds: float | None) -> str:
    """Seconds as people say them: `310ms`, `4.25s`, `42s`, `3m 07s`, `2h 05m`, `3d 04h`."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < 10:  # noqa: PLR2004 - from here on nobody asks for parts of a second
        return f"{seconds:.2f}s"
    whole = round(seconds)
    for name, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size}{name} {whole % size // part:02d}{smaller}"
    return f"{whole}s"


def _known(name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise UnknownNameError("column", name, known)
    return name


def _sorted(found: list[dict[str, Any]], key: str, *, descending: bool) -> list[dict[str, Any]]:
    """In order of a column: numbers before text, and runs without a value last, whichever way."""
    have = [run for run in found if _is_there(run.get(key))]
    have.sort(key=lambda run: _rank(run[key]), reverse=descending)
    return have + [run for run in found if not _is_there(run.get(key))]


def _is_there(value: object) -> bool:
    return value is not None and value == value  # noqa: PLR0124 - NaN


def _rank(value: Any) -> tuple[bool, Any]:
    return (False, value) if is_number(value) or isinstance(value, bool) else (True, str(value))


def _filtered(found: list[dict[str, Any]], condition: str, known: Sequence[str]) -> list[dict[str, Any]]:
    matched = _FILTER.fullmatch(condition)
    if matched is None:
        raise UsageError(f"--where {condition!r} is no condition. Such as: accuracy>0.8, model=resnet18.")
    key, sign, text = matched.groups()
    _known(key, known)
    return [run for run in found if _holds(run.get(key), _TESTS[sign], text)]


def _holds(value: Any, test: Callable[[Any, Any], bool], text: str) -> bool:
    """Whether a value passes; one that is not there passes none."""
    if value is None:
        return False
    if is_number(value):
        try:
            return test(value, float(text))
        except ValueError:
            return test is operator.ne
    return test(
        str(value).lower() if isinstance(value, bool) else str(value), text.lower() if isinstance(value, bool) else text
    )
