"""Of all that want one result, one computes it; nobody waits for ever; and whoever dies is replaced."""

import asyncio
import contextvars
import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xetrack import Tracker
from xetrack_cache.single_flight import Flights, _computing, flights, own_flights
from xetrack_testing import PATIENCE

WORK = """
    import os, sys, time
    from pathlib import Path
    from xetrack import Tracker

    def work(x):
        with open("computed", "a") as file:
            file.write(f"{os.getpid()}\\n")
        while not Path("go").exists():
            time.sleep(0.001)
        return x * 2

    tracker = Tracker(f"{os.getpid()}.db", cache="cache")
    print("ready", flush=True)
    sys.stdin.readline()
    print("asking", flush=True)
    print(tracker.track(work, 21), repr(tracker.latest["cache"]), tracker.track_id, flush=True)
"""


def computed():
    path = Path("computed")
    return path.read_text(encoding="utf-8").split() if path.exists() else []


def until(condition):
    """Wait for what will happen; the test's time limit is the only one."""
    pause = threading.Event()
    while not condition():
        pause.wait(0.002)


def read(process, expected):
    line = process.stdout.readline().strip()
    assert line == expected, line or process.communicate()[1]


def ask(process):
    process.stdin.write("\n")
    process.stdin.flush()
    read(process, "asking")


def test_processes_compute_once(process):
    workers = [process(WORK) for _ in range(4)]
    for each in workers:
        read(each, "ready")
    for each in workers:
        ask(each)
    until(computed)
    Path("go").touch()

    answers = [each.stdout.readline().split() for each in workers]
    assert len(computed()) == 1
    assert [answer[0] for answer in answers] == ["42"] * 4
    [run] = [answer[2] for answer in answers if answer[1] == "''"]
    assert sorted(answer[1] for answer in answers) == ["''", *[f"'{run}'"] * 3]


def test_when_the_one_that_computes_is_killed_another_takes_over(process):
    first, *others = [process(WORK) for _ in range(3)]
    for each in (first, *others):
        read(each, "ready")
    ask(first)
    until(computed)
    for each in others:
        ask(each)
    first.kill()
    first.wait()
    until(lambda: len(computed()) == 2)
    Path("go").touch()

    answers = [each.stdout.readline().split() for each in others]
    assert [answer[0] for answer in answers] == ["42"] * 2
    assert computed()[1] in {str(each.pid) for each in others}
    assert len(computed()) == 2


def in_threads(*functions):
    with ThreadPoolExecutor(len(functions)) as pool:
        return [each.result() for each in [pool.submit(function) for function in functions]]


@pytest.fixture
def tracker():
    with Tracker("track.db", cache="cache") as opened:
        yield opened


def test_threads_compute_once(tracker):
    calls, started = [], threading.Event()

    def work(x):
        calls.append(x)
        started.set()
        return x * 2

    assert in_threads(*[lambda: tracker.track(work, 21)] * 8) == [42] * 8
    assert len(calls) == 1
    assert sorted(tracker.to_df()["cache"]) == ["", *[tracker.track_id] * 7]


def test_threads_wait_while_one_computes(tracker, monkeypatch):
    """The one that computes ends only once all have claimed the key."""
    calls, claims, claim = [], [], Flights.claim
    monkeypatch.setattr(Flights, "claim", lambda table, key: claims.append(key) or claim(table, key))
    tracker.all_claimed = lambda: len(claims) == 4

    def work(x):
        calls.append(x)
        until(tracker.all_claimed)
        return x

    assert in_threads(*[lambda: tracker.track(work, 1)] * 4) == [1] * 4
    assert len(calls) == 1


def test_different_keys_do_not_wait_for_each_other(tracker):
    both = threading.Barrier(2)
    tracker.barrier = both

    def work(x):
        tracker.barrier.wait(300)
        return x

    assert in_threads(lambda: tracker.track(work, 1), lambda: tracker.track(work, 2)) == [1, 2]


def test_a_function_that_fails_is_tried_by_the_next(tracker):
    attempts = []

    def work(x):
        attempts.append(x)
        tracker.tries += 1
        if tracker.tries == 1:
            raise ValueError(x)
        return x

    tracker.tries = 0
    answers = in_threads(*[lambda: outcome(tracker, work)] * 4)

    assert sorted(map(str, answers)) == ["1", "1", "1", "ValueError"]
    assert len(attempts) == 2


def outcome(tracker, function):
    try:
        return tracker.track(function, 1)
    except ValueError as error:
        return type(error).__name__


# No deadlock


def test_a_cached_function_calls_itself(tracker):
    calls = []

    def fibonacci(n):
        calls.append(n)
        return n if n < 2 else tracker.track(fibonacci, n - 1) + tracker.track(fibonacci, n - 2)

    assert tracker.track(fibonacci, 20) == 6765
    assert len(calls) == 21
    calls.clear()
    answers = in_threads(*[lambda n=n: tracker.track(fibonacci, n) for n in (25, 24, 23, 25)])
    assert answers == [75025, 46368, 28657, 75025]
    assert set(calls) == {21, 22, 23, 24, 25}


