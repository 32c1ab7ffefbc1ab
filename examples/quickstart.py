# /// script
# requires-python = ">=3.11"
# dependencies = ["scikit-learn", "xetrack"]
#
# [tool.uv.sources]
# xetrack = { path = "../packages/xetrack" }
# ///
"""Find the best model for handwritten digits: train several over three seeds, log every run, print a leaderboard.

    uv run examples/quickstart.py [DATABASE]

Data: the 1,797 digits that ship with scikit-learn. DATABASE defaults to a temporary file.
"""

import argparse
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from xetrack import Reader, Tracker

SEEDS = (0, 1, 2)
MODELS = {
    "logistic regression": lambda seed: LogisticRegression(max_iter=500, random_state=seed),
    "linear, by SGD": lambda seed: SGDClassifier(random_state=seed),
    "nearest neighbours": lambda _: KNeighborsClassifier(),
    "support vectors": lambda seed: SVC(random_state=seed),
    "random forest": lambda seed: RandomForestClassifier(n_estimators=100, random_state=seed),
    "extra trees": lambda seed: ExtraTreesClassifier(n_estimators=100, random_state=seed),
}
SHARES = (0.25, 0.5, 1.0)  # of the training data, for a learning curve


def experiment(db, name, seed):
    """Log one run: fit on growing shares of the data, then set the accuracy on unseen digits."""
    digits, labels = load_digits(return_X_y=True)
    rest, test, rest_labels, test_labels = train_test_split(digits, labels, test_size=0.2, random_state=seed)
    train, check, train_labels, check_labels = train_test_split(rest, rest_labels, test_size=0.25, random_state=seed)
    with Tracker(db, params={"model": name, "seed": seed}) as tracker:
        for step, share in enumerate(SHARES):
            samples = int(len(train) * share)
            model = make_pipeline(StandardScaler(), MODELS[name](seed))
            started = perf_counter()
            model.fit(train[:samples], train_labels[:samples])
            seconds = perf_counter() - started
            accuracy = model.score(check, check_labels)
            tracker.log({"samples": samples, "accuracy": accuracy, "fit_seconds": seconds}, step=step)
        tracker.set_value("test_accuracy", model.score(test, test_labels))  # known only at the end, set in every row
    return tracker.track_id


def leaderboard(db):
    """Return the mean and spread of the test accuracy over seeds, best model first."""
    runs = Reader(db).runs()  # one row per run, with the last value of each metric
    board = runs.groupby("model").agg(
        runs=("track_id", "count"),
        test_accuracy=("test_accuracy", "mean"),
        spread=("test_accuracy", "std"),
        fit_seconds=("fit_seconds", "mean"),
    )
    return board.sort_values("test_accuracy", ascending=False).round(4)


def main(db):
    """Run all experiments and print the results."""
    total = len(MODELS) * len(SEEDS)
    for name in MODELS:
        for seed in SEEDS:
            print(f"  {name}, seed {seed}: run {experiment(db, name, seed)}")
    reader = Reader(db)
    print(f"\n{len(reader)} rows of {total} runs in {db}; the last three:\n")
    print(reader.to_df(tail=3).to_string())
    print(f"\nleaderboard\n\n{leaderboard(db).to_string()}")
    best = reader.runs().sort_values("test_accuracy").iloc[-1]
    print(f"\nbest run: {best.track_id} ({best.model}, seed {best.seed}), {best.test_accuracy:.1%} of the test digits")
    print("\nthe same in SQL: SELECT model, max(test_accuracy) FROM db.events GROUP BY model")
    rows = reader.conn.execute("SELECT model, max(test_accuracy) FROM db.events GROUP BY model ORDER BY 2 DESC")
    for model, accuracy in rows:
        print(f"  {accuracy:.4f}  {model}")
    xt = shutil.which("xt", path=Path(sys.executable).parent) or "xt"  # the environment need not be active
    print(f"\nview the runs in the terminal: {shlex.join([xt, 'runs', str(db)])}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", nargs="?")
    main(parser.parse_args().database or Path(tempfile.mkdtemp()) / "digits.db")
