"""`xt plugins`: the plugins themselves. None is imported in this process, so that none can break these commands."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xetrack_cli.commands.new import new
from xetrack_cli.errors import UnknownNameError
from xetrack_cli.output.terminal import is_terminal, show, tell
from xetrack_cli.parsing.options import Json

if TYPE_CHECKING:
    from xetrack_cli.plugins.checkup import Checked

__all__ = ["commands", "doctor", "list_plugins"]

commands = typer.Typer(rich_markup_mode=None, help="Manage plugins: list, doctor, new.")
commands.command()(new)

_COLUMNS = ("distribution", "version", "plugin", "target", "hooks", "state")
_COLOURS = {"ok": "green", "note": "yellow", "problem": "bold red"}


@commands.command("list")
def list_plugins(*, as_json: Json = False) -> None:
    """List the plugins that are installed, without importing any.

    The hooks are read from the source; ? where it does not tell, and xt plugins doctor does.
    """
    from xetrack_cli.plugins.catalogue import listed

    rows = listed()
    if as_json:
        show(rows, style="json")
    elif rows:
        show([_short(row) for row in rows], _COLUMNS)
    else:
        tell("no plugins")


def _short(row: dict[str, Any]) -> dict[str, Any]:
    hooks = "" if row["shadowed"] else ", ".join(row["hooks"] or ["?"])
    return {**row, "hooks": hooks, "state": "; ".join(_remarks(row))}


def _remarks(row: dict[str, Any]) -> Iterator[str]:
    if row["shadowed"]:
        yield f"shadowed: {row['location']} is later on sys.path"
    if row["disabled"]:
        yield "switched off"
    for other in row["namesakes"]:
        yield f"{other} has one of this name"


@commands.command()
def doctor(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of this plugin or distribution only.")] = None,
    *,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Seconds that loading one may take.")
    ] = 20,
    as_json: Json = False,
) -> int:
    """Load every plugin, each in a process of its own, and say what is wrong.

    Tells how long loading takes, what each registers, and the options that it claims. The exit code is 1 if there is a
    problem. Of a database: xt doctor.
    """
    from xetrack.registry import installed
    from xetrack_cli.plugins.checkup import check_all

    names = [found.name for found in installed()]
    if name is not None and name not in {*names, *(found.distribution for found in installed())}:
        raise UnknownNameError("plugin", name, names)
    # all are loaded even for one, as it may be at odds with another
    checked = [one for one in check_all(timeout) if name in {None, one.plugin, one.distribution}]
    if as_json:
        show([one.row() for one in checked], style="json")
    else:
        _draw(checked)
    return int(any(one.problems for one in checked))


def _draw(checked: Sequence["Checked"]) -> None:
    from xetrack_cli.output.format import shown

    if not checked:
        tell("no plugins")
    for one in checked:
        tell(f"{_painted(one.state)} {shown(one.label)}{_loaded(one)}")
        for line in _lines(one):
            tell(f"    {shown(line)}")


def _painted(state: str) -> str:
    if not is_terminal():
        return state
    from rich.console import Console

    console = Console()
    with console.capture() as drawn:
        console.print(state, style=_COLOURS[state], end="")
    return drawn.get()


def _loaded(one: "Checked") -> str:
    if one.seconds is None:
        return ""
    return f": loaded in {one.seconds * 1000:.0f} ms" + (f", API {one.api}" if one.api is not None else "")


def _lines(one: "Checked") -> Iterator[str]:
    for each in one.providers:
        yield f"{each['kind']}: {each['name']}"
        for option in each["options"]:
            default = "" if option["default"] is None else f" = {option['default']}"
            yield f"    {option['name']}: {option['type']}{default}"
    lifecycle = [hook for hook in one.hooks if hook.startswith("run_")]
    if lifecycle:
        yield f"hooks: {', '.join(lifecycle)}"
    yield from (f"note: {note}" for note in one.notes)
    yield from (f"problem: {problem}" for problem in one.problems)
    yield from (f"  {line}" for line in one.traceback.splitlines())
