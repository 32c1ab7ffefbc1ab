"""The conformance tests, and tests of what this command shows."""

import json
from pathlib import Path

import pytest
from xetrack import Tracker
from xetrack_cli.main import run
from xetrack_testing import CommandContract, PackagingContract

from xetrack_cli.templates.command import open_commands


class TestContract(CommandContract):
    """The conformance tests for commands."""

    looks = (["DB"], ["DB", "--json"])
    open = staticmethod(open_commands)


class TestPackaging(PackagingContract):
    """The conformance tests for distributions."""

    distribution = "template-distribution"


@pytest.fixture
def db(tmp_path: Path) -> str:
    """Make a database with two tables."""
    path = tmp_path / "t.db"
    for table, count in (("events", 3), ("other", 1)):
        with Tracker(path, table=table) as tracker:
            for number in range(count):
                tracker.log({"number": number})
    return str(path)


def test_every_table_is_counted(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON."""
    assert run(["template_name", db, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"table": "events", "runs": 1, "failed": 0, "rows": 3},
        {"table": "other", "runs": 1, "failed": 0, "rows": 1},
    ]


def test_a_table_for_people(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Like those of all other commands."""
    assert run(["template_name", db]) == 0
    assert "| events" in capsys.readouterr().out


def test_help_tells_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """With the first line of the docstring of `open_commands`."""
    assert run(["--help"]) == 0
    assert "Count the runs and rows of every table." in capsys.readouterr().out
