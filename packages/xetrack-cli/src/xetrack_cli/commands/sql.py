"""`xt sql`: a query in the SQL of the engine."""

from contextlib import closing
from typing import Annotated, Any

import typer

from xetrack import Reader, Tracker
from xetrack.errors import DatabaseReadOnlyError
from xetrack.registry import is_url
from xetrack_cli.errors import UsageError
from xetrack_cli.output.format import plural
from xetrack_cli.output.terminal import note, show, tell
from xetrack_cli.parsing.arguments import arguments
from xetrack_cli.parsing.database import waiting
from xetrack_cli.parsing.options import Engine, Format, Timeout, Words, positional

__all__ = ["sql"]


def sql(
    words: Annotated[Words, positional("[DB] QUERY", "Database, and the query.")] = None,
    *,
    write: Annotated[bool, typer.Option("--write", help="Allow the query to change the database.")] = False,
    engine: Engine = None,
    timeout: Timeout = None,
    style: Format = "",
) -> None:
    """Run an SQL query on db.events and the other tables.

    A query cannot change the database without --write.
    """
    db, query = arguments(words, "QUERY")
    if not query.strip(" \t\r\n;"):
        raise UsageError("The query is empty. Example: xt sql DB 'SELECT count(*) FROM db.events'")
    patience = waiting(db, engine, timeout)
    reader = Reader(db, engine, None, **patience)  # before writing too: it refuses a file that does not exist
    try:
        if not write:
            with reader:
                _run(reader.conn, query, style)
            return
        reader.close()
        with closing(Tracker(db, engine=engine, **patience)) as tracker:
            _run(tracker.conn, query, style)
    except KeyboardInterrupt:
        note("query interrupted.")
        raise
    except DatabaseReadOnlyError as error:
        if engine in {None, "sqlite"} or is_url(db):
            raise
        reason = str(error).rstrip(".")  # the engine can only read
        raise DatabaseReadOnlyError(f"{reason}. Use xt sql --write without --engine.") from error


def _run(connection: Any, query: str, style: str) -> None:
    if not hasattr(connection, "execute"):
        raise UsageError("This engine has no SQL. Print rows with xt head, or write them to a file with xt export.")
    cursor = connection.execute(query)
    if not cursor.description:
        tell(f"{plural(max(cursor.rowcount, 0), 'row')} changed")
        return
    names = _distinct([str(column[0]) for column in cursor.description])
    show([dict(zip(names, row, strict=True)) for row in cursor.fetchall()], names, style)


def _distinct(names: list[str]) -> list[str]:
    """Number repeated names: x, x_2, x_3."""
    distinct: list[str] = []
    for name in names:
        number, unique = 2, name
        while unique in distinct:
            unique, number = f"{name}_{number}", number + 1
        distinct.append(unique)
    return distinct
