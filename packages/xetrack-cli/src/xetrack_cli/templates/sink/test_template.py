"""What the plugin promises, seen through a tracker that finds it installed."""

import csv
from pathlib import Path

from xetrack import Tracker

from xetrack_cli.templates.sink.csvfile import COLUMNS


def read(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_value_is_a_line(tmp_path: Path) -> None:
    """Whatever the keys of a row."""
    target = tmp_path / "folder" / "values.csv"
    with Tracker(tmp_path / "t.db", params={"lr": 0.1}, template_name=target) as tracker:
        tracker.log({"accuracy": 0.9})
        tracker.log({"note": 'a "comma", and\na line'})
    lines = read(target)
    assert tuple(lines[0]) == COLUMNS
    assert {line["track_id"] for line in lines} == {tracker.track_id}
    told = [(line["key"], line["value"]) for line in lines]
    assert told == [("lr", "0.1"), ("accuracy", "0.9"), ("lr", "0.1"), ("note", 'a "comma", and\na line')]


def test_a_file_is_added_to(tmp_path: Path) -> None:
    """Its head is written once."""
    target = tmp_path / "values.csv"
    for number in range(2):
        with Tracker(tmp_path / "t.db", template_name=target) as tracker:
            tracker.log({"number": number})
    assert [line["value"] for line in read(target)] == ["0", "1"]


def test_what_is_flushed_can_be_read(tmp_path: Path) -> None:
    """While the tracker goes on."""
    target = tmp_path / "values.csv"
    with Tracker(tmp_path / "t.db", template_name=str(target)) as tracker:
        tracker.log({"number": 1})
        tracker.flush()
        assert [line["value"] for line in read(target)] == ["1"]
        assert tracker.losses == {}
