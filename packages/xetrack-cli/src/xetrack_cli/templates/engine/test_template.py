"""Tests of the plugin: the contracts of xetrack, and what is specific to this engine."""

import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xetrack import Reader, Tracker
from xetrack.errors import NotADatabaseError
from xetrack.plugin import Engine, Row
from xetrack_testing import EngineContract, PackagingContract, check_round_trip, make_row, rows

from xetrack_cli.templates.engine.engine import SqlEngine


class TestContract(EngineContract):
    """The contract of engines."""

    durable = shared = processes = True
    name = "template_name"
    impatient = {"template_name_timeout": 0.1}  # noqa: RUF012

    def open(self, place: Path) -> SqlEngine:
        """Open an engine on a file in a folder."""
        return SqlEngine(self.url(place))

    def url(self, place: Path) -> str:
        """Return what users pass as `db`. On a server, derive a name from the place, and drop it in `close_store`."""
        return str(place / "rows.db")

    def lose_connection(self, engine: Engine) -> None:
        """Close the driver's connection. On a server, end the session from another one."""
        engine.conn.close()


class TestPackaging(PackagingContract):
    """The contract of distributions."""

    distribution = "template-distribution"


@settings(deadline=None, max_examples=30)  # a busy machine fails no test
@given(st.lists(rows(), max_size=10))
def test_rows_come_back_exactly(wanted: list[Row]) -> None:
    """Any keys and values."""
    with tempfile.TemporaryDirectory() as folder, closing(SqlEngine(f"{folder}/rows.db")) as engine:
        check_round_trip(engine, wanted)


def test_sql_sees_typed_columns(tmp_path: Path) -> None:
    """Values that a column cannot hold are in the extra."""
    with Tracker(tmp_path / "rows.db", engine="template_name") as tracker:
        tracker.log({"accuracy": 0.9, "Name": "a"})
        tracker.log({"accuracy": float("nan")})
    with Reader(tmp_path / "rows.db", engine="template_name") as reader:
        found = reader.engine.conn.execute("SELECT accuracy, xetrack_extra FROM db.events").fetchall()
        assert reader.engine.columns("events")["accuracy"] == "REAL"
    assert found == [(0.9, '{"Name": "a"}'), (None, '{"accuracy": {"float": "nan"}}')]


@pytest.mark.parametrize("content", [b"another file", b""])
def test_another_file_is_refused_by_readers(tmp_path: Path, content: bytes) -> None:
    """It stays unchanged."""
    path = tmp_path / "rows.db"
    path.write_bytes(content)
    with pytest.raises(NotADatabaseError, match=r"rows\.db"):
        SqlEngine(str(path), read_only=True)
    assert path.read_bytes() == content


def test_keys_beyond_the_columns_of_a_table(tmp_path: Path) -> None:
    """The table stays narrow."""
    with closing(SqlEngine(str(tmp_path / "rows.db"))) as engine:
        engine.append("events", [make_row(0, {f"k{number}": number for number in range(500)})])
        ((width,),) = engine.conn.execute("SELECT count(*) FROM pragma_table_info('events', 'db')").fetchall()
        assert (width < 300, len(engine.columns("events"))) == (True, 502)
