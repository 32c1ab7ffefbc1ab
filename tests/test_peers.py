"""The comparison with peers runs, and shows what fails, what is missing and what is lost. Never a timing."""

import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))  # the benchmarks are no distribution

from benchmarks.peers import publish  # noqa: E402 - found through the line above
from benchmarks.peers.bars import bars  # noqa: E402
from benchmarks.peers.environments import python_of  # noqa: E402
from benchmarks.peers.failures import FailedError, last_line  # noqa: E402
from benchmarks.peers.figures import Figure, figure  # noqa: E402
from benchmarks.peers.harness import WORKLOADS, Comparison  # noqa: E402
from benchmarks.peers.measuring import TINY  # noqa: E402
from benchmarks.peers.pins import FOLDER, Pinned, pinned  # noqa: E402
from benchmarks.peers.report import aligned, report  # noqa: E402


def run(folder, *arguments):
    """The figures that the command leaves, and what it prints."""
    out, work = folder / "out", folder / "work"
    work.mkdir()
    command = ["benchmarks", "peers", "--tiny", "--here", "--out", out, "--folder", work, *arguments]
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert not any(work.iterdir())
    assert (out / "peers.md").read_text(encoding="utf-8") in done.stdout
    return json.loads((out / "peers.json").read_text(encoding="utf-8")), done.stdout


@pytest.mark.benchmarks
def test_one_command_compares_with_the_limit(tmp_path):
    comparison, printed = run(
        tmp_path, "--only", "bare_sqlite3", "ours", "--workloads", "log", "writers", "killed", "all"
    )
    assert "| xetrack " in printed
    assert "× " in printed
    for results in comparison["results"].values():
        assert list(results) == ["bare_sqlite3", "ours"]
        assert not any("failed" in result for result in results.values()), results
    for workload in ("killed", "writers"):
        assert [result["rounds"][0]["lost"] for result in comparison["results"][workload].values()] == [0, 0]


@pytest.mark.benchmarks
def test_every_workload_runs(tmp_path):
    comparison, printed = run(tmp_path, "--only", "bare_sqlite3")
    assert list(comparison["results"]) == list(WORKLOADS)
    for of_peers in comparison["results"].values():
        assert len(of_peers["bare_sqlite3"]["rounds"]) == 1, of_peers
    assert "fails" not in printed


@pytest.fixture
def compare(tmp_path):
    """Compares made-up peers: a source of an adapter each, of a kind."""

    def run(*workloads, rounds=1, **adapters):
        (tmp_path / "adapters").mkdir()
        pins = ""
        for name, (kind, source) in adapters.items():
            (tmp_path / "adapters" / f"{name}.py").write_text(dedent(source), encoding="utf-8")
            pins += f'[{name}]\ntitle = "The {name}"\nkind = "{kind}"\nimport = "json"\n'
        (tmp_path / "pins.toml").write_text(pins, encoding="utf-8")
        sizes = replace(TINY, rounds=rounds)
        peers = pinned(tmp_path / "pins.toml")
        comparison = Comparison(peers, workloads, sizes, tmp_path / "scratch", run.said.append)
        comparison.prepare(tmp_path, here=Path(sys.executable))
        *_, told = comparison.rounds()
        return {"machine": "a machine", **told}

    run.said = []
    return run


KEEPER = """
    from pathlib import Path

    class Adapter:
        def open(self, folder, run):
            self.file = Path(folder, run).open("a")

        def log_one(self, event):
            print(event["epoch"], file=self.file, flush=True)

        def finish(self):
            self.file.close()

        def found(self, folder, run):
            return Path(folder, run).read_text().split()
"""
BUFFERED = KEEPER.replace(", flush=True", "")
BROKEN = KEEPER.replace("self.file.close()", "raise OSError('the disk is\\nmade of cheese')")


def test_what_fails_is_shown_with_its_reason(compare):
    comparison = compare("log", keeper=("tracker", KEEPER), broken=("tracker", BROKEN))
    assert comparison["results"]["log"]["broken"]["failed"] == "made of cheese"
    text = report(comparison)
    assert "| The broken | **fails** " in text
    assert "* The broken, until it is in a file: `made of cheese`" in text
    assert "The keeper, " not in text
    assert "The broken" not in bars(comparison)
    assert "The keeper █████ " in bars(comparison)


def test_what_fails_is_not_tried_again(compare):
    comparison = compare("log", rounds=2, keeper=("tracker", KEEPER), broken=("tracker", BROKEN))
    assert [len(result["rounds"]) for result in comparison["results"]["log"].values()] == [2, 0]
    assert [line.split(", ")[1] for line in compare.said if line.startswith("round")] == ["keeper", "broken", "keeper"]


def test_what_a_peer_has_not_is_no_failure(compare):
    text = report(compare("log", "batch", keeper=("tracker", KEEPER)))
    assert "| n/a " in text
    assert "fails" not in text


def test_what_is_not_in_a_file_is_lost(compare):
    comparison = compare("killed", keeper=("tracker", KEEPER), buffered=("tracker", BUFFERED))
    kept, lost = (result["rounds"][0] for result in comparison["results"]["killed"].values())
    assert kept["lost"] == 0
    assert lost["lost"] == lost["acknowledged"] >= TINY.killed
    assert f"| {lost['lost']} of {lost['acknowledged']} " in report(comparison)


