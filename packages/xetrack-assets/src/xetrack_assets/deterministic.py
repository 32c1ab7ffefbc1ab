"""Deterministic cloudpickle: equal objects become equal bytes, in every process.

cloudpickle pickles the classes and functions of scripts and notebooks by value, and marks each class with a random id.
So an equal object gets other bytes, and another hash, in each process. `dumps` writes pickles of the same kind, which
plain `pickle.loads` reads, but leaves out what is due to chance or to the place of the code:

| what                                   | is written                                                               |
|----------------------------------------|--------------------------------------------------------------------------|
| the id of a class or type variable     | as a digest of its content, numbered if a pickle holds equal ones        |
| file names and line numbers of code    | relative to the function: it may move, or its cell run again             |
| sets and frozensets of constants       | sorted: their order depends on the hash seed                             |
| strings in code                        | as objects of their own: Python may or may not share them with the data, |
|                                        | and pickle records whether it does; single characters, as a call         |
| members of a class                     | sorted, without caches, with what cloudpickle drops because a base class |
|                                        | happens to hold the same object                                          |
| `__slots__` of a class                 | where they take effect; instances would get a dict, and other bytes      |
| registered subclasses, submodules      | sorted: they are in order of addresses, or of imports                    |
| addresses in docstrings of dataclasses | without them                                                             |
| cells of closures                      | one for each function: loading does not share them                       |
| fields, annotations and globals        | rebuilt, because their dicts and keys may be shared                      |
| bound methods                          | by name: a class that is there has functions of its own                  |
| `__mp_main__`                          | as `__main__`: what multiprocessing calls the script                     |

For each line, a test fails without it. Whatever can be imported is pickled byte for byte as by cloudpickle. Its class
tracker, which joblib and ray rely on, stays untouched: `loads` looks for an unchanged class of this process itself.
"""

import copyreg
import dataclasses
import hashlib
import io
import pickle
import re
import sys
import typing
from collections.abc import Callable
from enum import EnumType
from types import CellType, CodeType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any, ClassVar, NamedTuple
from weakref import WeakValueDictionary

import cloudpickle

from xetrack.plugin import Buffer

__all__ = ["PROTOCOL", "dumps", "loads"]

PROTOCOL = 5
"""Frozen, because the hashes of objects depend on it."""

_PREFIX = "xetrack:"
_FILE = "<logged with xetrack>"
_CACHES = ("__slotnames__", "__firstlineno__")
_REBUILT = ("__annotations__", "__dataclass_fields__", "__kwdefaults__", "__globals__", "_field_defaults")
_ATOMS = (str, bytes, int, float, bool, complex, type(None))
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")

_private = cloudpickle.cloudpickle

# In a worker of multiprocessing that was not forked, the script runs under this name: pickle its code by value, too.
if "__mp_main__" in sys.modules:
    cloudpickle.register_pickle_by_value(sys.modules["__mp_main__"])

_live: WeakValueDictionary[str, Any] = WeakValueDictionary()
"""Id to the class or type variable that this process last pickled or loaded under it."""


class _UnfamiliarError(Exception):
    """This release of cloudpickle builds its pickles in an unfamiliar way."""


def dumps(value: object) -> bytes:
    """Pickle a value, deterministically if its data is.

    If that fails, fall back to plain cloudpickle: an equal object may then get another hash, but no object is refused
    that can be pickled.
    """
    try:
        return _dumps(value)
    except MemoryError:
        raise
    except Exception:
        data: bytes = cloudpickle.dumps(value, protocol=PROTOCOL)
        return data


def _dumps(value: object) -> bytes:
    shared: frozenset[int] = frozenset()
    while True:
        file = io.BytesIO()
        pickler = _Pickler(file, shared=shared)
        pickler.dump(value)
        found = pickler.shared_sets()
        if found <= shared:
            break
        # Code and data share these. To stay one set, each has to be pickled as itself.
        shared |= found
    _live.update(pickler.identified)
    return file.getvalue()


