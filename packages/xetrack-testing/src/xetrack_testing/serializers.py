"""What every serializer promises, as tests: one test a promise of `xetrack.plugin.Serializer`."""
# ruff: noqa: S101 - a test asserts, compares with plain numbers, and raises inside of blocks

import copy
import hashlib
import os
import pickle
import random
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import pytest

from xetrack.plugin import Buffer, Serializer
from xetrack_testing.contract import Contract
from xetrack_testing.elsewhere import elsewhere

__all__ = ["SerializerContract", "joined"]

_MOST_DAMAGED = 50  # versions of the bytes of one value


class SerializerContract(Contract):
    """Subclass it as `Test...`, say how to make your serializer and which values it takes, and run pytest.

    ```python
    class TestComplex(SerializerContract):
        values = (1j, complex("nan"))
        refuses = (1, "1j")

        def open(self) -> ComplexSerializer:
            return ComplexSerializer()
    ```

    `values` are some that it takes, of all kinds; every process that imports the module must make the same ones.
    `refuses` are some that look alike, and that it leaves to others. `equal` compares what `==` cannot.
    """

    values: ClassVar[Sequence[object]]
    refuses: ClassVar[Sequence[object]] = ()

    @abstractmethod
    def open(self) -> Serializer:
        """A serializer."""

    def equal(self, value: Any, other: Any) -> bool:
        """Whether a value came back as it was."""
        return type(value) is type(other) and (value == other or repr(value) == repr(other))

    @pytest.fixture
    def serializer(self) -> Serializer:
        """A serializer."""
        return self.open()

    def test_it_has_what_a_serializer_has(self, serializer: Serializer) -> None:
        """The methods, and whether it is safe and general: True or False."""
        assert isinstance(serializer, Serializer)
        assert (type(serializer.safe), type(serializer.general)) == (bool, bool)

    def test_it_takes_its_values(self, serializer: Serializer) -> None:
        """There are some, and it says True."""
        assert self.values
        assert [value for value in self.values if serializer.takes(value) is not True] == []

    def test_it_leaves_other_values_to_others(self, serializer: Serializer) -> None:
        """Those it is told to, and what it cannot know. Two that took one value would be in conflict."""
        others = [*self.refuses, *(() if serializer.general else strangers())]
        assert [describe(value) for value in others if serializer.takes(value) is not False] == []

    def test_asking_what_it_takes_never_raises(self, serializer: Serializer) -> None:
        """Also of objects that raise whatever is done with them."""
        for value in strangers():
            assert type(serializer.takes(value)) is bool, describe(value)

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, "writable"], ids=str)
    def test_a_value_comes_back_as_it_was(self, serializer: Serializer, kind: Any) -> None:
        """From bytes of every kind."""
        make = {"writable": lambda data: memoryview(bytearray(data))}.get(kind, kind)
        for value in self.values:
            back = serializer.loads(make(joined(serializer.dumps(value))))
            assert self.equal(value, back), f"{describe(value)} came back as {describe(back)}"

    def test_bytes_come_in_one_piece_or_several(self, serializer: Serializer) -> None:
        """Each as long as it says: a view counts bytes, not items."""
        for value in self.values:
            for piece in pieces(serializer.dumps(value)):
                assert isinstance(piece, Buffer), f"{describe(value)} became {describe(piece)}"
                assert len(piece) == memoryview(piece).nbytes, f"{describe(value)}: a view has items of several bytes"

    def test_a_value_is_not_changed(self, serializer: Serializer) -> None:
        """Neither by asking, nor by turning it into bytes."""
        for value in self.values:
            before = copy.deepcopy(value)
            serializer.takes(value)
            joined(serializer.dumps(value))
            assert self.equal(before, value), f"{describe(before)} became {describe(value)}"

    def test_the_same_value_has_the_same_bytes(self, serializer: Serializer) -> None:
        """Else it would be kept again each time it is logged."""
        for value in self.values:
            assert joined(serializer.dumps(value)) == joined(self.open().dumps(value)), describe(value)

    def test_the_same_value_has_the_same_bytes_in_another_process(self) -> None:
        """One where texts have another hash, and sets another order."""
        assert _told_elsewhere(type(self))["digests"] == self.digests()

    def look(self) -> dict[str, Any]:
        """Runs in a process of its own, that may hang or crash."""
        return {"digests": self.digests(), "tries": self.load_damaged() if self.open().safe else 0}

    def digests(self) -> list[str]:
        """A digest of the bytes of each value."""
        return [hashlib.sha256(joined(self.open().dumps(value))).hexdigest() for value in self.values]

    def test_damaged_bytes_are_an_error_or_a_value(self, serializer: Serializer) -> None:
        """If it is safe, it never hangs, crashes, or starts anything, whatever it is given."""
        if not serializer.safe:
            pytest.skip("it does not claim to be safe")
        assert _told_elsewhere(type(self))["tries"] > 0

    def load_damaged(self) -> int:
        """Try versions of the bytes of each value; how many there were."""
        serializer = self.open()
        tries = 0
        for value in self.values:
            for data in damaged(joined(serializer.dumps(value))):
                tries += 1
                try:
                    serializer.loads(bytearray(data))
                except Exception:  # noqa: S112 - any will do
                    continue
        return tries

    def test_nobodys_code_is_run(self, serializer: Serializer, tmp_path: Path) -> None:
        """If it is safe: bytes that ask for it, alone or after some of its own, are refused."""
        if not serializer.safe:
            pytest.skip("it does not claim to be safe")
        mark = tmp_path / "code was run"
        for value in self.values:
            data = joined(serializer.dumps(value))
            for start in (0, 1, 4, len(data) // 2, len(data)):
                for protocol in (0, 2, 5):
                    _load(serializer, data[:start] + pickle.dumps(_Hostile(mark), protocol))
        assert not mark.exists()

    def test_threads_share_a_serializer(self, serializer: Serializer) -> None:
        """Values go in and out at the same time."""
        from concurrent.futures import ThreadPoolExecutor

        def there_and_back(value: object) -> bool:
            return self.equal(value, serializer.loads(bytearray(joined(serializer.dumps(value)))))

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(there_and_back, [*self.values] * 10))


