"""An array in a few words: its numbers if they are few, else what they are like."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Array

IN_A_ROW, ROWS, NUMBERS = 6, 6, 24
BINS = 12
SAMPLED = 1 << 16
"""A histogram this small needs no more than so many elements; range and mean see all of them."""


@dataclass(frozen=True)
class Look:
    """What a picture shows of an array: lines of text, and the heights (0 to 8) of a histogram."""

    lines: tuple[str, ...]
    bars: tuple[int, ...] = ()

    def sparkline(self) -> str:
        return "".join(" ▁▂▃▄▅▆▇█"[height] for height in self.bars)


def look(array: Array) -> Look:
    """The numbers of a small array; the range, mean and histogram of a large one.

    >>> import numpy as np
    >>> look(np.array([[1.0, -0.5], [0.25, 2.0]])).lines
    ('[[ 1.0, -0.5],', ' [0.25,  2.0]]')
    >>> look(np.arange(8)).lines
    ('[0, 1, 2, 3, 4, 5,', ' 6, 7]')
    >>> look(np.linspace(0, 1, 100)).lines
    ('0.0 … 1.0, mean 0.5',)
    """
    array = np.asarray(array)
    if array.size == 0:
        return Look(("empty",))
    if array.ndim == 0:
        return Look((number(array[()]),))
    if array.ndim == 1 and array.size <= 2 * IN_A_ROW:
        return Look(
            _rows([array[i : i + IN_A_ROW] for i in range(0, array.size, IN_A_ROW)], "[", "]")
        )
    if (
        array.ndim == 2
        and array.size <= NUMBERS
        and array.shape[0] <= ROWS
        and array.shape[1] <= IN_A_ROW
    ):
        return Look(_rows(list(array), "[[", "]]"))
    return _summary(array)


def number(value: Any, digits: int = 4) -> str:
    """One number, to so many digits.

    >>> [number(x) for x in (6.0, -0.31683, 1e-9, True, 7, float("nan"), 1 + 2j)]
    ['6.0', '-0.3168', '1e-09', 'True', '7', 'nan', '1+2j']
    """
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        text = str(value)
        return text if len(text) <= 20 else f"{text[:8]}…{text[-8:]}"
    if isinstance(value, (complex, np.complexfloating)):
        return f"{value:.3g}"
    text = f"{float(value):.{digits}g}"
    return text + ".0" if text.lstrip("-").isdigit() else text


def _rows(rows: list[Any], opening: str, closing: str) -> tuple[str, ...]:
    """The numbers in columns, as NumPy prints them."""
    cells = [[number(x) for x in row] for row in rows]
    widths = [max(len(row[i]) for row in cells if i < len(row)) for i in range(len(cells[0]))]
    lines = [
        ", ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=False))
        for row in cells
    ]
    if opening == "[[":
        lines = [f"[{line}]" for line in lines]
    last = len(lines) - 1
    return tuple(
        f"{' ' if i else '['}{line}{']' if i == last else ','}" for i, line in enumerate(lines)
    )


def _summary(array: Array) -> Look:
    if array.dtype == bool:
        return Look((f"True in {np.count_nonzero(array)} of {array.size}",))
    if array.dtype.kind == "c":
        look = _summary(np.abs(array))
        return Look(("|z|: " + look.lines[0], *look.lines[1:]), look.bars)
    good = np.isfinite(array)
    counts = [(int(np.isnan(array).sum()), "nan"), (int(np.isinf(array).sum()), "inf")]
    odd = (
        tuple(", ".join(f"{n} {what}" for n, what in counts if n).split("\n"))
        if not good.all()
        else ()
    )
    if not good.any():
        return Look(odd)
    finite = array if good.all() else array[good]
    low, high = finite.min(), finite.max()
    if low == high:
        return Look((f"all {number(low)}", *odd))
    with np.errstate(all="ignore"):
        mean = finite.mean(dtype=np.float64)
    return Look(
        (f"{number(low)} … {number(high)}, mean {number(mean)}", *odd), _bars(finite, low, high)
    )


def _bars(finite: Array, low: Any, high: Any) -> tuple[int, ...]:
    step = max(1, finite.size // SAMPLED)
    sample = finite.reshape(-1)[::step].astype(np.float64)
    low, high = float(low), float(high)
    if not math.isfinite(high - low):  # the range itself overflows: halve everything
        sample, low, high = sample / 2, low / 2, high / 2
    if high - low < 1e-300:
        return ()
    place = ((sample - low) / (high - low) * BINS).astype(int).clip(0, BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    return tuple(int(n) for n in np.ceil(counts / counts.max() * 8))
