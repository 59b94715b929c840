"""Blocks that repeat: found, and never cut through a module."""

from hypothesis import given
from hypothesis import strategies as st

from autograd.pictures.fold import Repeat, repeats
from autograd.pictures.simplify import _along_frames


def test_a_repeat_that_begins_inside_a_module_is_shifted():
    paths = [(0,), (1,), (1,), (2,), (2,), (3,), (3,), (4,)]
    extents = {0: (0, 0), 1: (1, 2), 2: (3, 4), 3: (5, 6), 4: (7, 7)}
    assert _along_frames(Repeat(0, 2, 4), paths, extents) == Repeat(1, 2, 3)
    paths, extents = [*paths, (4,)], extents | {4: (7, 8)}
    assert _along_frames(Repeat(0, 2, 4, rest=1), paths, extents) == Repeat(1, 2, 4)
    around_all = [(9, *path) for path in paths]
    assert _along_frames(Repeat(0, 2, 4), around_all, extents | {9: (0, 7)}) == Repeat(1, 2, 3)
    half = {0: (0, 2), 1: (3, 5)}
    assert _along_frames(Repeat(0, 2, 3), [(0,)] * 3 + [(1,)] * 3, half) is None


@given(st.text("ab", max_size=60))
def test_repeats_are_repeats(text):
    end = 0
    for repeat in repeats(text):
        stop = repeat.start + repeat.period * repeat.times
        assert repeat.start >= end
        block = text[repeat.start : repeat.start + repeat.period]
        assert text[repeat.start : stop] == block * repeat.times
        assert text[stop : stop + repeat.rest] == block[: repeat.rest]
        assert text[stop + repeat.rest :][:1] != block[repeat.rest]
        assert repeat.times >= 3
        end = stop
    if not repeats(text):
        assert not any(c * 3 in text for c in "ab")
