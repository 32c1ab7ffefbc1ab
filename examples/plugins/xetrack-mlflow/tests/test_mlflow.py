"""Rows in a real MLflow database, read back with MLflow's client."""

import math
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.utils.validation import _validate_batch_log_limits
from xetrack import Tracker, XetrackWarning
from xetrack.errors import OptionError
from xetrack.plugin import Context
from xetrack_testing import PackagingContract, Processes, SinkContract, make_row

from xetrack_mlflow import Options
from xetrack_mlflow.sink import ForwardingError, MlflowSink


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of an MLflow database. Creating one takes seconds, so tests share it, each with its own experiment."""
    return tmp_path_factory.mktemp("mlflow") / "mlflow.db"


@pytest.fixture(scope="session")
def client(store: Path) -> MlflowClient:
    """MLflow's client."""
    return MlflowClient(f"sqlite:///{store}")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, store: Path) -> Iterator[None]:
    """Disable telemetry and retries. Processes of the contract find the database in the environment."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_STORE_OF_TESTS", str(store))
    yield


def runs_of(client: MlflowClient, experiment: str) -> list[Run]:
    """Return the runs of an experiment, oldest first."""
    known = client.get_experiment_by_name(experiment)
    return list(client.search_runs([known.experiment_id], order_by=["start_time"])) if known else []


def history(client: MlflowClient, run: Run, key: str) -> list[tuple[int, float]]:
    """Return the steps and values of a metric."""
    return [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, key)]


class TestContract(SinkContract):
    """The contract of sinks."""

    def open(self, place: Path) -> MlflowSink:
        """Open a sink with its own experiment."""
        options = Options(os.environ["MLFLOW_STORE_OF_TESTS"], str(place))
        return MlflowSink(options, Context(str(place / "t.db"), track_id="run-1"))

    def read(self, place: Path) -> list[Mapping[str, Any]]:
        """Return the metric `n` in the order of steps."""
        client = MlflowClient(f"sqlite:///{os.environ['MLFLOW_STORE_OF_TESTS']}")
        points = [
            (each.step, each.timestamp, int(each.value))
            for run in runs_of(client, str(place))
            for each in client.get_metric_history(run.info.run_id, "n")
        ]
        return [{"n": number} for *_, number in sorted(points)]


class TestPackaging(PackagingContract):
    """The contract of distributions."""

    distribution = "xetrack-mlflow"


def test_a_run_is_there_with_params_metrics_tags_and_status(tmp_path: Path, store: Path, client: MlflowClient) -> None:
    """Everything that xetrack has."""
    options: dict[str, Any] = {"mlflow": store, "mlflow_experiment": "whole"}
    params = {"model": "resnet18", "lr": 0.1, "layers": [1, 2]}
    with Tracker(tmp_path / "t.db", params, **options) as tracker:
        for step in range(3):
            tracker.log({"accuracy": step / 10, "train/loss": math.nan, "note": f"step {step}"}, step=10 * step)
        tracker.log({"a%b": 1, "big": math.inf, "ready": True, "lr": 0.01})
    assert tracker.losses == {}
    [run] = runs_of(client, "whole")
    assert (run.info.run_name, run.info.status) == (tracker.track_id, "FINISHED")
    assert run.info.end_time >= run.info.start_time > 0
    assert run.data.params == {"model": "resnet18", "lr": "0.1", "layers": "[1, 2]"}
    assert history(client, run, "accuracy") == [(0, 0), (10, 0.1), (20, 0.2)]
    assert [(step, math.isnan(loss)) for step, loss in history(client, run, "train/loss")] == [
        (0, True),
        (10, True),
        (20, True),
    ]
    assert (history(client, run, "ready"), history(client, run, "lr")) == ([(3, 1)], [(3, 0.01)])
    assert run.data.metrics["big"] == 1.7976931348623157e308  # as MLflow keeps infinity
    assert run.data.tags["note"] == "step 2"
    [awkward] = [name for name, key in run.data.tags.items() if key == "a%b"]
    assert history(client, run, awkward.removeprefix("xetrack.key.")) == [(3, 1)]
    assert run.data.tags["xetrack.track_id"] == tracker.track_id


def test_a_run_that_raises_has_failed(tmp_path: Path, store: Path, client: MlflowClient) -> None:
    """A run that logs nothing leaves no trace."""
    options: dict[str, Any] = {"mlflow": str(store), "mlflow_experiment": "failed"}
    with pytest.raises(ZeroDivisionError), Tracker(tmp_path / "t.db", **options) as tracker:
        tracker.log({"x": 1})
        _ = 1 / 0
    Tracker(tmp_path / "t.db", **options).close()
    assert [run.info.status for run in runs_of(client, "failed")] == ["FAILED"]


def test_a_resumed_run_continues(tmp_path: Path, store: Path, client: MlflowClient) -> None:
    """Params stay, and the numbers of rows continue."""
    options: dict[str, Any] = {
        "mlflow": f"sqlite:///{store}",
        "mlflow_experiment": "resumed",
        "track_id": 'it\'s "mine"',
    }
    for seed in (1, 2):
        with Tracker(tmp_path / "t.db", {"seed": seed}, **options) as tracker:
            tracker.log_batch([{"x": 10 * seed}, {"x": 10 * seed + 1}])
            tracker.flush()
            [run] = runs_of(client, "resumed")
            assert run.info.status == "RUNNING"
    [run] = runs_of(client, "resumed")
    assert (run.info.status, run.data.params) == ("FINISHED", {"seed": "1"})
    assert history(client, run, "x") == [(0, 10), (1, 11), (2, 20), (3, 21)]
    assert history(client, run, "seed") == [(2, 2), (3, 2)]


def test_runs_are_nested(tmp_path: Path, store: Path, client: MlflowClient) -> None:
    """Below the run with the given track id."""
    options: dict[str, Any] = {"mlflow": store, "mlflow_experiment": "nested"}
    with Tracker(tmp_path / "t.db", **options) as parent:
        parent.log({"x": 1})
        parent.flush()
        with Tracker(tmp_path / "t.db", mlflow_parent=parent.track_id, **options) as child:
            child.log({"x": 2})
    runs = {run.info.run_name: run for run in runs_of(client, "nested")}
    assert runs[child.track_id].data.tags["mlflow.parentRunId"] == runs[parent.track_id].info.run_id


def test_many_rows_and_keys_all_arrive(
    tmp_path: Path, store: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than an MLflow server accepts per request, according to its own check."""
    original = MlflowClient.log_batch

    def checked(self: MlflowClient, run_id: str, *values: Any) -> Any:
        _validate_batch_log_limits(*values)  # type: ignore[no-untyped-call] # MLflow's
        return original(self, run_id, *values)

    monkeypatch.setattr(MlflowClient, "log_batch", checked)
    options: dict[str, Any] = {"mlflow": store, "mlflow_experiment": "many"}
    with Tracker(tmp_path / "t.db", {f"p{n}": n for n in range(150)}, **options) as tracker:
        tracker.log({f"t{n}": "text" for n in range(150)})
        tracker.log_batch([{"x": number, "y": -number} for number in range(1200)])
    [run] = runs_of(client, "many")
    assert (len(run.data.params), sum(name.startswith("t") for name in run.data.tags)) == (150, 150)
    for key, sign in (("x", 1), ("y", -1)):
        assert history(client, run, key) == [(number + 1, sign * number) for number in range(1200)]


