"""Classes, functions and objects as users define them in a script, cut into the cells of a notebook.

`KINDS` has, by name, an object and a probe: what it tells of the object has to be the same after loading. The tests run
this text as `__main__`, in many ways; nobody imports it.
"""

# ruff: noqa: RUF012, UP042, PLC3002, RUF023, N818, PYI024 - written as users write

import abc
import dataclasses
import enum
import functools
import math
import typing
from collections import namedtuple

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression

# %%
KINDS = {}
LIMIT = 3
WORDS = {"the", "a", "of", "and", "to", "in"}
TITLE = "a text that is no identifier"


# %%
class Model:
    """A model."""

    kernel = "linear"
    layers = (64, 64, "relu")
    stop_words = {"the", "a", "of", "and"}
    frozen = frozenset({"alpha", "beta", "gamma"})

    def __init__(self, kernel="radial", rate=0.5):
        self.kernel = kernel
        self.rate = rate
        self.title = "a text that is no identifier"

    def predict(self, x):
        """Predict."""
        if self.kernel in {"radial", "linear", "cubic"}:
            return [each * self.rate * LIMIT for each in x if each not in {1, 7, "no", None}]
        return None


KINDS["instance"] = Model(), lambda it: [it.kernel, it.rate, it.title, it.predict([1, 2, 3]), sorted(it.frozen)]
KINDS["list of instances"] = [Model(), Model("cubic")], lambda it: [each.predict([5]) for each in it]
KINDS["class"] = Model, lambda it: [it().predict([4]), it.layers, sorted(it.stop_words), it.__doc__]
KINDS["bound method"] = Model().predict, lambda it: it([3, 4])
KINDS["method of a class"] = Model.predict, lambda it: it.__doc__
KINDS["dict of things"] = {"m": Model(), "c": Model, "f": len}, lambda it: [it["m"].rate, it["c"] is type(it["m"])]


# %%
class Base(abc.ABC):
    registry = []
    _count = 0

    def __init_subclass__(cls, **options):
        super().__init_subclass__()
        cls.options = options

    @abc.abstractmethod
    def first(self): ...

    @abc.abstractmethod
    def second(self): ...

    @abc.abstractmethod
    def third(self): ...

    @property
    def both(self):
        """Both."""
        return self.first() + self.second()

    @staticmethod
    def static(x):
        return x + 1

    @classmethod
    def make(cls):
        return cls()


class Derived(Base, option="on"):
    def __init__(self):
        super().__init__()
        self.beta, self.alpha, self.gamma, self.delta = 1, 2, 3, 4

    def first(self):
        return "f"

    def second(self):
        return "s" + __name__

    def third(self):
        self.epsilon = self.zeta = 5


class Registered:
    pass


class AlsoRegistered:
    pass


Base.register(Registered)
Base.register(AlsoRegistered)
KINDS["abstract class"] = Base, lambda it: [sorted(it.__abstractmethods__), it.static(1)]
KINDS["subclass"] = Derived(), lambda it: [it.both, it.make().alpha, it.static(2), it.options, type(it).both.__doc__]
KINDS["class of a subclass"] = Derived, lambda it: [it().both, [each.__name__ for each in it.__mro__]]


# %%
def activation(x):
    return max(x, 0)


@dataclasses.dataclass
class Config:
    learning_rate: float = 0.1
    optimizer: str = "adam"
    activation: typing.Callable = activation
    betas: tuple = (0.9, 0.999)
    tags: list = dataclasses.field(default_factory=list)
    kind: typing.ClassVar[str] = "config"

    @dataclasses.dataclass(frozen=True, order=True)
    class Part:
        width: int = 3
        name: str = "part of it"


@dataclasses.dataclass(slots=True)
class Slotted:
    alpha: int
    beta: str = "text"


