"""Filters select the runs that an oracle selects from what was logged, on SQLite, in memory and in another dialect."""

import math
import operator
import re
import sqlite3
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from toy_engine import TOY, ToyEngine

from xetrack import Reader, Tracker
from xetrack._filter.syntax import FUNCTIONS, And, Compare, In, IsNull, Key, Not, Or, Value, Word
from xetrack.errors import FilterError, OptionError
from xetrack.plugin import MemoryEngine, parse_filter

NAN, INF, BIG = float("nan"), float("inf"), 2**53 + 1
CRAMPED = replace(TOY, max_columns=4, placeholder="?", extra_has="")
NAMES = ("ant", "Bee", "anteater")
# Keys that SQLite cannot tell apart, that JSON escapes, and that no column may have.
NAMES_OF_KEYS = ("x", "X", 'q"\\', "_rowid_", "key", "a b", "never")
ANY = (None, True, False, 0, 1, 5, BIG, 2**70, 0.5, -0.0, 1.0, float(2**53), NAN, INF, -INF, "5", "Word", "none", b"5")
ANY += ([1, "a"], {"b": 5})
SAFE = (None, True, 1, 2.5, 4, -8, "5", NAN)  # their means are exact in any order
CHOICES = {"key": SAFE, "a b": (None, True, False)}
VALUES = {key: st.sampled_from(CHOICES.get(key, ANY)) for key in NAMES_OF_KEYS[:-1]}
ROWS = st.fixed_dictionaries({}, optional=VALUES)
LOGGED = st.lists(st.tuples(st.sampled_from(NAMES), ROWS), min_size=1, max_size=10)

# What a filter has, and what it stands for in Python; bare text may be a number.
LITERALS = {
    Value(text): value
    for text, value in {
        "5": 5, "1e0": 1, str(BIG): BIG, str(2**70): 2**70, ".5": 0.5, "nan": NAN, "-inf": -INF, "2.5": 2.5,
        "true": True, "False": False, "null": None, "Word": "Word", "word": "word", "5s": 5,
    }.items()
}  # fmt: skip
LITERALS |= {Value(text, "quoted"): text for text in ("5", "none", "Word", '[1, "a"]', "35", "")}
REGEXES = [Value(text, "regex") for text in ("^5", "W.*d", "(?i)^w", "[0-9]+$", "")]

KEYS = st.one_of(
    st.builds(Key, st.sampled_from(NAMES_OF_KEYS)),
    st.builds(Key, st.sampled_from(NAMES_OF_KEYS), st.sampled_from([each for each in FUNCTIONS if each != "mean"])),
    st.just(Key("key", "mean")),
    st.just(Key("run")),
    st.just(Key("rows")),
)
SIGNS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
LEAVES = st.one_of(
    st.builds(Compare, KEYS, st.sampled_from(list(SIGNS)), st.sampled_from(list(LITERALS))),
    st.builds(Compare, KEYS, st.sampled_from(["~", "!~"]), st.sampled_from([*LITERALS, *REGEXES])),
    st.builds(In, KEYS, st.lists(st.sampled_from(list(LITERALS)), min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(IsNull, KEYS, st.booleans()),
    st.builds(Word, st.sampled_from(["ant", "EE", "eat", "x"])),
)
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=2).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=2).map(tuple)),
    ),
    max_leaves=3,
)


class Refusal(Exception):  # noqa: N818 - expected, not an error
    """The oracle expects a `FilterError`."""


