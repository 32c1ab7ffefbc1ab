"""The tables of xetrack 0.x, through `sqlitedict`, on the engine's own connection and under its lock.

Left alone, `sqlitedict` would open a second connection in a thread of its own, and switch the file's journal mode. Here
it gets an adapter instead: rows and objects commit together, and 0.x still reads what is written.

| table    | key                              | value                            |
|----------|----------------------------------|----------------------------------|
| `assets` | base64 of the pickle of the hash | the bytes of the object          |
| `keys`   | base64 of the pickle of a name   | the pickle of a hash             |
| `counts` | the hash                         | the pickle of the number of uses |
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlitedict import SqliteDict

from xetrack.errors import AssetDamagedError, UntrustedError
from xetrack.sqlite import MEMORY, Database
from xetrack_assets.pickles import dump_plain, load_plain

__all__ = ["CREATE", "Table", "assets", "counts", "decode_key", "decode_uses", "encode_key", "names"]

T = TypeVar("T")

CREATE = {
    name: f"CREATE TABLE IF NOT EXISTS db.{name} (key TEXT PRIMARY KEY, value BLOB)"
    for name in ("assets", "keys", "counts")
}
"""How each table is made, as 0.x makes it."""


class _Connection:
    """What `SqliteDict` asks of its thread, by a connection that it shares with the engine."""

    autocommit = False

    def __init__(self, database: Database) -> None:
        self._database = database

    def execute(self, sql: str, arguments: Sequence[Any] = ()) -> None:
        if not sql.startswith("CREATE"):  # a table is made with its first object, not with the first look at it
            self._database.query(sql, arguments)

    def executemany(self, sql: str, many: Iterable[Sequence[Any]]) -> None:
        for arguments in many:
            self._database.query(sql, arguments)

    def select(self, sql: str, arguments: Sequence[Any] = ()) -> Iterator[Any]:
        return iter(self._database.query(sql, arguments))

    def select_one(self, sql: str, arguments: Sequence[Any] = ()) -> Any:
        return next(self.select(sql, arguments), None)

    def commit(self, blocking: bool = True) -> None:
        """The transaction is the engine's to commit."""

    def close(self, force: bool = False) -> None:
        """The connection is the engine's to close."""


class Table(SqliteDict):  # type: ignore[misc] # sqlitedict ships no types
    """A table as a dict, once it is there. Writing belongs inside a transaction of the engine."""

    def __init__(self, database: Database, name: str, **codecs: Callable[[Any], Any]) -> None:
        self._database = database
        self._name = name
        # in memory, as far as sqlitedict knows: the file, and its folder, come with the first object
        super().__init__(MEMORY, name, outer_stack=False, **codecs)

    def _new_conn(self) -> _Connection:
        # sqlitedict puts quotes around the name of the table: these make it the one of the attached file
        self.tablename: str = f'db"."{self._name}'
        return _Connection(self._database)


def encode_key(text: str) -> str:
    """The key of a text in the tables `assets` and `keys`."""
    return b64encode(dump_plain(text)).decode("ascii")


def decode_key(key: str) -> str:
    """The text of a key. Raises `UntrustedError` if it is a stranger's pickle, `AssetDamagedError` if it is none."""
    try:
        data = b64decode(key, validate=True)
    except (ValueError, TypeError) as error:
        raise _damaged(str(error)) from error
    return _text(data)


def decode_uses(data: Any) -> int:
    """The number of uses. Raises as `decode_key` does."""
    return _plain(data, int)


def _text(data: Any) -> str:
    return _plain(data, str)


def _plain(data: Any, kind: type[T]) -> T:
    try:
        value = load_plain(data)
    except UntrustedError:
        raise
    except Exception as error:  # damaged pickles raise nearly anything
        raise _damaged(str(error)) from error
    if type(value) is not kind:
        raise _damaged(f"a {type(value).__name__} where a {kind.__name__} should be")
    return value


def _damaged(what: str) -> AssetDamagedError:
    return AssetDamagedError(f"the tables of objects are damaged ({what}). Rows are read without them: Reader.to_df().")


def assets(database: Database) -> Table:
    """Hash to bytes."""
    return Table(database, "assets", encode=bytes, decode=bytes, encode_key=encode_key, decode_key=decode_key)


def names(database: Database) -> Table:
    """Name to hash."""
    return Table(database, "keys", encode=dump_plain, decode=_text, encode_key=encode_key, decode_key=decode_key)


def counts(database: Database) -> Table:
    """Hash to uses."""
    return Table(database, "counts", encode=dump_plain, decode=decode_uses)
