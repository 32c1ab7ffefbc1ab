"""A function is the same as long as it does the same: code, defaults, closure; and what it is bound to."""

import abc
import enum
import functools
import math
import sys
import threading
import types
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial, wraps

import cache_values
import pytest
from cache_values import Config

from xetrack_cache.call_keys import call_key
from xetrack_cache.encoder import NotEncodableError


def key(function, *args, version="code", depends_on=()):
    return call_key(function, args, {}, {}, depends_on, version=version)


def written(source, name="f", **variables):
    """The function or class `name` of a module with this source."""
    namespace = {"__name__": "written", **variables}
    exec(compile(source, "written.py", "exec"), namespace)  # noqa: S102 - our own
    return namespace[name]


def same(one, other, **options):
    return key(written(one), **options) == key(written(other), **options)


# Code

EDITS = [
    ("def f(x): return x + 1", "def f(x): return x + 2"),
    ("def f(x): return x + 1", "def f(x): return x + 1.0"),
    ("def f(x): return x + 1", "def f(x): return x + True"),
    ("def f(x): return x + 1", "def f(x): return x - 1"),
    ("def f(x): return len(x)", "def f(x): return sum(x)"),
    ("def f(x): return x.a", "def f(x): return x.b"),
    ("def f(x, y): return x", "def f(y, x): return x"),
    ("def f(x, y): return x", "def f(x, *, y): return x"),
    ("def f(x): return 'a'", "def f(x): return 'b'"),
    ("def f(x): return ['a' for _ in x]", "def f(x): return ['b' for _ in x]"),
    ("def f(x): return list('a' for _ in x)", "def f(x): return list('b' for _ in x)"),
    ("def f(x): return [i + 1 for i in x]", "def f(x): return [i + 2 for i in x]"),
    ("def f(x): return (lambda y: y + 1)(x)", "def f(x): return (lambda y: y + 2)(x)"),
    ("def f(x): 'a'; return 'a'", "def f(x): 'b'; return 'b'"),
    ("def f(x): return x in {1, 2}", "def f(x): return x in {1, 3}"),
    ("def f(x): return x in {'a', 'b'}", "def f(x): return x in ('a', 'b')"),
    ("def f(x):\n try: return x\n except ValueError: pass", "def f(x):\n try: return x\n except TypeError: pass"),
    ("f = lambda x: x + 1", "f = lambda x: x + 2"),
    ("f = lambda: 'a'", "f = lambda: 'b'"),
    ("async def f(x): return x", "def f(x): return x"),
    ("def f(x=1): return x", "def f(x=2): return x"),
    ("def f(x=1): return x", "def f(x=True): return x"),
    ("def f(x=[]): return x", "def f(x=[1]): return x"),
    ("def f(*, x=1): return x", "def f(*, x=2): return x"),
    ("def f(x): return x", "def g(x): return x\nf = g"),
]


@pytest.mark.parametrize(("one", "other"), EDITS)
def test_an_edited_function_is_another_one(one, other):
    assert not same(one, other)
    assert same(one, one)
    assert same(other, other)


UNTOUCHED = [
    ("def f(x): return x + 1", "\n\n# a remark\ndef f(x):\n    # another\n    return x + 1"),
    ("def f(x):\n 'doc'\n return x", "def f(x):\n 'other'\n return x"),
    ("def f(x):\n 'doc'\n return x", "def f(x):\n return x"),
    ("def f(x: int) -> int: return x", "def f(x: 'str'): return x"),
    ("def f(x):\n 'doc'\n return x in {'a', 'b', 'c'}", "def f(x):\n return x in {'c', 'b', 'a'}"),
]


@pytest.mark.parametrize(("one", "other"), UNTOUCHED)
def test_lines_remarks_docstrings_and_annotations_do_not_count(one, other):
    assert same(one, other)


