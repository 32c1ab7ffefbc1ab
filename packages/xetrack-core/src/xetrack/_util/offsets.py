"""Offsets of local time from UTC, and what they make of local times."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

__all__ = ["Offsets", "dump_offsets", "load_offsets", "merge_offsets", "possible_offsets", "to_utc"]

Offsets: TypeAlias = tuple[tuple[str, int], ...]
"""The local time of the first row with each offset, and the offset: local time minus UTC, in seconds."""


def merge_offsets(known: Offsets, more: Offsets) -> Offsets:
    """Return two records of offsets as one, in order of time, without entries that change nothing."""
    entries = sorted({*known, *more}, key=lambda entry: (_instant(*entry), entry))
    pairs = zip([None, *entries], entries, strict=False)
    return tuple(entry for before, entry in pairs if before is None or before[1] != entry[1])


def to_utc(time: str, offset: int) -> str | None:
    """Return a local time in UTC, in the same format; None if it is not a time."""
    try:
        moved = _instant(time, offset).isoformat(" ", "microseconds")
    except (TypeError, ValueError, OverflowError):
        return None
    return moved[: len(time)] if len(time) in {19, 26} else moved


def possible_offsets(offsets: Offsets, time: str) -> list[int]:
    """Return the offsets that a local time may have: several if it came twice, none if the clock was set back."""
    ends = [_instant(*entry) for entry in offsets[1:]]
    # The first offset holds also before its first row.
    spans = zip(offsets, [None, *ends], [*ends, None], strict=True)
    instants = [(offset, _instant(time, offset), begin, end) for (_, offset), begin, end in spans]
    return [each for each, at, begin, end in instants if (not begin or begin <= at) and (not end or at < end)]


def dump_offsets(offsets: Offsets) -> str | None:
    """Return offsets as JSON, to store them; None if there are none."""
    return json.dumps(offsets) if offsets else None


def load_offsets(text: str | None) -> Offsets:
    """Return offsets from JSON; none if it is damaged."""
    try:
        return merge_offsets((), tuple(_entries(json.loads(text or "[]"))))
    except (TypeError, ValueError, OverflowError):
        return ()


def _entries(found: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
    for time, offset in found:
        yield str(time), int(offset)


def _instant(time: str, offset: int) -> datetime:
    return datetime.fromisoformat(time) - timedelta(seconds=offset)
