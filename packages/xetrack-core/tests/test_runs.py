"""Track ids and the clock."""

import os
import random
import re
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from xetrack import Tracker
from xetrack._tracking.ids import new_track_id
from xetrack.plugin import Clock

NOON = datetime(2024, 2, 29, 12, 0, 0)  # noqa: DTZ001 - stamps are local times


def clock(*times):
    """A clock that tells these times, one a look."""
    return Clock(iter([round(time.timestamp() * 1_000_000) * 1000 for time in times]).__next__)


def microseconds(count):
    return timedelta(microseconds=count)


def test_a_stamp_is_the_time_with_six_digits_always():
    assert clock(NOON).stamp() == "2024-02-29 12:00:00.000000"


def test_a_clock_that_stands_still_is_helped_on():
    still = clock(*[NOON] * 3)

    assert [still.stamp()[-6:] for _ in range(3)] == ["000000", "000001", "000002"]


def test_a_clock_that_lags_behind_what_was_given_is_helped_on_until_it_catches_up():
    lagging = clock(NOON, NOON, NOON, NOON + microseconds(1), NOON + microseconds(10))

    assert [lagging.stamp()[-6:] for _ in range(5)] == ["000000", "000001", "000002", "000003", "000010"]


def test_a_clock_set_back_is_told_as_it_is():
    earlier = NOON - timedelta(hours=1)
    back = clock(NOON, earlier, earlier + microseconds(5))

    assert [back.stamp()[11:] for _ in range(3)] == ["12:00:00.000000", "11:00:00.000000", "11:00:00.000005"]


@pytest.mark.parametrize("second", [-1, 0, -2_208_988_800, 9_214_646_400])
def test_a_clock_may_tell_any_year(second):
    stamp = Clock(lambda: second * 1_000_000_000 + 1000).stamp()

    assert datetime.fromisoformat(stamp) == datetime.fromtimestamp(second) + microseconds(1)  # noqa: DTZ006 - local


@pytest.mark.parametrize(
    ("start", "count"),
    [(0, 0), (0, 1), (0, 10), (1, 2), (999_998, 1), (999_998, 2), (999_998, 3), (999_999, 2), (999_999, 1_000_003)],
)
def test_the_stamps_of_a_batch_are_a_microsecond_apart_across_seconds(start, count):
    first = NOON + microseconds(start)

    stamps = clock(first).stamps(count)

    assert len(stamps) == len(set(stamps)) == count
    assert stamps == sorted(stamps)
    if count:
        assert stamps[0] == first.isoformat(" ", "microseconds")
        assert stamps[-1] == (first + microseconds(count - 1)).isoformat(" ", "microseconds")


def test_batches_cross_midnight_and_the_end_of_a_year():
    stamps = clock(datetime(2023, 12, 31, 23, 59, 59, 999_999)).stamps(2)  # noqa: DTZ001 - a local time

    assert stamps == ["2023-12-31 23:59:59.999999", "2024-01-01 00:00:00.000000"]


def test_stamps_go_on_where_the_last_batch_ended():
    still = clock(*[NOON] * 4)

    stamps = [*still.stamps(3), still.stamp(), *still.stamps(2), still.stamp()]

    assert [stamp[-6:] for stamp in stamps] == [f"{number:06d}" for number in range(7)]


def test_stamps_go_on_across_a_second_that_a_batch_filled():
    still = clock(*[NOON] * 2)

    assert still.stamps(1_000_000)[-1] == "2024-02-29 12:00:00.999999"
    assert still.stamp() == "2024-02-29 12:00:01.000000"


def test_a_batch_after_the_clock_was_set_back_is_told_as_it_is():
    back = clock(NOON, NOON - timedelta(days=1))
    back.stamps(5)

    assert back.stamps(2) == ["2024-02-28 12:00:00.000000", "2024-02-28 12:00:00.000001"]


def test_a_track_id_reads_like_the_documented_one():
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+-\d{4}", new_track_id())


@pytest.mark.parametrize("make", [new_track_id, lambda: Tracker(":memory:").track_id], ids=["function", "tracker"])
def test_seeding_random_does_not_repeat_track_ids(make):
    state = random.getstate()
    made = set()
    for _ in range(20):
        random.seed(0)
        made.add(make())
    random.setstate(state)

    assert len(made) == 20


def test_making_a_track_id_leaves_the_users_random_numbers_alone():
    random.seed(7)
    expected = random.random()

    random.seed(7)
    new_track_id()

    assert random.random() == expected


_FIRST_OF_A_PROCESS = """
import random
random.seed(7)
expected = random.random()
random.seed(7)
from xetrack._tracking.ids import new_track_id
print(new_track_id(), random.random() == expected)
"""


@pytest.mark.parametrize("variables", [{}, {"COOLNAME_DATA_MODULE": "words"}], ids=["plain", "with other words"])
def test_so_does_the_first_one_of_a_process_for_which_coolname_is_imported(variables, tmp_path):
    (tmp_path / "words.py").write_text("config = {'all': {'type': 'words', 'words': ['a', 'b']}}\n", encoding="utf-8")
    environment = os.environ | variables | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", _FIRST_OF_A_PROCESS]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)

    assert re.fullmatch(r"[a-z]+(-[a-z]+)+-\d{4} True\n", done.stdout)
