"""Calls that a function cannot tell apart have one key, and all others have keys of their own."""

import functools
import sys
from functools import partial, wraps

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xetrack import Reader, Tracker
from xetrack_cache.call_keys import call_key
from xetrack_cache.encoder import NotEncodableError


def key(function, *args, content=False, **kwargs):
    return call_key(function, args, kwargs, {}, content=content)


def power(c, d=6):
    return c**d


class Model:
    """A method, and an object that can be called."""

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return isinstance(other, Model)

    def fit(self, c, d=6):
        return c**d

    def any(*args):
        return args

    __call__ = fit


@pytest.mark.parametrize("function", [power, Model().fit, Model(), partial(power), partial(Model().fit)])
def test_arguments_count_as_the_parameters_they_are_bound_to(function):
    same = {
        key(function, 5, 6),
        key(function, 5, d=6),
        key(function, c=5, d=6),
        key(function, d=6, c=5),
        key(function, 5),
        key(function, c=5),
        key(partial(function, 5)),
        key(partial(function, d=6), 5),
        key(partial(function, d=7), 5, d=6),
    }
    different = {key(function, 5, 7), key(function, 6), key(function, 6, 5), key(function, c=6, d=5)}

    assert len(same) == 1
    assert len(same | different) == 4


# Functions of every kind of signature, which return all that they can see of a call


@st.composite
def functions(draw):
    names = draw(st.lists(st.sampled_from("abcd"), max_size=4, unique=True))
    only, keyword = sorted((draw(st.integers(0, len(names))), draw(st.integers(0, len(names)))))
    required = draw(st.integers(0, keyword))
    parts = [name if place < required else f"{name}={place}" for place, name in enumerate(names[:keyword])]
    parts.insert(only, "/")
    args, kwargs = draw(st.booleans()), draw(st.booleans())
    parts = parts if only else parts[1:]
    if args or keyword < len(names):
        parts.append("*args" if args else "*")
    parts += [f"{name}=1" if draw(st.booleans()) else name for name in names[keyword:]]
    if kwargs:
        parts.append("**kwargs")
    seen = [*names, *(["args"] if args else []), *(["list(kwargs.items())"] if kwargs else [])]
    return f"def f({', '.join(parts)}): return [{', '.join(seen)}]"


calls = st.tuples(
    st.lists(st.integers(0, 2), max_size=4),
    st.dictionaries(st.sampled_from("abcdx"), st.integers(0, 2), max_size=4),
)


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(functions(), st.lists(calls, min_size=2, max_size=8), st.booleans(), calls)
def test_calls_have_one_key_exactly_if_the_function_sees_no_difference(source, given_calls, is_method, held):
    namespace = {"__name__": __name__}
    exec(source.replace("f(", "f(self, ") if is_method else source, namespace)  # noqa: S102 - our own
    function = namespace["f"]
    if is_method:
        function = function.__get__(5)
    seen = {}
    for each in (function, partial(function, *held[0], **held[1])):
        for args, kwargs in given_calls:
            try:
                result = repr(each(*args, **kwargs))
            except TypeError:
                continue
            seen.setdefault(result, set()).add(key(each, *args, **kwargs))

    assert all(len(keys) == 1 for keys in seen.values()), seen
    assert len(set.union(set(), *seen.values())) == len(seen), seen


def test_a_call_that_does_not_fit_has_the_key_of_no_other_and_fails_as_python_has_it(tmp_path):
    wrong = [((), {}), ((1, 2, 3), {}), ((1,), {"c": 1}), ((1,), {"e": 1})]
    keys = {call_key(power, args, kwargs, {}) for args, kwargs in wrong}

    assert len(keys) == 4
    assert key(power, 1) not in keys
    with (
        Tracker(tmp_path / "track.db", cache=tmp_path / "cache") as tracker,
        pytest.raises(TypeError, match="argument"),
    ):
        tracker.track(power, args=[1, 2, 3])


def test_the_decorator_is_bound_and_not_what_it_wraps():
    def counted(function):
        @wraps(function)
        def inner(*args, **kwargs):
            return len(args), list(kwargs)

        return inner

    decorated = counted(power)

    assert len({key(decorated, 5, 6), key(decorated, 5, d=6), key(decorated, c=5, d=6), key(decorated, d=6, c=5)}) == 4


@pytest.mark.skipif(sys.version_info < (3, 14), reason="functools.Placeholder is new in Python 3.14")
def test_a_partial_with_placeholders_is_not_taken_apart():
    held = partial(power, functools.Placeholder, 6)

    assert len({key(held, 5), key(held, 6), key(power, 5, 6)}) == 3


def test_an_object_whose_call_takes_no_self_is_bound_without_one():
    class Static(Model):
        @staticmethod
        def __call__(c, d=6):
            return c, d

    one = Static()

    assert len({key(one, 5, 6), key(one, 6, 5), key(one, 5), key(one, d=5, c=6)}) == 4


def test_a_builtin_and_a_class_go_by_how_they_are_called():
    assert key(int, "5") == key(int, "5") != key(int, "5", base=10)
    assert key(max, 1, 2) != key(max, 2, 1)
    assert key(dict, a=1, b=2) != key(dict, b=2, a=1)


def test_a_mutable_default_counts_by_its_content_at_the_time_of_the_call():
    def gather(item, into=[]):  # noqa: B006 - that is the point
        into.append(item)
        return into

    first = key(gather, 1)
    assert first == key(gather, 1) == key(gather, 1, content=True) == key(gather, 1, [], content=True)
    with pytest.raises(NotEncodableError):
        key(gather, 1, [])

    gather(1)
    assert key(gather, 1) != first


def test_a_default_without_an_encoding_means_no_key_unless_it_is_a_librarys(monkeypatch):
    import threading
    import types

    lock = threading.Lock()

    def guarded(x, lock=lock):
        return x

    with pytest.raises(NotEncodableError):
        key(guarded, 1)
    guarded.__module__, guarded.__qualname__ = "types", "guarded"
    monkeypatch.setattr(types, "guarded", guarded, raising=False)

    assert key(guarded, 1) == key(guarded, x=1) != key(guarded, 2)
    assert key(guarded, 1) != key(guarded, 1, "-")


def test_new_defaults_and_new_code_count():
    def f(x, y=1):
        return x, y

    def g(y, x=1):
        return x, y

    before = key(f, 1)
    f.__defaults__ = (2,)
    assert key(f, 1) != before
    f.__defaults__ = (1,)
    assert key(f, 1) == before
    f.__code__ = g.__code__
    assert key(f, 1) == key(f, y=1) != key(f, 1, x=2)


def test_names_count_where_the_code_does_not():
    namespace = {"__name__": __name__}
    versions = []
    for source in ("def f(a, b): return a", "def f(b, a): return a"):
        exec(source, namespace)  # noqa: S102 - our own
        versions.append(call_key(namespace["f"], (), {"a": 1, "b": 2}, {}, version="none"))

    assert versions[0] != versions[1]


def test_a_call_spelled_differently_is_a_hit_and_found_by_the_reader(tmp_path):
    with Tracker(tmp_path / "track.db", cache=tmp_path / "cache") as tracker:
        tracker.track(power, args=[2], kwargs={"d": 10})
        tracker.track(power, kwargs={"d": 10, "c": 2})
        tracker.track(power, args=[2, 10])
        found = tracker._generate_cache_key(power, [2, 10], {}, {})

        assert [row["cache"] for row in tracker] == ["", tracker.track_id, tracker.track_id]
    assert Reader.read_cache(tmp_path / "cache", found)["result"] == 1024
