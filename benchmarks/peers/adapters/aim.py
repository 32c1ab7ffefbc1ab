"""Aim with a local repository. The epoch is its step. Queries see what was indexed, which `aim up` does, or this."""

from pathlib import Path

from benchmarks.peers.workload import PARAMS


class Adapter:
    def open(self, folder, run):
        import aim

        own = {"system_tracking_interval": None, "log_system_params": False, "capture_terminal_logs": False}
        self._run = aim.Run(repo=folder, **own)
        self._run.name = run
        for name, value in PARAMS.items():
            self._run[name] = value

    def log_one(self, event):
        self._run.track({"accuracy": event["accuracy"], "loss": event["loss"]}, step=event["epoch"])

    def finish(self):
        self._run.close()

    def read_all(self, folder):
        return _read(folder, "")

    def read_run(self, folder, run):
        return _read(folder, f"run.name == '{run}'")

    def leaderboard(self, folder):
        return len([metric.values.last()[1] for metric in _metrics(folder, "metric.name == 'loss'")])

    def found(self, folder, run):
        for metric in _metrics(folder, f"metric.name == 'loss' and run.name == '{run}'"):
            yield from metric.data.items_list()[0]


def _read(folder, query):
    """The number of events: each has two metrics, read as arrays of steps and values."""
    return sum(len(metric.values.sparse_numpy()[1]) for metric in _metrics(folder, query)) // 2


def _metrics(folder, query):
    import aim
    from aim.sdk.types import QueryReportMode

    repo = aim.Repo(folder)
    _indexed(repo, Path(folder, "indexed"))
    for run in repo.query_metrics(query, report_mode=QueryReportMode.DISABLED).iter_runs():
        yield from run


def _indexed(repo, done):
    """As `aim storage reindex`, once a store."""
    from aim.sdk.index_manager import RepoIndexManager

    if not done.exists():
        manager = RepoIndexManager.get_index_manager(repo)
        for run in repo.list_all_runs():
            manager.index(run)
        done.touch()
