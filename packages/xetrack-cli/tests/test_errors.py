"""Whatever goes wrong is one line on standard error, with what to do, and an exit code."""

import os

import pytest

from xetrack.registry import discovered

READING = [
    ["head", "DB"],
    ["tail", "DB"],
    ["columns", "DB"],
    ["ls", "DB"],
    ["sql", "DB", "SELECT 1"],
    ["sql", "--write", "DB", "SELECT 1"],
    ["describe", "DB"],
    ["stats", "describe", "DB"],
    ["stats", "top", "DB", "x"],
    ["stats", "bottom", "DB", "x"],
    ["plot", "hist", "DB", "x"],
    ["plot", "scatter", "DB", "x", "y"],
    ["runs", "DB"],
    ["show", "DB"],
    ["compare", "DB", "a", "b"],
    ["watch", "DB"],
    ["set", "DB", "x", "1"],
    ["delete", "DB", "a"],
    ["copy", "DB", "target.db"],
    ["backup", "DB", "target.db"],
    ["export", "DB", "out.csv"],
    ["doctor", "DB"],
]
every_command = pytest.mark.parametrize("words", READING, ids=" ".join)


def told(done):
    assert done.out == ""
    assert done.err.startswith("xt: ")
    assert done.err.count("\n") == 1, done.err
    assert done.code in {1, 2}
    return done.err


@every_command
def test_a_wrong_path_makes_no_file(xt, tmp_path, words):
    assert "does not exist" in told(xt(*(word.replace("DB", "nowhere/none.db") for word in words)))
    assert not list(tmp_path.iterdir())


