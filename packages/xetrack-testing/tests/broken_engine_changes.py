"""Engines with one fault each: changes, runs and closing."""

import platform
from dataclasses import replace

from proving import broken
from right_engine import Engine, Right, through_json

from xetrack.plugin import Json, process_is_gone

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
        return super().update(table, key, through_json(value), **chosen)


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


@broken(Right, "test_a_run_keeps_its_utc_offsets")
class RecordsTheLastOffsetsOnly(Engine):
    def save_run(self, run):
        super().save_run(run)
        self._runs[run.track_id, run.table] = replace(self._runs[run.track_id, run.table], offsets=run.offsets)


@broken(Right, "test_a_run_keeps_its_utc_offsets")
class EndsWithoutOffsets(Engine):
    def finish_run(self, run):
        super().finish_run(replace(run, offsets=()))


@broken(Right, "test_an_unrecorded_run_is_derived_from_its_rows")
class TellsRecordsOnly(Engine):
    def runs(self, table, **some):
        return [run for run in super().runs(table, **some) if run.status]


@broken(Right, "test_a_run_without_rows_is_not_listed")
class RecordsEveryEnd(Engine):
    def finish_run(self, run):
        super().finish_run(run)
        self._runs.setdefault((run.track_id, run.table), run)

    def runs(self, table, **some):
        found = super().runs(table, **some)
        known = {run.track_id for run in found}
        return found + [run for run in self._runs.values() if run.table == table and run.track_id not in known]


@broken(Right, "test_a_run_that_continues_with_an_earlier_clock_is_first")
class NewestStartFirst(Engine):
    def runs(self, table, **some):
        return sorted(super().runs(table, **some), key=lambda run: run.first, reverse=True)


@broken(Right, "test_a_limit_keeps_the_most_recently_active_runs", "test_some_runs_can_be_chosen")
class OldestRunsOnly(Engine):
    def runs(self, table, *, limit=None, track_ids=None):
        found = super().runs(table, track_ids=track_ids)
        return found if limit is None else found[max(len(found) - limit, 0) :]


@broken(Right, "test_some_runs_can_be_chosen")
class ChoosesNoRuns(Engine):
    def runs(self, table, *, limit=None, track_ids=None):
        return super().runs(table, limit=limit)


@broken(Right, "test_the_last_value_is_the_one_inserted_last")
class FirstValues(Engine):
    def runs(self, table, **some):
        found = super().runs(table, **some)
        for run in found:
            for row in reversed(self._rows(table)):
                if row["track_id"] == run.track_id:
                    run.values |= {key: value for key, value in row.items() if value is not None}
                    run.values |= {key: str(value) for key, value in run.values.items() if type(value) is Json}
        return found


class Cached(Engine):
    """Caches a run when it ends."""

    def __init__(self, place):
        super().__init__(place)
        self.ended = {}

    def finish_run(self, run):
        super().finish_run(run)
        self.ended |= {each.track_id: each for each in self.runs(run.table) if each.track_id == run.track_id}

    def runs(self, table, **some):
        return [self.ended.get(run.track_id, run) for run in super().runs(table, **some)]


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


@broken(Right, "test_a_run_whose_process_is_gone_has_crashed")
class NeverCrashes(Engine):
    def runs(self, table):
        return [replace(run, status=run.status.replace("crashed", "running")) for run in super().runs(table)]


@broken(Right, "test_a_run_of_a_live_process_is_running")
class LooksForEveryProcessHere(Engine):
    def runs(self, table):
        here = {run.track_id: process_is_gone(replace(run, host=platform.node())) for run in super().runs(table)}
        return [replace(run, status="crashed") if here[run.track_id] else run for run in super().runs(table)]


@broken(Right, "test_a_deleted_run_starts_over")
class RemembersTheDeleted(Engine):
    def delete(self, table, track_id):
        before = dict(self._runs)
        count = super().delete(table, track_id)
        self._runs = before
        return count


# Closing


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
        """Do nothing."""
