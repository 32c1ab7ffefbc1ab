"""Serializers with one fault each."""

import os
import pickle
import time
from array import array

from proving import broken

from xetrack_testing import SerializerContract


class Mine:
    """Some numbers."""

    def __init__(self, *numbers):
        self.numbers = array("d", numbers)

    def __eq__(self, other):
        return self.numbers == other.numbers

    __hash__ = None

    def __repr__(self):
        return f"Mine{tuple(self.numbers)}"


class Numbers:
    """Eight bytes per number."""

    safe = True
    general = False

    def takes(self, value):
        return type(value) is Mine

    def dumps(self, value):
        return [b"mine", memoryview(value.numbers).cast("B")]

    def loads(self, data):
        if bytes(data[:4]) != b"mine":
            raise ValueError("these are no numbers")
        numbers = array("d")
        numbers.frombytes(bytes(data[4:]))
        return Mine(*numbers)


class Right(SerializerContract):
    made = Numbers
    values = (Mine(), Mine(1.5), Mine(*range(100)))
    refuses = (1.5, [1.5], array("d", [1.5]))

    def open(self):
        return self.made()


class TestRight(Right):
    pass


class Anything:
    """General and unsafe: pickles."""

    safe = False
    general = True

    def takes(self, value):
        return True

    def dumps(self, value):
        return pickle.dumps(value)

    def loads(self, data):
        return pickle.loads(data)  # noqa: S301 - as it should not


class RightAboutAnything(SerializerContract):
    made = Anything
    values = (None, 1, "text", {"a": [1]}, {1, 2})

    def open(self):
        return self.made()


class TestRightAboutAnything(RightAboutAnything):
    test_damaged_bytes_are_an_error_or_a_value = None  # it does not claim to be safe
    test_hostile_bytes_run_no_code = None


@broken(Right, "test_it_has_the_attributes_of_a_serializer")
class SafeInWords(Numbers):
    safe = "yes"


@broken(Right, "test_it_takes_its_values")
class TakesFewer(Numbers):
    def takes(self, value):
        return super().takes(value) and len(value.numbers) > 0


@broken(Right, "test_it_leaves_other_values_to_others")
class TakesMore(Numbers):
    def takes(self, value):
        return type(value) in {Mine, array}


@broken(Right, "test_it_leaves_other_values_to_others")
class TakesEverything(Numbers):
    def takes(self, value):
        return True


@broken(Right, "test_asking_what_it_takes_never_raises")
class Compares(Numbers):
    def takes(self, value):
        return type(value) is Mine or bool(value == 1.5) is None


@broken(Right, "test_asking_what_it_takes_never_raises")
class SaysMaybe(Numbers):
    def takes(self, value):
        return type(value) is Mine or None


@broken(Right, "test_a_value_comes_back_as_it_was", "test_threads_share_a_serializer")
class Rounds(Numbers):
    def loads(self, data):
        return Mine(*map(int, super().loads(data).numbers))


@broken(Right, "test_a_value_comes_back_as_it_was")
class LoadsBytesOnly(Numbers):
    def loads(self, data):
        return super().loads(data if data.startswith(b"mine") else b"")


@broken(Right, "test_bytes_come_in_one_piece_or_several")
class CountsItems(Numbers):
    def dumps(self, value):
        return [b"mine", memoryview(value.numbers)]


@broken(Right, "test_bytes_come_in_one_piece_or_several")
class GivesText(Numbers):
    def dumps(self, value):
        return ["mine"]


@broken(Right, "test_a_value_is_not_changed")
class Sorts(Numbers):
    def dumps(self, value):
        value.numbers.reverse()
        return super().dumps(value)


@broken(Right, "test_the_same_value_has_the_same_bytes")
class DatesIt(Numbers):
    def dumps(self, value):
        return [*super().dumps(value), time.perf_counter_ns().to_bytes(8, "little")]


@broken(RightAboutAnything, "test_the_same_value_has_the_same_bytes_in_another_process")
class HashesIt(Anything):
    def dumps(self, value):
        return pickle.dumps(value) + str(hash("text")).encode()


@broken(Right, "test_damaged_bytes_are_an_error_or_a_value")
class Crashes(Numbers):
    def loads(self, data):
        if not data.startswith(b"mine"):
            os.abort()
        return super().loads(data)


@broken(Right, "test_damaged_bytes_are_an_error_or_a_value")
class LeavesByTheBackDoor(Numbers):
    def loads(self, data):
        if not data.startswith(b"mine"):
            raise SystemExit
        return super().loads(data)


@broken(Right, "test_hostile_bytes_run_no_code")
class Unpickles(Numbers):
    def loads(self, data):
        try:
            return super().loads(data)
        except ValueError:
            return pickle.loads(data)  # noqa: S301 - as it should not


@broken(Right, "test_threads_share_a_serializer")
class OneAtATime(Numbers):
    def __init__(self):
        self.held = None

    def dumps(self, value):
        self.held = value
        time.sleep(0.001)
        return super().dumps(self.held)
