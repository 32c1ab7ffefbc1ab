"""This checkout, as `pip install xetrack` brings it."""

from benchmarks.peers.workload import PARAMS


class Adapter:
    def open(self, folder, run):
        from xetrack import Tracker

        self._tracker = Tracker(f"{folder}/ours.db", params=PARAMS, track_id=run)

    def log_one(self, event):
        self._tracker.log(event)

    def log_batch(self, events):
        self._tracker.log_batch(events)

    def finish(self):
        self._tracker.close()

    def read_all(self, folder):
        with _reader(folder) as reader:
            return len(reader.to_df())

    def read_run(self, folder, run):
        with _reader(folder) as reader:
            return len(reader.to_df(track_id=run))

    def leaderboard(self, folder):
        with _reader(folder) as reader:
            return int(reader.runs()["loss"].count())

    def found(self, folder, run):
        with _reader(folder) as reader:
            return reader.to_df(track_id=run)["epoch"].tolist()


def _reader(folder):
    from xetrack import Reader

    return Reader(f"{folder}/ours.db")
