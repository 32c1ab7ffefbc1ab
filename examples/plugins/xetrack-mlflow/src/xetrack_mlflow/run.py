"""A run in MLflow, found or created. Only this module calls MLflow."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from xetrack.plugin import Context

from xetrack_mlflow import Options
from xetrack_mlflow.sorting import Point, name_of, text_of

__all__ = ["MlflowRun", "is_refusal"]

_KEY = "xetrack.run"  # a digest of the track id, which is safe in search queries
_METRICS, _OTHERS = 800, 100  # MLflow's limits per request
_REFUSALS = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE"}


def is_refusal(error: Exception) -> bool:
    """Whether MLflow rejected the request, so that retrying is useless."""
    return isinstance(error, MlflowException) and error.error_code in _REFUSALS


class MlflowRun:
    """The MLflow run of a track id, created if it does not exist.

    Every method raises what MLflow raises if it is unreachable.
    """

    def __init__(self, options: Options, context: Context, start_time: int) -> None:
        self._client = MlflowClient(tracking_uri=_uri(options.mlflow or ""))
        self._experiment = self._experiment_of(options.mlflow_experiment)
        self.params: dict[str, str] = {}
        track_id = str(context.track_id)
        found = self._find(track_id)
        if found is None:
            tags = {"xetrack.track_id": track_id, "xetrack.db": context.db, "xetrack.table": context.table}
            tags |= {_KEY: _digest(track_id), **self._nested(options.mlflow_parent)}
            found = self._client.create_run(self._experiment, start_time, tags, run_name=track_id)
        elif found.info.status != "RUNNING":
            self._client.update_run(found.info.run_id, "RUNNING")
        self._id: str = found.info.run_id
        self.params |= found.data.params

    def _experiment_of(self, name: str) -> str:
        known = self._client.get_experiment_by_name(name)
        return str(known.experiment_id if known else self._client.create_experiment(name))

    def _find(self, track_id: str) -> Any:
        found = self._client.search_runs([self._experiment], f"tags.`{_KEY}` = '{_digest(track_id)}'", max_results=1)
        return found[0] if found else None

    def _nested(self, parent: str | None) -> dict[str, str]:
        if parent is None:
            return {}
        found = self._find(parent)
        if found is None:
            raise LookupError(f"mlflow_parent={parent!r}: this MLflow experiment has no such run")
        return {"mlflow.parentRunId": found.info.run_id}

    def add_params(self, params: Mapping[str, Any]) -> None:
        """Log params. Existing ones keep their values, because MLflow's params are immutable."""
        named = {name_of(key): text_of(value) for key, value in params.items() if value is not None}
        fresh = {name: value for name, value in named.items() if name not in self.params}
        self.log(params=fresh)
        self.params |= fresh

    def log(
        self,
        points: Sequence[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Log values in as few requests as MLflow allows. Logging them again is harmless."""
        requests = zip_longest(
            _parts([Metric(*point) for point in points], _METRICS),
            _parts([Param(*each) for each in (params or {}).items()], _OTHERS),
            _parts([RunTag(*each) for each in (tags or {}).items()], _OTHERS),
            fillvalue=(),
        )
        for request in requests:
            self._client.log_batch(self._id, *request)

    def finish(self, status: str, time: int) -> None:
        """End the run as `FINISHED` or `FAILED`."""
        self._client.set_terminated(self._id, "FAILED" if status == "failed" else "FINISHED", time)

    def forget_connections(self) -> None:
        """Discard database connections in a forked child, without closing those of the parent."""
        engine = getattr(getattr(self._client, "_tracking_client").store, "engine", None)  # noqa: B009 - MLflow has no public way
        if engine is not None:
            engine.dispose(close=False)


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _digest(track_id: str) -> str:
    return hashlib.sha256(track_id.encode()).hexdigest()[:32]


def _uri(place: str | os.PathLike[str]) -> str:
    """Return a tracking URI. A path means a SQLite file."""
    text = os.fspath(place)
    return text if "://" in text else f"sqlite:///{Path(text).expanduser().resolve()}"
