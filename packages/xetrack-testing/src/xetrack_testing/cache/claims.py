"""Of all who want a missing result, one computes it: single flight."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from xetrack.plugin import ResultCache
from xetrack_testing.cache.fixtures import CacheFixtures, key_of
from xetrack_testing.remote_call import remote_result, start_remote_call

__all__ = ["ClaimsContract"]


class ClaimsContract(CacheFixtures):
    """`claim`."""

    def test_one_of_several_threads_computes_a_result(self, cache: ResultCache) -> None:
        """The others wait and receive it."""
        computed: list[int] = []
        with ThreadPoolExecutor(4) as pool:
            results = [each.result() for each in [pool.submit(_computed, cache, computed) for _ in range(4)]]
        assert (results, len(computed)) == ([7] * 4, 1)

    def test_a_failed_computation_releases_its_claim(self, cache: ResultCache) -> None:
        """Whoever waits next computes the result; nobody waits forever."""
        key = key_of(cache)
        inside, wanted = threading.Event(), threading.Event()

        def fail() -> None:
            with cache.claim(key) as claim:
                claim.wait()
                inside.set()
                wanted.wait()
                raise ZeroDivisionError

        def want() -> bool:
            with cache.claim(key) as claim:
                inside.wait()
                free: bool = claim.poll()
                wanted.set()
                claim.wait()
                return free

        with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:  # a thread each
            failing, wanting = one.submit(fail), other.submit(want)
            assert isinstance(failing.exception(60), ZeroDivisionError)
            assert wanting.result(60) is False
            assert other.submit(_computed, cache, []).result(60) == 7

    def test_polling_does_not_wait(self, cache: ResultCache) -> None:
        """`poll` returns whether the caller holds the claim now."""
        key = key_of(cache)
        inside, go_on = threading.Event(), threading.Event()

        def compute() -> None:
            with cache.claim(key) as claim:
                claim.wait()
                inside.set()
                go_on.wait()

        with ThreadPoolExecutor(1) as pool:
            computing = pool.submit(compute)
            inside.wait()
            with cache.claim(key) as claim:
                answers = [claim.poll(), claim.poll()]
                go_on.set()
                computing.result(60)
                assert (answers, claim.poll(), claim.poll()) == ([False, False], True, True)
        with cache.claim(key) as claim:
            assert claim.poll() is True

    def test_different_keys_do_not_wait_for_each_other(self, cache: ResultCache) -> None:
        """They are computed concurrently."""
        with cache.claim(key_of(cache, 1)) as claim, ThreadPoolExecutor(1) as pool:
            claim.wait()
            assert pool.submit(_computed, cache, [], 2).result(60) == 7

    def test_a_nested_claim_does_not_wait_for_itself(self, cache: ResultCache) -> None:
        """As when a function calls itself with the same arguments: it computes again."""
        key, done = key_of(cache), []

        def compute() -> None:
            with cache.claim(key) as outer:
                outer.wait()
                with cache.claim(key) as inner:
                    inner.wait()
                    done.append(inner.poll())

        thread = threading.Thread(target=compute, daemon=True)
        thread.start()
        thread.join(self.patience)
        assert done == [True], "a nested claim of the same key waits forever"

    def test_one_of_several_processes_computes_a_result(self, tmp_path: Path) -> None:
        """Requires `alone`."""
        self.require("alone")
        started = [start_remote_call(self.compute_in, str(tmp_path)) for _ in range(3)]
        computed = [remote_result(process) for process in started]
        assert sorted(computed) == [0, 0, 1]

    def compute_in(self, place: str) -> int:
        """Runs in another process: wait for the others, get a result, and return how often it was computed here."""
        folder = Path(place)
        (folder / f"here-{threading.get_native_id()}").touch()
        while len(list(folder.glob("here-*"))) < 3:
            time.sleep(0.005)
        computed: list[int] = []
        with self.opened(folder) as cache:
            if _computed(cache, computed, pause=0.1) != 7:
                raise AssertionError("the waiting caller received another result")
        return len(computed)


def _computed(cache: ResultCache, computed: list[int], number: int = 0, pause: float = 0.05) -> Any:
    """Get a result as a tracker does: from the cache, or by computing it under a claim."""
    key = key_of(cache, number)
    with cache.claim(key) as claim:
        claim.wait()
        entry = cache.get(key)
        if entry is not None:
            return entry["result"]
        time.sleep(pause)  # compute, while the others arrive
        computed.append(number)
        cache.set(key, 7, "run-1")
        return 7
