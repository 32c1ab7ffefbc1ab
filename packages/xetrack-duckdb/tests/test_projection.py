"""Wide tables are copied column by column, and no query notices."""

import random
import re
import sys

import duckdb
import pytest

from xetrack import Reader, Tracker
from xetrack_duckdb import projection
from xetrack_duckdb.projection import Projection

KEYS = 1020  # SQLite has columns for some; the others are extra keys
VALUES = (0.5, 1, "text", True, b"bytes", None, [1], float("nan"), 2**70)


def row(number):
    numbers = {f"k{key}": VALUES[(key + number) % len(VALUES)] for key in range(KEYS) if key % 3 == 0}
    return {f"k{key}": key + number / 2 for key in range(KEYS)} | numbers | {"Mixed Case": number, "a.b": [number]}


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """A database of wide rows, for reading."""
    path = tmp_path_factory.mktemp("wide") / "track.db"
    for run in "ab":
        with Tracker(path, track_id=run) as tracker:
            tracker.log_batch([row(number) for number in range(3)])
    with Tracker(path, table="others", track_id="a") as tracker:
        tracker.log({"k1": 1.5, "n": 7})
    return path


@pytest.fixture(scope="module")
def complete(wide):
    """A reader whose copies have all columns."""
    with Reader(wide, engine="duckdb", table=None) as reader:
        for table in ("events", "others"):
            reader.conn.execute(f"SELECT * FROM db.{table}").fetchall()
        yield reader


@pytest.fixture
def whole(complete):
    """A connection to copies with all columns."""
    with complete.conn.cursor() as conn:
        yield conn


@pytest.fixture
def narrow(wide):
    """A reader whose copy of the events has one of the keys."""
    with Reader(wide, engine="duckdb", table=None) as reader:
        reader.conn.execute("SELECT k1 FROM db.events").fetchall()
        assert width(reader) == 3
        yield reader


def width(reader, table="events"):
    """The number of columns that are copied."""
    return len(reader.engine._mirror._copies[table].columns)


def rows(conn, query):
    found = conn.execute(query).fetchall()
    return [name for name, *_ in conn.description], sorted(map(repr, found))


NAMING = {
    "none": "SELECT count(*), count(*) FILTER (track_id = 'a') FROM db.events",
    "some": "SELECT track_id, k1, k2, k4 FROM db.events",
    "an extra key": "SELECT k1019 FROM db.events",
    "quotes": 'SELECT "k4", "Mixed Case", "a.b" FROM "db"."main"."events"',
    "another case": 'select K4, "MIXED case" from DB.EVENTS',
    "the table's name": "SELECT events.k4, db.events.k5 FROM db.events",
    "an alias": "SELECT e.k4, f.k5 AS k6 FROM db.events AS e JOIN db.events f ON e.track_id = f.track_id AND e.k7=f.k7",
    "USING": "SELECT e.k4, n FROM db.events AS e JOIN db.others USING (track_id) JOIN db.events AS f USING (k7)",
    "a subquery": "SELECT (SELECT max(k4) FROM db.events), k FROM (SELECT k5 AS k FROM db.events WHERE k7 > 8)",
    "a column of the outer query": "SELECT (SELECT max(k1 + n) FROM db.others WHERE k4 > n) FROM db.events",
    "a CTE": "WITH e AS (SELECT k4 AS k, k5 FROM db.events), f(x) AS (SELECT k7 FROM db.events) SELECT k, x FROM e, f",
    "an alias that is a key": "SELECT k4 AS k5 FROM db.events WHERE k5 > 5",
    "every clause": "SELECT k4 % 2 AS even, max(k5), sum(k7) OVER (ORDER BY even) FROM db.events WHERE k8 > 0 AND k10"
    " IN (SELECT k10 FROM db.events) GROUP BY even, k7 HAVING max(k11) > 0 QUALIFY count(*) OVER () > 1 ORDER BY 1, 2",
    "UNION": "SELECT k4 FROM db.events UNION ALL BY NAME SELECT k5 FROM db.events INTERSECT SELECT k5 FROM db.events",
    "FROM first": "FROM db.events SELECT DISTINCT ON (k4) k4, k5 ORDER BY k4, k5 LIMIT 2",
    "without db": "SELECT k4 FROM events -- and k5, * ",
    "expressions": "SELECT CASE WHEN k4 > 5 THEN k5 END, k7 BETWEEN 1 AND 9, k8::INTEGER, k2::VARCHAR LIKE '1%',"
    " [k10, k11], {'k13': k13} FROM db.events",
}  # fmt: skip


