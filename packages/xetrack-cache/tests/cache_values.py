"""Values for the tests of keys, made alike by every process that imports this."""

import collections
import datetime as dt
import decimal
import enum
import fractions
import functools
import pathlib
import re
import uuid
from dataclasses import dataclass, field


class Config:
    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return hash(self.value)

    def __eq__(self, other):
        return isinstance(other, Config) and self.value == other.value


class Other(Config):
    pass


class HashableList:
    def __init__(self, items):
        self.items = tuple(items)

    def __hash__(self):
        return hash(self.items)

    def __eq__(self, other):
        return isinstance(other, HashableList) and self.items == other.items


class Slotted:
    __slots__ = ("one", "two")

    def __init__(self, one, two):
        self.one = one
        self.two = two

    def __hash__(self):
        return hash((self.one, self.two))

    def __eq__(self, other):
        return (self.one, self.two) == (other.one, other.two)


class Keyed:
    def __init__(self, name):
        self.name = name
        self.noise = object()

    def __cache_key__(self):
        return self.name


class Numbers(tuple):
    __slots__ = ()


class Tags(frozenset):
    __slots__ = ()


class Count(int):
    pass


class Text(str):
    __slots__ = ()


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Level(enum.IntEnum):
    LOW = 1


class Flags(enum.Flag):
    A = 1
    B = 2


class Names(enum.StrEnum):
    A = "a"


@dataclass(frozen=True)
class Point:
    x: float
    y: float = 0.0
    label: str = field(default="", compare=False)


@dataclass(frozen=True)
class Pixel:
    x: float
    y: float = 0.0


Pair = collections.namedtuple("Pair", "left right")  # noqa: PYI024 - one without types


def double(x):
    return 2 * x


def triple(x):
    return 3 * x


HASHABLE = {
    "none": None,
    "true": True,
    "one": 1,
    "minus one": -1,
    "minus two": -2,
    "big": 2**61,
    "bigger": 2**61 - 1,
    "huge": 10**60,
    "float": 1.0,
    "minus zero": -0.0,
    "nan": float("nan"),
    "inf": float("inf"),
    "complex": 1 + 0j,
    "text": "one",
    "unicode": "größe\ud800",
    "empty": "",
    "bytes": b"one",
    "tuple": (1, "a", None),
    "nested": ((1,), 2),
    "frozenset": frozenset({"a", "b", "c", "d"}),
    "nested frozenset": frozenset({frozenset({"a", "b"}), frozenset({"c"})}),
    "range": range(5),
    "ellipsis": ...,
    "decimal": decimal.Decimal(2),
    "fraction": fractions.Fraction(1, 3),
    "date": dt.date(2026, 1, 2),
    "time zone": dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    "timedelta": dt.timedelta(seconds=1),
    "uuid": uuid.UUID(int=5),
    "path": pathlib.PurePosixPath("/a/b"),
    "pattern": re.compile("a+"),
    "config": Config("production"),
    "config of -1": Config(-1),
    "other": Other("production"),
    "list": HashableList([1, 2, 3]),
    "slotted": Slotted(1, "b"),
    "keyed": Keyed("a"),
    "tuple subclass": Numbers((1, 2)),
    "set subclass": Tags({"a", "b", "c"}),
    "int subclass": Count(3),
    "str subclass": Text("a"),
    "enum": Colour.RED,
    "int enum": Level.LOW,
    "flags": Flags.A | Flags.B,
    "str enum": Names.A,
    "point": Point(1.0, 2.0, "here"),
    "pixel": Pixel(1.0, 2.0),
    "namedtuple": Pair(1, "b"),
    "class": Config,
    "function": double,
    "builtin": len,
    "method": Config("a").__eq__,
    "partial": functools.partial(double, 3),
}

CONTENT = {
    "list": [1, "a", [2]],
    "dict": {"b": 1, "a": {"c": 2}},
    "set": {"a", "b", "c", "d"},
    "bytearray": bytearray(b"abc"),
    "list of sets": [{"x", "y", "z"}, {1, 2}],
    "ordered": collections.OrderedDict(a=1, b=2),
    "counter": collections.Counter("abca"),
    "deque": collections.deque([1, 2], maxlen=3),
}