def test_rows_are_buffered_while_mlflow_is_down(tmp_path: Path, client: MlflowClient, store: Path) -> None:
    """Nothing is lost, and the run continues while MLflow's database lacks a table."""
    with (
        closing(sqlite3.connect(store)) as database,
        Tracker(tmp_path / "t.db", {"seed": 1}, mlflow=store, mlflow_experiment="down") as tracker,
    ):
        database.execute("ALTER TABLE metrics RENAME TO metrics_elsewhere")
        tracker.log({"x": 0})
        with pytest.warns(XetrackWarning, match=r"the sink 'mlflow' failed to flush: .* 1 row not sent to MLflow"):
            tracker.flush()
        with pytest.warns(XetrackWarning, match="rows are buffered and sent again"):
            tracker.log({"x": 1})
        database.execute("ALTER TABLE metrics_elsewhere RENAME TO metrics")
        tracker.log({"x": 2})
        tracker.flush()
        assert tracker.losses == {}
    [run] = runs_of(client, "down")
    assert history(client, run, "x") == [(0, 0), (1, 1), (2, 2)]
    assert (run.info.status, run.data.params) == ("FINISHED", {"seed": "1"})


def test_rows_beyond_the_buffer_are_counted_as_losses(tmp_path: Path) -> None:
    """The database has them all."""
    nobody = "http://127.0.0.1:9"
    tracker = Tracker(tmp_path / "t.db", mlflow=nobody, mlflow_hold=2)
    with pytest.warns(XetrackWarning) as warned:
        tracker.log_batch([{"x": number} for number in range(5)])
    assert (tracker.losses, len(tracker)) == ({"mlflow": 3}, 5)
    with pytest.warns(XetrackWarning) as warned_at_the_end:
        tracker.close()
    messages = [str(each.message) for each in (*warned, *warned_at_the_end)]
    assert any("The buffer is full: 2 rows wait for MLflow" in each for each in messages)
    assert any(
        "the sink 'mlflow' failed to close: ForwardingError: 2 rows not sent to MLflow" in each for each in messages
    )


