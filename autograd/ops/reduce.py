"""Reductions: many elements become one. Going back, the one gradient spreads over the many."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from ..declare import constant
from ..declare import op as _op
from ..op import A, Sample

op = partial(_op, register=True)

EVERY_AXIS = (
    Sample(A(3)),
    Sample(A(2, 3)),
    Sample(A(2, 3), axis=0),
    Sample(A(2, 3), axis=-1, keepdims=True),
    Sample(A(2, 3, 2), axis=(0, 2)),
)


def expand(g, axis, keepdims, shape):  # type: ignore[no-untyped-def]
    """A reduced gradient with its lost axes back as axes of length 1, so that it broadcasts."""
    if keepdims:
        return g
    if axis is None:
        return np.reshape(g, (1,) * len(shape))
    axes = (axis,) if isinstance(axis, (int, np.integer)) else axis
    gone = {a % len(shape) for a in axes}
    return np.reshape(g, tuple(1 if i in gone else n for i, n in enumerate(shape)))


def count(shape, axis):  # type: ignore[no-untyped-def]
    """How many elements become one."""
    if axis is None:
        return math.prod(shape)
    axes = (axis,) if isinstance(axis, (int, np.integer)) else axis
    return math.prod(shape[a] for a in axes)


sum = op(np.sum, formula="Σ a", samples=EVERY_AXIS)


@sum.wrt("a")
def _(g, a_shape, axis, keepdims):
    return np.broadcast_to(expand(g, axis, keepdims, a_shape), a_shape)


mean = op(np.mean, formula="Σ a / n", samples=EVERY_AXIS)


@mean.wrt("a")
def _(g, a_shape, axis, keepdims):
    return np.broadcast_to(expand(g / count(a_shape, axis), axis, keepdims, a_shape), a_shape)


def _ties(a, out, axis, keepdims):  # type: ignore[no-untyped-def]
    """1 at the chosen elements (shared equally where several tie), 0 elsewhere; never recorded."""
    a, out = getattr(a, "array", a), getattr(out, "array", out)
    chosen = (a == expand(out, axis, keepdims, a.shape)).astype(a.dtype)
    return chosen / chosen.sum(axis=axis, keepdims=True)


def _apart(a, **kwargs):  # type: ignore[no-untyped-def]
    """0 where two elements tie: the kinks of a maximum."""
    flat = np.sort(a, axis=None)
    return np.diff(flat)


max = op(np.max, formula="max a", samples=EVERY_AXIS, kinks=_apart)
min = op(np.min, formula="min a", samples=EVERY_AXIS, kinks=_apart)
for _extreme in (max, min):

    @_extreme.wrt("a")
    def _(g, a, out, axis, keepdims):
        return expand(g, axis, keepdims, a.shape) * _ties(a, out, axis, keepdims)


constant(np.argmax, np.argmin, np.any, np.all, np.count_nonzero)
