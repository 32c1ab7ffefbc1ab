"""xetrack 0.7, the release before this one."""

from benchmarks.peers.workload import PARAMS


class Adapter:
    def open(self, folder, run):
        from xetrack import Tracker

        self._tracker = Tracker(f"{folder}/old.db", params=PARAMS, track_id=run)

    def log_one(self, event):
        self._tracker.log(event)

    def log_batch(self, events):
        self._tracker.log_batch(events)

    def finish(self):
        self._tracker.engine.close()

    def read_all(self, folder):
        return len(_reader(folder).to_df())

    def read_run(self, folder, run):
        return len(_reader(folder).to_df(track_id=run))

    def leaderboard(self, folder):
        return len(_reader(folder).to_df().groupby("track_id")["loss"].last())

    def found(self, folder, run):
        return _reader(folder).to_df(track_id=run)["epoch"].tolist()


def _reader(folder):
    from xetrack import Reader

    return Reader(f"{folder}/old.db")
