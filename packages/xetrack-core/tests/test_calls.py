"""`track` and `wrap`: what is called, what is logged, and whose exception comes out."""

import asyncio
import functools
import inspect
import warnings
from dataclasses import dataclass, field

import pytest

from xetrack import Tracker, XetrackError, XetrackWarning
from xetrack.errors import OptionError

FIELDS = ["function_name", "args", "kwargs", "error", "function_time", "function_result", "timestamp", "track_id"]


@pytest.fixture
def tracker():
    with Tracker(":memory:") as made:
        yield made


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


def fail(*args, **kwargs):
    message = "no such layer"
    raise ValueError(message)


def told(tracker, *keys):
    """Some of what was logged last."""
    return tuple(tracker.latest[key] for key in keys)


# Both calling forms


@pytest.mark.parametrize(
    "call",
    [
        lambda track: track(add, 2, 3),
        lambda track: track(add, args=[2, 3]),
        lambda track: track(add, args=(2, 3), kwargs={}, params={}),
    ],
)
def test_arguments_go_in_directly_or_as_args(tracker, call):
    assert call(tracker.track) == 5

    assert list(tracker.latest) == FIELDS
    assert told(tracker, *FIELDS[:4], "function_result") == ("add", "[2, 3]", "{}", "", 5)
    assert type(tracker.latest["function_time"]) is float
    assert tracker.latest["function_time"] >= 0
    assert len(tracker) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda track: track(add, 2, b=3),
        lambda track: track(add, args=[2], kwargs={"b": 3}),
        lambda track: track(add, 2, kwargs={"b": 3}),
        lambda track: track(add, args=[2], b=3),
    ],
)
def test_keyword_arguments_go_in_directly_or_as_kwargs(tracker, call):
    assert call(tracker.track) == 5

    assert told(tracker, "args", "kwargs") == ("[2]", "{'b': 3}")


@pytest.mark.parametrize(
    "call",
    [
        lambda track: track(add, 1, args=[2]),
        lambda track: track(add, 1, args=[]),
        lambda track: track(add, 1, b=2, kwargs={"b": 3}),
    ],
)
def test_an_argument_given_in_both_forms_is_refused_before_the_function_runs(tracker, call):
    with pytest.raises(OptionError, match="given twice"):
        call(tracker.track)

    assert len(tracker) == 0


def test_a_function_with_parameters_of_our_names_gets_them_through_kwargs(tracker):
    def odd(function, args, kwargs, params):
        return [function, args, kwargs, params]

    given = {"function": 1, "args": 2, "kwargs": 3, "params": 4}

    assert tracker.track(odd, kwargs=given) == [1, 2, 3, 4]


def test_params_are_added_to_the_row_of_the_call_alone(tracker):
    tracker.set_param("model", "resnet18")

    tracker.track(add, args=[1], params={"model": "xgboost", "fold": 2})
    assert told(tracker, "model", "fold") == ("xgboost", 2)

    assert "fold" not in tracker.log({"x": 1})


# Names


class Adder:
    """Adds to a base."""

    def __init__(self, base):
        self.base = base

    def __call__(self, a):
        return self.base + a

    def method(self, a):
        return self.base + a

    @classmethod
    def make(cls, base):
        return cls(base).base

    @staticmethod
    def static(a):
        return a


class Async:
    async def __call__(self, a):
        return a


NAMES = {
    "function": (add, "add"),
    "lambda": (lambda a: a, "<lambda>"),
    "partial": (functools.partial(add, b=2), "add"),
    "partial of a partial": (functools.partial(functools.partial(add, b=2), b=3), "add"),
    "partial of a callable object": (functools.partial(Adder(1)), "Adder"),
    "bound method": (Adder(1).method, "method"),
    "class method": (Adder.make, "make"),
    "static method": (Adder.static, "static"),
    "callable object": (Adder(1), "Adder"),
    "class": (Adder, "Adder"),
    "builtin": (abs, "abs"),
    "builtin method": ([].append, "append"),
}


