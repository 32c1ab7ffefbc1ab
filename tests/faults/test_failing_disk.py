"""A disk that fails at any write: an error of ours that names the file, nothing half there, and the tracker goes on."""

import errno

import pytest

SCRIPT = """
library = ctypes.CDLL(None)
part, code, many = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
options = {"assets": "assets", "cache": "cache", "a.jsonl": "jsonl", "logs": "logs_path"}
actions = {
    "log": lambda tracker: tracker.log({"n": 1, "text": "x" * 9000, "new": 1}),
    "object": lambda tracker: tracker.log({"n": 1, "thing": Thing(9000)}),
    "log_batch": lambda tracker: tracker.log_batch([{"n": 1, "text": "x" * 3000}] * 9),
    "set_value": lambda tracker: tracker.set_value("n", 1),
    "track": lambda tracker: tracker.track(work, 40_000),
    "flush": lambda tracker: tracker.flush(),
    "close": lambda tracker: tracker.close(),
}
ones = {"log": 1, "object": 1, "log_batch": 9, "set_value": 2}
warnings.simplefilter("ignore")

def strike(name, number, folder):
    "Let the writes from `number` on fail during an action, look at what is left, and tell whether any failed."
    given = {options[part]: folder / part} if part in options else {}
    tracker = Tracker(folder / "track.db", **given)
    tracker.log({"n": 0})
    tracker.log({"n": 0, "thing": Thing(9)})
    library.fail_writes(os.fsencode(folder / part), code, number, many)
    message = ""
    try:
        actions[name](tracker)
    except DatabaseError as error:
        message = str(error)
    struck = library.failed()
    library.fail_writes(b"", 0, 0, 0)
    assert not message or message.startswith(str(folder)), message
    if name != "close":
        tracker.log({"n": 2})
        if part == "cache":
            assert [tracker.track(work, 40_000), tracker.track(work, 40_000)] == ["y" * 40_000] * 2
            assert tracker.latest["cache"] == tracker.track_id
        tracker.close()
    look(folder, name, tracker.losses, message)
    return struck

def look(folder, name, losses, message):
    with Reader(folder / "track.db") as reader:
        rows = reader.to_dicts()
        assert reader.conn.execute("PRAGMA db.integrity_check").fetchone() == ("ok",)
        for row in rows:
            assert row.get("thing") is None or reader.assets.get(row["thing"]).text
    numbers = [row.get("n") for row in rows]
    assert numbers.count(2) == (name != "close"), numbers
    assert numbers.count(1) == (0 if message else ones.get(name, 0)), (numbers, message)
    assert numbers.count(0) == (2 if message or name != "set_value" else 0), (numbers, message)
    if part == "a.jsonl":
        lines = [json.loads(line) for line in (folder / part).read_text().splitlines() if line.strip()]
        assert len(lines) + losses.get("jsonl", 0) == len(rows), (len(lines), losses)
    if part == "logs":
        [log] = (folder / part).iterdir()
        assert log.read_text().count("| TRACKING |") + losses.get("logs", 0) == len(rows), losses

strikes = 0
for name in sys.argv[4:]:
    number, struck = 0, 1
    while struck:
        folder = Path(f"{name}-{number}").absolute()
        folder.mkdir()
        try:
            struck = strike(name, number, folder)
        except BaseException as error:
            error.add_note(f"in {name}, from write {number} on")
            raise
        strikes += struck > 0
        number += 1 + number // 4
print(strikes)
"""

EIO, ENOSPC, ALL = errno.EIO, errno.ENOSPC, 10**6


@pytest.mark.parametrize(
    ("arguments", "least"),
    [
        (["track.db", EIO, 1, "log", "object", "log_batch"], 20),
        (["track.db", ENOSPC, ALL, "log", "set_value", "flush", "close"], 20),
        (["assets", ENOSPC, ALL, "object"], 1),
        (["cache", EIO, 1, "track"], 5),
        (["a.jsonl", EIO, ALL, "log_batch"], 7),
        (["logs", ENOSPC, 1, "log"], 1),
    ],
    ids=["a database", "a full database", "objects", "a cache", "JSONL", "logs"],
)
def test_a_write_that_fails_anywhere_loses_nothing(python, failing, arguments, least):
    """`least` says how often one fails at least, or the test would prove nothing."""
    assert int(python(SCRIPT, *arguments, LD_PRELOAD=failing)) >= least
