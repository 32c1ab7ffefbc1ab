"""A process without memory left: what was acknowledged is there, what failed is not, and the tracker goes on."""

import sys

import pytest

SCRIPT = """
import resource

def limit(more):
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + more, resource.RLIM_INFINITY))

big = "x" * 60_000_000
expected, failed = ["start"], 0
with Tracker("track.db", track_id="run") as tracker:
    tracker.log({"name": "start", "text": ""})
    limit(100_000_000)
    for number in range(30):
        name, many = str(number), 1 + number % 2
        try:
            rows = [{"name": name, "text": big[: (number + 1) * 2_000_000]}] * many
            tracker.log_batch(rows)
            expected += [name] * many
        except MemoryError:
            failed += 1
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    tracker.log({"name": "end"})
assert 5 < failed < 25, failed
with Reader("track.db") as reader:
    assert reader.conn.execute("PRAGMA db.integrity_check").fetchone() == ("ok",)
    stored = [name for name, in reader.conn.execute("SELECT name FROM db.events ORDER BY rowid")]
assert stored == [*expected, "end"], stored
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, to limit the memory of a process")
def test_a_row_that_there_is_no_memory_for_is_not_there(python):
    python(SCRIPT)