def test_the_version_stands_for_the_code_if_the_user_says_so():
    one, other = "def f(x): return x + 1", "def f(x): return x + 2"

    assert same(one, other, version="none")
    assert same(one, other, version="v1")
    assert key(written(one), version="v1") != key(written(one), version="v2")
    assert key(written(one), version="v1") != key(written(one), version="code")


def test_lambdas_go_by_their_code_whatever_the_version():
    assert not same("f = lambda x: x + 1", "f = lambda x: x + 2", version="none")


def test_changing_what_a_function_has_is_noticed():
    f = written("def f(x=1): return x")
    before = key(f)

    f.__defaults__ = (2,)
    assert key(f) != before
    f.__defaults__ = (1,)
    assert key(f) == before
    f.__code__ = written("def f(x=1): return -x").__code__
    assert key(f) != before


def test_functions_that_share_their_code_go_by_their_own_defaults():
    """What is remembered of code must hold for every function made of it. As arguments, functions are not bound."""

    def made(keyword):
        def f(x, *, y=keyword):
            return x, y

        return f

    def only(default):
        def f(x=default):
            return x

        return f

    values = (1, 2, True, 1.0, "a", None, (1,), [1], [2])
    first = [key(map, only(value)) for value in values]
    assert len(set(first)) == len(values)
    assert [key(map, only(value)) for value in values] == first
    assert len({key(map, made(value)) for value in values}) == len(values)
    changing = made(2)
    before = key(map, changing)
    changing.__kwdefaults__["y"] = 3
    assert key(map, changing) != before


# Closures


def scaled(scale):
    def scaling(x):
        return scale * x

    return scaling


def test_closures_go_by_what_they_hold():
    assert key(scaled(2)) == key(scaled(2))
    assert len({key(scaled(value)) for value in (1, 2, True, 1.0, (1,), "a", Config("a"), Config("b"))}) == 8
    assert key(scaled([1])) == key(scaled([1])) != key(scaled([2]))
    assert key(scaled(scaled(2))) == key(scaled(scaled(2))) != key(scaled(scaled(3)))


def test_a_configuration_that_changes_is_noticed():
    config = {"lr": 1}

    def train(x):
        return config["lr"] * x

    before = key(train)
    config["lr"] = 2

    assert key(train) != before


def test_a_function_that_calls_itself_has_a_key():
    def factorial(n):
        return n * factorial(n - 1) if n else 1

    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    assert key(factorial) == key(factorial)
    assert key(even) != key(odd)


def test_a_closure_that_cannot_be_compared_is_refused():
    with pytest.raises(NotEncodableError, match="cannot be pickled"):
        key(scaled(sys._getframe()))


def counting():
    """Functions that tell what they did to the variables around them, and those variables."""
    calls, seen, number = [], set(), 0

    def count(x):
        nonlocal number
        number += 1
        calls.append(x)
        seen.add(x)

        def again():
            calls.append(x)

        again()
        return x

    return count


def test_a_variable_that_a_function_only_writes_to_does_not_count():
    count = counting()
    before = key(count)
    count(1)

    assert key(count) == before


READS = [
    "v.append(x); return len(v)",
    "v.append(x); return v",
    "m = v.append; m(x); return m",
    "v[0] += 1; return v[0]",
    "v[0] += 1; return x",
    "v[0] += x; return x",
    "v.pop(); return x",
    "return [v.append(i) for i in v]",
    "return (lambda: v)()",
    "def inner(): return v[0]\n   return inner()",
]


@pytest.mark.parametrize("body", READS)
def test_a_variable_that_a_function_reads_counts(body):
    source = f"def f(v):\n def g(x):\n   {body}\n return g"

    assert key(written(source)([1])) != key(written(source)([2]))


def test_writing_to_what_may_answer_counts():
    class Answering(list):
        def append(self, x):
            return len(self)

    source = "def f(v):\n def g(x): return v.append(x)\n return g"

    assert key(written(source)(Answering([1]))) != key(written(source)(Answering([1, 2])))
    assert key(written(source)([1])) == key(written(source)([1, 2]))


# Other callables


