# /// script
# requires-python = ">=3.11"
# dependencies = ["scikit-learn", "xetrack[all]"]
#
# [tool.uv.sources]
# xetrack = { path = "../packages/xetrack" }
# ///
"""Join logged predictions with a Parquet file, in DuckDB.

    uv run examples/analysis.py [FOLDER]

Data: the 442 patients of scikit-learn's diabetes dataset. FOLDER defaults to a temporary one.
"""

import argparse
import tempfile
from pathlib import Path

from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsRegressor

from xetrack import Reader, Tracker

MODELS = {"ridge": Ridge(), "neighbours": KNeighborsRegressor(20)}

ERRORS_BY_AGE = """
    SELECT e.model, p.decade, count(*) AS patients, round(avg(abs(e.predicted - p.truth)), 1) AS mean_error
    FROM db.events e JOIN read_parquet(?) p USING (patient)
    GROUP BY ALL ORDER BY p.decade, e.model
"""

# patients for whom both models are far off
BOTH_WRONG = """
    PIVOT (
        SELECT patient, model, predicted - truth AS miss FROM db.events JOIN read_parquet('{parquet}') USING (patient)
    )
    ON model USING first(round(miss)) ORDER BY least(abs(neighbours), abs(ridge)) DESC LIMIT 3
"""


def patients(parquet):
    """Write the Parquet file, the second source."""
    data = load_diabetes(as_frame=True, scaled=False)
    frame = data.frame.reset_index(names="patient").rename(columns={"target": "truth"})
    frame["decade"] = (frame["age"] // 10 * 10).astype(int)
    frame[["patient", "decade", "truth"]].to_parquet(parquet)
    return data.data, data.target


def main(folder):
    """Log one row per prediction, then query."""
    parquet = folder / "patients.parquet"
    features, truth = patients(parquet)
    for name, model in MODELS.items():
        with Tracker(folder / "predictions.db", params={"model": name}) as tracker:
            predicted = cross_val_predict(model, features, truth, cv=5)
            tracker.log_batch([{"patient": number, "predicted": value} for number, value in enumerate(predicted)])

    reader = Reader(folder / "predictions.db", engine="duckdb")
    print(f"{reader.conn.execute(ERRORS_BY_AGE, [str(parquet)]).df().to_string(index=False)}\n")
    print(reader.conn.sql(BOTH_WRONG.format(parquet=parquet)).df().to_string(index=False))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    main(Path(parser.parse_args().folder or tempfile.mkdtemp()))
