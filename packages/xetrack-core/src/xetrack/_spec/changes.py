"""What the change feed of an engine returns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xetrack._spec.types import Columns

__all__ = ["Batch", "Changes"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Added rows, and where to go on after them.

    Attributes:
        rows: the rows, in insertion order.
        watermark: the feed since this watermark goes on after these rows. Store it together with what you do with them.
    """

    rows: Columns
    watermark: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to a table since a watermark. See `Engine.changes`.

    To mirror a table: if `everything` is true, forget its rows. Read the `runs` again, each as a whole. Then add the
    rows of the batches; a mirror may have some of them from reading a run again.

    Attributes:
        everything: the watermark does not fit the table, or there was none: the batches have all rows.
        runs: the track ids of runs whose earlier rows were updated or deleted, sorted.
        batches: the added rows, in bounded memory. Read while the engine is open, and once.
        expected: about how many rows the batches have, to show progress.
        watermark: where the feed goes on next, once `runs` and all batches are dealt with. Text to store anywhere.
    """

    everything: bool
    runs: Sequence[str]
    batches: Iterator[Batch]
    expected: int
    watermark: str
