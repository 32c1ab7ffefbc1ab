"""Rows of a run, forwarded to MLflow while it goes on: `Tracker("database.db", mlflow="mlflow.db")`.

A sink hears of rows; what the params of a run are, and how it ended, is told to the hooks for the start and end of runs.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from xetrack import Provider, hookimpl
from xetrack.plugin import Context, RunInfo, Sink

if TYPE_CHECKING:
    from xetrack_mlflow.sink import MlflowSink

__all__ = ["Options", "xetrack_api", "xetrack_run_finished", "xetrack_run_started", "xetrack_sinks"]

xetrack_api = 1


@dataclass(frozen=True)
class Options:
    """The options of `Tracker` that this plugin claims.

    `mlflow`: the tracking URI, or the path of a SQLite file. `mlflow_experiment`: the name of the experiment.
    `mlflow_step`: the key whose value is the step of a row's metrics; rows without one are numbered.
    `mlflow_parent`: the track id of a run in the same experiment, under which this one is nested.
    `mlflow_hold`: how many rows are held while MLflow cannot be reached. `mlflow_patience`: how many seconds `flush()` and
    `close()` wait for it.
    """

    mlflow: str | os.PathLike[str] | None = None
    mlflow_experiment: str = "xetrack"
    mlflow_step: str = "step"
    mlflow_parent: str | None = None
    mlflow_hold: int = 100_000
    mlflow_patience: float = 30.0

    def __post_init__(self) -> None:
        """Raise `ValueError` for options that do not go together, or cannot be."""
        if self.mlflow is None:
            raise ValueError("mlflow= says where MLflow keeps its runs: give it with the other options")
        if self.mlflow_hold < 1:
            raise ValueError("mlflow_hold= is a number of rows above 0")


_sinks: "WeakValueDictionary[int, MlflowSink]" = WeakValueDictionary()
"""The open sinks, by the engines of their trackers: each has an engine of its own, and keeps it alive."""


def open_sink(options: Options, context: Context) -> Sink:
    """Called for each tracker to which one of the options was given."""
    from xetrack_mlflow.sink import MlflowSink

    sink = MlflowSink(options, context)
    _sinks[id(context.engine)] = sink
    return sink


@hookimpl
def xetrack_sinks() -> Sequence[Provider[Sink]]:
    """What this plugin registers."""
    return [Provider("mlflow", open_sink, Options)]


@hookimpl
def xetrack_run_started(run: RunInfo) -> None:
    """Params are known now. Called for every tracker, those without our sink included."""
    sink = _sinks.get(id(run.engine))
    if sink is not None:
        sink.begin(run.params)


@hookimpl
def xetrack_run_finished(run: RunInfo, status: str) -> None:
    """It is known how the run ended. The sink is closed after this."""
    sink = _sinks.get(id(run.engine))
    if sink is not None:
        sink.end(status)
