"""Fetch the cells of a query, column by column.

`sqlite3` releases the GIL for each row that it fetches, but not to call a function from SQL. So a whole table is read
by a query that passes every row to a function, and has a result only when a block is full. For a million rows of six
cells that takes half the time of fetching them.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

__all__ = ["Cells", "fetch", "fetch_table", "run_aside"]

T = TypeVar("T")

Cells: TypeAlias = list[list[Any]]
"""One list per column, all of the same length."""

_BLOCK = 2000  # rows to transpose while they are in the processor's cache
_MOST_ARGUMENTS = 100  # SQLITE_MAX_FUNCTION_ARG is 100 or more (sqlite.org/limits.html, 6)


def fetch(connection: sqlite3.Connection, names: Sequence[str], rest: str, bound: Sequence[Any]) -> Cells:
    """Return the cells of `SELECT names rest`."""
    cells: Cells = [[] for _ in names]
    cursor = connection.execute(f"SELECT {', '.join(names)} {rest}", bound)
    while rows := cursor.fetchmany(_BLOCK):
        _turn(rows, cells)
    return cells


def fetch_table(connection: sqlite3.Connection, names: Sequence[str], table: str, stop: threading.Event) -> Cells:
    """Return all cells of a table in the order of insertion, or fewer once `stop` is set. Names are quoted."""
    if len(names) > _MOST_ARGUMENTS:
        return fetch(connection, names, f"FROM {table} ORDER BY _rowid_", ())
    cells: Cells = [[] for _ in names]
    rows: list[tuple[Any, ...]] = []

    def collect(*row: Any) -> bool:
        rows.append(row)
        return len(rows) >= _BLOCK

    connection.create_function("xetrack_collect", len(names), collect)
    calling = f"WHERE xetrack_collect({', '.join(names)}) ORDER BY _rowid_"
    for _ in connection.execute(f"SELECT 1 FROM {table} NOT INDEXED {calling}"):
        _turn(rows, cells)
        rows.clear()
        if stop.is_set():
            break
    _turn(rows, cells)
    return cells


def _turn(rows: Sequence[tuple[Any, ...]], cells: Cells) -> None:
    """Add rows to the columns."""
    for column, values in zip(cells, zip(*rows, strict=True), strict=False):  # there are no values if there are no rows
        column.extend(values)


def run_aside(work: Callable[[threading.Event], T]) -> T:
    """Run `work(stop)` in a thread of its own, and return its result.

    Signal handlers run in the main thread. What they raise inside a function that SQLite calls would be lost; here it
    ends the wait and sets `stop`. The work must lock what it uses, since it may outlast an interrupted wait.
    """
    stop, done = threading.Event(), threading.Event()
    results: list[T] = []
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            results.append(work(stop))
        except BaseException as error:
            failures.append(error)
        finally:
            done.set()

    try:
        try:
            threading.Thread(target=guarded, name="xetrack-read").start()
        except RuntimeError:  # no new threads while the interpreter shuts down
            guarded()
        done.wait()
    except BaseException:
        stop.set()
        raise
    if failures:
        raise failures[0]
    return results[0]
