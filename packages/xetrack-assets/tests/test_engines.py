"""The store works with every engine that offers SQLite's SQL, whatever its class, and leaves others alone."""

import pytest

from xetrack import Plugin, Provider, Reader, Tracker
from xetrack.errors import OptionError
from xetrack.plugin import SqlTables
from xetrack.sqlite import SqliteEngine


class Tables:
    """The SQL of an engine, as another package would wrap it."""

    def __init__(self, sql, dialect):
        self._sql = sql
        self.dialect = dialect

    @property
    def exists(self):
        return self._sql.exists

    @property
    def in_transaction(self):
        return self._sql.in_transaction

    def query(self, sql, parameters=()):
        return self._sql.query(sql, parameters)

    def compact(self):
        self._sql.compact()


class Wrapped:
    """An engine that is not SQLite's to look at."""

    def __init__(self, engine, dialect):
        self._engine = engine
        self.sql = Tables(engine.sql, dialect)

    def __getattr__(self, name):
        if name == "database":
            raise AttributeError(name)
        return getattr(self._engine, name)


class Wraps(Plugin):
    dialect = "sqlite"

    def xetrack_engines(self):
        return [Provider("wrapped", self.open)]

    def open(self, _, context):
        return Wrapped(SqliteEngine(context.db, read_only=context.read_only), self.dialect)


class Foreign(Wraps):
    dialect = "another"


def fail_after_inserting(tracker, value):
    with tracker.engine.transaction():
        assert tracker.assets.insert(value) in tracker.assets
        raise ZeroDivisionError


def test_objects_are_stored_in_the_transactions_of_any_engine_with_sql(tmp_path):
    with Tracker(tmp_path / "track.db", engine="wrapped", plugins=[Wraps]) as tracker:
        assert isinstance(tracker.engine.sql, SqlTables)
        kept = tracker.log({"x": range(3)})["x"]
        with pytest.raises(ZeroDivisionError):
            fail_after_inserting(tracker, range(4))
        assert (tracker.get(kept), tracker.assets.keys()) == (range(3), [kept])
        idle = tracker.assets.insert(range(5))
        assert tracker.assets.collect() == [idle]
    with Reader(tmp_path / "track.db") as reader:
        assert reader.assets.get("x") == range(3)


def test_an_engine_of_another_dialect_is_left_to_other_stores(tmp_path):
    with pytest.raises(OptionError, match="Objects need a SQLite database"):
        Tracker(
            tmp_path / "track.db", engine="wrapped", plugins=[Foreign], assets=tmp_path / "objects", warnings=False
        ).log({"x": range(3)})
    with Tracker(tmp_path / "other.db", engine="wrapped", plugins=[Foreign], warnings=False) as tracker:
        assert tracker.log({"x": range(3)})["x"] == "range(0, 3)"
