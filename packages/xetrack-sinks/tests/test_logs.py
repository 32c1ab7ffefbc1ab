"""`logs_path=` and `logs_stdout=`: rows as lines of a log."""

import gc
import inspect
import io
import json
import pickle
import re
import sys
import weakref
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import loguru
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xetrack import Reader, Tracker
from xetrack.errors import ClosedError, InvalidKeyError, InvalidValueError, OptionError, XetrackWarning
from xetrack.plugin import Clock

DATA = Path(__file__).parent / "data"
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \| (\w+) *\| ([^|]+:[^|:]+:\d+)!📁!(.*)", re.DOTALL)


def now():
    return datetime.now().astimezone()


@pytest.fixture
def app():
    """The application's own loguru, with a handler and a level of its own."""
    heard = io.StringIO()
    loguru.logger.remove()
    loguru.logger.add(heard, format="{level}:{message}", level="INFO")
    yield heard
    loguru.logger.remove()


def only(folder):
    [file] = folder.iterdir()
    return file.read_text(encoding="utf-8")


def test_a_row_is_a_line_of_the_documented_form(tmp_path, capsys):
    with Tracker(db=Tracker.IN_MEMORY, logs_path=tmp_path / "logs", logs_stdout=True) as tracker:
        tracker.log({"a": 1, "b": 2})

    line = capsys.readouterr().out
    level, place, text = LINE.fullmatch(line.rstrip("\n")).groups()
    assert level == "TRACKING"
    assert place.startswith(f"{__name__}:test_a_row_is_a_line_of_the_documented_form:")
    assert list(json.loads(text)) == ["a", "b", "timestamp", "track_id"]
    assert only(tmp_path / "logs") == line


def test_files_are_daily(tmp_path):
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path) as tracker:
        tracker.log({"a": 1})

    [file] = tmp_path.iterdir()
    assert now().date() - date.fromisoformat(file.name.removesuffix(".log")) <= timedelta(days=1)


def test_a_new_file_is_begun_after_midnight(tmp_path, monkeypatch):
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path) as tracker:
        tracker.log({"a": 1})
        real = loguru._logger.aware_now
        monkeypatch.setattr(loguru._logger, "aware_now", lambda: real() + timedelta(days=1))
        tracker.log({"a": 2})

    first, second = (Reader.read_logs(file) for file in sorted(tmp_path.iterdir()))
    assert (list(first["a"]), list(second["a"])) == ([1], [2])
    assert list(Reader.read_logs(tmp_path)["a"]) == [2, 1]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mine.txt", "mine.txt"),
        ("{time:YYYY}/a.log", f"{now().year}/a.log"),
        ("{time:DDDD}-{time:%j}", f"{now():%j-%j}"),
    ],
)
def test_the_name_of_a_file_can_be_chosen(tmp_path, name, found):
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path, logs_file_format=name) as tracker:
        tracker.log({"a": 1})

    assert (tmp_path / found).is_file()
    assert list(Reader.read_logs(tmp_path)["a"]) == [1]


def test_only_logs_and_no_other_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for db in (Tracker.SKIP_INSERT, Tracker.IN_MEMORY):
        with Tracker(db=db, logs_path="logs") as tracker:
            tracker.log({"a": 1})

    assert [path.name for path in tmp_path.iterdir()] == ["logs"]
    assert len(Reader.read_logs("logs")) == 2


def line_of_the_caller():
    return inspect.currentframe().f_back.f_lineno


def test_the_place_of_a_line_is_where_the_users_code_logged(tmp_path):
    def step(x):
        tracker.logger.info("inside")
        return line_of_the_caller() - 1

    with Tracker(Tracker.IN_MEMORY, logs_path=tmp_path / "logs") as tracker:
        tracker.log({"a": 1})
        places = [("test_the_place_of_a_line_is_where_the_users_code_logged", line_of_the_caller() - 1)]
        places.append(("step", step(2)))
        places.append(("step", tracker.track(step, 2)))
        places.append(("test_the_place_of_a_line_is_where_the_users_code_logged", line_of_the_caller() - 1))

    lines = only(tmp_path / "logs").splitlines()
    assert [LINE.fullmatch(line)[2] for line in lines] == [f"{__name__}:{name}:{number}" for name, number in places]


