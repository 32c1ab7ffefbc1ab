"""Tables: when they exist, and what they may be called."""

import pytest

from xetrack.errors import InvalidTableError
from xetrack.plugin import Engine
from xetrack_testing.engine.fixtures import EngineFixtures
from xetrack_testing.rows import make_row, rows_of

__all__ = ["TablesContract"]


class TablesContract(EngineFixtures):
    """`tables`, and what methods return for a table that does not exist."""

    def test_a_missing_table_is_empty(self, engine: Engine) -> None:
        """Every method returns an empty result; none raises."""
        assert (engine.read("t"), rows_of(engine.read("t", track_id="a", tail=1))) == ({}, [])
        assert list(engine.scan("t")) == []
        assert (engine.count("t"), engine.columns("t"), engine.runs("t"), engine.latest_run("t")) == (0, {}, [], None)
        assert (engine.update("t", "x", 1), engine.delete("t", "a")) == (0, 0)
        engine.drop("t")
        assert engine.tables() == []

    def test_tables_are_separate_and_sorted(self, engine: Engine) -> None:
        """Names that need quoting included."""
        names = ["zebra", "a table", "events", 'quo"ted', "日本", "select", "x'y"]
        for number, name in enumerate(names):
            engine.append(name, [make_row(0, {"n": number})])
        assert engine.tables() == sorted(names)
        assert [rows_of(engine.read(name))[0]["n"] for name in names] == list(range(len(names)))

    def test_default_is_an_alias_of_events(self, engine: Engine) -> None:
        """`"default"` was the default table of xetrack 0.x."""
        engine.append("default", [make_row(0, {"n": 0})])
        engine.append("events", [make_row(1, {"n": 1})])
        assert engine.count("events") == engine.count("default") == 2
        assert engine.tables() == ["events"]

    @pytest.mark.parametrize(
        "name", ["", "xetrack_runs", "XETRACK_x", "sqlite_master", "assets", "keys", "counts", "a\0b"]
    )
    def test_reserved_table_names_are_refused(self, engine: Engine, name: str) -> None:
        """Nothing is stored."""
        with pytest.raises(InvalidTableError):
            engine.append(name, [make_row(0)])
        assert engine.tables() == []
