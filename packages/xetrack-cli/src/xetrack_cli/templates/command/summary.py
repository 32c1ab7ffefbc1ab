"""The command."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from xetrack import Reader
from xetrack.plugin import Context

__all__ = ["commands", "summaries"]


def commands(context: Context) -> typer.Typer:
    """Create the typer app. `context.terminal` checks the arguments and displays the result."""
    terminal = context.terminal
    if terminal is None:
        raise ValueError("The command runs only within xt.")
    app = typer.Typer()

    @app.command()
    def summary(
        words: Annotated[list[str] | None, typer.Argument(metavar="[DB]", help="Path of the database.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Output JSON.")] = False,
    ) -> None:
        """Count the runs and rows of every table."""
        (db,) = terminal.arguments(words)
        terminal.show(summaries(db), style="json" if as_json else "")

    return app


def summaries(db: str) -> list[Mapping[str, Any]]:
    """Return a row per table: its name, and the number of runs, failed runs and rows."""
    with Reader(db, table=None) as reader:
        return [_summary(reader, table) for table in reader.engine.tables()]


def _summary(reader: Reader, table: str) -> Mapping[str, Any]:
    runs = reader.engine.runs(table)
    failed = sum(run.status == "failed" for run in runs)
    return {"table": table, "runs": len(runs), "failed": failed, "rows": reader.engine.count(table)}
