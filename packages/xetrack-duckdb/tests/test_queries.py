"""What a user of DuckDB expects of a connection works on `conn`."""

import json
import math
import random
import threading

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import xetrack
from xetrack import Reader, Tracker
from xetrack.errors import ClosedError, DatabaseReadOnlyError, NotADatabaseError
from xetrack_duckdb import source
from xetrack_testing import keys, values

RELEASE = tuple(int(part) for part in duckdb.__version__.split(".")[:2])
ROWS = [
    {"i": 1, "f": 0.1, "b": True, "s": "a", "j": [1, {"a": None}], "raw": b"\xff\0", "big": 2**64, "mix": 1, "num": 1},
    {"i": None, "f": math.nan, "b": None, "s": None, "j": None, "raw": None, "big": None, "mix": "x", "num": 0.5},
    {"i": -(2**63), "f": math.inf, "b": False, "s": "日\0", "j": {}, "raw": b"", "big": 5, "mix": True, "num": -1},
    {"i": 2**63 - 1, "f": -0.0, "b": True, "s": "", "j": [math.nan], "raw": b"0", "big": 7, "mix": b"\x01", "num": 2.0},
    {"f": None, "mix": 0.25, "num": None},
    {"f": -math.inf, "mix": [1]},
]


@pytest.fixture(params=["file", "memory"])
def tracker(request, tmp_path):
    db = tmp_path / "track.db" if request.param == "file" else ":memory:"
    with Tracker(db, {"model": "m"}, engine="duckdb", track_id="one") as tracker:
        tracker.log_batch(ROWS)
        yield tracker


@pytest.fixture
def conn(tracker):
    return tracker.conn


TYPES = {
    "timestamp": "VARCHAR", "track_id": "VARCHAR", "i": "BIGINT", "f": "DOUBLE", "b": "BOOLEAN", "s": "VARCHAR",
    "j": "JSON", "raw": "BLOB", "big": "VARCHAR", "mix": "VARCHAR", "num": "DOUBLE", "model": "VARCHAR",
}  # fmt: skip
EXPECTED = {
    "i": [1, None, -(2**63), 2**63 - 1, None, None],
    "f": [0.1, "nan", math.inf, -0.0, None, -math.inf],
    "b": [True, None, False, True, None, None],
    "s": ["a", None, "日\0", "", None, None],
    "j": ['[1, {"a": null}]', None, "{}", "[NaN]", None, None],
    "raw": [b"\xff\0", None, b"", b"0", None, None],
    "big": ["18446744073709551616", None, "5", "7", None, None],
    "mix": ["1", "x", "True", "01", "0.25", "[1]"],
    "num": [1.0, 0.5, -1.0, 2.0, None, None],
    "model": ["m"] * 6,
}


def test_columns_have_the_types_of_their_values(conn):
    described = {name: kind for name, kind, *_ in conn.execute("DESCRIBE db.events").fetchall()}

    assert described == TYPES


@pytest.mark.parametrize("key", EXPECTED)
def test_every_value_is_there_and_null_nan_and_infinity_are_told_apart(conn, key):
    values = [value for (value,) in conn.execute(f"SELECT {key} FROM db.events").fetchall()]

    assert ["nan" if isinstance(value, float) and math.isnan(value) else value for value in values] == EXPECTED[key]
    assert [math.copysign(1, value) for value in values if value == 0] in ([], [-1.0], [1.0])


@pytest.mark.fuzz
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.dictionaries(st.sampled_from("abc"), values(), max_size=3), min_size=1, max_size=6))
@example(rows=[{"c": 0}, {"c": 0.0}, {"c": 2**53 + 1}])
def test_any_values_read_as_sqlite_reads_them(rows, check):
    with Tracker(":memory:", engine="duckdb", warnings=False) as tracker:
        for row in rows:
            tracker.log(row)
            check(tracker)


@pytest.mark.fuzz
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(keys=st.lists(keys(), min_size=1, max_size=6, unique=True))
def test_any_keys_are_columns(keys):
    with Tracker(":memory:", engine="duckdb", warnings=False) as tracker:
        tracker.log(dict(zip(keys, range(len(keys)), strict=True)))
        result = tracker.conn.execute("SELECT * FROM db.events").fetchall()

        assert sorted(value for value in result[0] if isinstance(value, int)) == [*range(len(keys))]