def test_a_function_that_is_being_computed_does_not_wait_for_another_one(tracker):
    """The other one is never computed to its end while this one waits."""
    tracker.computing, tracker.go, tracker.first = threading.Event(), threading.Event(), threading.Lock()

    def helper(x):
        if tracker.first.acquire(blocking=False):
            tracker.computing.set()
            tracker.go.wait(300)
        return x

    def work(x):
        return tracker.track(helper, x) + 1

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(tracker.track, helper, 1)
        tracker.computing.wait(300)
        try:
            assert tracker.track(work, 1) == 2
            assert not slow.done()
        finally:
            tracker.go.set()
        assert slow.result() == 1


def test_a_function_that_asks_for_what_it_computes_computes_it(tracker):
    depth = tracker.depth = []

    def work(x):
        tracker.depth.append(x)
        return x if len(tracker.depth) > 3 else tracker.track(work, x) + 1

    assert tracker.track(work, 1) == 4
    assert len(depth) == 4


def test_two_that_wait_for_each_other_do_not(tracker):
    """Each thread computes one function, and then asks for what the other one computes."""
    tracker.both = threading.Barrier(2)
    tracker.inside = threading.local()

    def left(x):
        if getattr(tracker.inside, "yes", False):
            return "left"
        tracker.inside.yes = True
        tracker.both.wait(300)
        return "left of " + tracker.track(right, x)

    def right(x):
        if getattr(tracker.inside, "yes", False):
            return "right"
        tracker.inside.yes = True
        tracker.both.wait(300)
        return "right of " + tracker.track(left, x)

    answers = in_threads(lambda: tracker.track(left, 1), lambda: tracker.track(right, 1))

    assert all(
        answer in {"left of right", "right of left", "left of right of left", "right of left of right"}
        for answer in answers
    )


CROSSED = """
    import os, sys, time
    from pathlib import Path
    from xetrack import Tracker

    tracker = Tracker(f"{os.getpid()}.db", cache="cache")
    depth = 0

    def left(x):
        return cross("left", right, x)

    def right(x):
        return cross("right", left, x)

    def cross(name, other, x):
        global depth
        depth += 1
        if depth > 1:
            return name
        Path(name).touch()
        while not (Path("left").exists() and Path("right").exists()):
            time.sleep(0.001)
        return f"{name}({tracker.track(other, x)})"

    print(tracker.track({"left": left, "right": right}[sys.argv[1]], 1))
"""


def test_two_processes_that_wait_for_each_other_do_not(process):
    left, right = (process(CROSSED, name) for name in ("left", "right"))
    answers = {each.communicate(timeout=PATIENCE)[0].strip() for each in (left, right)}

    assert left.returncode == right.returncode == 0
    assert answers <= {"left(right)", "right(left)", "left(right(left))", "right(left(right))"}


def test_a_signal_handler_may_ask_for_what_is_about_to_be_computed(monkeypatch):
    """It does not wait for the very call that it interrupts."""
    lock, answers = Flights.lock, []
    with Tracker("track.db", cache="cache") as tracker:

        def interrupted(table, key):
            monkeypatch.setattr(Flights, "lock", lock)
            answers.append(tracker.track(divmod, 7, 2))
            return lock(table, key)

        monkeypatch.setattr(Flights, "lock", interrupted)
        answers.append(tracker.track(divmod, 7, 2))
        assert answers == [(3, 1), (3, 1)]
        assert tracker.track(divmod, 7, 2) == (3, 1)
        assert tracker.latest["cache"] == tracker.track_id


def test_a_claim_that_blocks_a_thread_does_not_wait_while_a_task_of_the_thread_computes():
    """That task would be stuck until somebody else is done, who may be stuck on it in the same way."""
    table, other = Flights(None), Flights(None)
    held, free = threading.Event(), threading.Event()

    def compute():
        with table.claim("f:1") as claim:
            claim.wait()
            held.set()
            free.wait(300)

    async def task():
        with other.claim("f:2") as claim:
            assert claim.poll()
            with contextvars.Context().run(table.claim, "f:1") as blocking:  # as of another task
                blocking.wait()
                with contextvars.Context().run(table.claim, "f:1") as polling:
                    assert not polling.poll()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(compute)
        held.wait(300)
        try:
            asyncio.run(task())
        finally:
            free.set()


MANY = """
    import os, random, sys
    from concurrent.futures import ThreadPoolExecutor
    from xetrack import Tracker

    def work(x):
        with open("computed", "a") as file:
            file.write(f"{x}\\n")
        return sum(range(10_000)) + x

    tracker = Tracker(f"{os.getpid()}.db", cache="cache")
    inputs = list(range(40))
    random.Random(int(sys.argv[1])).shuffle(inputs)
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda x: tracker.track(work, x), inputs)) == [sum(range(10_000)) + x for x in inputs]
    print("done", flush=True)
"""