@pytest.mark.parametrize("query", NAMING.values(), ids=NAMING)
def test_columns_are_copied_however_they_are_named(narrow, whole, query):
    assert rows(narrow.conn, query) == rows(whole, query)
    assert width(narrow) < 20


def test_columns_are_those_of_sqlite(wide, check, check_keys):
    with Reader(wide, engine="duckdb") as reader:
        for keys in (["k1"], ["k9", "k1018", "track_id"], [f"k{key}" for key in range(0, KEYS, 7)], ["k0", "k1"]):
            check_keys(reader, keys)
        assert width(reader) < 200
        check(reader)


def test_parameters_and_frames_of_the_user_leave_it_narrow(narrow, whole):
    notes = whole.execute("SELECT k5, 1 AS n FROM db.events").df()
    assert len(notes) == 6
    # DuckDB finds `notes` among the variables here.
    query = "SELECT k4, n FROM db.events JOIN notes USING (k5) WHERE k5 > ? ORDER BY k4"
    assert narrow.conn.execute(query, [5]).fetchall() == whole.execute(query, [5]).fetchall() != []
    assert width(narrow) < 10


ALL = {
    "*": "SELECT * FROM db.events",
    "no SELECT": "FROM db.events",
    "TABLE": "TABLE db.events",
    "* of a table": "SELECT e.* FROM db.events e",
    "EXCLUDE": "SELECT * EXCLUDE (k3) FROM db.events",
    "REPLACE": "SELECT * REPLACE (0 AS k3) FROM db.events",
    "COLUMNS": "SELECT COLUMNS('k1.*') FROM db.events",
    "COLUMNS of a function": "SELECT max(COLUMNS(c -> c LIKE 'k1%')) FROM db.events",
    "a count of *": "SELECT count(*) FROM (SELECT DISTINCT * FROM db.events)",
    "a subquery": "SELECT k1 FROM (SELECT * FROM db.events)",
    "EXISTS": "SELECT EXISTS (FROM db.events WHERE k4 > 0)",
    "a row": "SELECT events FROM db.events",
    "a row of an alias": "SELECT count(DISTINCT E) FROM db.events AS e",
    "a column of a row": "SELECT struct_extract(e, 'k4') FROM db.events AS e",
    "a qualified row": "SELECT to_json(main.events) FROM db.events",
    "a number": "SELECT #3 FROM db.events",
    "NATURAL JOIN": "SELECT k1, n FROM db.events NATURAL JOIN db.others",
    "names by position": "SELECT c FROM db.events AS e(a, b, c)",
    "SUMMARIZE": "SELECT column_name, count FROM (SUMMARIZE SELECT k4, k5 FROM db.events)",
    "DESCRIBE": "DESCRIBE db.events",
    "SHOW": "SHOW db.events",
    "SHOW ALL TABLES": "SHOW ALL TABLES",
    "a bare DESCRIBE": "DESCRIBE",
    "PIVOT": "PIVOT db.events ON k1 USING count(*)",
    "UNPIVOT": "UNPIVOT (SELECT k4, k5 FROM db.events) ON k4, k5",
    "information_schema": "SELECT column_name FROM information_schema.columns WHERE table_name = 'events'",
    "a function about columns": "SELECT column_name FROM duckdb_columns() WHERE table_name = 'events'",
    "pragma_table_info": "SELECT name, type FROM pragma_table_info('db.events')",
    "PRAGMA": "PRAGMA table_info('db.events')",
    "query()": "SELECT k4 FROM query('SELECT k' || 4 || ' FROM db.events')",
    "two statements": "SELECT 1; SELECT k4 FROM db.events",
}


@pytest.mark.parametrize("query", ALL.values(), ids=ALL)
def test_what_may_read_any_column_has_all(narrow, whole, query):
    try:
        expected = rows(whole, query)
    except duckdb.Error as error:  # not every version of DuckDB knows each of these
        with pytest.raises(type(error)):
            rows(narrow.conn, query)
    else:
        assert rows(narrow.conn, query) == expected
    assert width(narrow) == KEYS + 4


