"""The hooks a plugin may implement: the methods of `Plugin`.

The `xetrack_<kind>s` hooks fire once, when plugins are first needed, and return providers; nothing goes through a hook
per row. The order of plugins never matters: providers are chosen by name.

A plugin is a module with functions marked `@hookimpl`, any object with methods so marked, or a class derived from
`Plugin`, whose overrides need no mark and are checked by mypy.
"""

from collections.abc import Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pluggy

from xetrack.protocols import AssetStore, Engine, Monitor, Provider, ResultCache, Serializer, Sink

if TYPE_CHECKING:
    from xetrack.tracker import Tracker

__all__ = ["PROJECT", "Plugin", "hookimpl"]

PROJECT = "xetrack"
"""The name of the project for pluggy, and of the entry-point group."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as the implementation of the hook of its name."""

_hookspec = pluggy.HookspecMarker(PROJECT)


class Plugin:
    """Every hook, with its types. Derive from it, and override those that you need.

    A type checker shows an override that does not fit, and registering tells of one that is no hook. What is not
    overridden is not called. An entry point may name such a class: it is made without arguments.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Mark the overrides, misspelt ones too, so that registering tells of these."""
        super().__init_subclass__(**options)
        for name, member in vars(cls).items():
            if name.startswith(f"{PROJECT}_") and isinstance(member, FunctionType):
                hookimpl(member)

    @_hookspec
    def xetrack_engines(self) -> Sequence[Provider[Engine]]:
        """Storage engines, chosen with `Tracker(engine=name)`. Fires once, when plugins are first needed."""

    @_hookspec
    def xetrack_serializers(self) -> Sequence[Provider[Serializer]]:
        """Serializers for objects, asked in turn which takes a value. Fires once, when plugins are first needed."""

    @_hookspec
    def xetrack_asset_stores(self) -> Sequence[Provider[AssetStore]]:
        """Stores for objects, opened with the first object. Fires once, when plugins are first needed."""

    @_hookspec
    def xetrack_caches(self) -> Sequence[Provider[ResultCache]]:
        """Caches of function results. Fires once, when plugins are first needed."""

    @_hookspec
    def xetrack_sinks(self) -> Sequence[Provider[Sink]]:
        """Listeners to committed rows. Fires once, when plugins are first needed."""

    @_hookspec
    def xetrack_monitors(self) -> Sequence[Provider[Monitor]]:
        """Measurements around a call. Fires once, when plugins are first needed."""

    @_hookspec
    def xetrack_commands(self) -> Sequence[Provider[Any]]:
        """Commands of `xt`: a provider named `assets` is `xt assets`. Fires once, when plugins are first needed.

        `open(None, context)` gives a `typer.Typer`, and is called when somebody types the command; what it needs is
        imported there. The first line of its docstring is what `xt --help` tells. The commands show what they find
        through `context.terminal`.
        """

    @_hookspec
    def xetrack_run_started(self, tracker: "Tracker") -> None:
        """Fires once a run, after its first row is committed. What it raises is warned of, and the run goes on."""

    @_hookspec
    def xetrack_run_finished(self, tracker: "Tracker", status: str) -> None:
        """Fires when a run that logged is closed, with `status` "finished" or "failed". Raising is warned of."""
