import json
import os
import sqlite3

import pytest
from cli_terminals import XT, Terminal

from xetrack import Reader, Tracker
from xetrack_cli.errors import UsageError
from xetrack_cli.parsing.values import parse


def values(db, key):
    return [row[key] for row in Reader(db)]


def test_set_for_all_for_a_run_and_where(xt, db):
    assert xt("set", db, "accuracy", "0.5", "--all", "--yes").out == "accuracy set in 6 rows\n"
    assert xt("set", db, "accuracy", "0.6", "--track-id", "first-run-0001").out == "accuracy set in 3 rows\n"
    done = xt(
        "set", db, "accuracy", "0.7", "--where-key", "epoch", "--where-value", "2", "--track-id", "first-run-0001"
    )
    assert done.out == "accuracy set in 1 row\n"
    assert values(db, "accuracy") == [0.6, 0.6, 0.7, 0.5, 0.5, 0.5]


def test_the_value_takes_the_type_of_the_column(xt, db):
    for key, value in (("ok", "yes"), ("epoch", "-7"), ("model", "5"), ("accuracy", "1")):
        assert xt("set", db, key, value, "--all", "--yes").code == 0
    [row] = Reader(db).to_dicts(head=1)
    assert [(row[key], type(row[key])) for key in ("ok", "epoch", "model", "accuracy")] == [
        (True, bool),
        (-7, int),
        ("5", str),
        (1.0, float),
    ]


def test_a_value_that_does_not_fit_is_refused(xt, db):
    done = xt("set", db, "epoch", "many")
    assert done.code == 2
    assert "'many' does not fit column 'epoch', which holds numbers" in done.err
    assert xt("set", db, "epoch", "many", "--type", "text", "--all", "--yes").code == 0
    assert values(db, "epoch") == ["many"] * 6


def test_a_new_column_is_told(xt, db):
    assert xt("set", db, "test_accuracy", "0.75", "--all", "-y").out == "test_accuracy set in 6 rows (new column)\n"
    assert values(db, "test_accuracy") == [0.75] * 6


@pytest.mark.parametrize(
    ("text", "declared", "value"),
    [
        ("1", "", 1),
        ("1.5", "", 1.5),
        ("true", "", True),
        ("word", "", "word"),
        ("0.5", "INTEGER", 0.5),
        ("inf", "REAL", float("inf")),
        ("9007199254740992", "REAL", 2.0**53),
        ("9007199254740993", "REAL", 2**53 + 1),  # no float equals it
        ("1" + "0" * 400, "REAL", 10**400),
        ("off", "BOOLEAN", False),
        ("00ff", "BLOB", b"\x00\xff"),
        ('{"a": [1]}', "JSON", {"a": [1]}),
        (" kept ", "TEXT", " kept "),
    ],
)
def test_parsing(text, declared, value):
    parsed = parse(text, "x", declared)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(("kind", "value"), [("none", None), ("bool", True), ("int", 1), ("float", 1.0), ("text", "1")])
def test_a_type_that_is_asked_for(kind, value):
    parsed = parse("null" if kind == "none" else "1", "x", "JSON", kind)
    assert (parsed, type(parsed)) == (value, type(value))


def test_an_unknown_type():
    with pytest.raises(UsageError, match="Choose one of bool, int, float"):
        parse("1", "x", "", "integer")


def test_set_needs_both_sides_of_where_and_known_names(xt, db):
    assert xt("set", db, "x", "1", "--where-key", "epoch").code == 2
    assert "Did you mean 'epoch'" in xt("set", db, "x", "1", "--where-key", "epock", "--where-value", "1").err
    assert "Did you mean 'first-run-0001'" in xt("set", db, "x", "1", "--track-id", "frist-run-0001").err
    assert "Unknown option --wher" in xt("set", db, "x", "1", "--wher", "1").err


def test_all_rows_are_changed_only_if_that_was_meant(xt, db):
    before = Reader(db).to_dicts()
    for words, reason in (
        (
            [],
            "would set epoch = 0 in all 6 rows of 2 runs. Select rows with --track-id or --where-key, or add --all.",
        ),
        (["--yes"], "or add --all."),
        (["--all"], "Set epoch = 0 in 6 rows of 2 runs? Nothing was changed. Without a terminal, add --yes"),
        (["--all", "--track-id", "first-run-0001"], "Omit it to change only the selected rows."),
    ):
        done = xt("set", db, "epoch", "0", *words)
        assert (done.out, done.code) == ("", 2)
        assert reason in done.err
        assert Reader(db).to_dicts() == before


@pytest.mark.terminal
@pytest.mark.parametrize(
    ("answer", "told", "code"), [("y", "epoch set in 6 rows", 0), ("n", "Nothing was changed.", 1), ("", "Nothing", 1)]
)
def test_a_person_is_asked(db, answer, told, code):
    terminal = Terminal([*XT, "set", db, "epoch", "7", "--all"])
    terminal.read("Set epoch = 7 in 6 rows of 2 runs? [y/N]")
    os.write(terminal.fd, f"{answer}\n".encode())
    assert told in terminal.read()
    assert terminal.wait() == code
    assert values(db, "epoch") == ([7] * 6 if code == 0 else [0, 1, 2] * 2)


