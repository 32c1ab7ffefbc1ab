"""Engines that are right but for one thing: lists in memory, kept on a shelf a place."""

import json
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar

from proving import broken

from xetrack.errors import InvalidTableError
from xetrack.plugin import IDENTITY, Json, MemoryEngine
from xetrack_testing import EngineContract


class Engine(MemoryEngine):
    """As the one in memory, but found again, and shared."""

    shelves: ClassVar = {}

    def __init__(self, place):
        self.shelf = self.shelves.setdefault(place, {})
        kept = dict(self.shelf)
        super().__init__()
        self.shelf.update(kept)

    def close(self):
        self._closed = True


for part in ("_tables", "_runs", "_lock"):
    kept = property(
        lambda self, part=part: self.shelf[part], lambda self, value, part=part: self.shelf.update({part: value})
    )
    setattr(Engine, part, kept)


class Right(EngineContract):
    durable = shared = True
    made = Engine

    def open(self, place):
        return self.made(place)


class TestRight(Right):
    pass


# Order


@broken(
    Right,
    "test_rows_keep_insertion_order_when_the_clock_goes_back",
    "test_the_run_that_logged_last_is_first",
    "test_the_latest_run_is_the_one_that_logged_last",
    "test_rows_logged_after_a_deletion_come_last",
)
class SortsByTime(Engine):
    def _rows(self, table):
        rows = super()._rows(table)
        rows.sort(key=lambda row: row["timestamp"])
        return rows


@broken(Right, "test_tail_applies_after_head")
class TailHidesHead(Engine):
    def read(self, table, *, track_id=None, head=None, tail=None):
        return super().read(table, track_id=track_id, head=head if tail is None else None, tail=tail)


@broken(Right, "test_head_and_tail_choose_among_rows_in_order", "test_tail_applies_after_head")
class TailIsReversed(Engine):
    def read(self, table, *, track_id=None, head=None, tail=None):
        columns = super().read(table, track_id=track_id, head=head, tail=tail)
        return columns if tail is None else {key: values[::-1] for key, values in columns.items()}


@broken(Right, "test_head_and_tail_choose_among_rows_in_order")
class ZeroIsAll(Engine):
    def read(self, table, *, track_id=None, head=None, tail=None):
        return super().read(table, track_id=track_id, head=head or None, tail=tail or None)


@broken(Right, "test_one_run_is_read_and_counted_alone")
class ReadsByPrefix(Engine):
    def read(self, table, *, track_id=None, head=None, tail=None):
        return super().read(table, head=head, tail=tail)


@broken(
    Right,
    "test_a_taken_timestamp_advances_in_the_callers_row_too",
    "test_a_batch_with_one_timestamp_is_stored_completely",
    "test_engines_on_one_store_see_each_others_rows_columns_and_tables",
)
class MovesACopy(Engine):
    def append(self, table, rows):
        super().append(table, [dict(row) for row in rows])


@broken(Right, "test_timestamps_carry_over_the_end_of_a_year")
class CarriesNothing(Engine):
    def append(self, table, rows):
        super().append(table, rows)
        for row in rows:
            if row["timestamp"].endswith("00:00:00.000000"):
                row["timestamp"] = "2025-12-31 23:59:59.1000000"
                self._rows(table)[-1]["timestamp"] = row["timestamp"]


@broken(Right, "test_runs_may_share_a_timestamp")
class OneTimeForAll(Engine):
    def append(self, table, rows):
        for row in rows:
            mine = row["track_id"]
            others = [each["timestamp"] for each in self._rows(table)]
            while row["timestamp"] in others:
                row["timestamp"] = f"{row['timestamp'][:-6]}{int(row['timestamp'][-6:]) + 1:06}"
            row["track_id"] = mine
            super().append(table, [row])


@broken(Right, "test_a_free_timestamp_stays_beside_clashing_ones")
class MovesTheWholeBatch(Engine):
    def append(self, table, rows):
        before = [row["timestamp"] for row in rows]
        super().append(table, rows)
        if before != [row["timestamp"] for row in rows]:
            for row, time in zip(rows, before, strict=True):
                row["timestamp"] = f"{time[:-1]}9"


