"""The hooks a plugin may implement. A plugin is a module, or any object, with functions marked `@hookimpl`.

The `xetrack_<kind>s` hooks fire once, when plugins are first needed, and return providers; nothing goes through a hook
per row. The order of plugins never matters: providers are chosen by name.
"""

from collections.abc import Sequence
from typing import Any

import pluggy

from xetrack.protocols import AssetStore, Engine, Monitor, Provider, ResultCache, Serializer, Sink

__all__ = ["PROJECT", "hookimpl"]

PROJECT = "xetrack"
"""The name of the project for pluggy, and of the entry-point group."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as the implementation of the hook of its name."""

_hookspec = pluggy.HookspecMarker(PROJECT)


@_hookspec
def xetrack_engines() -> Sequence[Provider[Engine]]:
    """Storage engines, chosen with `Tracker(engine=name)`. Fires once, when plugins are first needed."""


@_hookspec
def xetrack_serializers() -> Sequence[Provider[Serializer]]:
    """Serializers for objects, asked in turn which takes a value. Fires once, when plugins are first needed."""


@_hookspec
def xetrack_asset_stores() -> Sequence[Provider[AssetStore]]:
    """Stores for objects, opened with the first object. Fires once, when plugins are first needed."""


@_hookspec
def xetrack_caches() -> Sequence[Provider[ResultCache]]:
    """Caches of function results. Fires once, when plugins are first needed."""


@_hookspec
def xetrack_sinks() -> Sequence[Provider[Sink]]:
    """Listeners to committed rows. Fires once, when plugins are first needed."""


@_hookspec
def xetrack_monitors() -> Sequence[Provider[Monitor]]:
    """Measurements around a call. Fires once, when plugins are first needed."""


@_hookspec
def xetrack_commands() -> Sequence[Provider[Any]]:
    """Commands of `xt`: a provider named `assets` is `xt assets`. Fires once, when plugins are first needed.

    `open(None, context)` gives a `typer.Typer`, and is called when somebody types the command; what it needs is
    imported there. The first line of its docstring is what `xt --help` tells. The commands show what they find through
    `context.terminal`.
    """


@_hookspec
def xetrack_run_started(tracker: Any) -> None:
    """Fires once a run, after its first row is committed. What it raises is warned of, and the run goes on."""


@_hookspec
def xetrack_run_finished(tracker: Any, status: str) -> None:
    """Fires when a run that logged is closed, with `status` "finished" or "failed". Raising is warned of."""