@pytest.mark.parametrize(("function", "name"), NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("form", ["track", "wrap"])
@pytest.mark.filterwarnings("ignore:Only the repr of:xetrack.XetrackWarning")
def test_anything_callable_has_a_name_and_works(tracker, function, name, form):
    result = tracker.track(function, 1) if form == "track" else tracker.wrap(function)(1)

    assert told(tracker, "function_name", "args", "error") == (name, "[1]", "")
    assert type(result) is type(function(1))


# wrap


def test_wrap_is_used_plain_with_parentheses_and_with_params(tracker):
    @tracker.wrap
    def plain(a):
        return a

    @tracker.wrap()
    def called(a):
        return a

    @tracker.wrap(params={"name": "foofoo"})
    def named(a, b):
        return a + len(b)

    assert [plain(1), called(2), named(1, b="hello")] == [1, 2, 6]
    assert [row["function_name"] for row in tracker] == ["plain", "called", "named"]
    assert told(tracker, "args", "kwargs", "name", "function_result") == ("[1]", "{'b': 'hello'}", "foofoo", 6)


def test_a_wrapped_function_keeps_its_name_doc_and_signature(tracker):
    wrapped = tracker.wrap(add)

    assert (wrapped.__name__, wrapped.__qualname__, wrapped.__doc__) == ("add", "add", "Add two numbers.")
    assert wrapped.__module__ == __name__
    assert inspect.signature(wrapped) == inspect.signature(add)
    assert wrapped.__wrapped__ is add


def test_the_params_of_wrap_are_copied(tracker):
    params = {"a": 1}
    wrapped = tracker.wrap(params=params)(add)

    params["a"] = 2
    wrapped(1)

    assert tracker.latest["a"] == 1


@pytest.mark.parametrize("outside", [True, False], ids=["wrap outside", "wrap inside"])
def test_wrap_works_on_methods_static_methods_and_class_methods(tracker, outside):
    def both(decorator):
        return (lambda f: tracker.wrap(decorator(f))) if outside else (lambda f: decorator(tracker.wrap(f)))

    class Model:
        scale = 10

        @tracker.wrap
        def method(self, a):
            return self.scale * a

        @both(staticmethod)
        def static(a):  # noqa: N805 - a static method
            return a + 1

        @both(classmethod)
        def make(cls, a):  # noqa: N805 - a class method
            return cls.scale + a

        def __repr__(self):
            return "Model"

    assert Model().method(2) == 20
    assert told(tracker, "function_name", "args") == ("method", "[Model, 2]")
    assert (Model.static(1), Model().static(1)) == (2, 2)
    assert told(tracker, "function_name", "args") == ("static", "[1]")
    assert (Model.make(1), Model().make(1)) == (11, 11)
    assert tracker.latest["function_name"] == "make"


def test_nested_wrapped_functions_are_logged_inner_first(tracker):
    inner = tracker.wrap(add)

    @tracker.wrap
    def outer():
        return inner(1) + inner(2)

    assert outer() == 5
    assert [row["function_name"] for row in tracker] == ["add", "add", "outer"]


# Async functions and generators


async def fetch(a):
    await asyncio.sleep(0)
    return a


async def fetch_fail():
    await asyncio.sleep(0)
    fail()


def count(to):
    """Count up."""
    received = []
    for number in range(to):
        received.append((yield number))  # noqa: PERF401 - a comprehension cannot yield
    return received


async def count_async(to):
    for number in range(to):
        yield number


KINDS = {
    "coroutine": (fetch, inspect.iscoroutinefunction),
    "generator": (count, inspect.isgeneratorfunction),
    "async generator": (count_async, inspect.isasyncgenfunction),
    "plain": (add, inspect.isfunction),
}


@pytest.mark.parametrize(("function", "recognised"), KINDS.values(), ids=KINDS)
def test_a_wrapped_function_is_of_the_same_kind(tracker, function, recognised):
    assert recognised(tracker.wrap(function))
    assert inspect.signature(tracker.wrap(function)) == inspect.signature(function)


def test_an_async_function_is_awaited_and_then_logged(tracker):
    wrapped = tracker.wrap(fetch)

    assert asyncio.run(wrapped(3)) == 3
    assert told(tracker, "function_name", "function_result") == ("fetch", 3)
    assert asyncio.run(tracker.track(fetch, 4)) == 4
    assert asyncio.run(tracker.track(Async(), 5)) == 5
    assert told(tracker, "function_name", "function_result") == ("Async", 5)
    assert asyncio.run(tracker.track(functools.partial(fetch, 6))) == 6
    assert len(tracker) == 4


def test_an_async_function_that_was_never_awaited_is_not_logged(tracker):
    coroutine = tracker.wrap(fetch)(3)
    coroutine.close()

    assert len(tracker) == 0


def test_an_async_function_that_fails_is_logged_and_raises(tracker):
    with pytest.raises(ValueError, match="no such layer"):
        asyncio.run(tracker.wrap(fetch_fail)())

    assert told(tracker, "function_name", "error") == ("fetch_fail", "ValueError: no such layer")


def test_a_cancelled_task_is_logged_and_stays_cancelled(tracker):
    async def main():
        task = asyncio.ensure_future(tracker.wrap(asyncio.Event().wait)())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())

    assert tracker.latest["error"] == "CancelledError"


