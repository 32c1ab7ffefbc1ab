# /// script
# requires-python = ">=3.11"
# dependencies = ["scikit-learn", "xetrack"]
#
# [tool.uv.sources]
# xetrack = { path = "../packages/xetrack" }
# ///
"""Sweep hyper-parameters on every core: worker processes log their runs to one file.

    uv run examples/sweep.py [DATABASE]

Data: the 569 tumours that ship with scikit-learn. DATABASE defaults to a temporary file.
"""

import argparse
import itertools
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from xetrack import Reader, Tracker

COSTS = (0.1, 1.0, 10.0, 100.0, -1.0)  # the last one is invalid: its runs fail, and the sweep continues
GAMMAS = (0.001, 0.01, 0.1)


def fit_and_score(model, fold):
    """Return the accuracy on the held-out fifth of the data."""
    features, labels = load_breast_cancer(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    train, test = list(folds.split(features, labels))[fold]
    model.fit(features[train], labels[train])
    return {"fold": fold, "accuracy": model.score(features[test], labels[test])}


def experiment(db, cost, gamma):
    """Log one run, one row per fold. If a call raises, `track` logs it and the run is marked as failed."""
    with Tracker(db, params={"cost": cost, "gamma": gamma}) as tracker:
        for fold in range(5):
            tracker.track(fit_and_score, make_pipeline(StandardScaler(), SVC(C=cost, gamma=gamma)), fold)


def main(db):
    """Start all runs, wait for them, then show how they ended and which was best."""
    with ProcessPoolExecutor() as pool:
        for point in itertools.product(COSTS, GAMMAS):
            pool.submit(experiment, db, *point)

    reader = Reader(db)
    print(f"{reader.runs()['status'].value_counts().to_string()}\n")
    calls = reader.to_df()
    board = (
        calls[calls["error"] == ""]
        .groupby(["cost", "gamma"])
        .agg(accuracy=("accuracy", "mean"), spread=("accuracy", "std"), seconds=("function_time", "mean"))
    )
    print(f"{board.sort_values('accuracy', ascending=False).head(5).round(4).to_string()}\n")
    for error, failed in calls[calls["error"] != ""].groupby("error"):
        print(f"{len(failed)} runs failed: {error}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", nargs="?")
    main(parser.parse_args().database or Path(tempfile.mkdtemp()) / "sweep.db")
