"""The help of a command: its words as they are typed, a database that may be left out among them."""

from typing import Any

from typer.core import TyperCommand

__all__ = ["Command"]


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
