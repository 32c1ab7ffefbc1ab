"""`xt` commands with one fault each."""

from pathlib import Path
from typing import Annotated, Any

from proving import broken

from xetrack import Reader, XetrackError
from xetrack.errors import OptionError
from xetrack_testing import CommandContract


class Commands:
    """Count the rows of a database, or forget a run of it."""

    def __init__(self, context):
        self.terminal = context.terminal
        if self.terminal is None:
            raise OptionError("there is no terminal")

    def app(self):
        import typer

        app = typer.Typer(rich_markup_mode=None)
        words = Annotated[list[str], typer.Argument(metavar="DB")]

        @app.command(help=self.about)
        def count(words: words, *, style: str = "") -> None:
            (db,) = self.terminal.arguments(words)
            self.count(db, style)

        @app.command()
        def forget(words: words) -> None:
            """Delete a run."""
            self.forget(*self.terminal.arguments(words, "RUN"))

        return app

    about = "Count the rows."

    def count(self, db, style):
        with self.opened(db) as reader:
            self.show([{"table": reader.table, "rows": len(reader)}], style)

    def opened(self, db):
        return Reader(db)

    def show(self, rows, style):
        self.terminal.show(rows, style=style)

    def forget(self, db, run):
        with Reader(db) as reader:
            self.terminal.tell(f"{reader.delete_run(run)} rows deleted")


class Right(CommandContract):
    made: Any = Commands
    looks = (["count", "DB"], ["count", "DB", "--style", "json"])
    changes = (["forget", "DB", "run-1"],)

    def open(self, options, context):
        """Count rows, forget runs."""
        return self.made(context).app()


class TestRight(Right):
    pass


@broken(Right, "test_every_command_has_help")
class SaysNothing(Commands):
    about = " "


@broken(Right, "test_a_full_database_is_shown")
class ShowsNothing(Commands):
    def show(self, rows, style):
        pass


@broken(Right, "test_an_empty_database_is_accepted")
class DividesByRows(Commands):
    def show(self, rows, style):
        rows[0]["share"] = 1 / rows[0]["rows"]
        super().show(rows, style)


@broken(Right, "test_a_missing_database_is_an_error")
class MakesOne(Commands):
    def opened(self, db):
        Path(db).touch()
        return super().opened(db)


@broken(Right, "test_a_missing_database_is_an_error")
class Falls(Commands):
    def opened(self, db):
        try:
            return super().opened(db)
        except XetrackError:
            raise KeyError(db) from None


@broken(Right, "test_an_unknown_option_is_an_error")
class TakesEveryOption(Commands):
    def app(self):
        app = super().app()
        for each in app.registered_commands:
            each.context_settings = {"ignore_unknown_options": True}
        self.terminal.arguments = lambda words, *names: list(words)[: 1 + len(names)]
        return app


@broken(Right, "test_output_goes_to_the_terminal")
class Prints(Commands):
    def show(self, rows, style):
        super().show(rows, style)
        print(rows)  # noqa: T201 - as it should not


@broken(Right, "test_a_look_changes_nothing")
class LeavesAMark(Commands):
    def show(self, rows, style):
        super().show(rows, style)
        Path(self.db + ".seen").touch()

    def opened(self, db):
        self.db = db
        return super().opened(db)


@broken(Right, "test_a_change_changes_something")
class OnlySaysSo(Commands):
    def forget(self, db, run):
        with Reader(db):
            self.terminal.tell("rows deleted")


@broken(Right, "test_without_a_terminal_it_says_so")
class TakesNone(Commands):
    def __init__(self, context):
        self.terminal = context.terminal


class Wordless(Right):
    """`open` has no docstring."""

    def open(self, options, context):
        return self.made(context).app()


@broken(Wordless, "test_it_has_a_summary")
class OpensWithoutAWord(Commands):
    pass
