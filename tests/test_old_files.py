"""Files that the releases 0.5, 0.6 and 0.7 made (data/old/make.py): read, appended to, merged, and shared with 0.7."""

import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest

import xetrack
from xetrack import Reader, Tracker
from xetrack_cli.main import run
from xetrack_testing import PATIENCE, Processes

OLD = Path(__file__).parent / "data" / "old"
FILES = sorted(OLD.glob("*.db"))
ENGINES = ["sqlite", "duckdb"]
TABLES = {"events": "default", "trials": "trials", "order": "order"}
ROWS = 14
OLD_PYTHON = os.environ.get("XETRACK_OLD_PYTHON", "")


def test_each_release_made_a_file_with_each_of_its_engines():
    releases = [(path.stem[:3], path.stem.partition("-")[2]) for path in FILES]
    assert releases == [(release, engine) for release in ("0.5", "0.6", "0.7") for engine in ("duckdb", "sqlite")]


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def old(request, tmp_path):
    return Path(shutil.copy(request.param, tmp_path / request.param.name))


@pytest.fixture(params=ENGINES)
def engine(request):
    return request.param


def told(db):
    """What the release that made the file read from it."""
    return json.loads((OLD / db.name).with_suffix(".json").read_text())


def plain(rows):
    """Rows as the `.json` has them: without what is missing, bytes as digits."""
    return [
        {key: {"bytes": value.hex()} if isinstance(value, bytes) else value for key, value in row.items()}
        for row in ({key: value for key, value in row.items() if value is not None} for row in rows)
    ]


def rows(db, table="events", engine="sqlite"):
    with Reader(db, engine, table) as reader:
        return plain(reader)


def test_every_row_reads_as_that_release_reads_it(old, engine):
    before, tables = old.read_bytes(), told(old)["tables"]

    for name, physical in TABLES.items():
        assert rows(old, name, engine) == tables[physical]
    assert rows(old, "default", engine) == tables["default"]
    with Reader(old, engine) as reader:
        assert len(reader.to_df()) == len(reader) == len(tables["default"])
        assert [run["track_id"] for run in reader.list_runs()] == ["second-run", "first-run"]
        assert reader.latest()["model"].tolist() == ["xgboost"]
        assert len(reader.to_df("first-run", tail=2)) == 2
    assert old.read_bytes() == before
    assert [each.name for each in old.parent.iterdir()] == [old.name]


def test_sql_on_an_untouched_file(old, engine):
    before = old.read_bytes()
    # a view `events` would have to be written into the file, which a reader of SQLite does not do
    names = ["db.events", 'db."default"'] if engine == "duckdb" else ['db."default"']

    with Reader(old, engine) as reader:
        for name in names:
            found = reader.conn.execute(f"SELECT count(*), max(epoch) FROM {name}").fetchone()
            assert found == (10, 2)
        assert reader.conn.execute('SELECT count(*) FROM db."order"').fetchone() == (2,)
    assert old.read_bytes() == before


def test_xt_sql_on_an_untouched_file_says_where_the_rows_are(old, capfd):
    assert run(["sql", str(old), "SELECT * FROM db.events"]) == 1
    assert 'db."default" in a 0.x file that xetrack 1.0 has not written to yet' in capfd.readouterr().err


def test_objects_load_and_are_counted(old):
    with Reader(old) as reader:
        thing, zone = (rows(old)[2][key] for key in ("thing", "zone"))
        assert reader.assets.get(thing) == reader.assets.get("thing") == frozenset({1, 2, 3})
        assert reader.assets.get(zone) == UTC
        assert [reader.assets.info(key).uses for key in (thing, zone)] == [2, 1]


def test_rows_are_appended_changed_and_deleted_in_place(old, engine):
    before = told(old)["tables"]["default"]

    with Tracker(old, {"model": "new"}, engine=engine, track_id="new-run") as tracker:
        row = tracker.log({"accuracy": 0.99, "ok": True, "fresh": [1], "note": "n", "thing": UTC})
        tracker.log_batch([{"batch": 4}, {"batch": 5}])
        assert tracker.set_value("test_accuracy", 1.5) == 3
        assert row["thing"] == before[2]["zone"]
        assert tracker.get(row["thing"]) == UTC
        assert tracker.assets.info(row["thing"]).uses == 2
        assert tracker.conn.execute("SELECT count(*) FROM db.events").fetchone() == (13,)
    assert rows(old, engine=engine)[:10] == before
    assert rows(old, engine=engine)[10]["fresh"] == [1]
    with closing(sqlite3.connect(old)) as connection:  # as 0.x asks
        assert connection.execute('SELECT count(*) FROM "default"').fetchone() == (13,)
    with Reader(old, engine) as reader, pytest.warns(xetrack.XetrackWarning, match="that no other run logged"):
        assert reader.delete_run("first-run") == 9
    assert [row["track_id"] for row in rows(old, engine=engine)] == ["second-run", *["new-run"] * 3]