def test_pools_of_threads_in_several_processes_compute_each_once(process, seed):
    workers = [process(MANY, seed + number) for number in range(3)]
    for each in workers:
        read(each, "ready")
    for each in workers:
        each.stdin.write("\n")
        each.stdin.flush()
    for each in workers:
        read(each, "done")

    assert sorted(map(int, computed())) == list(range(40))


# Tasks


def test_tasks_compute_once_and_the_loop_goes_on(tracker):
    calls, others = [], []

    async def work(x):
        calls.append(x)
        await tracker.done.wait()
        return x

    async def other():
        await asyncio.sleep(0)
        others.append(1)
        if len(others) == 3:
            tracker.done.set()

    async def main():
        tracker.done = asyncio.Event()
        return await asyncio.gather(*[tracker.track(work, 1) for _ in range(5)], *[other() for _ in range(3)])

    assert asyncio.run(main())[:5] == [1] * 5
    assert len(calls) == 1
    assert sorted(tracker.to_df()["cache"]) == ["", *[tracker.track_id] * 4]


def test_a_task_that_is_cancelled_frees_its_key(tracker):
    async def work(x):
        if not tracker.go.is_set():
            tracker.started.set()
            await asyncio.sleep(1000)
        return x

    async def main():
        tracker.go, tracker.started = asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(tracker.track(work, 1))
        await tracker.started.wait()
        second = asyncio.create_task(tracker.track(work, 1))
        await asyncio.sleep(0)
        tracker.go.set()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert asyncio.run(main()) == 1


def test_tasks_within_a_task_do_not_wait_for_it(tracker):
    async def work(x):
        tracker.depth += 1
        if tracker.depth > 1:
            return x
        return sum(await asyncio.gather(tracker.track(work, x), tracker.track(work, x)))

    tracker.depth = 0
    assert asyncio.run(tracker.track(work, 1)) == 2


def test_tasks_that_want_each_others_results_do_not_wait(tracker):
    async def work(x):
        tracker.calls.append(x)
        if len(tracker.calls) <= 2:  # otherwise the other task computes it too
            await tracker.both.wait()
            await tracker.track(work, -x)
        return x

    async def main():
        tracker.calls, tracker.both = [], asyncio.Barrier(2)
        return await asyncio.gather(tracker.track(work, 1), tracker.track(work, -1))

    assert asyncio.run(main()) == [1, -1]
    assert len(tracker.calls) > 2


# Forks


def test_a_fork_while_a_key_is_held_harms_nobody(tracker):
    def work(x):
        child = os.fork()
        if not child:
            try:
                tracker.track(other, 1)
                tracker.track(work_again, 1)
            finally:
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        return x

    def other(x):
        return x

    def work_again(x):
        return x

    assert tracker.track(work, 1) == 1
    assert tracker.track(work_again, 1) == 1
    assert tracker.latest["cache"] == tracker.track_id


def test_a_fork_while_another_thread_computes_waits_for_nobody():
    own = own_flights()
    held, free = threading.Event(), threading.Event()

    def compute():
        with own().claim("f:1") as claim:
            claim.wait()
            held.set()
            free.wait(300)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(compute)
        held.wait(300)
        child = os.fork()
        if not child:
            with own().claim("f:1") as claim:
                os._exit(0 if claim.poll() else 1)
        free.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_pool_of_forked_processes_shares_the_cache(tracker):
    tracker.log({"x": 1})
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(Asking(tracker), [1, 1, 1, 2]) == [2, 2, 2, 3]

    assert len(computed()) == 2


class Asking:
    def __init__(self, tracker):
        self.tracker = tracker

    def __call__(self, x):
        return self.tracker.track(add_one, x)


def add_one(x):
    with Path("computed").open("a", encoding="utf-8") as file:
        file.write("x\n")
    return x + 1


# The table itself


def test_a_key_is_free_after_every_way_out(tmp_path):
    table = Flights(tmp_path / "lock")
    for leave in (None, ValueError, KeyboardInterrupt):
        try:
            with table.claim("f:1") as claim:
                claim.wait()
                assert table.flying == {"f:1": claim}
                if leave:
                    raise leave
        except (ValueError, KeyboardInterrupt):
            pass
        assert not table.flying
        assert not _computing
        with table.claim("f:1") as claim:
            assert claim.poll()


def test_a_lock_file_that_was_replaced_is_opened_again(tmp_path):
    first = flights(tmp_path)
    assert flights(tmp_path) is first
    (tmp_path / "xetrack.lock").unlink()

    second = flights(tmp_path)
    assert second is not first
    assert flights(tmp_path) is second


def test_a_cache_of_this_process_needs_no_file():
    table = Flights(None)
    with table.claim("f:1") as claim:
        assert not table.flying
        claim.wait()
        with table.claim("f:1") as again:
            assert again.poll()
    assert not table.flying
