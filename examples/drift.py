# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "scikit-learn", "scipy", "xetrack"]
#
# [tool.uv.sources]
# xetrack = { path = "../packages/xetrack" }
# ///
"""Monitor a model in production: log every prediction to files, then check the files for drift.

    uv run examples/drift.py [FOLDER]

Data: the 178 wines that ship with scikit-learn. After a few days, one of the lab's instruments goes wrong.
FOLDER defaults to a temporary one.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from scipy.stats import ks_2samp
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from xetrack import Reader, Tracker

WATCHED = ("alcohol", "proline", "color_intensity")
DAYS, A_DAY = 6, 60
BROKEN_SINCE = 4


def serve(logs, model, wines):
    """Run the service. It writes one log line per prediction, and no database."""
    tracker = Tracker(Tracker.SKIP_INSERT, params={"model": "tree-1"}, logs_path=logs, warnings=False)
    draw = np.random.default_rng(0)
    for day in range(DAYS):
        for _, wine in wines.sample(A_DAY, replace=True, random_state=draw).iterrows():
            measured = wine.copy()
            if day >= BROKEN_SINCE:
                measured["proline"] *= 0.6  # the fault that nobody noticed
            started = perf_counter()
            kind = int(model.predict(measured.to_frame().T)[0])
            milliseconds = (perf_counter() - started) * 1000
            features = {name: float(measured[name]) for name in WATCHED}
            tracker.logger.monitor({"day": day, "kind": kind, "milliseconds": milliseconds, **features})
    tracker.close()


def drift(reference, logs):
    """Yield the p-value of a KS test against the training data, per day and feature."""
    served = Reader.read_logs(logs)
    for day, requests in served.groupby("day"):
        yield {"day": day, **{name: ks_2samp(reference[name], requests[name]).pvalue for name in WATCHED}}


def main(folder):
    """Train, serve for some days, then check for drift."""
    wines = load_wine(as_frame=True)
    train, live, kinds, _ = train_test_split(wines.data, wines.target, test_size=0.5, random_state=0)
    serve(folder / "logs", DecisionTreeClassifier(random_state=0).fit(train, kinds), live)

    checks = Tracker(folder / "checks.db", params={"model": "tree-1", "test": "ks"})
    for row in drift(train, folder / "logs"):
        alarms = [name for name in WATCHED if row[name] < 1e-6]
        checks.log({**row, "alarms": alarms})
    print(Reader(folder / "checks.db").to_df()[["day", *WATCHED, "alarms"]].round(6).to_string(index=False))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    main(Path(parser.parse_args().folder or tempfile.mkdtemp()))
