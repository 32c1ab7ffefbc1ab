"""Many processes write, read, watch and die on one database for some minutes; then everything is counted.

    uv run python scripts/soak.py --minutes 10 [--seed 123]

Four writers (engines sqlite and duckdb, with objects, a cache of results, JSONL and log files), two readers, one
`xt watch`, and a fifth writer that is killed with SIGKILL every few seconds and started again. A writer notes each row
in a file of its own once `log()` has returned. In the end every noted row must be there exactly once. The exit status
is 1 if anything was wrong. Linux only: memory, threads and files are read from `/proc`.
"""

import argparse
import faulthandler
import json
import os
import random
import secrets
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xetrack import Reader, Tracker

STUCK = 300  # seconds without a sign of life
SLACK = 12 * 2**20  # bytes of memory that a process may gain
ENOUGH = 100  # rows, until a writer has done everything that it does
PAUSE = 0.004  # seconds between two rounds of a writer


# What the processes do


def write(folder: Path, name: str, engine: str, seed: int) -> None:
    """Log until told to stop, noting each row whose call returned."""
    notes = os.open(folder / f"noted-{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    tracker = Tracker(
        folder / "soak.db",
        {"writer": name},
        engine=engine,
        jsonl=folder / "soak.jsonl",
        logs_path=folder / "logs",
        cache=folder / "cache",
        warnings=False,
    )
    number = 0
    choices = random.Random(f"{seed} {name}")  # noqa: S311 - no secret

    def row(**more: Any) -> dict[str, Any]:
        nonlocal number
        number += 1
        return {"row": f"{name}-{os.getpid()}-{number}", "n": number, "loss": 1 / number, **more}

    def note(*rows: dict[str, Any]) -> None:
        os.write(notes, "".join(f"{each['row']}\n" for each in rows).encode())

    while not (folder / "stop").exists():
        note(tracker.log(row()))
        note(*tracker.log_batch([row(), row(kind="batch"), row(extra=number % 3 or "zero")]))
        if not number % 7:
            note(tracker.log(row(thing=Thing(number % 50))))
        if not number % 5:
            asked = choices.randrange(200)
            found = tracker.track(squares, asked, params={"row": row()["row"]})
            note({"row": f"{name}-{os.getpid()}-{number}"})
            if found != squares(asked):
                (folder / f"wrong-{name}").write_text(f"squares({asked}) was {found}")
        if not number % 101:
            tracker.flush()
        time.sleep(PAUSE)
    lost = tracker.losses
    tracker.close()
    if lost:
        (folder / f"wrong-{name}").write_text(f"sinks lost {lost}")


