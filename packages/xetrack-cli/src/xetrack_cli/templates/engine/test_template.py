"""The conformance tests, and tests of what this engine adds."""

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xetrack import Reader, Tracker
from xetrack.errors import DatabaseNotFoundError, DatabaseReadOnlyError, NotADatabaseError
from xetrack.plugin import Row
from xetrack_testing import EngineContract, PackagingContract, check_round_trip, make_row, rows

from xetrack_cli.templates.engine.journal import JournalEngine


class TestContract(EngineContract):
    """The conformance tests for engines."""

    durable = True

    def open(self, place: Path) -> JournalEngine:
        """Open an engine on the file in a folder."""
        return JournalEngine(str(place / "rows.jsonl"))


class TestPackaging(PackagingContract):
    """The conformance tests for distributions."""

    distribution = "template-distribution"


@given(st.lists(rows(), max_size=10))
def test_what_is_logged_is_what_is_read(wanted: list[Row]) -> None:
    """With any keys and values."""
    with closing(JournalEngine(":memory:")) as engine:
        check_round_trip(engine, wanted)


def test_a_tracker_and_a_reader_find_it(tmp_path: Path) -> None:
    """By its name."""
    with Tracker(tmp_path / "rows.jsonl", engine="template_name") as tracker:
        tracker.log({"accuracy": 0.9})
    with Reader(tmp_path / "rows.jsonl", engine="template_name") as reader:
        [row] = reader.to_dicts()
    assert (row["accuracy"], row["track_id"]) == (0.9, tracker.track_id)


def test_half_a_line_is_dropped(tmp_path: Path) -> None:
    """A killed process may leave one, of a change that had not returned."""
    path = tmp_path / "rows.jsonl"
    with closing(JournalEngine(str(path))) as engine:
        engine.append("events", [make_row(0)])
    with path.open("ab") as file:
        file.write(b'[["append", ["eve')
    for count in (1, 2):
        with closing(JournalEngine(str(path))) as engine:
            assert engine.count("events") == count
            engine.append("events", [make_row(count)])


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    """And creates no file."""
    path = tmp_path / "rows.jsonl"
    with pytest.raises(DatabaseNotFoundError):
        JournalEngine(str(path), read_only=True)
    JournalEngine(str(path)).close()
    with closing(JournalEngine(str(path), read_only=True)) as engine, pytest.raises(DatabaseReadOnlyError):
        engine.append("events", [make_row(0)])


@pytest.mark.parametrize("text", ["not json\n", '[["close", [], {"dict": []}]]\n', "[1]\n", "[[]]\n"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    """And is left unchanged."""
    path = tmp_path / "rows.jsonl"
    path.write_text(text)
    with pytest.raises(NotADatabaseError, match=r"rows\.jsonl"):
        JournalEngine(str(path))
    assert path.read_text() == text
