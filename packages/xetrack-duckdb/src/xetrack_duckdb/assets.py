"""The logged objects of a file, listed without their bytes.

Files of 0.x hold pickled keys (strings) and counts (integers). Only plain values are unpickled, so that no code of a
file runs; other keys are shown as they are.
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

_OF_OLD = "cloudpickle"  # the serializer of files of 0.x


class _Plain(pickle.Unpickler):
    """Unpickles strings and integers, nothing that needs an import."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse."""
        message = f"{module}.{name} is not a plain value"
        raise pickle.UnpicklingError(message)


# A row without a serializer names a folder that no longer holds objects.
_RECORDS = "SELECT key, size, serializer FROM db.xetrack_assets WHERE serializer IS NOT NULL"


def listed(query: Callable[[str], list[tuple[Any, ...]]], tables: set[str]) -> Blocks:
    """Return all objects as one block."""
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
