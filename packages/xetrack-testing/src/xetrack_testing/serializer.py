"""What every serializer promises: one test per promise of `xetrack.plugin.Serializer`."""

import copy
import hashlib
import os
import pickle
import random
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import pytest

from xetrack.plugin import Buffer, Serializer
from xetrack_testing.contract import Contract
from xetrack_testing.remote_call import remote_call

__all__ = ["SerializerContract", "joined"]

_MOST_DAMAGED = 50  # versions of the bytes of one value


class SerializerContract(Contract):
    """Subclass it as `Test...`, define how to create your serializer and which values it takes, and run pytest.

    ```python
    class TestComplex(SerializerContract):
        values = (1j, complex("nan"))
        refuses = (1, "1j")

        def open(self) -> ComplexSerializer:
            return ComplexSerializer()
    ```

    `values` are examples of everything that it takes; they must be the same in every process. `refuses` are similar
    values that it must not take. Override `equal` for values that `==` cannot compare.
    """

    values: ClassVar[Sequence[object]]
    refuses: ClassVar[Sequence[object]] = ()

    @abstractmethod
    def open(self) -> Serializer:
        """Return a serializer."""

    def equal(self, value: Any, other: Any) -> bool:
        """Return whether a value came back as it was."""
        return type(value) is type(other) and (value == other or repr(value) == repr(other))

    @pytest.fixture
    def serializer(self) -> Serializer:
        """A serializer."""
        return self.open()

    def test_it_has_the_attributes_of_a_serializer(self, serializer: Serializer) -> None:
        """The methods, and `safe` and `general`, which are True or False."""
        assert isinstance(serializer, Serializer)
        assert (type(serializer.safe), type(serializer.general)) == (bool, bool)

    def test_it_takes_its_values(self, serializer: Serializer) -> None:
        """`takes` returns True for each of `values`, and there is at least one."""
        assert self.values
        assert [value for value in self.values if serializer.takes(value) is not True] == []

    def test_it_leaves_other_values_to_others(self, serializer: Serializer) -> None:
        """Those of `refuses`, and values it cannot know. Two serializers for one value are a conflict."""
        others = [*self.refuses, *(() if serializer.general else strangers())]
        assert [describe(value) for value in others if serializer.takes(value) is not False] == []

    def test_asking_what_it_takes_never_raises(self, serializer: Serializer) -> None:
        """Even for objects that raise on every operation."""
        for value in strangers():
            assert type(serializer.takes(value)) is bool, describe(value)

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, "writable"], ids=str)
    def test_a_value_comes_back_as_it_was(self, serializer: Serializer, kind: Any) -> None:
        """From every kind of buffer."""
        make = {"writable": lambda data: memoryview(bytearray(data))}.get(kind, kind)
        for value in self.values:
            back = serializer.loads(make(joined(serializer.dumps(value))))
            assert self.equal(value, back), f"{describe(value)} came back as {describe(back)}"

    def test_bytes_come_in_one_piece_or_several(self, serializer: Serializer) -> None:
        """The length of each piece is its size in bytes, also for a memoryview."""
        for value in self.values:
            for piece in pieces(serializer.dumps(value)):
                assert isinstance(piece, Buffer), f"{describe(value)} became {describe(piece)}"
                assert len(piece) == memoryview(piece).nbytes, f"{describe(value)}: a view has items of several bytes"

    def test_a_value_is_not_changed(self, serializer: Serializer) -> None:
        """Neither by `takes` nor by `dumps`."""
        for value in self.values:
            before = copy.deepcopy(value)
            serializer.takes(value)
            joined(serializer.dumps(value))
            assert self.equal(before, value), f"{describe(before)} became {describe(value)}"

    def test_the_same_value_has_the_same_bytes(self, serializer: Serializer) -> None:
        """Otherwise it would be stored again each time it is logged."""
        for value in self.values:
            assert joined(serializer.dumps(value)) == joined(self.open().dumps(value)), describe(value)

    def test_the_same_value_has_the_same_bytes_in_another_process(self) -> None:
        """With another hash seed, and therefore another order of sets."""
        assert _remote_look(type(self))["digests"] == self.digests()

    def look(self) -> dict[str, Any]:
        """Runs in another process, which may hang or crash."""
        return {"digests": self.digests(), "tries": self.load_damaged() if self.open().safe else 0}

    def digests(self) -> list[str]:
        """Return a digest of the bytes of each value."""
        return [hashlib.sha256(joined(self.open().dumps(value))).hexdigest() for value in self.values]

    def test_damaged_bytes_are_an_error_or_a_value(self, serializer: Serializer) -> None:
        """A safe serializer never hangs, crashes or starts a process."""
        if not serializer.safe:
            pytest.skip("the serializer is not safe")
        assert _remote_look(type(self))["tries"] > 0

    def load_damaged(self) -> int:
        """Load damaged versions of the bytes of each value, and return how many there were."""
        serializer = self.open()
        tries = 0
        for value in self.values:
            for data in damaged(joined(serializer.dumps(value))):
                tries += 1
                try:
                    serializer.loads(bytearray(data))
                except Exception:
                    continue
        return tries

    def test_hostile_bytes_run_no_code(self, serializer: Serializer, tmp_path: Path) -> None:
        """A safe serializer ignores pickles that run code, alone or after some of its own bytes."""
        if not serializer.safe:
            pytest.skip("the serializer is not safe")
        mark = tmp_path / "code was run"
        for value in self.values:
            data = joined(serializer.dumps(value))
            for start in (0, 1, 4, len(data) // 2, len(data)):
                for protocol in (0, 2, 5):
                    _load(serializer, data[:start] + pickle.dumps(_Hostile(mark), protocol))
        assert not mark.exists()

    def test_threads_share_a_serializer(self, serializer: Serializer) -> None:
        """Dumping and loading at the same time."""

        def round_trip(value: object) -> bool:
            return self.equal(value, serializer.loads(bytearray(joined(serializer.dumps(value)))))

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(round_trip, [*self.values] * 10))