@pytest.mark.parametrize("target", ENGINES)
def test_files_are_merged_into_ours_and_ours_into_them(old, target, tmp_path):
    new = tmp_path / "new.db"
    with Tracker(new, track_id="ours") as tracker:
        tracker.log({"accuracy": 0.7, "epoch": 3})
    tables = told(old)["tables"]

    assert xetrack.copy(old, new, target_engine=target) == ROWS
    assert xetrack.copy(old, new, target_engine=target) == 0
    assert rows(new)[1:] == tables["default"]
    assert [rows(new, table) for table in ("trials", "order")] == [tables["trials"], tables["order"]]
    with Reader(new) as reader:
        assert reader.assets.get(tables["default"][2]["thing"]) == frozenset({1, 2, 3})
        assert reader.assets.info(tables["default"][2]["thing"]).uses == 2

    assert xetrack.copy(new, old, source_engine=target) == 1
    assert rows(old)[:-1] == tables["default"]
    assert rows(old)[-1]["track_id"] == "ours"


def test_all_releases_are_merged_into_one_file(tmp_path):
    for path in FILES:
        assert xetrack.copy(path, tmp_path / "all.db") == ROWS
    merged = rows(tmp_path / "all.db")
    assert merged == [row for path in FILES for row in told(path)["tables"]["default"]]
    with Reader(tmp_path / "all.db") as reader:
        assert reader.assets.get(merged[2]["zone"]) == UTC
        assert reader.assets.info(merged[2]["zone"]).uses == len(FILES)


