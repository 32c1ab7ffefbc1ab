"""The logged objects of a file, listed without their bytes.

Files of 0.x name an object by a pickled text, and count its uses by a pickled integer. Nothing but those is unpickled:
what else a file may hold there runs no code, and is shown as it is.
"""

import base64
import binascii
import io
import pickle
from collections.abc import Callable
from typing import Any

from xetrack_duckdb.columns import Block, Blocks

__all__ = ["COLUMNS", "NAME", "listed"]

NAME = "assets"
COLUMNS = {"key": "TEXT", "size": "INTEGER", "serializer": "TEXT", "count": "INTEGER"}

_OF_OLD = "cloudpickle"  # what files of 0.x keep objects with


class _Plain(pickle.Unpickler):
    """Makes texts and integers, nothing that would have to be imported."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse."""
        message = f"{module}.{name} is no plain value"
        raise pickle.UnpicklingError(message)


# a row without a serializer names a folder that holds no objects now
_RECORDS = "SELECT key, size, serializer FROM db.xetrack_assets WHERE serializer IS NOT NULL"


def listed(query: Callable[[str], list[tuple[Any, ...]]], tables: set[str]) -> Blocks:
    """All objects, as one block."""
    found = {
        _key(key): (size, _OF_OLD) for key, size in query("SELECT key, length(value) FROM db.assets ORDER BY _rowid_")
    }
    if "xetrack_assets" in tables:
        found |= {key: (size, tag) for key, size, tag in query(_RECORDS)}
    counts: dict[str, int | None] = {}
    if "counts" in tables:
        counts = {key: _count(value) for key, value in query("SELECT key, value FROM db.counts")}
    if found:
        sizes, tags = zip(*found.values(), strict=True)
        values = {"key": [*found], "size": [*sizes], "serializer": [*tags], "count": [counts.get(key) for key in found]}
        yield Block(list(range(1, len(found) + 1)), values)


def _key(stored: str) -> str:
    try:
        key = _unpickled(base64.b64decode(stored, validate=True))
    except (binascii.Error, ValueError):
        return stored
    return key if isinstance(key, str) else stored


def _count(stored: object) -> int | None:
    count = _unpickled(stored) if isinstance(stored, bytes) else stored
    return count if isinstance(count, int) else None


def _unpickled(data: bytes) -> object:
    try:
        return _Plain(io.BytesIO(data)).load()
    except Exception:
        return None
