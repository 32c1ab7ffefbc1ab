"""The figures of rounds become one: a median, how far it spread, and how it compares with the limit's."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    middle: float
    least: float
    most: float
    ratio: float | None  # to the limit of the same run: the median of the rounds' ratios


def figure(result, limit, name):
    """One figure of a peer, or None where it has none. `limit` is the result of the peer to compare with, or None."""
    values = [each[name] for each in result["rounds"] if name in each]
    if not values or "failed" in result:
        return None
    against = [each[name] for each in (limit or {"rounds": []})["rounds"] if each.get(name)]
    ratios = [value / other for value, other in zip(values, against, strict=False)]
    return Figure(median(values), min(values), max(values), median(ratios) if ratios else None)


def total(result, name):
    """The sum over all rounds."""
    return sum(each[name] for each in result["rounds"])
