"""Commands of plugins: listed by name, and opened, each on its own, when typed."""

import os
from typing import Any

from xetrack.errors import PluginBrokenError, PluginNotInstalledError
from xetrack.plugin import Context, explain, redacted
from xetrack.registry import PROVIDERS, Offer, discovered, installed
from xetrack_cli.output.terminal import show, tell
from xetrack_cli.parsing.arguments import DATABASE, arguments
from xetrack_cli.parsing.typer_commands import typer_command

__all__ = ["Screen", "command", "helps", "names"]

_KIND = "commands"


class Screen:
    """The `xetrack.plugin.Terminal` of these commands."""

    arguments = staticmethod(arguments)
    show = staticmethod(show)
    tell = staticmethod(tell)


def names() -> list[str]:
    """Return the commands of installed plugins."""
    return sorted(offer.provider.name for offer in discovered().offers(_KIND))


def helps() -> dict[str, str]:
    """Return a line of help per command, those of well-known plugins that are not installed included."""
    known = {name: _absent(name, distribution) for (kind, name), distribution in PROVIDERS.items() if kind == _KIND}
    found = {offer.provider.name: _help(offer) for offer in discovered().offers(_KIND)}
    return dict(sorted({**known, **found}.items()))


def _help(offer: Offer) -> str:
    text = (offer.provider.open.__doc__ or "").strip().partition("\n")[0]
    return text or f"From {offer.owner}."


def _absent(name: str, distribution: str) -> str:
    if any(found.distribution == distribution for found in installed()):
        return f"(not working: xt {name} shows why)"
    return f"(pip install {distribution})"


def command(name: str) -> Any:
    """Open the command of a plugin; None for an unknown name.

    Raises:
        PluginError: the plugin is broken, or well known but not installed.
    """
    import typer

    try:
        offer = discovered().pick(_KIND, name)
    except PluginNotInstalledError:
        if (_KIND, name) not in PROVIDERS:
            return None
        raise
    try:
        found = offer.open({}, Context(redacted(os.environ.get(DATABASE, "")), terminal=Screen()))
    except (Exception, SystemExit) as error:
        raise PluginBrokenError(f"xt {name}, from {offer.owner}, failed to load: {explain(error)}") from error
    if not isinstance(found, typer.Typer):
        kind = f"{type(found).__module__}.{type(found).__qualname__}"
        raise PluginBrokenError(f"xt {name}, from {offer.owner}, must be a typer.Typer, not {kind}.")
    return typer_command(found, name)