class Oracle:
    """Evaluates a filter from what was logged, run by run, with nothing but Python."""

    def __init__(self, logged):
        self.rows = {}
        for run, row in logged:
            self.rows.setdefault(run, []).append(row)

    def select(self, node):
        return {run for run in self.rows if self.holds(node, run)}

    def holds(self, node, run):
        # Every part is looked at, because each may be refused.
        if isinstance(node, (And, Or)):
            return (all if isinstance(node, And) else any)([self.holds(part, run) for part in node.parts])
        if isinstance(node, Not):
            return not self.holds(node.part, run)
        if isinstance(node, Word):
            return node.text.lower() in run.lower()
        mine = self.value(node.key, run)
        return self.compares(node, mine)

    def compares(self, node, mine):
        if isinstance(node, IsNull):
            return (mine is None) != node.negated
        if isinstance(node, In):
            each = [self.compare(node.key, "!=" if node.negated else "=", value, mine) for value in node.values]
            return all(each) if node.negated else any(each)
        if "~" in node.operator:
            return mine is not None and self.matches(node.value, mine) == (node.operator == "~")
        return self.compare(node.key, node.operator, node.value, mine)

    def value(self, key, run):
        if key.name in {"run", "rows"}:
            return run if key.name == "run" else len(self.rows[run])
        if not any(key.name in row for rows in self.rows.values() for row in rows):
            raise Refusal(key)
        values = [row[key.name] for row in self.rows[run] if row.get(key.name) is not None]
        numbers = [value + 0 for value in values if isinstance(value, (int, float)) and value == value]
        if key.function == "count":
            return len(values)
        if key.function in {"min", "max"}:
            return {"min": min, "max": max}[key.function](numbers, default=None)
        if key.function == "mean":
            return float(sum(map(Fraction, numbers)) / len(numbers)) if numbers else None
        return values[0 if key.function == "first" else -1] if values else None

    def compare(self, key, sign, literal, mine):
        wanted, quoted = LITERALS[literal], literal.style == "quoted"
        if wanted is None:
            if sign not in {"=", "!="}:
                raise Refusal(literal)
            return (mine is None) == (sign == "=")
        kinds = {kind(value) for value in (self.value(key, run) for run in self.rows) if value is not None}
        is_length = literal.text == "5s"
        if quoted or kind(wanted) not in kinds or (is_length and str in kinds):
            if kinds and str not in kinds:
                raise Refusal(literal)
            wanted = literal.text
        if sign not in {"=", "!="} and (wanted != wanted or isinstance(wanted, bool)):
            raise Refusal(literal)
        if mine is None:
            return False
        if kind(mine) is not kind(wanted):
            return sign == "!="
        if wanted != wanted:
            return (mine != mine) == (sign == "=")
        return SIGNS[sign](shown(mine) if isinstance(wanted, str) else mine, wanted)

    def matches(self, literal, mine):
        text = shown(mine) if not isinstance(mine, bool) else str(mine).lower()
        if literal.style == "regex":
            return re.search(literal.text, text) is not None
        return literal.text.lower() in text.lower()


def kind(value):
    return bool if isinstance(value, bool) else float if isinstance(value, (int, float)) else str


def shown(value):
    if isinstance(value, bytes):
        return value.hex()
    return {"[1, 'a']": '[1, "a"]', "{'b': 5}": '{"b": 5}'}.get(str(value), str(value))


def log(db, logged):
    """Log the rows in this order, though they are of several runs."""
    with ExitStack() as stack:
        trackers = {name: stack.enter_context(Tracker(db, track_id=name)) for name, _ in reversed(logged)}
        for name, row in logged:
            trackers[name].log(row)


def in_engine(reader, engine):
    """Return another engine, with the rows of the reader."""
    for columns in reader.engine.scan("events"):
        engine.append("events", [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])
    return engine


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(logged=LOGGED, nodes=st.lists(NODES, min_size=1, max_size=12))
def test_filters_select_what_the_oracle_selects(tmp_path_factory, logged, nodes):
    db = tmp_path_factory.mktemp("filters") / "f.db"
    log(db, logged)
    oracle = Oracle(logged)
    with Reader(db) as reader:
        others = [in_engine(reader, each) for each in (MemoryEngine(), ToyEngine(), ToyEngine(CRAMPED))]
        for node in nodes:
            note(str(node))
            try:
                expected = oracle.select(node)
            except Refusal:
                expected = FilterError
            assert outcome(lambda: reader.list_runs(str(node))) == expected  # noqa: B023 - called at once
            listed = reader.list_runs()
            for other in others:
                assert outcome(lambda: parse_filter(str(node)).select(listed, other, "events")) == expected  # noqa: B023


def outcome(select):
    try:
        return {run["track_id"] for run in select()}
    except FilterError:
        return FilterError