@broken(Right, "test_two_batches_with_the_same_timestamps_are_both_stored")
class ReplacesWhatClashes(Engine):
    def append(self, table, rows):
        new = {(row["track_id"], row["timestamp"]) for row in rows}
        kept = self._rows(table)
        kept[:] = [row for row in kept if (row["track_id"], row["timestamp"]) not in new]
        super().append(table, rows)


@broken(Right, "test_changing_a_row_later_changes_nothing_stored")
class KeepsTheVeryRow(Engine):
    def append(self, table, rows):
        super().append(table, rows)
        if rows:
            self._rows(table)[-len(rows) :] = rows


@broken(Right, "test_storing_no_rows_creates_no_table")
class MakesTheTable(Engine):
    def append(self, table, rows):
        self._tables.setdefault(self._name(table), [])
        super().append(table, rows)


@broken(Right, "test_a_missing_table_is_empty")
class KnowsItsTables(Engine):
    def drop(self, table):
        del self._tables[table]


@broken(Right, "test_tables_are_separate_and_sorted")
class InOrderOfComing(Engine):
    def tables(self):
        return list(self._tables)


@broken(Right, "test_default_is_an_alias_of_events", "test_default_and_events_share_their_runs")
class TakesNamesLiterally(Engine):
    @staticmethod
    def _name(table):
        return table


@broken(Right, "test_reserved_table_names_are_refused")
class TakesEveryName(Engine):
    def append(self, table, rows):
        try:
            super().append(table, rows)
        except InvalidTableError:
            self._tables.setdefault(table, []).extend(rows)


@broken(Right, "test_a_scan_returns_every_row_once_in_chunks")
class ScansAtOnce(Engine):
    def scan(self, table, size=10_000):
        yield from super().scan(table)


@broken(Right, "test_the_latest_run_is_the_one_that_logged_last")
class LatestByTime(Engine):
    def latest_run(self, table):
        return max((row["timestamp"], row["track_id"]) for row in self._rows(table))[1]


# Transactions


@broken(
    Right,
    "test_a_transaction_that_raises_leaves_no_trace",
    "test_an_inner_transaction_rolls_back_alone",
    "test_an_outer_transaction_rolls_back_the_inner_one",
    "test_a_rolled_back_run_has_no_record",
)
class UndoesNothing(Engine):
    @contextmanager
    def transaction(self):
        self._check_open()
        yield


@broken(Right, "test_a_transaction_commits_at_its_end")
class AlwaysUndoes(Engine):
    @contextmanager
    def transaction(self):
        before = {name: list(rows) for name, rows in self._tables.items()}
        yield
        self._tables = before


@broken(Right, "test_threads_share_an_engine")
class LosesWhatComesAtOnce(Engine):
    def append(self, table, rows):
        kept = list(self._tables.get(table, []))
        time.sleep(0.0002)
        self._tables[table] = kept
        super().append(table, rows)


@broken(Right, "test_rows_survive_reopening", "test_run_records_survive_reopening")
class GoneWithTheProcess(Engine):
    def close(self):
        self.shelves.clear()
        super().close()


# Values


def as_json(row):
    """What JSON makes of a row."""
    return {key: value if key in IDENTITY else spoilt(value) for key, value in row.items()}


