"""Where rows were logged first, so that the same row again is told from a different row of the same run and time.

The origin of a row is the id of the database that logged it, and the time under which that has it. A run that comes
from one database needs one entry: the id. Where several databases logged rows of one run, each row that is not from
the first of them has an entry of its own, in the metadata of the database that holds it.
"""

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from xetrack._spec.engine import Engine, run_key
from xetrack._spec.types import Row

__all__ = ["Origin", "Origins", "identity", "own_identity", "time_of"]


class Origin(NamedTuple):
    """Where a row was logged: the id of the database, and the row's time there."""

    file: str
    timestamp: str


class Origins:
    """The origins of one run's rows in one database.

    Attributes:
        files: the ids of the databases that logged the run, the first one the default. Empty if nothing is on record.
        mixed: whether single rows have entries.
    """

    def __init__(self, engine: Engine, table: str, track_id: str, record: str | None) -> None:
        self._engine = engine
        self._run = run_key(table, track_id)
        self.files: list[str]
        self.mixed: bool
        self.files, self.mixed = json.loads(record) if record else ([], False)

    @classmethod
    def load(cls, engine: Engine, table: str, track_ids: Iterable[str]) -> dict[str, "Origins"]:
        """Return the origins of several runs."""
        keys = {run: f"{run_key(table, run)}origins" for run in track_ids}
        records = engine.metadata(list(keys.values()))
        return {run: cls(engine, table, run, records.get(key)) for run, key in keys.items()}

    def of(self, timestamps: Sequence[str], default: str) -> dict[str, Origin]:
        """Return the origins of the rows with these times."""
        first = self.files[0] if self.files else default
        origins = {time: Origin(first, time) for time in timestamps}
        if self.mixed:
            keys = {f"{self._run}origin/{time}": time for time in timestamps}
            for key, text in self._engine.metadata(list(keys)).items():
                origins[keys[key]] = Origin(*json.loads(text))
        return origins

    def moved(self, origins: Iterable[Origin]) -> dict[Origin, str]:
        """Return the times here of those rows whose own times were taken."""
        if not self.mixed:
            return {}
        keys = {self._moved_key(origin): origin for origin in origins}
        return {keys[key]: time for key, time in self._engine.metadata(list(keys)).items()}

    def add(self, files: Sequence[str], places: Mapping[str, Origin] | None = None) -> None:
        """Record databases that logged the run, and the origins of single rows by their times here."""
        entries: dict[str, str | None] = {}
        for time, origin in (places or {}).items():
            is_default = origin == (self.files[0], time)
            entries[f"{self._run}origin/{time}"] = None if is_default else json.dumps(origin)
            if time != origin.timestamp:
                entries[self._moved_key(origin)] = time
        known = [*self.files, *(file for file in dict.fromkeys(files) if file not in self.files)]
        mixed = self.mixed or bool(places)
        if (known, mixed) != (self.files, self.mixed):
            self.files, self.mixed = known, mixed
            entries[f"{self._run}origins"] = json.dumps([known, mixed])
        if entries:
            self._engine.set_metadata(entries)

    def _moved_key(self, origin: Origin) -> str:
        return f"{self._run}moved/{origin.file}/{origin.timestamp}"


def identity(engine: Engine, db: str) -> str:
    """Return the id of a database. A file of an old version that has none is known by its path."""
    return engine.metadata(["id"]).get("id") or hashlib.sha256(f"{platform.node()} {db}".encode()).hexdigest()[:32]


def own_identity(engine: Engine) -> str:
    """Return the id of a database that is written to, giving it one if it is new."""
    known = engine.metadata(["id"]).get("id")
    if known is None:
        engine.set_metadata({})  # engines store their id with the first thing they store
    return known or engine.metadata(["id"])["id"]


def time_of(row: Row) -> str:
    """Return the time of a row."""
    return str(row["timestamp"])
