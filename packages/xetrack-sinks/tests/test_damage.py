"""Files that were torn, joined, re-encoded or edited: what can be read is read, and the rest is warned of."""

import json
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xetrack import Reader, Tracker
from xetrack.errors import XetrackWarning
from xetrack_sinks.linefile import LineFile

BOM = b"\xef\xbb\xbf"
HEAD = "2026-11-25 03:02:22.123 | TRACKING | x:y:1!📁!".encode()


def read(reader, path):
    """What is read of a file, and the warnings."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        frame = reader(path)
    assert all(each.category is XetrackWarning for each in told)
    return frame, [str(each.message) for each in told]


def numbers(frame, key="x"):
    return [int(each) for each in frame[key].dropna()] if key in frame else []


@pytest.mark.parametrize(
    ("data", "found", "line"),
    [
        (b'{"x": 1}{"x": 2}\n{"x": 3}\n', [1, 2, 3], None),
        (b'{"x": 1} , {"x": 2},\n', [1, 2], None),
        (b'{"x": 1}\x1e{"x": 2}', [1, 2], None),
        (b'{"x": 1}\r\n\r\n  \n{"x": 2}\r\n', [1, 2], None),
        (BOM + b'{"x": 1}\n{"x": 2}\n' + BOM + b'{"x": 3}\n', [1, 2, 3], None),
        (BOM + BOM + b'{"x": 1}' + BOM + b'{"x": 2}\n' + BOM + b"\n", [1, 2], None),
        (b'{"x": NaN}{"x": 2}\n', [2], None),
        (b'{"x": 1}\n{"x": 2} garbage\n', [1, 2], 2),
        (b'{"x": 1}\n\n{"x": 2} garbage {"x": 3}\n', [1, 2, 3], 3),
        (b'{"x": 1}\n\0\0\0\0{"x": 2}\n', [1, 2], 2),
        (b'{"x": 1}\n\0\0\0\0', [1], 2),
        (b'{"x": 1}\n"text"\n', [1], 2),
        (b'{"x": 1}\n[{"x": 2}]\n', [1], 2),
        (b'{"x": 1}\n{"y": {"x": 2}\n', [1], 2),  # what is inside of a torn object is no row
        (b'{"x": 1}\n{"y": 3, {"x": 2}}\n', [1], 2),
        (b'{"x": 1}\n": 5}, "y": {"x": 2}}\n', [1], 2),
        (b'{"x": 1}\n{"x": 2}{"x": \n{"x": 3}\n', [1, 2, 3], 2),
        (b'{"x": 1}\n{"x": 2', [1], None),  # its writer may be about to write the rest
        (b'{"x": 1}{"x": 2}{"x": ', [1, 2], None),
        (b'{"x": 1, "t": "\xe2\x82\xac"}\n{"t": "\xe2\x82', [1], None),
        (b'{"x": 1, "t": "\xff"}\n{"x": 2}\n', [1, 2], 1),
        (b'{"x": 1}\nno JSON at all', [1], 2),
        (b'{"x": 1, "t": "' + b"long" * 1_000_000 + b'"}{"x": 2}\n', [1, 2], None),
        (b'{"x":' * 100_000 + b"\n" + b'{"x": 1}\n', [1], 1),
    ],
)
def test_jsonl_that_is_not_as_it_should_be(tmp_path, data, found, line):
    (tmp_path / "a.jsonl").write_bytes(data)
    frame, told = read(Reader.read_jsonl, tmp_path / "a.jsonl")
    assert numbers(frame) == found
    assert len(told) == (line is not None)
    assert line is None or f"the first is in line {line}. Everything else was read." in told[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize(("reader", "head"), [(Reader.read_jsonl, b""), (Reader.read_logs, HEAD)])
def test_files_that_an_editor_or_a_shell_has_encoded_anew(tmp_path, encoding, reader, head):
    text = "".join(f'{head.decode()}{{"x": {n}, "t": "é€😀"}}\r\n' for n in range(3))
    mark = "\ufeff" if encoding.endswith("e") else ""
    (tmp_path / "a.log").write_bytes((mark + text).encode(encoding))
    frame, told = read(reader, tmp_path / "a.log")
    assert (sorted(numbers(frame)), set(frame["t"]), told) == ([0, 1, 2], {"é€😀"}, [])


def test_a_file_of_utf_16_that_a_tracker_went_on_with_is_warned_of(tmp_path):
    (tmp_path / "a.jsonl").write_bytes('{"x": 1}\n{"x": 2}\n'.encode("utf-16"))
    with Tracker(Tracker.SKIP_INSERT, jsonl=tmp_path / "a.jsonl") as tracker:
        tracker.log({"x": 3})
    frame, told = read(Reader.read_jsonl, tmp_path / "a.jsonl")
    assert numbers(frame) == [1, 2]
    assert ": 1 line cannot" in told[0]


@pytest.mark.parametrize(
    ("data", "found", "line"),
    [
        (HEAD + b'{"x": 1}{"x": 2}\n', [2, 1], None),
        (HEAD + b'{"x": 1}' + HEAD + b'{"x": 2}\n' + HEAD + b'{"x": 3}\n', [3, 2, 1], None),  # cat a.log b.log
        (HEAD + b'{\n  "x": 1\n}' + HEAD + b'{"x": 2}\n', [2, 1], None),
        (BOM + HEAD + b'{"x": 1}\n' + BOM + HEAD + b'{"x": 2}\n', [2, 1], None),
        (HEAD + b'{"x": 1}\n\0\0\0' + HEAD + b'{"x": 2}\n', [2, 1], None),
        (HEAD + b'{"x": 1}\n' + HEAD + b'{"x": 2} garbage\n', [2, 1], 2),
        (HEAD + b'{"x": 1}\n' + HEAD + b'{"t": "to' + HEAD + b'{"x": 2}\n', [2, 1], 2),
        (HEAD + b'{"x": 1}\nlines of\n{"x": 4}\nsomebody else\n', [1], None),
        (HEAD + b'{"x": 1}\n' + HEAD + b'{"y": {"x": 2}\n', [1], 2),
        (HEAD + b'{"x": 1, "t": "\xff"}\n', [1], 1),
        (HEAD + b'{"x": 1}\n' + HEAD + b'{"x": ', [1], None),
        (HEAD + b'{"x": 1}\n' + HEAD[:-8] + b"\n" + HEAD.replace(b"TRACKING", b"INFO    ")[:-8] + b"\n", [1], 2),
        (HEAD + b'{"x": 1, "t": "' + HEAD + b'{}", "n": NaN}\nmore\n', [1], None),
        (HEAD.replace(b"TRACKING", b"INFO") + b'{"x": 1}' + HEAD + b'{"x": 2}\n', [1], None),  # anybody's text
        (HEAD + b'{"x": 1, "t": "' + HEAD + b'{}"}\n', [1], None),
    ],
)
def test_logs_that_are_not_as_they_should_be(tmp_path, data, found, line):
    (tmp_path / "a.log").write_bytes(data)
    frame, told = read(Reader.read_logs, tmp_path / "a.log")
    assert numbers(frame) == found
    assert len(told) == (line is not None)
    assert line is None or f"the first is in line {line}." in told[0]


def test_serialized_records_on_one_line_are_all_read(tmp_path):
    def record(number):
        message = {"time": {"timestamp": number}, "level": {"name": "TRACKING"}, "message": json.dumps({"x": number})}
        return json.dumps({"text": "x", "record": message})

    (tmp_path / "a.log").write_text(f"{record(1)}{record(2)}\n{record(3)} garbage\n{record(4)[:-9]}\n{record(5)}\n")
    frame, told = read(Reader.read_logs, tmp_path / "a.log")
    assert numbers(frame) == [5, 3, 2, 1]
    assert ": 2 events cannot" in told[0]
    assert "the first is in line 2." in told[0]


@pytest.mark.parametrize(
    "torn", ["", '{"timestamp": "2026", "t": "half of a str', '{"timestamp": "2026", "y": {"a": 1}']
)
@pytest.mark.parametrize("sink", ["jsonl", "logs"])
def test_an_event_that_the_sink_wrote_again_behind_a_torn_one_is_read_once(tmp_path, torn, sink):
    """Another writer was killed in the middle of its line, after this one has looked at the file."""
    path, head = tmp_path / "a.log", HEAD if sink == "logs" else b""
    ours = b'{"timestamp":"2026-11-25 03:02:22.1","level":"TRACKING","x":%d,"track_id":"a"}\n'
    file = LineFile(path)
    file.write(head + ours % 1)
    with path.open("ab") as other:
        other.write(head + (torn or (ours % 7).decode().strip()).encode())
    file.write(head + ours % 2)
    file.close()
    assert path.read_bytes().count(ours % 2) == 2  # as it was meant to be here
    frame, told = read(Reader.read_jsonl if sink == "jsonl" else Reader.read_logs, path)
    assert sorted(numbers(frame)) == ([1, 2] if torn else [1, 2, 7])
    assert len(told) == bool(torn)


def test_a_torn_event_that_begins_as_a_later_one_is_warned_of(tmp_path):
    event = b'{"timestamp":"2026-11-25 03:02:22.1","x":%d}\n'
    (tmp_path / "a.log").write_bytes(HEAD + event[:-1] % 1 + HEAD + b"{\n" + HEAD + event % 2)

    frame, told = read(Reader.read_logs, tmp_path / "a.log")
    assert sorted(numbers(frame)) == [1, 2]
    assert len(told) == 1


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['{"timestamp": 1}', "}{", '"', "\\", "\ufeff", "\ufffd", "\n", "\0", HEAD.decode() + '{"x": 9}', "!📁!{}"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
names = texts.filter(lambda key: key.lower() not in {"timestamp", "track_id", "xetrack_extra", "level", "n"})
written = st.lists(st.dictionaries(names, values, max_size=3), min_size=1, max_size=6)
damages = st.sampled_from(["none", "joined", "mark", "torn", "torn then joined", "garbage", "blank", "zeros"])


@pytest.mark.fuzz
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), events=written)
@pytest.mark.parametrize("sink", ["jsonl", "logs"])
def test_every_complete_event_is_read_and_the_rest_warned_of(data, events, sink):
    with TemporaryDirectory() as folder:
        option = (
            {"jsonl": Path(folder, "a.log")} if sink == "jsonl" else {"logs_path": folder, "logs_file_format": "a.log"}
        )
        with Tracker(Tracker.SKIP_INSERT, track_id="run", **option) as tracker:
            for number, event in enumerate(events):
                tracker.log({"n": number, **event})
        lines = Path(folder, "a.log").read_bytes().splitlines(keepends=True)
        assert len(lines) == len(events)

        complete, damaged, out = [], False, b""
        unfinished = False  # the line so far is torn: damage, unless the file ends before it does
        for number, line in enumerate(lines):
            damage = data.draw(damages, label=f"damage of line {number}")
            if damage.startswith("torn"):
                percent = data.draw(st.integers(0, 99), label="percent")
                first = line.index(b"{") + 1  # before it, nobody can tell whose line it was
                cut = line[: first + (len(line) - 3 - first) * percent // 100]
                last = number == len(lines) - 1
                unfinished = damage != "torn" or last
                out += cut if unfinished else cut + b"\n"
                damaged |= not unfinished
                continue
            complete.append(number)
            damaged |= unfinished
            unfinished = False
            if damage == "zeros" and out.endswith(b"\n"):
                out += b"\0" * 5 + b"\n"
                damaged |= sink == "jsonl"  # lines that belong to no entry of a log are anybody's
            out += BOM + line if damage == "mark" else line
            if damage == "joined":
                out = out[:-1]
            elif damage == "garbage":
                out = out[:-1] + b" @@@\n"
                damaged = True
            elif damage == "blank":
                out += b" \r\n\n"
        Path(folder, "a.log").write_bytes(out)

        frame, told = read(Reader.read_jsonl if sink == "jsonl" else Reader.read_logs, Path(folder, "a.log"))
        assert sorted(numbers(frame, "n")) == complete
        assert bool(told) == damaged or (told and unfinished)
        for row in frame.to_dict("records"):
            assert all(row[key] == value for key, value in events[int(row["n"])].items() if type(value) in {str, list})