def spoilt(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return json.loads(json.dumps(value))


class Spoils(Engine):
    """Keeps rows as `spoil` leaves them."""

    def append(self, table, rows):
        before = len(self._rows(table))
        super().append(table, rows)
        kept = self._rows(table)
        kept[before:] = [self.spoil(row, kept) for row in kept[before:]]

    def spoil(self, row, kept):
        return row


@broken(Right, "test_a_value_comes_back_as_it_was", "test_rows_of_many_shapes_share_a_batch")
class KeepsJson(Spoils):
    def spoil(self, row, kept):
        return as_json(row)


@broken(Right, "test_a_column_may_change_its_type")
class OneTypeAColumn(Spoils):
    def spoil(self, row, kept):
        first = next((each["x"] for each in kept if each.get("x") is not None), None)
        same = first is None or row.get("x") is None or type(row["x"]) is type(first)
        return row if same else {**row, "x": str(row["x"])}


@broken(Right, "test_a_nan_is_not_a_none", "test_a_column_may_change_its_type")
class NanIsMissing(Spoils):
    def spoil(self, row, kept):
        return {key: None if value != value else value for key, value in row.items()}


@broken(Right, "test_a_missing_key_is_none")
class Ragged(Engine):
    def read(self, table, **chosen):
        columns = super().read(table, **chosen)
        return {key: [value for value in values if value is not None] for key, values in columns.items()}


@broken(Right, "test_the_first_value_declares_the_type_of_a_column")
class EverythingIsText(Engine):
    def columns(self, table):
        return dict.fromkeys(super().columns(table), "TEXT")


@broken(Right, "test_a_key_comes_back_as_it_was")
class StripsKeys(Spoils):
    def spoil(self, row, kept):
        return {key.strip("\0 \n") or "x": value for key, value in row.items()}


@broken(Right, "test_all_awkward_keys_fit_in_one_row")
class FoldsKeys(Spoils):
    def spoil(self, row, kept):
        return {key.casefold(): value for key, value in row.items()}


@broken(Right, "test_1200_keys_fit")
class AThousandKeys(Spoils):
    def spoil(self, row, kept):
        return dict([*row.items()][-1000:])


# Changes


@broken(Right, "test_an_update_sets_a_key_in_one_run", "test_an_ended_run_follows_later_changes_of_its_rows")
class UpdatesEveryRun(Engine):
    def update(self, table, key, value, *, track_id=None, where=None):
        return super().update(table, key, value, where=where)


@broken(Right, "test_an_update_may_add_a_key")
class UpdatesKnownKeys(Engine):
    def update(self, table, key, value, **chosen):
        return super().update(table, key, value, **chosen) if key in self.columns(table) else 0


@broken(Right, "test_an_update_moves_no_row")
class UpdatesByReplacing(Engine):
    def update(self, table, key, value, *, track_id=None, where=None):
        count = super().update(table, key, value, track_id=track_id, where=where)
        rows = self._rows(table)
        rows.sort(key=lambda row: row.get(key) == value)
        return count


@broken(Right, "test_an_updated_value_is_exact_whatever_was_there")
class UpdatesWithJson(Engine):
    def update(self, table, key, value, **chosen):
        return super().update(table, key, spoilt(value), **chosen)


@broken(
    Right,
    "test_where_finds_exactly_the_rows_that_have_the_value",
    "test_where_compares_in_columns_of_every_type",
    "test_where_may_name_the_key_that_is_set",
)
class ComparesText(Engine):
    def update(self, table, key, value, *, track_id=None, where=None):
        if where is None:
            return super().update(table, key, value, track_id=track_id)
        rows = [row for row in self._rows(table) if track_id in {None, row["track_id"]}]
        chosen = [row for row in rows if str(row.get(where[0])) == str(where[1])]
        for row in chosen:
            row[key] = value
        return len(chosen)


@broken(Right, "test_where_an_unknown_key_is_none_means_every_row")
class UnknownIsNobody(Engine):
    def update(self, table, key, value, *, track_id=None, where=None):
        if where is not None and where[0] not in self.columns(table):
            return 0
        return super().update(table, key, value, track_id=track_id, where=where)


@broken(Right, "test_a_deletion_removes_one_run")
class DeletesEverywhere(Engine):
    def delete(self, table, track_id):
        return sum(super(DeletesEverywhere, self).delete(each, track_id) for each in self.tables())


@broken(Right, "test_a_dropped_table_may_be_created_again")
class EmptiesOnly(Engine):
    def drop(self, table):
        self._tables[table] = []


@broken(Right, "test_a_merge_stores_new_rows_only", "test_a_merge_stores_the_first_of_two_rows_with_one_identity")
class MergesAll(Engine):
    def merge(self, table, rows):
        self.append(table, rows)
        return list(rows)


@broken(Right, "test_a_merge_does_not_change_its_arguments")
class MergesByAppending(Engine):
    def merge(self, table, rows):
        for row in rows:
            row["timestamp"] += "!"
        return super().merge(table, rows)


# Runs


@broken(Right, "test_a_run_combines_its_record_and_its_rows", "test_a_resumed_run_keeps_its_start_and_continues")
class RecordsTheIdOnly(Engine):
    def save_run(self, run):
        super().save_run(replace(run, params={}, host=None, pid=0, started=None))


@broken(Right, "test_an_unrecorded_run_is_derived_from_its_rows")
class TellsRecordsOnly(Engine):
    def runs(self, table):
        return [run for run in super().runs(table) if run.status]


@broken(Right, "test_a_run_without_rows_is_not_listed")
class RecordsEveryEnd(Engine):
    def finish_run(self, run):
        super().finish_run(run)
        self._runs.setdefault((run.track_id, run.table), run)

    def runs(self, table):
        found = super().runs(table)
        known = {run.track_id for run in found}
        return found + [run for run in self._runs.values() if run.table == table and run.track_id not in known]


@broken(Right, "test_a_run_that_continues_with_an_earlier_clock_is_first")
class NewestStartFirst(Engine):
    def runs(self, table):
        return sorted(super().runs(table), key=lambda run: run.first, reverse=True)


@broken(Right, "test_the_last_value_is_the_one_inserted_last")
class FirstValues(Engine):
    def runs(self, table):
        found = super().runs(table)
        for run in found:
            for row in reversed(self._rows(table)):
                if row["track_id"] == run.track_id:
                    run.values |= {key: value for key, value in row.items() if value is not None}
                    run.values |= {key: str(value) for key, value in run.values.items() if type(value) is Json}
        return found


class Cached(Engine):
    """Believes what was told of a run when it ended."""

    def __init__(self, place):
        super().__init__(place)
        self.ended = {}

    def finish_run(self, run):
        super().finish_run(run)
        self.ended |= {each.track_id: each for each in self.runs(run.table) if each.track_id == run.track_id}

    def runs(self, table):
        return [self.ended.get(run.track_id, run) for run in super().runs(table)]


@broken(
    Right,
    "test_an_ended_run_follows_later_changes_of_its_rows",
    "test_a_late_row_with_an_early_time_counts",
    "test_merged_rows_count",
)
class BelievesTheEnd(Cached):
    pass


@broken(Right, "test_an_ended_run_has_its_status_and_end")
class NeverEnds(Engine):
    def finish_run(self, run):
        self._check_open()


@broken(Right, "test_a_run_has_a_record_in_each_table")
class EndsItEverywhere(Engine):
    def finish_run(self, run):
        for table in self.tables():
            super().finish_run(replace(run, table=table))


@broken(Right, "test_only_the_process_that_owns_a_run_ends_it")
class AnybodyEndsIt(Engine):
    def finish_run(self, run):
        known = self._runs.get((run.track_id, run.table))
        super().finish_run(run if known is None else replace(run, pid=known.pid, host=known.host))


@broken(Right, "test_a_deleted_run_starts_over")
class RemembersTheDeleted(Engine):
    def delete(self, table, track_id):
        before = dict(self._runs)
        count = super().delete(table, track_id)
        self._runs = before
        return count


# Failures


@broken(Right, "test_it_has_the_methods_of_an_engine")
class WithoutConnection(Engine):
    conn = None

    def has_assets(self):
        return True


@broken(Right, "test_closing_twice_is_harmless")
class ClosesOnce(Engine):
    def close(self):
        self._check_open()
        super().close()


@broken(Right, "test_flushing_keeps_everything")
class FlushesAway(Engine):
    def flush(self):
        self._tables = {}
        return True


@broken(Right, "test_a_closed_engine_raises_closed_error")
class NeverCloses(Engine):
    def close(self):
        """Stays open."""