@lru_cache(maxsize=64)
def _remote_look(contract: type[SerializerContract]) -> dict[str, Any]:
    """Run `look` in another process, once per contract."""
    report: dict[str, Any] = remote_call(contract().look)
    return report


def pieces(data: Buffer | Sequence[Buffer]) -> Sequence[Buffer]:
    """Return the result of `dumps` as pieces."""
    return [data] if isinstance(data, Buffer) else data


def joined(data: Buffer | Sequence[Buffer]) -> bytes:
    """Return the result of `dumps` as bytes."""
    return b"".join(pieces(data))


def damaged(data: bytes) -> Iterator[bytes]:
    """Yield truncated, extended and modified versions of bytes, the same ones each time."""
    chance = random.Random(0)
    yield from (b"", data[:1], data[: len(data) // 2], data[:-1], data + b"\0", data + data, bytes(len(data)))
    for _ in range(min(_MOST_DAMAGED, 8 * len(data))):
        changed = bytearray(data)
        for _ in range(chance.choice([1, 1, 2, 8])):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield bytes(changed)
    for _ in range(10):
        yield chance.randbytes(max(len(data), 8))


def describe(value: object) -> str:
    """Return the `repr` of a value, or its type if `repr` raises."""
    try:
        return repr(value)[:200]
    except Exception:
        return f"a {type(value).__name__}"


class _Awkward:
    """Raises on every operation."""

    def _refuse(self, *_: object) -> NoReturn:
        raise RuntimeError("this object raises on every operation")

    __eq__ = __ne__ = __lt__ = __bool__ = __len__ = __iter__ = __getitem__ = __repr__ = __str__ = _refuse
    __getattr__ = __hash__ = __contains__ = __int__ = __float__ = __bytes__ = __reduce_ex__ = __dir__ = _refuse
    __array__: Callable[..., Any]


class _Plain:
    """A class that no serializer can know."""


def strangers() -> list[object]:
    """Return values that only a general serializer may take; some raise on every operation."""
    return [_Plain(), _Plain, _Awkward(), describe, NotImplemented, ...]


class _Hostile:
    """Its pickle creates a folder when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._mark),)


def _load(serializer: Serializer, data: bytes) -> None:
    try:
        serializer.loads(bytearray(data))
    except Exception:
        return
