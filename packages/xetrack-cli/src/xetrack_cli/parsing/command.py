"""The help of a command: its words as they are typed, a database that may be left out among them."""

from typing import Any

import typer
from typer.core import TyperCommand

__all__ = ["Command", "typer_command"]


class Command(TyperCommand):
    """A command whose words are one list to typer: it would tell of `[[DB] COLUMN]...`, a `list[str]`."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands behind `Usage: xt head`."""
        return ["[OPTIONS]", *(name for name, _ in self._words())]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the words with what they are, then the options."""
        words = self._words()
        if words:
            with formatter.section("Arguments"):
                formatter.write_dl(words)
        for each in self._arguments():
            each.hidden = True
        super().format_options(ctx, formatter)

    def _words(self) -> list[tuple[str, str]]:
        return [(each.metavar or each.name.upper(), each.help or "") for each in self._arguments()]

    def _arguments(self) -> list[Any]:
        return [each for each in self.params if each.param_type_name == "argument"]


def typer_command(found: Any, name: str) -> Any:
    """The command of typer for a function, or for a `typer.Typer`."""
    app = found
    if not isinstance(found, typer.Typer):
        app = typer.Typer(rich_markup_mode=None)
        app.command(name)(found)
    for each in app.registered_commands:
        if each.cls is TyperCommand:  # of plugins too, that have no other wish
            each.cls = Command
    app._add_completion = False  # noqa: SLF001 - completion is installed for `xt` as a whole
    command = typer.main.get_command(app)
    command.name = name
    return command