def test_the_applications_loguru_is_left_alone(tmp_path, app, capsys):
    core = loguru.logger._core
    before = (dict(core.handlers), dict(core.levels), core.min_level, core.extra)
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path, logs_stdout=True) as tracker:
        tracker.log({"a": 1})
        tracker.logger.monitor({"a": 2})
        tracker.logger.error("a message of the tracker")
        loguru.logger.info("a message of the application")

    assert (dict(core.handlers), dict(core.levels), core.min_level, core.extra) == before
    assert app.getvalue() == "INFO:a message of the application\n"
    assert "of the application" not in only(tmp_path) + capsys.readouterr().out
    for level in ("MONITOR", "TRACKING", "EXPERIMENT"):
        with pytest.raises(ValueError, match=level):
            loguru.logger.level(level)


def test_what_the_application_binds_patches_and_removes_is_not_ours(tmp_path, app):
    loguru.logger.configure(extra={"secret": 1}, patcher=lambda record: record.update(message="patched"))
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path) as tracker:
        with loguru.logger.contextualize(delimiter="|", message="theirs"):
            tracker.log({"a": 1})
        loguru.logger.remove()
        loguru.logger.disable("xetrack_sinks")
        tracker.log({"a": 2})
    # A patcher of None would keep the one above.
    loguru.logger.configure(extra={}, patcher=lambda _: None, activation=[("xetrack_sinks", True)])

    assert list(Reader.read_logs(tmp_path)["a"]) == [2, 1]


def test_two_trackers_never_mix(tmp_path):
    with (
        Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path / "a") as a,
        Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path / "b") as b,
    ):
        for number in range(3):
            a.log({"a": number})
            b.logger.monitor({"b": number})

    assert list(Reader.read_logs(tmp_path / "a").columns) == ["a", "timestamp", "track_id"]
    assert list(Reader.read_logs(tmp_path / "b").columns) == ["b", "timestamp", "track_id"]


def test_nothing_at_all_when_off(app, capsys):
    with Tracker(Tracker.IN_MEMORY) as tracker:
        tracker.log({"a": 1})
        assert tracker._run.observers.sinks == []

    assert (app.getvalue(), capsys.readouterr()) == ("", ("", ""))


# tracker.logger


def test_events_of_every_shape(tmp_path):
    with Tracker(
        Tracker.IN_MEMORY, logs_path=tmp_path / "logs", jsonl=tmp_path / "a.jsonl", params={"p": 1}
    ) as tracker:
        tracker.logger.monitor({"a": 1})
        tracker.logger.monitor([{"a": 2}, {"a": 3}])
        tracker.logger.monitor(pd.DataFrame({"a": [4, 5], "b": ["x", None]}))
        tracker.logger.experiment({"a": 6, "b": {"c": [1]}})
        tracker.logger.experiemnt({"a": 7})
        tracker.logger.track({"a": 8})
        assert len(tracker) == 0

    frame = Reader.read_logs(tmp_path / "logs")
    assert list(frame["a"]) == [8, 7, 6, 5, 4, 3, 2, 1]
    assert list(frame.columns) == ["a", "b", "timestamp", "track_id"]
    assert frame["b"][2] == {"c": [1]}
    assert set(frame["track_id"]) == {tracker.track_id}
    lines = Reader.read_jsonl(tmp_path / "a.jsonl")
    assert list(lines["level"]) == ["MONITOR"] * 5 + ["EXPERIMENT"] * 2 + ["TRACKING"]


def test_an_experiment_is_written_for_people(tmp_path):
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path) as tracker:
        tracker.logger.experiment({"accuracy": 0.9})

    assert '!📁!{\n  "accuracy": 0.9,\n  "timestamp"' in only(tmp_path)


