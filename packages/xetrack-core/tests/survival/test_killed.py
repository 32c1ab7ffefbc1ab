"""`kill -9`: what was acknowledged is there, a batch is all there or not at all, and the next tracker goes on."""

import signal

import pytest

from xetrack import Reader, Tracker

LOG = """
tracker = Tracker(sys.argv[1], track_id="run")
number = 0
while True:
    tracker.log({"n": number, f"k{number % 40}": number})
    os.write(1, b"%d\\n" % number)
    number += 1
"""

LOG_BATCH = """
tracker = Tracker(sys.argv[1], track_id="run")
batch = 0
while True:
    tracker.log_batch([{"batch": batch, "n": number} for number in range(1000)])
    os.write(1, b"%d\\n" % batch)
    batch += 1
"""

# SQLite calls back after so many steps of its virtual machine: there the process tells that it is inside, and stays
STOP_INSIDE = """
tracker = Tracker(sys.argv[1], track_id="run")
tracker.log({"n": 0})

def stop():
    os.write(1, b"inside\\n")
    sys.stdin.read()

tracker.engine.database.connection().set_progress_handler(stop, int(sys.argv[3]))
if sys.argv[2] == "log":
    tracker.log({"n": 1, "new": 1})
else:
    tracker.log_batch([{"n": number, "new": number} for number in range(1, 1000)])
os.write(1, b"done\\n")
"""


def goes_on(db) -> None:
    """The next tracker resumes the run."""
    with Tracker(db, track_id="run") as tracker:
        before = len(tracker)
        tracker.log({"after": 1})
        assert len(tracker) == before + 1
        assert tracker.latest["after"] == 1


def killed_after(process, acknowledged: int) -> int:
    """Kill once so many calls have returned; give how many had by then."""
    for _ in range(acknowledged):
        assert process.stdout.readline()
    process.kill()
    assert process.wait() == -signal.SIGKILL
    return acknowledged + process.stdout.read().count("\n")


@pytest.mark.parametrize("acknowledged", [1, 2, 50, 777])
def test_every_row_whose_log_returned_is_there(db, start, integrity, acknowledged):
    returned = killed_after(start(LOG, db), acknowledged)
    with Reader(db) as reader:
        assert [row["n"] for row in reader] in (list(range(returned)), list(range(returned + 1)))
        assert reader.runs()["status"][0] == "crashed"
    assert integrity(db) == "ok"
    goes_on(db)


@pytest.mark.parametrize("acknowledged", [1, 5])
def test_every_batch_that_returned_is_there_and_none_is_there_in_part(db, start, integrity, acknowledged):
    returned = killed_after(start(LOG_BATCH, db), acknowledged)
    with Reader(db) as reader:
        batches = reader.to_df()["batch"].value_counts().to_dict()
    assert batches in (dict.fromkeys(range(count), 1000) for count in (returned, returned + 1))
    assert integrity(db) == "ok"
    goes_on(db)


@pytest.mark.parametrize(
    ("method", "steps"), [("log", 1), ("log", 10), ("log", 40), ("log_batch", 1), ("log_batch", 5000)]
)
def test_a_call_killed_inside_leaves_nothing_of_it(db, start, integrity, method, steps):
    process = start(STOP_INSIDE, db, method, steps)
    assert process.stdout.readline() == "inside\n"
    process.kill()
    assert process.wait() == -signal.SIGKILL
    with Reader(db) as reader:
        assert [row["n"] for row in reader] == [0]
    assert integrity(db) == "ok"
    goes_on(db)
