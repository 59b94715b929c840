"""Repeated blocks: where a graph does the same thing several times in a row.

The ops of a graph, in creation order, are a sequence of signatures; a block that repeats is a
tandem repeat in it (abcabcabc). A signature speaks of inputs by their distance, so equal
signatures mean equal wiring, too.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

LONGEST_BLOCK = 128


@dataclass(frozen=True)
class Repeat:
    """`times` copies of a block of `period` ops, the first beginning at `start`; `rest` more ops
    go on as one more copy would."""

    start: int
    period: int
    times: int
    rest: int = field(default=0, repr=False)


def repeats(signatures: Sequence[Hashable], at_least: int = 3) -> list[Repeat]:
    """Blocks that repeat, from left to right, each as large as it gets.

    >>> repeats("xababababy")
    [Repeat(start=1, period=2, times=4)]
    """
    numbers: dict[Hashable, int] = {}
    codes = np.array([numbers.setdefault(s, len(numbers)) for s in signatures])
    n = len(codes)
    covered = np.zeros(n, dtype=int)  # how many ops the best repeat from here takes in
    period = np.zeros(n, dtype=int)
    rest = np.zeros(n, dtype=int)
    for p in range(1, min(LONGEST_BLOCK, n // at_least) + 1):
        differs = np.flatnonzero(codes[:-p] != codes[p:])
        ends = np.append(differs, n - p)
        same = ends[np.searchsorted(ends, np.arange(n - p))] - np.arange(n - p)
        times = same // p + 1
        better = np.flatnonzero((times >= at_least) & (times * p > covered[: n - p]))
        covered[better] = times[better] * p
        period[better] = p
        rest[better] = same[better] % p
    found, i = [], 0
    while i < n:
        if covered[i]:
            found.append(Repeat(i, int(period[i]), int(covered[i] // period[i]), int(rest[i])))
            i += int(covered[i])
        else:
            i += 1
    return found