LATER = {
    "a view": ["CREATE TEMP VIEW mine AS FROM db.events", "SELECT k4 FROM mine"],
    "a macro": ["CREATE TEMP MACRO mine() AS k4 + 1", "SELECT mine() FROM db.events"],
    "a macro of another table": [
        "CREATE TEMP MACRO mine() AS k4 + 1",
        "SELECT mine() FROM db.events, (SELECT 5 AS k4)",
    ],
    "a prepared statement": ["PREPARE mine AS SELECT k4 FROM db.events", "EXECUTE mine"],
    "a transaction": ["BEGIN", "SELECT k4 FROM db.events", "SELECT k5 FROM db.events"],
    "a schema": ["USE information_schema", "SELECT column_name FROM columns WHERE table_name = 'events'"],
    "a search path": [
        "SET search_path = 'information_schema'",
        "SELECT column_name FROM columns WHERE table_name = 'events'",
    ],
    "a variable": ["SET VARIABLE mine = (SELECT max(k4) FROM db.events)", "SELECT getvariable('mine')"],
}


@pytest.mark.parametrize("statements", LATER.values(), ids=LATER)
def test_what_may_read_columns_later_has_all(wide, whole, statements):
    with Reader(wide, engine="duckdb", table=None) as reader:
        found = []
        for conn in (reader.conn, whole):
            try:
                found.append([rows(conn, statement) for statement in statements][-1])
            except duckdb.Error as error:
                found.append(type(error))
        assert found[0] == found[1]
        reader.conn.execute("SELECT k1 FROM db.events")
        assert width(reader) == KEYS + 4


CALLS = {
    "sql": lambda conn: conn.sql("SELECT k1 FROM db.events").query("r", "SELECT k4 FROM db.events"),
    "begin": lambda conn: (conn.begin(), conn.execute("SELECT k4 FROM db.events"))[1],
    "values": lambda conn: conn.values([1]).query("r", "SELECT k4 FROM db.events"),
    "table": lambda conn: conn.table("db.events").project("k4"),
    "table_function": lambda conn: conn.table_function("query_table", ["db.events"]).project("k4"),
    "a cursor": lambda conn: conn.cursor().execute("SELECT k4, * FROM db.events"),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_methods_see_all_columns(narrow, whole, call):
    assert repr(call(narrow.conn).fetchall()) == repr(call(whole).fetchall())
    assert width(narrow) == KEYS + 4


def test_no_table_of_the_system_is_read_by_a_narrow_query(whole):
    projected = Projection(duckdb.connect())
    assert projected.words("SELECT name FROM db.columns") is not None
    views = whole.execute("SELECT DISTINCT schema_name, view_name FROM duckdb_views() WHERE internal").fetchall()
    assert len(views) > 20
    for schema, view in views:
        for name in (view, f"{schema}.{view}", f"system.{schema}.{view}"):
            is_found = name != view or schema != "information_schema"
            assert not is_found or projected.words(f"SELECT 1 FROM {name}") is None


@pytest.mark.parametrize("setting", ["SET threads = 2", "set session TimeZone TO 'UTC';", "RESET threads"])
def test_a_setting_leaves_it_narrow(narrow, setting):
    narrow.conn.execute(setting)
    narrow.conn.execute("SELECT k4 FROM db.events")
    assert width(narrow) == 4


def test_an_unknown_column_gets_suggestions_among_all(narrow):
    with pytest.raises(duckdb.BinderException, match='"k1019"'):
        narrow.conn.execute("SELECT k1019x FROM db.events")


def test_many_queries_of_other_columns_do_not_copy_the_table_each_time(wide, scratches, check_keys):
    with Reader(wide, engine="duckdb") as reader:
        for key in range(30):
            check_keys(reader, [f"k{key}"])
    assert len(scratches) == 2 + projection._MOST_GROWTHS


def test_new_keys_join_if_they_are_named(db, check_keys, check, scratches):
    with Tracker(db, engine="duckdb", track_id="a") as tracker:
        tracker.log_batch([row(number) for number in range(2)])
        check_keys(tracker, ["k4"])
        scratches.clear()
        tracker.log({"k4": 4, "late": 1, "later": 2})
        check_keys(tracker, ["k4"])
        assert width(tracker) == 3
        tracker.log({"k4": 4, "latest": 3})
        check_keys(tracker, ["latest", "k4"])
        assert scratches == []
        check_keys(tracker, ["later", "k4"])
        assert scratches == ["events"]
        tracker.set_value("later", "text")
        tracker.set_value("late", 7)
        tracker.set_value("new", [1])
        for keys in (["later"], ["late"], ["new"], ["k1010"]):
            check_keys(tracker, keys)
        assert width(tracker) < 10
        check(tracker)


CLASHES = {
    "case": ["x", "X", "x_1"],
    "case, among columns": ["K1", "k1_1"],
    "an empty key": ["", "_"],
    "NUL": ["a\0b", "a\\0b"],
}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("keys", CLASHES.values(), ids=CLASHES)
def test_keys_with_other_names_in_duckdb_have_these_names(db, keys, late):
    clashing = {key: number for number, key in enumerate(keys)}
    with Tracker(db, track_id="a") as tracker:
        tracker.log(row(0) if late else row(0) | clashing)
    with Tracker(db, track_id="a") as tracker, Reader(db, engine="duckdb") as narrow:
        narrow.conn.execute("SELECT k4 FROM db.events").fetchall()
        if late:
            assert width(narrow) == 3
            tracker.log(clashing)
        with Reader(db, engine="duckdb") as whole:
            names = [name for name, *_ in whole.conn.execute("FROM db.events").description]
            for name in [*names[-5:], "k1"]:
                query = f'SELECT "{name}" FROM db.events'
                assert rows(narrow.conn, query) == rows(whole.conn, query)
        assert width(narrow) == width(whole)


def test_a_copy_that_is_kept_goes_on(db, check_keys, check, scratches):
    with Tracker(db, engine="duckdb", duckdb_cache=True, track_id="a") as tracker:
        tracker.log_batch([row(number) for number in range(2)])
        check_keys(tracker, ["k4", "k1011"])
    scratches.clear()
    with Tracker(db, engine="duckdb", duckdb_cache=True, track_id="b") as tracker:
        tracker.log(row(2) | {"late": 1})
        check_keys(tracker, ["k4"])
        assert (width(tracker), scratches) == (4, [])
        check_keys(tracker, ["late", "k5"])
        assert (width(tracker), scratches) == (6, ["events"])
    with Reader(db, engine="duckdb", duckdb_cache=True) as reader:
        check_keys(reader, ["late", "k5"])
        assert (width(reader), scratches) == (6, ["events"])
        check(reader)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 8))])
