"""Tests of the plugin: the contracts of xetrack, and what is specific to this command."""

import json
from pathlib import Path

import pytest
from xetrack import Tracker
from xetrack_cli.main import run
from xetrack_testing import CommandContract, PackagingContract

from xetrack_cli.templates.command import open_commands


class TestContract(CommandContract):
    """The contract of commands."""

    looks = (["DB"], ["DB", "--json"])
    open = staticmethod(open_commands)


class TestPackaging(PackagingContract):
    """The contract of distributions."""

    distribution = "template-distribution"


@pytest.fixture
def db(tmp_path: Path) -> str:
    """Create a database with two tables."""
    path = tmp_path / "t.db"
    for table, count in (("events", 3), ("other", 1)):
        with Tracker(path, table=table) as tracker:
            for number in range(count):
                tracker.log({"number": number})
    return str(path)


def test_every_table_is_counted(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Output as JSON."""
    assert run(["template_name", db, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"table": "events", "runs": 1, "failed": 0, "rows": 3},
        {"table": "other", "runs": 1, "failed": 0, "rows": 1},
    ]


def test_it_draws_a_table(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In the style of all commands."""
    assert run(["template_name", db]) == 0
    assert "| events" in capsys.readouterr().out


def test_help_lists_it(capsys: pytest.CaptureFixture[str]) -> None:
    """With the summary of `open_commands`."""
    assert run(["--help"]) == 0
    assert "Count the runs and rows of every table." in capsys.readouterr().out
