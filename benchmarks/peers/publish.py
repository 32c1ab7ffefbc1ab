"""What a run leaves: tables, plot and figures in a folder, and on request in docs/benchmarks.md."""

import json
import shutil
import subprocess

from benchmarks.peers.environments import python_of
from benchmarks.peers.failures import FailedError, last_line
from benchmarks.peers.pins import FOLDER, ROOT, Pinned
from benchmarks.peers.report import report

PLOT = Pinned("plot", FOLDER / "plot.py", "the plot", "plot", requirements=["matplotlib==3.11.2"])
PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = "benchmarks-peers.png"
BEGIN, END = "<!-- peers: written by `python benchmarks peers --write` -->\n", "<!-- end of peers -->\n"


def save(comparison, folder):
    """peers.json, which has everything, and peers.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peers.json").write_text(json.dumps(comparison, indent=1) + "\n", encoding="utf-8")
    (folder / "peers.md").write_text(report(comparison), encoding="utf-8")


def draw(folder, environments):
    """peers.png, of the peers.json beside it. Raises FailedError."""
    python = python_of(PLOT, environments)
    command = [python, PLOT.adapter, folder / "peers.json", folder / "peers.png"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise FailedError(f"the plot is not drawn: {last_line(done.stderr)}")


def write(comparison, folder, page=PAGE):
    """Put the tables between the page's two markers, and the plot beside the page."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise FailedError(f"{page} lacks the lines {BEGIN.strip()} and {END.strip()}")
    shutil.copyfile(folder / "peers.png", page.parent / PICTURE)
    picture = f"![The same figures as bars]({PICTURE})"
    text = f"{before}{BEGIN}\n{report(comparison)}\n{picture}\n\n{END}{after}"
    page.write_text(text, encoding="utf-8")