KINDS["dataclass"] = Config(), lambda it: [repr(it.optimizer), it.betas, it == type(it)(), it.activation(-3)]
KINDS["dataclass, class"] = Config, lambda it: [each.name for each in dataclasses.fields(it)]
KINDS["nested class"] = Config.Part(), lambda it: [it.width, it.name, it < type(it)(4)]
KINDS["slots of a dataclass"] = Slotted(3), lambda it: [it.alpha, it.beta, dataclasses.astuple(it)]


# %%
class Colour(enum.Enum):
    RED = "red"
    GREEN = ("green", 2)

    def shout(self):
        return self.name + "!"


class Permission(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Level(str, enum.Enum):
    LOW = "low"
    HIGH = "high"


KINDS["enum member"] = Colour.GREEN, lambda it: [it.shout(), it is type(it)["GREEN"], it.value]
KINDS["enum"] = Colour, lambda it: [each.name for each in it]
KINDS["flag"] = Permission.READ | Permission.WRITE, lambda it: it.value
KINDS["text enum"] = [Level.LOW, Level.HIGH, Level.LOW], lambda it: [str.__str__(each) for each in it]


# %%
def plain(x, factor=2, *, text="radial"):
    """Multiply."""
    return [x * factor * LIMIT, text]


def with_annotations(x: "list[int]", y: int = 3) -> dict[str, int]:
    return {str(len(x)): y}


def with_globals(x):
    words = sorted(WORDS)
    return [words, TITLE, math.floor(x), np.linalg.norm([3, 4]), Model("linear").predict([2]), Colour.RED.value]


def recursive(n):
    return 1 if n < 2 else n * recursive(n - 1)


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def adder(n, label="an adder of numbers"):
    total = n

    def add(x):
        nonlocal total
        total += x
        return total, label

    return add


def generator(n):
    for each in range(n):
        yield (lambda y: y + each)(1)


async def coroutine(x):
    return x


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        """Wrap."""
        return ["wrapped", function(*args)]

    return wrapper


@decorated
def wrapped(x):
    """Be wrapped."""
    return x + 1


plain_with_attributes = lambda x: x  # noqa: E731
plain_with_attributes.note = "a note"
KINDS["function"] = plain, lambda it: [it(3), it.__doc__, it.__name__]
KINDS["function with annotations"] = with_annotations, lambda it: [it([1]), sorted(map(str, it.__annotations__))]
KINDS["function with globals"] = with_globals, lambda it: it(2.5)
KINDS["recursive function"] = recursive, lambda it: it(5)
KINDS["mutual recursion"] = even, lambda it: [it(4), it(5)]
KINDS["both of a mutual recursion"] = (even, odd), lambda it: [it[0](4), it[1](4)]
KINDS["lambda"] = lambda x: x in {"radial", "linear", "cubic"} or x + "!", lambda it: [it("linear"), it("x")]
KINDS["closure"] = adder(5), lambda it: it(0)
KINDS["two closures"] = [adder(5), adder(6, "another")], lambda it: [each(0) for each in it]
KINDS["partial"] = functools.partial(plain, 3, factor=4), lambda it: it()
KINDS["generator function"] = generator, lambda it: list(it(3))
KINDS["coroutine function"] = coroutine, lambda it: it.__name__
KINDS["decorated function"] = wrapped, lambda it: [it(1), it.__doc__, it.__wrapped__(1)]
KINDS["function with attributes"] = plain_with_attributes, lambda it: it.note
KINDS["handlers"] = {"on_end": plain, "on_start": lambda: "start"}, lambda it: [it["on_start"](), it["on_end"](1)]


# %%
def local_class(size):
    class Local:
        width = size

        def area(self):
            return self.width * size * LIMIT

        def again(self):
            return Local().area()

    return Local


class Meta(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.meta = "from the metaclass"
        return made


class WithMeta(metaclass=Meta):
    pass


class Slots:
    __slots__ = ("alpha", "beta", "__weakref__")

    def __init__(self):
        self.alpha, self.beta = "a", "bb"


class MoreSlots(Slots):
    __slots__ = {"gamma": "documented"}

    def __init__(self):
        super().__init__()
        self.gamma = "radial"


class Descriptor:
    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        return [self.name, TITLE]


class WithDescriptor:
    described = Descriptor()

    def __reduce__(self):
        return WithDescriptor, ()

    def __eq__(self, other):
        return type(other) is type(self)

    __hash__ = None


class Mapping(dict):
    def total(self):
        return sum(self.values())


class Failure(Exception):
    def __init__(self, message, code=4):
        super().__init__(message)
        self.code = code


Point = namedtuple("Point", "first_of_all second", defaults=(3,))


class Typed(typing.NamedTuple):
    first: int
    second: str = "radial"


class Options(typing.TypedDict, total=False):
    alpha: int
    beta: str


KINDS["local class"] = local_class(4)(), lambda it: [it.area(), it.again()]
KINDS["two local classes"] = [local_class(4)(), local_class(5)()], lambda it: [each.area() for each in it]
KINDS["equal local classes"] = (
    [local_class(4)(), local_class(4)(), local_class(4)()],
    lambda it: len({type(each) for each in it}),
)
KINDS["metaclass"] = WithMeta(), lambda it: [it.meta, type(type(it)).__name__]
KINDS["class with a metaclass"] = WithMeta, lambda it: it().meta
KINDS["slots"] = Slots(), lambda it: [it.alpha, it.beta]
KINDS["more slots"] = MoreSlots(), lambda it: [it.alpha, it.gamma]
KINDS["descriptor"] = WithDescriptor(), lambda it: [it.described, it == type(it)()]
KINDS["subclass of dict"] = Mapping(a=1, b=2), lambda it: [it.total(), it]
KINDS["exception"] = Failure("no"), lambda it: [str(it), it.code]
KINDS["namedtuple"] = Point(1), lambda it: [it.first_of_all, it.second]
KINDS["typed namedtuple"] = Typed(1), lambda it: [it.first, it.second, it._asdict()]
KINDS["typed dict"] = Options, lambda it: [sorted(it.__optional_keys__), sorted(it.__annotations__)]

# %%
Item = typing.TypeVar("Item")
Bound = typing.TypeVar("Bound", bound=Model)


class Stack(typing.Generic[Item]):
    def __init__(self):
        self.items: list[Item] = []


class Models(Stack[Bound]):
    def push(self, item: Bound) -> "Models":
        self.items.append(item)
        return self


class Runs(typing.Protocol):
    rate: float
    kernel: str

    def run(self) -> int: ...


class Runner(Runs):
    def run(self):
        return 7


KINDS["generic"] = Models().push(Model()), lambda it: [it.items[0].rate, type(it).__parameters__[0].__name__]
KINDS["generic alias"] = Stack[int], lambda it: typing.get_args(it)[0].__name__
KINDS["type variable"] = Item, lambda it: it.__name__
KINDS["protocol"] = Runner(), lambda it: it.run()


# %%
class Estimator(BaseEstimator, TransformerMixin):
    def __init__(self, kernel="radial", steps=None):
        self.kernel = kernel
        self.steps = steps

    def fit(self, features, labels=None, sample_weight=None):
        self.mean_ = np.mean(features)
        return self

    def transform(self, features, copy=True):
        return features - self.mean_


class Regression(LogisticRegression):
    def predict(self, features):
        return super().predict(features) + 1


FEATURES, LABELS = np.arange(8.0).reshape(4, 2), np.array([0, 0, 1, 1])
KINDS["estimator"] = Estimator().fit(FEATURES), lambda it: [it.get_params(), it.transform(3.0)]
KINDS["subclass of a model"] = Regression().fit(FEATURES, LABELS), lambda it: it.predict([[0, 1]]).tolist()
KINDS["steps"] = Estimator("own", steps=[("first", plain), ("rest", lambda x: x)]), lambda it: it.steps[0][1](2)
