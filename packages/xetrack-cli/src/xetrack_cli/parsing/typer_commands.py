"""Commands of typer, as `xt` shapes them: arguments in their help, and one choice of output format."""

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from xetrack_cli.errors import UsageError

__all__ = ["Command", "typer_command"]

_FORMATS = ("table", "json", "csv", "markdown")


def _with_shortcuts(
    *,
    json: Annotated[bool, typer.Option("--json", help="Same as --format json.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Same as --format csv.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Same as --format markdown.")] = False,
) -> None:
    """Declare the options that stand for a value of --format."""


def _options_of(function: Any) -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return [each for each in typer.main.get_command(app).params if each.name != "help"]


class Command(TyperCommand):
    """A command with --json, --csv and --markdown wherever it has --format, and readable arguments in its help."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._shortcut_options: list[Any] = []
        if any(each.name == "style" and each.opts == ["--format"] for each in self.params):
            self._shortcut_options = _options_of(_with_shortcuts)
            self.params += self._shortcut_options

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, and make one style of --format and its shortcuts."""
        rest = super().parse_args(ctx, args)
        if self._shortcut_options and not ctx.resilient_parsing:
            ctx.params["style"] = self._style(ctx.params)
        return rest

    def _style(self, params: dict[str, Any]) -> str:
        chosen = dict.fromkeys([each.name for each in self._shortcut_options if params.pop(each.name)])
        if params["style"]:
            chosen[params["style"]] = None
        for each in chosen:
            if each not in _FORMATS:
                raise UsageError(f"Unknown format {each!r}. Use table, json, csv or markdown.")
        if len(chosen) > 1:
            raise UsageError(f"Choose one output format, not {' and '.join(chosen)}.")
        return next(iter(chosen), "")

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what follows `Usage: xt head`. Typer would show our one list of words as `[[DB] COLUMN]...`."""
        return ["[OPTIONS]", *(name for name, _ in self._arguments())]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options."""
        arguments = self._arguments()
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl(arguments)
        params: list[Any] = self.params
        for each in params:
            each.hidden = each.hidden or each.param_type_name == "argument" or each in self._shortcut_options
        super().format_options(ctx, formatter)

    def _arguments(self) -> list[tuple[str, str]]:
        arguments: list[Any] = [each for each in self.params if each.param_type_name == "argument"]
        return [(each.metavar or each.name.upper(), each.help or "") for each in arguments]


def typer_command(found: Any, name: str) -> Any:
    """Make a typer command of a function, or of a `typer.Typer`."""
    app = found
    if not isinstance(found, typer.Typer):
        app = typer.Typer(rich_markup_mode=None)
        app.command(name)(found)
    for each in app.registered_commands:
        if each.cls is TyperCommand:  # unless a plugin chose its own class
            each.cls = Command
    app._add_completion = False  # noqa: SLF001 - completion is installed for `xt` as a whole
    command = typer.main.get_command(app)
    command.name = name
    return command
