"""`with` blocks that an interrupt cannot leave open."""

import pytest

from xetrack._util.interrupts import block


@pytest.fixture
def named():
    """Blocks that note their end in `named.ended`."""

    @block
    def named(name):
        try:
            yield name
        finally:
            named.ended.append(name)

    named.ended = []
    return named


def test_an_inner_block_whose_exit_was_interrupted_ends_before_the_outer_one(named):
    """Python calls `__exit__` once: what a signal handler raises at its first line leaves the block open."""
    outer, inner = named("outer"), named("inner")
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert named.ended == ["inner", "outer"]


def test_blocks_end_once_in_order(named):
    with named("first"), named("second"):
        with named("third"):
            pass
        assert named.ended == ["third"]
    with pytest.raises(ValueError, match="mine"), named("fourth"), named("fifth"):
        raise ValueError("mine")
    assert named.ended == ["third", "second", "first", "fifth", "fourth"]


def test_a_block_that_nobody_holds_ends(named):
    forgotten = named("forgotten")
    forgotten.__enter__()
    del forgotten
    assert named.ended == ["forgotten"]
    with named("next"):
        pass
    assert named.ended == ["forgotten", "next"]
