"""DVCLive, a folder of TSV files a run, without a Git repository."""

import csv
from pathlib import Path

from benchmarks.peers.workload import PARAMS


class Adapter:
    def open(self, folder, run):
        from dvclive import Live

        self._live = Live(f"{folder}/{run}", save_dvc_exp=False, dvcyaml=None)
        self._live.log_params(PARAMS)

    def log_one(self, event):
        self._live.log_metric("accuracy", event["accuracy"])
        self._live.log_metric("loss", event["loss"])
        self._live.next_step()

    def finish(self):
        self._live.end()

    def read_all(self, folder):
        return sum(self.read_run(folder, run.name) for run in Path(folder).iterdir())

    def read_run(self, folder, run):
        return len(_history(folder, run, "loss")) if _history(folder, run, "accuracy") else 0

    def leaderboard(self, folder):
        return len([_history(folder, run.name, "loss")[-1]["loss"] for run in Path(folder).iterdir()])

    def found(self, folder, run):
        return [int(row["step"]) for row in _history(folder, run, "loss")]


def _history(folder, run, metric):
    with Path(folder, run, "plots", "metrics", f"{metric}.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))