def test_an_event_may_bring_its_own_time_and_run(tmp_path):
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path / "logs", jsonl=tmp_path / "a.jsonl") as tracker:
        tracker.logger.monitor({"timestamp": 1700000000, "track_id": "other", "a": 1})
        tracker.logger.monitor({"timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC), "a": 2})

    frame = Reader.read_logs(tmp_path / "logs")
    assert list(frame["timestamp"]) == ["2026-01-31T12:00:00+00:00", 1700000000]
    assert list(frame["track_id"]) == [tracker.track_id, "other"]
    assert list(Reader.read_jsonl(tmp_path / "a.jsonl")["timestamp"]) == [1700000000, "2026-01-31T12:00:00+00:00"]


@pytest.mark.parametrize("wrong", ["text", 3, None, [{"a": 1}, 2]])
def test_what_is_no_event_is_refused(tmp_path, wrong):
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path / "logs") as tracker:
        with pytest.raises(InvalidValueError, match=r"a dict, a list of dicts, or a DataFrame"):
            tracker.logger.monitor(wrong)
        with pytest.raises(InvalidKeyError):
            tracker.logger.monitor([{"a": 1}, {2: 2}])

    assert not (tmp_path / "logs").exists()


def test_messages_are_no_events_and_forge_none(tmp_path):
    forged = '2026-11-25 03:02:22.123 | TRACKING | x:y:1!📁!{"forged": 1}'
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path / "logs", jsonl=tmp_path / "a.jsonl") as tracker:
        for level in ("debug", "info", "success", "warning", "error", "critical"):
            getattr(tracker.logger, level)(f"{{braces}} %s <red>\n{forged}")
        tracker.log({"a": 1})

    text = only(tmp_path / "logs")
    assert text.count("{braces} %s <red>\n    2026") == 6
    assert re.findall(rf"\| (\w+) +\| {re.escape(__name__)}", text) == [
        "DEBUG",
        "INFO",
        "SUCCESS",
        "WARNING",
        "ERROR",
        "CRITICAL",
        "TRACKING",
    ]
    assert list(Reader.read_logs(tmp_path / "logs").columns) == ["a", "timestamp", "track_id"]
    assert len(Reader.read_jsonl(tmp_path / "a.jsonl")) == 1


def test_exception_brings_the_traceback(tmp_path):
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path) as tracker:
        try:
            int("no number")
        except ValueError:
            tracker.logger.exception("it failed")

    assert "it failed\n    Traceback" in only(tmp_path)
    assert "ValueError: invalid literal" in only(tmp_path)


def test_without_an_option_the_logger_writes_to_standard_error_and_rows_do_not(capsys):
    with Tracker(Tracker.IN_MEMORY) as tracker:
        tracker.logger.info("hello")
        tracker.log({"a": 1})
        assert tracker.logger is tracker.logger

    out, err = capsys.readouterr()
    assert out == ""
    assert LINE.fullmatch(err.rstrip("\n")).group(1, 3) == ("INFO", "hello")


def test_a_logger_kept_by_itself_keeps_its_tracker(tmp_path):
    logger = Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path / "logs", jsonl=tmp_path / "a.jsonl").logger
    logger.monitor({"a": 1})
    method = Tracker(Tracker.SKIP_INSERT, jsonl=tmp_path / "a.jsonl").logger.track
    method([{"a": 2}, {"a": 3}])
    Tracker(Tracker.SKIP_INSERT, jsonl=tmp_path / "a.jsonl").logger.experiment({"a": 4})

    assert list(Reader.read_jsonl(tmp_path / "a.jsonl")["a"]) == [1, 2, 3, 4]
    assert list(Reader.read_logs(tmp_path / "logs")["a"]) == [1]


def test_a_logger_that_nobody_holds_keeps_no_tracker(tmp_path):
    gc.disable()  # at once, not with the next collection
    try:
        tracker = Tracker(tmp_path / "a.db", logs_path=tmp_path / "logs")
        tracker.log({"a": 1})
        tracker.logger.monitor({"a": 2})
        alive = weakref.ref(tracker)
        del tracker

        assert alive() is None
        assert [run["status"] for run in Reader(tmp_path / "a.db").list_runs()] == ["finished"]
    finally:
        gc.enable()


LOGGING = {
    "monitor": {"a": 1},
    "experiment": {"a": 1},
    "experiemnt": {"a": 1},
    "track": [{"a": 1}],
    **dict.fromkeys(("debug", "info", "success", "warning", "error", "critical", "exception"), "too late"),
}


def test_all_of_a_logger_is_tried_here():
    with Tracker(Tracker.SKIP_INSERT) as tracker:
        assert {name for name in dir(tracker.logger) if not name.startswith("_")} == LOGGING.keys()


@pytest.mark.parametrize("method", LOGGING)
@pytest.mark.parametrize("options", ["logs", "neither"])
def test_the_logger_of_a_closed_tracker_raises(tmp_path, capsys, method, options):
    paths = {"logs_path": tmp_path / "logs", "jsonl": tmp_path / "a.jsonl"} if options == "logs" else {}
    with Tracker(Tracker.IN_MEMORY, **paths) as tracker:
        logger = tracker.logger

    with pytest.raises(ClosedError, match=f"run {tracker.track_id} is closed"):
        getattr(logger, method)(LOGGING[method])
    assert tracker.losses == {}
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_no_two_events_have_the_same_time_whichever_logger_wrote_them(tmp_path, monkeypatch):
    monkeypatch.setattr("xetrack_sinks.logger.Clock", lambda: Clock(lambda: 10**18))  # a clock that stands still
    with Tracker(Tracker.SKIP_INSERT, jsonl=tmp_path / "a.jsonl") as tracker:
        for number in range(3):
            tracker.logger.track({"a": number})

    assert Reader.read_jsonl(tmp_path / "a.jsonl")["timestamp"].is_unique