def test_keys_that_are_no_columns_in_sqlite_are_columns_here(db):
    with Tracker(db, engine="duckdb") as tracker:
        tracker.log({f"k{number}": number for number in range(1200)} | {"K1": "another", "K1_1": "a third", "": "none"})

        row = tracker.conn.sql("FROM db.events").to_arrow_table().to_pylist()[0]
        assert [row[f"k{number}"] for number in range(1200)] == [*range(1200)]
        assert (row["K1_1"], row["K1_1_1"], row["_"]) == ("another", "a third", "none")


def test_results_come_in_every_form(conn):
    query = "SELECT i, s FROM db.events WHERE i = 1"

    assert conn.execute(query).fetchall() == [(1, "a")]
    assert conn.execute(query).fetchone() == (1, "a")
    assert conn.execute(query).fetchmany(5) == [(1, "a")]
    assert conn.execute(query).df().to_dict("list") == {"i": [1], "s": ["a"]}
    assert conn.execute(query).fetchnumpy()["i"].tolist() == [1]
    assert conn.sql(query).df()["i"].tolist() == [1]
    assert conn.sql(query).pl().equals(pl.DataFrame({"i": [1], "s": ["a"]}))
    arrow = conn.sql(query).arrow()
    assert (arrow if isinstance(arrow, pa.Table) else arrow.read_all()).to_pydict() == {"i": [1], "s": ["a"]}
    assert conn.execute("SELECT i FROM db.events WHERE s = ? AND i = $2", ["a", 1]).description[0][0] == "i"


def test_relations_work(conn):
    assert conn.sql("FROM db.events").filter("i = 1").project("s").fetchall() == [("a",)]
    assert conn.table("db.events").aggregate("count(*)").fetchall() == [(6,)]
    assert conn.view("db.events").aggregate("max(i)").fetchall() == [(2**63 - 1,)]
    assert conn.query("SELECT 1").fetchall() == [(1,)]


def test_statements_that_tell_of_tables_work(conn):
    assert ("events",) in conn.execute("SHOW TABLES").fetchall()
    assert conn.execute("SELECT count(*) FROM (SUMMARIZE SELECT s, b, num FROM db.events)").fetchone() == (3,)
    assert {("db", "main"), ("db", "xetrack_copy")} == {row[:2] for row in conn.execute("SHOW ALL TABLES").fetchall()}
    assert conn.execute(
        "SELECT count(*) FROM information_schema.columns WHERE table_catalog = 'db' AND column_name = 'i'"
    ).fetchone() == (1,)


def test_json_that_duckdb_does_not_accept_is_text(db, check, monkeypatch):
    monkeypatch.setattr(source, "_BLOCK", 1)
    monkeypatch.setattr(source, "_CELLS", 1)  # a block a row
    with Tracker(db, engine="duckdb") as tracker:
        for value in ([chr(0xD800)], [1], {"a": 2}):
            tracker.log({"j": value})
            check(tracker)
    with Reader(db, engine="duckdb") as reader:
        check(reader)
        assert reader.conn.execute("SELECT typeof(j), count(*) FROM db.events GROUP BY 1").fetchall() == [
            ("VARCHAR", 3)
        ]


def test_a_timestamp_is_a_cast_away(conn):
    rows = conn.execute("SELECT timestamp::TIMESTAMP, timestamp FROM db.events").fetchall()

    assert [str(time) if time.microsecond else f"{time}.000000" for time, _ in rows] == [text for _, text in rows]


def test_json_can_be_taken_apart(conn):
    assert conn.execute("SELECT j->>'$[0]' FROM db.events WHERE i = 1").fetchone() == ("1",)


def test_frames_in_the_callers_scope_can_be_named(conn):
    def joined():
        local = pd.DataFrame({"i": [1], "weight": [7]})
        arrays = {"i": np.array([1])}
        polars, arrow = pl.DataFrame({"i": [1]}), pa.table({"i": [1]})
        assert (len(local), len(arrays), len(polars), len(arrow)) == (1, 1, 1, 1)
        counts = []
        for name in ("local", "arrays", "polars", "arrow"):
            counts += conn.execute(f"SELECT count(*) FROM db.events JOIN {name} USING (i)").fetchall()
        return counts

    assert joined() == [(1,)] * 4
    method = query = parameters = pd.DataFrame({"i": [1]})  # as variables of ours are called
    assert conn.sql("SELECT * FROM method JOIN query USING (i) JOIN parameters USING (i)").fetchall() == [(1,)]
    assert conn.cursor().execute("SELECT * FROM method").fetchall() == [(1,)]
    assert len(method) == len(query) == len(parameters)


