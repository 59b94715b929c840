"""Arrays as a page shows them: the numbers if they are few, else squares, large for large numbers.

The squares are Hinton's: the area is the size of a number, filled is positive, hollow negative. So
they can be read without colours, and from the last row.
"""

from __future__ import annotations

import math
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
        array = np.abs(array) if array.dtype.kind == "c" else array
        if (array == array.flat[0]).all():
            return seen  # words say it all
        squares, said = _tiled(array) if array.ndim > 2 else _pooled(rows)
        if self._squares + squares.size > MOST_SQUARES:
            self.in_words_only += 1
            return seen
        self._squares += squares.size
        seen["squares"] = ["".join(map(_letter, row)) for row in _levels(squares)]
        if said:
            seen["said"] = said
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


def _tiled(array: Array) -> tuple[Array, str]:
    """The last two axes are a picture: as many as fit, side by side; and which are shown."""
    pictures = array.reshape(-1, *array.shape[-2:])
    count, height, width = pictures.shape
    across, down = (SIDE + 1) // (width + 1), (SIDE + 1) // (height + 1)
    if across * down == 0:
        squares, said = _pooled(pictures[0])
        return squares, f"the first of {count}; {said}"
    across = min(across, max(math.isqrt(count), -(-count // down)))
    shown = pictures[: across * down]
    down = -(-len(shown) // across)
    squares = np.zeros((down * (height + 1) - 1, across * (width + 1) - 1))
    for i, picture in enumerate(shown):
        top, left = i // across * (height + 1), i % across * (width + 1)
        squares[top : top + height, left : left + width] = picture
    return squares, "" if len(shown) == count else f"the first {len(shown)} of {count}"


def _pooled(rows: Array) -> tuple[Array, str]:
    """At most SIDE × SIDE means of blocks, and how large a block is."""
    rows = np.abs(rows) if rows.dtype.kind == "c" else rows
    each = tuple(-(-n // SIDE) for n in rows.shape)
    rows = rows.astype(np.float64)
    for axis, block in enumerate(each):
        starts = np.arange(0, rows.shape[axis], block)
        counts = np.minimum(block, rows.shape[axis] - starts)
        with np.errstate(all="ignore"):
            sums = np.add.reduceat(rows, starts, axis=axis)
            rows = sums / (counts[:, None] if axis == 0 else counts)
    said = f"each square is the mean of {each[0]} × {each[1]} elements"
    return rows, "" if each == (1, 1) else said
