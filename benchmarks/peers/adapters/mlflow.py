"""MLflow with its SQLite backend. The epoch is its step."""

from benchmarks.peers.workload import PARAMS

METRICS = ("accuracy", "loss")
AT_ONCE = 1000  # metrics of a call of log_batch


class Adapter:
    def open(self, folder, run):
        self._mlflow = _mlflow(folder)
        self._run = self._mlflow.start_run(run_name=run)
        self._mlflow.log_params(PARAMS)

    def log_one(self, event):
        self._mlflow.log_metrics({name: event[name] for name in METRICS}, step=event["epoch"])

    def log_batch(self, events):
        from mlflow.entities import Metric

        metrics = [Metric(name, event[name], 0, event["epoch"]) for event in events for name in METRICS]
        client = self._mlflow.MlflowClient()
        for start in range(0, len(metrics), AT_ONCE):
            client.log_batch(self._run.info.run_id, metrics=metrics[start : start + AT_ONCE])

    def finish(self):
        self._mlflow.end_run()

    def read_all(self, folder):
        mlflow = _mlflow(folder)
        client = mlflow.MlflowClient()
        return sum(len(_history(client, run_id)) for run_id in mlflow.search_runs()["run_id"])

    def read_run(self, folder, run):
        mlflow = _mlflow(folder)
        return len(_history(mlflow.MlflowClient(), _run_id(mlflow, run)))

    def leaderboard(self, folder):
        return int(_mlflow(folder).search_runs()["metrics.loss"].count())

    def found(self, folder, run):
        mlflow = _mlflow(folder)
        return [metric.step for metric in mlflow.MlflowClient().get_metric_history(_run_id(mlflow, run), "loss")]


def _mlflow(folder):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.set_experiment("benchmark")
    return mlflow


def _run_id(mlflow, run):
    return mlflow.search_runs(filter_string=f"attributes.run_name = '{run}'")["run_id"].iloc[0]


def _history(client, run_id):
    """The events of a run: its metrics, step by step."""
    events = {}
    for name in METRICS:
        for metric in client.get_metric_history(run_id, name):
            events.setdefault(metric.step, {})[name] = metric.value
    return events