class Thing:
    """An object to log, whose parts agree."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.data = [size] * 200


def squares(x: int) -> list[int]:
    """What is cached."""
    return [x * each for each in range(200)]


def read(folder: Path, name: str, engine: str, _: int) -> None:
    """Ask for counts and the newest rows, again and again: a count may only grow."""
    seen = 0
    with Reader(folder / "soak.db", engine=engine) as reader:
        while not (folder / "stop").exists():
            ((count, total),) = reader.conn.execute("SELECT count(*), sum(n) FROM db.events").fetchall()
            newest = reader.to_dicts(tail=20)
            if count < seen or len(newest) < min(20, count) or total < count:
                (folder / f"wrong-{name}").write_text(f"{count} rows after {seen}, {len(newest)} newest")
            seen = count
            reader.list_runs()
            os.utime(folder / f"alive-{name}")
            time.sleep(0.5)


# Starting and watching them


class Soak:
    """The processes, and what was seen of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.seed = seed
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.samples: dict[str, list[tuple[int, int, int]]] = {}
        self.kills = 0
        self.wrong: list[str] = []

    def start(self, name: str, role: str, engine: str) -> None:
        """Start one of ours."""
        (self.folder / f"alive-{name}").touch()
        self._start(
            name, [sys.executable, __file__, "--role", role, name, engine, str(self.folder), "--seed", str(self.seed)]
        )

    def watch(self) -> None:
        """Start `xt watch`."""
        command = "from xetrack_cli.main import main; raise SystemExit(main())"
        options = ["watch", str(self.folder / "soak.db"), "--json", "-i", "0.2", "-n", "0"]
        self._start("watch", [sys.executable, "-c", command, *options], self.folder / "watched")

    def _start(self, name: str, command: list[str], out: Path | None = None) -> None:
        with open(out or self.folder / f"out-{name}", "ab") as file, open(self.folder / f"err-{name}", "ab") as errors:  # noqa: PTH123
            self.running[name] = subprocess.Popen(command, stdout=file, stderr=errors)

    def run(self, seconds: float) -> None:
        """Let all go on for some time, killing one now and then; longer if some have not begun."""
        end = time.monotonic() + seconds
        kill_at = time.monotonic() + min(3.0, seconds / 4)
        choices = random.Random(self.seed)  # noqa: S311 - no secret
        while (now := time.monotonic()) < end or not self._is_under_way():
            for name, process in self.running.items():
                self._look(name, process)
            if now > kill_at and self._is_logging("killed"):
                self.running["killed"].kill()
                self.running["killed"].wait()
                self.kills += 1
                self.start("killed", "writer", ("sqlite", "duckdb")[self.kills % 2])
                kill_at = now + choices.uniform(1, 5)
            time.sleep(0.5)

    def _is_under_way(self) -> bool:
        """Whether one was killed, and every other writer has logged rows, objects and results of calls."""
        notes = [self.folder / f"noted-{name}" for name in self.running if name.startswith("writer")]
        return self.kills > 0 and all(each.exists() and each.read_text().count("\n") > ENOUGH for each in notes)

    def _is_logging(self, name: str) -> bool:
        """Whether a writer has logged since it was started."""
        noted = self.folder / f"noted-{name}"
        return noted.exists() and f"{name}-{self.running[name].pid}-" in noted.read_text()

    def _look(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        if process.poll() is not None:
            self.wrong.append(f"{name} ended with {process.returncode}: {self.errors(name)}")
            raise SystemExit(self.tell())
        if name != "killed":
            self.samples.setdefault(name, []).append(used(process.pid))
        signs = [each.stat().st_mtime for each in self._signs(name) if each.exists()]
        if signs and time.time() - max(signs) > STUCK:
            os.kill(process.pid, signal.SIGUSR1)  # faulthandler writes where it stands
            time.sleep(1)
            self.wrong.append(f"{name} is stuck: {self.errors(name)}")
            raise SystemExit(self.tell())

    def _signs(self, name: str) -> Iterator[Path]:
        """What a process writes; and what is touched when it is started, which takes long on a busy machine."""
        yield from (self.folder / f"noted-{name}", self.folder / f"alive-{name}")

    def stop(self) -> None:
        """Have all come to their end."""
        (self.folder / "stop").touch()
        for name, process in self.running.items():
            if name != "watch" and process.wait(STUCK):
                self.wrong.append(f"{name} ended with {process.returncode}: {self.errors(name)}")
        with Reader(self.folder / "soak.db") as reader:
            newest = reader.to_dicts(tail=1)[0]
        end = time.monotonic() + STUCK
        while json.dumps(newest["row"]) not in last_line(self.folder / "watched") and time.monotonic() < end:
            time.sleep(0.2)
        self.running["watch"].terminate()  # SIGINT is ignored by what a shell started in the background
        self.running["watch"].wait(STUCK)

    def kill(self) -> None:
        """Leave none behind."""
        for process in self.running.values():
            process.kill()
            process.wait()

    def errors(self, name: str) -> str:
        """What a process complained of."""
        return (self.folder / f"err-{name}").read_text(errors="replace")[-3000:]

    def tell(self) -> int:
        """Print what was wrong; the exit status."""
        for each in self.wrong:
            print("WRONG:", each)
        return int(bool(self.wrong))


def used(pid: int) -> tuple[int, int, int]:
    """Bytes of memory, threads, and open files of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    threads, files = (len(list(Path(f"/proc/{pid}/{kind}").iterdir())) for kind in ("task", "fd"))
    return pages * os.sysconf("SC_PAGE_SIZE"), threads, files


def last_line(path: Path) -> str:
    """The end of a file."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 5000, 0))
        return file.read().decode(errors="replace").rstrip("\n").rpartition("\n")[2]


# Counting


def checks(soak: Soak) -> Iterator[tuple[str, object, object]]:
    """What is looked at in the end: what it is, what was found, and what it should be."""
    folder, db = soak.folder, soak.folder / "soak.db"
    noted = [line for path in folder.glob("noted-*") for line in path.read_text().split()]
    with Reader(db) as reader:
        rows = Counter(row["row"] for row in reader.to_dicts())
        things = set(reader.conn.execute("SELECT DISTINCT thing FROM db.events WHERE thing IS NOT NULL").fetchall())
        loaded: list[Any] = [reader.assets.get(key) for (key,) in things]
        whole = reader.conn.execute("PRAGMA db.integrity_check").fetchall()
        aggregate = "SELECT count(*), sum(n), count(DISTINCT track_id) FROM db.events"
        ours = [tuple(row) for row in reader.conn.execute(aggregate).fetchall()]
    yield "a writer was killed", soak.kills > 0, True
    yield "rows noted twice by writers", len(noted) - len(set(noted)), 0
    yield "rows noted that the database lacks", len(set(noted) - rows.keys()), 0
    yield "rows that the database has twice", sum(count > 1 for count in rows.values()), 0
    lines = Counter(json.loads(line)["row"] for line in (folder / "soak.jsonl").open(encoding="utf-8") if line.strip())
    yield "rows noted that JSONL lacks", len(set(noted) - lines.keys()), 0
    yield "rows that JSONL has twice", sum(count > 1 for count in lines.values()), 0
    yield "rows in JSONL that the database lacks", len(lines.keys() - rows.keys()), 0
    logged = Counter(Reader.read_logs(folder / "logs")["row"].dropna())
    yield "rows noted that the log files lack", len(set(noted) - logged.keys()), 0
    yield "rows that the log files have twice", sum(count > 1 for count in logged.values()), 0
    watched = Counter(json.loads(line)["row"] for line in (folder / "watched").open(encoding="utf-8"))
    first = next(iter(watched), "")
    expected = list(rows)[list(rows).index(first) :] if first else []
    yield "rows that xt watch missed", len(set(expected) - watched.keys()), 0
    yield "rows that xt watch showed twice", sum(count > 1 for count in watched.values()), 0
    yield "objects that are not what was logged", sum(each.data != [each.size] * 200 for each in loaded), 0
    yield "integrity of the database", whole, [("ok",)]
    with Reader(db, engine="duckdb") as reader:
        yield "aggregates by duckdb", [tuple(row) for row in reader.conn.execute(aggregate).fetchall()], ours
    ask = f"import sqlite3; print(sqlite3.connect({str(db)!r}).execute({aggregate.replace('db.', '')!r}).fetchall())"
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, check=True, text=True)
    yield "aggregates by a third process", told.stdout.strip(), str(ours)
    cache = sqlite3.connect(folder / "cache" / "cache.db")
    yield "integrity of the cache", cache.execute("PRAGMA integrity_check").fetchall(), [("ok",)]
    cache.close()
    doctor = "from xetrack_cli.main import main; raise SystemExit(main())"
    done = subprocess.run([sys.executable, "-c", doctor, "doctor", str(db)], capture_output=True, check=False)
    yield "exit status of xt doctor", done.returncode, 0
    yield "complaints of the processes", [path.read_text() for path in sorted(folder.glob("wrong-*"))], []
    for name in soak.running:
        yield f"errors of {name}", soak.errors(name), ""
    did = {"kill": soak.kills, "watch": len(watched), "object": len(loaded), "log": len(noted)}
    yield "what was never done", [name for name, times in did.items() if not times], []
    print(f"{len(noted)} rows noted, {len(rows)} in the database, {soak.kills} kills, {len(loaded)} objects,", end=" ")
    print(f"{len(watched)} watched, {db.stat().st_size / 1e6:.0f} MB")


