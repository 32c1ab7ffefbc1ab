"""What every `xt` command promises: one test per promise of the hook `xetrack_commands`."""

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

from xetrack import Tracker
from xetrack.errors import OptionError, XetrackError
from xetrack.plugin import Context, Terminal
from xetrack_testing.contract import Contract

__all__ = ["CommandContract", "RecordingTerminal"]

DB = "DB"
_SIDE_FILES = ("-wal", "-shm")


class RecordingTerminal:
    """A terminal that records tables in `shown`, as pairs of rows and style, and lines in `told`."""

    def __init__(self) -> None:
        self.shown: list[tuple[list[dict[str, Any]], str]] = []
        self.told: list[str] = []

    def arguments(self, words: Sequence[str] | None, *names: str) -> list[str]:
        """Check the arguments, like `Terminal.arguments`, without $XETRACK_DB."""
        given, least = list(words or ()), 1 + sum(not name.startswith("[") for name in names)
        most = len(given) if any(name.endswith("...") for name in names) else 1 + len(names)
        if not least <= len(given) <= most:
            raise OptionError(f"Expected the arguments DB {' '.join(names)}, got {given}.")
        return given

    def show(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = (), style: str = "") -> None:
        """Record rows, with the selected columns."""
        assert style in {"", "json", "csv", "markdown"}, f"unknown style {style!r}"
        keys = list(columns or dict.fromkeys(key for row in rows for key in row))
        self.shown.append(([{key: row.get(key) for key in keys} for row in rows], style))

    def tell(self, text: str) -> None:
        """Record a line."""
        assert isinstance(text, str)
        self.told.append(text)