def test_a_frame_can_be_registered(conn):
    assert conn.register("mine", pd.DataFrame({"i": [1]})) is conn
    assert conn.execute("SELECT s FROM db.events JOIN mine USING (i)").fetchall() == [("a",)]
    conn.unregister("mine")


def test_files_can_be_joined_and_written(conn, tmp_path):
    conn.execute(f"COPY (SELECT i, s FROM db.events WHERE i = 1) TO '{tmp_path / 'run.parquet'}'")
    conn.sql("SELECT i, f FROM db.events").write_csv(str(tmp_path / "run.csv"))
    (tmp_path / "run.json").write_text(json.dumps([{"i": 1, "w": 3}]))

    assert pq.read_table(tmp_path / "run.parquet").to_pydict() == {"i": [1], "s": ["a"]}
    for file in ("run.parquet", "run.csv", "run.json"):
        joined = conn.execute(f"SELECT count(*) FROM db.events JOIN '{tmp_path / file}' AS file USING (i)")
        assert joined.fetchone()[0] >= 1


def test_tables_of_the_users_own_are_theirs(conn, tmp_path):
    conn.execute("CREATE TABLE mine AS SELECT i FROM db.events WHERE i = 1")
    conn.execute("INSERT INTO mine SELECT 2")
    conn.execute("UPDATE mine SET i = i + 1")
    conn.execute(f"ATTACH '{tmp_path / 'mine.duckdb'}' AS other; CREATE TABLE other.copy AS FROM db.events")
    conn.append("mine", pd.DataFrame({"i": [9]}))
    conn.executemany("INSERT INTO mine VALUES (?)", [[10], [11]])
    conn.begin().execute("DELETE FROM mine").rollback()

    assert conn.execute("SELECT i FROM mine").fetchall() == [(2,), (3,), (9,), (10,), (11,)]
    assert conn.execute("SELECT count(*) FROM other.copy").fetchone() == (6,)


def test_a_table_of_the_users_own_comes_before_ours_where_no_database_is_named(conn):
    conn.execute("CREATE TABLE events AS SELECT 1 AS mine")

    assert conn.execute("FROM events").fetchall() == [(1,)]
    assert conn.execute("SELECT count(*) FROM db.events").fetchall() == [(6,)]


WRITES = [
    "INSERT INTO db.events SELECT * FROM db.events",
    "INSERT INTO events SELECT * FROM db.events",
    "WITH x AS (SELECT * FROM db.events) INSERT INTO db.events SELECT * FROM x",
    "UPDATE db.events SET i = 1",
    "DELETE FROM db.events",
    "TRUNCATE db.events",
    "DROP VIEW db.events",
    "DROP TABLE IF EXISTS db.xetrack_runs; CREATE TABLE db.x (i INTEGER)",
    "CREATE TABLE db.mine AS SELECT 1 AS i",
    "CREATE OR REPLACE VIEW db.events AS SELECT 1 AS i",
    "CREATE SCHEMA db.mine",
    "CREATE MACRO db.mine(i) AS i",
    "ALTER VIEW db.events RENAME TO mine",
    "CREATE INDEX mine ON db.events (i)",
    "COMMENT ON VIEW db.events IS 'mine'",
    "USE db; CREATE TABLE mine (i INTEGER)",
    'use "db".main',
    "SET schema = 'db'",
    "SET search_path TO 'memory,db'",
    "ATTACH OR REPLACE ':memory:' AS db",
    "create or replace table db.main.events (i INTEGER)",
    *(["MERGE INTO db.events USING db.events AS e ON true WHEN MATCHED THEN DELETE"] if RELEASE >= (1, 4) else []),
    "PREPARE p AS DELETE FROM db.events; EXECUTE p",
    "DETACH db",
    "DETACH DATABASE IF EXISTS db",
    "DROP TABLE db.xetrack_copy.t0",
    "DELETE FROM db.xetrack_copy.t0",
    'DROP SCHEMA db."xetrack_copy" CASCADE',
]