@pytest.fixture
def reader(tmp_path):
    log(
        tmp_path / "f.db",
        [
            ("one", {"loss": 3.0, "optimizer": {"lr": 0.1, "a.b": {"c": 1}}, "rows": 7, "big": 1e308}),
            ("two", {"loss": 1.0, "optimizer": {"lr": 0.2}, "status": "odd", "age": 40, "big": 1}),
            ("one", {"loss": 2.0, "big": 1e308, "ok": True, "mix": 5}),
            ("two", {"loss": NAN, "x": INF, "ok": False, "mix": "5s"}),
            ("two", {"x": -INF, "gone": None}),
        ],
    )
    with Tracker(tmp_path / "f.db", track_id="three", params={"optimizer": {"lr": 0.3}, "loss": 9}) as tracker:
        tracker.log({"loss": 0.5})
    with Reader(tmp_path / "f.db") as found:
        yield found


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("optimizer.lr > 0.1", "two three"),
        ("params.optimizer.lr >= 0.3", "three"),
        ("optimizer.a.b.c = 1", "one"),
        ("loss = 0.5", "three"),
        ("params.loss = 9", "three"),
        ("params ~ optimizer", "three"),
        ("rows = 2", "one"),
        ("last_rows = 7", "one"),
        ("last(rows) = 7", "one"),
        ("status = finished", "one two three"),
        ("last_status = odd", "two"),
        ("age > 39", "two"),
        ("age < 1m", "one three two"),
        ("duration >= 0s and duration < 2h30m", "one two three"),
        ("duration > 1w", ""),
        ("run = one", "one"),
        ("track_id ~ T", "two three"),
        ("t and not w", "three"),
        ("ended is not null and table = events", "one two three"),
        ("pid > 0 and host is not null and python ~ /^3\\.[0-9]+/", "one two three"),
        ("max(big) = 1e308 and mean(big) = 1e308", "one"),
        ("max(x) = inf and min(x) = -inf and mean(x) is null and count(x) = 2", "two"),
        ("max(loss) = 1 and min(loss) = 1 and count(loss) = 2", "two"),
        ("last(loss) = nan", "two"),
        ("first(loss) = 3", "one"),
        ("mean(loss) = 2.5", "one"),
        ("mix = 5s", "two"),
        ("last(ok) = true", "one"),
        ("first(ok) != true and max(ok) = 0", "two"),
        ("first(optimizer) = '{\"lr\": 0.2}'", "two"),
        ("count(x) = 0", "one three"),
        ("gone is null and count(gone) = 0 and max(gone) is null", "one two three"),
        ("not x = inf", "one two three"),
        ("x != inf", "two"),
        ("optimizer.lr not in (0.1, 0.2, null)", "three"),
        ("optimizer.lr in (.1, null)", "one"),
    ],
)
def test_what_keys_stand_for(reader, where, expected):
    found = [run["track_id"] for run in reader.list_runs(where)]

    assert sorted(found) == sorted(expected.split())
    frame = reader.runs(where)
    assert list(frame.get("track_id", ())) == found


def test_the_order_and_the_rows_are_those_without_a_filter(reader):
    every = reader.list_runs()

    assert repr(reader.list_runs("loss is not null")) == repr(every)
    assert repr(reader.list_runs(["not two", "run != one"])) == repr(
        [each for each in every if each["track_id"] == "three"]
    )
    assert repr(reader.list_runs([])) == repr(every)


TIME = "2026-11-27 14:02:05.123456"


