"""The same call has the same key, in every process; another call has another one."""

import collections
import copy
import decimal
import itertools
import pickle
from dataclasses import dataclass, field
from functools import partial

import cache_values
import pytest
from cache_values import (
    CONTENT,
    HASHABLE,
    Colour,
    Config,
    HashableList,
    Keyed,
    Level,
    Other,
    Pair,
    Pixel,
    Point,
    Slotted,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xetrack_cache.call_keys import call_key
from xetrack_cache.encoder import NotEncodableError

# hypothesis 6.100 spells out strategies when it draws a member of a set again, and warns that they are long
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def number(value):
    """An id for a parameter: its repr may differ from process to process."""
    return type(value).__name__


def process(*args, **kwargs):
    """Stands for any function."""


def key(*args, function=process, params=(), depends_on=(), content=False, **kwargs):
    return call_key(function, args, kwargs, dict(params), depends_on, content=content)


def content_key(*args):
    return key(*args, content=True)


def test_a_key_is_the_name_of_the_function_and_a_digest():
    name, _, digest = key(1).rpartition(":")

    assert name == f"{__name__}.process"
    assert len(bytes.fromhex(digest)) == 20


# Must differ


def test_every_value_has_a_key_of_its_own():
    keys = {name: key(value) for name, value in HASHABLE.items()}

    assert len(set(keys.values())) == len(keys)


def test_every_content_has_a_key_of_its_own():
    values = {**HASHABLE, **{f"{name} of content": value for name, value in CONTENT.items()}}
    keys = {name: content_key(value) for name, value in values.items()}

    assert len(set(keys.values())) == len(keys)


class Plain:
    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return type(other) is type(self) and self.value == other.value


class Plainer(Plain):
    pass


DIFFERENT = [
    ((1,), (True,)),
    ((1,), (1.0,)),
    ((0,), (False,)),
    ((0.0,), (-0.0,)),
    ((1,), ("1",)),
    (("a",), (b"a",)),
    ((2**61,), (1,)),
    ((-1,), (-2,)),
    ((Config(-1),), (Config(-2),)),
    ((Config(1),), (Config(value=True),)),
    ((Config(1),), (Config(1.0),)),
    ((Config("a"),), (Other("a"),)),
    ((Plain(1),), (Plain(2),)),
    ((Plain(1),), (Plainer(1),)),
    (((1,),), ((True,),)),
    (((1, 2),), (1, 2)),
    ((((1,), 2),), ((1, (2,)),)),
    (((), ()), (((), ()),)),
    (("ab", "c"), ("a", "bc")),
    (("s1:a",), ("a",)),
    ((decimal.Decimal(2),), (2,)),
    ((decimal.Decimal("2.0"),), (decimal.Decimal(2),)),
    ((frozenset({1}),), (frozenset({True}),)),
    ((frozenset({1, 2}),), ((1, 2),)),
    ((Colour.RED,), (Colour.GREEN,)),
    ((Colour.RED,), (1,)),
    ((Level.LOW,), (1,)),
    ((Point(1.0),), (Pixel(1.0),)),
    ((Point(1.0),), (Point(1),)),
    ((Pair(1, 2),), ((1, 2),)),
    ((HashableList([1, 2]),), (HashableList([2, 1]),)),
    ((HashableList([]),), (HashableList([()]),)),
    ((Slotted(1, 2),), (Slotted(2, 1),)),
    ((Keyed("a"),), (Keyed("b"),)),
    ((Keyed("a"),), ("a",)),
    ((Config,), (Config("a"),)),
    ((Config, 1), (Other, 1)),
    ((cache_values.double,), (cache_values.triple,)),
    ((float("inf"),), (float("-inf"),)),
    ((None,), ()),
    ((None,), (0,)),
    (("",), ((),)),
    ((range(3),), (range(0, 3, 2),)),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=number)
def test_different_arguments_have_different_keys(one, other):
    assert key(*one) != key(*other)


DIFFERENT_CONTENT = [
    ([1, 2], [2, 1]),
    ([1], (1,)),
    ([1], [True]),
    ([[1], 2], [[1, 2]]),
    ({"a": 1}, {"a": 1.0}),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),  # a function may tell one from the other
    ({1: "a"}, {True: "a"}),
    ({1}, frozenset({1})),
    ({1, 2}, {1, 2, 3}),
    ([], {}),
    (bytearray(b"a"), b"a"),
    (collections.OrderedDict(a=1), {"a": 1}),
    (collections.deque([1]), collections.deque([1], maxlen=2)),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT_CONTENT, ids=number)
