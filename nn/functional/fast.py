"""The `fast` extra, between a network's matrix products: bias and ReLU as compiled loops.

Beside a row or a number NumPy takes two to six times as long as beside an array of the same shape,
and a mask of booleans it casts first; a loop does not. The bits are NumPy's. numba is there once an
optimizer has found many parameters to step on (optim/fast.py). Until then, and for arrays that such
a loop does not take, these functions do nothing and say None: NumPy has to do it.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from optim import fast

LEAST = 1024
"""Elements from which such a loop is the faster, with its call."""

Array = np.ndarray[Any, np.dtype[Any]]


def relu(x: Array) -> Array | None:
    """max(x, 0)"""
    if not takes(x):
        return None
    out = np.empty_like(x)
    _loops()["relu"](x.ravel("K"), out.ravel("K"))
    return out


def through_relu(g: Array, out: Array) -> Array | None:
    """g where out > 0, else 0 (and NaN where g is not finite, as of g * (out > 0))."""
    if not takes(g, out):
        return None
    arriving = np.empty_like(g)
    _loops()["through_relu"](g.ravel("K"), out.ravel("K"), arriving.ravel("K"))
    return arriving


def add_row(rows: Array, row: Array, least: float) -> bool | None:
    """rows = max(rows + row, least), in place."""
    if not takes(rows) or type(row) is not np.ndarray or row.dtype is not rows.dtype:
        return None
    if row.shape != rows.shape[1:]:
        return None  # a loop would read beyond its end
    if rows.flags.c_contiguous:
        _loops()["add_row"](rows, row.ravel(), rows.dtype.type(least))
    else:
        _loops()["add_column"](rows.T, row.ravel(), rows.dtype.type(least))
    return True


def takes(first: Array, *others: Array) -> bool:
    """Whether numba is loaded, and these are plain arrays of one shape and dtype that lie in memory
    one element after the other, all in the same order."""
    if not fast.loaded or type(first) is not np.ndarray or first.size < LEAST:
        return False
    dtype, flags = first.dtype, first.flags
    if dtype not in fast.DTYPES or not (flags.c_contiguous or flags.f_contiguous):
        return False
    for a in others:
        if type(a) is not np.ndarray or a.dtype is not dtype or a.shape != first.shape:
            return False
        if not (a.flags.c_contiguous if flags.c_contiguous else a.flags.f_contiguous):
            return False
    return True


@functools.cache
def _loops() -> dict[str, Any]:
    def relu(x, out):
        for i in range(x.size):
            out[i] = np.maximum(x[i], np.float32(0))

    def through_relu(g, out, arriving):
        for i in range(g.size):
            arriving[i] = g[i] * np.float32(out[i] > 0)

    def add_row(rows, row, least):
        for i in range(rows.shape[0]):
            for j in range(rows.shape[1]):
                rows[i, j] = np.maximum(rows[i, j] + row[j], least)

    def add_column(columns, column, least):
        for i in range(columns.shape[0]):
            for j in range(columns.shape[1]):
                columns[i, j] = np.maximum(columns[i, j] + column[i], least)

    return {f.__name__: fast.compiled(f) for f in (relu, through_relu, add_row, add_column)}
