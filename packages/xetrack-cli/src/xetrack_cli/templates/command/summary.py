"""The command itself."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from xetrack import Reader
from xetrack.plugin import Context

__all__ = ["commands", "summaries"]


def commands(context: Context) -> typer.Typer:
    """The command as typer has it. `context.terminal` reads its words and shows what it found."""
    terminal = context.terminal
    if terminal is None:
        raise ValueError("a command needs the terminal of xt")
    app = typer.Typer()

    @app.command()
    def summary(
        words: Annotated[list[str] | None, typer.Argument(metavar="[DB]", help="Path of the database.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    ) -> None:
        """Count the runs and rows of every table."""
        (db,) = terminal.arguments(words)
        terminal.show(summaries(db), style="json" if as_json else "")

    return app


def summaries(db: str) -> list[Mapping[str, Any]]:
    """A row a table: its name, the number of its runs, of those that failed, and of its rows."""
    with Reader(db, table=None) as reader:
        return [_summary(reader, table) for table in reader.engine.tables()]


def _summary(reader: Reader, table: str) -> Mapping[str, Any]:
    runs = reader.engine.runs(table)
    failed = sum(run.status == "failed" for run in runs)
    return {"table": table, "runs": len(runs), "failed": failed, "rows": reader.engine.count(table)}