def test_a_tracker_is_pickled_without_its_logger(tmp_path):
    with Tracker(tmp_path / "a.db", jsonl=tmp_path / "a.jsonl") as tracker:
        logger = tracker.logger
        again = pickle.loads(pickle.dumps(tracker))  # noqa: S301 - made here
        again.logger.track({"a": 1})
        logger.track({"a": 2})
        again.close()

    assert list(Reader.read_jsonl(tmp_path / "a.jsonl")["a"]) == [1, 2]


def test_a_failing_logger_is_counted_and_raises_nothing(tmp_path):
    with Tracker(Tracker.IN_MEMORY, logs_path=tmp_path / "logs") as tracker:
        (tmp_path / "logs").write_text("a file, no folder")
        with pytest.warns(XetrackWarning, match="the sink 'logs' lost a row"):
            tracker.logger.monitor([{"a": 1}, {"a": 2}])
        tracker.logger.info("x")  # a second warning would be an error
        tracker.log({"a": 3})
        assert tracker.losses == {"logs": 4}
        assert len(tracker) == 1


def test_a_failing_file_costs_standard_output_nothing(tmp_path, capsys):
    tracker = Tracker(Tracker.IN_MEMORY, logs_path=tmp_path / "logs", logs_stdout=True)
    (tmp_path / "logs").write_text("a file, no folder")
    with pytest.warns(XetrackWarning, match="lost a row"):
        tracker.log({"a": 1})

    out, err = capsys.readouterr()
    assert '{"a":1,' in out
    assert err == ""


def test_a_stream_that_knows_few_characters(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    with Tracker(Tracker.SKIP_INSERT, logs_stdout=True) as tracker:
        tracker.log({"a": "é"})
        assert tracker.losses == {}

    assert b'!\\U0001f4c1!{"a":"\\xe9"' in stream.buffer.getvalue()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"logs_file_format": "a.log"}, r"Set logs_path= too"),
        ({"logs_path": "logs", "logs_file_format": "{day}.log"}, r"'{day}.log' is not a valid .*'day'.*the field time"),
        ({"logs_path": "logs", "logs_file_format": "{time.log"}, "expected '}'"),
        ({"logs_path": "logs", "logs_file_format": ""}, "is empty"),
        ({"logs_path": 3}, "logs_path"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, told):
    with pytest.raises(OptionError, match=told):
        Tracker(Tracker.IN_MEMORY, **options)


# Reading


def test_the_delimiter_can_be_chosen(tmp_path, monkeypatch):
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path) as tracker:
        tracker.log({"a": 1})
    chosen = r" {0} %s \<red>\\</> "
    monkeypatch.setenv("LOGS_DELIMITER", chosen)
    with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path) as tracker:
        tracker.log({"a": 2})

    assert chosen + '{"a":2' in only(tmp_path)
    assert list(Reader.read_logs(tmp_path)["a"]) == [2, 1]  # what was written before is read as well


def test_a_delimiter_with_a_newline_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("LOGS_DELIMITER", "\n")
    with pytest.raises(OptionError, match=r"LOGS_DELIMITER=.* contains a newline"):
        Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path)


def test_logs_of_0x_are_read(monkeypatch):
    pretty = Reader.read_logs(DATA / "xetrack-0.7-pretty.log")
    assert list(pretty["a"].dropna()) == [2, 1, 2, 1, 1, 1, 1, 1]
    assert list(pretty["accuracy"].dropna()) == [0.9]
    assert pretty["q"].iloc[-1] == 'it\'s {x} "q"'
    assert list(pretty["timestamp"][:1]) == ["2026-11-25 02:53:58.758"]
    assert len(Reader.read_logs(DATA / "xetrack-0.7-plain.log")) == 2

    monkeypatch.setenv("LOGS_DELIMITER", "@@")
    assert list(Reader.read_logs(DATA / "xetrack-0.7-delimiter.log")["e"].dropna()) == [2]


def test_records_that_loguru_serialized_are_read(tmp_path):
    handler = loguru.logger.add(tmp_path / "serialized.log", serialize=True)
    for number in range(3):
        loguru.logger.info(json.dumps({"a": number}))
    loguru.logger.info("text")
    loguru.logger.remove(handler)

    frame = Reader.read_logs(tmp_path)
    assert list(frame["a"]) == [2, 1, 0]
    assert abs(datetime.fromisoformat(frame["timestamp"][0]) - now().replace(tzinfo=None)) < timedelta(minutes=1)


