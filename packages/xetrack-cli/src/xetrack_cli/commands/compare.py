"""`xt compare`: runs side by side."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from xetrack_cli.commands.runs import summaries
from xetrack_cli.commands.show import ABOUT
from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import duration
from xetrack_cli.output.terminal import is_terminal, note, show
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import find_run, open_reader
from xetrack_cli.parsing.options import Engine, Format, Table, Words, positional

__all__ = ["compare"]

_NO_METRIC = {*ABOUT, "params", "first", "last", "utc_offsets", "timestamp"}


def compare(
    words: Annotated[Words, positional("[DB] TRACK_ID...", "Database, and two or more runs.", completion.runs)] = None,
    *,
    differences: Annotated[bool, typer.Option("--diff", help="Show only differences.")] = False,
    table: Table = None,
    engine: Engine = None,
    style: Format = "",
) -> None:
    """Compare runs side by side, highlighting differences."""
    db, *given = arguments(words, "TRACK_ID", "TRACK_ID...")
    with open_reader(db, table, engine) as reader:
        chosen = list(dict.fromkeys(find_run(reader, track_id) for track_id in given))
        if len(chosen) == 1:
            raise UsageError(f"xt compare needs at least two different runs, but got only {chosen[0]!r}.")
        runs = {run["track_id"]: run for run in summaries(reader)}
    rows = _side_by_side([runs[track_id] for track_id in chosen])
    if differences:
        rows = [row for row in rows if row["differs"]]
        if not rows:
            note("the runs do not differ.")
    _show(rows, chosen, style)


def _side_by_side(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    params = dict.fromkeys(key for run in runs for key in run["params"])
    metrics = dict.fromkeys(key for run in runs for key in run if key not in _NO_METRIC and key not in params)
    rows = [_row("run", key, runs, [run[key] for run in runs]) for key in ("status", "duration", "rows")]
    # the rows have the last value of a param that changed during the run
    rows += [_row("param", key, runs, [run.get(key, run["params"].get(key)) for run in runs]) for key in params]
    return rows + [_row("metric", key, runs, [run.get(key) for run in runs]) for key in metrics]


def _row(what: str, key: str, runs: Sequence[dict[str, Any]], values: Sequence[Any]) -> dict[str, Any]:
    differs = key != "duration" and len(set(map(repr, values))) > 1  # durations always differ
    row = {"what": what, "key": key, "differs": differs}
    return row | {run["track_id"]: value for run, value in zip(runs, values, strict=True)}


def _show(rows: Sequence[dict[str, Any]], chosen: Sequence[str], style: str) -> None:
    if style in {"json", "csv"}:
        show(rows, ["what", "key", "differs", *chosen], style)
        return
    for row in rows:
        row[""] = "≠" if row["differs"] else ""
        if row["key"] == "duration":
            row |= {track_id: duration(row[track_id]) for track_id in chosen}
    keys = ["what", "key", "", *chosen]
    if style == "markdown" or not (style or is_terminal()):
        show(rows, keys, style)
        return
    from xetrack_cli.output.table import draw

    draw(rows, keys, {number: "bold yellow" for number, row in enumerate(rows) if row["differs"]}, repeated=3)
