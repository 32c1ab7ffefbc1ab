"""`xt show`: one run in full."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from xetrack import Reader, XetrackError
from xetrack_cli.commands.runs import summaries
from xetrack_cli.output.format import duration, is_number, json_line
from xetrack_cli.output.terminal import is_terminal, painted, tell
from xetrack_cli.output.terminal import show as show_rows
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import find_run, open_reader
from xetrack_cli.parsing.options import Engine, Format, Table, Utc, Words, positional

__all__ = ["ABOUT", "show"]

ABOUT = ("track_id", "table", "status", "started", "ended", "duration", "rows", "host", "pid", "python")
"""What `xt show` shows of a run itself."""

_HELP = "Database, and a track_id or its first characters."


def show(
    words: Annotated[Words, positional("[DB] [TRACK_ID]", _HELP, completion.runs)] = None,
    *,
    table: Table = None,
    engine: Engine = None,
    utc: Utc = False,
    style: Format = "",
) -> None:
    """Show one run in full, by default the latest."""
    db, *given = arguments(words, "[TRACK_ID]")
    with open_reader(db, table, engine, utc=utc) as reader:
        track_id = find_run(reader, given[0]) if given else reader.engine.latest_run(reader.table)
        if track_id is None:
            raise XetrackError(f"Table {reader.table!r} has no rows yet.")
        run = next(each for each in summaries(reader) if each["track_id"] == track_id)
        metrics = _metrics(reader, track_id, run["params"])
    about = {key: run[key] for key in ABOUT if run[key] is not None}
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
    if style == "table" or (is_terminal() and not style):
        tell(f"\n{painted(title)}")
    elif title != "run":
        tell("")
    show_rows(rows, (), style)


def _metrics(reader: Reader, track_id: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Summarize each key that is not a param: last, first, min, max and the number of values."""
    rows = reader.to_dicts(track_id)
    metrics = []
    for key in rows[0] if rows else ():
        values = [row[key] for row in rows if row[key] is not None]
        if not values or key in {"timestamp", "track_id"} or (key in params and all(v == params[key] for v in values)):
            continue
        numbers = [value for value in values if is_number(value) and value == value]
        least, most = (min(numbers), max(numbers)) if numbers else (None, None)
        metrics.append(
            {"metric": key, "last": values[-1], "first": values[0], "min": least, "max": most, "values": len(values)}
        )
    return metrics
