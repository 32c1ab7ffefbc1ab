"""Rows of the table about sinks: what they add to `log()`."""

from contextlib import contextmanager

from benchmarks.rounds import Row, interleaved, timed
from benchmarks.workload import PARAMS, events
from xetrack import Tracker
from xetrack_sinks import LogsOptions
from xetrack_sinks.formats import DELIMITER, FORMAT
from xetrack_sinks.logs import LogSink


def jsonl(sizes, folder):
    batch = events(sizes.logs)
    with _tracker() as bare, _tracker(jsonl=folder / "bench.jsonl") as ours:
        yield Row(
            "log() with jsonl=; bare: log() without, both with no database",
            *interleaved(
                sizes.rounds,
                lambda: timed(_log_each, ours, batch) / len(batch),
                lambda: timed(_log_each, bare, batch) / len(batch),
            ),
            limit=5e-6,
            difference=True,
        )


def logs(sizes, folder):
    from loguru import logger

    rows = [
        {**PARAMS, **event, "timestamp": "2026-01-31 12:00:00.000000", "track_id": "fierce-pudu-1649"}
        for event in events(sizes.logs)
    ]
    sink = LogSink(LogsOptions(logs_path=folder / "bench-logs"), "fierce-pudu-1649")
    sink.emit(rows[0])
    [file] = (folder / "bench-logs").iterdir()
    line = file.read_text(encoding="utf-8").partition(DELIMITER)[2].strip()
    logger.remove()
    logger.level("TRACKING", no=27)
    handler = logger.add(folder / "bare.log", format=FORMAT.replace("{message}", DELIMITER + "{message}"), level=0)
    yield Row(
        "a row to the log sink; bare: loguru, a line of the same form to a file",
        *interleaved(
            sizes.rounds,
            lambda: timed(_emit_each, sink, rows) / len(rows),
            lambda: timed(_write_each, logger, line, len(rows)) / len(rows),
        ),
        limit=1.3,
    )
    logger.remove(handler)
    sink.close()


@contextmanager
def _tracker(**options):
    with Tracker(Tracker.SKIP_INSERT, params=PARAMS, **options) as tracker:
        yield tracker


def _log_each(tracker, batch):
    for event in batch:
        tracker.log(event)


def _emit_each(sink, rows):
    for row in rows:
        sink.emit(row)


def _write_each(logger, line, number):
    for _ in range(number):
        logger.log("TRACKING", line)
