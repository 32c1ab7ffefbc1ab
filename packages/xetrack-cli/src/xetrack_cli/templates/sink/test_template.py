"""The conformance tests, and tests of what this sink adds."""

import csv
from pathlib import Path

from xetrack import Tracker
from xetrack_testing import PackagingContract, SinkContract

from xetrack_cli.templates.sink.csvfile import COLUMNS, CsvSink


def read(path: Path) -> list[dict[str, str]]:
    """Read the lines of a CSV file."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


class TestContract(SinkContract):
    """The conformance tests for sinks."""

    def open(self, place: Path) -> CsvSink:
        """Open a sink in a folder."""
        return CsvSink(place / "values.csv")

    def read(self, place: Path) -> list[dict[str, int]]:
        """Return the value `n` of each row that sinks of that folder wrote."""
        path = place / "values.csv"
        return [{"n": int(line["value"])} for line in (read(path) if path.exists() else []) if line["key"] == "n"]


class TestPackaging(PackagingContract):
    """The conformance tests for distributions."""

    distribution = "template-distribution"


def test_every_value_is_a_line(tmp_path: Path) -> None:
    """Whatever keys a row has."""
    target = tmp_path / "folder" / "values.csv"
    with Tracker(tmp_path / "t.db", params={"lr": 0.1}, template_name=target) as tracker:
        tracker.log({"accuracy": 0.9})
        tracker.log({"note": 'a "comma", and\na line'})
    lines = read(target)
    assert tuple(lines[0]) == COLUMNS
    assert {line["track_id"] for line in lines} == {tracker.track_id}
    told = [(line["key"], line["value"]) for line in lines]
    assert told == [("lr", "0.1"), ("accuracy", "0.9"), ("lr", "0.1"), ("note", 'a "comma", and\na line')]


def test_the_head_is_written_once(tmp_path: Path) -> None:
    """Later trackers append to the file."""
    target = tmp_path / "values.csv"
    for number in range(2):
        with Tracker(tmp_path / "t.db", template_name=str(target)) as tracker:
            tracker.log({"number": number})
    assert [line["value"] for line in read(target)] == ["0", "1"]
