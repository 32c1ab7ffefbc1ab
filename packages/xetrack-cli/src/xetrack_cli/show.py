"""`xt show` and `xt compare`: one run, and runs side by side."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from xetrack import Reader, XetrackError
from xetrack_cli import completion
from xetrack_cli.cells import is_number, json_line
from xetrack_cli.errors import UsageError
from xetrack_cli.opened import find_run, open_reader
from xetrack_cli.options import Csv, Engine, Json, Markdown, Table, style_of
from xetrack_cli.runs import duration, summary
from xetrack_cli.terminal import is_terminal, note, tell
from xetrack_cli.terminal import show as show_rows
from xetrack_cli.words import arguments

__all__ = ["compare", "show"]

_ABOUT = ("track_id", "table", "status", "started", "ended", "duration", "rows", "host", "pid", "python")
_OWN = {*_ABOUT, "params", "first", "last", "timestamp"}
_MARK = "≠"


def show(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DB] [TRACK_ID]",
            help="Database file, and a run or the start of its name.",
            autocompletion=completion.runs,
        ),
    ] = None,
    *,
    table: Table = None,
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Show one run in full; the latest by default."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    db, *given = arguments(words, "[TRACK_ID]")
    with open_reader(db, table, engine) as reader:
        track_id = find_run(reader, given[0]) if given else reader.engine.latest_run(reader.table)
        if track_id is None:
            raise XetrackError(f"table {reader.table!r} has no rows yet.")
        run = next(summary(each) for each in reader.list_runs() if each["track_id"] == track_id)
        metrics = _metrics(reader, track_id, run["params"])
    about = {key: run[key] for key in _ABOUT if run[key] is not None}
    if style == "json":
        tell(json_line({**about, "params": run["params"], "metrics": {each.pop("metric"): each for each in metrics}}))
        return
    if style == "csv":
        show_rows(metrics, ["metric", "last", "first", "min", "max", "values"], style)
        return
    about["duration"] = duration(run["duration"])
    _section("run", [{"what": key, "value": value} for key, value in about.items()], style)
    _section("params", [{"param": key, "value": value} for key, value in run["params"].items()], style)
    _section("metrics", metrics, style)


def _section(title: str, rows: Sequence[Mapping[str, Any]], style: str) -> None:
    if not rows:
        return
    if is_terminal() and not style:
        from rich.console import Console

        Console().print(f"\n[bold]{title}[/]")
    elif title != "run":
        tell("")
    show_rows(rows, (), style)


def _metrics(reader: Reader, track_id: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Summarize each key that is not a param: first, last, min, max and the number of values."""
    rows = reader.to_dicts(track_id)
    told = []
    for key in rows[0] if rows else ():
        values = [row[key] for row in rows if row[key] is not None]
        if not values or key in {"timestamp", "track_id"} or (key in params and all(v == params[key] for v in values)):
            continue
        numbers = [value for value in values if is_number(value) and value == value]
        least, most = (min(numbers), max(numbers)) if numbers else (None, None)
        told.append(
            {"metric": key, "last": values[-1], "first": values[0], "min": least, "max": most, "values": len(values)}
        )
    return told


def compare(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DB] TRACK_ID...", help="Database file, and two runs or more.", autocompletion=completion.runs
        ),
    ] = None,
    *,
    differences: Annotated[bool, typer.Option("--diff", help="Only rows that differ.")] = False,
    table: Table = None,
    engine: Engine = "sqlite",
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Compare runs side by side, highlighting differences."""
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    db, *given = arguments(words, "TRACK_ID", "TRACK_ID...")
    with open_reader(db, table, engine) as reader:
        chosen = list(dict.fromkeys(find_run(reader, track_id) for track_id in given))
        if len(chosen) < 2:  # noqa: PLR2004 - what one compares are two
            raise UsageError(f"compare needs two different runs or more, and {chosen[0]!r} is only one.")
        listed = {run["track_id"]: summary(run) for run in reader.list_runs()}
    rows = _side_by_side([listed[track_id] for track_id in chosen])
    if differences:
        rows = [row for row in rows if row["differs"]]
        if not rows:
            note("the runs do not differ.")
    _show_compared(rows, chosen, style)


def _side_by_side(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    params = dict.fromkeys(key for run in found for key in run["params"])
    metrics = dict.fromkeys(key for run in found for key in run if key not in _OWN and key not in params)
    rows = [_row("run", key, found, [run[key] for run in found]) for key in ("status", "duration", "rows")]
    # a param that was changed in the course of the run: its last value, as the rows have it
    rows += [_row("param", key, found, [run.get(key, run["params"].get(key)) for run in found]) for key in params]
    return rows + [_row("metric", key, found, [run.get(key) for run in found]) for key in metrics]


def _row(what: str, key: str, found: Sequence[dict[str, Any]], values: Sequence[Any]) -> dict[str, Any]:
    differs = key != "duration" and len(set(map(repr, values))) > 1  # durations always differ
    told = {"what": what, "key": key, "differs": differs}
    return told | {run["track_id"]: value for run, value in zip(found, values, strict=True)}


def _show_compared(rows: Sequence[dict[str, Any]], chosen: Sequence[str], style: str) -> None:
    if style in {"json", "csv"}:
        show_rows(rows, ["what", "key", "differs", *chosen], style)
        return
    for row in rows:
        row[""] = _MARK if row["differs"] else ""
        if row["key"] == "duration":
            row |= {track_id: duration(row[track_id]) for track_id in chosen}
    keys = ["what", "key", "", *chosen]
    if style or not is_terminal():
        show_rows(rows, keys, style)
        return
    from xetrack_cli.tables import draw

    draw(rows, keys, {number: "bold yellow" for number, row in enumerate(rows) if row["differs"]}, kept=3)
