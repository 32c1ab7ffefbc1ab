"""Rows of the table about logging."""

from contextlib import closing, contextmanager

from benchmarks.rounds import Row, interleaved, timed
from benchmarks.workload import INSERT, PARAMS, bare_connection, events, fill, values
from xetrack import Tracker


def log(sizes, folder):
    batch = events(sizes.logs)
    with Tracker(folder / "log.db", params=PARAMS) as tracker, closing(bare_connection(folder / "bare.db")) as bare:
        yield Row(
            "log() of 3 values + 1 param, durable; bare: sqlite3 INSERT + commit",
            *interleaved(
                sizes.rounds,
                lambda: timed(_log_each, tracker, batch) / len(batch),
                lambda: timed(_insert_each, bare, values(len(batch))) / len(batch),
            ),
            limit=1.3,
        )


def _log_each(tracker, batch):
    for event in batch:
        tracker.log(event)


def _insert_each(connection, batch):
    for row in batch:
        connection.execute(INSERT, row)
        connection.commit()


def log_batch(sizes, folder):
    batch = events(sizes.batch)
    with Tracker(folder / "batch.db", params=PARAMS) as tracker, closing(bare_connection(folder / "many.db")) as bare:
        yield Row(
            "log_batch(), per row; bare: sqlite3 executemany + commit",
            *interleaved(
                sizes.rounds,
                lambda: timed(tracker.log_batch, batch) / len(batch),
                lambda: timed(_insert_many, bare, values(len(batch))) / len(batch),
            ),
            limit=2.5,
        )


def _insert_many(connection, batch):
    connection.executemany(INSERT, batch)
    connection.commit()


def track(sizes, folder):
    batch = events(sizes.logs)
    with _two_trackers(folder, "track.db", "track-log.db") as (tracker, other):
        yield Row(
            "track(noop); bare: our log()",
            *interleaved(
                sizes.rounds,
                lambda: timed(_track_each, tracker, len(batch)) / len(batch),
                lambda: timed(_log_each, other, batch) / len(batch),
            ),
            limit=3,
        )


def _track_each(tracker, number):
    for _ in range(number):
        tracker.track(_noop)


def _noop():
    pass


@contextmanager
def _two_trackers(folder, *names):
    first, second = (Tracker(folder / name, params=PARAMS) for name in names)
    with first, second:
        yield first, second


def large(sizes, folder):
    fill(folder / "large.db", sizes.large, sizes.runs)
    yield _against_empty(sizes, folder, f"log() into {sizes.large:,} rows; bare: our log() into none", "large.db")


def wide(sizes, folder):
    with Tracker(folder / "wide.db") as tracker:
        tracker.log({f"column{i}": float(i) for i in range(sizes.columns)})
    yield _against_empty(sizes, folder, f"log() into {sizes.columns} columns; bare: our log() into 6", "wide.db")


def _against_empty(sizes, folder, what, name):
    batch = events(sizes.logs)
    with _two_trackers(folder, name, f"not-{name}") as (tracker, empty):
        return Row(
            what,
            *interleaved(
                sizes.rounds,
                lambda: timed(_log_each, tracker, batch) / len(batch),
                lambda: timed(_log_each, empty, batch) / len(batch),
            ),
            limit=1.2,
        )


def opening(sizes, folder):
    fresh = iter(range(10**9))
    yield Row(
        "Tracker() + first log() + close(); bare: connect, CREATE, INSERT, close",
        *interleaved(
            sizes.rounds,
            lambda: timed(_open_ours, folder, fresh, sizes.opens) / sizes.opens,
            lambda: timed(_open_bare, folder, fresh, sizes.opens) / sizes.opens,
        ),
    )


def _open_ours(folder, fresh, number):
    for _ in range(number):
        with Tracker(folder / f"open{next(fresh)}.db", params=PARAMS) as tracker:
            tracker.log(events(1)[0])


def _open_bare(folder, fresh, number):
    for _ in range(number):
        with closing(bare_connection(folder / f"open{next(fresh)}.db")) as connection:
            connection.execute(INSERT, values(1)[0])
            connection.commit()