@pytest.mark.parametrize("statement", WRITES)
def test_writing_to_db_is_refused_and_the_call_to_use_is_named(tracker, statement):
    with pytest.raises(DatabaseReadOnlyError, match=r"tracker\.log\(\).*set_value\(\).*Reader\.delete_run\(\)"):
        tracker.conn.execute(statement)

    assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchone() == (6,)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine AS SELECT i FROM db.events",
        "CREATE OR REPLACE TEMP VIEW mine AS SELECT * FROM db.events",
        "CREATE TABLE use AS SELECT i AS schema FROM db.events; UPDATE use SET schema = (SELECT max(i) FROM db.events)",
    ],
)
def test_statements_that_only_read_db_are_not_refused(conn, statement):
    conn.execute(statement)


def test_writing_to_db_past_sql_is_refused_too(conn):
    relation = conn.sql("SELECT 1 AS i")
    for write in (
        lambda: relation.insert_into("db.events"),
        lambda: conn.append("db.events", pd.DataFrame({"i": [1]})),
        lambda: conn.sql("FROM db.events").insert([1]),
    ):
        with pytest.raises((duckdb.Error, AttributeError)):
            write()
    assert conn.execute("SELECT count(*) FROM db.events").fetchone() == (6,)


def test_errors_of_duckdb_are_duckdbs(conn):
    with pytest.raises(duckdb.CatalogException):
        conn.execute("SELECT * FROM db.nothing")
    with pytest.raises(duckdb.ParserException):
        conn.execute("SELEKT")
    with pytest.raises(AttributeError):
        _ = conn.no_such_method