def test_calls_that_run_at_the_same_time_do_not_mix(tracker):
    async def main():
        wrapped = tracker.wrap(fetch)
        return await asyncio.gather(*(wrapped(number) for number in range(10)))

    assert asyncio.run(main()) == list(range(10))
    assert sorted((row["args"], row["function_result"]) for row in tracker) == [(f"[{n}]", n) for n in range(10)]


@pytest.mark.parametrize("form", ["track", "wrap"])
def test_a_generator_yields_and_receives_as_before_and_is_logged_at_its_end(tracker, form):
    numbers = tracker.track(count, 2) if form == "track" else tracker.wrap(count)(2)

    assert next(numbers) == 0
    assert len(tracker) == 0
    assert numbers.send("a") == 1
    with pytest.raises(StopIteration) as caught:
        numbers.send("b")
    assert caught.value.value == ["a", "b"]
    assert told(tracker, "function_name", "args", "error", "function_result") == ("count", "[2]", "", ["a", "b"])


def test_a_generator_closed_early_is_logged_without_an_error(tracker):
    closed = []

    @tracker.wrap
    def numbers():
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    running = numbers()
    next(running)
    running.close()

    assert closed == [True]
    assert told(tracker, "function_name", "error", "function_result") == ("numbers", "", None)
    assert len(tracker) == 1


def test_what_is_thrown_into_a_generator_reaches_it(tracker):
    @tracker.wrap
    def numbers():
        try:
            yield 1
        except KeyError:
            yield 2

    running = numbers()
    next(running)

    assert running.throw(KeyError("x")) == 2
    assert list(running) == []
    assert tracker.latest["error"] == ""


def test_a_generator_that_fails_is_logged_and_raises(tracker):
    @tracker.wrap
    def numbers():
        yield 1
        fail()

    with pytest.raises(ValueError, match="no such layer"):
        list(numbers())

    assert tracker.latest["error"] == "ValueError: no such layer"


def test_an_async_generator_is_logged_at_its_end_and_when_closed_early(tracker):
    closed = []

    @tracker.wrap
    async def numbers(to):
        try:
            for number in range(to):
                yield number
        finally:
            closed.append(to)

    async def main():
        found = [number async for number in numbers(3)]
        early = numbers(4)
        found.append(await anext(early))
        await early.aclose()
        return found

    assert asyncio.run(main()) == [0, 1, 2, 0]
    assert closed == [3, 4]
    assert [(row["args"], row["error"]) for row in tracker] == [("[3]", ""), ("[4]", "")]


