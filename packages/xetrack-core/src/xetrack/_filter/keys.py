"""What the keys of a filter stand for: columns of `Reader.runs()`, params, and functions of logged keys."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from xetrack._filter.aggregates import aggregate
from xetrack._filter.mistake import mistake
from xetrack._filter.syntax import Key
from xetrack._rows.normalize import IDENTITY, decode
from xetrack._rows.runs import RUN_COLUMNS, run_seconds, run_utc, seconds_between
from xetrack._spec.engine import Engine
from xetrack._util.text import did_you_mean

__all__ = ["TIMES", "Keys"]

TIMES = frozenset({"started", "ended", "first", "last"})
"""Columns that hold times."""

_BUILT_IN = ("run", "age", "duration")
_NOTHING = object()
_MOST_LISTED = 8


class Keys:
    """Looks up keys in runs."""

    def __init__(self, runs: Sequence[Mapping[str, Any]], engine: Engine, table: str) -> None:
        self.runs = runs
        # The times of a reader in UTC are in UTC, and what its rows add up to is the same.
        self._engine = getattr(engine, "in_local_time", engine)
        self._in_utc = self._engine is not engine
        self._table = table
        self._now = datetime.now(UTC)
        self._found: dict[Key, list[Any]] = {}
        self._logged: list[str] | None = None

    def values(self, key: Key, text: str) -> list[Any]:
        """Return the value of `key` for each run, None where it is missing.

        Args:
            key: the key.
            text: the filter, for the error.

        Raises:
            FilterError: no run has the key.
        """
        if key not in self._found:
            self._found[key] = self._aggregated(key, text) if key.function else self._looked_up(key, text)
        return self._found[key]

    def _aggregated(self, key: Key, text: str) -> list[Any]:
        if not self.runs:
            return []
        if key.name not in self._columns():
            raise self._unknown(key, text, self._columns())
        found = aggregate(self._engine, self._table, key.name, key.function or "")
        missing = 0 if key.function == "count" else None
        return [decode(found.get(run["track_id"], missing)) for run in self.runs]

    def _looked_up(self, key: Key, text: str) -> list[Any]:
        found = [self._value(run, key.name) for run in self.runs]
        if found and all(value is _NOTHING for value in found):
            logged = dict.fromkeys(name for run in self.runs for name in run if name not in RUN_COLUMNS)
            known = logged | dict.fromkeys([*self._columns(), *_BUILT_IN, *RUN_COLUMNS])
            if key.name not in known:
                raise self._unknown(key, text, [*known])
        return [None if value is _NOTHING else value for value in found]

    def _value(self, run: Mapping[str, Any], name: str) -> Any:
        found = self._time(run, name) if name in TIMES else _nested(run, name)
        if found is _NOTHING or found is None:
            found = self._derived(run, name) if name in _BUILT_IN else _nested(decode(run["params"]), name)
        return found

    def _derived(self, run: Mapping[str, Any], name: str) -> Any:
        if name == "run":
            return run["track_id"]
        if name == "duration":
            return run_seconds(run)
        begin = "started" if run["started"] else "first"
        utc = run_utc(run, begin)
        now = self._now if utc else self._now.astimezone()
        return seconds_between(utc or run[begin], now.replace(tzinfo=None).isoformat(" ", "microseconds"))

    def _time(self, run: Mapping[str, Any], name: str) -> Any:
        """Return a time in the zone of whoever filters, which the dates in the filter are meant in."""
        utc = None if self._in_utc else run_utc(run, name)
        if utc is None:
            return run.get(name)
        here = datetime.fromisoformat(utc).replace(tzinfo=UTC).astimezone()
        return here.replace(tzinfo=None).isoformat(" ", "microseconds")

    def _columns(self) -> list[str]:
        if self._logged is None:
            self._logged = [name for name in self._engine.columns(self._table) if name not in IDENTITY]
        return self._logged

    @staticmethod
    def _unknown(key: Key, text: str, known: Sequence[str]) -> Exception:
        listed = f" Known: {', '.join(known[:_MOST_LISTED])}{', and more' * (len(known) > _MOST_LISTED)}."
        hint = did_you_mean(key.name, known) or (listed if known else "")
        return mistake(text, key.at, f"no run has a key {key.name!r}.{hint}")


def _nested(values: Any, name: str) -> Any:
    """Return the value under a name, or under a path such as `optimizer.lr`; `_NOTHING` if there is none."""
    if not isinstance(values, Mapping):
        return _NOTHING
    if name in values:
        return decode(values[name])
    head, dot, rest = name.partition(".")
    while dot:
        found = _nested(decode(values.get(head)), rest)
        if found is not _NOTHING:
            return found
        part, dot, rest = rest.partition(".")
        head = f"{head}.{part}"
    return _NOTHING
