"""Commands that plugins bring: listed by name, opened when typed, each on its own."""

import os
from typing import Any

from xetrack.errors import PluginBrokenError, PluginNotInstalledError
from xetrack.plugin import Context, explain
from xetrack.registry import PROVIDERS, Offer, discovered, installed
from xetrack_cli.output.terminal import show, tell
from xetrack_cli.parsing.arguments import DATABASE, arguments
from xetrack_cli.parsing.command import typer_command

__all__ = ["command", "helps", "names"]

_KIND = "commands"


def names() -> list[str]:
    """The commands that installed plugins bring."""
    return sorted(offer.provider.name for offer in discovered().offers(_KIND))


def helps() -> dict[str, str]:
    """What each command of a plugin does, and those that could be installed."""
    known = {name: _absent(name, distribution) for (kind, name), distribution in PROVIDERS.items() if kind == _KIND}
    found = {offer.provider.name: _help(offer) for offer in discovered().offers(_KIND)}
    return dict(sorted({**known, **found}.items()))


def _help(offer: Offer) -> str:
    told = (offer.provider.open.__doc__ or "").strip().partition("\n")[0]
    return told or f"From {offer.owner}."


def _absent(name: str, distribution: str) -> str:
    if any(found.distribution == distribution for found in installed()):
        return f"(not working: xt {name} tells why)"
    return f"(pip install {distribution})"


def command(name: str) -> Any:
    """The command of a plugin; None if nobody ever heard of it. Raises a `PluginError` that says how to get it."""
    try:
        offer = discovered().pick(_KIND, name)
    except PluginNotInstalledError:
        if (_KIND, name) not in PROVIDERS:
            return None
        raise
    return _opened(offer)


def _opened(offer: Offer) -> Any:
    import typer

    name = offer.provider.name
    try:
        found = offer.open({}, Context(os.environ.get(DATABASE, ""), terminal=Screen()))
    except (Exception, SystemExit) as error:
        raise PluginBrokenError(f"xt {name} of {offer.owner} is installed, but broken: {explain(error)}") from error
    if not isinstance(found, typer.Typer):
        kind = f"{type(found).__module__}.{type(found).__qualname__}"
        raise PluginBrokenError(f"xt {name} of {offer.owner} is no typer.Typer, but a {kind}.")
    return typer_command(found, name)


class Screen:
    """What plugins' commands are given: see `xetrack.plugin.Terminal`."""

    arguments = staticmethod(arguments)
    show = staticmethod(show)
    tell = staticmethod(tell)