def test_only_rejected_rows_are_left_out(tmp_path: Path, store: Path, client: MlflowClient) -> None:
    """They are reported when the sink is closed at the latest."""
    sink = MlflowSink(Options(store, "refused"), Context(str(tmp_path / "t.db"), track_id="run-1"))
    sink.emit(make_row(0, {"n": 0}))
    sink.emit(make_row(1, {"n": 1, "step": 2**62, "text": "x" * 9000}))
    sink.emit(make_row(2, {"n": 2}))
    sink.flush()
    [run] = runs_of(client, "refused")
    client.delete_run(run.info.run_id)
    sink.emit(make_row(3, {"n": 3}))
    with pytest.raises(ForwardingError, match=r"1 row rejected.*active"):
        sink.close()
    assert sorted(history(client, run, "n")) == [(0, 0), (2, 2), (2**62, 1)]


FORKING = """
import os, sys
from sqlalchemy import event
from sqlalchemy.pool import Pool
from xetrack import Tracker

foreign = []

@event.listens_for(Pool, "connect")
def connected(_, record):
    record.info["pid"] = os.getpid()

@event.listens_for(Pool, "checkout")
def used(_, record, __):
    if record.info["pid"] != os.getpid():
        foreign.append(record)

tracker = Tracker(sys.argv[1], mlflow=sys.argv[2], mlflow_experiment="forked")
tracker.log({"n": 0})
tracker.flush()
for number in (1, 2, 3):
    if not os.fork():
        for _ in range(20):
            tracker.log({"n": number})
        tracker.close()
        os._exit(len(tracker.losses) + len(foreign))
    tracker.log({"n": 0})
assert [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(3)] == [0, 0, 0]
tracker.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_forked_children_send_their_own_rows(tmp_path: Path, store: Path, client: MlflowClient) -> None:
    """All at once, after the parent has connected, each over its own connections."""
    with Processes() as processes:
        processes.run(FORKING, tmp_path / "t.db", store)
    [run] = runs_of(client, "forked")
    assert sorted(value for _, value in history(client, run, "n")) == [0] * 4 + [1] * 20 + [2] * 20 + [3] * 20
    assert run.info.status == "FINISHED"
    with closing(sqlite3.connect(store)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


WAITING = """
import os, threading
from xetrack_mlflow.forks import Quiet

events, asked, inside, go_on = [], threading.Event(), threading.Event(), threading.Event()

class Asked(Quiet):
    def hush(self):
        asked.set()
        super().hush()

def send(quiet):
    with quiet:
        inside.set()
        go_on.wait()
        events.append("sent")

def fork():
    if not os.fork():
        os._exit(0)
    events.append("forked")
    os.wait()

quiet = Asked()
threads = [threading.Thread(target=each, daemon=True) for each in (lambda: send(quiet), fork)]
threads[0].start()
inside.wait()
threads[1].start()
assert asked.wait(10)
go_on.set()
for each in threads:
    each.join()
with quiet:
    print(events)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_fork_waits_for_a_request_in_progress() -> None:
    """Later requests do not wait."""
    with Processes() as processes:
        assert processes.run(WAITING).strip() == "['sent', 'forked']"


@pytest.mark.parametrize(
    ("options", "message"),
    [({"mlflow_experiment": "x"}, "need mlflow="), ({"mlflow": "m.db", "mlflow_hold": 0}, "at least 1")],
)
def test_invalid_options_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    """Nothing is written."""
    with pytest.raises(OptionError, match=message):
        Tracker(tmp_path / "t.db", **options)
    assert list(tmp_path.iterdir()) == []
