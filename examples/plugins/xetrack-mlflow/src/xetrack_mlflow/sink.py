"""The sink: a queue of rows, and a thread that sends them to MLflow.

MLflow needs milliseconds per row, and minutes if its server is down. `log()` must not wait for that.
"""

import os
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import count, islice
from typing import Any, NamedTuple

from xetrack.plugin import Context, Value

from xetrack_mlflow import Options
from xetrack_mlflow.forks import Quiet
from xetrack_mlflow.run import MlflowRun, is_refusal
from xetrack_mlflow.sorting import Sorted, milliseconds, sort

__all__ = ["ForwardingError", "MlflowSink"]

_AT_ONCE = 500  # rows
_LONGEST_PAUSE = 60.0  # seconds


class ForwardingError(Exception):
    """Rows are missing in MLflow. The database has them."""


class _Held(NamedTuple):
    number: int
    row: Mapping[str, Value]


class MlflowSink:
    """Buffers rows until MLflow has them, and retries while it is unreachable.

    Rows are sent in order. Rows that MLflow rejects, and rows that arrive while `mlflow_hold` rows are buffered, are
    reported and left out. A forked child sends its own rows.
    """

    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        known = context.engine.count(context.table, context.track_id) if context.engine and context.track_id else 0
        self._numbers = count(known)
        self._params: Mapping[str, Any] = {}
        self._run: MlflowRun | None = None
        self._closed = False
        self._restart()

    def _restart(self) -> None:
        """Reset the state, for this process."""
        self._pid = os.getpid()
        self._quiet = Quiet()
        self._changed = threading.Condition()
        self._held: deque[_Held] = deque()
        self._worker: threading.Thread | None = None
        self._problem = self._refusal = ""
        self._tries = self._failed_try = self._refused = 0
        self._pause = 1.0
        self._hurry = self._closing = False
        self._status: tuple[str, int] | None = None

    def _check_process(self) -> None:
        """In a forked child, drop the parent's rows, thread and connections."""
        if self._pid != os.getpid():
            inherited, self._run = self._run, None
            self._restart()
            if inherited is not None:
                inherited.forget_connections()

    # Called by the tracker

    def begin(self, params: Mapping[str, Any]) -> None:
        """Set the params of the run, and start to send."""
        with self._changed:
            self._params = dict(params)
            self._start()

    def emit(self, row: Mapping[str, Value]) -> None:
        """Queue a row. Raises `ForwardingError` if the buffer is full."""
        self._check_process()
        with self._changed:
            if self._closed:
                raise ForwardingError("The sink is closed.")
            if len(self._held) >= self._options.mlflow_hold:
                raise ForwardingError(f"The buffer is full: {len(self._held)} rows wait for MLflow. {self._problem}")
            self._held.append(_Held(next(self._numbers), dict(row)))
            self._changed.notify_all()
            problem, refusal = self._problem, self._refusal
        if problem:
            self._context.warn("mlflow", f"MLflow is unreachable; rows are buffered and sent again later. {problem}")
        if refusal:
            self._context.warn("mlflow refused", f"MLflow rejected a row, which is left out. {refusal}")

    def flush(self) -> None:
        """Wait until MLflow has all rows. Raises `ForwardingError` if it is unreachable."""
        self._check_process()
        with self._changed:
            if self._closed or not self._held:
                return
            tries = self._tries  # a try in progress may fail for a reason that is gone by now
            self._hurry = True
            self._start()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._held or self._failed_try > tries, self._options.mlflow_patience)
            if self._held:
                raise self._complaint()

    def end(self, status: str) -> None:
        """Set the final status, which is sent when the sink is closed."""
        from time import time

        self._status = (status, int(time() * 1000))

    def close(self) -> None:
        """Send buffered rows and the final status. Raises `ForwardingError` if rows are left."""
        self._check_process()
        if self._closed:
            return
        self._closed = True
        with self._changed:
            self._closing = True
            if self._held or self._status:
                self._start()
            self._changed.notify_all()
            worker = self._worker
        if worker is not None:
            worker.join(self._options.mlflow_patience)
            if self._held or self._refused or worker.is_alive():
                raise self._complaint()

    def _complaint(self) -> ForwardingError:
        parts = [f"{_rows(len(self._held))} not sent to MLflow"] if self._held else []
        parts += [f"{_rows(self._refused)} rejected by MLflow"] if self._refused else []
        parts = parts or ["the end of the run was not sent to MLflow"]
        why = self._problem or self._refusal or f"MLflow did not answer within {self._options.mlflow_patience} seconds."
        return ForwardingError(f"{', '.join(parts)}; the database has all rows. {why}")

    # The thread

    def _start(self) -> None:
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="xetrack-mlflow", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._held or self._closing)
                rows, last = list(islice(self._held, _AT_ONCE)), self._closing
                self._tries += 1
                self._hurry = False
            try:
                with self._quiet:
                    self._send(rows)
            # MLflow, SQLAlchemy or an HTTP library may raise anything.
            except Exception as error:
                if self._failed(error, last):
                    return
                continue
            with self._changed:
                self._problem, self._pause = "", 1.0
                for _ in rows:
                    self._held.popleft()
                self._changed.notify_all()
                if last and not self._held:
                    return

    def _failed(self, error: Exception, last: bool) -> bool:
        """Wait before the next try. Returns True if there is none."""
        with self._changed:
            self._problem = f"{type(error).__name__}: {error}"
            self._failed_try = self._tries
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._hurry or self._closing, 0 if last else self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            return last

    def _send(self, rows: Sequence[_Held]) -> None:
        """Send rows, and the final status after the last one."""
        if not rows and not self._status:
            return
        if self._run is None:
            start_time = milliseconds(str(rows[0].row["timestamp"])) if rows else self._status[1] if self._status else 0
            run = MlflowRun(self._options, self._context, start_time)
            run.add_params(self._params)
            self._run = run
        try:
            self._send_rows(self._run, rows)
        except Exception as error:
            if not is_refusal(error):
                raise
            self._send_each(self._run, rows)
        if self._closing and self._status and len(self._held) == len(rows):
            self._run.finish(*self._status)

    def _send_rows(self, run: MlflowRun, rows: Sequence[_Held]) -> None:
        batch = Sorted()
        for number, row in rows:
            each = sort(row, number, run.params, self._options.mlflow_step)
            batch.points += each.points
            batch.tags |= each.tags
        run.log(batch.points, tags=batch.tags)

    def _send_each(self, run: MlflowRun, rows: Sequence[_Held]) -> None:
        """Send rows one by one, so that only rejected ones are lost."""
        for each in rows:
            try:
                self._send_rows(run, [each])
            except Exception as error:
                if not is_refusal(error):
                    raise
                self._refused += 1
                self._refusal = f"{type(error).__name__}: {error}"


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"
