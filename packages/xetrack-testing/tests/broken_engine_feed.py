"""Engines with one fault each: the change feed, copies and metadata."""

import itertools
import json
import uuid
from contextlib import contextmanager
from dataclasses import replace

from proving import broken
from right_engine import Engine, Right

# The feed


@broken(
    Right,
    "test_later_calls_return_what_is_new",
    "test_changed_runs_are_named",
    "test_each_batch_has_a_watermark_to_resume_from",
    "test_a_watermark_fits_after_reopening",
)
class AlwaysEverything(Engine):
    def changes(self, table, since=None, size=10_000):
        return super().changes(table, None, size)


@broken(Right, "test_the_first_call_returns_everything")
class NeverEverything(Engine):
    def changes(self, table, since=None, size=10_000):
        return replace(super().changes(table, since, size), everything=False)


@broken(Right, "test_changed_runs_are_named", "test_a_follower_is_equal_after_any_changes")
class FeedWithoutDeletions(Engine):
    def delete(self, table, track_id):
        before = dict(self._log)
        try:
            return super().delete(table, track_id)
        finally:
            self._log = before


@broken(Right, "test_changed_runs_are_named", "test_a_follower_is_equal_after_any_changes")
class FeedWithoutUpdates(Engine):
    def _note(self, name, run):
        if run is None:
            super()._note(name, run)


@broken(Right, "test_changed_runs_are_named", "test_a_follower_is_equal_after_any_changes")
class FeedWithoutAmendments(Engine):
    def amend(self, table, rows):
        before = dict(self._log)
        try:
            return super().amend(table, rows)
        finally:
            self._log = before


@broken(Right, "test_a_table_made_anew_is_returned_as_a_whole")
class FeedWithoutDrops(Engine):
    """Numbers the rows of a new table from 1."""

    def _note(self, name, run):
        if run is not None or not self._log:
            super()._note(name, run)

    def _numbered(self, table):
        return dict(enumerate(self._rows(table), 1))


@broken(Right, "test_a_run_that_is_replaced_by_another_is_noticed")
class FeedCountsRows(Engine):
    def changes(self, table, since=None, size=10_000):
        seen = int(since or 0)
        rows = self._rows(table)[seen:]
        found = super().changes(table, None, size)
        batch = next(super().changes(table, None, 10_000).batches)
        columns = {key: [row.get(key) for row in rows] for key in batch.rows}
        batches = [replace(batch, rows=columns)] if rows else []
        return replace(found, everything=not since, batches=iter(batches), watermark=str(seen + len(rows)))


@broken(Right, "test_a_text_that_is_no_watermark_of_the_store_does_not_fit")
class TrustsWatermarks(Engine):
    def _parse(self, since):
        return tuple(json.loads(since)[1:]) if since is not None else (0, 0)


@broken(Right, "test_a_watermark_of_another_store_does_not_fit")
class WatermarkOfAnyStore(Engine):
    def __init__(self, place):
        super().__init__(place)
        self._count = itertools.count(max([0, *self._log, *itertools.chain(*self._numbers.values())]) + 1)

    def _parse(self, since):
        try:
            _, place, last = json.loads(since or "")
        except (ValueError, TypeError):
            return 0, 0
        return place, last


@broken(Right, "test_each_batch_has_a_watermark_to_resume_from")
class OneWatermarkForAll(Engine):
    def changes(self, table, since=None, size=10_000):
        found = super().changes(table, since, size)
        batches = [replace(batch, watermark=found.watermark) for batch in found.batches]
        return replace(found, batches=iter(batches))


@broken(Right, "test_each_batch_has_a_watermark_to_resume_from")
class OneBatch(Engine):
    def changes(self, table, since=None, size=10_000):
        return super().changes(table, since)


@broken(Right, "test_a_watermark_fits_after_reopening")
class AnotherIdEachTime(Engine):
    def __init__(self, place):
        super().__init__(place)
        self._metadata["id"] = uuid.uuid4().hex


@broken(Right, "test_changes_undone_by_a_transaction_are_noticed")
class NumbersOfUndoneRows(Engine):
    """Uses the numbers of undone rows again, and keeps the log of what was undone."""

    @contextmanager
    def transaction(self, tables=None):
        number = next(self._count)
        self._count = itertools.count(number)
        try:
            with super().transaction():
                try:
                    yield
                finally:
                    undone = self._log
        except BaseException:
            self._count, self._log = itertools.count(number), undone
            raise


@broken(Right, "test_a_scan_may_be_of_one_run")
class ScansTheTable(Engine):
    def scan(self, table, size=10_000, *, track_id=None):
        return super().scan(table, size)


# Copies


@broken(Right, "test_amending_sets_keys_of_stored_rows")
class AmendsWhatIsMissing(Engine):
    def amend(self, table, rows):
        self.merge(table, rows)
        return super().amend(table, rows)


@broken(Right, "test_amending_sets_keys_of_stored_rows")
class AmendsByReplacing(Engine):
    def _change(self, table, row, values):
        row.clear()
        super()._change(table, dict(values), {})
        row.update(values)


@broken(Right, "test_amending_sets_keys_of_stored_rows")
class ReturnsAllAmended(Engine):
    def amend(self, table, rows):
        super().amend(table, rows)
        return list(rows)


@broken(Right, "test_an_amended_value_is_exact")
class AmendsWhatIsUnequal(Engine):
    """1 equals True."""

    def amend(self, table, rows):
        stored = {(row["track_id"], row["timestamp"]): row for row in self._rows(table)}
        known = [row for row in rows if (row["track_id"], row["timestamp"]) in stored]
        unequal = [row for row in known if not row.items() <= stored[row["track_id"], row["timestamp"]].items()]
        return super().amend(table, unequal)


@broken(Right, "test_metadata_is_text_by_key")
class EmptyIsMissing(Engine):
    def metadata(self, keys):
        return {key: text for key, text in super().metadata(keys).items() if text}


@broken(Right, "test_metadata_is_text_by_key")
class RemovesNothing(Engine):
    def set_metadata(self, texts):
        super().set_metadata({key: text for key, text in texts.items() if text is not None})


@broken(Right, "test_metadata_belongs_to_the_transaction")
class MetadataOutsideOfTransactions(Engine):
    @contextmanager
    def transaction(self, tables=None):
        try:
            with super().transaction():
                yield
        except BaseException:
            self._metadata |= {"a": "2"}
            raise


@broken(Right, "test_metadata_of_a_run_goes_with_the_run")
class KeepsMetadataOfRuns(Engine):
    def _forget_metadata(self, prefix):
        pass


@broken(Right, "test_a_store_names_itself")
class AnotherIdAfterADrop(Engine):
    def drop(self, table):
        super().drop(table)
        self._metadata["id"] = uuid.uuid4().hex


@broken(Right, "test_a_closed_engine_records_no_run")
class RecordsWhenClosed(Engine):
    def _check_open(self):
        """Do nothing."""

    def tables(self):
        super()._check_open()
        return super().tables()
