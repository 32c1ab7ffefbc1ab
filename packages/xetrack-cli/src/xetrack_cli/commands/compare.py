"""`xt compare`: runs side by side."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from xetrack_cli.commands.runs import summary
from xetrack_cli.commands.show import ABOUT
from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import duration
from xetrack_cli.output.terminal import is_terminal, note
from xetrack_cli.output.terminal import show as show_rows
from xetrack_cli.parsing import completion
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import find_run, open_reader
from xetrack_cli.parsing.options import Csv, Engine, Json, Markdown, Table, style_of

__all__ = ["compare"]

_OWN = {*ABOUT, "params", "first", "last", "timestamp"}
_MARK = "≠"


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
    from xetrack_cli.output.table import draw

    draw(rows, keys, {number: "bold yellow" for number, row in enumerate(rows) if row["differs"]}, kept=3)
