"""The types that rows are made of."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

__all__ = ["BigInt", "Buffer", "Columns", "Json", "Row", "Run", "SurrogateText", "Value"]


class Json(str):
    """The text of a JSON document, marked by its type."""

    __slots__ = ()


class BigInt(int):
    """An integer beyond 64 bits, marked by its type."""

    __slots__ = ()

    def __repr__(self) -> str:
        """All digits. An `int` refuses to print more than 4,300."""
        return format(Decimal(int(self)), "f")

    __str__ = __repr__


class SurrogateText(str):
    """Text with lone surrogates, which UTF-8 cannot encode, marked by its type.

    Python makes such text of file names whose bytes are not UTF-8 (PEP 383).
    """

    __slots__ = ()


Value: TypeAlias = bool | int | float | str | bytes | Json | BigInt | SurrogateText | None
"""What an engine stores, and returns with its type.

Beyond 64 bits, signed, an int is a `BigInt`. Text that UTF-8 cannot encode is a `SurrogateText`. A float may be NaN or
infinite.
"""


Row: TypeAlias = dict[str, Value]
"""One event, in the order of its keys. `timestamp` and `track_id` are always among them."""


Buffer: TypeAlias = bytes | bytearray | memoryview
"""Bytes, or a view of somebody's memory that holds them."""


Columns: TypeAlias = dict[str, list[Value]]
"""Rows turned on their side: a list a key, all of one length, None where a row had no such key."""


@dataclass(slots=True)
class Run:
    """One run in one table, as `Reader.runs()` tells it.

    `started` and `ended` are local times, `YYYY-MM-DD HH:MM:SS.ffffff`; `ended` is None while the run goes on.
    `status` is `running`, `finished` or `failed`, "" for a run told from its rows alone. `rows`, `first`, `last` and
    `values` (the last one of each key that is not None) are what an engine tells when it lists runs. A tracker that
    ends its run hands in `rows` and `values` as it knows them; the rows themselves decide if they disagree.
    """

    track_id: str
    table: str
    started: str | None = None
    ended: str | None = None
    status: str = "running"
    host: str | None = None
    pid: int | None = None
    python: str | None = None
    params: Row = field(default_factory=dict)
    rows: int = 0
    first: str | None = None
    last: str | None = None
    values: Row = field(default_factory=dict)
