"""`jsonl=`: a strict JSON line a row."""

import json
import math
import pickle
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xetrack import Reader, Tracker
from xetrack.errors import OptionError, XetrackWarning
from xetrack.plugin import Normaliser
from xetrack_sinks.formats import encode
from xetrack_sinks.jsonl import JsonlSink

DATA = Path(__file__).parent / "data"


def strict(line):
    def refuse(token):
        raise AssertionError(token)

    return json.loads(line, parse_constant=refuse)


def logged(tmp_path, *events, **options):
    path = tmp_path / "data.jsonl"
    with Tracker(Tracker.IN_MEMORY, jsonl=path, **options) as tracker:
        for event in events:
            tracker.log(event)
    return [strict(line) for line in path.read_bytes().decode().split("\n")[:-1]]


def test_a_line_is_timestamp_level_event_track_id(tmp_path):
    [line] = logged(tmp_path, {"accuracy": 0.95, "epoch": 1}, params={"model": "m"}, track_id="xyz-123")

    assert [*line] == ["timestamp", "level", "model", "accuracy", "epoch", "track_id"]
    assert (line["level"], line["model"], line["accuracy"], line["track_id"]) == ("TRACKING", "m", 0.95, "xyz-123")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d", line["timestamp"])
    assert abs(datetime.fromisoformat(line["timestamp"]).timestamp() - time.time()) < 100


@pytest.mark.parametrize(
    ("zone", "offset"), [("Asia/Kolkata", "+05:30"), ("America/St_Johns", "-0"), ("UTC", "+00:00")]
)
def test_the_zone_is_the_local_one(tmp_path, monkeypatch, zone, offset):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        [line] = logged(tmp_path, {"x": 1})
    finally:
        monkeypatch.undo()
        time.tzset()

    assert offset in line["timestamp"][-6:]


