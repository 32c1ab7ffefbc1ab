"""A pickle of a few bytes does not take gigabytes."""

import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xetrack.plugin import check_memory

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(PLAIN, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_what_python_writes_passes(value, protocol):
    data = pickle.dumps([value, value], protocol)
    check_memory(data)
    check_memory(memoryview(bytearray(data)))


def test_long_ones_pass_too():
    check_memory(pickle.dumps([[number] for number in range(1000)], 2))
    check_memory(pickle.dumps([[number] for number in range(1000)], 0))


@pytest.mark.parametrize("data", [b"Nr\x00\x00\x00\x60.", b"Np1610612736\n.", b"\x80\x05]r\xff\xff\xff\x7f."])
def test_a_far_place_in_the_memo_is_refused(data):
    with pytest.raises(pickle.UnpicklingError, match="refer to index"):
        check_memory(data)


@pytest.mark.parametrize("data", [b"p", b"r\0", b"\x80\x05p1", b"Xr", b"\xffr", b"cr\np\n"])
def test_what_is_no_pickle_is_refused(data):
    with pytest.raises(pickle.UnpicklingError, match="damaged"):
        check_memory(data)