class CommandContract(Contract):
    """Subclass it as `Test...`, define how to open your command and which command lines to run, and run pytest.

    ```python
    class TestMyCommand(CommandContract):
        looks = (["list", "DB"], ["list", "DB", "--json"])
        changes = (["forget", "DB", "run-1"],)
        open = staticmethod(my_package.open_commands)
    ```

    `open` is the provider's `open`: its arguments are None and a `Context`. `looks` are command lines that only read
    and work on every database; `changes` are command lines that write. The word DB stands for the database, or whatever
    `full`, `empty` and `missing` return. Requires typer, a dependency of xetrack-cli.
    """

    looks: ClassVar[Sequence[Sequence[str]]]
    changes: ClassVar[Sequence[Sequence[str]]] = ()

    @abstractmethod
    def open(self, options: None, context: Context, /) -> Any:
        """The provider's `open`."""

    def full(self, place: Path) -> str:
        """Return what DB stands for: by default a database with two runs, `run-1` and `run-2`."""
        path = place / "full.db"
        for run in ("run-1", "run-2"):
            with Tracker(path, track_id=run, params={"model": "resnet18", "lr": 0.1}) as tracker:
                for epoch in range(3):
                    tracker.log({"accuracy": epoch / 10, "epoch": epoch, "text": "日本", "odd": float("nan")})
        return str(path)

    def empty(self, place: Path) -> str:
        """Return what DB stands for if there are no rows: by default a database whose only run was deleted."""
        path = place / "empty.db"
        with Tracker(path, track_id="run-1") as tracker:
            tracker.log({"x": 1})
            tracker.engine.delete(tracker.table, "run-1")
        return str(path)

    def missing(self, place: Path) -> str:
        """Return what DB stands for if there is no database."""
        return str(place / "missing.db")

    def command(self, terminal: Terminal | None) -> Any:
        """Return the command as a click command."""
        typer = _typer()
        app = self.open(None, Context("", terminal=terminal))
        assert isinstance(app, typer.Typer), f"open must return a typer.Typer, not {app!r}"
        return typer.main.get_command(app)

    def run(self, words: Sequence[str], db: str) -> RecordingTerminal:
        """Run a command line as `xt` does, with `db` in place of the word DB."""
        terminal = RecordingTerminal()
        line = [db if word == DB else word for word in words]
        code = self.command(terminal)(line, prog_name="xt", standalone_mode=False)
        assert not code, f"{line} exited with code {code}"
        return terminal

    def test_it_has_a_summary(self) -> None:
        """The first line of the docstring of `open`, which `xt --help` shows without opening anything."""
        summary = (self.open.__doc__ or "").strip().partition("\n")[0]
        assert 10 <= len(summary) <= 100, f"the summary must have 10 to 100 characters: {summary!r}"
        assert summary != (CommandContract.open.__doc__ or "").strip(), "open has no docstring of its own"

    def test_every_command_has_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Including each subcommand."""
        typer = _typer()
        command = self.command(RecordingTerminal())
        context = typer.Context(command)
        for name in command.list_commands(context) if hasattr(command, "list_commands") else [""]:
            command([*([name] if name else []), "--help"], prog_name="xt", standalone_mode=False)
            assert "Usage: xt" in capsys.readouterr().out
            each = command.get_command(context, name) if name else command
            assert (each.help or "").strip(), f"{name or 'the command'} has no help"

    def test_a_full_database_is_shown(self, tmp_path: Path) -> None:
        """Each of `looks` shows rows or a line."""
        db = self.full(tmp_path)
        assert self.looks
        for words in self.looks:
            terminal = self.run(words, db)
            assert any(rows for rows, _ in terminal.shown) or terminal.told, words

    def test_an_empty_database_is_accepted(self, tmp_path: Path) -> None:
        """Each of `looks` shows nothing, or raises an error of xetrack."""
        db = self.empty(tmp_path)
        for words in self.looks:
            with suppress(XetrackError):
                self.run(words, db)

    def test_a_missing_database_is_an_error(self, tmp_path: Path) -> None:
        """An `XetrackError` or `OSError`, which `xt` shows as one line. No file is created."""
        before = sorted(tmp_path.iterdir())
        for words in (*self.looks, *self.changes):
            with pytest.raises((XetrackError, OSError)) as caught:
                self.run(words, self.missing(tmp_path))
            assert str(caught.value), words
        assert sorted(tmp_path.iterdir()) == before

    def test_an_unknown_option_is_an_error(self, tmp_path: Path) -> None:
        """A usage error."""
        typer = _typer()
        db = self.full(tmp_path)
        for words in self.looks:
            with pytest.raises((XetrackError, typer.TyperException)):
                self.run([*words, "--no-such-option"], db)

    def test_output_goes_to_the_terminal(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """The terminal formats tables for people and programs; nothing is printed directly."""
        db = self.full(tmp_path)
        for words in self.looks:
            self.run(words, db)
        assert tuple(capfd.readouterr()) == ("", "")

    def test_a_look_changes_nothing(self, tmp_path: Path) -> None:
        """Neither the database nor other files."""
        db = self.full(tmp_path)
        before = _contents(tmp_path)
        for words in self.looks:
            self.run(words, db)
        assert _contents(tmp_path) == before

    def test_a_change_changes_something(self, tmp_path: Path) -> None:
        """Each of `changes` changes a database, and reports it."""
        if not self.changes:
            pytest.skip(f"{type(self).__name__} declares no command lines that change anything")
        for number, words in enumerate(self.changes):
            place = tmp_path / str(number)
            place.mkdir()
            db = self.full(place)
            before = _contents(place)
            terminal = self.run(words, db)
            assert _contents(place) != before, words
            assert terminal.told or terminal.shown, words

    def test_without_a_terminal_it_says_so(self) -> None:
        """Opening the command outside `xt` raises an error."""
        with pytest.raises((XetrackError, ValueError, RuntimeError)):
            self.command(None)


def _typer() -> Any:
    return pytest.importorskip("typer", reason="commands need typer: pip install xetrack-cli")


def _contents(folder: Path) -> dict[str, str]:
    """Return a digest of each file, except the files that SQLite keeps beside an open database."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(_SIDE_FILES)
    }