class Model:
    def __init__(self, weight):
        self.weight = weight

    def __hash__(self):
        return hash(self.weight)

    def __eq__(self, other):
        return type(other) is Model and other.weight == self.weight

    def predict(self, x):
        return self.weight * x

    def __call__(self, x):
        return self.predict(x)

    @classmethod
    def build(cls, x):
        return cls(x)

    @staticmethod
    def helper(x):
        return x


class Anonymous:
    def predict(self, x):
        return x


def test_a_bound_method_depends_on_its_object():
    assert key(Model(1).predict) == key(Model(1).predict) != key(Model(2).predict)
    assert key(Model(1)) == key(Model(1)) != key(Model(2))
    with pytest.raises(NotEncodableError) as caught:
        key(Anonymous().predict)
    assert caught.value.kind is Anonymous


def test_the_name_in_a_key_is_that_of_the_function():
    names = {
        "predict": Model(1).predict,
        "build": Model.build,
        "helper": Model.helper,
    }
    for name, function in names.items():
        assert key(function).startswith(f"{__name__}.Model.{name}:")
    assert key(Model(1), 2).startswith(f"{__name__}.Model.__call__:")
    assert key(partial(cache_values.double, 1)).startswith("cache_values.double:")
    assert key(math.sqrt).startswith("math.sqrt:")


def test_partials_go_by_what_they_hold():
    double = cache_values.double

    assert key(partial(double, 1)) == key(partial(double, 1)) != key(partial(double, 2))
    assert key(partial(partial(double, 1), 2)) == key(partial(double, 1, 2))
    assert key(double, partial(double, x=1)) != key(double, partial(double, 1))  # as an argument, it is looked at


def test_builtins_go_by_their_name_and_what_they_are_bound_to():
    assert (
        len({key(each) for each in (len, sum, math.sqrt, "ab".upper, "abc".upper, str.upper, int, dict.fromkeys)}) == 8
    )
    with pytest.raises(NotEncodableError):
        key([].append)


def test_wrappers_go_by_what_they_wrap():
    def logged(function):
        @wraps(function)
        def inner(*args):
            return function(*args)

        return inner

    one, other = (written(f"def f(x): return x + {i}") for i in (1, 2))

    assert key(logged(one)) == key(logged(one)) != key(logged(other))
    assert key(lru_cache(one)) == key(lru_cache(one)) != key(lru_cache(other))
    with pytest.raises(NotEncodableError):  # which keeps weak references to what was registered
        key(functools.singledispatch(one))


DECORATED = """
from functools import lru_cache, update_wrapper

class decorator:
    def __init__(self, function):
        update_wrapper(self, function)
        self.function = function

    def __hash__(self):
        return 1

    def __call__(self, x):
        return self.function(x)

@lru_cache
def cached(x):
    return x + 1

@decorator
def decorated(x):
    return x + 1
"""


@pytest.mark.parametrize("name", ["cached", "decorated"])
def test_an_edited_function_is_another_one_under_a_decorator_that_is_found_by_name(name, monkeypatch):
    """They went by their name alone, so that an edit got the old result."""
    keys = []
    for source in (DECORATED, DECORATED, DECORATED.replace("x + 1", "x + 2")):
        module = types.ModuleType("written")
        monkeypatch.setitem(sys.modules, "written", module)
        exec(source, module.__dict__)  # noqa: S102 - our own
        function = getattr(module, name)
        keys.append((key(function, 1), key(len, depends_on=[function])))

    assert keys[0] == keys[1]
    assert keys[0][0] != keys[2][0]
    assert keys[0][1] != keys[2][1]


def test_functions_are_arguments_too():
    one, other = (written(f"def f(x): return x + {i}") for i in (1, 2))

    assert key(map, one) == key(map, written("def f(x): return x + 1")) != key(map, other)
    assert key(map, lambda x: x + 1) != key(map, lambda x: x + 2)
    assert key(map, scaled(1)) != key(map, scaled(2))


# What else a result depends on


