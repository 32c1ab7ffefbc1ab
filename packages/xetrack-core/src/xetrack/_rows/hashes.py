"""Hashes of objects in cells."""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator

from xetrack._spec.types import Json, Value

__all__ = ["hashes_in", "uses_in"]

_QUOTED = re.compile(r'"([^"\\]+)"')


def hashes_in(values: Iterable[Value], known: Container[str]) -> list[str]:
    """Return the hashes in cells, as often as they occur.

    Args:
        values: the cells. A hash is a whole cell, or a text inside JSON.
        known: the hashes to look for, such as an `AssetStore`.
    """
    return [text for text in _texts_in(values) if text in known]


def uses_in(rows: Iterable[Iterable[Value]], known: Container[str]) -> dict[str, int]:
    """Return how often each of the `known` hashes occurs in the cells of rows, or of columns."""
    texts = Counter(text for cells in rows for text in _texts_in(cells))
    return {text: count for text, count in texts.items() if text in known}


def _texts_in(values: Iterable[Value]) -> Iterator[str]:
    for value in values:
        if type(value) is str:
            yield value
        elif type(value) is Json:
            yield from _QUOTED.findall(value)
