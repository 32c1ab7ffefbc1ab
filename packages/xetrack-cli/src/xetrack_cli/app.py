"""`xt` itself: its options, and its commands, each imported when it is typed."""

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from xetrack_cli.builtin_commands import COMMANDS
from xetrack_cli.parsing.typer_commands import typer_command

__all__ = ["Commands", "root"]


class Commands(TyperGroup):
    """The built-in commands, and those of plugins."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, built-in ones first."""
        from xetrack_cli.plugins import plugin_commands

        return [*COMMANDS, *(name for name in plugin_commands.names() if name not in COMMANDS)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command of this name, once; None if there is none."""
        if cmd_name not in self.commands:
            found = _command(cmd_name)
            if found is None:
                return None
            self.commands[cmd_name] = found
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that was typed. Raises `UsageError`, with a suggestion, if there is none."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-") and not ctx.resilient_parsing:
            from xetrack_cli.errors import UsageError, suggest

            raise UsageError(f"Unknown command {args[0]!r}.{suggest(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands under their headings."""
        from xetrack_cli.plugins import plugin_commands

        headings: dict[str, list[tuple[str, str]]] = {}
        for name, entry in COMMANDS.items():
            headings.setdefault(entry.heading, []).append((name, entry.help))
        headings["Plugins"] += [(name, text) for name, text in plugin_commands.helps().items() if name not in COMMANDS]
        for heading, lines in headings.items():
            with formatter.section(heading):
                formatter.write_dl(lines, col_max=12)


def _command(name: str) -> Any:
    if name in COMMANDS:
        module, _, attribute = COMMANDS[name].target.partition(":")
        return typer_command(getattr(importlib.import_module(f"xetrack_cli.commands.{module}"), attribute), name)
    from xetrack_cli.plugins import plugin_commands

    return plugin_commands.command(name)


def _show_versions(wanted: bool) -> None:
    if wanted:
        from xetrack_cli.commands.version import show_versions

        show_versions()
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show versions and installed plugins.", is_eager=True, callback=_show_versions),
    ] = False,
) -> None:
    """Inspect, compare, plot, change and export tracked runs.

    DB defaults to $XETRACK_DB.
    """


def root() -> Any:
    """Make `xt` itself, as a command of typer."""
    app = typer.Typer(cls=Commands, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})
    app.callback()(_options)
    return typer.main.get_command(app)
