"""`xt sql`: a query in the SQL of the engine."""

import re
from contextlib import closing
from typing import Annotated, Any

import typer

from xetrack import Reader, Tracker
from xetrack.errors import DatabaseReadOnlyError
from xetrack_cli.errors import UsageError
from xetrack_cli.output.terminal import counted, note, show, tell
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.options import Csv, Engine, Json, Markdown, Timeout, style_of

__all__ = ["sql"]

_BLANK = re.compile(r"[\s;]+|--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)


def sql(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[DB] QUERY", help="Database file, and the query.")
    ] = None,
    *,
    write: Annotated[bool, typer.Option("--write", help="Allow the query to change the database.")] = False,
    engine: Engine = "sqlite",
    timeout: Timeout = 10.0,
    as_json: Json = False,
    as_csv: Csv = False,
    as_markdown: Markdown = False,
) -> None:
    """Run an SQL query; tables are named db.events and so on.

    Queries cannot change the database without --write.
    """
    style = style_of(json=as_json, csv=as_csv, markdown=as_markdown)
    db, query = arguments(words, "QUERY")
    if not _BLANK.sub("", query):
        raise UsageError("the query is empty.")
    reader = Reader(db, engine, None, timeout=timeout)  # also where the database is to be changed: it has to exist
    try:
        if not write:
            with reader:
                _run(reader.conn, query, style)
            return
        reader.close()
        with closing(Tracker(db, engine=engine, timeout=timeout)) as tracker:
            _run(tracker.conn, query, style)
    except KeyboardInterrupt:
        note("the query was interrupted.")
        raise
    except DatabaseReadOnlyError as error:
        if engine == "sqlite":
            raise
        told = str(error).rstrip(".")  # an engine that can only read
        raise DatabaseReadOnlyError(f"{told}. With xt: --write, and no --engine.") from error


def _run(connection: Any, query: str, style: str) -> None:
    cursor = connection.execute(query)
    if not cursor.description:
        tell(f"{counted(max(cursor.rowcount, 0), 'row')} changed")
        return
    names = _distinct([str(column[0]) for column in cursor.description])
    show([dict(zip(names, row, strict=True)) for row in cursor.fetchall()], names, style)


def _distinct(names: list[str]) -> list[str]:
    """Number the names that a query gives more than once."""
    told: list[str] = []
    for name in names:
        number, spelt = 2, name
        while spelt in told:
            spelt, number = f"{name}_{number}", number + 1
        told.append(spelt)
    return told
