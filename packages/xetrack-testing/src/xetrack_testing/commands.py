"""What every command of `xt` promises, as tests: one test a promise of the hook `xetrack_commands`."""
# ruff: noqa: PLR2004, S101 - a test asserts, compares with plain numbers, and raises inside of blocks

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

from xetrack.errors import OptionError, XetrackError
from xetrack.plugin import Context, Terminal
from xetrack.tracker import Tracker
from xetrack_testing.contract import Contract

__all__ = ["CommandContract", "RecordingTerminal"]

DB = "DB"
_AFTERMATH = ("-wal", "-shm")


class RecordingTerminal:
    """A terminal that keeps what commands show: `shown`, a pair of rows and style a table, and `told`, the lines."""

    def __init__(self) -> None:
        self.shown: list[tuple[list[dict[str, Any]], str]] = []
        self.told: list[str] = []

    def arguments(self, words: Sequence[str] | None, *names: str) -> list[str]:
        """As `Terminal.arguments`, without a database in the environment."""
        given, least = list(words or ()), 1 + sum(not name.startswith("[") for name in names)
        most = len(given) if any(name.endswith("...") for name in names) else 1 + len(names)
        if not least <= len(given) <= most:
            raise OptionError(f"give DB {' '.join(names)}, and not {given}.")
        return given

    def show(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = (), style: str = "") -> None:
        """Keep rows, with those columns that are chosen."""
        assert style in {"", "json", "csv", "markdown"}, f"there is no style {style!r}"
        keys = list(columns or dict.fromkeys(key for row in rows for key in row))
        self.shown.append(([{key: row.get(key) for key in keys} for row in rows], style))

    def tell(self, text: str) -> None:
        """Keep a line."""
        assert isinstance(text, str)
        self.told.append(text)


class CommandContract(Contract):
    """Subclass it as `Test...`, say how to open your command, and which command lines only look; then run pytest.

    ```python
    class TestMyCommand(CommandContract):
        looks = (["list", "DB"], ["list", "DB", "--json"])
        changes = (["forget", "DB", "run-1"],)
        open = staticmethod(my_package.open_commands)
    ```

    `open` is the provider's: its arguments are None and a `Context`. `looks` are command lines that change nothing and
    work on every database, `changes` such as write. The word DB stands for what the command works on: a database,
    unless `full`, `empty` and `missing` say otherwise. Needs typer, which xetrack-cli brings.
    """

    looks: ClassVar[Sequence[Sequence[str]]]
    changes: ClassVar[Sequence[Sequence[str]]] = ()

    @abstractmethod
    def open(self, options: None, context: Context, /) -> Any:
        """The provider's `open`."""

    def full(self, place: Path) -> str:
        """What DB stands for where there is much: by default a database of two runs, `run-1` and `run-2`."""
        path = place / "full.db"
        for run in ("run-1", "run-2"):
            with Tracker(path, track_id=run, params={"model": "resnet18", "lr": 0.1}) as tracker:
                for epoch in range(3):
                    tracker.log({"accuracy": epoch / 10, "epoch": epoch, "text": "日本", "odd": float("nan")})
        return str(path)

    def empty(self, place: Path) -> str:
        """What DB stands for where there is nothing: by default a database whose one run was deleted."""
        path = place / "empty.db"
        with Tracker(path, track_id="run-1") as tracker:
            tracker.log({"x": 1})
            tracker.engine.delete(tracker.table, "run-1")
        return str(path)

    def missing(self, place: Path) -> str:
        """What DB stands for where there is not even a database."""
        return str(place / "missing.db")

    def command(self, terminal: Terminal | None) -> Any:
        """The command as typer runs it."""
        typer = pytest.importorskip("typer", reason="commands need typer, which xetrack-cli brings")
        app = self.open(None, Context("", terminal=terminal))
        assert isinstance(app, typer.Typer), f"a typer.Typer is to be given, not {app!r}"
        return typer.main.get_command(app)

    def run(self, words: Sequence[str], db: str) -> RecordingTerminal:
        """Run a command line, as `xt` does, on what DB stands for."""
        terminal = RecordingTerminal()
        line = [db if word == DB else word for word in words]
        code = self.command(terminal)(line, prog_name="xt", standalone_mode=False)
        assert not code, f"{line} ended with {code}"
        return terminal

    def test_it_says_what_it_does(self) -> None:
        """`xt --help` lists the first line of the docstring of `open`, without opening anything."""
        told = (self.open.__doc__ or "").strip().partition("\n")[0]
        assert 10 <= len(told) <= 100, f"one line, not {told!r}"
        assert told != (CommandContract.open.__doc__ or "").strip(), "open has no docstring of its own"

    def test_every_command_has_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        """And each says what it is for."""
        typer = pytest.importorskip("typer", reason="commands need typer, which xetrack-cli brings")
        command = self.command(RecordingTerminal())
        context = typer.Context(command)
        for name in command.list_commands(context) if hasattr(command, "list_commands") else [""]:
            command([*([name] if name else []), "--help"], prog_name="xt", standalone_mode=False)
            assert "Usage: xt" in capsys.readouterr().out
            each = command.get_command(context, name) if name else command
            assert (each.help or "").strip(), f"{name or 'the command'} has no help"

    def test_a_full_database_is_shown(self, tmp_path: Path) -> None:
        """Every command line that looks has something to say."""
        db = self.full(tmp_path)
        assert self.looks
        for words in self.looks:
            terminal = self.run(words, db)
            assert any(rows for rows, _ in terminal.shown) or terminal.told, words

    def test_an_empty_database_is_taken(self, tmp_path: Path) -> None:
        """There is nothing to show, or an error of xetrack's says so."""
        db = self.empty(tmp_path)
        for words in self.looks:
            with suppress(XetrackError):
                self.run(words, db)

    def test_a_missing_database_is_told(self, tmp_path: Path) -> None:
        """By an error of xetrack's or the system's, that `xt` prints as one line; none is made."""
        before = sorted(tmp_path.iterdir())
        for words in (*self.looks, *self.changes):
            with pytest.raises((XetrackError, OSError)) as caught:
                self.run(words, self.missing(tmp_path))
            assert str(caught.value), words
        assert sorted(tmp_path.iterdir()) == before

    def test_wrong_words_are_told(self, tmp_path: Path) -> None:
        """By an error that says how the command is used."""
        typer = pytest.importorskip("typer", reason="commands need typer, which xetrack-cli brings")
        db = self.full(tmp_path)
        for words in self.looks:
            with pytest.raises((XetrackError, typer.TyperException)):
                self.run([*words, "--no-such-option"], db)

    def test_what_it_shows_goes_to_the_terminal(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """Which draws tables for people, and for programs: nothing is printed past it."""
        db = self.full(tmp_path)
        for words in self.looks:
            self.run(words, db)
        assert tuple(capfd.readouterr()) == ("", "")

    def test_a_look_changes_nothing(self, tmp_path: Path) -> None:
        """Not a byte of the database, and no file beside it."""
        db = self.full(tmp_path)
        before = _contents(tmp_path)
        for words in self.looks:
            self.run(words, db)
        assert _contents(tmp_path) == before

    def test_a_change_changes_something(self, tmp_path: Path) -> None:
        """Each, on a database of its own, and it says so."""
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
        """Whoever opens it by other means than `xt` is told at once."""
        with pytest.raises((XetrackError, ValueError, RuntimeError)):
            self.command(None)


def _contents(folder: Path) -> dict[str, str]:
    """Each file and what is in it. What SQLite keeps beside a database while it is open is not counted."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(_AFTERMATH)
    }
