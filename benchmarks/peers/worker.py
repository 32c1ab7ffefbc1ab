"""One process of a workload, in a peer's own environment: only the standard library and the adapter are needed.

`python -P worker.py '{"adapter": FILE, "work": NAME, ...}'` prints one line of JSON.
"""

import gc
import importlib.util
import itertools
import json
import os
import sys
from pathlib import Path
from time import perf_counter, sleep

ROOT = str(Path(__file__).resolve().parents[2])
sys.path.insert(0, ROOT)
from benchmarks.peers import workload  # noqa: E402 - found through the line above

sys.path.remove(ROOT)  # a folder there must not hide a package of the same name

NEEDS = {
    "log": "log_one",
    "batch": "log_batch",
    "writer": "log_one",
    "endless": "log_one",
    "once": "log_one",
    "fill": "read_all",
    "all": "read_all",
    "run": "read_run",
    "leaderboard": "leaderboard",
    "found": "found",
    "miss": "cached",
    "hit": "cached",
}


def log(peer, order, _):
    peer.open(order["folder"], workload.run_name(0))
    peer.log_one(workload.event(0))  # makes tables and files
    gc.collect()
    began = perf_counter()
    number = _log_for(peer, order)
    called = perf_counter()
    peer.finish()
    return {"events": number, "call": (called - began) / number, "durable": (perf_counter() - began) / number}


def _log_for(peer, order):
    """Log as many events as ordered, or as many as the time allows."""
    end = perf_counter() + order["budget"]
    for number in range(1, order["events"] + 1):
        peer.log_one(workload.event(number))
        if perf_counter() > end:
            return number
    return order["events"]


def batch(peer, order, _):
    peer.open(order["folder"], workload.run_name(0))
    peer.log_one(workload.event(0))
    events = [workload.event(number) for number in range(1, order["batch"] + 1)]
    gc.collect()
    began = perf_counter()
    peer.log_batch(events)
    peer.finish()
    return {"events": len(events), "durable": (perf_counter() - began) / len(events)}


def once(peer, order, _):
    """A run of one event, in a process that has had one before."""
    for run in order["names"]:
        began = perf_counter()
        peer.open(order["folder"], run)
        peer.log_one(workload.event(0))
        peer.finish()
    return {"seconds": perf_counter() - began}


def writer(peer, order, out):
    """One of several at once: opens, says so, and logs when told to."""
    peer.open(order["folder"], order["run"])
    peer.log_one(workload.event(0))
    print("ready", file=out, flush=True)
    sys.stdin.readline()
    number = _log_for(peer, order)
    peer.finish()
    return {"events": number}


def endless(peer, order, out):
    """Log until killed, and say of each event when its call has returned."""
    peer.open(order["folder"], workload.run_name(0))
    for epoch in itertools.count():
        peer.log_one(workload.event(epoch))
        os.write(out.fileno(), b"%d\n" % epoch)
        sleep(order["pause"])


def found(peer, order, _):
    return {"epochs": [sorted(map(int, peer.found(order["folder"], run))) for run in order["names"]]}


def fill(peer, order, _):
    """Write runs for the readers, as many as ordered or as the time allows."""
    events = [workload.event(number) for number in range(order["each"])]
    end = perf_counter() + order["budget"]
    for number in range(order["runs"]):
        _write(peer, order["folder"], workload.run_name(number), events)
        if perf_counter() > end:
            break
    return {"runs": number + 1, "rows": (number + 1) * len(events)}


def _write(peer, folder, run, events):
    peer.open(folder, run)
    if hasattr(peer, "log_batch"):
        peer.log_batch(events)
    else:
        for event in events:
            peer.log_one(event)
    peer.finish()


def _reading(method, expected, arguments=lambda _: ()):
    def work(peer, order, _):
        def read():
            number = getattr(peer, method)(order["folder"], *arguments(order))
            if number != order[expected]:
                raise ValueError(f"{method} gave {number} in place of {order[expected]}")

        read()  # imports what is needed
        gc.collect()
        began = perf_counter()
        read()
        return {"seconds": perf_counter() - began}

    return work


def miss(peer, order, _):
    cached = peer.cached(order["folder"], workload.power)
    cached(-1, 2)  # makes tables and files
    end = (began := perf_counter()) + order["budget"]
    for number in range(order["calls"]):
        _call(cached, number)
        if (now := perf_counter()) > end:
            break
    return {"calls": number + 1, "seconds": (now - began) / (number + 1)}


def hit(peer, order, _):
    """Call again, in a new process, what `miss` had called."""
    cached = peer.cached(order["folder"], workload.power)
    cached(-1, 2)
    began = perf_counter()
    for number in range(order["calls"]):
        _call(cached, number)
    seconds = (perf_counter() - began) / order["calls"]
    if workload.calls:
        raise ValueError(f"{workload.calls} of {order['calls'] + 1} results were computed again")
    return {"calls": order["calls"], "seconds": seconds}


def _call(cached, number):
    result = cached(number, 2)
    if result != number**2:
        raise ValueError(f"{number}**2 is not {result!r}")


WORK = {
    "log": log,
    "batch": batch,
    "once": once,
    "writer": writer,
    "endless": endless,
    "found": found,
    "fill": fill,
    "all": _reading("read_all", "rows"),
    "run": _reading("read_run", "each", lambda order: (workload.run_name(order["runs"] // 2),)),
    "leaderboard": _reading("leaderboard", "runs"),
    "miss": miss,
    "hit": hit,
}


def load(path):
    spec = importlib.util.spec_from_file_location(f"adapter_{Path(path).stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Adapter()


def main():
    order = json.loads(sys.argv[1])
    out = os.fdopen(os.dup(1), "w")  # what a peer prints goes to the errors: here, the result is alone
    os.dup2(2, 1)
    peer = load(order["adapter"])
    able = hasattr(peer, NEEDS[order["work"]])
    result = WORK[order["work"]](peer, order, out) if able else {"missing": NEEDS[order["work"]]}
    print(json.dumps(result), file=out, flush=True)


if __name__ == "__main__":
    main()
