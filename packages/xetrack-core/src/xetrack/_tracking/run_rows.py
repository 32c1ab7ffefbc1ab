"""The rows of one run, as a sequence and as frames."""

import os
from typing import TYPE_CHECKING, Any

from xetrack._rows import dataframes
from xetrack._rows.normalize import to_rows
from xetrack._rows.view import View
from xetrack._spec.types import Columns
from xetrack._tracking.deferral import exclusive
from xetrack._tracking.run import RunWriter
from xetrack._util.arguments import flag
from xetrack._util.gc_pause import paused_gc

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunRows"]


class RunRows(View):
    """Reads the rows of the run that `_run` writes, or those of all runs in its table."""

    _run: RunWriter

    def to_df(self, all: bool = False) -> "pd.DataFrame":
        """Return the rows of this run as a DataFrame, or those of all runs in the table, in order of insertion."""
        with paused_gc():
            return dataframes.to_pandas(self._chosen(all))

    def to_csv(self, path: str | os.PathLike[str], all: bool = False) -> None:
        """Write the rows of this run, or of all runs, as CSV, lists and dicts as JSON. Creates missing folders."""
        dataframes.write_csv(self._chosen(all), path)

    def to_parquet(self, path: str | os.PathLike[str], all: bool = False) -> None:
        """Write the rows of this run, or of all runs, as Parquet, lists and dicts as JSON text.

        Creates missing folders. Raises `PluginNotInstalledError` without pyarrow.
        """
        dataframes.write_parquet(self._chosen(all), path)

    def count_run(self) -> int:
        """Return the number of rows of this run."""
        return self._count(self._run.record.track_id)

    def count_all(self) -> int:
        """Return the number of rows in the table."""
        return self._count(None)

    def __len__(self) -> int:
        """The number of rows of this run."""
        return self.count_run()

    def _count(self, track_id: str | None) -> int:
        self._run.check_open()
        with exclusive():
            return self._run.engine.count(self._run.settings.table, track_id)

    def _read(self, *, head: int | None = None, tail: int | None = None) -> Columns:
        self._run.check_open()
        with exclusive():
            return self._run.engine.read(
                self._run.settings.table, track_id=self._run.record.track_id, head=head, tail=tail
            )

    def _chosen(self, all: object) -> Columns:
        """The rows of this run, or of all runs."""
        if not flag("all", all):
            return self._read()
        self._run.check_open()
        with exclusive():
            return self._run.engine.read(self._run.settings.table)

    def _types(self) -> dict[str, str]:
        self._run.check_open()
        with exclusive():
            return self._run.engine.columns(self._run.settings.table)

    @property
    def latest(self) -> dict[str, Any]:
        """The last row of the run, or an empty dict."""
        known = self._run.last_row()
        return next(iter(to_rows(self._read(tail=1))), {}) if known is None else known