@every_command
def test_no_database(xt, tmp_path, words):
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, and no database\n" * 50)
    before = path.read_bytes()
    assert "not a SQLite database" in told(xt(*(word.replace("DB", "notes.txt") for word in words)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("words", [words for words in READING if words[0] not in {"copy", "backup"}], ids=" ".join)
def test_no_path(xt, words):
    done = xt(*(word for word in words if word != "DB"))
    assert done.code == 2 or "does not exist" in done.err
    told(done)


@pytest.mark.parametrize(
    "words",
    [
        ["head", "DB", "--track-id", "frist-run-0001"],
        ["tail", "DB", "--track-id", "frist-run-0001"],
        ["ls", "DB", "model", "--track-id", "frist-run-0001"],
        ["describe", "DB", "--track-id", "frist-run-0001"],
        ["stats", "top", "DB", "epoch", "--track-id", "frist-run-0001"],
        ["plot", "hist", "DB", "epoch", "--track-id", "frist-run-0001"],
        ["show", "DB", "frist-run-0001"],
        ["compare", "DB", "frist-run-0001", "second-run-0002"],
        ["watch", "DB", "--track-id", "frist-run-0001"],
        ["set", "DB", "x", "1", "--track-id", "frist-run-0001"],
        ["delete", "DB", "frist-run-0001"],
        ["export", "DB", "out.csv", "--track-id", "frist-run-0001"],
    ],
    ids=" ".join,
)
def test_an_unknown_run(xt, db, words):
    text = told(xt(*(word.replace("DB", db) for word in words)))
    assert text == "xt: Unknown run 'frist-run-0001'. Did you mean 'first-run-0001'?\n"


@pytest.mark.parametrize(
    "words",
    [
        ["head", "DB", "--columns", "epoch,acuracy"],
        ["ls", "DB", "acuracy"],
        ["describe", "DB", "--columns", "acuracy"],
        ["stats", "bottom", "DB", "acuracy"],
        ["plot", "scatter", "DB", "epoch", "acuracy"],
        ["watch", "DB", "--columns", "acuracy"],
    ],
    ids=" ".join,
)
def test_an_unknown_column(xt, db, words):
    text = told(xt(*(word.replace("DB", db) for word in words)))
    assert text == "xt: Unknown column 'acuracy'. Did you mean 'accuracy'?\n"


def test_an_unknown_table(xt, db):
    text = told(xt("head", db, "--table", "evnts"))
    assert text.startswith(f"xt: {db} has no table 'evnts'. Did you mean 'events'? Tables: events.")


READING_A_TABLE = [words for words in READING if words[0] not in {"ls", "sql", "copy", "backup", "doctor", "watch"}]


@pytest.mark.parametrize("words", READING_A_TABLE, ids=" ".join)
def test_the_only_table_is_the_default_and_of_several_one_has_to_be_named(xt, tmp_path, words):
    from xetrack import Tracker

    path = str(tmp_path / "t.db")
    for name in ("a", "b"):
        with Tracker(path, table="training", track_id=name) as tracker:
            tracker.log({"x": 1, "y": 2.5})
    words = [word.replace("DB", path) for word in words]
    if words[0] == "set":
        words += ["--track-id", "a"]
    assert xt(*words).code == 0
    with Tracker(path, table="other", track_id="a") as tracker:
        tracker.log({"x": 1, "y": 2.5})
    assert "Tables: other, training. Choose one with --table NAME." in told(xt(*words))
    assert xt(*words, "--table", "other").code == (1 if words[0] == "compare" else 0)
    assert "has no table 'events'" in told(xt(*words, "--table", "events"))


@pytest.mark.parametrize(
    "words", [["ls", "DB"], ["sql", "DB", "SELECT x FROM db.one"], ["doctor", "DB"], ["backup", "DB", "b"]]
)
def test_what_concerns_the_whole_file_needs_no_table(xt, tmp_path, words):
    from xetrack import Tracker

    for name in ("one", "two"):
        with Tracker(tmp_path / "t.db", table=name) as tracker:
            tracker.log({"x": 1})
    done = xt(*(word.replace("DB", "t.db") for word in words))
    assert (done.code, done.err) == (0, "")


def test_a_file_without_tables_is_empty_but_a_named_table_is_missing(xt, tmp_path):
    (tmp_path / "new.db").touch()
    assert xt("head", "new.db", "--json") == ("[]\n", "", 0)
    assert xt("ls", "new.db", "--json") == ("[]\n", "", 0)
    assert "it has no tables yet" in told(xt("head", "new.db", "--table", "training"))
    assert "Table 'events' has no rows yet" in told(xt("show", "new.db"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["head", "DB", "--columns", ","], "--columns ',' is empty"),
        (["tail", "DB", "--columns", ""], "--columns '' is empty"),
        (["describe", "DB", "--columns", " , "], "is empty"),
        (["watch", "DB", "--columns", ","], "is empty"),
        (["ls", "DB", "--track-id", "first-run-0001"], "--track-id needs a COLUMN or --unique"),
        (["ls", "DB", "--table", "events"], "--table needs a COLUMN or --unique"),
        (["sql", "DB", ""], "The query is empty"),
        (["sql", "DB", " ;;\n"], "The query is empty"),
        (["head", "DB", "--table", ""], "invalid table name ''"),
        (["head", "DB", "--track-id", ""], "Unknown run ''"),
        (["head", "DB", "--engine", ""], "engine"),
        (["head", "DB", "--engine", "none"], "engine 'none' has no file"),
        (["runs", "DB", "--engine", "memory"], "engine 'memory' has no file"),
        (["sql", "DB", "SELECT 1", "--engine", "memory"], "engine 'memory' has no file"),
        (["watch", "DB", "--interval", "inf"], "--interval"),
        (["sql", "DB", "SELECT 1", "--timeout", "inf"], "--timeout"),
        (["export", "DB", "no/such/rows.csv"], "no/such/rows.csv: the folder no/such does not exist."),
        (["export", "DB", "rows.html"], "rows.html: unsupported extension. Use .csv, .jsonl, .parquet or .xlsx."),
    ],
    ids=" ".join,
)
def test_a_value_without_a_meaning_is_no_empty_answer(xt, db, words, reason):
    assert reason in told(xt(*(word.replace("DB", db) for word in words)))


@pytest.mark.parametrize("values", [[1e308, -1e308], [1.7e308] * 3], ids=str)
@pytest.mark.parametrize("words", [["hist", "v.db", "x"], ["scatter", "v.db", "x", "y"]], ids=" ".join)
def test_numbers_that_are_too_large_to_plot_are_told(xt, tmp_path, values, words):
    from xetrack import Tracker

    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log_batch([{"x": value, "y": 1} for value in values])
    assert "Column 'x' holds numbers beyond 1e+300" in told(xt("plot", *words))


@pytest.mark.parametrize("name", [":memory:", "SKIP_INSERT"])
def test_what_keeps_no_file_cannot_be_read(xt, db, name):
    for words in (["head", name], ["sql", name, "SELECT 1"], ["copy", name, "new.db"], ["backup", name, "new.db"]):
        assert "is not a file" in told(xt(*words))
    for engine in ("none", "memory"):
        assert f"engine {engine!r} has no file" in told(xt("copy", db, "new.db", "--engine", engine))


def test_an_export_never_replaces_the_database(xt, tmp_path):
    from xetrack import Reader, Tracker

    with Tracker(tmp_path / "v.csv") as tracker:
        tracker.log({"x": 1})
    assert "is the database itself" in told(xt("export", "v.csv", "./v.csv"))
    assert len(Reader(tmp_path / "v.csv")) == 1


def test_an_empty_variable_is_no_database(xt, monkeypatch):
    monkeypatch.setenv("XETRACK_DB", "")
    assert "Missing database." in told(xt("head"))


@pytest.mark.parametrize(
    ("query", "message"),
    [("SELEC 1", 'near "SELEC": syntax error'), ("SELECT * FROM nowhere", "no such table: nowhere")],
)
def test_sql_errors_are_those_of_the_engine(xt, db, query, message):
    assert message in told(xt("sql", db, query))


def test_a_missing_plugin_says_how_to_get_it(xt, db, monkeypatch):
    monkeypatch.delenv("XETRACK_DISABLE_PLUGINS")
    monkeypatch.setattr("xetrack._plugins.registry.installed", tuple)
    discovered.cache_clear()
    assert told(xt("assets", "ls", db)).endswith("needs xetrack-assets: pip install xetrack-assets\n")
    assert told(xt("cache", "ls", "folder")).endswith("needs xetrack-cache: pip install xetrack-cache\n")
    assert told(xt("head", db, "--engine", "duckdb")).endswith("needs xetrack-duckdb: pip install xetrack-duckdb\n")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["hed"], "Did you mean 'head'?"),
        (["head", "--jsn"], "--json"),
        (["head", "--n", "many"], "Try: xt head --help"),
        (["stats"], "Try: xt stats --help"),
        (["stats", "topp"], "Did you mean 'top'?"),
        (["head", "a.db", "b.db"], "Unexpected argument 'b.db'"),
        (["head", "--engine"], "requires an argument"),
    ],
    ids=str,
)
def test_misuse_says_what_was_meant(xt, words, hint):
    done = xt(*words)
    assert done.code == 2
    assert hint in told(done)


