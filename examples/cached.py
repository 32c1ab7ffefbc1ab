# /// script
# requires-python = ">=3.11"
# dependencies = ["scikit-learn", "xetrack[cache]"]
#
# [tool.uv.sources]
# xetrack = { path = "../packages/xetrack" }
# ///
"""Share expensive results between processes: each is computed once, by whichever process comes first.

    uv run examples/cached.py [FOLDER]

Data: the 1,797 digits that ship with scikit-learn. FOLDER defaults to a temporary one.
"""

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from xetrack import Reader, Tracker

REQUESTS = [(trees, depth) for trees in (10, 20) for depth in (4, 8)] * 3  # each is requested three times


def score(trees, depth):
    """Compute something expensive."""
    digits, labels = load_digits(return_X_y=True)
    model = RandomForestClassifier(n_estimators=trees, max_depth=depth, random_state=0)
    return {"accuracy": float(cross_val_score(model, digits, labels, cv=3).mean())}


def ask(folder, trees, depth):
    """Run in a worker: its own run, but the same database and cache."""
    with Tracker(folder / "scores.db", cache=folder / "cache", warnings=False) as tracker:
        tracker.track(score, args=[trees, depth])


def main(folder):
    """Request the results, then show who computed what."""
    with ProcessPoolExecutor(4) as pool:
        for done in [pool.submit(ask, folder, *request) for request in REQUESTS]:
            done.result()

    calls = Reader(folder / "scores.db").to_df()
    hits = calls["cache"] != ""
    print(f"{len(calls)} calls: {(~hits).sum()} computed, {hits.sum()} from the cache")
    print(f"total time spent on calls: {calls['function_time'].sum():.2f} s\n")
    print(calls.groupby("args")["accuracy"].agg(["count", "nunique", "first"]).round(4).to_string())

    origin = calls.loc[hits, "cache"].iloc[0]  # the run that computed it
    assert origin in set(calls.loc[~hits, "track_id"])
    print(f"\na hit names its origin: {origin}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    main(Path(parser.parse_args().folder or tempfile.mkdtemp()))