def test_different_contents_have_different_keys(one, other):
    assert content_key(one) != content_key(other)


def test_how_arguments_are_given_and_what_else_counts_is_told_apart():
    calls = {
        "position": key(1),
        "keyword": key(x=1),
        "other keyword": key(y=1),
        "param": key(params={"x": 1}),
        "other param": key(params={"x": 2}),
        "dependency": key(depends_on=[1]),
        "both": key(1, x=1),
        "none": key(),
        "two dependencies": key(depends_on=[1, 1]),
    }

    assert len(set(calls.values())) == len(calls)


def test_a_function_that_takes_any_keywords_can_tell_their_order():
    def named(*, a, b):
        return (a, b)

    def order(**kwargs):
        return list(kwargs)

    assert key(a=1, b=2, function=order) != key(b=2, a=1, function=order)
    assert key(a=1, b=2, function=named) == key(b=2, a=1, function=named)
    assert key(params={"a": 1, "b": 2}) == key(params={"b": 2, "a": 1})


# Must match


@pytest.mark.parametrize("name", HASHABLE)
def test_equal_values_have_one_key(name):
    value = HASHABLE[name]
    twin = copy.deepcopy(value)
    if name != "keyed":  # its noise cannot be equal
        twin = pickle.loads(pickle.dumps(twin))  # noqa: S301 - our own

    assert key(twin) == key(value)


@pytest.mark.parametrize("name", CONTENT)
def test_equal_contents_have_one_key(name):
    assert content_key(copy.deepcopy(CONTENT[name])) == content_key(CONTENT[name])


def test_the_order_in_which_attributes_were_set_does_not_count():
    one, other = Config("a"), Config("a")
    one.first, one.second = 1, 2
    other.second, other.first = 2, 1

    assert key(one) == key(other)


def test_fields_that_a_dataclass_does_not_compare_do_not_count():
    assert key(Point(1.0, 2.0, "here")) == key(Point(1.0, 2.0, "there"))


def test_a_dataclass_with_an_equality_of_its_own_goes_by_all_its_fields():
    @dataclass(frozen=True)
    class Named:
        name: str
        note: str = field(compare=False, default="")

        def __eq__(self, other):
            return (self.name, self.note) == (other.name, other.note)

        __hash__ = object.__hash__

        def __cache_key__(self):
            return NotImplemented

    Named.__hash__ = lambda self: hash(self.name)
    del Named.__cache_key__

    assert key(Named("a", "b")) != key(Named("a", "c"))


def test_params_need_not_be_hashable():
    assert key(params={"layers": [1, 2]}) == key(params={"layers": [1, 2]}) != key(params={"layers": [2, 1]})


# Refused


class Identity:
    pass


class Unhashable:
    __hash__ = None


class Failing:
    def __hash__(self):
        raise RuntimeError


@dataclass
class Mutable:
    x: int = 0


@dataclass(frozen=True)
class HoldsList:
    items: list


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([1], list),
        ({}, dict),
        ({1}, set),
        (bytearray(), bytearray),
        ((1, [2]), list),
        (Identity(), Identity),
        ((Identity(),), Identity),
        (Unhashable(), Unhashable),
        (Failing(), Failing),
        (Mutable(), Mutable),
        (HoldsList([1]), HoldsList),
        (partial(cache_values.double, [1]), list),
        (Identity().__init__, Identity),
        (object(), object),
        (lambda: 1, None),
        (itertools.count(), itertools.count),
    ],
    ids=number,
)
def test_what_is_not_hashable_is_refused(value, kind):
    if kind is None:
        assert key(value)
        return
    with pytest.raises(NotEncodableError) as caught:
        key(value)
    assert caught.value.kind is kind