# Results


def test_a_returned_dict_is_merged_into_the_row_and_comes_back_untouched(tracker):
    result = {"accuracy": 0.9, "loss": [1, 2]}

    assert tracker.track(lambda: result) is result

    assert told(tracker, "accuracy", "loss") == (0.9, [1, 2])
    assert "function_result" not in tracker.latest
    assert result == {"accuracy": 0.9, "loss": [1, 2]}


def test_params_join_a_returned_dict_which_wins(tracker):
    tracker.track(lambda: {"x": 1}, params={"x": 0, "fold": 2})

    assert told(tracker, "x", "fold", "error") == (1, 2, "")


CLASHES = {
    "a field of the call": ({"error": "mine", "x": 1}, {"error": "", "result_error": "mine", "x": 1}),
    "reserved": ({"timestamp": "mine"}, {"result_timestamp": "mine"}),
    "not text": ({1: "one", None: 2}, {"result_1": "one", "result_None": 2}),
    "the other name is taken too": (
        {"error": "mine", "result_error": "too"},
        {"error": "", "result_error": "too", "result_result_error": "mine"},
    ),
    "two of one text": ({1: "int", "1": "str", "result_1": "third"}, {"1": "str", "result_1": "third"}),
}


@pytest.mark.parametrize(("result", "expected"), CLASHES.values(), ids=CLASHES)
def test_a_clash_in_a_returned_dict_is_kept_under_another_name_with_one_warning(tracker, result, expected):
    with pytest.warns(XetrackWarning, match="result_"):
        tracker.track(lambda: result)
    tracker.track(lambda: result)  # a second warning would be an error

    assert len(tracker) == 2
    logged = tracker.latest
    assert [value for value in result.values() if value not in logged.values()] == []  # no value is lost
    if "result_result_error" not in expected:
        assert {key: logged[key] for key in expected} == expected


@pytest.mark.parametrize("key", FIELDS[:-2])
@pytest.mark.parametrize("where", ["run", "call", "wrap"])
def test_params_named_like_a_field_of_the_call_are_kept_under_another_name_with_one_warning(key, where):
    mine = {key: "mine", "fold": 1}
    tracker = Tracker(":memory:", mine if where == "run" else None)
    wrapped = tracker.wrap(add, params=mine if where == "wrap" else None)

    def call():
        if where == "wrap":
            return wrapped(1, 2)
        return tracker.track(add, 1, 2, params=mine if where == "call" else None)

    plain = Tracker(":memory:")
    plain.track(add, 1, 2)
    with pytest.warns(XetrackWarning, match=f"'{key}' in params: a column of tracked calls has the same name"):
        assert call() == 3
    assert call() == 3  # a second warning would be an error
    logged = tracker.latest
    assert (logged[f"param_{key}"], logged["fold"]) == ("mine", 1)
    for name in FIELDS[:-2]:
        assert type(logged[name]) is float if name == "function_time" else logged[name] == plain.latest[name]


def test_the_other_name_of_a_param_is_never_one_that_is_taken():
    tracker = Tracker(":memory:", {"error": "of the run", "param_error": "too"})
    with pytest.warns(XetrackWarning, match="param_"):
        tracker.track(lambda: {"param_param_error": "returned"})

    logged = tracker.latest
    kept = {key: value for key, value in logged.items() if key.endswith("_error")}
    assert kept == {
        "param_error": "too",
        "param_param_error": "returned",
        "param_param_param_error": "of the run",
    }


def test_a_param_named_like_a_field_that_the_call_does_not_have_is_as_ever():
    tracker = Tracker(":memory:", {"function_result": "mine", "cache": "mine"})
    tracker.track(lambda: {"x": 1})

    assert (tracker.latest["function_result"], tracker.latest["cache"]) == ("mine", "mine")