def flatness(soak: Soak) -> Iterator[tuple[str, object, object]]:
    """Whether processes that lived to the end hold no more than they did early on."""
    for name, samples in soak.samples.items():
        half = len(samples) // 2
        early, late = samples[half // 2 : half], samples[-max(half // 2, 1) :]
        before, after = ([statistics.median(each) for each in zip(*part, strict=True)] for part in (early, late))
        print(f"{name:10} memory {before[0] / 2**20:6.1f} -> {after[0] / 2**20:6.1f} MiB, threads", end=" ")
        print(f"{before[1]:.0f} -> {after[1]:.0f}, files {before[2]:.0f} -> {after[2]:.0f}")
        yield f"threads gained by {name}", max(after[1] - before[1], 0), 0
        yield f"files gained by {name}", max(after[2] - before[2], 0), 0
        if name != "duckdb":  # its reader keeps a copy of the columns that were asked for, as documented
            yield f"memory gained by {name} beyond {SLACK >> 20} MiB", max(after[0] - before[0] - SLACK, 0), 0


def soak_for(seconds: float, folder: Path, seed: int) -> int:
    """Everything; the exit status."""
    print(f"Seed of what is random here: --seed {seed}")
    soak = Soak(folder, seed)
    try:
        Tracker(folder / "soak.db", warnings=False).log({"row": "first", "n": 1, "thing": Thing(1)})
        for number in range(4):
            soak.start(f"writer{number}", "writer", ("sqlite", "duckdb")[number % 2])
        soak.start("killed", "writer", "sqlite")
        soak.start("sqlite", "reader", "sqlite")
        soak.start("duckdb", "reader", "duckdb")
        soak.watch()
        soak.run(seconds)
        soak.stop()
        looked: list[Callable[[Soak], Iterator[tuple[str, object, object]]]] = [checks]
        if seconds >= 60:  # noqa: PLR2004 - seconds; before, everything still warms up
            looked.append(flatness)
        for name, found, wanted in (each for look in looked for each in look(soak)):
            print(f"{'ok   ' if found == wanted else 'WRONG'} {name}: {str(found)[:2000]}")
            if found != wanted:
                soak.wrong.append(name)
        return soak.tell()
    finally:
        soak.kill()


def main() -> int:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--role", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role is None:
        with tempfile.TemporaryDirectory(prefix="xetrack-soak-") as folder:
            return soak_for(options.minutes * 60, Path(folder), options.seed)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    role, name, engine, folder = options.role
    {"writer": write, "reader": read}[role](Path(folder), name, engine, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
