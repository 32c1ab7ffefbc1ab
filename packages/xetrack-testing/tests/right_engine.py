"""A correct engine to derive broken ones from: `MemoryEngine`, made durable and shared."""

import json
from typing import ClassVar

from xetrack.plugin import IDENTITY, MemoryEngine
from xetrack_testing import EngineContract
from xetrack_testing.engine.connections import ConnectionsContract
from xetrack_testing.engine.forks import ForksContract
from xetrack_testing.engine.kills import KillsContract
from xetrack_testing.engine.locks import LocksContract
from xetrack_testing.engine.names import NamesContract
from xetrack_testing.engine.processes import ProcessesContract
from xetrack_testing.engine.readers import ReadersContract

ELSEWHERE = (
    ConnectionsContract,
    ForksContract,
    KillsContract,
    LocksContract,
    NamesContract,
    ProcessesContract,
    ReadersContract,
)
"""What a file is needed for: proven with the engines of `right_process_engine`."""


class Engine(MemoryEngine):
    """A memory engine whose rows are kept per folder, so that it can be reopened and shared."""

    shelves: ClassVar = {}

    def __init__(self, place):
        self.shelf = self.shelves.setdefault(place, {})
        kept = dict(self.shelf)
        super().__init__()
        self.shelf.update(kept)

    def close(self):
        self._closed = True


for part in ("_tables", "_numbers", "_log", "_metadata", "_count", "_runs", "_lock"):
    kept = property(
        lambda self, part=part: self.shelf[part], lambda self, value, part=part: self.shelf.update({part: value})
    )
    setattr(Engine, part, kept)


class Right(EngineContract):
    durable = shared = True
    made = Engine

    def open(self, place):
        return self.made(place)


for contract in ELSEWHERE:
    for test in [name for name in vars(contract) if name.startswith("test_")]:
        setattr(Right, test, None)


def as_json(row):
    """Return a row after a round trip through JSON."""
    return {key: value if key in IDENTITY else through_json(value) for key, value in row.items()}


def through_json(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return json.loads(json.dumps(value))


class Spoils(Engine):
    """Stores rows as `spoil` changes them."""

    def append(self, table, rows):
        before = len(self._rows(table))
        super().append(table, rows)
        kept = self._rows(table)
        kept[before:] = [self.spoil(row, kept) for row in kept[before:]]

    def spoil(self, row, kept):
        return row
