"""What the plugin promises: all that every sink does, and what this one does beyond."""

import re
from pathlib import Path

import pytest
from xetrack import Tracker
from xetrack.errors import OptionError
from xetrack_testing import PackagingContract, SinkContract

from xetrack_markdown.table import MarkdownTable


def cells(path: Path) -> list[list[str]]:
    """The cells of the table in a file, without its head."""
    lines = path.read_bytes().decode().split("\n")[2:-1] if path.exists() else []
    return [re.findall(r" ((?:\\.|[^|\\])*?) \|", line) for line in lines]


class TestContract(SinkContract):
    """The tests of xetrack for sinks."""

    def open(self, place: Path) -> MarkdownTable:
        """A sink of a folder."""
        return MarkdownTable(place / "rows.md", ["n", "x"])

    def read(self, place: Path) -> list[dict[str, int]]:
        """What sinks of that folder wrote."""
        return [{"n": int(number)} for number, _ in cells(place / "rows.md")]


class TestPackaging(PackagingContract):
    """The tests of xetrack for distributions."""

    distribution = "xetrack-markdown"


def test_rows_of_a_tracker_are_lines_of_a_table(tmp_path: Path) -> None:
    """Of the columns that were chosen; what a row lacks is an empty cell."""
    target = tmp_path / "folder" / "results.md"
    with Tracker(tmp_path / "t.db", markdown=target, markdown_columns=["epoch", "note"]) as tracker:
        tracker.log({"epoch": 1, "loss": 0.3})
        tracker.log({"epoch": 2, "note": "a|b_c,\nand <d>"})
    assert target.read_text(encoding="utf-8").splitlines() == [
        "| epoch | note |",
        "| --- | --- |",
        "| 1 |  |",
        r"| 2 | a\|b\_c,<br>and \<d\> |",
    ]


def test_a_table_of_other_columns_is_left_alone(tmp_path: Path) -> None:
    """The tracker is not made, and says why."""
    target = tmp_path / "results.md"
    target.write_text("# My results\n", encoding="utf-8")
    with pytest.raises(OptionError, match="is no table of the columns"):
        Tracker(tmp_path / "t.db", markdown=target, markdown_columns=["epoch"])
    assert target.read_text(encoding="utf-8") == "# My results\n"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"markdown": "results.md"}, "needs the columns"),
        ({"markdown": "results.md", "markdown_columns": "epoch"}, "needs the columns"),
        ({"markdown_columns": ["epoch"]}, "say in which file"),
        ({"markdwon": "results.md"}, "Did you mean 'markdown'"),
    ],
)
def test_wrong_options_are_told(tmp_path: Path, options: dict[str, object], told: str) -> None:
    """Before anything is written."""
    with pytest.raises(OptionError, match=told):
        Tracker(tmp_path / "t.db", **options)  # type: ignore[arg-type] # they are wrong
    assert list(tmp_path.iterdir()) == []
