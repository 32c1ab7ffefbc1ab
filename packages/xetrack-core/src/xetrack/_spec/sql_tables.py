"""Protocol of SQL tables that plugins keep in the engine's database."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

__all__ = ["SqlTables"]


@runtime_checkable
class SqlTables(Protocol):
    """Tables of a plugin beside those of the engine, written in the engine's transactions.

    An asset store keeps its objects there: a statement inside `engine.transaction()` is committed or rolled back with
    the rows.

    ```python
    with engine.transaction():
        engine.append("events", rows)
        engine.sql.query("INSERT INTO db.my_objects VALUES (?, ?)", (asset.hash, data))
    ```

    Attributes:
        dialect: the SQL that `query` takes, such as `"sqlite"`. A plugin refuses dialects that it does not speak.
    """

    dialect: str

    @property
    def exists(self) -> bool:
        """Whether there is a database to read. The first statement creates it, so check before you only read."""

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside `engine.transaction()`, so that what it writes may still be rolled back."""

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Execute a statement in this thread's transaction, or on its own if there is none; return all its rows.

        Raises:
            DatabaseError: the statement failed.
        """

    def compact(self) -> None:
        """Return the space of deleted data to the disk. Not inside a transaction."""
