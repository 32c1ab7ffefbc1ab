"""The hooks that a plugin may implement.

The `xetrack_<kind>s` hooks are called once per process, when plugins are first needed, and return providers. No hook is
called per row. The order of plugins never matters: providers are chosen by name.

A plugin is a module with functions marked `@hookimpl`, an object with such methods, or a class derived from `Plugin`.
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
"""Decorator that marks a function as the implementation of the hook with the same name."""

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
    """Base class of plugins, with every hook and its types.

    Derive from it and override the hooks you need. Overrides need no `@hookimpl`, and a type checker verifies them.
    An override that is not a hook is refused. An entry point may name the class: it is instantiated without arguments.

    ```python
    class CsvPlugin(Plugin):
        def xetrack_sinks(self):
            return [Provider("csv", open_csv, CsvOptions)]
    ```
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Mark the overrides, including misspelled ones, so that these are refused."""
        super().__init_subclass__(**options)
        for name, member in vars(cls).items():
            if name.startswith(f"{PROJECT}_") and isinstance(member, FunctionType):
                hookimpl(member)

    @_hookspec
    def xetrack_engines(self) -> Sequence[Provider[Engine]]:
        """Return storage engines. Users choose one with `Tracker(engine=NAME)`. Called once per process."""

    @_hookspec
    def xetrack_serializers(self) -> Sequence[Provider[Serializer]]:
        """Return serializers. Each object goes to the one that takes it. Called once per process."""

    @_hookspec
    def xetrack_asset_stores(self) -> Sequence[Provider[AssetStore]]:
        """Return stores for objects. A store opens when the first object is logged. Called once per process."""

    @_hookspec
    def xetrack_caches(self) -> Sequence[Provider[ResultCache]]:
        """Return caches of function results. Called once per process."""

    @_hookspec
    def xetrack_sinks(self) -> Sequence[Provider[Sink]]:
        """Return sinks, which receive committed rows. Called once per process."""

    @_hookspec
    def xetrack_monitors(self) -> Sequence[Provider[Monitor]]:
        """Return monitors, which measure tracked calls. Called once per process."""

    @_hookspec
    def xetrack_commands(self) -> Sequence[Provider[Any]]:
        """Return commands of `xt`: a provider named `assets` is `xt assets`. Called once per process.

        `open(None, context)` returns a `typer.Typer`. It is called only when the command runs, so import what
        the command needs there. `xt --help` shows the first line of its docstring. Print through `context.terminal`.
        """

    @_hookspec
    def xetrack_run_started(self, run: RunInfo) -> None:
        """Take note that a run has started. Called once per run, after its first row is committed.

        An exception becomes a warning, and the run goes on.
        """

    @_hookspec
    def xetrack_run_finished(self, run: RunInfo, status: str) -> None:
        """Take note that a run with rows was closed. Called once per run.

        `status` is "finished" or "failed". An exception becomes a warning.
        """