def test_helpers_are_looked_at_if_they_are_named():
    helper, edited = (written(f"def f(x): return x + {i}") for i in (1, 2))

    assert key(len, depends_on=[helper]) != key(len, depends_on=[edited])
    assert key(len, depends_on=[helper]) != key(len)
    assert key(len, depends_on=[{"a": [1]}]) != key(len, depends_on=[{"a": [2]}])


CLASSES = [
    ("class f:\n def g(self): return 1", "class f:\n def g(self): return 2"),
    ("class f:\n @property\n def g(self): return 1", "class f:\n @property\n def g(self): return 2"),
    ("class f:\n @staticmethod\n def g(): return 1", "class f:\n @staticmethod\n def g(): return 2"),
    ("class f:\n @classmethod\n def g(cls): return 1", "class f:\n @classmethod\n def g(cls): return 2"),
    ("class f:\n x = 1", "class f:\n x = 2"),
    ("class f:\n x = 1", "class f:\n x = True"),
    ("class b:\n def g(self): return 1\nclass f(b): pass", "class b:\n def g(self): return 2\nclass f(b): pass"),
    ("class f:\n class g:\n  x = 1", "class f:\n class g:\n  x = 2"),
    ("class f: pass", "class f(dict): pass"),
]


@pytest.mark.parametrize(("one", "other"), CLASSES)
def test_an_edited_class_is_another_one(one, other):
    first, second = written(one), written(other)

    assert key(len, depends_on=[first]) != key(len, depends_on=[second])
    assert key(len, depends_on=[first]) == key(len, depends_on=[written(one)])
    first.__hash__ = second.__hash__ = lambda self: 1
    assert key(print, first()) != key(print, second())


def test_a_class_that_is_changed_is_noticed(monkeypatch):
    before = key(len, Config("a"))
    assert key(len, Config("a")) == before

    monkeypatch.setattr(Config, "factor", 2, raising=False)
    changed = key(len, Config("a"))
    assert changed != before
    monkeypatch.setattr(Config, "factor", 3)
    assert key(len, Config("a")) not in {changed, before}
    monkeypatch.undo()
    assert key(len, Config("a")) == before


def made(n):
    class Made:
        def __hash__(self):
            return 1

        def __eq__(self, other):
            return type(other) is type(self)

        def value(self):
            return n

        @cached_property
        def more(self):
            return super().__hash__() + n

    return Made


def test_classes_made_by_a_function_are_told_apart():
    assert key(len, made(1)()) == key(len, made(1)()) != key(len, made(2)())


def test_dataclasses_made_by_a_function_are_told_apart():
    def build(n):
        @dataclass(frozen=True)
        class Built:
            x: int = n

            def value(self):
                return n

        return Built

    assert key(len, build(1)(5)) == key(len, build(1)(5)) != key(len, build(2)(5))


def test_functions_and_classes_of_a_module_that_is_gone_have_keys():
    module = types.ModuleType("gone")
    exec("def f(x): return x\nclass C: pass", module.__dict__)  # noqa: S102 - our own

    assert key(module.f) == key(module.f)
    assert key(len, module.C)


def test_enumerations_and_abstract_classes_made_by_a_function_have_keys():
    def colours(n):
        class Colour(enum.Enum):
            RED = n

        return Colour

    def abstract(n):
        class Abstract(abc.ABC):  # noqa: B024 - it is about what ABC adds
            def value(self):
                return n

        return Abstract

    for make in (colours, abstract):
        assert key(len, depends_on=[make(1)]) == key(len, depends_on=[make(1)]) != key(len, depends_on=[make(2)])
    assert key(len, colours(1).RED) == key(len, colours(1).RED) != key(len, colours(2).RED)


def test_what_only_makes_threads_wait_does_not_count():
    def work(lock, event):
        def working(x):
            with lock:
                event.set()
            return x

        return working

    event = threading.Event()
    before = key(work(threading.Lock(), event))
    event.set()

    assert key(work(threading.RLock(), event)) != before
    assert key(work(threading.Lock(), event)) == before
