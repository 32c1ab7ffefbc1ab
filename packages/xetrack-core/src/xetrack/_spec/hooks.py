"""The hooks a plugin may implement: the methods of `Plugin`.

The `xetrack_<kind>s` hooks fire once, when plugins are first needed, and return providers; nothing goes through a hook
per row. The order of plugins never matters: providers are chosen by name.

A plugin is a module with functions marked `@hookimpl`, any object with methods so marked, or a class derived from
`Plugin`, whose overrides need no mark and are checked by mypy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import pluggy

from xetrack._spec.assets import AssetStore, Serializer
from xetrack._spec.cache import ResultCache
from xetrack._spec.engine import Engine
from xetrack._spec.monitors import Monitor
from xetrack._spec.provider import Provider
from xetrack._spec.sinks import Sink

__all__ = ["PROJECT", "Plugin", "RunInfo", "hookimpl"]

PROJECT = "xetrack"
"""The name of the project for pluggy, and of the entry-point group."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as the implementation of the hook of its name."""

_hookspec = pluggy.HookspecMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run, as hooks see it.

    Attributes:
        db: absolute path or URL of the database, or `":memory:"`.
        table: table of events.
        track_id: name of the run.
        params: params of the run at this moment, a copy.
        rows: number of rows that this tracker has logged.
        engine: storage engine, to read rows with.
    """

    db: str
    table: str
    track_id: str
    params: Mapping[str, Any]
    rows: int
    engine: Engine


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
    def xetrack_run_started(self, run: RunInfo) -> None:
        """Fires once per run, after its first row is committed. An exception becomes a warning; the run continues."""

    @_hookspec
    def xetrack_run_finished(self, run: RunInfo, status: str) -> None:
        """Fires when a run that logged rows is closed. `status` is "finished" or "failed".

        An exception becomes a warning.
        """