def test_each_thread_has_a_cursor_of_its_own(tracker):
    found = []

    def query():
        with tracker.conn.cursor() as cursor:
            found.extend(cursor.execute("SELECT count(*) >= 6 FROM db.events").fetchone() for _ in range(50))

    threads = [threading.Thread(target=query) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(100):
        tracker.log({"i": number, f"new{number % 10}": number})
    for thread in threads:
        thread.join()

    assert found == [(True,)] * 200


def test_a_half_read_result_stays_what_it_was(tracker):
    reading = tracker.conn.cursor().execute("SELECT i FROM db.events")
    first = reading.fetchone()
    tracker.log({"another": 1})
    tracker.set_value("i", 7)
    assert tracker.conn.execute("SELECT DISTINCT i FROM db.events").fetchall() == [(7,)]

    assert [first, *reading.fetchall()] == [(value,) for value in EXPECTED["i"]]


def test_an_open_transaction_sees_one_state(tracker):
    other = tracker.conn.cursor()
    other.begin()
    before = other.execute("SELECT count(*) FROM db.events").fetchall()
    tracker.log({"another": 1})

    assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchall() == [(7,)]
    assert other.execute("SELECT count(*) FROM db.events").fetchall() == before == [(6,)]
    other.commit()
    assert other.execute("SELECT count(another) FROM db.events").fetchall() == [(1,)]


def test_conn_is_one_connection_until_it_is_closed(tracker):
    conn = tracker.conn
    assert tracker.conn is conn
    conn.close()
    with pytest.raises(ClosedError, match=r"\.conn again"):
        conn.execute("SELECT 1")

    assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchone() == (6,)


def test_conn_of_a_closed_tracker_says_so(tracker):
    conn = tracker.conn
    tracker.close()

    with pytest.raises(ClosedError):
        conn.execute("SELECT 1")
    with pytest.raises(ClosedError):
        conn.fetchall()
    with pytest.raises(ClosedError):
        _ = tracker.conn


def test_what_was_not_committed_is_not_seen_in_a_file_and_is_gone_after_a_rollback(tracker):
    seen = []

    def fail():
        with tracker.engine.transaction():
            tracker.log({"i": 100})
            seen.append(tracker.conn.execute("SELECT count(*) FROM db.events WHERE i = 100").fetchone())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    tracker.log({"i": 200})

    assert seen == ([(1,)] if tracker.db == ":memory:" else [(0,)])
    assert tracker.conn.execute("SELECT i FROM db.events WHERE i IN (100, 200)").fetchall() == [(200,)]


def test_before_the_first_row_there_is_nothing_and_no_file(db):
    with Tracker(db, engine="duckdb") as tracker:
        assert tracker.conn.execute("SHOW TABLES").fetchall() == []
        with pytest.raises(duckdb.CatalogException):
            tracker.conn.execute("SELECT * FROM db.events")
        assert not db.exists()
        tracker.log({"n": 1})
        assert tracker.conn.execute("SELECT n FROM db.events").fetchall() == [(1,)]


def test_a_readers_conn_changes_no_file(db):
    with Tracker(db) as tracker:
        tracker.log({"n": 1})
    before = db.read_bytes()

    with Reader(db, engine="duckdb") as reader:
        assert reader.conn.execute("SELECT n FROM db.events").fetchall() == [(1,)]
    assert db.read_bytes() == before
    assert [path.name for path in db.parent.iterdir()] == ["track.db"]


def test_tables_and_views_of_other_people_can_be_queried(db):
    with Tracker(db, engine="duckdb") as tracker:
        tracker.log({"n": 1})
        connection = tracker.engine.database.connection()
        connection.execute("CREATE TABLE db.notes (n INTEGER, text TEXT)")
        connection.execute("CREATE VIEW db.doubled AS SELECT n * 2 AS n FROM events")
        connection.execute("CREATE VIEW db.broken AS SELECT * FROM missing")
        connection.execute("INSERT INTO db.notes VALUES (1, 'one')")
        joined = "SELECT text, doubled.n FROM db.events JOIN db.notes USING (n), db.doubled"
        assert tracker.conn.execute(joined).fetchall() == [("one", 2)]

        connection.execute("UPDATE db.notes SET text = 'two'")
        tracker.set_value("n", 1)
        assert tracker.conn.execute(joined).fetchall() == [("two", 2)]
        assert tracker.conn.execute("SELECT track_id FROM db.xetrack_runs").fetchall() == [(tracker.track_id,)]


def test_copies_go_both_ways(db, tmp_path):
    with Tracker(db) as tracker:
        tracker.log_batch(ROWS)

    assert xetrack.copy(db, tmp_path / "all.db", target_engine="duckdb") == 6
    assert xetrack.copy(tmp_path / "all.db", tmp_path / "back.db", source_engine="duckdb") == 6
    assert xetrack.copy(tmp_path / "all.db", tmp_path / "back.db", source_engine="duckdb") == 0
    assert repr([*Reader(db)]) == repr([*Reader(tmp_path / "back.db")])


@pytest.mark.big
def test_memory_stays_bounded_and_what_does_not_fit_goes_to_a_temporary_file(db, tmp_path):
    folder = tmp_path / "spill"
    folder.mkdir()
    with Tracker(db, engine="duckdb", memory_limit="60MB", temp_directory=folder) as tracker:
        chosen = random.Random(0)
        for _ in range(8):
            tracker.log_batch([{"text": chosen.randbytes(100).hex()} for _ in range(50_000)])
            tracker.conn.execute("SELECT count(*) FROM db.events")
        limit = tracker.conn.execute("SELECT current_setting('memory_limit')").fetchone()[0]
        count, length = tracker.conn.execute("SELECT count(*), sum(length(text)) FROM db.events").fetchone()

        assert limit.startswith(("57", "60"))
        assert count == 400_000
        assert length == 80_000_000
        assert any(folder.rglob("*.tmp"))
    assert not any(folder.iterdir())


def test_options_that_cannot_be_are_refused(db, tmp_path):
    (tmp_path / "mine.duckdb").unlink(missing_ok=True)
    with duckdb.connect(tmp_path / "mine.duckdb") as mine:
        mine.execute("CREATE TABLE precious AS SELECT 1 AS i")
    tracker = Tracker(db, engine="duckdb", duckdb_cache=tmp_path / "mine.duckdb")
    with pytest.raises(NotADatabaseError, match="another program's"):
        _ = tracker.conn
    tracker.close()
    with duckdb.connect(tmp_path / "mine.duckdb") as mine:
        assert mine.execute("FROM precious").fetchall() == [(1,)]


@pytest.mark.skipif(RELEASE < (1, 5), reason="DuckDB compresses nothing in memory before 1.5")
def test_many_rows_are_compressed_before_the_second_query(db):
    with Tracker(db, engine="duckdb", warnings=False) as tracker:
        tracker.log_batch([{"n": number % 3} for number in range(150_000)])

        def copied_as():
            assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchone() == (150_000,)
            mirror = tracker.conn._mirror
            table = mirror._copies["events"].name
            kinds = mirror._cursor.execute(
                f"SELECT DISTINCT compression FROM pragma_storage_info('{table}')"
            ).fetchall()
            return {kind for (kind,) in kinds}

        assert "Uncompressed" in copied_as()
        assert "Uncompressed" not in copied_as()