def test_a_folder(xt, tmp_path):
    assert "is a folder" in told(xt("head", str(tmp_path)))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(xt, db):
    os.chmod(db, 0)  # noqa: PTH101 - a path of text
    told(xt("head", db))


def test_a_mistake_of_ours_is_not_hidden(xt, db, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("xetrack_cli.commands.head.show", fail)
    with pytest.raises(ZeroDivisionError):
        xt("head", db)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full disk to write to")  # noqa: PTH110
def test_a_full_disk_is_told(db):
    import subprocess

    from cli_terminals import XT

    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run([*XT, "head", db], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert "No space left on device" in done.stderr
    assert done.returncode != 0


@pytest.mark.terminal
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_streams_that_are_closed_are_no_mistake(db, tmp_path, closed):
    """Some schedulers start commands so. They were tracebacks."""
    import subprocess

    from cli_terminals import XT

    for words, code in (["runs", str(db)], 0), (["--help"], 0), (["runs", "nothing.db"], 1):
        done = subprocess.run(
            ["sh", "-c", f'"$@" {closed}', "sh", *XT, *words], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert ">&-" not in closed or "2>" in closed or not done.stdout


def test_many_names_are_not_all_listed(xt, tmp_path):
    from xetrack import Tracker

    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({f"column{number}": number for number in range(30)})
    assert told(xt("ls", "v.db", "zzz")).endswith("column5, and more.\n")


@pytest.mark.parametrize("words", [["head", "\0"], ["head", "\ud800"], ["head", "~nobody-of-that-name/x"]])
def test_what_cannot_be_a_path_is_one_line(xt, words):
    done = xt(*words)
    assert done.code == 2
    assert "cannot be a path" in done.err


def test_what_is_no_text_is_one_line(xt, db):
    done = xt("delete", db, "\udcff")
    assert (done.code, done.err) == (1, "xt: '\\udcff' is not valid UTF-8.\n")
