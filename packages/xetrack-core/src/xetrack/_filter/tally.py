"""The functions of filters, such as `max(val/acc)`, over the values of one key in one run."""

import math
from collections.abc import Iterable
from fractions import Fraction

from xetrack._spec.types import Value

__all__ = ["Tally"]

_INFINITE = (math.inf, -math.inf)
_UNIT = 1074  # every float is a multiple of 2**-1074


class Tally:
    """Adds up the values of one key in one run, in the order of its rows.

    `min`, `max` and `mean` are those of the numbers. NaN and other values are skipped, booleans count as 1 and
    0. Without numbers they are None.
    """

    def __init__(self, values: Iterable[Value] = ()) -> None:
        self.first: Value = None
        self.last: Value = None
        self.min: int | float | None = None
        self.max: int | float | None = None
        self.count = 0
        self._numbers = 0
        self._sum = 0  # of the finite numbers, in units: exact
        self._infinite: set[float] = set()
        for value in values:
            self.add(value)

    def add(self, value: Value) -> None:
        """Add the value of the next row. None is skipped."""
        if value is None:
            return
        if not self.count:
            self.first = value
        self.last = value
        self.count += 1
        if isinstance(value, (int, float)) and value == value:
            self._add_number(int(value) if isinstance(value, bool) else value)

    def _add_number(self, number: float) -> None:
        self.min = number if self.min is None else min(self.min, number)
        self.max = number if self.max is None else max(self.max, number)
        self._numbers += 1
        if number in _INFINITE:
            self._infinite.add(number)
        else:
            numerator, denominator = number.as_integer_ratio()
            self._sum += numerator << _UNIT - denominator.bit_length() + 1

    @property
    def mean(self) -> float | Fraction | None:
        """The mean, rounded once; None also if it is not defined, as of infinity and minus infinity."""
        if self._infinite or not self._numbers:
            return next(iter(self._infinite)) if len(self._infinite) == 1 else None
        exact = Fraction(self._sum, self._numbers << _UNIT)
        try:
            return float(exact)
        except OverflowError:
            return exact