COMMANDS = [
    "head {db} --n 2",
    "tail {db} --json",
    "ls {db}",
    "runs {db}",
    "describe {db} --columns accuracy,epoch",
    "stats top {db} accuracy",
    "doctor {db}",
    "assets ls {db}",
    "sql {db} 'SELECT * FROM db.\"default\"'",
    "sql {db} 'SELECT * FROM db.\"default\"' --engine duckdb",
    "sql {db} 'SELECT * FROM db.events' --engine duckdb",
    "plot hist {db} accuracy",
    "set {db} accuracy 0.8 --where-key epoch --where-value 1 --track-id second-run",
    "delete {db} second-run",
    "copy {db} new.db",
]


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.parametrize("path", [FILES[0], FILES[-1]], ids=lambda path: path.stem)
def test_commands_work(line, path, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    db = shutil.copy(path, tmp_path / path.name)
    code = run(shlex.split(line.format(db=db)))
    out, err = capfd.readouterr()
    assert (code, err) == (0, "")
    assert out


@pytest.mark.parametrize("release", ["0.5.3", "0.6.0", "0.7.0"])
def test_a_folder_of_cached_calls_goes_on_being_used(release, tmp_path):
    folder = tmp_path / "cache"
    shutil.copytree(OLD / f"{release}-sqlite-cache", folder)
    with Tracker(tmp_path / "new.db", cache=folder) as tracker:
        assert [tracker.track(divmod, 7, 2), tracker.track(divmod, 7, 2)] == [(3, 1), (3, 1)]
        assert [row["cache"] == tracker.track_id for row in tracker] == [False, True]
    assert [entry["result"] for _, entry in Reader.scan_cache(folder)] == [(3, 1)]
    with closing(sqlite3.connect(folder / "cache.db")) as connection:
        assert connection.execute("SELECT count(*) FROM Cache").fetchone() == (2,)  # theirs is left alone


MEET = """
import sqlite3, sys, time
def meet():
    'Go on when the other has logged too.'
    connection = sqlite3.connect(sys.argv[1])
    while connection.execute(
        "SELECT count(DISTINCT track_id) FROM \\"default\\" WHERE track_id IN ('ours', 'theirs')").fetchone() != (2,):
        time.sleep(0.005)
    connection.close()
"""

OURS = (
    MEET
    + """
from xetrack import Tracker
with Tracker(sys.argv[1], {"by": "us"}, engine=sys.argv[2], track_id="ours") as tracker:
    for number in range(int(sys.argv[3])):
        tracker.log({"number": number, f"our_{number // 50}": 1})
        if number == 0:
            meet()
"""
)

AS_0_7 = """
from datetime import datetime
# the statements of 0.7, one after the other
connection = sqlite3.connect(sys.argv[1])
connection.execute('CREATE TABLE IF NOT EXISTS "default" (track_id VARCHAR, timestamp VARCHAR, '
    'PRIMARY KEY (track_id, timestamp))')
connection.commit()
def columns():
    return [row[1] for row in connection.execute('PRAGMA table_info("default")')]
def add(name):
    if name not in columns():
        connection.execute(f'ALTER TABLE "default" ADD COLUMN {name} INTEGER')
        connection.commit()
def log(number):
    for name in ("number", f"their_{number // 50}"):
        add(name)
    connection.execute("BEGIN TRANSACTION")
    connection.execute(f'INSERT INTO "default" (number, their_{number // 50}, timestamp, track_id) VALUES (?, ?, ?, ?)',
        (number, 1, datetime.now().strftime("%Y-%m-%d %H:%M:%S.%f"), "theirs"))
    connection.commit()
"""

WITH_0_7 = """
from xetrack import Tracker
tracker = Tracker(sys.argv[1], {"by": "them"}, track_id="theirs")
def log(number):
    tracker.log({"number": number, f"their_{number // 50}": 1})
"""

# of a busy file 0.7 learns by an error, and so does its user, who tries again
LOOP = """
print("open", flush=True)
for number in range(int(sys.argv[2])):
    while True:
        try:
            log(number)
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
    if number == 0:
        meet()
print("done")
"""


def share(db, engine, python, theirs, count=200):
    """They open the file, then we do; both log at once; then all must have every row of either, in its own order."""
    script = MEET + theirs + LOOP
    command = [python, "-c", script, db, str(count)]
    with (
        Processes() as processes,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as other,
    ):
        try:
            assert other.stdout.readline() == "open\n", other.stderr.read()
            processes.run(OURS, db, engine, count)
            out, err = other.communicate(timeout=PATIENCE)
        finally:
            other.kill()
    assert (out, other.returncode) == ("done\n", 0), err
    found = rows(db, engine=engine)
    for who in ("ours", "theirs"):
        assert [row["number"] for row in found if row["track_id"] == who] == list(range(count))
    assert [row["our_1"] for row in found if row.get("our_1")] == [1] * 50
    assert [row["their_1"] for row in found if row.get("their_1")] == [1] * 50
    with closing(sqlite3.connect(db)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute('SELECT count(*) FROM "default"').fetchone() == (2 * count + 10,)


def test_a_file_in_use_by_the_statements_of_0_7_and_by_us_loses_nothing(tmp_path, engine):
    db = shutil.copy(OLD / "0.7.0-sqlite.db", tmp_path / "shared.db")
    share(db, engine, sys.executable, AS_0_7)


@pytest.mark.skipif(not OLD_PYTHON, reason="XETRACK_OLD_PYTHON names no Python that has xetrack 0.7[assets] and pandas")
def test_a_file_in_use_by_0_7_and_by_us_loses_nothing(tmp_path, engine):
    db = shutil.copy(OLD / "0.7.0-sqlite.db", tmp_path / "shared.db")
    share(db, engine, OLD_PYTHON, WITH_0_7)


def test_0_7_cannot_take_the_log_from_a_file_that_we_have_open(tmp_path):
    db = shutil.copy(OLD / "0.7.0-sqlite.db", tmp_path / "shared.db")
    with Tracker(db, track_id="ours") as tracker:
        tracker.log({"x": 1})
        # what the store of objects of 0.7 does as it opens a file: it fails, and with it that tracker of 0.7
        with (
            closing(sqlite3.connect(db, timeout=0)) as connection,
            pytest.raises(sqlite3.OperationalError, match="lock"),
        ):
            connection.execute("PRAGMA journal_mode = DELETE")
        tracker.log({"x": 2})
    assert [row["x"] for row in rows(db) if row["track_id"] == "ours"] == [1, 2]
