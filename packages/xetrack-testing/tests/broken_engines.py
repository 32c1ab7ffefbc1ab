"""Engines with one fault each: order, identity, tables, transactions, sharing and values."""

import time
from contextlib import contextmanager

from proving import broken
from right_engine import Engine, Right, Spoils, as_json

from xetrack.errors import InvalidTableError


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
    def transaction(self, tables=None):
        self._check_open()
        yield


@broken(Right, "test_a_transaction_may_name_its_tables")
class NamesNoTables(Engine):
    @contextmanager
    def transaction(self):
        with super().transaction():
            yield


@broken(Right, "test_a_transaction_may_name_its_tables")
class KnowsItsTablesOnly(Engine):
    """Takes a name that does not exist yet for a mistake."""

    @contextmanager
    def transaction(self, tables=None):
        if not set(tables or ()) <= set(self.tables()):
            raise InvalidTableError(str(tables))
        with super().transaction():
            yield


@broken(Right, "test_a_transaction_commits_at_its_end")
class AlwaysUndoes(Engine):
    @contextmanager
    def transaction(self, tables=None):
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
