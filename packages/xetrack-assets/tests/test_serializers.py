"""Arrays, frames and all else: which serializer takes what, and that nothing is lost."""

import pickle
import sys
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.extra import pandas as hpd

from xetrack import Provider, Tracker, hookimpl
from xetrack.errors import InvalidValueError, OptionError, PluginConflictError, PluginNotInstalledError
from xetrack_assets.arrays import Arrays
from xetrack_assets.frames import Frames
from xetrack_assets.pickles import Pickles

SCALARS = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="="),
    hnp.integer_dtypes(endianness=">"),
    hnp.floating_dtypes(),
    hnp.complex_number_dtypes(),
    hnp.datetime64_dtypes(),
    hnp.timedelta64_dtypes(),
    hnp.byte_string_dtypes(),
    hnp.unicode_string_dtypes(),
)
DTYPES = st.one_of(SCALARS, hnp.array_dtypes(SCALARS, allow_subarrays=False))


def joined(data):
    return b"".join(data) if isinstance(data, list) else bytes(data)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(st.data())
def test_arrays_come_back_as_they_were(data):
    dtype = data.draw(DTYPES)
    array = data.draw(hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)))
    array = data.draw(st.sampled_from([array, array.T, np.asfortranarray(array), array[::2]]))
    if not Arrays().takes(array):  # hypothesis draws names that are not ASCII
        assert not repr(dtype).isascii()
        return
    for buffer in (bytearray, bytes):
        back = Arrays().loads(buffer(joined(Arrays().dumps(array))))
        assert (back.dtype, back.shape) == (array.dtype, array.shape)
        assert back.tobytes() == array.tobytes()
        assert back.flags.writeable


def test_what_is_exported_of_an_array_is_a_npy_file(tmp_path):
    array = np.arange(12.0).reshape(3, 4)
    (tmp_path / "a.npy").write_bytes(joined(Arrays().dumps(array)))
    assert np.array_equal(np.load(tmp_path / "a.npy", allow_pickle=False), array)


class Mine(np.ndarray):
    pass


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.array([(1, None)], dtype=[("a", int), ("b", object)]),
        np.ma.masked_array([1, 2], [True, False]),
        np.zeros(2).view(Mine),
        np.zeros(2, dtype="V4"),
        np.zeros(2, dtype=np.dtype("f8", metadata={"unit": "m"})),
        np.zeros(2, dtype=[("é", int)]),
        [1, 2],
        "text",
    ],
    ids=["objects", "a record of objects", "masked", "subclass", "void", "metadata", "name", "list", "text"],
)
def test_what_the_format_would_lose_is_left_to_pickles(value):
    assert not Arrays().takes(value)


def test_arrays_are_not_copied_on_the_way():
    array = np.zeros(1000)
    assert np.shares_memory(np.frombuffer(Arrays().dumps(array)[1]), array)
    data = bytearray(joined(Arrays().dumps(array)))
    assert np.shares_memory(Arrays().loads(data), np.frombuffer(data, dtype=np.uint8))


COLUMNS = [
    hpd.column("a", dtype=int),
    hpd.column("b", dtype=float),
    hpd.column("c", elements=st.text(max_size=5)),
    hpd.column("d", dtype=bool),
    hpd.column("日", elements=st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01"))),
]


@pytest.mark.fuzz
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(hpd.data_frames(COLUMNS, index=hpd.range_indexes(min_size=0, max_size=5)), st.booleans())
def test_frames_come_back_as_they_were(frame, indexed):
    frame = frame.set_index("a") if indexed else frame
    if Frames().takes(frame):
        pd.testing.assert_frame_equal(Frames().loads(joined(Frames().dumps(frame))), frame, check_exact=True)


FRAMES = {
    "range": pd.DataFrame({"x": [1, 2], "y": [0.5, np.nan]}),
    "text": pd.DataFrame({"s": pd.array(["a", None], dtype="string")}),
    "nullable": pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "b": pd.array([True, None], dtype="boolean")}),
    "category": pd.DataFrame({"c": pd.Categorical(["a", "b", "a"], categories=["b", "a", "unused"], ordered=True)}),
    "zone": pd.DataFrame({"t": pd.to_datetime(["2026-01-01", None]).tz_localize("UTC")}),
    "index": pd.DataFrame({"x": [1.5, 2.5]}, index=pd.Index([7, 8], name="place")),
    "seconds": pd.DataFrame({"t": np.array([1, 2], "datetime64[s]"), "d": np.array([1, 2], "timedelta64[ms]")}),
    "no rows": pd.DataFrame({"x": np.array([], dtype="int8")}),
}


@pytest.mark.filterwarnings("ignore:Series.values returning")  # pyarrow before 26 asks pandas 3.1 for them
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_frames_of_many_kinds_come_back(frame):
    assert Frames().takes(frame)
    back = Frames().loads(joined(Frames().dumps(frame)))
    pd.testing.assert_frame_equal(back, frame, check_exact=True, check_index_type="exact", check_column_type="exact")
    back.insert(0, "new", 1)
    if len(back):
        back.iloc[0, 0] = 2  # it can be written to


class Subclass(pd.DataFrame):
    pass


