"""What is measured of a peer in one round: a function a workload, from a station and a folder to named figures."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from time import perf_counter

from benchmarks.peers.environments import size_of
from benchmarks.peers.killing import kill
from benchmarks.peers.workload import run_name


@dataclass(frozen=True)
class Sizes:
    """How much of everything; slow peers do as much as the time allows, and their figures are those of one event."""

    rounds: int = 5
    events: int = 2_000  # of a process that logs
    batch: int = 5_000
    writers: int = 8
    budget: float = 3.0  # seconds that a process goes on logging
    killed: int = 500  # events before the kill
    slowly: int = 300  # the same, where a hundred a second are logged
    settle: float = 2.0  # seconds between the kill and the reading
    runs: int = 1_000  # in the files that are read
    each: int = 100  # events of such a run
    filling: float = 20.0  # seconds that writing these may take
    calls: int = 1_000  # of a cached function
    starts: int = 5  # processes a round to see what an import costs


FULL = Sizes()
QUICK = Sizes(rounds=2, events=500, batch=1_000, budget=1.0, killed=200, slowly=100, runs=100, filling=5.0, starts=2)
TINY = Sizes(
    rounds=1, events=5, batch=10, writers=2, budget=1.0, killed=5, slowly=3, settle=0, runs=2, each=3, calls=5, starts=1
)  # fmt: skip


def seed(station, folder):
    """A store of one run: what a peer makes for the first of all runs, tables say, is no part of any workload."""
    station.work(folder, "once", names=["first"])


def log(station, folder, sizes):
    return station.work(folder, "log", **asdict(sizes))


def batch(station, folder, sizes):
    return station.work(folder, "batch", **asdict(sizes))


def once(station, folder, _):
    return station.work(folder, "once", names=[run_name(0), run_name(1)])


def writers(station, folder, sizes):
    """Seconds an event when several processes log at once, from the word go until the last has closed its run."""
    runs = [run_name(number) for number in range(sizes.writers)]
    with ExitStack() as stack:
        each = [stack.enter_context(station.process(folder, "writer", run=run, **asdict(sizes))) for run in runs]
        seconds, lines = _raced(each)
        results = [station.result(process, line) for process, line in zip(each, lines, strict=True)]
    found = station.work(folder, "found", names=runs)["epochs"]
    logged = sum(result["events"] for result in results)
    return {"events": logged, "durable": seconds / logged, "lost": sum(map(_lost, results, found))}


def _raced(processes):
    """Start all when all are ready, and wait until each has said what it did, or has failed."""
    lines = [process.stdout.readline() for process in processes]
    began = perf_counter()
    if all(line == "ready\n" for line in lines):
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        lines = [process.stdout.readline() for process in processes]
    return perf_counter() - began, lines


def _lost(result, epochs):
    """How many of a writer's events, and of the one before the word go, are not found."""
    return len(set(range(result["events"] + 1)).difference(epochs))


def killed(station, folder, sizes):
    return kill(station, folder, events=sizes.killed, pause=0, budget=sizes.budget, settle=sizes.settle)


def killed_slowly(station, folder, sizes):
    return kill(station, folder, events=sizes.slowly, pause=0.01, budget=4 * sizes.budget, settle=sizes.settle)


def fill(station, folder, sizes):
    return station.work(folder, "fill", **{**asdict(sizes), "budget": sizes.filling})


def read(station, folder, sizes, filled, work):
    """Seconds an event or a run: `filled` is what `fill` said of the folder."""
    seconds = station.work(folder, work, each=sizes.each, **filled)["seconds"]
    return {"seconds": seconds / {"all": filled["rows"], "run": 1, "leaderboard": filled["runs"]}[work], **filled}


def cached(station, folder, sizes):
    """Seconds a call that computes and keeps a result, and one that finds it, in another process."""
    missed = station.work(folder, "miss", **asdict(sizes))
    found = station.work(folder, "hit", calls=missed["calls"])
    return {"miss": missed["seconds"], "hit": found["seconds"], "calls": missed["calls"]}


def imported(station, _, sizes):
    station.imported()  # compiles what is not yet
    began = perf_counter()
    for _ in range(sizes.starts):
        station.imported()
    return {"seconds": (perf_counter() - began) / sizes.starts}


def installed(station, _, __):
    return size_of(station.python)