def test_any_queries_of_any_columns_while_rows_change(db, check_keys, check, seed):
    chance = random.Random(seed)
    keys = [*(f"k{key}" for key in range(0, KEYS, 50)), "new0", "new1", "new2"]
    with Tracker(db, track_id="a") as tracker:
        tracker.log_batch([row(number) for number in range(3)])
    with Tracker(db, engine="duckdb", track_id="a") as tracker, Reader(db, engine="duckdb") as reader:
        for _ in range(8):
            with Tracker(db, track_id=chance.choice("ab")) as writer:
                writer.log({key: chance.choice(VALUES) for key in chance.sample(keys, 4)} or {"k0": 1})
                if chance.random() < 0.4:
                    writer.set_value(chance.choice(keys), chance.choice(VALUES))
            if chance.random() < 0.1:
                Reader(db).delete_run("b")
            for each in (tracker, reader):
                spelt = [chance.choice((key, key.upper())) for key in chance.sample(keys, 3)]
                asked = ", ".join(
                    f'max("{key}"::VARCHAR)' for key in spelt if key.lower() not in {"new0", "new1", "new2"}
                )
                each.conn.execute(f"SELECT count(*), {asked or 1} FROM db.events").fetchall()
                check_keys(each, chance.sample(keys, 3))
        check(tracker)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_a_query_of_few_keys_takes_little_memory(db, run):
    with Tracker(db) as tracker:
        tracker.log_batch([{f"k{key}": key / 2 for key in range(5000)}] * 2)
    script = """
        import duckdb, re, numpy, pandas
        from pathlib import Path
        def peak():
            return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
        before = peak()
        with Reader(sys.argv[1], engine="duckdb") as reader:
            print(*reader.conn.execute("SELECT k1, k2, k4999 FROM db.events LIMIT 1").fetchone())
            print(peak() - before)
    """
    *values, kilobytes = re.split(r"\s+", run(script, db).strip())
    assert values == ["0.5", "1.0", "2499.5"]
    assert int(kilobytes) < 100_000  # about 30,000; all columns take 155,000
