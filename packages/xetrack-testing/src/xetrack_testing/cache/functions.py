"""Functions whose results the contract caches, importable in every process."""

__all__ = ["add", "check", "double", "hello", "twice"]


def add(a: object, b: object = 0, *others: object, **named: object) -> tuple[object, ...]:
    """Return the arguments."""
    return (a, b, *others, *named.values())


def hello(a: object, b: object = 0, *others: object, **named: object) -> tuple[object, ...]:
    """Return the arguments, like `add`, under another name."""
    return (a, b, *others, *named.values())


def check(number: int) -> None:
    """Return None, or raise `ZeroDivisionError` for 0."""
    _ = 1 / number


def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number


def twice(number: int) -> int:
    """Return three times the number: a function that differs from `double` in a constant."""
    return 3 * number
