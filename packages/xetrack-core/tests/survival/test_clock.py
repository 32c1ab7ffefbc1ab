"""Clocks that jump, summer time and journeys: every row is there, in the order in which it was logged."""

import time
from datetime import datetime

import pytest

from xetrack import Reader

JUMPING = """
import random, time
from xetrack.plugin import Clock

HOUR = 3_600_000_000_000
jumps = random.Random(int(sys.argv[2]))
tracker = Tracker(sys.argv[1], track_id="run")
tracker._run._clock = Clock(
    lambda: time.time_ns() // HOUR * HOUR + jumps.choice([0, 0, 1000, HOUR, -HOUR, 9999 * HOUR, -99_999 * HOUR])
)

def log(name):
    for number in range(100):
        tracker.log({"who": name, "n": number})
    tracker.log_batch([{"who": name, "n": number} for number in range(100, 150)])

threads = [threading.Thread(target=log, args=(f"{sys.argv[2]}-{each}",)) for each in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
tracker.close()
"""

TRAVELLING = """
import time
from xetrack.plugin import Clock

def moved_to(zone):
    os.environ["TZ"] = zone
    time.tzset()

now = [1_729_990_795]  # five seconds before Berlin's clocks are put back

def tick():
    now[0] += 1
    return now[0] * 1_000_000_000

moved_to("Europe/Berlin")
with Tracker(sys.argv[1]) as tracker:
    tracker._run._clock = Clock(tick)
    for number in range(10):
        tracker.log({"n": number})
    now[0] += 3500
    for zone in ("Asia/Tokyo", "America/New_York", "Europe/Berlin"):
        moved_to(zone)
        for number in range(number + 1, number + 6):
            tracker.log({"n": number})
"""


def test_no_row_is_dropped_while_the_clock_of_threads_and_processes_jumps(db, start, finish, integrity):
    for process in [start(JUMPING, db, seed) for seed in (1, 2)]:
        finish(process)
    with Reader(db) as reader:
        frame = reader.to_df()
        assert frame["timestamp"].is_unique
        assert not frame["timestamp"].is_monotonic_increasing  # or the clock would not have jumped
        assert frame.groupby("who")["n"].apply(list).tolist() == [list(range(150))] * 4
        [run] = reader.list_runs()
        assert (run["rows"], run["status"]) == (600, "finished")
    assert integrity(db) == "ok"


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="no process can change its time zone here")
def test_rows_stay_in_order_through_summer_time_and_time_zones(db, start, finish):
    finish(start(TRAVELLING, db))
    with Reader(db) as reader:
        rows = reader.to_dicts()
    assert [row["n"] for row in rows] == list(range(25))
    times = [datetime.fromisoformat(row["timestamp"]) for row in rows]
    assert [each.hour for each in times] == [2] * 10 + [10] * 5 + [21] * 5 + [2] * 5
    assert len(set(times)) == 25
