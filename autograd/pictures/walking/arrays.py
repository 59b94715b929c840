"""Arrays as a page shows them: the numbers if they are few, else squares, large for large numbers.

The squares are Hinton's: the area is the size of a number, filled is positive, hollow negative. So
they can be read without colours, and from the last row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import Array
from ..summary import look, number

COLUMNS, CELLS = 8, 64
"""Up to so many numbers are shown as numbers."""

SIDE = 28
"""Larger arrays become a picture of at most so many squares each way: an MNIST digit has 28."""

LEVELS = 12
ZERO = ord("a") + LEVELS  # a square is a letter: a is −12, m is 0, y is 12; ? is not a number
MOST_SQUARES = 60_000
"""In one page. After that, arrays are described in words alone."""


class Shelf:
    """All arrays of a page, each one once."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []
        self.in_words_only = 0
        self._place: dict[Any, int] = {}
        self._squares = 0

    def put(self, array: Any) -> int:
        """The array's number on the shelf."""
        array = np.asarray(array)
        key = (array.shape, str(array.dtype), array.tobytes())
        if key not in self._place:
            self._place[key] = len(self.shown)
            self.shown.append(self._seen(array))
        return self._place[key]

    def _seen(self, array: Array) -> dict[str, Any]:
        dtype = "" if array.dtype == np.float64 else f" {array.dtype}"
        seen: dict[str, Any] = {
            "shape": ("scalar" if array.shape == () else str(array.shape)) + dtype,
            "lines": list(look(array).lines),
        }
        if array.size < 2:
            return seen
        rows = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
        if rows.size <= CELLS and rows.shape[1] <= COLUMNS:
            seen["numbers"] = [[number(x) for x in row] for row in rows.tolist()]
            seen["sizes"] = _levels(np.abs(rows))
            return seen
        squares, each = _pooled(np.abs(rows) if rows.dtype.kind == "c" else rows)
        if self._squares + squares.size > MOST_SQUARES:
            self.in_words_only += 1
            return seen
        self._squares += squares.size
        seen["squares"] = ["".join(map(_letter, row)) for row in _levels(squares)]
        if each != (1, 1):
            seen["each"] = f"each square is the mean of {each[0]} × {each[1]} elements"
        return seen


def _levels(rows: Any) -> list[list[int | None]]:
    """Each number from −LEVELS to LEVELS, against the largest; None for what is no number."""
    rows = np.asarray(rows, np.float64)
    finite = np.isfinite(rows)
    largest = np.abs(rows[finite]).max(initial=0.0) or 1.0
    scaled = np.where(finite, rows, 0.0) / largest * LEVELS
    levels = np.where(scaled < 0, np.floor(scaled), np.ceil(scaled)).astype(int)
    return [
        [int(x) if ok else None for x, ok in zip(line, oks, strict=True)]
        for line, oks in zip(levels, finite, strict=True)
    ]


def _letter(level: int | None) -> str:
    return "?" if level is None else chr(ZERO + level)


def _pooled(rows: Array) -> tuple[Array, tuple[int, int]]:
    """At most SIDE × SIDE means of blocks, and how large a block is."""
    each = tuple(-(-n // SIDE) for n in rows.shape)
    rows = rows.astype(np.float64)
    for axis, block in enumerate(each):
        starts = np.arange(0, rows.shape[axis], block)
        counts = np.minimum(block, rows.shape[axis] - starts)
        with np.errstate(all="ignore"):
            sums = np.add.reduceat(rows, starts, axis=axis)
            rows = sums / (counts[:, None] if axis == 0 else counts)
    return rows, (each[0], each[1])