def test_none_is_a_result_too(tracker):
    assert tracker.track(lambda: None) is None

    assert tracker.latest["function_result"] is None
    assert "function_result" in tracker.latest


# Arguments as text


class Grumpy:
    def __repr__(self):
        message = "not now"
        raise RuntimeError(message)


class Vulgar:
    def __repr__(self):
        return "\ud800"


HARD = {
    "failing repr": ([Grumpy()], {"g": Grumpy()}),
    "failing repr inside": ([[Grumpy()]], {"g": {"a": Grumpy()}}),
    "surrogate": ([Vulgar(), "\ud800"], {"v": Vulgar()}),
    "huge text": (["x" * 10**6], {"a": "y" * 10**6}),
    "many": (list(range(100_000)), {f"k{number}": number for number in range(10_000)}),
    "huge list": ([list(range(10**6))], {"a": [[["deep"] * 1000] * 1000]}),
    "huge int": ([10**5000], {"a": [10**5000]}),
}


@pytest.mark.parametrize(("args", "kwargs"), HARD.values(), ids=HARD)
def test_any_arguments_become_text_of_bounded_length(tracker, args, kwargs):
    tracker.track(lambda *args, **kwargs: 1, args=args, kwargs=kwargs)

    for text in told(tracker, "args", "kwargs"):
        assert 2 < len(text) <= 10_000
    assert tracker.latest["function_result"] == 1
    assert tracker[0] == tracker.latest


def test_the_text_of_huge_nested_arguments_is_bounded_work_too(tracker):
    class Counted:
        shown = 0

        def __repr__(self):
            type(self).shown += 1
            return "x"

    tracker.track(lambda image: None, [[[Counted()] * 60] * 60] * 60)

    assert Counted.shown <= 20_000  # what is beyond 10,000 characters is cut anyway


def test_an_argument_whose_repr_fails_is_told_by_its_type(tracker):
    tracker.track(lambda a, b: None, Grumpy(), 2)

    assert "Grumpy" in tracker.latest["args"]
    assert tracker.latest["args"].endswith(", 2]")


@dataclass
class Optimizer:
    name: str = "adam"
    rate: float = 0.1


@dataclass
class Config:
    epochs: int
    optimizer: Optimizer = field(default_factory=Optimizer)


def test_dataclass_arguments_are_unpacked_by_parameter_and_field(tracker):
    def train(config, seed, other=None):
        return seed

    tracker.track(train, Config(3), 5, other=Optimizer("sgd"))

    assert told(tracker, "config_epochs", "config_optimizer_name", "config_optimizer_rate") == (3, "adam", 0.1)
    assert told(tracker, "other_name", "other_rate") == ("sgd", 0.1)


def test_dataclass_arguments_of_a_builtin_or_a_call_that_does_not_fit_are_unpacked_by_place(tracker):
    assert tracker.track(print, Optimizer(), file=None) is None
    with pytest.raises(TypeError):
        tracker.track(add, 1, 2, Optimizer())

    assert told(tracker, "arg2_name", "error")[0] == "adam"


def test_a_dataclass_itself_is_not_unpacked(tracker):
    tracker.track(lambda kind: 1, Config)

    assert list(tracker.latest) == FIELDS


def test_a_field_of_an_argument_does_not_hide_the_calls_own(tracker):
    def build(function):
        return 1

    tracker.track(build, Optimizer(name="relu"))

    assert tracker.latest["function_name"] == "build"
    assert "relu" in tracker.latest.values()


def test_a_dataclass_that_holds_itself_does_not_cost_the_result():
    @dataclass
    class Node:
        next: object = None

    node = Node()
    node.next = node
    tracker = Tracker(":memory:")

    assert tracker.track(lambda node: 1, node) == 1
    assert "Node" in str(tracker.latest["node_next"])


