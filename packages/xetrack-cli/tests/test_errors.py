"""Whatever goes wrong is one line on standard error, with what to do, and an exit code."""

import os

import pytest

from xetrack.plugins import discovered

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
    assert "there is no such database" in told(xt(*(word.replace("DB", "nowhere/none.db") for word in words)))
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
    assert done.code == 2 or "no such database" in done.err
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
    assert text == "xt: there is no run 'frist-run-0001'. Did you mean 'first-run-0001'?\n"


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
    assert text == "xt: there is no column 'acuracy'. Did you mean 'accuracy'?\n"


def test_an_unknown_table(xt, db):
    assert told(xt("head", db, "--table", "evnts")) == "xt: there is no table 'evnts'. Did you mean 'events'?\n"


@pytest.mark.parametrize(
    ("query", "message"),
    [("SELEC 1", 'near "SELEC": syntax error'), ("SELECT * FROM nowhere", "no such table: nowhere")],
)
def test_sql_errors_are_those_of_the_engine(xt, db, query, message):
    assert message in told(xt("sql", db, query))


def test_a_missing_plugin_says_how_to_get_it(xt, db, monkeypatch):
    monkeypatch.delenv("XETRACK_DISABLE_PLUGINS")
    monkeypatch.setattr("xetrack.plugins.installed", tuple)
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
        (["head", "a.db", "b.db"], "one word too many: 'b.db'"),
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

    monkeypatch.setattr("xetrack_cli.rows.show", fail)
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
    assert done.code == 1
    assert "cannot be a path" in done.err


def test_what_is_no_text_is_one_line(xt, db):
    done = xt("delete", db, "\udcff")
    assert (done.code, done.err) == (1, "xt: '\\udcff' is no text in UTF-8\n")
