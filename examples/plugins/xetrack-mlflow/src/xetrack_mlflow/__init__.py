"""Forward the rows of a run to MLflow while it is running: `Tracker("database.db", mlflow="mlflow.db")`.

The sink receives rows. The hooks for the start and end of runs receive the params and the final status.
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
    """The options that this plugin adds to `Tracker`.

    Attributes:
        mlflow: The tracking URI, or the path of a SQLite file.
        mlflow_experiment: The name of the experiment.
        mlflow_step: The key that contains the step of a row's metrics. Rows without it are numbered.
        mlflow_parent: The track id of the parent run, in the same experiment.
        mlflow_hold: The number of rows to buffer while MLflow is unreachable.
        mlflow_patience: The number of seconds that `flush()` and `close()` wait for MLflow.
    """

    mlflow: str | os.PathLike[str] | None = None
    mlflow_experiment: str = "xetrack"
    mlflow_step: str = "step"
    mlflow_parent: str | None = None
    mlflow_hold: int = 100_000
    mlflow_patience: float = 30.0

    def __post_init__(self) -> None:
        """Raise `ValueError` for invalid options."""
        if self.mlflow is None:
            raise ValueError("mlflow_* options need mlflow=, a tracking URI or a path")
        if self.mlflow_hold < 1:
            raise ValueError(f"mlflow_hold= must be at least 1, not {self.mlflow_hold}")


_sinks: "WeakValueDictionary[int, MlflowSink]" = WeakValueDictionary()
"""The open sinks, by the ids of their trackers' engines, which they keep alive."""


def open_sink(options: Options, context: Context) -> Sink:
    """Open the sink, for each tracker with one of the options."""
    from xetrack_mlflow.sink import MlflowSink

    sink = MlflowSink(options, context)
    _sinks[id(context.engine)] = sink
    return sink


@hookimpl
def xetrack_sinks() -> Sequence[Provider[Sink]]:
    """Register the sink."""
    return [Provider("mlflow", open_sink, Options)]


@hookimpl
def xetrack_run_started(run: RunInfo) -> None:
    """Pass the params to the sink, if this tracker has one."""
    sink = _sinks.get(id(run.engine))
    if sink is not None:
        sink.begin(run.params)


@hookimpl
def xetrack_run_finished(run: RunInfo, status: str) -> None:
    """Pass the final status to the sink, which is closed next."""
    sink = _sinks.get(id(run.engine))
    if sink is not None:
        sink.end(status)