# Errors


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such layer"), "ValueError: no such layer"),
        (ValueError(), "ValueError"),
        (KeyError("x"), "KeyError: 'x'"),
        (RuntimeError("\ud800"), "RuntimeError: \\ud800"),
        (RuntimeError(Grumpy()), "RuntimeError: <RuntimeError: str() raised RuntimeError>"),
        (ExceptionGroup("several", [ValueError("a")]), "ExceptionGroup: several (1 sub-exception)"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_error_is_logged_by_type_and_message_before_it_goes_on(tracker, error, text):
    def broken():
        raise error

    with pytest.raises(type(error)) as caught:
        tracker.track(broken)

    assert caught.value is error
    assert told(tracker, "function_name", "error", "function_result") == ("broken", text, None)


def test_a_long_message_is_cut(tracker):
    with pytest.raises(ValueError, match="xxx"):
        tracker.track(int, "x" * 10**6)

    assert len(tracker.latest["error"]) <= 10_000


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("raise_on_error", [True, False])
def test_what_ends_the_program_is_logged_and_always_goes_on(error, raise_on_error):
    tracker = Tracker(":memory:", raise_on_error=raise_on_error)

    def leave():
        raise error

    with pytest.raises(error):
        tracker.track(leave)

    assert tracker.latest["function_name"] == "leave"
    if error is not GeneratorExit:
        assert tracker.latest["error"] == error.__name__


def test_raise_on_error_false_swallows_the_exception_after_logging_it():
    tracker = Tracker(":memory:", raise_on_error=False)

    assert tracker.track(fail) is None
    assert tracker.wrap(fail)() is None
    assert asyncio.run(tracker.wrap(fetch_fail)()) is None
    assert list(tracker.wrap(lambda: (yield fail()))()) == []
    assert {row["error"] for row in tracker} == {"ValueError: no such layer"}
    assert len(tracker) == 4


@pytest.mark.parametrize("raise_on_error", [True, False])
def test_a_failure_to_log_never_hides_the_functions_own_exception(raise_on_error):
    tracker = Tracker(":memory:", {"fine": 1}, raise_on_error=raise_on_error)
    tracker.log({"x": 1})

    def broken():
        tracker.close()
        fail()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            tracker.track(broken)
            raised = None
        except ValueError as error:
            raised = str(error)

    assert raised == ("no such layer" if raise_on_error else None)
    assert len(caught) == 1
    assert "broken could not be logged" in str(caught[0].message)


def test_a_failure_to_log_hides_no_exception_even_where_warnings_are_errors():
    tracker = Tracker(":memory:")

    def broken():
        tracker.close()
        fail()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="no such layer"):
            tracker.track(broken)


def test_a_failure_to_log_a_call_that_went_well_raises(tracker):
    with pytest.raises(XetrackError, match="timestamp"):
        tracker.track(add, 1, params={"timestamp": 1})


def test_the_exception_of_a_call_has_no_part_of_xetracks_own_troubles(tracker):
    with pytest.raises(ValueError, match="no such layer") as caught:
        tracker.track(fail)

    assert caught.value.__context__ is None


# What cannot be logged

CYCLE = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize("result", [CYCLE, {"ok": 1, "list": CYCLE}])
def test_a_result_that_cannot_be_stored_is_returned_and_logged_as_text(result):
    tracker = Tracker(":memory:")
    with pytest.warns(XetrackWarning, match="has its repr instead"):
        assert tracker.track(lambda: result) == result
    assert len(tracker) == 1
    assert tracker.latest["error"] == ""


def test_params_that_cannot_be_stored_are_refused_before_the_function_runs():
    tracker, ran = Tracker(":memory:"), []
    with pytest.raises(XetrackError, match="timestamp"):
        tracker.track(ran.append, 1, params={"timestamp": 2})
    assert ran == []


def test_a_field_whose_name_is_reserved_gets_another():
    @dataclass
    class Track:
        id: int

    tracker = Tracker(":memory:")
    tracker.track(lambda track: None, Track(7))
    assert tracker.latest["argument_track_id"] == 7
    assert tracker.latest["track_id"] == tracker.track_id
