"""`xt plugins`: list and check plugins. This process imports none of them, so none can break these commands."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from xetrack.registry import Found, installed, shadowed
from xetrack_cli.commands.new import new
from xetrack_cli.errors import UnknownNameError

if TYPE_CHECKING:
    from xetrack_cli.plugins.doctor import Report
from xetrack_cli.output.format import display
from xetrack_cli.output.terminal import painted, show, tell
from xetrack_cli.parsing.options import Format, option

__all__ = ["commands", "doctor", "list_plugins"]

commands = typer.Typer(rich_markup_mode=None, help="Manage plugins: list, doctor, new.")
commands.command()(new)

_COLUMNS = ("distribution", "version", "plugin", "target", "state")
_COLOURS = {"ok": "green", "note": "yellow", "problem": "red"}


@commands.command("list")
def list_plugins(*, style: Format = "") -> None:
    """List the installed plugins, without importing any.

    A shadowed plugin is hidden by a copy earlier on sys.path. JSON and CSV also have its location. To see what each
    plugin provides, run xt plugins doctor.
    """
    rows = [_row(found, "disabled" if found.disabled else "enabled") for found in installed()]
    rows += [_row(found, "shadowed") for found in shadowed()]
    if rows or style:
        show(rows, () if style in {"json", "csv"} else _COLUMNS, style)
    else:
        tell("no plugins")


def _row(found: Found, state: str) -> dict[str, str]:
    return {
        "distribution": found.distribution,
        "version": found.version,
        "plugin": found.name,
        "target": found.target,
        "state": state,
        "location": found.location,
    }


@commands.command()
def doctor(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Check only this plugin or distribution.")
    ] = None,
    *,
    timeout: Annotated[float, option("--timeout", "SECONDS", "Time limit for loading each plugin.", min=0.1)] = 20,
    style: Format = "",
) -> int:
    """Load each plugin in its own process and report problems.

    Shows how long loading takes, what each plugin provides, and its options. The exit code is 1 if there is a problem.
    To check a database, run xt doctor.
    """
    from xetrack_cli.plugins.doctor import check_all

    names = [found.name for found in installed()]
    if name is not None and name not in {*names, *(found.distribution for found in installed())}:
        raise UnknownNameError("plugin", name, names)
    # load all of them even to check one: it may conflict with another
    reports = [one for one in check_all(timeout) if name in {None, one.plugin, one.distribution}]
    if style:
        show([one.row() for one in reports], style=style)
        return int(any(one.problems for one in reports))
    if not reports:
        tell("no plugins")
    for one in reports:
        name = display(f"{one.distribution} {one.version} (plugin {one.plugin})")
        loaded = "" if one.seconds is None else f": loaded in {one.seconds * 1000:.0f} ms"
        api = "" if one.api is None else f", API {one.api}"
        tell(f"{painted(one.state, _COLOURS[one.state])} {name}{loaded}{api}")
        for line in _lines(one):
            tell(f"    {display(line)}")
    return int(any(one.problems for one in reports))


def _lines(one: "Report") -> Iterator[str]:
    for each in one.providers:
        served = ", ".join(f"{scheme}://" for scheme in each.get("schemes", ()))
        yield f"{each['kind']}: {each['name']}" + (f", for {served}" if served else "")
        for found in each["options"]:
            default = "" if found["default"] is None else f" = {found['default']}"
            yield f"    {found['name']}: {found['type']}{default}"
    lifecycle = [hook for hook in one.hooks if hook.startswith("run_")]
    if lifecycle:
        yield f"hooks: {', '.join(lifecycle)}"
    yield from (f"note: {note}" for note in one.notes)
    yield from (f"problem: {problem}" for problem in one.problems)
    yield from (f"  {line}" for line in one.traceback.splitlines())