def test_identity_is_refused_by_content_too():
    with pytest.raises(NotEncodableError):
        content_key([Identity()])


def test_by_content_an_unhashable_object_goes_by_what_it_holds():
    assert content_key(Mutable(1)) == content_key(Mutable(1)) != content_key(Mutable(2))
    assert content_key(HoldsList([1])) == content_key(HoldsList([1])) != content_key(HoldsList([2]))


def test_a_value_that_holds_itself_or_is_too_deep_does_no_harm():
    looped, other = [1], [1]
    looped.append(looped)
    other.append(other)
    deep = ()
    for _ in range(100_000):
        deep = (deep,)

    assert content_key(looped) == content_key(other) != content_key([1, [1]])
    with pytest.raises(NotEncodableError, match="too deeply"):
        key(deep)


def test_an_object_that_holds_a_lock_is_refused():
    import threading

    config = Config("a")
    config.lock = threading.Lock()

    with pytest.raises(NotEncodableError, match="cannot be pickled"):
        key(config)


# Other processes, other hash seeds

PRINT_KEYS = """
    import sys
    import cache_values
    from xetrack_cache.call_keys import call_key
    for name, value in [*cache_values.HASHABLE.items(), *cache_values.CONTENT.items()]:
        print(name, call_key(cache_values.double, [value], {"x": value}, {"p": value}, [value], content=True), sep="=")
"""


def test_keys_are_the_same_in_every_process(python):
    first, second, optimised = (python(PRINT_KEYS, PYTHONHASHSEED=seed) for seed in ("1", "2", "random"))

    assert len(first.splitlines()) == len(HASHABLE) + len(CONTENT)
    assert first == second == optimised


# Properties

atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.complex_numbers()
    | st.decimals(allow_nan=False)
    | st.dates()
    | st.sampled_from(Colour)
)
hashable = st.recursive(
    atoms,
    lambda inner: (
        st.tuples(inner)
        | st.tuples(inner, inner)
        | st.frozensets(inner, max_size=3)
        | st.builds(Config, inner)
        | st.builds(Pair, inner, inner)
        | st.builds(Pixel, inner, inner)
    ),
    max_leaves=8,
)
anything = st.recursive(
    hashable,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(atoms, inner, max_size=3) | st.sets(atoms, max_size=3),
    max_leaves=8,
)


def spelt(value):
    """A text that is different for values that a function can tell apart, found in another way than keys are."""
    if isinstance(value, (Config, Pixel)):
        return f"{type(value).__name__}({spelt(vars(value))})"
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}{sorted(map(spelt, value))}"
    if isinstance(value, dict):
        return f"dict{[(spelt(key), spelt(item)) for key, item in value.items()]}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}{list(map(spelt, value))}"
    if isinstance(value, (float, complex)):
        return f"{type(value).__name__}{pickle.dumps(value)}"
    return f"{type(value).__name__}:{value!r}"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(anything, anything)
def test_two_values_have_one_key_only_if_they_are_the_same(one, other):
    assert (content_key(one) == content_key(other)) == (spelt(one) == spelt(other))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(anything)
def test_a_copy_has_the_same_key(value):
    assert content_key(pickle.loads(pickle.dumps(value))) == content_key(value)  # noqa: S301 - our own


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test
@given(st.lists(hashable, max_size=4), st.lists(hashable, max_size=4))
def test_two_calls_have_one_key_only_if_their_arguments_are_the_same(one, other):
    assert (key(*one) == key(*other)) == (spelt(one) == spelt(other))
