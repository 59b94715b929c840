"""The `fast` extra, between a network's matrix products: bias and ReLU as compiled loops.

Beside a row or a number NumPy takes two to six times as long as beside an array of the same shape,
and a mask of booleans it casts first; a loop does not. The bits are NumPy's. numba is there once an
optimizer has found many parameters to step on (optim/fast.py); until then NumPy computes.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from optim import fast

LEAST = 1024
"""Elements from which such a loop is the faster, with its call."""

Array = np.ndarray[Any, np.dtype[Any]]


def takes(*arrays: Any) -> bool:
    """Whether numba is loaded, and these are plain arrays of one dtype that lie in memory as their
    elements count."""
    first = arrays[0]
    if not fast.loaded or first.size < LEAST or first.dtype not in fast.DTYPES:
        return False
    return all(
        type(a) is np.ndarray and a.dtype is first.dtype and a.flags.c_contiguous for a in arrays
    )


def relu(x: Array) -> Array:
    """max(x, 0)"""
    out = np.empty(x.shape, x.dtype)
    _compiled()[0](x.reshape(-1), out.reshape(-1))
    return out


def through_relu(g: Array, out: Array) -> Array:
    """g where out > 0, else 0 (and NaN where g is not finite, as of g * (out > 0))."""
    arriving = np.empty(g.shape, g.dtype)
    _compiled()[1](g.reshape(-1), out.reshape(-1), arriving.reshape(-1))
    return arriving


def add_row(rows: Array, row: Array) -> None:
    """rows += row, in place."""
    _compiled()[2](rows, row)


@functools.cache
def _compiled() -> tuple[Any, Any, Any]:
    def relu(x, out):
        for i in range(x.size):
            out[i] = np.maximum(x[i], np.float32(0))

    def through_relu(g, out, arriving):
        for i in range(g.size):
            arriving[i] = g[i] * np.float32(out[i] > 0)

    def add_row(rows, row):
        for i in range(rows.shape[0]):
            for j in range(rows.shape[1]):
                rows[i, j] += row[j]

    return fast.compiled(relu), fast.compiled(through_relu), fast.compiled(add_row)
