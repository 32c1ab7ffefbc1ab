"""What no key can be made of."""

__all__ = ["UNHASHABLE", "NotEncodableError"]

UNHASHABLE = "is unhashable"


class NotEncodableError(Exception):
    """A value that no key can be made of: `kind` is its type, and `why` the reason."""

    def __init__(self, value: object, why: str) -> None:
        super().__init__(value, why)
        self.kind = type(value)
        self.why = why
