"""What the plugin promises, seen through `xt`, which finds it installed."""

import json
from pathlib import Path

import pytest
from xetrack import Tracker
from xetrack_cli.main import run


@pytest.fixture
def db(tmp_path: Path) -> str:
    """A database with two tables."""
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
    """As all other commands draw them."""
    assert run(["template_name", db]) == 0
    assert "| events" in capsys.readouterr().out


def test_a_database_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and an exit code."""
    assert run(["template_name", str(tmp_path / "none.db")]) == 1
    assert "there is no such database" in capsys.readouterr().err


def test_help_tells_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """With the first line of the docstring of `open_commands`."""
    assert run(["--help"]) == 0
    assert "Count the runs and rows of every table." in capsys.readouterr().out
