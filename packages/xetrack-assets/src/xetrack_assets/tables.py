"""The tables in the database file.

`sqlitedict` reads and writes those of xetrack 0.x, as it does there:

| table    | key                              | value                            |
|----------|----------------------------------|----------------------------------|
| `assets` | base64 of the pickle of the hash | the bytes of the object          |
| `keys`   | base64 of the pickle of a name   | the pickle of a hash             |
| `counts` | the hash                         | the pickle of the number of uses |

Any of them may come from a stranger: our codecs load text and numbers only, and run no code.

On its own, `sqlitedict` opens a second connection in a thread, and changes the file's journal mode. Here an adapter
passes its statements to the engine's connection, so that rows and objects commit together.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sqlitedict import SqliteDict

from xetrack.errors import AssetDamagedError, UntrustedError
from xetrack.plugin import SqlTables
from xetrack_assets.pickles import dump_plain, load_plain

__all__ = ["CHUNKS", "CREATE", "WHOLE", "Table", "assets", "counts", "decode_uses", "encode_key", "existing", "names"]

T = TypeVar("T")

WHOLE, CHUNKS = "assets", "xetrack_chunks"
"""The tables for bytes: in one piece, and cut into parts because they are too long for one value of SQLite's."""

CREATE = {
    **{
        name: f"CREATE TABLE IF NOT EXISTS db.{name} (key TEXT PRIMARY KEY, value BLOB)"
        for name in (WHOLE, "keys", "counts")
    },
    "xetrack_assets": "CREATE TABLE IF NOT EXISTS db.xetrack_assets"
    " (key TEXT PRIMARY KEY, serializer TEXT, size INTEGER, digest BLOB, place TEXT)",
    CHUNKS: f"CREATE TABLE IF NOT EXISTS db.{CHUNKS} (key TEXT, part INTEGER, data BLOB, PRIMARY KEY (key, part))",
}
"""Table to the statement that creates it."""

_EXISTING = f"SELECT name FROM db.sqlite_master WHERE type = 'table' AND name IN ({', '.join('?' * len(CREATE))})"


def existing(sql: SqlTables) -> set[str]:
    """Return which of the tables exist: they are created with the first object."""
    if not sql.exists:
        return set()
    return {name for (name,) in sql.query(_EXISTING, tuple(CREATE))}


class _Connection:
    """What `SqliteDict` needs of its thread, on the engine's connection."""

    def __init__(self, sql: SqlTables, table: str) -> None:
        self._sql = sql
        self._table = table

    def execute(self, sql: str, arguments: Sequence[Any] = ()) -> None:
        # A table is created with its first object, not by a look at it.
        if not sql.startswith("CREATE"):
            self._sql.query(sql, arguments)

    def select(self, sql: str, arguments: Sequence[Any] = ()) -> Iterator[Any]:
        return iter(self._sql.query(sql, arguments) if self._table in existing(self._sql) else ())

    def select_one(self, sql: str, arguments: Sequence[Any] = ()) -> Any:
        return next(self.select(sql, arguments), None)

    def commit(self, blocking: bool = True) -> None:
        """Leave the transaction to the engine."""

    def close(self, force: bool = False) -> None:
        """Leave the connection to the engine."""


class Table(SqliteDict):  # type: ignore[misc] # sqlitedict ships no types
    """A table as a dict, empty until it is created. Writing belongs inside a transaction of the engine."""

    def __init__(self, sql: SqlTables, name: str, **codecs: Callable[[Any], Any]) -> None:
        self._sql = sql
        self._name = name
        # The path is not used: the engine creates the file and its folder with the first object.
        super().__init__(":memory:", name, outer_stack=False, **codecs)

    def _new_conn(self) -> _Connection:
        # sqlitedict quotes the name of the table: this makes it the one of the attached file.
        self.tablename: str = f'db"."{self._name}'
        return _Connection(self._sql, self._name)


def assets(sql: SqlTables) -> Table:
    """Return the table of hashes and bytes."""
    return Table(sql, WHOLE, encode=bytes, decode=_decode_bytes, **_KEY_CODECS)


def names(sql: SqlTables) -> Table:
    """Return the table of names and hashes."""
    return Table(sql, "keys", encode=dump_plain, decode=_decode_text, **_KEY_CODECS)


def counts(sql: SqlTables) -> Table:
    """Return the table of hashes and uses."""
    return Table(sql, "counts", encode=dump_plain, decode=decode_uses)


def encode_key(text: str) -> str:
    """Return the key of a text in the tables `assets` and `keys`."""
    return b64encode(dump_plain(text)).decode("ascii")


def decode_uses(data: Any) -> int:
    """Return a number of uses.

    Raises:
        UntrustedError: It is a pickle of anything but a number.
        AssetDamagedError: It is not a pickle at all.
    """
    return _load(data, int)


def _decode_key(key: str) -> str:
    try:
        data = b64decode(key, validate=True)
    except (ValueError, TypeError) as error:
        raise _damaged(str(error)) from error
    return _decode_text(data)


_KEY_CODECS: dict[str, Callable[[Any], str]] = {"encode_key": encode_key, "decode_key": _decode_key}


def _decode_text(data: Any) -> str:
    return _load(data, str)


def _decode_bytes(data: Any) -> bytes:
    # Not bytes(data): of a number, that is as many zeros.
    if isinstance(data, bytes):
        return data
    raise _damaged(f"expected bytes, found {type(data).__name__}")


def _load(data: Any, kind: type[T]) -> T:
    try:
        value = load_plain(data)
    except UntrustedError:
        raise
    except Exception as error:  # damaged pickles raise nearly anything
        raise _damaged(str(error)) from error
    if type(value) is not kind:
        raise _damaged(f"expected {kind.__name__}, found {type(value).__name__}")
    return value


def _damaged(what: str) -> AssetDamagedError:
    return AssetDamagedError(f"The object tables are damaged: {what}. Reader.to_df() still reads the rows.")
