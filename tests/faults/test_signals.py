"""A handler of signals logs in the middle of calls that log, with everything on: no row is lost, none there twice."""

import signal

import pytest

SCRIPT = """
import pandas, random, signal, time
from collections import Counter

engine, seconds = sys.argv[1], float(sys.argv[2])
choices = random.Random(int(sys.argv[3]))
warnings.simplefilter("error")
sinks = {"jsonl": "a.jsonl", "logs_path": "logs"}
first = Tracker("track.db", {"p": 1}, engine=engine, assets="assets", cache="cache", **sinks)
second = Tracker("track.db", engine=engine, table="other")
counts = Counter()

def next_of(who):
    counts[who] += 1
    return {who: counts[who]}

actions = [
    lambda who: first.log(next_of(who)),
    lambda who: first.log(next_of(who)),
    lambda who: first.log(next_of(who) | {"thing": Thing(100)}),
    lambda who: first.log(next_of(who) | {f"key {counts[who] % 100}": 1}),
    lambda who: first.log_batch([next_of(who), next_of(who)]),
    lambda who: first.track(abs, args=[-counts[who] // 3], params=next_of(who)),
    lambda who: second.log(next_of(who)),
]
readings = [lambda: first.to_df(), lambda: first.conn.execute("SELECT count(*) FROM db.events").fetchall(), first.flush]

def handler(*_):
    try:
        choices.choice(actions)("handler")
    finally:
        signal.setitimer(signal.ITIMER_REAL, choices.uniform(0.0001, 0.01))

signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001)
end = time.monotonic() + seconds
while time.monotonic() < end or min(counts["main"], counts["handler"]) <= 20:
    choices.choice(actions)("main")
    if counts["main"] % 50 == 0:
        choices.choice(readings)()
signal.signal(signal.SIGALRM, signal.SIG_IGN)
assert not first.losses, first.losses
first.close()
second.close()

with Reader("track.db") as reader, Reader("track.db", table="other") as other:
    rows = reader.to_dicts()
    assert reader.conn.execute("PRAGMA db.integrity_check").fetchone() == ("ok",)
    assert {run["status"] for run in reader.list_runs()} == {"finished"}
    found = [(who, row[who]) for row in rows + other.to_dicts() for who in counts if row.get(who) is not None]
assert sorted(found) == sorted((who, number) for who in counts for number in range(1, counts[who] + 1))
assert len(Path("a.jsonl").read_text().splitlines()) == len(rows)
assert min(counts["main"], counts["handler"]) > 20, counts
"""


@pytest.mark.soak
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers here")
@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_handler_that_logs_at_any_moment_loses_nothing(python, seed, engine):
    python(SCRIPT, engine, 2, seed)