def test_newest_first_over_files_of_a_folder_and_limited(tmp_path):
    for name in ("a", "b", "c"):
        with Tracker(Tracker.SKIP_INSERT, logs_path=tmp_path / name, params={"name": name}) as tracker:
            for number in range(3):
                tracker.log({"n": number})

    frame = Reader.read_logs(tmp_path)
    assert list(frame["timestamp"].str[:23]) == sorted(frame["timestamp"].str[:23], reverse=True)
    assert len(frame) == 9
    assert Reader.read_logs(tmp_path, limit=4)["timestamp"].tolist() == frame["timestamp"][:4].tolist()
    assert len(Reader.read_logs(tmp_path, limit=0)) == 0


def test_foreign_lines_are_left_out_and_damaged_events_warned_of(tmp_path):
    head = "2026-11-25 03:02:22.123 | TRACKING | x:y:1!📁!"
    (tmp_path / "a.log").write_text(
        f'starting\n{head}{{"a": 1}}\nTraceback of somebody\n  else\n{head}{{"a": \n{head}{{"a": 2}}\n\nbye\n'
        f"2026-11-25 03:02:22.123 | INFO     | x:y:1 - another format\n",
        encoding="utf-8",
    )
    (tmp_path / "image.png").write_bytes(bytes(range(256)) * 10)

    with pytest.warns(XetrackWarning, match="a.log: 1 event cannot be read in full .* in line 5."):
        assert list(Reader.read_logs(tmp_path)["a"]) == [2, 1]


def test_a_torn_last_line_is_left_out_without_a_word(tmp_path):
    (tmp_path / "a.log").write_text('2026-11-25 03:02:22.123 | MONITOR  | x:y:1!📁!{"a": ', encoding="utf-8")

    assert len(Reader.read_logs(tmp_path)) == 0


def test_nothing_to_read_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing was logged here"):
        Reader.read_logs(tmp_path / "logs")
    assert len(Reader.read_logs(tmp_path)) == 0


hostile = st.sampled_from(
    ["{", "}", "{0}", "%s", "%(x)s", "!📁!", "\n", "\r\n", "\x85", "\u2028", "<red>", "</>", "\\", '"', "\x00", " | "]
)
texts = st.lists(hostile | st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=6).map("".join)
values = (
    texts | st.integers(-(2**63), 2**63 - 1) | st.lists(texts, max_size=3) | st.dictionaries(texts, texts, max_size=3)
)
events = st.dictionaries(
    texts.filter(lambda key: key.lower() not in {"timestamp", "track_id", "xetrack_extra"}),
    values,
    min_size=1,
    max_size=4,
)


@pytest.mark.fuzz
@given(data=st.lists(events, min_size=1, max_size=3))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_keys_and_values_come_back_intact(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("logs")
    with Tracker(Tracker.SKIP_INSERT, logs_path=folder / "logs", jsonl=folder / "a.jsonl") as tracker:
        for event in data:
            tracker.log(event)
            tracker.logger.experiment(event)

    written = [event for event in data for _ in range(2)]
    for frame, wanted in (
        (Reader.read_logs(folder / "logs"), written[::-1]),
        (Reader.read_jsonl(folder / "a.jsonl"), written),
    ):
        found = [{key: row[key] for key in event} for row, event in zip(frame.to_dict("records"), wanted, strict=True)]
        assert found == wanted


@pytest.mark.parametrize(
    "record",
    [
        "7",
        '{"time": 1}',
        '{"time": {"timestamp": "x"}, "level": {"name": 1}, "message": 2}',
        '{"time": {"timestamp": 1e300}, "level": {"name": "TRACKING"}, "message": "{}"}',
    ],
)
def test_a_line_that_only_looks_like_one_of_loguru_belongs_to_no_entry(tmp_path, record):
    (tmp_path / "a.log").write_text(f'{{"text": "x", "record": {record}}}\n')

    assert Reader.read_logs(tmp_path).empty


def test_half_a_surrogate_pair_is_read_as_it_is_and_escaped_in_a_key(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a\\ud800": "b\\udfff", "c": 1}\n')

    assert Reader.read_jsonl(tmp_path / "a.jsonl").to_dict("records") == [{"a\\ud800": "b\udfff", "c": 1}]