LOST = {
    "mixed objects": pd.DataFrame({"o": pd.Series([1, "a"], dtype=object)}),
    "lists": pd.DataFrame({"o": [[1], [2]]}),
    "None among objects": pd.DataFrame({"o": pd.Series(["a", None], dtype=object)}),
    "complex": pd.DataFrame({"z": [1j]}),
    "labels that are no text": pd.DataFrame({0: [1]}),
    "labels twice": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "frequency": pd.DataFrame({"x": [1, 2]}, index=pd.date_range("2026-01-01", periods=2, freq="D")),
    "levels": pd.DataFrame({"x": [1]}, index=pd.MultiIndex.from_tuples([("a", 1)])),
    "no columns": pd.DataFrame(index=pd.RangeIndex(3)),
    "subclass": Subclass({"x": [1]}),
    "intervals of objects": pd.DataFrame({"p": pd.Series([pd.Period("2026-01")], dtype=object)}),
}


@pytest.mark.parametrize("frame", LOST.values(), ids=LOST)
def test_frames_that_arrow_would_change_are_left_to_pickles_and_come_back(frame, tracker):
    assert not Frames().takes(frame)
    key = tracker.assets.insert(frame)
    assert tracker.assets.info(key).serializer == "cloudpickle"
    pd.testing.assert_frame_equal(tracker.get(key), frame)


@pytest.mark.parametrize(("library", "serializer"), [("numpy", Arrays()), ("pandas", Frames())])
def test_a_library_that_another_thread_is_importing_is_no_hindrance(monkeypatch, library, serializer):
    monkeypatch.setitem(sys.modules, library, ModuleType(library))
    assert not serializer.takes(object())
    assert not serializer.takes(None)


def test_attributes_of_a_frame_come_back(tracker):
    frame = pd.DataFrame({"x": [1]})
    frame.attrs["window"] = (1, 2)  # JSON, which Arrow keeps it as, would make a list of it
    assert tracker.get(tracker.assets.insert(frame)).attrs == {"window": (1, 2)}


def test_the_bytes_of_a_pickle_are_those_of_a_plain_pickle():
    assert pickle.loads(Pickles(trusted=True).dumps({1, 2})) == {1, 2}  # noqa: S301 - our own


class Toy:
    """A serializer of somebody else's, for complex numbers."""

    safe, general = True, False

    def takes(self, value):
        return isinstance(value, complex)

    def dumps(self, value):
        return repr(value).encode()

    def loads(self, data):
        return complex(bytes(data).decode())

    @hookimpl
    def xetrack_serializers(self):
        return [Provider(self.name, lambda options, context: self)]

    name = "toy"


class OtherToy(Toy):
    name = "other"


def test_a_serializer_of_somebody_else_is_asked_before_the_general_one(track):
    tracker = track(plugins=[Toy])
    key = tracker.log({"z": 1 + 2j})["z"]
    assert tracker.assets.info(key).serializer == "toy"
    assert tracker.assets.raw(key).pieces == (b"(1+2j)",)
    assert tracker.get(key) == 1 + 2j


def test_what_its_serializer_is_missing_for_says_so(track):
    key = track(plugins=[Toy]).log({"z": 1j})["z"]
    with pytest.raises(PluginNotInstalledError, match=f"{key} needs the serializer 'toy'"):
        track().get(key)


def test_of_two_that_take_a_value_one_has_to_be_chosen(track):
    with pytest.raises(PluginConflictError, match=r"take a complex: toy, other. Choose one: serializer='toy'"):
        track(plugins=[Toy, OtherToy]).log({"z": 1j})
    tracker = track(plugins=[Toy, OtherToy], serializer="other")
    assert tracker.assets.info(tracker.log({"z": 1j})["z"]).serializer == "other"
    assert tracker.assets.info(tracker.log({"z": object})["z"]).serializer == "cloudpickle"


def test_a_serializer_that_does_not_exist_cannot_be_chosen(track):
    with pytest.raises(OptionError, match=r"serializer='josn' is not installed. Installed: arrow, cloudpickle, npy"):
        track(serializer="josn").log({"z": 1j})


def test_a_serializer_that_fails_is_named():
    class Failing(Toy):
        def dumps(self, value):
            message = "no ink"
            raise OSError(message)

    with pytest.raises(InvalidValueError, match=r"'z' is a builtins.complex, which toy cannot.*OSError: no ink"):
        Tracker(":memory:", plugins=[Failing]).log({"z": 1j})


@dataclass
class Mesh:
    """A dataclass of plain values: a config, unless somebody brings a serializer for it."""

    sizes: list[int]


class Meshes:
    safe, general = True, False

    def takes(self, value):
        return type(value) is Mesh

    def dumps(self, value):
        return bytes(value.sizes)

    def loads(self, data):
        return Mesh(list(data))

    @hookimpl
    def xetrack_serializers(self):
        return [Provider("meshes", lambda options, context: self)]


def test_a_dataclass_that_has_a_serializer_is_an_object_and_else_a_config(tmp_path):
    with Tracker(tmp_path / "track.db", plugins=[Meshes]) as tracker:
        row = tracker.log({"mesh": Mesh([1, 2])})
        assert tracker.get("mesh") == Mesh([1, 2])
        assert tracker.assets.info(row["mesh"]).serializer == "meshes"
        tracker.set_param("start", Mesh([3]))
        assert tracker.get(tracker.log({})["start"]) == Mesh([3])
    with Tracker(tmp_path / "track.db") as tracker:
        assert tracker.log({"mesh": Mesh([1, 2])})["mesh"] == {"sizes": [1, 2]}
