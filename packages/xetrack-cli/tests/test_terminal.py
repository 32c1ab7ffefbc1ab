"""What a person sees: colours, widths, bars, and a command that is interrupted or cut off."""

import os
import signal
import subprocess
import time

import pytest

from xetrack import Tracker

if os.name == "nt":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from cli_terminals import XT, Terminal

pytestmark = pytest.mark.terminal


@pytest.fixture
def on_terminal():
    """Runs a command on a terminal to its end: what was printed, with and without colours, and the exit code."""

    def command(*words, columns=80, **environment):
        terminal = Terminal([*XT, *map(str, words)], columns, **environment)
        plain = terminal.read()
        return plain, terminal.text, terminal.wait()

    return command


def test_a_terminal_gets_a_table_with_colours(on_terminal, db):
    plain, text, code = on_terminal("head", db, "--columns", "model,accuracy")
    assert code == 0
    assert "|" not in plain
    assert "\x1b[" in text
    assert plain.splitlines()[0].split() == ["model", "accuracy"]
    assert "─" in plain.splitlines()[1]


def test_no_color_is_heeded(on_terminal, db):
    _, text, _ = on_terminal("plot", "hist", db, "accuracy", NO_COLOR="1")
    assert "█" in text
    assert "\x1b[3" not in text


@pytest.mark.parametrize("columns", [40, 61, 80, 100, 200])
def test_every_width_shows_every_column_whole(on_terminal, tmp_path, columns):
    with Tracker(tmp_path / "v.db", track_id="only-run-0001") as tracker:
        tracker.log({f"column{number}": f"value{number}" for number in range(20)})
    plain, _, _ = on_terminal("head", "v.db", columns=columns)
    assert max(map(len, plain.splitlines())) <= columns
    assert "…" not in plain
    for number in range(20):
        assert f"column{number}" in plain.split()
        assert f"value{number}" in plain.split()


def test_a_long_text_is_cut_for_people_only(on_terminal, shell, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({"text": "x" * 500, "y": 1})
    plain, _, _ = on_terminal("head", "v.db", "--columns", "text,y")
    assert "…" in plain
    assert max(map(len, plain.splitlines())) <= 80
    assert "x" * 500 in shell("head", "v.db").out


def test_markup_and_escapes_in_values_are_shown_as_they_are(on_terminal, tmp_path):
    with Tracker(tmp_path / "v.db") as tracker:
        tracker.log({"[bold]k": "[red]v[/red]", "e": "\x1b]0;title\x07"})
    plain, text, _ = on_terminal("head", "v.db", columns=200)
    assert "[red]v[/red]" in plain
    assert "[bold]k" in plain
    assert "\x1b]" not in text
    assert r"\x1b]0;title\x07" in plain


def test_markdown_and_json_on_a_terminal_when_asked_for(on_terminal, db):
    assert on_terminal("head", db, "--markdown")[0].startswith("|    |")
    assert on_terminal("head", db, "--json")[1].startswith("[")


def test_compare_colours_what_differs(on_terminal, db):
    plain, text, _ = on_terminal("compare", db, "first", "second")
    lines = {line.split()[2]: line for line in plain.splitlines()[2:] if len(line.split()) > 2}
    assert "≠" in lines["model"]
    assert "≠" not in lines["lr"]
    assert "33m" in text


def test_doctor_for_people(on_terminal, db):
    plain, _, code = on_terminal("doctor", db)
    assert code == 0
    assert "✓ integrity: all pages and indexes are intact" in plain


def test_an_error_on_a_terminal_is_one_line(on_terminal, tmp_path):
    plain, _, code = on_terminal("head", tmp_path / "none.db", columns=40)
    assert (code, plain.count("\n")) == (1, 1)


@pytest.mark.parametrize("words", [["copy", "many.db", "target.db"], ["export", "many.db", "out.csv"]])
def test_long_work_has_a_bar_on_a_terminal_only(on_terminal, shell, tmp_path, words):
    with Tracker(tmp_path / "many.db") as tracker:
        tracker.log_batch([{"x": number} for number in range(30_000)])
    plain, _, code = on_terminal(*words)
    assert code == 0
    assert "30000/30000" in plain
    assert shell(*words).err == ""


def test_a_backup_of_many_pages_has_a_bar_on_a_terminal_only(on_terminal, shell, tmp_path):
    with Tracker(tmp_path / "many.db") as tracker:
        tracker.log_batch([{"x": b"x" * 5_000_000} for _ in range(9)])
    plain, _, code = on_terminal("backup", "many.db", "target.db")
    assert code == 0
    assert "copying pages" in plain
    assert shell("backup", "many.db", "other.db").err == ""


def test_short_work_has_no_bar(on_terminal, db):
    assert "━" not in on_terminal("export", db, "out.csv")[0]


def test_watch_on_a_terminal_shows_rows_as_they_come(db):
    terminal = Terminal([*XT, "watch", db, "--interval", "0.05", "--columns", "track_id,accuracy"])
    terminal.read("6 rows in events")
    with Tracker(db, track_id="third-run-0003") as tracker:
        tracker.log({"accuracy": 0.123})
    assert "third-run-0003" in terminal.read("0.123")
    terminal.interrupt()
    after = terminal.read()
    assert "Traceback" not in after
    assert "\x1b[?25h" in terminal.text  # the cursor is back
    assert terminal.wait() == 130


def test_a_closed_pipe_ends_quietly(tmp_path):
    with Tracker(tmp_path / "many.db") as tracker:
        tracker.log_batch([{"x": number, "text": "x" * 50} for number in range(5000)])
    for style in ("--json", "--csv", "--markdown"):
        command = [*XT, "head", "many.db", "--n", "5000", style]
        xt = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        xt.stdout.read(10)
        xt.stdout.close()
        assert xt.stderr.read() == b""
        xt.stderr.close()
        assert xt.wait() == -signal.SIGPIPE  # which a shell tells as 141


def test_interrupted_while_piped(db):
    xt = subprocess.Popen([*XT, "watch", db], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert xt.stdout.readline().startswith('{"timestamp"')
    xt.send_signal(signal.SIGINT)
    _, err = xt.communicate(timeout=300)
    assert (xt.returncode, err) == (130, "")


def test_watch_piped_prints_each_row_once(db):
    xt = subprocess.Popen(
        [*XT, "watch", db, "--interval", "0.05", "--n", "1", "--columns", "epoch", "--csv"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert [xt.stdout.readline() for _ in range(2)] == ["epoch\n", "2\n"]
    with Tracker(db) as tracker:
        for number in range(100, 150):
            tracker.log({"epoch": number})
            time.sleep(0.002)
        tracker.log_batch([{"epoch": number} for number in range(150, 1000)])
    assert [int(xt.stdout.readline()) for _ in range(900)] == list(range(100, 1000))
    xt.send_signal(signal.SIGINT)
    assert xt.communicate(timeout=300)[0] == ""