@lru_cache(maxsize=64)
def _told_elsewhere(contract: type[SerializerContract]) -> dict[str, Any]:
    """What another process tells of a serializer, asked once."""
    told: dict[str, Any] = elsewhere(contract().look)
    return told


def pieces(data: Buffer | Sequence[Buffer]) -> Sequence[Buffer]:
    """What `dumps` gave, as pieces."""
    return [data] if isinstance(data, Buffer) else data


def joined(data: Buffer | Sequence[Buffer]) -> bytes:
    """What `dumps` gave, in one."""
    return b"".join(pieces(data))


def damaged(data: bytes) -> Iterator[bytes]:
    """Versions of bytes that are shorter, longer, or differ here and there, the same each time."""
    chance = random.Random(0)  # noqa: S311 - no secret
    yield from (b"", data[:1], data[: len(data) // 2], data[:-1], data + b"\0", data + data, bytes(len(data)))
    for _ in range(min(_MOST_DAMAGED, 8 * len(data))):
        changed = bytearray(data)
        for _ in range(chance.choice([1, 1, 2, 8])):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield bytes(changed)
    for _ in range(10):
        yield chance.randbytes(max(len(data), 8))


def describe(value: object) -> str:
    """A value in words, whatever it does when asked."""
    try:
        return repr(value)[:200]
    except Exception:
        return f"a {type(value).__name__}"


class _Awkward:
    """Raises whatever is done with it."""

    def _refuse(self, *_: object) -> NoReturn:
        raise RuntimeError("nobody may do this")

    __eq__ = __ne__ = __lt__ = __bool__ = __len__ = __iter__ = __getitem__ = __repr__ = __str__ = _refuse
    __getattr__ = __hash__ = __contains__ = __int__ = __float__ = __bytes__ = __reduce_ex__ = __dir__ = _refuse
    __array__: Callable[..., Any]


class _Plain:
    """Nobody can know it."""


def strangers() -> list[object]:
    """Values that only a general serializer may take, some of which raise when they are looked at."""
    return [_Plain(), _Plain, _Awkward(), describe, NotImplemented, ...]


class _Hostile:
    """As a pickle, makes a folder when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._mark),)


def _load(serializer: Serializer, data: bytes) -> None:
    try:
        serializer.loads(bytearray(data))
    except Exception:
        return
