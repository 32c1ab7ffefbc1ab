"""The contract of distributions, and what is specific to this plugin."""

from pathlib import Path

import pytest
from xetrack import Tracker
from xetrack.errors import OptionError
from xetrack_testing import PackagingContract


class TestPackaging(PackagingContract):
    """What xetrack promises about distributions."""

    distribution = "xetrack-markdown"


def test_rows_of_a_tracker_are_lines_of_a_table(tmp_path: Path) -> None:
    """The table has the chosen columns; missing values are empty cells."""
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"markdown": "results.md"}, "needs markdown_columns="),
        ({"markdown": "results.md", "markdown_columns": "epoch"}, "needs markdown_columns="),
        ({"markdown_columns": ["epoch"]}, "needs markdown="),
        ({"markdwon": "results.md"}, "Did you mean 'markdown'"),
    ],
)
def test_invalid_options_are_refused(tmp_path: Path, options: dict[str, object], message: str) -> None:
    """Nothing is written."""
    with pytest.raises(OptionError, match=message):
        Tracker(tmp_path / "t.db", **options)  # type: ignore[arg-type] # invalid on purpose
    assert list(tmp_path.iterdir()) == []
