"""Functions whose results the contract of caches keeps: every process finds them under the same names."""

__all__ = ["add", "check", "double", "hello", "twice"]


def add(a: object, b: object = 0, *others: object, **named: object) -> tuple[object, ...]:
    """Its arguments."""
    return (a, b, *others, *named.values())


def hello(a: object, b: object = 0, *others: object, **named: object) -> tuple[object, ...]:
    """The same under another name."""
    return (a, b, *others, *named.values())


def check(number: int) -> None:
    """Nothing; raises `ZeroDivisionError` for 0."""
    _ = 1 / number


def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


def twice(number: int) -> int:
    """Three times the number, to be told from `double`."""
    return 3 * number