def test_what_writers_lose_is_counted(compare):
    source = KEEPER.replace('print(event["epoch"],', 'event["epoch"] == 3 or print(event["epoch"],')
    comparison = compare("writers", forgetful=("tracker", source))
    assert comparison["results"]["writers"]["forgetful"]["rounds"][0]["lost"] == TINY.writers
    assert ", lost 2 of 10 " in report(comparison)


def test_a_hit_that_computes_is_a_failure(compare):
    forgetful = "class Adapter:\n    def cached(self, folder, function):\n        return function\n"
    result = compare("cached", forgetful=("cache", forgetful))["results"]["cached"]["forgetful"]
    assert result["failed"] == "ValueError: 6 of 6 results were computed again"


def test_a_wrong_result_is_a_failure(compare):
    wrong = "class Adapter:\n    def cached(self, folder, function):\n        return lambda *_: 1\n"
    result = compare("cached", wrong=("cache", wrong))["results"]["cached"]["wrong"]
    assert result["failed"] == "ValueError: 0**2 is not 1"


def test_reading_too_little_is_a_failure(compare):
    source = f"{KEEPER}\n        def read_all(self, folder):\n            return 5\n"
    result = compare("all", short=("tracker", source))["results"]["all"]["short"]
    assert result["failed"] == "ValueError: read_all gave 5 in place of 6"


def test_a_process_that_does_not_end_is_stopped(tmp_path):
    from benchmarks.peers.processes import Station

    adapter = tmp_path / "stuck.py"
    adapter.write_text(
        "import time\n\nclass Adapter:\n    def log_one(self, event): pass\n    def open(self, *_): time.sleep(60)\n"
    )
    station = Station(Pinned("stuck", adapter, "Stuck", "tracker"), Path(sys.executable), tmp_path, seconds=1)
    with pytest.raises(FailedError, match="did not end within 1 s"):
        station.work(tmp_path, "once", names=["run"])


def test_what_cannot_be_installed_is_a_failure(tmp_path):
    peer = Pinned("nothing", tmp_path / "nothing.py", "Nothing", "tracker", requirements=["./no-such-folder"])
    with pytest.raises(FailedError, match=r"is not installed: .*no-such-folder"):
        python_of(peer, tmp_path)


def test_every_peer_is_pinned_and_has_an_adapter():
    peers = pinned()
    assert {path.stem for path in FOLDER.glob("adapters/*.py")} == {*peers, "__init__"}
    assert all("==" in line or line.startswith("./packages/") for peer in peers.values() for line in peer.requirements)
    assert all(peer.store in {"", *peers} for peer in peers.values())
    assert next(iter(peers)) == "bare_sqlite3"


def test_ours_is_what_pip_would_bring():
    """The requirements of the pins are the packages of this workspace that the distribution xetrack needs."""
    project = tomllib.loads((ROOT / "packages" / "xetrack" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {line.split(">")[0].split("~")[0].split("=")[0].strip() for line in project["dependencies"]}
    assert {Path(line).name for line in pinned()["ours"].requirements} == {"xetrack", *needed}


def test_a_figure_is_the_median_of_rounds_and_of_their_ratios():
    result = {"rounds": [{"call": 6.0}, {"call": 2.0}, {"call": 4.0}]}
    limit = {"rounds": [{"call": 2.0}, {"call": 2.0}, {"call": 1.0}]}
    assert figure(result, limit, "call") == Figure(middle=4.0, least=2.0, most=6.0, ratio=3.0)
    assert figure(result, None, "call").ratio is None
    assert figure(result, limit, "durable") is None
    assert figure({"rounds": [], "failed": "why"}, limit, "call") is None


def test_the_last_line_is_the_reason():
    assert last_line("Traceback\n  x = y\n      ^^^\nNameError: y\n  ^^ \n\n") == "NameError: y"
    assert last_line("") == "no reason given"


def test_columns_are_of_one_width():
    assert aligned([("", "a"), ("row", "12")]) == "|     | a  |\n| --- | -- |\n| row | 12 |"


def test_tables_are_put_between_the_markers_of_a_page(compare, tmp_path):
    comparison = compare("log", keeper=("tracker", KEEPER))
    (tmp_path / "peers.png").write_bytes(b"a picture")
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text(f"before\n{publish.BEGIN}yesterday\n{publish.END}after\n", encoding="utf-8")
    for _ in range(2):
        publish.write(comparison, tmp_path, page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{publish.BEGIN}")
    assert text.endswith(f"{publish.END}after\n")
    assert report(comparison) in text
    assert "yesterday" not in text
    assert (page.parent / publish.PICTURE).read_bytes() == b"a picture"


def test_a_page_without_markers_is_left_alone(compare, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("text\n", encoding="utf-8")
    with pytest.raises(FailedError, match="lacks the lines"):
        publish.write(compare("log", keeper=("tracker", KEEPER)), tmp_path, page)
    assert page.read_text(encoding="utf-8") == "text\n"
