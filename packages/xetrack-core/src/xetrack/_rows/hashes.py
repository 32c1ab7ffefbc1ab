"""Hashes of objects in cells."""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator

from xetrack._spec.assets import AssetStore
from xetrack._spec.types import Json, Value

__all__ = ["hashes_in", "uses_in"]


_QUOTED = re.compile(r'"([^"\\]+)"')


_FEW = 1000  # texts, up to which it is quicker to ask a store for each than to list a hundred thousand objects


def hashes_in(values: Iterable[Value], known: Container[str]) -> list[str]:
    """Which of the `known` hashes stand in cells, each time: as the cell itself, or as text inside of JSON."""
    return [text for text in _texts_in(values) if text in known]


def uses_in(rows: Iterable[Iterable[Value]], known: AssetStore | set[str]) -> dict[str, int]:
    """How often the cells of rows, or of columns, name each of the `known` hashes, or of those of a store."""
    texts = Counter(text for cells in rows for text in _texts_in(cells))
    if not isinstance(known, set) and len(texts) > _FEW:
        known = set(known.keys())
    return {text: count for text, count in texts.items() if text in known}


def _texts_in(values: Iterable[Value]) -> Iterator[str]:
    for value in values:
        if type(value) is str:
            yield value
        elif type(value) is Json:
            yield from _QUOTED.findall(value)