@pytest.fixture
def berlin(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield patch
    time.tzset()


def test_an_hour_that_comes_twice_has_its_two_offsets(tmp_path, berlin):
    sink = JsonlSink(tmp_path / "a.jsonl")
    times = [datetime(2026, 10, 25, 0, 30, 10, 5, UTC) + timedelta(minutes=each) for each in (0, 60, 120)]
    for moment in times:

        class Now(datetime):
            @classmethod
            def now(cls, tz=None):
                return moment.astimezone(tz)  # noqa: B023 - used in this turn only

        berlin.setattr("xetrack_sinks.jsonl.datetime", Now)
        local = moment.astimezone().replace(tzinfo=None).isoformat(" ", "microseconds")
        sink.emit({"timestamp": local, "track_id": "one"})
    sink.close()

    stamps = [strict(line)["timestamp"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [datetime.fromisoformat(stamp) for stamp in stamps] == times
    assert [stamp[11:16] for stamp in stamps] == ["02:30", "02:30", "03:30"]


def test_a_time_of_another_season_has_its_own_offset(tmp_path, berlin):
    sink = JsonlSink(tmp_path / "a.jsonl")
    for month in (1, 7):
        sink.emit({"timestamp": f"2026-{month:02}-15 12:00:00.000000", "track_id": "one"})
    berlin.setenv("TZ", "JST-9")
    time.tzset()
    sink.emit({"timestamp": "2026-07-15 12:00:00.000000", "track_id": "one"})
    sink.close()

    stamps = [strict(line)["timestamp"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [stamp[-6:] for stamp in stamps] == ["+01:00", "+02:00", "+09:00"]


def test_nan_and_infinity_are_null_at_every_depth(tmp_path):
    nested = {"a": [math.nan, math.inf], "text": "NaN and Infinity"}
    [line] = logged(tmp_path, {"nan": math.nan, "inf": -math.inf, "nested": nested})

    assert (line["nan"], line["inf"]) == (None, None)
    assert line["nested"] == {"a": [None, None], "text": "NaN and Infinity"}


def test_values_of_every_type(tmp_path):
    deep = 1
    for _ in range(400):
        deep = [deep]

    class Key(str):
        __slots__ = ()

    [line] = logged(
        tmp_path, {"big": 2**80, "bytes": b"xyz", "none": None, "yes": True, "deep": deep, Key("k"): 2**63 - 1}
    )

    assert line["big"] == 2**80
    assert (line["bytes"], line["none"], line["yes"], line["k"]) == ("eHl6", None, True, 2**63 - 1)
    assert line["deep"] == deep


def test_a_level_of_the_events_own_stays(tmp_path):
    [line] = logged(tmp_path, {"level": "mine"})

    assert line["level"] == "mine"


def test_an_object_is_sunk_as_in_the_row(tmp_path):
    class Model:
        def __repr__(self):
            return "<model>"

    with pytest.warns(XetrackWarning, match="xetrack-assets"):
        [line] = logged(tmp_path, {"model": Model()})

    assert line["model"] == "<model>"


def test_what_pandas_reads(tmp_path):
    logged(tmp_path, {"x": 1, "nested": {"a": [1]}}, {"x": 2, "nested": None})

    frame = pd.read_json(tmp_path / "data.jsonl", lines=True)

    assert list(frame["x"]) == [1, 2]
    assert frame["nested"][0] == {"a": [1]}


def test_read_jsonl_gives_rows_in_order_and_track_id_last(tmp_path):
    logged(tmp_path, {"x": 1}, {"x": 2, "y": "a"})

    frame = Reader.read_jsonl(tmp_path / "data.jsonl")

    assert list(frame.columns) == ["timestamp", "level", "x", "y", "track_id"]
    assert list(frame["x"]) == [1, 2]


def test_read_jsonl_tolerates_a_torn_last_line_without_a_word(tmp_path):
    logged(tmp_path, {"x": 1})
    with (tmp_path / "data.jsonl").open("ab") as file:
        file.write(b'{"timestamp": "2026-')

    assert list(Reader.read_jsonl(tmp_path / "data.jsonl")["x"]) == [1]


def test_read_jsonl_warns_of_other_damage_and_of_what_is_no_object(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"x": 1}\n{"x":\n\n3\n{"x": 2}\n')

    with pytest.warns(XetrackWarning, match="2 lines cannot be read in full .* the first is in line 2."):
        assert list(Reader.read_jsonl(path)["x"]) == [1, 2]


@pytest.mark.parametrize("number", [2**63, -(2**64), 10**40 + 1, 10**5000 + 1], ids=["2**63", "-2**64", "41", "5001"])
def test_integers_of_any_size_are_read_as_they_were_logged(tmp_path, number):
    with Tracker(Tracker.IN_MEMORY, jsonl=tmp_path / "a.jsonl") as tracker:
        tracker.log_batch([{"x": number, "s": "\udcff.png"}, {"x": 1, "s": "1" * 30}])

    frame = Reader.read_jsonl(tmp_path / "a.jsonl")
    assert frame["x"].tolist() == [number, 1]
    assert frame["s"].tolist() == ["\udcff.png", "1" * 30]


def test_read_jsonl_of_nothing_says_so(tmp_path):
    for path in (tmp_path / "none.jsonl", tmp_path / "no" / "folder.jsonl"):
        with pytest.raises(FileNotFoundError, match="nothing was logged here"):
            Reader.read_jsonl(path)


def test_files_of_0x_are_read():
    frame = Reader.read_jsonl(DATA / "xetrack-0.7.jsonl")

    assert list(frame["level"]) == ["mine", "TRACKING", "MONITOR", "EXPERIMENT"]
    assert frame["a"][0] == 1.5


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"jsonl": 3}, "jsonl"),
        ({"jsonl_max_bytes": 10}, r"Set jsonl= too"),
        ({"jsonl": "a.jsonl", "jsonl_max_bytes": 0}, r"jsonl_max_bytes=0: use at least 1 byte"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, told):
    with pytest.raises(OptionError, match=told):
        Tracker(Tracker.IN_MEMORY, **options)


def test_a_tracker_that_logs_nothing_leaves_no_file(tmp_path):
    logged_nothing = tmp_path / "logs"
    Tracker(Tracker.IN_MEMORY, jsonl=logged_nothing / "a.jsonl", logs_path=logged_nothing).close()

    assert not logged_nothing.exists()


def test_a_pickled_tracker_goes_on_in_the_same_file(tmp_path):
    with Tracker(tmp_path / "a.db", jsonl=tmp_path / "a.jsonl") as tracker:
        tracker.log({"x": 1})
        with pickle.loads(pickle.dumps(tracker)) as other:  # noqa: S301 - our own bytes
            other.log({"x": 2})

    frame = Reader.read_jsonl(tmp_path / "a.jsonl")
    assert list(frame["x"]) == [1, 2]
    assert set(frame["track_id"]) == {tracker.track_id}


texts = st.text(st.characters(exclude_categories=["Cs"]))
nested = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
events = st.dictionaries(
    texts.filter(lambda key: key.lower() not in {"timestamp", "track_id", "xetrack_extra", "level"}), nested, min_size=1
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(event=events)
def test_any_event_comes_back_intact(event):
    stored = dict(event)
    Normaliser()(stored, lambda _, __: "")

    text = encode(stored)

    assert b"\n" not in text
    assert strict(text) == event


def test_no_library_is_imported_before_it_is_asked_for():
    code = (
        "import sys; from xetrack import Tracker; Tracker(':memory:').log({'x': 1});"
        "print('xetrack_sinks' in sys.modules, sys.modules.keys() & {'loguru', 'orjson'})"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout == "True set()\n"


@pytest.mark.parametrize("option", ["jsonl", "logs_path"])
def test_a_url_is_no_place_on_disk(tmp_path, monkeypatch, option):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=rf"{option}='s3://ann:\*\*\*@bucket/rows': this is a URL\. Pass a path\."):
        Tracker("track.db", **{option: "s3://ann:pw@bucket/rows"})
    assert not list(tmp_path.iterdir())
