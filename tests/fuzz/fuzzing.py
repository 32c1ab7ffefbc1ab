"""What the tests of this folder share: how many examples, and how to damage bytes."""

from typing import NamedTuple

from hypothesis import assume, settings
from hypothesis import strategies as st

__all__ = ["Damage", "damaged", "damages", "few"]


def few(examples):
    """Settings with this many examples in the suite, and as many as the profile says if one is chosen that has more."""
    chosen = settings().max_examples
    return settings(settings(), max_examples=chosen if chosen > 100 else examples, deadline=None)


class Damage(NamedTuple):
    """One thing done to a file, at a place between 0 and 1 of its length."""

    how: str
    place: float
    size: int
    byte: int

    def done(self, data):
        """`data`, damaged."""
        start = int(self.place * max(len(data) - 1, 0))
        end = min(start + self.size, len(data))
        changed = {
            "flipped": bytes(each ^ (self.byte or 255) for each in data[start:end]),
            "set": bytes([self.byte]) * (end - start),
            "zeroed": bytes(end - start),
            "doubled": data[start:end] * 2,
            "removed": b"",
        }
        if self.how == "cut":
            return data[:start]
        return data[:start] + changed[self.how] + data[end:]


@st.composite
def _damage(draw):
    # the first bytes are a header, which tells how to read all others
    place = draw(st.one_of(st.floats(0, 1), st.floats(0, 0.01), st.floats(0.99, 1)))
    how = draw(st.sampled_from(["flipped", "set", "zeroed", "doubled", "removed", "cut"]))
    return Damage(how, place, draw(st.sampled_from([1, 1, 1, 2, 4, 8, 100, 512, 4096])), draw(st.integers(0, 255)))


def damages():
    """A few of them, one after the other."""
    return st.lists(_damage(), min_size=1, max_size=4)


def damaged(data, found):
    """`data`, with that done to it. Zeros in place of zeros change nothing: such an example is rejected."""
    changed = data
    for each in found:
        changed = each.done(changed)
    assume(changed != data)
    return changed
