"""The examples run as a newcomer would run them."""

import subprocess
import sys
from pathlib import Path

from xetrack import Reader

ROOT = Path(__file__).parents[1]


def test_the_quickstart_tracks_a_real_experiment_end_to_end(tmp_path):
    db = tmp_path / "digits.db"
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "quickstart.py", db], capture_output=True, text=True, check=True
    )
    assert "leaderboard" in done.stdout
    assert done.stderr == ""
    runs = Reader(db).runs()
    assert len(runs) == 18
    assert set(runs["status"]) == {"finished"}
    assert runs["test_accuracy"].min() > 0.85
    rows = Reader(db).to_df()
    assert len(rows) == 54
    assert rows.groupby("track_id")["test_accuracy"].nunique().eq(1).all()  # set back in time, in every row


def test_the_readme_names_the_commands_that_ci_runs():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "pip install uv && uv run python examples/quickstart.py" in readme
    assert "pip install uv && uv run pytest" in readme
    assert "uv run pytest" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