@pytest.mark.parametrize(
    ("where", "matches"),
    [
        ("started = 2026-11-27", True),
        ("started <= 2026-11-27", True),
        ("started >= 2026-11-27", True),
        ("started < 2026-11-27", False),
        ("started > 2026-11-27", False),
        ("started > 2026-11-26", True),
        ("started < 2026-11-28", True),
        ("started != 2026-11-28", True),
        ("started = 2026-11-27T14", True),
        ("started = '2026-11-27 14:02'", True),
        ("started > 2026-11-27T14:01", True),
        ("started <= 2026-11-27T14:02:04", False),
        ("started = 2026-11-27T14:02:05.123456", True),
        ("started < 2026-11-27T14:02:05.2", True),
        ("started in (2026-11-26, 2026-11-27)", True),
        ("started ~ 27", True),
        ("ended = 2026-11-27", False),
        ("ended != 2026-11-27", False),
        ("first = 2026-11-27", False),  # not a time, as in files of 0.x
        ("first != 2026-11-27", True),
        ("age > 1h and age < 2h", True),
        ("duration is null", True),
    ],
)
def test_times(where, matches, monkeypatch):
    class Then(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromisoformat(TIME) + timedelta(minutes=90)

    monkeypatch.setattr("xetrack._filter.keys.datetime", Then)
    run = {"track_id": "a", "started": TIME, "ended": None, "first": "27-11-2026 14:02", "last": None, "params": {}}

    assert bool(parse_filter(where).select([run], MemoryEngine(), "events")) is matches


@pytest.mark.parametrize(
    ("where", "at", "reason"),
    [
        ("loss > 0 and los > 1", 13, "no run has a key 'los'. Did you mean 'loss'?"),
        ("max(los) > 1", 0, "no run has a key 'los'. Did you mean 'loss'?"),
        ("max(params.loss) > 1", 0, "no run has a key 'params.loss'."),
        ("optimizer.l > 1", 0, "no run has a key 'optimizer.l'."),
        ("zzzzzz > 1", 0, "no run has a key 'zzzzzz'. Known: "),
        ("max(timestamp) > 1", 0, "no run has a key 'timestamp'."),
        ("loss > high", 7, "loss holds only numbers, not high."),
        ("max(loss) = '3'", 12, 'max(loss) holds only numbers, not "3".'),
        ("loss in (1, 2, high)", 15, "loss holds only numbers, not high."),
        ("loss > 2x", 7, "loss holds only numbers, not 2x."),
        ("loss <= nan", 8, "nan works only with = and !=."),
        ("loss > null", 7, "null works only with = and !=."),
        ("started > yesterday", 10, "started holds times: expected a date, such as 2026-11-27"),
        ("started > 2026-02-30", 10, "started holds times: expected a date"),
        ("started > 2026-11-27T25", 10, "started holds times: expected a date"),
    ],
)
def test_what_cannot_match_is_refused_where_it_stands(reader, where, at, reason):
    with pytest.raises(FilterError) as caught:
        reader.list_runs(["loss > 100", where])

    error = caught.value
    assert (error.text, error.position) == (where, at)
    assert error.reason.startswith(reason)


def test_a_table_without_rows_knows_no_keys_to_refuse(tmp_path):
    with Tracker(tmp_path / "f.db") as tracker:
        tracker.log({"a": 1})
        tracker.engine.delete("events", tracker.track_id)
        with Reader(tmp_path / "f.db") as reader:
            assert reader.list_runs("acc > 0.5 and max(loss) < 3") == []
            with pytest.raises(FilterError, match="expected a value"):
                reader.list_runs("acc > ")


def test_the_filter_of_a_reader_is_checked(reader):
    with pytest.raises(OptionError, match="where=3: not a filter"):
        reader.runs(3)
    with pytest.raises(FilterError, match="expected a condition"):
        reader.runs("")


@pytest.mark.parametrize(
    "name", ["x", 'a"b', "a'b; DROP TABLE events --", "{key}", "?", "ü", "a\\b", "select", "a\nb", "a\0b"]
)
def test_a_name_is_never_sql(tmp_path, name):
    log(tmp_path / "f.db", [("one", {name: 1}), ("one", {name: 3}), ("two", {name: NAN})])
    quoted = '"' + name.replace('"', '""') + '"'
    with Reader(tmp_path / "f.db") as reader:
        for function, value in {"last": 3, "first": 1, "min": 1, "max": 3, "mean": 2, "count": 2}.items():
            assert [run["track_id"] for run in reader.list_runs(f"{function}({quoted}) = {value}")] == ["one"]
        assert [run["track_id"] for run in reader.list_runs(f"last({quoted}) = nan")] == ["two"]


def test_files_of_0x_and_other_tables(tmp_path):
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.execute(
        'CREATE TABLE "default" (timestamp TEXT, track_id TEXT, x REAL, PRIMARY KEY (track_id, timestamp))'
    )
    connection.executemany("INSERT INTO \"default\" VALUES (?, 'old', ?)", [("18-08-2023 11:02:35", 1.5), ("19", 2.5)])
    connection.commit()
    connection.close()
    with Reader(tmp_path / "old.db") as reader:
        assert len(reader.list_runs("max(x) = 2.5 and first(x) = 1.5 and started is null and first ~ 18-08")) == 1
        assert reader.list_runs("age < 2h or duration < 2h") == []


def test_the_rows_of_clean_runs_stay_in_sqlite(tmp_path, monkeypatch):
    log(tmp_path / "f.db", [("one", {"x": float(index)}) for index in range(20)] + [("two", {"x": NAN})])
    seen = []
    monkeypatch.setattr("xetrack._filter.aggregates._logged", lambda *args: seen.append(args[-1]) or [])
    with Reader(tmp_path / "f.db") as reader:
        monkeypatch.setattr(type(reader.engine), "scan", None)
        assert [run["track_id"] for run in reader.list_runs("max(x) = 19 and mean(x) = 9.5")] == ["one"]
    assert set(seen) == {"two"}


def test_another_process_changes_the_file(reader):
    with Tracker(reader.db, track_id="four") as tracker:
        tracker.log({"loss": 100.0, "brand new": 1})
        assert [run["track_id"] for run in reader.list_runs("max(loss) = 100 and 'brand new' = 1")] == ["four"]
        assert [run["track_id"] for run in reader.list_runs("status = running")] == ["four"]


def test_a_huge_integer(tmp_path):
    huge = 10**5000
    log(tmp_path / "f.db", [("one", {"n": huge}), ("one", {"n": huge}), ("two", {"n": 1})])
    with Reader(tmp_path / "f.db") as reader:
        assert [run["track_id"] for run in reader.list_runs("n ~ 1000000 and mean(n) > 1e308 and max(n) > 5")] == [
            "one"
        ]
        assert [run["track_id"] for run in reader.list_runs("n = 1" + "0" * 5000)] == ["one"]
        with pytest.raises(FilterError, match=r"holds only numbers, not x{60}…"):
            reader.list_runs("n = " + "x" * 5000)


def test_the_mean_is_rounded_once():
    from xetrack._filter.tally import Tally

    assert Tally([1e16, 1.0, -1e16]).mean == pytest.approx(1 / 3, rel=1e-15)
    assert Tally([0.1] * 10).mean == 0.1
    assert Tally([math.ulp(0.0)] * 3).mean == math.ulp(0.0)
    assert Tally([1e308, 1e308]).mean == 1e308
    assert Tally([2**2000]).mean == 2**2000
    assert Tally([INF, 1, NAN]).mean == INF
