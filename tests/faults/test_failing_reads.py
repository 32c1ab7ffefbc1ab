"""A disk that fails at any read: the right answer, or an error that names the file; afterwards all is there."""

import pytest

pytestmark = pytest.mark.soak

SCRIPT = """
library = ctypes.CDLL(None)
part, step = sys.argv[1], int(sys.argv[2])
options = {"assets": "assets", "cache": "cache", "jsonl": "a.jsonl", "logs_path": "logs"}
warnings.simplefilter("ignore")

def fill(name):
    "The folder that a process left that was killed: all rows are in the log of SQLite."
    folder = Path(name).absolute()
    if os.fork():
        assert os.wait()[1] == 0
    else:
        tracker = log(folder)
        os._exit(0)
    return folder

def log(folder):
    tracker = Tracker(folder / "track.db", params={"lr": 1}, **{name: folder / path for name, path in options.items()})
    tracker.log_batch([{"n": n, "text": "x" * 3000} for n in range(60)])
    (folder / "hash").write_text(tracker.log({"n": 60, "thing": Thing(90_000)})["thing"])
    tracker.track(work, 40_000)
    return tracker

def reads(reading):
    def action(folder):
        with Reader(folder / "track.db") as reader:
            return reading(reader)
    return action

def asset(folder):
    with Reader(folder / "track.db", assets=folder / "assets") as reader:
        return len(reader.assets.get((folder / "hash").read_text()).text)

def duckdb(folder):
    "What DuckDB counts in its copy; after a read has failed, at the next query."
    with Reader(folder / "track.db", engine="duckdb") as reader:
        query = "SELECT count(*), sum(n), sum(length(text)) FROM db.events"
        try:
            return reader.conn.execute(query).fetchall()
        except DatabaseError:
            found = reader.conn.execute(query).fetchall()
            assert found == [(62, sum(range(61)), 60 * 3000)], found
            raise

def track(folder):
    with Tracker(folder / "track.db", params={"lr": 1}, cache=folder / "cache") as tracker:
        return tracker.track(work, 40_000)

def copied(copy):
    "What is counted in a copy."
    def action(folder):
        copy(folder)
        with Reader(folder / "copy.db") as reader:
            return len(reader.to_dicts())
    return action

actions = {
    "to_df": reads(lambda reader: len(reader.to_df())),
    "latest": reads(lambda reader: reader.latest()["lr"].tolist()),
    "runs": reads(lambda reader: [run["rows"] for run in reader.list_runs()]),
    "asset": asset,
    "scan_cache": lambda folder: [len(entry["result"]) for _, entry in Reader.scan_cache(folder / "cache")],
    "read_jsonl": lambda folder: len(Reader.read_jsonl(folder / "a.jsonl")),
    "read_logs": lambda folder: len(Reader.read_logs(folder / "logs")),
    "copy": copied(lambda folder: xetrack.copy(folder / "track.db", folder / "copy.db")),
    "backup": copied(lambda folder: Reader(folder / "track.db").backup(folder / "copy.db")),
    "duckdb": duckdb,
    "track": track,
}

def strike(action, number, folder):
    "The answer or the error where the read of that number fails, and how many failed."
    library.fail_reads(os.fsencode(folder / part), errno.EIO, number, 1)
    try:
        found = action(folder)
    except OSError as error:
        assert str(folder) in str(error), error
        found = None
    struck = library.failed()
    library.fail_reads(b"", 0, 0, 0)
    return found, struck

def look(folder):
    with Reader(folder / "track.db", assets=folder / "assets") as reader:
        assert reader.conn.execute("PRAGMA db.integrity_check").fetchone() == ("ok",)
        assert len(reader.to_dicts()) >= 62
    assert asset(folder) == 90_000
    assert actions["scan_cache"](folder) == [40_000]

log(Path("first").absolute()).close()  # imports what the children need
strikes = 0
for name in sys.argv[3:]:
    expected = actions[name](fill(f"{name}-expected"))
    assert expected, name
    number, struck = 0, 1
    while struck:
        folder = fill(f"{name}-{number}")
        found, struck = strike(actions[name], number, folder)
        assert found in (None, expected) and (struck or found), (name, number, found, expected)
        look(folder)
        strikes += struck
        number += 1 + number // step
print(strikes)
"""


@pytest.mark.parametrize(
    ("arguments", "least"),
    [
        (["track.db", 1, "to_df", "latest", "runs", "asset", "copy", "backup", "duckdb", "track"], 40),
        (["assets", 5, "asset", "copy"], 2),
        (["cache", 5, "scan_cache", "track"], 10),
        (["a.jsonl", 5, "read_jsonl"], 2),
        (["logs", 5, "read_logs"], 1),
    ],
    ids=["a database", "objects", "a cache", "JSONL", "logs"],
)
def test_a_read_that_fails_anywhere_gives_nothing_wrong(python, failing, arguments, least):
    """`least` says how often one fails at least, or the test would prove nothing."""
    assert int(python(SCRIPT, *arguments, LD_PRELOAD=failing)) >= least


CACHED = """
library = ctypes.CDLL(None)

def slow(size):
    with Path("calls").open("a") as calls:
        calls.write("called ")
    return "y" * size

with Tracker("track.db", cache="cache") as tracker:
    tracker.track(slow, 40_000)
    [file] = Path("cache").rglob("*.val")
    library.fail_reads(os.fsencode(file.absolute()), errno.EIO, 0, 9)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert tracker.track(slow, 40_000) == "y" * 40_000
    assert library.failed() == 2  # before it waited for others that compute it, and after
    assert Path("calls").read_text() == "called called "
    [warning] = warned
    print(warning.message)
"""


def test_a_cached_result_that_cannot_be_read_is_computed_again_and_told(python, failing):
    """It was computed again without a word, each time."""
    warned = python(CACHED, LD_PRELOAD=failing)
    assert "cannot be read and is computed again" in warned
    assert "Input/output error" in warned