@pytest.mark.terminal
def test_a_selector_is_not_asked_about(db):
    terminal = Terminal([*XT, "set", db, "epoch", "7", "--where-key", "ok", "--where-value", "true"])
    assert "epoch set in 2 rows" in terminal.read()
    assert terminal.wait() == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--where-key", "epoch", "--where-value", "7"], "No row has epoch = 7"),
        (["--where-key", "epoch", "--where-value", "many"], "No row has epoch = many"),
        (["--where-key", "accuracy", "--where-value", "nan"], "No row has accuracy = nan"),
        (
            ["--where-key", "model", "--where-value", "xgboost", "--track-id", "first-run-0001"],
            "No row of first-run-0001",
        ),
    ],
)
def test_a_selection_without_rows_is_an_error(xt, db, words, reason):
    done = xt("set", db, "x", "1", *words)
    assert (done.out, done.code) == ("", 1)
    assert reason in done.err
    assert "Nothing was set." in done.err
    assert "x" not in Reader(db).columns


def test_rows_are_selected_exactly(xt, tmp_path):
    big = 2**53
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"n": n} for n in (0.5, big, big + 1, float("nan"), None, "many")])
    found = {}
    for text in (str(big + 1), str(big), "0.5", "nan", "none", "many"):
        selector = ("--where-key", "n", "--where-value", text)
        assert xt("set", "v.db", "hit", text, "--type", "text", *selector).out.startswith("hit set in 1 row")
        found[text] = [place for place, hit in enumerate(values("v.db", "hit")) if hit == text]
    assert found == {str(big + 1): [2], str(big): [1], "0.5": [0], "nan": [3], "none": [4], "many": [5]}


def test_deleting_a_run_that_is_named_twice_tells_it_once(xt, db):
    assert xt("delete", db, "first-run-0001", "first-run-0001").out == "first-run-0001 deleted, 3 rows\n"
    assert xt("delete", db, "").code == 1


def test_reserved_keys_are_refused(xt, db):
    done = xt("set", db, "track_id", "mine", "--track-id", "first-run-0001")
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "set by xetrack on every row" in done.err


def test_delete(xt, db):
    assert xt("delete", db, "first-run-0001").out == "first-run-0001 deleted, 3 rows\n"
    assert {row["track_id"] for row in Reader(db)} == {"second-run-0002"}


def test_delete_of_an_unknown_run_deletes_none_of_the_others(xt, db):
    done = xt("delete", db, "first-run-0001", "second-run-0003")
    assert done.code == 1
    assert "Did you mean 'second-run-0002'?" in done.err
    assert len(Reader(db)) == 6


def test_a_locked_database_is_told_with_the_cure(xt, db):
    other = sqlite3.connect(db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    done = xt("set", db, "x", "1", "--timeout", "0", "--track-id", "first-run-0001")
    other.close()
    assert done.code == 1
    assert "locked" in done.err
    assert "--timeout" in done.err
    assert len(done.err.splitlines()) == 1


def test_copy(xt, db, tmp_path):
    with Tracker(db, table="other") as tracker:
        tracker.log({"x": 1})
    assert xt("copy", db, "one.db", "--table=other").out == "1 new row copied to one.db\n"
    assert xt("copy", db, "one.db", "--no-assets").out == "6 new rows copied to one.db\n"
    assert xt("copy", db, "one.db").out == "0 new rows copied to one.db\n"
    assert "no table 'nothing'" in xt("copy", db, "one.db", "--table", "nothing").err
    assert "into itself" in xt("copy", db, db).err


def test_backup(xt, db):
    with Tracker(db, table="other") as tracker:
        tracker.log({"x": 1})
        assert xt("backup", db, "new/backup.db").out == f"{db} backed up to new/backup.db\n"
    assert len(Reader("new/backup.db")) == 6
    assert len(Reader("new/backup.db", table="other")) == 1
    done = xt("backup", db, "new/backup.db")
    assert (done.code, done.out) == (1, "")
    assert "is there already. Choose another path, or replace it with --overwrite." in done.err
    assert xt("backup", db, "new/backup.db", "--overwrite").code == 0
    assert "is the database itself" in xt("backup", db, db).err


def test_copy_from_nowhere_makes_nothing(xt, tmp_path):
    assert xt("copy", "nowhere.db", "target.db").code == 1
    assert not list(tmp_path.iterdir())


def test_the_exit_code_of_doctor(xt, db):
    done = xt("doctor", db, "--json")
    assert done.code == 0
    assert {row["state"] for row in json.loads(done.out)} <= {"ok", "note"}