def _content_id(kind: Any) -> str:
    """Return the digest of a class or type variable, with all that it refers to."""
    digest = hashlib.blake2b(digest_size=16)
    _Pickler(SimpleNamespace(write=digest.update), within=True).dump(kind)
    return _PREFIX + digest.hexdigest()


class _Call(NamedTuple):
    """A constant, pickled as the call that makes it."""

    function: Callable[[Any], Any]
    argument: Any


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle ships no types
    """Pickles classes and functions by content. `within` the content of a class, ids are numbers."""

    def __init__(self, file: Any, *, within: bool = False, shared: frozenset[int] = frozenset()) -> None:
        # Lookups in a plain dict are much faster than in cloudpickle's ChainMap.
        self.dispatch_table = copyreg.dispatch_table | self._dispatch_table
        super().__init__(file, protocol=PROTOCOL)
        self.identified: dict[str, Any] = {}
        self._within = within
        self._shared = shared
        self._ids: dict[int, str] = {}
        self._constants: dict[tuple[type, Any], Any] = {}
        self._sets: dict[int, tuple[Any, _Call]] = {}

    def reducer_override(self, obj: Any) -> Any:
        """Reduce what cloudpickle reduces by value. pickle calls this for all but builtin types."""
        kind = type(obj)
        if issubclass(kind, type):
            return self._class(obj)
        reduce = self._REDUCERS.get(kind)
        return NotImplemented if reduce is None else reduce(self, obj)

    def shared_sets(self) -> set[int]:
        """Return the ids of sets in code that are in the data, too."""
        met = self.memo.copy() if self._sets else {}
        return {each for each in self._sets if each in met}

    # Kinds of code

    def _class(self, kind: type) -> Any:
        reduced = super().reducer_override(kind)
        if reduced is NotImplemented:
            return reduced
        match reduced:
            case (make, (*head, str(), None), (dict() as members, {} as slots), None, None, set_state):
                if members.get("__slots__") and make is not getattr(_private, "_make_skeleton_enum", None):
                    # Set on a class that exists already, they would have no effect.
                    head[-1]["__slots__"] = members.pop("__slots__")
                args = [self._rebuilt(each) if type(each) is dict else self._named(each) for each in head]
                return make, (*args, self._id(kind), None), (self._members(kind, members), slots), None, None, set_state
            case (_, (_,)):  # the type of None and the like
                return reduced
        raise _UnfamiliarError

    def _members(self, kind: type, members: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(kind, EnumType):
            # cloudpickle leaves out what is the same object in a base class, even by chance.
            members = {name: each for name, each in kind.__dict__.items() if _may_be_shared(name, each)} | members
        members = {name: members[name] for name in sorted(members) if name not in _CACHES}
        if not members.get("__annotations__", True):
            # Python creates it on first access.
            del members["__annotations__"]
        if "__static_attributes__" in members:
            members["__static_attributes__"] = tuple(sorted(members["__static_attributes__"]))
        if isinstance(members.get("_abc_impl"), list):
            members["_abc_impl"].sort(key=lambda each: (each.__module__, each.__qualname__))
        if "__dataclass_params__" in members and isinstance(doc := members.get("__doc__"), str):
            # The signature in it shows functions that are defaults, with their addresses.
            members["__doc__"] = _ADDRESS.sub("", doc)
        return self._rebuilt(members)

    def _function(self, function: FunctionType) -> Any:
        reduced = super().reducer_override(function)
        if reduced is NotImplemented:
            return reduced
        match reduced:
            case (make, (CodeType(), dict() as base, *_) as args, (dict() as own, dict() as slots), None, None, setter):
                # A function that reads __file__ has it among its own globals.
                base.pop("__file__", None)
                if not base.get("__package__"):
                    base.pop("__package__", None)
                # In place: the functions of a module share this dict.
                base.update(self._rebuilt(base))
                slots["__defaults__"] = self._each(slots["__defaults__"])
                if slots["__closure__"] is not None:
                    # Loading gives each function cells of its own, even if they were shared.
                    slots["__closure__"] = tuple(map(_copy_of_cell, slots["__closure__"]))
                slots["_cloudpickle_submodules"].sort(key=lambda module: module.__name__)
                return make, args, (self._rebuilt(own), self._rebuilt(slots)), None, None, setter
        raise _UnfamiliarError

    def _code(self, code: CodeType) -> Any:
        placed = code.replace(co_filename=_FILE, co_firstlineno=1)
        make, args = self.dispatch_table[CodeType](placed)
        return make, tuple(map(self._each, args))

    def _by_table(self, value: CellType | ModuleType) -> Any:
        make, args = self.dispatch_table[type(value)](value)
        return make, tuple(map(self._settled, args))

    def _method(self, method: MethodType) -> Any:
        """Reduce a method to its name, if it has one: a class that is there has a function of its own."""
        function, owner = method.__func__, method.__self__
        name = getattr(function, "__name__", "")
        kinds = owner.__mro__ if isinstance(owner, type) else type(owner).__mro__
        found = next((kind.__dict__[name] for kind in kinds if name in kind.__dict__), None)
        if getattr(found, "__func__", found) is function and super().reducer_override(function) is not NotImplemented:
            return getattr, (owner, self._settled(name))
        return NotImplemented

    def _field(self, field: "dataclasses.Field[Any]") -> Any:
        reduced: Any = field.__reduce_ex__(PROTOCOL)
        make, args, (_, slots), *_ = reduced
        return make, args, (None, self._rebuilt(slots))

    def _type_variable(self, variable: Any) -> Any:
        make, args = self.dispatch_table[typing.TypeVar](variable)
        if make is getattr:
            return make, args
        return make, (*map(self._settled, args[:-1]), self._id(variable))

    def _call(self, call: _Call) -> Any:
        return call.function, (call.argument,)

    _REDUCERS: ClassVar[dict[type, Callable[["_Pickler", Any], Any]]] = {
        FunctionType: _function,
        CodeType: _code,
        CellType: _by_table,
        ModuleType: _by_table,
        MethodType: _method,
        dataclasses.Field: _field,
        typing.TypeVar: _type_variable,
        _Call: _call,
    }

    def _id(self, kind: Any) -> str:
        """Return the id of a class: its content, and a number if another class in this pickle is equal."""
        if id(kind) not in self._ids:
            new = content = str(len(self._ids)) if self._within else _content_id(kind)
            while new in self.identified:
                new = f"{content}-{len(self.identified)}"
            self._ids[id(kind)] = new
            # Keeps the class alive, so that its id() is not used again.
            self.identified[new] = kind
        return self._ids[id(kind)]

    # Values in code

    def _settled(self, value: Any) -> Any:
        """Return a constant as one object for all equal ones, and anything else unchanged."""
        kind = type(value)
        if kind is str or kind is bytes:
            known = self._constants.get((kind, value))
            return self._constants.setdefault((kind, value), _apart(value)) if known is None else known
        if kind is tuple and value and _is_constant(value):
            return self._constants.setdefault((kind, repr(value)), tuple(map(self._settled, value)))
        if kind is frozenset and all(map(_is_constant, value)):
            return self._constants.setdefault((kind, repr(sorted(value, key=_sort_key))), self._sorted(value))
        if kind is set and id(value) not in self._shared and all(map(_is_constant, value)):
            return self._sets.setdefault(id(value), (value, self._sorted(value)))[1]
        return value

    def _sorted(self, values: Any) -> _Call:
        return _Call(type(values), [self._settled(each) for each in sorted(values, key=_sort_key)])

    def _each(self, values: Any) -> Any:
        return self._settled(tuple(map(self._settled, values)) if type(values) is tuple else values)

    def _rebuilt(self, values: dict[Any, Any]) -> dict[Any, Any]:
        """Return a dict that belongs to code alone, with settled keys and values."""
        return {self._settled(key): self._value(key, value) for key, value in values.items()}

    def _value(self, key: Any, value: Any) -> Any:
        if key in _REBUILT and type(value) is dict:
            return self._rebuilt(value)
        return self._named(value) if key in ("__module__", "__name__") else self._settled(value)

    def _named(self, value: Any) -> Any:
        """Return the name of a module, which for multiprocessing's copy of the script is that of the script."""
        return self._settled("__main__" if value == "__mp_main__" and type(value) is str else value)


def _apart(text: Any) -> Any:
    """Return an equal string that nobody else holds. Of a character, Python keeps one or two objects, by chance."""
    if len(text) == 1:
        return _Call(chr, ord(text)) if type(text) is str else _Call(bytes, list(text))
    return (text + text)[: len(text)]


def _copy_of_cell(cell: CellType) -> CellType:
    try:
        return CellType(cell.cell_contents)
    except ValueError:  # empty
        return CellType()


def _is_constant(value: Any) -> bool:
    return type(value) in _ATOMS or (type(value) is tuple and all(map(_is_constant, value)))


def _may_be_shared(name: str, value: Any) -> bool:
    own = name == "__module__" or name.startswith("__annot")
    return not own and (_is_constant(value) or type(value) is frozenset)


def _sort_key(value: Any) -> tuple[str, str]:
    return type(value).__name__, repr(value)


# Loading


def loads(data: Buffer) -> Any:
    """Load a pickle. Instances get the class of this process, as it is now, if it had the same content when pickled."""
    # A BytesIO shares bytes, but would copy the bytearrays that come from a folder or from chunks.
    return _Unpickler(io.BytesIO(data) if isinstance(data, bytes) else io.BufferedReader(_Reader(data))).load()


class _Reader(io.RawIOBase):
    """Reads a buffer without a copy."""

    def __init__(self, data: Buffer) -> None:
        self._left = memoryview(data)

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        length = min(len(target), len(self._left))
        target[:length] = self._left[:length]
        self._left = self._left[length:]
        return length


class _Unpickler(pickle.Unpickler):
    """Makes each class once per process.

    So do cloudpickle's own functions, but they also reset the attributes of a class that is already there: reading an
    object would replace the methods of the user's class, and undo changes since.
    """

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self._reused: dict[int, Any] = {}
        self._made: dict[int, str] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Find a global, and replace those of cloudpickle that make classes."""
        found = super().find_class(module, name)
        if module == _private.__name__:
            if name in ("_make_skeleton_class", "_make_skeleton_enum"):
                return lambda *args: self._make(found, args, args[-2])
            if name == "_make_typevar":
                return lambda *args: self._make(found, args, args[-1])
            if name == "_class_setstate":
                return lambda kind, state: self._set_state(found, kind, state)
        return found

    def _make(self, make: Callable[..., Any], args: tuple[Any, ...], key: object) -> Any:
        if not (isinstance(key, str) and key.startswith(_PREFIX)):  # cloudpickle wrote it
            return make(*args)
        kind = _find(key, args[1])
        # Equal classes of one pickle have different ids; each needs a class of its own.
        if kind is not None and id(kind) not in self._reused:
            self._reused[id(kind)] = kind
            return kind
        kind = make(*args)
        self._made[id(kind)] = key
        if not isinstance(kind, type):
            _live[key] = kind
        return kind

    def _set_state(self, set_state: Callable[[Any, Any], Any], kind: Any, state: Any) -> Any:
        if id(kind) in self._reused:
            return kind
        set_state(kind, state)
        if id(kind) in self._made:
            _live[self._made[id(kind)]] = kind
        return kind


def _find(key: str, name: object) -> Any:
    """Return the class of this process with an id: preferably the one that has its name in the script or notebook."""
    found = _live.get(key)
    named = getattr(sys.modules.get("__main__"), name, None) if isinstance(name, str) else None
    if isinstance(named, type) and named is not found and _has_id(named, key):
        _live[key] = found = named
    return found


def _has_id(kind: type, key: str) -> bool:
    try:
        return _content_id(kind) == key
    except Exception:
        return False
