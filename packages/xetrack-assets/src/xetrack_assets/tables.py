"""The tables in the database file, and the encoding of their keys and values.

The first three are those that xetrack 0.x writes with `sqlitedict`, so that it can read ours:

| table    | key                              | value                            |
|----------|----------------------------------|----------------------------------|
| `assets` | base64 of the pickle of the hash | the bytes of the object          |
| `keys`   | base64 of the pickle of a name   | the pickle of a hash             |
| `counts` | the hash                         | the pickle of the number of uses |

Any of them may come from a stranger: decoding loads text and numbers only, and runs no code.
"""

from base64 import b64decode, b64encode
from typing import Any, TypeVar

from xetrack.errors import AssetDamagedError, UntrustedError
from xetrack_assets.pickles import dump_plain, load_plain

__all__ = ["CHUNKS", "CREATE", "WHOLE", "decode_hash", "decode_key", "decode_uses", "encode_key"]

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


def encode_key(text: str) -> str:
    """Return the key of a text in the tables `assets` and `keys`."""
    return b64encode(dump_plain(text)).decode("ascii")


def decode_key(key: str) -> str:
    """Return the text of a key.

    Raises:
        UntrustedError: it is a pickle of anything but text.
        AssetDamagedError: it is not a key at all.
    """
    try:
        data = b64decode(key, validate=True)
    except (ValueError, TypeError) as error:
        raise _damaged(str(error)) from error
    return _load(data, str)


def decode_hash(data: Any) -> str:
    """Return a hash from the table `keys`. Raises as `decode_key` does."""
    return _load(data, str)


def decode_uses(data: Any) -> int:
    """Return a number of uses from the table `counts`. Raises as `decode_key` does."""
    return _load(data, int)


def _load(data: Any, kind: type[T]) -> T:
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
    return AssetDamagedError(
        f"The tables of objects are damaged: {what}. Rows can be read without them: Reader.to_df()."
    )
