"""The types that rows are made of."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from xetrack._util.offsets import Offsets

__all__ = ["BigInt", "Buffer", "Columns", "Json", "Row", "Run", "SurrogateText", "Value"]


class Json(str):
    """The text of a JSON document."""

    __slots__ = ()


class BigInt(int):
    """An integer beyond 64 bits."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return all digits. `int` refuses to print more than 4,300."""
        return format(Decimal(int(self)), "f")

    __str__ = __repr__


class SurrogateText(str):
    """Text with lone surrogates, which UTF-8 cannot encode.

    Python makes such text of file names whose bytes are not UTF-8 (PEP 383).
    """

    __slots__ = ()


Value: TypeAlias = bool | int | float | str | bytes | Json | BigInt | SurrogateText | None
"""A value that an engine stores and returns with its type.

An int beyond 64 bits, signed, is a `BigInt`. Text that UTF-8 cannot encode is a `SurrogateText`. A float may be NaN or
infinite.
"""

Row: TypeAlias = dict[str, Value]
"""One event: its keys in order, `timestamp` and `track_id` always among them."""

Buffer: TypeAlias = bytes | bytearray | memoryview
"""Bytes, or a view of memory that holds them."""

Columns: TypeAlias = dict[str, list[Value]]
"""Rows by column: a list for each key, all of the same length, with None where a row lacks the key."""


@dataclass(slots=True)
class Run:
    """One run in one table.

    Attributes:
        track_id: name of the run.
        table: table of events.
        started: local time, `YYYY-MM-DD HH:MM:SS.ffffff`.
        ended: local time; None while the run is running.
        status: `running`, `finished` or `failed`; "" for a run derived from its rows. Engines list a running run whose
            process is gone as `crashed`.
        host: name of the machine.
        pid: id of the process.
        python: version of Python.
        params: params of the run.
        rows: number of rows.
        first: timestamp of the first row.
        last: timestamp of the last row.
        values: the last value of each key that is not None.
        offsets: the offsets of local time from UTC, in order of time: the local time of the first row with each one,
            and the offset in seconds. Empty if they are unknown, as in files of older versions.

    Engines fill in `rows`, `first`, `last` and `values` when they list runs. A tracker that ends its run passes `rows`
    and `values` as it counted them. If the stored rows disagree, they are right.
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
    offsets: Offsets = ()
